"""What an experiment states for itself, against its circuit and its files: roles, kinds of projections, numbers."""

from collections import defaultdict
from itertools import takewhile
from typing import Any

import brian2

from brian2zoo.check.domains import outside_lines
from brian2zoo.check.findings import Findings, listed
from brian2zoo.check.strings import Text, evaluate_text, in_unit
from brian2zoo.circuits import Vocabulary, vocabulary
from brian2zoo.equations.pieces import constants, renamed
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import StateFormat


def check_stated(experiment: Experiment) -> Findings:
    """Mistakes in an experiment's own keys, stores and numbers; each would make those after it wrong as well."""
    return _keys(experiment) or _store(experiment) or _overrides(experiment)


def _keys(experiment: Experiment) -> Findings:
    """Roles and kinds of projections that the circuit does not know; those it knows may be idle."""
    findings = Findings()
    with findings.collect():
        findings += _unknown(experiment, vocabulary(experiment))
    return findings


def _unknown(experiment: Experiment, has: Vocabulary) -> Findings:
    roles, findings, learning = has.roles, Findings(), experiment.learning
    if experiment.stated.phases and experiment.circuit.phases is None:
        problem = f"circuit '{experiment.stated.circuit}' follows no table of phases"
        findings.append(ZooError(experiment.path, "phases", problem, "leave it out, or take a circuit that does"))
    for field, keys, known in (
        ("neurons", experiment.neurons, roles),
        ("synapses", experiment.synapses, ("plastic", *has.learn, *has.fixed)),
        ("weights", as_dict(experiment.stated.weights), (*has.learn, *has.fixed)),
        ("learning", learning.own, (*has.learn, "plastic")),
        ("learning.learns", learning.learns or (), has.learn),
    ):
        for key in keys:
            if key not in known:
                remedy = did_you_mean(key, known, f"it has {', '.join(known)}")
                what = " that may learn" if field.startswith("learning") else ""
                problem = f"circuit '{experiment.stated.circuit}' has no '{key}'{what}"
                findings.append(ZooError(experiment.path, f"{field}.{key}", problem, remedy))
    for key in experiment.states:
        role, _, variable = key.partition(".")
        if role not in roles or not variable:
            remedy = did_you_mean(role, roles, f"write role.variable; roles are {', '.join(roles)}")
            findings.append(ZooError(experiment.path, f"states.{key}", f"'{key}' is no variable of a role", remedy))
    return findings


def _overrides(experiment: Experiment) -> Findings:
    findings, scopes = Findings(), None
    with findings.collect():
        scopes = _scopes(experiment)
    for line in experiment.stated.parameters if scopes is not None else ():
        text = Text(experiment.path, f"parameters.{line.name}", line.value)
        scope, _, name = line.name.partition(".")
        with findings.collect():
            if scope not in scopes:
                otherwise = f"write scope.name = value; scopes are {', '.join(scopes)}"
                remedy = did_you_mean(scope, scopes, otherwise)
                raise text.wrong(f"nothing in the experiment is called '{scope}'", remedy)
            known = {parameter: file for file in reversed(scopes[scope]) for parameter in as_dict(file.parameters)}
            if name not in known:
                otherwise = f"it has {listed(known)}" if known else f"'{scope}' has no parameters: remove the line"
                raise text.wrong(f"'{scope}' has no parameter '{name}'", did_you_mean(name, known, otherwise))
            _override(text, name, known[name])
            for file in scopes[scope]:
                _in_domains(text, file, name, experiment)
    return findings


def _in_domains(text: Text, file: Any, name: str, experiment: Experiment) -> None:
    """That an override leaves itself, and what the file makes of it, in the domains the file states."""
    if name not in as_dict(file.parameters):
        return
    scope = text.field.split(".")[1]
    own = experiment.overrides(scope)
    general: dict[str, str] = {}
    for over in ("rule", "surrogate", "optimizer", "synapse") if scope in vocabulary(experiment).learn else ():
        general |= experiment.overrides(over)
    together = general | own
    try:
        before = outside_lines(file, {key: value for key, value in together.items() if key != name})
    except ValueError:
        return  # another line is wrong, and told
    try:
        found = outside_lines(file, together)
    except ValueError as error:
        raise text.wrong(f"with '{text.text}', {error}", "give another value") from None
    if name in found:
        problem, remedy = found[name]
        raise text.wrong(f"'{text.text}' {problem}", remedy)
    for made, (problem, remedy) in found.items():
        if made not in own and made not in before:
            raise text.wrong(f"with '{text.text}', '{made}' {problem}", remedy)


def _scopes(experiment: Experiment) -> dict[str, list[Any]]:
    """The files whose parameters an experiment can override, by scope."""
    kinds = vocabulary(experiment).learn
    learning = {kind: store for kind, store in experiment.synapses.items() if kind in ("plastic", *kinds)}
    scopes: dict[str, list[Any]] = defaultdict(list, synapse=[*learning.values()])
    for kind in kinds:
        if kind in learning or "plastic" in learning:
            scopes[kind].append(learning.get(kind) or learning["plastic"])
        ways = experiment.ways(kind)
        for scope in ("rule", "surrogate", "optimizer"):
            if file := getattr(ways, scope):
                scopes[kind].append(file)  # idle where the kind does not learn
                scopes[scope] += [file] if file not in scopes[scope] else []
    if experiment.feedback is not None:
        scopes["feedback"].append(experiment.feedback)
    if experiment.loss is not None:
        scopes["loss"].append(experiment.loss)
    for kind, store in experiment.synapses.items():
        if kind != "plastic":
            scopes[kind].append(store)
    for role, neuron in experiment.neurons.items():
        scopes[role].append(neuron)
    for key, state in experiment.states.items():
        role, _, variable = key.partition(".")
        scopes[role].append(_stored(state, variable))
        scopes["state"].append(state)
    return scopes


def _stored(state: StateFormat, variable: str) -> StateFormat:
    """A storage format with its parameters named as those of the variable it stores."""
    names = {line.name: f"{variable}_{line.name.removeprefix('x_')}" for line in state.parameters}
    lines = tuple(
        line.model_copy(update={key: renamed(getattr(line, key), names) for key in ("name", "value", "domain")})
        for line in state.parameters
    )
    return state.model_copy(update={"parameters": lines})


def _override(text: Text, name: str, file: Any) -> None:
    values = constants(file, {})
    above = dict(takewhile(lambda item: item[0] != name, values.items()))
    found, expected = (brian2.get_dimensions(value) for value in (evaluate_text(text, above), values[name]))
    # A storage format has no unit of its own: its statements show whether the variable's was given.
    if found is not expected and not isinstance(file, StateFormat):
        problem = f"wrong unit: '{text.text}' is {in_unit(found)}, '{name}' {in_unit(expected)}"
        raise text.wrong(problem, f"the value has to be {in_unit(expected)}")


def _store(experiment: Experiment) -> Findings:
    findings = Findings()
    for kind in ("plastic", *vocabulary(experiment).learn):
        store = experiment.synapses.get(kind)
        if store is not None and not store.write:
            problem = f"'{store.name}' cannot learn: it has no 'write'"
            remedy = f"pick another, or add 'write' to {store.path}"
            findings.append(ZooError(experiment.path, f"synapses.{kind}", problem, remedy))
    return findings
