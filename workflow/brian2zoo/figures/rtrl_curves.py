"""Learning curves of the rules that follow from real-time recurrent learning.

Zenke & Neftci's own results were not available; diamonds are an independent simulation of the same task.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures.erbp_curves import error_curves


def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against epochs of every rule."""
    return error_curves(datasets, published, 3.6, "at the right edge another simulation, 15 epochs")
