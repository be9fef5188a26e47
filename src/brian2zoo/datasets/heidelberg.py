"""Spiking Heidelberg Digits and Spiking Speech Commands: spoken words as spikes of 700 cochlear channels.

A file, HDF5, has `spikes/times` and `spikes/units`, one array a sample (s, and the channel), and `labels`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from brian2zoo.datasets.trains import Trains
from brian2zoo.errors import ZooError

if TYPE_CHECKING:
    import h5py

CHANNELS = 700
TIMES, UNITS, LABELS = "spikes/times", "spikes/units", "labels"


class Collection(NamedTuple):
    """What is known of one of the two."""

    title: str
    classes: int


COLLECTIONS = {
    "shd": Collection("Spiking Heidelberg Digits", 20),
    "ssc": Collection("Spiking Speech Commands", 35),
}


def read(name: Literal["shd", "ssc"], folder: Path, limits: dict[str, int | None]) -> dict[str, Trains]:
    """Splits `train` and `test` from NAME_train.h5 and NAME_test.h5.

    Source: B. Cramer et al., doi:10.1109/TNNLS.2020.3044364.

    Parameters
    ----------
    limits : by split, how many of the first samples are read; None for all.

    Raises
    ------
    ZooError : a file is missing, truncated, or does not hold such a data set.
    """
    return {split: _read(name, split, folder, limit) for split, limit in limits.items()}


def _read(name: str, split: str, folder: Path, limit: int | None) -> Trains:
    path = folder / f"{name}_{split}.h5"
    if not os.path.isfile(path):
        packed = [p.name for p in sorted(folder.glob(f"{path.name}.*"))]
        remedy = f"unpack {packed[0]}" if packed else f"a folder that holds {name}_train.h5 and {name}_test.h5"
        raise ZooError(folder, "", f"no file {path.name}", remedy)
    import h5py

    try:
        with h5py.File(path) as file:
            return _trains(file, path, COLLECTIONS[name], split, limit)
    except OSError as error:
        raise ZooError(path, "", f"cannot be read ({error})", "a complete copy of the HDF5 file") from None


def _trains(file: "h5py.File", path: Path, collection: Collection, split: str, limit: int | None) -> Trains:
    all_times, all_units, all_labels = (_dataset(file, path, key) for key in (TIMES, UNITS, LABELS))
    if not len(all_times) == len(all_units) == len(all_labels) > 0:
        problem = f"{len(all_times)} samples in {TIMES}, {len(all_units)} in {UNITS}, {len(all_labels)} in {LABELS}"
        raise ZooError(path, "", problem, "one and the same number, more than none")
    labels = np.asarray(all_labels[:limit])
    _whole_numbers(path, LABELS, labels, collection.classes)
    times, units = [], []
    for k in range(len(labels)):
        time, unit = all_times[k], all_units[k]
        where = f"sample {k}"
        if np.shape(time) != np.shape(unit) or np.ndim(time) != 1:
            problem = f"{where} has {np.size(time)} times and {np.size(unit)} units"
            raise ZooError(path, "spikes", problem, "one unit for every time, an array of each for a sample")
        if not np.all(np.isfinite(time)) or np.any(time < 0):
            problem = f"{where} has a time that is negative or no number"
            raise ZooError(path, TIMES, problem, "times from the onset in s")
        _whole_numbers(path, UNITS, unit, CHANNELS, where)
        times.append(time)
        units.append(unit)
    return Trains(
        title=f"{collection.title}, {'training' if split == 'train' else split} set",
        source=f"{path.name}; doi:10.1109/TNNLS.2020.3044364",
        times=times,
        units=units,
        labels=labels,
        n_units=CHANNELS,
        classes=collection.classes,
    )


def _dataset(file: "h5py.File", path: Path, key: str) -> Any:
    import h5py

    found = file.get(key)
    if not isinstance(found, h5py.Dataset) or found.ndim != 1:
        problem = "is not there" if found is None else "is no list with an entry a sample"
        raise ZooError(path, key, problem, f"a file with {TIMES}, {UNITS} and {LABELS}, as published")
    return found


def _whole_numbers(path: Path, key: str, values: np.ndarray, below: int, where: str = "the file") -> None:
    """That values are whole numbers from 0 up to, but not, `below`."""
    if values.dtype.kind not in "iu" or np.any((values < 0) | (values >= below)):
        raise ZooError(path, key, f"{where} has a value that is none of 0 to {below - 1}", "a file as published")
