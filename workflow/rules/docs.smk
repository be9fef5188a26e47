# The documentation site of a clone, from docs/ and the text files. It needs: pip install -e '.[docs]'
TEXTS = [
    path for folder in ("models", "rules", "config/experiments") for path in sorted((ZOO.root / folder).rglob("*.yaml"))
]


rule docs:
    input:
        TEXTS,
        sorted(path for path in (HERE / "docs").rglob("*.*") if path.is_file()),
        # Drawing takes many minutes: a page has the picture of its file if there is one.
        sorted((HERE / "results/plots").glob("*/*.png")),
        config=HERE / "mkdocs.yml",
    output:
        directory("results/site"),
    log:
        "results/logs/docs.log",
    benchmark:
        "results/benchmarks/docs.tsv"
    conda:
        "../envs/docs.yaml"
    message:
        "write the documentation site"
    shell:
        "mkdocs build --strict --config-file {input.config:q} --site-dir $PWD/{output} 2>&1 | tee {log}"


# What every rule, neuron and synapse does, for the next `snakemake docs`.
rule pictures:
    input:
        TEXTS,
    output:
        "results/plots/without.txt",
    log:
        "results/logs/pictures.log",
    benchmark:
        "results/benchmarks/pictures.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        folder=subpath(output[0], parent=True),
    message:
        "draw what every rule, neuron and synapse does"
    shell:
        'python "$SCRIPTS/pictures.py"' " --folder {params.folder:q} --without {output:q} 2>&1 | tee {log}"
