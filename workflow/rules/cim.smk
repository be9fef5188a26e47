# Networks -> areas, times and energies on a compute-in-memory chip.
rule agreement:
    input:
        runs=JOBS.simulated_runs(),
    output:
        "results/cim/{chip}/agreement.nc",
    log:
        "results/logs/cim/{chip}/agreement.log",
    benchmark:
        "results/benchmarks/cim/{chip}/agreement.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        chip=JOBS.cim,
    message:
        "compare the model of {wildcards.chip} with runs"
    shell:
        'python "$SCRIPTS/agreement.py"'
        " --chip {wildcards.chip} --runs {input.runs:q} --output {output}"
        " 2>&1 | tee {log}"


rule depth:
    output:
        "results/cim/{chip}/depth/{deep}.nc",
    log:
        "results/logs/cim/{chip}/depth/{deep}.log",
    benchmark:
        "results/benchmarks/cim/{chip}/depth/{deep}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        chip=JOBS.cim,
        ends=lambda wildcards: JOBS.deep(wildcards).ends,
        width=lambda wildcards: JOBS.deep(wildcards).width,
        depths=lambda wildcards: ",".join(map(str, JOBS.deep(wildcards).depths)),
    message:
        "map {wildcards.deep} on {wildcards.chip}"
    shell:
        'python "$SCRIPTS/depth.py"'
        " --chip {wildcards.chip} --ends '{params.ends}' --width {params.width}"
        " --depths {params.depths} --output {output} 2>&1 | tee {log}"


# What each network that learned in place costs on the chip, beside its error: small enough to commit.
rule trainings:
    input:
        trained=JOBS.listed("train", "cim"),
    output:
        "results/cim/{chip}/trainings.nc",
    log:
        "results/logs/cim/{chip}/trainings.log",
    benchmark:
        "results/benchmarks/cim/{chip}/trainings.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        chip=JOBS.cim,
        data=lambda wildcards, input: jobs.options("data", input.trained),
    message:
        "map trainings on {wildcards.chip}"
    shell:
        'python "$SCRIPTS/trainings.py"' " --chip {wildcards.chip} {params.data} --output {output} 2>&1 | tee {log}"
