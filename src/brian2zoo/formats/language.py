"""The language of the text files: what a text may hold before Brian2, SymPy or Python's `eval` sees it.

An expression is arithmetic: decimal numbers, names, calls of known functions, ``+ - * / // % **``, comparisons, and
``and or not``. Equations and statements are lines with an expression on the right. Nothing else is code here, neither
text in quotes nor an attribute or a list, so that no file can make a parser run something. Sizes are bounded, so that
no file can keep one busy for minutes. Comments begin with # and are left alone.

Every text of a file has one of the types below, which pydantic checks when the file is loaded. They raise `Refused`.
"""

import ast
import keyword
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from brian2zoo.errors import ZooError, did_you_mean

MOST_CHARACTERS = 20_000
"""Of one text; the longest of the files in the repository has 800."""
MOST_NODES = 1_000
"""Of an expression: numbers, names, operators and calls."""
MOST_DEPTH = 100
"""Levels of an expression, each taken by a recursion of Brian2's and SymPy's; of a sum of n terms n."""
MOST_VISITS = 200_000
"""Of the parts of a text when Brian2 works out units: it looks at the argument of a call up to four times, and at each
look up to four times at the argument of a call in it."""
MOST_SUBSTITUTED = 10_000
"""Parts of an equation with its subexpressions put in, by which it grows as a product does."""
MOST_EXPONENT = 100
"""Constant power of a variable, which SymPy may multiply out."""
MOST_INTEGER = 2**53
LARGEST = 1e60
"""What numbers may come to; SymPy works constants out digit by digit where they are rounded."""
LARGEST_NUMBER = 1e300
"""As it is written."""

FUNCTIONS = frozenset({
    "abs", "arccos", "arcsin", "arctan", "ceil", "clip", "cos", "cosh", "exp", "expm1", "exprel", "floor", "int",
    "log", "log10", "log1p", "poisson", "rand", "randn", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "timestep",
    "trunc", "where",  # of numbers alone
    "uniform", "normal", "centred",  # of weights
    "event_time",
})  # fmt: skip
"""Those of Brian2, and those that some fields have in addition."""
CONSTANTS = {"pi": math.pi, "e": math.e}
_WORKED_OUT: dict[str, Callable[[float], float]] = {
    "abs": abs, "arccos": math.acos, "arcsin": math.asin, "arctan": math.atan, "ceil": math.ceil, "cos": math.cos,
    "cosh": math.cosh, "exp": math.exp, "expm1": math.expm1, "floor": math.floor, "int": math.trunc, "log": math.log,
    "log10": math.log10, "log1p": math.log1p, "sin": math.sin, "sinh": math.sinh, "sqrt": math.sqrt, "tan": math.tan,
    "tanh": math.tanh,
}  # fmt: skip
_LIKE_A_NUMBER = re.compile(r"\.?\d[\w.]*")
_WORDS = ("and", "or", "not", "True", "False")
_TOKEN = re.compile(
    r"[ \t\n]+|(?P<number>(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)(?![\w.])|(?P<name>[A-Za-z_]\w*)"
    r"|\*\*|//|[<>=!]=|[-+*/%<>(),]",
    re.ASCII,
)
_INSTEAD = {
    "^": "write ** for a power",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or != for 'differs from'",
    "=": "compare with ==",
    ";": "write one statement a line",
    "[": "variables have no index",
    ".": "write a number as 0.5; names have no parts",
    "\\": "an expression goes on in the next line by itself",
}
_REMEDY = "write numbers, names, + - * / // % **, comparisons, 'and', 'or', 'not', and functions such as exp(x)"
_NODES = (
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow,
    ast.UnaryOp, ast.UAdd, ast.USub, ast.Not, ast.BoolOp, ast.And, ast.Or,
    ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    ast.Call, ast.Name, ast.Load, ast.Constant,
)  # fmt: skip

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_KEY = re.compile(r"\*|[A-Za-z]\w*([.@]\w+){0,2}", re.ASCII)
_SIZE = "[1-9][0-9]{0,8}"
_LONGEST_NAME = 100
# What breaks a line for some readers of a file and not for others, what no file can hold, and what hides the order.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EQUATION = re.compile(
    r"\s*(d\s*(?P<of>[A-Za-z_]\w*)\s*/\s*dt|(?P<variable>[A-Za-z_]\w*))\s*(?P<equals>=(?P<expression>[^:]*))?"
    r":[ \t]*(?P<unit>[^(\n]*)(\((?P<flags>[^)\n]*)\))?[ \t]*(\n|$)",
    re.ASCII,
)
_FLAGS = re.compile(r"[\w -]+(,[\w -]+)*", re.ASCII)
_STATEMENT = re.compile(r"([A-Za-z_]\w*)\s*(\*\*|//|[-+*/%])?=(?!=)(?P<expression>.*)", re.ASCII)


class Refused(ValueError):
    """A text that is not of the language.

    Parameters
    ----------
    problem, remedy : as those of `ZooError`.
    within : what of the field it is in: the line of a block, by name, or a key.
    """

    def __init__(self, problem: str, remedy: str, within: str = "") -> None:
        super().__init__(problem)
        self.problem, self.remedy, self.within = problem, remedy, within

    def at(self, where: str | Path, field: str = "") -> ZooError:
        """The mistake, with the file or argument it is in."""
        return ZooError(where, ".".join(filter(None, (field, self.within))), self.problem, self.remedy)


def quoted(text: str, most: int = 120) -> str:
    """A text in quotation marks, in one line and not too long."""
    shown = " ".join(text[: 2 * most].split())
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
    return f"'{shown}'" if len(shown) <= most else f"'{shown[:most]}…'"


def without_comments(text: str) -> str:
    """The lines of a text, each up to its #."""
    return "\n".join(line.partition("#")[0].rstrip() for line in text.split("\n"))


@cache  # files and their combinations have the same texts again and again
def parse(text: str) -> ast.expr:
    """The tree of an expression, which has nothing but what the language allows.

    Raises
    ------
    Refused
        If it has anything else, or is too large. The message is one line.
    """
    _refuse_invisible(text)
    _refuse_tokens(text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        reason = f" ({error.msg})" if isinstance(error, SyntaxError) else ""
        raise Refused(f"{quoted(text)} is not an expression{reason}", _REMEDY) from None
    nodes = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    if nodes > MOST_NODES:
        raise Refused(f"{quoted(text)} has {nodes} parts, more than {MOST_NODES}", "write it in several steps")
    _constant(tree, text, MOST_DEPTH)
    _refuse_visits(text, [tree])
    return tree


def _refuse_visits(text: str, trees: Iterable[ast.expr]) -> None:
    if sum(_visits(tree) for tree in trees) > MOST_VISITS:
        raise Refused(f"{quoted(text)} has too many calls within calls", "write it in several steps")


def _visits(node: ast.AST) -> int:
    below = sum(_visits(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
    return 1 + (4 * below if isinstance(node, ast.Call) else below)


def _refuse_tokens(text: str) -> None:
    """Refuse characters that are not of the language, before Python reads them in its own way."""
    where = 0
    while where < len(text):
        token = _TOKEN.match(text, where)
        if token is None:
            raise _misplaced(text, where)
        if token["number"]:
            _refuse_number(token["number"])
        elif token["name"] and token["name"] not in _WORDS:
            name(token["name"])
        where = token.end()


def _misplaced(text: str, where: int) -> Refused:
    number = _LIKE_A_NUMBER.match(text, where)
    if number is not None:
        return Refused(
            f"{quoted(number[0], 30)} in {quoted(text)} is no decimal number", "write such as 16, 0.5 or 1e-3"
        )
    character = text[where]
    problem = f"{quoted(text)} is more than arithmetic: {character!a} has no place in it"
    return Refused(problem, _INSTEAD.get(character, _REMEDY))


def _refuse_number(number: str) -> None:
    if number.isdigit():
        if len(number) > len(str(MOST_INTEGER)) or int(number) > MOST_INTEGER:
            raise Refused(f"the number {quoted(number, 30)} has too many digits", "write it such as 1e20")
    elif len(number) > _LONGEST_NAME or float(number) > LARGEST_NUMBER:
        raise Refused(f"the number {quoted(number, 30)} is too large or too long", "choose another unit")


@cache
def unreal(text: str) -> str:
    """The innermost part of an expression that is no real number, such as log(-1) or x/0; empty if none is.

    The expression is of the language, or composed of such.
    """
    tree = ast.parse(text.strip(), mode="eval")
    parts = (node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.BinOp))
    wrong = [part for part in parts if math.isnan(_constant(part, text, 10 * MOST_DEPTH) or 0)]
    return ast.unparse(wrong[-1]) if wrong else ""


def _constant(node: ast.AST, text: str, levels: int) -> float | None:
    """Value of a part of an expression if it is a constant, else None; nan if it is no real number.

    Refuse what the language does not allow.
    """
    if levels == 0:
        problem = f"{quoted(text)} is nested deeper than {MOST_DEPTH} levels, or a sum of more terms"
        raise Refused(problem, "write it in several steps")
    if not isinstance(node, _NODES):
        raise Refused(f"{quoted(text)} is more than arithmetic ({type(node).__name__})", _REMEDY)
    below = [_constant(child, text, levels - 1) for child in ast.iter_child_nodes(node)]
    match node:
        case ast.Constant(value=value):
            if isinstance(value, int | float):
                return float(value)
            raise Refused(f"{quoted(text)} is more than arithmetic", _REMEDY)
        case ast.Name(id=name):
            return CONSTANTS.get(name)
        case ast.Call(func=function, keywords=keywords):
            if not isinstance(function, ast.Name) or keywords:
                problem = f"{quoted(text)} is more than arithmetic: a call is FUNCTION(value, ...)"
                raise Refused(problem, _REMEDY)
            if function.id not in FUNCTIONS:
                remedy = did_you_mean(function.id, FUNCTIONS, f"functions: {', '.join(sorted(FUNCTIONS))}")
                raise Refused(f"unknown function '{function.id}' in {quoted(text)}", remedy)
            if function.id in _WORKED_OUT and len(below) == 2 and below[1] is not None:
                return _finite(lambda: float(_WORKED_OUT[function.id](below[1])), text)
        case ast.Compare(ops=operators):
            if len(operators) > 1:
                raise Refused(f"{quoted(text)} compares three values", "write 'a < b and b < c'")
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            _refuse_truth(operand)
            return below[1] if isinstance(sign, ast.UAdd) or below[1] is None else -below[1]
        case ast.BinOp(left=left, op=operator, right=right):
            _refuse_truth(left)
            _refuse_truth(right)
            return _combined(below[0], operator, below[2], text)
    return None


def _refuse_truth(operand: ast.expr) -> None:
    """Refuse arithmetic with a condition, which reads differently in Python, SymPy and C++."""
    if isinstance(operand, ast.Compare | ast.BoolOp) or isinstance(getattr(operand, "op", None), ast.Not):
        condition = ast.unparse(operand)
        raise Refused(f"the condition {quoted(condition)} is used as a number", f"write int({condition})")


_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
}


def _combined(left: float | None, operator: ast.operator, right: float | None, text: str) -> float | None:
    if left is not None and right is not None:
        return _finite(lambda: _OPERATIONS[type(operator)](left, right), text)
    if isinstance(operator, ast.Pow) and right is not None and abs(right) > MOST_EXPONENT:
        problem = f"{quoted(text)} has an exponent of {right:g}, more than {MOST_EXPONENT}"
        raise Refused(problem, "take a smaller one, or a function such as exp")
    return math.nan if isinstance(operator, ast.Div | ast.FloorDiv | ast.Mod) and right == 0 else None


def _finite(value: Callable[[], float], text: str) -> float:
    """A constant, nan if it is no real number; refuse one that is too large to be worked out digit by digit."""
    try:
        found = value()
    except (ZeroDivisionError, ValueError):
        return math.nan
    except OverflowError:
        found = math.inf
    if isinstance(found, complex):
        return math.nan
    if abs(found) > LARGEST:
        raise Refused(f"a number in {quoted(text)} exceeds {LARGEST:g}", "choose another unit, or a smaller power")
    return found


def _refuse_invisible(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        problem = f"{quoted(text, 40)} has {len(text)} characters, more than {MOST_CHARACTERS}"
        raise Refused(problem, "write it shorter, or in several files")
    found = _INVISIBLE.search(text)
    if found is not None:
        raise Refused(f"{quoted(text)} has a character {found[0]!a}", "remove it; it does not show")


def expression(text: str) -> str:
    """An expression in one line, without comments; it may be empty where the field may be left out."""
    _refuse_invisible(text)
    text = " ".join(line.strip() for line in without_comments(text).split("\n")).strip()
    if text:
        parse(text)
    return text


@dataclass(frozen=True)
class Domain:
    """The values that a number may have; without bounds any that is finite and real.

    Parameters
    ----------
    bounds : of each an operator and an expression, (">", "0*mV").
    whole : whether it has to be a whole number.
    infinite : whether it may be inf as well.
    """

    bounds: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    infinite: bool = False


_BOUND = re.compile(r"(>=|<=|>|<)(.*)")


@cache
def domain_of(text: str) -> Domain:
    """What ``> 0``, ``>= w_min, < 1``, ``0 to 1``, ``whole, >= 1`` or ``> 0 or inf`` says, or an empty text."""
    if not text:
        return Domain()
    parts, infinite = re.subn(r"\s+or\s+inf$", "", text.strip())
    bounds: list[tuple[str, str]] = []
    stated = [part.strip() for part in parts.split(",")]
    for part in (part for part in stated if part != "whole"):
        low, to, high = part.partition(" to ")
        if bound := _BOUND.fullmatch(part):
            bounds.append((bound[1], bound[2].strip()))
        elif to:
            bounds += [(">=", low.strip()), ("<=", high.strip())]
        else:
            raise _no_domain(text)
    for _, limit in bounds:
        if not limit or isinstance(parse(limit), ast.Compare | ast.BoolOp):
            raise _no_domain(text)
    return Domain(tuple(bounds), "whole" in stated, bool(infinite))


def _no_domain(text: str) -> Refused:
    remedy = "write such as [> 0], [>= 0], [0 to 1], [whole, >= 1] or [> 0 or inf]"
    return Refused(f"{quoted(f'[{text}]')} says not what values there may be", remedy)


def domain(text: str) -> str:
    """The values a number may have, as `domain_of` reads it."""
    _refuse_invisible(text)
    domain_of(text)
    return text


def equations(text: str) -> str:
    """Equations ``dx/dt = EXPRESSION : UNIT (FLAGS)``, ``x = EXPRESSION : UNIT`` and ``x : UNIT``.

    An expression may go over several lines.
    """
    subexpressions: dict[str, ast.expr] = {}
    derivatives: dict[str, ast.expr] = {}
    for equation in _equations(text):
        variable = name(equation["of"] or equation["variable"])
        _unit(equation["unit"].strip())
        if equation["flags"] is not None and not _FLAGS.fullmatch(equation["flags"]):
            raise Refused(f"{quoted(equation['flags'])} are no flags of '{variable}'", "write such as (constant)")
        if equation["equals"]:
            right = expression(equation["expression"])
            if not right:
                raise Refused(f"the equation of '{variable}' has no right-hand side", "write it after the =")
            (derivatives if equation["of"] else subexpressions)[variable] = parse(right)
    _refuse_visits(text, [*subexpressions.values(), *derivatives.values()])
    _refuse_growth(subexpressions, derivatives)
    return text


def _equations(text: str) -> Iterator[re.Match[str]]:
    _refuse_invisible(text)
    code = without_comments(text).rstrip()
    where = 0
    while where < len(code):
        equation = _EQUATION.match(code, where)
        if equation is None:
            line = code[where:].strip().partition("\n")[0]
            remedy = "write 'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'"
            raise Refused(f"{quoted(line)} is not an equation", remedy)
        yield equation
        where = equation.end()


def one_a_line(text: str) -> list[str]:
    """Equations, each in one line and without comments."""
    return [" ".join(equation[0].split()) for equation in _equations(text)]


def by_variable(text: str) -> dict[str, str]:
    """Equations, with their comments, by the variable on the left."""
    found: dict[str, str] = {}
    lines, code = text.splitlines(), without_comments(text)
    for equation in _equations(text):
        variable = equation["of"] or equation["variable"]
        if variable in found:
            raise Refused(f"'{variable}' has two equations", "keep one of them")
        start = equation.start("of" if equation["of"] else "variable")
        first, last = (code.count("\n", 0, place) for place in (start, equation.end("unit")))
        found[variable] = "\n".join(lines[first : last + 1])
    return found


def _unit(text: str) -> None:
    if not text:
        raise Refused("an equation has no unit", "write it after a colon: volt, amp, second, 1")
    allowed = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.operator, ast.unaryop, ast.Load)
    if not all(isinstance(node, allowed) for node in ast.walk(parse(text))):
        raise Refused(f"{quoted(text)} is not a unit", "write it such as volt/second, amp**2 or 1")


def _refuse_growth(subexpressions: Mapping[str, ast.expr], derivatives: Mapping[str, ast.expr]) -> None:
    """Refuse equations that become too long or too deep when their subexpressions are put in."""
    measured: dict[str, tuple[int, int]] = {}

    def measure(node: ast.expr, levels: int, within: tuple[str, ...]) -> tuple[int, int]:
        """Parts and levels of an expression; no more than `levels`."""
        used = node.id if isinstance(node, ast.Name) else ""
        if levels == 0:
            parts, deep = 1, 1
        elif used in subexpressions and used not in within:
            if used not in measured:
                measured[used] = measure(subexpressions[used], levels - 1, (*within, used))
            parts, deep = measured[used]
        else:
            children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
            below = [measure(child, levels - 1, within) for child in children]
            parts, deep = 1 + sum(parts for parts, _ in below), 1 + max((deep for _, deep in below), default=0)
        if parts > MOST_SUBSTITUTED or deep > levels:
            problem = f"with the subexpressions it uses, '{within[0]}' has more than {MOST_SUBSTITUTED} parts"
            remedy = "declare some of them as variables, and set these in statements"
            raise Refused(f"{problem} or {MOST_DEPTH} levels", remedy)
        return parts, deep

    for variable, tree in (*derivatives.items(), *subexpressions.items()):
        measure(tree, MOST_DEPTH, (variable,))


def statements(text: str) -> str:
    """Statements ``x = EXPRESSION``, one a line, also with += -= *= /= //= %= **=."""
    _refuse_invisible(text)
    trees = []
    for line in without_comments(text).split("\n"):
        if line.strip():
            statement = _STATEMENT.fullmatch(line.strip())
            if statement is None or not statement["expression"].strip():
                remedy = "write 'variable = expression', one a line"
                raise Refused(f"{quoted(line)} is not a statement", remedy)
            name(statement[1])
            trees.append(parse(statement["expression"].strip()))
    _refuse_visits(text, trees)
    return text


def name(text: str) -> str:
    """A name of a file, a variable, a role or a data set: letters of English, digits, single underscores."""
    if not _NAME.fullmatch(text) or "__" in text or len(text) > _LONGEST_NAME:
        remedy = f"rename it: a letter, then letters, digits and single _, {_LONGEST_NAME} in all"
        raise Refused(f"{quoted(text)} is not a name", remedy)
    if keyword.iskeyword(text):
        raise Refused(
            f"'{text}' is a word of Python, not a name",
            "take another; of these words only 'and', 'or' and 'not' are of the language",
        )
    return text


def name_or_none(text: str) -> str:
    """A name, or an empty text."""
    return text and name(text)


def key(text: str) -> str:
    """A name, up to three joined by dots or @, or * for all others."""
    words = re.split("[.@]", text)
    if not _KEY.fullmatch(text) or "__" in text or len(text) > _LONGEST_NAME or any(map(keyword.iskeyword, words)):
        raise Refused(f"{quoted(text)} is not a key", "write a name, or two joined by a dot or an @")
    return text


def pattern(text: str) -> str:
    """A name, perhaps with one * in it, or an empty text."""
    return text and name(text.replace("*", "x", 1)) and text


def layers(text: str) -> str:
    """Sizes of layers from input to output, such as 784-100-10."""
    if not re.fullmatch(rf"{_SIZE}(-{_SIZE})+", text) or len(text) > _LONGEST_NAME:
        raise Refused(f"{quoted(text)} is not a network", "write sizes from input to output, such as 784-100-10")
    return text


def sizes(text: str) -> tuple[int, ...]:
    """The sizes in 784-100-10; `Refused` if it is no network."""
    return tuple(map(int, layers(text).split("-")))


def ends(text: str) -> str:
    """Sizes of an input and an output layer, such as 784-10, or an empty text."""
    if text and not re.fullmatch(f"{_SIZE}-{_SIZE}", text):
        raise Refused(f"{quoted(text)} is no pair of sizes", "write input-output sizes, such as 784-10")
    return text


def number_as_text(value: Any) -> Any:
    """What YAML has read as a number, as it would be written in an expression."""
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def line(text: str) -> str:
    """Words in one line."""
    text = text.strip("\n")
    if "\n" in text:
        raise Refused(f"{quoted(text)} is more than one line", "keep it to one, and put the rest into notes")
    return prose(text)


def prose(text: str) -> str:
    """Words, which no number depends on."""
    _refuse_invisible(text)
    return text


Expression = Annotated[
    str,
    AfterValidator(expression),
    BeforeValidator(number_as_text),
    WithJsonSchema({"type": ["string", "number"]}),
]
DomainText = Annotated[str, AfterValidator(domain)]
Equations = Annotated[str, AfterValidator(equations)]
Statements = Annotated[str, AfterValidator(statements)]
Name = Annotated[str, AfterValidator(name)]
NameOrNone = Annotated[str, AfterValidator(name_or_none)]
NameOrNull = Annotated[NameOrNone, BeforeValidator(lambda value: "" if value is None else value)]
"""A name; null says as well that there is none."""
Key = Annotated[str, AfterValidator(key)]
Pattern = Annotated[str, AfterValidator(pattern)]
Layers = Annotated[str, AfterValidator(layers)]
Ends = Annotated[str, AfterValidator(ends)]
Line = Annotated[str, AfterValidator(line)]
Prose = Annotated[str, AfterValidator(prose)]
