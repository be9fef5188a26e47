"""Where area, time and energy of training on a compute-in-memory chip go, under BP and DFA."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2zoo.figures import legend, mark_published
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import BLACK, BLUE, GREEN, ORANGE, PALE, PURPLE, SKY, VERMILLION, WIDTH, styled

LOOKS = {  # part of the area, part of time and energy, name, colour
    ("ADC", "ADC"): ("converters", VERMILLION),
    ("WG", "WGcalc"): ("weight-gradient units", PURPLE),
    ("Other", "Buffer"): ("buffers (of the area: drivers too)", BLUE),
    ("IC", "IC"): ("wires", GREEN),
    ("Accum", "Accum"): ("adders", ORANGE),
    ("CIMarray", "Array"): ("cells and their drivers", BLACK),
    ("", "WUwrite"): ("writing", SKY),
    ("", "DRAM"): ("DRAM", PALE),
}
ENDINGS = {"area": "_um2", "time": "_lat_ns", "energy": "_E_pJ"}
# the part whose share the paper gives is the first of its bar, so that the mark stands where the part should end
PUBLISHED = {
    ("area", "bp"): ("ADC", "adc_area_bp"),
    ("area", "dfa"): ("WG", "wg_area_dfa"),
    ("time", "bp"): ("Buffer", "buffer_time"),
    ("energy", "bp"): ("DRAM", "dram_energy"),
}


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """Shares of the deepest network of each kind."""
    for network in _deepest(datasets):
        if not _of_published_data(network, published):
            continue
        for (quantity, rule), (part, key) in PUBLISHED.items():
            entry, shares = published["shares"][key], _shares(network.sel(rule=rule), quantity)
            named = next(name for parts, (name, _) in LOOKS.items() if parts[quantity != "area"] == part)
            what = f"{rule.upper()}, % of {quantity}: {named}; {int(network.depth)} layers, {network.attrs['network']}"
            yield Comparison(what, entry["value"], [shares[part]], published["half_width"], entry["certainty"])


def _deepest(datasets: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Of each kind of networks the deepest."""
    return [dataset.isel(depth=-1) for dataset in datasets if "depth" in dataset.dims]


def _of_published_data(network: xr.Dataset, published: Mapping[str, Any]) -> bool:
    """Whether a network has the inputs of the paper's data; its hidden layers are not known."""
    return str(network.attrs["network"]).startswith(f"{published['inputs']},")


def _shares(costs: xr.Dataset, quantity: str) -> dict[str, float]:
    """Of each part, in %."""
    column, prefix = (0, "") if quantity == "area" else (1, "brk_")
    values = {p[column]: float(costs[f"{prefix}{p[column]}{ENDINGS[quantity]}"]) for p in LOOKS if p[column]}
    return {part: 100 * value / sum(values.values()) for part, value in values.items()}


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Shares as stacked bars, one for each network and algorithm, and where the paper's share of a part ends.

    Parameters
    ----------
    datasets : costs over depth, from `brian2zoo.mapping.cim.depth.over_depth`; the deepest network of each is drawn.
    """
    deepest = _deepest(datasets)
    bars = [(network, rule) for network in deepest for rule in ("bp", "dfa")]
    figure = Figure(figsize=(WIDTH, 1.4 + 0.3 * max(1, len(bars))), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, quantity in zip(panels, ENDINGS, strict=True):
        for place, (network, rule) in enumerate(bars):
            part, key = PUBLISHED.get((quantity, rule), ("", ""))
            _draw_bar(axes, -place, network.sel(rule=rule), quantity, part)
            if part and _of_published_data(network, published):
                value = published["shares"][key]
                half = published["half_width"]
                mark_published(axes, value["value"], -place, value["certainty"], half, "black", along="x")
        axes.set(xlabel=f"{quantity} (%)", xlim=(0, 100))
    names = [f"{network.attrs['network']}; {int(network.depth)} layers, {rule.upper()}" for network, rule in bars]
    panels[0].set_yticks([-place for place in range(len(bars))], names)
    legend(figure)
    return figure


def _draw_bar(axes: Axes, place: float, costs: xr.Dataset, quantity: str, first: str) -> None:
    shares, left = _shares(costs, quantity), 0.0
    looks = {parts[quantity != "area"]: look for parts, look in LOOKS.items()}
    for part, share in sorted(shares.items(), key=lambda item: item[0] != first):
        name, colour = looks[part]
        axes.barh(place, share, 0.7, left=left, color=colour, label=name)
        left += share
