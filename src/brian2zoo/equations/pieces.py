"""Equations and statements, line by line, each with the file and field that it comes from."""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import brian2
from brian2.equations.equations import FLOAT, SUBEXPRESSION, EquationError, Equations, SingleEquation
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.errors import ZooError
from brian2zoo.formats import language
from brian2zoo.formats.expressions import evaluate_lines
from brian2zoo.formats.files import as_dict

_BASE_UNITS = ("metre", "kilogram", "second", "ampere", "kelvin", "mole", "candle")
_WORD = re.compile(r"\b[A-Za-z_]\w*")


@dataclass(frozen=True)
class Line:
    """One equation or statement.

    Parameters
    ----------
    where, field : the file it comes from, and the field in it.
    names : what the file calls the names that composing has given it, and those that it could have used.
    before : a statement as it was before the order of the statements around it was seen to; empty if the same.
    """

    text: str
    where: Path
    field: str
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    before: str = field(default="", compare=False)

    def renamed(self, names: Mapping[str, str]) -> "Line":
        """With other names, all replaced at once."""
        before = {new: self.names.get(name, name) for name, new in names.items()}
        return replace(self, text=renamed(self.text, names), names={**self.names, **before})

    @property
    def source(self) -> str:
        """The file and the field."""
        return f"{self.where}: {self.field}"


class Block(tuple[Line, ...]):
    """Lines that run, or hold, together."""

    @classmethod
    def of_equations(cls, where: Path, key: str, text: str) -> "Block":
        """The equations of a field, each in one line."""
        return cls(Line(equation, where, key) for equation in language.one_a_line(text))

    @classmethod
    def of_statements(cls, where: Path, key: str, text: str) -> "Block":
        """The statements of a field."""
        return cls(Line(statement, where, key) for statement in statements(text))

    def __add__(self, other: Iterable[Line]) -> "Block":
        return Block((*self, *other))

    @property
    def text(self) -> str:
        """As Brian2 gets it."""
        return "\n".join(line.text for line in self)

    def renamed(self, names: Mapping[str, str]) -> "Block":
        """With other names, all replaced at once."""
        return Block(line.renamed(names) for line in self)


NOTHING = Block()


def source_of(equations: Block, variable: str) -> str:
    """The file and field of the equation that states a variable; empty if none does."""
    return next((line.source for line in equations if variable in equations_of(line.text)), "")


@dataclass(frozen=True)
class Given:
    """The value of a parameter, and the file and field it comes from."""

    value: Any
    where: Path
    field: str


@cache
def equations_of(block: str) -> Equations:
    """Brian2's object for a block of equations; experiments have the same blocks, and these the same lines, often."""
    try:
        return Equations([copy(equation) for line in block.splitlines() for equation in _of_line(line)])
    except EquationError:  # a mistake, which is told with its place in the block, or an equation of several lines
        return Equations(block)


@cache
def _of_line(line: str) -> tuple[SingleEquation, ...]:
    """Brian2's objects for a line. A block takes copies, since Brian2 notes in each its place among the others."""
    return tuple(Equations(line).values())


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text with other names, all replaced at once."""
    return _WORD.sub(lambda word: names.get(word[0], word[0]), text)


def given(file: Any, overrides: Mapping[str, str]) -> dict[str, Given]:
    """Parameters of a file by name, as `constants` works them out."""
    return {name: Given(value, file.path, f"parameters.{name}") for name, value in constants(file, overrides).items()}


def values(parameters: Mapping[str, Given]) -> dict[str, Any]:
    """The values alone."""
    return {name: parameter.value for name, parameter in parameters.items()}


def constants(file: Any, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Values of a file's parameters, in order, with some of their expressions replaced.

    Parameters
    ----------
    file : anything with `parameters`, loaded from a text file.
    overrides : expression by name; names the file does not have are left alone.
    """
    lines = as_dict(file.parameters)
    lines |= {name: text for name, text in overrides.items() if name in lines}
    try:
        return evaluate_lines(lines)
    except ValueError as error:
        raise ZooError(file.path, "parameters", str(error), "give a value with its unit") from None


def declared(parameters: Mapping[str, Given]) -> Block:
    """`declare`, with where the parameters come from."""
    return Block(Line(declare({name: p.value}), p.where, p.field) for name, p in parameters.items())


def declare(parameters: Mapping[str, Any]) -> str:
    """Equations that make parameters shared constants, which a built program can be given anew."""
    return "\n".join(f"{name} : {unit_name(value)} (shared, constant)" for name, value in parameters.items())


def unit_name(value: Any) -> str:
    """Unit of a quantity as equations spell it; '1' for a number."""
    dimensions = brian2.get_dimensions(value)
    if dimensions.is_dimensionless:
        return "1"
    # Brian2 has units such as amp2, and quotients in parentheses, which its equations do not know.
    name = re.sub(r"\b([a-z]+)(\d)\b", r"\1**\2", repr(brian2.get_unit(dimensions)).replace("^", "**"))
    if "(" not in name:
        return name
    powers = {base: dimensions.get_dimension(base) for base in _BASE_UNITS}
    return "*".join(f"{base}**{power:g}" for base, power in powers.items() if power)


def unit_name_of(equations: Equations, variable: str) -> str:
    """Unit of a variable of some equations."""
    return unit_name(brian2.Quantity(1, dim=equations[variable].dim))


def kind_of(equations: Equations, variable: str) -> str:
    """Unit of a variable of some equations, or its type if it is no number with a unit, as equations spell it."""
    equation = equations[variable]
    return unit_name_of(equations, variable) if equation.var_type == FLOAT else equation.var_type


def join(*blocks: str) -> str:
    """Blocks of lines as one, without empty ones."""
    return "\n".join(block.strip() for block in blocks if block.strip())


def statements(block: str) -> list[str]:
    """Statements of a block, without comments and empty lines."""
    lines = (line.split("#")[0].strip() for line in block.splitlines())
    return [line for line in lines if line]


def written(block: str) -> list[str]:
    """Variables that a block of statements assigns to."""
    return [parse_statement(line)[0] for line in statements(block)]


def names_in(text: str, equations: Equations) -> set[str]:
    """Names in a text, and all that the subexpressions among them are made of."""
    found = get_identifiers(text)
    made_of = {name: get_identifiers(str(e.expr)) for name, e in equations.items() if e.type == SUBEXPRESSION}
    while more := set().union(*(used for name, used in made_of.items() if name in found)) - found:
        found |= more
    return found


def depending(equations: Equations, names: Iterable[str]) -> set[str]:
    """Names, and all subexpressions made of them, directly or by way of others."""
    found = set(names)
    made_of = {n: get_identifiers(str(e.expr)) for n, e in equations.items() if e.type == SUBEXPRESSION}
    while more := {name for name, used in made_of.items() if name not in found and used & found}:
        found |= more
    return found


def in_order(block: Block, equations: Equations, copies: Mapping[str, str] | None = None) -> Block:
    """Statements that read what those before them have written, also by way of subexpressions.

    Brian2 may read a subexpression before the statement that changes what it is made of.

    Parameters
    ----------
    equations : of the neuron or synapse that runs them.
    copies : what is read from a copy, name by name, also by way of a synapse's subexpressions.
    """
    changed, copies, lines = set(), copies or {}, []
    for line in block:
        variable, operator, expression, _ = parse_statement(line.text)
        stale = depending(equations, changed | copies.keys())
        through = {n: f"({e.expr})" for n, e in equations.items() if n in stale and e.type == SUBEXPRESSION}
        if names_in(expression, equations) & (through.keys() | copies.keys()):
            for _ in through:  # one may be made of another
                expression = renamed(expression, through)
            expression = renamed(expression, copies)
            line = replace(line, text=f"{variable} {operator} {expression}", before=line.text)
        if operator in ("//=", "%=", "**="):  # Brian2 knows two of them not at all, and % of C++ keeps the sign
            own = f"{variable} = {variable} {operator[:-1]} ({expression})"
            line = replace(line, text=own, before=line.before or line.text)
        changed.add(variable)
        lines.append(line)
    return Block(lines)
