"""The Brian2 strings of a whole circuit, and what its projections add to the neurons on either side."""

from dataclasses import dataclass, replace
from typing import Any

from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Circuit, Influence, Population, Projection
from brian2zoo.compose.assembly import USUAL, Assembly
from brian2zoo.compose.influence import InfluenceCode, couplings_of, influence_code
from brian2zoo.compose.networks import within
from brian2zoo.compose.neuron import NeuronCode, compose_neuron
from brian2zoo.compose.parallel import side_by_side, with_places
from brian2zoo.compose.samples import with_sample_number
from brian2zoo.compose.synapse import SynapseCode, axon_part, compose_synapse, statements_at_spikes, sums_part
from brian2zoo.equations.pieces import depending, equations_of, join, statements, written
from brian2zoo.equations.propagators import integrated
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import SynapseModel
from brian2zoo.learning.parts import NeuronPart, Neurons
from brian2zoo.learning.rule import loss_part


@dataclass(frozen=True)
class OnNeurons:
    """What a projection adds to the neurons on either side.

    Parameters
    ----------
    names, kept : what strings of the rule, and those of the synapse model, then call their names.
    """

    parts: tuple[NeuronPart, ...]
    names: dict[str, str]
    kept: dict[str, str]


@dataclass(frozen=True)
class Codes:
    """The composed strings of a circuit, by name; `on_neurons` by projection."""

    neurons: dict[str, NeuronCode]
    synapses: dict[str, SynapseCode]
    influences: dict[str, InfluenceCode]
    on_neurons: dict[str, OnNeurons]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Constants by the name of the Brian2 object that has them."""
        found = {name: code.parameters for name, code in (self.neurons | self.synapses).items()}
        for name, code in self.influences.items():
            found[name] = code.stores.parameters
            if code.couplings is not None:
                found[couplings_of(name)] = code.couplings.parameters
        return found


def compose(circuit: Circuit, assembly: Assembly = USUAL) -> Codes:
    """Brian2 strings of every population and projection, as the backend wants them.

    Raises
    ------
    ZooError
        If files do not go together, or a method cannot integrate an equation.
    """
    return stepping(circuit, joined(circuit, assembly))


def joined(circuit: Circuit, assembly: Assembly = USUAL) -> Codes:
    """The same before it is found how equations move on by a step, for which they have to make sense."""
    synapses = {}
    copied: dict[str, set[str]] = {p.name: set() for p in circuit.populations}
    added = {p.name: loss_parts(circuit, p) for p in circuit.populations}
    on_neurons = {projection.name: put_on_neurons(projection) for projection in circuit.projections}
    changing = {p.name: _changing(circuit, p, on_neurons) for p in circuit.populations}
    for projection in circuit.projections:
        there = on_neurons[projection.name]
        ends = {"pre": projection.pre.name, "post": projection.post.name}
        driven = {} if assembly.parallel else {side: changing[name] for side, name in ends.items()}
        code = compose_synapse(
            projection.synapse,
            projection.rule,
            projection.overrides,
            driven=driven,
            returns=projection.returns_error,
            feedback=circuit.feedback,
            feedback_overrides=circuit.experiment.overrides("feedback"),
            names=there.names,
            kept=there.kept,
        )
        synapses[projection.name] = code
        for side, names in code.reads.items():
            copied[getattr(projection, side).name] |= set(names)
        for part in there.parts:
            added[getattr(projection, part.side).name].append(part)
    neurons = {
        p.name: compose_neuron(
            p.neuron,
            p.overrides,
            parts=added[p.name],
            copied=copied[p.name],
            formats=p.formats,
            learning=circuit.mode == "train",
        )
        for p in circuit.populations
    }
    neurons = {name: with_sample_number(code, name) for name, code in neurons.items()}
    synapses = {name: with_sample_number(code, name) for name, code in synapses.items()}
    if circuit.networks > 1:
        size = {p.name: p.size // circuit.networks for p in circuit.populations}
        neurons = {name: within(code, {"i": size[name]}) for name, code in neurons.items()}
        sizes = {p.name: {"i": size[p.pre.name], "j": size[p.post.name]} for p in circuit.projections}
        synapses = {name: within(code, sizes[name]) for name, code in synapses.items()}
    if assembly.parallel:
        ends = {p.name: (p.pre.name, p.post.name) for p in circuit.projections}
        neurons, synapses = side_by_side(neurons, synapses, ends)
    if assembly.places:
        synapses = {name: with_places(code) for name, code in synapses.items()}
    influences = {each.name: influence_code(each, on_neurons[each.of.name].names) for each in circuit.influences}
    return Codes(neurons, synapses, influences, on_neurons)


def stepping(circuit: Circuit, codes: Codes) -> Codes:
    """Joined codes that say how their equations move on by a step, with the values that this takes."""
    try:
        dt = {"dt": evaluate(circuit.experiment.protocol.dt)}
    except ValueError as error:
        raise ZooError(circuit.experiment.path, "protocol.dt", str(error), "write it as '1*ms'") from None

    def side(suffix: str, name: str) -> dict[str, Any]:
        return {f"{key}_{suffix}": value for key, value in codes.parameters[name].items()}

    def on_projection(projection: Projection, code: SynapseCode) -> SynapseCode:
        return integrated(code, dt | side("pre", projection.pre.name) | side("post", projection.post.name))

    def on_influence(influence: Influence, code: InfluenceCode) -> InfluenceCode:
        ends = side("pre", influence.of.name) | side("post", influence.of.post.name)
        return replace(code, stores=integrated(code.stores, dt | ends))

    return replace(
        codes,
        neurons={p.name: integrated(codes.neurons[p.name], dt) for p in circuit.populations},
        synapses={p.name: on_projection(p, codes.synapses[p.name]) for p in circuit.projections},
        influences={each.name: on_influence(each, codes.influences[each.name]) for each in circuit.influences},
    )


def put_on_neurons(projection: Projection) -> OnNeurons:
    """What a projection's rule and synapse model add to the neurons."""
    rule, model, pre, post = projection.rule, projection.synapse, projection.pre, projection.post
    parts, names, kept = [], {}, {}
    if rule is not None:
        parts, names = rule.on_neurons(Neurons(post.name, post.neuron, post.overrides))
    if model.axon is not None:
        if evaluate(projection.delay) != 0:
            _refuse_late(model)
        part, kept = axon_part(model, projection.overrides, pre.neuron, post.name)
        for name in sorted(names.keys() & kept.keys()):
            problem = f"rule '{rule.name}' gives the presynaptic neuron '{name.removesuffix('_pre')}' too"
            raise ZooError(model.path, "axon.variables", problem, "rename one of the two")
        parts = [*parts, part]
    if rule is not None and model.at_onset is not None:
        part, called = sums_part(model, projection.name)
        parts, kept = [*parts, part], kept | called
    for part in parts:
        if part.side == "pre" and part.at_spike and not pre.neuron.threshold:
            problem = f"neuron '{pre.neuron.name}' before the synapse never spikes"
            first = part.at_spike[0]
            raise ZooError(first.where, first.field, problem, "pick another for graded neurons")
    return OnNeurons(tuple(part for part in parts if part.equations or part.at_spike), names, kept)


def _refuse_late(model: SynapseModel) -> None:
    """Refuse a synapse with a delay that transmits what its axon has: that may be of a later spike by then."""
    jumping = {f"{name}_pre" for name in written(model.axon.at_spike)}
    for key in ("draw", "read"):
        used = get_identifiers("\n".join(statements(getattr(model, key)))) & jumping
        if used:
            problem = f"it takes '{min(used)}' as it is when the spike arrives, which a later spike may have changed"
            remedy = "give the protocol a delay of 0*ms, or state the variable in `state`, and change it in `draw`"
            raise ZooError(model.path, key, problem, remedy)


def _changing(circuit: Circuit, population: Population, on_neurons: dict[str, OnNeurons]) -> set[str]:
    """Variables of a population that change when spikes arrive, subexpressions of them among these."""
    driven = set()
    for projection in circuit.projections:
        for side in ("pre", "post"):
            if getattr(projection, side) is population:
                names = written(statements_at_spikes(projection.synapse, projection.rule))
                driven |= {name.removesuffix(f"_{side}") for name in names if name.endswith(f"_{side}")}
    added = dict.fromkeys(part.equations.text for part in added_to(circuit, population, on_neurons))
    return depending(equations_of(join(population.neuron.equations, *added)), driven)


def added_to(circuit: Circuit, population: Population, on_neurons: dict[str, OnNeurons]) -> list[NeuronPart]:
    """What loss, rules and synapse models add to a population, as often as they do."""
    by_projections = (
        part for p in circuit.projections for part in on_neurons[p.name].parts if getattr(p, part.side) is population
    )
    return [*loss_parts(circuit, population), *by_projections]


def loss_parts(circuit: Circuit, population: Population) -> list[NeuronPart]:
    """What the loss adds to a population, if it is the one that gives the answer."""
    if circuit.loss is None or population.name != "output":
        return []
    return [loss_part(circuit.loss, population.neuron, circuit.experiment.overrides("loss"))]
