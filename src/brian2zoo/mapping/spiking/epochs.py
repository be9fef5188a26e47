"""Learning epochs: an engine that learns once in several steps, of what has happened since it last did.

A rule says so by conditions, and their values say which these are: one of the time alone, which holds once an epoch,
and one of the time since a spike, which holds for the spikes of one epoch.
"""

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from brian2zoo.formats.expressions import evaluate

_STEPS = 1000
_FROM = (0, 10**4, 10**5, 10**6)
"""A condition of the time is looked at for 1,000 steps from each of these on."""


def condition(node: ast.expr) -> ast.expr | None:
    """The condition of `int(condition)`, or a condition; None if it is something else."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "int" and len(node.args) == 1:
        node = node.args[0]
    return node if isinstance(node, ast.Compare | ast.BoolOp) else None


def period(when: ast.expr, values: Mapping[str, Any], dt: Any) -> int | None:
    """Steps from one time at which a condition holds to the next; None if they vary, or are more than a third of 1,000.

    Parameters
    ----------
    dt : of a step, with its unit.
    """
    step = np.add.outer(_FROM, np.arange(_STEPS)).ravel()
    holds = _holds(when, {**values, "t": step * dt, "dt": dt})
    if holds is None or holds[:_STEPS].sum() < 3:
        return None
    first, second = np.flatnonzero(holds)[:2]
    return int(second - first) if (holds == ((step - first) % (second - first) == 0)).all() else None


def reach(when: ast.expr, spike: str, values: Mapping[str, Any], dt: Any) -> int | None:
    """Steps before this one whose spikes make a condition hold; None if it leaves out one of these steps.

    Parameters
    ----------
    spike : name of the time of the last spike, which is not of this step yet.
    """
    age = np.arange(1, _STEPS)
    holds = _holds(when, {**values, "t": _STEPS * dt, spike: (_STEPS - age) * dt, "dt": dt})
    found = 0 if holds is None else int(holds.sum())
    return found if 0 < found < age.size and holds[:found].all() else None


def _holds(when: ast.expr, names: Mapping[str, Any]) -> np.ndarray | None:
    try:
        found = np.asarray(evaluate(ast.unparse(when), names, each=True))
    except ValueError:
        return None
    return found if found.dtype == bool and found.ndim == 1 else None
