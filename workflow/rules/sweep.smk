# Trainings of a sweep -> one dataset, one table, one figure.
SWEEPS = CONFIG.swept()


rule sweep:
    input:
        lambda wildcards: [
            jobs.run_path("train", key, seed) for key, seed in SWEEPS[f"{wildcards.dataset}/{wildcards.swept}"]
        ],
    output:
        data="results/sweep/{dataset}/{swept}.nc",
        table="results/sweep/{dataset}/{swept}.csv",
        figure="results/sweep/{dataset}/{swept}.png",
    log:
        "results/logs/sweep/{dataset}/{swept}.log",
    benchmark:
        "results/benchmarks/sweep/{dataset}/{swept}.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        trained=lambda wildcards, input: jobs.options("trained", input),
    message:
        "gather the sweep over {wildcards.swept} on {wildcards.dataset}"
    shell:
        'python "$SCRIPTS/sweep.py"'
        " {params.trained} --output {output.data:q} --table {output.table:q} --figure {output.figure:q} 2>&1"
        " | tee {log:q}"


# The tables and figures of all sweeps.
rule swept:
    input:
        [f"results/sweep/{stem}.png" for stem in SWEEPS],
