"""At which moment of a step a statement reads a variable (docs/moments.md)."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run.network import Recording, duration, trace_name
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

LAYERS, N_SAMPLES, SAMPLE = (8, 5, 3), 4, 30 * ms
WEIGHTS = ("input_hidden1.w", "hidden1_output.w")

ERBP = (ROOT / "rules/erbp.yaml").read_text()
BOXCAR = "int(I_post > -b_max)*int(I_post < b_max)"
OF_NEURON = "  post: |\n    inside = int(I > -b_max)*int(I < b_max) : 1\n"
OF_SYNAPSE = "    drive = I_post : amp\n    inside = int(drive > -b_max)*int(drive < b_max) : 1\n"
SAME_RULE = {
    "subexpression of the neuron": (("variables:\n", f"variables:\n{OF_NEURON}"), (BOXCAR, "inside_post")),
    "subexpression of the synapse": (("  synapse: |\n", f"  synapse: |\n{OF_SYNAPSE}"), (BOXCAR, "inside")),
    "temporary": (("  dw = eta", f"  inside = {BOXCAR}\n  dw = eta"), (f"U_post*{BOXCAR}", "U_post*inside")),
}


@pytest.fixture(scope="module")
def given(deterministic, latencies) -> Callable[[Circuit], Inputs]:
    """Inputs of a circuit in which much is learned."""

    def inputs(circuit: Circuit) -> Inputs:
        values = initial_weights(circuit, seed=0) | parameter_values(circuit)
        return Inputs(latencies(LAYERS, N_SAMPLES), values, N_SAMPLES, seed=0)

    return inputs


@pytest.fixture(scope="module")
def bundled(deterministic, given) -> dict[str, np.ndarray]:
    circuit = deterministic(LAYERS)
    return run_here(circuit, SAMPLE, given(circuit), WEIGHTS)


def edited(text: str, changes: Iterable[tuple[str, str]]) -> str:
    """A file with texts replaced."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("way", SAME_RULE)
def test_a_rule_that_reads_by_way_of_a_subexpression_is_the_same_rule(
    deterministic, given, bundled, way, tmp_path
) -> None:
    """The weights of rules/erbp.yaml, whose statement names the synaptic current itself."""
    circuit = deterministic(LAYERS, files={"rules/erbp.yaml": edited(ERBP, SAME_RULE[way])})
    inputs = given(circuit)
    program = Program(build(circuit, SAMPLE, N_SAMPLES, tmp_path / "program"))
    start = initial_weights(circuit, seed=0)
    for name in WEIGHTS:
        changed = np.abs(bundled[name] - start[name]).max()
        assert changed > 0
        for found in (run_here(circuit, SAMPLE, inputs, WEIGHTS), program.run(inputs, WEIGHTS)):
            np.testing.assert_allclose(found[name], bundled[name], rtol=0, atol=1e-12 * changed)


EPROP = (ROOT / "rules/eprop_lif.yaml").read_text()
PSI = "0.3/v_th_post*clip(1 - abs((v_post - v_th_post)/v_th_post), 0, inf)"
RECURRENT = (4, 5, 3)


def gradients(zoo: Zoo, experiment: str, layers: tuple[int, ...] = RECURRENT) -> dict[str, np.ndarray]:
    """What a rule of recurrent layers sums up in two samples, on the numpy target."""
    circuit = circuits.build(zoo.experiment(experiment), list(layers), "train")
    rng = np.random.default_rng(1)
    data = {"input": rng.uniform(0, 0.1, (2, layers[0])), "label": np.eye(layers[-1])[[0, 1]]}
    weights = {name: 3 * w for name, w in initial_weights(circuit, seed=0).items()}
    names = [f"{p.name}.grad" for p in circuit.plastic]
    found = run_here(circuit, duration(circuit, "T_train"), Inputs(data, weights, 2, seed=0), [*names, *SPIKES])
    assert found["hidden1_spikes.count"].sum() > 5
    return {name: found[name] for name in names}


SPIKES = ("hidden1_spikes.count",)


def test_in_each_step_a_variable_that_spikes_drive_is_read_as_any_other(zoo, zoo_with) -> None:
    """The triangle written in line is the neuron's subexpression: both read v after the equations."""
    in_line = edited(EPROP, [("psi_post*z_filtered_pre", f"{PSI}*z_filtered_pre")])
    expected = gradients(zoo, "eprop_lif")
    found = gradients(zoo_with({"rules/eprop_lif.yaml": in_line}), "eprop_lif")
    for name, values in expected.items():
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12 * np.abs(values).max())


WATCH = """
title: What a synapse sees of the neuron's potential
extends: erbp
variables:
  synapse: |
    at_arrival : volt
    in_each_step : volt
on_pre: at_arrival = V_post
each_step: in_each_step = V_post
on_sample: dw = eta*I_post*int(I_post < b_max + T_wait*amp/second)*0*ohm
"""
JUMPING = """
title: Neurons whose potential spikes move, watched by a rule
extends: deterministic
neurons: {hidden: leak, output: leak}
synapses: {plastic: jump}
protocol: {delay: 0*ms}
learning: {plastic: {rule: watch}}
"""
LEAK = """
title: Neuron whose potential jumps when spikes arrive and leaks by a tenth a step
equations: |
  dV/dt = -V/tau : volt
  I : amp
  U : volt
threshold: V > 10*volt
reset: V = 0*volt
method: euler
parameters: |
  tau = 1*ms
"""
JUMP = """
title: Synapse that moves a neuron part of the way to a reversal potential
state: |
  w : amp
write: w = w + dw
read: V_post += w*R*(E - V_post)/E
parameters: |
  R = 1*Gohm
  E = 4*volt
"""


@pytest.fixture(scope="module")
def jumping(deterministic) -> Callable[..., dict[str, np.ndarray]]:
    """Traces of one hidden neuron whose three inputs spike at given times, and of what its first synapse sees."""

    def run(times: Iterable[float], weights: Iterable[float]) -> dict[str, np.ndarray]:
        files = {
            "models/neurons/leak.yaml": LEAK,
            "models/synapses/jump.yaml": JUMP,
            "rules/watch.yaml": WATCH,
            "config/experiments/jumping.yaml": JUMPING,
        }
        circuit = deterministic((3, 1, 1), files=files, experiment="jumping")
        data = {"input": np.array([times]), "label": np.zeros((1, 1))}
        watched = {"V": "hidden1", "at_arrival": "input_hidden1", "in_each_step": "input_hidden1"}
        recording = Recording((), tuple((group, name, 0) for name, group in watched.items()))
        names = {name: f"{trace_name(group, name, 0)}.{name}" for name, group in watched.items()}
        inputs = Inputs(data, {"input_hidden1.w": np.array(weights)} | parameter_values(circuit), 1, seed=0)
        found = run_here(circuit, SAMPLE, inputs, names.values(), recording)
        return {name: found[long] for name, long in names.items()}

    return run


def test_coinciding_spikes_read_the_neuron_as_it_was_before_any_of_them(jumping) -> None:
    """Three spikes in one step each add w R (E - V)/E of the V before the step, in whatever order."""
    found = jumping([2e-3] * 3, [1e-9, 2e-9, -4e-9])["V"]
    first = 21  # a spike arrives in the step after it
    expected = -1.0 * 0.9 ** np.arange(1, len(found) - first + 1)  # Euler's leak follows in the same step
    np.testing.assert_allclose(found[first:], expected, rtol=1e-12)
    np.testing.assert_array_equal(found[:first], 0)


def test_at_a_spike_a_rule_reads_the_start_of_the_step_and_in_each_step_what_the_equations_made(jumping) -> None:
    found = jumping([4e-3, 2e-3, 4e-3], [1e-9, 1e-9, 1e-9])
    np.testing.assert_array_equal(found["in_each_step"], found["V"])
    arrival = 41
    assert found["at_arrival"][arrival] == found["V"][arrival - 1] != found["V"][arrival]
