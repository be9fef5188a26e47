"""The model of a compute-in-memory chip against runs of a simulator of such chips."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import legend
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLUE, GREEN, GREY, PALE, THIN, VERMILLION, WIDTH, styled
from brian2zoo.mapping.cim.estimate import PHASES
from brian2zoo.mapping.cim.reference import LIMITS, errors

KINDS = {"_um2": ("area (mm²)", 1e6), "_lat_ns": ("time (s)", 1e9), "_E_pJ": ("energy (J)", 1e12)}
TOTALS = ("ChipArea_um2", "Total_lat_ns", "Total_E_pJ", "NoDRAM_E_pJ")
LOOKS = ((BLUE, "o"), (VERMILLION, "s"), (GREEN, "^"))
NAMES = {
    "ChipArea_um2": "chip",
    "Total_lat_ns": "time",
    "Total_E_pJ": "energy",
    "NoDRAM_E_pJ": "energy\nwithout\nDRAM",
    "ADC_um2": "ADC",
    "Accum_um2": "adders",
    "CIMarray_um2": "cells",
    "IC_um2": "wires",
    "Other_um2": "other",
    "WG_um2": "WG units",
    **{f"{phase}_lat_ns": f"{phase}\ntime" for phase in PHASES},
}


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """The largest error of each quantity over all runs."""
    for compared in datasets:
        found = 100 * abs(errors(compared)).max("run")
        for name in TOTALS:
            named = " ".join(NAMES[name].split())
            what = f"{named}, largest of {compared.run.size} errors (%), {100 * LIMITS[name]:g} asked for"
            yield Comparison(what, None, [float(found.sel(quantity=name))])


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Model against runs, and the error of each quantity in every run against what is asked for.

    Parameters
    ----------
    datasets : comparisons, from `brian2zoo.mapping.cim.reference.compare`.
    """
    compared = next((dataset for dataset in datasets if "reference" in dataset), None)
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    if compared is None:
        figure.subplots().set_title("no result has 'reference': nothing to draw")
        return figure
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.1))
    for axes, (ending, (label, unit)) in zip(top.subplots(1, 3), KINDS.items(), strict=True):
        _draw_values(axes, compared, ending, label, unit)
    _draw_errors(bottom.subplots(), compared)
    legend(figure)
    return figure


def _looks(compared: xr.Dataset) -> dict[str, tuple[str, str]]:
    return dict(zip(dict.fromkeys(compared.network.values.tolist()), LOOKS, strict=False))


def _draw_values(axes: Axes, compared: xr.Dataset, ending: str, label: str, unit: float) -> None:
    own = compared.sel(quantity=[name for name in LIMITS if name.endswith(ending)])
    for network, (colour, marker) in _looks(compared).items():
        part = own.sel(run=own.network == network)
        x, y = (part[name].values.ravel() / unit for name in ("reference", "model"))
        axes.plot(x, y, marker, color=colour, markersize=3, alpha=0.6, label=network)
    axes.set(xscale="log", yscale="log", xlabel=f"DNN+NeuroSim: {label}", ylabel=f"model: {label}")
    ends = np.array([min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])])
    axes.plot(ends, ends, color=GREY, linewidth=THIN, zorder=0)


def _draw_errors(axes: Axes, compared: xr.Dataset) -> None:
    found = 100 * errors(compared)
    jitter = np.linspace(-0.25, 0.25, max(2, compared.run.size))
    for place, name in enumerate(LIMITS):
        limit = 100 * LIMITS[name]
        axes.fill_between([place - 0.38, place + 0.38], -limit, limit, color=PALE, linewidth=0)
        for network, (colour, marker) in _looks(compared).items():
            own = (compared.network == network).values
            axes.plot(place + jitter[own], found.sel(quantity=name).values[own], marker, color=colour, markersize=2.5)
    axes.fill_between([], [], [], color=PALE, label="asked for")
    axes.axhline(0, color=GREY, linewidth=THIN, zorder=1)
    axes.set_xticks(range(len(LIMITS)), [NAMES[name] for name in LIMITS])
    axes.tick_params(axis="x", length=0, labelsize=7)
    axes.set_ylabel("model over run, less 1 (%)")
    axes.set_title(f"{compared.run.size} runs; an epoch; each column in the order of the runs")
