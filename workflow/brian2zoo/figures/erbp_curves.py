"""Learning curves of Neftci et al. (2017): test error against epochs, one panel a network.

Thin lines are seeds, thick ones their mean. Diamonds at the right edge are the final values of the paper's Table 1.
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
from brian2zoo.figures.style import look, styled


def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against epochs of every method, beside the published final errors."""
    return error_curves(datasets, published, 2.4, "published at the right edge")


@styled
def error_curves(
    datasets: Sequence[xr.Dataset], published: Mapping[str, Any], height: float, about_marks: str
) -> Figure:
    """Error against epochs of every method, with marks at the right edge.

    Parameters
    ----------
    height : of a panel, in inches.
    about_marks : what the marks are.
    """
    figure, networks = panels(datasets, "epoch", height=height)
    for (axes,), members in networks:
        edge = 1.03
        for method, seeds in by_method(members).items():
            errors = [100 * seed.test_error.where(seed.epoch > 0) for seed in seeds]  # before training: chance
            seed_lines(axes, errors, look(*method))
            if entry := published_error(seeds[0], published):
                at_edge = axes.get_yaxis_transform()
                colour = look(*method).colour
                mark_published(
                    axes, edge, entry["value"], entry["certainty"], published["half_width"], colour, transform=at_edge
                )
                edge += 0.035  # side by side, so that the bars do not hide one another
        error_axis(axes)
        epoch_axis(axes, members)
        known = any(published_error(member, published) for member in members)
        title(axes, members, about_marks if known else "no published values")
    legend(figure)
    return figure
