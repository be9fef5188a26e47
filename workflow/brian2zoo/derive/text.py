"""Traces as the text of a rule that a person can read, edit and run."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from textwrap import indent, wrap

import numpy as np
import sympy as sp
from brian2 import Quantity, get_unit, have_same_dimensions
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import Equations

from brian2zoo.compose import unit_name, written
from brian2zoo.derive import formulas
from brian2zoo.derive.dynamics import Dynamics, W, names_at, symbol
from brian2zoo.derive.traces import ELIG, SELF, SPIKED, Traces, derive, propagator, trace
from brian2zoo.errors import ZooError
from brian2zoo.expressions import evaluate
from brian2zoo.propagators import DT
from brian2zoo.spec import Feedback, Loss, Optimizer, Surrogate, as_dict

_OWN_NAMES = ("learning_signal", "psi", "spiked", "active", "elig", "grad", "eta", "own", "now", str(SELF))
_OWN_PREFIXES = ("eps_", "psi_", "bar_", "readout_", "through_", "arrived_", "slope_", "jump_", "turn_", "next_")
_SCALES = {"1": "1", "volt": "10*mV", "amp": "1*nA"}
_BLOCKS = (
    "Real-time recurrent learning with one block of the Jacobian for each neuron: its own dynamics are"
    " differentiated exactly, the way through other neurons' spikes is left out."
)
_WHOLE = (
    "Real-time recurrent learning with the whole Jacobian of a layer: what each weight does to each neuron is followed,"
    " through other neurons' spikes too. Exact for one hidden layer; N neurons keep N of these stores a weight, O(N^3)"
    " in all, coupled by O(N^4) products a step. For small networks."
)
_MOST_COUPLINGS = 4_000_000
_ETA = {"1": "1e-3", "amp": "1e-3*nA**2", "volt": "1e-3*mV**2", "siemens": "1e-3*nS**2"}


@dataclass(frozen=True)
class Choice:
    """What the equations leave open.

    Parameters
    ----------
    surrogate : stands for the derivative of a spike; None for a neuron that never spikes.
    scale : what the surrogate's x is measured in, as an expression with a unit; empty for a default.
    feedback : how the error reaches the hidden layers.
    readout : dynamics of the units whose answer the error is of: their kernel moves onto the trace. None where the
        error is of this neuron's own answer, or local to its layer.
    loss : where the neuron itself gives the answer, what the error is.
    optimizer : from the gradient to the change of a weight; None for a step down the gradient of every sample.
    """

    surrogate: Surrogate | None
    scale: str = ""
    feedback: Feedback = "symmetric"
    readout: Dynamics | None = None
    loss: Loss | None = None
    optimizer: Optimizer | None = None


@dataclass
class _Blocks:
    """Lines of the rule's blocks."""

    pre: list[str] = field(default_factory=list)
    post: list[str] = field(default_factory=list)
    synapse: list[str] = field(default_factory=list)
    at_spike: list[str] = field(default_factory=list)
    at_own_spike: list[str] = field(default_factory=list)
    on_pre: list[str] = field(default_factory=list)
    each_step: list[str] = field(default_factory=list)
    at_onset: list[str] = field(default_factory=list)
    keeps: list[str] = field(default_factory=lambda: ["grad"])
    parameters: list[str] = field(default_factory=list)
    store: list[str] = field(default_factory=list)
    coupling: list[str] = field(default_factory=list)
    on_arrival: list[str] = field(default_factory=list)
    store_each_step: list[str] = field(default_factory=list)


def rule_text(traces: Traces, choice: Choice, command: str) -> str:
    """The rule file.

    Parameters
    ----------
    command : what wrote it, for the first line.

    Raises
    ------
    ZooError
        If the neuron has a variable of a name the rule needs, or the choice does not go with the neuron.
    """
    dynamics = traces.dynamics
    _refuse_names(dynamics, choice)
    blocks = _Blocks()
    try:
        _neuron_side(traces, choice, blocks)
        _trace_equations(traces, blocks)
        _gradient(traces, choice, blocks)
        _update(traces, choice, blocks)
        derivation = explanation(traces, choice)
    except ValueError as error:
        raise ZooError(dynamics.neuron.path, "equations", str(error), "write the formulas in another form") from None
    kind = "SnAp-1" if traces.autapse else "RTRL" if traces.full else "Block-diagonal RTRL"
    presynaptic = f"Traces of {', '.join(traces.presynaptic)}: one a presynaptic neuron." if traces.presynaptic else ""
    kept = f"The reset of {', '.join(traces.kept)} is differentiated, by the surrogate." if traces.kept else ""
    notes = [
        _WHOLE if traces.full else _BLOCKS,
        "The synapse of a neuron onto itself belongs to the block (Menick et al. 2021)." if traces.autapse else "",
        kept,
        presynaptic,
    ]
    neuron = dynamics.neuron
    with_surrogate = f" with {choice.surrogate.name}" if choice.surrogate else ""
    lines = [
        f"# Written by '{command}'; edit it as any other rule.",
        *(f"# {line}".rstrip() for line in derivation),
        f"title: {kind} of {neuron.name}{with_surrogate}",
        f"reference: {'doi:10.1162/neco.1989.1.2.270' if traces.full else 'doi:10.1109/JPROC.2020.3045625'}",
        "notes: >",
        *indent("\n".join(wrap(" ".join(filter(None, notes)), 110)), "  ").splitlines(),
        f"feedback: {choice.feedback}",
        f"needs: {{post: [{', '.join(_needed(traces))}]}}",
        f"method: {neuron.method}",
        "variables:",
        *_block("pre", blocks.pre, 2),
        *_block("post", blocks.post, 2),
        *_block("synapse", blocks.synapse, 2),
        *(["at_spike:"] if blocks.at_spike or blocks.at_own_spike else []),
        *_block("pre", blocks.at_spike, 2),
        *_block("post", blocks.at_own_spike, 2),
        *_block("on_pre", blocks.on_pre),
        *_block("each_step", blocks.each_step),
        *_block("at_onset", blocks.at_onset),
        *_influence(blocks),
        f"keeps: [{', '.join(blocks.keeps)}]",
        *_block("parameters", _aligned(blocks.parameters)),
    ]
    return "\n".join(lines) + "\n"


def _influence(blocks: _Blocks) -> list[str]:
    """The stores of a rule that keeps one for each weight and neuron."""
    if not blocks.store:
        return []
    return [
        "influence:    # of a weight on a neuron of its layer, one store each",
        *_block("variables", blocks.store, 2),
        *_block("coupling", blocks.coupling, 2),
        *_block("on_arrival", blocks.on_arrival, 2),
        *_block("each_step", blocks.store_each_step, 2),
        f"  most: {_MOST_COUPLINGS}    # couplings of a projection, its weights times the square of the neurons",
    ]


def _refuse_names(dynamics: Dynamics, choice: Choice) -> None:
    """Refuse names of the neuron or the synapse that the rule has for something of its own."""
    neuron, synapse = dynamics.neuron, dynamics.synapse
    of_synapse = {*Equations(synapse.state).names, *as_dict(synapse.parameters)}
    of_synapse |= {name for block in (synapse.draw, synapse.write, synapse.read) for name in written(block)}
    of_optimizer = {"due", *Equations(choice.optimizer.state).names} if choice.optimizer else set()
    of_neuron = {*Equations(neuron.equations).names, *as_dict(neuron.parameters)}
    for file, key, names, own in (
        (neuron, "equations", of_neuron, set()),
        (synapse, "state", of_synapse, of_optimizer),
    ):
        for name in sorted(names):
            if name in {*_OWN_NAMES, *own} or name.startswith(_OWN_PREFIXES):
                raise ZooError(file.path, key, f"'{name}' is a name of the rule", f"rename '{name}'")


def _needed(traces: Traces) -> list[str]:
    """Variables of the postsynaptic neuron that the rule reads."""
    used = traces.slope.free_symbols | traces.jacobian.free_symbols
    used |= (
        traces.dynamics.threshold.free_symbols if traces.dynamics.threshold is not None else {traces.dynamics.graded}
    )
    return [str(x) for x in traces.dynamics.state if x in used]


def _neuron_side(traces: Traces, choice: Choice, blocks: _Blocks) -> None:
    """What every neuron works out for all of its synapses."""
    dynamics, surrogate = traces.dynamics, choice.surrogate
    if dynamics.threshold is None:
        if choice.loss is None:
            blocks.post.append("learning_signal : 1    # derivative of the loss by the answer")
        else:
            blocks.post += [
                line.replace("ANSWER", str(dynamics.graded)) for line in choice.loss.equations.strip().splitlines()
            ]
        return
    if choice.loss is not None and not choice.loss.at_spike:
        problem = f"neuron '{dynamics.neuron.name}' spikes and gives no graded answer"
        raise ZooError("--loss", "", problem, "name the readout by --readout, and derive its rule with the loss")
    if surrogate is None:
        raise ZooError("--surrogate", "", f"neuron '{dynamics.neuron.name}' spikes", "name a file of models/surrogates")
    unit = dynamics.threshold_unit
    scale = _checked_scale(choice.scale or _SCALES.get(unit, f"1*{unit}"), unit)
    plain = scale == "1" and unit == "1"
    gate = "active*" if dynamics.neuron.refractory else ""
    x = f"({dynamics.distance})" if plain else f"(({dynamics.distance})/psi_scale)"
    named = {"x": x} | {p.name: f"psi_{p.name}" for p in surrogate.parameters}
    psi = re.sub(r"[A-Za-z_]\w*", lambda name: named.get(name[0], name[0]), surrogate.derivative.strip())
    psi = psi.replace(f"abs({x})", f"abs{x}")
    psi = psi if plain and not gate else f"{gate}({psi})" + ("" if plain else "/psi_scale")
    if gate:
        since = f"timestep(t - lastspike, dt) >= timestep({dynamics.neuron.refractory}, dt)"
        blocks.post.append(f"active = int({since}) : 1 (constant over dt)    # 0 while refractory")
    if choice.loss is None:
        blocks.post.append("learning_signal : 1    # derivative of the loss by a spike")
    else:
        blocks.post += choice.loss.equations.strip().splitlines()
        blocks.at_own_spike += choice.loss.at_spike.strip().splitlines()
        blocks.parameters += [str(line) for line in choice.loss.parameters]
    blocks.post += [
        f"psi = {psi} : {_over('1', unit)}    # surrogate of the derivative of a spike",
    ]
    if traces.autapse:
        blocks.post.append(f"{SELF} : {dynamics.weight_unit}    # weight onto itself, told by the recurrent synapses")
    if any(SPIKED in traces.after_step(name).free_symbols for name in traces.variables):
        blocks.post.append(f"spiked = {gate}int({dynamics.neuron.threshold}) : 1    # 1 in the step of a spike")
    blocks.parameters += [f"psi_{line}" for line in surrogate.parameters]
    if not plain:
        blocks.parameters.append(f"psi_scale = {scale} [> 0]  # distance from the threshold that counts as 1")


def _checked_scale(scale: str, unit: str) -> str:
    """A scale; `ZooError` unless it is a number above 0 in a unit."""
    remedy = f"write a number in that unit, such as '{_SCALES.get(unit, f'1*{unit}')}'"
    try:
        value = evaluate(scale)
    except ValueError as error:
        raise ZooError("--scale", "", str(error), f"{remedy}: the unit of the distance is {unit}") from None
    if not have_same_dimensions(value, evaluate(unit)):
        raise ZooError("--scale", "", f"'{scale}' is not in {unit}, the unit of the distance from threshold", remedy)
    if not 0 < float(np.asarray(value)) < np.inf:
        raise ZooError("--scale", "", f"'{scale}' is no number above 0", remedy)
    return scale


def _trace_equations(traces: Traces, blocks: _Blocks) -> None:
    """Where the traces are, how they flow and jump."""
    units, weight_unit = traces.dynamics.units, traces.dynamics.weight_unit
    for name in traces.variables:
        unit = _over(units[name], weight_unit)
        meaning = f"    # derivative of {name} by w"
        arrival = traces.arrival(name)
        if traces.full:
            flow = _flow(f"eps_{name}", _at_synapse(traces, traces.flow(name)))
            blocks.store.append(f"deps_{name}/dt = {flow} : {unit} (clock-driven){meaning}")
            _arrivals(traces, name, unit, blocks)
        elif name in traces.presynaptic:
            flow = _flow(f"eps_{name}", _at_pre(traces, traces.flow(name)))
            blocks.pre.append(f"deps_{name}/dt = {flow} : {unit}{meaning}")
            if arrival != 0:
                blocks.at_spike.append(f"eps_{name} += {_text(arrival)}")
        else:
            flow = _flow(f"eps_{name}", _at_synapse(traces, traces.flow(name)))
            blocks.synapse.append(f"deps_{name}/dt = {flow} : {unit} (clock-driven){meaning}")
            if arrival != 0:
                blocks.on_pre.append(f"eps_{name} += {_text(arrival)}")


def _flow(name: str, flow: str) -> str:
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


def _gradient(traces: Traces, choice: Choice, blocks: _Blocks) -> None:
    """Eligibility, own spikes, the readout's kernel, and the sum that the update takes."""
    units, spiking = traces.dynamics.units, traces.dynamics.threshold is not None
    per_weight = _over("1", traces.dynamics.weight_unit)
    blocks.synapse.append(f"grad : {per_weight}    # gradient of the loss by w, summed since the last update")
    names = {name: f"slope_{name}" for name in traces.variables}
    eligibility = sp.Add(*[
        _hoisted(traces, blocks, names[name], entry, _over(traces.dynamics.threshold_unit, units[name])) * trace(name)
        for name, entry in ((n, traces.slope[0, traces.dynamics.state.index(symbol(n))]) for n in traces.variables)
    ])  # fmt: skip
    eligibility = _at_synapse(traces, eligibility * (symbol("psi") if spiking else 1))
    filters = _readout_kernel(traces, choice, blocks) if spiking and choice.readout else None
    online = choice.optimizer is not None and choice.optimizer.each == "step"
    summed = "=" if online else "+="
    if traces.full:
        answer, arrivals = filters or (eligibility, [])
        blocks.synapse.append(f"now : {per_weight}    # gradient of this step")
        blocks.each_step.append(f"grad {summed} now")
        blocks.store.append(f"elig : {per_weight}    # derivative of the neuron's spike by w")
        blocks.store.append(f"now_pre = learning_signal_post*{answer} : {per_weight} (summed)    # over all neurons")
        blocks.store_each_step += [f"elig = {eligibility}", *arrivals]
    elif filters is None:
        blocks.each_step += [f"elig = {eligibility}", f"grad {summed} learning_signal_post*elig"]
    else:
        answer, arrivals = filters
        blocks.each_step += [f"grad {summed} learning_signal_post*{answer}", f"elig = {eligibility}", *arrivals]
    _own_spikes(traces, blocks)


def _update(traces: Traces, choice: Choice, blocks: _Blocks) -> None:
    """From the gradient of the samples before to the change of the weight, at the onset of a sample."""
    unit, optimizer = traces.dynamics.weight_unit, choice.optimizer
    if optimizer is None:
        blocks.at_onset += ["dw = -eta*grad", f"grad = {_zero(unit)}"]
        blocks.parameters.append(f"eta = {_ETA.get(unit, f'1e-3*({unit})**2')}  # learning rate")
        return
    if unit != "1":
        problem = f"it is made for weights without unit, those of '{traces.dynamics.synapse.name}' are in {unit}"
        raise ZooError(optimizer.path, "state", problem, "leave --optimizer out, or take a synapse without unit")
    blocks.synapse += [line.rstrip() for line in optimizer.state.splitlines() if line.strip()]
    blocks.keeps += optimizer.keeps
    blocks.parameters += [str(line) for line in optimizer.parameters]
    if optimizer.each == "step":
        blocks.each_step += optimizer.update.strip().splitlines()
        return
    blocks.synapse.append("due = int(sample_number % batch < 0.5) : 1 (shared)    # whether to update now")
    blocks.at_onset += [*optimizer.update.strip().splitlines(), "grad = grad*(1 - due)"]


def _readout_kernel(traces: Traces, choice: Choice, blocks: _Blocks) -> tuple[str, list[str]]:
    """The eligibility as the readout's membrane would show it; the variable with the answer, and what it gets."""
    readout = derive(choice.readout)
    if (
        {*choice.readout.units.values(), choice.readout.weight_unit} != {"1"}
        or not choice.readout.linear
        or choice.readout.graded is None
    ):
        problem = "the readout has to be linear, without unit and never to spike for its kernel to move onto the trace"
        raise ZooError(choice.readout.neuron.path, "equations", problem, "pick another, or 'none'")
    if traces.dynamics.neuron.method == "exact" != choice.readout.neuron.method:
        problem = f"it is integrated by '{choice.readout.neuron.method}', the neuron exactly"
        raise ZooError(choice.readout.neuron.path, "method", problem, "use 'method: exact'")
    arriving = choice.readout.arrival
    if any(slope.free_symbols - choice.readout.constants_at_synapse for slope in arriving.slope) or any(
        added.xreplace({W: 0}) != 0 for added in arriving.added
    ):
        problem = "what a spike adds to the readout is no multiple of the weight, by which the error returns"
        raise ZooError(choice.readout.synapse.path, "read", problem, "write it as 'X_post += w'")
    per_weight = _over("1", traces.dynamics.weight_unit)
    names = {trace(name): symbol(f"bar_{name}") for name in readout.variables}
    for line in choice.readout.neuron.parameters:
        names |= {symbol(called): symbol(f"readout_{line.name}") for called in (line.name, f"{line.name}_post")}
    together = choice.readout.neuron.method == traces.dynamics.neuron.method
    step = None if together else propagator(readout) - sp.eye(len(readout.variables))
    used, arrivals = set(), []
    for i, name in enumerate(readout.variables):
        arrival = readout.arrival(name)
        flow = readout.flow(name)
        meaning = f"elig as {name} of the readout shows it"
        if not together:
            flow = sp.Add(*[step[i, j] * trace(other) for j, other in enumerate(readout.variables)]) / DT
            meaning += "; Euler makes this its exact step"
        used |= flow.free_symbols | arrival.free_symbols
        (blocks.store if traces.full else blocks.synapse).append(
            f"dbar_{name}/dt = {_flow(f'bar_{name}', _text(flow.xreplace(names)))} : {per_weight} (clock-driven)"
            f"    # {meaning}"
        )
        if arrival != 0:
            arrivals.append(f"bar_{name} += {_text(ELIG * arrival.xreplace(names))}")
    for line in choice.readout.neuron.parameters:
        if symbol(line.name) in used:
            where = f"{line.name} of {choice.readout.neuron.name}"
            blocks.parameters.append(f"readout_{line.name} = {line.code}  # {where}, which has to have the same")
    return f"bar_{choice.readout.graded}", arrivals


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
    return _hoisted(traces, blocks, called, value, _over(units[of], units[by] if by else "1"))


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


def explanation(traces: Traces, choice: Choice) -> list[str]:
    """The derivation in lines of text."""
    dynamics = traces.dynamics
    x = ", ".join(map(str, dynamics.state))
    lines = ["", f"State x = ({x}) of '{dynamics.neuron.name}', weight w of '{dynamics.synapse.name}'."]
    lines += [f"    d{s}/dt = {_text(f)}" for s, f in zip(dynamics.state, dynamics.flow, strict=True)]
    for s, jump in zip(dynamics.state, dynamics.arrival.added, strict=True):
        if jump != 0:
            lines.append(f"    presynaptic spike: {s} += {_text(jump)}")
    if any(map(formulas.has_kinks, dynamics.arrival.added)):
        lines.append("    abs and clip: at the kink itself, the derivative is the mean of those on either side")
    if dynamics.threshold is None:
        lines.append(f"    answer: {dynamics.graded}")
    else:
        lines.append(f"    spike: g = {dynamics.distance} > 0")
        for s, after in zip(dynamics.state, dynamics.reset, strict=True):
            if after != s:
                lines.append(f"    own spike: {s} -> {_text(after)}")
    lines += [
        "",
        "Jacobian df/dx; a trace eps = dx/dw follows deps/dt = df/dx eps, and jumps by dU/dw at presynaptic spikes.",
    ]
    for i, s in enumerate(dynamics.state):
        for j, other in enumerate(dynamics.state):
            if traces.jacobian[i, j] != 0:
                lines.append(f"    d(d{s}/dt)/d{other} = {_text(formulas.short(traces.jacobian[i, j]))}")
    if dynamics.threshold is not None:
        lines += [
            "",
            "Eligibility psi*(dg/dx eps), before the reset; a reset dR/dx acts on the traces as on the state.",
        ]
        lines += [
            f"    dg/d{s} = {_text(entry)}" for s, entry in zip(dynamics.state, traces.slope, strict=True) if entry != 0
        ]
        lines += _about_resets(traces)
    lines += ["", "Where the traces are:"]
    if traces.full:
        lines.append("    one of each weight on each neuron, O(N^3); the spikes of the layer itself add to them")
        throughs = ((name, traces.through_spikes(name)) for name in traces.variables)
        lines += [f"    eps_{name} += sum over neurons of {_text(by)}" for name, by in throughs if by != 0]
    for name in traces.variables if not traces.full else ():
        if name in traces.presynaptic:
            lines.append(
                f"    eps_{name}: presynaptic neuron, O(N); nothing of the postsynaptic neuron's state enters it"
            )
        else:
            lines.append(f"    eps_{name}: synapse, O(N^2); {traces.reasons[name]}")
    without = [str(s) for s in dynamics.state if str(s) not in traces.variables]
    if without:
        lines.append(f"    {', '.join(without)}: no trace; the weight does not act on the answer through it")
    if dynamics.threshold is not None and choice.readout is not None:
        lines += [
            "",
            f"The error is one of '{choice.readout.neuron.name}': its kernel filters the eligibility,",
            "so that the error can be taken as it is at each step.",
        ]
    return [*lines, ""]


def _about_resets(traces: Traces) -> list[str]:
    lines = []
    for name in map(str, traces.dynamics.state):
        if name in traces.kept:
            lines.append(
                f"    {name} jumps by {_text(traces.jump(name))} at a spike; this way is kept: eps_{name} += jump*elig"
            )
        elif traces.jump(name) != 0 and name in traces.variables:
            lines.append(f"    {name} jumps at a spike; that the weight moves the spike is left out of eps_{name}")
    return lines


def _text(expression: sp.Expr) -> str:
    return formulas.written(expression)


def _over(numerator: str, denominator: str) -> str:
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


def _zero(unit: str) -> str:
    """Zero gradient by a weight of that unit."""
    return "0" if unit == "1" else f"0/{unit}" if unit.isidentifier() else f"0/({unit})"


def _block(key: str, lines: Iterable[str], depth: int = 0) -> list[str]:
    lines = list(lines)
    if not lines:
        return []
    return [" " * depth + f"{key}: |", *(" " * (depth + 2) + line for line in lines)]


def _aligned(lines: list[str]) -> list[str]:
    """Comments below each other."""
    parts = [line.partition("  #") for line in lines]
    width = max(len(code) for code, _, _ in parts)
    return [f"{code.ljust(width)}{mark}{comment}" if mark else code for code, mark, comment in parts]
