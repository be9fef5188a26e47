"""A small IDX data set on disk, so that no test of the formats needs a real one."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brian2zoo.datasets import IdxFiles

NAMES = IdxFiles().model_dump()


def encode(array: np.ndarray) -> bytes:
    """The IDX file that holds `array`, from the format's definition and not by the code under test."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype("u1").tobytes()


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Six training and three test images of 2 x 3 pixels, three classes."""
    rng = np.random.default_rng(0)
    return {
        "train_images": rng.integers(0, 256, (6, 2, 3), "u1"),
        "train_labels": np.array([0, 1, 2, 2, 1, 0], "u1"),
        "test_images": rng.integers(0, 256, (3, 2, 3), "u1"),
        "test_labels": np.array([2, 0, 1], "u1"),
    }


@pytest.fixture
def write(tmp_path: Path, arrays: dict[str, np.ndarray]) -> Callable[..., Path]:
    """Writes the data set, plain or gzip, with the arrays given replaced, and returns its folder."""

    def to_folder(*, compress: bool = False, **replaced: np.ndarray) -> Path:
        folder = tmp_path / "idx"
        folder.mkdir(exist_ok=True)
        for role, array in (arrays | replaced).items():
            content = encode(np.asarray(array))
            name = NAMES[role] + (".gz" if compress else "")
            (folder / name).write_bytes(gzip.compress(content, mtime=0) if compress else content)
        return folder

    return to_folder
