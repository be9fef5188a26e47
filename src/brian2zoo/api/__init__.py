"""The zoo from Python: what `import brian2zoo as zoo` offers to scripts and notebooks.

Arrays in, xarray out, and no Snakemake. The pipeline's scripts call the same functions. A mistake of the user's raises
`ZooError`, whose text is one line: file, field, remedy.
"""

from brian2zoo.api.costs import ledger, map
from brian2zoo.api.files import check, compose, derive, load
from brian2zoo.api.networks import evaluate, simulate, train
from brian2zoo.api.pictures import figure
from brian2zoo.run.sweeps import open_sweep

__all__ = [
    "check",
    "compose",
    "derive",
    "evaluate",
    "figure",
    "ledger",
    "load",
    "map",
    "open_sweep",
    "simulate",
    "train",
]
