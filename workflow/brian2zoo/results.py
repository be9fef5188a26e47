"""Results as netCDF: whole or not at all, and saying where each number comes from."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import brian2zoo
from brian2zoo.errors import ZooError
from brian2zoo.zoo import ROOT, zoo_in_use

_EVENTS_A_CHUNK = 2**15


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


def save(result: xr.Dataset, path: Path) -> None:
    """Write a dataset as it is; the file appears when it is complete."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = {name: variable for name, variable in result.data_vars.items() if variable.dtype.kind in "iuf"}
    encoding = {name: {"zlib": True, "complevel": 1} | _chunks(variable) for name, variable in numbers.items()}
    partial = path.with_name(path.name + ".partial")
    result.to_netcdf(partial, encoding=encoding)
    partial.replace(path)


def _chunks(variable: xr.DataArray) -> dict[str, Any]:
    """Pieces small enough that reading the events of one sample does not unpack those of many."""
    small = variable.dims == ("event",) and variable.size > _EVENTS_A_CHUNK
    return {"chunksizes": (_EVENTS_A_CHUNK,)} if small else {}


def read(path: Path) -> xr.Dataset:
    """A result file, loaded whole; its attributes are strings and Python's own numbers.

    `ZooError` if there is no such file, or it is none of netCDF.
    """
    if not Path(path).is_file():
        raise ZooError(path, "", "there is no such result", "give the path of a netCDF file of results/")
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as dataset:
            return _plain(dataset.load())
    except OSError as error:
        raise ZooError(path, "", f"it cannot be read ({error.strerror})", "give a netCDF file of results/") from None


def read_data(path: Path) -> xr.Dataset:
    """An encoded split; events, which may be more than the memory holds, stay in the file until they are asked for."""
    dataset = xr.open_dataset(path, decode_timedelta=False, cache=False)
    loaded = {name: variable.load() for name, variable in dataset.data_vars.items() if "event" not in variable.dims}
    return _plain(dataset.assign(loaded))


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in dataset.attrs.items()}
    return dataset.assign_attrs(plain)


def git_commit() -> str:
    """Commit of the zoo in use, with '+' if files differ from it; 'unknown' outside a clone or without git.

    Where the program is of another clone, at another commit, that is stated too.
    """
    files, program = (_commit_of(folder) for folder in (zoo_in_use(), ROOT))
    return files if files == program else f"{files}, program {program}"


def _commit_of(folder: Path) -> str:
    if shutil.which("git") is None:
        return "unknown"
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _attribute(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | bool | list | tuple | type(None)) else value
