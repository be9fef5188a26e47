# Data set -> what input and label units are given.
rule encode:
    output:
        train="results/encoded/{dataset}/{inputs},{labels}/train.nc",
        test="results/encoded/{dataset}/{inputs},{labels}/test.nc",
    log:
        "results/logs/encode/{dataset}/{inputs},{labels}.log",
    benchmark:
        "results/benchmarks/encode/{dataset}/{inputs},{labels}.tsv"
    conda:
        "../envs/pipeline.yaml"
    resources:
        mem_mb=jobs.growing(4000),
    params:
        settings=JOBS.dataset_settings,
        encoding=JOBS.encoding,
    message:
        "encode {wildcards.dataset} by {wildcards.inputs}, {wildcards.labels}"
    shell:
        'python "$SCRIPTS/encode.py"'
        " --settings {params.settings:q} --inputs {wildcards.inputs}"
        " --labels {wildcards.labels} --train {output.train} --test {output.test} 2>&1 | tee {log}"
