# A few samples -> the gradients of rules, beside the exact one.
rule gradients:
    input:
        data=JOBS.compared,
    output:
        "results/rtrl/gradients.nc",
    log:
        "results/logs/rtrl/gradients.log",
    benchmark:
        "results/benchmarks/rtrl/gradients.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        experiments=lambda wildcards: ",".join(CONFIG.rtrl.experiments),
        numbers=JOBS.gradients,
        layers=lambda wildcards: CONFIG.rtrl.layers,
        samples=lambda wildcards: CONFIG.rtrl.samples,
        surrogate=lambda wildcards: CONFIG.rtrl.surrogate,
        parameter=lambda wildcards: CONFIG.rtrl.parameter,
        values=lambda wildcards: ",".join(map(str, CONFIG.rtrl.values)),
        strengths=lambda wildcards: ",".join(map(str, CONFIG.rtrl.strengths)),
    message:
        "compare gradients of {params.experiments}"
    shell:
        'python "$SCRIPTS/gradients.py"'
        " --experiments {params.experiments:q} --layers {params.layers}"
        " --data {input.data} --samples {params.samples} --surrogate {params.surrogate:q}"
        " --parameter {params.parameter:q} --values {params.values} --strengths {params.strengths}"
        " --output {output} 2>&1 | tee {log}"
