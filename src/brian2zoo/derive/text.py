"""A derived rule as a file that a person can read, edit and run: how it was derived, and its traces."""

from collections.abc import Iterable

import sympy as sp

from brian2zoo.derive import formulas
from brian2zoo.derive.traces import Traces
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.rules import Rule

_KINDS = {"block_diagonal": "Block-diagonal RTRL", "snap1": "SnAp-1", "full": "RTRL"}


def title_of(derived: str, neuron: NeuronModel) -> str:
    """Title of a rule that is derived from a neuron."""
    return f"{_KINDS[derived]} of {neuron.name}"


def rule_text(rule: Rule, traces: Traces, command: str) -> str:
    """The file of a rule that was derived from traces.

    Parameters
    ----------
    command : what wrote it, for the first line.
    """
    try:
        derivation = explanation(traces)
    except ValueError as error:
        path = traces.dynamics.neuron.path
        raise ZooError(path, "equations", str(error), "write the formulas in another form") from None
    variables, origin, influence = rule.variables, rule.origin, rule.influence
    lines = [
        f"# Written by '{command}'; edit it as any other rule.",
        *(f"# {line}".rstrip() for line in derivation),
        f"title: {rule.title}",
        *([f"reference: {rule.reference}"] if rule.reference else []),
        f"origin: {{neuron: {origin.neuron}, synapse: {origin.synapse}, fingerprint: {origin.fingerprint}}}",
        f"method: {rule.method}",
        *_group("variables", {side: getattr(variables, side) for side in ("pre", "post", "synapse", "within")}),
        *_group("at_spike", {"pre": rule.at_spike.pre}),
        *_block("on_pre", rule.on_pre),
        f"eligibility: {rule.eligibility}",
        *_block("each_step", rule.each_step),
    ]
    if influence is not None:
        blocks = ("variables", "coupling", "on_arrival", "each_step")
        lines += [*_group("influence", {key: getattr(influence, key) for key in blocks}), f"  most: {influence.most}"]
    return "\n".join(lines) + "\n"


def _group(key: str, blocks: dict[str, str]) -> list[str]:
    lines = [line for name, block in blocks.items() for line in _block(name, block, 2)]
    return [f"{key}:", *lines] if lines else []


def _block(key: str, block: str, depth: int = 0) -> list[str]:
    lines: Iterable[str] = block.splitlines()
    return [" " * depth + f"{key}: |", *(" " * (depth + 2) + line for line in lines)] if block else []


def explanation(traces: Traces) -> list[str]:
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
        "Jacobian df/dx; a trace eps = dx/dw follows deps/dt = df/dx eps, and jumps by dU/dw",
        "at presynaptic spikes.",
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
