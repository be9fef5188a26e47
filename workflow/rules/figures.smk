# Results -> the papers' figures, collected in the report with their captions.
# Those the configuration has results for.
DRAWN = [(paper, name) for paper in CONFIG.paper for name in PAPERS[paper].figures if figure_data(paper, name)]


rule figures:
    input:
        [f"{figure_stem(paper, name)}.png" for paper, name in DRAWN],
        ["results/figures/index.html"] if DRAWN else [],


# What opens the report: figures, captions, published values beside measured ones.
rule page:
    input:
        [f"{figure_stem(paper, name)}.png" for paper, name in DRAWN],
    output:
        "results/figures/index.html",
    params:
        drawn=json.dumps({f"{p}/{name}": (figure_stem(p, name), figure_data(p, name)) for p, name in DRAWN}),
    log:
        "results/logs/figures/page.log",
    benchmark:
        "results/benchmarks/figures/page.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../../environment.yml"
    message:
        "gather the figures on a page"
    shell:
        'python "$SCRIPTS/page.py"'
        " --drawn {params.drawn:q} --output {output} 2>&1 | tee {log}"


# One rule a figure, because a caption cannot depend on a wildcard.
for paper, figure in DRAWN:

    rule:
        name:
            f"figure_{paper}_{figure}"
        input:
            data=figure_data(paper, figure),
            code=f"{ROOT}/papers/{paper}/{figure}.py",
        output:
            png=report(
                f"{figure_stem(paper, figure)}.png",
                caption=f"../../papers/{paper}/{figure}.rst",
                category=paper,
                labels={"figure": PAPERS[paper].figures[figure].title, "data": figure_dataset(paper)},
            ),
            pdf=f"{figure_stem(paper, figure)}.pdf",
        params:
            paper=paper,
            name=figure,
            data=lambda wildcards, input: options("data", input.data),
            stem=lambda wildcards, output: output.png.removesuffix(".png"),
        log:
            f"results/logs/figures/{paper}/{figure}.log",
        benchmark:
            f"results/benchmarks/figures/{paper}/{figure}.tsv"
        threads: 1
        resources:
            mem_mb=1000,
        conda:
            "../../environment.yml"
        message:
            f"draw {figure} of {paper}"
        shell:
            'python "$SCRIPTS/figure.py"'
            " --paper {params.paper} --name {params.name} {params.data}"
            " --stem {params.stem:q} 2>&1 | tee {log}"
