"""Networks abreast: each does what it does alone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.circuits.abreast import abreast
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.errors import ZooError
from brian2zoo.run.network import OUTPUT_ONLY
from brian2zoo.run.programs import build_key
from brian2zoo.run.sessions import Session
from brian2zoo.run.train import Schedule, train

LAYERS, NETWORKS, SAMPLES = (40, 20, 3), 2, 4


def different(data: list[np.ndarray]) -> bool:
    return all(np.any(one != data[0]) for one in data[1:])


def assert_each_is_as_alone(interpreted: Callable[..., Session], circuit: Circuit) -> None:
    """Weights, spikes and answers of networks that have weights, inputs and labels of their own."""
    rng = np.random.default_rng(7)
    step = 1e-4 if circuit.population("input").neuron.data == "second" else 1
    inputs = rng.integers(0, 250 if step < 1 else 2, (NETWORKS, SAMPLES, LAYERS[0])) * step
    labels = np.eye(LAYERS[-1])[rng.integers(0, LAYERS[-1], (NETWORKS, SAMPLES))]
    data = [{"input": x, "label": label} for x, label in zip(inputs, labels, strict=True)]
    starts = [initial_weights(circuit, seed) for seed in range(NETWORKS)]
    together = interpreted(circuit, SAMPLES, NETWORKS).run_abreast(data, starts, seed=1)
    alone = interpreted(circuit, SAMPLES)
    for given, start, found in zip(data, starts, together, strict=True):
        expected = alone.run(given, start, seed=1)
        assert found.keys() == expected.keys()
        for kind in ("carried", "spikes"):
            assert found[kind].keys() == expected[kind].keys()
            for name, values in expected[kind].items():
                np.testing.assert_allclose(found[kind][name], values, rtol=1e-12, err_msg=name)
        for name in expected.keys() - {"carried", "spikes"}:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)
        assert any(np.any(found["carried"][p.weight] != start[p.weight]) for p in circuit.plastic)
    assert different([each["answers"] for each in together])


@pytest.mark.parametrize("store", ["float", "counted_fixed_point"])
def test_spiking_networks(interpreted, deterministic, store) -> None:
    """Synapses of the second store act by the number of the neuron they lead to."""
    assert_each_is_as_alone(interpreted, deterministic(LAYERS, store))


@pytest.mark.parametrize(
    ("experiment", "setting"), [("nbp", "default"), ("bp", "default"), ("rtrl_block_diagonal", "optimizer.batch=2")]
)
def test_networks_of_other_kinds(zoo, interpreted, experiment, setting) -> None:
    """Each with its ring of gates, whose first neuron begins; answers by rates; graded answers, and traces kept."""
    chosen = zoo.experiment(experiment).with_setting(setting)
    assert_each_is_as_alone(interpreted, circuits.build(chosen, LAYERS, "train"))


def test_programs_of_one_network_and_of_several_differ(deterministic) -> None:
    circuit = deterministic(LAYERS)
    keys = [build_key(abreast(circuit, n), 30 * ms, SAMPLES, OUTPUT_ONLY) for n in (1, 2, 3)]
    assert len(set(keys)) == 3
    assert keys[0] == build_key(circuit, 30 * ms, SAMPLES, OUTPUT_ONLY)


@pytest.mark.parametrize(("experiment", "field"), [("rtrl_full", "learning"), ("rtrl_events", "encoders.input")])
def test_what_is_one_for_a_program_is_refused(zoo_with, experiment, field) -> None:
    events = "title: events\nextends: rtrl_block_diagonal\nneurons: {input: event_input}\nencoders: {input: events}\n"
    zoo = zoo_with({"config/experiments/rtrl_events.yaml": events})
    circuit = circuits.build(zoo.experiment(experiment), LAYERS, "train")
    assert abreast(circuit, 1) is circuit
    with pytest.raises(ZooError, match="leave `abreast` out") as refused:
        abreast(circuit, 2)
    assert refused.value.field == field


# --- A training -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits(zoo) -> dict[str, xr.Dataset]:
    images = load(DatasetSettings(source="digits", limit_test=50), Path("unused"))
    return {name: encode_dataset(split, *[zoo.encoder("identity")] * 2) for name, split in images.items()}


@pytest.fixture(scope="module")
def train_bp(zoo, digits, compiled) -> Callable[..., list[xr.Dataset]]:
    """Trains 64-8-10 by back-propagation, each epoch in two runs."""
    experiment = zoo.experiment("bp").with_setting("rule.eta=0.1")

    def run(checkpoint: Path, *seeds: int, epochs: int = 2) -> list[xr.Dataset]:
        modes = [circuits.build(experiment, (64, 8, 10), mode) for mode in ("train", "test")]
        runners = [compiled(circuit, 50, len(seeds)) for circuit in modes]
        return train(*runners, digits["train"], digits["test"], Schedule(epochs, 80, seeds), checkpoint)

    return run


def test_a_training_gives_what_each_gives_alone(train_bp, tmp_path) -> None:
    together = train_bp(tmp_path / "together", 4, 7)
    for seed, found in zip((4, 7), together, strict=True):
        (expected,) = train_bp(tmp_path / f"alone{seed}", seed)
        xr.testing.assert_allclose(found.drop_vars("wall_time"), expected.drop_vars("wall_time"), rtol=1e-9)
    assert np.any(together[0].test_error != together[1].test_error)


def test_a_training_goes_on_from_its_checkpoint(train_bp, tmp_path) -> None:
    train_bp(tmp_path / "stopped", 4, 7, epochs=1)
    begun = (tmp_path / "stopped").read_bytes()
    resumed = train_bp(tmp_path / "stopped", 4, 7)
    for found, expected in zip(resumed, train_bp(tmp_path / "whole", 4, 7), strict=True):
        xr.testing.assert_equal(found.drop_vars("wall_time"), expected.drop_vars("wall_time"))
    (tmp_path / "stopped").write_bytes(begun)
    (other,) = train_bp(tmp_path / "stopped", 4)  # a checkpoint of both is none of one
    assert other.test_error.sizes["epoch"] == 3
