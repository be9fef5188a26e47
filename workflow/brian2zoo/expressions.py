"""Evaluate the right-hand sides of parameter lines: numbers, units, other names, a few functions."""

import ast
from collections.abc import Mapping
from functools import cache
from types import CodeType
from typing import Any

import brian2
import numpy as np
from brian2.core.namespace import DEFAULT_UNITS

FUNCTIONS: Mapping[str, Any] = {
    "sqrt": np.sqrt,
    "exp": brian2.exp,
    "log": brian2.log,
    "abs": np.abs,
    "floor": np.floor,
    "trunc": np.trunc,
    "clip": np.clip,
    "where": brian2.where,
    "inf": np.inf,
    "pi": np.pi,
}

_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Compare,
    ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip


def evaluate(expression: str, names: Mapping[str, Any] | None = None) -> Any:
    """Value of an arithmetic expression, with its Brian2 unit.

    Parameters
    ----------
    expression : such as ``(w_max - w_min)/2**bits`` or ``3.9*ms``.
    names : values of further names; they take precedence over units and `FUNCTIONS`.

    Raises
    ------
    ValueError
        If the text is not arithmetic, names something unknown, or mixes units. The message is one line.
    """
    code, used = _parsed(expression)
    scope = {}
    for name in used:
        for source in (names or {}, FUNCTIONS, DEFAULT_UNITS):
            if name in source:
                scope[name] = source[name]
                break
        else:
            raise ValueError(f"unknown name '{name}' in '{expression}'")
    try:
        return eval(code, {"__builtins__": {}}, scope)
    except brian2.DimensionMismatchError as error:
        raise ValueError(f"units do not match in '{expression}': {error}") from error
    except (TypeError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"'{expression}' cannot be evaluated: {error}") from error


@cache  # circuits are put together from the same few lines again and again
def _parsed(expression: str) -> tuple[CodeType, frozenset[str]]:
    """An expression, compiled, and the names in it; ValueError as `evaluate`."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except SyntaxError as error:
        raise ValueError(f"'{expression}' is not an expression") from error
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise ValueError(f"'{expression}' is more than arithmetic ({type(node).__name__})")
    used = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return compile(tree, "<parameter>", "eval"), used


def evaluate_lines(lines: Mapping[str, str], names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of lines in order; a line may use the names of those before it. ValueError as `evaluate`."""
    values: dict[str, Any] = {}
    for name, expression in lines.items():
        values[name] = evaluate(expression, {**(names or {}), **values})
    return values
