"""Weight-gradient units: SRAM arrays that hold the activations and multiply them by the error, and the adders that
sum the gradients of a batch.

The gradient of one sample is written to DRAM and read back to be added: two transfers of all its bits a sample.
"""

from dataclasses import dataclass

import numpy as np

from brian2zoo.mapping.cim import accumulation, adc, buffers, layout
from brian2zoo.mapping.cim.quantities import Quantities


@dataclass(frozen=True)
class Unit:
    """Size of the units of a chip."""

    arrays: np.ndarray
    bits: np.ndarray  # of the gradient of one weight
    batch_bits: np.ndarray  # of the sum over a batch
    parallel: np.ndarray  # subarrays whose gradient fits into the buffer
    adders: np.ndarray
    buffer_cores: np.ndarray  # of the global buffer, which holds inputs and gradients


def unit(q: Quantities, inputs: np.ndarray) -> Unit:
    """Units as wide as the largest layer; a global buffer for its inputs and for gradients of one subarray or more.

    The room for gradients is doubled until it is no less than that for inputs.
    """
    most = inputs.max(-1, keepdims=True) * q.input_bits
    bits = q.adc_bits_wg + q.input_bits
    carries = np.ceil(np.log2(q.batch))
    cells = q.subarray**2
    kept = cells * q.cells * np.maximum(carries, 1)
    parallel = np.floor(kept / (cells * q.weight_bits))
    double = 2 ** np.ceil(np.maximum(np.log2(most / kept), 0))
    parallel = np.maximum(parallel, 1) * double
    cores = np.floor((most + kept * double) / q.buffer_core**2)
    return Unit(
        arrays=np.maximum(np.floor(most / q.subarray_wg), 1),
        bits=bits,
        batch_bits=bits + carries,
        parallel=parallel,
        adders=parallel * cells,
        buffer_cores=np.maximum(cores, 1),
    )


def area(q: Quantities, u: Unit, height: np.ndarray) -> np.ndarray:
    """Arrays, and adders along the height of the chip (um), um2."""
    return u.arrays * _array_area(q) + accumulation.adders_area(q, u.adders, u.batch_bits, height, upright=False)


def _array_area(q: Quantities) -> np.ndarray:
    """One SRAM array with its converters and shift-and-add, um2."""
    width = q.subarray_wg * q.sram_width * q.feature
    cells = width * q.subarray_wg * q.sram_height * q.feature
    units = q.subarray_wg / q.mux_wg
    registers = buffers.registers_area(q, units * (q.adc_bits_wg + 2 * q.input_bits + 1))
    adders = units * layout.ADDER * layout.CELL_HEIGHT * (q.adc_bits_wg + q.input_bits + 1)
    edge = q.edge_cells_wg * q.subarray_wg * layout.CELL_HEIGHT
    return (
        cells
        + adc.shape(q, q.adc_bits_wg, units, width, upright=False).area
        + registers
        + (adders + edge) * q.gate_pitch * q.feature**2
    )


def multiply_time(q: Quantities, u: Unit, inputs: np.ndarray, outputs: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Outer product of one sample, ns: one read for each output, after the activations are written; then the sums.

    Parameters
    ----------
    active : fraction of the bits of the activations that are 1.
    """
    resistance = q.sram_resistance / np.maximum(q.subarray_wg * active, 1)
    sense = adc.sense_time(q, q.adc_bits_wg, resistance)
    read = q.input_bits * q.mux_wg * (sense + adc.encode_time(q, q.adc_bits_wg) + q.read_time_wg + q.read_gates_wg)
    abreast = np.maximum(np.floor(inputs * q.input_bits / q.subarray_wg), 1)
    sums = np.ceil(inputs * outputs / u.adders) * accumulation.adder_delay(q, u.batch_bits)
    return outputs * read / abreast + q.write_time_wg * q.subarray_wg + sums


def multiply_energy(q: Quantities, u: Unit, inputs: np.ndarray, outputs: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Outer product of one sample and its sums, pJ."""
    resistance = q.sram_resistance / np.maximum(q.subarray_wg * active, 1)
    bits = q.adc_bits_wg + q.input_bits + 1
    column = (
        adc.energy(q, q.adc_bits_wg, resistance)
        + (adc.encode_energy(q, q.adc_bits_wg) + accumulation.shift_add_energy(q, bits, q.input_bits)) / q.mux_wg
        + q.read_energy_wg
    )
    array = q.input_bits * q.mux_wg * q.subarray_wg * column
    used = inputs * q.input_bits / q.subarray_wg**2
    sums = np.minimum(inputs * outputs, u.adders) * np.ceil(inputs * outputs / u.adders)
    return array * outputs * used + sums * accumulation.adder_energy(q, u.batch_bits)
