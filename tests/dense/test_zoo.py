"""Every rule and every weight store of the zoo: the dense device against Brian2's own, over a whole training run.

Stores that draw random numbers are given numbers that leave nothing to chance.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, ways

from .stock import MERGED

SPIKING, LAYERED, GATED = (12, 9, 7, 3), (12, 9, 7, 3), (12, 9, 3)
N_SAMPLES = 30


@pytest.fixture(scope="module")
def run_on_both(tmp_path_factory) -> Callable[..., list[dict[str, np.ndarray]]]:
    """Outputs of the same circuit and data on both devices."""

    def run(circuit: Circuit, data: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        sample_time = network.duration(circuit, "T_train")
        values = initial_weights(circuit, seed=0) | parameter_values(circuit)
        inputs = Inputs(data, values, N_SAMPLES, seed=0)
        outputs = [f"{p.name}.w" for p in circuit.plastic]
        outputs += [f"{p.name}_spikes.count" for p in circuit.populations if p.neuron.threshold and p.role != "noise"]
        folder = tmp_path_factory.mktemp("program")
        return [
            Program(build(circuit, sample_time, N_SAMPLES, folder / made.device, backend=made)).run(inputs, outputs)
            for made in (MERGED, backend("dense"))
        ]

    return run


def assert_same(stock: dict[str, np.ndarray], dense: dict[str, np.ndarray], tolerance: float) -> None:
    for name, values in stock.items():
        if name.endswith(".count"):
            np.testing.assert_array_equal(dense[name], values, err_msg=name)
        else:
            scale = np.abs(values).max()
            np.testing.assert_allclose(dense[name], values, rtol=0, atol=tolerance * scale, err_msg=name)


@pytest.mark.parametrize(
    ("store", "setting", "tolerance"),
    [
        ("float", "default", 1e-12),
        ("blank_out", "synapse.p=1", 1e-12),
        ("counted_fixed_point", "default", 1e-12),
        # rounds to a grid too fine to matter; which of two neighbours is chance
        (
            "stochastic_fixed_point",
            "synapse.bits=40:synapse.w_min=-8*nA:synapse.w_max=8*nA",
            1e-9,
        ),
    ],
)
def test_spiking_rule_on_every_store(deterministic, latencies, run_on_both, store, setting, tolerance) -> None:
    circuit = deterministic(SPIKING, store, setting)
    start = initial_weights(circuit, seed=0)
    stock, dense = run_on_both(circuit, latencies(SPIKING, N_SAMPLES))
    learned = [p.name for p in circuit.plastic if np.abs(stock[f"{p.name}.w"] - start[p.weight]).max() > 0]
    assert len(learned) == len(circuit.plastic)
    assert_same(stock, dense, tolerance)


@pytest.mark.parametrize(("experiment", "layers"), [("bp", LAYERED), ("dfa", LAYERED), ("nbp", GATED)])
def test_other_rules(zoo, run_on_both, experiment, layers) -> None:
    circuit = circuits.build(zoo.experiment(experiment), layers, "train")
    start = initial_weights(circuit, seed=0)
    rng = np.random.default_rng(0)
    data = {
        "input": rng.integers(0, 2, (N_SAMPLES, layers[0])).astype(float),
        "label": np.eye(layers[-1])[rng.integers(0, layers[-1], N_SAMPLES)],
    }
    stock, dense = run_on_both(circuit, data)
    learned = [p.name for p in circuit.plastic if np.abs(stock[f"{p.name}.w"] - start[p.weight]).max() > 0]
    assert learned
    assert_same(stock, dense, 1e-12)


REWARDED = """
title: A rewarded network without chance
extends: digits_by_reward
neurons: {input: regular_input}
encoders: {input: identity}
parameters: |
  input.t_on     = 3*ms
  rule.a_minus   = 0.5
  rule.eta       = 0.05
  synapse.w_total = 6
"""


def test_rewards_and_what_synapses_do_together_at_an_onset(zoo_with, run_on_both) -> None:
    experiment = zoo_with({"config/experiments/rewarded.yaml": REWARDED}).experiment("rewarded")
    circuit = circuits.build(experiment, (12, 3), "train")
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, N_SAMPLES)
    data = {"input": rng.uniform(0.2, 1, (N_SAMPLES, 12)), "label": np.eye(3)[label]}
    stock, dense = run_on_both(circuit, data)
    assert stock["output_spikes.count"].min() > 10
    start = initial_weights(circuit, seed=0)["input_output.w"].reshape(12, 3)
    assert np.abs(stock["input_output.w"].reshape(12, 3) - 6 * start / start.sum(axis=0)).max() > 1e-2  # it learned
    assert_same(stock, dense, 1e-9)


@pytest.mark.parametrize(("name", "most"), [("eprop_alif", 0.1), ("snap1", 0.1), ("rtrl_images", 2)])
def test_rules_with_traces_in_blocks(zoo, run_on_both, name, most) -> None:
    experiment = zoo.experiment(name).replaced(precision="double").with_setting("optimizer.batch=4")
    circuit = circuits.build(experiment, (11, 17, 3), "train")
    assert ways(circuit) == {p.name: "in blocks of 128 steps" for p in circuit.plastic}
    rng = np.random.default_rng(0)
    data = {"input": rng.uniform(0, most, (N_SAMPLES, 11)), "label": np.eye(3)[rng.integers(0, 3, N_SAMPLES)]}
    data["input"][:, ::4] = 0
    start = initial_weights(circuit, seed=0)
    stock, dense = run_on_both(circuit, data)
    assert stock["hidden1_spikes.count"].sum() > 10
    assert all(np.abs(stock[f"{p.name}.w"] - start[p.weight]).max() > 0 for p in circuit.plastic)
    assert_same(stock, dense, 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", Zoo().names("experiment"))
def test_blocks_and_single_steps_after_a_thousand_samples(zoo, tmp_path, name) -> None:
    """Every experiment of which a projection runs in blocks, on samples of four classes; Adam's tiny steps included."""
    experiment, layers, n = zoo.experiment(name).replaced(precision="double"), (20, 24, 4), 1000
    if not circuits.supports(experiment, layers):
        pytest.skip("it has no hidden layer, or more than one")
    circuit = circuits.build(experiment, layers, "train")
    if not any("in blocks" in way for way in ways(circuit).values()):
        pytest.skip("nothing runs in blocks")
    unit = circuit.population("input").neuron.data
    if unit == EVENT_DATA:
        pytest.skip("its input are events")
    sample_time, rng = network.duration(circuit, "T_train"), np.random.default_rng(0)
    most, label = float(sample_time) / 2 if unit == "second" else 1.0, rng.integers(0, 4, n)
    means = rng.uniform(0, most, (4, 20))
    shown = np.clip(means[label] + rng.normal(0, 0.05 * most, (n, 20)), 0, most)
    start = initial_weights(circuit, seed=0)
    inputs = Inputs({"input": shown, "label": np.eye(4)[label]}, start | parameter_values(circuit), n, seed=0)
    weights = [projection.weight for projection in circuit.plastic]
    stock, dense = (
        Program(build(circuit, sample_time, n, tmp_path / made.device, backend=made)).run(
            inputs, [*weights, "hidden1_spikes.count"]
        )
        for made in (MERGED, backend("dense"))
    )
    np.testing.assert_array_equal(dense["hidden1_spikes.count"], stock["hidden1_spikes.count"])
    for key in weights:
        moved = np.abs(stock[key] - start[key]).max()
        assert moved > 0
        np.testing.assert_allclose(dense[key], stock[key], rtol=0, atol=1e-9 * moved, err_msg=key)


def test_synapses_onto_synapses(zoo, run_on_both) -> None:
    experiment = zoo.experiment("rtrl_full").with_setting("optimizer.batch=1")
    circuit = circuits.build(experiment, (5, 4, 3), "train")
    rng = np.random.default_rng(0)
    data = {"input": rng.uniform(0, 0.1, (N_SAMPLES, 5)), "label": np.eye(3)[rng.integers(0, 3, N_SAMPLES)]}
    start = initial_weights(circuit, seed=0)
    stock, dense = run_on_both(circuit, data)
    assert all(np.abs(stock[f"{p.name}.w"] - start[p.weight]).max() > 0 for p in circuit.plastic)
    assert_same(stock, dense, 1e-12)


def test_single_precision_is_a_rounding(deterministic, latencies, tmp_path) -> None:
    """The same spikes and, to single precision, the same weights, at half the memory; times stay double.

    After some samples a spike falls into another step, and the two trainings part as those of two seeds do.
    """
    n_samples = 2
    double = deterministic(SPIKING)
    single = replace(double, experiment=double.experiment.replaced(precision="single"))
    start = initial_weights(double, seed=0)
    values = start | parameter_values(double)
    inputs = Inputs(latencies(SPIKING, n_samples), values, n_samples, seed=0)
    names = [*start, "hidden1_spikes.count", "output_spikes.count"]
    sample_time = network.duration(double, "T_train")
    programs = [
        Program(build(circuit, sample_time, n_samples, tmp_path / circuit.experiment.stated.precision))
        for circuit in (double, single)
    ]
    exact, rounded = (program.run(inputs, names) for program in programs)
    assert_same(exact, rounded, 1e-5)
    variables = programs[1].manifest["variables"]
    arrays = programs[1].run(inputs, [name for name in variables if name.startswith("input_hidden1.")])
    n_synapses = SPIKING[0] * SPIKING[1]
    assert sum(array.itemsize for array in arrays.values() if array.size == n_synapses) <= 12
    assert arrays["input_hidden1.w"].dtype == np.float32
    assert variables["input.t_next"]["dtype"] == "float64"
