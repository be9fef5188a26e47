"""Statements of a synapse as a linear recursion in its own variables, with factors that one side alone decides.

What a block of steps needs of a rule's strings: after each statement, a variable is a sum of terms, of any
factors that all synapses share,

    variable * (what one side gives)    or    (what the presynaptic neuron gives) * (what the postsynaptic one gives)

All else is `NotLinear`, with the line and the reason.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import sympy as sp
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.derive import formulas

Side = Literal["pre", "post"]
SIDES: tuple[Side, Side] = ("pre", "post")
OTHER: dict[Side, Side] = {"pre": "post", "post": "pre"}

_TAKEN = DEFAULT_CONSTANTS.keys() | DEFAULT_FUNCTIONS.keys()
"""Names that formulas take for what Brian2 calls so."""

_MOST_TERMS = 24
"""Terms of a variable after a statement: more cost a block more than the steps do."""

_HIGHEST_POWER = 4
"""Of a sum that is multiplied out."""


class NotLinear(Exception):
    """Why statements cannot be taken in blocks, in words."""


ZERO, ONE = sp.Integer(0), sp.Integer(1)


@dataclass(frozen=True)
class Term:
    """A product: of a variable of the synapse, or of none, and of what is shared and what each side gives."""

    variable: str | None = None
    shared: sp.Expr = ONE
    pre: sp.Expr = ONE
    post: sp.Expr = ONE

    def times(self, other: "Term") -> "Term":
        """The product of two terms; `NotLinear` if both have a variable."""
        if self.variable and other.variable:
            raise NotLinear(f"it multiplies '{self.variable}' by '{other.variable}'")
        products = (getattr(self, part) * getattr(other, part) for part in ("shared", "pre", "post"))
        return Term(self.variable or other.variable, *products)


Terms = tuple[Term, ...]
Kind = Literal["pre", "post", "shared", "synapse", "chance"]


@dataclass(frozen=True)
class Names:
    """What names in statements stand for.

    Parameters
    ----------
    kind : of a name that is no local variable: on which side it is, shared by all synapses, or their own.
    variables : those of the synapse that the recursion is about.
    """

    kind: Callable[[str], Kind]
    variables: frozenset[str]


def after(statements: Iterable[str], names: Names) -> tuple[dict[str, Terms], dict[str, str]]:
    """What statements make of the variables of `names`, in terms of these before; and the line that does it, by name.

    Raises
    ------
    NotLinear
        If that is no sum of terms.
    """
    known: dict[str, Terms | NotLinear] = {name: (Term(name),) for name in names.variables}
    lines: dict[str, str] = {}
    for line in statements:
        target, operator, expression, _ = parse_statement(line)
        text = expression if operator in ("=", ":=") else f"({target}) {operator[:-1]} ({expression})"
        if target in _TAKEN:
            raise NotLinear(f"'{line}': '{target}' is called as something that Brian2 knows")
        try:
            known[target] = _merged(_terms(_parsed(text), names, known))
        except NotLinear as error:
            known[target] = NotLinear(f"'{line}': {error}") if "': " not in str(error) else error
        if target in names.variables:
            lines[target] = line
    found = {}
    for name in lines:
        terms = known[name]
        if isinstance(terms, NotLinear):
            raise terms
        found[name] = terms
    return found, lines


def _parsed(text: str) -> sp.Expr:
    called = get_identifiers(text) & DEFAULT_FUNCTIONS.keys()
    for name in sorted(called):
        if not DEFAULT_FUNCTIONS[name].stateless:
            raise NotLinear(f"it calls {name}()")
    try:
        return formulas.parse(text)
    except (ValueError, RecursionError) as error:  # some differences of comparisons SymPy turns for ever
        raise NotLinear(str(error)) from None


def _terms(formula: sp.Basic, names: Names, known: Mapping[str, Terms | NotLinear]) -> Terms:
    """A formula as a sum of terms, nothing merged."""
    used = {str(symbol) for symbol in formula.free_symbols}
    local = used & known.keys()
    if not local:
        kinds = {names.kind(name): name for name in sorted(used)}
        if "synapse" in kinds:
            raise NotLinear(f"it reads '{kinds['synapse']}', which each synapse has its own of")
        sides = kinds.keys() & {*SIDES}
        if len(sides) < 2:
            number, rest = formula.as_coeff_Mul()
            return (Term(**{"shared": number} | dict.fromkeys(sides, rest)) if sides else Term(shared=formula),)
    if isinstance(formula, sp.Symbol):
        terms = known[str(formula)]
        if isinstance(terms, NotLinear):
            raise terms
        return terms
    if isinstance(formula, sp.Add):
        return _few(sum((_terms(part, names, known) for part in formula.args), ()))
    if isinstance(formula, sp.Mul):
        return _product(_terms(part, names, known) for part in formula.args)
    if isinstance(formula, sp.Pow) and formula.exp.is_Integer:
        base = _terms(formula.base, names, known)
        if len(base) == 1 and base[0].variable is None:
            parts = (getattr(base[0], part) ** formula.exp for part in ("shared", "pre", "post"))
            return (Term(None, *parts),)
        if 0 < formula.exp <= _HIGHEST_POWER:
            return _product([base] * int(formula.exp))
    return _of_one_side(formula, names, known)


def _of_one_side(formula: sp.Basic, names: Names, known: Mapping[str, Terms | NotLinear]) -> Terms:
    """A function of something: a term if all of its parts belong to one side, local variables written out."""
    written_out = {}
    for symbol in formula.free_symbols:
        if str(symbol) not in known:
            continue
        terms = _terms(symbol, names, known)
        variable = next((term.variable for term in terms if term.variable), None)
        if variable:
            raise NotLinear(f"it is not linear in '{variable}'")
        written_out[symbol] = sp.Add(*(term.shared * term.pre * term.post for term in terms))
    if written_out:
        return _terms(formula.xreplace(written_out), names, {})
    raise NotLinear(f"'{formulas.written(formula)}' is no product of what either side gives")


def _product(factors: Iterable[Terms]) -> Terms:
    product: Terms = (Term(),)
    for terms in factors:
        product = _few(tuple(one.times(other) for one in product for other in terms))
    return product


def _merged(terms: Terms) -> Terms:
    """Terms that differ by what is shared alone as one."""
    sums: dict[tuple[str | None, sp.Expr, sp.Expr], list[sp.Expr]] = {}
    for term in terms:
        sums.setdefault((term.variable, term.pre, term.post), []).append(term.shared)
    merged = (Term(variable, sp.Add(*shared), pre, post) for (variable, pre, post), shared in sums.items())
    return tuple(term for term in merged if ZERO not in (term.shared, term.pre, term.post))


def _few(terms: Terms) -> Terms:
    if len(terms) > _MOST_TERMS:
        raise NotLinear(f"it has more than {_MOST_TERMS} terms")
    return terms


# --- What it takes to run it backwards -----------------------------------------------------------


@dataclass(frozen=True)
class Operation:
    """What happens to the variables at one moment of a step.

    Parameters
    ----------
    name : of the Brian2 object that does it.
    spikes : the side whose spikes it follows; None if it happens in every step.
    after : terms of each variable that it changes.
    lines : the statement that changes it.
    """

    name: str
    spikes: Side | None
    after: Mapping[str, Terms]
    lines: Mapping[str, str]


@dataclass(frozen=True)
class Moved:
    """An operation, seen from the side that decides how variables move on.

    Parameters
    ----------
    factors : of the other side, formulas.
    inputs : by variable and number of the factor, what this side multiplies the factor by.
    coefficients : by variable and the variable it is made of, where that is not itself alone.
    """

    operation: Operation
    factors: tuple[sp.Expr, ...]
    inputs: Mapping[tuple[str, int], sp.Expr]
    coefficients: Mapping[tuple[str, str], sp.Expr]


def moving_side(operations: Iterable[Operation]) -> Side:
    """The side that decides all coefficients, `post` if none does; `NotLinear` if both do."""
    candidates = set(SIDES)
    for operation in operations:
        for name, terms in operation.after.items():
            own = [term for term in terms if term.variable]
            if own == [Term(name)]:
                continue
            deciding = {side for side in SIDES for term in own if getattr(term, side) != ONE}
            deciding |= {operation.spikes} - {None}
            candidates &= {side for side in SIDES if deciding <= {side}}
            if not candidates:
                problem = f"'{operation.lines[name]}': both sides decide how '{name}' moves on"
                raise NotLinear(problem)
    return "post" if "post" in candidates else "pre"


def moved(operation: Operation, moving: Side) -> Moved:
    """An operation as factors, inputs and coefficients."""
    factors: dict[sp.Expr, int] = {}
    inputs: dict[tuple[str, int], sp.Expr] = {}
    coefficients: dict[tuple[str, str], sp.Expr] = {}
    for name, terms in operation.after.items():
        coefficients[name, name] = ZERO
        for term in terms:
            own = term.shared * getattr(term, moving)
            if term.variable:
                key = (name, term.variable)
                coefficients[key] = coefficients.get(key, ZERO) + own
            else:
                number = factors.setdefault(getattr(term, OTHER[moving]), len(factors))
                inputs[name, number] = inputs.get((name, number), ZERO) + own
        if coefficients[name, name] == 1:
            del coefficients[name, name]
    return Moved(operation, tuple(factors), inputs, coefficients)
