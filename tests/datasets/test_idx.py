"""The IDX source: reads what is right, and says in one line what is wrong with anything else."""

import gzip
import hashlib
import json
from pathlib import Path
from typing import Never

import numpy as np
import pytest
import xarray as xr

from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.errors import ZooError

TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def load_idx(folder, **settings) -> dict[str, xr.Dataset]:
    return load(DatasetSettings(source="idx", folder=str(folder), **settings), Path("unused"))


def refusal(folder, **settings) -> ZooError:
    with pytest.raises(ZooError) as caught:
        load_idx(folder, **settings)
    return caught.value


@pytest.mark.parametrize("compress", [False, True])
def test_bytes_become_256ths_and_metadata_is_complete(write, arrays, compress) -> None:
    splits = load_idx(write(compress=compress))
    assert list(splits) == ["train", "test"]
    for name, data in splits.items():
        images = arrays[f"{name}_images"]
        np.testing.assert_array_equal(data.x, images.reshape(len(images), 6) / 256)
        np.testing.assert_array_equal(data.label, arrays[f"{name}_labels"])
        assert data.x.dims == ("sample", "pixel")
        assert data.label.dims == ("sample",)
        assert (data.x.dtype, data.label.dtype) == (np.float32, np.int64)
        assert all(variable.attrs["units"] == "1" and variable.attrs["long_name"] for variable in data.values())
        assert data.attrs["classes"] == 3
        assert data.attrs["image_shape"] == [2, 3]
        assert data.attrs["title"].startswith("IDX data set idx, ")
        assert TRAIN_IMAGES in data.attrs["source"]


def test_sha256_is_that_of_the_decompressed_content(write) -> None:
    folder = write()
    expected = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    for path in list(folder.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert json.loads(load_idx(folder)["test"].attrs["sha256"]) == expected


def test_survives_netcdf(write, tmp_path) -> None:
    train = load_idx(write())["train"]
    train.to_netcdf(tmp_path / "train.nc")
    with xr.open_dataset(tmp_path / "train.nc") as stored:
        xr.testing.assert_equal(stored, train)
        assert list(stored.attrs["image_shape"]) == [2, 3]


@pytest.mark.parametrize("spelling", ["train-images.idx3-ubyte", "train-images.idx3-ubyte.gz", TRAIN_IMAGES + ".gz"])
def test_spellings_of_a_name_and_gzip_told_by_content(write, arrays, spelling) -> None:
    folder = write()
    (folder / TRAIN_IMAGES).rename(folder / spelling)  # plain content even where the name says .gz
    np.testing.assert_array_equal(load_idx(folder)["train"].x, arrays["train_images"].reshape(6, 6) / 256)


def test_emnist_names_transposed_images_and_labels_from_one(write, arrays) -> None:
    folder = write(**{role: array + 1 for role, array in arrays.items() if role.endswith("labels")})
    (folder / TRAIN_IMAGES).rename(folder / "emnist-letters-train-images-idx3-ubyte")
    files = {"train_images": "emnist-letters-train-images-idx3-ubyte"}  # the other three keep MNIST's names
    train = load_idx(folder, files=files, transpose=True, first_label=1)["train"]
    upright = arrays["train_images"].transpose(0, 2, 1)
    np.testing.assert_array_equal(train.x.values.reshape(6, *train.attrs["image_shape"]), upright / 256)
    np.testing.assert_array_equal(train.label, arrays["train_labels"])
    assert train.attrs["classes"] == 3


def test_limits_take_the_first_samples_but_count_all_classes(write, arrays) -> None:
    splits = load_idx(write(), limit_train=2, limit_test=1)
    np.testing.assert_array_equal(splits["train"].x, arrays["train_images"][:2].reshape(2, 6) / 256)
    assert {name: data.sizes["sample"] for name, data in splits.items()} == {"train": 2, "test": 1}
    assert splits["train"].attrs["classes"] == 3


def test_missing_files_are_all_named_at_once(write) -> None:
    folder = write()
    (folder / TRAIN_LABELS).unlink()
    (folder / TEST_IMAGES).unlink()
    error = refusal(folder)
    assert error.where == str(folder)
    assert TRAIN_LABELS in error.problem
    assert TEST_IMAGES in error.problem
    assert TRAIN_IMAGES not in error.problem


def test_missing_folder_and_file_in_its_place(tmp_path) -> None:
    assert "No such file" in refusal(tmp_path / "nowhere").problem
    assert "No such file" in refusal("~nobody-of-this-name/idx").problem
    (tmp_path / "file").write_text("")
    assert "Not a directory" in refusal(tmp_path / "file").problem


HEADER = bytes([0, 0, 8, 1])
BROKEN_FILES = {
    "no content": (b"", "begins with the bytes (none)", "00 00 08 01"),
    "web page": (b"<html>", "3c 68 74 6d", "IDX file"),
    "images for labels": (bytes([0, 0, 8, 3]) + bytes(20), "00 00 08 03", "in 1 dimension"),
    "signed bytes": (bytes([0, 0, 9, 1, 0, 0, 0, 0]), "00 00 09 01", "unsigned bytes"),
    "header cut": (HEADER + bytes(2), "ends after 6 of its 8 bytes", "complete copy"),
    "elements cut": (HEADER + bytes([0, 0, 0, 6]) + bytes(5), "13 bytes long, but", "complete copy"),
    "one element too many": (HEADER + bytes([0, 0, 0, 6]) + bytes(7), "15 bytes long", "complete copy"),
    "no sample": (HEADER + bytes(4), "empty", "at least one sample"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "problem", "remedy"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_broken_file_is_named_with_what_would_be_right(write, content, problem, remedy) -> None:
    folder = write()
    (folder / TRAIN_LABELS).write_bytes(content)
    error = refusal(folder)
    assert error.where == str(folder / TRAIN_LABELS)
    assert problem in error.problem
    assert remedy in error.remedy


MISFITS = {
    "a label too few": ({"train_labels": [0, 1, 2, 2, 1]}, TRAIN_LABELS, "5 labels for 6 images"),
    "other shape in test": ({"test_images": np.zeros((3, 3, 2))}, TEST_IMAGES, "images of 3 x 2 pixels"),
    "class only in test": ({"test_labels": [0, 1, 7]}, TEST_LABELS, "label 7 is not in the training set"),
    "label far off": ({"train_labels": [0, 1, 2, 2, 1, 255]}, TRAIN_LABELS, "none is 3, 4, 5, 6, 7, …"),
    "no pixels": ({"test_images": np.zeros((3, 0, 2))}, TEST_IMAGES, "empty, 3 x 0 x 2 elements"),
}  # fmt: skip


@pytest.mark.parametrize(("replaced", "name", "problem"), MISFITS.values(), ids=MISFITS)
def test_files_that_do_not_fit_together(write, replaced, name, problem) -> None:
    folder = write(**replaced)
    error = refusal(folder)
    assert error.where == str(folder / name)
    assert problem in error.problem


def test_wrong_first_label_is_told_the_right_one(write) -> None:
    assert refusal(write(), first_label=1).remedy == "first_label: 0"
    one_based = write(train_labels=[1, 2, 3, 3, 2, 1], test_labels=[3, 1, 2])
    assert "the smallest here is 1" in refusal(one_based).remedy


@pytest.mark.parametrize("compress", [False, True])
def test_no_damage_to_a_file_leaks_another_exception(write, compress) -> None:
    """Every truncation is refused, and every altered byte unless it changes nothing that can be checked."""
    folder = write(compress=compress)
    path = folder / (TRAIN_IMAGES + ".gz" if compress else TRAIN_IMAGES)
    whole, intact = path.read_bytes(), load_idx(folder)["train"]

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert refusal(folder).where == str(path)

    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            altered = load_idx(folder)["train"]
        except ZooError:
            continue
        # a plain file has no checksum of its own: its pixels, after 16 bytes of header, may change unseen
        assert altered.equals(intact) or (not compress and at >= 16)


def test_unreadable_file(write, monkeypatch) -> None:
    folder = write()

    def denied(path) -> Never:  # permissions themselves do not bind root, who may run this
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    assert "Permission denied" in refusal(folder).problem
