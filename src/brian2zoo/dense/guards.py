"""Statements that do nothing unless a shared value says so, such as an update once a mini-batch."""

from collections.abc import Iterable, Mapping
from typing import Any

from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.variables import Subexpression, Variable
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.derive import formulas


def guard(statements: Iterable[str], variables: Mapping[str, Variable]) -> str | None:
    """The shared subexpression at whose zero statements leave all variables as they are; None if there is none.

    What is multiplied by zero is taken to be zero, also where it is infinite by then.
    """
    lines = list(statements)
    used = set().union(*map(get_identifiers, lines))
    if any(not DEFAULT_FUNCTIONS[name].stateless for name in used & DEFAULT_FUNCTIONS.keys()):
        return None
    shared = (n for n in sorted(used) if isinstance(variables.get(n), Subexpression) and variables[n].scalar)
    return next((name for name in shared if _change_nothing(lines, variables, name)), None)


def _change_nothing(lines: Iterable[str], variables: Mapping[str, Variable], zero: str) -> bool:
    values: dict[Any, Any] = {formulas.symbol(zero): 0}
    for line in lines:
        target, operator, expression, _ = parse_statement(line)
        text = expression if operator == "=" else f"({target}) {operator[:-1]} ({expression})"
        if target in DEFAULT_CONSTANTS or target in DEFAULT_FUNCTIONS:
            return False
        try:
            value = formulas.parse(text).xreplace(values)
        except (ValueError, RecursionError):
            return False
        if target not in variables:
            values[formulas.symbol(target)] = value
        elif value != formulas.symbol(target):
            return False
    return True
