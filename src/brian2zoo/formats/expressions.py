"""Evaluate the right-hand sides of parameter lines: numbers, units, other names, a few functions."""

import ast
from collections.abc import Mapping
from copy import deepcopy
from functools import cache, reduce
from types import CodeType
from typing import Any

import brian2
import numpy as np
from brian2.core.namespace import DEFAULT_UNITS

from brian2zoo.formats.language import MOST_INTEGER, parse

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

_MOST_BITS = 1024


def evaluate(expression: str, names: Mapping[str, Any] | None = None, *, each: bool = False) -> Any:
    """Value of an arithmetic expression, with its Brian2 unit.

    Parameters
    ----------
    expression : such as ``(w_max - w_min)/2**bits`` or ``3.9*ms``.
    names : values of further names; they take precedence over units and `FUNCTIONS`.
    each : whether `and`, `or` and `not` are for each element of arrays.

    Raises
    ------
    ValueError
        If the text is not arithmetic, names something unknown, or mixes units. The message is one line.
    """
    code, used = _parsed(expression, each)
    scope: dict[str, Any] = {_POWER: _power, **_LOGICAL}
    for name in used:
        for source in (names or {}, FUNCTIONS, DEFAULT_UNITS):
            if name in source:
                scope[name] = source[name]
                break
        else:
            raise ValueError(f"unknown name '{name}' in '{expression}'")
    try:
        with np.errstate(all="ignore"):
            value = eval(code, {"__builtins__": {}}, scope)
        return float(value) if isinstance(value, int) and abs(value) > MOST_INTEGER else value
    except brian2.DimensionMismatchError as error:
        raise ValueError(f"units do not match in '{expression}': {error}") from error
    except (TypeError, ZeroDivisionError, OverflowError) as error:
        raise ValueError(f"'{expression}' cannot be evaluated: {error}") from error


@cache  # circuits are put together from the same few lines again and again
def _parsed(expression: str, each: bool) -> tuple[CodeType, frozenset[str]]:
    """An expression, compiled, and the names in it; ValueError as `evaluate`."""
    body = _BoundedPowers().visit(deepcopy(parse(expression)))
    tree = ast.Expression(_Elementwise().visit(body) if each else body)
    used = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - {_POWER, *_LOGICAL}
    return compile(ast.fix_missing_locations(tree), "<parameter>", "eval"), used


_POWER = "__power"
_LOGICAL = {"__and": np.logical_and, "__or": np.logical_or, "__not": np.logical_not}
"""No names of the language."""


class _Elementwise(ast.NodeTransformer):
    """Calls functions of arrays for `and`, `or` and `not`."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        self.generic_visit(node)
        function = ast.Name("__and" if isinstance(node.op, ast.And) else "__or", ast.Load())
        return reduce(lambda one, other: ast.Call(function, [one, other], []), node.values)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return ast.Call(ast.Name("__not", ast.Load()), [node.operand], []) if isinstance(node.op, ast.Not) else node


class _BoundedPowers(ast.NodeTransformer):
    """Calls `_power` for every **."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.Call(ast.Name(_POWER, ast.Load()), [node.left, node.right], [])


def _power(base: Any, exponent: Any) -> Any:
    """``base**exponent``; of integers as a float where Python would work out more digits than one has."""
    if isinstance(base, int) and isinstance(exponent, int) and abs(exponent) * base.bit_length() > _MOST_BITS:
        base = float(base)
    if not brian2.get_dimensions(exponent).is_dimensionless:  # of an array Brian2 would not come to an end
        raise TypeError("the exponent has a unit")
    return base**exponent


def evaluate_lines(lines: Mapping[str, str], names: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of lines in order; a line may use the names of those before it. ValueError as `evaluate`."""
    values: dict[str, Any] = {}
    for name, expression in lines.items():
        values[name] = evaluate(expression, {**(names or {}), **values})
    return values
