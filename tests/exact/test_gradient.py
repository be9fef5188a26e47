"""The gradients that rules of the zoo find, against the exact one."""

import numpy as np
import pytest

from brian2zoo.circuits import build, initial_weights
from brian2zoo.compose.circuit import compose
from brian2zoo.derive import derived, read, rule_text, traces_of
from brian2zoo.derive.reference import Neuron, Weights, layer_jacobian, surrogate_function
from brian2zoo.derive.traces import derive
from brian2zoo.errors import ZooError
from brian2zoo.run import gradients as gradient

LAYERS = (6, 5, 3)
SAMPLES = {"input": np.random.default_rng(3).uniform(0, 0.1, (2, 6)), "label": np.eye(3)[:2]}


def compared(zoo, name: str, strength: float) -> tuple[gradient.Found, Weights]:
    """A rule's gradient and the exact one, with strong weights so that few neurons fire enough."""
    circuit = build(zoo.experiment(name), LAYERS, "train")
    weights = initial_weights(circuit, 0)
    weights["input_hidden1.w"] = 2 * np.abs(weights["input_hidden1.w"])
    weights["hidden1_hidden1.w"] = strength * weights["hidden1_hidden1.w"]
    found = gradient.found(circuit, weights, SAMPLES)
    trials = gradient.exact(circuit, weights, found, zoo.surrogate("superspike"))
    assert sum(trial.spikes.sum() for trial in trials) > 20
    return found, gradient.total(trials)


@pytest.mark.parametrize(
    ("name", "strength", "low", "high"),
    [
        ("rtrl_block_diagonal", 0, 1 - 1e-12, 1 + 1e-12),
        ("snap1", 0, 1 - 1e-12, 1 + 1e-12),
        ("rtrl_full", 1, 1 - 1e-12, 1 + 1e-12),
        ("rtrl_block_diagonal", 1, 0.5, 1 - 1e-6),
        ("rtrl_random_feedback", 0, -0.9, 0.9),
    ],
)
def test_cosine_to_the_exact_gradient(zoo, name, strength, low, high) -> None:
    found, exact = compared(zoo, name, strength)
    assert low < gradient.cosine(found.gradient, exact) < high
    np.testing.assert_allclose(found.gradient.readout, exact.readout, atol=1e-12 * np.abs(exact.readout).max())


def test_snap1_keeps_the_autapse(zoo) -> None:
    """With autapses alone within the layer it is exact, and block-diagonal RTRL is not."""
    cosines = {}
    for name in ("snap1", "rtrl_block_diagonal"):
        circuit = build(zoo.experiment(name), LAYERS, "train")
        weights = initial_weights(circuit, 0)
        weights["input_hidden1.w"] = 2 * np.abs(weights["input_hidden1.w"])
        weights["hidden1_hidden1.w"] = 2.0 * np.eye(LAYERS[1]).ravel()
        found = gradient.found(circuit, weights, SAMPLES)
        exact = gradient.total(gradient.exact(circuit, weights, found, zoo.surrogate("superspike")))
        cosines[name] = gradient.cosine(found.gradient, exact)
    assert cosines["snap1"] == pytest.approx(1, abs=1e-12)
    assert cosines["rtrl_block_diagonal"] < 1 - 1e-6


SCALED = """
title: Weight that counts so many times, which differs between projections
state: "w : 1"
backward: "learning_signal_pre = w*learning_signal_post : 1 (summed)"
write: w = w + dw
read: I_post += gain*w
parameters: gain = 1
"""


def test_full_rtrl_knows_the_numbers_of_a_synapse(zoo, zoo_with) -> None:
    """Half the weights at twice the gain are the same network, and have twice the gradient."""
    rule, neuron, synapse = zoo.rule("rtrl"), zoo.neuron("lif_exp"), zoo.synapse("current")
    written = rule_text(derived(rule, neuron, synapse), traces_of(rule, neuron, synapse), "test")
    edited = zoo_with(
        {
            "models/synapses/scaled.yaml": SCALED,
            "rules/scaled.yaml": written.replace("arrived_I = 1", "arrived_I = gain").replace(
                "elig_pre*w", "gain*elig_pre*w"
            ),
            "config/experiments/scaled.yaml": "title: Scaled\nextends: rtrl_full\n"
            "learning: {plastic: {rule: scaled}}\n"
            "synapses: {plastic: scaled}\nparameters: |\n  input_hidden.gain = 2\n  recurrent.gain = 4\n",
        }
    )
    gradients = []
    for name, of_input, of_recurrent in (("rtrl_full", 1, 1), ("scaled", 2, 4)):
        circuit = build(edited.experiment(name), LAYERS, "train")
        weights = initial_weights(circuit, 0)
        weights["input_hidden1.w"] = 2 * np.abs(weights["input_hidden1.w"]) / of_input
        weights["hidden1_hidden1.w"] = weights["hidden1_hidden1.w"] / of_recurrent
        found = gradient.found(circuit, weights, SAMPLES).gradient
        gradients.append((found.input / of_input, found.recurrent / of_recurrent, found.readout))
    for one, other in zip(*gradients, strict=True):
        assert np.abs(one).max() > 0
        np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12 * np.abs(one).max())


def test_jacobian_of_a_layer_is_that_of_its_smooth_step(zoo) -> None:
    """By differences of one step of the reference, with spikes that are smooth."""
    neuron = Neuron(derive(read(zoo.neuron("lif_exp"), zoo.synapse("current")), ["v"]), 1e-3)
    surrogate = zoo.surrogate("sigmoid")
    psi, smooth = (surrogate_function(surrogate, 1.0, field) for field in ("derivative", "smooth"))
    rng = np.random.default_rng(0)
    weights = Weights(np.zeros((4, 1)), rng.normal(size=(4, 4)), np.zeros((1, 4)))
    x = rng.normal(1, 0.5, (2, 4))
    x[0] = np.where(x[0] > 1, 1.2, 0.8)
    found = layer_jacobian(neuron, psi, weights, x)
    everywhere = np.ones(4)

    def step(state: np.ndarray) -> np.ndarray:
        """The spikes that are counted in the reset stay, those felt change."""
        held = 1.0 * (x[0] > 1)
        felt = smooth(state[0] - 1) - smooth(x[0] - 1) + held
        after = neuron.after_reset(state, everywhere)
        moved = state + held * (after - state) + (felt - held) * (neuron.after_reset(x, everywhere) - x)
        moved[1] += weights.recurrent @ felt
        return neuron.step(moved, everywhere)[0]

    for variable, unit in np.ndindex(2, 4):
        change = np.zeros((2, 4))
        change[variable, unit] = 1e-6
        difference = (step(x + change) - step(x - change)) / 2e-6
        np.testing.assert_allclose(found[:, :, unit, variable].T, difference, atol=1e-8)


def test_full_rtrl_takes_spikes_to_arrive_in_the_next_step(zoo, zoo_with) -> None:
    text = "title: Late\nextends: rtrl_full\nlearning: {hidden_output: {traces: synapse}}\nprotocol: {delay: 2*ms}\n"
    late = zoo_with({"config/experiments/late.yaml": text})
    with pytest.raises(ZooError, match=r"rules/rtrl.yaml: influence: .*give the protocol a delay of 0\*ms"):
        compose(build(late.experiment("late"), LAYERS, "train"))


def test_refused(zoo) -> None:
    circuit = build(zoo.experiment("rtrl_no_recurrence"), LAYERS, "train")
    with pytest.raises(ZooError, match="there is no hidden1_hidden1"):
        gradient.found(circuit, initial_weights(circuit, 0), SAMPLES)
    circuit = build(zoo.experiment("rtrl_block_diagonal").with_setting("optimizer.batch=1"), LAYERS, "train")
    with pytest.raises(ZooError, match="changes weights within the samples"):
        gradient.found(circuit, initial_weights(circuit, 0), SAMPLES)
