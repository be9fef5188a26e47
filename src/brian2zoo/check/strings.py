"""Brian2 strings against the names they may use: is every name known, does every unit fit?

Nothing is compiled. Every function raises the `ZooError` of the first mistake it meets.
"""

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.codegen.translation import STANDARD_IDENTIFIERS, analyse_identifiers
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import (
    BOOLEAN,
    DIFFERENTIAL_EQUATION,
    FLOAT,
    INTEGER,
    SUBEXPRESSION,
    EquationError,
    Equations,
    SingleEquation,
    parse_string_equations,
)
from brian2.parsing.bast import brian_ast
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from brian2zoo.compose.samples import SAMPLE_NUMBER
from brian2zoo.datasets.events import EventTimes
from brian2zoo.equations.pieces import Line, equations_of, renamed, statements, unit_name
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.expressions import FUNCTIONS, evaluate
from brian2zoo.formats.language import unreal

SECOND = brian2.second.dim

# Names that Brian2, or composing, gives a meaning of their own.
_RESERVED = {
    "j",
    "delay",
    "lastspike",
    "lastupdate",
    "not_refractory",
    "data",
    "dw",
    "T_sample",
    "T_answer",
    SAMPLE_NUMBER,
}
# Names end up in C++.
_CPP_WORDS = """
    alignas alignof and_eq asm auto bitand bitor bool case catch char char8_t char16_t char32_t compl concept
    const const_cast consteval constexpr constinit co_await co_return co_yield decltype default delete do double
    dynamic_cast enum explicit export extern false float friend goto inline int long mutable namespace new
    noexcept not_eq nullptr operator or_eq private protected public register reinterpret_cast requires short
    signed sizeof static static_assert static_cast struct switch template this thread_local throw true typedef
    typeid typename union unsigned using virtual void volatile wchar_t xor xor_eq assert errno stdin stdout
    stderr std brian dense NULL EOF NAN INFINITY HUGE_VAL BUFSIZ RAND_MAX M_PI M_E CHAR_BIT INT_MAX INT_MIN
    LONG_MAX DBL_MAX DBL_MIN FLT_MAX DT
"""
_CPP = frozenset(re.findall(r"\w+", _CPP_WORDS))
_SIDES = {"pre": "presynaptic", "post": "postsynaptic"}
_INCOMPATIBLE = [("event-driven", "clock-driven"), ("summed", "shared", "constant over dt")]
"""Flags that Brian2 refuses together at synapses."""
_UNREADABLE = (SyntaxError, ValueError, TypeError, NotImplementedError)

# Brian2 spells units in messages by their dimensions.
_SPELLED = {
    f" ({unit.dim})": f" {unit!r}"
    for unit in (brian2.volt, brian2.amp, brian2.siemens, brian2.ohm, brian2.farad, brian2.second, brian2.hertz)
} | {" (1)": " 1"}

RANDOM = frozenset({"rand", "randn", "poisson", "binomial"})

_WHOLE = ("i", "j", "N", "t_in_timesteps")
_TYPES = {BOOLEAN: bool, INTEGER: int, FLOAT: float}

Names = dict[str, Any]


def _built_in(**dimensions: Any) -> Names:
    types = dict.fromkeys(_WHOLE, int)
    return {name: Variable(name, dimensions=dim, dtype=types.get(name)) for name, dim in dimensions.items()}


_CLOCK = _built_in(t=SECOND, dt=SECOND, T_sample=SECOND, T_answer=SECOND, t_in_timesteps=DIMENSIONLESS, N=DIMENSIONLESS)
_CLOCK |= _built_in(**{SAMPLE_NUMBER: DIMENSIONLESS})
_UNITS = {name: Variable(name, dimensions=unit.dim) for name, unit in DEFAULT_UNITS.items()}
_EVERYWHERE: Names = {**_UNITS, **DEFAULT_CONSTANTS, **DEFAULT_FUNCTIONS, **_CLOCK}
_FIXED = frozenset(_EVERYWHERE) | {"i", "j", "data"}


@dataclass(frozen=True)
class Text:
    """A string and where it stands; `names` are the file's own for those that composing has given it."""

    where: Path
    field: str
    text: str
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, line: Line) -> "Text":
        """A line of something composed."""
        return cls(line.where, line.field, line.before or line.text, line.names)

    def wrong(self, problem: str, remedy: str) -> ZooError:
        """A mistake in it, in one line and in the file's own words."""
        problem, remedy = (renamed(_one_line(text), self.names) for text in (problem, remedy))
        return ZooError(self.where, self.field, problem, remedy)


@dataclass(frozen=True)
class Scope:
    """The names a string may use.

    Parameters
    ----------
    own : variables of the model itself, beside units, functions and the clock.
    sources : where the names come from, in a message's words.
    fixed : names of `own` that statements may not assign to.
    neurons : names of the neuron models on the sides 'pre' and 'post' of a synapse.
    """

    own: Names
    sources: str
    fixed: Collection[str] = ()
    neurons: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """All of them."""
        return _EVERYWHERE | self.own

    def used(self, expression: str) -> Names:
        """Those that an expression names: Brian2 looks through all that it is given."""
        names = self.names
        return {name: names[name] for name in get_identifiers(expression) if name in names}

    def uniform(self, expression: str) -> bool:
        """Whether it has one value for all neurons, or all synapses."""
        names = get_identifiers(expression)
        varying = {name for name in names if name in self.own and not getattr(self.own[name], "scalar", False)}
        return not varying and not names & {"i", "j", *RANDOM}

    def unknown(self, text: Text, name: str, within: str) -> ZooError:
        """The mistake of using a name that is not here."""
        stem, _, side = name.rpartition("_")
        own = [text.names.get(other, other) for other in self.own]
        if side in self.neurons:
            problem = f"the {_SIDES[side]} neuron '{self.neurons[side]}' has no variable '{stem}' ('{within}')"
            known = [other.removesuffix(f"_{side}") for other in own if other.endswith(f"_{side}")]
            return text.wrong(problem, did_you_mean(stem, known, f"pick another neuron, or give it '{stem}'"))
        # Among the hundreds of units there is one a little like anything.
        otherwise = did_you_mean(name, _EVERYWHERE, f"names come from {self.sources}", likeness=0.8)
        remedy = did_you_mean(name, own, otherwise)
        return text.wrong(f"unknown name '{name}' in '{within}'", remedy)


def neuron_scope(
    equations: Equations, parameters: Iterable[str], refractory: bool, data: Any = None, events: bool = False
) -> Scope:
    """Names for the strings of a neuron.

    Parameters
    ----------
    equations : composed, that is with the parameters.
    parameters : names of the constants among them.
    refractory : whether the neuron has a refractory period, and with it the time of its last spike.
    data : dimensions of `data`; None where a string is given none.
    events : whether the neuron is given events.
    """
    own = variables(equations) | _built_in(i=DIMENSIONLESS)
    if refractory:
        own |= _built_in(lastspike=SECOND)
        own["not_refractory"] = Variable("not_refractory", dtype=bool)
    if data is not None:
        own["data"] = Variable("data", dimensions=data)
    if events:
        own["event_time"] = EventTimes().function
    return Scope(own, "equations, parameters, units and functions", _constant(equations, parameters))


def synapse_scope(equations: Equations, parameters: Iterable[str], sides: Mapping[str, tuple[str, Equations]]) -> Scope:
    """Names for the strings of a synapse.

    Parameters
    ----------
    equations : composed, that is with the parameters of synapse model and rule.
    parameters : names of the constants among them.
    sides : for 'pre' and 'post', name and composed equations of the neuron.
    """
    own = _built_in(i=DIMENSIONLESS, j=DIMENSIONLESS)
    fixed = _constant(equations, parameters)
    for side, (_, neuron) in sides.items():
        own |= {f"{name}_{side}": variable for name, variable in variables(neuron).items()}
        fixed |= {f"{name}_{side}" for name in _constant(neuron, ())}
    own |= {name: v for name, v in variables(equations).items() if "summed" not in equations[name].flags}
    if "w" in equations:
        own["dw"] = Variable("dw", dimensions=equations["w"].dim)
    neurons = {side: name for side, (name, _) in sides.items()}
    sources = "state, parameters, the rule's variables, X_pre and X_post of the neurons, units and functions"
    return Scope(own, sources, fixed, neurons)


def variables(equations: Equations) -> Names:
    """Brian2 variables of equations, good for their units only."""
    return {
        name: Variable(
            name,
            dimensions=equation.dim,
            dtype=_TYPES[equation.var_type],
            scalar="shared" in equation.flags,
        )
        for name, equation in equations.items()
    }


def _constant(equations: Equations, parameters: Iterable[str]) -> set[str]:
    fixed = {n for n, e in equations.items() if e.type == SUBEXPRESSION or "constant" in e.flags}
    return fixed | set(parameters)


def in_unit(dimensions: Any) -> str:
    """What a value is in, such as 'in volt/second', or 'dimensionless'."""
    if dimensions is DIMENSIONLESS:
        return "dimensionless"
    unit, integral = (unit_name(brian2.Quantity(1, dim=dim)) for dim in (dimensions, dimensions * SECOND))
    return f"in {integral}/second" if " " in unit and " " not in integral else f"in {unit}"


def check_name(text: Text, name: str, also_reserved: Collection[str] = ()) -> None:
    """That a parameter or variable may be called `name`."""
    try:
        Equations.check_identifier(name)
    except SyntaxError as error:
        raise text.wrong(_reason(error), f"rename '{name}'") from None
    if name in _CPP:
        raise text.wrong(f"'{name}' has a meaning in C++, which it is translated to", f"rename '{name}'")
    if name.endswith("_"):
        raise text.wrong(
            f"'{name}' ends in an underscore, which Brian2 reads as 'without its unit'", f"rename '{name}'"
        )
    if name in _RESERVED or name in FUNCTIONS or name in also_reserved:
        raise text.wrong(f"'{name}' has a meaning of its own here", f"rename '{name}'")
    if name.endswith(("_pre", "_post")):
        raise text.wrong(f"'{name}' reads as a variable of a neuron at a synapse", "do not end names in _pre or _post")


def evaluate_text(text: Text, names: Mapping[str, Any]) -> Any:
    """Value of a parameter line, or of another expression of numbers, units and `names`."""
    try:
        return evaluate(text.text, names)
    except ValueError as error:
        known = {**names, **FUNCTIONS, **DEFAULT_UNITS}
        unknown = sorted(get_identifiers(text.text) - set(known))
        remedy = "names come from the lines above, units and functions" if unknown else "write a value with its unit"
        for name in unknown:
            remedy = did_you_mean(name, names, "") or did_you_mean(name, known, remedy)
        raise text.wrong(_reason(error), remedy) from None


def parse_equations(text: Text, flags: Mapping[str, Collection[str]]) -> Equations:
    """Equations of a block, if their form, names and flags are right; units are `check_equation`'s."""
    remedy = "write 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'"
    try:
        for name, equation in parse_string_equations(text.text).items():
            check_name(text, _own_name(name, equation))
        equations = equations_of(text.text)
    except EquationError as error:
        if error.__cause__ is not None:
            raise text.wrong(f"'{error.__cause__.line.strip()}' is not an equation", remedy) from None
        problem, _, instead = str(error).partition(". ")
        remedy = "give one equation a variable, in base units: volt, amp, second, 1"
        raise text.wrong(problem, instead if instead.startswith("Use") else remedy) from None
    except SyntaxError as error:
        raise text.wrong(f"'{error.text or text.text}': {error.msg}", remedy) from None
    except RecursionError:
        problem = "the symbolic algebra does not come to an end with one of the equations"
        raise text.wrong(problem, "write it in another form, such as f(-(a + b)) for f(-a - b)") from None
    except _UNREADABLE as error:
        raise text.wrong(_reason(error), remedy) from None
    try:
        equations.check_flags(flags, _INCOMPATIBLE)
    except ValueError as error:
        problem, _, known = str(error).partition(", only the following flags are allowed: ")
        raise text.wrong(problem, f"known are {known}" if known else "remove the flag") from None
    return equations


def _own_name(name: str, equation: SingleEquation) -> str:
    """What a line of equations calls its variable; a summed one belongs to a neuron."""
    return name.removesuffix("_pre").removesuffix("_post") if "summed" in equation.flags else name


def check_equation(text: Text, equation: SingleEquation, scope: Scope) -> None:
    """That the right-hand side has the unit of the left."""
    if equation.expr is None:
        return
    name, expected = equation.varname, equation.dim
    if equation.type == DIFFERENTIAL_EQUATION:
        name, expected = f"d{name}/dt", expected / SECOND
        noise = equation.stochastic_variables
        scope = replace(scope, own=scope.own | _built_in(**dict.fromkeys(noise, SECOND**-0.5)))
    expression = str(equation.expr)
    if "shared" in equation.flags and not scope.uniform(expression):
        problem = f"'{name}' is shared by all, and '{expression}' may be another for each of them"
        raise text.wrong(problem, "take the flag (shared) away, or name shared values alone")
    _compare(text, f"{name} = {expression}", name, expected, dimensions(text, expression, scope))


def check_condition(text: Text, scope: Scope) -> None:
    """That the text is true or false."""
    dimensions(text, text.text, scope)
    if not is_condition(text, scope):
        raise text.wrong(f"'{text.text}' is not a condition", "compare two values, as in 'V > V_th'")


def is_condition(text: Text, scope: Scope) -> bool:
    """Whether an expression, with units that match, is true or false and not a number."""
    try:
        return is_boolean_expression(text.text.strip(), scope.names)
    except SyntaxError:
        return False


def check_statements(texts: Sequence[Text], scope: Scope) -> None:
    """That statements which run one after the other, sharing temporary variables, can be run."""
    unread: dict[str, tuple[Text, str]] = {}
    temporary: Names = {}
    several = False  # whether a variable that is another for each has been set
    uniform: dict[str, bool] = {}  # of what the statements set: whether it has one value for all
    for text in texts:
        for line in statements(text.text):
            here = Scope(scope.own | temporary, scope.sources, scope.fixed, scope.neurons)
            name, operator, expression = parse(text, line)
            found = dimensions(text, expression, here)
            if operator == "=" and (name in uniform or (name in here.own and name != "dw")):
                _refuse_draws(text, line, expression)
            used_names = get_identifiers(expression)
            for used in used_names:
                unread.pop(used, None)
            if "dw" not in uniform and "dw" in (used_names | ({name} if operator != "=" else set())):
                raise text.wrong(f"'{line}' uses dw before it is set", "begin with 'dw = ...'")
            if uniform.get(name) and name in (temporary.keys() | {"dw"}):
                problem = f"'{line}' changes '{name}', which was set to one value for all of them"
                raise text.wrong(problem, "write it in one statement")
            uniform[name] = here.uniform(expression)
            if name in scope.fixed or name in _FIXED:
                raise text.wrong(f"'{line}' assigns to '{name}', which is constant", "assign to a variable")
            if name in here.own:
                if operator not in ("=", "+=", "-="):
                    found = dimensions(text, f"{name} {operator[:-1]} ({expression})", here)
                _compare(text, line, name, here.own[name].dim, found)
                if operator == "=" and name in used_names:
                    _refuse_vanishing(text, line, used_names, here)
                _refuse_one_of_many(text, line, here.own[name], uniform[name], several)
                several = several or not here.own[name].scalar
                _refuse_truncation(text, line, here.own[name], expression, operator, here)
            elif operator != "=" or name.rpartition("_")[2] in scope.neurons:
                raise here.unknown(text, name, line)
            else:
                check_name(text, name)
                temporary[name] = Variable(name, dimensions=found, scalar=uniform[name])
                unread[name] = (text, line)
    for name, (text, line) in unread.items():
        remedy = did_you_mean(name, set(scope.own) - set(scope.fixed), f"declare '{name}', or remove the line")
        raise text.wrong(f"'{line}' sets '{name}', which is no variable and is not used after", remedy)


def parse(text: Text, line: str) -> tuple[str, str, str]:
    """Variable, operator and expression of a statement."""
    try:
        name, operator, expression, _ = parse_statement(line)
    except ValueError:
        raise text.wrong(f"'{line}' is not a statement", "write 'variable = expression', one a line") from None
    if operator != "=" and isinstance(ast.parse(expression.strip(), mode="eval").body, _TRUTHS):
        raise text.wrong(f"'{line}' counts with a condition", "write int(...) around the condition")
    return name, operator, expression


_TRUTHS = (ast.Compare, ast.BoolOp)


def _is_condition(node: ast.expr, names: Mapping[str, Any]) -> bool:
    match node:
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            return True  # whose own parts are looked at by themselves
        case ast.Name(id=name):
            return bool(getattr(names.get(name), "is_boolean", False))
        case ast.Call(func=ast.Name(id=name)):
            return bool(getattr(names.get(name), "_returns_bool", False))
    return False


def _refuse_numbers_as_truths(text: Text, expression: str, names: Mapping[str, Any]) -> None:
    """`and`, `or` and `not` of what is no condition; Brian2 does not know what that is."""
    for node in ast.walk(ast.parse(expression.strip(), mode="eval")):
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            for operand in node.values if isinstance(node, ast.BoolOp) else [node.operand]:
                if not _is_condition(operand, names):
                    problem = f"'{ast.unparse(operand)}' in '{expression}' is no condition"
                    raise text.wrong(problem, "compare it with something")


def dimensions(text: Text, expression: str, scope: Scope) -> Any:
    """Dimensions of an expression."""
    names = scope.names
    for name in sorted(get_identifiers(expression) - set(names)):
        raise scope.unknown(text, name, expression)
    if part := unreal(expression):
        raise text.wrong(f"'{part}' in '{expression}' is no real number", "write a number that is one")
    _refuse_numbers_as_truths(text, expression, names)
    try:
        found = parse_expression_dimensions(expression.strip(), scope.used(expression))
    except brian2.DimensionMismatchError as error:
        raise text.wrong(f"units do not match: {_reason(error)}", "make the units of both sides agree") from None
    except _UNREADABLE as error:
        remedy = "see Brian2's documentation of expressions"
        raise text.wrong(f"'{expression}' cannot be read: {_reason(error)}", remedy) from None
    _refuse_negative_power(text, expression, scope)
    return found


def _refuse_negative_power(text: Text, expression: str, scope: Scope) -> None:
    """Refuse 10**-3: of whole numbers Brian2 makes a whole number, 0, and numpy none at all."""
    for node in ast.walk(brian_ast(expression.strip(), scope.used(expression))):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Pow):
            continue
        never_negative = isinstance(node.right, ast.Constant)
        if node.left.dtype == node.right.dtype == "integer" and not never_negative:
            power = ast.unparse(node)
            problem = f"'{power}' is a power of whole numbers, and loses its fraction where the exponent is negative"
            raise text.wrong(problem, "give the base a point, as in 10.0**-3, or multiply it by 1.0")


def _refuse_draws(text: Text, line: str, expression: str) -> None:
    """Refuse two random numbers by one function in what a variable is set to, which Brian2 does not take."""
    for function in sorted(RANDOM):
        if len(re.findall(rf"\b{function}\s*\(", expression)) > 1:
            problem = f"'{line}' calls {function}() more than once"
            raise text.wrong(problem, "draw each in a statement of its own, such as 'a = rand()'")


def _refuse_vanishing(text: Text, line: str, used: Collection[str], scope: Scope) -> None:
    """Refuse 'x = x + 0*y': Brian2 makes 'x *= 1' of it by SymPy, and then misses y."""
    named = ((name, scope.names[name]) for name in sorted(used))
    types = tuple((name, np.dtype(v.dtype)) for name, v in named if isinstance(v, Variable) and name in scope.own)
    lost = _vanishing(line, types)
    if lost:
        problem = f"'{line}' names '{lost}', on which nothing in it depends"
        raise text.wrong(problem, "leave out what is multiplied by 0, or is 1 or 0 whatever it is of")


@cache
def _vanishing(line: str, types: tuple[tuple[str, np.dtype], ...]) -> str:
    """The first name that Brian2 does not find in a statement once SymPy has worked it out; empty if there is none."""
    names = {name: _EVERYWHERE[name] for name in get_identifiers(line) if name in _EVERYWHERE}
    names |= {name: Variable(name, dtype=dtype) for name, dtype in types}
    _, known, unknown = analyse_identifiers(line, names)
    return min(get_identifiers(line) - known - unknown - STANDARD_IDENTIFIERS, default="")


def _refuse_one_of_many(text: Text, line: str, variable: Variable, uniform: bool, several: bool) -> None:
    """Refuse to set what is shared by all to what is another for each, or after what is another for each."""
    if not variable.scalar or (uniform and not several):
        return
    when = "after a variable that is another for each of them" if uniform else "to what may be another for each of them"
    remedy = "set it first" if uniform else "take the flag (shared) away, or name shared values alone"
    raise text.wrong(f"'{line}' sets '{variable.name}', which is shared by all, {when}", remedy)


def _refuse_truncation(text: Text, line: str, variable: Variable, expression: str, operator: str, scope: Scope) -> None:
    """Refuse what loses a fraction, or a number, because the variable can hold none."""
    expected = {"b": "boolean", "i": "integer"}.get(np.dtype(variable.dtype).kind)
    fitting = {"integer": ("integer", "boolean"), "boolean": ("boolean",)}.get(expected)
    found = brian_ast(expression.strip(), scope.used(expression)).dtype
    if fitting is None or (found in fitting and operator != "/="):
        return
    remedy = "write int(...)" if expected == "integer" else "give a condition, such as 'x > 0'"
    raise text.wrong(f"'{line}' gives '{variable.name}', which is {expected}, a number that may not be", remedy)


def _compare(text: Text, line: str, name: str, expected: Any, found: Any) -> None:
    if found is not expected:
        problem = f"wrong unit in '{line}': {name} is {in_unit(expected)}, the right side {in_unit(found)}"
        raise text.wrong(problem, f"the right side has to be {in_unit(expected)}")


def _reason(error: Exception) -> str:
    """What an exception of Brian2 or Python says, without its line numbers."""
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    for dimension, unit in _SPELLED.items():
        reason = reason.replace(dimension, unit)
    return reason


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
