"""That each figure of compute-in-memory draws the numbers it is given, where it says."""

import numpy as np
import pytest
import xarray as xr

from brian2zoo.formats.papers import paper as paper_of
from brian2zoo.formats.settings import setting_of
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim.depth import over_depth
from brian2zoo.mapping.cim.reference import LIMITS

cim_agreement, cim_breakdown, cim_depth, cim_devices, cim_pareto, cim_sizes = (
    paper_of("cim").module(name) for name in ("agreement", "breakdown", "depth", "devices", "pareto", "sizes")
)


@pytest.fixture(scope="module")
def deep() -> xr.Dataset:
    return over_depth(Zoo().cim("cim_training"), None, 64, [1, 2, 4], {})


@pytest.fixture(scope="module")
def paper() -> dict:
    return paper_of("cim").published


def test_agreement_draws_each_run_at_its_error(paper) -> None:
    reference = np.ones((len(LIMITS), 2))
    coords = {"quantity": list(LIMITS), "run": ["a", "b"]}
    compared = xr.Dataset(coords=coords).assign(
        reference=(("quantity", "run"), reference),
        model=(("quantity", "run"), reference * [1.05, 0.9]),
        network=("run", ["784-200-10", "784-500-500-10"]),
    )
    *_, axes = cim_agreement.draw([compared], paper).axes
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_marker() in "os"]
    assert sorted({round(float(height), 6) for height in heights}) == [-10, 5]
    assert len(heights) == 2 * len(LIMITS)


def test_depth_draws_the_ratio_of_times(deep, paper) -> None:
    left, right = cim_depth.draw([deep], paper).axes
    for axes, variable in ((left, "Total_lat_ns"), (right, "Overlapped_lat_ns")):
        ratio = deep.Total_lat_ns.sel(rule="bp") / deep[variable].sel(rule="dfa")
        np.testing.assert_allclose(axes.lines[0].get_ydata(), ratio)


def test_bars_of_the_breakdown_are_shares_of_the_deepest_network(deep, paper) -> None:
    figure = cim_breakdown.draw([deep], paper)
    for axes in figure.axes:
        widths = [bar.get_width() for bar in axes.patches]
        assert sum(widths) == pytest.approx(200)
    bp = deep.isel(depth=-1).sel(rule="bp")
    share = 100 * float(bp.ADC_um2 / bp.ChipArea_um2)
    assert figure.axes[0].patches[0].get_width() == pytest.approx(share)


def test_devices_draws_sweeps_of_one_number_with_the_default_among_them(make, paper) -> None:
    settings = {"default": 0.05, "synapse.c2c=0.02": 0.2, "synapse.c2c=0.02:state.x_bits=3": 0.9, "state.x_bits=3": 0.4}
    results = [
        make["training"]("bp_analog", "64-100-10", 0, "digits", s, errors=[error]) for s, error in settings.items()
    ]
    axes = cim_devices.draw(results, paper).axes
    line = next(line for line in axes[0].lines if line.get_label() == "BP in place")
    np.testing.assert_allclose(line.get_xydata(), [[0, 95], [2, 80]])
    line = next(line for line in axes[1].lines if line.get_label() == "BP in place")
    np.testing.assert_allclose(line.get_xydata(), [[3, 60], [6, 95]])


def test_devices_marks_cells_with_all_at_once(make, paper) -> None:
    name, cell = next(iter(paper["devices"]["settings"].items()))
    setting = setting_of({number: str(value) for number, value in reversed(cell.items())})  # in any order
    results = [make["training"]("dfa_analog", "64-100-10", 0, "digits", s, errors=[0.3]) for s in ("default", setting)]
    axes = cim_devices.draw(results, paper).axes[-1]
    assert axes.get_xticklabels()[0].get_text() == name
    assert [line.get_xydata().tolist() for line in axes.lines if len(line.get_xdata())] == [[[0, 70]]]


def test_sizes_draws_widths_of_the_commonest_depth_and_depths_of_the_commonest_width(make, paper) -> None:
    errors = {"64-8-8-10": 0.6, "64-32-32-10": 0.1, "64-32-10": 0.2, "64-16-16-10": 0.5, "64-20-30-10": 0.9}
    results = [make["training"]("dfa_analog", net, 0, "digits", errors=[e]) for net, e in errors.items()]
    results.append(make["training"]("dfa_analog", "64-8-8-10", 0, "digits", "state.x_bits=3", errors=[0.99]))
    by_width, by_depth = cim_sizes.draw(results, paper).axes
    np.testing.assert_allclose(by_width.lines[0].get_xydata(), [[8, 40], [16, 50], [32, 90]])
    np.testing.assert_allclose(by_depth.lines[0].get_xydata(), [[1, 80], [2, 90]])
    places = {
        tuple(line.get_xydata()[0]) for line in by_width.lines if line.get_marker() == "D" and len(line.get_xdata())
    }
    assert not places  # published for other data


def test_sizes_marks_what_is_published_for_the_data(make, paper) -> None:
    by_width, _ = cim_sizes.draw([make["training"]("dfa_analog", "784-8-8-10", 0, "mnist", errors=[0.6])], paper).axes
    places = {
        tuple(line.get_xydata()[0]) for line in by_width.lines if line.get_marker() == "D" and len(line.get_xdata())
    }
    assert {(8, 44), (8, 8), (256, 80), (256, 79)} <= places


def test_the_front_has_what_no_other_beats() -> None:
    cost, error = np.array([3.0, 1.0, 2.0, 4.0, 1.0]), np.array([2.0, 9.0, 5.0, 3.0, 8.0])
    assert cim_pareto.front(cost, error).tolist() == [4, 2, 0]


def test_pareto_draws_the_last_error_of_each_training(paper) -> None:
    costs = {name: ("training", [1e6, 2e6]) for name in cim_pareto.COSTS}
    errors = (("training", "epoch"), [[0.5, 0.2, np.nan], [0.6, 0.4, 0.1]])
    swept = xr.Dataset({"test_error": errors, **costs}, {"experiment": ("training", ["bp_analog", "dfa_analog"])})
    energy = cim_pareto.draw([swept], paper).axes[0]
    places = sorted(tuple(line.get_xydata()[0]) for line in energy.lines if line.get_marker() == ".")
    np.testing.assert_allclose(places, [(1, 20), (2, 10)])


def test_nothing_to_draw_is_said(paper) -> None:
    for module in (cim_agreement, cim_devices, cim_sizes, cim_pareto):
        assert "nothing to draw" in module.draw([], paper).axes[0].get_title(loc="left")
