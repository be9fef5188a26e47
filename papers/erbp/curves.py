"""Learning curves of Neftci et al. (2017): test error against epochs, one panel a network."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures.learning import error_curves


def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against epochs of every method, against the published final errors."""
    return error_curves(datasets, published, "published at the right edge")
