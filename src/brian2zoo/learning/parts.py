"""What rules, losses and synapse models add to neurons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from brian2.utils.stringtools import get_identifiers

from brian2zoo.equations.pieces import NOTHING, Block, Given, equations_of, join
from brian2zoo.formats.models import NeuronModel


@dataclass(frozen=True)
class Neurons:
    """A population as far as learning depends on it: its neuron, and what an experiment overrides of it."""

    name: str
    neuron: NeuronModel
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class NeuronPart:
    """What the rule, the loss or the synapse model of a projection adds to the neurons on a side of it.

    Parameters
    ----------
    side : 'pre' or 'post'.
    parameters : constants that the equations need, declared with them.
    at_spike : statements run after the reset.
    initial : statements run before the first step.
    method : integration of the equations, where there is an ODE among them.
    """

    side: str
    equations: Block = NOTHING
    parameters: Mapping[str, Given] = field(default_factory=dict)
    at_spike: Block = NOTHING
    method: str = ""
    initial: Block = NOTHING

    @property
    def text(self) -> str:
        """All its lines."""
        return join(self.equations.text, self.at_spike.text, self.initial.text)


def for_target(part: NeuronPart, of_post: Mapping[str, Given], post_name: str) -> tuple[NeuronPart, dict[str, str]]:
    """A presynaptic part with the name of the postsynaptic population in all its names, and what synapses call them.

    The neuron may have other targets with other constants. Of constants the part keeps those that it uses.

    Parameters
    ----------
    of_post : constants of the postsynaptic neuron, named '..._post'.
    """
    used = get_identifiers(part.text)
    there = {name: f"{name}_{post_name}" for name in equations_of(part.equations.text).names} if part.equations else {}
    own = {name: f"{name}_{post_name}" for name in part.parameters if name in used}
    foreign = {name: f"{name.removesuffix('_post')}_of_{post_name}" for name in of_post if name in used}
    derivatives = {f"d{name}": f"d{new}" for name, new in there.items()}
    found = {**part.parameters, **of_post}
    names = derivatives | there | own | foreign
    with_target = replace(
        part,
        equations=part.equations.renamed(names),
        parameters={new: found[name] for name, new in (own | foreign).items()},
        at_spike=part.at_spike.renamed(names),
        initial=part.initial.renamed(names),
    )
    called = {f"{n}_pre": f"{new}_pre" for n, new in there.items()} | {n: f"{new}_pre" for n, new in own.items()}
    return with_target, called
