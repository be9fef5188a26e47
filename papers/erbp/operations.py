"""Operations of training against accuracy, after Neftci et al. (2017), one panel a network.

Spiking networks are counted in synaptic operations (SynOps), rate networks in multiply-accumulates (MACs): once by
the paper's formulas, once by the synapses that a spike or an activity really passes. The axis of accuracies is
logarithmic in the error, so that 98 % and a seed that never learns both show.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import accuracy_axis, by_method, by_network, legend, panels, title
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import GREY, THIN, look, method_looks, styled

UNITS = {"synops": "SynOps", "macs": "MACs"}


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """SynOps of a spiking rule over MACs of BP, until both have reached an accuracy, by the paper's counts."""
    claim = published["operations"]
    for (dataset, layers), members in by_network(datasets).items():
        if dataset != published["dataset"]:
            continue
        spent = {
            method: [_spent(seed, claim["error"]) for seed in seeds] for method, seeds in by_method(members).items()
        }
        dense = np.mean(spent.get(("bp", "default"), [np.nan]))
        for (experiment, setting), counts in spent.items():
            if experiment in claim["methods"] and setting == "default":
                what = f"{look(experiment).label} to {100 - claim['error']} %, SynOps over MACs of BP, {layers}"
                ratios = [count / dense for count in counts if np.isfinite(count / dense)]
                yield Comparison(what, tuple(claim["ratio"]), ratios, certainty=claim["certainty"])


def _spent(seed: xr.Dataset, error: float) -> float:
    """Operations until the test error was first as low; nan if it never was."""
    unit = next(unit for unit in UNITS if unit in seed)
    reached = 100 * seed.test_error <= error
    return float(_done(seed[unit])[np.argmax(reached.values)]) if reached.any() else np.nan


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Operations since the start against test accuracy; a line is one seed, epoch by epoch."""
    figure, networks = panels([d for d in datasets if any(unit in d for unit in UNITS)], "test_error")
    for (axes,), members in networks:
        methods = by_method(members)
        for method, shown in method_looks(methods).items():
            seeds = methods[method]
            unit = next(unit for unit in UNITS if unit in seeds[0])
            for seed in seeds:
                reached = np.fmin.accumulate(100 * seed.test_error.values)
                line = shown.line | {"marker": shown.marker, "markevery": [-1]}
                axes.plot(reached, _done(seed[unit]), label=f"{shown.label} ({UNITS[unit]})", **line)
                axes.plot(reached, _done(seed[f"{unit}_true"]), linewidth=THIN, **line)
        axes.plot([], [], color=GREY, label="paper's count")
        axes.plot([], [], color=GREY, label="true count", linewidth=THIN)
        axes.set_yscale("log")
        accuracy_axis(axes.xaxis)
        axes.set_xlabel("best test accuracy so far (%)")
        axes.set_ylabel("operations since the start")
        title(axes, members, "no published numbers")
    legend(figure)
    return figure


def _done(operations: xr.DataArray) -> xr.DataArray:
    """Operations since the start; not those of an untrained network, which a logarithmic axis cannot show."""
    done = operations.fillna(0).cumsum("epoch")
    return done.where(done > 0)
