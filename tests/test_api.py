"""The zoo from Python: arrays in, xarray out, and a line of text for each mistake."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import brian2zoo as zoo
from brian2zoo.cli.commands import app
from brian2zoo.formats.experiment import Experiment

SHORT = {
    "config/experiments/short.yaml": """
title: Few and short steps
extends: erbp_plus
protocol: {dt: 1*ms, delay: 1*ms, T_train: 20*ms, T_test: 20*ms, T_final: 20*ms}
""",
    "config/experiments/of_events.yaml": """
title: Spike times in
extends: short
neurons: {input: event_input}
encoders: {input: events}
""",
}
LAYERS = "6-4-2"


@pytest.fixture(scope="module")
def short() -> Experiment:
    return zoo.load("short", files=SHORT)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Bytes of 2 x 3 pixels, and their classes."""
    return np.random.default_rng(0).integers(0, 256, (6, 2, 3), dtype=np.uint8), np.arange(6) % 2


@pytest.fixture(scope="module")
def trained(short, pair) -> xr.Dataset:
    return zoo.train(short, LAYERS, pair, pair, epochs=1, compiled=False, setting="rule.eta=1e-2*nS:rule.T_wait=1*ms")


def test_names_are_functions_whatever_is_imported_before() -> None:
    """`compose`, `derive` and `check` are folders of the package too. Brian2 is not imported before it is needed."""
    script = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # where it is ignored, Brian2 is imported at once
import brian2zoo as zoo
assert "brian2" not in sys.modules and "xarray" not in sys.modules
import brian2zoo.derive.formulas, brian2zoo.compose.circuit, brian2zoo.check
from brian2zoo import derive
assert all(callable(getattr(zoo, name)) for name in zoo.__all__ if name != "__version__")
assert derive is zoo.derive and not hasattr(zoo, "trian") and {"compose", "map"} <= {*dir(zoo)}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_given_as_texts_stand_before_those_on_disk(short) -> None:
    assert (short.name, short.protocol.T_train) == ("short", "20*ms")
    rule = zoo.load("rule/erbp", files={"rules/erbp.yaml": "title: Mine\non_pre: dw = 0*nA\n"})
    assert (rule.title, zoo.load("rule/erbp").title) == ("Mine", "Event-driven random back-propagation")
    assert zoo.check(short) == []
    text = "title: Mine\non_pre: dw = b_max*etta\nparameters: b_max = 1*nA\n"
    (mistake,) = zoo.check(zoo.load("short", files=SHORT | {"rules/erbp.yaml": text}))
    assert "rules/erbp.yaml: on_pre: unknown name 'etta'" in str(mistake)


def test_what_is_composed_prints_as_show_does() -> None:
    composed = zoo.compose("erbp_plus")
    shown = CliRunner().invoke(app, ["show", "experiment/erbp_plus"]).stdout
    assert repr(composed).strip() in shown
    assert composed.synapses["input_hidden1"].on_pre.startswith("dw = ")


def test_what_is_derived_prints_as_derive_does() -> None:
    lines = repr(zoo.derive("lif_exp")).splitlines()
    assert lines[1:] == CliRunner().invoke(app, ["derive", "lif_exp"]).stdout.splitlines()[1:]
    assert zoo.derive(zoo.load("neuron/lif_exp"), through=[]).rule.eligibility == "eps_v_pre*psi_post"
    assert r"\frac" in zoo.derive("lif_exp").latex


def test_a_training_says_what_it_is_of_and_moves_weights(trained) -> None:
    assert (trained.attrs["experiment"], trained.attrs["layers"]) == ("short", LAYERS)
    assert trained.attrs["setting"] == "rule.eta=1e-2*nS:rule.T_wait=1*ms"
    assert trained.sizes["epoch"] == 2
    assert trained.w_input_hidden1.dims == ("unit_input", "unit_hidden1")
    assert not np.array_equal(trained.w_input_hidden1, trained.w0_input_hidden1)


def test_seeds_are_trained_abreast_each_from_what_it_is_given(short, pair, trained) -> None:
    """With a rule that asks for nothing the weights are still those."""
    kept = {"setting": "rule.eta=0*nS", "compiled": False}
    found = zoo.train(short, LAYERS, pair, pair, samples=2, seed=[3, 4], start=[trained, None], **kept)
    assert [each.attrs["seed"] for each in found] == [3, 4]
    np.testing.assert_array_equal(found[0].w_input_hidden1, trained.w_input_hidden1)
    assert not np.array_equal(found[1].w_input_hidden1, trained.w_input_hidden1)


def test_a_simulation_has_the_spikes_that_a_test_counts(short, pair, trained) -> None:
    """Of the input 6 units at one rate; weights of zero leave hidden units silent but for their noise."""
    images, labels = pair
    run = zoo.simulate(short, LAYERS, images, trained, compiled=False)
    assert run.spike_time.min() >= 0
    assert run.spike_time.max() < 0.02
    assert {*run.spike_sample.values} <= {*range(6)}
    outputs = run.spike_population.values == "output"
    np.testing.assert_array_equal(run.answers.sum("unit"), np.bincount(run.spike_sample.values[outputs], minlength=6))
    assert "label" not in run
    assert zoo.simulate(short, LAYERS, (images, labels), compiled=False).label.values.tolist() == labels.tolist()


def test_spike_times_come_in_as_they_are(short) -> None:
    of_events = zoo.load("of_events", files=SHORT)
    spikes = [(np.array([0.003, 0.007]), np.array([0, 5])), (np.array([0.001]), np.array([2]))]
    run = zoo.simulate(of_events, LAYERS, spikes, {"w_input_hidden1": np.zeros((6, 4))}, compiled=False)
    given = run.isel(spike=run.spike_population.values == "input")
    np.testing.assert_allclose(given.spike_time, [0.003, 0.007, 0.001], atol=1e-6)
    assert given.spike_unit.values.tolist() == [0, 5, 2]
    assert given.spike_sample.values.tolist() == [0, 0, 1]


def test_learning_changes_the_weights_that_a_simulation_returns(short, pair) -> None:
    weights = {"w_input_hidden1": np.full((6, 4), 1e-9), "w_hidden1_output": np.full((4, 2), 1e-9)}
    numbers = "rule.eta=1e-2*nS:rule.T_wait=1*ms"
    run = zoo.simulate(short, LAYERS, pair, weights, learning=True, setting=numbers, compiled=False)
    assert not np.array_equal(run.w_input_hidden1, weights["w_input_hidden1"])


def test_a_trained_network_is_tested_counted_and_mapped(short, pair, trained) -> None:
    own = short.with_setting(trained.attrs["setting"])
    tested = zoo.evaluate(trained, pair, experiment=own, compiled=False)
    assert int(tested.confusion.sum()) == 6
    assert 0 <= float(tested.test_error) <= 1
    costs = zoo.ledger(trained, experiment=short)
    assert float(costs.operations.sel(part="learning", operation="synapse_writes")) > 0
    placed = zoo.map(short, "loihi", LAYERS)
    assert (int(placed.neurons), int(placed.cores)) == (4 + 2 + 2 * 2, 1)


def test_a_figure_is_drawn_from_published_results_or_ones_own(trained) -> None:
    assert zoo.figure("erbp/curves").axes
    own = trained.assign_attrs(experiment="erbp_plus", setting="default", dataset="digits")
    assert zoo.figure("erbp/curves", [own]).axes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e, x, y: zoo.train(e, LAYERS, (x, y)), "test: there is nothing to test on"),
        (lambda e, x, y: zoo.train(e, LAYERS, "digits", (x, y)), "'digits' has a test split already"),
        (lambda e, x, y: zoo.train(e, LAYERS, x, (x, y)), "data: there are no labels"),
        (lambda e, x, y: zoo.train(e, LAYERS, (x * 1.0, y), (x, y)), "data: images: values go from"),
        (lambda e, x, y: zoo.train(e, LAYERS, (x, y + 1), (x, y)), "give labels from 0 to 1"),
        (lambda e, x, y: zoo.train(e, LAYERS, (x, y[:3]), (x, y)), "one whole number for each of the 6 samples"),
        (lambda e, x, y: zoo.train(e, "6-x", (x, y), (x, y)), "layers: '6-x' is not a network"),
        (lambda e, x, y: zoo.train(e, LAYERS, "digit"), "data: source: "),
        (lambda e, x, y: zoo.simulate(e, "7-4-2", x), "layers: the data have 6 input units"),
        (lambda e, x, y: zoo.simulate(e, LAYERS, [([0.1], [0, 1])]), "neither images nor spike times"),
        (lambda e, x, y: zoo.simulate(e, LAYERS, [([0.1], [-1])]), "unit -1 is no unit"),
        (
            lambda e, x, y: zoo.simulate(e, LAYERS, x, {"w_a": np.zeros(1)}, compiled=False),
            "no weights of this network",
        ),
        (lambda e, x, y: zoo.simulate(e, LAYERS, x, setting="rule.eto=1*nS"), "no parameter 'eto'"),
        (lambda e, x, y: zoo.evaluate(xr.Dataset(), (x, y)), "trained: it is no result of a training"),
        (lambda e, x, y: zoo.map(e, "loihy", LAYERS), "did you mean 'loihi'?"),
        (lambda e, x, y: zoo.load("eprop_lif"), "rule/eprop_lif and experiment/eprop_lif"),
        (lambda e, x, y: zoo.load("rule/erbp", "rule.eta=1*nS"), "'rule/erbp' is no experiment"),
        (lambda e, x, y: zoo.load("short", files={"short.yaml": ""}), "'short.yaml' is no place for a file"),
        (lambda e, x, y: zoo.figure("erbp/curve"), "there is no file 'erbp/curve'"),
    ],
)
def test_a_mistake_is_one_line(short, pair, call, message) -> None:
    with pytest.raises(zoo.ZooError) as caught:
        call(short, *pair)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
