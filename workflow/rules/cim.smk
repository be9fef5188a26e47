# Networks -> areas, times and energies on a compute-in-memory chip.
rule agreement:
    input:
        runs=simulated_runs(),
    output:
        "results/cim/{chip}/agreement.nc",
    params:
        chip=cim,
    log:
        "results/logs/cim/{chip}/agreement.log",
    benchmark:
        "results/benchmarks/cim/{chip}/agreement.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "compare the model of {wildcards.chip} with runs"
    shell:
        'python "$SCRIPTS/agreement.py"'
        " --chip {wildcards.chip} --runs {input.runs:q} --output {output}"
        " 2>&1 | tee {log}"


rule depth:
    output:
        "results/cim/{chip}/depth/{deep}.nc",
    params:
        chip=cim,
        ends=lambda wildcards: deep(wildcards).ends,
        width=lambda wildcards: deep(wildcards).width,
        depths=lambda wildcards: ",".join(map(str, deep(wildcards).depths)),
    log:
        "results/logs/cim/{chip}/depth/{deep}.log",
    benchmark:
        "results/benchmarks/cim/{chip}/depth/{deep}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "map {wildcards.deep} on {wildcards.chip}"
    shell:
        'python "$SCRIPTS/depth.py"'
        " --chip {wildcards.chip} --ends '{params.ends}' --width {params.width}"
        " --depths {params.depths} --output {output} 2>&1 | tee {log}"


# What each network that learned in place costs on the chip, beside its error: small enough to commit.
rule trainings:
    input:
        trained=default_trainings("train", "cim"),
    output:
        "results/cim/{chip}/trainings.nc",
    params:
        chip=cim,
        data=lambda wildcards, input: options("data", input.trained),
    log:
        "results/logs/cim/{chip}/trainings.log",
    benchmark:
        "results/benchmarks/cim/{chip}/trainings.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    conda:
        "../../environment.yml"
    message:
        "map trainings on {wildcards.chip}"
    shell:
        'python "$SCRIPTS/trainings.py"'
        " --chip {wildcards.chip} {params.data} --output {output} 2>&1 | tee {log}"
