"""Recordings of event cameras: with a stand-in for tonic, and with tonic itself where it is installed."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.errors import ZooError

EVENT = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


class Camera:
    """Three samples of a sensor of 4 x 3 pixels, as a class of tonic.datasets gives them."""

    sensor_size = (4, 3, 2)
    classes = ("zero", "one")

    def __init__(self, save_to: str, train: bool = True) -> None:
        self.save_to, self.train = save_to, train

    def __len__(self) -> int:
        return 3

    def __getitem__(self, k: int) -> tuple[np.ndarray, int]:
        return np.array([(3, 2, 1000 * k, 1), (1, 0, 250_000, 0)], EVENT), k % 2


class Cochlea(Camera):
    """The same without y and polarity."""

    sensor_size = (4, 1, 1)

    def __getitem__(self, k: int) -> tuple[np.ndarray, int]:
        return np.array([(3, 5)], [("x", int), ("t", int)]), 0


class Undivided:
    """A data set without a test set."""

    def __init__(self, save_to: str) -> None:
        pass


@pytest.fixture
def stand_in(monkeypatch) -> None:
    datasets = SimpleNamespace(Camera=Camera, Cochlea=Cochlea, Undivided=Undivided, camera=None)
    monkeypatch.setitem(sys.modules, "tonic", SimpleNamespace(datasets=datasets))


def read(recording: str, **settings) -> dict:
    return load(DatasetSettings(source="tonic", recording=recording, **settings), Path("unused"))


@pytest.mark.usefixtures("stand_in")
def test_a_unit_for_each_pixel_and_polarity() -> None:
    train = read("Camera")["train"]
    assert train.attrs["units"] == 24
    first = {train.time.values[2 * k]: k for k in range(3)}
    assert sorted(first) == pytest.approx([0, 0.001, 0.002])
    for time, k in first.items():
        assert train.unit.values[2 * k : 2 * k + 2].tolist() == [3 + 4 * (2 + 3), 1]
        assert train.time.values[2 * k + 1] == pytest.approx(0.25)
        assert train.label.values[k] == round(1000 * time) % 2


@pytest.mark.usefixtures("stand_in")
def test_limited_samples_are_not_those_of_the_first_class() -> None:
    whole, some = (read("Camera", **limit)["train"] for limit in ({}, {"limit_train": 2}))
    assert some.label.values.tolist() == whole.label.values[:2].tolist()
    assert whole.time.values[::2].tolist() != sorted(whole.time.values[::2])


@pytest.mark.usefixtures("stand_in")
def test_sensor_of_one_row_and_no_polarity() -> None:
    test = read("Cochlea")["test"]
    assert test.attrs["units"] == 4
    assert test.unit.values.tolist() == [3, 3, 3]


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("recording", "message"),
    [
        ("Camerra", "no data set 'Camerra' — did you mean 'Camera'"),
        ("Undivided", "'Undivided' has no training and test"),
    ],
)
def test_recording_that_is_not_there(recording, message) -> None:
    with pytest.raises(ZooError, match=message):
        read(recording)


def test_tonic_not_installed(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tonic", None)
    with pytest.raises(ZooError, match=r"needs the library tonic — pip install 'brian2zoo\[events\]'"):
        read("NMNIST")


def test_nmnist_by_tonic_itself(tmp_path, monkeypatch) -> None:
    """One file a split, five bytes an event, in the folders tonic looks in."""
    tonic = pytest.importorskip("tonic")
    monkeypatch.setattr(tonic.datasets.NMNIST, "_check_exists", lambda self: True)
    for split in ("Train", "Test"):
        folder = tmp_path / "NMNIST" / split / "7"
        folder.mkdir(parents=True)
        # x, y, then polarity in the highest bit above 23 bits of microseconds
        (folder / "00001.bin").write_bytes(bytes([33, 2, 128, 3, 232, 0, 1, 0, 7, 208]))
    train = read("NMNIST", folder=str(tmp_path))["train"]
    assert train.unit.values.tolist() == [33 + 34 * (2 + 34), 34]
    assert train.time.values == pytest.approx([0.001, 0.002])
    assert train.label.values.tolist() == [7]
    assert (train.attrs["units"], train.attrs["classes"]) == (2312, 10)
