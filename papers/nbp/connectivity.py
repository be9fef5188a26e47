"""Functional connectivity by phase, after Renner et al. (2024): which spikes of which layers meet in each phase.

A column is a phase, a row a layer; a layer is drawn where its gate is open, with what then has to arrive for a spike.
All is read off the table of phases that the circuit follows.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from brian2zoo.figures import panels
from brian2zoo.figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILLION, WIDTH, styled

RELAYS = {  # kind of projection from unit to unit: colour and what it does
    "copy": (BLACK, "unit to unit, excites"),
    "veto": (VERMILLION, "unit to unit, vetoes"),
    "open_each": (GREEN, "unit to unit, opens"),
}
MATRIX = (BLUE, "all to all, by a matrix")
NODES = (  # colours of what opens a layer, in the order of the table
    BLUE,
    SKY,
    PURPLE,
    GREEN,
    ORANGE,
)
LEARNS = {True: "#DCEBF5", False: "#FBE6DA"}  # background of a phase in which weights grow, or shrink
GATES = "gates"


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """The table of the first trace that has one."""
    tables = [dataset for dataset in datasets if "phases" in dataset.attrs]
    if not tables:
        return panels([], "phases")[0]
    table = json.loads(tables[0].attrs["phases"])
    phases = {int(number): phase for number, phase in sorted(table["phases"].items(), key=lambda item: int(item[0]))}
    names = [*table["populations"], GATES]
    rows = {name: row for row, name in enumerate(reversed(names))}
    text = [f"{number}  {phase['meaning']}" for number, phase in phases.items()]
    figure = Figure(figsize=(WIDTH, 1.1 + 0.29 * len(rows) + 0.14 * len(text)), layout="constrained")
    axes, below = figure.subplots(2, height_ratios=[0.29 * len(rows), 0.14 * len(text)])

    for number, (changes, grows) in learning(table).items():
        axes.axvspan(number - 0.5, number + 0.5, color=LEARNS[grows], linewidth=0, zorder=0)
        axes.annotate(changes, (number, 1.01), ha="center", xycoords=("data", "axes fraction"))
    for arrival in arrivals(phases):
        _draw_arrival(axes, *arrival, rows)
    opened = _draw_nodes(axes, phases, rows)

    axes.set_xlim(0.4, len(phases) + 0.6)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xticks(list(phases))
    axes.set_yticks(list(rows.values()), list(rows))
    axes.tick_params(length=0)
    axes.set_xlabel("phase")
    axes.set_title(f"{table['title']}\n")
    below.set_axis_off()
    below.text(0, 1, "\n".join(text), va="top", linespacing=1.15)
    _key(figure, opened)
    return figure


def arrivals(phases: Mapping[int, Mapping[str, Any]]) -> Iterator[tuple[int, str, int, str, str]]:
    """What arrives where: (phase, source, phase, target, kind of projection or matrix)."""
    for number, phase in phases.items():
        for target, firing in phase["fires"].items():
            for key, via in firing["inputs"].items():
                source, _, earlier = key.partition("@")
                yield int(earlier), source, number, target, via


def learning(table: Mapping[str, Any]) -> dict[int, tuple[str, bool]]:
    """What changes in each phase of learning, such as 'W1+', and whether it grows.

    A matrix learns when the layers on both its sides fire; transposes go by the name of their origin.
    """
    phases = {int(number): phase for number, phase in table["phases"].items()}
    found: dict[int, list[str]] = {}
    for _, source, _, target, via in arrivals(phases):
        matrix = table["matrices"].get(via)
        if matrix is None or matrix["fixed"]:
            continue
        for number, phase in sorted(phases.items()):
            changes = found.setdefault(number, [])
            name = matrix["transposed_of"] or via
            if {source, target} <= set(phase["fires"]) and name not in changes:
                changes.append(name)
    grows = {number: phases[number]["reward"] for number in sorted(found) if found[number]}
    return {n: (f"{', '.join(found[n])}{'+' if more else '−'}", more) for n, more in grows.items()}  # noqa: RUF001


def _draw_arrival(
    axes: Axes, earlier: int, source: str, number: int, target: str, via: str, rows: Mapping[str, int]
) -> None:
    colour, _ = RELAYS.get(via, MATRIX)
    matrix = via not in RELAYS
    begin, end = (earlier, rows[source]), (number, rows[target])
    bend = 0.0 if begin[1] != end[1] else -0.25
    arrow = FancyArrowPatch(
        begin, end,
        arrowstyle="-|>" if via != "veto" else "-[,widthB=2.2,lengthB=0",
        mutation_scale=6 if via != "veto" else 1,
        connectionstyle=f"arc3,rad={bend}", shrinkA=4, shrinkB=5,
        color=colour, linewidth=2.0 if matrix else 0.7, alpha=0.8, zorder=2,
    )  # fmt: skip
    axes.add_patch(arrow)


def _draw_nodes(axes: Axes, phases: Mapping[int, Mapping[str, Any]], rows: Mapping[str, int]) -> dict[str, str]:
    """Layers that fire and those silenced; returns the colour of each way in which a layer is opened."""
    opened: dict[str, str] = {}
    for number, phase in phases.items():
        for name, firing in phase["fires"].items():
            way = " + ".join(firing["gate"]) or "unit by unit"
            colour = opened.setdefault(way, NODES[len(opened) % len(NODES)])
            axes.plot(number, rows[name], "o", markersize=7, color=colour, markeredgecolor="white", zorder=3)
        for name in phase["silences"]:
            axes.plot(number, rows[name], "x", markersize=5, color=GREY, zorder=3)
    axes.plot(list(phases), [rows[GATES]] * len(phases), "s-", markersize=5, linewidth=0.7, color=BLACK, zorder=3)
    for row in rows.values():
        axes.axhline(row, color=PALE, linewidth=0.5, zorder=1)
    return opened


def _key(figure: Figure, opened: Mapping[str, str]) -> None:
    handles = [Line2D([], [], color=MATRIX[0], linewidth=2, label=MATRIX[1])]
    handles += [Line2D([], [], color=colour, linewidth=0.9, label=label) for colour, label in RELAYS.values()]
    handles += [
        Line2D([], [], marker="o", linestyle="", markersize=6, color=colour, label=f"gate: {way}")
        for way, colour in opened.items()
    ]
    handles += [Line2D([], [], marker="x", linestyle="", markersize=5, color=GREY, label="silenced by its gate")]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
