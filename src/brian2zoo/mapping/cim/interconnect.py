"""Wires with repeaters: an H-tree between tiles and between the PEs of a tile, buses between the subarrays of a PE."""

from dataclasses import dataclass

import numpy as np

from brian2zoo.mapping.cim import layout
from brian2zoo.mapping.cim.quantities import Quantities


@dataclass(frozen=True)
class HTree:
    """A tree over a grid of square units; lengths in um, `width` in wires."""

    levels: np.ndarray
    trunk: np.ndarray
    unit: np.ndarray
    width: np.ndarray

    @property
    def reach(self) -> np.ndarray:
        """Length of the branches from trunk to leaf, each level half as long as the one above, um."""
        return (2**self.levels - 1) * 2 * self.unit


def htree(rows: np.ndarray, columns: np.ndarray, unit: np.ndarray, width: np.ndarray) -> HTree:
    """Tree over rows x columns units; the trunk leads in from the nearer side."""
    levels = np.ceil(np.log2(np.maximum(rows, columns)))
    centre = np.floor(np.log2(np.minimum(rows, columns)))
    centre = np.where(columns - centre < 1, centre - 1, centre)
    trunk = np.minimum(columns - centre, centre) * unit
    return HTree(levels, trunk, unit, width)


def htree_area(q: Quantities, tree: HTree, folding: np.ndarray) -> np.ndarray:
    """Trunk and upper branches, um2; the lowest ones run above their units.

    Parameters
    ----------
    folding : wires that lie above one another in the metal layers.
    """
    trunk = tree.trunk * layout.CELL_HEIGHT
    branches = np.zeros_like(trunk)
    for level in range(1, 8):
        # the bus splits at each level, and its parts together stay as wide; they add up level by level
        there = level < tree.levels
        length = 2.0 ** (tree.levels - level - 1) / 2
        across = q.repeater_width + layout.CELL_HEIGHT  # vertical and horizontal wires
        branches = branches + np.where(there, level * length * tree.unit * across, 0)
    return (trunk + branches) * tree.width * q.feature / folding


def htree_time(q: Quantities, tree: HTree, bits: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Time to send bits over `width` wires from trunk to leaf, ns."""
    return bits / width * q.wire_delay * (tree.reach + tree.trunk)


def htree_energy(q: Quantities, tree: HTree, bits: np.ndarray) -> np.ndarray:
    """Energy to send bits from trunk to leaf, pJ."""
    return bits * q.wire_energy * (tree.reach / 2 + tree.trunk)


def bus_time(q: Quantities, length: np.ndarray, bits: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Time to send bits along a bus, ns."""
    return bits / width * q.wire_delay * q.bus_delay_ratio * length


def bus_energy(q: Quantities, length: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Energy to send bits along a bus, pJ."""
    return bits * q.wire_energy * q.bus_energy_ratio * length
