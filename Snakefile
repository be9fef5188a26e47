# The pipeline is workflow/Snakefile, where Snakemake's catalogue looks for it.
include: "workflow/Snakefile"


# What is included is not run by default.
rule default:
    default_target: True
    input:
        rules.all.input,
