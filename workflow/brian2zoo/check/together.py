"""An experiment whose files are right each by itself: do they go together?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, EquationError, Equations, SingleEquation

from brian2zoo.check.alone import EVENTS, data_dimensions
from brian2zoo.check.findings import Findings, listed
from brian2zoo.check.strings import (
    Scope,
    Text,
    check_equation,
    check_statements,
    did_you_mean,
    evaluate_text,
    neuron_scope,
    synapse_scope,
    unit_text,
)
from brian2zoo.circuits import (
    FORWARD_KINDS,
    Circuit,
    Population,
    Projection,
    build,
    has_weights,
    weight_names,
)
from brian2zoo.compose import compose_neuron, constants, join, statements, written
from brian2zoo.errors import ZooError
from brian2zoo.expressions import evaluate
from brian2zoo.network import Codes, compose
from brian2zoo.spec import Experiment, NeuronModel, Rule, StateFormat, Zoo, as_dict

# One hidden layer and two: every kind of projection occurs in one of them.
_LAYERS = ((4, 3, 2), (4, 3, 3, 2))
_MODES = ("train", "test")

Sides = Mapping[str, tuple[NeuronModel, Equations]]
"""For 'pre' and 'post' of a synapse, the neuron and its composed equations."""


def check_together(zoo: Zoo, experiment: Experiment) -> Findings:
    """Mistakes in how an experiment combines its files."""
    findings = _keys(zoo, experiment) + _overrides(zoo, experiment)
    if findings:
        return Findings(findings)
    findings = Findings()
    for circuit in _circuits(zoo, experiment, findings):
        missing = _missing_variables(circuit)
        findings += missing
        if not missing:
            with findings.collect():
                findings += _circuit(zoo, circuit, compose(circuit))
    return findings


def _circuits(zoo: Zoo, experiment: Experiment, findings: Findings) -> Iterator[Circuit]:
    for layers in _LAYERS:
        for mode in _MODES:
            with findings.collect():
                yield build(zoo, experiment, layers, mode)


def _keys(zoo: Zoo, experiment: Experiment) -> Findings:
    """Roles and kinds of projections that the circuit has in no experiment; any may be idle in this one."""
    roles, kinds = set(), set()
    for name in zoo.names("experiment"):
        with Findings().collect():
            other = zoo.experiment(name)
            if other.circuit == experiment.circuit:
                for circuit in _circuits(zoo, other, Findings()):
                    roles |= {population.role for population in circuit.populations}
                    kinds |= {projection.kind for projection in circuit.projections}
    findings = Findings()
    for field, keys, known in (
        ("neurons", experiment.neurons, roles),
        ("synapses", experiment.synapses, {"plastic", *kinds} - set(FORWARD_KINDS)),
        ("weights", as_dict(experiment.weights), kinds),
    ):
        for key in sorted(set(keys) - known):
            remedy = did_you_mean(key, known, f"known are {listed(sorted(known))}")
            problem = f"circuit '{experiment.circuit}' has no '{key}'"
            findings.append(ZooError(experiment.path, f"{field}.{key}", problem, remedy))
    for key in experiment.states:
        role, _, variable = key.partition(".")
        if role not in roles or not variable:
            remedy = did_you_mean(role, roles, f"write role.variable; roles are {listed(sorted(roles))}")
            findings.append(ZooError(experiment.path, f"states.{key}", f"'{key}' is no variable of a role", remedy))
    return findings


def _overrides(zoo: Zoo, experiment: Experiment) -> Findings:
    scopes = _scopes(zoo, experiment)
    findings = Findings()
    for line in experiment.parameters:
        text = Text(experiment.path, f"parameters.{line.name}", line.value)
        scope, _, name = line.name.partition(".")
        with findings.collect():
            if scope not in scopes:
                remedy = did_you_mean(scope, scopes, f"write scope.name = value; scopes are {listed(sorted(scopes))}")
                raise text.wrong(f"nothing in the experiment is called '{scope}'", remedy)
            known = {parameter: file for file in reversed(scopes[scope]) for parameter in as_dict(file.parameters)}
            if name not in known:
                otherwise = f"it has {listed(known)}" if known else f"'{scope}' has no parameters: remove the line"
                raise text.wrong(f"'{scope}' has no parameter '{name}'", did_you_mean(name, known, otherwise))
            _override(text, name, known[name])
    return findings


def _scopes(zoo: Zoo, experiment: Experiment) -> dict[str, list[Any]]:
    """The files whose parameters an experiment can override, by scope."""
    rule, store = zoo.rule(experiment.rule), zoo.synapse(experiment.synapses["plastic"])
    scopes: dict[str, list[Any]] = defaultdict(list, rule=[rule], synapse=[store])
    for kind in FORWARD_KINDS:
        scopes[kind] += [store, rule]
    for kind, name in experiment.synapses.items():
        if kind != "plastic":
            scopes[kind].append(zoo.synapse(name))
    for role, name in experiment.neurons.items():
        scopes[role].append(zoo.neuron(name))
    for key, name in experiment.states.items():
        role, _, variable = key.partition(".")
        scopes[role].append(_stored(zoo.state(name), variable))
        scopes["state"].append(zoo.state(name))
    return scopes


def _stored(state: StateFormat, variable: str) -> StateFormat:
    """A storage format with its parameters named as those of the variable it stores."""
    renamed = [(f"{variable}_{line.name.removeprefix('x_')}", line) for line in state.parameters]
    lines = tuple(line.model_copy(update={"name": name}) for name, line in renamed)
    return state.model_copy(update={"parameters": lines})


def _override(text: Text, name: str, file: Any) -> None:
    values = constants(file, {})
    above = dict(takewhile(lambda item: item[0] != name, values.items()))
    found, expected = (brian2.get_dimensions(value) for value in (evaluate_text(text, above), values[name]))
    # A storage format has no unit of its own: its statements show whether the variable's was given.
    if found is not expected and not isinstance(file, StateFormat):
        problem = f"wrong unit: '{text.text}' is in {unit_text(found)}, {name} of {file.path} in {unit_text(expected)}"
        raise text.wrong(problem, f"give it in {unit_text(expected)}")


def _missing_variables(circuit: Circuit) -> Findings:
    """Variables that a rule needs, a synapse writes or a storage format stores, and the neuron does not have."""
    findings = Findings()
    for projection in circuit.projections:
        model, rule = projection.synapse, projection.rule
        for side in ("pre", "post"):
            population = getattr(projection, side)
            own = Equations(population.neuron.equations).names
            for name in rule.needs.model_dump()[side] if rule else ():
                if name not in own:
                    problem = f"rule '{rule.name}' needs '{name}', which neuron '{population.neuron.name}' has not"
                    remedy = f"pick a neuron with '{name}', or correct needs.{side} in {rule.path}"
                    where = circuit.experiment.path
                    findings.append(ZooError(where, f"neurons.{population.role}", problem, remedy))
        post = Equations(join(projection.post.neuron.equations, *_added(circuit, projection.post))).names
        scope = Scope(dict.fromkeys(f"{name}_post" for name in post), "", (), {"post": projection.post.neuron.name})
        for line, name in zip(statements(model.read), written(model.read), strict=True):
            if name not in scope.own:
                findings.append(scope.unknown(Text(model.path, "read", model.read), name, line))
    return findings


def _added(circuit: Circuit, population: Population) -> dict[str, Text]:
    """Equations that rules add to a population, by their text."""
    found = {}
    for projection in circuit.plastic:
        for side, block in projection.rule.variables.model_dump(include={"pre", "post"}).items():
            if block and getattr(projection, side) is population:
                found[block] = Text(projection.rule.path, f"variables.{side}", block)
    return found


def _circuit(zoo: Zoo, circuit: Circuit, codes: Codes) -> Findings:
    findings = Findings()
    neurons = {}
    for population in circuit.populations:
        place = Text(circuit.experiment.path, f"neurons.{population.role}", codes.neurons[population.name].equations)
        with findings.collect():
            neurons[population.name] = _joined(place)
            scope = neuron_scope(neurons[population.name], codes.neurons[population.name].parameters)
            findings += _population(zoo, circuit, population, scope)
    if not findings:
        for projection in circuit.projections:
            with findings.collect():
                findings += _projection(circuit, projection, codes, neurons)
    return findings


def _joined(text: Text) -> Equations:
    """Equations of several files, which may not define a name twice."""
    try:
        return Equations(text.text)
    except EquationError as error:
        raise text.wrong(f"the files do not go together: {error}", "rename it in one of them") from None


def _population(zoo: Zoo, circuit: Circuit, population: Population, scope: Scope) -> Findings:
    findings = Findings()
    for text in _added(circuit, population).values():
        for equation in Equations(text.text).values():
            with findings.collect():
                _added_equation(text, equation, population.neuron, scope)
    for variable, state in population.formats.items():
        with findings.collect():
            place = Text(circuit.experiment.path, f"states.{population.role}.{variable}", "")
            _format(place, population, variable, state, scope)
    if population.data:
        with findings.collect():
            _data(zoo, circuit.experiment, population)
    return findings


def _added_equation(text: Text, equation: SingleEquation, neuron: NeuronModel, scope: Scope) -> None:
    check_equation(text, equation, scope)
    if equation.type == DIFFERENTIAL_EQUATION and not neuron.method:
        problem = f"d{equation.varname}/dt is added to '{neuron.name}', which has no method of integration"
        raise text.wrong(problem, f"add a line 'method: euler' to {neuron.path}")


def _format(place: Text, population: Population, variable: str, state: StateFormat, scope: Scope) -> None:
    own = Equations(population.neuron.equations).names
    if variable not in own:
        remedy = did_you_mean(variable, own, f"it has {listed(sorted(own))}")
        raise place.wrong(f"neuron '{population.neuron.name}' has no variable '{variable}'", remedy)
    bare = population.neuron.model_copy(update={"each_step": ""})
    code = compose_neuron(bare, population.overrides, formats={variable: state})
    check_statements([Text(place.where, place.field, code.each_step)], scope)


def _data(zoo: Zoo, experiment: Experiment, population: Population) -> None:
    encoder = zoo.encoder(getattr(experiment.encoders, population.data))
    found = brian2.get_dimensions(evaluate(encoder.unit))
    expected = data_dimensions(population.neuron)
    if found is not expected:
        problem = f"wrong unit: encoder '{encoder.name}' gives {unit_text(found)}"
        remedy = f"neuron '{population.neuron.name}' takes data in {unit_text(expected)}"
        raise ZooError(experiment.path, f"encoders.{population.data}", problem, remedy)


def _projection(circuit: Circuit, projection: Projection, codes: Codes, neurons: Mapping[str, Equations]) -> Findings:
    code, rule = codes.synapses[projection.name], projection.rule
    sides = {
        side: (population.neuron, neurons[population.name])
        for side, population in (("pre", projection.pre), ("post", projection.post))
    }
    place = Text(circuit.experiment.path, "rule" if rule else f"synapses.{projection.kind}", code.equations)
    equations = _joined(place)
    _distinct_from_neurons(projection, sides)
    scope = synapse_scope(equations, code.parameters, sides)

    findings = Findings()
    for text in _equation_texts(projection):
        for equation in Equations(text.text).values():
            with findings.collect():
                if "summed" in equation.flags:
                    _summed(text, equation, scope, sides)
                check_equation(text, equation, scope)
    for event in EVENTS:
        with findings.collect():
            check_statements(_event_texts(projection, event), scope)
    if has_weights(projection):
        with findings.collect():
            _weights(circuit, projection, equations["w"].dim)
    return findings


def _equation_texts(projection: Projection) -> list[Text]:
    model, rule = projection.synapse, projection.rule
    texts = [Text(model.path, "state", model.state)]
    if projection.returns_error:
        texts.append(Text(model.path, "backward", model.backward))
    if rule is not None:
        texts.append(Text(rule.path, "variables.synapse", rule.variables.synapse))
    return texts


def _event_texts(projection: Projection, event: str) -> list[Text]:
    """What runs at an event, in the order in which `compose_synapse` joins it."""
    model, rule = projection.synapse, projection.rule
    asked = getattr(rule, event, "")
    texts = [Text(rule.path, event, asked)] if asked else []
    if "dw" in written(asked):
        texts.append(Text(model.path, "write", model.write))
    if event == "on_pre":
        texts = [Text(model.path, "draw", model.draw), *texts, Text(model.path, "read", model.read)]
    return texts


def _distinct_from_neurons(projection: Projection, sides: Sides) -> None:
    """Brian2 refuses a synapse with a variable or parameter called as one of a neuron it joins."""
    declared = [(text, name) for text in _equation_texts(projection) for name in Equations(text.text).names]
    files: list[Rule | Any] = [file for file in (projection.synapse, projection.rule) if file is not None]
    declared += [(Text(f.path, f"parameters.{name}", ""), name) for f in files for name in as_dict(f.parameters)]
    for text, name in declared:
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
        raise scope.unknown(text, equation.varname, line)
    target = variables[stem]
    if target.type != PARAMETER:
        raise text.wrong(f"the sum '{line}' would overwrite an equation of '{neuron.name}'", f"declare '{stem}' only")
    if target.dim is not equation.dim:
        problem = f"wrong unit: '{line}' is in {unit_text(equation.dim)}, '{stem}' in {unit_text(target.dim)}"
        raise text.wrong(problem, f"make the sum {unit_text(target.dim)}")


def _weights(circuit: Circuit, projection: Projection, expected: Any) -> None:
    """That the initial weights are given, in the unit of w."""
    where, lines = circuit.experiment.path, as_dict(circuit.experiment.weights)
    if projection.kind not in lines:
        problem, remedy = f"there is no line for '{projection.kind}'", f"add a line '{projection.kind} = ...'"
        raise ZooError(where, "weights", problem, remedy)
    text = Text(where, f"weights.{projection.kind}", lines[projection.kind])
    value = evaluate_text(text, weight_names(circuit, projection, np.random.default_rng(0)))
    found = brian2.get_dimensions(value)
    if found is not expected:
        problem = f"wrong unit: '{text.text}' is in {unit_text(found)}, w of {projection.synapse.path} in "
        raise text.wrong(problem + unit_text(expected), f"give it in {unit_text(expected)}")
