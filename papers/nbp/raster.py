"""Every spike of a gated circuit over a few samples, layer by phase, after Renner et al. (2024).

Phases in which weights grow are blue, those in which they shrink red; above the first sample stands which.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import panels
from brian2zoo.figures.style import BLACK, GREY, PALE, WIDTH, look, network_label, styled

from .connectivity import LEARNS, learning

HEIGHT = 0.1  # inches of a row, for each factor of two of its units
ROOM = 36  # phases that have room for their number


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """The first trace of a circuit that follows a table of phases."""
    traces = [dataset for dataset in datasets if "spike_unit" in dataset and "phases" in dataset.attrs]
    if not traces:
        return panels([], "spike_unit")[0]
    trace, table = traces[0], json.loads(traces[0].attrs["phases"])
    sizes = _sizes(trace, table)
    heights = [HEIGHT * max(2.0, np.log2(size)) for size in sizes.values()]
    figure = Figure(figsize=(WIDTH, 0.9 + sum(heights)), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.02, hspace=0)
    rows = figure.subplots(len(sizes), sharex=True, height_ratios=heights)

    n_phases, n_samples = len(table["phases"]), trace.sizes["sample"]
    # A phase is one step; the trace says when a sample begins, so that no time constant is needed.
    length = float(trace.time[1]) if trace.sizes["time"] > 1 else 1.0
    step = np.rint(trace.spike_time.values / length).astype(int)
    for axes, (population, size) in zip(rows, sizes.items(), strict=True):
        own = trace.spike_population.values == population
        _draw_spikes(axes, step[own], trace.spike_unit.values[own], size)
        axes.set_ylabel(population, rotation=0, ha="right", va="center")
        for sample in range(n_samples):
            for number, (_, grows) in learning(table).items():
                left = sample * n_phases + number - 1.5
                axes.axvspan(left, left + 1, color=LEARNS[grows], linewidth=0, zorder=0)
            axes.axvline(sample * n_phases - 0.5, color=BLACK, linewidth=0.6)
        axes.tick_params(length=0, labelbottom=axes is rows[-1])
        axes.grid(axis="x", color=PALE, linewidth=0.3)

    for number, (changes, _) in learning(table).items():
        rows[0].annotate(changes, (number - 1, 1.1), ha="center", xycoords=("data", "axes fraction"), color=GREY)
    for sample, label in enumerate(trace.label.values):
        rows[0].annotate(f"class {label}", (sample * n_phases - 0.5, 1.1), xycoords=("data", "axes fraction"))
    steps = np.arange(n_samples * n_phases)
    shown = steps if len(steps) <= ROOM else steps[steps % n_phases % 4 == 0]
    rows[-1].set_xticks(shown, [str(s % n_phases + 1) for s in shown])
    rows[-1].set_xlim(-0.5, len(steps) - 0.5)
    rows[-1].set_xlabel("phase of each sample")
    network = f"{look(trace.attrs['experiment']).label}, {network_label(trace.attrs)}"
    rows[0].set_title(f"{network}, seed {trace.attrs['seed']}, from {trace.attrs['weights']} weights", pad=16)
    return figure


def _sizes(trace: xr.Dataset, table: Mapping[str, Any]) -> dict[str, int]:
    """Units of each population in the order of the table, and of the ring of gates, which the table does not list."""
    layers = dict(zip(("input", "hidden", "output"), map(int, trace.attrs["layers"].split("-")), strict=True))
    sizes = {name: layers[place["layer"]] for name, place in table["populations"].items()}
    others = dict.fromkeys(name for name in trace.spike_population.values if name not in sizes)
    return sizes | dict.fromkeys(others, len(table["phases"]))


def _draw_spikes(axes: Axes, step: np.ndarray, unit: np.ndarray, size: int) -> None:
    """A dash as wide as its phase for every spike."""
    axes.hlines(unit, step - 0.4, step + 0.4, color=BLACK, linewidth=max(0.35, 20 / max(size, 16)), rasterized=True)
    axes.set_ylim(-1, size)
    axes.set_yticks([])
