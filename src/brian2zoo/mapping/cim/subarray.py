"""One subarray: cells, drivers of the rows, multiplexers, converters and shift-and-add, in both directions.

Forward reads drive rows and convert columns; the backward read (for the gradient of the activations) drives columns and
has a second set of converters at the ends of the rows. Input bits come one after another: a bit plane.
"""

from dataclasses import dataclass

import numpy as np

from brian2zoo.mapping.cim import accumulation, adc, layout
from brian2zoo.mapping.cim.quantities import Quantities


@dataclass(frozen=True)
class Areas:
    """Of one subarray, um2, and its sides, um."""

    array: np.ndarray
    adc: np.ndarray
    accumulation: np.ndarray
    other: np.ndarray
    height: np.ndarray
    width: np.ndarray

    @property
    def used(self) -> np.ndarray:
        """Sum of the parts."""
        return self.array + self.adc + self.accumulation + self.other


@dataclass(frozen=True)
class Read:
    """Time in ns and energy in pJ of one bit plane, by part."""

    adc_time: np.ndarray
    accumulation_time: np.ndarray
    array_time: np.ndarray
    adc_energy: np.ndarray
    accumulation_energy: np.ndarray
    array_energy: np.ndarray

    @property
    def time(self) -> np.ndarray:
        """Of all parts, one after another."""
        return self.adc_time + self.accumulation_time + self.array_time

    @property
    def energy(self) -> np.ndarray:
        """Of all parts."""
        return self.adc_energy + self.accumulation_energy + self.array_energy


def areas(q: Quantities) -> Areas:
    """Areas of the parts of a subarray: converters below it, and beside it if it can be read backward."""
    width = q.subarray * q.cell_width * q.feature
    height = q.subarray * q.cell_height * q.feature
    units = q.subarray / q.column_mux
    sides = {"below": (width, False)} | ({"beside": (height, True)} if q.transposed else {})
    converters = {side: adc.shape(q, q.adc_bits, units, *place) for side, place in sides.items()}
    adders = {side: _shift_add_depth(q, units, *place) for side, place in sides.items()}
    row = q.subarray * layout.CELL_HEIGHT * q.gate_pitch * q.feature**2
    drivers, mux = q.driver_cells * row, q.mux_cells * row
    precharge = q.precharge_height * q.subarray * q.cell_width * q.feature**2

    # row by row the backward read is a forward one, summed up behind the converters
    there = {side: np.where(q.is_sequential & (side == "beside"), 0, 1) for side in sides}
    sums = _row_sums_area(q)

    def depth(side: str, length: np.ndarray) -> np.ndarray:
        own = converters[side].depth + adders[side] + (mux + precharge) / length if side in sides else 0
        return drivers / length + there.get(side, 0) * own

    return Areas(
        array=width * height,
        adc=sum(there[side] * (converters[side].area + precharge) for side in sides),
        accumulation=sum(there[side] * adders[side] * length for side, (length, _) in sides.items()) + sums,
        other=2 * drivers + sum(there.values()) * mux,
        height=height + depth("below", width) + sums / width,
        width=width + depth("beside", height),
    )


def _row_sums_area(q: Quantities) -> np.ndarray:
    """Accumulators of the columns of a subarray that is read row by row, um2."""
    return np.where(q.is_sequential, q.subarray * _row_sum_bits(q) * q.row_sum_area * q.gate_pitch * q.feature**2, 0)


def _shift_add_depth(q: Quantities, units: np.ndarray, length: np.ndarray, upright: bool) -> np.ndarray:
    """Depth of the shift-and-add along a side, um; `upright` if the rows of cells run away from it."""
    pitch, row = q.feature * q.gate_pitch, layout.CELL_HEIGHT * q.feature
    depth = 0
    for bits, shifts, there in _shift_adds(q):
        n_registers = units * accumulation.shift_add_registers(bits, shifts)
        if upright:
            adders = layout.in_rows(units, row, layout.ADDER * pitch * bits, length)
            registers = layout.in_rows(n_registers, row, layout.REGISTER * pitch, length)
            gates = (layout.INVERTER_WIDTH + 3 * layout.GATE_PITCH) * pitch
        else:
            adders = layout.in_rows(units, layout.ADDER * pitch, row * bits, length)
            registers = layout.in_rows(n_registers, layout.REGISTER * pitch, row, length)
            gates = row
        depth = depth + np.where(there, adders + registers + gates, 0)
    return depth


def _shift_adds(q: Quantities) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Bits, shifts and whether it is there: over the bits of the input, and over the cells of a weight."""
    return [
        (q.adc_bits + q.cells, q.input_bits, q.input_bits > 1),
        (q.adc_bits, q.cells, q.cells > 1),
    ]


def read(q: Quantities, active: np.ndarray, columns: np.ndarray, backward: bool) -> Read:
    """One bit plane.

    Parameters
    ----------
    active : fraction of the rows (backward: columns) whose input bit is 1.
    columns : columns that hold weights.
    """
    driven, sensed = (q.cell_height, q.cell_width) if backward else (q.cell_width, q.cell_height)
    sense_line = q.subarray * sensed * q.feature * q.wire_capacitance
    at_once = np.where(q.is_sequential, 1, np.maximum(active * q.subarray, 1))
    resistance = q.cell_resistance / at_once
    convert = q.column_mux * (adc.sense_time(q, q.adc_bits, resistance) + adc.encode_time(q, q.adc_bits))
    length = q.subarray / 128 * driven / q.cell_width
    drive = q.column_mux * (q.half_cycle + q.driver_delay * length**q.driver_exponent)
    settle = _settle_time(q, sense_line, backward)
    energies = _read_energies(q, active, sense_line)
    shifts = _shift_adds(q)
    one = Read(
        adc_time=convert + np.where(q.is_sram, settle, 0),
        accumulation_time=sum(np.where(there, accumulation.shift_add_delay(q, bits), 0) for bits, _, there in shifts),
        array_time=drive + np.where(q.is_sram, 0, settle),
        adc_energy=adc.energy(q, q.adc_bits, resistance) * columns + energies,
        accumulation_energy=_shift_add_energy(q),
        array_energy=q.column_mux * q.subarray * q.register_energy,
    )
    return one if not q.is_sequential.any() else _by_rows(q, one, active, backward)


def _row_sum_bits(q: Quantities) -> np.ndarray:
    return q.adc_bits + q.input_bits + q.cells + np.ceil(np.log2(q.subarray))


def _by_rows(q: Quantities, one: Read, active: np.ndarray, backward: bool) -> Read:
    """A read of each active row after the other in place of one; the backward read visits all rows."""
    bits = _row_sum_bits(q)
    timed = np.where(q.is_sequential, q.subarray * (q.activity_error if backward else active), 1)
    read = np.where(q.is_sequential, q.subarray * (1 if backward else active), 1)
    sums = np.where(q.is_sequential, q.column_mux * accumulation.adder_delay(q, bits), 0)
    summed = np.where(q.is_sequential, q.subarray * bits * q.row_sum_energy, 0)
    decode = np.where(q.is_sequential, q.column_mux * q.row_time, 0)
    less = np.where(q.is_sequential, q.row_energy, 1)
    return Read(
        adc_time=timed * one.adc_time,
        accumulation_time=one.accumulation_time + timed * sums,
        array_time=timed * (one.array_time + decode),
        adc_energy=read * less * one.adc_energy,
        accumulation_energy=one.accumulation_energy + read * summed,
        array_energy=read * less * one.array_energy,
    )


def _settle_time(q: Quantities, line: np.ndarray, backward: bool) -> np.ndarray:
    """Until the lines can be sensed, ns: when a fifth of the voltage of resistive cells has dropped.

    The forward read hides it behind the bit planes that follow.
    """
    resistance = (q.r_on + q.r_off) / 2 / (q.subarray / 2)
    resistive = 0.2 * q.column_mux * (line + q.subarray * q.drain_capacitance) * resistance
    return np.where(q.is_sram, q.bitline_delay * q.subarray, resistive if backward else resistive / q.input_bits)


def _shift_add_energy(q: Quantities) -> np.ndarray:
    """Of all columns, pJ; the columns of a weight are one when the bits of the input are added."""
    units = q.subarray / q.column_mux
    (bits, shifts, there), (digit_bits, digits, several) = _shift_adds(q)
    turns = np.maximum(np.floor(q.column_mux / q.cells), 1)
    over_bits = accumulation.shift_add_energy(q, bits, shifts) * turns
    over_digits = accumulation.shift_add_energy(q, digit_bits, digits) * q.column_mux
    return units * (np.where(there, over_bits, 0) + np.where(several, over_digits, 0))


def _read_energies(q: Quantities, active: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Of the lines of the array and of the encoders, pJ."""
    gates = q.subarray * (q.gate_capacitance + q.cell_width * q.feature * q.wire_capacitance)
    rows = q.column_mux * gates * q.vdd**2 * q.subarray * active
    columns = q.subarray**2 * q.cell_height * q.feature * q.wire_capacitance * q.read_voltage**2
    precharge = q.subarray * q.column_mux * q.precharge_lines * line * q.vdd**2
    return np.where(q.is_sram, precharge, rows + columns) + adc.encode_energy(q, q.adc_bits) * q.subarray
