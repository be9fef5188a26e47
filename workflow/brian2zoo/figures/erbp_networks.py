"""Table 1 of Neftci et al. (2017) as a figure: final error of every network (row) under every method (column).

As in the paper, a final error is the mean over the last tests of a training.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, by_network, legend, log_from_zero, mark_published, network_order
from brian2zoo.figures.style import GREY, PALE, WIDTH, Look, look, method_order, styled

NETWORK, METHOD = ["dataset", "network"], ["experiment", "setting"]
COLUMNS = 4  # methods abreast
OURS, THEIRS = -0.2, 0.2  # places within a row; the axis points down


def table(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> pd.DataFrame:
    """A row for every network and method that was run or published.

    Returns
    -------
    `error`, `low`, `high`: mean, least and greatest final error of the seeds, in %; `seeds`; `evaluations`: how many
    tests a final error is the mean of (the fewest of all seeds); `note`: the setting, of an experiment that has
    but one on each network, and so one column for all; `published` in %, and its `certainty`. Missing where not run or
    not published.
    """
    methods = {
        network: by_method(members) for network, members in by_network([d for d in datasets if "epoch" in d]).items()
    }
    used = Counter(experiment for found in methods.values() for experiment, _ in found)
    networks_of = Counter(name for found in methods.values() for name in {experiment for experiment, _ in found})
    alone = {name for name in used if used[name] == networks_of[name]}
    measured = [
        (*network, experiment, *(("default", setting) if experiment in alone else (setting, "default")), *final)
        for network, found in methods.items()
        for (experiment, setting), seeds in found.items()
        for final in [_final(seeds, published["evaluations"])]
    ]
    reported = [
        (published["dataset"], network, experiment, "default", entry["value"], entry["certainty"])
        for network, entries in published["error"].items()
        for experiment, entry in entries.items()
    ]
    keys = NETWORK + METHOD
    ours = pd.DataFrame(measured, columns=[*keys, "note", "error", "low", "high", "seeds", "evaluations"])
    theirs = pd.DataFrame(reported, columns=[*keys, "published", "certainty"])
    rows = ours.merge(theirs, how="outer", on=keys)
    order = sorted(rows.index, key=lambda i: (network_order(rows.loc[i, NETWORK]), method_order(rows.loc[i, METHOD])))
    return rows.loc[order].reset_index(drop=True)


def _final(seeds: Sequence[xr.Dataset], evaluations: int) -> tuple[float, float, float, int, int]:
    tests = [100 * seed.test_error.where(seed.epoch > 0).dropna("epoch")[-evaluations:] for seed in seeds]
    final = [float(last.mean()) for last in tests]
    return sum(final) / len(final), min(final), max(final), len(final), min(last.size for last in tests)


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Ours filled, with the range over the seeds; below it the paper's, a diamond, open where uncertain."""
    rows = table(datasets, published)
    notes, columns = _notes(rows), {method: cells.set_index(NETWORK) for method, cells in rows.groupby(METHOD)}
    methods = sorted(columns, key=method_order)
    blocks = [methods[k : k + COLUMNS] for k in range(0, len(methods), COLUMNS)]
    # a block has the networks of its methods
    networks = [
        [key for key in rows.groupby(NETWORK, sort=False).groups if any(key in columns[m].index for m in block)]
        for block in blocks
    ]
    heights = [0.5 + 0.4 * len(shown) for shown in networks]
    figure = Figure(figsize=(WIDTH, 0.9 + sum(heights)), layout="constrained")
    grid = figure.subplots(len(blocks), COLUMNS, sharex=True, sharey="row", squeeze=False, height_ratios=heights)
    ours = f"ours, mean of the last {published['evaluations']} tests (or of [k]), range of seeds"
    grid[0, 0].errorbar([], [], xerr=[], fmt="o", color=GREY, label=ours)
    for setting, letter in notes.items():
        grid[0, 0].plot([], [], " ", label=f"{letter}: {setting}")
    for row, block, shown in zip(grid, blocks, networks, strict=True):
        for axes, method in zip(row, block, strict=False):
            _draw_method(axes, method, shown, columns[method], published, notes)
        for axes in row[len(block) :]:
            axes.set_axis_off()
        row[0].set_ylim(len(shown) - 0.5, -0.5)
        row[0].set_yticks(range(len(shown)), [f"{layers}\n{dataset}" for dataset, layers in shown])
    log_from_zero(grid[0, 0].xaxis, (1, 3))  # shared by all
    legend(figure)
    return figure


def _draw_method(
    axes: Axes,
    method: tuple[str, str],
    networks: Sequence[tuple[str, str]],
    cells: pd.DataFrame,
    published: Mapping[str, Any],
    notes: Mapping[str, str],
) -> None:
    """All networks under one method, one below the other."""
    for place, network in enumerate(networks):
        if network in cells.index:
            _draw_cell(axes, place, cells.loc[network], look(*method), published, notes)
        if place:
            axes.axhline(place - 0.5, color=PALE, linewidth=0.6)
    axes.set_title(look(*method).label)
    axes.xaxis.set_tick_params(labelbottom=True)
    axes.yaxis.set_tick_params(length=0)
    axes.set_xlabel("test error (%)")


def _notes(rows: pd.DataFrame) -> dict[str, str]:
    """A letter for each setting that has no column of its own."""
    settings = sorted(set(rows.note.dropna()) - {"default"})
    return dict(zip(settings, "abcdefgh", strict=False))


def _draw_cell(
    axes: Axes, place: int, row: pd.Series, shown: Look, published: Mapping[str, Any], notes: Mapping[str, str]
) -> None:
    """One network under one method: our value and the paper's, with their numbers at the right edge."""
    ours, theirs = "not run", "none"
    if pd.notna(row.error):
        spread = [[row.error - row.low], [row.high - row.error]]
        axes.errorbar(row.error, place + OURS, xerr=spread, fmt=shown.marker, color=shown.colour)
        ours = f"{row.error:.2f}"
        if row.evaluations < published["evaluations"]:
            ours += f" [{row.evaluations:.0f}]"
        ours += f" {notes[row.note]}" if row.note in notes else ""
    if pd.notna(row.published):
        mark_published(
            axes, row.published, place + THEIRS, row.certainty, published["half_width"], shown.colour, along="x"
        )
        theirs = f"{row.published:.2f}"
    for offset, text, colour in ((OURS, ours, "black"), (THEIRS, theirs, GREY)):
        axes.text(1.04, place + offset, text, color=colour, va="center", transform=axes.get_yaxis_transform())
