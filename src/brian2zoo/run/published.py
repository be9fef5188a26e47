"""Results small enough to commit, with all that says where they come from."""

from collections.abc import Hashable

import numpy as np
import xarray as xr

MOST_POINTS = 1250
"""Of a trace, about; spikes have their own times."""
_NARROW = (np.int8, np.int16, np.int32)


def small(result: xr.Dataset, weights: bool = False) -> xr.Dataset:
    """A result in tens of kilobytes: a trace in fewer points, numbers no wider than they need be.

    Parameters
    ----------
    weights : whether to keep weights, of several equal copies one.
    """
    kept = _once(result) if weights else result.drop_dims(of_weights(result))
    if "spike_population" in kept:
        few = slice(None, None, max(1, kept.sizes["time"] // MOST_POINTS))
        kept = _packed(kept.isel(time=few), float(kept.time[1] - kept.time[0]))
    narrow = {
        name: variable.astype(_narrowest(variable)) for name, variable in kept.items() if variable.dtype.kind in "if"
    }
    return kept.assign(narrow)


def whole(result: xr.Dataset) -> xr.Dataset:
    """What `small` has made, with names of populations in the place of their numbers."""
    population = result.get("spike_population")
    if population is None or "flag_meanings" not in population.attrs:
        return result
    names = np.array(population.attrs["flag_meanings"].split())
    return result.assign(spike_population=("spike", names[population.values]))


def of_weights(result: xr.Dataset) -> list[str]:
    """Dimensions of a result that only weights, and what is kept of each neuron, have."""
    return [str(dim) for dim in result.dims if _is_of_weights(dim)]


def _is_of_weights(dim: Hashable) -> bool:
    return str(dim).startswith(("unit_", "synapse_"))


def _once(result: xr.Dataset) -> xr.Dataset:
    """Of arrays of weights that are equal the first."""
    found: dict[bytes, str] = {}
    weights = [name for name, variable in result.items() if set(variable.dims) & set(of_weights(result))]
    for name in weights:
        found.setdefault(result[name].values.tobytes(), name)
    return result.drop_vars([name for name in weights if name not in found.values()])


def _packed(trace: xr.Dataset, step: float) -> xr.Dataset:
    """Populations as numbers, whose names are in `flag_meanings`, and times in steps, as CF has it; sorted by both."""
    names, numbers = np.unique(trace.spike_population, return_inverse=True)
    attrs = trace.spike_population.attrs | {"flag_meanings": " ".join(names)}
    order = np.lexsort((trace.spike_time, numbers))
    in_steps = np.rint(trace.spike_time.values / step), trace.spike_time.attrs | {"scale_factor": step}
    packed = {"spike_population": ("spike", numbers, attrs), "spike_time": ("spike", *in_steps)}
    return trace.assign(packed).isel(spike=order)


def _narrowest(variable: xr.DataArray) -> type:
    """The smallest type for whole numbers; of others, single precision where that is of series or weights."""
    if np.array_equal(variable, np.rint(variable)):
        most = np.abs(variable).max() if variable.size else 0
        return next((kind for kind in _NARROW if most <= np.iinfo(kind).max), variable.dtype)
    series, weights = set(variable.dims) & {"spike", "time"}, any(map(_is_of_weights, variable.dims))
    return np.float32 if series or weights else variable.dtype
