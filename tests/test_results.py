"""Result files appear whole or not at all, and say where their numbers come from."""

import json

import numpy as np
import pytest
import xarray as xr

import brian2zoo
from brian2zoo import results
from brian2zoo.errors import ZooError


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
