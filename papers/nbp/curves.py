"""Learning curves of Renner et al. (2024): accuracy by three read-outs, and mean squared error, against epochs.

Thin lines are seeds, thick ones their mean. Diamonds at the right edge are the article's values after 60 epochs; bars
are the range of an independent re-simulation of the authors' circuit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import (
    accuracy_axis,
    epoch_axis,
    legend,
    log_from_zero,
    mark_published,
    panels,
    seed_lines,
    title,
)
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLACK, BLUE, GREEN, GREY, VERMILLION, Look, styled

READOUTS = {  # variable of a result: how binary outputs with a membrane are read; apart from the looks of methods
    "membrane_error": Look("largest membrane", GREEN, "P"),
    "test_error": Look("output spike", BLUE, "h"),
    "exact_error": Look("all outputs right", VERMILLION, "X"),
}
FINE = (1, 1.5, 2, 3, 5, 7)  # leading digits of ticks
BESIDE = dict(zip(READOUTS, (0.97, 1.0, 1.03), strict=True))  # factors that keep marks at one epoch apart
MSE = Look("mean squared error", BLACK, "v")


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Accuracies after the paper's epochs, then those of the re-simulation where it has seeds like ours."""
    seeds = [in_epochs(d, published) for d in of_the_rule(datasets, published) if is_published(d, published)]
    for entry in published["accuracy"]:
        found = _correct(seeds, entry["readout"], entry["epoch"])
        what = f"after {entry['epoch']} epochs, {READOUTS[entry['readout']].label}, % right"
        yield Comparison(what, entry["value"], found, published["half_width"], entry["certainty"])
    for epoch in (5, 60):
        for readout, shown in READOUTS.items():
            entry = published["resimulation"][readout][epoch]
            what = f"after {epoch} epochs, {shown.label}, % right"
            yield Comparison(what, (entry["low"], entry["high"]), _correct(seeds, readout, epoch), 0, "resimulation")


def _correct(seeds: Sequence[xr.Dataset], readout: str, epoch: float) -> list[float]:
    """Accuracy in % of each seed that has been trained for so long."""
    return [100 * (1 - float(seed[readout].sel(epoch=epoch))) for seed in seeds if epoch in seed.epoch]


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Accuracy and mean squared error of the paper's rule; an epoch is the paper's where the data set is."""
    figure, networks = panels(of_the_rule(datasets, published), "exact_error", columns=2, height=2.8, alike=False)
    for (accuracy, squares), members in networks:
        seeds = [in_epochs(member, published) for member in members]
        known = is_published(members[0], published)
        for name, shown in READOUTS.items():
            seed_lines(accuracy, [100 * seed[name].where(seed.epoch > 0) for seed in seeds], shown)
            if known:
                _mark_resimulation(accuracy, published, name, shown, seeds, lambda percent: 100 - percent)
        seed_lines(squares, [seed.mse.where(seed.epoch > 0) for seed in seeds], MSE)
        if known:
            _mark_resimulation(squares, published, "mse", MSE, seeds, lambda value: value)
            _mark_article(accuracy, published)
        accuracy_axis(accuracy.yaxis, FINE)
        accuracy.set_ylabel("test accuracy (%)")
        log_from_zero(squares.yaxis, FINE)
        squares.set_ylabel("mean squared error")
        for axes in (accuracy, squares):
            epoch_axis(axes, seeds)
        title(accuracy, members, "published at the right edge" if known else "no published values")
    legend(figure)
    return figure


def of_the_rule(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> list[xr.Dataset]:
    """Trainings by the paper's rule as it stands."""
    wanted = (published["experiment"], "default")
    return [d for d in datasets if (d.attrs["experiment"], d.attrs.get("setting")) == wanted]


def in_epochs(result: xr.Dataset, published: Mapping[str, Any]) -> xr.Dataset:
    """A training with `epoch` counted as the paper counts: by the samples of its data set, if it is that one."""
    if result.attrs["dataset"] != published["dataset"]:
        return result
    return result.assign_coords(epoch=result.epoch * int(result.attrs["samples"]) / published["epoch"])


def is_published(result: xr.Dataset, published: Mapping[str, Any]) -> bool:
    """Whether a result is of the data set and the network that the paper reports."""
    return all(result.attrs[key] == published[key] for key in ("dataset", "layers"))


def _mark_article(axes: Axes, published: Mapping[str, Any]) -> None:
    edge = 1.03
    for entry in published["accuracy"]:
        colour = READOUTS[entry["readout"]].colour
        at_edge = axes.get_yaxis_transform()
        place = (edge, 100 - entry["value"])
        mark_published(axes, *place, entry["certainty"], published["half_width"], colour, transform=at_edge)
        edge += 0.035  # side by side


def _mark_resimulation(
    axes: Axes, published: Mapping[str, Any], name: str, shown: Look, seeds: Sequence[xr.Dataset], scale: Any
) -> None:
    """Mean and range of the re-simulation, at those of its epochs that are drawn."""
    last = max(float(seed.epoch.max()) for seed in seeds)
    for epoch, entry in published["resimulation"][name].items():
        if epoch <= last:
            mean, low, high = (scale(entry[key]) for key in ("mean", "low", "high"))
            spread = [[mean - min(low, high)], [max(low, high) - mean]]
            face = {"markerfacecolor": "white", "elinewidth": 0.8, "zorder": 4}
            axes.errorbar(
                epoch * BESIDE.get(name, 1.0), mean, yerr=spread, fmt=shown.marker, color=shown.colour, **face
            )
    axes.errorbar(
        [], [], yerr=[], fmt="o", color=GREY, markerfacecolor="white", label="re-simulation, range of 5 seeds"
    )
