"""What a network carries from run to run, and from a training to what is made of it: weights, and what is kept.

Beside the weight `w` of each projection these are the variables that a neuron or a rule `keeps`. All have a
program's names, ``group.variable``; in a result they are ``w_PROJECTION`` and ``k_GROUP__VARIABLE``.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import brian2
import numpy as np
import xarray as xr
from brian2.equations.equations import Equations

from brian2zoo.circuits import Circuit, Projection, copied_weights, initial_weights
from brian2zoo.compose.circuit import compose
from brian2zoo.equations.pieces import unit_name_of
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.expressions import evaluate
from brian2zoo.run import results

Carried = Mapping[str, np.ndarray]


def kept(circuit: Circuit) -> list[str]:
    """What neurons, and rules that learn, keep in addition to the weights, as ``group.variable``."""
    of_neurons = [f"{p.name}.{name}" for p in circuit.populations for name in circuit.kept_by(p)]
    return of_neurons + [f"{p.name}.{name}" for p in circuit.plastic for name in p.rule.keeps]


def in_results(projection: Projection) -> bool:
    """Whether the weights of a projection are part of a result: all but those between other than layers."""
    return projection.may_learn or projection.kind == "feedback"


def stored_name(key: str, when: str = "") -> str:
    """What a result calls something carried; `when` is '0' for its value before training."""
    group, variable = key.split(".")
    return f"w{when}_{group}" if variable == "w" else f"k{when}_{group}__{variable}"


def shapes(circuit: Circuit) -> dict[str, tuple[tuple[str, ...], tuple[int, ...]]]:
    """Dimensions and shape of all that a result has of what is carried: (pre, post), or (synapse,) of some pairs."""
    projections = {p.name: p for p in circuit.projections}
    populations = {p.name: p for p in circuit.populations}
    found = {}
    for key in [*(p.weight for p in circuit.projections if in_results(p)), *kept(circuit)]:
        group = key.partition(".")[0]
        if group in populations:
            found[key] = ((f"unit_{group}",), (populations[group].size,))
            continue
        pre, post = projections[group].pre, projections[group].post
        if projections[group].pairs is not None:
            found[key] = ((f"synapse_{group}",), (projections[group].size,))
            continue
        found[key] = ((f"unit_{pre.name}", f"unit_{post.name}{'_post' * (pre is post)}"), (pre.size, post.size))
    return found


def units(circuit: Circuit) -> dict[str, str]:
    """Unit of all that a result has of what is carried, as equations spell it."""
    codes = compose(circuit)
    found = {}
    for key in shapes(circuit):
        group, variable = key.split(".")
        code = codes.neurons[group] if group in codes.neurons else codes.synapses[group]
        found[key] = unit_name_of(Equations(code.equations), variable)
    return found


def of_result(circuit: Circuit, result: xr.Dataset, seed: int, when: str = "") -> dict[str, np.ndarray]:
    """All that a circuit carries, flat, in SI units: what a result has of it, other weights as drawn.

    Parameters
    ----------
    when : '0' for how it was before training.
    """
    found = initial_weights(circuit, seed)
    names = {key: stored_name(key, when) for key in [*found, *kept(circuit)]}
    found |= {key: result[name].values.ravel() for key, name in names.items() if name in result}
    return found | copied_weights(circuit, found)


def read_start(path: Path, circuit: Circuit) -> xr.Dataset:
    """What a file gives a circuit to start from, as `start_of`.

    Parameters
    ----------
    path : a result of a training, or another netCDF file or npz archive with arrays called as in a result. An array
        in npz is in SI units.

    Raises
    ------
    ZooError
        If it cannot be read, and as `start_of`.
    """
    return start_of(_arrays(Path(path)), path, circuit)


def start_of(given: xr.Dataset, path: str | Path, circuit: Circuit) -> xr.Dataset:
    """What a data set gives a circuit to start from: of its variables those that a result of this circuit has.

    Parameters
    ----------
    given : weights `w_PROJECTION`, (pre, post) or flat, and what is kept; in SI units unless `units` says otherwise.
    path : what to call it in a message.

    Raises
    ------
    ZooError
        If it has nothing for this circuit, or something of another shape or unit, or not finite.
    """
    layout, unit_of = shapes(circuit), units(circuit)
    wanted = {stored_name(key): key for key in layout}
    names = [str(name) for name in given.data_vars if str(name) in wanted]
    if not any(name.startswith("w_") for name in names):
        known = [name for name in wanted if name.startswith("w_")]
        close = next((str(n) for n in given.data_vars if str(n).startswith("w_")), "w_")
        raise ZooError(path, "", "it has no weights of this network", did_you_mean(close, known, ", ".join(known)))
    start = xr.Dataset()
    for name in names:
        dims, shape = layout[wanted[name]]
        values, unit = given[name].values, unit_of[wanted[name]]
        if values.shape not in (shape, (int(np.prod(shape)),)):
            raise ZooError(path, name, f"its shape is {values.shape}", f"this network's is {shape}")
        stated = given[name].attrs.get("units", unit)
        if not _same_unit(stated, unit):
            raise ZooError(path, name, f"its unit is '{stated}'", f"this network's is '{unit}'")
        if not np.isfinite(values).all():
            raise ZooError(path, name, "it has values that are no numbers", "start from a training that has not failed")
        start[name] = (dims, values.reshape(shape).astype(float))
    return start


def _arrays(path: Path) -> xr.Dataset:
    try:
        if path.suffix != ".npz":
            return results.read(path)
        with np.load(path) as arrays:
            flat = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        raise ZooError(
            path, "", "there is no such file", "give a result of a training, or arrays w_PROJECTION"
        ) from None
    except ZooError:
        raise
    except Exception as error:  # of a damaged archive zipfile, zlib and NumPy raise whatever they come to
        remedy = "give netCDF or npz with arrays w_PROJECTION"
        raise ZooError(path, "", f"it cannot be read ({' '.join(str(error).split())})", remedy) from None
    return dataset(flat)


def dataset(arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Arrays by name as a data set, each with dimensions of its own."""
    named = {name: np.asarray(array) for name, array in arrays.items()}
    return xr.Dataset({n: ([f"{n}_{k}" for k in range(array.ndim)], array) for n, array in named.items()})


def _same_unit(one: str, other: str) -> bool:
    """Whether two units are the same one, of a scale of 1 or not."""
    try:
        return bool(evaluate(one) == evaluate(other))
    except (ValueError, brian2.DimensionMismatchError):
        return False


def content(carried: Carried) -> str:
    """Hash of arrays and their names."""
    hashed = hashlib.sha256()
    for name, values in sorted(carried.items()):
        hashed.update(name.encode() + np.ascontiguousarray(values, dtype=float).tobytes())
    return hashed.hexdigest()
