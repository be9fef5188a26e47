"""Which variable of a neuron is its membrane, where it rests, and what it has to exceed for a spike."""

import ast

import brian2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from brian2.parsing.statements import parse_statement

from brian2zoo.circuits import Population
from brian2zoo.equations.pieces import equations_of, given, statements
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import NeuronModel


def membrane(neuron: NeuronModel) -> tuple[str, str] | None:
    """The variable whose threshold makes a neuron spike, and what it has to exceed; None if it is no such comparison.

    A variable with the unit of a time is a clock and no membrane.
    """
    if not neuron.threshold:
        return None
    tree = ast.parse(neuron.threshold.strip(), mode="eval").body
    if not isinstance(tree, ast.Compare) or not isinstance(tree.ops[0], ast.Gt | ast.GtE):
        return None
    variable = tree.left
    equations = equations_of(neuron.equations)
    if not isinstance(variable, ast.Name) or variable.id not in equations:
        return None
    equation = equations[variable.id]
    if equation.type == SUBEXPRESSION or "constant" in equation.flags or equation.dim is brian2.second.dim:
        return None
    return variable.id, ast.unparse(tree.comparators[0])


def threshold(population: Population) -> float:
    """What the membrane has to exceed while everything else is at zero, SI units; NaN if that is no number."""
    found = membrane(population.neuron)
    return np.nan if found is None else _value(population, found[1])


def rest(population: Population) -> float:
    """Where the membrane is before the first step, SI units; NaN if that is no number."""
    found = membrane(population.neuron)
    initial = map(parse_statement, statements(population.neuron.initial))
    texts = [right for variable, _, right, _ in initial if found is not None and variable == found[0]]
    return _value(population, texts[-1]) if texts else 0.0


def _value(population: Population, expression: str) -> float:
    known = {name: each.value for name, each in given(population.neuron, population.overrides).items()}
    state = {name: brian2.Quantity(0, dim=e.dim) for name, e in equations_of(population.neuron.equations).items()}
    try:
        return float(np.asarray(evaluate(expression, state | known)))
    except ValueError:
        return np.nan
