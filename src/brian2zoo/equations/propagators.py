"""How linear equations move on by a time step without an error: the methods `exact` and `exponential_euler`.

Of dx/dt = A x + b, with b constant over a step, the solution is

    x(t + dt) = P x + Q b,    P = exp(A dt),    Q = integral of exp(A s) from 0 to dt

whatever the poles of A are: equal, nearly equal, zero, complex. The symbolic solution, which is Brian2's, divides by
each pole and by each difference of two. Here each equation takes one of these paths, which its strings decide:

    alone         it reads no other and has no b, dx/dt = a x:    x exp(a dt), as Brian2 has it
    propagated    all of A that it needs is made of parameters:   a row of P and of Q; these are numbers, worked out
                  from the parameters' values and given to the program as further parameters
    driven        dx/dt = a x + b, where a is no parameter:       x exp(a dt) + b dt exprel(a dt)
    paired        dx/dt = a x + c y + b and dy/dt = d y, where one of a, c, d is no parameter:
                                                                  the above + y c dt exp(d dt) exprel((a - d) dt)

All else is refused: of three equations whose poles differ between neurons, or change, any may meet. What stands still
while a neuron is refractory has a zero row in A and b then; an equation that reads it takes a path for either state.
`exponential_euler` takes each equation by itself, all other variables as they are, on the first or the third path.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

import brian2
import mpmath
import numpy as np
import sympy as sp
from brian2.core.functions import exprel
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, Equations, extract_constant_subexpressions
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.utils.stringtools import get_identifiers
from sympy.solvers.solveset import NonlinearError

from brian2zoo.equations.pieces import declare, equations_of, join, renamed
from brian2zoo.errors import ZooError

METHODS = ("exact", "exponential_euler")
DT = sp.Symbol("dt", real=True, positive=True)
ACTIVE = "int(not_refractory)"
_RANDOM = {"rand", "randn", "poisson", "binomial"}

# Propagators are worked out with so many digits that neither units nor cancellation show in a double.
_DIGITS = 50
_IN_NUMBERS = {
    "int_": lambda condition: mpmath.mpf(bool(condition)),
    "clip": lambda x, low, high: min(max(x, low), high),
}

# Event-driven equations are solved by Brian2. Poles that differ by less than this over a step cost it 5 of 16 digits.
_APART = 1e-5

_OTHER = "take 'method: euler'"

Code = TypeVar("Code")
"""The code of a neuron or a synapse."""


class Unsolvable(Exception):
    """Why an equation cannot be integrated: its variable, the problem, and a remedy if it is not `_OTHER`."""


@dataclass(frozen=True)
class Linear:
    """Differential equations dx/dt = A x + b of n variables.

    Parameters
    ----------
    names : the variables.
    matrix, constant : A (n, n) and b (n, 1).
    still : variables that stand still while the neuron is refractory.
    """

    names: tuple[str, ...]
    matrix: sp.ImmutableMatrix
    constant: sp.ImmutableMatrix
    still: frozenset[str] = frozenset()

    def while_refractory(self) -> "Linear":
        """The same equations while the neuron is refractory."""
        moving = sp.diag(*(int(name not in self.still) for name in self.names))
        return Linear(self.names, (moving * self.matrix).as_immutable(), (moving * self.constant).as_immutable())

    def behind(self, name: str) -> "Linear":
        """The equation of a variable, first, and those of all that it reads, directly or through others."""
        found = [self.names.index(name)]
        for i in found:
            found += [j for j in range(len(self.names)) if self.matrix[i, j] != 0 and j not in found]
        names = tuple(self.names[i] for i in found)
        matrix, constant = self.matrix.extract(found, found), self.constant.extract(found, [0])
        return Linear(names, matrix.as_immutable(), constant.as_immutable(), self.still & {*names})

    @property
    def varying(self) -> list[str]:
        """Names in A."""
        return sorted(str(symbol) for symbol in self.matrix.free_symbols)


@dataclass(frozen=True)
class Row:
    """The first row of P and Q of some equations, entry by entry, Q only where b is not zero.

    Parameters
    ----------
    names : what the entries are called.
    columns : the variable that each belongs to.
    of_constant : whether it is one of Q.
    augmented : A with a column more for each entry of Q; square. Its exponential has the row as its first.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    of_constant: tuple[bool, ...]
    augmented: sp.ImmutableMatrix

    def values(self, known: Mapping[str, Any]) -> tuple[float, ...]:
        """The numbers, in SI units; an error of arithmetic, type or name if the values in A are not finite and real."""
        names = sorted(map(str, self.augmented.free_symbols))
        matrix = _numbers(self.augmented, tuple(names), tuple(_number(known, name) for name in names))
        return _exponential(matrix, _number(known, "dt"))


@dataclass(frozen=True)
class Step:
    """Statements that move equations on by a time step, and the rows of propagators in them, by variable."""

    statements: str
    rows: tuple[tuple[str, Row], ...]


def integrated(code: Code, known: Mapping[str, Any]) -> Code:
    """Code that says itself how its equations move on, where their method is one of this module.

    Parameters
    ----------
    known : value by name of what is equal for all units and all time, `dt` among it, beside the code's own parameters.

    Raises
    ------
    ZooError
        If a method cannot integrate an equation.
    """
    equations = equations_of(code.equations)
    if not equations.diff_eq_names:
        return code
    known = {**known, **code.parameters}
    events = {name for name in equations.diff_eq_names if "event-driven" in equations[name].flags}
    clocked = [name for name in equations if name in equations.diff_eq_names - events]
    refractory = bool(getattr(code, "refractory", ""))
    still = frozenset(name for name in clocked if refractory and "unless refractory" in equations[name].flags)
    try:
        _check_events(_formulas(equations, events), known)
        _check_noise(equations, code.method or "euler")
        if code.method not in METHODS or not clocked:
            _check_stability(_formulas(equations, set(clocked)), code.method or "euler", known)
            return code
        made = step(code.method, _formulas(equations, set(clocked)), still, frozenset(known))
        values = _quantities(equations, made.rows, known)
    except Unsolvable as unsolvable:
        raise _told(code, *unsolvable.args) from None
    return replace(
        code,
        equations=join(code.equations, declare(values)),
        parameters={**code.parameters, **values},
        update=made.statements,
    )


@cache
def step(method: str, formulas: tuple[tuple[str, str], ...], still: frozenset[str], known: frozenset[str]) -> Step:
    """How equations move on by a step.

    Parameters
    ----------
    formulas : variable and right-hand side, without subexpressions.
    still : variables that stand still while the neuron is refractory.
    known : names that are equal for all units and all time.

    Raises
    ------
    Unsolvable
        If the method cannot integrate one of them.
    """
    if method == "exponential_euler":
        apart = [linear(method, (formula,), still) for formula in formulas]
        rows: list[tuple[str, Row]] = []
        moved = {each.names[0]: _in_either_state(each, lambda one, _: _by_itself(one)) for each in apart}
    else:
        system, rows = linear(method, formulas, still), []

        def path(equations: Linear, suffix: str) -> str:
            return _path(equations, suffix, known, rows)

        moved = {name: _in_either_state(system.behind(name), path) for name in system.names}
    statements = [f"_{name} = {text}" for name, text in moved.items()] + [f"{name} = _{name}" for name in moved]
    return Step("\n".join(statements), tuple(rows))


def linear(method: str, formulas: Iterable[tuple[str, str]], still: frozenset[str] = frozenset()) -> Linear:
    """Equations as dx/dt = A x + b; Unsolvable if they are not of this form."""
    formulas = tuple(formulas)
    names = tuple(name for name, _ in formulas)
    symbols = [sp.Symbol(name, real=True) for name in names]
    rows, constants = [], []
    for name, text in formulas:
        used = get_identifiers(text)
        random = sorted(n for n in used if n in _RANDOM or n == "xi" or n.startswith("xi_"))
        if random:
            problem = f"d{name}/dt has '{random[0]}', and {_called(method)} takes nothing random"
            raise Unsolvable(name, problem, _other(method))
        if "t" in used and method != "exponential_euler":
            problem = f"d{name}/dt names the time t, and {_called(method)} takes what is constant over a step"
            hold = "put it into a variable, 'x = ... : 1 (constant over dt)', or "
            raise Unsolvable(name, problem, (hold if method == "exact" else "") + _other(method))
        try:
            matrix, negative = sp.linear_eq_to_matrix([str_to_sympy(text).expand()], symbols)
        except NonlinearError as error:
            what = " ".join(str(error).split())
            problem = f"d{name}/dt is not linear ({what}), and {_called(method)} takes linear equations alone"
            raise Unsolvable(name, problem, _other(method)) from None
        rows.append(matrix)
        constants.append(-negative)
    matrix, constant = (sp.Matrix.vstack(*parts).as_immutable() for parts in (rows, constants))
    return Linear(names, matrix, constant, still & {*names})


def _in_either_state(equations: Linear, path: Callable[[Linear, str], str]) -> str:
    """The first of some equations after a step, refractory or not.

    Parameters
    ----------
    path : how they move on, of the equations as they are then, and what is to end the names of their propagators.
    """
    active = path(equations, "")
    if not equations.still:
        return active
    name = equations.names[0]
    held = name if name in equations.still else path(equations.while_refractory().behind(name), "_refractory")
    return f"{ACTIVE}*({active}) + (1 - {ACTIVE})*({held})"


def _path(equations: Linear, suffix: str, known: frozenset[str], rows: list[tuple[str, Row]]) -> str:
    """The first of some equations after a step; `rows` gets the propagators it needs."""
    name, alone = equations.names[0], len(equations.names) == 1
    varying = [n for n in equations.varying if n not in known and n not in DEFAULT_UNITS]
    if alone and (varying or equations.matrix.is_zero_matrix or equations.constant.is_zero_matrix):
        return _by_itself(equations)
    if not varying:
        row = _propagators(equations, suffix)
        rows.append((name, row))
        terms = dict(zip(equations.names, equations.constant, strict=True))
        parts = [
            f"{number}*({sympy_to_str(terms[column])})" if constant else f"{number}*{column}"
            for number, column, constant in zip(row.names, row.columns, row.of_constant, strict=True)
        ]
        return " + ".join(parts)
    if len(equations.names) > 2 or equations.matrix[1, 0] != 0 or equations.constant[1] != 0:
        others = ", ".join(equations.names[1:])
        problem = f"d{name}/dt reads {others} by '{varying[0]}', which is no parameter, so that their poles may meet"
        raise Unsolvable(name, problem, f"make '{varying[0]}' a parameter, or {_OTHER}")
    y = sp.Symbol(equations.names[1], real=True)
    a, c, d = equations.matrix[0, 0], equations.matrix[0, 1], equations.matrix[1, 1]
    return f"{_by_itself(equations)} + {sympy_to_str(y * between(a, c, d))}"


def between(a: sp.Expr, c: sp.Expr, d: sp.Expr) -> sp.Expr:
    """What y adds to x in a step, of dx/dt = a x + c y and dy/dt = d y, right at a = d too."""
    return c * DT * sp.exp(d * DT) * (exprel((a - d) * DT) if a != d else 1)


def _by_itself(equations: Linear) -> str:
    """x exp(a dt) + b dt exprel(a dt) of the first of some equations, whatever others it reads."""
    x, a, b = sp.Symbol(equations.names[0], real=True), equations.matrix[0, 0], equations.constant[0]
    moved = sympy_to_str(x * sp.exp(a * DT))
    driven = f"dt*exprel({sympy_to_str(a * DT)})" if a != 0 else "dt"
    return f"{moved} + {driven}*({sympy_to_str(b)})" if b != 0 else moved


def _propagators(equations: Linear, suffix: str) -> Row:
    """The row of P and Q of the first of some equations."""
    name, size = equations.names[0], len(equations.names)
    driven = [i for i in range(size) if equations.constant[i] != 0]
    columns = [*equations.names, *(equations.names[i] for i in driven)]
    of_constant = (False,) * size + (True,) * len(driven)
    kinds = ("from", "from_rate_of")
    names = [f"{name}_{kinds[q]}_{column}{suffix}" for column, q in zip(columns, of_constant, strict=True)]
    augmented = sp.zeros(len(columns))
    augmented[:size, :size] = equations.matrix
    for column, i in enumerate(driven, start=size):
        augmented[i, column] = 1
    return Row(tuple(names), tuple(columns), of_constant, augmented.as_immutable())


def _number(known: Mapping[str, Any], name: str) -> float:
    return float(np.asarray(known[name] if name in known else DEFAULT_UNITS[name]))


@cache
def _numbers(
    matrix: sp.ImmutableMatrix, names: tuple[str, ...], values: tuple[float, ...]
) -> tuple[tuple[mpmath.mpf, ...], ...]:
    symbols = [DT if name == "dt" else sp.Symbol(name, real=True) for name in names]
    with mpmath.workdps(_DIGITS):
        rows = sp.lambdify(symbols, matrix.tolist(), [_IN_NUMBERS, "mpmath"])(*map(mpmath.mpf, values))
        return tuple(tuple(mpmath.mpf(entry) for entry in row) for row in rows)


@cache
def _exponential(matrix: tuple[tuple[mpmath.mpf, ...], ...], dt: float) -> tuple[float, ...]:
    """First row of exp(matrix dt)."""
    if not all(mpmath.isfinite(entry) for row in matrix for entry in row):
        raise OverflowError
    with mpmath.workdps(_DIGITS):
        found = mpmath.expm(mpmath.matrix(matrix) * dt)
        row = tuple(float(found[0, column]) for column in range(found.cols))
    if not all(map(np.isfinite, row)):
        raise OverflowError
    return row


def _quantities(
    equations: Equations, rows: Iterable[tuple[str, Row]], known: Mapping[str, Any]
) -> dict[str, brian2.Quantity]:
    """Propagators by name, with their units."""
    found: dict[str, brian2.Quantity] = {}
    for name, row in rows:
        try:
            values = row.values(known)
        except (ArithmeticError, TypeError, NameError):
            used = ", ".join(f"{n} = {known[n]}" for n in sorted(map(str, row.augmented.free_symbols)) if n in known)
            raise Unsolvable(name, f"d{name}/dt has no finite coefficients with {used}", "correct the values") from None
        for number, column, of_constant, value in zip(row.names, row.columns, row.of_constant, values, strict=True):
            if number in found or number in equations:
                raise Unsolvable(name, f"'{number}' is what a propagator of '{name}' is called", f"rename '{number}'")
            dimensions = equations[name].dim / equations[column].dim
            found[number] = brian2.Quantity(value, dim=dimensions * brian2.second.dim if of_constant else dimensions)
    return found


def _formulas(equations: Equations, names: set[str]) -> tuple[tuple[str, str], ...]:
    """Right-hand sides without subexpressions, but for those that are constant over a step, in the file's order."""
    kept = [
        equation
        for name, equation in equations.items()
        if "summed" not in equation.flags and (equation.type != DIFFERENTIAL_EQUATION or name in names)
    ]
    plain, _ = extract_constant_subexpressions(Equations(kept))
    found = {name: expression.code for name, expression in plain.get_substituted_expressions()}
    return tuple((name, found[name]) for name in equations if name in found)


def _check_noise(equations: Equations, method: str) -> None:
    """That the method takes the noise `xi` of the equations, where there is some; Unsolvable if not."""
    noisy = [name for name in equations if equations[name].stochastic_variables]
    if not noisy or method in METHODS:  # these say so in their own words
        return
    taking = ["heun", "milstein"] if equations.stochastic_type == "multiplicative" else ["euler", "heun", "milstein"]
    if method not in taking:
        kind = "noise that is multiplied by a variable" if len(taking) == 2 else "noise"
        problem = f"d{noisy[0]}/dt has {kind}, which {_called(method)} does not take"
        raise Unsolvable(noisy[0], problem, f"take 'method: {taking[0]}'")


def _check_stability(formulas: tuple[tuple[str, str], ...], method: str, known: Mapping[str, Any]) -> None:
    """That what decays by its equations does not grow by a method; Unsolvable if it does.

    Known of equations that are linear, with all that these read, and have coefficients that are equal for all.
    """
    dt = _number(known, "dt")
    for system in _linear_systems(formulas):
        names = tuple(system.varying)
        try:
            matrix = _numbers(system.matrix, names, tuple(_number(known, name) for name in names))
        except (KeyError, ArithmeticError, TypeError, NameError):
            continue  # a coefficient that differs between units, or changes
        for pole in np.linalg.eigvals(np.array(matrix, dtype=complex)):
            if pole.real < 0 and abs(_GROWTH[method](pole * dt)) > 1 + 1e-9:
                name, lasts = system.names[0], f"{-1e3 / pole.real:.3g} ms"
                problem = (
                    f"d{name}/dt decays with {lasts}, and in steps of {dt * 1e3:g} ms {_called(method)} makes it grow"
                )
                raise Unsolvable(
                    name, problem, "take 'method: exact', a smaller protocol.dt, or a longer time constant"
                )


_GROWTH: dict[str, Callable[[complex], complex]] = {
    "euler": lambda z: 1 + z,
    "milstein": lambda z: 1 + z,
    "rk2": lambda z: 1 + z + z**2 / 2,
    "heun": lambda z: 1 + z + z**2 / 2,
    "rk4": lambda z: 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24,
}
"""What a step makes of x, of dx/dt = z x/dt."""


@cache
def _linear_systems(formulas: tuple[tuple[str, str], ...]) -> list[Linear]:
    """Each equation that is linear with all that it reads, first, and these; what reads least comes first."""
    texts = {name: renamed(text, {"xi": "0"}) for name, text in formulas}
    systems = []
    for name in texts:
        read = [name]
        for each in read:
            read += [n for n in texts if n in get_identifiers(texts[each]) and n not in read]
        with contextlib.suppress(Unsolvable):
            systems.append(linear("exponential_euler", ((n, texts[n]) for n in read)))
    return sorted(systems, key=lambda system: len(system.names))


def _check_events(formulas: tuple[tuple[str, str], ...], known: Mapping[str, Any]) -> None:
    """That the poles of event-driven equations, which Brian2 solves, are apart; Unsolvable if not."""
    if not formulas:
        return
    system = linear("event-driven", formulas)
    for name in system.names:
        equations = system.behind(name)
        driven = not equations.constant.is_zero_matrix
        if len(equations.names) == 1 and not driven:
            continue
        varying = [n for n in equations.varying if n not in known and n not in DEFAULT_UNITS]
        never_zero = len(equations.names) == 1 and not sp.fraction(sp.together(equations.matrix[0]))[0].free_symbols
        if varying and never_zero:
            continue
        if varying or not _are_apart(equations, driven, known):
            problem = f"'{name}' is event-driven, and the poles of its equation and of those it reads may meet"
            raise Unsolvable(name, problem, "make them (clock-driven), under 'method: exact'")


def _are_apart(equations: Linear, driven: bool, known: Mapping[str, Any]) -> bool:
    names = tuple(equations.varying)
    matrix = _numbers(equations.matrix, names, tuple(_number(known, name) for name in names))
    poles = np.linalg.eigvals(np.array(matrix, dtype=float)).tolist() + [0.0] * driven
    dt = _number(known, "dt")
    gaps = [abs(a - b) * dt for i, a in enumerate(poles) for b in poles[:i]]
    return min(gaps, default=np.inf) >= _APART and all(np.imag(pole) == 0 for pole in poles)


def _other(method: str) -> str:
    return "make it (clock-driven), under 'method: euler'" if method == "event-driven" else _OTHER


def _called(method: str) -> str:
    return "an event-driven equation" if method == "event-driven" else f"method '{method}'"


def _told(code: Code, name: str, problem: str, remedy: str = _OTHER) -> ZooError:
    """A mistake in the equation of a variable, in the words of the file that has it."""
    lines = code.pieces["equations"]
    line = next((line for line in lines if name in equations_of(line.text).names), lines[0])
    return ZooError(line.where, line.field, renamed(problem, line.names), remedy)
