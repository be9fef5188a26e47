"""Rest at the onset of a sample: with `rest: true` a sample is as if it were a run of its own.

All that a run begins with is put back: variables of neurons and synapses, traces and sums among them, refractoriness,
and spikes on their way. What goes on from run to run goes on from sample to sample too.
"""

from collections.abc import Collection, Iterable
from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import BOOLEAN, FLOAT, SUBEXPRESSION, Equations
from brian2.synapses.spikequeue import SpikeQueue

from brian2zoo.dense.device import DenseDevice
from brian2zoo.equations.pieces import statements, written

# A zero that nobody works out beforehand: times it a number is zero, and what is none stays none.
_ZERO = "int(t < 0*second)"

# As Brian2 begins a run. In statements of their own: an assignment to what stands still while a neuron is refractory
# asks for `not_refractory`.
NOT_REFRACTORY = "lastspike = -1e4*second\nnot_refractory = True"


def at_rest(equations: Equations, kept: Collection[str], initial: str) -> str:
    """Statements that put every variable to what it is before a run, but those that are kept.

    What is not a number stays so, and is found when the run has ended; a time may have been infinite.

    Parameters
    ----------
    initial : statements of before a run.
    """
    lines, shared = [], []
    left = {n for n, e in equations.items() if e.type == SUBEXPRESSION or "constant" in e.flags or n in kept}
    for name, equation in equations.items():
        if name in left:
            continue
        if equation.var_type == FLOAT:
            value = "0*second" if equation.dim is brian2.second.dim else f"abs({name})*{_ZERO}"
        else:
            value = "False" if equation.var_type == BOOLEAN else "0"
        (shared if "shared" in equation.flags else lines).append(f"{name} = {value}")
    if any("event-driven" in equation.flags for equation in equations.values()):
        lines.append("lastupdate = t")
    for line in statements(initial):
        (name,) = written(line)
        if name not in left:
            (shared if "shared" in equations[name].flags else lines).append(line)
    return "\n".join([*shared, *lines])


def forget_spikes(groups: Iterable[brian2.NeuronGroup], pathways: Iterable[Any]) -> brian2.Function:
    """A function, called as forget_spikes(), after which no spike that was emitted before it arrives; it returns 0."""
    spiking = [group.variables["_spikespace"] for group in groups if "_spikespace" in group.variables]
    pathways = list(pathways)

    def forget() -> float:
        for events in spiking:
            events.get_value()[-1] = 0
        for pathway in pathways:
            _empty(pathway.queue)
        return 0.0

    def code(_owner: Any) -> str:
        device = brian2.get_device()
        lines = [f"brian::{device.get_array_name(events)}[{events.size - 1}] = 0;" for events in spiking]
        if isinstance(device, DenseDevice):
            lines.append("dense::forget_spikes();")
        for pathway in pathways:
            lines.append(f"for (auto* each : brian::{pathway.name}.queue) for (auto& slot : each->queue) slot.clear();")
        return _FUNCTION.format(body="\n    ".join(lines))

    function = brian2.Function(forget, arg_units=[], return_unit=1, stateless=False)
    function.implementations.add_implementation("numpy", lambda *_: np.float64(forget()))
    function.implementations.add_dynamic_implementation("cpp", code, namespace=lambda _owner: {})
    return function


def _empty(queue: Any) -> None:
    """Take all spikes out of a queue of Brian2's, in Cython or in Python, and leave it as long as its delays are."""
    state = queue._full_state()
    slots = state[2][0] if isinstance(queue, SpikeQueue) else len(state[1])
    for _ in range(slots):  # each empties a slot, and in the end the queue is where it was
        queue.advance()


_FUNCTION = """
static inline double forget_spikes()
{{
    {body}
    return 0;
}}
"""
