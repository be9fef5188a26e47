"""Traffic with the memory next to the chip."""

import numpy as np

from brian2zoo.mapping.cim.quantities import Quantities


def time(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Transfer at full bandwidth, ns."""
    return bits / q.dram_bandwidth


def energy(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Transfer, pJ."""
    return bits * q.dram_energy
