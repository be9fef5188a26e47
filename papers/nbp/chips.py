"""Energy and time of a sample on a chip, term by term, against what Renner et al. (2024) measured.

One bar a mapping, inference above learning. Static power is left out, as it is of the authors' energies.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import by_network, legend, mark_published
from brian2zoo.figures.style import BLACK, BLUE, GREEN, GREY, PALE, SKY, VERMILLION, WIDTH, network_label, styled

from .curves import is_published

GROUPS = {  # what is drawn as one: colour, terms
    "synaptic operations": (BLUE, ("synaptic operations",)),
    "neuron updates": (GREEN, ("neuron updates", "neuron updates, active")),
    "spikes on their way": (
        SKY,
        ("spikes fired", "messages", "hops in x", "hops in y", "messages sent", "messages received", "farthest way"),
    ),
    "learning engine": (VERMILLION, ("learning visits",)),
    "barrier": (GREY, ("barrier",)),
    "fixed steps": (PALE, ("steps of fixed length", "model time, accelerated")),
}
MODES = {"test": "inference", "train": "learning"}
QUANTITIES = {  # dimension of the terms: key of the table's rows, factor to the unit drawn and from the table's, label
    "energy_term": ("energy", {"test": 1e6, "train": 1e3}, 1e-3, {"test": "energy (µJ)", "train": "energy (mJ)"}),
    "time_term": ("latency", {"test": 1e6, "train": 1e3}, 1e-3, {"test": "latency (µs)", "train": "latency (ms)"}),
}


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Two panels for inference and two for learning, of the published network if it is there, with its values."""
    networks = by_network([d for d in datasets if "energy_dynamic" in d])
    mapped = min(networks.values(), key=lambda members: not is_published(members[0], published), default=[])
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    grid = figure.subplots(2, 2, squeeze=False)
    for row, mode in zip(grid, MODES, strict=True):
        members = sorted((d for d in mapped if d.attrs["mode"] == mode), key=lambda d: d.attrs["chip"])
        for axes, dim in zip(row, QUANTITIES, strict=True):
            _panel(axes, members, dim, mode, published)
    legend(figure)
    return figure


def _panel(axes: Axes, members: Sequence[xr.Dataset], dim: str, mode: str, published: Mapping[str, Any]) -> None:
    key, factors, from_table, labels = QUANTITIES[dim]
    factor = factors[mode]
    for place, member in enumerate(members):
        left = 0.0
        terms = dict(zip(member[dim].values.tolist(), member[f"{dim}_total"].fillna(0).values, strict=True))
        for name, (colour, parts) in GROUPS.items():
            width = factor * sum(terms.get(part, 0.0) for part in parts)
            if width:
                axes.barh(place, width, left=left, color=colour, height=0.6, label=name)
            left += width
    if all(is_published(member, published) for member in members):
        row = next(row for row in published["comparison"]["rows"] if row.get("ours") == mode)
        value = factor * from_table * row[key]
        mark_published(axes, value, len(members) - 0.4, published["comparison"]["certainty"], 0, BLACK, along="x")
        axes.axvline(value, color=GREY, linewidth=0.6, zorder=0)
    axes.set_yticks(range(len(members)), [m.attrs["chip"] for m in members])
    axes.set_ylim(-0.6, len(members) - 0.1)
    axes.set_xlim(left=0)
    axes.set_xlabel(labels[mode])
    of = network_label(members[0].attrs) if members else "no mapping among the results"
    axes.set_title(f"{MODES[mode]}, {of}")
