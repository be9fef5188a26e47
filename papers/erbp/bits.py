"""Error against the bits of weights and of neuron states, after Neftci et al. (2017), one panel a network.

The paper quantizes weights to 8 bits while learning; its numbers were not found.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brian2zoo.figures import error_axis, legend, panels, seed_lines, title
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLUE, GREEN, GREY, VERMILLION, Look, styled

QUANTIZED = {
    "error_learning": Look("weights, while learning", BLUE, "o"),
    "error_after": Look("weights, after training", VERMILLION, "s"),
    "error_states": Look("neuron states", GREEN, "^"),
}


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Errors with 8 bits, for which no published value is known."""
    for swept in datasets:
        network = f"{swept.attrs['dataset']} {swept.attrs['layers']}"
        for name, shown in QUANTIZED.items():
            if name in swept and 8 in swept.bits:
                errors = (100 * swept[name].sel(bits=8)).dropna("seed").values.tolist()
                yield Comparison(f"8-bit {shown.label}, % wrong, {network}", None, errors)
        yield Comparison(f"floating point, % wrong, {network}", None, (100 * swept.error_float).values.tolist())


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against bits: thin lines are seeds, thick ones their mean."""
    figure, networks = panels(datasets, "error_float")
    for (axes,), members in networks:
        for member in members:
            unquantized = 100 * float(member.error_float.mean())
            axes.axhline(unquantized, color=GREY, linestyle="--", label="floating point, mean over seeds")
            for name, shown in QUANTIZED.items():
                if name in member:
                    error = 100 * member[name].transpose("seed", "bits")
                    seed_lines(axes, list(error), shown, markevery=None)
        error_axis(axes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("bits")
        title(axes, members, "no published numbers")
    legend(figure)
    return figure
