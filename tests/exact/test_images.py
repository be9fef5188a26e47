"""Images that are held by a current: a value is a weight's factor, in the answer and in the gradient; and it learns."""

import numpy as np
import pytest

from brian2zoo.circuits import Circuit, build, initial_weights
from brian2zoo.run.network import duration
from brian2zoo.run.programs import Inputs, parameter_values, run_here

LAYERS = (12, 8, 3)
IMAGES = np.random.default_rng(0).uniform(0, 1, (3, 12)) * (np.random.default_rng(1).uniform(size=(3, 12)) < 0.7)


@pytest.fixture
def circuit(zoo) -> Circuit:
    experiment = zoo.experiment("rtrl_images").replaced(precision="double")
    return build(experiment.with_setting("optimizer.batch=1000"), LAYERS, "train")


def gradient(circuit, weights, image) -> tuple[np.ndarray, np.ndarray]:
    """Of the weights of the first layer, and the spikes of the hidden units, in one sample."""
    data = {"input": image[None], "label": np.eye(3)[:1]}
    values = weights | parameter_values(circuit)
    wanted = ["input_hidden1.grad", "hidden1_spikes.count"]
    # a run ends before the onset at which the optimizer would take the gradient
    out = run_here(circuit, duration(circuit, "T_train"), Inputs(data, values, 1, 0), wanted)
    return out["input_hidden1.grad"].reshape(LAYERS[:2]), out["hidden1_spikes.count"]


@pytest.mark.parametrize("image", IMAGES)
def test_a_value_is_a_factor_of_the_weight(circuit, image) -> None:
    weights = initial_weights(circuit, 0)
    weights["input_hidden1.w"] = 2 * np.abs(weights["input_hidden1.w"])  # so that few neurons fire enough
    scaled = weights | {"input_hidden1.w": weights["input_hidden1.w"] * np.repeat(image, LAYERS[1])}
    found, spikes = gradient(circuit, weights, image)
    of_ones, spikes_of_ones = gradient(circuit, scaled, np.ones(12))
    np.testing.assert_array_equal(spikes, spikes_of_ones)
    assert spikes.sum() > 20
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(found, image[:, None] * of_ones, rtol=1e-12, atol=1e-12 * np.abs(found).max())


def test_a_unit_fires_at_its_threshold_of_a_constant_current(circuit) -> None:
    """v = I*(1 - exp(-t/tau_m)), once a step from the arrival on, with the threshold subtracted."""
    weights = initial_weights(circuit, 0)
    weights["input_hidden1.w"] = 2 * weights["input_hidden1.w"]
    _, spikes = gradient(circuit, weights, IMAGES[0])
    current = IMAGES[0] @ weights["input_hidden1.w"].reshape(LAYERS[:2])
    v, expected, decay = np.zeros(8), np.zeros(8), np.exp(-4 / 20)
    for _ in range(24):  # of 25 steps; what is sent in the first arrives in the second
        v = decay * v + (1 - decay) * current
        expected += v > 1
        v -= v > 1
    assert expected.sum() > 5
    np.testing.assert_array_equal(spikes, expected)


def test_it_learns(zoo, interpreted) -> None:
    """Three noisy patterns, 30 mini-batches."""
    experiment = zoo.experiment("rtrl_images").replaced(precision="double")
    experiment = experiment.with_setting("optimizer.batch=4:optimizer.eta=2e-2")
    trainer, tester = (interpreted(build(experiment, LAYERS, mode), 120) for mode in ("train", "test"))
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 240)
    images = np.clip(IMAGES[labels] + random.normal(0, 0.15, (240, 12)), 0, 1)
    weights = initial_weights(trainer.circuit, 0)
    parts = [slice(0, 120), slice(120, 240)]
    data = [{"input": images[part], "label": np.eye(3)[labels[part]]} for part in parts]
    correct = []
    for w in (weights, trainer.run(data[0], weights, 0)["carried"]):
        scores = tester.run(data[1], w, 0)["answers"]
        correct.append((scores.argmax(1) == labels[parts[1]]).mean())
    assert correct[0] < 0.6, correct
    assert correct[1] > 0.9
