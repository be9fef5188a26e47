"""Which neurons of two populations are connected, and how many there are: expressions of a file of models/circuits."""

import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import brian2
import numpy as np

from brian2zoo.circuits import sizes_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.expressions import evaluate

Place = tuple[str | Path, str]
"""A file and a field of it."""
_MOST_NEURONS = 10**7
_MOST_AT_ONCE = 2**22
"""Pairs of neurons of which a condition is computed at once."""


def whole_size(plan: CircuitPlan, field: str, size: str, layers: Sequence[int]) -> int:
    """Number of neurons of a population that is no layer; ZooError if it is none."""
    where = plan.path
    try:
        found = float(evaluate(size, sizes_of(layers)))
    except (TypeError, ValueError, brian2.DimensionMismatchError) as error:
        raise ZooError(where, field, str(error), "write an expression of N_input, N_hidden, N_output") from None
    if not (found.is_integer() and 0 < found <= _MOST_NEURONS):
        problem = f"'{size}' is {found:g} neurons"
        raise ZooError(where, field, problem, f"give a whole number from 1 to {_MOST_NEURONS}")
    return int(found)


def connected(condition: str, sizes: Mapping[str, int], name: str, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of neurons for which a condition holds, each (synapse,), presynaptic index slowest.

    What `rand()` draws depends on the name of the projection alone, so that a network is the same for every seed.

    Parameters
    ----------
    sizes : `N_pre` and `N_post` among them.

    Raises
    ------
    ZooError
        At `place`, if it is no condition.
    """
    n_pre, n_post = sizes["N_pre"], sizes["N_post"]
    rows = max(_MOST_AT_ONCE // max(n_post, 1), 1)
    rng, j, found = np.random.default_rng(zlib.crc32(name.encode())), np.arange(n_post)[None, :], []
    for begin in range(0, n_pre, rows):
        i = np.arange(begin, min(begin + rows, n_pre))[:, None]
        shape = (len(i), n_post)
        held = _computed(condition, {**sizes, "i": i, "j": j, "rand": partial(rng.random, shape)}, place)
        if held.dtype != bool:
            problem = f"'{condition}' is no condition"
            raise ZooError(*place, problem, "compare i and j, as Brian2's connect does, such as 'i == j'")
        found.append(np.stack(np.nonzero(np.broadcast_to(held, shape))) + np.array([[begin], [0]]))
    pre, post = np.concatenate(found, axis=1)
    return pre, post


def signs(text: str, sizes: Mapping[str, int], pairs: tuple[np.ndarray, np.ndarray] | None, place: Place) -> np.ndarray:
    """Factor of the weight of each pair, (synapse,), of all with all without `pairs`; ZooError if it is no number."""
    i, j = np.divmod(np.arange(sizes["N_pre"] * sizes["N_post"]), sizes["N_post"]) if pairs is None else pairs
    found = _computed(text, {**sizes, "i": i, "j": j}, place)
    if found.dtype == bool:
        raise ZooError(*place, f"'{text}' is a condition, no number", "write int(...) around it")
    if not np.isfinite(found).all():
        raise ZooError(*place, f"'{text}' is no finite number for some pair", "give a number for each i and j")
    return np.broadcast_to(found, i.shape).astype(float)


def _computed(text: str, names: Mapping[str, Any], place: Place) -> np.ndarray:
    try:
        return np.asarray(evaluate(text, {**names, "int": lambda value: np.asarray(value).astype(int)}, each=True))
    except ValueError as error:
        raise ZooError(*place, str(error), f"it may name {', '.join(sorted(names))}") from None
