"""What each rule costs: memory accesses, arithmetic and random numbers of a training sample, and bits of a synapse.

Counted from the equations of each network and the spikes of its last epoch; the mean over the seeds. Neftci et al.
(2017) promise one addition and two comparisons for each synaptic operation, which the ledger's test holds eRBP to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brian2zoo.figures import by_method, by_network, legend
from brian2zoo.figures.style import BLUE, PALE, VERMILLION, WIDTH, method_looks, network_label, styled

PARTS = {"transmission": BLUE, "learning": VERMILLION, "neurons": PALE}
COLUMNS = {
    "memory accesses": ("synapse_reads", "synapse_writes", "neuron_reads", "neuron_writes"),
    "arithmetic": ("additions", "multiplications", "comparisons", "functions"),
    "random numbers": ("random_numbers",),
}
HEIGHT = 0.24  # inches a method
MILLION = 1e6


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """A row of panels a network, a bar a method; `published` has nothing to compare it with."""
    networks = by_network([d for d in datasets if "operations" in d])
    if not networks:
        figure = Figure(figsize=(WIDTH, 1), layout="constrained")
        figure.suptitle("no result has 'operations': nothing to draw")
        return figure
    methods = [by_method(members) for members in networks.values()]
    heights = [1.0 + HEIGHT * len(of_network) for of_network in methods]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.4), layout="constrained")
    ratios = [len(of_network) for of_network in methods]
    grid = figure.subplots(len(networks), len(COLUMNS), squeeze=False, height_ratios=ratios, sharey="row")
    for row, network, of_network in zip(grid, networks, methods, strict=True):
        bits = [_mean([d.memory_synapse for d in seeds]) for seeds in of_network.values()]
        labels = [shown.label for shown in method_looks(of_network).values()]
        if len(set(bits)) > 1:
            labels = [f"{label}, {n:g} bits" for label, n in zip(labels, bits, strict=True)]
        for axes, (title, kinds) in zip(row, COLUMNS.items(), strict=True):
            left = np.zeros(len(labels))
            for part, colour in PARTS.items():
                counts = [
                    _mean([d.operations.sel(part=part, operation=list(kinds)).sum() / MILLION for d in seeds])
                    for seeds in of_network.values()
                ]
                axes.barh(labels, counts, left=left, color=colour, height=0.7, label=part)
                left += counts
            for place, total in enumerate(left):
                axes.annotate(f"{total:.2g}", (total, place), (3, 0), textcoords="offset points", va="center")
            axes.set_xlabel(f"{title}\na sample (millions)")
            axes.set_xlim(0, 1.2 * left.max() or 1)
            axes.xaxis.set_major_locator(MaxNLocator(4))
        row[0].invert_yaxis()
        same = f"\n{bits[0]:g} bits a plastic synapse" if len(set(bits)) == 1 else ""
        row[0].set_title(network_label(dict(zip(("dataset", "layers"), network, strict=True))) + same)
    legend(figure)
    return figure


def _mean(values: Sequence[xr.DataArray]) -> float:
    return float(np.mean([float(value) for value in values]))
