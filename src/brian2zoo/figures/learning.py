"""Learning curves: test error against epochs, one panel a network.

Thin lines are seeds, thick ones their mean. Diamonds at the right edge are the final values that a paper reports.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import (
    by_method,
    epoch_axis,
    error_axis,
    legend,
    mark_published,
    panels,
    published_error,
    seed_lines,
    title,
)
from brian2zoo.figures.style import method_looks, styled


@styled
def error_curves(
    datasets: Sequence[xr.Dataset], published: Mapping[str, Any], about_marks: str, height: float = 2.8
) -> Figure:
    """Error against epochs of every method, with marks at the right edge.

    Parameters
    ----------
    about_marks : what the marks are.
    height : of a panel, in inches.
    """
    figure, networks = panels(datasets, "epoch", height=height)
    for (axes,), members in networks:
        edge, methods = 1.03, by_method(members)
        for method, shown in method_looks(methods).items():
            seeds = methods[method]
            errors = [100 * seed.test_error.where(seed.epoch > 0) for seed in seeds]  # before training: chance
            seed_lines(axes, errors, shown)
            if entry := published_error(seeds[0], published):
                at_edge = axes.get_yaxis_transform()
                mark_published(
                    axes, edge, entry["value"], entry["certainty"], published["half_width"], shown.colour,
                    transform=at_edge,
                )  # fmt: skip
                edge += 0.035  # side by side, so that the bars do not hide one another
        error_axis(axes)
        epoch_axis(axes, members)
        known = any(published_error(member, published) for member in members)
        title(axes, members, about_marks if known else "no published values")
    legend(figure)
    return figure
