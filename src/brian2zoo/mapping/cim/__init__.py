"""Training on a compute-in-memory chip: areas, and time and energy of each phase, from formulas.

An analytical model of the chips that DNN+NeuroSim V2.1 (Peng et al. 2021, doi:10.1109/TCAD.2020.3043731) simulates: the
same hierarchy of chip, tile, processing element and subarray, with areas counted from standard cells, and times and
energies as numbers of operations times their unit costs. No code of that program is used. Where it works out a value
from a trace of weights and activations, here an expected value stands.
"""

from brian2zoo.mapping.cim.estimate import estimate, report

__all__ = ["estimate", "report"]
