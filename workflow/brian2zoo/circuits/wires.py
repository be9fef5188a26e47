"""Which neurons of two populations are connected, and how many there are: expressions of a file of models/circuits."""

import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import brian2
import numpy as np
from brian2.parsing.rendering import NumpyNodeRenderer
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import sizes_of
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.expressions import evaluate

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


def connected(condition: str, sizes: Mapping[str, int], name: str, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of neurons for which a condition holds, each (synapse,), presynaptic index slowest.

    What `rand()` draws depends on the name of the projection alone, so that a network is the same for every seed.
    """
    n_pre, n_post = sizes["N_pre"], sizes["N_post"]
    rows = max(_MOST_AT_ONCE // max(n_post, 1), 1)
    rng, j, found = np.random.default_rng(zlib.crc32(name.encode())), np.arange(n_post)[None, :], []
    for begin in range(0, n_pre, rows):
        i = np.arange(begin, min(begin + rows, n_pre))[:, None]
        shape = (len(i), n_post)
        names = {**sizes, "i": i, "j": j, "rand": partial(rng.random, shape)}
        held = np.broadcast_to(computed(condition, names, f"{place}.pairs"), shape)
        found.append(np.stack(np.nonzero(held)) + np.array([[begin], [0]]))
    pre, post = np.concatenate(found, axis=1)
    return pre, post


def computed(text: str, names: Mapping[str, Any], place: str) -> np.ndarray:
    """Value of an expression of indices, as Brian2's conditions of `connect` have them."""
    code = NumpyNodeRenderer().render_expr(text)
    scope = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_not": np.logical_not}
    scope |= {"int": np.int_, "int_": np.int_, "abs": np.abs, "sqrt": np.sqrt, "exp": np.exp, "floor": np.floor}
    unknown = sorted(get_identifiers(text) - names.keys() - {*scope, "and", "or", "not"})
    where, field = place.split(": ")
    if unknown:
        remedy = did_you_mean(unknown[0], names, f"it may name {', '.join(sorted(names))}")
        raise ZooError(where, field, f"unknown name '{unknown[0]}' in '{text}'", remedy)
    try:
        with np.errstate(all="ignore"):
            return np.asarray(eval(code, {"__builtins__": {}}, scope | dict(names)))
    except (ArithmeticError, TypeError, ValueError) as error:
        problem = f"'{text}' cannot be computed ({error})"
        raise ZooError(where, field, problem, "write a condition of i and j, as Brian2's connect has it") from None
