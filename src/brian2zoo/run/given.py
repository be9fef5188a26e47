"""Data and weights as a script has them: named, arrays or spike times in, what a network is given out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.datasets import DatasetSettings
from brian2zoo.datasets import load as load_dataset
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.datasets.images import GREY_LEVELS
from brian2zoo.datasets.trains import Trains
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.zoo import validate
from brian2zoo.run import carried, stages

Samples = np.ndarray | Sequence[tuple[np.ndarray, np.ndarray]]
Data = str | Mapping[str, Any] | xr.Dataset | tuple[Samples, np.ndarray] | Samples
Weights = str | Path | xr.Dataset | Mapping[str, np.ndarray]


def is_named(data: Data) -> bool:
    """Whether data are a data set by its name or settings."""
    return isinstance(data, str | Mapping) and not isinstance(data, xr.Dataset)


def name_of(data: Data) -> str:
    """What results call the data set."""
    if not is_named(data):
        return "arrays"
    return data if isinstance(data, str) else str(data.get("source", ""))


def named(experiment: Experiment, layers: Sequence[int], data: str | Mapping[str, Any]) -> dict[str, xr.Dataset]:
    """Both splits of a data set of the zoo, encoded for a network."""
    asked = {"source": data} if isinstance(data, str) else dict(data)
    settings = validate(DatasetSettings, asked, Path("data"))
    found = load_dataset(settings, experiment.zoo.workplace)
    return {name: _encoded(experiment, layers, split) for name, split in found.items()}


def classes_of(experiment: Experiment, layers: Sequence[int], *splits: Data) -> int:
    """Number of classes: that of the output units where these stand for classes, else as many as labels name."""
    if experiment.one_output_a_class:
        return layers[-1]
    labels = (split[1] for split in splits if isinstance(split, tuple) and len(split) == 2)
    return max((int(np.max(each, initial=0)) for each in labels), default=0) + 1


def given(
    experiment: Experiment, layers: Sequence[int], data: Data, what: str, classes: int, labelled: bool = True
) -> xr.Dataset:
    """One split, encoded for a network.

    Parameters
    ----------
    data : samples and their labels, samples alone unless `labelled`, or a split that is encoded already.
    what : argument that it is, for messages.
    """
    if isinstance(data, xr.Dataset):
        if "target" not in data:
            remedy = "give (images, labels), or a split from brian2zoo.datasets.encode"
            raise ZooError(what, "", "this data set is not encoded", remedy)
        stages.check_data(experiment, "-".join(map(str, layers)), data)
        return data
    samples, labels = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if labels is None and labelled:
        raise ZooError(what, "", "there are no labels", f"give {what}=(images, labels), labels counted from 0")
    n = len(samples)
    labels = np.zeros(n, int) if labels is None else np.asarray(labels)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        problem = f"labels are {labels.dtype} of shape {labels.shape}"
        raise ZooError(what, "labels", problem, f"give one whole number for each of the {n} samples")
    if n == 0 or labels.min() < 0 or labels.max() >= classes:
        problem = f"labels go from {labels.min()} to {labels.max()}" if n else "there is no sample"
        raise ZooError(what, "labels", problem, f"give labels from 0 to {classes - 1}, one class an output unit")
    read = _images if isinstance(samples, np.ndarray) else _spikes
    return _encoded(experiment, layers, read(samples, labels, classes, layers[0], what))


def _encoded(experiment: Experiment, layers: Sequence[int], split: xr.Dataset) -> xr.Dataset:
    encoders = experiment.encoders
    encoded = encode_dataset(split, encoders["input"], encoders.get("label"))
    stages.check_data(experiment, "-".join(map(str, layers)), encoded)
    return encoded


def _images(images: np.ndarray, labels: np.ndarray, classes: int, units: int, what: str) -> xr.Dataset:
    if images.ndim not in (2, 3) or images.dtype.kind not in "uif":
        problem = f"images are {images.dtype} of shape {images.shape}"
        raise ZooError(what, "images", problem, "give (sample, pixel) or (sample, row, column)")
    x = images.reshape(len(images), -1).astype(np.float32)
    if images.dtype == np.uint8:
        x = x / GREY_LEVELS
    elif not (x.min() >= 0 and x.max() <= 1):  # of what is no number too
        problem = f"values go from {x.min():g} to {x.max():g}"
        raise ZooError(what, "images", problem, "scale them to 0 to 1, or give bytes (uint8)")
    described = {"units": "1", "long_name": "value of a pixel, from 0 to 1"}
    split = {"x": (("sample", "pixel"), x, described), "label": ("sample", labels.astype(np.int64), _LABEL)}
    return xr.Dataset(split, attrs={"title": "arrays", "classes": classes})


_LABEL = {"units": "1", "long_name": "class of the sample"}


def _spikes(spikes: Any, labels: np.ndarray, classes: int, units: int, what: str) -> xr.Dataset:
    try:
        pairs = [(np.asarray(times, float), np.asarray(of, int)) for times, of in spikes]
    except (TypeError, ValueError):
        pairs = []
    if not pairs or any(times.ndim != 1 or times.shape != of.shape for times, of in pairs):
        remedy = "give for each sample a pair of equally long arrays: times in seconds since its onset, and units"
        raise ZooError(what, "spikes", "these are neither images nor spike times", remedy)
    lowest = min((int(of.min()) for _, of in pairs if of.size), default=0)
    highest = max((int(of.max()) for _, of in pairs if of.size), default=0)
    if lowest < 0:
        raise ZooError(what, "spikes", f"unit {lowest} is no unit", "count units from 0")
    # an encoder of events may take several units together, of which the last ones may be silent
    n_units = max(units, highest + 1)
    times, of = zip(*pairs, strict=True)
    return Trains("spike times", "arrays", times, of, labels, n_units, classes).to_xarray()


def start_of(circuit: Circuit, weights: Weights | None, what: str) -> xr.Dataset:
    """What a circuit starts from: a file, a result, or arrays `w_PROJECTION` in SI units; empty for none.

    Raises as `carried.start_of`.
    """
    if weights is None:
        return xr.Dataset()
    if isinstance(weights, str | Path):
        return carried.read_start(Path(weights), circuit)
    return carried.start_of(weights if isinstance(weights, xr.Dataset) else carried.dataset(weights), what, circuit)
