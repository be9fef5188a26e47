"""Traces as a rule: the equations, jumps and eligibility that a neuron's dynamics imply."""

from dataclasses import dataclass, field

import sympy as sp
from brian2 import Quantity, get_unit
from brian2.core.namespace import DEFAULT_UNITS
from pydantic import ValidationError

from brian2zoo.derive import formulas
from brian2zoo.derive.dynamics import Dynamics, names_at, symbol
from brian2zoo.derive.traces import ELIG, SELF, SPIKED, Traces, trace
from brian2zoo.equations.pieces import equations_of, unit_name, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.rules import InfluenceRule, Jumps, Rule, Variables

OWN_NAMES = ("learning_signal", "psi", "spiked", "active", "elig", "grad", "own", "now", str(SELF))
_OWN_PREFIXES = ("eps_", "psi_", "bar_", "filter_", "through_", "arrived_", "slope_", "jump_", "turn_", "next_")
_MOST_COUPLINGS = 4_000_000
SINCE_REFRACTORY = "timestep(t - lastspike, dt) >= timestep({}, dt)"


@dataclass
class _Blocks:
    """Lines of the rule's blocks."""

    pre: list[str] = field(default_factory=list)
    post: list[str] = field(default_factory=list)
    synapse: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)
    at_spike: list[str] = field(default_factory=list)
    on_pre: list[str] = field(default_factory=list)
    each_step: list[str] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    coupling: list[str] = field(default_factory=list)
    on_arrival: list[str] = field(default_factory=list)
    store_each_step: list[str] = field(default_factory=list)


def trace_rule(traces: Traces, **about: object) -> Rule:
    """The rule that traces make.

    Parameters
    ----------
    about : title, name, path and whatever else a file of rules/ has but equations and statements.

    Raises
    ------
    ZooError
        If the neuron or the synapse has a variable of a name the rule needs.
    """
    dynamics = traces.dynamics
    _refuse_names(dynamics)
    blocks = _Blocks()
    try:
        _neuron_side(traces, blocks)
        _trace_equations(traces, blocks)
        eligibility = _eligibility(traces, blocks)
        _own_spikes(traces, blocks)
    except ValueError as error:
        raise ZooError(dynamics.neuron.path, "equations", str(error), "write the formulas in another form") from None
    lines = {name: "\n".join(found) for name, found in vars(blocks).items()}
    sides = {side: lines[side] for side in ("pre", "post", "synapse", "within")}
    stores = {
        "variables": lines["store"],
        "coupling": lines["coupling"],
        "on_arrival": lines["on_arrival"],
        "each_step": lines["store_each_step"],
        "most": _MOST_COUPLINGS,
    }
    try:
        return Rule(
            eligibility=eligibility,
            method=dynamics.neuron.method,
            variables=Variables(**sides),
            at_spike=Jumps(pre=lines["at_spike"]),
            on_pre=lines["on_pre"],
            each_step=lines["each_step"],
            influence=InfluenceRule(**stores) if traces.full else None,
            **about,
        )
    except ValidationError as error:
        problem = f"a derivative is too long: {error.errors()[0]['ctx']['error'].problem}"
        raise ZooError(dynamics.neuron.path, "equations", problem, "write the formulas in another form") from None


def _refuse_names(dynamics: Dynamics) -> None:
    """Refuse names of the neuron or the synapse that the rule has for something of its own."""
    neuron, synapse = dynamics.neuron, dynamics.synapse
    of_synapse = {*equations_of(synapse.state).names, *as_dict(synapse.parameters)}
    of_synapse |= {name for block in (synapse.draw, synapse.write, synapse.read) for name in written(block)}
    of_neuron = {*equations_of(neuron.equations).names, *as_dict(neuron.parameters)}
    for file, key, names in ((neuron, "equations", of_neuron), (synapse, "state", of_synapse)):
        for name in sorted(names):
            if name in OWN_NAMES or name.startswith(_OWN_PREFIXES):
                raise ZooError(file.path, key, f"'{name}' is a name of the rule", f"rename '{name}'")


def _neuron_side(traces: Traces, blocks: _Blocks) -> None:
    """What every neuron works out for all of its synapses."""
    dynamics = traces.dynamics
    if traces.autapse:
        unit = dynamics.weight_unit
        blocks.post.append(f"{SELF} : {unit}    # weight onto itself, told by the recurrent synapses")
        blocks.within.append(f"{SELF}_post = w*int(i == j) : {unit} (summed)")
    if any(SPIKED in traces.after_step(name).free_symbols for name in traces.variables):
        gate = "active*" if dynamics.neuron.refractory else ""
        blocks.post.append(f"spiked = {gate}int({dynamics.neuron.threshold}) : 1    # 1 in the step of a spike")


def _eligibility(traces: Traces, blocks: _Blocks) -> str:
    """The derivative of the neuron's spike, or of its answer, by the weight."""
    units, spiking = traces.dynamics.units, traces.dynamics.threshold is not None
    names = {name: f"slope_{name}" for name in traces.variables}
    eligibility = sp.Add(*[
        _hoisted(traces, blocks, names[name], entry, over(traces.dynamics.threshold_unit, units[name])) * trace(name)
        for name, entry in ((n, traces.slope[0, traces.dynamics.state.index(symbol(n))]) for n in traces.variables)
    ])  # fmt: skip
    return _at_synapse(traces, eligibility * (symbol("psi") if spiking else 1))


def _trace_equations(traces: Traces, blocks: _Blocks) -> None:
    """Where the traces are, how they flow and jump."""
    units, weight_unit = traces.dynamics.units, traces.dynamics.weight_unit
    for name in traces.variables:
        unit = over(units[name], weight_unit)
        meaning = f"    # derivative of {name} by w"
        arrival = traces.arrival(name)
        if traces.full:
            flow = moving(f"eps_{name}", _at_synapse(traces, traces.flow(name)))
            blocks.store.append(f"deps_{name}/dt = {flow} : {unit} (clock-driven){meaning}")
            _arrivals(traces, name, unit, blocks)
        elif name in traces.presynaptic:
            flow = moving(f"eps_{name}", _at_pre(traces, traces.flow(name)))
            blocks.pre.append(f"deps_{name}/dt = {flow} : {unit}{meaning}")
            if arrival != 0:
                blocks.at_spike.append(f"eps_{name} += {_text(arrival)}")
        else:
            flow = moving(f"eps_{name}", _at_synapse(traces, traces.flow(name)))
            blocks.synapse.append(f"deps_{name}/dt = {flow} : {unit} (clock-driven){meaning}")
            if arrival != 0:
                blocks.on_pre.append(f"eps_{name} += {_text(arrival)}")


def moving(name: str, flow: str) -> str:
    """Right-hand side of a trace. One that only jumps has an equation too: it is put to rest with all others."""
    return f"0*{name}/second" if flow == "0" else flow


def _arrivals(traces: Traces, name: str, unit: str, blocks: _Blocks) -> None:
    """What arrives at a store: the presynaptic spike at the weight's own neuron, and other neurons' spikes at all."""
    added = []
    arrival, through = traces.arrival(name), traces.through_spikes(name)
    if arrival != 0:
        blocks.synapse.append(f"arrived_{name} : {unit}    # by a presynaptic spike of this step")
        blocks.on_pre.append(f"arrived_{name} = {_text(arrival)}")
        blocks.each_step.append(f"arrived_{name} = {'0' if unit == '1' else f'0*({unit})'}")
        added.append(f"own*arrived_{name}_pre")
    if through != 0:
        blocks.store.append(f"through_{name} : {unit}    # by the layer's own spikes of the step before")
        coupled = _text(through.xreplace({ELIG: symbol("elig_pre")}))
        blocks.coupling.append(f"through_{name}_post = {coupled} : {unit} (summed)")
        added.append(f"through_{name}")
    if added:
        blocks.on_arrival.append(f"eps_{name} += {' + '.join(added)}")


def _own_spikes(traces: Traces, blocks: _Blocks) -> None:
    """What the neuron's own spikes do to the traces at the end of a step."""
    changed, each_step = {}, blocks.store_each_step if traces.full else blocks.each_step
    for name in traces.variables:
        if traces.after_step(name) != trace(name):
            after = traces.after_step(name, lambda value, *called: _factor(traces, blocks, value, *called))
            changed[name] = sp.factor_terms(sp.collect(sp.expand(after), trace(name)))
    together = any(
        trace(other) in after.free_symbols for name, after in changed.items() for other in changed if other != name
    )
    if together:
        each_step += [f"next_{name} = {_at_synapse(traces, after)}" for name, after in changed.items()]
        each_step += [f"eps_{name} = next_{name}" for name in changed]
    else:
        for name, after in changed.items():
            added = sp.expand(after - trace(name))
            only_added = trace(name) not in added.free_symbols
            each_step.append(
                f"eps_{name} += {_at_synapse(traces, added)}"
                if only_added
                else f"eps_{name} = {_at_synapse(traces, after)}"
            )


def _factor(traces: Traces, blocks: _Blocks, value: sp.Expr, called: str, of: str, by: str = "") -> sp.Expr:
    """A factor of a reset, whose unit is that of one variable over that of another."""
    units = traces.dynamics.units
    return _hoisted(traces, blocks, called, value, over(units[of], units[by] if by else "1"))


def _hoisted(traces: Traces, blocks: _Blocks, name: str, value: sp.Expr, unit: str) -> sp.Expr:
    """A factor as it is if it is constant; else the name of a variable of the postsynaptic neuron that has its value.

    Statements of a synapse may read a neuron as it was at the start of the step; the factor belongs to its end.
    """
    if all(str(s) in traces.dynamics.constants for s in value.free_symbols):
        return value
    line = f"{name} = {_text(value)} : {unit}"
    if line not in blocks.post:
        blocks.post.append(line)
    return symbol(name)


def _at_pre(traces: Traces, expression: sp.Expr) -> str:
    """An expression on the presynaptic neuron: parameters are those of the neuron after the synapse."""
    return _text(expression.xreplace(names_at("post", traces.dynamics)))


def _at_synapse(traces: Traces, expression: sp.Expr) -> str:
    names = names_at("post", traces.dynamics)
    names |= {trace(name): symbol(f"eps_{name}_pre") for name in traces.presynaptic}
    for name in (
        "psi",
        "spiked",
        "active",
        str(SELF),
        *(f"{kind}_{x}" for kind in ("slope", "jump") for x in traces.variables),
        *(f"turn_{x}_{y}" for x in traces.variables for y in traces.variables),
    ):
        names[symbol(name)] = symbol(f"{name}_post")
    return _text(expression.xreplace(names))


def _text(expression: sp.Expr) -> str:
    return formulas.written(expression)


def over(numerator: str, denominator: str) -> str:
    """A quotient of units as equations spell it."""
    values = [1 if unit == "1" else eval(unit, dict(DEFAULT_UNITS)) for unit in (numerator, denominator)]
    quotient = get_unit(Quantity(values[0] / values[1]).dim)
    if quotient.dim.is_dimensionless:
        return "1"
    if denominator == "1":
        return numerator
    if not denominator.isidentifier():
        return unit_name(Quantity(1, dim=quotient.dim))
    if numerator != "1" and repr(quotient) in DEFAULT_UNITS:
        return repr(quotient)
    return f"{numerator}/{denominator}"
