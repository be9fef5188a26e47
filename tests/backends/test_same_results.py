"""Results on other backends: those of the dense device.

Each test takes every backend that runs on this machine, GeNN's CPU backend as well as those on a GPU; of the others it
says what is missing.
"""

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms
from kinds import kinds
from scipy import stats

from brian2zoo import circuits
from brian2zoo.backends.capability import verdict
from brian2zoo.backends.doctor import backends, examine
from brian2zoo.circuits import Circuit, has_weights, initial_weights
from brian2zoo.circuits.abreast import abreast
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, parameter_values
from brian2zoo.run.sessions import Session

N_SAMPLES = 10
ELSEWHERE = ["genn_cpu", "genn", "cuda"]
# CUDA takes minutes to compile on one.
CORES = os.cpu_count() or 1


@pytest.fixture(scope="module", params=ELSEWHERE)
def elsewhere(request: pytest.FixtureRequest) -> str:
    """A backend other than the dense device, if it runs here."""
    missing = backends(examine())[request.param]
    if missing:
        pytest.skip(f"{request.param} wants {', '.join(f'{found.what} ({found.state})' for found in missing)}")
    return request.param


@pytest.fixture(scope="module")
def run_on_both(elsewhere, tmp_path_factory) -> Callable[..., list[dict[str, np.ndarray]]]:
    """Outputs of the same circuit and data on the dense device and on the other backend."""

    def run(circuit: Circuit, data: dict[str, np.ndarray], recording: Recording) -> list[dict[str, np.ndarray]]:
        sample_time = network.duration(circuit, "T_train")
        found = []
        for name in ("dense", elsewhere):
            there = replace(circuit, experiment=circuit.experiment.with_setting(f"backend={name}"))
            values = initial_weights(there, seed=0) | parameter_values(there)
            folder = tmp_path_factory.mktemp("program") / name
            program = Program(build(there, sample_time, N_SAMPLES, folder, recording, CORES))
            outputs = [f"{p.name}.w" for p in circuit.plastic]
            fixed = [p for p in circuit.projections if p.pairs is not None and p not in circuit.plastic]
            outputs += [f"{p.name}.w" for p in fixed if has_weights(p)]
            outputs += [f"{population}_spikes.{v}" for population in recording.spikes for v in ("t", "i", "count")]
            found.append(program.run(Inputs(data, values, N_SAMPLES, seed=0), outputs))
        return found

    return run


def trains(found: dict[str, np.ndarray], population: str) -> np.ndarray:
    """Spikes as (step of 0.1 ms, neuron), sorted: within a step their order is no matter."""
    steps = np.rint(found[f"{population}_spikes.t"] / 1e-4).astype(int)
    return np.array(sorted(zip(steps, found[f"{population}_spikes.i"], strict=True)))


def test_erbp_without_chance_is_the_same(deterministic, latencies, run_on_both) -> None:
    """Every spike of every neuron in the same step, and all weights to rounding."""
    layers = (12, 9, 7, 3)
    circuit = deterministic(layers)
    spiking = tuple(p.name for p in circuit.populations)
    dense, other = run_on_both(circuit, latencies(layers, N_SAMPLES), Recording(spiking))
    start = initial_weights(circuit, seed=0)
    # made by columns, kept by rows, returned as made
    np.testing.assert_array_equal(other["label_error.w"], start["label_error.w"])
    for name in spiking:
        assert len(dense[f"{name}_spikes.t"]) > 5
        np.testing.assert_array_equal(trains(other, name), trains(dense, name), err_msg=name)
        np.testing.assert_array_equal(other[f"{name}_spikes.count"], dense[f"{name}_spikes.count"], err_msg=name)
    for projection in circuit.plastic:
        name = f"{projection.name}.w"
        assert np.abs(dense[name] - start[projection.weight]).max() > 0
        np.testing.assert_allclose(other[name], dense[name], rtol=0, atol=1e-9 * np.abs(dense[name]).max())


LOCAL = {
    "rules/local.yaml": """
title: Traces of rtrl_random_feedback, with nothing returned from other neurons
method: exact
variables:
  pre: |
    deps_v/dt = (eps_I - eps_v)/tau_m_post : 1
    deps_I/dt = -eps_I/tau_s_post : 1
  post: |
    psi = 1/(1 + slope*abs(v - v_th))**2 : 1
    learning_signal : 1
  synapse: |
    grad : 1
    dbar_y/dt = -bar_y/tau_out : 1 (clock-driven)
    due = int(sample_number % batch < 0.5) : 1 (shared)
at_spike:
  pre: eps_I += 1
each_step: |
  grad += bar_y
  elig = eps_v_pre*psi_post
  bar_y += elig
at_onset: |
  dw = -eta*due*grad/batch
  grad = grad*(1 - due)
keeps: [grad]
parameters: |
  slope   = 20
  tau_out = 50*ms
  eta     = 5e-3
  batch   = 2
""",
    "config/experiments/local.yaml": """
title: Traces that move in each step, updates once in two samples
extends: rtrl_random_feedback
learning:
  plastic: {rule: local, surrogate: null, optimizer: null}
  hidden_output: {rule: block_diagonal, optimizer: adam}
weights: |
  input_hidden = normal(40/sqrt(N_pre))
  recurrent    = normal(4/sqrt(N_pre))
parameters: |
  optimizer.batch = 2
""",
}


# on cpp too, which runs anywhere: what these tests call is then never out of date
@pytest.mark.parametrize("elsewhere", ["cpp", *ELSEWHERE], indirect=True)
def test_traces_of_each_step_are_the_same(zoo_with, run_on_both) -> None:
    """Statements that GeNN runs a step later, on what neurons kept, end in the same updates at the onset of samples."""
    zoo, layers = zoo_with(LOCAL), (9, 7, 3)
    circuit = circuits.build(zoo.experiment("local"), layers, "train")
    rng = np.random.default_rng(1)
    data = {"input": rng.uniform(0, 0.1, (N_SAMPLES, layers[0])), "label": np.eye(3)[np.arange(N_SAMPLES) % 3]}
    dense, other = run_on_both(circuit, data, Recording(("hidden1",)))
    assert len(dense["hidden1_spikes.t"]) > 50
    np.testing.assert_array_equal(trains(other, "hidden1"), trains(dense, "hidden1"))
    start = initial_weights(circuit, seed=0)
    for name in ("input_hidden1", "hidden1_hidden1"):
        change = dense[f"{name}.w"] - start[f"{name}.w"]
        assert np.count_nonzero(change) > change.size / 2
        np.testing.assert_allclose(
            other[f"{name}.w"] - start[f"{name}.w"], change, rtol=0, atol=1e-9 * np.abs(change).max()
        )


def test_networks_abreast_do_what_each_does_alone(elsewhere, deterministic, latencies, interpreted, tmp_path) -> None:
    """Three in one program, each with its weights and data, against one after the other on NumPy."""
    layers = (12, 9, 3)
    circuit = deterministic(layers, "float", f"backend={elsewhere}")
    sample_time = network.duration(circuit, "T_train")
    program = Program(build(abreast(circuit, 3), sample_time, N_SAMPLES, tmp_path / "program", threads=CORES))
    starts = [initial_weights(circuit, seed) for seed in range(3)]
    given = latencies(layers, N_SAMPLES)
    data = [{name: np.roll(values, shift, axis=0) for name, values in given.items()} for shift in range(3)]
    together = Session(circuit, program, sample_time, 3).run_abreast(data, starts, seed=0)
    alone = interpreted(deterministic(layers), N_SAMPLES)
    for one, start, found in zip(data, starts, together, strict=True):
        expected = alone.run(one, start, seed=0)
        for name, counts in expected["spikes"].items():
            assert counts.sum() > 5
            np.testing.assert_array_equal(found["spikes"][name], counts, err_msg=name)
        np.testing.assert_array_equal(found["answers"], expected["answers"])
        for name, weights in expected["carried"].items():
            assert np.abs(weights - start[name]).max() > 0
            np.testing.assert_allclose(found["carried"][name], weights, rtol=0, atol=1e-9 * np.abs(weights).max())


def test_chance_is_the_same_in_distribution(elsewhere, zoo: Zoo, tmp_path) -> None:
    """Input spikes of one program: Poisson counts as the dense device's; another seed another, the same the same."""
    counts = {}
    for name in ("dense", elsewhere):
        experiment = zoo.experiment("erbp_times").with_setting(f"backend={name}")
        circuit = circuits.build(experiment, (60, 3, 2), "test")
        program = Program(build(circuit, 250 * ms, N_SAMPLES, tmp_path / name, threads=CORES))
        for which, seed in (("one", 1), ("two", 2), ("one again", 1)):
            inputs = Inputs({"input": np.full((N_SAMPLES, 60), 0.05)}, parameter_values(circuit), N_SAMPLES, seed)
            counts[name, which] = program.run(inputs, ["input_spikes.count"])["input_spikes.count"]
    np.testing.assert_array_equal(counts[elsewhere, "one again"], counts[elsewhere, "one"])
    assert not np.array_equal(counts[elsewhere, "one"], counts[elsewhere, "two"])
    drawn = [np.concatenate([counts[name, "one"], counts[name, "two"]]) for name in ("dense", elsewhere)]
    assert stats.ks_2samp(*drawn).pvalue > 1e-3


@pytest.mark.gpu
@pytest.mark.parametrize("experiment", kinds(Zoo()))
def test_what_is_said_to_work_runs(elsewhere, zoo, tmp_path, experiment) -> None:
    """Two short samples; results are compared above, for one network of each kind of step."""
    circuit = circuits.build(zoo.experiment(experiment).with_setting(f"backend={elsewhere}"), (4, 3, 2), "train")
    if verdict(circuit, elsewhere).kind == "unsupported":
        pytest.skip(str(verdict(circuit, elsewhere)))
    program = Program(build(circuit, 20 * ms, 2, tmp_path / "program", threads=CORES))
    start = initial_weights(circuit, seed=0)
    values = start | parameter_values(circuit)
    data = {p.data: np.full((2, p.size), 0.5) for p in circuit.populations if p.data}
    found = program.run(Inputs(data, values, 2, seed=0), [f"{p.name}.w" for p in circuit.plastic])
    for projection in circuit.plastic:
        weights = found[f"{projection.name}.w"]
        assert weights.shape == start[projection.weight].shape
        assert np.isfinite(weights).all()
