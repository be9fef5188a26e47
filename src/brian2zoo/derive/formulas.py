"""Formulas: what a file writes, as SymPy has it; its derivative; and back into what Brian2 reads.

Nothing else here calls SymPy's `diff`, `simplify` or printer. SymPy's derivatives name functions that Brian2 does not
have (of a jump), or divide by zero (of a power at zero), and its simplification has no bound on time.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import sympy as sp
from brian2.core.functions import DEFAULT_FUNCTIONS, exprel
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from sympy.core.function import AppliedUndef

_SMOOTH = (
    sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan,
    *(DEFAULT_FUNCTIONS[name].sympy_func for name in ("log10", "expm1", "log1p")),
)  # fmt: skip
_PLAIN = (sp.Add, sp.Mul, sp.Pow, sp.Symbol, sp.Rational, sp.Float, sp.Rel, sp.And, sp.Or, sp.Not)
_CONSTANTS = {sp.pi, sp.E, sp.oo, -sp.oo}


class clip(sp.Function):
    """Brian2's `clip`; one without these properties would not commute in products."""

    nargs, is_commutative, is_extended_real = 3, True, True


class int_(sp.Function):
    """Brian2's `int`, by the name that its printer knows."""

    nargs, is_commutative, is_extended_real = 1, True, True

    @classmethod
    def eval(cls, argument: sp.Basic) -> sp.Integer | None:
        """1 or 0 of a condition that is always or never true."""
        return sp.Integer(bool(argument)) if argument in (sp.true, sp.false) else None


_OWN = {"clip": clip, "int_": int_, "sqrt": sp.sqrt}
_KNOWN = {f.sympy_func for f in DEFAULT_FUNCTIONS.values() if f.sympy_func is not None} | {sp.Mod, clip, int_}


_LONG = 80


class Rough(Exception):
    """A part of a formula that has no derivative; `part` is its text."""

    def __init__(self, part: sp.Basic) -> None:
        self.part = sympy_to_str(part)
        super().__init__(self.part)


def symbol(name: str) -> sp.Symbol:
    """A variable of Brian2 equations; Brian2 takes them all as real, and times as positive."""
    return sp.Symbol(name, real=True, positive=True) if name in ("t", "dt") else sp.Symbol(name, real=True)


def parse(text: str) -> sp.Expr:
    """The formula that a text of Brian2 writes.

    Raises
    ------
    ValueError
        If it is none, or SymPy makes something of it that Brian2 could not read. The message is one line.
    """
    try:
        found = sp.sympify(str_to_sympy(text), strict=True).replace(_is_own, lambda f: _OWN[f.func.__name__](*f.args))
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(f"'{text}' is no formula ({' '.join(reason.split())})") from None
    for part in _unknown(found):
        raise ValueError(f"'{text}' has a part that Brian2 does not know: {part}")
    return found


def _is_own(part: sp.Basic) -> bool:
    return isinstance(part, AppliedUndef) and part.func.__name__ in _OWN


def _unknown(formula: sp.Basic) -> Iterator[str]:
    """Parts that Brian2 could not read."""
    for part in sp.preorder_traversal(formula):
        undefined = isinstance(part, AppliedUndef) and part.func.__name__ in DEFAULT_FUNCTIONS
        if not (isinstance(part, _PLAIN) or part.func in _KNOWN or undefined or part in _CONSTANTS):
            yield {sp.I: "the root of a negative number", sp.zoo: "a division by zero"}.get(part, str(part))


def written(formula: sp.Basic) -> str:
    """The formula as Brian2 reads it.

    Raises
    ------
    ValueError
        If it has a part that Brian2 does not know, such as an imaginary number or a function of SymPy's own.
    """
    for part in _unknown(formula):
        raise ValueError(f"'{sympy_to_str(formula)}' has a part that Brian2 does not know: {part}")
    return sympy_to_str(formula.replace(_has_fractions, _with_decimals))


def _is_fraction(part: sp.Basic) -> bool:
    return part.is_Rational and float(np.float32(part.p / part.q)) != part.p / part.q


def _has_fractions(part: sp.Basic) -> bool:
    return not isinstance(part, sp.Mul) and any(map(_is_fraction, part.args))


def _with_decimals(part: sp.Basic) -> sp.Basic:
    """Numbers such as 65/18 as decimals: Brian2's C++ divides two whole numbers in single precision."""
    return part.func(*[sp.Float(arg) if _is_fraction(arg) else arg for arg in part.args])


def derivative(formula: sp.Basic, by: sp.Symbol, kinks: bool = False) -> sp.Expr:
    """The derivative by one variable, of functions that Brian2 knows.

    Parameters
    ----------
    kinks : whether `abs` and `clip` have a derivative: at the kink itself the mean of those on either side.

    Raises
    ------
    Rough
        If a part that depends on the variable jumps, or has a kink where those are not allowed.
    """
    if by not in formula.free_symbols:
        return sp.Integer(0)
    if formula == by:
        return sp.Integer(1)
    args = formula.args
    inner = [derivative(arg, by, kinks) for arg in args] if isinstance(formula, sp.Expr) else []
    if isinstance(formula, sp.Add):
        return sp.Add(*inner)
    if isinstance(formula, sp.Mul):
        return sp.Add(*[sp.Mul(*args[:i], slope, *args[i + 1 :]) for i, slope in enumerate(inner) if slope != 0])
    if isinstance(formula, sp.Pow):
        return _of_power(formula, *inner)
    if isinstance(formula, _SMOOTH):
        return formula.fdiff() * inner[0]
    if isinstance(formula, exprel):
        return _of_exprel(*args) * inner[0]
    if kinks and isinstance(formula, sp.Abs):
        return sp.sign(*args) * inner[0]
    if kinks and isinstance(formula, clip):
        above, below = (sp.sign(args[0] - bound) for bound in args[1:])
        return (inner[0] * (above - below) + inner[1] * (1 - above) + inner[2] * (1 + below)) / 2
    raise Rough(formula)


def has_kinks(formula: sp.Basic) -> bool:
    """Whether there is an `abs` or a `clip` in it."""
    return bool(formula.atoms(sp.Abs, clip))


def _of_power(power: sp.Pow, of_base: sp.Expr, of_exponent: sp.Expr) -> sp.Expr:
    """Of b**e; SymPy writes e*b**e/b, which is 0/0 at b = 0."""
    base, exponent = power.args
    if of_exponent == 0:
        return exponent * base ** (exponent - 1) * of_base
    if of_base == 0 and base.is_positive:
        return power * sp.log(base) * of_exponent
    raise Rough(power)  # no value where the base is negative, no derivative where it is zero


def _of_exprel(x: sp.Expr) -> sp.Expr:
    """Of (exp(x) - 1)/x; near zero by its series, where the quotient would lose all digits."""
    near = int_(sp.Abs(x) < sp.Rational(1, 1000))
    series = sp.Rational(1, 2) + x / 3 + x**2 / 8 + x**3 / 30
    return near * series + (1 - near) * (sp.exp(x) - exprel(x)) / (x + near)


def jacobian(column: sp.Matrix, by: Iterable[sp.Symbol], kinks: bool = False) -> sp.Matrix:
    """Derivatives of each formula by each variable; `Rough` as `derivative`."""
    by = list(by)
    return sp.Matrix(len(column), len(by), lambda i, j: derivative(column[i], by[j], kinks))


def short(formula: sp.Expr) -> sp.Expr:
    """The shortest of a few forms of it that cost little to find, equal wherever the formula has a value.

    A long formula stays as it is: SymPy's time grows exponentially as functions are nested.
    """
    if sp.count_ops(formula) > _LONG:
        return formula
    forms = [sp.factor_terms(sp.expand_mul(formula, deep=False)), sp.factor_terms(formula), formula]
    if _is_small_quotient(formula):
        forms.append(sp.factor_terms(sp.simplify(formula)))
    return min(forms, key=sp.count_ops)


def of_traces(row: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A sum of entries times traces, in a short form."""
    each = sp.Add(*[short(entry) * eps for eps, entry in row.items()])
    return min((each, short(each)), key=sp.count_ops)


def _is_small_quotient(formula: sp.Expr) -> bool:
    """Whether it is a quotient of polynomials of low degree, which SymPy simplifies in no time."""
    powers = all(abs(p.exp) <= 4 for p in formula.atoms(sp.Pow) if p.exp.is_Integer)
    whole = all(p.exp.is_Integer for p in formula.atoms(sp.Pow))
    return whole and powers and not formula.atoms(sp.Function) and sp.count_ops(formula) < 40
