# A few samples -> the gradients of rules, beside the exact one.
rule gradients:
    input:
        data=lambda wildcards: compared_samples(),
    output:
        "results/rtrl/gradients.nc",
    params:
        experiments=lambda wildcards: ",".join(CONFIG.rtrl.experiments),
        numbers=lambda wildcards: [fingerprint(ZOO.experiment(name).numbers()) for name in CONFIG.rtrl.experiments],
        layers=lambda wildcards: CONFIG.rtrl.layers,
        samples=lambda wildcards: CONFIG.rtrl.samples,
        surrogate=lambda wildcards: CONFIG.rtrl.surrogate,
        parameter=lambda wildcards: CONFIG.rtrl.parameter,
        values=lambda wildcards: ",".join(map(str, CONFIG.rtrl.values)),
        strengths=lambda wildcards: ",".join(map(str, CONFIG.rtrl.strengths)),
    log:
        "results/logs/rtrl/gradients.log",
    benchmark:
        "results/benchmarks/rtrl/gradients.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../environment.yml"
    message:
        "compare gradients of {params.experiments}"
    shell:
        'python "$SCRIPTS/gradients.py"'
        " --experiments {params.experiments:q} --layers {params.layers}"
        " --data {input.data} --samples {params.samples} --surrogate {params.surrogate:q}"
        " --parameter {params.parameter:q} --values {params.values} --strengths {params.strengths}"
        " --output {output} 2>&1 | tee {log}"
