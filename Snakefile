# brian2zoo: encode -> build -> train -> evaluate, quantize, trace, map -> figures.
#   snakemake                                      digits, minutes on two cores
#   snakemake --configfile config/paper.yaml       MNIST at the papers' constants
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/common.smk"
include: "workflow/encode.smk"
include: "workflow/build.smk"
include: "workflow/train.smk"
include: "workflow/quantize.smk"
include: "workflow/map.smk"
include: "workflow/rtrl.smk"
include: "workflow/cim.smk"
include: "workflow/figures.smk"


# The default: every figure of the configured papers; without any, the trainings.
rule all:
    default_target: True
    input:
        rules.figures.input if CONFIG.paper else default_trainings("train"),


# Trainings alone, without figures.
rule trained:
    input:
        [training_path(key, seed) for key, entry in TRAININGS.items() for seed in entry.seeds],
