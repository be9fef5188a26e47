"""Where cores lie on a chip, how far spikes travel, and which order of cores makes the ways short."""

from dataclasses import replace
from itertools import count

import numpy as np
from scipy.optimize import quadratic_assignment

from brian2zoo.mapping.spiking.activity import Activity
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.mapping.spiking.place import Placement

LARGEST = 256  # cores that are put in order; the search takes the cube of their number
FARTHEST = 4096  # number of one of these cores; there are tables from each core to each, used or not


def hops(chip: Chip, span: int) -> tuple[np.ndarray, np.ndarray]:
    """Tiles in x and in y between any two cores, each (core, core); none known between chips, or without a mesh."""
    cores = np.arange(span)
    on_chip = cores % int(chip.get("cores", span))
    tile = on_chip // int(chip.get("cores_per_tile", span))
    columns = int(chip.get("columns", 1))
    same = np.equal.outer(cores - on_chip, cores - on_chip)
    return tuple(np.abs(np.subtract.outer(at, at)) * same for at in (tile % columns, tile // columns))


def traffic(placement: Placement, activity: Activity | None = None) -> np.ndarray:
    """Messages of a sample from core to core, (core, core); without activity one spike of every neuron."""
    sent = np.zeros((placement.span, placement.span))
    for p in placement.demand.placed:
        spikes = np.ones(p.size) if activity is None else activity.neurons(p.name)
        np.add.at(sent, placement.core_of[p.name], spikes[:, None] * placement.messages[p.name])
    return sent


def arrange(placement: Placement, activity: Activity | None = None) -> Placement:
    """The same placement with its cores in an order that shortens the ways of spikes.

    By SciPy's approximate solution of the quadratic assignment problem, on the smallest square of tiles that has
    room. As it is, if the chip has no mesh, the placement takes more than one chip, or more than `LARGEST` cores, or
    rows of the mesh are so long that the numbers of these cores exceed `FARTHEST`.
    """
    chip, span = placement.chip, placement.span
    if not (chip.known("columns") and chip.known("cores")):
        return placement
    if not chip.need("cores_per_tile") < span <= LARGEST:
        return placement
    slots = _square(chip, span)
    if span > len(slots) or len(slots) > LARGEST or slots.max() > FARTHEST:
        return placement
    x, y = (distance[np.ix_(slots, slots)] for distance in hops(chip, int(slots.max()) + 1))
    flow = np.zeros_like(x, dtype=float)
    flow[:span, :span] = traffic(placement, activity)
    found = quadratic_assignment(flow, x + y, method="faq", options={"rng": np.random.default_rng(0)})
    order = slots[found.col_ind]
    arranged = replace(placement, core_of={name: order[cores] for name, cores in placement.core_of.items()})
    return min(placement, arranged, key=lambda p: way(p, activity))


def way(placement: Placement, activity: Activity | None = None) -> float:
    """Tiles that all messages of a sample pass together."""
    x, y = hops(placement.chip, placement.span)
    return float(np.sum(traffic(placement, activity) * (x + y)))


def _square(chip: Chip, span: int) -> np.ndarray:
    """Cores of the smallest square of tiles in a corner of a chip that has room for `span` cores; else all."""
    each, columns, total = (int(chip.need(name)) for name in ("cores_per_tile", "columns", "cores"))
    for side in count(1):
        tiles = np.add.outer(columns * np.arange(side), np.arange(min(side, columns))).ravel()
        cores = np.add.outer(each * tiles, np.arange(each)).ravel()
        cores = cores[cores < total]
        if len(cores) >= min(span, total):
            return cores
