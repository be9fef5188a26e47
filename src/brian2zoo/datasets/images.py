"""What every source hands over: labelled images on one grey scale, and how they become xarray."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from brian2zoo.errors import ZooError

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr

GREY_LEVELS = 256
"""Takes a byte into [0, 1), as in the eRBP paper: white is 255/256."""


class Split(NamedTuple):
    """One half of a data set."""

    levels: np.ndarray  # (sample, row, column): grey level from 0, black, to 255, white
    labels: np.ndarray  # (sample,): class, counted from 0


def cropped(shape: tuple[int, int], margin: int) -> tuple[int, int]:
    """Rows and columns that are left without so many on each side; `ZooError` if none were."""
    if 2 * margin >= min(shape):
        problem = f"nothing is left of {shape[0]} x {shape[1]} pixels"
        raise ZooError("config", f"crop: {margin}", problem, f"take less than {(min(shape) + 1) // 2}")
    return shape[0] - 2 * margin, shape[1] - 2 * margin


@dataclass(frozen=True)
class ImageSet:
    """Training and test images of one source, with their provenance."""

    title: str
    source: str
    train: Split
    test: Split
    sha256: Mapping[str, str]  # of each file read, decompressed; empty where there is no file

    @property
    def classes(self) -> int:
        """Number of classes, counted in the whole training set."""
        return int(self.train.labels.max()) + 1

    def cropped(self, margin: int) -> "ImageSet":
        """The images without so many rows and columns on each side; `ZooError` if nothing were left."""
        shape = self.train.levels.shape[1:]
        rows, columns = (slice(margin, margin + left) for left in cropped(shape, margin))
        train, test = (split._replace(levels=split.levels[:, rows, columns]) for split in (self.train, self.test))
        return replace(self, train=train, test=test)

    def to_xarray(self, limit_train: int | None = None, limit_test: int | None = None) -> "dict[str, xr.Dataset]":
        """Both splits as datasets, each cut to its first `limit` samples; see `brian2zoo.datasets.load`."""
        return {
            "train": self._dataset("training set", self.train, limit_train),
            "test": self._dataset("test set", self.test, limit_test),
        }

    def _dataset(self, name: str, split: Split, limit: int | None) -> "xr.Dataset":
        import xarray as xr

        # cut before anything is converted: floats take four times the bytes
        levels, labels = split.levels[:limit], split.labels[:limit]
        x = levels.reshape(len(levels), -1).astype(np.float32) / GREY_LEVELS
        x_attrs = {"units": "1", "long_name": "grey level of a pixel, 0 is black"}
        label_attrs = {"units": "1", "long_name": "class of the image"}
        attrs = {
            "title": f"{self.title}, {name}",
            "source": self.source,
            "classes": self.classes,
            "image_shape": list(levels.shape[1:]),
        }
        if self.sha256:
            attrs["sha256"] = json.dumps(dict(self.sha256))  # netCDF has no mappings
        return xr.Dataset(
            {
                "x": (("sample", "pixel"), x, x_attrs),
                "label": (("sample",), labels.astype(np.int64), label_attrs),
            },
            attrs=attrs,
        )
