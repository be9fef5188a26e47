# brian2zoo: encode -> build -> train -> evaluate, quantize, trace, map -> figures.
#   snakemake                                      digits, minutes on two cores
#   snakemake --configfile papers/erbp/mnist.yaml  MNIST at the paper's constants; each paper has its folder
from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config/config.yaml"


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


# The default: every training that is listed, and every figure of the configured papers.
rule all:
    default_target: True
    input:
        default_trainings("train"),
        rules.figures.input,


# Trainings alone, without figures.
rule trained:
    input:
        [training_path(key, seed) for key, entry in TRAININGS.items() for seed in entry.seeds],
