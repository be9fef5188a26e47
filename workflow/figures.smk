# Results -> the paper's figures, collected in the report with their captions.
FIGURES = ["raster", "curves", "networks", "operations", "latency", "bits", "alignment"]


rule figures:
    input:
        expand(
            "results/figures/{paper}/{dataset}/{name}.png",
            paper=CONFIG.paper,
            dataset=CONFIG.trace.dataset,
            name=FIGURES,
        ),


# One rule a figure, because a caption cannot depend on a wildcard.
for figure in FIGURES:

    rule:
        name:
            f"figure_{figure}"
        input:
            figure_data(figure),
        output:
            png=report(
                f"results/figures/{{paper}}/{{dataset}}/{figure}.png",
                caption=f"report/{CONFIG.paper}_{figure}.rst",
                category="{paper}",
                labels={"figure": figure, "data": "{dataset}"},
            ),
            pdf=f"results/figures/{{paper}}/{{dataset}}/{figure}.pdf",
        params:
            name=figure,
            data=lambda wildcards, input: " ".join(f"--data '{path}'" for path in input),
            stem=lambda wildcards, output: output.png.removesuffix(".png"),
        log:
            f"results/logs/figures/{{paper}}/{{dataset}}/{figure}.log",
        benchmark:
            f"results/benchmarks/figures/{{paper}}/{{dataset}}/{figure}.tsv"
        threads: 1
        resources:
            mem_mb=1000,
        conda:
            "../environment.yml"
        message:
            f"draw {figure}"
        shell:
            "python workflow/scripts/figure.py --paper {wildcards.paper} --name {params.name} {params.data}"
            " --stem {params.stem} 2>&1 | tee {log}"
