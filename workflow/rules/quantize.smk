# Fewer bits: weights rounded after learning; and the sweeps during learning gathered beside them.
rule quantize:
    input:
        trained="results/train/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
        test_data=encoded("test"),
        build=program("test"),
    output:
        "results/quantize/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.nc",
    params:
        bits=",".join(str(n) for n in CONFIG.bits.bits_after),
    log:
        "results/logs/quantize/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.log",
    benchmark:
        "results/benchmarks/quantize/{dataset}/{experiment}/{layers}/{setting}/seed={seed}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        gpu=gpus,
    conda:
        "../../environment.yml"
    message:
        "round the weights of {wildcards.experiment} {wildcards.layers}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS/quantize.py"'
        " --trained {input.trained:q} --test-data {input.test_data}"
        " --build {input.build} --bits {params.bits} --output {output:q} 2>&1 | tee {log:q}"


rule bits:
    input:
        learning=sweep_paths("train", CONFIG.bits.learning, CONFIG.bits.variants("synapse.bits", CONFIG.bits.bits)),
        states=sweep_paths("train", CONFIG.bits.states, CONFIG.bits.variants("state.x_bits", CONFIG.bits.bits_states)),
        after=sweep_paths("quantize", CONFIG.bits.after, [CONFIG.bits.setting]),
        reference=sweep_paths("train", CONFIG.bits.after, [CONFIG.bits.setting]),
    output:
        f"results/bits/{CONFIG.bits.dataset}/{CONFIG.bits.layers}.nc",
    params:
        files=lambda wildcards, input: " ".join(
            options(name, input.get(name, [])) for name in ("learning", "states", "after", "reference")
        ),
    log:
        "results/logs/bits.log",
    benchmark:
        "results/benchmarks/bits.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "gather the sweeps over bits"
    shell:
        'python "$SCRIPTS/bits.py"'
        " {params.files} --output {output} 2>&1 | tee {log}"
