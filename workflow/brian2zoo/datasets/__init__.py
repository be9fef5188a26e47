"""Labelled images for every experiment: one source a module, one call for all of them.

`load` returns the same kind of dataset whatever the source, so that nothing after it needs to know where the
images come from.
"""

from os.path import expanduser  # unlike Path.expanduser, no error for an unknown user
from pathlib import Path
from typing import Literal, Self

import xarray as xr
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from brian2zoo.datasets import digits, idx, mnist, randman
from brian2zoo.datasets.idx import IdxFiles
from brian2zoo.datasets.randman import Manifolds

__all__ = ["CHECKSUMS", "DatasetSettings", "IdxFiles", "Manifolds", "load"]

CHECKSUMS = Path(__file__).resolve().parents[3] / "data" / "checksums.yaml"

# which settings each source reads, besides source and the limits
_READS = {
    "digits": set(),
    "randman": {"manifolds"},
    "mnist": {"folder"},
    "idx": {"folder", "files", "transpose", "first_label"},
}


class DatasetSettings(BaseModel):
    """Which images to load: the `dataset` section of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["digits", "idx", "mnist", "randman"] = Field(
        description="digits: 8 x 8, with scikit-learn; mnist: 28 x 28; idx: any other set of four IDX files;"
        " randman: spike times on random manifolds, generated"
    )
    folder: str | None = Field(
        None,
        description="idx, mnist: folder of the IDX files; mnist without one is downloaded into data/mnist",
    )
    files: IdxFiles = Field(IdxFiles(), description="idx: names of the four files, without .gz; MNIST's by default")
    transpose: bool = Field(False, description="idx: swap rows and columns of every image, as EMNIST needs")
    first_label: int = Field(0, ge=0, le=255, description="idx: label of the first class; 1 for EMNIST's letters")
    manifolds: Manifolds = Field(Manifolds(), description="randman: sizes, smoothness and seed")
    crop: NonNegativeInt = Field(0, description="take away so many rows and columns on each side of every image")
    limit_train: PositiveInt | None = Field(None, description="use only the first so many training samples")
    limit_test: PositiveInt | None = Field(None, description="use only the first so many test samples")

    @model_validator(mode="after")
    def _fits_the_source(self) -> Self:
        if self.source == "idx" and self.folder is None:
            raise ValueError("source idx needs folder, where the four IDX files lie")
        for key in sorted(_READS["idx"].union({"manifolds"}) - _READS[self.source]):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"source {self.source} does not read {key}: remove it")
        return self


def load(settings: DatasetSettings, data_dir: Path, checksums: Path = CHECKSUMS) -> dict[str, xr.Dataset]:
    """Load the images and labels that `settings` asks for.

    Parameters
    ----------
    settings : see `DatasetSettings`; a relative folder counts from the working directory, and ~ is the home.
    data_dir : where a download is kept, in a folder named after the source.
    checksums : YAML file with the mirrors and checksums of downloads.

    Returns
    -------
    datasets under the keys `train` and `test`, each with

    - `x` (sample, pixel), float32 in [0, 1), units 1: grey level, 0 black, 255/256 white, row after row
    - `label` (sample), int64, units 1: class, counted from 0
    - attrs `title`, `source`, `classes` (their number), `image_shape` (rows, columns) and, for files,
      `sha256` (JSON: file name to SHA-256 of its decompressed content)

    Raises
    ------
    ZooError : a file is missing, truncated, altered or of another kind, or a download failed.
    """
    folder = None if settings.folder is None else Path(expanduser(settings.folder))
    if settings.source == "randman":
        limits = {"train": settings.limit_train, "test": settings.limit_test}
        return {
            name: split.isel(sample=slice(limits[name])) for name, split in randman.read(settings.manifolds).items()
        }
    match settings.source:
        case "digits":
            images = digits.read()
        case "mnist":
            images = mnist.read(folder, data_dir, checksums)
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
