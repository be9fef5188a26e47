# What networks cost: operations by the ledger, and energy and latency on chips of spiking cores.
rule ledger:
    input:
        "results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    output:
        "results/ledger/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        numbers=numbers,
    log:
        "results/logs/ledger/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/ledger/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "count the operations of {wildcards.experiment} {wildcards.layers}"
    shell:
        'python "$SCRIPTS/ledger.py"'
        " --trained {input:q} --output {output:q} 2>&1 | tee {log:q}"


# Spikes of a trained network by step and neuron, while it goes on to learn (count_train) or not (count_test).
rule activity:
    input:
        trained="results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
        data=counted_data,
        build=program("{wildcards.counting}"),
    output:
        "results/activity/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        samples=lambda wildcards: mapped(wildcards).samples,
    log:
        "results/logs/activity/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/activity/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        gpu=gpus,
    conda:
        "../../environment.yml"
    message:
        "count the spikes of {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}"
    shell:
        'python "$SCRIPTS/activity.py"'
        " --trained {input.trained:q} --data {input.data} --build {input.build}"
        " --kind {wildcards.counting} --samples {params.samples} --output {output:q} 2>&1 | tee {log:q}"


rule map:
    input:
        "results/activity/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    output:
        "results/map/{chip}/{placement}/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        numbers=numbers,
        chip=chip,
    log:
        "results/logs/map/{chip}/{placement}/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/map/{chip}/{placement}/{counting}/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../environment.yml"
    message:
        "map {wildcards.experiment} {wildcards.layers} to {wildcards.chip}"
    shell:
        'python "$SCRIPTS/map.py"'
        " --activity {input:q} --chip {wildcards.chip} --placement {wildcards.placement}"
        " --output {output:q} 2>&1 | tee {log:q}"


# All networks on chips that the configuration names, without figures.
rule mapped:
    input:
        mappings(),
