"""What a presynaptic spike adds to a neuron, as a function of the weight, and the derivative of that.

The statements of a spike are gone through in their order, `draw` and `read`, with all that is computed from the weight
put in the place of its name. Formulas are in the synapse's own names; a parameter of the neuron is X_post. The rule's
statements run between `draw` and `read`, so that a name that `draw` has set without the weight may stay.
"""

from dataclasses import dataclass
from typing import Any

import sympy as sp
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, Equations
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.derive import formulas
from brian2zoo.derive.fields import assigned, dimensions, parsed, refuse_chance, shorthand
from brian2zoo.derive.formulas import Rough, symbol
from brian2zoo.equations.pieces import equations_of, statements, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import NeuronModel, SynapseModel

W = symbol("w")


@dataclass(frozen=True)
class Arrival:
    """A column over the state: what a spike adds, U(w), and dU/dw."""

    added: sp.Matrix
    slope: sp.Matrix


def arrival(neuron: NeuronModel, synapse: SynapseModel, state: tuple[sp.Symbol, ...], equations: Equations) -> Arrival:
    """What a presynaptic spike adds to the state of a neuron of these equations.

    Raises
    ------
    ZooError
        If a spike does something else to the neuron than to add, if what it adds does not depend on w, jumps with it,
        or depends on something that w has changed before.
    """
    store = equations_of(synapse.state)
    refuse_chance(synapse, ("state", "draw", "read"))
    short = shorthand(synapse, "state", store)
    _refuse_weight(synapse, store)
    _refuse_sums(neuron, synapse, store, equations, short)
    now = _drawn(synapse, short)
    added = dict.fromkeys(state, sp.Integer(0))
    for line in statements(synapse.read):
        name, _, expression, _ = parse_statement(line)
        value = parsed(synapse, "read", expression).xreplace(short).xreplace(now)
        if name.endswith("_post"):
            target = _target(neuron, synapse, line, state, equations)
            _refuse_postsynaptic(neuron, synapse, line, value)
            _refuse_unit(neuron, synapse, line, equations[str(target)].dim, dimensions(synapse, store, expression))
            added[target] += value
        elif name.endswith("_pre"):
            _refuse_backwards(synapse, line, value)
        else:
            now[symbol(name)] = assigned(synapse, "read", line, now.get(symbol(name), symbol(name)), value)
    column = sp.Matrix([added[x] for x in state])
    return Arrival(column, _slope(neuron, synapse, store, column))


def _refuse_weight(synapse: SynapseModel, store: Equations) -> None:
    """Refuse a synapse without a weight w that stays as it is between two changes by the rule."""
    if "w" not in store:
        problem, remedy = "there is no weight w to differentiate by", "pick a synapse that has one"
        raise ZooError(synapse.path, "state", problem, remedy)
    if store["w"].type != PARAMETER:
        problem = f"'{store['w']}' has an equation: what a change of it does depends on when it is made"
        raise ZooError(synapse.path, "state", " ".join(problem.split()), "store the weight itself, as 'w : unit'")
    for field in ("draw", "read"):
        if "w" in written(getattr(synapse, field)):
            problem = "a spike changes w itself, and with it what an earlier change has done"
            raise ZooError(synapse.path, field, problem, "assign to another name")


def _refuse_sums(
    neuron: NeuronModel,
    synapse: SynapseModel,
    store: Equations,
    equations: Equations,
    short: dict[sp.Symbol, sp.Expr],
) -> None:
    """Refuse a way of the weight into the neuron other than by spikes."""
    for name in store.subexpr_names:
        into = name.removesuffix("_post") if "summed" in store[name].flags else ""
        if into in equations and {W, *_followers(synapse, store)} & short[symbol(name)].free_symbols:
            problem = f"w reaches '{into}' of neuron '{neuron.name}' at all times, by a sum, not by spikes alone"
            raise ZooError(synapse.path, "state", problem, "write it in read, as a spike that adds")


def _followers(synapse: SynapseModel, store: Equations) -> set[sp.Symbol]:
    """Variables that the synapse keeps, other than w, and that w has a hand in: they would need traces."""
    sources = {name: get_identifiers(str(e.expr)) for name, e in store.items() if e.expr is not None}
    for field in ("draw", "write", "read"):
        for line in statements(getattr(synapse, field)):
            name, _, expression, _ = parse_statement(line)
            sources[name] = sources.get(name, set()) | get_identifiers(expression)
    found = {"w"}
    while more := {name for name, used in sources.items() if used & found} - found:
        found |= more
    kept = {name for name in store if store[name].type in (PARAMETER, DIFFERENTIAL_EQUATION)}
    return {symbol(name) for name in (found & kept) - {"w"}}


def _drawn(synapse: SynapseModel, short: dict[sp.Symbol, sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Names that `draw` has computed from the weight, as formulas of what there is after it."""
    now: dict[sp.Symbol, sp.Expr] = {}
    for line in statements(synapse.draw):
        name, _, expression, _ = parse_statement(line)
        value = parsed(synapse, "draw", expression).xreplace(short).xreplace(now)
        value = assigned(synapse, "draw", line, now.pop(symbol(name), symbol(name)), value)
        if any(symbol(name) in other.free_symbols for other in now.values()):
            problem = f"'{line}' changes '{name}', from which another has been computed before"
            raise ZooError(synapse.path, "draw", problem, "give it another name")
        if W in value.free_symbols:
            now[symbol(name)] = value
    return now


def _target(
    neuron: NeuronModel, synapse: SynapseModel, line: str, state: tuple[sp.Symbol, ...], equations: Equations
) -> sp.Symbol:
    """The variable of the neuron to which a line of `read` adds."""
    name, operator, _, _ = parse_statement(line)
    target = symbol(name.removesuffix("_post"))
    if target not in state:
        problem = f"'{line}' writes '{target}', for which neuron '{neuron.name}' has no differential equation"
        remedy = "pick a synapse that writes one of its variables: " + ", ".join(map(str, state))
        raise ZooError(synapse.path, "read", problem, remedy)
    if operator != "+=":
        problem = f"'{line}' does not add: it matters in which order spikes of a step arrive"
        raise ZooError(synapse.path, "read", problem, "write 'X_post += ...'")
    if "unless refractory" in equations[str(target)].flags:
        problem = f"'{line}' is lost while neuron '{neuron.name}' is refractory"
        remedy = "let the synapse drive a current, and the equations the potential"
        raise ZooError(synapse.path, "read", problem, remedy)
    return target


def _refuse_postsynaptic(neuron: NeuronModel, synapse: SynapseModel, line: str, value: sp.Expr) -> None:
    constant = {f"{name}_post" for name in as_dict(neuron.parameters)}
    seen = sorted(str(s) for s in value.free_symbols if str(s).endswith("_post") and str(s) not in constant)
    if seen:
        problem = f"'{line}' reads {seen[0]}: spikes that coincide would add up in an order of their own"
        remedy = "let the synapse drive a conductance, and the equations the potential"
        raise ZooError(synapse.path, "read", problem, remedy)


def _refuse_backwards(synapse: SynapseModel, line: str, value: sp.Expr) -> None:
    if W in value.free_symbols:
        problem = f"'{line}' changes the presynaptic neuron by w, which would need a trace of its own"
        raise ZooError(synapse.path, "read", problem, "let it change the neuron after the synapse alone")


def _refuse_unit(neuron: NeuronModel, synapse: SynapseModel, line: str, expected: Any, found: Any) -> None:
    if found is not None and found is not expected:
        problem = f"'{line}' does not fit neuron '{neuron.name}', where the variable is in another unit"
        raise ZooError(synapse.path, "read", problem, "pick a synapse whose weight has its unit")


def _slope(neuron: NeuronModel, synapse: SynapseModel, store: Equations, column: sp.Matrix) -> sp.Matrix:
    """dU/dw, if it is all that a change of the weight does."""
    if not column.has(W):
        problem = f"a spike changes nothing of neuron '{neuron.name}' by w"
        raise ZooError(synapse.path, "read", problem, "pick another synapse")
    for name in sorted(map(str, column.free_symbols & _followers(synapse, store))):
        problem = f"what a spike adds contains '{name}', which w has changed before: it would need a trace of its own"
        raise ZooError(synapse.path, "read", problem, f"write it in state as a formula of w, '{name} = ... : unit'")
    try:
        slope = formulas.jacobian(column, [W], kinks=True)
    except Rough as rough:
        problem = f"what a spike adds jumps as w changes, or does not change with it: {rough}"
        remedy = (
            "derive with --synapse and a store that reads w as it is; that rule, straight-through, runs on this too"
        )
        raise ZooError(synapse.path, "read", problem, remedy) from None
    for name in sorted(str(s) for s in slope.free_symbols if str(s).endswith("_pre")):
        problem = f"its derivative by w contains {name}, and a rule sees only its value before the spike"
        raise ZooError(synapse.path, "read", problem, f"copy it in draw, as '{name.removesuffix('_pre')}_now = {name}'")
    return slope
