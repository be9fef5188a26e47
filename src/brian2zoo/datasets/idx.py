"""IDX files, plain or gzip: MNIST, EMNIST, Fashion-MNIST and KMNIST all come as four of them in a folder.

An IDX file is two zero bytes, a byte for the type of the elements, a byte for the number of dimensions, the
length of each dimension as big-endian 32-bit integers, and then the elements, the last dimension fastest.
"""

import gzip
import hashlib
import math
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from brian2zoo.datasets.images import ImageSet, Split
from brian2zoo.errors import ZooError
from brian2zoo.formats.language import Line

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08


class IdxFiles(BaseModel):
    """Names of the four files of an IDX data set, without `.gz`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_images: Line = Field("train-images-idx3-ubyte", description="file of the training images")
    train_labels: Line = Field("train-labels-idx1-ubyte", description="file of the training labels")
    test_images: Line = Field("t10k-images-idx3-ubyte", description="file of the test images")
    test_labels: Line = Field("t10k-labels-idx1-ubyte", description="file of the test labels")


def read(
    folder: Path,
    files: IdxFiles,
    *,
    title: str,
    source: str,
    transpose: bool = False,
    first_label: int = 0,
    sha256: Mapping[str, str] | None = None,
) -> ImageSet:
    """Read an IDX data set from a folder and check that its four files belong together.

    Parameters
    ----------
    folder, files : where the files lie and what they are called, see `find` for the spellings accepted.
    title, source : kept as provenance.
    transpose : swap rows and columns of every image; EMNIST stores them the other way round.
    first_label : the label that becomes class 0; EMNIST's letters count from 1.
    sha256 : file name as in `files` to the SHA-256 its decompressed content must have, where known.

    Returns
    -------
    images (sample, row, column) as grey levels 0 to 255, labels (sample,) from 0, SHA-256 of each file.

    Raises
    ------
    ZooError : a file is missing, damaged, altered or not IDX, or the four do not fit together.
    """
    roles = files.model_dump()
    paths = {role: find(folder, name) for role, name in roles.items()}
    if missing := [roles[role] for role, path in paths.items() if path is None]:
        remedy = "a folder that holds these IDX files, plain or with .gz"
        raise ZooError(folder, "", f"no file {', '.join(missing)}", remedy)

    arrays, found = {}, {}
    for role, path in paths.items():
        dims = 3 if role.endswith("images") else 1
        arrays[role], found[roles[role]] = read_file(path, dims, (sha256 or {}).get(roles[role]))
    _check_together(paths, arrays, first_label)

    def split(name: str) -> Split:
        images = arrays[f"{name}_images"]
        labels = arrays[f"{name}_labels"].astype(np.int64) - first_label
        return Split(images.swapaxes(1, 2) if transpose else images, labels)

    return ImageSet(title, source, split("train"), split("test"), found)


def shape(folder: Path, files: IdxFiles, transpose: bool, first_label: int) -> tuple[tuple[int, int], int] | None:
    """Rows and columns of an image, and the number of classes, without reading images; None if files are missing.

    Raises
    ------
    ZooError : the header of the training images, or the file of their labels, is damaged.
    """
    if not os.path.isdir(folder):
        return None
    images, labels = (find(folder, name) for name in (files.train_images, files.train_labels))
    if images is None or labels is None:
        return None
    _, rows, columns = _header(_beginning(images, _start(3)), images, 3, "a complete copy of the file")
    classes = int(read_file(labels, 1)[0].max()) + 1 - first_label
    return ((columns, rows) if transpose else (rows, columns)), classes


def find(folder: Path, name: str) -> Path | None:
    """The file called `name`, `name.gz`, or either with the dot some archives use (`images.idx3-ubyte`).

    None if the folder has none of them; ZooError if there is no such folder or it cannot be listed.
    """
    try:
        present = {path.name for path in folder.iterdir() if path.is_file()}
    except OSError as error:
        problem = f"cannot be opened ({error.strerror})"
        raise ZooError(folder, "", problem, "a folder that holds IDX files") from error
    spellings = (name, name.replace("-idx", ".idx"))
    candidates = (spelling + suffix for suffix in ("", ".gz") for spelling in spellings)
    return next((folder / candidate for candidate in candidates if candidate in present), None)


def read_file(path: Path, dims: int, sha256: str | None = None) -> tuple[np.ndarray, str]:
    """Read one IDX file of unsigned bytes.

    Parameters
    ----------
    path : plain or gzip, told apart by content because browsers and archives rename freely.
    dims : the number of dimensions the array must have, 3 for images and 1 for labels.
    sha256 : what the decompressed content must hash to, if it is known.

    Returns
    -------
    the uint8 array and the SHA-256 of the decompressed content.

    Raises
    ------
    ZooError : the file cannot be read, is truncated or altered, or holds something else.
    """
    remedy = "a complete copy of the file" + (f", whose decompressed SHA-256 is {sha256}" if sha256 else "")
    content = _decompressed(path, remedy)
    digest = hashlib.sha256(content).hexdigest()
    if sha256 and digest != sha256:
        raise ZooError(path, "", f"its decompressed SHA-256 is {digest}, so the file was altered", remedy)
    return _parse(content, path, dims, remedy), digest


def _decompressed(path: Path, remedy: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ZooError(path, "", f"cannot be read ({error.strerror})", "a readable file") from error
    if not content.startswith(GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ZooError(path, "", f"truncated or damaged gzip ({error})", remedy) from error


def _beginning(path: Path, n: int) -> bytes:
    """The first bytes of a file, decompressed."""
    with path.open("rb") as file:
        packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with gzip.open(path) if packed else path.open("rb") as file:
        return file.read(n)


def _start(dims: int) -> int:
    """Bytes before the elements of a file."""
    return 4 + 4 * dims


def _parse(content: bytes, path: Path, dims: int, remedy: str) -> np.ndarray:
    shape, start = _header(content, path, dims, remedy), _start(dims)
    due = start + math.prod(shape)
    if len(content) != due:
        raise ZooError(path, "", f"{len(content)} bytes long, but its header asks for {due}", remedy)
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _header(content: bytes, path: Path, dims: int, remedy: str) -> tuple[int, ...]:
    """The length of each dimension."""
    magic = bytes([0, 0, UNSIGNED_BYTE, dims])
    if content[:4] != magic:
        problem = f"begins with the bytes {content[:4].hex(' ') or '(none)'}"
        remedy = f"{magic.hex(' ')}, an IDX file of unsigned bytes in {dims} dimension{'s' if dims > 1 else ''}"
        raise ZooError(path, "header", problem, remedy)
    if len(content) < _start(dims):
        raise ZooError(path, "header", f"ends after {len(content)} of its {_start(dims)} bytes", remedy)
    shape = tuple(np.frombuffer(content, ">u4", count=dims, offset=len(magic)).tolist())
    if math.prod(shape) == 0:
        problem = f"empty, {_times(shape)} elements"
        raise ZooError(path, "header", problem, "at least one sample and one pixel")
    return shape


def _check_together(paths: Mapping[str, Path], arrays: Mapping[str, np.ndarray], first_label: int) -> None:
    """One label an image, one shape of image, and classes without gaps that both splits share."""
    for split in ("train", "test"):
        path, labels = paths[f"{split}_labels"], arrays[f"{split}_labels"]
        count, least = len(arrays[f"{split}_images"]), labels.min()
        if len(labels) != count:
            raise ZooError(path, "", f"{len(labels)} labels for {count} images", "one label for every image")
        if least < first_label:
            raise ZooError(path, "", f"label {least} is below first_label", f"first_label: {least}")

    train_shape, test_shape = arrays["train_images"].shape[1:], arrays["test_images"].shape[1:]
    if test_shape != train_shape:
        problem = f"images of {_times(test_shape)} pixels"
        remedy = f"{_times(train_shape)} pixels, as in {paths['train_images'].name}"
        raise ZooError(paths["test_images"], "", problem, remedy)

    # a class that is never trained would be an output neuron without a purpose; likelier is a damaged label
    trained = set(arrays["train_labels"].tolist())
    if gaps := sorted(set(range(first_label, max(trained))) - trained):
        problem = f"labels reach {max(trained)}, but none is {_some(gaps)}"
        remedy = f"every label from first_label = {first_label} on (the smallest here is {min(trained)})"
        raise ZooError(paths["train_labels"], "", problem, remedy)
    if unknown := sorted(set(arrays["test_labels"].tolist()) - trained):
        problem = f"label {_some(unknown)} is not in the training set"
        raise ZooError(paths["test_labels"], "", problem, "the same classes in both sets")


def _some(labels: list[int]) -> str:
    return ", ".join(map(str, labels[:5])) + (", …" if len(labels) > 5 else "")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
