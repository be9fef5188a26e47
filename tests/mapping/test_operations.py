"""Counting operations of strings, by hand."""

import pytest
from brian2.equations.equations import Equations

from brian2zoo.mapping.operations import Operands, Operations, count, neuron_scope, stored

SYNAPSE = Operands(synapse=["w"], neuron=["I_post", "U_post", "r_pre"], formulas={"box_post": "int(I_post > -b)"})


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("I_post += w", Operations(synapse_reads=1, neuron_reads=1, neuron_writes=1, additions=1)),
        # what is the same for all synapses is free, whatever it takes to work it out
        ("w = exp(-a/b)*2", Operations(synapse_writes=1)),
        # one number for all factors that are the same
        ("w = eta*w/tau*dt", Operations(synapse_reads=1, synapse_writes=1, multiplications=1)),
        ("w = 1*w", Operations(synapse_reads=1, synapse_writes=1)),
        # a condition gates, it does not multiply; a formula stands for what it says
        ("dw = eta*U_post*box_post", Operations(neuron_reads=2, multiplications=1, comparisons=1)),
        # registers: U is read once, w is written once and not read again
        ("w = U_post*U_post\nw = w + U_post",
         Operations(neuron_reads=1, synapse_writes=1, multiplications=1, additions=1)),
        ("w = clip(w, a, b)", Operations(synapse_reads=1, synapse_writes=1, comparisons=2)),
        # a draw differs between synapses, and so does what is made of it
        ("open = int(rand() < p)\nI_post += open*w",
         Operations(synapse_reads=1, neuron_reads=1, neuron_writes=1, additions=1, comparisons=1, random_numbers=1)),
        ("dw = r_pre**2 - 3*(w % 2)",
         Operations(synapse_reads=1, neuron_reads=1, additions=1, multiplications=3)),
        # a copy from the start of the step is the variable
        ("dw = I_start_post\nI_post += w", Operations(synapse_reads=1, neuron_reads=1, neuron_writes=1, additions=1)),
        ("I_post > b and w < a", Operations(synapse_reads=1, neuron_reads=1, comparisons=3)),
    ],
)  # fmt: skip
def test_count(block: str, expected: Operations) -> None:
    assert count(block, SYNAPSE) == expected


def test_stored_values_are_those_of_each_neuron() -> None:
    equations = Equations(
        "dV/dt = -V/tau : 1\nrate = V*2*Hz : Hz\nV_start : 1\ntau : second (shared, constant)\ng : 1 (shared)"
    )
    assert stored(equations) == ["V"]
    assert neuron_scope(equations).formulas == {"rate": "V*2*Hz"}


def test_operations_add_and_scale() -> None:
    once = Operations(additions=1, random_numbers=2)
    assert 3 * once + once - once == Operations(additions=3, random_numbers=6)
