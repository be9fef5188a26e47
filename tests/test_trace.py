"""What is kept of a network that is watched closely."""

import json

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import run_here
from brian2zoo.run.sessions import Session
from brian2zoo.run.trace import recording, samples_to_watch, trace


class Here:
    """Stands for a compiled program: the same circuit on Brian2's numpy target."""

    capacity = 4

    def __init__(self, circuit, time) -> None:
        self.circuit, self.time = circuit, time

    def run(self, inputs, outputs) -> dict[str, np.ndarray]:
        return run_here(self.circuit, self.time, inputs, outputs, recording(self.circuit))


def watch(experiment: str, layers: tuple[int, ...], n_samples: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Random samples and the trace of a network on them."""
    circuit = circuits.build(Zoo().experiment(experiment), layers, "train")
    rng = np.random.default_rng(0)
    scale = 1.0 if experiment == "nbp" else 1e-9
    labels = rng.integers(0, layers[-1], n_samples)
    data = xr.Dataset(
        {
            "input": (("sample", "pixel"), scale * (rng.random((n_samples, layers[0])) < 0.5)),
            "target": (("sample", "class"), scale * np.eye(layers[-1])[labels]),
            "label": ("sample", labels),
        }
    )
    time = network.duration(circuit, "T_train")
    runner = Session(circuit, Here(circuit, time), time)
    return data, trace(runner, recording(circuit), data, initial_weights(circuit, 0), seed=0)


def test_a_gated_network_is_kept_spike_by_spike_with_its_table_of_phases() -> None:
    data, seen = watch("nbp", (12, 10, 4), 3)
    of_input = seen.spike_population.values == "input"
    step = np.rint(seen.spike_time.values / 1e-3).astype(int)
    image = np.zeros((3, 12))
    first = of_input & (step % 12 == 0)
    image[step[first] // 12, seen.spike_unit.values[first]] = 1
    np.testing.assert_array_equal(image, data.input)
    assert seen.sizes["time"] == 36
    assert {"output_I", "output_v", "output_reward", "weight"} <= set(seen)
    assert seen.output_v.attrs["units"] == seen.weight.attrs["units"] == "1"
    np.testing.assert_array_equal(seen.output_rewarded > 0, np.arange(36) % 12 + 1 == 5)
    assert seen.attrs["parameters"]["output.theta"] == 1024
    assert seen.attrs["parameters"]["weight.w_max"] == 254
    assert json.loads(json.dumps(seen.attrs["phases"]))["phases"]["5"]["reward"]


def test_a_network_in_volts_and_amperes_has_the_units_of_its_model() -> None:
    _, seen = watch("erbp_plus", (6, 5, 3), 1)
    units = {name: seen[name].attrs["units"] for name in ("output_V", "output_U", "output_I", "weight")}
    assert units == {"output_V": "V", "output_U": "V", "output_I": "A", "weight": "A"}
    assert seen.attrs["parameters"]["output.V_th"] == pytest.approx(0.1)
    assert "phases" not in seen.attrs


def test_a_network_without_spikes_cannot_be_watched() -> None:
    circuit = circuits.build(Zoo().experiment("bp"), (6, 5, 3), "train")
    with pytest.raises(ZooError, match=r"does not spike.*name a spiking experiment"):
        recording(circuit)


def test_samples_begin_with_one_of_the_watched_units_class() -> None:
    circuit = circuits.build(Zoo().experiment("erbp_plus"), (6, 5, 3), "train")
    data = xr.Dataset({"label": ("sample", [2, 1, 0, 1, 0, 2])})
    for unit, labels in ((0, [0, 1]), (1, [1, 0]), (2, [2, 1])):
        assert samples_to_watch(data, recording(circuit, unit), 2).label.values.tolist() == labels
