"""Recordings of event cameras, such as N-MNIST, by the library tonic, which downloads what its folder lacks.

A pixel has a unit for each polarity: x + width*(y + height*p).
"""

import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brian2zoo.datasets.trains import Trains
from brian2zoo.errors import ZooError, did_you_mean

SEED = 0  # of the order of samples, which in the files are sorted by class


def read(name: str, folder: Path, limits: Mapping[str, int | None]) -> dict[str, Trains]:
    """Splits `train` and `test` of a data set of tonic.

    Parameters
    ----------
    name : class in tonic.datasets, such as NMNIST.
    folder : where tonic keeps it, or downloads it to.
    limits : by split, how many samples are read; None for all.

    Raises
    ------
    ZooError : tonic is not installed, or has no such data set with a training and a test set.
    """
    try:
        import tonic  # an optional extra
    except ImportError:
        remedy = "pip install 'brian2zoo[events]'"
        raise ZooError("config", "datasets.source", "source tonic needs the library tonic", remedy) from None
    known = [other for other in dir(tonic.datasets) if other[0].isupper()]
    if name not in known:
        remedy = did_you_mean(name, known, f"it has {', '.join(known)}")
        raise ZooError("config", "datasets.recording", f"tonic has no data set '{name}'", remedy)
    kind = getattr(tonic.datasets, name)
    if "train" not in inspect.signature(kind).parameters:
        remedy = "pick one whose class takes 'train', such as NMNIST"
        raise ZooError("config", "datasets.recording", f"'{name}' has no training and test set", remedy)
    return {split: _trains(kind(str(folder), train=split == "train"), split, limit) for split, limit in limits.items()}


def shape(name: str) -> tuple[int, int] | None:
    """Units and classes of a data set of tonic, where its class states them; None if not, or tonic is not installed."""
    try:
        import tonic  # an optional extra
    except ImportError:
        return None
    kind = getattr(tonic.datasets, name, None)
    size, classes = getattr(kind, "sensor_size", None), getattr(kind, "classes", None)
    return (math.prod(size), len(classes)) if size and classes else None


def _trains(recordings: Any, split: str, limit: int | None) -> Trains:
    name = type(recordings).__name__
    order = np.random.default_rng(SEED).permutation(len(recordings))[:limit]
    times, units, labels = [], [], []
    width, height, polarities = recordings.sensor_size
    for k in order:
        events, label = recordings[int(k)]
        unit = events["x"].astype(np.int64)
        if height > 1:
            unit += width * events["y"].astype(np.int64)
        if polarities > 1:
            unit += width * height * events["p"].astype(np.int64)
        times.append(events["t"] * 1e-6)
        units.append(unit)
        labels.append(label)
    return Trains(
        title=f"{name}, {'training' if split == 'train' else split} set",
        source=f"tonic.datasets.{name}",
        times=times,
        units=units,
        labels=np.array(labels),
        n_units=width * height * polarities,
        classes=len(recordings.classes),
    )
