"""Back-propagation and its kin, by signs or random weights, against plain stochastic gradient descent in numpy."""

from itertools import pairwise

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, run_here

ETA, N_SAMPLES = 0.5, 20


def returned(rule, forward, feedback, size) -> np.ndarray:
    """Weights by which the error returns to a layer of a size, (above, here)."""
    if rule == "bp":
        return forward.T
    if rule == "sign_symmetric":
        return 0.1 * np.sign(forward.T)
    return feedback.reshape(-1, size)


def flat_sgd(rule, layers, data, weights) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Output of each sample and the weights after all of them: rectified layers, logistic output, cross-entropy."""
    names = network.layer_names(layers)
    forward = [f"{a}_{b}.w" for a, b in pairwise(names)]
    w = {name: weights[name].reshape(p, q) for name, (p, q) in zip(forward, pairwise(layers), strict=True)}
    outputs = []
    for x, target in zip(data["input"], data["label"], strict=True):
        r = [x]
        for name in forward[:-1]:
            r.append(np.maximum(r[-1] @ w[name], 0))
        outputs.append(1 / (1 + np.exp(-r[-1] @ w[forward[-1]])))
        delta = {"output": outputs[-1] - target}
        for k in range(len(layers) - 2, 0, -1):
            here, above = names[k], "output" if rule == "dfa" else names[k + 1]
            back = returned(rule, w.get(f"{here}_{above}.w"), weights.get(f"{above}_{here}.w"), layers[k])
            delta[here] = (delta[above] @ back) * (r[k] > 0)
        w = {name: w[name] - ETA * np.outer(r[k], delta[names[k + 1]]) for k, name in enumerate(forward)}
    return np.array(outputs), w


@pytest.mark.parametrize("layers", [(6, 8, 3), (6, 8, 7, 3), (6, 8, 7, 5, 3)])
@pytest.mark.parametrize("rule", ["bp", "rbp", "dfa", "sign_symmetric"])
def test_rule_is_its_gradient_descent(zoo, rule, layers) -> None:
    circuit = circuits.build(zoo.experiment(rule).with_setting(f"rule.eta={ETA}"), layers, "train")
    rng = np.random.default_rng(0)
    classes = rng.integers(0, layers[-1], N_SAMPLES)
    data = {"input": rng.random((N_SAMPLES, layers[0])), "label": np.eye(layers[-1])[classes]}
    weights = initial_weights(circuit, seed=3)
    outputs, expected = flat_sgd(rule, layers, data, weights)

    inputs = Inputs(data, weights, N_SAMPLES, seed=0)
    wanted = ["output_rates.r", *expected]
    found = run_here(circuit, network.duration(circuit, "T_train"), inputs, wanted)

    np.testing.assert_allclose(found["output_rates.r"].reshape(outputs.shape), outputs, rtol=1e-12)
    for name, w in expected.items():
        assert np.mean(w.ravel() != weights[name]) > 0.3, f"{name} learns too little to tell"
        np.testing.assert_allclose(found[name], w.ravel(), rtol=1e-12)
