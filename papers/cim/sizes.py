"""How wide and how deep a network must be to learn in place, under BP and DFA."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from brian2zoo.figures import each_training, legend, mark_published, plain_log_ticks
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import WIDTH, look, styled

RULES = {"bp_analog": "bp", "dfa_analog": "dfa"}  # experiment: key of the published values


def table(datasets: Sequence[xr.Dataset]) -> pd.DataFrame:
    """Trainings of the default setting with equal hidden layers: dataset, experiment, width, depth, correct (%)."""
    rows = []
    for member in datasets:
        if "test_error" not in member or member.attrs["setting"] != "default":
            continue
        hidden = [int(size) for size in member.attrs["layers"].split("-")[1:-1]]
        if member.attrs["experiment"] in RULES and len(set(hidden)) == 1:
            correct = 100 * (1 - float(member.test_error[-1]))
            rows.append((member.attrs["dataset"], member.attrs["experiment"], hidden[0], len(hidden), correct))
    return pd.DataFrame(rows, columns=["dataset", "experiment", "width", "depth", "correct"])


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Accuracies at the published widths, if the data are the published ones."""
    found = table([d for d in each_training(datasets) if d.attrs["dataset"] == published["dataset"]])
    for width, entry in published["accuracy_width"].items():
        for experiment, key in RULES.items():
            ours = found[(found.width == width) & (found.experiment == experiment)].correct.tolist()
            what = f"{published['dataset']}, width {width}, {key.upper()}, % right"
            yield Comparison(what, 100 * entry[key], ours, published["half_width"], entry["certainty"])


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Accuracy after training against the width of the hidden layers, and against their number.

    Parameters
    ----------
    datasets : trainings. Widths are drawn at the depth, and depths at the width, of which there are most.
    """
    datasets = each_training(datasets)
    found = table(datasets)
    figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
    by_width, by_depth = figure.subplots(1, 2, sharey=True)
    if found.empty:
        by_width.set_title("no result has 'test_error': nothing to draw")
        return figure
    data = found.dataset.value_counts().idxmax()  # of several data sets the one with most trainings
    found = found[found.dataset == data]
    depth = found.groupby("depth").width.nunique().idxmax()
    width = found.groupby("width").depth.nunique().idxmax()
    _draw_along(by_width, found[found.depth == depth], "width")
    _draw_along(by_depth, found[found.width == width], "depth")
    for size, values in published["accuracy_width"].items() if data == published["dataset"] else ():
        for experiment, key in RULES.items():
            colour, half = look(experiment).colour, published["half_width"]
            mark_published(by_width, size, 100 * values[key], values["certainty"], half, colour)
    by_width.set(xscale="log", xlabel="units of a hidden layer", ylabel="correct (%)", ylim=(0, 100))
    plain_log_ticks(by_width.xaxis, (1, 2, 5))
    by_depth.set(xlabel="hidden layers")
    by_depth.xaxis.set_major_locator(MaxNLocator(integer=True))
    by_width.set_title(f"{data}, {depth} hidden layers")
    by_depth.set_title(f"{width} units each")
    legend(figure)
    return figure


def _draw_along(axes: Axes, found: pd.DataFrame, along: str) -> None:
    """The mean of the seeds as a line with marks, each seed as a dot."""
    for experiment, own in found.groupby("experiment"):
        drawn = look(experiment)
        axes.plot(own.groupby(along).correct.mean(), marker=drawn.marker, label=drawn.label, **drawn.line)
        axes.plot(own[along], own.correct, ".", color=drawn.colour, markersize=2)
