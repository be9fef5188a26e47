"""Which neurons of two populations are connected, how many and how late: expressions of a file of models/circuits."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import sizes_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.circuits import CircuitPlan, ProjectionPlan
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.language import unreal
from brian2zoo.formats.pairs import MOST_NEURONS, PairTable

Pairs = tuple[np.ndarray, np.ndarray]
Place = tuple[Path, str]
"""A file and a field of it."""
MOST_PAIRS = 10**8
"""Pairs of the neurons of two populations, connected or not."""
_MOST_AT_ONCE = 2**22
"""Pairs for which a condition is computed at once."""


def whole_size(plan: CircuitPlan, field: str, size: str, layers: Sequence[int]) -> int:
    """Number of neurons of a population that is no layer; ZooError if it is none."""
    where = plan.path
    try:
        found = float(evaluate(size, sizes_of(layers)))
    except (TypeError, ValueError, brian2.DimensionMismatchError) as error:
        problem = f"'{size}' is no number: {' '.join(str(error).split())}"
        raise ZooError(where, field, problem, "write an expression of N_input, N_hidden, N_output") from None
    if not (found.is_integer() and 0 < found <= MOST_NEURONS):
        problem = f"'{size}' is {found:g} neurons"
        raise ZooError(where, field, problem, f"give a whole number from 1 to {MOST_NEURONS}")
    return int(found)


def wires(
    stated: ProjectionPlan,
    sizes: Mapping[str, int],
    name: str,
    where: Path,
    field: str,
    table: PairTable | None = None,
) -> tuple[Pairs | None, np.ndarray | None]:
    """Pairs of neurons, each (synapse,), presynaptic index slowest, None for all; and factors of weights, None for 1.

    What `rand()` draws depends on the name of the projection alone, so that a network is the same for every seed.

    Parameters
    ----------
    sizes : `N_pre` and `N_post` among them.
    where, field : of the entry, for mistakes in it.
    table : that it names, if any.

    Raises
    ------
    ZooError
        If there are too many pairs, an expression is not what it has to be, or the table has too high an index.
    """
    n_pre, n_post = sizes["N_pre"], sizes["N_post"]
    if table is not None:
        pairs = _listed(table, sizes, name)
        place = where, f"{field}.sign"
        return pairs, _signs(stated.sign, sizes, pairs, table.columns, place) if stated.sign else None
    few = _number_of_inputs(stated.inputs, sizes, (where, f"{field}.inputs")) if stated.inputs else 0
    tried = n_post * few if few and not stated.pairs else n_pre * n_post
    if tried > MOST_PAIRS and not _one_to_one(stated.pairs):
        problem = f"{n_pre} and {n_post} neurons have {tried} pairs, more than {MOST_PAIRS}"
        raise ZooError(where, field, problem, "take smaller populations")
    if n_pre % stated.copies:
        problem = f"{n_pre} neurons are not {stated.copies} equal parts"
        raise ZooError(where, f"{field}.copies", problem, "give a number that divides them")
    pairs = _connected(stated.pairs, sizes, name, (where, f"{field}.pairs")) if stated.pairs else None
    if few:
        pairs = _drawn(pairs, few, sizes, name)
    return pairs, _signs(stated.sign, sizes, pairs, {}, (where, f"{field}.sign")) if stated.sign else None


def delays(
    text: str,
    sizes: Mapping[str, int],
    pairs: Pairs | None,
    dt: float,
    name: str,
    place: Place,
    table: PairTable | None = None,
) -> np.ndarray | None:
    """Delays of synapses in s, (synapse,), whole steps of `dt` s; None if the text is one delay for all.

    What `rand()` draws depends on the name of the projection alone.
    """
    columns = table.columns if table is not None else {}
    if not get_identifiers(text) & {"i", "j", "rand", *columns}:
        return None
    i, j = _ends(sizes, pairs)
    rng = np.random.default_rng([zlib.crc32(name.encode()), 2])
    names = {**sizes, **columns, "i": i.astype(float), "j": j.astype(float), "rand": lambda: rng.random(i.shape)}
    found = np.broadcast_to(_computed(text, names, place, brian2.second), i.shape)
    if not (np.isfinite(found).all() and found.min() >= 0):
        raise ZooError(*place, f"'{text}' is no time of 0 or more for some synapse", "write one such as '5*ms*rand()'")
    return np.rint(found / dt) * dt


def _listed(table: PairTable, sizes: Mapping[str, int], name: str) -> Pairs:
    for end, found, side in (("i", table.pre, "N_pre"), ("j", table.post, "N_post")):
        if (highest := int(found.max())) >= sizes[side]:
            problem = f"{end} goes up to {highest}, and {name} has {sizes[side]} neurons on that side, from 0 on"
            raise ZooError(table.path, end, problem, "give larger layers, or take these pairs away")
    return table.pre, table.post


def _number_of_inputs(text: str, sizes: Mapping[str, int], place: Place) -> int:
    try:
        found = float(evaluate(text, sizes))
    except (TypeError, ValueError, brian2.DimensionMismatchError) as error:
        problem = f"'{text}' is no number: {' '.join(str(error).split())}"
        raise ZooError(*place, problem, f"it may name {', '.join(sorted(sizes))}") from None
    if not (found.is_integer() and found >= 1):
        raise ZooError(*place, f"'{text}' is {found:g} inputs", "give a whole number of 1 or more")
    return int(found)


def _drawn(allowed: Pairs | None, few: int, sizes: Mapping[str, int], name: str) -> Pairs:
    """So many of the pairs that are allowed for each postsynaptic neuron, or all where there are fewer."""
    n_pre, n_post = sizes["N_pre"], sizes["N_post"]
    rng = np.random.default_rng([zlib.crc32(name.encode()), 1])
    if allowed is None:
        every = [np.arange(n_pre)] * n_post
    else:
        pre, post = allowed
        order = np.argsort(post, kind="stable")
        every = np.split(pre[order], np.cumsum(np.bincount(post, minlength=n_post))[:-1])
    taken = [rng.choice(each, min(few, len(each)), replace=False, shuffle=False) for each in every]
    pre, post = np.concatenate(taken), np.repeat(np.arange(n_post), [len(each) for each in taken])
    order = np.lexsort((post, pre))
    return pre[order], post[order]


def _ends(sizes: Mapping[str, int], pairs: Pairs | None) -> Pairs:
    """Neurons of every synapse."""
    return np.divmod(np.arange(sizes["N_pre"] * sizes["N_post"]), sizes["N_post"]) if pairs is None else pairs


def _one_to_one(condition: str) -> bool:
    return "".join(condition.split()) == "i==j"


def _connected(condition: str, sizes: Mapping[str, int], name: str, place: Place) -> Pairs:
    n_pre, n_post = sizes["N_pre"], sizes["N_post"]
    if _one_to_one(condition):  # of populations whose pairs are too many to try, too
        each = np.arange(min(n_pre, n_post))
        return each, each
    rows = max(_MOST_AT_ONCE // max(n_post, 1), 1)
    rng, j, found = np.random.default_rng(zlib.crc32(name.encode())), np.arange(float(n_post))[None, :], []
    for begin in range(0, n_pre, rows):
        i = np.arange(float(begin), min(begin + rows, n_pre))[:, None]
        shape = (len(i), n_post)
        held = _computed(condition, {**sizes, "i": i, "j": j, "rand": lambda shape=shape: rng.random(shape)}, place)
        if held.dtype != bool:
            problem = f"'{condition}' is no condition"
            raise ZooError(*place, problem, "compare i and j, as Brian2's connect does, such as 'i == j'")
        found.append(np.stack(np.nonzero(np.broadcast_to(held, shape))) + np.array([[begin], [0]]))
    pre, post = np.concatenate(found, axis=1)
    return pre, post


def _signs(
    text: str, sizes: Mapping[str, int], pairs: Pairs | None, columns: Mapping[str, np.ndarray], place: Place
) -> np.ndarray:
    i, j = _ends(sizes, pairs)
    found = _computed(text, {**sizes, **columns, "i": i.astype(float), "j": j.astype(float)}, place)
    if found.dtype == bool:
        raise ZooError(*place, f"'{text}' is a condition, no number", "write int(...) around it")
    if not np.isfinite(found).all():
        raise ZooError(*place, f"'{text}' is no finite number for some pair", "give a number for each i and j")
    return np.broadcast_to(found, i.shape).astype(float)


def _computed(text: str, names: Mapping[str, Any], place: Place, unit: Any = None) -> np.ndarray:
    """Value of an expression of indices, in a unit or without one; each function takes as many values as it has to."""
    if part := unreal(text):
        raise ZooError(*place, f"'{part}' in '{text}' is no real number", "write a number that is one")
    try:
        value = evaluate(text, {**names, **_OF_ARRAYS}, each=True)
    except ValueError as error:
        problem = f"'{text}' cannot be computed: {' '.join(str(error).split())}"
        raise ZooError(*place, problem, f"it may name {', '.join(sorted(names))}") from None
    if unit is not None and not callable(value):
        if not brian2.have_same_dimensions(value, unit):
            raise ZooError(*place, f"'{text}' is not in {unit!r}", f"write it with its unit, such as 1*{unit!r}")
        value = value / unit
    elif not callable(value) and not brian2.get_dimensions(value).is_dimensionless:
        raise ZooError(*place, f"'{text}' has a unit", "write a number without one; the weight has the unit")
    found = np.asarray(value)
    if found.dtype.kind not in "biuf":
        raise ZooError(*place, f"'{text}' is no real number", f"it may name {', '.join(sorted(names))}")
    return found


_OF_ARRAYS = {
    "int": lambda x: np.trunc(np.asarray(x, dtype=float)),
    "abs": lambda x: np.abs(x),
    "sqrt": lambda x: np.sqrt(x),
    "exp": lambda x: np.exp(x),
    "log": lambda x: np.log(x),
    "floor": lambda x: np.floor(x),
    "trunc": lambda x: np.trunc(x),
    "clip": lambda x, low, high: np.clip(x, low, high),
    "where": lambda condition, yes, no: np.where(condition, yes, no),
}
"""By functions of their own, since those of NumPy take an array to write to."""
