"""What training costs as networks get deeper, under BP and DFA."""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.mapping.cim.estimate import estimate

ALGORITHMS = ("bp", "dfa")


def over_depth(
    chip: ComputeInMemory, ends: tuple[int, int] | None, width: int, depths: Sequence[int], settings: Mapping[str, Any]
) -> xr.Dataset:
    """Costs of networks of so many layers of weights, summed over the layers; over `rule` and `depth`.

    Parameters
    ----------
    ends : sizes of input and output; None if they are `width` as the hidden layers, so that all layers are equal.
    depths : numbers of layers of weights.
    """
    first, last = ends or (width, width)
    along = xr.Variable("depth", list(depths), {"units": "1", "long_name": "layers of weights"})
    swept = []
    for rule in ALGORITHMS:
        results = [estimate(chip, (first, *[width] * (depth - 1), last), settings, rule) for depth in depths]
        swept.append(_joined([result.map(_of_all_layers) for result in results], along))
    found = _joined(swept, xr.Variable("rule", list(ALGORITHMS)))
    name = f"{width} a layer" if ends is None else f"{first}, {width} a hidden layer, {last}"
    return found.drop_vars(["tiles", "speedup"]).assign_attrs(chip=chip.name, network=name)


def _of_all_layers(values: xr.DataArray) -> xr.DataArray:
    return values.sum("layer", keep_attrs=True) if "layer" in values.dims else values


def _joined(parts: Sequence[xr.Dataset], along: xr.Variable) -> xr.Dataset:
    return xr.concat(parts, along, combine_attrs="drop_conflicts")
