"""A synapse model and the rule it learns by, as the strings of a `brian2.Synapses`.

A rule asks for a change `dw`, a synapse model stores and transmits. At a presynaptic spike the order is
draw, rule, write, read: update first, then transmit, unless a spike is to transmit before.
What happens at a spike reads neurons as they were at the start of the step: what some projection changes when
spikes arrive is read from a copy, so that the order of spikes within a step cannot matter. What happens in each
step reads them as they are after their equations (docs/moments.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2.equations.equations import Equations
from brian2.parsing.statements import parse_statement

from brian2zoo.compose.neuron import START_SUFFIX
from brian2zoo.equations.pieces import (
    NOTHING,
    Block,
    Given,
    Line,
    declared,
    equations_of,
    given,
    in_order,
    join,
    kind_of,
    names_in,
    values,
    written,
)
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import Feedback, NeuronModel, SynapseModel
from brian2zoo.learning.parts import NeuronPart, for_target
from brian2zoo.learning.rule import LearningRule, returning

AT_SPIKES = ("on_pre", "on_post")


@dataclass(frozen=True)
class SynapseCode:
    """Arguments of a `brian2.Synapses` and the statements run with it; `update` and `pieces` as for neurons.

    `reads` maps 'pre' and 'post' to the variables the neurons on that side have to copy at the start of
    a step. `onset_of_store` runs at the onset when the sums called `onset_sums` have been taken.
    """

    equations: str
    parameters: dict[str, Any]
    on_pre: str = ""
    on_post: str = ""
    each_step: str = ""
    on_sample: str = ""
    at_onset: str = ""
    onset_of_store: str = ""
    onset_sums: tuple[str, ...] = ()
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    method: str = ""
    on_arrival: str = ""
    initial: str = ""
    update: str = ""
    pieces: Mapping[str, Block] = field(default_factory=dict, compare=False)


def axon_part(
    model: SynapseModel, overrides: Mapping[str, str], pre: NeuronModel, post_name: str
) -> tuple[NeuronPart, dict[str, str]]:
    """What a synapse model keeps on the presynaptic neuron, and what its strings then call it.

    Its equations move as the neuron does, or exactly where that has no method.
    """
    axon = model.axon
    equations = Block.of_equations(model.path, "axon.variables", axon.variables)
    jumps = Block.of_statements(model.path, "axon.at_spike", axon.at_spike)
    initial = Block.of_statements(model.path, "axon.initial", axon.initial)
    method = (pre.method or "exact") if equations_of(axon.variables).diff_eq_names else ""
    part = NeuronPart("pre", equations, given(model, overrides), jumps, method, initial)
    return for_target(part, {}, post_name)


def sums_part(model: SynapseModel, projection: str) -> tuple[NeuronPart, dict[str, str]]:
    """What a postsynaptic neuron gets for the sums that the store takes at an onset, and what strings then call it."""
    sums = equations_of(model.at_onset.sums)
    names = {name: f"{name.removesuffix('_post')}_of_{projection}" for name in sums}
    lines = [Line(f"{new} : {kind_of(sums, name)}", model.path, "at_onset.sums") for name, new in names.items()]
    return NeuronPart("post", Block(lines)), {name: f"{new}_post" for name, new in names.items()}


def compose_synapse(
    model: SynapseModel,
    rule: LearningRule | None,
    overrides: Mapping[str, str],
    *,
    driven: Mapping[str, Iterable[str]],
    returns: bool = False,
    feedback: Feedback | None = None,
    feedback_overrides: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
) -> SynapseCode:
    """A weight store under a rule, or transmitting only.

    Parameters
    ----------
    rule : None for a projection that does not learn.
    overrides : parameter expressions that differ from the synapse model's.
    driven : for 'pre' and 'post', the variables of that neuron that change when spikes arrive.
    returns : whether the projection also carries the error back to its presynaptic side, as `feedback` has it.
    names : new names of what the rule has put on the neurons, as `LearningRule.on_neurons` gives them.
    kept : new names of what the model has put on the presynaptic neurons, as `axon_part` gives them.
    """
    names, kept, sums = names or {}, kept or {}, ()

    def own(key: str) -> Block:
        return Block.of_statements(model.path, key, getattr(model, key)).renamed(kept)

    parameters = {name: value for name, value in given(model, overrides).items() if name not in kept}
    equations = Block.of_equations(model.path, "state", model.state).renamed(kept)
    initial = own("initial")
    if returns:
        back, more = returning(model, feedback, feedback_overrides or {})
        equations += back
        parameters = _distinct(parameters, more)
    if rule is None:
        blocks = {"on_pre": own("draw") + own("read")}
    else:
        if not model.write:
            raise ZooError(model.path, "write", "the synapse cannot learn", "state how dw is written, or pick another")
        changes = {name: value for name, value in rule.parameters.items() if name not in names}
        parameters = _distinct(parameters, {n: v for n, v in changes.items() if n not in rule.of_stores})
        equations += rule.equations.renamed(names)
        initial += rule.initial.renamed(names)
        blocks = {event: block.renamed(names) for event, block in rule.events.items()}
        asking = {event for event, block in blocks.items() if "dw" in written(block.text)}
        blocks = {event: block + (own("write") if event in asking else NOTHING) for event, block in blocks.items()}
        update, read = blocks["on_pre"], own("read")
        blocks["on_pre"] = own("draw") + (read + update if rule.transmits == "before" else update + read)
        if model.at_onset is not None:
            together = Block.of_equations(model.path, "at_onset.sums", model.at_onset.sums).renamed(kept)
            equations, sums = equations + together, tuple(equations_of(together.text))
            statements = Block.of_statements(model.path, "at_onset.statements", model.at_onset.statements)
            blocks["onset_of_store"] = statements.renamed(kept)
    equations += declared(parameters)
    known = equations_of(equations.text)
    reads: dict[str, tuple[str, ...]] = {}
    for side, variables in driven.items():
        moving = {f"{name}_{side}" for name in variables}
        used = set().union(*(_read_in(blocks.get(event, NOTHING).text, known) for event in AT_SPIKES))
        if moving & used:
            reads[side] = tuple(sorted(name.removesuffix(f"_{side}") for name in moving & used))
    copies = {f"{v}_{side}": f"{v}{START_SUFFIX}_{side}" for side, copied in reads.items() for v in copied}
    blocks = {event: in_order(block, known, copies if event in AT_SPIKES else None) for event, block in blocks.items()}
    pieces = {"equations": equations, "initial": in_order(initial, known), **blocks}
    return SynapseCode(
        parameters=values(parameters),
        reads=reads,
        onset_sums=sums,
        method=_method(model, rule),
        pieces=pieces,
        **{name: block.text for name, block in pieces.items()},
    )


def _distinct(parameters: Mapping[str, Given], more: Mapping[str, Given]) -> dict[str, Given]:
    """Parameters of two files, which may not have one in common."""
    for name in parameters.keys() & more.keys():
        one, other = parameters[name], more[name]
        problem = f"'{name}' is a parameter of {one.where} too"
        raise ZooError(other.where, other.field, problem, "rename it in one of them")
    return {**parameters, **more}


def _method(model: SynapseModel, rule: LearningRule | None) -> str:
    """Integration of a synapse's equations, in training and without a rule alike."""
    moving = equations_of(rule.equations.text) if rule is not None and rule.equations else {}
    clocked = any("clock-driven" in equation.flags for equation in moving.values())
    by_rule = (rule.method or ("exact" if clocked else "")) if moving and moving.diff_eq_names else ""
    if model.method and by_rule and model.method != by_rule:
        problem = f"it integrates by '{by_rule}' what synapse '{model.name}' integrates by '{model.method}'"
        raise ZooError(rule.path, "method", problem, f"take one of them in both, here or in {model.path}")
    return model.method or by_rule


def statements_at_spikes(model: SynapseModel, rule: LearningRule | None) -> str:
    """All that a projection does at spikes, in no order."""
    by_rule = [rule.events[event].text for event in AT_SPIKES] if rule is not None else []
    return join(model.draw, model.write, model.read, *by_rule)


def _read_in(block: str, equations: Equations) -> set[str]:
    """Names that the right-hand sides of statements read, also by way of subexpressions."""
    return names_in("\n".join(parse_statement(line)[2] for line in block.splitlines()), equations)
