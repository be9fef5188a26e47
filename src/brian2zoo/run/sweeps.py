"""The trainings of a sweep as one dataset, and as a table: what was swept is a dimension."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from brian2zoo.errors import ZooError
from brian2zoo.formats.settings import joined, name_of, parts_of, values_of
from brian2zoo.run import published, results

NETWORK = ("dataset", "experiment", "layers")
SEED = "seed"
LAST = "last_test_error"
SWEPT = "swept"
"""Attribute of a dataset of sweeps: its dimensions that were swept, joined by commas."""


def open_sweep(paths: Path | str | Iterable[Path | str]) -> xr.Dataset:
    """Trainings that differ in their settings and seeds, as one dataset.

    Parameters
    ----------
    paths : results of trainings, or folders below which all of them are taken; or one file of `results/sweep/`.

    Returns
    -------
    Variables of the trainings without their weights, over `seed` and whatever else differs: `dataset`, `experiment`,
    `layers`, `setting` (a name, 'default' for none) and the `scope.name` that settings state. `test_error` also has the
    dimension `epoch`; `last_test_error` is that of the last epoch of each training and `epochs` its number. A
    combination that was not trained is missing (NaN). Quantities are floats in SI units, with the attribute `units`;
    choices of files are text.

    Raises
    ------
    ZooError
        For a file that is no training, for two results of the same network, setting and seed, and where one result
        sets a number that another one leaves as it is.
    """
    files = list(_files([paths] if isinstance(paths, Path | str) else paths))
    if len(files) == 1 and SWEPT in (whole := results.read(files[0])).attrs:
        return whole
    read = {path: results.read(path, results.TRAINING) for path in files}
    if not read:
        raise ZooError("sweep", "", "there is no result", "name results of trainings, or a folder that has some")
    stated = {path: _stated(result.attrs) for path, result in read.items()}
    _refuse_gaps(stated)
    coordinates, units = _coordinates(stated)
    swept = [name for name, values in coordinates.items() if name == SEED or len(set(values)) > 1]
    index = pd.MultiIndex.from_arrays([coordinates[name] for name in swept], names=swept)
    if index.has_duplicates:
        first = list(read)[list(index.duplicated()).index(True)]
        raise ZooError(first, "", "another result has the same network, setting and seed", "leave one of them out")
    runs = [_without_weights(result) for result in read.values()]
    shared = [name for name in runs[0].data_vars if all(name in run for run in runs)]
    joint = xr.concat([run[shared] for run in runs], "run", join="outer", combine_attrs="drop_conflicts")
    one = joint.assign_coords(xr.Coordinates.from_pandas_multiindex(index, "run")).unstack("run")
    for name, unit in units.items():
        if name in one.dims:
            one[name].attrs["units"] = unit
    return one.transpose(*swept, ...).assign_attrs({SWEPT: ",".join(swept)})


def swept_names(sweep: xr.Dataset) -> list[str]:
    """What was swept, without the seed."""
    return [name for name in str(sweep.attrs[SWEPT]).split(",") if name != SEED]


def table(sweep: xr.Dataset) -> pd.DataFrame:
    """A row for each combination that was trained: its values, seeds, epochs, and errors of the last test in %.

    Parameters
    ----------
    sweep : as `open_sweep` gives it.

    Returns
    -------
    columns: what was swept; `seeds`, their number; `epochs`, the fewest; `error`, the mean of the seeds; `lowest` and
    `highest` of them.
    """
    names = swept_names(sweep)
    runs = sweep[[LAST, "epochs"]].to_dataframe().reset_index().dropna(subset=[LAST])
    runs["error"] = 100 * runs[LAST]
    found = runs.groupby(names, sort=True) if names else runs.groupby(lambda row: "")
    rows = found.agg(
        seeds=("error", "size"), epochs=("epochs", "min"), error=("error", "mean"), lowest=("error", "min"),
        highest=("error", "max"),
    ).reset_index(drop=not names)  # fmt: skip
    return rows.astype({"epochs": int})


def _files(paths: Iterable[Path | str]) -> Iterable[Path]:
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.rglob("*seed=*.nc"))
        if not found:
            raise ZooError(path, "", "there is no result of a training below it", "give a folder of results/train/")
        yield from found


def _stated(attrs: Mapping[str, Any]) -> dict[str, str | int]:
    """What tells a training from others: network, name of the setting, what else it sets, seed."""
    shown = str(attrs.get("setting_name", attrs["setting"]))
    name = name_of(shown)
    own = values_of(joined(parts_of(shown)[1:]) if name else shown)
    network = {key: str(attrs[key]) for key in NETWORK}
    return {**network, "setting": name or "default", **own, SEED: int(attrs["seed"])}


def _refuse_gaps(stated: Mapping[Path, Mapping[str, Any]]) -> None:
    """`ZooError` where one result sets what another does not: at what value that has it, no result says."""
    every = dict.fromkeys(name for of in stated.values() for name in of)
    for path, of in stated.items():
        if lacks := next((name for name in every if name not in of), None):
            problem = f"it does not set {lacks}, which other results do"
            raise ZooError(path, "setting", problem, "give results that set the same names")


def _coordinates(stated: Mapping[Path, Mapping[str, Any]]) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """Values of each name for each result, and units of those that are quantities."""
    names = [name for name in next(iter(stated.values())) if name != SEED]
    coordinates: dict[str, list[Any]] = {}
    units: dict[str, str] = {}
    for name in [*names, SEED]:
        values = [of[name] for of in stated.values()]
        if name not in (*NETWORK, "setting", SEED):
            values, units[name] = _numbers(values)
        coordinates[name] = values
    return coordinates, {name: unit for name, unit in units.items() if unit}


def _numbers(texts: Sequence[str]) -> tuple[list[Any], str]:
    """Values in SI units, and the unit; the texts and no unit where they are choices of files."""
    from brian2.units.fundamentalunits import get_dimensions, get_unit

    from brian2zoo.formats.expressions import evaluate

    try:
        values = [evaluate(text) for text in texts]
        dimensions = {get_dimensions(value) for value in values}
        numbers = [float(f"{float(value):.12g}") for value in values]  # 4e-3*nS is 4e-12, to select by
    except (ValueError, TypeError):
        return list(texts), ""
    if len(dimensions) > 1:
        return list(texts), ""
    (dimension,) = dimensions
    return numbers, "1" if dimension.is_dimensionless else str(get_unit(dimension))


def _without_weights(result: xr.Dataset) -> xr.Dataset:
    """Curves and scores of a training, and its last error."""
    kept = result.drop_dims(published.of_weights(result))
    last = result.test_error.isel(epoch=-1, drop=True)
    kept[LAST] = last.assign_attrs(units="1", long_name="test error after the last epoch")
    kept["epochs"] = ((), float(result.epoch[-1]), {"units": "1", "long_name": "epochs of training"})
    return kept
