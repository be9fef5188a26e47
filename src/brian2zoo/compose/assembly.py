"""How a backend wants a circuit put together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assembly:
    """How a backend wants a circuit put together.

    Parameters
    ----------
    on_host : whether the code of a step runs on the host, where it can end the run by itself and read a file of events;
        if not, a program is told its duration when it begins.
    parallel : whether all synapses work before the neurons do, see `parallel`.
    places : whether a synapse keeps the indices of its neurons as variables, because its code may not name them.
    from_spike : whether a delay counts from the step of the spike, not from the one after, the first to arrive in.
    """

    on_host: bool = True
    parallel: bool = False
    places: bool = False
    from_spike: bool = False


USUAL = Assembly()

SCHEDULE = ["start", "synapses", "groups", "thresholds", "resets", "end"]
"""Slots of a step: spikes of earlier steps arrive before the neurons move, an order that Brian2 and GeNN share."""
