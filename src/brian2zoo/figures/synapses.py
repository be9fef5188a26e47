"""What a synapse does, as pictures of what its protocols find."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures.sheet import band, in_units, label, mosaic, unit_for, zero_lines
from brian2zoo.figures.style import BLUE, GREY, PALE, VERMILLION, styled


@styled
def synapse(
    title: str, sent: xr.Dataset | None, sums: xr.Dataset | None, written: xr.Dataset | None, about: Mapping[str, Any]
) -> Figure:
    """What a spike or an activity does through a synapse, and what a change of its weight comes to.

    Parameters
    ----------
    sent, sums, written : as `protocols.store` gives them, of `sent` and `sums` one.
    about : `weight`, dimension of the weight; of `sent` `driven` and `membrane`, what they are called, and
        `of_driven` and `of_membrane`, their dimensions; of `sums` the same of `sent` and `received`.
    """
    upper = [name for name in ("driven", "membrane") if sent is not None and name in sent] or ["sums"]
    rows = [upper if len(upper) == 2 or written is None else upper * 2]
    rows += [["stored", "small"]] if written is not None else []
    figure, panels = mosaic(title, rows, height=2.1 * len(rows) if len(rows) > 1 else 2.5)
    weight = about["weight"]
    if sent is not None:
        for k, name in enumerate(upper):
            _spike(panels[name], sent, name, about, first=k == 0)
    if sums is not None:
        _sums(panels["sums"], sums, about)
    if written is not None:
        _stored(panels["stored"], written, weight)
        _small(panels["small"], written, weight)
    return figure


def _spike(axes: Axes, found: xr.Dataset, name: str, about: Mapping[str, Any], first: bool) -> None:
    time, traces = 1e3 * found.time.values, found[name].values
    values, unit = in_units(traces, about[f"of_{name}"])
    zero_lines(axes, y=name == "driven")
    if len(values) > 1:
        for trace in values[:8]:
            axes.plot(time, trace, color=PALE, linewidth=0.7)
        band(axes, time, values.mean(axis=0), values.std(axis=0), BLUE, label=f"mean and deviation of {len(values)}")
        axes.legend(loc="upper right", handlelength=1.2)
    else:
        axes.plot(time, values[0], color=BLUE)
    weight, of_weight = in_units(np.array([float(found.weight)]), about["weight"])
    sized = f", w = {weight[0]:.3g} {of_weight}".rstrip() if weight[0] else ""
    axes.set(xlabel="time since the presynaptic spike (ms)", ylabel=label(about[name], unit), xlim=(time[0], time[-1]),
             title=f"one spike{sized}" if first else "and the neuron")  # fmt: skip


def _sums(axes: Axes, found: xr.Dataset, about: Mapping[str, Any]) -> None:
    sent, of_sent = in_units(found.sent.values, about["of_sent"])
    received, of_received = in_units(found.received.values, about["of_received"])
    weight, of_weight = in_units(np.array([float(found.weight)]), about["weight"])
    zero_lines(axes)
    axes.plot(sent, received, color=BLUE)
    sized = f", w = {weight[0]:.3g} {of_weight}".rstrip() if about["has_weight"] else ""
    axes.set(
        xlabel=label(about["sent"], of_sent),
        ylabel=label(about["received"], of_received),
        title=f"what one synapse hands on{sized}",
    )


def _stored(axes: Axes, found: xr.Dataset, dim: Any) -> None:
    size, unit = unit_for(found.asked.values, dim)
    asked = found.asked.values / size
    axes.plot(asked, asked, color=GREY, linewidth=0.7, linestyle=":")
    if found.attrs["bounded"]:
        for bound in (float(found.least), float(found.greatest)):
            axes.axhline(bound / size, color=PALE, linewidth=0.8, zorder=0)
    band(axes, asked, found.stored.values / size, found.deviation.values / size, BLUE)
    axes.set(
        xlabel=label("weight + change asked for", unit),
        ylabel=label("weight stored", unit),
        title="one large change, from the middle",
        xlim=(asked[0], asked[-1]),
    )


def _small(axes: Axes, found: xr.Dataset, dim: Any) -> None:
    weight, unit = in_units(found.weight.values, dim)
    small = float(found.small)
    asked, of_asked = in_units(np.array([small]), dim)
    zero_lines(axes, x=False)
    for sign, colour in ((1, BLUE), (-1, VERMILLION)):
        axes.axhline(100 * sign, color=GREY, linewidth=0.7, linestyle=":", zorder=0)
        change, spread = (100 * found[name].sel(sign=sign).values / small for name in ("change", "spread"))
        band(axes, weight, change, spread, colour, label="up" if sign > 0 else "down")
    axes.set(
        xlabel=label("weight", unit),
        ylabel="change / change asked for (%)",
        title=f"small changes, {asked[0]:.2g} {of_asked}".rstrip(),
    )
    axes.margins(x=0, y=0.3)
    axes.legend(loc="upper right", ncols=2)
