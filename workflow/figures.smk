# Results -> the paper's figures, one rule each, collected in the report.
FIGURES = f"results/figures/{CONFIG.paper}/{CONFIG.trace.dataset}"


def figure_command(wildcards, output):
    """The command that makes a figure, as it is written into it."""
    files = " ".join(f"--configfile {os.path.relpath(path)}" for path in workflow.overwrite_configfiles)
    return " ".join(f"snakemake {files} {output.png}".split())


def figure_data(wildcards, input):
    return " ".join(f"--data '{path}'" for path in input)


rule figures:
    input:
        expand(
            FIGURES + "/{name}.png",
            name=["raster", "curves", "networks", "operations", "latency", "bits", "alignment"],
        ),


rule figure_raster:
    input:
        f"results/trace/{run_path((CONFIG.trace.dataset, CONFIG.trace.experiment, CONFIG.trace.layers, CONFIG.trace.setting), 0)}",
    output:
        png=report(
            FIGURES + "/raster.png",
            caption="report/erbp_raster.rst",
            category="eRBP",
            labels={"figure": "Spikes of a few samples, and the traces of one output neuron"},
        ),
        pdf=FIGURES + "/raster.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/raster.log",
    benchmark:
        "results/benchmarks/figures/raster.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw raster"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name raster {params.data}"
        " --stem $(dirname {output.png})/raster --command {params.command:q} 2>&1 | tee {log}"


rule figure_curves:
    input:
        default_trainings("train"),
    output:
        png=report(
            FIGURES + "/curves.png",
            caption="report/erbp_curves.rst",
            category="eRBP",
            labels={"figure": "Error against epochs"},
        ),
        pdf=FIGURES + "/curves.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/curves.log",
    benchmark:
        "results/benchmarks/figures/curves.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw curves"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name curves {params.data}"
        " --stem $(dirname {output.png})/curves --command {params.command:q} 2>&1 | tee {log}"


rule figure_networks:
    input:
        default_trainings("train"),
    output:
        png=report(
            FIGURES + "/networks.png",
            caption="report/erbp_networks.rst",
            category="eRBP",
            labels={"figure": "The table of networks"},
        ),
        pdf=FIGURES + "/networks.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/networks.log",
    benchmark:
        "results/benchmarks/figures/networks.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw networks"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name networks {params.data}"
        " --stem $(dirname {output.png})/networks --command {params.command:q} 2>&1 | tee {log}"


rule figure_operations:
    input:
        default_trainings("train"),
    output:
        png=report(
            FIGURES + "/operations.png",
            caption="report/erbp_operations.rst",
            category="eRBP",
            labels={"figure": "Synaptic operations against multiply-accumulates"},
        ),
        pdf=FIGURES + "/operations.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/operations.log",
    benchmark:
        "results/benchmarks/figures/operations.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw operations"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name operations {params.data}"
        " --stem $(dirname {output.png})/operations --command {params.command:q} 2>&1 | tee {log}"


rule figure_latency:
    input:
        default_trainings("evaluate"),
    output:
        png=report(
            FIGURES + "/latency.png",
            caption="report/erbp_latency.rst",
            category="eRBP",
            labels={"figure": "Error against the number of output spikes"},
        ),
        pdf=FIGURES + "/latency.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/latency.log",
    benchmark:
        "results/benchmarks/figures/latency.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw latency"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name latency {params.data}"
        " --stem $(dirname {output.png})/latency --command {params.command:q} 2>&1 | tee {log}"


rule figure_bits:
    input:
        rules.bits.output,
    output:
        png=report(
            FIGURES + "/bits.png",
            caption="report/erbp_bits.rst",
            category="eRBP",
            labels={"figure": "Error against bits"},
        ),
        pdf=FIGURES + "/bits.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/bits.log",
    benchmark:
        "results/benchmarks/figures/bits.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw bits"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name bits {params.data}"
        " --stem $(dirname {output.png})/bits --command {params.command:q} 2>&1 | tee {log}"


rule figure_alignment:
    input:
        default_trainings("train"),
    output:
        png=report(
            FIGURES + "/alignment.png",
            caption="report/erbp_alignment.rst",
            category="eRBP",
            labels={"figure": "Angle of feedback to forward weights"},
        ),
        pdf=FIGURES + "/alignment.pdf",
    params:
        paper=CONFIG.paper,
        command=figure_command,
        data=figure_data,
    log:
        "results/logs/figures/alignment.log",
    benchmark:
        "results/benchmarks/figures/alignment.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    conda:
        "../environment.yml"
    message:
        "draw alignment"
    shell:
        "python workflow/scripts/figure.py --paper {params.paper} --name alignment {params.data}"
        " --stem $(dirname {output.png})/alignment --command {params.command:q} 2>&1 | tee {log}"
