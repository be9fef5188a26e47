"""Time (ns) and energy (pJ) of the phases of training, part by part, of every layer of every design.

FW: forward. AG: gradient of the activations, read backward through the same cells. WG: gradient of the weights. WU:
writing the weights. The first three are of one sample, the last of one batch; each part is (designs, layers).
"""

from dataclasses import dataclass

import numpy as np

from brian2zoo.mapping.cim import (
    accumulation,
    buffers,
    dram,
    interconnect,
    subarray,
    update,
    weight_gradient,
)
from brian2zoo.mapping.cim.hardware import Hardware

PARTS = ("ADC", "Accum", "Array", "Buffer", "IC", "WGcalc", "WUwrite", "DRAM")


@dataclass(frozen=True)
class Cost:
    """Time and energy by part."""

    time: dict[str, np.ndarray]
    energy: dict[str, np.ndarray]


# --- Forward and backward reads -------------------------------------------------------------------


def read(chip: Hardware, backward: bool) -> Cost:
    """Reading the cells with one sample, forward or backward. The first layer is not read backward."""
    cost = Cost(_read_times(chip, backward), _read_energies(chip, backward))
    if not backward:
        return cost
    later = np.arange(chip.inputs.shape[-1]) > 0
    return Cost(*({part: values * later for part, values in side.items()} for side in (cost.time, cost.energy)))


def _turns(chip: Hardware) -> np.ndarray:
    """Sums of a tree for a sample: it serves as many columns as share a converter, less the digits of a weight."""
    return np.maximum(np.floor(chip.q.column_mux / chip.q.cells), 1)


def _read_times(chip: Hardware, backward: bool) -> dict[str, np.ndarray]:
    """The slowest tile, PE and subarray of each layer set the time; copies share the samples."""
    q, plan = chip.q, chip.plan
    rows, columns = np.minimum(chip.inputs, plan.tile), np.minimum(plan.columns, plan.tile)
    pe_rows, pe_columns = np.minimum(rows, plan.pe), np.minimum(columns, plan.pe)
    one = subarray.read(q, chip.active, np.minimum(q.subarray, plan.columns), backward)
    turns = _turns(chip)
    pe_sums = turns * accumulation.tree_delay(q, np.ceil(pe_rows / q.subarray), chip.pe_bits)
    tile_sums = turns * accumulation.tree_delay(q, np.ceil(rows / plan.pe), chip.tile_bits)
    chip_sums = _chip_sums(chip) * accumulation.tree_delay(q, plan.tiles_high, chip.chip_bits)
    relu = 0 if backward else np.ceil(chip.outputs / chip.chip_trees) * q.half_cycle

    # copies in several tiles do not share what is read row by row
    readers = np.where(q.is_sequential & (plan.tiles > 1), 1, plan.speedup)
    # where each PE of a tile holds the whole layer, PEs alone share what they move
    movers = np.where(plan.fills_tile, plan.pes_abreast**2, plan.speedup)
    pe_moves = q.half_cycle * (q.input_bits * np.ceil(pe_rows / q.subarray) + 1)
    bus_width, bus_height = _bus_lengths(chip)
    bus = interconnect.bus_time(q, bus_width, pe_rows * q.input_bits, q.subarray)
    bus_outputs = np.ceil(pe_columns / q.cells) * q.adc_bits
    bus = bus + interconnect.bus_time(q, bus_height, bus_outputs, q.subarray * chip.subarrays_abreast)

    tile_in = rows * q.input_bits
    tile_out = np.ceil(columns / q.cells) * (1 + chip.tile_bits)
    # a buffer is written and read
    tile_moves = 2 * buffers.core_move_time(q, tile_in, chip.tile_input, q.input_bits, chip.tile_wires)
    outputs_abreast = q.subarray / q.column_mux
    tile_moves = tile_moves + 2 * buffers.core_move_time(
        q, tile_out, chip.tile_output, outputs_abreast, chip.tile_wires
    )
    tile_wires = interconnect.htree_time(q, chip.tile_tree, tile_in + tile_out, chip.tile_wires)
    own_wires = _own_wires(chip)
    chip_wires = interconnect.htree_time(q, chip.chip_tree, _chip_bits(chip), own_wires)
    return {
        "ADC": q.input_bits * one.adc_time / readers,
        "Accum": (q.input_bits * one.accumulation_time + pe_sums) / readers + tile_sums + chip_sums,
        "Array": q.input_bits * one.array_time / readers + relu,
        "Buffer": _global_time(chip, 2 * _activation_bits(chip), shared=True) + tile_moves + pe_moves / movers,
        "IC": chip_wires + tile_wires + bus / movers,
        "DRAM": 2 * dram.time(q, _dram_bits(chip)),
    }


def _read_energies(chip: Hardware, backward: bool) -> dict[str, np.ndarray]:
    """All subarrays, PEs and tiles that hold a part of a layer take part."""
    q, plan = chip.q, chip.plan
    rows = np.minimum(chip.inputs, plan.tile)
    subarrays_wide = np.ceil(plan.columns / q.subarray)
    reads = q.input_bits * np.ceil(chip.inputs / q.subarray) * subarrays_wide
    # the last subarray of a row is filled in part
    one = subarray.read(q, chip.active, plan.columns / subarrays_wide, backward)
    pes_high, pes_wide = np.ceil(chip.inputs / plan.pe), np.ceil(plan.columns / plan.pe)
    turns = _turns(chip)
    units = np.ceil(np.minimum(rows, plan.pe) / q.subarray)
    pe_sums = pes_high * pes_wide * turns * chip.pe_trees * accumulation.tree_energy(q, units, chip.pe_bits)
    units = np.ceil(rows / plan.pe)
    tile_sums = plan.tiles * turns * chip.tile_trees * accumulation.tree_energy(q, units, chip.tile_bits)
    chip_sums = chip.chip_trees * accumulation.tree_energy(q, plan.tiles_high, chip.chip_bits) * _chip_sums(chip)
    relus = 0 if backward else np.ceil(chip.outputs / chip.chip_trees) * chip.chip_trees * q.input_bits

    # nothing gates the clock of a PE's registers: all are clocked at each access
    data_energy = q.register_energy - q.clock_energy
    pe_in = chip.inputs * pes_wide * (chip.pe_input * q.clock_energy + q.input_bits * data_energy)
    pe_out = chip.outputs * chip.pe_bits * pes_high * (chip.pe_output * q.clock_energy + data_energy)
    tile_in = chip.inputs * q.input_bits * plan.tiles_wide
    tile_out = chip.outputs * (1 + chip.tile_bits) * plan.tiles_high
    moved = 2 * (_activation_bits(chip) + tile_in + tile_out)
    bus_width, bus_height = _bus_lengths(chip)
    wires = interconnect.htree_energy(q, chip.chip_tree, _chip_bits(chip))
    wires = wires + interconnect.htree_energy(q, chip.tile_tree, tile_in + tile_out)
    wires = wires + interconnect.bus_energy(q, bus_width, chip.inputs * q.input_bits * pes_wide)
    wires = wires + interconnect.bus_energy(q, bus_height, chip.outputs * q.adc_bits * pes_high)
    return {
        "ADC": reads * one.adc_energy,
        "Accum": reads * one.accumulation_energy + pe_sums + tile_sums + chip_sums,
        "Array": reads * one.array_energy + relus * q.register_energy,
        "Buffer": buffers.move_energy(q, moved) + pe_in + pe_out,
        "IC": wires,
        "DRAM": 2 * dram.energy(q, _dram_bits(chip)),
    }


def _chip_sums(chip: Hardware) -> np.ndarray:
    """Sums over the tiles of a layer, one after another."""
    return np.where(chip.plan.tiles_high > 1, chip.plan.tiles_wide * chip.outputs, 0)


def _activation_bits(chip: Hardware) -> np.ndarray:
    """Bits that a layer takes from the global buffer and puts into it."""
    return (chip.inputs + chip.outputs) * chip.q.input_bits


def _dram_bits(chip: Hardware) -> np.ndarray:
    """Bits of activations or errors that a layer takes from DRAM."""
    return np.where(chip.q.dram_all, chip.inputs, 1) * chip.q.input_bits


def _own_wires(chip: Hardware) -> np.ndarray:
    """Wires of the chip's tree that lead to the tiles of a layer."""
    return np.ceil(chip.wires * chip.plan.tiles / chip.plan.all_tiles)


def _chip_bits(chip: Hardware) -> np.ndarray:
    """Bits on the chip's tree, whole transfers over all wires of a layer."""
    own = _own_wires(chip)
    return np.ceil(_activation_bits(chip) / own) * own


def _bus_lengths(chip: Hardware) -> tuple[np.ndarray, np.ndarray]:
    """Of the buses along a row and along a column of the subarrays of a PE, um."""
    gaps = chip.subarrays_abreast - 1
    return gaps * chip.subarray.width, gaps * chip.subarray.height


def _global_time(chip: Hardware, bits: np.ndarray, shared: bool) -> np.ndarray:
    """Time of transfers of the global buffer; `shared` if only the wires to the tiles of the layer are used."""
    q, plan = chip.q, chip.plan
    abreast = np.minimum(chip.unit.buffer_cores, np.ceil(chip.wires / q.buffer_core))
    time = buffers.move_time(bits, buffers.line_time(q, q.buffer_core), q.buffer_core, abreast)
    return time * (np.ceil(plan.all_tiles / plan.tiles) if shared else 1)


# --- Gradient and update of the weights -----------------------------------------------------------


def gradient(chip: Hardware) -> Cost:
    """Gradient of all weights from one sample, put into DRAM and taken back to be summed over the batch."""
    q, u = chip.q, chip.unit
    bits = chip.inputs * chip.outputs * u.bits
    activations = 2 * _activation_bits(chip)
    place = (q, u, chip.inputs, chip.outputs, chip.active)
    # each of two transfers writes and reads the global buffer
    moves = _global_time(chip, 4 * bits, shared=False) + _global_time(chip, activations, shared=True)
    outside = 2 * bits + 2 * _dram_bits(chip)
    return Cost(
        {"WGcalc": weight_gradient.multiply_time(*place), "Buffer": moves, "DRAM": dram.time(q, outside)},
        {
            "WGcalc": weight_gradient.multiply_energy(*place),
            "Buffer": buffers.move_energy(q, 4 * bits + activations),
            "DRAM": dram.energy(q, outside),
        },
    )


def write(chip: Hardware) -> Cost:
    """Writing the sum of a batch into the cells, as many subarrays at a time as have room for their gradients."""
    q, plan, parallel = chip.q, chip.plan, chip.unit.parallel
    bits = chip.inputs * plan.columns
    once = np.ones_like(chip.tile_wires)
    moves = 2 * buffers.core_move_time(q, bits, chip.tile_input, q.input_bits, once)
    time, energy = update.write(q, plan, chip.inputs, chip.outputs)
    return Cost(
        {
            "WUwrite": time / parallel,
            "Buffer": moves / parallel,
            "IC": interconnect.htree_time(q, chip.tile_tree, bits, chip.tile_wires) / parallel,
        },
        {
            "WUwrite": energy,
            "Buffer": buffers.move_energy(q, 2 * bits),
            "IC": interconnect.htree_energy(q, chip.tile_tree, bits),
        },
    )
