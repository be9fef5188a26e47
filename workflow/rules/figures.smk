# Results -> the papers' figures, collected in the report with their captions.
# Those the configuration has results for.
DRAWN = JOBS.drawn()


rule figures:
    input:
        [f"{JOBS.figure_stem(paper, name)}.png" for paper, name in DRAWN],
        ["results/figures/index.html"] if DRAWN else [],


# What opens the report: figures, captions, published values beside measured ones.
rule page:
    input:
        [f"{JOBS.figure_stem(paper, name)}.png" for paper, name in DRAWN],
    output:
        "results/figures/index.html",
    log:
        "results/logs/figures/page.log",
    benchmark:
        "results/benchmarks/figures/page.tsv"
    conda:
        "../envs/pipeline.yaml"
    params:
        drawn=JOBS.page(),
    message:
        "gather the figures on a page"
    shell:
        'python "$SCRIPTS/page.py"' " --drawn {params.drawn:q} --output {output} 2>&1 | tee {log}"


# One rule a figure, because a caption cannot depend on a wildcard.
for paper, figure in DRAWN:
    folder, stem = PAPERS[paper].folder, JOBS.figure_stem(paper, figure)

    rule:
        name:
            f"figure_{paper}_{figure}"
        input:
            data=JOBS.figure_data(paper, figure),
            code=f"{folder}/{figure}.py",
        output:
            png=report(
                f"{stem}.png",
                caption=f"{folder}/{figure}.rst",
                category=paper,
                labels={"figure": PAPERS[paper].figures[figure].title, "data": JOBS.figure_dataset(paper)},
            ),
            pdf=f"{stem}.pdf",
        log:
            f"results/logs/figures/{paper}/{figure}.log",
        benchmark:
            f"results/benchmarks/figures/{paper}/{figure}.tsv"
        conda:
            "../envs/pipeline.yaml"
        params:
            paper=paper,
            name=figure,
            data=lambda wildcards, input: jobs.options("data", input.data),
            stem=lambda wildcards, output: output.png.removesuffix(".png"),
        message:
            f"draw {figure} of {paper}"
        shell:
            'python "$SCRIPTS/figure.py"'
            " --paper {params.paper} --name {params.name} {params.data}"
            " --stem {params.stem:q} 2>&1 | tee {log}"
