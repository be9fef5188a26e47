"""Fields of a neuron's or a synapse's file: as formulas, their units, and the refusal of what has none."""

import operator
import re
from collections.abc import Iterable
from typing import Any

import sympy as sp
from brian2 import DimensionMismatchError, get_dimensions
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import Equations
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.derive import formulas
from brian2zoo.derive.formulas import symbol
from brian2zoo.equations.pieces import constants
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel, SynapseModel

_OPERATORS = {
    "=": lambda _, value: value, "+=": operator.add, "-=": operator.sub, "*=": operator.mul, "/=": operator.truediv,
    "**=": operator.pow,
}  # fmt: skip
_RANDOM = {"xi", "rand", "randn", "poisson"}
_UNITS = {name: Variable(name, dimensions=unit.dim) for name, unit in DEFAULT_UNITS.items()}


def parsed(file: NeuronModel | SynapseModel, field: str, text: str) -> sp.Expr:
    """The formula a text of a field writes."""
    try:
        return formulas.parse(text)
    except ValueError as error:
        raise ZooError(file.path, field, str(error), "use + - * /, names and Brian2's functions") from None


def shorthand(file: NeuronModel | SynapseModel, field: str, equations: Equations) -> dict[sp.Symbol, sp.Expr]:
    """What the subexpressions among a field's equations stand for, in terms of variables."""
    whole = dict(equations.get_substituted_expressions(include_subexpressions=True))
    return {symbol(name): parsed(file, field, whole[name].code) for name in equations.subexpr_names}


def assigned(file: NeuronModel | SynapseModel, field: str, line: str, before: sp.Expr, value: sp.Expr) -> sp.Expr:
    """What a statement makes of its variable, by its operator."""
    _, sign, _, _ = parse_statement(line)
    if sign not in _OPERATORS:
        raise ZooError(file.path, field, f"'{line}' cannot be differentiated", f"use {' '.join(_OPERATORS)}")
    return _OPERATORS[sign](before, value)


def refuse_chance(file: NeuronModel | SynapseModel, fields: Iterable[str]) -> None:
    """Refuse random numbers in any of the fields."""
    for field in fields:
        text = re.sub(r"#.*", "", getattr(file, field))
        random = sorted(n for n in get_identifiers(text) if n in _RANDOM or n.startswith("xi_"))
        if random:
            problem = f"'{random[0]}' is random: the derivative of a sample path is not that of its mean"
            remedy = "derive from the deterministic model, and add noise to the rule's neuron afterwards"
            raise ZooError(file.path, field, problem, remedy)


def dimensions(file: NeuronModel | SynapseModel, equations: Equations, expression: str) -> Any:
    """Dimensions of an expression of a file's variables and parameters; None if it names something else."""
    names = {name: equation.dim for name, equation in equations.items()}
    names |= {name: get_dimensions(value) for name, value in constants(file, {}).items()}
    known = _UNITS | DEFAULT_FUNCTIONS | {name: Variable(name, dimensions=dim) for name, dim in names.items()}
    if get_identifiers(expression) - set(known):
        return None
    try:
        return parse_expression_dimensions(expression.strip(), known)
    except DimensionMismatchError as error:
        raise ZooError(file.path, "equations", f"units do not match: {error}", "'brian2zoo check' says more") from None
