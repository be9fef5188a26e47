"""What non-ideal devices and converters cost in accuracy when a network learns on them, under BP and DFA."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import by_network, legend
from brian2zoo.figures.style import GREY, THIN, WIDTH, Look, look, styled

# swept number, its label, its value in the default setting, factor to the label's unit, whether the axis is logarithmic
SWEEPS = (
    ("synapse.c2c", "deviation from cycle to cycle (%)", 0.0, 100, False),
    ("state.x_bits", "bits of the converters", 6.0, 1, False),
    ("synapse.levels", "pulses over the range of a weight", 60.0, 1, True),
    ("synapse.nl_up", "nonlinearity, up and mirrored down", 0.0, 1, False),
    ("synapse.on_off", "on over off conductance", 100.0, 1, True),
)
COMPANIONS = {"synapse.nl_down"}  # swept together with another number


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Accuracy after training against each number that is swept alone, the largest network.

    Parameters
    ----------
    datasets : trainings, whose attribute `setting` says what differs from the default.
    """
    networks = by_network([dataset for dataset in datasets if "test_error" in dataset])
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    panels = figure.subplots(2, 3, sharey=True).ravel()
    panels[-1].set_axis_off()
    if not networks:
        panels[0].set_title("no result has 'test_error': nothing to draw")
        return figure
    (dataset, layers), members = list(networks.items())[-1]
    for axes, (name, label, default, factor, logarithmic) in zip(panels, SWEEPS, strict=False):
        for experiment in dict.fromkeys(member.attrs["experiment"] for member in members):
            own = [member for member in members if member.attrs["experiment"] == experiment]
            _draw_sweep(axes, own, name, default, factor, look(experiment))
        axes.set_xlabel(label)
        if logarithmic:
            axes.set_xscale("log")
    held = published["c2c"]["bp_holds_to"], published["c2c"]["dfa_holds_to"]
    for limit, name in zip(held, ("BP", "DFA"), strict=True):
        axes = panels[0]
        axes.axvline(limit, color=GREY, linewidth=THIN, linestyle=":")
        axes.text(limit, 1, f"{name} holds (second-hand)", rotation=90, ha="right", va="bottom", fontsize=6, color=GREY)
    for axes in (panels[0], panels[3]):
        axes.set(ylabel="correct (%)", ylim=(0, 100))
    panels[0].set_title(f"{dataset} {layers}")
    legend(figure)
    return figure


def _draw_sweep(
    axes: Axes, members: Sequence[xr.Dataset], name: str, default: float, factor: float, drawn: Look
) -> None:
    """Accuracy of the last epoch: the mean of the seeds as a line, each seed as a mark."""
    found: dict[float, list[float]] = {}
    for member in members:
        place = _place(str(member.attrs["setting"]), name, default)
        if place is not None:
            found.setdefault(factor * place, []).append(100 * (1 - float(member.test_error[-1])))
    places = sorted(found)
    means = [sum(found[place]) / len(found[place]) for place in places]
    axes.plot(places, means, label=drawn.label, **drawn.line)
    for place in places:
        axes.plot([place] * len(found[place]), found[place], drawn.marker, color=drawn.colour, markersize=3)


def _place(setting: str, name: str, default: float) -> float | None:
    """Value of a number in a setting that changes nothing else; None if it does."""
    if setting == "default":
        return default
    given = dict(part.split("=", 1) for part in setting.split(","))
    if name not in given or set(given) - {name} - COMPANIONS:
        return None
    return float(given[name])
