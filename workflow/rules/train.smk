# Program + data -> trained weights and learning curve; then the final test.
TRAIN = (
    'python "$SCRIPTS/train.py"'
    " {params.network} {params.each} --epochs {params.epochs}"
    " --samples {params.samples} --train-data {input.train_data} --test-data {input.test_data}"
    " --train-build {input.train_build} --test-build {input.test_build}"
    " --checkpoint {params.checkpoint:q} {params.start} 2>&1 | tee {log:q}"
)


rule train:
    input:
        train_data=encoded("train"),
        test_data=encoded("test"),
        train_build=program("train"),
        test_build=program("test"),
        start=starts,
    output:
        "results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        numbers=numbers,
        network=network_options,
        each=lambda wildcards, output: for_each([wildcards.seed], output),
        epochs=lambda wildcards: training(wildcards).epochs,
        samples=lambda wildcards: training(wildcards).samples,
        start=lambda wildcards: start_options(starts(wildcards)),
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
        "../../environment.yml"
    message:
        "train {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, {wildcards.setting}, seed {wildcards.seed}"
    shell:
        TRAIN


# Networks that differ by their seed and share a program: one job, a result for each. Snakemake prefers a rule without
# wildcards to one with them.
for number, (key, seeds) in enumerate(sharing()):
    network = types.SimpleNamespace(**dict(zip(("dataset", "experiment", "layers", "setting"), key)))
    several = f"{'/'.join(key)}/seeds={seeds[0]}-{seeds[-1]}"

    rule:
        name:
            f"train_abreast_{number}"
        input:
            train_data=encoded("train")(network),
            test_data=encoded("test")(network),
            train_build=program("train", len(seeds))(network),
            test_build=program("test", len(seeds))(network),
            start=training(network).starts(seeds),
        output:
            [training_path(key, seed) for seed in seeds],
        params:
            numbers=numbers(network),
            network=network_options(network),
            each=for_each(seeds, [training_path(key, seed) for seed in seeds]),
            epochs=training(network).epochs,
            samples=training(network).samples,
            start=start_options(training(network).starts(seeds)),
            checkpoint=f"results/checkpoints/{several}.npz",
        log:
            f"results/logs/train/{several}.log",
        benchmark:
            f"results/benchmarks/train/{several}.tsv"
        threads: 1
        resources:
            mem_mb=2000 + 30 * len(seeds),  # a run has the inputs of all
            gpu=gpus(network),
        conda:
            "../../environment.yml"
        message:
            f"train {len(seeds)} of {network.experiment} {network.layers} on {network.dataset}, {network.setting}"
        shell:
            TRAIN


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
        "../../environment.yml"
    message:
        "test {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS/evaluate.py"'
        " --trained {input.trained:q} --test-data {input.test_data}"
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
        "../../environment.yml"
    message:
        "watch {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}"
    shell:
        'python "$SCRIPTS/trace.py"'
        " --trained {input.trained:q} --data {input.data} --build {input.build}"
        " --samples {params.samples} --weights {params.weights} --output {output:q} 2>&1 | tee {log:q}"


# Results small enough to commit, for what the README quotes and for figures without training.
rule publish:
    input:
        "results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    output:
        "results/published/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.nc",
    params:
        weights="",
    log:
        "results/logs/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.log",
    benchmark:
        "results/benchmarks/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "keep {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, small"
    shell:
        'python "$SCRIPTS/publish.py"'
        " --result {input:q} --output {output:q} {params.weights} 2>&1 | tee {log:q}"


use rule publish as publish_other with:
    input:
        "results/{stage}/{result}.nc",
    output:
        "results/published/{stage}/{result}.nc",
    params:
        weights=lambda wildcards: "--weights" if wildcards.stage == "train" else "",
    log:
        "results/logs/publish/{stage}/{result}.log",
    benchmark:
        "results/benchmarks/publish/{stage}/{result}.tsv"
    message:
        "keep {wildcards.stage} {wildcards.result}, small"
