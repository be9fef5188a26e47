# Data set -> what input and label units are given.
rule encode:
    output:
        train="results/encoded/{dataset}/{inputs},{labels}/train.nc",
        test="results/encoded/{dataset}/{inputs},{labels}/test.nc",
    params:
        settings=dataset_settings,
        encoding=encoding,
    log:
        "results/logs/encode/{dataset}/{inputs},{labels}.log",
    benchmark:
        "results/benchmarks/encode/{dataset}/{inputs},{labels}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
    conda:
        "../../environment.yml"
    message:
        "encode {wildcards.dataset} by {wildcards.inputs}, {wildcards.labels}"
    shell:
        'python "$SCRIPTS/encode.py"'
        " --settings {params.settings:q} --inputs {wildcards.inputs}"
        " --labels {wildcards.labels} --train {output.train} --test {output.test} 2>&1 | tee {log}"
