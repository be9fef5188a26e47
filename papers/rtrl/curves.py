"""Learning curves of the rules that follow from real-time recurrent learning.

Zenke & Neftci's own results were not available; diamonds are an independent simulation of the same task.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, by_network
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.learning import error_curves
from brian2zoo.figures.style import look


def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against epochs of every rule."""
    return error_curves(datasets, published, "at the right edge another simulation, 15 epochs", 3.6)


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Errors after the last epoch, against those of the other simulation; then those it does not have."""
    for (dataset, layers), members in by_network(datasets).items():
        entries = published["error"].get(layers, {}) if dataset == published["dataset"] else {}
        for (experiment, _), seeds in by_method(members).items():
            finals = [100 * float(seed.test_error[-1]) for seed in seeds]
            entry = entries.get(experiment)
            what = f"{look(experiment).label}, % wrong, {dataset} {layers}"
            value, certainty = (entry["value"], entry["certainty"]) if entry else (None, "article")
            yield Comparison(what, value, finals, published["half_width"] if entry else 0, certainty)
