"""How much faster DFA learns than BP on a compute-in-memory chip, whose layers it lets learn at the same time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brian2zoo.figures import CERTAINTY, legend
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION, WIDTH, styled

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE)
MARKERS = "os^v<"


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """How much faster DFA is than BP, over the number of layers, in the deepest network of equal layers."""
    claim = published["speedup"]
    for deepest in (dataset.isel(depth=-1) for dataset in datasets if "depth" in dataset.dims):
        if "hidden" not in deepest.attrs["network"]:  # all layers are equal
            ratio = deepest.Total_lat_ns.sel(rule="bp") / deepest.Overlapped_lat_ns.sel(rule="dfa")
            what = f"times faster over layers, {int(deepest.depth)} of {deepest.attrs['network']}"
            yield Comparison(what, 1.0, [float(ratio / deepest.depth)], claim["half_width"], claim["certainty"])


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Ratio of the times of an epoch, against the number of layers of weights.

    Parameters
    ----------
    datasets : costs over depth, from `brian2zoo.mapping.cim.depth.over_depth`.
    """
    deep = [dataset for dataset in datasets if "depth" in dataset.dims]
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, variable, title in (
        (panels[0], "Total_lat_ns", "forward phases one after another, then all layers at once"),
        (panels[1], "Overlapped_lat_ns", "forward phases of different samples at once as well"),
    ):
        for dataset, colour, marker in zip(deep, COLOURS, MARKERS, strict=False):
            ratio = dataset.Total_lat_ns.sel(rule="bp") / dataset[variable].sel(rule="dfa")
            axes.plot(dataset.depth, ratio, marker=marker, color=colour, label=dataset.attrs["network"])
        if deep:
            most = max(int(dataset.depth.max()) for dataset in deep)
            certainty = CERTAINTY[published["speedup"]["certainty"]]
            axes.plot([1, most], [1, most], "--", color=GREY, linewidth=1, label=f"number of layers: {certainty}")
        axes.set(xlabel="layers of weights", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0].set_ylabel("time of BP over time of DFA")
    legend(figure)
    return figure
