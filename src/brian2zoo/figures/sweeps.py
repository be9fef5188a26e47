"""The figure of a sweep: error of the last test against what was swept, a line for each further combination."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, StrMethodFormatter

from brian2zoo.figures import error_axis, legend
from brian2zoo.figures.style import COLOURS, VARIANTS, WIDTH, look, setting_text, styled
from brian2zoo.run.sweeps import LAST, swept_names

_DECADE = 10
"""From this ratio of the largest to the smallest value on, an axis is logarithmic."""


@styled
def draw(sweep: xr.Dataset) -> Figure:
    """Thick lines and marks are means of the seeds, dots the seeds.

    Parameters
    ----------
    sweep : as `brian2zoo.run.sweeps.open_sweep` gives it.
    """
    runs = sweep[LAST].to_dataframe().reset_index().dropna(subset=[LAST])
    runs["error"] = 100 * runs[LAST]
    along, others = _axis(sweep)
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.subplots()
    places = _places(runs[along], sweep[along].attrs.get("units", "")) if along else pd.Series(0, index=runs.index)
    groups = runs.assign(place=places).groupby(others, sort=False) if others else [((), runs.assign(place=places))]
    for k, (values, own) in enumerate(groups):
        _draw_line(axes, own, k, _label(dict(zip(others, values, strict=True))))
    _label_axis(axes, runs, along, sweep[along].attrs.get("units", "") if along else "")
    error_axis(axes)
    axes.set_title(
        ", ".join(str(sweep.attrs[key]) for key in ("dataset", "experiment", "layers") if key in sweep.attrs)
    )
    if others:
        legend(figure)
    return figure


def _axis(sweep: xr.Dataset) -> tuple[str, list[str]]:
    """What the figure is drawn along, a number if there is one, and what else was swept."""
    names = swept_names(sweep)
    along = max(names, key=lambda name: ("units" in sweep[name].attrs, sweep.sizes[name]), default="")
    return along, [name for name in names if name != along]


def _places(values: pd.Series, units: str) -> pd.Series:
    if units:
        return values
    order = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return values.map(order)


def _draw_line(axes: Axes, runs: pd.DataFrame, number: int, label: str) -> None:
    colour, marker = list(COLOURS.values())[number % len(COLOURS)], VARIANTS[number % len(VARIANTS)]
    mean = runs.groupby("place").error.mean()
    axes.plot(mean.index, mean, marker=marker, color=colour, label=label)
    axes.plot(runs.place, runs.error, ".", color=colour, markersize=2.5)


def _label(values: dict[str, Any]) -> str:
    """Of a line: `eRBP+, η 0.004 nS`."""
    words = []
    for name, value in values.items():
        if name == "experiment":
            words.append(look(str(value)).label)
        elif "." in name:
            words.append(setting_text(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"))
        else:
            words.append(str(value))
    return ", ".join(words)


def _label_axis(axes: Axes, runs: pd.DataFrame, along: str, units: str) -> None:
    if not along:
        axes.set_xticks([0], ["all seeds"])
        return
    axes.set_xlabel(along if units in ("", "1") else f"{along} ({units})")
    values: Sequence[Any] = sorted(set(runs[along])) if units else list(dict.fromkeys(runs[along]))
    if not units:
        axes.set_xticks(range(len(values)), [str(value) for value in values])
    elif values[0] > 0 and values[-1] >= _DECADE * values[0]:
        axes.set_xscale("log")
        axes.set_xticks(values)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:.3g}"))
        axes.xaxis.set_minor_locator(NullLocator())
