"""What non-ideal devices and converters cost in accuracy when a network learns on them, under BP, DFA and their kin."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import by_network, each_training, legend, plain_log_ticks
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import GREY, THIN, WIDTH, Look, look, styled
from brian2zoo.formats.settings import values_of


class Sweep(NamedTuple):
    """A number that is swept alone: its value in the default setting, and how its axis shows it."""

    number: str
    label: str
    default: float
    shown: Any = float
    logarithmic: bool = False


SWEEPS = (
    Sweep("synapse.c2c", "deviation from cycle\nto cycle (%)", 0.0, lambda x: 100 * x),
    Sweep("state.x_bits", "bits of the converters", 6.0),
    Sweep("synapse.levels", "bits of a weight (log2 of\npulses over its range)", 60.0, np.log2),
    Sweep("synapse.nl_up", "nonlinearity, up\nand mirrored down", 0.0),
    Sweep("synapse.on_off", "on over off\nconductance", 100.0, float, True),
    Sweep("synapse.retention", "conductance lost in a\nsample (millionths)", 0.0, lambda x: 1e6 * x),
    Sweep("synapse.stuck_low", "cells stuck at\neither end (%)", 0.0, lambda x: 200 * x),
)
COMPANIONS = {"synapse.nl_down", "synapse.stuck_high"}  # swept together with another number
MOST_KINKED = 1.0  # millionths: a symmetric logarithmic axis is linear up to here


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Up to which noise of a pulse each rule holds: it loses at most so many points of accuracy."""
    claim, noise = published["c2c"], SWEEPS[0]
    for experiment, key in (("bp_analog", "bp_holds_to"), ("dfa_analog", "dfa_holds_to")):
        own = [member for member in _drawn(each_training(datasets))[1] if member.attrs["experiment"] == experiment]
        found = {_place(str(member.attrs["setting"]), noise): _correct(member) for member in own}
        found = {noise.shown(place): correct for place, correct in found.items() if place is not None}
        if found:
            held = max(place for place, correct in found.items() if correct >= found[0.0] - claim["points"])
            what = f"{look(experiment).label} holds up to a noise of (%)"
            yield Comparison(what, claim[key], [held], 0, claim["certainty"])


def _drawn(datasets: Sequence[xr.Dataset]) -> tuple[tuple[str, str], list[xr.Dataset]]:
    """The network with most settings, and its trainings."""
    networks = by_network([dataset for dataset in datasets if "test_error" in dataset])
    return max(networks.items(), key=lambda item: len({member.attrs["setting"] for member in item[1]}))


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Accuracy after training against each number that is swept alone, then on cells of the literature.

    Parameters
    ----------
    datasets : trainings, whose attribute `setting` says what differs from the default; the network with most of
        them is drawn.
    """
    datasets = each_training(datasets)
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    panels = figure.subplots(2, 4, sharey=True).ravel()
    if not datasets:
        panels[0].set_title("no result has 'test_error': nothing to draw")
        return figure
    (dataset, layers), members = _drawn(datasets)
    rules = {
        experiment: [member for member in members if member.attrs["experiment"] == experiment]
        for experiment in dict.fromkeys(member.attrs["experiment"] for member in members)
    }
    for axes, sweep in zip(panels, SWEEPS, strict=False):
        for experiment, own in rules.items():
            _draw_sweep(axes, own, sweep, look(experiment))
        axes.set_xlabel(sweep.label)
        if sweep.logarithmic:
            axes.set_xscale("log")
            plain_log_ticks(axes.xaxis, (1,))
        if sweep.number == "synapse.retention":
            axes.set_xscale("symlog", linthresh=MOST_KINKED)
    _draw_cells(panels[-1], rules, published["devices"])
    held = {"BP": published["c2c"]["bp_holds_to"], "DFA": published["c2c"]["dfa_holds_to"]}
    for name, limit in held.items() if dataset == published["dataset"] else ():
        axes = panels[0]
        axes.axvline(limit, color=GREY, linewidth=THIN, linestyle=":")
        axes.text(limit, 1, f"{name} holds (second-hand)", rotation=90, ha="right", va="bottom", fontsize=6, color=GREY)
    for axes in (panels[0], panels[4]):
        axes.set(ylabel="correct (%)", ylim=(0, 100))
    panels[0].set_title(f"{dataset} {layers}")
    legend(figure)
    return figure


def _draw_sweep(axes: Axes, members: Sequence[xr.Dataset], sweep: Sweep, drawn: Look) -> None:
    """Accuracy of the last epoch: the mean of the seeds as a line with marks, each seed as a dot."""
    found: dict[float, list[float]] = {}
    for member in members:
        place = _place(str(member.attrs["setting"]), sweep)
        if place is not None:
            found.setdefault(float(sweep.shown(place)), []).append(_correct(member))
    places = sorted(found)
    means = [np.mean(found[place]) for place in places]
    axes.plot(places, means, marker=drawn.marker, markersize=3.5, label=drawn.label, **drawn.line)
    for place in places:
        axes.plot([place] * len(found[place]), found[place], ".", color=drawn.colour, markersize=2)


def _draw_cells(axes: Axes, rules: Mapping[str, Sequence[xr.Dataset]], cells: Mapping[str, Any]) -> None:
    """Accuracy on cells with all that is known of them at once."""
    for experiment, members in rules.items():
        drawn = look(experiment)
        for place, cell in enumerate(cells["settings"].values()):
            values = {name: str(value) for name, value in cell.items()}
            own = [_correct(member) for member in members if values_of(str(member.attrs["setting"])) == values]
            axes.plot([place] * len(own), own, drawn.marker, color=drawn.colour, markersize=4)
    axes.set_xticks(range(len(cells["settings"])), list(cells["settings"]), rotation=35, ha="right", fontsize=7)
    axes.set_xlim(-0.5, len(cells["settings"]) - 0.5)
    axes.set_title("cells, all at once", fontsize=7)


def _correct(member: xr.Dataset) -> float:
    return 100 * (1 - float(member.test_error[-1]))


def _place(setting: str, sweep: Sweep) -> float | None:
    """Value of a number in a setting that changes nothing else; None if it does."""
    given = values_of(setting)
    if not given:
        return sweep.default
    if sweep.number not in given or set(given) - {sweep.number} - COMPANIONS:
        return None
    return float(given[sweep.number])
