"""GeNN on one core of the processor: the same models as on a GPU, where there is none."""

from brian2zoo.backends.genn import PARALLEL, GeNN

BACKEND = GeNN("genn_cpu", "GeNN 4.9, one core", "zoo_genn", PARALLEL, "brian2genn")
