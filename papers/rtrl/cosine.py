"""How far the gradient of each rule points where the exact one does: against recurrent strength, a panel a steepness.

The exact gradient is real-time recurrent learning's. No published values are known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import legend
from brian2zoo.figures.style import GREY, THIN, WIDTH, look, method_order, styled


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Cosine of every rule's gradient and the exact one.

    Parameters
    ----------
    datasets : one, over `experiment`, `strength` and a parameter of the surrogate, with `cosine` and `activity`.
    """
    (compared,) = datasets
    (parameter,) = set(compared.activity.dims) - {"strength"}
    figure = Figure(figsize=(WIDTH, 2.6), layout="constrained")
    panels = figure.subplots(1, compared.sizes[parameter], sharey=True, squeeze=False)[0]
    for axes, value in zip(panels, compared[parameter].values, strict=True):
        for name in sorted(compared.experiment.values, key=lambda name: method_order((str(name), "default"))):
            drawn = look(str(name))
            curve = compared.cosine.sel({parameter: value, "experiment": name})
            axes.plot(compared.strength, curve, marker=drawn.marker, label=drawn.label, **drawn.line)
        axes.axhline(0, color=GREY, linewidth=THIN)
        spikes = compared.activity.sel({parameter: value})
        axes.set_title(f"{parameter} {value:g}\n{float(spikes.min()):.0f} to {float(spikes.max()):.0f} spikes a sample")
        axes.set_xlabel("recurrent strength")
        axes.set_ylim(-0.5, 1.05)
    panels[0].set_ylabel("cosine to the exact gradient")
    legend(figure)
    return figure
