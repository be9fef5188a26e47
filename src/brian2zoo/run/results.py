"""Results as netCDF: whole or not at all, and saying where each number comes from."""

import contextlib
import glob
import hashlib
import json
import os
import platform
import shutil
import subprocess
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import brian2zoo
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.settings import values_of
from brian2zoo.formats.zoo import ROOT, Zoo, zoo_in_use

_EVENTS_A_CHUNK = 2**15
_SEAL = b"\nbrian2zoo sha256 "
"""Stands behind the end of the netCDF, where its readers do not look; then comes the SHA-256 of all before."""
_SEALED = len(_SEAL) + 2 * hashlib.sha256().digest_size


@dataclass(frozen=True)
class Kind:
    """A kind of result, by which a stage knows what it reads.

    Parameters
    ----------
    what, folder : what to call it, and where the pipeline puts it.
    variables : dimensions of those it has; where there are several sets, those of one.
    attributes : those it has.
    """

    what: str
    folder: str
    variables: tuple[Mapping[str, tuple[str, ...]], ...]
    attributes: tuple[str, ...] = ()


_OF_A_NETWORK = ("experiment", "dataset", "layers", "setting", "seed")
_TARGETS = {"target": ("sample", "class"), "label": ("sample",)}
_EVENTS = {"input_time": ("event",), "input_unit": ("event",), "input_offset": ("boundary",)}
TRAINING = Kind("of a training", "results/train/", ({"test_error": ("epoch",)},), (*_OF_A_NETWORK, "rule", "samples"))
ENCODED = Kind("of encoding", "results/encoded/", (_TARGETS | {"input": ("sample", "pixel")}, _TARGETS | _EVENTS))
ROUNDED = Kind("of rounded weights", "results/quantize/", ({"error_after": ("bits",)},), _OF_A_NETWORK)
ACTIVITY = Kind("of counting spikes", "results/activity/", ({},), (*_OF_A_NETWORK, "mode"))


def facts_of(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """What network a result is of, to hand on to what is made from it."""
    facts: dict[str, Any] = {key: str(attrs[key]) for key in ("dataset", "layers", "setting")}
    facts |= {"setting_name": str(attrs["setting_name"])} if "setting_name" in attrs else {}
    return facts | {"seed": int(attrs["seed"])}


def write(result: xr.Dataset, path: Path, title: str, **attrs: Any) -> None:
    """Write a result with its provenance; the file appears when it is complete.

    Parameters
    ----------
    attrs : further attributes; dicts, bools, lists and None are stored as JSON.
    """
    path = Path(path)
    stored = result.assign_attrs(
        {
            "Conventions": "CF-1.11",
            "title": title,
            "source": f"brian2zoo {brian2zoo.__version__}",
            "git_commit": git_commit(),
        }
        | {key: _attribute(value) for key, value in {**result.attrs, **attrs}.items()}
    )
    for name, variable in stored.variables.items():
        missing = {"units", "long_name"} - set(variable.attrs)
        if missing and name in stored.data_vars:
            raise ValueError(f"variable '{name}' of {path.name} has no {' and no '.join(sorted(missing))}")
    save(stored, path)


def described(result: xr.Dataset, experiment: Experiment, **facts: Any) -> xr.Dataset:
    """A result with what it is a result of, as attributes; `facts` are further ones, a `setting` also as a mapping."""
    if "setting" in facts:
        facts["setting_values"] = values_of(facts["setting"])
    return result.assign_attrs(
        title=experiment.stated.title,
        experiment=experiment.name,
        rule=experiment.learning.plastic.rule,
        backend=experiment.backend,
        config_json={"experiment": experiment.stated.model_dump(mode="json"), **facts},
        **facts,
    )


def save(result: xr.Dataset, path: Path) -> None:
    """Write a dataset as it is; the file appears when it is complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = {name: variable for name, variable in result.data_vars.items() if variable.dtype.kind in "iuf"}
    encoding = {name: {"zlib": True, "complevel": 1} | _chunks(variable) for name, variable in numbers.items()}
    with replacing(path) as partial:
        result.to_netcdf(partial, encoding=encoding)
        with partial.open("r+b") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.write(_SEAL + digest.encode())


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write a file that takes the place of `path` once it is complete.

    Each writer has a name of its own, so that of several at a time the last one stays. What a writer has left that was
    killed goes when the next one comes.
    """
    begin = f"{path.name}.{zlib.crc32(platform.node().encode()):08x}-"
    for left in path.parent.glob(f"{glob.escape(begin)}*.partial"):
        if _is_dead(left.name.removeprefix(begin).partition("-")[0]):
            left.unlink(missing_ok=True)
    partial = path.with_name(f"{begin}{os.getpid()}-{uuid.uuid4().hex[:8]}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _is_dead(process: str) -> bool:
    """Whether there is no process of this number on this machine."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OverflowError, PermissionError):
        pass
    return False


def _chunks(variable: xr.DataArray) -> dict[str, Any]:
    """Pieces small enough that reading the events of one sample does not unpack those of many."""
    small = variable.dims == ("event",) and variable.size > _EVENTS_A_CHUNK
    return {"chunksizes": (_EVENTS_A_CHUNK,)} if small else {}


def read(path: Path, kind: Kind | None = None) -> xr.Dataset:
    """A result file, loaded whole; its attributes are strings and Python's own numbers.

    `ZooError` if there is no such file, it is none of netCDF, it is not as it was written, or of another kind.
    """
    with _readable(path), xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as dataset:
        return _of_kind(_plain(dataset.load()), path, kind)


def read_data(path: Path) -> xr.Dataset:
    """An encoded split; events, which may be more than the memory holds, stay in the file until they are asked for.

    Raises as `read`.
    """
    with _readable(path):
        dataset = _of_kind(xr.open_dataset(path, engine="netcdf4", decode_timedelta=False, cache=False), path, ENCODED)
        loaded = {name: variable.load() for name, variable in dataset.data_vars.items() if "event" not in variable.dims}
        return _plain(dataset.assign(loaded))


def _of_kind(result: xr.Dataset, path: Path, kind: Kind | None) -> xr.Dataset:
    """The result, if it is of the kind."""
    return result if kind is None else required(result, path, kind)


def required(result: xr.Dataset, path: str | Path, kind: Kind) -> xr.Dataset:
    """The result, if it is of the kind; else a `ZooError`, in which it is called `path`."""
    has = {name: variable.dims for name, variable in result.data_vars.items()}
    missing = [name for name in kind.attributes if name not in result.attrs]
    missing += min(([n for n, dims in one.items() if has.get(n) != dims] for one in kind.variables), key=len)
    if missing:
        problem = f"it is no result {kind.what}: it has no {', '.join(missing)}"
        raise ZooError(path, "", problem, f"give a file of {kind.folder}")
    return result


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turns whatever is wrong with a file into a `ZooError`.

    The seal is looked at first: of a damaged file the library may make anything, a loop without end included. Files of
    earlier versions have none.
    """
    if not os.path.isfile(path):  # which a name that is too long is not either
        raise ZooError(path, "", "there is no such result", "give the path of a netCDF file of results/")
    try:
        _check_seal(Path(path))
        yield
    except ZooError:
        raise
    except OSError as error:
        problem = f"it cannot be read ({error.strerror or error})"
        remedy = "give a netCDF file of results/; a damaged one is made anew once it is deleted"
        raise ZooError(path, "", problem, remedy) from None
    except Exception as error:
        problem = f"it is damaged ({type(error).__name__}: {' '.join(str(error).split())})"
        raise ZooError(path, "", problem, "delete it, and the pipeline makes it anew") from None


def _check_seal(path: Path) -> None:
    with path.open("rb") as file:
        left = file.seek(0, os.SEEK_END) - _SEALED
        file.seek(max(left, 0))
        seal = file.read()
        if not seal.startswith(_SEAL):
            return
        file.seek(0)
        hashed = hashlib.sha256()
        while left:
            block = file.read(min(left, 2**20))
            hashed.update(block)
            left -= len(block)
    if seal != _SEAL + hashed.hexdigest().encode():
        problem = "it is damaged: it is not as it was written"
        raise ZooError(path, "", problem, "delete it, and the pipeline makes it anew")


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in dataset.attrs.items()}
    return dataset.assign_attrs(plain)


def git_commit() -> str:
    """Commit of the zoo in use, with '+' if files differ from it; 'unknown' outside a clone or without git.

    Where the program is of another clone, at another commit, that is stated too. Files and program of an installed
    package have its version in place of a commit.
    """
    files, program = (_commit_of(folder) for folder in (zoo_in_use(), ROOT))
    return files if files == program else f"{files}, program {program}"


def _commit_of(folder: Path) -> str:
    if Zoo(folder).is_packaged:  # perhaps within somebody's repository
        return f"release {brian2zoo.__version__}"
    if shutil.which("git") is None:
        return "unknown"
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _attribute(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | bool | list | tuple | type(None)) else value
