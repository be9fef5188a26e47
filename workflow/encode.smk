# Data set -> what input and label units are given.
rule encode:
    output:
        train="results/encoded/{dataset}/{encoders}/train.nc",
        test="results/encoded/{dataset}/{encoders}/test.nc",
    params:
        settings=dataset_settings,
        encoding=encoding,
    log:
        "results/logs/encode/{dataset}/{encoders}.log",
    benchmark:
        "results/benchmarks/encode/{dataset}/{encoders}.tsv"
    threads: 1
    resources:
        mem_mb=4000,
    conda:
        "../environment.yml"
    message:
        "encode {wildcards.dataset} by {wildcards.encoders}"
    shell:
        "python workflow/scripts/encode.py --settings {params.settings:q} --encoders {wildcards.encoders}"
        " --train {output.train} --test {output.test} 2>&1 | tee {log}"
