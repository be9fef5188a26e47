"""What parts of the algorithm are for: nBP and its ablations by the same test, learning curves and final accuracies.

The article's own ablations were not found; grey bars are the range of an independent re-simulation after 60 epochs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import accuracy_axis, by_method, epoch_axis, legend, longest, panels, seed_lines, title
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import GREY, PALE, look, method_looks, styled

from .curves import FINE, READOUTS, in_epochs, is_published

EPOCHS = 60
OFFSETS = dict(zip(READOUTS, (-0.22, 0.0, 0.22), strict=True))


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Accuracies by output spikes after 60 epochs, against those of the re-simulation."""
    trained = [in_epochs(d, published) for d in datasets if is_published(d, published)]
    for experiment, entry in published["ablations"].items():
        own = [d for d in trained if d.attrs["experiment"] == experiment and EPOCHS in d.epoch]
        found = [100 * (1 - float(d.test_error.sel(epoch=EPOCHS))) for d in own]
        what = f"{look(experiment).label}, after {EPOCHS} epochs, % right"
        yield Comparison(what, tuple(entry["test_error"]), found, 0, "resimulation")


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Left the largest output spike against epochs, right all read-outs after the last epoch."""
    figure, networks = panels(datasets, "exact_error", columns=2, height=3.0, alike=False)
    for (curves, finals), members in networks:
        methods = by_method([in_epochs(member, published) for member in members])
        shown = method_looks(methods)
        for method, seeds in methods.items():
            seed_lines(curves, [100 * seed.test_error.where(seed.epoch > 0) for seed in seeds], shown[method])
        epoch_axis(curves, [seed for seeds in methods.values() for seed in seeds])
        accuracy_axis(curves.yaxis, FINE)
        curves.set_ylabel("test accuracy (%), output spike")
        title(curves, members, "thin: seeds")

        known = is_published(members[0], published)
        for row, (method, seeds) in enumerate(methods.items()):
            entry = published["ablations"].get(method[0]) if known and method[1] == "default" else None
            _draw_final(finals, row, longest(seeds), entry)
        finals.set_yticks(range(len(methods)), [shown[method].label for method in methods])
        finals.set_ylim(len(methods) - 0.5, -0.5)
        accuracy_axis(finals.xaxis, FINE)
        finals.set_xlabel("test accuracy after the last epoch (%)")
        finals.tick_params(axis="y", length=0)
        epochs = sorted(
            {f"{float(seed.epoch[-1]):g}" for seeds in methods.values() for seed in longest(seeds)}, key=float
        )
        finals.set_title(f"after {' to '.join(epochs)} epochs")
    legend(figure)
    return figure


def _draw_final(axes: Axes, row: int, seeds: Sequence[xr.Dataset], entry: Mapping[str, Any] | None) -> None:
    """Mean and range of the seeds by each read-out; the re-simulation's range behind."""
    for name, shown in READOUTS.items():
        last = np.array([100 * float(seed[name][-1]) for seed in seeds])
        mean, place = last.mean(), row + OFFSETS[name]
        spread = [[mean - last.min()], [last.max() - mean]]
        axes.errorbar(mean, place, xerr=spread, fmt=shown.marker, color=shown.colour, label=shown.label)
        if entry:
            low, high = (100 - value for value in reversed(entry[name]))
            axes.plot(
                [low, high], [place, place], color=GREY, linewidth=5, alpha=0.35, zorder=1, solid_capstyle="projecting"
            )
    if entry:
        axes.plot([], [], color=GREY, linewidth=5, alpha=0.35, label="re-simulation, 60 epochs")
    if row:
        axes.axhline(row - 0.5, color=PALE, linewidth=0.6)
