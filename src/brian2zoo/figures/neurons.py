"""What a neuron does, as pictures of what its protocols find."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures.sheet import SHADES, band, in_units, label, note, sheet, zero_lines
from brian2zoo.figures.style import BLUE, GREY, VERMILLION, styled


@styled
def firing(title: str, rates: xr.Dataset, courses: xr.Dataset, about: Mapping[str, Any]) -> Figure:
    """Firing rate against a constant input, and the membrane under a step of it.

    Parameters
    ----------
    rates, courses : as `protocols.constant_input` gives them.
    about : `input` and `course`, what they are called; `of_input` and `of_course`, their dimensions; `moved`, whether
        the input is so much a second; `threshold`, SI units, NaN if it is not a number.
    """
    figure, (left, right) = sheet(title, 2)
    inputs, unit = _inputs(rates.input.values, about)
    left.plot(inputs, rates.rate, color=BLUE, label="steady")
    first = rates["first"].values
    if np.nanmax(np.abs(first - rates.rate.values), initial=0) > 0.05 * np.nanmax(rates.rate.values):
        left.plot(inputs, first, color=VERMILLION, linestyle="--", linewidth=1, label="first interval")
        left.legend(loc="upper left")
    left.set(xlabel=label(about["input"], unit), ylabel="firing rate (Hz)", title="constant input", ylim=(0, None))
    left.set_xlim(*sorted((inputs[0], inputs[-1])))
    _courses(right, courses, about)
    return figure


@styled
def answers(title: str, found: xr.Dataset, courses: xr.Dataset, about: Mapping[str, Any]) -> Figure:
    """The answer of a graded neuron against a constant input, and its course under a step; parameters of `firing`."""
    figure, (left, right) = sheet(title, 2)
    inputs, unit = _inputs(found.input.values, about)
    values, of_answer = in_units(found.answer.values, about["of_course"])
    left.plot(inputs, values, color=BLUE)
    left.set(
        xlabel=label(about["input"], unit), ylabel=label(about["course"], of_answer), title="answer to a constant input"
    )
    zero_lines(left)
    _courses(right, courses, about)
    return figure


def _inputs(values: np.ndarray, about: Mapping[str, Any]) -> tuple[np.ndarray, str]:
    """Inputs as numbers of a unit; of those that are so much a second in a millisecond."""
    if not about["moved"]:
        return in_units(values, about["of_input"])
    numbers, unit = in_units(1e-3 * values, about["of_course"])
    return numbers, f"{unit or '1'}/ms"


def _courses(axes: Axes, courses: xr.Dataset, about: Mapping[str, Any]) -> None:
    time = 1e3 * courses.time.values
    inputs, unit = _inputs(courses.input.values, about)
    everything, of_course = in_units(np.append(courses.course.values.ravel(), about["threshold"]), about["of_course"])
    course, threshold = everything[:-1].reshape(courses.course.shape), everything[-1]
    low, high = course.min(), np.nanmax([course.max(), threshold])
    span = (high - low) or 1
    for k, (trace, spikes) in enumerate(zip(course, courses.spikes.values, strict=True)):
        axes.plot(time, trace, color=SHADES[k], linewidth=1, label=f"{inputs[k]:.3g}")
        at = time[spikes]
        level = high + span * (0.08 + 0.09 * k)
        axes.plot(at, np.full(len(at), level), "|", color=SHADES[k], markersize=5, markeredgewidth=0.8)
    if np.isfinite(threshold):
        axes.axhline(threshold, color=GREY, linewidth=0.7, linestyle=":")
    begins, ends = 1e3 * courses.attrs["begins"], 1e3 * courses.attrs["ends"]
    bar = low - 0.08 * span
    axes.plot([begins, ends], [bar, bar], color=GREY, linewidth=2.5, solid_capstyle="butt")
    axes.set(xlabel="time (ms)", ylabel=label(about["course"], of_course), xlim=(0, time[-1]))
    spiking = bool(courses.spikes.any())
    axes.set_title("step of the input" + (", spikes as ticks" if spiking else ""))
    axes.set_ylim(low - 0.14 * span, high + span * (0.62 if spiking else 0.45))
    axes.legend(
        title=f"input ({unit})" if unit else "input",
        title_fontsize=7,
        loc="upper right",
        ncols=3,
        handlelength=1,
        columnspacing=0.8,
        borderpad=0.1,
    )


@styled
def data(title: str, found: xr.Dataset, about: Mapping[str, Any]) -> Figure:
    """What an input unit makes of a pixel.

    Parameters
    ----------
    found : as `protocols.given_data.responses` gives it.
    about : `of_given`, dimension of what the encoder gives, `encoder`, its name, and `activity` and `of_activity` of a
        unit that never spikes.
    """
    figure, (left, right) = sheet(title, 2)
    pixels = found.pixel.values
    axis = {"xlabel": "value of the pixel, x", "xlim": (0, 1)}
    if "activity" in found:
        values, unit = in_units(found.activity.values, about["of_activity"])
        left.plot(pixels, values, color=BLUE, marker="o", markersize=3)
        left.set(ylabel=label(about["activity"], unit), title="activity", **axis)
        _encoded(right, found, about)
        return figure
    for pixel, train in zip(pixels, found.spikes.values, strict=True):
        times = 1e3 * train[np.isfinite(train)]
        left.plot(times, np.full(len(times), pixel), "|", color=BLUE, markersize=4.5, markeredgewidth=0.9)
    span = 1e3 * found.attrs["duration"]
    left.set(
        xlabel="time since the onset of the sample (ms)",
        ylabel=axis["xlabel"],
        xlim=(-0.02 * span, span),
        ylim=(-0.05, 1.05),
        title="spikes of one unit for each value",
    )
    counts = found.rate.values * found.attrs["duration"]
    if counts.max() <= 1 and np.nanstd(found.latency.values) > 0:
        right.plot(pixels, 1e3 * found.latency, color=BLUE, marker="o", markersize=3)
        right.set(ylabel="first spike (ms)", title="time to the spike", **axis)
    elif counts.max() <= 1:
        _encoded(right, found, about)
    else:
        band(right, pixels, found.rate.values, found.deviation.values, BLUE, marker="o", markersize=3)
        right.set(ylabel="firing rate (Hz)", title="rate in a sample", **axis)
        if found.attrs["repeats"] > 1:
            note(right, f"band: deviation of {found.attrs['repeats']} units")
    return figure


def _encoded(axes: Axes, found: xr.Dataset, about: Mapping[str, Any]) -> None:
    values, unit = in_units(np.where(np.isfinite(found.given.values), found.given.values, np.nan), about["of_given"])
    axes.plot(found.pixel, values, color=VERMILLION, marker="o", markersize=3)
    axes.set(
        xlabel="value of the pixel, x",
        ylabel=label("data", unit),
        xlim=(0, 1),
        title=f"what encoder {about['encoder']} gives it",
    )


@styled
def passes(title: str, found: xr.Dataset, about: Mapping[str, str]) -> Figure:
    """Forward and backward pass of a rate unit; `about` says what the variables are called."""
    figure, panels = sheet(title, 1 + ("backward" in found))
    for axes in panels:
        zero_lines(axes)
        axes.set(xlabel=about["input"], xlim=(found.input[0], found.input[-1]))
    panels[0].plot(found.input, found.forward, color=BLUE)
    panels[0].set(ylabel=about["forward"], title="forward")
    if "backward" not in found:
        return figure
    right = panels[1]
    for value, curve, colour in zip(found.returned.values, found.backward.values, (GREY, VERMILLION), strict=False):
        right.plot(found.input, curve, color=colour, label=f"{value:g}")
    right.set(ylabel=about["backward"], title="backward")
    right.legend(title=about["returned"], title_fontsize=7)
    return figure
