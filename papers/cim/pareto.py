"""Accuracy of networks that learned in place against what they cost on the chip they learned on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brian2zoo.figures import error_axis, legend, plain_log_ticks
from brian2zoo.figures.style import WIDTH, look, styled

COSTS = {  # variable: label, factor to its unit
    "energy": ("energy of a sample (µJ)", 1e-6),
    "energy_chip": ("without DRAM (nJ)", 1e-3),
    "area": ("area of the chip (mm²)", 1e-6),
    "time": ("time of a sample (µs)", 1e-3),
}


def front(cost: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Indices of points that no other beats in both, from cheap to dear."""
    order = np.lexsort((error, cost))
    best = np.minimum.accumulate(np.concatenate([[np.inf], error[order][:-1]]))
    return order[error[order] < best]


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against energy, area and time: a dot for each training of the sweeps, a line along the best of each rule.

    Parameters
    ----------
    datasets : one of `brian2zoo.mapping.cim.trained.of_trainings`.
    """
    swept = next((dataset for dataset in datasets if "training" in dataset.dims), None)
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    panels = figure.subplots(2, 2, sharey=True).ravel()
    if swept is None:
        panels[0].set_title("no result has 'training': nothing to draw")
        return figure
    error = np.array([100 * errors[np.isfinite(errors)][-1] for errors in swept.test_error.values])
    for axes, (variable, (label, factor)) in zip(panels, COSTS.items(), strict=True):
        for experiment in dict.fromkeys(swept.experiment.values.tolist()):
            own = (swept.experiment == experiment).values
            _draw_rule(axes, factor * swept[variable].values[own], error[own], experiment)
        axes.set_xlabel(label)
        if swept[variable].max() > 3 * swept[variable].min():
            axes.set_xscale("log")
            plain_log_ticks(axes.xaxis, (1, 2, 5))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4))
    for axes in panels[::2]:
        error_axis(axes)
    panels[0].set_title(f"{swept.training.size} trainings: cells, converters, width, depth")
    legend(figure)
    return figure


def _draw_rule(axes: Axes, cost: np.ndarray, error: np.ndarray, experiment: str) -> None:
    drawn, best = look(experiment), front(cost, error)
    axes.plot(cost, error, ".", color=drawn.colour, markersize=2.5, alpha=0.35, zorder=1)
    axes.step(cost[best], error[best], where="post", marker=drawn.marker, label=drawn.label, **drawn.line)
