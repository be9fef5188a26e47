"""The rule by which a kind of projections learns, composed from the choices that an experiment makes.

A rule says either what change `dw` it asks for, or, as an eligibility, what a weight does to its neuron. In the latter
case the other choices make the rest of it: the surrogate gives `psi`, the loss or the feedback `learning_signal`, the
readout's filter what meets it, and the optimizer what follows for the weight from the gradient `grad`:

    each step    grad += learning_signal*answer of the filter,  elig = eligibility,  the filter takes in elig
    or, without  elig = eligibility,  grad += learning_signal*elig
    onset        the optimizer's update, if it is `due`, ending in `dw`
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import brian2
from brian2.utils.stringtools import get_identifiers

from brian2zoo.derive import derived, filter_of
from brian2zoo.derive.dynamics import distance
from brian2zoo.derive.fields import dimensions
from brian2zoo.derive.rule import SINCE_REFRACTORY, over
from brian2zoo.equations.pieces import (
    NOTHING,
    Block,
    Given,
    Line,
    equations_of,
    given,
    join,
    renamed,
    unit_name,
    unit_name_of,
)
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Ways
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import Feedback, Loss, NeuronModel, SynapseModel
from brian2zoo.formats.rules import Rule
from brian2zoo.learning.parts import NeuronPart, Neurons, for_target

EVENTS = ("on_pre", "on_post", "each_step", "on_sample", "at_onset")
RETURNED = "w_back"
"""Variable of a synapse by which the error returns, where the feedback has it return by another than the weight."""
_PSI = "psi_"


@dataclass(frozen=True)
class Output:
    """What an error is one of: the population that gives the answer, the synapse onto it, and its loss.

    Parameters
    ----------
    hidden_errors : the way of the feedback by which hidden layers hear it; if 'local' they have errors of their own;
      empty if they hear none.
    """

    neurons: Neurons
    synapse: SynapseModel
    loss: Loss | None
    loss_overrides: Mapping[str, str]
    hidden_errors: str


@dataclass(frozen=True)
class Stores:
    """An influence as lines; `most` couplings a network may have."""

    variables: Block
    coupling: Block
    on_arrival: Block
    each_step: Block
    most: int


@dataclass(frozen=True)
class LearningRule:
    """All that a projection needs to learn.

    Parameters
    ----------
    name, path : of the file in rules/.
    parts : what it adds to the neurons on either side, still without parameters.
    equations : what it adds to a synapse.
    initial : statements about these, run before the first step.
    events : statements by event.
    keeps, keeps_on_post : variables of the synapse, and of the postsynaptic neuron, that go on from run to run.
    """

    name: str
    path: Path
    transmits: str
    method: str
    parts: tuple[NeuronPart, ...]
    equations: Block
    initial: Block
    events: Mapping[str, Block]
    influence: Stores | None
    keeps: tuple[str, ...]
    keeps_on_post: tuple[str, ...]
    parameters: Mapping[str, Given] = field(default_factory=dict)

    def on_neurons(self, post: Neurons) -> tuple[list[NeuronPart], dict[str, str]]:
        """What it adds to the neurons, and new names for the strings of the synapse.

        The presynaptic part belongs to the postsynaptic population, whose constants enter it. A parameter is declared
        where it is used: a synapse reads that of a neuron.
        """
        parts, names = [], {}
        for part in self.parts:
            used = get_identifiers(part.text)
            here = {name: value for name, value in self.parameters.items() if name in used}
            part = replace(part, parameters=here)
            if part.side == "pre":
                of_post = {f"{name}_post": value for name, value in given(post.neuron, post.overrides).items()}
                part, called = for_target(part, of_post, post.name)
                names |= called
            else:
                names |= {name: f"{name}_post" for name in here}
            parts.append(part)
        return parts, names

    @property
    def statements(self) -> str:
        """All that it runs at events, in no order."""
        return "\n".join(block.text for block in self.events.values())

    @property
    def of_stores(self) -> list[str]:
        """Parameters that the stores of its influence need and the synapse does not."""
        if self.influence is None:
            return []
        stores = (self.influence.variables, self.influence.on_arrival, self.influence.each_step)
        here = get_identifiers(join(*(block.text for block in stores)))
        here -= get_identifiers(join(self.equations.text, self.initial.text, self.statements))
        on_neurons = get_identifiers(join(*(part.text for part in self.parts)))
        return [name for name in self.parameters if name in here - on_neurons]


def learning_rule(
    ways: Ways, pre: Neurons, post: Neurons, synapse: SynapseModel, output: Output | None, overrides: Mapping[str, Any]
) -> LearningRule:
    """The rule of a projection.

    Parameters
    ----------
    overrides : parameter expressions by name, for each of 'rule', 'surrogate' and 'optimizer'.

    Raises
    ------
    ZooError
        If the choices do not go together.
    """
    rule = ways.rule
    if rule.derived:
        rule = derived(rule, post.neuron, synapse, ways.choice.traces == "neuron")
    parameters = given(rule, overrides["rule"])
    lines = _lines(rule, ways.rule, post.neuron)
    within = pre.name == post.name
    parts = [
        NeuronPart(
            side,
            lines("variables", side),
            at_spike=lines("at_spike", side),
            method=_moved(rule, side, end.neuron),
            initial=lines("initial", side),
        )
        for side, end in (("pre", pre), ("post", post))
    ]
    equations = lines("variables", "synapse") + (lines("variables", "within") if within else NOTHING)
    events = {event: lines(event) for event in EVENTS}
    if "psi" in _read_of_post(rule) - equations_of(rule.variables.post).names:
        block, of_surrogate = surrogate_lines(ways, post.neuron, overrides["surrogate"])
        parts.append(NeuronPart("post", block))
        parameters |= of_surrogate
    influence = None
    if rule.influence is not None:
        own = rule.influence
        blocks = {key: lines("influence", key) for key in ("variables", "coupling", "on_arrival", "each_step")}
        influence = Stores(**blocks, most=own.most)
    on_post = equations_of(rule.variables.post).names if rule.variables.post else frozenset()
    keeps, keeps_on_post = (tuple(n for n in rule.keeps if (n in on_post) is there) for there in (False, True))
    made = LearningRule(
        rule.name, rule.path, ways.choice.transmits, rule.method, tuple(parts), equations,
        lines("initial", "synapse"), events, influence, keeps, keeps_on_post, parameters,
    )  # fmt: skip
    if not rule.gives_gradient:
        if ways.optimizer is not None:
            problem = f"rule '{rule.name}' asks for the change dw itself, and '{ways.optimizer.name}' has nothing to do"
            raise ZooError(ways.where, ways.field("optimizer"), problem, "leave it out, or take a rule of eligibility")
        return made
    return _descending(made, ways, rule, post, synapse, output, overrides["optimizer"])


def _lines(rule: Rule, file: Rule, neuron: NeuronModel) -> Any:
    """A function from a field of the rule, or a part of it, to its lines."""

    def lines(key: str, part: str = "") -> Block:
        text = getattr(getattr(rule, key), part) if part else getattr(rule, key)
        place = f"{key}.{part}" if part else key
        place = f"derived from {neuron.path}" if file.derived else place
        is_equations = key == "variables" or part in ("variables", "coupling")
        return (Block.of_equations if is_equations else Block.of_statements)(rule.path, place, text)

    return lines


def _moved(rule: Rule, side: str, neuron: NeuronModel) -> str:
    """Integration of the equations for a side, if there is something to integrate."""
    equations = getattr(rule.variables, side)
    if not (equations and equations_of(equations).diff_eq_names):
        return ""
    return rule.method or neuron.method or "exact"


def _read_of_post(rule: Rule) -> set[str]:
    """What the strings of a rule read of the postsynaptic neuron."""
    stores = [getattr(rule.influence, key) for key in type(rule.influence).model_fields] if rule.influence else []
    texts = [rule.variables.synapse, rule.eligibility, *(getattr(rule, event) for event in EVENTS), *stores[:4]]
    names = set().union(*(get_identifiers(re.sub("#.*", "", text)) for text in texts))
    ends = {name.removesuffix("_post") for name in names if name.endswith("_post")}
    return ends | get_identifiers(re.sub("#.*", "", rule.variables.post))


def surrogate_lines(ways: Ways, neuron: NeuronModel, overrides: Mapping[str, str]) -> tuple[Block, dict[str, Given]]:
    """`psi`, what stands for the derivative of a spike, as an equation of the neuron, and its parameters."""
    surrogate = ways.surrogate
    if not neuron.threshold:
        problem = f"the rule names psi, the derivative of a spike, and neuron '{neuron.name}' never spikes"
        raise ZooError(ways.where, ways.field("rule"), problem, "take another rule for this kind of projection")
    if surrogate is None:
        problem = f"neuron '{neuron.name}' spikes, and nothing stands for the derivative of a spike"
        raise ZooError(ways.where, ways.field("surrogate"), problem, "name a file of models/surrogates")
    away = distance(neuron)
    unit = _unit_of(neuron, away)
    found = {f"{_PSI}{name}": value for name, value in given(surrogate, overrides).items()}
    by, parameter = _scale(ways, neuron, unit)
    found |= {f"{_PSI}scale": parameter} if parameter else {}
    plain = by == "1" and unit == "1"
    x = f"({away})" if plain else f"(({away})/{by})"
    psi = renamed(surrogate.derivative.strip(), {"x": x} | {p.name: f"{_PSI}{p.name}" for p in surrogate.parameters})
    psi = psi.replace(f"abs({x})", f"abs{x}")
    gate = "active*" if neuron.refractory else ""
    psi = psi if plain and not gate else f"{gate}({psi})" + ("" if plain else f"/{by}")
    lines = [f"psi = {psi} : {over('1', unit)}"]
    if gate:
        lines.insert(0, f"active = int({SINCE_REFRACTORY.format(neuron.refractory)}) : 1 (constant over dt)")
    return Block(Line(line, surrogate.path, "derivative") for line in lines), found


def _unit_of(neuron: NeuronModel, expression: str) -> str:
    found = dimensions(neuron, equations_of(neuron.equations), expression)
    return unit_name(brian2.Quantity(1, dim=found)) if found is not None else "1"


def _scale(ways: Ways, neuron: NeuronModel, unit: str) -> tuple[str, Given | None]:
    """What the distance from the threshold is divided by, and its value if that is a parameter of the rule."""
    scale, place = ways.choice.scale, ways.field("scale")
    known = as_dict(neuron.parameters)
    names = get_identifiers(scale) & known.keys()
    if names:
        values = {name: parameter.value for name, parameter in given(neuron, {}).items()}
    try:
        value = evaluate(scale, values if names else {})
    except ValueError as error:
        raise ZooError(
            ways.where, place, str(error), "give a number with its unit, or parameters of the neuron"
        ) from None
    if unit_name(value) != unit:
        problem = f"the distance of '{neuron.name}' from its threshold is in {unit}, the scale '{scale}' is not"
        raise ZooError(ways.where, place, problem, "say by what distance the surrogate counts, such as 10*mV")
    if not 0 < float(value) < float("inf"):
        raise ZooError(ways.where, place, f"'{scale}' is no number above 0", "give the distance that counts as 1")
    if names or scale == "1":
        return (scale if scale.isidentifier() or scale == "1" else f"({scale})"), None
    return f"{_PSI}scale", Given(value, ways.where, place)


def loss_part(loss: Loss, output: NeuronModel, overrides: Mapping[str, str]) -> NeuronPart:
    """What a loss adds to the units that give the answer, its parameters with it."""
    if "ANSWER" in loss.equations and not output.graded:
        problem = f"it is a loss of a graded answer, which '{output.name}' does not give"
        raise ZooError(loss.path, "equations", problem, "take a loss of spikes, or an output that never spikes")
    equations = Block.of_equations(loss.path, "equations", loss.equations.replace("ANSWER", output.graded or "ANSWER"))
    jumps = Block.of_statements(loss.path, "at_spike", loss.at_spike)
    used = get_identifiers(f"{equations.text}\n{jumps.text}")
    parameters = {name: value for name, value in given(loss, overrides).items() if name in used}
    moves = output.method if equations_of(equations.text).diff_eq_names else ""
    return NeuronPart("post", equations, parameters, jumps, moves)


def returning(synapse: SynapseModel, feedback: Feedback | None, overrides: Mapping[str, str]) -> tuple[Block, Any]:
    """Equations of a synapse by which the error returns, and their parameters; of a `feedback` that is symmetric."""
    backward = Block.of_equations(synapse.path, "backward", synapse.backward)
    if feedback is None or not feedback.returned:
        return backward, {}
    unit = unit_name_of(equations_of(synapse.state), synapse.as_read)
    own = renamed(feedback.returned, {"w": synapse.as_read})
    line = Line(f"{RETURNED} = {own} : {unit}", feedback.path, "returned")
    return Block([*backward.renamed({synapse.as_read: RETURNED}), line]), given(feedback, overrides)


def _descending(
    made: LearningRule, ways: Ways, rule: Rule, post: Neurons, synapse: SynapseModel, output: Output | None,
    overrides: Mapping[str, str],
) -> LearningRule:  # fmt: skip
    """A rule of eligibility with what goes from there to the weight."""
    optimizer = ways.optimizer
    if optimizer is None:
        problem = f"rule '{rule.name}' gives a gradient, and nothing says how the weight follows it"
        raise ZooError(ways.where, ways.field("optimizer"), problem, "name a file of models/optimizers")
    if output is None:
        problem = f"rule '{rule.name}' gives a gradient, and no synapse leads to a population of the role 'output'"
        raise ZooError(ways.where, ways.field("rule"), problem, "take a rule that asks for dw itself")
    weight_unit = unit_name_of(equations_of(synapse.state), "w")
    if unit_name(evaluate(optimizer.unit)) != weight_unit:
        problem = f"'{optimizer.name}' is made for weights in {optimizer.unit}, those of '{synapse.name}' are in"
        remedy = f"pick another, or write one with 'unit: {weight_unit}'"
        raise ZooError(ways.where, ways.field("optimizer"), f"{problem} {weight_unit}", remedy)
    unit = over("1", weight_unit)
    source = made.parts[0].equations or made.equations
    where, key = (source[0].where, source[0].field) if source else (rule.path, "eligibility")
    key = key if ways.rule.derived else "eligibility"

    def line(text: str, file: Path = where, place: str = key) -> Line:
        return Line(text, file, place)

    def of_optimizer(text: str) -> Line:
        return Line(text, optimizer.path, "update")

    passing = _filter(made, ways, post, output, unit)
    online = optimizer.each == "step"
    eligibility = line(f"elig = {rule.eligibility}")
    answer = passing.answer if passing else "elig"
    summed, arrivals = "=" if online else "+=", passing.arrivals if passing else NOTHING
    own_step = made.events["each_step"]
    equations, influence = made.equations, made.influence
    gradient = Block([line(f"grad : {unit}")])
    if influence is not None:
        gradient += [line(f"now : {unit}")]
        variables = influence.variables + (passing.equations if passing else NOTHING)
        variables += [line(f"elig : {unit}"), line(f"now_pre = learning_signal_post*{answer} : {unit} (summed)")]
        step = Block([eligibility]) + arrivals + influence.each_step
        influence = replace(influence, variables=variables, each_step=step)
        each_step = Block([line(f"grad {summed} now")])
    else:
        meets = line(f"grad {summed} learning_signal_post*{answer}")
        each_step = Block([meets, eligibility] if passing else [eligibility, meets]) + arrivals
        gradient += passing.equations if passing else NOTHING
    each_step += own_step
    update = Block.of_statements(optimizer.path, "update", optimizer.update)
    equations += gradient + Block.of_equations(optimizer.path, "state", optimizer.state)
    at_onset = made.events["at_onset"]
    if online:
        each_step += update
    else:
        equations += [of_optimizer("due = int(sample_number % batch < 0.5) : 1 (shared)")]
        at_onset += [*update, of_optimizer("grad = grad*(1 - due)")]
    parameters = dict(made.parameters)
    for more in (given(optimizer, overrides), passing.parameters if passing else {}):
        for name in more.keys() & parameters.keys():
            problem = f"'{name}' is a parameter of rule '{rule.name}' too"
            raise ZooError(more[name].where, more[name].field, problem, "rename one of the two")
        parameters |= more
    parts = made.parts
    if post.name != output.neurons.name or output.loss is None:
        parts += (NeuronPart("post", Block([line("learning_signal : 1")])),)
    return replace(
        made,
        method=made.method or (passing.method if passing else ""),
        parts=parts,
        equations=equations,
        events=made.events | {"each_step": each_step, "at_onset": at_onset},
        influence=influence,
        keeps=(*made.keeps, "grad", *optimizer.keeps),
        parameters=parameters,
    )


@dataclass(frozen=True)
class _Passing:
    """A filter between an eligibility and the error."""

    equations: Block
    arrivals: Block
    answer: str
    method: str
    parameters: Mapping[str, Given]


def _filter(made: LearningRule, ways: Ways, post: Neurons, output: Output, unit: str) -> _Passing | None:
    """The filter that an eligibility of a unit passes; None if it meets the error as it is."""
    if ways.choice.filter == "none" or (output.hidden_errors == "local" and post.name != output.neurons.name):
        return None
    loss, neurons = output.loss, output.neurons
    if loss is not None and loss.filter is not None:
        equations = Block.of_equations(loss.path, "filter.equations", loss.filter.equations)
        arrivals = Block([Line(f"{loss.filter.input} += elig", loss.path, "filter.input")])
        used = get_identifiers(equations.text)
        own = {name: value for name, value in given(loss, output.loss_overrides).items() if name in used}
        called = {name: f"filter_{name}" for name in own}  # the units that answer have some of them too
        parameters = {called[name]: value for name, value in own.items()}
        return _Passing(equations.renamed(called), arrivals, loss.filter.output, neurons.neuron.method, parameters)
    if post.name == neurons.name or not neurons.neuron.graded:
        return None
    method = made.method or neurons.neuron.method
    found = filter_of(neurons.neuron, output.synapse, method, unit)
    source = f"filter of {neurons.neuron.path}"
    equations, arrivals = (
        Block(Line(text, ways.where, source) for text in map(_without_comment, lines))
        for lines in (found.equations, found.arrivals)
    )
    values = given(neurons.neuron, neurons.overrides)
    return _Passing(equations, arrivals, found.answer, method, {n: values[own] for n, own in found.constants.items()})


def _without_comment(text: str) -> str:
    return text.partition("#")[0].strip()
