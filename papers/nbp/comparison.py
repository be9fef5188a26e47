"""Energy, latency and their product of comparable works, after Table 1 of Renner et al. (2024), against our estimates.

An estimate is a result of mapping a trained network to a chip: scalars `energy_dynamic` (J) and `latency` (s) of a
sample, attributes `mode` (train or test) and `chip`. Static power is left out, as of the authors' 0.59 mJ.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import longest
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import GREY, PALE, WIDTH, styled

from .curves import in_epochs, is_published, of_the_rule

MODES = {"train": "learning", "test": "inference"}
COLUMNS = {  # column of the table: heading, left edge on the page, alignment
    "work": ("", 0.0, "left"),
    "hardware": ("hardware", 0.2, "left"),
    "learning": ("learning", 0.34, "left"),
    "network": ("network", 0.46, "left"),
    "energy": ("energy\n(mJ)", 0.73, "right"),
    "latency": ("latency\n(ms)", 0.8, "right"),
    "edp": ("EDP\n(µJ s)", 0.89, "right"),
    "accuracy": ("accuracy\n(%)", 1.0, "right"),
}
ROW = 0.17  # inches


def table(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> pd.DataFrame:
    """A row for every published work, and under that of the paper one for ours, with `ours` true.

    Energy in mJ and latency in ms a sample, their product `edp` in µJ s; missing where not published, or of ours where
    no mapping is among the results. `accuracy` is text, in %: by the output spike, in brackets by the membrane.
    """
    rows = []
    for work in published["comparison"]["rows"]:
        rows.append(work | {"ours": False})
        if "ours" in work:
            rows += _our_rows(datasets, published, work)
    found = pd.DataFrame(rows)
    return found.assign(edp=found.energy * found.latency)


def _our_rows(
    datasets: Sequence[xr.Dataset], published: Mapping[str, Any], work: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Our networks as the work's; without a mapping one row says what is missing."""
    shared = {"group": work["group"], "learning": work.get("learning"), "ours": True}
    trained = [d for d in of_the_rule(datasets, published) if "exact_error" in d]
    rows = []
    for dataset, layers in dict.fromkeys((d.attrs["dataset"], d.attrs["layers"]) for d in trained):
        members = longest([d for d in trained if (d.attrs["dataset"], d.attrs["layers"]) == (dataset, layers)])
        mappings = [
            d
            for d in of_the_rule(datasets, published)
            if {"energy_dynamic", "latency"} <= set(d)
            and (d.attrs["dataset"], d.attrs["layers"], d.attrs["mode"]) == (dataset, layers, work["ours"])
        ]
        epochs = float(in_epochs(members[0], published).epoch[-1])
        data = "" if is_published(members[0], published) else f" {dataset},"
        row = shared | {"work": f"ours,{data} {epochs:g} epochs", "network": layers, "accuracy": _accuracy(members)}
        for mapping in mappings:
            estimate = {"energy": 1e3 * float(mapping.energy_dynamic), "latency": 1e3 * float(mapping.latency)}
            rows.append(row | estimate | {"hardware": mapping.attrs["chip"]})
        if not mappings:
            rows.append(row | {"hardware": "not mapped"})
    return rows


def _accuracy(members: Sequence[xr.Dataset]) -> str:
    """Means over the seeds after the last epoch."""
    spike, membrane = (
        100 * (1 - sum(float(member[name][-1]) for member in members) / len(members))
        for name in ("test_error", "membrane_error")
    )
    return f"{spike:.1f} ({membrane:.1f})"


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """What a sample costs by each mapping of the paper's network, against what was measured there."""
    rows = table(datasets, published)
    theirs = {work["ours"]: work for work in published["comparison"]["rows"] if "ours" in work}
    for mode, work in theirs.items():
        ours = rows[rows.ours & (rows.group == work["group"]) & (rows.network == published["layers"])]
        for quantity, unit in (("energy", "mJ"), ("latency", "ms")):
            for _, row in ours[ours.energy.notna()].iterrows():
                what = f"{MODES[mode]}, {quantity} ({unit}), {row.hardware}"
                yield Comparison(what, work[quantity], [row[quantity]], _rounding(work[quantity]))


def _rounding(value: float) -> float:
    """Half of the last of two digits."""
    return 0.5 * 10 ** (math.floor(math.log10(value)) - 1)


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """The table, page wide; ours shaded."""
    rows = table(datasets, published)
    groups = [*rows.groupby("group", sort=False)]
    lines = len(rows) + 1.4 * len(groups) + 1.6
    figure = Figure(figsize=(WIDTH, 0.2 + ROW * (lines + 1)), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(lines - 0.5, -1)
    for heading, x, side in COLUMNS.values():
        axes.text(x, 0.6, heading, ha=side, va="bottom")
    line = 1.6
    for name, members in groups:
        axes.axhline(line - 0.6, color=GREY, linewidth=0.6)
        axes.text(0, line, name, va="center", style="italic")
        for _, row in members.iterrows():
            line += 1
            if row.ours:
                axes.axhspan(line - 0.5, line + 0.5, color=PALE, linewidth=0, zorder=0)
            for column, (_, x, side) in COLUMNS.items():
                axes.text(x, line, _cell(row[column]), ha=side, va="center")
        line += 1.4
    return figure


def _cell(value: Any) -> str:
    if pd.isna(value):
        return "–"  # noqa: RUF001
    return f"{value:.3g}" if isinstance(value, float) else str(value)
