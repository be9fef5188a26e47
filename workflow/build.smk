# Circuit -> program. Numbers enter a program when it runs, so that only equations, sizes and times rebuild it.
rule build:
    output:
        directory("results/build/{backend}/{experiment}/{layers}/{mode}"),
    params:
        structure=structure,
        networks=1,
        capacity=lambda wildcards: watched(wildcards).samples if wildcards.mode == "trace" else CONFIG.capacity,
        cache="results/build/cache",
    log:
        "results/logs/build/{backend}/{experiment}/{layers}/{mode}.log",
    benchmark:
        "results/benchmarks/build/{backend}/{experiment}/{layers}/{mode}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../environment.yml"
    message:
        "compile {wildcards.experiment} {wildcards.layers}, {wildcards.mode}, {wildcards.backend}"
    shell:
        'python "$SCRIPTS/build.py"'
        " --backend {wildcards.backend} --experiment {wildcards.experiment}"
        " --layers {wildcards.layers} --mode {wildcards.mode} --networks {params.networks}"
        " --capacity {params.capacity} --cache {params.cache} --threads {threads} --output {output} 2>&1 | tee {log}"


use rule build as build_abreast with:
    output:
        directory("results/build/{backend}/{experiment}/{layers}/abreast={networks}/{mode}"),
    params:
        structure=structure,
        networks=lambda wildcards: wildcards.networks,
        capacity=CONFIG.capacity,
        cache="results/build/cache",
    log:
        "results/logs/build/{backend}/{experiment}/{layers}/abreast={networks}/{mode}.log",
    benchmark:
        "results/benchmarks/build/{backend}/{experiment}/{layers}/abreast={networks}/{mode}.tsv"
    message:
        "compile {wildcards.networks} of {wildcards.experiment} {wildcards.layers}, {wildcards.mode}, {wildcards.backend}"
