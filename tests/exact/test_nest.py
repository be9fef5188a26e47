"""e-prop against NEST: the same network, input spikes and weights give the same spikes and weight changes.

Runs where NEST is installed (`pip install nest-simulator`). NEST writes a neuron down after the threshold, we write it
before: what arrives in a step is added after the decay there, before it here, so that our potential is NEST's times the
decay of a step. The neurons below say so. NEST computes the gradient as if spikes took no time from layer to layer, and
cuts its delays of a step out afterwards; here they take a step each, and the sample is two steps longer.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from brian2zoo.circuits import build
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, run_here

STEPS, SPIKES_EACH = 60, 8
LAYERS = INPUTS, HIDDEN, OUTPUTS = 6, 5, 2
V_TH, HEIGHT = 0.6, 0.3
TAU_M, TAU_OUT, TAU_A, BETA = 20.0, 15.0, 200.0, 0.3
"""In ms, as NEST has them."""
DECAY, DECAY_OUT, DECAY_A = (float(np.exp(-1 / tau)) for tau in (TAU_M, TAU_OUT, TAU_A))


class Found(NamedTuple):
    """Spikes of hidden neurons (step, unit), and the gradient by each projection (post, pre)."""

    spikes: np.ndarray
    gradients: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def given() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(20)
    times = [np.sort(rng.choice(np.arange(1, STEPS - 3), SPIKES_EACH, replace=False)) for _ in range(INPUTS)]
    return {
        "times": np.array(times),
        "target": np.eye(OUTPUTS)[0],
        "input_hidden1": rng.normal(0.2, 1, (HIDDEN, INPUTS)),
        "hidden1_hidden1": rng.normal(0, 0.5, (HIDDEN, HIDDEN)),
        "hidden1_output": rng.normal(0, 1, (OUTPUTS, HIDDEN)),
    }


@pytest.fixture(scope="module")
def nest() -> ModuleType:
    return pytest.importorskip("nest", reason="NEST is not installed: pip install nest-simulator")


def by_nest(nest: ModuleType, given: dict[str, np.ndarray], adaptive: bool) -> Found:
    """One sequence of e-prop in NEST, whose weights move by minus the gradient."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.set(
        resolution=1.0,
        eprop_update_interval=float(STEPS),
        eprop_learning_window=float(STEPS),
        eprop_reset_neurons_on_update=True,
    )
    membrane = {"C_m": 1.0, "E_L": 0.0, "V_m": 0.0}
    spiking = {
        "tau_m": TAU_M,
        "V_th": V_TH,
        "t_ref": 0.0,
        "c_reg": 0.0,
        "regular_spike_arrival": True,
        "surrogate_gradient_function": "piecewise_linear",
        "surrogate_gradient_height": HEIGHT / V_TH,
        "surrogate_gradient_width": V_TH,
    }
    adapting = {"adapt_tau": TAU_A, "adapt_beta": BETA} if adaptive else {}
    model = "eprop_iaf_adapt_bsshslm_2020" if adaptive else "eprop_iaf_bsshslm_2020"
    readout = {"tau_m": TAU_OUT, "loss": "mean_squared_error", "regular_spike_arrival": False}
    trains = nest.Create("spike_generator", INPUTS)
    layers = {
        "input": nest.Create("parrot_neuron", INPUTS),
        "hidden1": nest.Create(model, HIDDEN, membrane | spiking | adapting),
        "output": nest.Create("eprop_readout_bsshslm_2020", OUTPUTS, membrane | readout),
    }
    target = nest.Create("step_rate_generator", OUTPUTS)
    recorder = nest.Create("spike_recorder")
    last = nest.Create("spike_generator")  # weights change when a spike passes: one to each, after the sequence
    optimizer = {"type": "gradient_descent", "batch_size": 1, "eta": 1.0, "Wmin": -1e9, "Wmax": 1e9}
    nest.SetDefaults("eprop_synapse_bsshslm_2020", {"optimizer": optimizer, "average_gradient": False})
    plastic = {"synapse_model": "eprop_synapse_bsshslm_2020", "delay": 1.0, "tau_m_readout": TAU_OUT}
    feedback = {"synapse_model": "eprop_learning_signal_connection_bsshslm_2020", "delay": 1.0}
    aim = {"synapse_model": "rate_connection_delayed", "delay": 1.0, "receptor_type": 2}
    nest.Connect(trains, layers["input"], "one_to_one")
    projections = {name: name.split("_") for name in ("input_hidden1", "hidden1_hidden1", "hidden1_output")}
    for name, (pre, post) in projections.items():
        nest.Connect(layers[pre], layers[post], "all_to_all", plastic | {"weight": given[name]})
    back = np.ascontiguousarray(given["hidden1_output"].T)
    nest.Connect(layers["output"], layers["hidden1"], "all_to_all", feedback | {"weight": back})
    nest.Connect(target, layers["output"], "one_to_one", aim)
    nest.Connect(layers["hidden1"], recorder)
    nest.Connect(last, layers["input"] + layers["hidden1"], "all_to_all", {"weight": 1000.0})
    for train, times in zip(trains, given["times"], strict=True):
        train.spike_times = times + 1.0
    target.set([{"amplitude_times": [4.0], "amplitude_values": [value]} for value in given["target"]])
    last.spike_times = [STEPS + 5.0]
    nest.Simulate(STEPS + 10.0)

    spikes = np.zeros((STEPS, HIDDEN), bool)
    steps, units = np.rint(recorder.events["times"]).astype(int) - 3, recorder.events["senders"]
    spikes[steps[steps < STEPS], units[steps < STEPS] - layers["hidden1"][0].global_id] = True
    gradients = {}
    for name, (pre, post) in projections.items():
        found = nest.GetConnections(layers[pre], layers[post], "eprop_synapse_bsshslm_2020")
        found = found.get(["source", "target", "weight"])
        rows, columns = (
            np.array(found[end]) - layers[at][0].global_id for end, at in (("target", post), ("source", pre))
        )
        gradients[name] = given[name].copy()
        gradients[name][rows, columns] -= found["weight"]
    return Found(spikes, gradients)


NEURON = """
title: As NEST has it
extends: {extends}
reset: |
  v = v - drop{adaptation}
parameters: |
  drop = {drop!r}
  v_th = {threshold!r}
  tau_m = {tau_m}*ms
"""
EXPERIMENT = """
title: e-prop as in NEST
extends: {extends}
learning:
  loss: mean_square
  plastic: {{optimizer: gradient_descent}}
  hidden_output: {{optimizer: gradient_descent}}
neurons: {{hidden: as_in_nest}}
protocol: {{dt: 1*ms, T_train: {steps}*ms}}
parameters: |
  output.tau_out = {tau_out}*ms
  optimizer.eta = null
  optimizer.batch = 2
  surrogate.height = {height}
{adaptation}"""
ADAPTATION = f"""\
  hidden.tau_a = {TAU_A}*ms
  hidden.beta_a = {BETA * DECAY / DECAY_A!r}
"""


def by_us(zoo_with: Callable[..., Zoo], given: dict[str, np.ndarray], adaptive: bool) -> Found:
    """A sample of ours, on the numpy target. An input unit spikes once a sample here: a unit for each spike."""
    experiment = "eprop_alif" if adaptive else "eprop_lif"
    neuron = NEURON.format(
        extends="alif" if adaptive else "lif_delta",
        adaptation="\n  b = b + 1" if adaptive else "",
        drop=V_TH,
        threshold=V_TH * DECAY,
        tau_m=TAU_M,
    )
    text = EXPERIMENT.format(
        extends=experiment,
        steps=STEPS + 2,
        tau_out=TAU_OUT,
        height=HEIGHT,
        adaptation=ADAPTATION if adaptive else "",
    )
    zoo = zoo_with({"models/neurons/as_in_nest.yaml": neuron, "config/experiments/as_in_nest.yaml": text})
    circuit = build(zoo.experiment("as_in_nest"), (INPUTS * SPIKES_EACH, HIDDEN, OUTPUTS), "train")
    scale = {"hidden1_output": (1 - DECAY_OUT) / DECAY_OUT}  # what NEST puts into the readout
    ours = {"input_hidden1": np.repeat(given["input_hidden1"], SPIKES_EACH, axis=1)}
    weights = {f"{name}.w": (ours.get(name, given[name]) * scale.get(name, 1)).T.ravel() for name in GRADIENTS}
    data = {"input": given["times"].reshape(1, -1) * 1e-3, "label": given["target"][None]}
    recorded = Recording(("hidden1",), ())
    wanted = ["hidden1_spikes.i", "hidden1_spikes.t", *(f"{name}.grad" for name in GRADIENTS)]
    result: dict[str, Any] = run_here(
        circuit, network.duration(circuit, "T_train"), Inputs(data, weights, 1, 0), wanted, recorded
    )
    spikes = np.zeros((STEPS + 2, HIDDEN), bool)
    spikes[np.rint(result["hidden1_spikes.t"] / 1e-3).astype(int), result["hidden1_spikes.i"]] = True
    gradients = {
        name: result[f"{name}.grad"].reshape(-1, HIDDEN if name != "hidden1_output" else OUTPUTS).T * scale.get(name, 1)
        for name in GRADIENTS
    }
    summed = gradients["input_hidden1"].reshape(HIDDEN, INPUTS, SPIKES_EACH).sum(axis=2)
    return Found(spikes[1 : STEPS + 1], gradients | {"input_hidden1": summed})


GRADIENTS = ("input_hidden1", "hidden1_hidden1", "hidden1_output")


@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "alif"])
def test_eprop_is_that_of_nest(
    nest: ModuleType, zoo_with: Callable[..., Zoo], given: dict[str, np.ndarray], adaptive: bool
) -> None:
    theirs, ours = by_nest(nest, given, adaptive), by_us(zoo_with, given, adaptive)
    assert theirs.spikes.sum() > 40
    np.testing.assert_array_equal(ours.spikes, theirs.spikes)
    for name in GRADIENTS:
        largest = np.abs(theirs.gradients[name]).max()
        assert largest > 1e-3
        np.testing.assert_allclose(ours.gradients[name], theirs.gradients[name], rtol=0, atol=1e-9 * largest)
