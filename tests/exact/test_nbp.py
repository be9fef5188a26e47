"""The synfire circuit against flat integers: every population in every phase, and every weight, bit for bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flat_nbp import Sample, Variant, train

from brian2zoo import circuits
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.run import network
from brian2zoo.run.network import Recording, weight_matrix
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

# Population and phase -> what fires there; in all other phases the population is silent.
FIRES: dict[str, dict[int, Callable[[dict[str, Any]], np.ndarray]]] = {
    "input": {p: (lambda s: s["x"]) for p in (1, 7, 11)},
    "input_memory": {6: lambda s: s["x"]},
    "hidden1": {2: lambda s: s["h"], 5: lambda s: s["h"], 9: lambda s: s["h"]},
    "hidden1_low": {2: lambda s: s["h_low"]},
    "hidden1_high": {2: lambda s: s["h_high"]},
    "hidden1_memory": {3: lambda s: s["h"]},
    "output": {3: lambda s: s["o"], 5: lambda s: s["d2_plus"], 9: lambda s: s["d2_minus"]},
    "output_low": {3: lambda s: s["o_low"], 5: lambda s: s["d2_plus"], 9: lambda s: s["d2_minus"]},
    "output_high": {3: lambda s: s["o_high"], 5: lambda s: s["d2_plus"], 9: lambda s: s["d2_minus"]},
    "output_back": {5: lambda s: s["d2_minus"], 9: lambda s: s["d2_plus"]},
    "label": {3: lambda s: s["t"]},
    "error_plus": {4: lambda s: s["d2_plus"]},
    "error_minus": {4: lambda s: s["d2_minus"]},
}
for _copy in ("hidden1", "hidden1_low", "hidden1_high"):
    FIRES[_copy] |= {7: lambda s: s["d1_plus"], 11: lambda s: s["d1_minus"]}

VARIANTS = {
    "nbp": Variant(),
    "nbp_updated": Variant(updated=True),
    "nbp_readout": Variant(hidden=False),
    "nbp_fixed_feedback": Variant(fixed_feedback=True),
    "nbp_no_box": Variant(box=False),
}
N_SAMPLES = 40
MNIST = Path(__file__).resolve().parents[3] / "shared" / "datasets" / "mnist"


def draw(layers: tuple[int, int, int], seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    images = (rng.random((N_SAMPLES, layers[0])) < 0.5).astype(float)
    return {"input": images, "label": np.eye(layers[-1])[rng.integers(0, layers[-1], N_SAMPLES)]}


def rasters(circuit: Circuit, found: dict[str, np.ndarray], n_samples: int = N_SAMPLES) -> dict[str, np.ndarray]:
    """Spikes of each population, (sample, phase, unit)."""
    dt, phases = float(network.duration(circuit, "dt")), circuit.population(f"{circuit.mode}_gates").size
    spikes = {}
    for population in circuit.populations:
        raster = np.zeros((n_samples * phases, population.size), bool)
        steps = np.rint(found[f"{population.name}_spikes.t"] / dt).astype(int)
        raster[steps, found[f"{population.name}_spikes.i"]] = True
        spikes[population.name] = raster.reshape(n_samples, phases, -1)
    return spikes


def wanted(circuit: Circuit) -> list[str]:
    names = (p.name for p in circuit.populations)
    return [f"{name}_spikes.{v}" for name in names for v in "ti"] + [f"{p.name}.w" for p in circuit.plastic]


def run(circuit: Circuit, data: dict[str, np.ndarray], weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = tuple(p.name for p in circuit.populations)
    inputs = Inputs(data, weights, N_SAMPLES, seed=0)
    time = network.duration(circuit, "T_train" if circuit.mode == "train" else "T_test")
    return run_here(circuit, time, inputs, wanted(circuit), Recording(names))


def facts(data: dict[str, np.ndarray], sample: Sample, number: int) -> dict[str, Any]:
    return vars(sample) | {"x": data["input"][number] > 0, "t": data["label"][number] > 0}


def assert_same(
    circuit: Circuit,
    data: dict[str, np.ndarray],
    weights: dict[str, np.ndarray],
    found: dict[str, np.ndarray],
    variant: Variant,
) -> None:
    """Every weight and every spike of a training is that of the flat algorithm; every population takes part."""
    shapes = {p.name: p for p in circuit.projections}
    w1, w2 = (weight_matrix(shapes[n], weights[f"{n}.w"]).copy() for n in ("input_hidden1", "hidden1_output"))
    samples = list(train(w1, w2, data["input"], data["label"], variant))
    expected = {"input": w1, "hidden1": w2, "output": w2.T, "output_back": -w2.T}
    for projection in circuit.plastic:
        learnt = weight_matrix(projection, found[f"{projection.name}.w"])
        np.testing.assert_array_equal(learnt, expected[projection.pre.name], err_msg=projection.name)
        assert np.any(learnt.ravel() != weights[projection.weight]), f"{projection.name} learns nothing"
    spikes = rasters(circuit, found, len(samples))
    fired: dict[str, int] = dict.fromkeys(FIRES, 0)
    for number, sample in enumerate(samples):
        here = facts(data, sample, number)
        for name, phases in FIRES.items():
            for phase in range(1, 13):
                expected_here = phases[phase](here) if phase in phases else False
                assert np.all(spikes[name][number, phase - 1] == expected_here), (number, name, phase)
            fired[name] += int(spikes[name][number].sum())
    assert min(count for name, count in fired.items() if name != "error_minus") > 0, fired
    assert np.array_equal(spikes["train_gates"], np.tile(np.eye(12, dtype=bool), (len(samples), 1, 1)))


@pytest.mark.skipif(not MNIST.is_dir(), reason="no MNIST next to the checkout")
def test_circuit_is_the_flat_algorithm_over_mnist(zoo, tmp_path) -> None:
    """The paper's network, compiled, over the first training images."""
    n_samples = 1600
    images = load(DatasetSettings(source="mnist", folder=str(MNIST), crop=4, limit_train=n_samples), tmp_path)["train"]
    experiment = zoo.experiment("nbp")
    encoders = (experiment.encoders["input"], experiment.encoders["label"])
    encoded = encode_dataset(images, *encoders)
    data = {"input": encoded.input.values.astype(float), "label": encoded.target.values.astype(float)}
    circuit = circuits.build(experiment, (400, 400, 10), "train")
    weights = initial_weights(circuit, 0)
    recording = Recording(tuple(p.name for p in circuit.populations))
    folder = build(circuit, network.duration(circuit, "T_train"), n_samples, tmp_path / "program", recording)
    values = weights | parameter_values(circuit)
    found = Program(folder).run(Inputs(data, values, n_samples, seed=0), wanted(circuit))
    assert_same(circuit, data, weights, found, Variant())


@pytest.mark.parametrize(
    ("experiment", "layers", "seed"),
    [("nbp", (40, 25, 3), 2), ("nbp", (7, 30, 10), 3), *((name, (12, 10, 4), 1) for name in VARIANTS)],
)
def test_circuit_is_the_flat_algorithm(zoo, experiment, layers, seed) -> None:
    circuit = circuits.build(zoo.experiment(experiment), layers, "train")
    data, weights = draw(layers, seed), initial_weights(circuit, seed)
    assert_same(circuit, data, weights, run(circuit, data, weights), VARIANTS[experiment])


def test_errors_of_both_signs_occur(zoo) -> None:
    """The networks above would not tell a circuit that only knows potentiation from a right one without this."""
    layers, signs = (12, 10, 4), np.zeros(2)
    circuit = circuits.build(zoo.experiment("nbp"), layers, "train")
    weights = initial_weights(circuit, 1)
    weights["hidden1_output.w"] = np.full(40, 200.0)
    weights |= circuits.copied_weights(circuit, weights)
    data = draw(layers, 1)
    w1, w2 = weights["input_hidden1.w"].reshape(12, 10).copy(), np.full((10, 4), 200.0)
    for sample in train(w1, w2, data["input"], data["label"]):
        signs += sample.d2_plus.sum(), sample.d2_minus.sum()
    found = run(circuit, data, weights)
    assert signs.min() > 0
    np.testing.assert_array_equal(found["hidden1_output.w"].reshape(10, 4), w2)
    np.testing.assert_array_equal(found["output_back_hidden1_back.w"].reshape(4, 10), -w2.T)
    np.testing.assert_array_equal(found["input_hidden1_high.w"].reshape(12, 10), w1)


def test_weights_stay_in_eight_bits(zoo) -> None:
    layers = (12, 10, 4)
    circuit = circuits.build(zoo.experiment("nbp"), layers, "train")
    weights = initial_weights(circuit, 1)
    weights |= {"input_hidden1.w": np.where(weights["input_hidden1.w"] > 0, 254.0, -256.0)}
    weights |= circuits.copied_weights(circuit, weights)
    data = draw(layers, 1)
    w1, w2 = weights["input_hidden1.w"].reshape(12, 10).copy(), weights["hidden1_output.w"].reshape(10, 4).copy()
    list(train(w1, w2, data["input"], data["label"]))
    found = run(circuit, data, weights)
    learnt = found["input_hidden1.w"]
    np.testing.assert_array_equal(learnt.reshape(12, 10), w1)
    assert np.any(learnt != weights["input_hidden1.w"])
    assert learnt.min() == -256
    assert learnt.max() == 254
    assert np.all(learnt % 2 == 0)


def test_inference_circuit_is_the_forward_pass(zoo) -> None:
    layers = (12, 10, 4)
    circuit = circuits.build(zoo.experiment("nbp"), layers, "test")
    data, weights = draw(layers, 1), initial_weights(circuit, 1)
    weights["hidden1_output.w"] = np.abs(weights["hidden1_output.w"]) + 100  # as drawn, no output would fire
    found = run(circuit, data, weights)
    w1, w2 = weights["input_hidden1.w"].reshape(12, 10), weights["hidden1_output.w"].reshape(10, 4)
    h = data["input"] @ w1 > 512
    o = h @ w2 > 512
    spikes = rasters(circuit, found)
    assert 0 < o.sum() < o.size
    for name, phase, expected in (("input", 1, data["input"] > 0), ("hidden1", 2, h), ("output", 3, o)):
        assert np.array_equal(spikes[name][:, phase - 1], expected), name
        assert spikes[name].sum() == expected.sum(), f"{name} fires in other phases"
