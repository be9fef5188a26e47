"""Numbers outside the domains that the lines of a file state."""

import operator
from collections.abc import Mapping
from typing import Any

import brian2
import numpy as np

from brian2zoo.check.strings import Text, in_unit
from brian2zoo.formats.expressions import evaluate, evaluate_lines
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.language import Domain, domain_of

_HOLDS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_BROKEN = {">": "not above", ">=": "below", "<": "not below", "<=": "above"}


def outside(value: Any, domain: Domain, names: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with a value, such as 'is not above 0', and a remedy; None if it is in the domain.

    Parameters
    ----------
    names : values of the names in the bounds.

    Raises
    ------
    ValueError
        If a bound cannot be evaluated, or has another unit than the value; 0 is of any.
    """
    number = np.asarray(value)
    limits = " and ".join(f"{op} {bound}" for op, bound in domain.bounds)
    kind = "whole number" if domain.whole else "number" if np.isfinite(number) else "finite number"
    remedy = f"give a {kind} {limits}".rstrip()
    if np.iscomplexobj(number):
        return "is no real number", remedy
    if np.isnan(number):
        return "is not a number", remedy
    if np.isinf(number):
        return None if domain.infinite and number > 0 else ("is infinite", remedy)
    for op, bound in domain.bounds:
        limit = evaluate(bound, names)
        found, expected = brian2.get_dimensions(limit), brian2.get_dimensions(value)
        if found is not expected and np.any(np.asarray(limit) != 0):
            raise ValueError(f"the bound '{bound}' is {in_unit(found)}, the value {in_unit(expected)}")
        if not _HOLDS[op](number, np.asarray(limit)):
            return f"is {_BROKEN[op]} {bound}", remedy
    if domain.whole and number != np.round(number):
        return "is not whole", remedy
    return None


def refuse_outside(text: Text, domain: str, value: Any, names: Mapping[str, Any]) -> None:
    """Raise the `ZooError` that the value of a text is outside its domain.

    Parameters
    ----------
    domain : as the line states it.
    names : as in `outside`.
    """
    try:
        found = outside(value, domain_of(domain), names)
    except ValueError as error:
        raise text.wrong(
            f"in its domain '[{domain}]': {error}", "name parameters of the file, in the same unit"
        ) from None
    if found is not None:
        problem, remedy = found
        raise text.wrong(f"'{text.text}' {problem}", remedy)


def outside_lines(file: Any, overrides: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Parameters of a file outside their domains, each as `outside` tells it; ValueError as `evaluate_lines`.

    Parameters
    ----------
    overrides : expressions in place of the file's; names it does not have are left alone.
    """
    lines = as_dict(file.parameters)
    values = evaluate_lines(lines | {name: text for name, text in overrides.items() if name in lines})
    told = {line.name: outside(values[line.name], domain_of(line.domain), values) for line in file.parameters}
    return {name: found for name, found in told.items() if found is not None}
