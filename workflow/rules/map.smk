# What networks cost: operations by the ledger, and energy and latency on chips of spiking cores.
rule ledger:
    input:
        f"results/train/{RUN}.nc",
    output:
        f"results/ledger/{RUN}.nc",
    log:
        f"results/logs/ledger/{RUN}.log",
    benchmark:
        f"results/benchmarks/ledger/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        numbers=JOBS.numbers,
    message:
        "count the operations of {wildcards.experiment} {wildcards.layers}"
    shell:
        'python "$SCRIPTS/ledger.py"' " --trained {input:q} --output {output:q} 2>&1 | tee {log:q}"


# Spikes of a trained network by step and neuron, while it goes on to learn (count_train) or not (count_test).
rule activity:
    input:
        trained=f"results/train/{RUN}.nc",
        data=JOBS.counted,
        build=JOBS.program("{wildcards.counting}"),
    output:
        f"results/activity/{{counting}}/{RUN}.nc",
    log:
        f"results/logs/activity/{{counting}}/{RUN}.log",
    benchmark:
        f"results/benchmarks/activity/{{counting}}/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=JOBS.gpus,
    params:
        samples=lambda wildcards: JOBS.mapped(wildcards).samples,
    message:
        "count the spikes of {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}"
    shell:
        'python "$SCRIPTS/activity.py"'
        " --trained {input.trained:q} --data {input.data} --build {input.build}"
        " --kind {wildcards.counting} --samples {params.samples} --output {output:q} 2>&1 | tee {log:q}"


rule map:
    input:
        f"results/activity/{{counting}}/{RUN}.nc",
    output:
        f"results/map/{{chip}}/{{placement}}/{{counting}}/{RUN}.nc",
    log:
        f"results/logs/map/{{chip}}/{{placement}}/{{counting}}/{RUN}.log",
    benchmark:
        f"results/benchmarks/map/{{chip}}/{{placement}}/{{counting}}/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        numbers=JOBS.numbers,
        chip=JOBS.chip,
    message:
        "map {wildcards.experiment} {wildcards.layers} to {wildcards.chip}"
    shell:
        'python "$SCRIPTS/map.py"'
        " --activity {input:q} --chip {wildcards.chip} --placement {wildcards.placement}"
        " --output {output:q} 2>&1 | tee {log:q}"


# All networks on chips that the configuration names, without figures.
rule mapped:
    input:
        JOBS.mappings(),
