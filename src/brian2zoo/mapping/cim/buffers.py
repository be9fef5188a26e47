"""Register files: a global buffer of cores for the chip, buffers of a tile and registers of a PE.

A line is read or written in half a clock cycle after its decoder; cores of one buffer work side by side as far as the
bus is wide.
"""

import numpy as np

from brian2zoo.mapping.cim import layout
from brian2zoo.mapping.cim.quantities import Quantities


def registers_area(q: Quantities, number: np.ndarray) -> np.ndarray:
    """Registers as standard cells, um2."""
    return number * layout.REGISTER * layout.CELL_HEIGHT * q.gate_pitch * q.feature**2


def registers_along(q: Quantities, number: np.ndarray, length: np.ndarray, upright: bool) -> np.ndarray:
    """Registers in rows along a given length, um2; `upright` if it is the height of the rows that lies along it."""
    width, height = layout.REGISTER * q.gate_pitch * q.feature, layout.CELL_HEIGHT * q.feature
    if upright:
        width, height = height, width
    return length * layout.in_rows(number, width, height, length)


def file_area(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Bits of a buffer with their decoder, um2."""
    return registers_area(q, bits) * q.buffer_area * (1 + q.decoder_share)


def in_cores(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Bits of a tile's buffer when it is made of cores; one smaller than a core is as small as it may be."""
    core = q.tile_buffer_core**2
    return np.where(bits < core, bits, np.ceil(bits / core) * core)


def move_time(bits: np.ndarray, line_time: np.ndarray, width: np.ndarray, cores: np.ndarray) -> np.ndarray:
    """Time to read or write, ns.

    Parameters
    ----------
    bits : moved in all.
    line_time : of one line, ns; `width` its bits.
    cores : lines that move at the same time.
    """
    return bits / width * line_time / cores


def move_energy(q: Quantities, bits: np.ndarray) -> np.ndarray:
    """Energy to read or write, pJ."""
    return bits * q.file_energy * q.buffer_energy


def line_time(q: Quantities, lines: np.ndarray) -> np.ndarray:
    """Of registers half a clock cycle and a decoder whose depth and load grow with the number of lines, ns."""
    return q.buffer_time * (q.half_cycle + (q.line_time - q.half_cycle) * (lines / 128) ** q.line_exponent)


def core_move_time(
    q: Quantities, bits: np.ndarray, size: np.ndarray, lines: np.ndarray, wires: np.ndarray
) -> np.ndarray:
    """Time to read or write a buffer of a tile, ns: one file if it is small, else cores of equal size.

    Parameters
    ----------
    size : bits it holds; `lines` in which a small one holds them.
    wires : of the bus it feeds.
    """
    core = q.tile_buffer_core
    small = size < core**2
    width = np.where(small, size / lines, core)
    abreast = np.maximum(np.minimum(np.ceil(size / core**2), np.ceil(wires / width)), 1)
    return move_time(bits, line_time(q, np.where(small, lines, core)), width, abreast)
