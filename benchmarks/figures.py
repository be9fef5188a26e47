"""Figures of the results in results/benchmarks: python benchmarks/figures.py"""

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import typer
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from brian2zoo import figures
from brian2zoo.figures import style
from brian2zoo.run import results

DEVICE_LOOKS = {
    "stock, stock input": style.GREY,
    "stock": style.ORANGE,
    "dense": style.BLUE,
    "dense, single precision": style.SKY,
}
FRAMEWORK_LOOKS = {
    "rtrl_images": ("brian2zoo, block-diagonal RTRL", style.BLUE, "o", "-"),
    "erbp_plus": ("brian2zoo, eRBP+, 2,500 steps", style.SKY, "o", ":"),
    "snntorch, held": ("snnTorch, input taken once", style.GREEN, "^", "-"),
    "snntorch, each step": ("snnTorch, in each step", style.GREEN, "^", "--"),
    "spikingjelly, held": ("SpikingJelly, input taken once", style.VERMILLION, "s", "-"),
    "spikingjelly, each step": ("SpikingJelly, in each step", style.VERMILLION, "s", "--"),
}


def bars(axes: Axes, groups: list[str], heights: dict[str, np.ndarray]) -> None:
    """Bars side by side for each group, one of each device, with the ratio of the first to it above."""
    width, slowest = 0.8 / len(heights), next(iter(heights.values()))
    for k, (device, values) in enumerate(heights.items()):
        places = np.arange(len(groups)) + (k - (len(heights) - 1) / 2) * width
        drawn = axes.bar(places, values, width, color=DEVICE_LOOKS[device], label=device)
        if k:
            ratios = [f"{first / v:.1f}×" for first, v in zip(slowest, values, strict=True)]  # noqa: RUF001
            axes.bar_label(drawn, ratios, fontsize=style.FOOTER, rotation=90, padding=2)
    axes.set_xticks(range(len(groups)), groups)


def device(result: xr.Dataset) -> Figure:
    """User time of a training sample on four programs, a panel for each experiment."""
    figure, panels = plt.subplots(1, result.sizes["experiment"], figsize=(style.WIDTH, 2.8), squeeze=False, sharey=True)
    for axes, name in zip(panels.flat, result.experiment.values, strict=True):
        chosen = result.user_time.sel(experiment=name).dropna("layers", how="all")
        heights = {str(d): chosen.sel(device=d).values for d in DEVICE_LOOKS}
        hidden = [str(layers).removeprefix("784-").removesuffix("-10") for layers in chosen.layers.values]
        bars(axes, hidden, heights)
        axes.set_title(style.look(str(name)).label)
        axes.set_xlabel("hidden units")
        axes.set(yscale="log", ylim=(1, 400))
        figures.plain_log_ticks(axes.yaxis)
    panels.flat[0].set_ylabel("ms of one core a training sample")
    figures.legend(figure)
    return figure


def events(result: xr.Dataset) -> Figure:
    """Price of a plastic synaptic event against the bare loop, a panel for each precision."""
    figure, panels = plt.subplots(1, result.sizes["precision"], figsize=(style.WIDTH, 2.4), sharey=True)
    for axes, precision in zip(panels, result.precision.values, strict=True):
        times = result.event_time.sel(precision=precision)
        for name in result.experiment.values:
            look = style.look(str(name))
            chosen = times.sel(experiment=name, loop="zoo")
            axes.plot(result.columns, chosen, marker=look.marker, **look.line, label=look.label)
        axes.plot(result.columns, times.sel(loop="bare loop").mean("experiment"), color=style.BLACK, label="bare loop")
        axes.set(xlabel="synapses of an input", xscale="log", ylim=(0, None), title=f"{precision} precision")
        axes.set_xticks(result.columns.values, [str(n) for n in result.columns.values])
        axes.minorticks_off()
    panels[0].set_ylabel("ns a synaptic event")
    panels[0].legend()
    return figure


def scaling(result: xr.Dataset) -> Figure:
    """Cost against size and against input rate, with slopes."""
    figure, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 2.4), sharey=True)
    across = {"hidden": (result.hidden, "hidden units"), "rate": (result.input_spikes_by_rate, "input spikes a sample")}
    for axes, (axis, (x, label)) in zip(panels, across.items(), strict=True):
        axes.loglog(x, result[f"time_by_{axis}"], marker="o", color=style.BLUE)
        axes.set_xlabel(label)
        axes.set_title(f"slope {float(result[f'slope_by_{axis}']):.2f} over the upper half")
    panels[0].set_ylabel("ms of one core a training sample")
    return figure


def build(result: xr.Dataset) -> Figure:
    """Seconds of processor time that compiling takes."""
    figure, axes = plt.subplots(figsize=(style.WIDTH / 2, 2.4))
    used = result.build_time.sel(step="compile, processor")
    groups = [style.look(str(name)).label for name in result.experiment.values]
    bars(axes, groups, {str(d): used.sel(device=d).values for d in used.device.values})
    axes.set_ylabel("s of one core to compile")
    axes.legend()
    return figure


def trace(result: xr.Dataset) -> Figure:
    """Price of one synapse and step of clock-driven traces."""
    figure, axes = plt.subplots(figsize=(style.WIDTH / 2, 2.4))
    heights = {str(d): result.update_time.sel(device=[d]).values for d in result.device.values}
    bars(axes, ["784 × 100 traces"], heights)  # noqa: RUF001
    axes.set_ylabel("ns a synapse and step")
    axes.legend()
    return figure


def rules(result: xr.Dataset) -> Figure:
    """Time a step and memory of rules against the number of hidden units, a column for each family."""
    families = list(dict.fromkeys(result.family.values))
    figure, panels = plt.subplots(2, len(families), figsize=(style.WIDTH, 5.2), sharex="col")
    for column, family in zip(panels.T, families, strict=True):
        chosen = result.isel(experiment=result.family.values == family)
        for axes, name in zip(column, ("time", "state"), strict=True):
            for experiment in map(str, chosen.experiment.values):
                look, one = style.look(experiment), chosen.sel(experiment=experiment)
                curve = one["step_time" if name == "time" else name].dropna("hidden")
                label = f"{look.label}: {float(one.time_slope):.1f}, {float(one.state_slope):.1f}"
                axes.loglog(curve.hidden, curve, marker=look.marker, label=label, **look.line)
            axes.set_title(f"theory: {float(chosen[f'{name}_theory'][0]):.0f}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        sizes = curve.hidden.values
        column[0].set_title(f"{family}\n{column[0].get_title('left')}")
        column[1].set_xlabel("hidden units")
        column[1].set_xticks(sizes, [str(n) for n in sizes])
        column[1].minorticks_off()
        column[1].legend(
            fontsize=style.FOOTER, loc="upper left", bbox_to_anchor=(-0.15, -0.3),
            title="with slopes of time and state", title_fontsize=style.FOOTER, alignment="left",
        )  # fmt: skip
    panels[0, 0].set_ylabel("µs a step")
    panels[1, 0].set_ylabel("bytes of state")
    return figure


def factorized(result: xr.Dataset) -> Figure:
    """Time of a step of traces by where they are."""
    figure, axes = plt.subplots(figsize=(style.WIDTH / 2, 2.4))
    drawn = axes.bar(result.place.values, result.step_time, color=[style.ORANGE, style.BLUE, style.GREY])
    axes.bar_label(drawn, [f"{float(ratio):.0f}×" for ratio in result.speedup], fontsize=style.FOOTER)  # noqa: RUF001
    axes.set(ylabel="µs a step", yscale="log", title=f"traces of {result.attrs['pre']} by {result.attrs['post']}")
    return figure


def frameworks(result: xr.Dataset) -> Figure:
    """Test error against processor time of training; a line a seed, the errors that times are compared at."""
    figure, axes = plt.subplots(figsize=(style.WIDTH, 3))
    for name, (label, colour, marker, line) in FRAMEWORK_LOOKS.items():
        for seed in np.unique(result.seed):
            curve = result.isel(point=(result.framework.values == name) & (result.seed.values == seed))
            axes.plot(
                curve.processor, 100 * curve.error, color=colour, marker=marker, markersize=3, linestyle=line,
                label=label if seed == result.seed.min() else None,
            )  # fmt: skip
    for target in result.target.values:
        axes.axhline(100 * target, color=style.GREY, linewidth=0.5, zorder=0)
    axes.set(xlabel="s of training on one core", ylabel="% of 10,000 wrong", xscale="log", yscale="log")
    figures.plain_log_ticks(axes.xaxis)
    figures.plain_log_ticks(axes.yaxis, (1, 2, 3, 5))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


DRAWN: dict[str, Callable[[xr.Dataset], Figure]] = {
    function.__name__: function for function in (device, events, scaling, build, trace, rules, factorized, frameworks)
}


@style.styled
def main(folder: Path = Path("results/benchmarks")) -> None:
    """Draw every benchmark whose result is in the folder, as PNG and PDF next to it."""
    mpl.use("agg")
    mpl.rcParams["figure.constrained_layout.use"] = True
    for name, draw in DRAWN.items():
        path = folder / f"{name}.nc"
        if not path.exists():
            print(f"no {path}: run python benchmarks/{name}.py")
            continue
        result = results.read(path)
        figure = draw(result)
        about = f"{result.attrs['command']}, {result.attrs['git_commit']}"
        figure.text(0, -0.02, about, fontsize=style.FOOTER, va="top")
        for suffix in ("png", "pdf"):
            figure.savefig(path.with_suffix(f".{suffix}"), bbox_inches="tight")
        plt.close(figure)
        print(path.with_suffix(".png"))


if __name__ == "__main__":
    typer.run(main)
