"""Gather the sweeps over bits, during and after learning, into one data set over bits and seed."""

from pathlib import Path

import xarray as xr
from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.settings import values_of
from brian2zoo.run import results


def last_errors(paths: list[Path], parameter: str, long_name: str) -> xr.DataArray:
    """Final test errors of trainings, over the value of a parameter in their setting and the seed."""
    found = [results.read(path, results.TRAINING) for path in paths]
    cells = [
        r.test_error.isel(epoch=-1, drop=True).expand_dims(
            bits=[int(values_of(r.attrs["setting"])[parameter])], seed=[int(r.attrs["seed"])]
        )
        for r in found
    ]
    joined = xr.combine_by_coords([cell.to_dataset(name="error") for cell in cells])["error"]
    return joined.assign_attrs(units="1", long_name=long_name)


def main(
    learning: list[Path] = Option(help="trainings with fixed-point weights"),
    states: list[Path] = Option([], help="trainings with fixed-point states"),
    after: list[Path] = Option(help="tests with weights rounded after learning"),
    reference: list[Path] = Option(help="trainings in floating point"),
    output: Path = Option(help="file to write"),
) -> None:
    parts = {"error_learning": last_errors(learning, "synapse.bits", "error, fixed-point weights during learning")}
    if states:
        parts["error_states"] = last_errors(states, "state.x_bits", "error, fixed-point states during learning")
    rounded = [results.read(path, results.ROUNDED) for path in after]
    parts["error_after"] = xr.concat([r.error_after.expand_dims(seed=[int(r.attrs["seed"])]) for r in rounded], "seed")
    references = [results.read(path, results.TRAINING) for path in reference]
    errors = [float(r.test_error.isel(epoch=-1)) for r in references]
    attrs = {"units": "1", "long_name": "error, floating-point weights"}
    parts["error_float"] = xr.DataArray(
        errors, {"seed": [int(r.attrs["seed"]) for r in references]}, ("seed",), attrs=attrs
    )
    first = results.read(learning[0], results.TRAINING).attrs
    facts = {"dataset": first["dataset"], "layers": first["layers"]}
    merged = xr.merge([array.rename(name) for name, array in parts.items()], join="outer")
    scripting.write(merged, output, scripting.experiment_of(first["experiment"]), **facts)


scripting.run(main)
