"""Table 1 of Neftci et al. (2017) as a figure: final error of every network under every method.

As in the paper, a final error is the mean over the last tests of a training of the paper's length; of a shorter one it
is the last test, where its learning curve ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, by_network, legend, log_from_zero, longest, mark_published, network_order
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import (
    BLACK,
    GREY,
    PALE,
    WIDTH,
    Look,
    look,
    method_looks,
    method_order,
    network_label,
    setting_text,
    styled,
)

NETWORK, METHOD = ["dataset", "network"], ["experiment", "setting"]
ROW, HEADING = 0.165, 1.35  # height of a row in inches, and of a network's heading in rows
COLUMNS = {"ours": 32, "epochs": 68, "published": 116}  # right edge of each number, in points from the axes


def table(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> pd.DataFrame:
    """A row for every network and method that was run or published.

    Returns
    -------
    `finals`: final error in % of each seed that was trained longest; `error`, `low`, `high`: their mean, least and
    greatest; `epochs`: how long; `published` in %, and its `certainty`. Missing where not run or not published. The
    setting is `default` where a network has one of an experiment, since it is then the one that fits its data; `note`
    says which.
    """
    measured = []
    for network, members in by_network([d for d in datasets if "epoch" in d]).items():
        methods = by_method(members)
        for (experiment, setting), seeds in ((method, longest(seeds)) for method, seeds in methods.items()):
            alone = [name for name, _ in methods].count(experiment) == 1
            finals = [_final(seed, published) for seed in seeds]
            epochs = min(int(_tests(seed).epoch[-1]) for seed in seeds)
            key = (*network, experiment, "default" if alone else setting, setting)
            measured.append((*key, finals, sum(finals) / len(finals), min(finals), max(finals), epochs))
    reported = [
        (published["dataset"], network, experiment, "default", entry["value"], entry["certainty"])
        for network, entries in published["error"].items()
        for experiment, entry in entries.items()
    ]
    keys = NETWORK + METHOD
    ours = pd.DataFrame(measured, columns=[*keys, "note", "finals", "error", "low", "high", "epochs"])
    theirs = pd.DataFrame(reported, columns=[*keys, "published", "certainty"])
    rows = ours.merge(theirs, how="outer", on=keys)
    order = sorted(rows.index, key=lambda i: (network_order(rows.loc[i, NETWORK]), method_order(rows.loc[i, METHOD])))
    return rows.loc[order].reset_index(drop=True)


def _tests(seed: xr.Dataset) -> xr.DataArray:
    return 100 * seed.test_error.where(seed.epoch > 0).dropna("epoch")


def _final(seed: xr.Dataset, published: Mapping[str, Any]) -> float:
    tests = _tests(seed)
    whole = int(tests.epoch[-1]) >= published["epochs"]
    return float(tests[-published["evaluations"] if whole else -1 :].mean())


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Every cell of the paper's table."""
    rows = table(datasets, published)
    for _, row in rows[rows.published.notna()].iterrows():
        after = f" after {row.epochs:.0f} epochs" if row.epochs < published["epochs"] else ""
        what = f"{row.network} {look(row.experiment).label}, % wrong{after}"
        finals = row.finals if isinstance(row.finals, list) else []
        yield Comparison(what, row.published, finals, published["half_width"], row.certainty)


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """A row a network and method: ours filled, with the range over the seeds, and the paper's, open where uncertain.

    Networks of the paper of which none was trained are left out, unless there are no others.
    """
    rows = table(datasets, published)
    trained = rows.groupby(NETWORK).error.transform("count") > 0
    rows = rows[trained] if trained.any() else rows
    networks = [*rows.groupby(NETWORK, sort=False)]
    height = len(rows) + HEADING * len(networks)
    figure = Figure(figsize=(WIDTH, 1.1 + ROW * height), layout="constrained")
    axes = figure.subplots()
    place, ticks = 0.0, {}
    for network, cells in networks:
        place += HEADING
        axes.axhline(place - 0.95, color=PALE, linewidth=0.6)
        label = network_label(dict(zip(("dataset", "layers"), network, strict=True)))
        axes.text(-0.005, place - 0.4, label, ha="right", va="bottom", weight="bold",
                  transform=axes.get_yaxis_transform())  # fmt: skip
        shown = method_looks(tuple(method) for method in cells[METHOD].to_numpy())
        for _, row in cells.iterrows():
            ticks[place] = _label(row, shown[row.experiment, row.setting])
            _draw_row(axes, place, row, shown[row.experiment, row.setting], published)
            place += 1
    axes.set_ylim(place - 0.3, -0.4)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="y", length=0)
    for heading, x in COLUMNS.items():
        _beside(axes, x, 0.5, heading, GREY)
    axes.errorbar([], [], xerr=[], fmt="o", color=GREY, label="ours, mean and range of seeds")
    log_from_zero(axes.xaxis, (1, 2, 3, 5))
    axes.set_xlabel("test error (%)")
    legend(figure)
    return figure


def _label(row: pd.Series, shown: Look) -> str:
    """A method, and the setting that it has on this network."""
    noted = row.setting == "default" and isinstance(row.note, str) and row.note != "default"
    return f"{shown.label} ({setting_text(row.note)})" if noted else shown.label


def _draw_row(axes: Axes, place: float, row: pd.Series, shown: Look, published: Mapping[str, Any]) -> None:
    """Our value and the paper's, with their numbers next to the axes."""
    texts = dict.fromkeys(COLUMNS, "–")  # noqa: RUF001
    if pd.notna(row.error):
        spread = [[row.error - row.low], [row.high - row.error]]
        axes.errorbar(row.error, place, xerr=spread, fmt=shown.marker, color=shown.colour)
        texts |= {"ours": f"{row.error:.2f}", "epochs": f"{row.epochs:.0f}"}
    if pd.notna(row.published):
        value, known, half = row.published, row.certainty, published["half_width"]
        mark_published(axes, value, place, known, half, shown.colour, along="x", markersize=3.5)
        texts["published"] = f"{value:.2f}"
    for column, x in COLUMNS.items():
        _beside(axes, x, place, texts[column], BLACK if column == "ours" else GREY)


def _beside(axes: Axes, x: float, place: float, text: str, colour: str) -> None:
    """Text whose right edge is so many points right of the axes."""
    offset = {"xytext": (x, 0), "textcoords": "offset points", "ha": "right", "va": "center", "color": colour}
    axes.annotate(text, (1, place), xycoords=axes.get_yaxis_transform(), annotation_clip=False, **offset)
