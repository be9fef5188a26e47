"""GeNN: sources of every network it takes, and on its CPU backend the same results as the dense device.

Without brian2genn nothing can be generated, without GeNN nothing compiled: these tests then say so.
"""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from brian2zoo import circuits, network
from brian2zoo.abreast import abreast
from brian2zoo.backends import backend
from brian2zoo.backends.capability import verdict
from brian2zoo.backends.doctor import examine
from brian2zoo.circuits import Circuit, has_weights, initial_weights
from brian2zoo.errors import ZooError
from brian2zoo.network import Recording
from brian2zoo.runner import Runner
from brian2zoo.simulate import Binary, Inputs, build, parameter_values
from brian2zoo.zoo import Zoo

SMALL = (4, 3, 2)


@pytest.fixture(scope="module", autouse=True)
def _brian2genn() -> None:
    try:
        backend("genn_cpu").load()
    except ZooError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def _genn() -> None:
    found = examine()["GeNN"]
    if found.state != "found" or "GENN_PATH" not in os.environ:
        pytest.skip(f"GeNN is {found.state}: set GENN_PATH to run networks on its CPU backend")


# --- Sources -------------------------------------------------------------------------------------


def sources(folder: Path) -> dict[str, str]:
    """A program's files, by name."""
    return {path.name: path.read_text() for path in folder.glob("*.cpp")}


def kinds(zoo: Zoo) -> list[str]:
    """One experiment of each kind of network; the others differ from one of these in numbers, or in what is plastic."""
    found: dict[str, str] = {}
    for name in zoo.names("experiment"):
        experiment = zoo.experiment(name)
        rules = [zoo.rule(rule).content() for rule in experiment.all_rules]
        for rule in rules:
            for key in ("plastic", "parameters", "keeps", "needs"):
                rule.pop(key, None)
        parts = (experiment.circuit, experiment.synapses, experiment.neurons, experiment.states, rules)
        found.setdefault(repr(parts), name)
    return sorted(found.values())


@pytest.mark.parametrize("experiment", kinds(Zoo()))
def test_what_is_said_to_work_is_generated_and_the_rest_is_not(zoo, generate, tmp_path, experiment) -> None:
    """The verdicts against brian2genn itself."""
    circuit = circuits.build(zoo, zoo.experiment(experiment), SMALL, "train")
    if verdict(circuit, "genn_cpu").kind == "unsupported":
        with pytest.raises(NotImplementedError):
            generate(circuit, tmp_path, "genn_cpu")
        return
    generate(circuit, tmp_path, "genn_cpu")
    model = sources(tmp_path)["magicnetwork_model.cpp"]
    for population in circuit.populations:
        assert f"class {population.name}NEURON" in model
    for projection in circuit.projections:
        assert f"class {projection.name}WEIGHTUPDATE" in model


@pytest.mark.gpu
@pytest.mark.usefixtures("_genn")
@pytest.mark.parametrize("experiment", kinds(Zoo()))
def test_what_is_said_to_work_runs(zoo, tmp_path, experiment) -> None:
    """On GeNN's CPU backend, two short samples; results are compared below, for one network of each kind of step."""
    circuit = circuits.build(zoo, zoo.experiment(experiment).with_setting("backend=genn_cpu"), SMALL, "train")
    if verdict(circuit, "genn_cpu").kind == "unsupported":
        pytest.skip(str(verdict(circuit, "genn_cpu")))
    program = Binary(build(circuit, 20 * ms, 2, tmp_path / "program"))
    start = initial_weights(circuit, seed=0)
    values = {f"{p}.w": w for p, w in start.items()} | parameter_values(circuit)
    data = {p.data: np.full((2, p.size), 0.5) for p in circuit.populations if p.data}
    found = program.run(Inputs(data, values, 2, seed=0), [f"{p.name}.w" for p in circuit.plastic])
    for projection in circuit.plastic:
        weights = found[f"{projection.name}.w"]
        assert weights.shape == start[projection.name].shape
        assert np.isfinite(weights).all()


def test_a_rule_becomes_the_code_of_a_synapse(zoo, generate, tmp_path) -> None:
    circuit = circuits.build(zoo, zoo.experiment("erbp_plus"), SMALL, "train")
    generate(circuit, tmp_path, "genn")
    files = sources(tmp_path)
    model = files["magicnetwork_model.cpp"].split("class input_hidden1WEIGHTUPDATE")[1].split("};")[0]
    code = model.split('SET_SIM_CODE("')[1].split('");')[0]
    # update, then transmit, on the neuron as it is before the spikes of the step arrive
    assert code.index("$(U_post)") < code.index("$(w) += dw") < code.index("$(addToInSyn,$(w))")
    assert "I_start" not in code
    assert "delaySteps = 8" in files["magicnetwork_model.cpp"]
    # one file beside main.cpp is compiled, not one for each code object
    assert "code_objects/input_hidden1_pre_push_spikes.cpp" in files["sources.cpp"]
    assert set(re.findall(r"\S+\.cpp", (tmp_path / "Makefile").read_text())) == {"main.cpp", "sources.cpp"}
    # what is given at the onset of a sample runs on the host, nothing else does
    assert files["engine.cpp"].count("// Execute run_regularly operation") == 2
    assert "input_on_sample" in files["engine.cpp"]
    main = files["main.cpp"]
    assert main.index("set_from_command_line(args);") < main.index("srand(_array_run_seed[0])")


# --- Results, on GeNN's CPU backend ---------------------------------------------------------------


N_SAMPLES = 10


@pytest.fixture(scope="module")
def run_on_both(tmp_path_factory) -> Callable[..., list[dict[str, np.ndarray]]]:
    """Outputs of the same circuit and data on the dense device and on GeNN."""

    def run(circuit: Circuit, data: dict[str, np.ndarray], recording: Recording) -> list[dict[str, np.ndarray]]:
        sample_time = network.duration(circuit, "T_train")
        found = []
        for name in ("dense", "genn_cpu"):
            there = replace(circuit, experiment=circuit.experiment.with_setting(f"backend={name}"))
            values = {f"{p}.w": w for p, w in initial_weights(there, seed=0).items()} | parameter_values(there)
            folder = tmp_path_factory.mktemp("program") / name
            program = Binary(build(there, sample_time, N_SAMPLES, folder, recording))
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


@pytest.mark.usefixtures("_genn")
def test_erbp_without_chance_is_the_same(deterministic, latencies, run_on_both) -> None:
    """Every spike of every neuron in the same step, and all weights to rounding."""
    layers = (12, 9, 7, 3)
    circuit = deterministic(layers)
    spiking = tuple(p.name for p in circuit.populations)
    dense, genn = run_on_both(circuit, latencies(layers, N_SAMPLES), Recording(spiking))
    start = initial_weights(circuit, seed=0)
    # made by columns, kept by rows, returned as made
    np.testing.assert_array_equal(genn["label_error.w"], start["label_error"])
    for name in spiking:
        assert len(dense[f"{name}_spikes.t"]) > 5
        np.testing.assert_array_equal(trains(genn, name), trains(dense, name), err_msg=name)
        np.testing.assert_array_equal(genn[f"{name}_spikes.count"], dense[f"{name}_spikes.count"], err_msg=name)
    for projection in circuit.plastic:
        name = f"{projection.name}.w"
        assert np.abs(dense[name] - start[projection.name]).max() > 0
        np.testing.assert_allclose(genn[name], dense[name], rtol=0, atol=1e-9 * np.abs(dense[name]).max())


LOCAL = {
    "rules/local.yaml": """
title: Traces of rtrl_random_feedback, with nothing returned from other neurons
extends: rtrl_random_feedback
each_step: |
  grad += bar_y
  elig = eps_v_pre*psi_post
  bar_y += elig
parameters: |
  batch = 2
""",
    "config/experiments/local.yaml": """
title: Traces that move in each step, updates once in two samples
extends: rtrl_random_feedback
rule: local
weights: |
  input_hidden = normal(40/sqrt(N_pre))
  recurrent    = normal(4/sqrt(N_pre))
parameters: |
  rule.batch = 2
""",
}


@pytest.mark.usefixtures("_genn")
def test_traces_of_each_step_are_the_same(zoo_with, run_on_both) -> None:
    """Statements that GeNN runs a step later, on what neurons kept, end in the same updates at the onset of samples."""
    zoo, layers = zoo_with(LOCAL), (9, 7, 3)
    circuit = circuits.build(zoo, zoo.experiment("local"), layers, "train")
    rng = np.random.default_rng(1)
    data = {"input": rng.uniform(0, 0.1, (N_SAMPLES, layers[0])), "label": np.eye(3)[np.arange(N_SAMPLES) % 3]}
    dense, genn = run_on_both(circuit, data, Recording(("hidden1",)))
    assert len(dense["hidden1_spikes.t"]) > 50
    np.testing.assert_array_equal(genn["hidden1_spikes.i"], dense["hidden1_spikes.i"])
    start = initial_weights(circuit, seed=0)
    for name in ("input_hidden1", "hidden1_hidden1"):
        change = dense[f"{name}.w"] - start[name]
        assert np.count_nonzero(change) > change.size / 2
        np.testing.assert_allclose(genn[f"{name}.w"] - start[name], change, rtol=0, atol=1e-9 * np.abs(change).max())


@pytest.mark.usefixtures("_genn")
def test_networks_abreast_do_what_each_does_alone(deterministic, latencies, interpreted, tmp_path) -> None:
    """Three in one program on GeNN, each with its weights and data, against one after the other on NumPy."""
    layers = (12, 9, 3)
    circuit = deterministic(layers, "float", "backend=genn_cpu")
    sample_time = network.duration(circuit, "T_train")
    program = Binary(build(abreast(circuit, 3), sample_time, N_SAMPLES, tmp_path / "program"))
    starts = [initial_weights(circuit, seed) for seed in range(3)]
    given = latencies(layers, N_SAMPLES)
    data = [{name: np.roll(values, shift, axis=0) for name, values in given.items()} for shift in range(3)]
    together = Runner(circuit, program, sample_time, 3).run_abreast(data, starts, seed=0)
    alone = interpreted(deterministic(layers), N_SAMPLES)
    for one, start, found in zip(data, starts, together, strict=True):
        expected = alone.run(one, start, seed=0)
        for name, counts in expected["spikes"].items():
            assert counts.sum() > 5
            np.testing.assert_array_equal(found["spikes"][name], counts, err_msg=name)
        np.testing.assert_array_equal(found["scores"], expected["scores"])
        for name, weights in expected["weights"].items():
            assert np.abs(weights - start[name]).max() > 0
            np.testing.assert_allclose(found["weights"][name], weights, rtol=0, atol=1e-9 * np.abs(weights).max())


@pytest.mark.usefixtures("_genn")
def test_chance_is_the_same_in_distribution(zoo: Zoo, tmp_path) -> None:
    """Input spikes of one program: Poisson counts as the dense device's; another seed another, the same the same."""
    circuit = circuits.build(zoo, zoo.experiment("erbp_times").with_setting("backend=genn_cpu"), (60, 3, 2), "test")
    program = Binary(build(circuit, 250 * ms, N_SAMPLES, tmp_path / "genn"))
    there = circuits.build(zoo, zoo.experiment("erbp_times"), (60, 3, 2), "test")
    other = Binary(build(there, 250 * ms, N_SAMPLES, tmp_path / "dense"))
    data = {"input": np.full((N_SAMPLES, 60), 0.05)}
    counts = {
        (made, seed): each.run(Inputs(data, parameter_values(circuit), N_SAMPLES, seed), ["input_spikes.count"])[
            "input_spikes.count"
        ]
        for made, each in (("genn", program), ("dense", other))
        for seed in (1, 2)
    }
    again = program.run(Inputs(data, parameter_values(circuit), N_SAMPLES, 1), ["input_spikes.count"])
    np.testing.assert_array_equal(again["input_spikes.count"], counts["genn", 1])
    assert not np.array_equal(counts["genn", 1], counts["genn", 2])
    assert (
        stats.ks_2samp(
            np.concatenate([counts["genn", 1], counts["genn", 2]]),
            np.concatenate([counts["dense", 1], counts["dense", 2]]),
        ).pvalue
        > 1e-3
    )
