"""That each figure of the first paper draws the numbers it is given, where it says."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import same_color

from brian2zoo.figures.style import look
from brian2zoo.formats.papers import paper

erbp_alignment, erbp_bits, erbp_curves, erbp_latency, erbp_networks, erbp_operations, raster = (
    paper("erbp").module(name)
    for name in ("alignment", "bits", "curves", "latency", "networks", "operations", "raster")
)


def diamonds(axes) -> list[tuple[float, float]]:
    """Places of the published values in a panel."""
    return [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() == "D" and len(line.get_xdata())]


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def heading(axes) -> str:
    return axes.get_title(loc="left")


def drawn(axes, label) -> np.ndarray:
    """The line of that label."""
    return next(line for line in axes.lines if line.get_label() == label).get_xydata()


# --- Learning curves ------------------------------------------------------------------------------


def test_curves_mark_what_is_published_as_unverified(make, erbp) -> None:
    figure = erbp_curves.draw([make["training"](method) for method in ("erbp_plus", "dfa", "bp")], erbp)
    (axes,) = figure.axes
    assert [y for _, y in diamonds(axes)] == [3.94, 2.19]
    assert all(x > 1 for x, _ in diamonds(axes))  # next to the axes
    assert "published (from memory, unverified)" in labels(figure)
    assert "published" in heading(axes)


def test_curves_say_when_nothing_is_published(make, erbp) -> None:
    figure = erbp_curves.draw([make["training"](layers="64-100-10", dataset="digits")], erbp)
    assert "no published values" in heading(figure.axes[0])
    assert diamonds(figure.axes[0]) == []
    assert labels(figure) == ["eRBP+"]


def test_curves_are_in_percent_and_each_network_has_a_panel(make, erbp) -> None:
    runs = [make["training"](errors=[0.5, 0.25]), make["training"](layers="64-100-10", dataset="digits")]
    digits, mnist = erbp_curves.draw(runs, erbp).axes
    assert (heading(digits)[:6], heading(mnist)[:5]) == ("digits", "MNIST")
    assert drawn(mnist, "eRBP+").tolist() == [[1, 50], [2, 25]]


def test_curves_leave_out_the_untrained_network(make, erbp) -> None:
    run = make["training"](errors=[0.9, 0.5, 0.25]).assign_coords(epoch=[0, 1, 2])
    (axes,) = erbp_curves.draw([run], erbp).axes
    assert drawn(axes, "eRBP+").tolist() == [[1, 50], [2, 25]]


@pytest.mark.parametrize(("epochs", "scale"), [(1, "linear"), (20, "linear"), (60, "log")])
def test_many_epochs_are_drawn_on_a_logarithmic_axis(epochs, scale, make, erbp) -> None:
    (axes,) = erbp_curves.draw([make["training"](epochs=epochs)], erbp).axes
    assert axes.get_xscale() == scale


# --- Table of networks ----------------------------------------------------------------------------


def final(make, erbp, *runs) -> tuple:
    rows = erbp_networks.table(runs, erbp).set_index(["dataset", "network", "experiment", "setting"])
    return rows.loc[("mnist", "784-100-10", "erbp_plus", "default")]


def test_a_whole_training_ends_with_the_mean_of_its_last_tests_as_in_the_paper(make, erbp) -> None:
    runs = [
        make["training"](seed=k, errors=[0.9] * 55 + [e, 0.05, 0.03, 0.02, 0.01]) for k, e in enumerate((0.04, 0.09))
    ]
    row = final(make, erbp, *runs)
    assert row.finals == pytest.approx([3, 4])
    assert row[["error", "low", "high"]].tolist() == pytest.approx([3.5, 3, 4])
    assert row[["epochs", "published", "certainty"]].tolist() == [60, 3.94, "memory"]


def test_a_shorter_training_ends_where_its_curve_does(make, erbp) -> None:
    short = make["training"](seed=1, errors=[0.06, 0.04])
    untrained = make["training"](seed=1, errors=[0.9]).assign_coords(epoch=[0])
    untested = make["training"](seed=1, errors=[np.nan]).assign_coords(epoch=[3])  # not every epoch has a test
    run = xr.concat([untrained, short, untested], "epoch", combine_attrs="override")
    row = final(make, erbp, run)
    assert (row.finals, row.epochs) == ([4], 2)
    (axes,) = erbp_curves.draw([run.isel(epoch=[1, 2])], erbp).axes
    assert drawn(axes, "eRBP+")[-1][1] == row.finals[0]


def test_table_has_what_is_published_and_not_run_and_the_reverse(make, erbp) -> None:
    rows = erbp_networks.table([make["training"]("dfa", "64-100-10", dataset="digits")], erbp)
    assert len(rows) == 20  # 19 cells of the paper
    assert (rows.iloc[0].network, rows.iloc[0].experiment) == ("64-100-10", "dfa")
    assert rows.published.isna().tolist() == rows.error.notna().tolist() == [True] + 19 * [False]


def test_networks_figure_shows_both_numbers_in_the_row_of_each_method(make, erbp) -> None:
    on_digits = make["training"]("bp", "64-100-10", 0, "digits", "rule.eta=0.2", errors=[0.02])
    deep = make["training"]("erbp_times", "784-500-500-10")
    figure = erbp_networks.draw([make["training"](errors=[0.041, 0.043]), on_digits, deep], erbp)
    (axes,) = figure.axes
    headings = [text.get_text() for text in axes.texts if text.get_weight() == "bold"]
    assert headings == ["digits 64-100-10", "MNIST 784-100-10", "MNIST 784-500-500-10"]  # not those nobody trained
    rows = {label.get_text(): place for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)}
    assert next(iter(rows)) == "BP (η 0.2)"  # the only setting on its data
    texts = {}
    for text in axes.texts:
        texts.setdefault(text.xy[1] if hasattr(text, "xy") else None, []).append(text.get_text())
    assert texts[rows["BP (η 0.2)"]] == ["2.00", "1", "–"]  # noqa: RUF001
    mnist = axes.get_yticks()[1]
    assert texts[mnist] == ["4.30", "2", "3.94"]
    assert sorted(x for x, y in diamonds(axes) if y == mnist) == [3.94]
    filled = [
        line
        for line in axes.lines
        if line.get_marker() == "D" and same_color(line.get_markerfacecolor(), look("erbp_times").colour)
    ]
    assert [line.get_xdata()[0] for line in filled] == [2.02]


def test_the_table_is_compared_cell_by_cell(make, erbp) -> None:
    cells = {each.what: each for each in erbp_networks.compare([make["training"](errors=[0.041, 0.043])], erbp)}
    assert len(cells) == 19
    assert cells["784-100-10 eRBP+, % wrong after 2 epochs"].verdict == "differs"
    assert cells["784-200-10 BP, % wrong"].verdict == "not reproduced"


# --- Operations, latency --------------------------------------------------------------------------


def test_operations_accumulate_until_an_accuracy_is_first_reached(make, erbp) -> None:
    spiking, dense = make["training"](errors=[0.2, 0.3, 0.1]), make["training"]("bp", errors=[0.2])
    figure = erbp_operations.draw([spiking, dense], erbp)
    (axes,) = figure.axes
    assert drawn(axes, "eRBP+ (SynOps)").tolist() == [[20, 2e9], [20, 4e9], [10, 6e9]]
    assert drawn(axes, "BP (MACs)").tolist() == [[20, 1.5e9]]
    assert axes.lines[1].get_ydata().tolist() == pytest.approx([1.2e9, 2.4e9, 3.6e9])
    assert axes.xaxis.get_major_formatter()(10, None) == "90"  # % right, where 10 % are wrong
    assert axes.xaxis_inverted()
    assert {"paper's count", "true count"} <= set(labels(figure))


def test_latency_is_drawn_against_spikes_time_and_operations(make, erbp) -> None:
    figure = erbp_latency.draw([make["evaluation"](layers="784-100-10")], erbp)
    first = [drawn(axes, "eRBP+")[0] for axes in figure.axes]
    assert [x for x, _ in first] == pytest.approx([1, 20, 90])
    assert len({y for _, y in first}) == 1
    assert figure.axes[2].lines[-1].get_xdata() == [198.8, 198.8]  # MACs of one inference
    assert [diamonds(axes) for axes in figure.axes] == [[], [], []]


def test_latency_marks_the_published_claim_for_its_network(make, erbp) -> None:
    figure = erbp_latency.draw([make["evaluation"](layers="784-200-200-10")], erbp)
    assert [diamonds(axes) for axes in figure.axes] == [[(1, 4)], [], [(100, 4)]]
    assert "published (from memory, unverified)" in labels(figure)


# --- Bits, alignment, raster ----------------------------------------------------------------------


@pytest.mark.parametrize("states", [True, False])
def test_bits_with_and_without_quantized_states(states, make, erbp) -> None:
    figure = erbp_bits.draw([make["bits"](states=states)], erbp)
    assert ("neuron states" in labels(figure)) == states
    learning = drawn(figure.axes[0], "weights, while learning")
    np.testing.assert_allclose(learning[:2], [[2, 12], [3, 8]])
    assert figure.axes[0].lines[0].get_ydata() == pytest.approx([4, 4])  # floating point


def test_alignment_leaves_out_methods_without_feedback(make, erbp) -> None:
    figure = erbp_alignment.draw([make["training"](m, "784-200-200-10") for m in ("erbp_plus", "bp")], erbp)
    assert labels(figure) == ["eRBP+", "hidden layer 1", "hidden layer 2"]
    assert "not in the paper" in heading(figure.axes[0])


def test_raster_has_a_row_for_each_population_and_variable(make, erbp) -> None:
    figure = raster.draw([make["trace"]("784-20-30-10")], erbp)
    rows = {axes.get_ylabel(): axes for axes in figure.axes}
    populations = ["label", "error", "output", "hidden2", "hidden1", "input"]
    assert list(rows) == [*populations, "V (mV)", "U (mV)", "I (nA)", "w (nA)"]
    assert len(rows["input"].collections[0].get_offsets()) == 5000
    assert rows["hidden2"].get_ylim() == (-1, 30)
    assert rows["V (mV)"].lines[1].get_ydata() == [100, 100]  # threshold
    assert [text.get_text().strip() for text in rows["label"].texts] == ["7", "2", "1", "0", "4"]


def test_raster_shows_the_error_spikes_of_the_traced_neuron_only(make, erbp) -> None:
    trace = make["trace"]("784-20-10")
    trace.attrs["neuron"] = 3
    potential = next(axes for axes in raster.draw([trace], erbp).axes if axes.get_ylabel().startswith("U"))
    error = trace.spike_population.values == "error"
    for line, unit in ((potential.lines[1], 3), (potential.lines[2], 13)):
        expected = 1e3 * trace.spike_time.values[error & (trace.spike_unit.values == unit)]
        np.testing.assert_allclose(line.get_xdata(), expected)
