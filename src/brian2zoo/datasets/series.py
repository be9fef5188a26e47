"""Multivariate time series, and Japanese vowels, a set of them that comes with the package aeon."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from brian2zoo.errors import ZooError

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr

CHANNELS, CLASSES = 12, 9
INTERVAL = 6.4e-3
"""Of the vowels: s from one value to the next."""
LONGEST = 29
SHA256 = {
    "train": "6acba2c5a56d88e33703b8a7b940d82d9ab9cfbbdfadf9b5e1d61aabe1f08c3c",
    "test": "6cb459a36523e60a824d665e51de573d3980ab524c1248b1159457a8151500d1",
}
"""Of each split: lengths and values, float64, and labels, int64, sample after sample."""


def read(limits: Mapping[str, int | None]) -> "dict[str, xr.Dataset]":
    """Two vowels spoken by nine men: 270 training and 370 test series of 12 LPC cepstrum coefficients, 7 to 29 frames.

    The class is the speaker. Source: M. Kudo, J. Toyama and M. Shimbo, doi:10.1016/S0167-8655(99)00077-X.

    Parameters
    ----------
    limits : by split, how many samples are taken; None for all.

    Returns
    -------
    For each split `value` (sample, channel, step), float64, NaN after the end of a series; `label` (sample); attributes
    `units`, the number of channels, `classes`, and `interval`, s between values.

    Raises
    ------
    ZooError : aeon is not installed, or has other series.
    """
    try:
        from aeon.datasets import load_japanese_vowels  # an optional extra
    except ImportError:
        remedy = "pip install 'brian2zoo[data]'"
        problem = "source japanese_vowels needs the library aeon"
        raise ZooError("config", "datasets.source", problem, remedy) from None
    return {split: _dataset(split, *load_japanese_vowels(split=split), limit) for split, limit in limits.items()}


def _dataset(split: str, series: list[np.ndarray], speakers: np.ndarray, limit: int | None) -> "xr.Dataset":
    import xarray as xr

    labels = np.asarray(speakers).astype(np.int64) - 1
    hashed = hashlib.sha256()
    for one, label in zip(series, labels, strict=True):
        hashed.update(np.int64(one.shape[1]).tobytes() + np.ascontiguousarray(one, float).tobytes() + label.tobytes())
    if hashed.hexdigest() != SHA256[split]:
        raise ZooError("aeon", "", "its Japanese vowels are not those of version 1.6", "pip install 'aeon==1.6'")
    order = np.random.default_rng(0).permutation(len(series))[:limit]  # in the file they are sorted by speaker
    values = np.full((len(order), CHANNELS, LONGEST), np.nan)
    for k, place in enumerate(order):
        values[k, :, : series[place].shape[1]] = series[place]
    return xr.Dataset(
        {
            "value": (("sample", "channel", "step"), values, {"units": "1", "long_name": "LPC cepstrum coefficient"}),
            "label": ("sample", labels[order], {"units": "1", "long_name": "speaker"}),
        },
        attrs={
            "title": f"Japanese vowels, {'training' if split == 'train' else split} set",
            "source": "aeon, load_japanese_vowels; doi:10.1016/S0167-8655(99)00077-X",
            "classes": CLASSES,
            "units": CHANNELS,
            "interval": INTERVAL,
            "sha256": hashed.hexdigest(),
        },
    )
