"""Spikes a training sample that carry each quantity of the algorithm, against epochs.

A layer fires in several phases; what it holds there is found by difference: h is kept in a memory that fires once,
and h fires in three phases of its layer, so that the rest of that layer's spikes are errors.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import epoch_axis, legend, log_from_zero, mark_published, panels, seed_lines, title
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLACK, BLUE, GREY, ORANGE, PURPLE, SKY, VERMILLION, Look, styled

from .curves import in_epochs, is_published, of_the_rule

ACTIVITIES = {
    "x": Look("x, active inputs", GREY, "o"),
    "h_low": Look("h above 0", SKY, "v"),
    "h": Look("h, above one half", BLUE, "s"),
    "h_high": Look("h above 1", PURPLE, "^"),
}
ERRORS = {
    "d1": Look("hidden errors, both signs", VERMILLION, "<"),
    "o": Look("active outputs, in the test", BLACK, "p"),
    "d2": Look("output errors, both signs", ORANGE, ">"),
}
COUNTED = (  # populations of the authors' table; one that lacks some has other quantities
    "input_memory", "hidden1", "hidden1_low", "hidden1_high", "hidden1_memory", "error_plus", "error_minus",
)  # fmt: skip
EDGE = 1.03  # of the axes, where values of later epochs stand


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Spikes a sample in the epoch of the re-simulation."""
    seeds = [in_epochs(d, published) for d in of_the_rule(datasets, published) if is_published(d, published)]
    for name, entry in published["spikes"]["values"].items():
        whole = [quantities(d)[name].sel(epoch=slice(entry["epoch"] - 0.9, entry["epoch"])) for d in seeds]
        found = [float(part.mean()) for part in whole if entry["epoch"] in part.epoch]  # of tests within the epoch too
        what = f"{(ACTIVITIES | ERRORS)[name].label}, epoch {entry['epoch']}, spikes a sample"
        spread = published["spikes"]["share"] * entry["value"]
        yield Comparison(what, entry["value"], found, spread, entry["certainty"])


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Left activity, right errors; diamonds are of the re-simulation, at their epoch or at the right edge."""
    counted = [
        d for d in of_the_rule(datasets, published) if "spikes" in d and set(COUNTED) <= set(d.population.values)
    ]
    figure, networks = panels(counted, "spikes", columns=2, height=2.8, alike=False)
    for (activity, errors), members in networks:
        seeds = [in_epochs(member, published) for member in members]
        counts = [quantities(seed) for seed in seeds]
        known = is_published(members[0], published)
        for name, shown in (ACTIVITIES | ERRORS).items():
            axes = activity if name in ACTIVITIES else errors
            seed_lines(axes, [count[name] for count in counts], shown)
            if known and (entry := published["spikes"]["values"].get(name)):
                within = entry["epoch"] < max(float(seed.epoch[-1]) for seed in seeds)
                place = (entry["epoch"] if within else EDGE, entry["value"], entry["certainty"])
                where = {} if within else {"transform": axes.get_yaxis_transform()}
                mark_published(axes, *place, 0, shown.colour, **where)
        activity.set_ylim(bottom=0)
        log_from_zero(errors.yaxis)
        for axes in (activity, errors):
            axes.set_ylabel("spikes a sample")
            epoch_axis(axes, seeds)
        title(activity, members, "diamonds: re-simulated" if known else "no published values")
    legend(figure)
    return figure


def quantities(result: xr.Dataset) -> xr.Dataset:
    """Mean spikes a sample, over `epoch` from the first, of `ACTIVITIES` and `ERRORS`."""
    after = result.where(result.epoch > 0)
    spikes = {str(name): after.spikes.sel(population=name, drop=True) for name in result.population.values}
    h = spikes["hidden1_memory"]
    d1 = spikes["hidden1"] - 3 * h
    return xr.Dataset(
        {
            "x": spikes["input_memory"],
            "h": h,
            "h_low": spikes["hidden1_low"] - d1,
            "h_high": spikes["hidden1_high"] - d1,
            "d1": d1,
            "o": after.test_spikes.sel(test_population="output", drop=True),
            "d2": spikes["error_plus"] + spikes["error_minus"],
        }
    )
