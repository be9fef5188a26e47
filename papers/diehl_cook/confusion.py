"""Which digits are taken for which, after Diehl and Cook (2015)."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import panels, title
from brian2zoo.figures.style import styled


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """A panel for each network: of the images of a class, the share that is given each class, all seeds together."""
    figure, networks = panels(datasets, "confusion", height=3.2)
    for (axes,), members in networks:
        table = sum(member.confusion for member in members)
        share = 100 * table / table.sum("predicted")
        shown = axes.imshow(share, cmap="Greys", vmin=0, vmax=100)
        for true, row in enumerate(share.values):
            for predicted, value in enumerate(row):
                if value >= 0.5:
                    colour = "white" if value > 50 else "black"
                    axes.text(predicted, true, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=6)
        axes.set(xlabel="class given", ylabel="true class", xticks=range(len(share)), yticks=range(len(share)))
        wrong = sum(float(member.test_error) for member in members) / len(members)
        title(axes, members, f"{100 * wrong:.1f} % wrong")
        figure.colorbar(shown, ax=axes, label="% of the class")
    return figure
