"""What each output unit has learned to see: its weights as a picture, after Diehl and Cook (2015)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import by_network
from brian2zoo.figures.style import WIDTH, network_label, styled
from brian2zoo.run.scores import of_result

WEIGHTS = "w_input_output"
_GAP = 1  # pixel between two pictures


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """A panel for each network, the first seed of it; units in the order of their classes."""
    networks = by_network([dataset for dataset in datasets if WEIGHTS in dataset]).values()
    figure = Figure(figsize=(WIDTH, WIDTH / max(len(networks), 1) + 0.5), layout="constrained")
    for axes, (member, *_) in zip(
        figure.subplots(1, max(len(networks), 1), squeeze=False).flat, networks, strict=bool(networks)
    ):
        weights, decoder = member[WEIGHTS].values, of_result(member)
        label = decoder.weights.argmax(axis=1)
        axes.imshow(tiled(weights[:, np.argsort(label, kind="stable")]), cmap="magma_r", interpolation="nearest")
        axes.set_title(f"{network_label(member.attrs)}, after {float(member.epoch[-1]):g} epochs")
        axes.set_axis_off()
    return figure


def tiled(weights: np.ndarray) -> np.ndarray:
    """Pictures of units (pixel, unit), square ones, side by side in a square; where there is none, not a number."""
    n_pixels, n_units = weights.shape
    side, across = round(n_pixels**0.5), int(np.ceil(n_units**0.5))
    rows = -(-n_units // across)
    pictures = np.full((rows * across, side + _GAP, side + _GAP), np.nan)
    pictures[:n_units, :side, :side] = weights.T.reshape(n_units, side, side)
    grid = pictures.reshape(rows, across, side + _GAP, side + _GAP).swapaxes(1, 2)
    return grid.reshape(rows * (side + _GAP), across * (side + _GAP))[:-_GAP, :-_GAP]
