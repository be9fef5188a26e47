"""Writing the weights: how many pulses the cells of a row get, and what they cost.

Weights and their changes in a batch are taken as normally distributed; a weight lies on the grid of its bits before and
after. A cell changes by as many pulses as its conductance step needs; a row takes as long as its cell with the most
pulses, first for all that grow, then for all that shrink; rows and subarrays follow one another.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from brian2zoo.mapping.cim.floorplan import Floorplan
from brian2zoo.mapping.cim.quantities import Quantities

STEPS = 256  # changes of a weight that are told apart
_below = np.vectorize(NormalDist().cdf, otypes=[float])


@dataclass(frozen=True)
class Pulses:
    """Of the cells of one weight, most significant digit first.

    `beyond` is the probability that a cell gets at least 1, 2, ... pulses up, (pulses, cells); it gets as many down.
    `conducted` is the expected sum of pulses times conductance of all cells, over the highest conductance;
    `changed` the expected number of cells that change.
    """

    beyond: np.ndarray
    conducted: float

    def longest(self, weights: float) -> float:
        """Expected most pulses of one direction in a row of so many weights."""
        none = np.prod((1 - self.beyond) ** weights, axis=1)
        return float((1 - none).sum())

    @property
    def changed(self) -> float:
        """Expected number of cells of a weight that change."""
        return float(2 * self.beyond[0].sum())


@lru_cache(maxsize=4096)
def pulses(
    weight_bits: int, cell_bits: int, levels: int, weight_std: float, update_std: float, on_off: float
) -> Pulses:
    """Distribution of the pulses that a change of weights asks for.

    Parameters
    ----------
    levels : pulses from the lowest to the highest conductance.
    weight_std, update_std : deviation of weights in [-1, 1] and of their change in a batch.
    on_off : highest over lowest conductance.
    """
    if weight_bits == 1:
        return _signs(levels, weight_std, update_std, on_off)
    half = 2 ** (weight_bits - 1)
    values = np.arange(1 - half, half)
    edges = np.concatenate([[-np.inf], values[1:] - 0.5, [np.inf]]) / half
    share = np.diff(_below(edges / weight_std))
    steps, chance = _few(*_steps(update_std * half))
    cells = -(-weight_bits // cell_bits)
    beyond, conducted = np.zeros((levels, cells)), 0.0
    for step, p in zip(steps, chance, strict=True):
        old = values + half
        new = np.minimum(old + step, values[-1] + half)
        for cell in range(cells):
            before, after = (_level(x, cell, cells, cell_bits, half) for x in (old, new))
            change = levels * (after - before)
            # one cell a weight: a step of exactly n pulses needs one more, as rounding has it
            asked = np.where(np.abs(change) >= 1, np.ceil(np.abs(change) + (1e-6 if cells == 1 else -1e-6)), 0)
            for sign in (1, -1):
                count = np.minimum(np.where(sign * change > 0, asked, 0), levels).astype(int)
                exactly = np.bincount(count, weights=share, minlength=levels + 1)
                # a step down is as likely, so that either direction sees half of both
                beyond[:, cell] += p * exactly[:0:-1].cumsum()[::-1]
            low = 1 / on_off
            pair = [low + (1 - low) * level for level in (before, after)]
            conducted += 2 * p * float((share * asked * 2 / (1 / pair[0] + 1 / pair[1])).sum())
    return Pulses(beyond, conducted)


def _signs(levels: int, weight_std: float, update_std: float, on_off: float) -> Pulses:
    """A weight of one bit is a sign: its cell goes all the way when a weight passes 0."""
    flips = np.arctan2(update_std, weight_std) / (2 * np.pi)
    beyond = np.full((levels, 1), flips)
    return Pulses(beyond, 2 * flips * levels * 2 / (1 + on_off))


def _level(value: np.ndarray, cell: int, cells: int, cell_bits: int, half: int) -> np.ndarray:
    """Level in [0, 1] of a cell: the whole weight, or one of its digits."""
    if cells == 1:
        return value / (2 * half)
    base = 2**cell_bits
    return value // base ** (cells - 1 - cell) % base / (base - 1)


def _steps(deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """Changes upward in bins, as far as six deviations, and the chance of each."""
    steps = np.arange(1, max(2, int(6 * deviation) + 2))
    return steps, _step_chance(steps, deviation)


def _few(steps: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with neighbours taken together, so that there are at most `STEPS` of them."""
    stride = -(-len(steps) // STEPS)
    starts = np.arange(0, len(steps), stride)
    return steps[starts] + stride // 2, np.add.reduceat(chance, starts)


def _step_chance(steps: np.ndarray, deviation: float) -> np.ndarray:
    """Chance that a value anywhere in its bin of width 1 moves up by so many bins, under a normal change."""

    def primitive(x: np.ndarray) -> np.ndarray:  # integral of the distribution function
        z = x / deviation
        return x * _below(z) + deviation * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

    return primitive(steps + 1.0) - 2 * primitive(steps + 0.0) + primitive(steps - 1.0)


def write(q: Quantities, plan: Floorplan, inputs: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Time (ns) and energy (pJ) to write all weights once, one subarray after another, (designs, layers).

    A pulse charges the lines of a row's columns and drives a current through the cell; a ferroelectric cell is charged
    instead, by twice its polarization when erased and when written. Static cells take one write a row.
    """
    full_blocks = np.floor(plan.columns / q.subarray)
    rest = plan.columns - full_blocks * q.subarray
    full, part, conducted, changed = _row_pulses(q, rest)
    row_pulses = full_blocks * full + part
    row_time = np.where(q.is_sram, np.ceil(plan.columns / q.subarray) * q.sram_write_time, row_pulses * q.write_pulse)
    time = inputs * row_time * np.where(plan.fills_tile, plan.pes_abreast**2, 1)

    squared = 2 * q.write_voltage**2  # as that program has it
    wires = q.subarray * (q.cell_height + q.cell_width) / 2 * q.feature * q.wire_capacitance
    line = (wires + q.subarray * q.drain_capacitance / 2) * squared
    columns_charged = full_blocks * full * q.subarray + part * rest
    # a ferroelectric cell that is not selected leaves its lines at rest
    lines = inputs * columns_charged * line * np.where(q.is_fefet, changed / q.cells / 2, 1)
    current = conducted * squared * q.write_pulse / q.r_on
    charge = changed * 4 * q.polarization * np.sqrt(squared) * q.feature**2
    cells = inputs * outputs * np.where(q.is_fefet, charge, current)
    static = inputs * outputs * q.cells * q.sram_write_energy
    return time, np.where(q.is_sram, static, cells + lines) * np.where(plan.fills_tile, plan.speedup, 1)


def _row_pulses(q: Quantities, rest: np.ndarray) -> np.ndarray:
    """Four arrays (designs, layers): pulses of the slowest cells of a row in a full subarray, and in one with
    `rest` columns; of a mean weight, pulses times conductance and cells that change."""
    names = ("weight_bits", "cell_bits", "levels", "weight_std", "update_std", "subarray", "cells")
    columns = [np.broadcast_to(getattr(q, name), (len(rest), 1))[:, 0] for name in names]
    ratio = np.broadcast_to(q.r_off / q.r_on, (len(rest), 1))[:, 0]
    found = np.empty((4, *rest.shape))
    for i, (weight_bits, cell_bits, levels, weight_std, update_std, size, cells) in enumerate(
        zip(*columns, strict=True)
    ):
        asked = pulses(int(weight_bits), int(cell_bits), int(levels), weight_std, update_std, ratio[i])
        found[0, i] = 2 * asked.longest(size / cells)
        found[1, i] = [2 * asked.longest(n / cells) for n in rest[i]]
        found[2, i], found[3, i] = asked.conducted, asked.changed
    return found
