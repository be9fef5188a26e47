# Circuit -> program. Numbers enter a program when it runs, so that only equations, sizes and times rebuild it.
rule build:
    output:
        directory("results/build/{backend}/{experiment}/{layers}/{mode}"),
    log:
        "results/logs/build/{backend}/{experiment}/{layers}/{mode}.log",
    benchmark:
        "results/benchmarks/build/{backend}/{experiment}/{layers}/{mode}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        structure=JOBS.structure,
        choices="default",
        networks=1,
        capacity=JOBS.capacity,
        cache="results/build/cache",
    message:
        "compile {wildcards.experiment} {wildcards.layers}, {wildcards.mode}, {wildcards.backend}"
    shell:
        'python "$SCRIPTS/build.py"'
        " --backend {wildcards.backend} --experiment {wildcards.experiment} --choices {params.choices}"
        " --layers {wildcards.layers} --mode {wildcards.mode} --networks {params.networks}"
        " --capacity {params.capacity} --cache {params.cache} --threads {threads} --output {output} 2>&1 | tee {log}"


# Of other choices than the experiment's, of several networks abreast, or of both: LEARNING=FILE:...:abreast=N
use rule build as build_variant with:
    output:
        directory("results/build/{backend}/{experiment}/{layers}/{variant}/{mode}"),
    log:
        "results/logs/build/{backend}/{experiment}/{layers}/{variant}/{mode}.log",
    benchmark:
        "results/benchmarks/build/{backend}/{experiment}/{layers}/{variant}/{mode}.tsv"
    params:
        structure=JOBS.structure,
        choices=lambda wildcards: jobs.variant(wildcards)[0],
        networks=lambda wildcards: jobs.variant(wildcards)[1],
        capacity=JOBS.capacity,
        cache="results/build/cache",
    message:
        "compile {wildcards.experiment} {wildcards.layers}, {wildcards.variant}, {wildcards.mode}, {wildcards.backend}"
