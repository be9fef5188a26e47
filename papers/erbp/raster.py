"""Spikes of every population over some samples, and one output neuron from the inside, after Neftci et al. (2017).

From the top: spikes of each population; the neuron's somatic potential V and its threshold; its dendritic potential U
and the spikes of its error neurons E+ and E-; its synaptic current I and the boxcar within which it learns; one of
its weights. The paper shows them in two figures.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import panels
from brian2zoo.figures.style import BLACK, BLUE, GREY, PALE, VERMILLION, WIDTH, look, network_label, styled

ROWS = {"V": "output_V", "U": "output_U", "I": "output_I", "w": "weight"}
AXIS = {"V": (1e3, "mV"), "A": (1e9, "nA"), "s": (1e3, "ms")}  # unit of a result: factor to, and unit of, its axis
TRACE_HEIGHT = 0.8  # inches
FEW = 20  # units of a population whose spikes have room for a tick each


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """The first trace with such variables; of output neuron 0, unless an attribute `neuron` says otherwise."""
    traces = [dataset for dataset in datasets if {"spike_unit", *ROWS.values()} <= set(dataset)]
    if not traces:
        return panels(traces, "spike_unit")[0]
    trace = traces[0]
    sizes = _sizes(trace)
    heights = [*(np.log10(size) / 2 for size in sizes.values()), *[TRACE_HEIGHT] * len(ROWS)]
    figure = Figure(figsize=(WIDTH, 0.5 + sum(heights)), layout="constrained")
    rows = figure.subplots(len(heights), sharex=True, height_ratios=heights)
    for axes, (population, size) in zip(rows, sizes.items(), strict=False):
        _draw_spikes(axes, trace, population, size)
    _draw_neuron(dict(zip(ROWS, rows[-len(ROWS) :], strict=True)), trace, sizes["label"])

    for axes in rows:
        for onset in _scaled(trace.onset)[0]:
            axes.axvline(onset, color=PALE, linewidth=0.6, zorder=0)
        axes.tick_params(bottom=axes is rows[-1])
        axes.margins(x=0)
    for onset, label in zip(_scaled(trace.onset)[0], trace.label.values, strict=True):
        rows[0].annotate(f" {label}", (onset, 1), xycoords=("data", "axes fraction"), va="bottom")
    network = f"{look(trace.attrs['experiment']).label}, {network_label(trace.attrs)}"
    rows[0].set_title(f"{network}, seed {trace.attrs['seed']}; true classes of the samples:", pad=14)
    rows[-1].set_xlabel("time (ms)")
    figure.align_ylabels()
    return figure


def _sizes(trace: xr.Dataset) -> dict[str, int]:
    """Units of each population, in the order of the rows."""
    n_inputs, *hidden, n_classes = map(int, trace.attrs["layers"].split("-"))
    deepest_first = {f"hidden{depth}": hidden[depth - 1] for depth in range(len(hidden), 0, -1)}
    return {"label": n_classes, "error": 2 * n_classes, "output": n_classes, **deepest_first, "input": n_inputs}


def _draw_spikes(axes: Axes, trace: xr.Dataset, population: str, size: int) -> None:
    """A tick for every spike, in a large population a dot."""
    own = trace.spike_population.values == population
    time, unit = _scaled(trace.spike_time)[0][own], trace.spike_unit.values[own]
    marker = {"marker": "|", "s": 12, "linewidth": 0.6} if size <= FEW else {"marker": ".", "s": 1, "linewidth": 0}
    colour = np.where(unit < size // 2, BLUE, VERMILLION) if population == "error" else BLACK
    axes.scatter(time, unit, c=colour, rasterized=True, **marker)
    axes.set_ylim(-1, size)
    axes.set_yticks([])
    axes.set_ylabel(population, rotation=0, ha="right", va="center")


def _draw_neuron(rows: Mapping[str, Axes], trace: xr.Dataset, n_classes: int) -> None:
    """The state of one output neuron and one of its weights."""
    time, _ = _scaled(trace.time)
    for name, axes in rows.items():
        values, unit = _scaled(trace[ROWS[name]])
        axes.plot(time, values, color=BLACK, linewidth=0.6)
        axes.set_ylabel(f"{name} ({unit})")

    parameters = json.loads(trace.attrs["parameters"])
    v_th, b_max = AXIS["V"][0] * parameters["output.V_th"], AXIS["A"][0] * parameters["weight.b_max"]
    rows["V"].axhline(v_th, color=GREY, linestyle="--", linewidth=0.8)
    rows["I"].axhspan(-b_max, b_max, color=PALE, zorder=0)
    for text, axes, y in (("threshold", rows["V"], v_th), (f"boxcar ±{b_max:g} nA", rows["I"], b_max)):
        axes.annotate(text, (1.005, y), xycoords=("axes fraction", "data"), color=GREY, va="center")

    neuron = int(trace.attrs.get("neuron", 0))
    spikes = trace.isel(spike=trace.spike_population.values == "error")
    for text, unit, colour, y in (("E+", neuron, BLUE, 1.0), ("E-", neuron + n_classes, VERMILLION, 0.0)):
        at = _scaled(spikes.spike_time)[0][spikes.spike_unit.values == unit]
        rows["U"].plot(at, np.full(len(at), y), "|", color=colour, transform=rows["U"].get_xaxis_transform())
        rows["U"].annotate(text, (1.005, y), xycoords="axes fraction", color=colour, va="center")


def _scaled(values: xr.DataArray) -> tuple[np.ndarray, str]:
    """Values on the scale of their axis, and the unit there."""
    factor, unit = AXIS[values.attrs["units"]]
    return factor * values.values, unit
