"""Error of deciding by the first output spikes, after Neftci et al. (2017), a row a network.

The same errors against the number of spikes, the mean time of the last of them since the onset of the sample, and the
mean number of synaptic operations until then.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.figures import by_method, error_axis, legend, mark_published, panels, plain_log_ticks, title
from brian2zoo.figures.comparison import Comparison
from brian2zoo.figures.style import GREY, method_looks, styled

MS, KILO = 1e3, 1e-3  # from the results' units to the axes'


def compare(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Iterator[Comparison]:
    """The error of deciding by the first output spike."""
    for layers, claim in published["latency"].items():
        own = [d for d in datasets if (d.attrs["dataset"], d.attrs["layers"]) == (published["dataset"], layers)]
        errors = [100 * float(seed.error_by_spikes.sel(spike=claim["spikes"])) for seed in own]
        what = f"{layers}, first output spike, % wrong"
        yield Comparison(what, claim["value"], errors, published["half_width"], claim["certainty"])


@styled
def draw(datasets: Sequence[xr.Dataset], published: Mapping[str, Any]) -> Figure:
    """Error against output spikes, time and synaptic operations; a line is one seed, marked at the first spike."""
    figure, networks = panels(datasets, "error_by_spikes", columns=3)
    for row, members in networks:
        by_count, by_time, by_operations = row
        methods = by_method(members)
        for method, shown in method_looks(methods).items():
            line = shown.line | {"marker": shown.marker, "markevery": [0], "label": shown.label}
            for seed in methods[method]:
                error = 100 * seed.error_by_spikes
                by_count.plot(seed.spike, error, **line)
                by_time.plot(MS * seed.time_by_spikes, error, **line)
                by_operations.plot(KILO * seed.synops_by_spikes, error, **line)
        macs = KILO * members[0].attrs["macs_inference"]
        by_operations.axvline(macs, color=GREY, linestyle=":", label="MACs of the equal dense network")

        claim = _claim(members[0], published)
        if claim:
            for axes, x in ((by_count, claim["spikes"]), (by_operations, KILO * claim["synops"])):
                mark_published(axes, x, claim["value"], claim["certainty"], published["half_width"], GREY)
        for axes, label in zip(row, ("output spikes", "time (ms)", "kSynOps"), strict=True):
            axes.set_xscale("log")
            plain_log_ticks(axes.xaxis)
            axes.set_xlabel(label)
        error_axis(by_count)
        title(by_count, members, "first spike published" if claim else "no published values")
    legend(figure)
    return figure


def _claim(member: xr.Dataset, published: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the paper says of the first output spike of this network, whatever the method."""
    same_data = member.attrs["dataset"] == published["dataset"]
    return published["latency"].get(member.attrs["layers"]) if same_data else None
