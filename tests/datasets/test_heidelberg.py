"""Spoken words as spikes, from small HDF5 files of the published layout."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.errors import ZooError

TIMES = [[0.0, 0.25, 1.5], [], [0.5]]
UNITS = [[699, 0, 3], [], [7]]
LABELS = [19, 0, 4]


def ragged(rows: list, kind: str) -> tuple[np.ndarray, np.dtype]:
    """Arrays of different lengths, as HDF5 stores them."""
    values = np.empty(len(rows), object)
    values[:] = [np.array(row, kind) for row in rows]
    return values, h5py.vlen_dtype(np.dtype(kind))


def write(path: Path, times: list = TIMES, units: list = UNITS, labels: list = LABELS) -> None:
    """A file as zenkelab.org serves it."""
    with h5py.File(path, "w") as file:
        for name, rows, kind in (("times", times, "float16"), ("units", units, "uint16")):
            values, dtype = ragged(rows, kind)
            file.create_dataset(f"spikes/{name}", data=values, dtype=dtype)
        file["labels"] = np.array(labels, "uint16")
        file["extra/speaker"] = np.zeros(len(labels), "uint16")


@pytest.fixture
def folder(tmp_path) -> Path:
    for split in ("train", "test"):
        write(tmp_path / f"shd_{split}.h5")
    return tmp_path


@pytest.fixture
def shd(folder) -> Callable[..., dict]:
    def loaded(**limits: int) -> dict:
        return load(DatasetSettings(source="shd", folder=str(folder), **limits), Path("unused"))

    return loaded


def test_events_come_sample_after_sample(shd) -> None:
    train = shd()["train"]
    assert train.time.values.tolist() == [0, 0.25, 1.5, 0.5]
    assert train.unit.values.tolist() == [699, 0, 3, 7]
    assert train.offset.values.tolist() == [0, 3, 3, 4]
    assert train.label.values.tolist() == LABELS
    assert (train.attrs["units"], train.attrs["classes"]) == (700, 20)
    # memory: six bytes an event
    assert (train.time.dtype, train.unit.dtype) == (np.float32, np.uint16)


def test_limit_takes_the_first_samples(shd) -> None:
    splits = shd(limit_train=1, limit_test=2)
    assert splits["train"].offset.values.tolist() == [0, 3]
    assert splits["test"].offset.values.tolist() == [0, 3, 3]


def test_speech_commands_have_35_classes(tmp_path) -> None:
    for split in ("train", "test"):
        write(tmp_path / f"ssc_{split}.h5", labels=[34, 0, 4])
    splits = load(DatasetSettings(source="ssc", folder=str(tmp_path)), Path("unused"))
    assert splits["test"].attrs["classes"] == 35


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        ({"times": TIMES[:2]}, "", "2 samples in spikes/times, 3 in spikes/units, 3 in labels"),
        ({"labels": LABELS[:2]}, "", "3 in spikes/units, 2 in labels"),
        ({"times": [[0.0], [], [0.5]]}, "spikes", "sample 0 has 1 times and 3 units"),
        ({"times": [[0.0, -0.25, 1.5], [], [0.5]]}, "spikes/times", "sample 0 has a time that is negative"),
        (
            {"times": [[0.0, 0.25, 1.5], [], [np.nan]]},
            "spikes/times",
            "sample 2 has a time that is negative or no number",
        ),
        ({"units": [[700, 0, 3], [], [7]]}, "spikes/units", "sample 0 has a value that is none of 0 to 699"),
        ({"labels": [20, 0, 4]}, "labels", "none of 0 to 19"),
        ({"times": [], "units": [], "labels": []}, "", "more than none"),
    ],
)
def test_file_that_does_not_fit_together(folder, shd, changed, field, message) -> None:
    write(folder / "shd_train.h5", **changed)
    with pytest.raises(ZooError, match=message) as caught:
        shd()
    assert caught.value.where == str(folder / "shd_train.h5")
    assert caught.value.field == field


def test_missing_file_names_the_folder(folder, shd) -> None:
    (folder / "shd_test.h5").unlink()
    with pytest.raises(ZooError, match=r"no file shd_test\.h5 — a folder that holds shd_train\.h5 and shd_test\.h5"):
        shd()


def test_packed_file_is_to_be_unpacked(folder, shd) -> None:
    (folder / "shd_test.h5").rename(folder / "shd_test.h5.gz")
    with pytest.raises(ZooError, match=r"no file shd_test\.h5 — unpack shd_test\.h5\.gz"):
        shd()


def test_truncated_file(folder, shd) -> None:
    path = folder / "shd_train.h5"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ZooError, match=r"cannot be read .*complete copy of the HDF5 file"):
        shd()


@pytest.mark.parametrize("key", ["spikes/times", "spikes/units", "labels"])
def test_file_without_one_of_its_parts(folder, shd, key) -> None:
    with h5py.File(folder / "shd_train.h5", "a") as file:
        del file[key]
    with pytest.raises(ZooError, match=f"{key}: is not there"):
        shd()


def test_table_in_place_of_lists(folder, shd) -> None:
    with h5py.File(folder / "shd_train.h5", "a") as file:
        del file["spikes/times"]
        file["spikes/times"] = np.zeros((3, 2))
    with pytest.raises(ZooError, match="spikes/times: is no list with an entry a sample"):
        shd()
