"""Adders, trees of adders, and the shift-and-add that joins the bits of inputs and the digits of weights.

A ripple adder of n bits takes a time that grows with n; a tree adds pairs, one bit wider at each stage.
"""

import numpy as np

from brian2zoo.mapping.cim import layout
from brian2zoo.mapping.cim.quantities import Quantities

STAGES = 12  # of a tree at most


def adder_delay(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Ripple of the carry, ns: two gates a bit and one more."""
    return q.adder_time * (2 * bits + 1) / 41  # given for 20 bits


def adder_energy(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """One addition, pJ."""
    return q.adder_energy * bits


def adders_area(q: Quantities, number: np.ndarray, bits: np.ndarray, length: np.ndarray, upright: bool) -> np.ndarray:
    """Adders along a given length, um2.

    Parameters
    ----------
    upright : whether the bits of an adder lie above one another, else side by side.
    """
    width, height = layout.ADDER * q.gate_pitch * q.feature, layout.CELL_HEIGHT * q.feature
    if upright:
        return length * layout.in_rows(number, width, height * bits, length)
    return length * layout.in_rows(number, height, width * bits, length)


def tree_stages(units: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each stage of a tree over `units` summands: whether it is there, and its number of adders."""
    stages, left = [], units
    for _ in range(STAGES):
        stages.append((left > 1, np.floor(left / 2)))
        left = np.ceil(left / 2)
    return stages


def tree_delay(q: Quantities, units: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Time of one sum, ns."""
    return sum(np.where(there, adder_delay(q, bits + i), 0) for i, (there, _) in enumerate(tree_stages(units)))


def tree_energy(q: Quantities, units: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Energy of one sum, pJ."""
    return sum(n * adder_energy(q, bits + i) for i, (_, n) in enumerate(tree_stages(units)))


def tree_bits(units: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """One-bit adders in one tree."""
    return sum(n * (bits + i) for i, (_, n) in enumerate(tree_stages(units)))


def shift_add_registers(bits: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Registers of a shift-and-add: the sum and the places it is shifted by."""
    return bits + shifts


def shift_add_delay(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """One addition and half a clock cycle; further ones are hidden behind the read, ns."""
    return adder_delay(q, bits) + q.half_cycle


def shift_add_energy(q: Quantities, bits: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Energy of one shift and addition, pJ."""
    return adder_energy(q, bits) + shift_add_registers(bits, shifts) * q.register_energy
