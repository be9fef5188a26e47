"""Angle between the feedback and the forward weights of each hidden layer against epochs, one panel a network.

Neftci et al. (2017) have no such figure; the measure is that of Lillicrap et al. (2016), doi:10.1038/ncomms13276.
Below 90 degrees the random feedback carries an error that descends the loss.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, epoch_axis, legend, panels, seed_lines, title
from brian2zoo.figures.style import GREY, THIN, method_looks, styled

LINES = ("-", "--", ":")  # of the hidden layers, from the input up


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Angle against epochs; methods without random feedback have none and are left out."""
    with_feedback = [d for d in datasets if "alignment" in d and d.alignment.notnull().any()]
    figure, networks = panels(with_feedback, "alignment")
    for (axes,), members in networks:
        axes.axhline(90, color=GREY, linewidth=THIN)
        for layer, line in zip(range(members[0].sizes["hidden"]), cycle(LINES), strict=False):
            methods = by_method(members)
            for method, shown in method_looks(methods).items():
                curves = [seed.alignment.isel(hidden=layer) for seed in methods[method]]
                seed_lines(axes, curves, shown, linestyle=line)
            if members[0].sizes["hidden"] > 1:
                axes.plot([], [], color=GREY, linestyle=line, label=f"hidden layer {layer + 1}")
        epoch_axis(axes, members)
        axes.set_ylabel("feedback angle (°)")
        title(axes, members, "not in the paper")
    legend(figure)
    return figure
