"""The Jacobian of a recurrent layer in blocks of neurons: on the diagonal their own dynamics, else the way by spikes.

What block-diagonal real-time recurrent learning leaves out is everything off the diagonal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from brian2zoo.figures.style import WIDTH, styled

FAINTEST = 1e-3  # of the largest block


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Norms of the blocks, a row a steepness of the surrogate, a column a strength of the recurrent weights.

    Parameters
    ----------
    datasets : one, with `jacobian` (parameter, strength, post, pre).
    """
    (compared,) = datasets
    (parameter,) = set(compared.jacobian.dims) - {"strength", "post", "pre"}
    n_rows, n_columns = compared.sizes[parameter], compared.sizes["strength"]
    figure = Figure(figsize=(WIDTH, 0.6 + 1.5 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    largest = float(compared.jacobian.max())
    for row, value in zip(grid, compared[parameter].values, strict=True):
        for axes, strength in zip(row, compared.strength.values, strict=True):
            blocks = compared.jacobian.sel({parameter: value, "strength": strength}).values
            image = axes.imshow(blocks, norm=LogNorm(FAINTEST * largest, largest), cmap="viridis")
            axes.set_facecolor("black")  # nothing at all
            outside = 1 - np.sum(np.diag(blocks) ** 2) / np.sum(blocks**2)
            above = f"strength {strength:g}\n" if value == compared[parameter].values[0] else ""
            axes.set_title(f"{above}{100 * outside:.1f} % off")
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(f"{parameter} {value:g}\nto neuron")
    for axes in grid[-1]:
        axes.set_xlabel("from neuron")
    figure.colorbar(image, ax=grid, label="norm of a block", shrink=0.6, extend="min")
    return figure
