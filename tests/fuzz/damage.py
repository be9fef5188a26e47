"""Damaged data and results: bits flipped, ends cut off, parts of other files, in every kind of file that is read."""

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import circuits
from brian2zoo.datasets import DatasetSettings, IdxFiles, encode, load
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import carried, results, train

IDENTITY = {"circuit": "of this training"}
NETWORK = ("bp", [64, 6, 10])


@dataclass(frozen=True)
class Damaged:
    """A file whose content is replaced by a damaged one before it is read.

    Parameters
    ----------
    read : what reads it, of those in READERS.
    """

    read: str
    file: Path
    content: bytes
    damage: str


def read_idx(folder: Path) -> Any:
    splits = load(DatasetSettings(source="idx", folder=str(folder)), folder)
    return [(split.x.values.tobytes(), split.label.values.tobytes()) for split in splits.values()]


def read_encoded(path: Path) -> Any:
    return encode.content(results.read_data(path))


def read_result(path: Path) -> Any:
    read = results.read(path, results.TRAINING)
    return {name: variable.values.tobytes() for name, variable in read.variables.items()}, dict(read.attrs)


def read_start(path: Path) -> Any:
    start = carried.read_start(path, _circuit())
    return {name: values.values.tobytes() for name, values in start.data_vars.items()}


def read_checkpoint(path: Path) -> Any:
    states = train._resume(path, IDENTITY, 5)
    return states and [(vars(state) | {"carried": carried.content(state.carried)}) for state in states]


READERS: dict[str, Callable[[Path], Any]] = {
    "IDX": read_idx, "gzipped IDX": read_idx, "encoded": read_encoded, "result": read_result, "start": read_start,
    "npz": read_start, "checkpoint": read_checkpoint,
}  # fmt: skip


NETCDF = ("encoded", "result", "start")


@cache
def _circuit() -> circuits.Circuit:
    zoo = Zoo(ROOT)
    return circuits.build(zoo.experiment(NETWORK[0]), list(NETWORK[1]), "train")


def write_all(folder: Path) -> dict[str, Path]:
    """One sound file of each kind, by what reads it; of an IDX set the file of training images."""
    rng = np.random.default_rng(0)
    made = {}
    for kind, pack in (("IDX", bytes), ("gzipped IDX", lambda content: gzip.compress(content, mtime=0))):
        idx = folder / kind
        idx.mkdir(parents=True)
        for role, name in IdxFiles().model_dump().items():
            n = 20 if role.startswith("train") else 10
            array = rng.integers(0, 256, (n, 4, 3)) if role.endswith("images") else np.arange(n) % 5
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            (idx / name).write_bytes(pack(header + array.astype("u1").tobytes()))
        made[kind] = idx / IdxFiles().train_images
    zoo = Zoo(ROOT)
    digits = load(DatasetSettings(source="digits", limit_train=40, limit_test=10), ROOT)["train"]
    encoders = [zoo.encoder(name) for name in ("identity", "identity")]
    made["encoded"] = folder / "train.nc"
    results.save(encode.encode_dataset(digits, *encoders), made["encoded"])
    weights = circuits.initial_weights(_circuit(), 0)
    attrs = {"units": "1", "long_name": "weight"}
    layout = carried.shapes(_circuit())
    arrays = {carried.stored_name(k): (dims, weights[k].reshape(shape), attrs) for k, (dims, shape) in layout.items()}
    made |= {kind: folder / f"{kind}.nc" for kind in ("result", "start")}
    results.write(xr.Dataset(arrays), made["start"], "Weights")
    errors = ("epoch", [0.5, 0.25], attrs)
    facts = dict.fromkeys(results.TRAINING.attributes, "1")
    results.write(xr.Dataset(arrays | {"test_error": errors}), made["result"], "A training", **facts)
    made["npz"] = folder / "start.npz"
    np.savez(made["npz"], **{name: array[1] for name, array in arrays.items()})
    made["checkpoint"] = folder / "state.npz"
    train._save([train._State(weights, epoch=1, sample=3)], made["checkpoint"], IDENTITY)
    return made


def _flip(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _flip_the_beginning(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return _flip(rng, content[:64], others) + content[64:]


def _truncate(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return content[: rng.randrange(len(content))]


def _empty(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return b""


def _blank(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """As a disk that has lost a block."""
    start, length = rng.randrange(len(content)), rng.randint(1, 512)
    zeros = bytes(min(length, len(content) - start))
    return content[:start] + zeros + content[start + len(zeros) :]


def _another(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return rng.choice([*others, b"text\n", rng.randbytes(2000)])


def _longer(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    return content + rng.randbytes(rng.randint(1, 100))


DAMAGES = [_flip, _flip, _flip, _flip_the_beginning, _truncate, _truncate, _empty, _blank, _blank, _another, _longer]


def damaged(files: dict[str, Path], seed: int, n: int) -> Iterator[Damaged]:
    """Damaged versions of all files in turn."""
    rng = random.Random(seed)
    sound = {kind: path.read_bytes() for kind, path in files.items()}
    for k in range(n):
        kind = list(files)[k % len(files)]
        damage = rng.choice(DAMAGES)
        content = damage(rng, sound[kind], [other for other in sound.values() if other != sound[kind]])
        if content != sound[kind]:
            yield Damaged(kind, files[kind], content, damage.__name__.strip("_"))


def read_damaged(kind: str, file: Path) -> Any:
    """Content of a file as its reader sees it."""
    return READERS[kind](file.parent if kind.endswith("IDX") else file)
