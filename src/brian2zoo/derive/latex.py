"""The derivation as LaTeX."""

import sympy as sp

from brian2zoo.derive.dynamics import W, symbol
from brian2zoo.derive.formulas import short
from brian2zoo.derive.traces import ELIG, SPIKED, Traces, trace


def latex_text(traces: Traces) -> str:
    """An `align*` environment: the neuron, its Jacobian, the traces, their jumps and the update."""
    dynamics = traces.dynamics
    names = {trace(str(x)): rf"\epsilon_{{{sp.latex(x)}}}" for x in dynamics.state}
    names |= {SPIKED: "S", ELIG: "e", symbol("psi"): r"\psi"}

    def tex(expression: sp.Expr) -> str:
        return sp.latex(expression, symbol_names=names)

    lines = [rf"\dot{{{tex(x)}}} &= {tex(f)}" for x, f in zip(dynamics.state, dynamics.flow, strict=True)]
    lines += [
        rf"{tex(x)} &\leftarrow {tex(x + jump)} && \text{{presynaptic spike}}"
        for x, jump in zip(dynamics.state, dynamics.arrival.added, strict=True)
        if jump != 0
    ]
    if dynamics.threshold is not None:
        lines.append(rf"g &= {tex(dynamics.threshold)} > 0 && \text{{spike}}")
        lines += [
            rf"{tex(x)} &\leftarrow {tex(after)} && \text{{own spike}}"
            for x, after in zip(dynamics.state, dynamics.reset, strict=True)
            if after != x
        ]
    lines.append(rf"J = \frac{{\partial f}}{{\partial x}} &= {tex(traces.jacobian.applyfunc(short))}")
    lines += [rf"\dot{{{names[trace(x)]}}} &= {tex(traces.flow(x))}" for x in traces.variables]
    lines += [
        rf"{names[trace(x)]} &\leftarrow {tex(trace(x) + traces.arrival(x))} && \text{{presynaptic spike}}"
        for x in traces.variables
        if traces.arrival(x) != 0
    ]
    if traces.full:
        of_neuron = {W: sp.Symbol("w_l"), ELIG: sp.Symbol("e_l")}
        throughs = {names[trace(x)]: tex(traces.through_spikes(x).xreplace(of_neuron)) for x in traces.variables}
        told = r"\text{spikes of the layer, } w_l \text{ from neuron } l"
        lines += [rf"{x} &\leftarrow {x} + \sum_l {by} && {told}" for x, by in throughs.items() if by != "0"]
    spiking = dynamics.threshold is not None
    lines.append(rf"e &= {tex(traces.eligibility() * (symbol('psi') if spiking else 1))}")
    lines += [
        rf"{names[trace(x)]} &\leftarrow {tex(sp.factor_terms(traces.after_step(x)))} && \text{{end of the step}}"
        for x in traces.variables
        if traces.after_step(x) != trace(x)
    ]
    over_neurons = r"\sum_l L_l\, (\kappa * e_l)" if traces.full else r"L\, (\kappa * e)"
    lines.append(rf"\Delta w &= -\eta \sum_t {over_neurons}")
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
