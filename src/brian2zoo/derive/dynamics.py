"""A neuron and the synapse onto it as formulas: what flows, when it spikes, what jumps.

Only what can be differentiated is let through; anything else is refused with the reason.
"""

import ast
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from brian2 import Quantity, second
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import Equations, extract_constant_subexpressions
from brian2.parsing.statements import parse_statement

from brian2zoo.derive import formulas
from brian2zoo.derive.arrival import Arrival, W, arrival
from brian2zoo.derive.fields import assigned, dimensions, parsed, refuse_chance, shorthand
from brian2zoo.derive.formulas import Rough, symbol
from brian2zoo.equations.pieces import equations_of, statements, unit_name, unit_name_of, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import NeuronModel, SynapseModel

__all__ = ["ACTIVE", "Dynamics", "W", "names_at", "read", "symbol"]

_EXACT_METHODS = ("exact", "euler")
_CLOCK = {"t", "dt", "T_sample", "T_answer"}
"""Names that mean the same at a neuron and at a synapse."""


@dataclass(frozen=True)
class Dynamics:
    """A neuron with variables x under one synapse of weight w.

    Parameters
    ----------
    state : the n variables that have a differential equation, in the order of the file.
    flow : (n, 1) f of dx/dt = f(x); what stands still while refractory has the factor `ACTIVE`.
    threshold : g; a spike where g(x) > 0. None for a neuron that never spikes.
    reset : (n, 1) R(x), the state after a spike.
    arrival : (n, 1) what a presynaptic spike adds to x, U(w) in the names of the synapse, and dU/dw.
    graded : the variable that is the answer of a neuron that never spikes.
    units, weight_unit : unit of each variable of the state, and of w, as equations spell it.
    distance, threshold_unit : g as text, and its unit.
    linear : whether the equations are linear and integrated exactly.
    """

    neuron: NeuronModel
    synapse: SynapseModel
    state: tuple[sp.Symbol, ...]
    flow: sp.Matrix
    threshold: sp.Expr | None
    reset: sp.Matrix
    arrival: Arrival
    graded: sp.Symbol | None
    units: dict[str, str]
    weight_unit: str
    distance: str
    threshold_unit: str
    linear: bool

    @cached_property
    def constants(self) -> frozenset[str]:
        """Names that are equal for all neurons and all time: parameters and units."""
        return frozenset(as_dict(self.neuron.parameters)) | frozenset(DEFAULT_UNITS)

    @cached_property
    def constants_at_synapse(self) -> frozenset[sp.Symbol]:
        """The same, as a synapse and a presynaptic neuron call them."""
        own = as_dict(self.neuron.parameters)
        return frozenset(symbol(f"{name}_post" if name in own else name) for name in self.constants)


ACTIVE = symbol("active")
"""1 while the neuron is not refractory, 0 while it is."""


def read(neuron: NeuronModel, synapse: SynapseModel) -> Dynamics:
    """The formulas of a neuron and of a synapse that transmits to it.

    Raises
    ------
    ZooError
        If a right-hand side has no derivative, chance takes part, or events change something that has no equation.
    """
    equations = equations_of(neuron.equations)
    refuse_chance(neuron, ("equations", "threshold", "reset", "each_step"))
    if not equations.diff_eq_names:
        raise _refusal(
            neuron, "equations", "there is no differential equation", "write the state as 'dx/dt = ... : unit'"
        )
    if not neuron.threshold and not neuron.graded:
        problem = "the neuron neither spikes nor has a graded answer"
        raise _refusal(neuron, "threshold", problem, "add 'threshold:', or 'graded: x' with the variable that is read")
    order = [name for name in equations if name in equations.diff_eq_names]
    state = tuple(symbol(name) for name in order)
    _refuse_held(neuron, equations, state)
    equations, _ = extract_constant_subexpressions(equations)
    short = shorthand(neuron, "equations", equations)
    _refuse_refractory(neuron, equations, short, state)

    def formula(field: str, text: str) -> sp.Expr:
        return _smooth(neuron, field, text, parsed(neuron, field, text).xreplace(short), state)

    flow = sp.Matrix([formula("equations", str(equations[name].expr)) for name in order])
    still = [name for name in order if "unless refractory" in equations[name].flags and neuron.refractory]
    flow = sp.Matrix([ACTIVE * f if name in still else f for name, f in zip(order, flow, strict=True)])
    away = distance(neuron) if neuron.threshold else ""
    threshold = formula("threshold", away) if away else None
    reset = _reset(neuron, state, short)
    if neuron.graded and neuron.graded not in order:
        raise _refusal(
            neuron, "graded", f"'{neuron.graded}' has no differential equation", f"name one of {', '.join(order)}"
        )
    _refuse_changed(neuron, equations, flow, threshold, reset, state)
    linear = not formulas.jacobian(flow, state).free_symbols & set(state)
    _refuse_method(neuron, linear)
    units = {name: unit_name_of(equations, name) for name in order}
    threshold_unit = unit_name(Quantity(1, dim=dimensions(neuron, equations, away))) if away else "1"
    arriving = arrival(neuron, synapse, state, equations)
    weight_unit = unit_name_of(equations_of(synapse.state), "w")
    return Dynamics(
        neuron, synapse, state, flow, threshold, reset, arriving, symbol(neuron.graded) if neuron.graded else None,
        units, weight_unit, away, threshold_unit, linear and neuron.method == "exact",
    )  # fmt: skip


def _refusal(file: NeuronModel | SynapseModel, field: str, problem: str, remedy: str) -> ZooError:
    return ZooError(file.path, field, problem, remedy)


def _refuse_held(neuron: NeuronModel, equations: Equations, state: tuple[sp.Symbol, ...]) -> None:
    """Refuse values that are taken once a step of the state, before spikes arrive; others are as constants."""
    short = shorthand(neuron, "equations", equations)
    for name in sorted(equations.subexpr_names):
        if "constant over dt" in equations[name].flags and short[symbol(name)].free_symbols & set(state):
            problem = f"'{name}' is held over a step, and is not the state by which the step is made"
            raise _refusal(neuron, "equations", problem, "leave '(constant over dt)' out")


def _refuse_refractory(
    neuron: NeuronModel, equations: Equations, short: dict[sp.Symbol, sp.Expr], state: tuple[sp.Symbol, ...]
) -> None:
    if not neuron.refractory:
        return
    period = parsed(neuron, "refractory", neuron.refractory).xreplace(short).free_symbols
    changed = {symbol(name) for field in ("reset", "each_step") for name in written(getattr(neuron, field))}
    if dimensions(neuron, equations, neuron.refractory) is not second.dim or period & {*state, *changed}:
        problem = f"the end of the refractory period would need a derivative: '{neuron.refractory}' is no fixed time"
        raise _refusal(neuron, "refractory", problem, "give a time")


def _smooth(neuron: NeuronModel, field: str, text: str, found: sp.Expr, state: tuple[sp.Symbol, ...]) -> sp.Expr:
    """A formula that has a derivative by the state everywhere; of constants anything is allowed."""
    try:
        formulas.jacobian(sp.Matrix([found]), state)
    except Rough as rough:
        problem = f"'{text}' has no derivative everywhere: {rough}"
        raise _refusal(neuron, field, problem, "write it smooth; only a threshold gets a surrogate") from None
    return found


def distance(neuron: NeuronModel) -> str:
    """g of the condition g > 0, as text."""
    tree = ast.parse(neuron.threshold.strip(), mode="eval").body
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or isinstance(tree.ops[0], ast.Eq | ast.NotEq):
        problem = f"'{neuron.threshold}' is not one comparison, so there is no distance to it"
        raise _refusal(neuron, "threshold", problem, "write it as 'x > y'")
    sides = [tree.left, tree.comparators[0]]
    texts = [ast.get_source_segment(neuron.threshold.strip(), side) for side in sides]
    texts = [f"({t})" if isinstance(side, ast.BinOp) else t for t, side in zip(texts, sides, strict=True)]
    return " - ".join(texts if isinstance(tree.ops[0], ast.Gt | ast.GtE) else texts[::-1])


def _reset(neuron: NeuronModel, state: tuple[sp.Symbol, ...], short: dict[sp.Symbol, sp.Expr]) -> sp.Matrix:
    """State after all statements of the reset, each of which sees what those before it wrote."""
    now: dict[sp.Symbol, sp.Expr] = {}
    for line in statements(neuron.reset):
        name, _, expression, _ = parse_statement(line)
        value = parsed(neuron, "reset", expression).xreplace(short).xreplace(now)
        value = assigned(neuron, "reset", line, now.get(symbol(name), symbol(name)), value)
        now[symbol(name)] = _smooth(neuron, "reset", line, value, state)
    return sp.Matrix([sp.expand_mul(now.get(x, x), deep=False) for x in state])


def _refuse_changed(
    neuron: NeuronModel,
    equations: Equations,
    flow: sp.Matrix,
    threshold: sp.Expr | None,
    reset: sp.Matrix,
    state: tuple[sp.Symbol, ...],
) -> None:
    """Refuse what would need a trace of its own, or means something else at a synapse."""
    used = flow.free_symbols | reset.free_symbols | (threshold.free_symbols if threshold is not None else set())
    for field in ("reset", "each_step", "on_sample", "forward", "backward"):
        for name in written(getattr(neuron, field)):
            if field != "reset" and symbol(name) in state:
                problem = f"'{name}' is changed outside its equation and the reset"
                raise _refusal(neuron, field, problem, "put the change into its differential equation")
            if field != "on_sample" and symbol(name) in used - set(state) and name in equations:
                problem = f"'{name}' is changed by events and has no differential equation"
                raise _refusal(neuron, field, problem, f"write it as a state, such as 'd{name}/dt = 0*{name}/second'")
    known = {*equations.names, *as_dict(neuron.parameters), *DEFAULT_UNITS, *_CLOCK, str(ACTIVE)}
    for name in sorted({str(s) for s in used} - known):
        problem = f"'{name}' means something else at a synapse, or nothing"
        raise _refusal(neuron, "equations", problem, "use a variable or a parameter in its place")


def _refuse_method(neuron: NeuronModel, linear: bool) -> None:
    """Refuse integrators whose derivative is not the same integrator of the traces."""
    if neuron.method in _EXACT_METHODS and (linear or neuron.method == "euler"):
        return
    problem = f"the traces of '{neuron.method or 'no method'}' would not be the derivative of its steps"
    remedy = "use 'method: exact' or 'euler'" if linear else "use 'method: euler', for equations that are not linear"
    raise _refusal(neuron, "method", problem, remedy)


def names_at(side: str, dynamics: Dynamics) -> dict[sp.Symbol, sp.Symbol]:
    """The neuron's variables and parameters as a synapse on its side calls them."""
    names = set(equations_of(dynamics.neuron.equations).names) | set(as_dict(dynamics.neuron.parameters))
    return {symbol(name): symbol(f"{name}_{side}") for name in names}
