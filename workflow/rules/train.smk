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
        train_data=JOBS.encoded("train"),
        test_data=JOBS.encoded("test"),
        train_build=JOBS.program("train"),
        test_build=JOBS.program("test"),
        start=JOBS.starts,
    output:
        f"results/train/{RUN}.nc",
    log:
        f"results/logs/train/{RUN}.log",
    benchmark:
        f"results/benchmarks/train/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=JOBS.gpus,
    params:
        numbers=JOBS.numbers,
        network=JOBS.network_options,
        each=lambda wildcards, output: jobs.for_each([wildcards.seed], output),
        epochs=lambda wildcards: JOBS.training(wildcards).epochs,
        samples=lambda wildcards: JOBS.training(wildcards).samples,
        start=lambda wildcards: jobs.options("start", JOBS.starts(wildcards)),
        checkpoint=f"results/checkpoints/{RUN}.npz",
    message:
        "train {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, {wildcards.setting}, seed {wildcards.seed}"
    shell:
        TRAIN


# Networks that differ by their seed and share a program: one job, a result for each. Snakemake prefers a rule without
# wildcards to one with them.
for number, (key, seeds) in enumerate(JOBS.sharing()):
    network = types.SimpleNamespace(**dict(zip(("dataset", "experiment", "layers", "setting"), key)))
    training = JOBS.training(network)
    several = f"{'/'.join(key)}/seeds={seeds[0]}-{seeds[-1]}"

    rule:
        name:
            f"train_abreast_{number}"
        input:
            train_data=JOBS.encoded("train")(network),
            test_data=JOBS.encoded("test")(network),
            train_build=JOBS.program("train", len(seeds))(network),
            test_build=JOBS.program("test", len(seeds))(network),
            start=training.starts(seeds),
        output:
            [jobs.run_path("train", key, seed) for seed in seeds],
        log:
            f"results/logs/train/{several}.log",
        benchmark:
            f"results/benchmarks/train/{several}.tsv"
        conda:
            "../envs/pipeline.yaml"
        resources:
            mem_mb=jobs.growing(2000 + 30 * len(seeds)),  # a run has the inputs of all
            gpu=JOBS.gpus(network),
        params:
            numbers=JOBS.numbers(network),
            network=JOBS.network_options(network),
            each=jobs.for_each(seeds, [jobs.run_path("train", key, seed) for seed in seeds]),
            epochs=training.epochs,
            samples=training.samples,
            start=jobs.options("start", training.starts(seeds)),
            checkpoint=f"results/checkpoints/{several}.npz",
        message:
            f"train {len(seeds)} of {network.experiment} {network.layers} on {network.dataset}, {network.setting}"
        shell:
            TRAIN


# The test the paper's table reports: longer samples, and the decision from the first output spikes.
rule evaluate:
    input:
        trained=f"results/train/{RUN}.nc",
        test_data=JOBS.encoded("test"),
        build=JOBS.program("final"),
    output:
        f"results/evaluate/{RUN}.nc",
    log:
        f"results/logs/evaluate/{RUN}.log",
    benchmark:
        f"results/benchmarks/evaluate/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=JOBS.gpus,
    message:
        "test {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS/evaluate.py"'
        " --trained {input.trained:q} --test-data {input.test_data}"
        " --build {input.build} --output {output:q} 2>&1 | tee {log:q}"


# A few samples of a network while it learns, with every spike and some traces.
rule trace:
    input:
        trained=f"results/train/{RUN}.nc",
        data=JOBS.encoded("test"),
        build=JOBS.program("trace"),
    output:
        f"results/trace/{RUN}.nc",
    log:
        f"results/logs/trace/{RUN}.log",
    benchmark:
        f"results/benchmarks/trace/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=JOBS.gpus,
    params:
        samples=lambda wildcards: JOBS.watched(wildcards).samples,
        weights=lambda wildcards: JOBS.watched(wildcards).weights,
    message:
        "watch {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}"
    shell:
        'python "$SCRIPTS/trace.py"'
        " --trained {input.trained:q} --data {input.data} --build {input.build}"
        " --samples {params.samples} --weights {params.weights} --output {output:q} 2>&1 | tee {log:q}"


# Results small enough to commit, for what the README quotes and for figures without training.
rule publish:
    input:
        f"results/train/{RUN}.nc",
    output:
        "results/published/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.nc",
    log:
        "results/logs/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.log",
    benchmark:
        "results/benchmarks/publish/{dataset}_{experiment}_{layers}_{setting}_seed={seed}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        weights="",
    message:
        "keep {wildcards.experiment} {wildcards.layers} on {wildcards.dataset}, small"
    shell:
        'python "$SCRIPTS/publish.py"' " --result {input:q} --output {output:q} {params.weights} 2>&1 | tee {log:q}"


use rule publish as publish_other with:
    input:
        "results/{stage}/{result}.nc",
    output:
        "results/published/{stage}/{result}.nc",
    log:
        "results/logs/publish/{stage}/{result}.log",
    benchmark:
        "results/benchmarks/publish/{stage}/{result}.tsv"
    params:
        weights=lambda wildcards: "--weights" if wildcards.stage == "train" else "",
    message:
        "keep {wildcards.stage} {wildcards.result}, small"
