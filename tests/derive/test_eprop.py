"""e-prop as it was written by hand, after the paper, is what is derived from the neuron."""

import numpy as np
import pytest

from brian2zoo.circuits import build, initial_weights
from brian2zoo.run import gradients as gradient

LAYERS = (6, 5, 3)
SAMPLES = {"input": np.random.default_rng(3).uniform(0, 0.1, (2, 6)), "label": np.eye(3)[:2]}


@pytest.mark.parametrize("name", ["eprop_lif", "eprop_alif"])
def test_the_rule_written_by_hand_is_the_derived_one(zoo, name) -> None:
    gradients = []
    for setting in ("default", "learning.plastic.rule=block_diagonal"):
        circuit = build(zoo.experiment(name).with_setting(setting), LAYERS, "train")
        weights = initial_weights(circuit, 0)
        weights["input_hidden1.w"] = 2 * np.abs(weights["input_hidden1.w"])
        gradients.append(gradient.found(circuit, weights, SAMPLES).gradient)
    by_hand, derived = gradients
    for projection in ("input", "recurrent", "readout"):
        expected = getattr(derived, projection)
        assert np.abs(expected).max() > 0
        np.testing.assert_allclose(getattr(by_hand, projection), expected, atol=1e-10 * np.abs(expected).max())
