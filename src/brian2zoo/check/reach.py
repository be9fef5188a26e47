"""What reaches whom in a composed circuit: choices that no rule uses, sums, errors and delays."""

import re
from collections.abc import Callable, Iterator, Mapping

import brian2
from brian2.equations.equations import PARAMETER, Equations, SingleEquation

from brian2zoo.check.alone import EVENTS
from brian2zoo.check.findings import Findings, ZooWarning
from brian2zoo.check.strings import Text
from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.compose.circuit import Codes, loss_parts
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.equations.pieces import Line, equations_of, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.learning.rule import LearningRule

_ERROR = re.compile(r"learning_signal_post|=.*\blearning_signal\b")
"""Where a rule reads the error."""


def idle_choices(experiment: Experiment, circuits: list[Circuit]) -> Findings:
    """Choices of files by which no projection learns in any of the circuits."""
    learning, findings = experiment.learning, Findings()
    rules = {p.kind: p.rule for circuit in circuits for p in circuit.plastic}
    used = {kind: {line.where for line in _lines_of(rule)} for kind, rule in rules.items()}
    # of a network in which only some learns, what is idle in `plastic` is so because of that
    for place, choice in {**({"plastic": learning.plastic} if learning.learns is None else {}), **learning.own}.items():
        kinds = [kind for kind in used if place in ("plastic", kind)]
        for what in ("surrogate", "optimizer"):
            name = getattr(choice, what)
            followed = [kind for kind in kinds if getattr(learning.of(kind), what) == name]
            if name and followed and not any(experiment.zoo.load(what, name).path in used[k] for k in followed):
                problem = f"no rule has a use for {what} '{name}' here"
                findings.append(ZooWarning(experiment.path, f"learning.{place}.{what}", problem, "leave it out"))
    if learning.loss and used and not any(_ERROR.search(_text_of(rule)) for rule in rules.values()):
        problem = f"no rule has a use for loss '{learning.loss}' here"
        findings.append(ZooWarning(experiment.path, "learning.loss", problem, "leave it out"))
    return findings


def sums_together(circuit: Circuit, codes: Codes) -> Findings:
    """Several sums into one variable of a population, of which Brian2 takes one."""
    findings, taken = Findings(), {}
    for projection in circuit.projections:
        for text, name, equation in equations_in(codes.synapses[projection.name]):
            stem, _, side = name.rpartition("_")
            if "summed" in equation.flags and side in ("pre", "post"):
                target = (getattr(projection, side).name, stem)
                if target in taken:
                    problem = f"{taken[target]} and {projection.name} both sum into '{stem}' of {target[0]}"
                    remedy = f"take one of the two away, or give one a synapse other than {text.where}"
                    findings.append(ZooError(circuit.experiment.circuit.path, "projections", problem, remedy))
                taken.setdefault(target, projection.name)
    return findings


def errors_that_never_come(circuit: Circuit, codes: Codes, neurons: Mapping[str, Equations]) -> Findings:
    """Errors that a rule reads, and what a loss compares answers with, where nothing brings it to the neuron."""
    brought = {(name, variable) for name, code in codes.neurons.items() for variable in _set_by_itself(code)}
    for projection in circuit.projections:
        code = codes.synapses[projection.name]
        texts = [text.text for event in EVENTS for text in texts_at(code, event)]
        summed = {name for _, name, equation in equations_in(code) if "summed" in equation.flags}
        for name in summed.union(*map(written, texts)):
            stem, _, side = name.rpartition("_")
            if side in ("pre", "post"):
                brought.add((getattr(projection, side).name, stem))

    def comes(population: Population, name: str) -> bool:
        equation = neurons[population.name].get(name)
        return equation is None or equation.type != PARAMETER or (population.name, name) in brought

    experiment, findings = circuit.experiment, Findings()
    named = f"circuit '{experiment.stated.circuit}'"
    for projection in circuit.plastic:
        post, rule = projection.post, projection.rule
        if _ERROR.search(_text_of(rule)) and not comes(post, "learning_signal"):
            of_output = post.name == "output"
            what, role = ("loss", "losses") if of_output else ("feedback", "feedback")
            problem = f"rule '{rule.name}' reads an error, learning_signal, and nothing brings '{post.role}' one"
            stated = getattr(experiment.learning, what)
            remedy = f"take a rule that needs none, or name a file of models/{role}"
            remedy += f" other than '{stated}'" if stated else ""
            findings.append(ZooError(experiment.path, f"learning.{what}", problem, remedy))
        findings += _never_given(projection, comes, named)
    for population in circuit.populations:
        for part in loss_parts(circuit, population):
            for name in equations_of(part.equations.text):
                if not comes(population, name) and name != "learning_signal":
                    problem = f"loss '{circuit.loss.name}' reads '{name}', which nothing in {named} brings to 'output'"
                    remedy = "leave the loss out, or take a circuit that does"
                    findings.append(ZooError(experiment.path, "learning.loss", problem, remedy))
    return findings


def _never_given(projection: Projection, comes: Callable[[Population, str], bool], circuit: str) -> Iterator[ZooError]:
    """Variables that a rule adds to a neuron for others to set, such as a reward, where nothing does."""
    for part in projection.rule.parts:
        population = getattr(projection, part.side)
        for line in part.equations:
            for name in equations_of(line.text):
                if name != "learning_signal" and not comes(population, name):
                    problem = f"nothing in {circuit} brings '{population.role}' the '{name}' that the rule reads"
                    remedy = "name a file of models/feedback that the circuit knows and that does, or take another rule"
                    yield ZooError(line.where, line.field, problem, remedy)


def _set_by_itself(code: NeuronCode) -> set[str]:
    """Variables that a neuron's own statements set."""
    texts = (code.reset, code.on_sample, code.each_step, code.forward, code.backward, code.initial)
    return set().union(*map(written, texts))


def _lines_of(rule: LearningRule) -> Iterator[Line]:
    """All lines of a rule, those that it adds to neurons among them."""
    yield from (*rule.equations, *rule.initial)
    for block in rule.events.values():
        yield from block
    for part in rule.parts:
        yield from (*part.equations, *part.at_spike, *part.initial)


def _text_of(rule: LearningRule) -> str:
    stores = rule.influence.variables.text if rule.influence is not None else ""
    return "\n".join((*(line.text for line in _lines_of(rule)), stores))


def texts_at(code: SynapseCode, event: str) -> list[Text]:
    """What runs at an event, line by line and in order."""
    return [Text.of(line) for line in code.pieces.get(event, ())]


def equations_in(code: SynapseCode) -> Iterator[tuple[Text, str, SingleEquation]]:
    """The equations of a synapse with their variables, and where they stand."""
    for line in code.pieces["equations"]:
        for name, equation in equations_of(line.text).items():
            yield Text.of(line), name, equation


def delays_of_their_own(circuit: Circuit) -> Findings:
    """Delays that a circuit states, which are whole steps and end within a sample, as the protocol's has to."""
    findings, protocol, own = Findings(), circuit.experiment.protocol, circuit.experiment.circuit
    lasting = ("T_train",) if circuit.mode == "train" else ("T_test", "T_final")
    dt, *samples = (float(evaluate(getattr(protocol, key))) for key in ("dt", *lasting))
    for projection in circuit.projections:
        if projection.delay == protocol.delay:
            continue
        problem = _unfit(projection.delay, dt, min(samples))
        if problem:
            remedy = "write whole steps, such as '1*ms', or 'delay'"
            problem = f"the delay {projection.delay} of {projection.name} {problem}"
            findings.append(ZooError(own.path, "projections", problem, remedy))
    return findings


def _unfit(delay: str, dt: float, sample: float) -> str:
    try:
        value = evaluate(delay)
        seconds = float(value)
    except (TypeError, ValueError, brian2.DimensionMismatchError):
        return "is no time"
    if not (brian2.have_same_dimensions(value, brian2.second) and 0 <= seconds < sample):
        return "is no time from 0 to the end of a sample"
    steps = seconds / dt
    if abs(steps - round(steps)) > 1e-6 * max(steps, 1):
        return f"is {steps:.6g} steps of dt, not a whole number"
    return ""
