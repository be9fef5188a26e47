"""An experiment whose files are right each by itself: do they go together?"""

import ast
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    EquationError,
    Equations,
    SingleEquation,
)
from brian2.utils.stringtools import get_identifiers

from brian2zoo.backends.capability import refuse
from brian2zoo.check.alone import EVENTS, data_dimensions, kept, refuse_chance
from brian2zoo.check.findings import Findings, listed
from brian2zoo.check.reach import (
    delays_of_their_own,
    equations_in,
    errors_that_never_come,
    idle_choices,
    sums_together,
    texts_at,
)
from brian2zoo.check.stated import check_stated
from brian2zoo.check.strings import (
    SECOND,
    Scope,
    Text,
    check_equation,
    check_statements,
    evaluate_text,
    in_unit,
    neuron_scope,
    parse,
    synapse_scope,
)
from brian2zoo.circuits import (
    Circuit,
    Influence,
    Population,
    Projection,
    build,
    examples,
    has_weights,
    weight_names,
)
from brian2zoo.circuits.bounds import refuse_beyond
from brian2zoo.compose.circuit import Codes, added_to, joined, put_on_neurons, stepping
from brian2zoo.compose.neuron import NeuronCode, compose_neuron
from brian2zoo.compose.synapse import AT_SPIKES, SynapseCode
from brian2zoo.equations.pieces import (
    Line,
    depending,
    equations_of,
    join,
    names_in,
    statements,
    written,
)
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import EVENT_DATA, NeuronModel, StateFormat, SynapseModel
from brian2zoo.learning.rule import LearningRule

_MODES = ("train", "test")

Sides = Mapping[str, tuple[NeuronModel | LearningRule, Equations]]
"""For 'pre' and 'post' of a synapse, the file of the neuron, or of what else is there, and its composed equations."""


def check_together(experiment: Experiment) -> Findings:
    """Mistakes in how an experiment combines its files."""
    findings = check_stated(experiment)  # which would make everything after it wrong as well
    circuits: list[Circuit] = []
    for layers, mode in product(examples(experiment), _MODES):
        if not findings:
            with findings.collect():
                circuits.append(build(experiment, layers, mode))
    for circuit in () if findings else circuits:
        with findings.collect():
            findings += delays_of_their_own(circuit) or _missing_variables(circuit)
    composed: list[tuple[Circuit, Codes]] = []
    for circuit in () if findings else circuits:
        with findings.collect():
            codes = joined(circuit)
            composed.append((circuit, codes))
            findings += _circuit(circuit, codes)
    for circuit, codes in () if findings else composed:
        with findings.collect():
            stepping(circuit, codes)
            refuse(circuit)
    return findings or idle_choices(experiment, circuits)


def _missing_variables(circuit: Circuit) -> Findings:
    """Variables of the neuron that a synapse would write, and that it does not have."""
    findings = Findings()
    on_neurons = {each.name: put_on_neurons(each) for each in circuit.projections}
    for projection in circuit.projections:
        post, model = projection.post, projection.synapse
        added = [part.equations.text for part in added_to(circuit, post, on_neurons)]
        place = Text(
            circuit.experiment.path, f"neurons.{post.role}", join(post.neuron.equations, *dict.fromkeys(added))
        )
        with findings.collect():
            own = _joined(place).names
            scope = Scope(dict.fromkeys(f"{name}_post" for name in own), "", neurons={"post": post.neuron.name})
            for line, name in zip(statements(model.read), written(model.read), strict=True):
                if name not in scope.own:
                    findings.append(scope.unknown(Text(model.path, "read", model.read), name, line))
    return findings


def _circuit(circuit: Circuit, codes: Codes) -> Findings:
    findings = Findings()
    neurons = {}
    for population in circuit.populations:
        place = Text(circuit.experiment.path, f"neurons.{population.role}", codes.neurons[population.name].equations)
        with findings.collect():
            neurons[population.name] = _joined(place)
            code = codes.neurons[population.name]
            scope = neuron_scope(neurons[population.name], code.parameters, bool(code.refractory))
            findings += _population(circuit, population, scope, codes)
    if not findings:
        for projection in circuit.projections:
            with findings.collect():
                findings += _projection(circuit, projection, codes, neurons)
    if not findings:
        for influence in circuit.influences:
            with findings.collect():
                findings += _influence(influence, codes, neurons)
    return findings or sums_together(circuit, codes) or errors_that_never_come(circuit, codes, neurons)


def _joined(text: Text) -> Equations:
    """Equations of several files, which may not define a name twice."""
    try:
        return equations_of(text.text)
    except EquationError as error:
        raise text.wrong(f"the files do not go together: {error}", "rename it in one of them") from None


def _population(circuit: Circuit, population: Population, scope: Scope, codes: Codes) -> Findings:
    findings, code = Findings(), codes.neurons[population.name]
    stored = [population.neuron.path, *(state.path for state in population.formats.values())]
    for line in code.pieces["equations"]:
        with findings.collect():
            if line.where not in stored and "parameters" not in line.field:
                _added_equation(line, population.neuron, scope, code.method)
    with findings.collect():
        check_statements([Text.of(line) for line in code.pieces["reset"] if line.where not in stored], scope)
    with findings.collect():
        begin = [Text.of(line) for line in code.pieces["initial"] if line.where not in stored]
        check_statements(begin, _before_the_first_step(scope, equations_of(code.equations), code.parameters))
    for variable, state in population.formats.items():
        with findings.collect():
            place = Text(circuit.experiment.path, f"states.{population.role}.{variable}", "")
            _format(place, population, variable, state, scope)
    known = {"dt": evaluate(circuit.experiment.protocol.dt), **codes.neurons[population.name].parameters}
    for field in ("threshold", "reset", "each_step"):
        text = Text(population.neuron.path, field, getattr(population.neuron, field))
        findings += _probabilities(text, known)
    if population.data:
        with findings.collect():
            _data(circuit.experiment, population)
    return findings


def _before_the_first_step(scope: Scope, equations: Equations, parameters: Mapping[str, Any]) -> Scope:
    """Names for statements that run then: what is constant later is set by them."""
    constant = {
        name for name, equation in equations.items() if equation.type == PARAMETER and "constant" in equation.flags
    }
    return replace(scope, fixed=set(scope.fixed) - (constant - parameters.keys()))


def _probabilities(text: Text, names: Mapping[str, Any]) -> Findings:
    """Chances that are none, 'rand() < p' of parameters that give a p below 0 or above 1."""
    findings = Findings()
    for line in statements(text.text):
        for node in ast.walk(ast.parse(line)):
            if not isinstance(node, ast.Compare) or len(node.ops) != 1:
                continue
            sides = [ast.unparse(node.left), ast.unparse(node.comparators[0])]
            if "rand()" not in sides:
                continue
            chance = sides[sides[0] == "rand()"]
            try:
                value = float(evaluate(chance, names))
            except (ValueError, TypeError):
                continue  # it is another for each neuron or moment
            if not 0 <= value <= 1:
                problem = f"the probability '{chance}' is {value:.4g}, and not between 0 and 1"
                findings.append(text.wrong(problem, "correct the parameters, or take a smaller dt"))
    return findings


def _added_equation(line: Line, neuron: NeuronModel, scope: Scope, method: str) -> None:
    """An equation that a rule, a loss or a synapse model adds to a neuron."""
    text = Text.of(line)
    for equation in equations_of(line.text).values():
        check_equation(text, equation, scope)
        if equation.type == DIFFERENTIAL_EQUATION and not method:
            problem = f"d{equation.varname}/dt is added to '{neuron.name}', which has no method of integration"
            raise text.wrong(problem, f"add a line 'method: euler' to {neuron.path}")


def _format(place: Text, population: Population, variable: str, state: StateFormat, scope: Scope) -> None:
    own = equations_of(population.neuron.equations).names
    if variable not in own:
        remedy = did_you_mean(variable, own, f"it has {listed(sorted(own))}")
        raise place.wrong(f"neuron '{population.neuron.name}' has no variable '{variable}'", remedy)
    neuron = population.neuron
    if state.on_sum and variable not in get_identifiers(f"{neuron.forward}\n{neuron.backward}"):
        raise place.wrong(f"'{variable}' is no sum that '{neuron.name}' reads", "pick one of `forward` or `backward`")
    bare = neuron.model_copy(update={"each_step": ""})
    code = compose_neuron(bare, population.overrides, formats={variable: state})
    for block in (code.each_step, code.forward, code.backward):
        check_statements([Text(place.where, place.field, block)], scope)


def _data(experiment: Experiment, population: Population) -> None:
    encoder = experiment.encoders.get(population.data)
    if encoder is None:
        problem = f"population '{population.name}' is given the class, and nothing says what it is given for it"
        raise ZooError(experiment.path, f"encoders.{population.data}", problem, "name a file of models/encoders")
    found = brian2.get_dimensions(evaluate(encoder.unit))
    events = population.neuron.data == EVENT_DATA
    expected = SECOND if events else data_dimensions(population.neuron)
    if expected is None:
        problem = f"neuron '{population.neuron.name}' takes no data"
        raise ZooError(experiment.path, f"neurons.{population.role}", problem, "pick one whose on_sample uses 'data'")
    if events and population.data != "input":
        problem = f"neuron '{population.neuron.name}' takes events, of which only the input has any"
        raise ZooError(experiment.path, f"neurons.{population.role}", problem, "pick one for a value a unit")
    if events != bool(encoder.channel):
        given, taken = ("events", "one value a unit") if encoder.channel else ("one value a unit", "events")
        problem = f"encoder '{encoder.name}' gives {given}, neuron '{population.neuron.name}' takes {taken}"
        raise ZooError(experiment.path, f"encoders.{population.data}", problem, f"pick one that gives {taken}")
    if found is not expected:
        problem = f"wrong unit: what encoder '{encoder.name}' gives is {in_unit(found)}"
        remedy = f"the data of neuron '{population.neuron.name}' have to be {in_unit(expected)}"
        raise ZooError(experiment.path, f"encoders.{population.data}", problem, remedy)


def _projection(circuit: Circuit, projection: Projection, codes: Codes, neurons: Mapping[str, Equations]) -> Findings:
    code, rule = codes.synapses[projection.name], projection.rule
    sides = {
        side: (population.neuron, neurons[population.name])
        for side, population in (("pre", projection.pre), ("post", projection.post))
    }
    place = Text(circuit.experiment.path, "learning" if rule else f"synapses.{projection.kind}", code.equations)
    equations = _joined(place)
    lines = [line for line in code.pieces["equations"] if "parameters" not in line.field]
    _distinct_from_neurons(code, sides)
    _spikes(projection, code)
    scope = synapse_scope(equations, code.parameters, _named(sides))

    findings = Findings()
    if rule is not None:
        place = Text(rule.path, "keeps", "")
        findings += kept(place, rule.keeps, equations) + kept(place, rule.keeps_on_post, neurons[projection.post.name])
    for line in lines:
        text = Text.of(line)
        for equation in equations_of(line.text).values():
            with findings.collect():
                if "summed" in equation.flags:
                    _summed(text, equation, scope, sides)
                check_equation(text, equation, scope)
                refuse_chance(text, equation, equations)
    with findings.collect():
        _begins(code, equations, scope)
    known = {"dt": evaluate(circuit.experiment.protocol.dt), **code.parameters}
    for event in (*EVENTS, "onset_of_store"):
        texts = texts_at(code, event)
        with findings.collect():
            check_statements(texts, scope)
        for text in texts:
            findings += _probabilities(text, known)
    findings += _current(code, equations)
    findings += _between_spikes(projection, code, equations, codes.neurons)
    if rule is not None:
        findings += _reach(projection.synapse, code, equations)
    if has_weights(projection) and not projection.copy_of:
        with findings.collect():
            _weights(circuit, projection, equations["w"].dim)
    return findings


def _begins(code: SynapseCode, equations: Equations, scope: Scope) -> None:
    """What a synapse begins with, when neurons may not have begun: of them there are parameters alone."""
    texts = texts_at(code, "initial")
    for text in texts:
        used = names_in(parse(text, text.text)[2], equations) & scope.own.keys()
        parameters = {name for name in used & set(scope.fixed) if scope.own[name].scalar}
        moving = {name for name in used - parameters if name.endswith(("_pre", "_post"))}
        if moving:
            problem = f"'{text.text}' reads '{min(moving)}' of a neuron, which may not have begun by then"
            raise text.wrong(problem, "name parameters of the neuron alone")
    check_statements(texts, _before_the_first_step(scope, equations, code.parameters))


def _spikes(projection: Projection, code: SynapseCode) -> None:
    """That neurons spike at whose spikes something is to happen."""
    for done, population in ((code.on_pre, projection.pre), (code.on_post, projection.post)):
        if done and not population.neuron.threshold:
            problem = f"'{population.neuron.name}' never spikes, and '{statements(done)[0]}' waits for its spikes"
            remedy = f"state when it spikes, or pick another neuron for '{population.role}'"
            raise ZooError(population.neuron.path, "threshold", problem, remedy)


def _current(code: SynapseCode, equations: Equations) -> Findings:
    """Readers of what spikes alone bring up to date, at another moment than a spike."""
    old = {name for name, equation in equations.items() if "event-driven" in equation.flags}
    stale = depending(equations, old)
    texts = [text for event in EVENTS if event not in AT_SPIKES for text in texts_at(code, event)]
    reading = [(text, text.text, get_identifiers(parse(text, text.text)[2])) for text in texts]
    for text, name, equation in equations_in(code):
        if "summed" in equation.flags or "clock-driven" in equation.flags:
            reading.append((text, f"{name} = {equation.expr}", get_identifiers(str(equation.expr))))
    return Findings(
        text.wrong(
            f"'{line}' reads '{min(used & stale)}', which is event-driven: it is current only when a spike arrives",
            f"write (clock-driven) after the equation of {listed(sorted(old))}",
        )
        for text, line, used in reading
        if used & stale
    )


def _between_spikes(
    projection: Projection, code: SynapseCode, equations: Equations, neurons: Mapping[str, NeuronCode]
) -> Findings:
    """Event-driven equations of what moves between spikes: they are solved from one spike to the next."""
    at_other_times = [event for event in EVENTS if event not in AT_SPIKES]
    moving = {name for event in at_other_times for text in texts_at(code, event) for name in written(text.text)}
    moving |= {name for name, equation in equations.items() if "clock-driven" in equation.flags}
    for side, population in (("pre", projection.pre), ("post", projection.post)):
        theirs, constant = equations_of(neurons[population.name].equations), neurons[population.name].parameters
        moving |= {
            f"{name}_{side}" for name in theirs.names if name not in constant and "constant" not in theirs[name].flags
        }
    findings = Findings()
    for text, name, equation in equations_in(code):
        read = names_in(str(equation.expr), equations) & {*moving, "t"}
        if "event-driven" in equation.flags and read:
            problem = f"d{name}/dt is event-driven and reads '{min(read)}', which moves between spikes"
            findings.append(text.wrong(problem, "write (clock-driven) after it"))
    return findings


def _reach(model: SynapseModel, code: SynapseCode, equations: Equations) -> Findings:
    """Statements of a rule that change what is not the rule's to change."""
    findings, store = Findings(), equations_of(model.state).names
    for event, block in code.pieces.items():
        for text in (Text.of(line) for line in block if event in EVENTS and line.where != model.path):
            line = text.text
            name, operator, _ = parse(text, line)
            if name in store:
                problem = f"'{line}' goes round the 'write' of the synapse, which keeps the weight in its bounds"
                findings.append(text.wrong(problem, "ask for a change, 'dw = ...'"))
            elif name in equations and "shared" in equations[name].flags:
                findings.append(_of_all(text, line, name))
            elif name.endswith(("_pre", "_post")) and event not in AT_SPIKES:
                problem = f"'{line}' changes a neuron that other synapses read at the same moment"
                findings.append(text.wrong(problem, "change neurons at spikes (on_pre, on_post), or in at_spike"))
            elif name.endswith(("_pre", "_post")) and operator not in ("+=", "-="):
                problem = f"'{line}' overwrites a neuron: of several synapses the last would win"
                findings.append(text.wrong(problem, "add to it, 'X_post += ...', so that spikes can coincide"))
    return findings


def _of_all(text: Text, line: str, name: str) -> ZooError:
    return text.wrong(f"'{line}' changes '{name}', which all synapses share", "take the flag (shared) away")


def _influence(influence: Influence, codes: Codes, neurons: Mapping[str, Equations]) -> Findings:
    rule, post = influence.of.rule, influence.of.post
    code, synapse = codes.influences[influence.name], codes.synapses[influence.of.name]
    stores = _joined(Text(rule.path, "influence.variables", code.stores.equations))
    ends = {"pre": (rule, equations_of(synapse.equations)), "post": (post.neuron, neurons[post.name])}
    findings = _sums(code.stores, ends)
    scope = synapse_scope(stores, code.stores.parameters, _named(ends))
    for event in ("on_arrival", "each_step"):
        with findings.collect():
            texts = texts_at(code.stores, event)
            check_statements(texts, scope)
            for text in texts:
                name, *_ = parse(text, text.text)
                if name in stores and "shared" in stores[name].flags:
                    raise _of_all(text, text.text, name)
    if code.couplings is not None:
        findings += _sums(code.couplings, {"pre": (rule, stores), "post": (rule, stores)})
    return findings


def _sums(code: SynapseCode, sides: Sides) -> Findings:
    """Mistakes in equations between two ends, sums among them."""
    first = Text.of(code.pieces["equations"][0])
    equations, findings = _joined(replace(first, text=code.equations)), Findings()
    for _, theirs in sides.values():
        for name in sorted(equations.names & theirs.names):
            raise first.wrong(f"'{name}' is defined at one of the ends too", "rename one of the two")
    scope = synapse_scope(equations, code.parameters, _named(sides))
    for text, _, equation in equations_in(code):
        with findings.collect():
            if "summed" in equation.flags:
                _summed(text, equation, scope, sides)
            check_equation(text, equation, scope)
    return findings


def _named(sides: Sides) -> dict[str, tuple[str, Equations]]:
    return {side: (file.name, variables) for side, (file, variables) in sides.items()}


def _distinct_from_neurons(code: SynapseCode, sides: Sides) -> None:
    """Brian2 refuses a synapse with a variable or parameter called as one of a neuron it joins."""
    for text, name, _ in equations_in(code):
        for neuron, variables in sides.values():
            if name in variables:
                problem = f"'{name}' is a variable or parameter of neuron '{neuron.name}' too"
                raise text.wrong(problem, "rename one of the two")


def _summed(text: Text, equation: SingleEquation, scope: Scope, sides: Sides) -> None:
    """That a sum has a plain variable of a neuron to go to."""
    stem, _, side = equation.varname.rpartition("_")
    line = f"{equation.varname} = {equation.expr}"
    if side not in sides:
        raise text.wrong(f"the sum '{line}' goes to no neuron", "end its name in _pre or _post")
    neuron, variables = sides[side]
    if stem not in variables:
        raise scope.unknown(text, equation.varname, f"{equation.varname} = ...")
    target = variables[stem]
    if target.type != PARAMETER:
        raise text.wrong(f"the sum '{line}' would overwrite an equation of '{neuron.name}'", f"declare '{stem}' only")
    if unfit := {"shared", "constant"} & set(target.flags):
        problem = f"the sum '{line}' is one for each neuron at every step, and '{stem}' is {min(unfit)}"
        raise text.wrong(problem, f"take ({min(unfit)}) away from '{stem}' of '{neuron.name}'")
    if target.dim is not equation.dim:
        problem = f"wrong unit: '{line}' is {in_unit(equation.dim)}, '{stem}' {in_unit(target.dim)}"
        raise text.wrong(problem, f"the sum has to be {in_unit(target.dim)}")


def _weights(circuit: Circuit, projection: Projection, expected: Any) -> None:
    """That the initial weights are given, in the unit of w, and within the bounds of their store."""
    where, lines = circuit.experiment.path, as_dict(circuit.experiment.stated.weights)
    if projection.kind not in lines:
        problem, remedy = f"there is no line for '{projection.kind}'", f"add a line '{projection.kind} = ...'"
        raise ZooError(where, "weights", problem, remedy)
    text = Text(where, f"weights.{projection.kind}", lines[projection.kind])
    names = weight_names(circuit, projection, np.random.default_rng(0))
    value = evaluate_text(text, names)
    found = brian2.get_dimensions(value)
    if not np.isfinite(np.asarray(value)).all() or np.iscomplexobj(value):
        raise text.wrong(f"'{text.text}' is no finite number", "give a finite weight")
    if found is not expected:
        problem = f"wrong unit: '{text.text}' is {in_unit(found)}, w of the synapse {in_unit(expected)}"
        raise text.wrong(problem, f"the weight has to be {in_unit(expected)}")
    by_size = any(isinstance(names.get(name), int) for name in get_identifiers(text.text))
    if not by_size:  # else those of a network as large as it is trained are looked at
        refuse_beyond(where, projection, np.asarray(value, float))
