"""Bounds within which a store keeps a weight: those of a `write` that ends in `w = clip(..., low, high)`."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import brian2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from brian2.parsing.statements import parse_statement

from brian2zoo.equations.pieces import constants, equations_of, statements
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import SynapseModel

if TYPE_CHECKING:
    from brian2zoo.circuits import Projection

_ROUNDING = 1e-9
"""Of the range, by which a weight that was meant to be at its end may lie beyond it."""


def bounds(store: SynapseModel, overrides: Mapping[str, str]) -> tuple[float, float] | None:
    """Least and greatest weight in SI units; None if the store has no bounds, or others for each synapse."""
    written = (parse_statement(line) for line in reversed(statements(store.write)))
    text = next((text for name, operator, text, _ in written if (name, operator) == ("w", "=")), "w")
    call = ast.parse(text.strip(), mode="eval").body
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "clip":
        return None
    values = constants(store, overrides)
    for name, equation in equations_of(store.state).items():
        if equation.type == SUBEXPRESSION:
            try:
                values[name] = evaluate(str(equation.expr), values)
            except ValueError:  # it reads the weight
                continue
    try:
        low, high = (np.asarray(evaluate(ast.unparse(end), values), float) for end in call.args[1:])
    except ValueError:
        return None
    return (float(low), float(high)) if low.ndim == high.ndim == 0 else None


def refuse_beyond(path: str | Path, projection: "Projection", drawn: np.ndarray) -> None:
    """Refuse weights that the store's first write would clip.

    Parameters
    ----------
    path : of the experiment whose `weights` they are.
    drawn : in SI units, before the sign of the projection.

    Raises
    ------
    ZooError
        If one is beyond the bounds.
    """
    within = bounds(projection.synapse, projection.overrides)
    if within is None:
        return
    signed = drawn * (1 if projection.sign is None else projection.sign)
    if (np.abs(signed - np.clip(signed, *within)) <= _ROUNDING * (within[1] - within[0])).all():
        return
    dim = equations_of(projection.synapse.state)["w"].dim
    low, high = (str(brian2.Quantity(end, dim=dim)).removesuffix(".").replace(". ", " ") for end in within)
    raise ZooError(
        path,
        f"weights.{projection.kind}",
        f"there are weights outside {low} to {high}, where '{projection.synapse.name}' keeps them",
        "draw within these, clip what is drawn, or move the bounds",
    )
