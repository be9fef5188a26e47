"""Where the weights of each layer lie: tiles of 2 x 2 or more processing elements (PE), each of subarrays.

A tile never holds two layers. Tile and PE are as small as uses the cells best; a small layer is duplicated over the
PEs and subarrays of its tile. After Peng et al. 2021 (doi:10.1109/TCAD.2020.3043731), "conventional mapping".
"""

from dataclasses import dataclass

import numpy as np

SIZES = 24  # powers of two that are tried


@dataclass(frozen=True)
class Floorplan:
    """Sizes in cells, of one design (points, 1) or of its layers (points, layers)."""

    tile: np.ndarray
    pe: np.ndarray
    columns: np.ndarray  # of a layer: outputs times cells of a weight
    tiles_high: np.ndarray
    tiles_wide: np.ndarray
    duplicates_pe: tuple[np.ndarray, np.ndarray]  # rows and columns
    duplicates_subarray: tuple[np.ndarray, np.ndarray]

    @property
    def tiles(self) -> np.ndarray:
        """Tiles of each layer."""
        return self.tiles_high * self.tiles_wide

    @property
    def all_tiles(self) -> np.ndarray:
        """Tiles of the chip."""
        return self.tiles.sum(-1, keepdims=True)

    @property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns in which the tiles of the chip stand."""
        high = np.ceil(np.sqrt(self.all_tiles))
        return high, np.ceil(self.all_tiles / high)

    @property
    def speedup(self) -> np.ndarray:
        """Copies of each layer, which share the reads."""
        return np.prod([*self.duplicates_pe, *self.duplicates_subarray], axis=0)

    @property
    def pes_abreast(self) -> np.ndarray:
        """PEs along one side of a tile."""
        return np.ceil(self.tile / self.pe)

    @property
    def fills_tile(self) -> np.ndarray:
        """Whether a layer is duplicated so often that each PE of its tile holds all of it."""
        rows = self.duplicates_pe[0] * self.duplicates_subarray[0]
        columns = self.duplicates_pe[1] * self.duplicates_subarray[1]
        return (self.speedup > 1) & (rows >= self.pes_abreast) & (columns >= self.pes_abreast)


def plan(inputs: np.ndarray, outputs: np.ndarray, subarray: np.ndarray, cells: np.ndarray) -> Floorplan:
    """Tiles, PEs and duplicates.

    Parameters
    ----------
    inputs, outputs : sizes of the layers, (1, layers).
    subarray : rows and columns of a subarray, (points, 1).
    cells : cells of a weight, side by side, (points, 1).
    """
    columns = outputs * cells
    largest = (2 ** np.ceil(np.log2(columns))).max(-1, keepdims=True)
    start = np.maximum(largest, 4 * subarray)
    weights = (inputs * columns).sum(-1, keepdims=True)

    tile, best = start, np.zeros_like(start)
    for power in range(SIZES):
        size = start / 2**power
        n_tiles = (np.ceil(inputs / size) * np.ceil(columns / size)).sum(-1, keepdims=True)
        used = np.where(size > 4 * subarray, weights / (n_tiles * size**2), 0)
        tile, best = np.where(used > best, size, tile), np.maximum(used, best)

    n_tiles = (np.ceil(inputs / tile) * np.ceil(columns / tile)).sum(-1, keepdims=True)
    pe = tile / 2
    for power in range(1, SIZES):
        size = tile / 2**power
        copies = np.prod(_duplicates(inputs, columns, tile, size), axis=0)
        held = (copies * inputs * columns).sum(-1, keepdims=True)
        used = np.where(size > 2 * subarray, held / (n_tiles * tile**2), 0)
        pe, best = np.where(used > best, size, pe), np.maximum(used, best)

    return Floorplan(
        tile,
        pe,
        columns,
        np.ceil(inputs / tile),
        np.ceil(columns / tile),
        _duplicates(inputs, columns, tile, pe),
        _duplicates(inputs, columns, pe, subarray),
    )


def _duplicates(
    rows: np.ndarray, columns: np.ndarray, outer: np.ndarray, inner: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How often a matrix fits into a block of size `outer` made of blocks of size `inner`, in rows and in columns."""
    room = np.ceil(outer / inner)
    fits = (rows <= outer) | (columns <= outer)
    return tuple(np.where(fits, np.maximum(np.floor(room / np.ceil(side / inner)), 1), 1) for side in (rows, columns))
