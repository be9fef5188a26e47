"""A neuron and the synapse onto it as formulas: what flows, when it spikes, what jumps.

Only what can be differentiated is let through; anything else is refused with the reason.
"""

import ast
import re
from dataclasses import dataclass
from typing import Any

import sympy as sp
from brian2 import DimensionMismatchError, Quantity, get_dimensions, second
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import PARAMETER, Equations
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy
from brian2.utils.stringtools import get_identifiers
from sympy.core.function import AppliedUndef

from brian2zoo.compose import constants, statements, unit_name, unit_name_of, written
from brian2zoo.errors import ZooError
from brian2zoo.spec import NeuronModel, SynapseModel, as_dict

_RANDOM = {"xi", "rand", "randn", "poisson"}
_ROUGH = (sp.floor, sp.ceiling, sp.Mod, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise)
_UNITS = {name: Variable(name, dimensions=unit.dim) for name, unit in DEFAULT_UNITS.items()}
_EXACT_METHODS = ("exact", "euler")


@dataclass(frozen=True)
class Dynamics:
    """A neuron with variables x under one synapse of weight w.

    Parameters
    ----------
    state : the n variables that have a differential equation, in the order of the file.
    flow : (n, 1) f of dx/dt = f(x); what stands still while refractory has the factor `ACTIVE`.
    threshold : g; a spike where g(x) > 0. None for a neuron that never spikes.
    reset : (n, 1) R(x), the state after a spike.
    arrival : (n, 1) what a presynaptic spike adds to x, a function of w.
    graded : the variable that is the answer of a neuron that never spikes.
    units : unit of each variable of neuron and synapse, as equations spell it.
    distance, threshold_unit : g as text, and its unit.
    linear : whether the equations are linear and integrated exactly.
    """

    neuron: NeuronModel
    synapse: SynapseModel
    state: tuple[sp.Symbol, ...]
    flow: sp.Matrix
    threshold: sp.Expr | None
    reset: sp.Matrix
    arrival: sp.Matrix
    graded: sp.Symbol | None
    units: dict[str, str]
    distance: str
    threshold_unit: str
    linear: bool

    @property
    def constants(self) -> frozenset[str]:
        """Names that are equal for all neurons and all time: parameters and units."""
        return frozenset(as_dict(self.neuron.parameters)) | frozenset(DEFAULT_UNITS)


W = sp.Symbol("w", real=True)
ACTIVE = sp.Symbol("active", real=True)
"""1 while the neuron is not refractory, 0 while it is."""


def symbol(name: str) -> sp.Symbol:
    """A variable of Brian2 equations; Brian2 takes them all as real."""
    return sp.Symbol(name, real=True)


def read(neuron: NeuronModel, synapse: SynapseModel) -> Dynamics:
    """The formulas of a neuron and of a synapse that transmits to it.

    Raises
    ------
    ZooError
        If a right-hand side has no derivative, chance takes part, or events change something that has no equation.
    """
    equations = Equations(neuron.equations)
    _refuse_chance(neuron, synapse, equations)
    if not equations.diff_eq_names:
        raise _refusal(
            neuron, "equations", "there is no differential equation", "write the state as 'dx/dt = ... : unit'"
        )
    if not neuron.threshold and not neuron.graded:
        problem = "the neuron neither spikes nor has a graded answer"
        raise _refusal(neuron, "threshold", problem, "add 'threshold:', or 'graded: x' with the variable that is read")
    _refuse_refractory(neuron, equations)
    formulas = dict(equations.get_substituted_expressions(include_subexpressions=True))
    order = [name for name in equations if name in equations.diff_eq_names]
    state = tuple(symbol(name) for name in order)
    shorthand = {symbol(n): _parse(neuron, "equations", e.code) for n, e in formulas.items() if n not in order}

    def formula(field: str, text: str) -> sp.Expr:
        found = _parse(neuron, field, text).xreplace(shorthand)
        _refuse_rough(neuron, field, text, found, state)
        return found

    flow = sp.Matrix([formula("equations", formulas[name].code) for name in order])
    still = [name for name in order if "unless refractory" in equations[name].flags]
    flow = sp.Matrix([ACTIVE * f if name in still else f for name, f in zip(order, flow, strict=True)])
    distance = _distance(neuron) if neuron.threshold else ""
    threshold = formula("threshold", distance) if distance else None
    reset = _reset(neuron, state, formula)
    if neuron.graded and neuron.graded not in order:
        raise _refusal(
            neuron, "graded", f"'{neuron.graded}' has no differential equation", f"name one of {', '.join(order)}"
        )
    _refuse_changed(neuron, equations, flow, threshold, reset, state)
    linear = not flow.jacobian(state).free_symbols & set(state)
    _refuse_method(neuron, linear)
    units = {name: unit_name_of(equations, name) for name in order}
    threshold_unit = unit_name(Quantity(1, dim=_dimensions(neuron, equations, distance))) if distance else "1"
    store = Equations(synapse.state)
    if "w" not in store:
        raise _refusal(synapse, "state", "there is no weight w to differentiate by", "pick a synapse that has one")
    units["w"] = unit_name_of(store, "w")
    return Dynamics(
        neuron, synapse, state, flow, threshold, reset, _arrival(neuron, synapse, state, equations),
        symbol(neuron.graded) if neuron.graded else None, units, distance, threshold_unit,
        linear and neuron.method == "exact",
    )  # fmt: skip


def _refusal(file: NeuronModel | SynapseModel, field: str, problem: str, remedy: str) -> ZooError:
    return ZooError(file.path, field, problem, remedy)


def _parse(file: Any, field: str, text: str) -> sp.Expr:
    try:
        return str_to_sympy(text)
    except (SyntaxError, ValueError, TypeError, NotImplementedError) as error:
        raise _refusal(file, field, f"'{text}' is no formula ({error})", "use + - * /, names and functions") from None


def _refuse_chance(neuron: NeuronModel, synapse: SynapseModel, equations: Equations) -> None:
    fields = [(neuron, "equations"), (neuron, "threshold"), (neuron, "reset"), (neuron, "each_step")]
    for file, field in [*fields, (synapse, "draw"), (synapse, "read")]:
        text = re.sub(r"#.*", "", getattr(file, field))
        random = sorted(n for n in get_identifiers(text) if n in _RANDOM or n.startswith("xi_"))
        if random:
            problem = f"'{random[0]}' is random: the derivative of a sample path is not that of its mean"
            raise _refusal(
                file,
                field,
                problem,
                "derive from the deterministic model, and add noise to the rule's neuron afterwards",
            )


def _refuse_refractory(neuron: NeuronModel, equations: Equations) -> None:
    if not neuron.refractory:
        return
    found = _dimensions(neuron, equations, neuron.refractory)
    if found is not second.dim:
        problem = f"'{neuron.refractory}' is no time, so that the end of the refractory period would need a derivative"
        raise _refusal(neuron, "refractory", problem, "give a time")


def _refuse_rough(neuron: NeuronModel, field: str, text: str, found: sp.Expr, state: tuple[sp.Symbol, ...]) -> None:
    """Refuse what has no derivative by the state; of constants anything is allowed."""
    for part in sp.preorder_traversal(found):
        rough = isinstance(
            part, (*_ROUGH, AppliedUndef, sp.core.relational.Relational, sp.logic.boolalg.BooleanFunction)
        )
        unknown = isinstance(part, sp.Function) and type(part).__name__ in ("int_", "clip", "timestep")
        if (rough or unknown) and part.free_symbols & set(state):
            problem = f"'{text}' has no derivative everywhere: {part}"
            raise _refusal(neuron, field, problem, "write it smooth; only a threshold gets a surrogate")


def _distance(neuron: NeuronModel) -> str:
    """g of the condition g > 0, as text."""
    tree = ast.parse(neuron.threshold.strip(), mode="eval").body
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or isinstance(tree.ops[0], ast.Eq | ast.NotEq):
        problem = f"'{neuron.threshold}' is not one comparison, so there is no distance to it"
        raise _refusal(neuron, "threshold", problem, "write it as 'x > y'")
    sides = [tree.left, tree.comparators[0]]
    texts = [ast.get_source_segment(neuron.threshold.strip(), side) for side in sides]
    texts = [f"({t})" if isinstance(side, ast.BinOp) else t for t, side in zip(texts, sides, strict=True)]
    return " - ".join(texts if isinstance(tree.ops[0], ast.Gt | ast.GtE) else texts[::-1])


def _dimensions(file: NeuronModel | SynapseModel, equations: Equations, expression: str) -> Any:
    """Dimensions of an expression of a file's variables and parameters; None if it names something else."""
    names = {name: equation.dim for name, equation in equations.items()}
    names |= {name: get_dimensions(value) for name, value in constants(file, {}).items()}
    known = _UNITS | DEFAULT_FUNCTIONS | {name: Variable(name, dimensions=dim) for name, dim in names.items()}
    if get_identifiers(expression) - set(known):
        return None
    try:
        return parse_expression_dimensions(expression.strip(), known)
    except DimensionMismatchError as error:
        raise _refusal(file, "equations", f"units do not match: {error}", "'brian2zoo check' says more") from None


def _refuse_unit(neuron: NeuronModel, synapse: SynapseModel, line: str, expected: Any, found: Any) -> None:
    if found is not None and found is not expected:
        problem = f"'{line}' does not fit neuron '{neuron.name}', where the variable is in another unit"
        raise _refusal(synapse, "read", problem, "pick a synapse whose weight has its unit")


def _reset(neuron: NeuronModel, state: tuple[sp.Symbol, ...], formula: Any) -> sp.Matrix:
    """State after all statements of the reset, each of which sees what those before it wrote."""
    now: dict[sp.Symbol, sp.Expr] = {}
    for line in statements(neuron.reset):
        name, operator, expression, _ = parse_statement(line)
        value = formula("reset", expression).xreplace(now)
        before = now.get(symbol(name), symbol(name))
        match operator:
            case "=":
                now[symbol(name)] = value
            case "+=":
                now[symbol(name)] = before + value
            case "-=":
                now[symbol(name)] = before - value
            case "*=":
                now[symbol(name)] = before * value
            case "/=":
                now[symbol(name)] = before / value
            case _:
                raise _refusal(neuron, "reset", f"'{line}' cannot be differentiated", "use = += -= *= /=")
    return sp.Matrix([sp.expand(now.get(x, x)) for x in state])


def _arrival(
    neuron: NeuronModel, synapse: SynapseModel, state: tuple[sp.Symbol, ...], equations: Equations
) -> sp.Matrix:
    """What a presynaptic spike adds to the state."""
    store = Equations(synapse.state)
    added = dict.fromkeys(state, sp.Integer(0))
    for line in statements(synapse.read):
        name, _, expression, _ = parse_statement(line)
        target = symbol(name.removesuffix("_post"))
        if target not in added:
            if name.endswith("_post"):
                problem = f"'{line}' writes '{target}', for which neuron '{neuron.name}' has no differential equation"
                raise _refusal(
                    synapse,
                    "read",
                    problem,
                    "pick a synapse that writes one of its variables: " + ", ".join(map(str, state)),
                )
            continue
        if "unless refractory" in equations[str(target)].flags:
            problem = f"'{line}' is lost while neuron '{neuron.name}' is refractory"
            raise _refusal(synapse, "read", problem, "let the synapse drive a current, and the equations the potential")
        value = _parse(synapse, "read", expression)
        seen = sorted(str(s) for s in value.free_symbols if str(s).endswith("_post"))
        if seen:
            problem = f"'{line}' reads {seen[0]}: spikes that coincide would add up in an order of their own"
            raise _refusal(
                synapse, "read", problem, "let the synapse drive a conductance, and the equations the potential"
            )
        _refuse_unit(neuron, synapse, line, equations[str(target)].dim, _dimensions(synapse, store, expression))
        added[target] += value
    if not any(value.has(W) for value in added.values()):
        raise _refusal(
            synapse, "read", f"a spike changes nothing of neuron '{neuron.name}' by w", "pick another synapse"
        )
    return sp.Matrix([added[x] for x in state])


def _refuse_changed(
    neuron: NeuronModel,
    equations: Equations,
    flow: sp.Matrix,
    threshold: Any,
    reset: sp.Matrix,
    state: tuple[sp.Symbol, ...],
) -> None:
    """Refuse variables without an equation that events change: they would need a trace of their own."""
    used = flow.free_symbols | reset.free_symbols | (threshold.free_symbols if threshold is not None else set())
    for field in ("reset", "each_step"):
        for name in written(getattr(neuron, field)):
            if field == "each_step" and symbol(name) in state:
                problem = f"'{name}' is changed at every step beside its equation"
                raise _refusal(neuron, field, problem, "put the change into its differential equation")
            if symbol(name) in used - set(state) and name in equations and equations[name].type == PARAMETER:
                problem = f"'{name}' is changed by events and has no differential equation"
                raise _refusal(neuron, field, problem, f"write it as a state, such as 'd{name}/dt = 0*{name}/second'")
    if symbol("i") in used:
        raise _refusal(
            neuron, "equations", "the index i means another neuron at a synapse", "use a variable in its place"
        )


def _refuse_method(neuron: NeuronModel, linear: bool) -> None:
    """Refuse integrators whose derivative is not the same integrator of the traces."""
    if neuron.method in _EXACT_METHODS and (linear or neuron.method == "euler"):
        return
    problem = f"the traces of '{neuron.method or 'no method'}' would not be the derivative of its steps"
    remedy = "use 'method: exact' or 'euler'" if linear else "use 'method: euler', for equations that are not linear"
    raise _refusal(neuron, "method", problem, remedy)


def names_at(side: str, dynamics: Dynamics) -> dict[sp.Symbol, sp.Symbol]:
    """The neuron's variables and parameters as a synapse on its side calls them."""
    names = set(Equations(dynamics.neuron.equations).names) | set(as_dict(dynamics.neuron.parameters))
    return {symbol(name): symbol(f"{name}_{side}") for name in names}
