"""What a rule does, as pictures of what its protocols find."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from brian2zoo.figures.sheet import SHADES, band, in_units, label, mosaic, sheet, unit_for, zero_lines
from brian2zoo.figures.style import BLUE, GREY, VERMILLION, styled

PRE_FIRST, POST_FIRST = BLUE, VERMILLION
MINUS = "\u2212"
FEW = 5  # values that are marked one by one


@styled
def spike_timing(title: str, window: xr.Dataset, rates: xr.Dataset, dim: Any, whole: float | None) -> Figure:
    """The change by a pair against its time difference, and by many pairs against their rate.

    Parameters
    ----------
    window, rates : as `protocols.spike_timing` gives them.
    dim : dimension of the weight.
    whole : what changes are percents of; None: they have the unit of the weight.
    """
    figure, (left, right) = sheet(title, 2)
    lag = 1e3 * window.lag.values
    change, deviation, unit = _change(window, dim, whole)
    zero_lines(left)
    for colour, part in ((POST_FIRST, lag < 0), (PRE_FIRST, lag > 0)):
        band(left, lag[part], change[part], deviation[part], colour)
        left.fill_between(lag[part], 0, change[part], color=colour, alpha=0.12, linewidth=0)
    if np.any(lag == 0):
        left.plot(0, change[lag == 0], "o", color=GREY, markersize=3, zorder=3)
    reach = np.abs(lag).max()
    left.set(
        xlim=(-reach, reach),
        xlabel="$t_{post} - t_{pre}$ (ms)",
        ylabel=label("weight change", unit),
        title="one pair of spikes",
    )
    left.xaxis.set_major_locator(MultipleLocator(50 if reach > 50 else 20))
    left.margins(y=0.12)
    change, deviation, unit = _change(rates, dim, whole)
    zero_lines(right, x=False)
    for k, each in enumerate(rates.lag.values):
        colour, shape = (PRE_FIRST, "o") if each > 0 else (POST_FIRST, "s")
        named = f"{'pre' if each > 0 else 'post'} first, {abs(1e3 * each):g} ms"
        dashes = "-" if each > 0 else (0, (4, 1.5))  # so that both show where they are alike
        line = {"marker": shape, "markersize": 3.5, "linestyle": dashes, "label": named}
        band(right, rates.rate.values, change[k], deviation[k], colour, **line)
    right.set(xlim=(0, None), xlabel="pairs per second (Hz)", ylabel=label("weight change", unit),
              title=f"{rates.attrs['pairings']} pairs")  # fmt: skip
    right.legend(loc="best", handlelength=1.6)
    return figure


def _change(found: xr.Dataset, dim: Any, whole: float | None) -> tuple[np.ndarray, np.ndarray, str]:
    """Change and deviation as numbers, and what one is."""
    if whole is not None:
        return 100 * found.change.values / whole, 100 * found.deviation.values / whole, "% of $w_{max}$"
    size, unit = unit_for(found.change.values, dim)
    return found.change.values / size, found.deviation.values / size, unit


@styled
def factors(title: str, panels: Sequence[tuple[xr.Dataset, Sequence[Any]]], dim: Any) -> Figure:
    """The change against the neuron's variables that the rule reads, one panel for each.

    Parameters
    ----------
    panels : what `protocols.factors` finds, and the factors, the one along the axis first.
    dim : dimension of the weight.
    """
    figure, row = sheet(title, len(panels))
    size, of_change = unit_for(np.concatenate([found.change.values.ravel() for found, _ in panels]), dim)
    for axes, (found, read) in zip(row, panels, strict=False):
        size_along, unit = unit_for(found.along.values, read[0].dim)
        several = len(read) > 1
        across, of_across = in_units(found.across.values, read[1].dim) if several else (found.across.values, "")
        marked = {"marker": "o", "markersize": 4} if found.sizes["along"] < FEW else {}
        zero_lines(axes)
        for k, (value, colour) in enumerate(zip(across, _diverging(across) if several else [BLUE], strict=True)):
            named = f"{value:.3g} {of_across}".strip().replace("-", MINUS) if several else None
            curve, spread = (found[name].values[:, k] / size for name in ("change", "deviation"))
            band(axes, found.along.values / size_along, curve, spread, colour, label=named, **marked)
        for edge in read[0].edges:
            axes.axvline(edge / size_along, color=GREY, linewidth=0.6, linestyle=":", zorder=0)
        axes.set(xlabel=label(read[0].label, unit), ylabel=label("weight change", of_change))
        axes.set_title(f"at {found.attrs['event']}")
        axes.margins(y=0.12)
        if several:
            beside = {"loc": "upper left", "bbox_to_anchor": (1, 1), "borderaxespad": 0.2}
            axes.legend(
                title=textwrap.fill(read[1].label, 16), title_fontsize=7, handlelength=1, alignment="left", **beside
            )
    return figure


def _diverging(values: np.ndarray) -> list[str]:
    """Colours of values by their sign and size."""
    largest = np.abs(values).max() or 1
    warm, cool = ("#f4a582", "#d6604d", "#b2182b"), ("#92c5de", "#4393c3", "#2166ac")
    pick = [min(2, int(3 * abs(value) / largest * 0.999)) for value in values]
    return [(cool if value >= 0 else warm)[k] for value, k in zip(values, pick, strict=True)]


@styled
def eligibility(title: str, found: xr.Dataset, membrane: str, dim: Any) -> Figure:
    """The course of a synapse's credit after one presynaptic spike.

    Parameters
    ----------
    found : as `protocols.eligibility` gives it.
    membrane, dim : what the neuron's membrane is called, and its dimension.
    """
    names = [name for name in ("surrogate", "eligibility", "filtered") if name in found]
    if np.allclose(found.filtered, found.eligibility, rtol=1e-6, atol=0):
        names.remove("filtered")
    rows = [["membrane", names[0]], names[1:] * (3 - len(names[1:]))] if len(names) > 1 else [["membrane", *names]]
    figure, panels = mosaic(title, rows, height=3.4)
    time = 1e3 * found.time.values
    everything, unit = in_units(np.append(found.membrane.values.ravel(), float(found.threshold)), dim)
    voltage, threshold = everything[:-1].reshape(found.membrane.shape), everything[-1]
    for k, weight in enumerate(found.weight.values):
        shown = {"color": SHADES[k], "label": f"{weight:g}"}
        panels["membrane"].plot(time, voltage[k], **shown)
        spikes = time[found.spikes.values[k]]
        panels["membrane"].plot(
            spikes, np.full(len(spikes), 1.12 * threshold), "|", color=SHADES[k], markersize=7, markeredgewidth=1.4
        )
        for name in names:
            panels[name].plot(time, found[name].values[k], **shown)
    panels["membrane"].axhline(threshold, color=GREY, linewidth=0.7, linestyle=":")
    panels["membrane"].set(ylabel=label(membrane, unit), title="postsynaptic neuron, its spikes as ticks")
    said = {
        "surrogate": ("surrogate ψ", "what stands for the derivative of a spike"),
        "eligibility": ("eligibility", "what the rule takes for d spike / d weight"),
        "filtered": ("gradient a step", "what of it meets an error of 1"),
    }
    for name in names:
        panels[name].set(ylabel=said[name][0], title=said[name][1])
        zero_lines(panels[name], x=False)
    for axes in panels.values():
        axes.axvline(0, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
        axes.set(xlim=(time[0], time[-1]), xlabel="time since the presynaptic spike (ms)")
    panels["membrane"].legend(
        title="weight / weight to threshold",
        title_fontsize=7,
        loc="upper right",
        ncols=3,
        handlelength=1,
        columnspacing=0.8,
    )
    low, high = panels["membrane"].get_ylim()
    panels["membrane"].set_ylim(low, high + 0.45 * (high - low))
    return figure
