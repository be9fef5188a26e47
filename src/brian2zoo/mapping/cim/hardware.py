"""A chip sized for a network: its floorplan, its buffers, trees and wires, and the area of each."""

import numpy as np

from brian2zoo.mapping.cim import accumulation, buffers, interconnect, layout, subarray, weight_gradient
from brian2zoo.mapping.cim.floorplan import plan
from brian2zoo.mapping.cim.quantities import Quantities


class Hardware:
    """What there is on the chip.

    Parameters
    ----------
    q : numbers of the designs, each (designs, 1).
    inputs, outputs : sizes of the layers, (1, layers).
    """

    def __init__(self, q: Quantities, inputs: np.ndarray, outputs: np.ndarray) -> None:
        self.q, self.inputs, self.outputs = q, inputs, outputs
        self.plan = plan(inputs, outputs, q.subarray, q.cells)
        self.unit = weight_gradient.unit(q, inputs)
        self.subarray = subarray.areas(q)
        self.active = np.where(np.arange(inputs.shape[-1]) == 0, q.activity_input, q.activity_hidden)
        tile, pes = self.plan.tile, self.plan.pes_abreast
        self.subarrays_abreast = self.plan.pe / q.subarray
        # bits of the sums that reach the trees of a PE, of a tile, of the chip; and how many trees there are
        self.pe_bits = q.adc_bits + q.input_bits + q.cells + 1
        self.tile_bits = self.pe_bits + np.ceil(np.log2(self.subarrays_abreast))
        self.chip_bits = self.tile_bits + np.ceil(np.log2(pes))
        self.pe_trees = self.subarrays_abreast * q.subarray / q.column_mux
        self.tile_trees = pes * q.subarray / q.column_mux
        self.chip_trees = tile / q.column_mux
        # bits in the buffers
        self.pe_input = q.input_bits * q.subarray
        self.pe_output = q.subarray / q.column_mux * (self.tile_bits - 1)
        self.tile_input = pes * q.input_bits * q.subarray
        self.tile_output = self.tile_bits * self.tile_trees
        # wires of the trees
        self.tile_wires = pes * q.subarray
        wires = inputs.shape[-1] * (tile + tile / q.column_mux)
        self.wires = wires / 2 ** np.ceil(np.maximum(np.log2(wires / q.most_wires), 0))
        self._pe()
        self._tile()
        self._chip()

    def _pe(self) -> None:
        q, sub = self.q, self.subarray
        one_bit_adders = accumulation.tree_bits(self.subarrays_abreast, self.pe_bits)
        self._pe_adders = accumulation.adders_area(q, self.pe_trees, one_bit_adders, sub.width, upright=True)
        height, width = self.subarrays_abreast * sub.height, self.subarrays_abreast * sub.width
        self._pe_buffers = buffers.registers_along(q, self.pe_input, height, upright=True)
        self._pe_buffers = self._pe_buffers + buffers.registers_along(q, self.pe_output, width, upright=False)
        self.pe_side = np.sqrt(self.subarrays_abreast**2 * sub.used + self._pe_adders + self._pe_buffers)

    def _tile(self) -> None:
        q, pes = self.q, self.plan.pes_abreast
        one_bit_adders = accumulation.tree_bits(pes, self.tile_bits)
        length = pes * self.pe_side
        self._tile_adders = accumulation.adders_area(q, self.tile_trees, one_bit_adders, length, upright=True)
        self._tile_buffers = buffers.file_area(
            q, sum(buffers.in_cores(q, b) for b in (self.tile_input, self.tile_output))
        )
        self.tile_tree = interconnect.htree(pes, pes, self.pe_side, self.tile_wires)
        self._tile_ic = interconnect.htree_area(q, self.tile_tree, q.tile_folding)
        self.tile_side = np.sqrt(pes**2 * self.pe_side**2 + self._tile_adders + self._tile_buffers + self._tile_ic)

    def _chip(self) -> None:
        q, plan, sub = self.q, self.plan, self.subarray
        rows, columns = plan.grid
        side = rows * self.tile_side
        self.chip_tree = interconnect.htree(rows, columns, self.tile_side, self.wires)
        most_added = plan.tiles_high.max(-1, keepdims=True)
        one_bit_adders = accumulation.tree_bits(most_added, self.chip_bits)
        adders = accumulation.adders_area(q, self.chip_trees, one_bit_adders, side / 3, upright=False)
        cells = q.pooling_cells + q.pooling_cells_bit * q.input_bits
        pooling = plan.tile * cells * layout.CELL_HEIGHT * q.gate_pitch * q.feature**2
        relu = buffers.registers_area(q, self.chip_trees * q.input_bits)
        memory = buffers.file_area(q, self.unit.buffer_cores * q.buffer_core**2)
        tiles = plan.all_tiles
        pes = tiles * plan.pes_abreast**2
        subarrays = pes * self.subarrays_abreast**2
        self.area = {
            "CIMarray": subarrays * sub.array,
            "ADC": subarrays * sub.adc,
            "Accum": subarrays * sub.accumulation + pes * self._pe_adders + tiles * self._tile_adders + adders,
            "IC": tiles * self._tile_ic + interconnect.htree_area(q, self.chip_tree, q.chip_folding),
            "Other": subarrays * sub.other
            + pes * self._pe_buffers
            + tiles * self._tile_buffers
            + memory
            + pooling
            + relu,
            "WG": weight_gradient.area(q, self.unit, side),
        }
        """Area of each part, um2, each (designs, 1)."""
