"""Histograms of the 8-bit weights before and after training, after Renner et al. (2024)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import legend, panels
from brian2zoo.figures.style import BLUE, GREY, PALE, network_label, styled

from .curves import in_epochs, of_the_rule

MATRICES = {"W1, input to hidden": "input_hidden1", "W2, hidden to output": "hidden1_output"}
LIMITS = (-256, 254)  # of a mixed-sign weight of 8 bits, even numbers
BINS = np.arange(-257, 256, 8)  # four values each, the last one three


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """One row a network of the paper's rule, all seeds together."""
    figure, networks = panels(of_the_rule(datasets, published), "w_input_hidden1", columns=2)
    for both, members in networks:
        seeds = f"{len(members)} seed{'s' * (len(members) > 1)}"
        epochs = float(in_epochs(members[0], published).epoch[-1])
        for axes, (name, projection) in zip(both, MATRICES.items(), strict=True):
            before, after = (_all(members, f"{prefix}_{projection}") for prefix in ("w0", "w"))
            _draw_histograms(axes, before, after)
            at_limit = 100 * np.isin(after, LIMITS).mean()
            where = f"{network_label(members[0].attrs)}, {name}"
            axes.set_title(f"{where}\n{seeds}, after {epochs:g} epochs; {at_limit:.2g} % at a limit")
            axes.set_xlabel("weight (threshold 1024)")
        both[0].set_ylabel("fraction of weights")
    legend(figure)
    return figure


def _all(members: Sequence[xr.Dataset], name: str) -> np.ndarray:
    return np.concatenate([member[name].values.ravel() for member in members])


def _draw_histograms(axes: Axes, before: np.ndarray, after: np.ndarray) -> None:
    for values, look in ((before, {"color": PALE, "label": "as drawn"}), (after, {"color": BLUE, "label": "trained"})):
        counts, edges = np.histogram(values, BINS)
        fill = look["label"] == "as drawn"
        axes.stairs(counts / values.size, edges, fill=fill, linewidth=1.2, **look)
    axes.set_yscale("log")
    for limit in LIMITS:
        axes.axvline(limit, color=GREY, linestyle="--", linewidth=0.6)
    axes.set_xticks([-256, -128, 0, 128, 254])
