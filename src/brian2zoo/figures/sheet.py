"""One picture of one file: a title, a row of panels, and axes with units."""

from collections.abc import Sequence
from typing import Any

import brian2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures.style import GREY, PALE, WIDTH

SHADES = ("#9ecae1", "#4292c6", "#08306b")
"""Of one quantity in three strengths."""


def sheet(title: str, panels: int) -> tuple[Figure, np.ndarray]:
    """A figure of page width, and its row of panels."""
    figure = _titled(title, 2.5)
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def mosaic(title: str, rows: Sequence[Sequence[str]], height: float) -> tuple[Figure, dict[str, Axes]]:
    """A figure of page width, and its panels by name, in rows of equal length; of one that is named twice the room."""
    figure = _titled(title, height)
    return figure, figure.subplot_mosaic([list(row) for row in rows])


def _titled(title: str, height: float) -> Figure:
    figure = Figure(figsize=(WIDTH, 0.75 + height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=9, fontweight="bold")
    return figure


def unit_for(values: Any, dim: Any) -> tuple[float, str]:
    """A unit that suits values: its size in SI units, and its name; 1 and empty if they have none."""
    if dim.is_dimensionless:
        return 1.0, ""
    largest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    unit = brian2.Quantity(largest, dim=dim).get_best_unit()
    return float(unit), str(unit)


def in_units(values: Any, dim: Any) -> tuple[np.ndarray, str]:
    """Values in SI units as numbers of a unit that suits them, and its name."""
    size, name = unit_for(values, dim)
    return np.asarray(values, dtype=float) / size, name


def label(what: str, unit: str) -> str:
    """Of an axis."""
    return f"{what} ({unit})" if unit else what


def zero_lines(axes: Axes, x: bool = True, y: bool = True) -> None:
    """Thin lines through the origin, below all else."""
    if y:
        axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    if x:
        axes.axvline(0, color=PALE, linewidth=0.8, zorder=0)


def band(axes: Axes, x: np.ndarray, mean: np.ndarray, deviation: np.ndarray, colour: str, **keywords: Any) -> None:
    """A curve, and its deviation as a band where there is any."""
    axes.plot(x, mean, color=colour, **keywords)
    if np.any(deviation > 0):
        axes.fill_between(x, mean - deviation, mean + deviation, color=colour, alpha=0.18, linewidth=0)


def note(axes: Axes, text: str, x: float = 0.03, y: float = 0.97, **keywords: Any) -> None:
    """A remark within a panel, by default at its upper left."""
    place = {"ha": "left" if x < 0.5 else "right", "va": "top" if y > 0.5 else "bottom"} | keywords
    axes.text(x, y, text, transform=axes.transAxes, color=GREY, fontsize=7, **place)
