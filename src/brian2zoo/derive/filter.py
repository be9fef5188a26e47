"""The filter of a readout: how an eligibility meets the error of an answer that comes later.

The error of a readout at a time is due to all spikes before it, by the readout's kernel. Moved onto the eligibility,
this kernel lets the error be taken as it is at each step.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from brian2zoo.derive import formulas
from brian2zoo.derive.dynamics import Dynamics, W, symbol
from brian2zoo.derive.rule import moving
from brian2zoo.derive.traces import ELIG, derive, propagator, trace
from brian2zoo.equations.propagators import DT
from brian2zoo.errors import ZooError


@dataclass(frozen=True)
class Kernel:
    """A filter as equations and statements.

    Parameters
    ----------
    equations : of a synapse, one a line.
    arrivals : statements that take in `elig`.
    answer : the variable that meets the error.
    constants : parameters of the readout by what the equations call them.
    """

    equations: tuple[str, ...]
    arrivals: tuple[str, ...]
    answer: str
    constants: Mapping[str, str] = field(default_factory=dict)


def kernel(readout: Dynamics, method: str, unit: str) -> Kernel:
    """The filter of a readout.

    Parameters
    ----------
    method : by which the equations are integrated.
    unit : of the eligibility.

    Raises
    ------
    ZooError
        If the readout is not linear, without unit and graded, or its kernel has no short form.
    """
    neuron, traces = readout.neuron, derive(readout)
    if {*readout.units.values(), readout.weight_unit} != {"1"} or not readout.linear or readout.graded is None:
        problem = "the readout has to be linear, without unit and never to spike for its kernel to move onto the trace"
        raise ZooError(
            neuron.path, "equations", problem, "pick another, or 'filter: none' in the experiment's learning"
        )
    if method == "exact" != neuron.method:
        problem = f"it is integrated by '{neuron.method}', the neurons that learn exactly"
        raise ZooError(neuron.path, "method", problem, "use 'method: exact'")
    arriving = readout.arrival
    if any(slope.free_symbols - readout.constants_at_synapse for slope in arriving.slope) or any(
        added.xreplace({W: 0}) != 0 for added in arriving.added
    ):
        problem = "what a spike adds to the readout is no multiple of the weight, by which the error returns"
        raise ZooError(readout.synapse.path, "read", problem, "write it as 'X_post += w'")
    called = {line.name: f"filter_{line.name}" for line in neuron.parameters}
    names = {trace(name): symbol(f"bar_{name}") for name in traces.variables}
    for name, new in called.items():
        names |= {symbol(name): symbol(new), symbol(f"{name}_post"): symbol(new)}
    together = neuron.method == method
    step = None if together else propagator(traces) - sp.eye(len(traces.variables))
    equations, arrivals, used = [], [], set()
    for i, name in enumerate(traces.variables):
        flow, arrival = traces.flow(name), traces.arrival(name)
        meaning = f"eligibility as {name} of the readout shows it"
        if not together:
            flow = sp.Add(*[step[i, j] * trace(other) for j, other in enumerate(traces.variables)]) / DT
            meaning += "; Euler makes this its exact step"
        flow, arrival = flow.xreplace(names), arrival.xreplace(names)
        used |= {str(s) for s in flow.free_symbols | arrival.free_symbols}
        moves = moving(f"bar_{name}", formulas.written(flow))
        equations.append(f"dbar_{name}/dt = {moves} : {unit} (clock-driven)    # {meaning}")
        if arrival != 0:
            arrivals.append(f"bar_{name} += {formulas.written(ELIG * arrival)}")
    constants = {new: name for name, new in called.items() if new in used}
    return Kernel(tuple(equations), tuple(arrivals), f"bar_{readout.graded}", constants)
