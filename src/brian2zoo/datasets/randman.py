"""Random smooth manifolds as spike times: a class is a manifold, a sample a point on it, a unit spikes once.

Zenke & Vogels 2021, doi:10.1162/neco_a_01367; the formula is that of github.com/fzenke/randman:

    f(x) = prod_d sum_k a_dk (k + 1)^-alpha sin(2 pi (k x_d b_dk + c_dk)),   a, b, c uniform in [0, 1), a_d0 = 0

for each class and unit, then scaled to [0, 1] over all samples of the class. The larger alpha, the smoother.
"""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr

PRECISION = 1e-3  # terms of the series below this are left out
MOST_TERMS = 1000


class Manifolds(BaseModel):
    """Which manifolds, and how many points on each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: PositiveInt = Field(20, description="input units")
    classes: PositiveInt = Field(10, description="manifolds")
    dimensions: PositiveInt = Field(1, description="of a manifold")
    alpha: PositiveFloat = Field(1.0, description="smoothness")
    samples: PositiveInt = Field(1000, description="points a class, training and test together")
    test_share: float = Field(0.2, gt=0, lt=1, description="part of them that is the test set")
    seed: NonNegativeInt = Field(0, description="of manifolds and points")


def read(settings: Manifolds) -> "dict[str, xr.Dataset]":
    """Splits `train` and `test` with `x` (sample, pixel), a spike time in [0, 1), and `label` (sample)."""
    rng = np.random.default_rng(settings.seed)
    times = np.concatenate([_manifold(settings, rng) for _ in range(settings.classes)])
    labels = np.repeat(np.arange(settings.classes), settings.samples)
    order = rng.permutation(len(labels))
    times, labels = times[order], labels[order]
    n_test = round(settings.test_share * len(labels))
    return {
        "train": _dataset(settings, "training set", times[n_test:], labels[n_test:]),
        "test": _dataset(settings, "test set", times[:n_test], labels[:n_test]),
    }


def _manifold(settings: Manifolds, rng: np.random.Generator) -> np.ndarray:
    """Spike times (sample, unit) in [0, 1) of points on one manifold."""
    terms = min(int(np.ceil(PRECISION ** (-1 / settings.alpha))), MOST_TERMS)
    k = np.arange(terms)
    shape = (settings.units, settings.dimensions, terms)
    amplitude, frequency, phase = rng.random((3, *shape))
    amplitude[:, :, 0] = 0
    points = rng.random((settings.samples, 1, settings.dimensions, 1))
    # a unit at a time: all of them would take units * samples * terms numbers
    values = np.stack(
        [
            np.prod(
                np.sum(
                    amplitude[u] * (k + 1.0) ** -settings.alpha
                    * np.sin(2 * np.pi * (k * points[:, 0] * frequency[u] + phase[u])),
                    axis=-1,
                ),
                axis=-1,
            )
            for u in range(settings.units)
        ],
        axis=1,
    )  # fmt: skip
    low, high = values.min(axis=0), values.max(axis=0)
    return (values - low) / (high - low) * (1 - 1e-6)


def _dataset(settings: Manifolds, name: str, times: np.ndarray, labels: np.ndarray) -> "xr.Dataset":
    import xarray as xr

    return xr.Dataset(
        {
            "x": (
                ("sample", "pixel"),
                times.astype(np.float32),
                {"units": "1", "long_name": "spike time of a unit, as a part of the time there is"},
            ),
            "label": (("sample",), labels.astype(np.int64), {"units": "1", "long_name": "class, the manifold"}),
        },
        attrs={
            "title": f"Random manifolds, {name}",
            "source": f"generated, seed {settings.seed}; doi:10.1162/neco_a_01367",
            "classes": settings.classes,
            "image_shape": [1, settings.units],
        },
    )
