"""Operations that a block of Brian2 strings asks for: reads, writes, arithmetic, random numbers.

Counted is what the strings say, for one neuron or one synapse and one execution. Conventions:

- What is the same for all neurons or synapses (parameters, the clock, shared variables) is worked out once and free.
- A block holds its variables in registers: each stored variable is read at most once, before the first use, and
  written at most once, however often the block names it. Temporary variables are registers.
- A factor that is a condition, `int(V > V_th)`, lets pass or not; it is a comparison and no multiplication.
- In a product all numbers that are the same for all units are one factor. A quotient counts as a multiplication, a
  remainder too; `clip` is two comparisons; a sign is free.
"""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields

from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.parsing.statements import parse_statement

from brian2zoo.compose.neuron import START_SUFFIX
from brian2zoo.equations.pieces import statements
from brian2zoo.errors import ZooError

_RANDOM = {"rand", "randn", "poisson", "binomial"}
_COMPARISONS = {"clip": 2, "abs": 1, "sign": 2, "where": 0}
_GATES = {"int"}
_ADDITIVE, _PRODUCT, _DIVISION = (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.FloorDiv, ast.Mod)
_SIDES = ("_pre", "_post")


@dataclass(frozen=True)
class Operations:
    """Operations by kind; reads and writes are of stored values, of a synapse or of a neuron."""

    synapse_reads: float = 0
    synapse_writes: float = 0
    neuron_reads: float = 0
    neuron_writes: float = 0
    additions: float = 0
    multiplications: float = 0
    comparisons: float = 0
    functions: float = 0  # exp, log, floor, a power
    random_numbers: float = 0

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(*(getattr(self, name) + getattr(other, name) for name in KINDS))

    def __sub__(self, other: "Operations") -> "Operations":
        return self + -1 * other

    def __rmul__(self, times: float) -> "Operations":
        return Operations(*(times * getattr(self, name) for name in KINDS))


KINDS = tuple(f.name for f in fields(Operations))


@dataclass(frozen=True)
class Operands:
    """What the names in a block are.

    Parameters
    ----------
    synapse, neuron : names of stored values. A name that is in neither, and that the block does not assign, is the
        same for all and free.
    formulas : expression by name, for names that stand for one.
    """

    synapse: Collection[str] = ()
    neuron: Collection[str] = ()
    formulas: Mapping[str, str] = field(default_factory=dict)


def stored(equations: Equations) -> list[str]:
    """Variables of which every neuron or synapse keeps its own value, without copies of the start of a step."""
    return [
        name
        for name, equation in equations.items()
        if equation.type != SUBEXPRESSION
        and not {"shared", "constant", "summed"} & set(equation.flags)
        and not name.endswith(START_SUFFIX)
    ]


def formulas(equations: Equations) -> dict[str, str]:
    """Expressions that names stand for; those that are shared are worked out once, and not among them."""
    return {
        name: str(equation.expr)
        for name, equation in equations.items()
        if equation.type == SUBEXPRESSION and not {"shared", "summed"} & set(equation.flags)
    }


def neuron_scope(equations: Equations) -> Operands:
    """Operands of blocks that a neuron runs."""
    return Operands(neuron=[*stored(equations), "lastspike"], formulas=formulas(equations))


def synapse_scope(equations: Equations, sides: Mapping[str, Equations]) -> Operands:
    """Operands of blocks that a synapse runs.

    Parameters
    ----------
    sides : equations of the neurons, for 'pre' and 'post'.
    """
    summed = [name for name, equation in equations.items() if "summed" in equation.flags]
    neuron, expressions = list(summed), formulas(equations)
    for side, of_neuron in sides.items():
        neuron += [f"{name}_{side}" for name in stored(of_neuron)]
        names = {name: f"{name}_{side}" for name in of_neuron}
        for name, text in formulas(of_neuron).items():
            expressions[f"{name}_{side}"] = _renamed(text, names)
    return Operands([n for n in stored(equations) if n not in summed], neuron, expressions)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
    return ast.unparse(tree)


def count(block: str, scope: Operands) -> Operations:
    """Operations of one execution of a block of statements.

    A line that is an expression alone, such as a threshold's condition, is worked out and assigned to nothing.
    """
    counter = _Counter(scope)
    for line in statements(block):
        counter.run(line)
    return counter.total()


class _Counter:
    """Walks the statements of a block, in order."""

    def __init__(self, scope: Operands) -> None:
        self.scope = scope
        self.arithmetic = Operations()
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.gates: set[str] = set()  # temporary variables that are a condition
        self.varying: set[str] = set()  # temporary variables that differ between units

    def run(self, line: str) -> None:
        try:
            name, operator, expression, _ = parse_statement(line)
        except ValueError:
            self.value(line)
            return
        name = self.own(name)
        varies = self.value(expression)
        if operator != "=":
            varies |= self.value(name)
            kind = "additions" if operator in ("+=", "-=") else "multiplications"
            self.arithmetic += Operations(**{kind: 1})
        if self.is_stored(name):
            self.written.add(name)
        else:
            (self.varying.add if varies else self.varying.discard)(name)
            (self.gates.add if self.is_gate(self.tree(expression)) else self.gates.discard)(name)

    def total(self) -> Operations:
        """Arithmetic, and each stored variable once."""
        synapse, neuron = set(self.scope.synapse), set(self.scope.neuron)
        return self.arithmetic + Operations(
            synapse_reads=len(self.read & synapse),
            synapse_writes=len(self.written & synapse),
            neuron_reads=len(self.read & neuron),
            neuron_writes=len(self.written & neuron),
        )

    def is_stored(self, name: str) -> bool:
        return name in self.scope.synapse or name in self.scope.neuron

    def own(self, name: str) -> str:
        """A variable of which the name is a copy from the start of the step, else the name."""
        for side in ("", *_SIDES):
            if name.endswith(START_SUFFIX + side):
                return name.removesuffix(START_SUFFIX + side) + side
        return name

    def value(self, expression: str) -> bool:
        """Count an expression; whether it differs between units."""
        return self.visit(self.tree(expression))

    def tree(self, expression: str) -> ast.expr:
        try:
            return ast.parse(expression.strip(), mode="eval").body
        except SyntaxError:
            raise ZooError("operations", "", f"'{expression}' cannot be read", "use Brian2's expressions") from None

    def visit(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Constant):
            return False
        if isinstance(node, ast.Name):
            return self.name(self.own(node.id))
        if isinstance(node, ast.UnaryOp):
            return self.visit(node.operand)
        if isinstance(node, ast.BinOp):
            return self.arithmetic_of(node)
        if isinstance(node, ast.Compare):
            return self.operation([node.left, *node.comparators], comparisons=len(node.ops))
        if isinstance(node, ast.BoolOp):
            return self.operation(node.values, comparisons=len(node.values) - 1)
        if isinstance(node, ast.Call):
            return self.call(node)
        raise ZooError("operations", "", f"'{ast.unparse(node)}' is no expression of Brian2", "use + - * / and calls")

    def name(self, name: str) -> bool:
        if name in self.scope.formulas:
            return self.value(self.scope.formulas[name])
        if self.is_stored(name):
            if name not in self.written:
                self.read.add(name)
            return True
        return name in self.varying

    def operation(self, operands: list[ast.expr], **counts: float) -> bool:
        """An operation, which is free if all its operands are the same for all units."""
        varying = [operand for operand in operands if self.visit(operand)]
        if varying:
            self.arithmetic += Operations(**counts)
        return bool(varying)

    def arithmetic_of(self, node: ast.BinOp) -> bool:
        if isinstance(node.op, _ADDITIVE):
            left, right = self.visit(node.left), self.visit(node.right)
            if left or right:
                self.arithmetic += Operations(additions=1)
            return left or right
        if isinstance(node.op, _PRODUCT):
            return self.product(_factors(node))
        if isinstance(node.op, _DIVISION):
            return self.operation([node.left, node.right], multiplications=1)
        square = isinstance(node.right, ast.Constant) and node.right.value == 2
        return self.operation([node.left, node.right], **{"multiplications" if square else "functions": 1})

    def product(self, factors: list[ast.expr]) -> bool:
        """Product and quotient of factors: those that are the same for all units are one number."""
        varying = [factor for factor in factors if self.visit(factor)]
        gates = sum(self.is_gate(factor) for factor in varying)
        numbers = any(factor not in varying and not _is_one(factor) for factor in factors)
        multiplications = max(len(varying) - gates - 1 + numbers, 0)
        self.arithmetic += Operations(multiplications=multiplications)
        return bool(varying)

    def is_gate(self, node: ast.expr) -> bool:
        """Whether a value is a condition, 0 or 1."""
        if isinstance(node, ast.Name):
            if node.id in self.scope.formulas:
                return self.is_gate(self.tree(self.scope.formulas[node.id]))
            return node.id in self.gates
        return isinstance(node, ast.Compare | ast.BoolOp) or (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _GATES
        )

    def call(self, node: ast.Call) -> bool:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _RANDOM:
            self.arithmetic += Operations(random_numbers=1)
            return True
        if name in _GATES:
            return self.visit(node.args[0])
        counts = {"comparisons": _COMPARISONS[name]} if name in _COMPARISONS else {"functions": 1}
        return self.operation(node.args, **counts)


def _factors(node: ast.expr) -> list[ast.expr]:
    """Factors of a chain of products and quotients."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _factors(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, _PRODUCT):
        return _factors(node.left) + _factors(node.right)
    return [node]


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1
