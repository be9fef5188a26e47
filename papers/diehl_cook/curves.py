"""Error against epochs of networks that nobody tells a class, after Diehl and Cook (2015)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, by_network, published_error
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.learning import error_curves


def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against epochs of every network, from zero on: it falls little after the first third of a pass."""
    figure = error_curves(datasets, published, "theirs after three passes")
    for axes in figure.axes:
        axes.set_yscale("linear")
        axes.set_ylim(0, 25)
        axes.set_yticks(range(0, 26, 5))
    return figure


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Errors after the last epoch."""
    for (dataset, layers), members in by_network(datasets).items():
        for seeds in by_method(members).values():
            entry = published_error(seeds[0], published)
            value, certainty = (entry["value"], entry["certainty"]) if entry else (None, "article")
            finals = [100 * float(seed.test_error[-1]) for seed in seeds]
            yield Comparison(f"% wrong, {dataset} {layers}", value, finals, published["half_width"], certainty)
