"""The number of a sample, which goes on from run to run."""

from dataclasses import replace
from typing import Any

from brian2.utils.stringtools import get_identifiers

from brian2zoo.equations.pieces import declare, join, renamed

SAMPLE_NUMBER = "sample_number"
"""What strings call the number of samples before the present one, in a training or a test as a whole."""


def first_sample(name: str) -> str:
    """Parameter of a group by which each run tells it how many samples came before; no two groups' are called alike."""
    return f"first_sample_of_{name}"


def with_sample_number(code: Any, name: str) -> Any:
    """A group's code in which the number of the sample counts on from run to run, whatever a run takes.

    Parameters
    ----------
    code : of a neuron or a synapse.
    name : of the group.
    """
    strings = {field: text for field, text in vars(code).items() if isinstance(text, str)}
    if SAMPLE_NUMBER not in get_identifiers("\n".join(strings.values())):
        return code
    first = {first_sample(name): 0.0}
    number = {SAMPLE_NUMBER: f"({first_sample(name)} + floor((t + dt/2)/T_sample))"}
    strings = {field: renamed(text, number) for field, text in strings.items()}
    equations = join(strings.pop("equations"), declare(first))
    return replace(code, equations=equations, parameters=code.parameters | first, **strings)
