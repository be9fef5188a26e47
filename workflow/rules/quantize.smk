# Fewer bits: weights rounded after learning; and the sweeps during learning gathered beside them.
rule quantize:
    input:
        trained=f"results/train/{RUN}.nc",
        test_data=JOBS.encoded("test"),
        build=JOBS.program("test"),
    output:
        f"results/quantize/{RUN}.nc",
    log:
        f"results/logs/quantize/{RUN}.log",
    benchmark:
        f"results/benchmarks/quantize/{RUN}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        gpu=JOBS.gpus,
    params:
        bits=",".join(str(n) for n in CONFIG.bits.bits_after),
    message:
        "round the weights of {wildcards.experiment} {wildcards.layers}, seed {wildcards.seed}"
    shell:
        'python "$SCRIPTS/quantize.py"'
        " --trained {input.trained:q} --test-data {input.test_data}"
        " --build {input.build} --bits {params.bits} --output {output:q} 2>&1 | tee {log:q}"


rule bits:
    input:
        learning=JOBS.swept("train", CONFIG.bits.learning, CONFIG.bits.variants("synapse.bits", CONFIG.bits.bits)),
        states=JOBS.swept("train", CONFIG.bits.states, CONFIG.bits.variants("state.x_bits", CONFIG.bits.bits_states)),
        after=JOBS.swept("quantize", CONFIG.bits.after, [CONFIG.bits.setting]),
        reference=JOBS.swept("train", CONFIG.bits.after, [CONFIG.bits.setting]),
    output:
        f"results/bits/{CONFIG.bits.dataset}/{CONFIG.bits.layers}.nc",
    log:
        "results/logs/bits.log",
    benchmark:
        "results/benchmarks/bits.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        files=lambda wildcards, input: " ".join(
            jobs.options(name, input.get(name, [])) for name in ("learning", "states", "after", "reference")
        ),
    message:
        "gather the sweeps over bits"
    shell:
        'python "$SCRIPTS/bits.py"' " {params.files} --output {output} 2>&1 | tee {log}"
