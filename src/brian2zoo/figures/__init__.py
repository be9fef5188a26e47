"""What the figures of all papers share; each figure is a module in the folder of its paper.

Such a module has ``draw(datasets, published) -> Figure``, which reads no file. `datasets` are results of the
pipeline in any order; a figure takes those that have what it draws. `published` is what the paper reports; a value
that no second source confirms is drawn open. It may also have ``compare(datasets, published)``, which gives the numbers
that are set against published ones (`brian2zoo.figures.comparison`).
"""

import logging
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

import brian2zoo
from brian2zoo.figures.style import FOOTER, GREY, NOTE, THIN, WIDTH, Look, method_order, network_label, styled
from brian2zoo.run import results

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every glyph that it leaves out of a PDF

TRAINED = ("dataset", "experiment", "layers", "setting", "seed")
MANY_EPOCHS = 20  # an axis of more epochs is logarithmic, as the papers' are

# --- The papers' values ---------------------------------------------------------------------------

CERTAINTY = {
    "article": "published (article)",
    "corroborated": "published (corroborated)",
    "memory": "published (from memory, unverified)",
    "code": "published (authors' scripts, unverified)",
    "resimulation": "independent re-simulation, not published",
}
CERTAIN = ("article", "corroborated")


def published_error(result: xr.Dataset, paper: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The paper's error for the network and method of a result, if it has one."""
    attrs = result.attrs
    if (attrs["dataset"], attrs["setting"]) != (paper["dataset"], "default"):
        return None
    return paper["error"].get(attrs["layers"], {}).get(attrs["experiment"])


def mark_published(
    axes: Axes, x: float, y: float, certainty: str, half_width: float, colour: str, along: str = "y", **keywords: Any
) -> None:
    """A diamond at a published value: filled if certain, else open with a bar of the half width.

    Parameters
    ----------
    along : the axis, 'x' or 'y', that the value and its half width lie on.
    """
    certain = certainty in CERTAIN
    diamond = {"fmt": "D", "elinewidth": 0.8} | ({} if certain else {"markerfacecolor": "white"})
    bar = {} if certain else {f"{along}err": half_width}
    drawn = axes.errorbar(x, y, color=colour, zorder=4, **diamond, **bar, **keywords)
    for artist in drawn.get_children():
        artist.set_clip_on(False)  # the mark may stand outside the axes
    axes.errorbar([], [], color=GREY, label=CERTAINTY[certainty], **diamond)  # the legend's, in no method's colour


# --- Grouping results -----------------------------------------------------------------------------


def network_order(network: tuple[str, str]) -> tuple[str, int, list[int]]:
    """Sorting key of (data set, layers): by data set, depth and size."""
    dataset, layers = network
    sizes = [int(size) for size in layers.split("-")]
    return dataset, len(sizes), sizes


def by_network(datasets: Sequence[xr.Dataset]) -> dict[tuple[str, str], list[xr.Dataset]]:
    """Results by (data set, layers), in order."""
    return _grouped(datasets, lambda attrs: (attrs["dataset"], attrs["layers"]), network_order)


def by_method(datasets: Sequence[xr.Dataset]) -> dict[tuple[str, str], list[xr.Dataset]]:
    """Results by (experiment, setting, by its name if it has one), in order; those of a group differ by their seeds."""
    return _grouped(datasets, lambda attrs: (attrs["experiment"], setting_named(attrs)), method_order)


def setting_named(attrs: Mapping[str, Any]) -> str:
    """The setting of a result, by its name if it has one."""
    # a sweep over bits has no one setting
    return str(attrs.get("setting_name", attrs.get("setting", "default")))


def longest(seeds: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Those of some trainings that have been trained longest."""
    last = max(float(seed.epoch[-1]) for seed in seeds)
    return [seed for seed in seeds if float(seed.epoch[-1]) == last]


def _grouped(datasets: Sequence[xr.Dataset], key: Callable, order: Callable) -> dict:
    groups: dict[tuple[str, str], list[xr.Dataset]] = {}
    for dataset in datasets:
        groups.setdefault(key(dataset.attrs), []).append(dataset)
    return {key: groups[key] for key in sorted(groups, key=order)}


def each_training(datasets: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Trainings, those of a table of many (`training`) one by one; results of another kind are left out."""
    found = []
    for dataset in datasets:
        if "training" in dataset.dims:
            for k in range(dataset.sizes["training"]):
                one = dataset.isel(training=k).dropna("epoch", subset=["test_error"])
                facts = {name: one[name].item() for name in TRAINED if name in one.coords}
                found.append(one.assign_attrs(dataset.attrs | facts))
        elif "test_error" in dataset:
            found.append(dataset)
    return found


# --- Panels ---------------------------------------------------------------------------------------


def panels(
    datasets: Sequence[xr.Dataset], needs: str, columns: int = 1, height: float = 2.4, alike: bool = True
) -> tuple[Figure, list[tuple]]:
    """A figure with one panel, or a row of `columns` panels, for each network.

    Parameters
    ----------
    needs : variable that a result must have to be drawn.
    height : of a row, in inches.
    alike : whether the panels of a row have one scale.

    Returns
    -------
    the figure and, for each network, its panels and its results.
    """
    networks = by_network([dataset for dataset in datasets if needs in dataset])
    abreast = 2 if columns == 1 and len(networks) > 1 else 1
    rows = max(1, -(-len(networks) // abreast))
    figure = Figure(figsize=(WIDTH, 0.6 + height * rows), layout="constrained")
    grid = figure.subplots(rows, columns * abreast, squeeze=False, sharey="row" if columns > 1 and alike else False)
    cells = list(grid.reshape(-1, columns))
    for axes in (axes for cell in cells[len(networks) :] for axes in cell):
        axes.set_axis_off()
    if not networks:
        cells[0][0].set_title(f"no result has '{needs}': nothing to draw")
    return figure, list(zip(cells, networks.values(), strict=False))


def title(axes: Axes, members: Sequence[xr.Dataset], note: str) -> None:
    """Network, number of seeds and a note above a panel."""
    counts = {sum(member.sizes.get("seed", 1) for member in method) for method in by_method(members).values()}
    seeds = " to ".join(str(n) for n in sorted({min(counts), max(counts)}))
    seeds += " seed" if counts == {1} else " seeds"
    axes.set_title(f"{network_label(members[0].attrs)}\n{seeds}; {note}")


def seed_lines(axes: Axes, curves: Sequence[xr.DataArray], look: Look, **line: Any) -> None:
    """A thin line for the curve of each seed and a thick one for their mean, where all seeds have a value.

    Parameters
    ----------
    line : keywords of the lines, over those of `look`; the marker is on the last point, so that it names the line
        without colour and a single point shows.
    """
    (along,) = curves[0].dims
    curves = [curve.dropna(along) for curve in curves]
    for curve in curves:
        axes.plot(curve[along], curve, **look.line | line | {"linewidth": THIN})
    mean = xr.concat(curves, "seed", join="inner", coords="minimal", compat="override").mean("seed")
    marked = {"marker": look.marker, "markevery": [-1], "label": look.label}
    axes.plot(mean[along], mean, **look.line | marked | line)


def epoch_axis(axes: Axes, members: Sequence[xr.Dataset]) -> None:
    """Label and scale of the axis of epochs."""
    axes.set_xlabel("epochs")
    if max(int(member.epoch.max()) for member in members) > MANY_EPOCHS:
        axes.set_xscale("log", nonpositive="mask")  # without the untrained network
        plain_log_ticks(axes.xaxis)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def plain_log_ticks(axis: Axis, digits: Sequence[float] = (1, 2, 5)) -> None:
    """Ticks of a logarithmic axis at these leading digits, written as they are."""
    axis.set_major_locator(LogLocator(subs=digits))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


class _ZeroAndLog(LogLocator):
    """Ticks of a logarithmic axis, and one at 0."""

    def __init__(self, least: float, digits: Sequence[float]) -> None:
        super().__init__(subs=digits)
        self.least = least

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        return np.concatenate([[0.0], super().tick_values(self.least, max(vmin, vmax, self.least))])

    def nonsingular(self, vmin: float, vmax: float) -> tuple[float, float]:
        return vmin, vmax  # a logarithmic locator would take what is not above 0 away


def log_from_zero(axis: Axis, digits: Sequence[float] = (1, 2, 5)) -> None:
    """Logarithmic scale of an axis, once all is drawn; where something is 0, linear from there to the least above 0."""
    axes, name = axis.axes, axis.axis_name
    along, set_scale = "xy".index(name), getattr(axes, f"set_{name}scale")
    drawn = [each.dataLim for each in getattr(axes, f"get_shared_{name}_axes")().get_siblings(axes)]
    if min(limits.p0[along] for limits in drawn) > 0:  # infinite where nothing is drawn
        set_scale("log")
        plain_log_ticks(axis, digits)
        return
    least, most = min(limits.minpos[along] for limits in drawn), max(limits.p1[along] for limits in drawn)
    least = least if np.isfinite(least) else 1.0
    getattr(axes, f"set_{name}lim")(-least / 2, max(1.2 * most, 2 * least))  # a mark at 0 is whole
    set_scale("symlog", linthresh=least, linscale=0.5)
    plain_log_ticks(axis, digits)
    axis.set_major_locator(_ZeroAndLog(least, digits))


def error_axis(axes: Axes) -> None:
    """Label and scale of the axis of errors; logarithmic, so that 2 % and a seed that never learns both show."""
    log_from_zero(axes.yaxis, (1, 2, 3, 5, 7))
    axes.set_ylabel("test error (%)")


def accuracy_axis(axis: Axis, digits: Sequence[float] = (1, 2, 3, 5, 7)) -> None:
    """Scale of an axis of errors in % that are written as accuracies; logarithmic, to show 98 % and chance."""
    log_from_zero(axis, digits)
    axis.set_inverted(True)
    axis.set_major_formatter(lambda error, _: f"{100 - error:g}")


def legend(figure: Figure) -> None:
    """One legend above all panels, each label once, in as many columns as fit the page."""
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    for columns in range(min(4, len(handles)), 0, -1):
        drawn = figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=columns)
        if columns == 1 or drawn.get_window_extent().width <= figure.bbox.width:
            break
        drawn.remove()


# --- Saving ---------------------------------------------------------------------------------------


@styled
def save(figure: Figure, stem: Path, command: str, caption: str = "", kinds: Sequence[str] = ("png", "pdf")) -> None:
    """Write STEM.png and STEM.pdf, which say in a footer and in their metadata what made them.

    Parameters
    ----------
    command : the command that makes the figure again.
    caption : what the footer says above it.
    kinds : of files to write.
    """
    commit = results.git_commit()
    footer = textwrap.wrap(f"{command}  (commit {commit})", 130)
    if caption:
        footer = [*textwrap.wrap(caption, 136), *footer]
    figure.supxlabel("\n".join(footer), x=0.01, ha="left", fontsize=NOTE if caption else FOOTER, color=GREY)
    metadata = {
        "Title": stem.name,
        "Subject": command,
        "Keywords": f"git commit {commit}",
        "Creator": f"brian2zoo {brian2zoo.__version__}",
    }
    stem.parent.mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        path = stem.with_name(f"{stem.name}.{kind}")
        with results.replacing(path) as partial:
            figure.savefig(partial, format=kind, metadata=metadata)
