"""What each weight does to every neuron of its layer: the influence that exact real-time recurrent learning keeps.

There is a store for each weight and neuron. It follows the neuron's equations, and the synapses within the layer couple
it to the other stores of its weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Influence
from brian2zoo.compose.samples import with_sample_number
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.equations.pieces import Block, Line, declared, equations_of, given, in_order, unit_name_of, values
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import SynapseModel
from brian2zoo.learning.rule import LearningRule


@dataclass(frozen=True)
class InfluenceCode:
    """What makes the stores of an influence.

    Parameters
    ----------
    stores : one for a weight and a neuron.
    couplings : from store to store of a weight; `w` comes from the synapses within the layer.
    weights : these give it. Both are None without such synapses.
    """

    stores: SynapseCode
    couplings: SynapseCode | None = None
    weights: SynapseCode | None = None


def couplings_of(influence: str) -> str:
    """Name of the couplings of an influence."""
    return f"{influence}_couplings"


def influence_code(influence: Influence, names: Mapping[str, str]) -> InfluenceCode:
    """The strings of an influence; `names` are those of what its rule has put on the neurons.

    Raises
    ------
    ZooError
        If spikes do not arrive in the step after they are emitted, as the rule takes them to.
    """
    of, within = influence.of, influence.within
    if any(evaluate(p.delay) != 0 for p in (of, within) if p is not None):
        problem = f"rule '{of.rule.name}' takes a spike to arrive in the step after it"
        raise ZooError(of.rule.path, "influence", problem, "give the protocol a delay of 0*ms")
    model, overrides = (within.synapse, within.overrides) if within is not None else (None, {})
    code = _composed(of.rule, names, model, overrides)
    return replace(code, stores=with_sample_number(code.stores, influence.name))


def _composed(
    rule: LearningRule, names: Mapping[str, str], within: SynapseModel | None, overrides_within: Mapping[str, str]
) -> InfluenceCode:
    """The stores of what a rule's weights do to all neurons of the layer, and how they are coupled.

    A parameter is declared where it is used, and read from there by what comes after: synapse, store, coupling.

    Parameters
    ----------
    names : of what the rule has put on the neurons, as `LearningRule.on_neurons` gives them.
    within : the synapse within the layer; None if there is none.
    """
    influence = rule.influence
    own = {name: rule.parameters[name] for name in rule.of_stores}
    at_synapse = {name: f"{name}_pre" for name in rule.parameters if name not in names and name not in own}
    new = dict(names) | at_synapse
    is_own = Line("own : 1 (constant)", rule.path, "influence.variables")
    equations = Block([*influence.variables.renamed(new), is_own, *declared(own)])
    known = equations_of(equations.text)
    pieces = {
        "equations": equations,
        "each_step": in_order(influence.each_step.renamed(new), known),
        "on_arrival": in_order(influence.on_arrival.renamed(new), known),
    }
    texts = {name: block.text for name, block in pieces.items()}
    stores = SynapseCode(parameters=values(own), method=rule.method, pieces=pieces, **texts)
    if within is None or not influence.coupling:
        return InfluenceCode(stores)
    unit = unit_name_of(equations_of(within.state), within.as_read)
    used = get_identifiers(influence.coupling.text)
    of_coupling = {name: value for name, value in given(within, overrides_within).items() if name in used}
    of_coupling |= {name: value for name, value in rule.parameters.items() if name in used and name not in own}
    weight = Line(f"w : {unit}", within.path, "state")
    coupling = Block([weight]) + influence.coupling.renamed({name: f"{name}_pre" for name in own})
    coupling += declared(of_coupling)
    return InfluenceCode(
        stores,
        SynapseCode(coupling.text, values(of_coupling), pieces={"equations": coupling}),
        SynapseCode(f"w_post = {within.as_read}_pre : {unit} (summed)", {}),
    )
