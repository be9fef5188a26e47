"""Error against samples of a network that learns by reward, after Frémaux and Gerstner (2016)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from brian2zoo.figures import by_method, legend, panels, seed_lines, style, title
from brian2zoo.figures.comparison import Comparison

LOOKS = {
    "default": style.Look("reward minus what was expected", style.BLACK, "o"),
    "critic.baseline=0": style.Look("reward as it is", style.BLUE, "s"),
    "critic.r_right=0": style.Look("no reward", style.GREY, "v"),
}
"""By setting; others are called by their names."""


@style.styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error on images that it has not seen, before training and after every epoch."""
    figure, networks = panels(datasets, "epoch", height=2.8)
    for (axes,), members in networks:
        for (_, setting), seeds in by_method(members).items():
            look = LOOKS.get(setting, style.Look(setting, style.ORANGE, "^"))
            thousands = [seed.assign_coords(epoch=seed.epoch * seed.attrs["samples"] / 1000) for seed in seeds]
            seed_lines(axes, [100 * seed.test_error for seed in thousands], look)
        chance = 100 * (1 - 1 / int(members[0].attrs["layers"].rpartition("-")[2]))
        axes.axhline(chance, color=style.GREY, linewidth=0.5, zorder=0)
        axes.annotate("chance", (1, chance), xycoords=("axes fraction", "data"), ha="right", va="top")
        axes.set(xlabel="thousands of training images", ylabel="test error (%)", ylim=(0, 100))
        axes.yaxis.set_major_locator(MultipleLocator(20))
        title(axes, members, "one reward for the whole network")
    legend(figure)
    return figure


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Errors after the last epoch."""
    for (_, setting), seeds in by_method(datasets).items():
        what = LOOKS[setting].label if setting in LOOKS else setting
        yield Comparison(f"% wrong, {what}", None, [100 * float(seed.test_error[-1]) for seed in seeds])
