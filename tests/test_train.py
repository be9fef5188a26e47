"""Training: the draw of samples, the learning curve, and that a killed training ends as if it were not."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import carried, network, results
from brian2zoo.run.programs import Program, build
from brian2zoo.run.progress import Progress
from brian2zoo.run.sessions import Session
from brian2zoo.run.sessions import test as runner_test
from brian2zoo.run.train import Schedule, alignment, draw_samples, operations, shuffled_samples, train

# --- Samples of an epoch --------------------------------------------------------------------------

LABELS = np.repeat([0, 1, 2], [50, 20, 5])


@pytest.mark.parametrize(("n", "counts"), [(30, [10, 10, 10]), (31, [11, 10, 10]), (32, [11, 11, 10])])
def test_draw_is_balanced_whatever_the_data(n, counts) -> None:
    assert np.bincount(LABELS[draw_samples(LABELS, n, seed=0, epoch=0)]).tolist() == counts


def test_draw_is_with_replacement_and_shuffled() -> None:
    drawn = draw_samples(LABELS, 30, seed=0, epoch=0)
    assert len(set(drawn[LABELS[drawn] == 2])) < 10  # of five samples
    assert np.any(np.diff(LABELS[drawn]) < 0)


def test_draw_follows_from_seed_and_epoch() -> None:
    draws = [draw_samples(LABELS, 30, seed, epoch).tolist() for seed in range(3) for epoch in range(3)]
    assert draws[0] == draw_samples(LABELS, 30, seed=0, epoch=0).tolist()
    assert len({tuple(d) for d in draws}) == 9


# --- A training -----------------------------------------------------------------------------------

LAYERS, CAPACITY = (64, 20, 10), 200
SCHEDULE = Schedule(epochs=2, samples=300, seeds=(0,))


@pytest.fixture(scope="module")
def digits(zoo) -> dict[str, xr.Dataset]:
    images = load(DatasetSettings(source="digits", limit_test=100), Path("unused"))
    return {name: encode_dataset(split, *[zoo.encoder("identity")] * 2) for name, split in images.items()}


@pytest.fixture(scope="module")
def train_bp(zoo, digits, compiled) -> Callable[..., xr.Dataset]:
    """Trains 64-20-10 by back-propagation, each epoch in two runs."""

    def run(
        checkpoint: Path,
        schedule: Schedule = SCHEDULE,
        setting: str = "rule.eta=0.1",
        given: Sequence[xr.Dataset] = (),
        program: str = "",
        **splits: xr.Dataset,
    ) -> xr.Dataset:
        experiment = zoo.experiment("bp").with_setting(setting)
        runners = [compiled(circuits.build(experiment, LAYERS, mode), CAPACITY) for mode in ("train", "test")]
        for runner in runners:
            runner.program.key += program
        data = digits | splits
        (trained,) = train(*runners, data["train"], data["test"], schedule, checkpoint, given)
        return trained

    return run


@pytest.fixture(scope="module")
def uninterrupted(train_bp, tmp_path_factory) -> xr.Dataset:
    return train_bp(tmp_path_factory.mktemp("uninterrupted") / "state.npz")


def same(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Equal in all but the time it took."""
    return one.drop_vars("wall_time").equals(other.drop_vars("wall_time"))


def told(caplog: pytest.LogCaptureFixture) -> str:
    """The one line that a training has written to the log."""
    (record,) = (record for record in caplog.records if record.name == "brian2zoo.run.train")
    line = record.getMessage()
    assert "\n" not in line
    return line


def test_learning_curve_starts_at_chance_and_falls(uninterrupted) -> None:
    untrained, first, second = uninterrupted.test_error.values
    assert untrained > 0.7
    assert second < first < 0.4
    assert second < 0.25
    assert np.isnan(uninterrupted.train_error[0])
    assert uninterrupted.train_error[2] < uninterrupted.train_error[1]


def test_result_has_operations_weights_and_units(zoo, uninterrupted) -> None:
    assert uninterrupted.epoch.values.tolist() == [0, 1, 2]
    assert uninterrupted.macs.values.tolist() == [0, *[300 * 2 * (74 * 20 + 20 * 10)] * 2]
    assert uninterrupted.macs_true.values.tolist() == [0, *[300 * (2 * 1480 + 200)] * 2]
    circuit = circuits.build(zoo.experiment("bp"), LAYERS, "train")
    start = initial_weights(circuit, seed=0)["input_hidden1.w"].reshape(64, 20)
    np.testing.assert_array_equal(uninterrupted.w0_input_hidden1, start)
    assert np.mean(uninterrupted.w_input_hidden1 != start) > 0.3
    for name, variable in uninterrupted.data_vars.items():
        assert {"units", "long_name"} <= set(variable.attrs), name


class Killed(Exception):
    """In place of the signal."""


class Runs(list):
    """The runs a training made, by their samples; it ends after `kill_after` of them, once."""

    kill_after = 0

    def advance(self, samples: int, note: str = "") -> None:
        self.append(samples)
        if len(self) == self.kill_after:
            raise Killed


@pytest.fixture
def runs(monkeypatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(Progress, "advance", lambda _, *arguments: made.advance(*arguments))
    return made


@pytest.mark.parametrize("kill_after", [1, 2, 3])
def test_killed_training_resumes_to_the_same_end(train_bp, uninterrupted, runs, tmp_path, kill_after) -> None:
    """Killed within the first epoch, at its end before the test, and within the second."""
    runs.kill_after = kill_after
    with pytest.raises(Killed):
        train_bp(tmp_path / "state.npz")
    assert same(train_bp(tmp_path / "state.npz"), uninterrupted)
    assert runs == [200, 100, 200, 100]


def test_finished_training_is_not_repeated_and_more_epochs_continue_it(train_bp, uninterrupted, runs, tmp_path) -> None:
    train_bp(tmp_path / "state.npz", replace(SCHEDULE, epochs=1))
    for _ in range(2):
        assert same(train_bp(tmp_path / "state.npz"), uninterrupted)
    assert runs == [200, 100, 200, 100]


def brighter(split: xr.Dataset) -> xr.Dataset:
    """The same but for one pixel, the last to come."""
    other = split.copy(deep=True)
    other.input[-1, -1] += 1 / 16
    return other


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"schedule": Schedule(1, 300, (1,))}, "another start, another seed"),
        ({"schedule": Schedule(1, 50, (0,))}, "another number of samples an epoch"),
        ({"setting": "rule.eta=0.2"}, "another experiment or setting"),
        ({"program": "another"}, "another program that learns, another program that tests"),
        ({"train": brighter}, "another training data"),
        ({"test": brighter}, "another test data"),
        ({"given": "uninterrupted"}, "another start"),
    ],
)
def test_checkpoint_of_another_training_is_not_resumed(
    train_bp, digits, uninterrupted, runs, caplog, tmp_path, other, what
) -> None:
    """A finished one, which would be given out as the result: it is trained anew, and a line says why."""
    caplog.set_level("INFO")
    one_epoch = replace(SCHEDULE, epochs=1)
    train_bp(tmp_path / "state.npz", one_epoch)
    other = {name: change(digits[name]) if callable(change) else change for name, change in other.items()}
    if "given" in other:
        other["given"] = [uninterrupted]
    found = train_bp(tmp_path / "state.npz", **{"schedule": one_epoch} | other)
    assert f"begins anew: it has {what}" in told(caplog)
    assert runs == [200, 100, *([50] if "50" in str(other.get("schedule")) else [200, 100])]
    assert same(found, train_bp(tmp_path / "fresh.npz", **{"schedule": one_epoch} | other))


def test_fewer_epochs_are_trained_anew(train_bp, runs, caplog, tmp_path) -> None:
    """A checkpoint has the last weights alone."""
    caplog.set_level("INFO")
    one_epoch = replace(SCHEDULE, epochs=1)
    expected = train_bp(tmp_path / "one.npz", one_epoch)
    train_bp(tmp_path / "state.npz")
    found = train_bp(tmp_path / "state.npz", one_epoch)
    assert "it is past epoch 1, whose weights it no longer has" in told(caplog)
    assert same(found, expected)
    assert runs == [200, 100, 200, 100, 200, 100, 200, 100][: len(runs)]
    assert len(runs) == 8


def test_checkpoint_of_the_same_content_under_other_names_is_resumed(
    train_bp, digits, uninterrupted, runs, tmp_path
) -> None:
    runs.kill_after = 1
    with pytest.raises(Killed):
        train_bp(tmp_path / "state.npz")
    renamed = digits["train"].assign_attrs(title="another title")
    assert same(train_bp(tmp_path / "state.npz", train=renamed), uninterrupted)
    assert runs == [200, 100, 200, 100]


def test_checkpoint_of_the_format_before_is_told_and_not_resumed(
    train_bp, uninterrupted, runs, caplog, tmp_path
) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "state.npz"
    identity = {"samples": 300, "seeds": [0], "key": "this training"}
    with path.open("wb") as file:
        np.savez(file, state=np.array(json.dumps({"for": identity, "counts": [{}]})), **{"0:input_hidden1": [0.5]})
    assert same(train_bp(path), uninterrupted)
    assert "an earlier version of brian2zoo wrote it" in told(caplog)
    assert runs == [200, 100, 200, 100]


@pytest.mark.parametrize("seed", range(12))
def test_a_flipped_bit_in_a_checkpoint_is_noticed(train_bp, runs, tmp_path, seed) -> None:
    path = tmp_path / "state.npz"
    runs.kill_after = 1
    with pytest.raises(Killed):
        train_bp(path)
    data = bytearray(path.read_bytes())
    data[[0, 1, 40, 87][seed] if seed < 4 else np.random.default_rng(seed).integers(len(data))] ^= 1 << seed % 8
    path.write_bytes(data)
    with pytest.raises(ZooError, match="damaged — delete it"):
        train_bp(path)
    assert runs == [200]


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"text" * 100])
def test_damaged_checkpoint_is_an_error_that_says_to_delete_it(train_bp, runs, tmp_path, damage) -> None:
    path = tmp_path / "state.npz"
    runs.kill_after = 1
    with pytest.raises(Killed):
        train_bp(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ZooError, match="delete it") as caught:
        train_bp(path)
    assert caught.value.where == str(path)


def test_checkpoint_stays_whole_when_saving_fails(train_bp, uninterrupted, runs, monkeypatch, tmp_path) -> None:
    path, savez = tmp_path / "state.npz", np.savez

    def breaks(file, **arrays) -> None:
        if runs:  # the second time
            file.write(b"half of it")
            raise Killed
        savez(file, **arrays)

    monkeypatch.setattr(np, "savez", breaks)
    with pytest.raises(Killed):
        train_bp(path)
    monkeypatch.setattr(np, "savez", savez)
    assert same(train_bp(path), uninterrupted)
    assert runs == [200, 100, 200, 100]


# --- What goes on from run to run -----------------------------------------------------------------

HOMEOSTATIC = {
    "models/neurons/homeostatic.yaml": """
title: A neuron whose threshold goes up with every spike, for good and for a while
extends: lif_exp
equations: |
  dv/dt = (I - v)/tau_m : 1
  dI/dt = -I/tau_s : 1
  db/dt = -b/tau_b : 1
  theta : 1
threshold: v > v_th + theta + b
reset: |
  v = v - v_th
  theta += 0.02
  b += 0.1
initial: theta = -0.5
keeps: [theta, b]
parameters: |
  tau_b = 500*ms
""",
    "rules/by_hand.yaml": """
title: Block-diagonal RTRL of lif_exp, written by hand, since what a spike changes for good has no derivative
method: exact
variables:
  pre: |
    deps_v/dt = (eps_I - eps_v)/tau_m_post : 1
    deps_I/dt = -eps_I/tau_s_post : 1
at_spike: {pre: eps_I += 1}
eligibility: eps_v_pre*psi_post
""",
    "config/experiments/homeostatic.yaml": """
title: Such neurons in short samples, without chance
extends: rtrl_block_diagonal
learning: {plastic: {rule: by_hand}, hidden_output: {rule: block_diagonal}}
neurons: {hidden: homeostatic}
protocol: {T_train: 40*ms, T_test: 40*ms}
weights: |
  input_hidden = normal(30/sqrt(N_pre))
parameters: |
  optimizer.batch = 8
""",
}


def few_spike_times(n: int, seed: int) -> xr.Dataset:
    """Samples of three classes: one spike of each of six inputs, in the first half of 40 ms, on the grid of 2 ms."""
    rng, labels = np.random.default_rng(seed), np.arange(n) % 3
    return xr.Dataset(
        {
            "input": (("sample", "pixel"), rng.integers(0, 10, (n, 6)) * 2e-3),
            "target": (("sample", "class"), np.eye(3)[labels]),
            "label": ("sample", labels),
        },
        attrs={"classes": 3},
    )


@pytest.fixture(scope="module")
def train_homeostatic(zoo_with, interpreted) -> Callable[..., xr.Dataset]:
    """Trains 6-5-3 on mini-batches of 8 in epochs of 12 samples, in runs of at most `capacity`."""

    def run(checkpoint: Path, capacity: int, keeps: str = "[theta, b]", n_test: int = 6, **more) -> xr.Dataset:
        name = "models/neurons/homeostatic.yaml"
        zoo = zoo_with(HOMEOSTATIC | {name: HOMEOSTATIC[name].replace("[theta, b]", keeps)})
        experiment = zoo.experiment("homeostatic")
        runners = [interpreted(circuits.build(experiment, (6, 5, 3), mode), capacity) for mode in ("train", "test")]
        schedule = Schedule(more.pop("epochs", 2), 12, (0,))
        (trained,) = train(*runners, few_spike_times(12, 0), few_spike_times(n_test, 1), schedule, checkpoint, **more)
        return trained

    return run


@pytest.fixture(scope="module")
def in_single_runs(train_homeostatic, tmp_path_factory) -> xr.Dataset:
    return train_homeostatic(tmp_path_factory.mktemp("whole") / "state", 12)


def test_a_training_in_short_runs_is_the_one_in_a_single_run(train_homeostatic, in_single_runs, tmp_path) -> None:
    """Thresholds, optimizers, gradients and mini-batches go on, over the ends of runs and of epochs."""
    found = train_homeostatic(tmp_path / "state", 5)
    assert same(found, in_single_runs)
    assert np.all(in_single_runs.k_hidden1__theta > -0.5)
    assert in_single_runs.k_hidden1__theta.attrs["units"] == "1"
    assert np.all(in_single_runs.k_hidden1__b > 0)
    assert float(in_single_runs.k_input_hidden1__m_of_1.max()) == pytest.approx(1 - 0.9**3)  # samples 0, 8 and 16
    assert np.any(in_single_runs.k_input_hidden1__grad != 0)  # of the last mini-batch
    assert np.any(found.w_input_hidden1 != found.w0_input_hidden1)


def test_what_is_not_kept_starts_anew_in_every_run(train_homeostatic, in_single_runs, tmp_path) -> None:
    forgetful = train_homeostatic(tmp_path / "state", 5, keeps="[b]")
    assert "k_hidden1__theta" not in forgetful
    assert np.any(forgetful.k_hidden1__b.values != in_single_runs.k_hidden1__b.values)


def test_a_test_leaves_what_is_kept_as_it_was(train_homeostatic, in_single_runs, tmp_path) -> None:
    shorter = train_homeostatic(tmp_path / "state", 12, n_test=1)
    for name in ("k_hidden1__theta", "k_hidden1__b", "w_input_hidden1"):
        np.testing.assert_array_equal(shorter[name], in_single_runs[name])


def test_what_is_kept_goes_on_from_a_checkpoint_and_to_more_epochs(
    train_homeostatic, in_single_runs, runs, tmp_path
) -> None:
    runs.kill_after = 2
    with pytest.raises(Killed):
        train_homeostatic(tmp_path / "state", 5, epochs=1)
    train_homeostatic(tmp_path / "state", 5, epochs=1)
    assert same(train_homeostatic(tmp_path / "state", 5), in_single_runs)
    assert runs == [5, 5, 2, 5, 5, 2]


def test_a_test_of_a_result_begins_with_what_it_keeps(zoo_with, interpreted, in_single_runs) -> None:
    """As the last test of the training did, and whatever the length of runs is."""
    zoo, data = zoo_with(HOMEOSTATIC), few_spike_times(6, 1)
    circuit = circuits.build(zoo.experiment("homeostatic"), (6, 5, 3), "test")
    weights = carried.of_result(circuit, in_single_runs, seed=0)
    np.testing.assert_array_equal(weights["hidden1.theta"], in_single_runs.k_hidden1__theta)
    by_capacity = [runner_test(interpreted(circuit, capacity), data, weights, seed=0) for capacity in (6, 4, 1)]
    for tested in by_capacity:
        np.testing.assert_array_equal(tested["answers"], by_capacity[0]["answers"])
        assert float(tested["spikes"]["hidden1"].sum() / 6) == in_single_runs.test_spikes.sel(
            epoch=2, test_population="hidden1"
        )
    forgetful = runner_test(interpreted(circuit, 6), data, initial_weights(circuit, 0), seed=0)
    assert np.any(forgetful["answers"] != by_capacity[0]["answers"])


def test_a_compiled_training_in_short_runs_is_the_one_in_a_single_run(zoo_with, in_single_runs, tmp_path) -> None:
    zoo, sets = zoo_with(HOMEOSTATIC), (few_spike_times(12, 0), few_spike_times(6, 1))
    runners = []
    for mode in ("train", "test"):
        circuit = circuits.build(zoo.experiment("homeostatic"), (6, 5, 3), mode)
        sample_time = network.duration(circuit, "T_train")
        runners.append(Session(circuit, Program(build(circuit, sample_time, 5, tmp_path / mode)), sample_time))
    (found,) = train(*runners, *sets, Schedule(2, 12, (0,)), tmp_path / "state")
    for name in ("k_hidden1__theta", "k_hidden1__b", "k_input_hidden1__m", "w_input_hidden1", "w_hidden1_output"):
        np.testing.assert_allclose(found[name], in_single_runs[name], rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(found.test_spikes, in_single_runs.test_spikes)


def test_the_number_of_a_sample_counts_on_in_neurons_and_tests(zoo_with, interpreted) -> None:
    neuron = """
title: Shows the number of the sample, and of the step in it
equations: |
  r : 1
  n : 1
data: "1"
on_sample: r = sample_number + 0*data
each_step: n = sample_number
keeps: [n, r]
"""
    experiment = "title: counts\nextends: bp\nneurons: {input: counting}\nprotocol: {T_test: 4*ms, T_train: 4*ms}\n"
    zoo = zoo_with({"models/neurons/counting.yaml": neuron, "config/experiments/counts.yaml": experiment})
    circuit = circuits.build(zoo.experiment("counts"), (6, 5, 3), "test")
    runner = interpreted(circuit, 5)
    data = {"input": np.zeros((5, 6))}
    weights = initial_weights(circuit, 0)
    for before in (0, 5, 1000):
        out = runner.run(data, weights, 0, before=before)["carried"]
        assert out["input.n"].tolist() == out["input.r"].tolist() == [before + 4] * 6


# --- Where a training starts ----------------------------------------------------------------------


def test_a_training_starts_from_the_weights_of_another(train_homeostatic, in_single_runs, zoo_with, tmp_path) -> None:
    """Also by a file, whose name says nothing; a checkpoint is one of its content."""
    zoo = zoo_with(HOMEOSTATIC)
    circuit = circuits.build(zoo.experiment("homeostatic"), (6, 5, 3), "train")
    results.write(in_single_runs, tmp_path / "first.nc", "first")
    start = carried.read_start(tmp_path / "first.nc", circuit)
    second = train_homeostatic(tmp_path / "state", 5, given=[start])
    for name in ("w_input_hidden1", "w_hidden1_output", "k_hidden1__theta", "k_input_hidden1__m"):
        trained, before = in_single_runs[name], second[name.replace("_", "0_", 1)]
        np.testing.assert_array_equal(before, trained)
        assert before.attrs["units"] == trained.attrs["units"]
    assert float(second.test_error[0]) == float(in_single_runs.test_error[-1])
    assert np.all(second.k_hidden1__theta >= in_single_runs.k_hidden1__theta)
    assert float(second.k_input_hidden1__m_of_1.max()) == pytest.approx(1 - 0.9**6)


def test_arrays_give_weights_and_the_rest_is_drawn(zoo, train_bp, tmp_path) -> None:
    circuit = circuits.build(zoo.experiment("bp"), LAYERS, "train")
    w = np.linspace(-1, 1, 64 * 20)
    np.savez(tmp_path / "given.npz", w_input_hidden1=w)
    start = carried.read_start(tmp_path / "given.npz", circuit)
    found = train_bp(tmp_path / "state", replace(SCHEDULE, epochs=1), given=[start])
    np.testing.assert_array_equal(found.w0_input_hidden1, w.reshape(64, 20))
    drawn = initial_weights(circuit, seed=0)["hidden1_output.w"]
    np.testing.assert_array_equal(found.w0_hidden1_output.values.ravel(), drawn)


W = np.zeros((64, 20))


def test_a_damaged_archive_to_start_from_is_told_in_a_line(tmp_path) -> None:
    path, changing = tmp_path / "start.npz", random.Random(3)
    np.savez_compressed(path, w_input_hidden1=np.random.default_rng(0).random((64, 20)))
    whole, told = path.read_bytes(), []
    for _ in range(300):
        data = bytearray(whole)
        data[changing.randrange(len(data))] ^= 1 << changing.randrange(8)
        path.write_bytes(data)
        try:
            carried._arrays(path)
        except ZooError as error:
            told.append(str(error))
    assert len(told) > 250
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in told)


@pytest.mark.parametrize(
    ("arrays", "field", "problem"),
    [
        ({"w_input_hidden1": W[:-1]}, "w_input_hidden1", r"shape is \(63, 20\) — this network's is \(64, 20\)"),
        ({"w_input_hidden1": W.T}, "w_input_hidden1", "its shape"),
        ({"w_input_hidden1": W * np.nan}, "w_input_hidden1", "no numbers"),
        ({"w_inpt_hidden1": W}, "", r"no weights of this network — did you mean 'w_input_hidden1'\?"),
        ({"w_input_hidden1": xr.Variable(("i", "j"), W, {"units": "amp"})}, "w_input_hidden1", "'amp' — this .* '1'"),
        (None, "", "there is no such"),
        ("text", "", "cannot be read"),
    ],
)
@pytest.mark.parametrize("ending", ["nc", "npz"])
def test_a_start_that_does_not_fit_is_told_in_a_line(zoo, tmp_path, arrays, field, problem, ending) -> None:
    path = tmp_path / f"start.{ending}"
    if arrays == "text":
        path.write_text(arrays)
    elif arrays and ending == "nc":
        variables = {k: v if isinstance(v, xr.Variable) else ((f"{k}_0", f"{k}_1"), v) for k, v in arrays.items()}
        xr.Dataset(variables).to_netcdf(path)
    elif arrays:
        np.savez(path, **{name: np.asarray(values) for name, values in arrays.items()})
        problem = problem if "amp" not in problem else ""
    circuit = circuits.build(zoo.experiment("bp"), LAYERS, "train")
    if not problem:  # npz has no units
        assert carried.read_start(path, circuit)
        return
    with pytest.raises(ZooError, match=problem) as caught:
        carried.read_start(path, circuit)
    assert (caught.value.where, caught.value.field) == (str(path), field)
    assert "\n" not in str(caught.value)


# --- Values that are no numbers -------------------------------------------------------------------

BROKEN = "1/int(sample_number < 12)"  # infinite in the sample of number 12, the 13th
NO_NUMBER = "sqrt(0.0 - int(sample_number >= 12))"


def broken_zoo(zoo_with: Callable[..., Zoo], rule: str = "", equations: str = "", each_step: str = "") -> Zoo:
    """A zoo in which `bp` learns by a rule, or has hidden units, with something that is no number after a while."""
    relu = (ROOT / "models/neurons/rate_relu.yaml").read_text().replace("equations: |", f"equations: |\n{equations}")
    files = {
        "rules/broken.yaml": f"title: broken\nextends: bp\n{rule}",
        "models/neurons/broken.yaml": relu + f"each_step: |\n{each_step or '  a = a'}\n",
        "config/experiments/broken.yaml": "title: broken\nextends: bp\nneurons: {hidden: broken}\n"
        "learning: {plastic: {rule: broken}}\n",
    }
    return zoo_with(files)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (
            {"rule": f"on_sample: dw = eta*{BROKEN}\n"},
            r"w of input_hidden1 \(\S*models/synapses/\w+.yaml: state\) is inf",
        ),
        (
            {"rule": f"variables: {{synapse: 'kept : 1'}}\non_sample: |\n  dw = 0\n  kept = {NO_NUMBER}\n"},
            r"kept of input_hidden1 \(\S*/broken.yaml: variables.synapse\) is nan",
        ),
        (
            {"equations": "  state : 1", "each_step": f"  state = {BROKEN}"},
            r"state of hidden1 \(\S*/broken.yaml: equations\) is inf",
        ),
        (
            {"equations": "  when : second", "each_step": f"  when = {NO_NUMBER}*second"},
            r"when of hidden1 \(\S*/broken.yaml: equations\) is nan",
        ),
    ],
)
def test_a_value_that_is_no_number_stops_a_training_with_its_name_and_sample(
    zoo_with, digits, interpreted, runs, tmp_path, broken, what
) -> None:
    zoo = broken_zoo(zoo_with, **broken)
    experiment, path = zoo.experiment("broken"), tmp_path / "state"
    runners = [interpreted(circuits.build(experiment, (64, 5, 10), mode), 8) for mode in ("train", "test")]
    data = digits["train"], digits["test"].isel(sample=slice(8))
    for _ in range(2):  # the checkpoint of the run before stays, and is of use
        with pytest.raises(ZooError, match=f"{what}.* after sample 13 of the training — take a smaller") as caught:
            train(*runners, *data, Schedule(1, 20, (0,)), path)
        assert caught.value.where == str(experiment.path)
    assert runs == [8]


def test_a_value_that_is_no_number_stops_a_test(zoo_with, digits, interpreted) -> None:
    zoo = broken_zoo(zoo_with, equations="  state : 1", each_step=f"  state = {BROKEN}")
    circuit = circuits.build(zoo.experiment("broken"), (64, 5, 10), "test")
    told = r"state of hidden1 \(\S*/broken\.yaml: equations\) is inf after sample 13 of the test — take a smaller"
    with pytest.raises(ZooError, match=told):
        runner_test(interpreted(circuit, 8), digits["test"], initial_weights(circuit, 0), seed=0)


def test_rest_does_not_hide_a_value_that_is_no_number(zoo_with, interpreted) -> None:
    """A membrane is infinite in the third sample; the neuron then says nothing, and every sample begins at rest."""
    name = "models/neurons/homeostatic.yaml"
    text = HOMEOSTATIC[name] + "each_step: v = v + exp(1000.0*int(sample_number == 2)) - 1\n"
    circuit = circuits.build(zoo_with(HOMEOSTATIC | {name: text}).experiment("homeostatic"), (6, 5, 3), "test")
    with pytest.raises(
        ZooError, match=r"v of hidden1 \(\S*/homeostatic.yaml: equations\) is inf after sample 3 of the test"
    ):
        runner_test(interpreted(circuit, 6), few_spike_times(6, 0), initial_weights(circuit, 0), seed=0)


def test_a_time_may_be_infinite(zoo_with, digits, interpreted) -> None:
    """It never comes."""
    zoo = broken_zoo(zoo_with, equations="  when : second", each_step=f"  when = {BROKEN}*second")
    circuit = circuits.build(zoo.experiment("broken"), (64, 5, 10), "test")
    weights = initial_weights(circuit, 0)
    runner = interpreted(circuit, 25)
    out = runner.run({"input": digits["test"].input.values[:5]}, weights, 0, keep=("hidden1.when",), before=200)
    assert np.isinf(out["hidden1.when"]).all()


def test_an_answer_from_after_the_end_of_a_sample_is_told(zoo_with, interpreted) -> None:
    zoo = zoo_with({"config/experiments/late.yaml": "title: late\nextends: homeostatic\n"} | HOMEOSTATIC)
    experiment = zoo.experiment("late")
    experiment = experiment.replaced(**{"protocol": experiment.protocol.model_copy(update={"T_answer": "1*second"})})
    circuit = circuits.build(experiment, (6, 5, 3), "test")
    with pytest.raises(ZooError, match=r"the answer of output is no number after sample 1 of the test"):
        runner_test(interpreted(circuit, 6), few_spike_times(2, 0), initial_weights(circuit, 0), seed=0)


# --- Measures of a training -----------------------------------------------------------------------


def test_operations_are_counted_the_papers_way_and_by_fan_out(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (8, 5, 4, 3), "train")
    spikes = {"input": 100, "hidden1": 10, "hidden2": 20, "output": 4, "label": 6, "error": 2}
    paper, true = operations(circuit, spikes)
    assert paper == 100 * 9 + (10 + 20) * 3 + 2 * 4 * 3 + 2 * (3 + 9)
    assert true == 100 * 5 + 10 * 4 + 20 * 3 + 4 * 2 + 6 * 2 + 2 * (1 + 5 + 4)


def test_operations_in_the_test_have_no_error_neurons(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (8, 5, 3), "test")
    assert operations(circuit, {"input": 100, "hidden1": 10, "output": 4}) == (100 * 5 + 10 * 3 + 2 * 4 * 3, 530)


@pytest.mark.parametrize("experiment", ["erbp_plus", "dfa", "rbp"])
def test_feedback_that_is_the_transposed_forward_path_is_aligned(zoo, experiment) -> None:
    """Angles per hidden layer: zero for the transposed product of the weights above, 180 degrees for its negative."""
    circuit = circuits.build(zoo.experiment(experiment), (8, 5, 4, 3), "train")
    weights = initial_weights(circuit, seed=0)
    to_second = weights["hidden1_hidden2.w"].reshape(5, 4)
    to_output = weights["hidden2_output.w"].reshape(4, 3)
    path = to_second if experiment == "rbp" else to_second @ to_output
    source = {"erbp_plus": "error", "dfa": "output", "rbp": "hidden2"}[experiment]
    mirrored = [-path.T] if experiment == "erbp_plus" else []
    weights[f"{source}_hidden1.w"] = np.concatenate([path.T, *mirrored]).ravel()
    name = f"{'output' if experiment == 'rbp' else source}_hidden2.w"
    weights[name] = np.concatenate([-to_output.T, *([to_output.T] if mirrored else [])]).ravel()
    np.testing.assert_allclose(alignment(circuit, weights), [0, 180], atol=1e-5)


def test_alignment_is_undefined_without_feedback_weights(zoo) -> None:
    circuit = circuits.build(zoo.experiment("bp"), (8, 5, 3), "train")
    assert np.isnan(alignment(circuit, initial_weights(circuit, seed=0))).all()


def test_shuffled_samples_come_once_each_before_any_comes_again() -> None:
    halves = [shuffled_samples(30, 15, seed=1, epoch=epoch) for epoch in range(4)]
    assert sorted([*halves[0], *halves[1]]) == sorted([*halves[2], *halves[3]]) == list(range(30))
    assert halves[0].tolist() != halves[2].tolist()


def test_a_circuit_with_membranes_is_scored_three_ways(zoo, interpreted, tmp_path) -> None:
    layers = (64, 12, 10)
    experiment = zoo.experiment("nbp")
    splits = load(DatasetSettings(source="digits", limit_train=20, limit_test=20), Path())
    encoders = (experiment.encoders["input"], experiment.encoders["label"])
    encoded = {name: encode_dataset(images, *encoders) for name, images in splits.items()}
    learning, testing = (interpreted(circuits.build(experiment, layers, mode), 20) for mode in ("train", "test"))
    (trained,) = train(learning, testing, encoded["train"], encoded["test"], Schedule(1, 20, (0,)), tmp_path / "state")

    x, labels = encoded["test"].input.values > 0, encoded["test"].label.values
    w1, w2 = (trained[f"w_{name}"].values for name in ("input_hidden1", "hidden1_output"))
    z = (x @ w1 > 512) @ w2
    o, target = z > 512, np.eye(10)[labels]
    assert float(trained.exact_error[-1]) == np.mean(np.any(o != target, axis=1))
    assert float(trained.test_error[-1]) == np.mean(o.argmax(axis=1) != labels)
    assert float(trained.membrane_error[-1]) == np.mean(z.argmax(axis=1) != labels)
    assert float(trained.mse[-1]) == pytest.approx(np.mean((o - target) ** 2))
