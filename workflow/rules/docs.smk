# The documentation site, from docs/ and the text files. It needs: pip install -e '.[docs]'
ZOO_FILES = [
    str(path)
    for folder in ("models", "rules", "config/experiments")
    for path in sorted(Path(ROOT, folder).rglob("*.yaml"))
]


rule docs:
    input:
        config=f"{ROOT}/mkdocs.yml",
        pages=[str(path) for path in sorted(Path(ROOT, "docs").rglob("*")) if path.is_file()],
        zoo=ZOO_FILES,
        # Drawing takes many minutes: a page has the picture of its file if there is one.
        pictures=[str(path) for path in sorted(Path(ROOT, "results/plots").glob("*/*.png"))],
    output:
        directory("results/site"),
    log:
        "results/logs/docs.log",
    benchmark:
        "results/benchmarks/docs.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../envs/docs.yaml"
    message:
        "write the documentation site"
    shell:
        "mkdocs build --strict --config-file {input.config:q} --site-dir $PWD/{output} 2>&1 | tee {log}"


# What every rule, neuron and synapse does, for the next `snakemake docs`.
rule pictures:
    input:
        ZOO_FILES,
    output:
        "results/plots/without.txt",
    params:
        folder=lambda wildcards, output: os.path.dirname(output[0]),
    log:
        "results/logs/pictures.log",
    benchmark:
        "results/benchmarks/pictures.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "draw what every rule, neuron and synapse does"
    shell:
        'python "$SCRIPTS/pictures.py"'
        " --folder {params.folder:q} --without {output:q} 2>&1 | tee {log}"
