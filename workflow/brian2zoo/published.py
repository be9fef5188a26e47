"""Results small enough to commit, with all that says where they come from."""

import numpy as np
import xarray as xr

MOST_WEIGHTS = 50_000
STEP = 10
"""Of a trace, every so many steps are kept; spikes have their own times."""
_NARROW = (np.int8, np.int16, np.int32)


def small(result: xr.Dataset) -> xr.Dataset:
    """A result in tens of kilobytes: without weights, unless they are whole numbers and few; a trace in fewer points."""
    kept = _with_few_weights(result)
    if "spike_population" in kept:
        kept = _packed(kept.isel(time=slice(None, None, STEP)), float(kept.time[1] - kept.time[0]))
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


def _with_few_weights(result: xr.Dataset) -> xr.Dataset:
    of_units = [dim for dim in result.dims if str(dim).startswith("unit_")]
    weights = [variable for variable in result.values() if set(variable.dims) & set(of_units)]
    few = sum(variable.size for variable in weights) <= MOST_WEIGHTS
    if few and all(np.array_equal(variable, np.rint(variable)) for variable in weights):
        return result
    return result.drop_dims(of_units)


def _packed(trace: xr.Dataset, step: float) -> xr.Dataset:
    """Populations as numbers, whose names are in `flag_meanings`, and times in steps, as CF has them; sorted by both."""
    names, numbers = np.unique(trace.spike_population, return_inverse=True)
    attrs = trace.spike_population.attrs | {"flag_meanings": " ".join(names)}
    order = np.lexsort((trace.spike_time, numbers))
    in_steps = np.rint(trace.spike_time.values / step), trace.spike_time.attrs | {"scale_factor": step}
    packed = {"spike_population": ("spike", numbers, attrs), "spike_time": ("spike", *in_steps)}
    return trace.assign(packed).isel(spike=order)


def _narrowest(variable: xr.DataArray) -> type:
    """The smallest type for whole numbers; of others, single precision where that is of series."""
    if np.array_equal(variable, np.rint(variable)):
        most = np.abs(variable).max() if variable.size else 0
        return next((kind for kind in _NARROW if most <= np.iinfo(kind).max), variable.dtype)
    return np.float32 if set(variable.dims) & {"spike", "time"} else variable.dtype
