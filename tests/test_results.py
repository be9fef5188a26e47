"""Result files appear whole or not at all, and say where their numbers come from."""

import json
import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import brian2zoo
from brian2zoo.errors import ZooError
from brian2zoo.run import results


@pytest.fixture
def dataset() -> xr.Dataset:
    attrs = {"units": "1", "long_name": "fraction wrong"}
    return xr.Dataset({"test_error": ("epoch", [0.9, 0.25], attrs)}, coords={"epoch": [0, 1]})


def test_written_data_and_facts_come_back(dataset, tmp_path) -> None:
    path = tmp_path / "new" / "folder" / "result.nc"
    facts = {"layers": "8-5-3", "seed": 3, "done": True, "nothing": None, "table": {"a": [1, None]}, "sizes": [8, 5]}
    results.write(dataset, path, "A title", **facts)
    read = results.read(path)
    xr.testing.assert_equal(read, dataset)
    assert read.test_error.attrs == {"units": "1", "long_name": "fraction wrong"}
    assert (read.attrs["title"], read.attrs["layers"], read.attrs["seed"]) == ("A title", "8-5-3", 3)
    assert type(read.attrs["seed"]) is int
    for name in ("done", "nothing", "table", "sizes"):
        assert json.loads(read.attrs[name]) == facts[name]


def test_without_git_the_commit_is_unknown(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert results.git_commit() == "unknown"


def test_file_names_conventions_version_and_commit(dataset, tmp_path) -> None:
    results.write(dataset, tmp_path / "result.nc", "A title")
    attrs = results.read(tmp_path / "result.nc").attrs
    assert attrs["Conventions"].startswith("CF-")
    assert attrs["source"] == f"brian2zoo {brian2zoo.__version__}"
    assert attrs["git_commit"] == results.git_commit()


def test_commit_is_unknown_outside_a_checkout(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "zoo_in_use", lambda: tmp_path)
    assert results.git_commit() == "unknown"


@pytest.mark.parametrize(("content", "told"), [(None, "there is no such result"), ("text", "it cannot be read")])
def test_what_is_no_result_is_one_line(tmp_path, content, told) -> None:
    path = tmp_path / "result.nc"
    if content:
        path.write_text(content)
    with pytest.raises(ZooError, match=f"result.nc: {told}"):
        results.read(path)


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> Path:
    """A split such as the pipeline writes, events and all."""
    named = {"units": "1", "long_name": "a number"}
    rng = np.random.default_rng(0)
    split = xr.Dataset(
        {
            "input_time": ("event", rng.random(500), named),
            "input_unit": ("event", rng.integers(0, 8, 500), named),
            "input_offset": ("boundary", np.arange(0, 501, 100), named),
            "target": (("sample", "class"), np.eye(3)[[0, 1, 2, 0, 1]], named),
            "label": ("sample", rng.integers(0, 3, 5), named),
        },
        {"population": ["input", "hidden1", "output"]},
    )
    path = tmp_path_factory.mktemp("encoded") / "split.nc"
    results.write(split, path, "A split", layers="8-5-3")
    return path


@pytest.mark.parametrize("reader", [results.read, results.read_data])
@pytest.mark.parametrize("sealed", [True, False])
def test_a_damaged_file_is_one_line_that_names_it(encoded, tmp_path, reader, sealed) -> None:
    whole, changing = encoded.read_bytes(), random.Random(1)
    whole = whole if sealed else whole[: whole.rindex(results._SEAL)]
    assert reader(encoded).identical(results.read(encoded))
    path, told = tmp_path / "split.nc", []
    for _ in range(30):
        data, place = bytearray(whole), changing.randrange(len(whole))
        if changing.random() < 0.3 or not sealed:  # of other damage the library may make a loop without end
            del data[place:]
        else:
            data[place] ^= 1 << changing.randrange(8)
        path.write_bytes(data)
        try:
            reader(path)
        except ZooError as error:
            told.append(str(error))
    assert len(told) >= 28  # damage to the seal's own first word is not seen
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in told)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (results.TRAINING, "of a training: it has no experiment, dataset, setting, seed, rule, samples, test_error"),
        (results.ROUNDED, "of rounded weights: it has no experiment, dataset, setting, seed, error_after"),
        (results.ACTIVITY, "of counting spikes: it has no experiment, dataset, setting, seed, mode"),
    ],
)
def test_a_result_of_another_kind_is_refused_by_name(encoded, kind, told) -> None:
    with pytest.raises(ZooError) as refusal:
        results.read(encoded, kind)
    assert str(refusal.value) == f"{encoded}: it is no result {told} — give a file of {kind.folder}"


def test_a_training_is_no_encoded_split(dataset, tmp_path) -> None:
    results.write(dataset, path := tmp_path / "result.nc", "A training")
    with pytest.raises(ZooError, match=r"result\.nc: it is no result of encoding: it has no target, label, input —"):
        results.read_data(path)


def test_the_seal_leaves_a_file_netcdf_and_is_looked_for_where_it_is(encoded, tmp_path) -> None:
    with h5py.File(encoded) as file:
        assert set(file) >= {"input_time", "label"}
    earlier = tmp_path / "earlier.nc"
    earlier.write_bytes(encoded.read_bytes()[: -results._SEALED])
    assert results.read(earlier).identical(results.read(encoded))


def test_of_several_writers_at_a_time_one_stays(dataset, tmp_path) -> None:
    """Each starts before any has ended; the file is that of one of them, whole."""
    path, writers = tmp_path / "result.nc", 8

    def write(number: int) -> None:
        with results.replacing(path) as partial:
            for part in range(50):
                with partial.open("a") as file:
                    file.write(f"{number} {part}\n")

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    lines = [line.split() for line in path.read_text().splitlines()]
    assert [int(part) for _, part in lines] == list(range(50))
    assert len({number for number, _ in lines}) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_has_left_goes_when_the_next_one_comes(dataset, tmp_path) -> None:
    """But nothing of one that still writes, here or perhaps on another machine."""
    path = tmp_path / "result.nc"
    killed = "from brian2zoo.run import results; import os, signal, pathlib\n"
    killed += (
        f"with results.replacing(pathlib.Path({str(path)!r})) as partial: partial.touch(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    elsewhere = path.with_name(f"result.nc.elsewhere-{left.name.split('-')[-2]}-01234567.partial")
    elsewhere.touch()
    with results.replacing(path) as writing:
        writing.touch()
        results.write(dataset, path, "A result")
        assert set(tmp_path.iterdir()) == {path, writing, elsewhere}


@pytest.mark.parametrize("missing", ["units", "long_name"])
def test_variable_without_unit_or_name_is_refused_and_nothing_written(dataset, tmp_path, missing) -> None:
    del dataset.test_error.attrs[missing]
    with pytest.raises(ValueError, match=f"'test_error' of result.nc has no {missing}"):
        results.write(dataset, tmp_path / "result.nc", "A title")
    assert list(tmp_path.iterdir()) == []


def test_failure_while_writing_leaves_the_file_that_was_there(dataset, tmp_path, monkeypatch) -> None:
    path = tmp_path / "result.nc"
    results.write(dataset, path, "first")
    write = xr.Dataset.to_netcdf

    def breaks(self, *args, **kwargs) -> None:
        write(self, *args, **kwargs)
        raise OSError("disk full")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", breaks)
    with pytest.raises(OSError, match="disk full"):
        results.write(dataset, path, "second")
    with pytest.raises(OSError, match="disk full"):
        results.write(dataset, tmp_path / "new.nc", "second")
    assert results.read(path).attrs["title"] == "first"
    assert not (tmp_path / "new.nc").exists()


def test_times_stay_numbers(tmp_path) -> None:
    seconds = xr.Dataset({"wall_time": ("run", np.array([1.5, 2.0]), {"units": "s", "long_name": "wall time"})})
    results.write(seconds, tmp_path / "result.nc", "A title")
    assert results.read(tmp_path / "result.nc").wall_time.values.tolist() == [1.5, 2.0]
