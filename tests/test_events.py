"""Events: any number of spikes of a unit in a sample, from a data set into a simulation.

One program is compiled here.
"""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import brian2
import h5py
import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.check import check_experiment, check_file
from brian2zoo.circuits import Circuit, Population, initial_weights
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import channels, encode_dataset, take
from brian2zoo.datasets.events import Events
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import Encoder
from brian2zoo.run import network, results
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, run_here
from brian2zoo.run.train import Schedule, train

MS = 1e-3


def events(samples: list[list[tuple[float, int]]], n_units: int) -> Events:
    """Events of samples given as (ms, unit)."""
    flat = [event for sample in samples for event in sample]
    times, units = np.array(flat, float).reshape(-1, 2).T
    offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
    return Events(times * MS, units.astype(int), offsets, n_units)


def split_of(given: Events, labels: list[int], classes: int = 2) -> xr.Dataset:
    """The same as a data set."""
    return xr.Dataset(
        {
            "time": ("event", given.times.astype(np.float32)),
            "unit": ("event", given.units),
            "offset": ("boundary", given.offsets),
            "label": ("sample", labels),
        },
        attrs={"units": given.n_units, "classes": classes},
    )


SAMPLES = [[(5, 1), (3, 0), (9, 1), (0, 2)], [], [(1, 0), (7, 0), (4, 0), (10, 2)]]


# --- Lists ----------------------------------------------------------------------------------------


def test_each_unit_has_a_list_in_order_that_ends_in_infinity() -> None:
    given = events(SAMPLES, 3)
    first, row = given.lists()
    assert first.shape == given.shape == (3, 3)
    for k, sample in enumerate(SAMPLES):
        for unit in range(3):
            expected = sorted(time for time, u in sample if u == unit)
            begin = first[k, unit]
            np.testing.assert_allclose(row[begin : begin + len(expected)], np.array(expected) * MS, rtol=1e-6)
            assert np.isinf(row[begin + len(expected)])
    assert len(row) == 8 + 9


# --- Encoders -------------------------------------------------------------------------------------


def test_events_as_they_are(zoo) -> None:
    encoded = encode_dataset(split_of(events(SAMPLES, 3), [0, 1, 1]), zoo.encoder("events"), zoo.encoder("identity"))
    assert encoded.input_offset.values.tolist() == [0, 4, 4, 8]
    assert encoded.attrs["units"] == 3
    given = take(encoded, np.array([2, 0]))
    assert given["label"].tolist() == [[0, 1], [1, 0]]
    assert given["input"].offsets.tolist() == [0, 4, 8]
    np.testing.assert_allclose(given["input"].times / MS, [1, 4, 7, 10, 0, 3, 5, 9], rtol=1e-6)
    assert given["input"].units.tolist() == [0, 0, 0, 2, 2, 0, 1, 1]


def test_neighbours_are_taken_together_and_count_once(zoo) -> None:
    pooled = zoo.encoder("events_pooled")  # ten units, 4 ms
    given = events([[(1, 0), (3, 9), (3, 10), (5, 0), (5, 1)], [(2, 5)]], 25)
    encoded = encode_dataset(split_of(given, [0, 1]), pooled, zoo.encoder("identity"))
    assert encoded.attrs["units"] == 3
    assert encoded.input_offset.values.tolist() == [0, 3, 4]
    assert encoded.input_unit.values.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(encoded.input_time / MS, [0, 0, 4, 0], rtol=1e-6)


def test_many_samples_are_encoded_as_few(zoo) -> None:
    """The samples of a block do not mix with those of the next."""
    given = events([[(k % 40, k % 3), (50, 0)] for k in range(1203)], 3)
    encoded = encode_dataset(split_of(given, [0] * 1203), zoo.encoder("events"), zoo.encoder("identity"))
    assert encoded.input_offset.values.tolist() == list(range(0, 2407, 2))
    np.testing.assert_allclose(encoded.input_time[::2] / MS, np.arange(1203) % 40, rtol=1e-6)


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ("unit/2", "unit 1 goes to 0.5 — give a whole number"),
        ("unit - 1", "unit 0 goes to -1"),
        ("unit*ms", "has no unit of measurement"),
        ("pixel", "unknown name 'pixel'"),
    ],
)
def test_channel_that_is_no_unit(channel, message) -> None:
    encoder = Encoder(title="wrong", unit="second", encode="x", channel=channel)
    with pytest.raises(ZooError, match=message) as caught:
        channels(encoder, np.arange(2))
    assert caught.value.field == "channel"


def test_encoder_and_data_set_have_to_be_of_a_kind(zoo) -> None:
    images = xr.Dataset({"x": (("sample", "pixel"), [[0.5]]), "label": ("sample", [0])}, attrs={"classes": 1})
    with pytest.raises(ZooError, match="for events, the data set has images"):
        encode_dataset(images, zoo.encoder("events"), zoo.encoder("identity"))
    with pytest.raises(ZooError, match="for images, the data set has events"):
        encode_dataset(split_of(events(SAMPLES, 3), [0, 1, 1]), zoo.encoder("latency"), zoo.encoder("identity"))


def test_events_stay_in_their_file_until_asked_for(zoo, tmp_path) -> None:
    encoded = encode_dataset(split_of(events(SAMPLES, 3), [0, 1, 1]), zoo.encoder("events"), zoo.encoder("identity"))
    results.save(encoded, tmp_path / "train.nc")
    split = results.read_data(tmp_path / "train.nc")
    in_memory = {name: variable.variable._in_memory for name, variable in split.data_vars.items()}
    assert not in_memory["input_time"]
    assert not in_memory["input_unit"]
    assert in_memory["target"]
    for rows in (np.array([2]), np.array([0, 1, 2])):
        read, expected = take(split, rows)["input"], take(encoded, rows)["input"]
        np.testing.assert_array_equal(read.times, expected.times)
        np.testing.assert_array_equal(read.units, expected.units)
    assert not split.input_time.variable._in_memory


# --- Simulation -----------------------------------------------------------------------------------


def steps_of(out: dict[str, np.ndarray], dt: float, name: str = "input") -> list[tuple[int, int]]:
    """(step, unit) of each spike, sorted."""
    steps = np.rint(out[f"{name}_spikes.t"] / dt).astype(int)
    return sorted(zip(steps.tolist(), out[f"{name}_spikes.i"].tolist(), strict=True))


def test_units_spike_in_the_steps_of_their_events(zoo) -> None:
    experiment = zoo.experiment("erbp_plus")  # 0.1 ms
    unit = Population("input", "input", 3, zoo.neuron("event_input"), data="input")
    circuit = Circuit(experiment, (3,), "train", (unit,), ())
    given = events([[*SAMPLES[0], (9.04, 1), (30, 0)], *SAMPLES[1:], [(19.9, 2)]], 3)
    inputs = Inputs({"input": given}, {}, 4, seed=0)
    out = run_here(circuit, 20 * brian2.ms, inputs, ["input_spikes.t", "input_spikes.i"], Recording(("input",)))
    expected = [(200 * k + round(10 * time), u) for k, sample in enumerate(SAMPLES) for time, u in sample]
    # the second of two in one step comes in the next; what lies behind the end of a sample is lost
    expected += [(91, 1), (600 + 199, 2)]
    assert steps_of(out, 1e-4) == sorted(expected)


def test_a_place_outside_the_list_of_events_is_of_none(zoo) -> None:
    """As in the compiled program, which would read beyond the file."""
    experiment = zoo.experiment("erbp_plus")
    model = zoo.neuron("event_input")
    beyond = model.model_copy(
        update={"on_sample": model.on_sample.replace("int(data)", "int(data) + 10**6 - i*2*10**6")}
    )
    circuit = Circuit(experiment, (3,), "train", (Population("input", "input", 3, beyond, data="input"),), ())
    inputs = Inputs({"input": events(SAMPLES, 3)}, {}, 3, seed=0)
    out = run_here(circuit, 20 * brian2.ms, inputs, ["input.t_next", "input_spikes.t"], Recording(("input",)))
    assert np.isinf(out["input.t_next"]).all()
    assert out["input_spikes.t"].size == 0


@pytest.fixture(scope="module")
def circuit(zoo) -> Circuit:
    experiment = zoo.experiment("cue_eprop_alif").replaced(precision="double")
    return circuits.build(experiment, (12, 8, 2), "train")


@pytest.fixture(scope="module")
def program(circuit, tmp_path_factory) -> Program:
    folder = tmp_path_factory.mktemp("program")
    spiking = Recording(("input", "hidden1"))
    return Program(build(circuit, network.duration(circuit, "T_train"), 3, folder / "program", spiking))


def given_to(circuit: Circuit, seed: int, n: int = 3) -> Inputs:
    rng = np.random.default_rng(seed)
    times = rng.random((n, 400)) * 1700
    units = rng.integers(0, 12, (n, 400))
    samples = [list(zip(*pair, strict=True)) for pair in zip(times.tolist(), units.tolist(), strict=True)]
    weights = initial_weights(circuit, seed=1)
    return Inputs({"input": events(samples, 12), "label": np.eye(2)[np.arange(n) % 2]}, weights, n, seed=0)


DT = 5e-3  # s, of that experiment
OUTPUTS = ("input_spikes.t", "input_spikes.i", "hidden1_spikes.t", "hidden1_spikes.i", "input_hidden1.grad")


def test_program_is_given_events_anew_in_each_run_and_does_what_the_numpy_target_does(circuit, program) -> None:
    sample_time = network.duration(circuit, "T_train")
    for seed, n in ((0, 3), (1, 2)):
        inputs = given_to(circuit, seed, n)
        compiled = program.run(inputs, OUTPUTS)
        interpreted = run_here(circuit, sample_time, inputs, OUTPUTS, Recording(("input", "hidden1")))
        for name in ("input", "hidden1"):
            found = steps_of(compiled, DT, name)
            assert len(found) > 50
            assert found == steps_of(interpreted, DT, name)
        assert np.abs(interpreted["input_hidden1.grad"]).max() > 0
        np.testing.assert_allclose(
            compiled["input_hidden1.grad"], interpreted["input_hidden1.grad"], rtol=1e-9, atol=1e-12
        )


def test_events_that_do_not_fit_the_program(circuit, program) -> None:
    inputs = given_to(circuit, 0)
    wider = replace(inputs.data["input"], n_units=13)
    with pytest.raises(ValueError, match=r"'input' of shape \(3, 13\) do not fit"):
        program.run(replace(inputs, data={**inputs.data, "input": wider}), OUTPUTS)


def test_program_without_its_events_says_so(program) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "BRIAN2ZOO_EVENTS"}
    done = subprocess.run(
        ["./main"], cwd=program.directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs the file of events" in done.stderr


WORDS = """
title: Block-diagonal RTRL on spoken words
extends: rtrl_block_diagonal
neurons: {input: event_input}
encoders: {input: events_pooled}
protocol: {dt: 10*ms, T_train: 1*second, T_test: 1*second, T_final: 1*second}
parameters: |
  optimizer.batch = 2
  optimizer.eta   = 0.05
"""


def test_network_learns_from_a_file_of_spoken_words(zoo_with, interpreted, tmp_path) -> None:
    """From HDF5 to weights; the first class is one half of the cochlea, the second the other."""
    rng = np.random.default_rng(0)
    labels = np.arange(8) % 2
    for split in ("train", "test"):
        times, units = np.empty(8, object), np.empty(8, object)
        for k, label in enumerate(labels):
            times[k] = np.sort(rng.random(300)).astype("float16")
            units[k] = (rng.integers(0, 350, 300) + 350 * label).astype("uint16")
        with h5py.File(tmp_path / f"shd_{split}.h5", "w") as file:
            file.create_dataset("spikes/times", data=times, dtype=h5py.vlen_dtype(np.float16))
            file.create_dataset("spikes/units", data=units, dtype=h5py.vlen_dtype(np.uint16))
            file["labels"] = labels.astype("uint16")
    zoo = zoo_with({"config/experiments/words.yaml": WORDS})
    experiment = zoo.experiment("words")
    encoders = [*experiment.encoders.values()]
    splits = load(DatasetSettings(source="shd", folder=str(tmp_path)), tmp_path)
    splits = {name: encode_dataset(split, *encoders) for name, split in splits.items()}
    runners = [interpreted(circuits.build(experiment, (70, 10, 20), mode), 8) for mode in ("train", "test")]
    (trained,) = train(*runners, splits["train"], splits["test"], Schedule(3, 8, (0,)), tmp_path / "checkpoint.npz")
    assert trained.test_error.values[0] > 0.5
    assert trained.test_error.values[-1] <= 0.25
    assert float(trained.spikes.sel(population="input").isel(epoch=-1)) == pytest.approx(300, rel=0.2)


# --- When the answer counts -----------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered in divide")
def test_only_what_is_answered_when_asked_is_learned_from_and_scored(zoo, interpreted) -> None:
    """T_answer at the end of the sample leaves one step; a network told so has that step's gradient and score."""
    experiment = zoo.experiment("cue_eprop_alif")

    def run(t_answer: str) -> dict:
        protocol = experiment.protocol.model_copy(update={"dt": "1*ms", "T_train": "100*ms", "T_answer": t_answer})
        update = {"protocol": protocol, "precision": "double"}
        circuit = circuits.build(experiment.replaced(**update), (3, 8, 2), "train")
        runner = interpreted(circuit, 1)
        given = events([[(t, t % 3) for t in range(1, 100, 2)]], 3)
        weights = initial_weights(circuit, seed=1)
        keep = ("output_membrane.y", "hidden1_output.grad")
        return runner.run({"input": given, "label": np.array([[1.0, 0.0]])}, weights, 0, keep)

    late, latest, never = run("50*ms"), run("99*ms"), run("100*ms")
    shown = late["output_membrane.y"].reshape(100, 2)
    np.testing.assert_allclose(late["answers"][0], shown[50:].mean(axis=0))
    np.testing.assert_allclose(latest["answers"][0], shown[99])
    assert np.abs(shown[99]).max() > 0
    assert np.abs(never["hidden1_output.grad"]).max() == 0
    # error times how the readout filters spikes, in the one step; and less than in fifty
    assert 0 < np.abs(latest["hidden1_output.grad"]).max() < np.abs(late["hidden1_output.grad"]).max()


# --- Mistakes in the files ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            "encoders: {input: spike_time}",
            "encoder 'spike_time' gives one value a unit, neuron 'event_input' takes events",
        ),
        (
            "neurons: {input: latency_input}",
            "encoder 'events' gives events, neuron 'latency_input' takes one value a unit",
        ),
        ("neurons: {label: event_input}", "of which only the input has any"),
    ],
)
def test_mistake_in_an_experiment_is_one_line(zoo_with, changes, message) -> None:
    text = f"title: wrong\nextends: cue_eprop_alif\n{changes}\n"
    zoo = zoo_with({"config/experiments/wrong.yaml": text})
    found = check_experiment(zoo.experiment("wrong"))
    assert len(found) == 1
    with pytest.raises(ZooError, match=message):
        raise found[0]


def test_time_of_the_answer_is_a_time(zoo_with) -> None:
    text = "title: wrong\nextends: cue_eprop_alif\nprotocol: {T_answer: 1*mV}\n"
    (found,) = check_file(zoo_with({"config/experiments/wrong.yaml": text}), "experiment", "wrong")
    assert str(found).startswith("config/experiments/wrong.yaml: protocol.T_answer: wrong unit: the time '1*mV'")


def test_only_neurons_of_events_may_ask_for_their_time(zoo_with) -> None:
    neuron = (
        (Path(zoo_with({}).root) / "models/neurons/event_input.yaml").read_text().replace("data: events", 'data: "1"')
    )
    zoo = zoo_with({"models/neurons/event_input.yaml": neuron})
    found = check_experiment(zoo.experiment("cue_eprop_alif"))
    assert any("event_time" in str(finding) for finding in found)
