"""Brian2's strings as typeset mathematics: LaTeX, then MathML, which browsers draw without a script or a network."""

import ast
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.parsing.statements import parse_statement
from latex2mathml.converter import convert
from sympy.printing.latex import tex_greek_dictionary
from sympy.printing.pretty.pretty_symbology import greek_letters

from brian2zoo.equations.pieces import equations_of
from brian2zoo.equations.pieces import statements as statements_of

_OPERATORS: dict[type[ast.AST], tuple[int, str]] = {
    ast.Or: (1, r"\lor"), ast.And: (2, r"\land"), ast.Add: (5, "+"), ast.Sub: (5, "-"), ast.Mult: (6, r"\,"),
    ast.Mod: (6, r"\bmod"), ast.Gt: (4, ">"), ast.GtE: (4, r"\geq"), ast.Lt: (4, "<"), ast.LtE: (4, r"\leq"),
    ast.Eq: (4, "="), ast.NotEq: (4, r"\neq"),
}  # fmt: skip
"""How strongly an operator binds, and how it is written."""
_NOT, _SIGN, _POWER, _ATOM = 3, 6, 7, 8
_FENCED = {"abs": (r"\left|", r"\right|"), "floor": (r"\left\lfloor", r"\right\rfloor"),
           "ceil": (r"\left\lceil", r"\right\rceil"), "int": (r"\left[", r"\right]")}  # fmt: skip
"""Functions that are written by brackets; `int` of a condition is 1 or 0."""
_SIGNS = {"plus": "+", "minus": "-"}
_GREEK = (
    {name: f"\\{name}" for name in greek_letters if name != "lamda"} | {"lambda": r"\lambda"} | tex_greek_dictionary
)


def name(word: str) -> str:
    """A name as LaTeX: `tau_m` is a Greek letter with an index, `learning_signal` two words."""
    head, *parts = word.split("_")
    if digits := re.fullmatch(r"([A-Za-z]+)(\d+)", head):
        head, parts = digits[1], [digits[2], *parts]
    indices = ",".join(_SIGNS.get(part) or _word(part) for part in parts if part)
    return f"{_word(head)}_{{{indices}}}" if indices else _word(head)


def _word(word: str) -> str:
    if word in _GREEK:
        return _GREEK[word]
    return word if len(word) == 1 or word.isdigit() else rf"\text{{{word}}}"


def expression(text: str) -> str:
    """An expression as LaTeX, in the order in which it is written."""
    return _tex(ast.parse(" ".join(text.split()), mode="eval").body)[0]


def _tex(node: ast.AST) -> tuple[str, int]:
    """LaTeX of a part, and how strongly its outermost operator binds."""
    match node:
        case ast.Constant():
            return _number(node.value), _ATOM
        case ast.Name():
            return name(node.id), _ATOM
        case ast.BinOp(op=ast.Div()):
            return rf"\frac{{{_tex(node.left)[0]}}}{{{_tex(node.right)[0]}}}", _ATOM
        case ast.BinOp(op=ast.FloorDiv()):
            return rf"\left\lfloor\frac{{{_tex(node.left)[0]}}}{{{_tex(node.right)[0]}}}\right\rfloor", _ATOM
        case ast.BinOp(op=ast.Pow()):
            return f"{_within(node.left, _ATOM)}^{{{_tex(node.right)[0]}}}", _POWER
        case ast.BinOp():
            binds, sign = _OPERATORS[type(node.op)]
            if isinstance(node.op, ast.Mult) and isinstance(node.right, ast.Constant):
                sign = r"\cdot"
            return f"{_within(node.left, binds)} {sign} {_within(node.right, binds + 1)}", binds
        case ast.UnaryOp(op=ast.Not()):
            return rf"\lnot {_within(node.operand, _NOT)}", _NOT
        case ast.UnaryOp():
            return f"{'-' if isinstance(node.op, ast.USub) else ''}{_within(node.operand, _SIGN)}", _SIGN
        case ast.Compare():
            signs = (_OPERATORS[type(op)] for op in node.ops)
            pairs = (f"{sign} {_within(right, 5)}" for (_, sign), right in zip(signs, node.comparators, strict=True))
            return " ".join([_within(node.left, 5), *pairs]), 4
        case ast.BoolOp():
            binds, sign = _OPERATORS[type(node.op)]
            return f" {sign} ".join(_within(value, binds + 1) for value in node.values), binds
        case ast.Call(func=ast.Name(id="sqrt")):
            return rf"\sqrt{{{_tex(node.args[0])[0]}}}", _ATOM
        case ast.Call(func=ast.Name(id="exp")):
            return f"e^{{{_tex(node.args[0])[0]}}}", _POWER
        case ast.Call(func=ast.Name(id=called)) if called in _FENCED:
            left, right = _FENCED[called]
            return f"{left} {_tex(node.args[0])[0]} {right}", _ATOM
        case ast.Call(func=ast.Name(id=called)):
            return rf"\text{{{called}}}\left({', '.join(_tex(each)[0] for each in node.args)}\right)", _ATOM
    raise ValueError(f"no mathematics is known for {ast.unparse(node)}")


def _within(node: ast.AST, least: int) -> str:
    """LaTeX of an operand, in parentheses where it binds less strongly than `least`."""
    text, binds = _tex(node)
    return text if binds >= least else rf"\left({text}\right)"


def _number(value: Any) -> str:
    mantissa, _, exponent = str(value).partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\cdot {power}"


def equations(text: str) -> list[str]:
    """Rows of an alignment for a block of equations; variables without one have no row."""
    rows = []
    for variable, equation in equations_of(text).items():
        if equation.type == PARAMETER:
            continue
        left = name(variable)
        left = rf"\frac{{d{left}}}{{dt}}" if equation.type == DIFFERENTIAL_EQUATION else left
        rows.append(f"{left} &= {expression(str(equation.expr))}")
    return rows


def statements(text: str) -> list[str]:
    """Rows of an alignment for a block of statements, each an assignment."""
    rows = []
    for line in statements_of(text):
        variable, operator, right, _ = parse_statement(line)
        left = name(variable)
        if operator != "=":
            right = f"{variable} {operator.removesuffix('=')} ({right})"
        rows.append(rf"{left} &\leftarrow {expression(right)}")
    return rows


def mathml(rows: Sequence[str]) -> str:
    """Rows as one element of a page; empty if there are none."""
    aligned = " \\\\ ".join(rows)
    return html(rf"\begin{{align*}} {aligned} \end{{align*}}") if rows else ""


def html(latex: str) -> str:
    """LaTeX as an element of a page that scrolls where it is wider than the page."""
    return f'<div class="math">{convert(latex, display="block")}</div>'


def fence(source: str, language: str, css_class: str, options: Any, md: Any, **others: Any) -> str:
    """What becomes of a block ```` ```math ```` of a page: a formatter of pymdownx.superfences."""
    return html(source) if source.strip() else escape(source)
