"""Converters at the foot of the columns: flash (one comparator a level) or successive approximation (SAR).

Areas are counts of transistors times the area of a standard cell; times and powers of the comparators are the fits to
circuit simulation of Peng et al. 2021 that the chip file quotes.
"""

from dataclasses import dataclass

import numpy as np

from brian2zoo.mapping.cim import layout
from brian2zoo.mapping.cim.quantities import Quantities


@dataclass(frozen=True)
class Shape:
    """A row of converters: area in um2, and depth in um beyond the array they stand at."""

    area: np.ndarray
    depth: np.ndarray


def shape(q: Quantities, bits: np.ndarray, number: np.ndarray, length: np.ndarray, upright: bool) -> Shape:
    """Converters along a side of a given length.

    The comparators fill any shape; an encoder is a column of as many gates as comparators, which may be longer than
    the side if it is `upright`, its gates lined up along the side.
    """
    square = q.feature**2 * q.gate_pitch
    comparators = number * np.where(
        q.is_sar,
        (q.sar_transistors + q.sar_transistors_bit * (bits - 1)) * q.transistor_area,
        (2**bits - 1) * q.comparator_area,
    )
    gate = 2 * layout.INVERTER_WIDTH + layout.GATE_PITCH * (4 + 2 ** (bits - 1))
    tall = (2**bits - 1) * layout.CELL_HEIGHT * q.feature
    wide = gate * q.gate_pitch * q.feature
    along, across = (tall, wide) if upright else (wide, tall)
    encoders = np.where(q.is_sar, 0, across * np.ceil(number / np.ceil(length / along)))
    depth = comparators * square / length + encoders
    return Shape(comparators * square + encoders * np.maximum(along, length), depth)


def sense_time(q: Quantities, bits: np.ndarray, resistance: np.ndarray) -> np.ndarray:
    """Time to convert one column, ns.

    Parameters
    ----------
    resistance : of the column with its active cells in parallel, kOhm.
    """
    slow = q.sense_margin * (q.sense_log * np.log(resistance) + q.sense_constant)
    comparator = np.where(q.is_current_mode, np.clip(slow, 1, 10), 1)  # a read takes 1 to 10 clock cycles
    return np.where(q.is_sar, bits + 1, comparator)


def encode_time(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Time of the encoder of a flash converter, whose load doubles with each bit, ns."""
    return np.where(q.is_sar, 0, q.encoder_delay * (1 + 2 ** (bits - 1) * q.encoder_load))


def energy(q: Quantities, bits: np.ndarray, resistance: np.ndarray) -> np.ndarray:
    """Energy to convert one column, pJ: of the comparators, and of the current through the cells."""
    flash = q.comparator_power * q.comparator_ratio * (2**bits - 1)
    comparators = np.where(q.is_sar, q.sar_power * bits + q.sar_power_constant, flash)
    cells = q.column_power * np.exp(-2.3 * np.log10(1e3 * resistance))
    return (comparators + cells) * sense_time(q, bits, resistance) * 1e-3


def encode_energy(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Energy of the encoder of a flash converter, whose gates grow in number with the levels, pJ."""
    return np.where(q.is_sar, 0, q.encoder_energy * 2**bits)
