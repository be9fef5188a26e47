"""Training: the draw of samples, the learning curve, and that a killed training ends as if it were not."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.encode import encode_dataset
from brian2zoo.errors import ZooError
from brian2zoo.progress import Progress
from brian2zoo.train import Schedule, alignment, draw_samples, operations, shuffled_samples, train

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
def train_bp(zoo, digits, interpreted) -> Callable[..., xr.Dataset]:
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
        runners = [interpreted(circuits.build(zoo, experiment, LAYERS, mode), CAPACITY) for mode in ("train", "test")]
        for runner in runners:
            runner.binary.key += program
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
    (record,) = (record for record in caplog.records if record.name == "brian2zoo.train")
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
    circuit = circuits.build(zoo, zoo.experiment("bp"), LAYERS, "train")
    start = initial_weights(circuit, seed=0)["input_hidden1"].reshape(64, 20)
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
    assert "it is further than 1 epochs" in told(caplog)
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


# --- Measures of a training -----------------------------------------------------------------------


def test_operations_are_counted_the_papers_way_and_by_fan_out(zoo) -> None:
    circuit = circuits.build(zoo, zoo.experiment("erbp_plus"), (8, 5, 4, 3), "train")
    spikes = {"input": 100, "hidden1": 10, "hidden2": 20, "output": 4, "label": 6, "error": 2}
    paper, true = operations(circuit, spikes)
    assert paper == 100 * 9 + (10 + 20) * 3 + 2 * 4 * 3 + 2 * (3 + 9)
    assert true == 100 * 5 + 10 * 4 + 20 * 3 + 4 * 2 + 6 * 2 + 2 * (1 + 5 + 4)


def test_operations_in_the_test_have_no_error_neurons(zoo) -> None:
    circuit = circuits.build(zoo, zoo.experiment("erbp_plus"), (8, 5, 3), "test")
    assert operations(circuit, {"input": 100, "hidden1": 10, "output": 4}) == (100 * 5 + 10 * 3 + 2 * 4 * 3, 530)


@pytest.mark.parametrize("experiment", ["erbp_plus", "dfa", "rbp"])
def test_feedback_that_is_the_transposed_forward_path_is_aligned(zoo, experiment) -> None:
    """Angles per hidden layer: zero for the transposed product of the weights above, 180 degrees for its negative."""
    circuit = circuits.build(zoo, zoo.experiment(experiment), (8, 5, 4, 3), "train")
    weights = initial_weights(circuit, seed=0)
    to_second = weights["hidden1_hidden2"].reshape(5, 4)
    to_output = weights["hidden2_output"].reshape(4, 3)
    path = to_second if experiment == "rbp" else to_second @ to_output
    source = {"erbp_plus": "error", "dfa": "output", "rbp": "hidden2"}[experiment]
    mirrored = [-path.T] if experiment == "erbp_plus" else []
    weights[f"{source}_hidden1"] = np.concatenate([path.T, *mirrored]).ravel()
    name = f"{'output' if experiment == 'rbp' else source}_hidden2"
    weights[name] = np.concatenate([-to_output.T, *([to_output.T] if mirrored else [])]).ravel()
    np.testing.assert_allclose(alignment(circuit, weights), [0, 180], atol=1e-5)


def test_alignment_is_undefined_without_feedback_weights(zoo) -> None:
    circuit = circuits.build(zoo, zoo.experiment("bp"), (8, 5, 3), "train")
    assert np.isnan(alignment(circuit, initial_weights(circuit, seed=0))).all()


def test_shuffled_samples_come_once_each_before_any_comes_again() -> None:
    halves = [shuffled_samples(30, 15, seed=1, epoch=epoch) for epoch in range(4)]
    assert sorted([*halves[0], *halves[1]]) == sorted([*halves[2], *halves[3]]) == list(range(30))
    assert halves[0].tolist() != halves[2].tolist()


def test_a_circuit_with_membranes_is_scored_three_ways(zoo, interpreted, tmp_path) -> None:
    layers = (64, 12, 10)
    experiment = zoo.experiment("nbp")
    splits = load(DatasetSettings(source="digits", limit_train=20, limit_test=20), Path())
    encoders = (zoo.encoder(experiment.encoders.input), zoo.encoder(experiment.encoders.label))
    encoded = {name: encode_dataset(images, *encoders) for name, images in splits.items()}
    learning, testing = (interpreted(circuits.build(zoo, experiment, layers, mode), 20) for mode in ("train", "test"))
    (trained,) = train(learning, testing, encoded["train"], encoded["test"], Schedule(1, 20, (0,)), tmp_path / "state")

    x, labels = encoded["test"].input.values > 0, encoded["test"].label.values
    w1, w2 = (trained[f"w_{name}"].values for name in ("input_hidden1", "hidden1_output"))
    z = (x @ w1 > 512) @ w2
    o, target = z > 512, np.eye(10)[labels]
    assert float(trained.exact_error[-1]) == np.mean(np.any(o != target, axis=1))
    assert float(trained.test_error[-1]) == np.mean(o.argmax(axis=1) != labels)
    assert float(trained.membrane_error[-1]) == np.mean(z.argmax(axis=1) != labels)
    assert float(trained.mse[-1]) == pytest.approx(np.mean((o - target) ** 2))
