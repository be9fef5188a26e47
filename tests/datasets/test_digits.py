"""The digits that come with scikit-learn: fixed split, scale of the other sources."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sklearn.datasets import load_digits

from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.errors import ZooError


@pytest.fixture(scope="module")
def splits() -> dict[str, xr.Dataset]:
    return load(DatasetSettings(source="digits"), Path("unused"))


def test_sizes_scale_and_metadata(splits) -> None:
    assert {name: data.sizes["sample"] for name, data in splits.items()} == {"train": 1437, "test": 360}
    for data in splits.values():
        assert (data.x.dtype, data.label.dtype) == (np.float32, np.int64)
        assert (float(data.x.min()), float(data.x.max())) == (0, 255 / 256)
        assert data.attrs["image_shape"] == [8, 8]
        assert data.attrs["classes"] == 10
        assert "sha256" not in data.attrs


def test_every_sample_is_in_one_split_with_its_label(splits) -> None:
    source = load_digits()
    expected = np.column_stack([source.data / 16 * 255 / 256, source.target])
    found = np.vstack([np.column_stack([data.x, data.label]) for data in splits.values()])
    in_order = [rows[np.lexsort(rows.T)] for rows in (expected, found)]
    np.testing.assert_array_equal(*in_order)


def test_split_is_stratified_and_the_same_every_time(splits) -> None:
    shares = [np.bincount(data.label) / data.sizes["sample"] for data in splits.values()]
    np.testing.assert_allclose(*shares, atol=0.002)
    again = load(DatasetSettings(source="digits", limit_train=5, limit_test=5), Path("unused"))
    for name, data in again.items():
        assert data.equals(splits[name].isel(sample=slice(5)))


def test_split_is_the_recorded_one(splits) -> None:
    """Numbers refer to these test samples: a change of scikit-learn's shuffle must not pass unseen."""
    assert splits["test"].label.values[:10].tolist() == [7, 6, 3, 7, 7, 3, 2, 8, 9, 3]


def test_cropped_images_are_the_middle() -> None:
    settings = DatasetSettings(source="digits", limit_train=5, limit_test=5)
    whole, cropped = (load(s, Path())["train"] for s in (settings, settings.model_copy(update={"crop": 2})))
    middle = whole.x.values.reshape(5, 8, 8)[:, 2:6, 2:6]
    assert (cropped.x.values == middle.reshape(5, 16)).all()
    assert list(cropped.attrs["image_shape"]) == [4, 4]
    with pytest.raises(ZooError, match="nothing is left of 8 x 8"):
        load(settings.model_copy(update={"crop": 4}), Path())
