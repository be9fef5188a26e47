# The documentation site, from docs/ and the text files. It needs: pip install -e '.[docs]'
rule docs:
    input:
        config=f"{ROOT}/mkdocs.yml",
        pages=[str(path) for path in sorted(Path(ROOT, "docs").rglob("*")) if path.is_file()],
        zoo=[
            str(path)
            for folder in ("models", "rules", "config/experiments")
            for path in sorted(Path(ROOT, folder).rglob("*.yaml"))
        ],
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
