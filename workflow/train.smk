# Program + data -> trained weights and learning curve, one seed a job; then the final test.
rule train:
    input:
        train_data=encoded("train"),
        test_data=encoded("test"),
        train_build=program("train"),
        test_build=program("test"),
    output:
        "results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        numbers=numbers,
        epochs=lambda wildcards: training(wildcards).epochs,
        samples=lambda wildcards: training(wildcards).samples,
        checkpoint="results/checkpoints/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.npz",
    log:
        "results/logs/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        gpu=gpus,
    conda:
        "../environment.yml"
    message:
        "train {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, {wildcards.setting}, seed {wildcards.seed}"
    shell:
        "python workflow/scripts/train.py --dataset {wildcards.dataset} --experiment {wildcards.experiment}"
        " --layers {wildcards.layers} --setting {wildcards.setting:q} --seed {wildcards.seed}"
        " --epochs {params.epochs} --samples {params.samples}"
        " --train-data {input.train_data} --test-data {input.test_data}"
        " --train-build {input.train_build} --test-build {input.test_build}"
        " --checkpoint {params.checkpoint:q} --output {output:q} 2>&1 | tee {log:q}"


# The test the paper's table reports: longer samples, and the decision from the first output spikes.
rule evaluate:
    input:
        trained="results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
        test_data=encoded("test"),
        build=program("final"),
    output:
        "results/evaluate/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    log:
        "results/logs/evaluate/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        gpu=gpus,
    conda:
        "../environment.yml"
    message:
        "test {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        "python workflow/scripts/evaluate.py --trained {input.trained:q} --test-data {input.test_data}"
        " --build {input.build} --output {output:q} 2>&1 | tee {log:q}"


# A few samples of a network while it learns, with every spike and some traces.
rule trace:
    input:
        trained="results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
        data=encoded("test"),
        build=program("trace"),
    output:
        "results/trace/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        samples=lambda wildcards: watched(wildcards).samples,
        weights=lambda wildcards: watched(wildcards).weights,
    log:
        "results/logs/trace/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/trace/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        gpu=gpus,
    conda:
        "../environment.yml"
    message:
        "watch {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}"
    shell:
        "python workflow/scripts/trace.py --trained {input.trained:q} --data {input.data} --build {input.build}"
        " --samples {params.samples} --weights {params.weights} --output {output:q} 2>&1 | tee {log:q}"


# A result small enough to commit, for what the README quotes.
rule publish:
    input:
        "results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    output:
        "results/published/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.nc",
    log:
        "results/logs/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.log",
    benchmark:
        "results/benchmarks/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "keep {wildcards.experiment} {wildcards.layers} on {wildcards.dataset} without weights"
    shell:
        "python workflow/scripts/publish.py --result {input:q} --output {output:q} 2>&1 | tee {log:q}"
