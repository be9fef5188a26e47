"""With `rest: true` a sample is as if it were a run of its own: nothing of the one before is left."""

from collections.abc import Callable

import numpy as np
import pytest
from brian2 import ms

from brian2zoo.backends import backend
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

LAYERS, SAMPLE, CAPACITY = (8, 5, 3), 30 * ms, 3

# A potential that stands still while refractory, a plain variable that spikes add to, a slow trace of a rule, and what
# a rule and a synapse model begin with: `held` is left as it was, all else moves on from there.
EXPERIMENT = """
title: Everything that may last beyond a sample
extends: deterministic
neurons: {hidden: lasting, output: lasting}
learning: {plastic: {rule: lasting}}
synapses: {plastic: lasting}
protocol: {rest: true, delay: 4*ms}
"""
NEURON = """
title: Neuron with a long refractory period that counts its spikes
extends: two_compartment_lif
equations: |
  dV/dt = (-V + R*I)/tau_m : volt (unless refractory)
  dI/dt = -I/tau_s         : amp
  dU/dt = -U/tau_u         : volt
  fatigue : 1
  odd : boolean
  number : integer
threshold: V > V_th*(1 + fatigue)
reset: |
  V = 0*volt
  fatigue += 0.2
  odd = not odd
  number += 1
initial: V = 1*mV
parameters: |
  t_ref = 12*ms
"""
RULE = """
title: eRBP with traces that last, one of them brought up to date by spikes alone
extends: erbp
variables:
  pre: "dfading/dt = -fading/tau : 1"
  post: "held : volt"
  synapse: |
    learning = 1 : 1 (shared)
    arrived : 1
    ratio : 1
    dlast/dt = (1 - last)/tau : 1 (event-driven)
    dslow/dt = -slow/tau : 1 (clock-driven)
initial:
  pre: fading = start
  post: held = 2*V_th*start
  synapse: |
    arrived = 2
    last = -start
    slow = arrived + last
    ratio = tau_m_post/tau
on_pre: |
  arrived += 1
  slow += last
  dw = eta*U_post*int(I_post > -b_max)*int(I_post < b_max)*learning
parameters: |
  T_wait = null
  tau = 100*ms
  start = 3
"""
SYNAPSE = """
title: A weight beside which a variable has a value of its own, and one on the axon
extends: float
state: |
  first : amp
axon:
  variables: "dleft/dt = -left/tau_left : 1"
  initial: left = full
initial: first = w
parameters: |
  full = 0.75
  tau_left = 80*ms
"""
FILES = {
    "models/neurons/lasting.yaml": NEURON,
    "rules/lasting.yaml": RULE,
    "models/synapses/lasting.yaml": SYNAPSE,
    "config/experiments/lasting.yaml": EXPERIMENT,
}
STATES = ("arrived", "last", "slow", "ratio", "first")
NEURONS = ("V", "I", "U", "fatigue", "odd", "number", "held", "fading_output", "left_output")
OUTPUTS = [f"input_hidden1.{name}" for name in STATES] + [f"hidden1.{name}" for name in NEURONS]
SPIKES = ("hidden1_spikes.t", "hidden1_spikes.i")


@pytest.fixture(scope="module")
def circuit(deterministic) -> Circuit:
    return deterministic(LAYERS, setting="rule.eta=0*nS", files=FILES, experiment="lasting")


@pytest.fixture(scope="module", params=["numpy", "dense", pytest.param("cpp", marks=pytest.mark.slow)])
def run(request, circuit, tmp_path_factory) -> Callable[..., dict[str, np.ndarray]]:
    """Outputs and the hidden spikes of the last sample, times from its onset, of a run over some samples.

    Values of parameters may differ from those of the circuit.
    """
    recording = Recording(("hidden1", "output"))
    if request.param == "numpy":

        def outputs(inputs: Inputs) -> dict[str, np.ndarray]:
            return run_here(circuit, SAMPLE, inputs, [*OUTPUTS, *SPIKES], recording)
    else:
        made, folder = backend(request.param), tmp_path_factory.mktemp(request.param)
        program = Program(build(circuit, SAMPLE, CAPACITY, folder / "program", recording, backend=made))

        def outputs(inputs: Inputs) -> dict[str, np.ndarray]:
            return program.run(inputs, [*OUTPUTS, *SPIKES])

    def of_last(data: dict[str, np.ndarray], **parameters: float) -> dict[str, np.ndarray]:
        values = initial_weights(circuit, seed=0) | parameter_values(circuit)
        values |= {name.replace("__", "."): value for name, value in parameters.items()}
        n = len(data["input"])
        found = outputs(Inputs(data, values, n, seed=0))
        onset = (n - 1) * float(SAMPLE)
        last = found["hidden1_spikes.t"] > onset - 1e-5
        spikes = {"i": found.pop("hidden1_spikes.i")[last], "t": found.pop("hidden1_spikes.t")[last] - onset}
        return found | spikes

    return of_last


def test_a_sample_gives_alone_what_it_gives_after_others(run, latencies) -> None:
    data = latencies(LAYERS, CAPACITY)
    alone = run({name: values[-1:] for name, values in data.items()})
    after_others = run(data)
    assert len(alone["t"]) > 3
    for name, values in alone.items():
        np.testing.assert_allclose(after_others[name], values, rtol=1e-9, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("n_samples", [1, CAPACITY])
def test_what_rules_and_synapses_begin_with(run, circuit, latencies, n_samples) -> None:
    """Before the first sample and at the onset of each, of parameters that the run is given, not those of the build."""
    data = {name: values[-n_samples:] for name, values in latencies(LAYERS, CAPACITY).items()}
    data["input"][:, 0] = 1.0  # which never comes
    given = {"hidden1__V_th": 0.07, "hidden1__start": 0.5, "hidden1__tau_m": 0.04}
    found = run(data, **given)
    values = parameter_values(circuit)
    steps = round(float(SAMPLE) / 1e-4)  # of Euler's, as the neurons move
    decayed = {name: (1 - 1e-4 / values[f"hidden1.{name}_output"]) ** steps for name in ("tau", "tau_left")}
    assert decayed["tau"] != decayed["tau_left"]
    np.testing.assert_allclose(found["hidden1.held"], 2 * 0.07 * 0.5, rtol=1e-12)
    np.testing.assert_allclose(found["hidden1.fading_output"], 3 * decayed["tau"], rtol=1e-9)
    np.testing.assert_allclose(found["hidden1.left_output"], 0.75 * decayed["tau_left"], rtol=1e-9)
    np.testing.assert_allclose(found["input_hidden1.ratio"], 0.4, rtol=1e-12)
    np.testing.assert_array_equal(found["input_hidden1.first"], initial_weights(circuit, seed=0)["input_hidden1.w"])
    silent = np.flatnonzero(found["input_hidden1.arrived"] == 2)
    assert 0 < len(silent) < found["input_hidden1.arrived"].size
    np.testing.assert_array_equal(found["input_hidden1.last"][silent], -0.5)
    exactly = 1.5 * np.exp(-float(SAMPLE) / values["input.tau_hidden1"])
    np.testing.assert_allclose(found["input_hidden1.slow"][silent], exactly, rtol=1e-9)
