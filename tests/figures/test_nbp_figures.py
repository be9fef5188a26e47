"""That each figure of nBP draws the numbers it is given, where it says."""

import json

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

from brian2zoo.formats.papers import paper

nbp_ablations, nbp_comparison, nbp_connectivity, nbp_curves, nbp_raster, nbp_sparsity, nbp_weights = (
    paper("nbp").module(name)
    for name in ("ablations", "comparison", "connectivity", "curves", "raster", "sparsity", "weights")
)
READOUTS = nbp_curves.READOUTS


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def heading(axes) -> str:
    return axes.get_title(loc="left")


def drawn(axes, label) -> np.ndarray:
    """The line of that label, the mean of the seeds."""
    return next(line for line in axes.lines if line.get_label() == label).get_xydata()


def diamonds(axes) -> list[tuple[float, float]]:
    """Places of the published values in a panel."""
    return [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() == "D" and len(line.get_xdata())]


# --- Published values -----------------------------------------------------------------------------


def test_published_values_say_how_certain_they_are_and_whence(nbp) -> None:
    entries = [*nbp["accuracy"], *nbp["energy"].values(), nbp["cores"], nbp["comparison"]]
    assert {entry["source"] for entry in entries} <= set(nbp["sources"])
    assert {entry["certainty"] for entry in entries} == {"article", "corroborated", "memory"}
    assert {entry["certainty"] for entry in nbp["spikes"]["values"].values()} == {"resimulation"}
    for readout in nbp["resimulation"].values():
        assert all(entry["low"] <= entry["mean"] <= entry["high"] for entry in readout.values())


# --- Curves ---------------------------------------------------------------------------------------


def test_curves_count_the_papers_epochs_by_their_samples(make, nbp) -> None:
    half = make["gated"](epochs=4, samples=30000)
    accuracy, squares = nbp_curves.draw([half], nbp).axes
    for name, shown in READOUTS.items():
        np.testing.assert_allclose(drawn(accuracy, shown.label)[:, 0], [0.5, 1, 1.5, 2])
        np.testing.assert_allclose(drawn(accuracy, shown.label)[:, 1], 100 * half[name][1:])
    np.testing.assert_allclose(drawn(squares, "mean squared error")[:, 1], half.mse[1:])
    own = nbp_curves.draw([make["gated"](layers="64-100-10", dataset="digits", epochs=2)], nbp).axes[0]
    np.testing.assert_allclose(drawn(own, "output spike")[:, 0], [1, 2])


def test_curves_mark_what_is_published_for_this_network_only(make, nbp) -> None:
    accuracy = nbp_curves.draw([make["gated"]()], nbp).axes[0]
    assert [round(100 - y, 1) for _, y in diamonds(accuracy)] == [96.3, 97.5, 95.7]
    assert "published" in heading(accuracy)
    for other in (make["gated"](layers="400-300-10"), make["gated"](dataset="digits")):
        accuracy = nbp_curves.draw([other], nbp).axes[0]
        assert diamonds(accuracy) == []
        assert "no published values" in heading(accuracy)


def test_curves_show_the_re_simulation_at_epochs_that_were_run(make, nbp) -> None:
    for epochs, expected in ((8, {1}), (10, {1, 5}), (120, {1, 5, 20, 60})):
        accuracy = nbp_curves.draw([make["gated"](epochs=epochs)], nbp).axes[0]
        open_marks = [
            line.get_xdata()[0]
            for line in accuracy.lines
            if line.get_marker() == READOUTS["test_error"].marker
            and len(line.get_xdata()) == 1
            and line.get_markerfacecolor() == "white"
        ]
        assert set(open_marks) == expected


# --- Ablations, weights, sparsity -----------------------------------------------------------------


def test_ablations_show_every_method_by_every_read_out(make, nbp) -> None:
    runs = [make["gated"](name, epochs=4) for name in ("nbp", "nbp_no_box", "nbp_readout")]
    curves, finals = nbp_ablations.draw(runs, nbp).axes
    assert [tick.get_text() for tick in finals.get_yticklabels()] == ["nBP", "last layer only", "no derivative"]
    assert len(drawn(curves, "no derivative")) == 4
    places = [tuple(line.get_xydata()[0]) for line in finals.lines if len(line.get_xdata()) == 1]
    spike = sorted(x for x, y in places if float(y).is_integer())
    np.testing.assert_allclose(spike, sorted(100 * float(run.test_error[-1]) for run in runs))
    assert "re-simulation, 60 epochs" in labels(curves.figure)


def test_histograms_are_fractions_and_name_what_is_at_a_limit(make, nbp) -> None:
    run = make["gated"]()
    run["w_hidden1_output"][:] = 0
    run["w_hidden1_output"][:100] = -256
    first, second = nbp_weights.draw([run], nbp).axes
    for axes in (first, second):
        before, after = (patch.get_data() for patch in axes.patches)
        assert before.values.sum() == after.values.sum() == pytest.approx(1)
    assert after.values[0] == 0.25
    assert "25 % at a limit" in heading(second)


def test_quantities_are_told_apart_by_the_phases_a_layer_fires_in(make) -> None:
    counted = nbp_sparsity.quantities(make["gated"](epochs=2)).isel(epoch=-1)
    found = {name: float(counted[name]) for name in counted}
    assert found == pytest.approx({"x": 99, "h": 90, "h_low": 120, "h_high": 70, "d1": 8, "o": 1, "d2": 0.3})


def test_a_table_with_other_populations_is_left_out(make, nbp) -> None:
    edited = make["gated"]().isel(population=slice(1, None))
    assert "nothing to draw" in heading(nbp_sparsity.draw([edited], nbp).axes[0])


def test_a_re_simulated_value_stands_at_its_epoch_or_at_the_edge(make, nbp) -> None:
    activity, errors = nbp_sparsity.draw([make["gated"](epochs=10)], nbp).axes
    assert sorted(diamonds(activity)) == [(1.03, y) for y in (70, 87, 99.1, 110)]
    assert diamonds(errors) == [(1, 11), (1.03, 1)]


# --- Comparison -----------------------------------------------------------------------------------


def test_comparison_multiplies_energy_and_latency(nbp) -> None:
    rows = nbp_comparison.table([], nbp)
    assert len(rows) == 17
    edp = rows.set_index(["group", "work"]).edp
    assert edp["learning on the chip", "Renner 2024"] == pytest.approx(0.885)
    assert edp["inference only", "Renner 2024"] == pytest.approx(4.25e-4)
    assert np.isnan(edp["learning on the chip", "Lin 2018"])


def test_comparison_takes_our_estimates_from_a_mapping(make, nbp) -> None:
    run = make["gated"](epochs=10)
    ours = nbp_comparison.table([run, make["mapping"]("train")], nbp).query("ours")
    assert ours.work.tolist() == ["ours, 5 epochs"] * 2
    assert ours.hardware.tolist() == ["Loihi 1", "not mapped"]
    learning, inference = ours.iloc[0], ours.iloc[1]
    assert (learning.energy, learning.latency, learning.edp) == pytest.approx((0.6, 2, 1.2))
    assert np.isnan(inference.energy)
    spike, membrane = (100 - 100 * float(run[name][-1]) for name in ("test_error", "membrane_error"))
    assert learning.accuracy == f"{spike:.1f} ({membrane:.1f})"


# --- Connectivity, raster -------------------------------------------------------------------------


def test_what_learns_when_is_read_off_the_table(make) -> None:
    table = json.loads(make["phased_trace"]().attrs["phases"])
    changes = nbp_connectivity.learning(table)
    assert {number: (what[:-1], grows) for number, (what, grows) in changes.items()} == {
        5: ("W2", True), 7: ("W1", True), 9: ("W2", False), 11: ("W1", False),
    }  # fmt: skip
    for matrix in table["matrices"].values():
        matrix["fixed"] = True
    assert nbp_connectivity.learning(table) == {}


def test_connectivity_has_an_arrow_for_every_input_of_the_table(make, nbp) -> None:
    trace = make["phased_trace"]()
    axes = nbp_connectivity.draw([trace], nbp).axes[0]
    phases = json.loads(trace.attrs["phases"])["phases"].values()
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert len(arrows) == sum(len(firing["inputs"]) for phase in phases for firing in phase["fires"].values())
    circles = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(circles) == sum(len(phase["fires"]) for phase in phases)
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == sum(len(phase["silences"]) for phase in phases)


def test_raster_puts_each_spike_in_its_phase(make, nbp) -> None:
    trace = make["phased_trace"](n_samples=2)
    rows = {axes.get_ylabel(): axes for axes in nbp_raster.draw([trace], nbp).axes}
    assert list(rows)[-1] == "train_gates"
    segments = np.concatenate(
        [lines.get_segments() for lines in rows["error_plus"].collections if len(lines.get_segments())]
    )
    assert set(segments[..., 0].mean(axis=1)) == {3, 15}  # phase 4 of both samples
    shown = [text.get_text() for text in rows["input"].texts]
    assert [text for text in shown if text.startswith("class")] == [f"class {n}" for n in trace.label.values]
    assert rows["train_gates"].get_xlim() == (-0.5, 23.5)
