"""One file by itself: its names, and its units as far as they can be known without the other files."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import brian2
import numpy as np
from brian2.core.variables import Variable
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
)
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers

from brian2zoo.check.domains import refuse_outside
from brian2zoo.check.findings import Findings, ZooWarning
from brian2zoo.check.strings import (
    RANDOM,
    SECOND,
    Scope,
    Text,
    check_condition,
    check_equation,
    check_name,
    check_statements,
    dimensions,
    evaluate_text,
    in_unit,
    is_condition,
    neuron_scope,
    parse,
    parse_equations,
    variables,
)
from brian2zoo.check.wiring import check_plan
from brian2zoo.circuits.synfire import parse_table
from brian2zoo.compose.neuron import compose_neuron
from brian2zoo.datasets.encode import channels, encode
from brian2zoo.derive import origin
from brian2zoo.equations.pieces import equations_of, names_in, statements, written
from brian2zoo.equations.propagators import integrated
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.chips import ChipNumbers, PlacementPlan, SpikingChip
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.experiment import missing_files
from brian2zoo.formats.experiments import ExperimentFile
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import File, as_dict
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.models import (
    EVENT_DATA,
    Encoder,
    Feedback,
    Loss,
    NeuronModel,
    Optimizer,
    StateFormat,
    Surrogate,
    SynapseModel,
)
from brian2zoo.formats.phases import PhaseTable
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import Zoo
from brian2zoo.learning.rule import EVENTS

MOST_CORES = 2**14
"""Of a placement, for each of which there is a table of all neurons."""
SAMPLES = ("T_train", "T_test", "T_final")
MAY_BE_ZERO = WITHIN_A_SAMPLE = ("T_answer", "delay")
MOST_STEPS = 10**6
"""Of a sample; programs number the steps of a run with 31 bits, and some of what they keep has a place for each."""

_NEURON_FLAGS = {
    DIFFERENTIAL_EQUATION: ("unless refractory",),
    SUBEXPRESSION: ("shared", "constant over dt"),
    PARAMETER: ("constant", "shared"),
}
_SYNAPSE_FLAGS = {
    DIFFERENTIAL_EQUATION: ("event-driven", "clock-driven"),
    SUBEXPRESSION: ("summed", "shared", "constant over dt"),
    PARAMETER: ("constant", "shared"),
}


def check_alone(zoo: Zoo, kind: str, name: str) -> Findings:
    """Findings in one file."""
    findings = Findings()
    with findings.collect():
        file = zoo.load(kind, name)
        if kind == "cim":
            return findings  # it has no equations: loading it has checked all there is
        if kind == "experiment":
            return Findings(missing_files(zoo, file)) + _protocol(file)
        base = zoo.load(kind, file.extends) if file.extends else None
        findings += _CHECKS[kind](file) + _unused_parameters(file, base) + _counted_by_time(file)
        if kind == "rule" and file.origin is not None:
            findings += _changed_since(zoo, file)
    return findings


def _changed_since(zoo: Zoo, rule: Rule) -> Findings:
    """A rule that was derived from other equations than the neuron and the synapse have now."""
    known, findings = rule.origin, Findings()
    files = []
    for kind in ("neuron", "synapse"):
        if not zoo.has(kind, name := getattr(known, kind)):
            problem = f"there is no file {KINDS[kind][1]}/{name}.yaml any more, from which it was derived"
            findings.append(ZooWarning(rule.path, f"origin.{kind}", problem, "remove 'origin', or derive it anew"))
        else:
            files.append(zoo.load(kind, name))
    if not findings and origin(*files) != known:
        paths = " or ".join(str(file.path) for file in files)
        problem = f"the equations of {paths} have changed since this rule was derived from them"
        remedy = "derive it anew, or remove 'origin' if it is as it should be"
        findings.append(ZooWarning(rule.path, "origin", problem, remedy))
    return findings


def _protocol(experiment: ExperimentFile) -> Findings:
    """Times that are none, or that no whole number of steps makes: samples and delays begin and end with a step."""
    findings, times = Findings(), {}
    for key, time in experiment.protocol:
        if key in ("order", "rest"):
            continue
        text = Text(experiment.path, f"protocol.{key}", time)
        with findings.collect():
            value = evaluate_text(text, {})
            found = brian2.get_dimensions(value)
            if found is not SECOND:
                raise text.wrong(f"wrong unit: the time '{time}' is {in_unit(found)}", "write it as '1*ms'")
            seconds = np.nan if np.iscomplexobj(value) else float(value)
            if not np.isfinite(seconds) or seconds < 0 or (seconds == 0 and key not in MAY_BE_ZERO):
                raise text.wrong(f"'{time}' is no duration", "give a time above zero, such as '1*ms'")
            times[key] = text, seconds
    if findings:
        return findings
    dt = times["dt"][1]
    for key, (text, seconds) in times.items():
        steps = seconds / dt
        with findings.collect():
            if abs(steps - round(steps)) > 1e-6 * max(steps, 1):
                around = [n for n in (np.floor(steps), np.ceil(steps)) if n or key in MAY_BE_ZERO]
                fitting = [f"{n * dt * 1e3:.9g}*ms" for n in around]
                problem = f"'{text.text}' is {steps:.6g} steps of dt = {experiment.protocol.dt}, not a whole number"
                raise text.wrong(problem, f"take {' or '.join(fitting)}, or another dt")
            if key in SAMPLES and round(steps) > MOST_STEPS:
                problem = f"'{text.text}' is {steps:g} steps of dt = {experiment.protocol.dt}, more than {MOST_STEPS:g}"
                raise text.wrong(problem, "take a larger dt, or a shorter sample")
            if key in WITHIN_A_SAMPLE and seconds >= (shortest := min(times[k][1] for k in SAMPLES)):
                raise text.wrong(
                    f"'{text.text}' is not within a sample, which lasts {shortest * 1e3:g} ms", "take less"
                )
    return findings


def _neuron(model: NeuronModel) -> Findings:
    _parameters(model)
    text = Text(model.path, "equations", model.equations)
    _distinct(text, parse_equations(text, _NEURON_FLAGS), model)
    for field in ("reset", "initial", "on_sample", "each_step", "forward", "backward"):
        block = Text(model.path, field, getattr(model, field))
        for line in statements(block.text):
            parse(block, line)
    code = compose_neuron(model, {})
    equations = equations_of(code.equations)
    events = model.data == EVENT_DATA
    scope = neuron_scope(equations, code.parameters, bool(model.refractory), events=events)
    findings = Findings()
    if equations.diff_eq_names and not model.method:
        problem = f"d{min(equations.diff_eq_names)}/dt is given, but no method of integration"
        findings.append(text.wrong(problem, "add a line 'method: exact' or 'method: euler'"))
    for equation in equations.values():
        with findings.collect():
            check_equation(text, equation, scope)
            refuse_chance(text, equation, equations)
    if model.method and not findings:
        with findings.collect():
            integrated(code, {"dt": brian2.nsecond})  # of the experiments that it will be in, no step is known
    for field in ("keeps", "learns"):
        findings += kept(Text(model.path, field, ""), getattr(model, field), equations)
    if model.threshold:
        with findings.collect():
            check_condition(Text(model.path, "threshold", model.threshold), scope)
    if model.refractory:
        with findings.collect():
            _refractory(Text(model.path, "refractory", model.refractory), scope)
    for field in ("reset", "each_step", "forward", "backward"):
        with findings.collect():
            check_statements([Text(model.path, field, getattr(model, field))], scope)
    text = Text(model.path, "reset", model.reset)
    shared = {name for name, equation in equations.items() if "shared" in equation.flags} - code.parameters.keys()
    for name in () if findings else sorted(shared & {parse(text, line)[0] for line in statements(text.text)}):
        problem = f"'{name}' is shared by all neurons, of which only some spike"
        findings.append(text.wrong(problem, "take the flag (shared) away"))
    with findings.collect():
        own = {n for n, e in equations.items() if "constant" in e.flags} - code.parameters.keys()
        settable = replace(scope, fixed=set(scope.fixed) - own)
        text = Text(model.path, "initial", model.initial)
        _initial(text, settable.own, "the neuron")
        check_statements([text], settable)
    with findings.collect():
        with_data = replace(scope, own=scope.own | data_of(model))
        check_statements([Text(model.path, "on_sample", model.on_sample)], with_data)
    return findings


def kept(text: Text, names: tuple[str, ...], equations: Equations) -> Findings:
    """Names among `keeps` that are no variables with a value of their own for each neuron or synapse, at any time."""
    findings = Findings()
    for name in names:
        equation = equations.get(name)
        flags = {"constant", "shared", "summed", "event-driven"} & set(equation.flags if equation else ())
        if equation is None:
            stored = [n for n, e in equations.items() if e.type != SUBEXPRESSION and "shared" not in e.flags]
            remedy = did_you_mean(name, stored, f"it has {', '.join(stored)}" if stored else "leave it out")
            findings.append(text.wrong(f"there is no variable '{name}'", remedy))
        elif equation.type == SUBEXPRESSION or flags:
            what = f"({sorted(flags)[0]})" if flags else "worked out from others"
            remedy = "take the flag away, or leave it out of keeps" if flags else "keep those"
            findings.append(text.wrong(f"'{name}' is {what}: there is nothing of it to keep", remedy))
    return findings


def _refractory(text: Text, scope: Scope) -> None:
    found = dimensions(text, text.text, scope)
    if found is not SECOND and not is_condition(text, scope):
        raise text.wrong(f"wrong unit: '{text.text}' is {in_unit(found)}", "give a time, or a condition")


def _initial(text: Text, own: Collection[str], whose: str) -> None:
    """That statements before the first step are values of variables, of `own`, that no chance decides."""
    random = RANDOM & get_identifiers("\n".join(statements(text.text)))
    if random:
        remedy = "draw it in on_sample, which the seed of a run governs" if whose == "the neuron" else "write a value"
        raise text.wrong(f"{min(random)}() is random", remedy)
    for line in statements(text.text):
        name, operator, _ = parse(text, line)
        if operator != "=" or name not in own:
            problem = f"'{line}' is more than a variable and its value before a run"
            remedy = f"write 'variable = expression' for variables of {whose}"
            raise text.wrong(problem, did_you_mean(name, own, remedy) if operator == "=" else remedy)


def _initial_of(file: Any, field: str, initial: str, equations: str) -> None:
    """That a synapse model or rule gives values to variables of its own, never to the weight."""
    stored = {n for n, e in equations_of(equations).items() if e.type != SUBEXPRESSION}
    if "w" in stored and "w" in written(initial):
        problem = "it sets the weight w, which the experiment's `weights` begin with"
        raise ZooError(file.path, field, problem, "remove the line")
    whose = "state" if field == "initial" else field.replace("initial", "variables")
    _initial(Text(file.path, field, initial), stored - {"w"}, f"`{whose}`")


def data_of(model: NeuronModel) -> dict[str, Variable]:
    """The name by which on_sample calls the data, if it is given any."""
    found = data_dimensions(model)
    return {} if found is None else {"data": Variable("data", dimensions=found)}


def data_dimensions(model: NeuronModel) -> Any:
    """Dimensions of what a neuron is given as `data`; None if it is given none."""
    used = "data" in get_identifiers(model.on_sample)
    if used != bool(model.data):
        problem = "on_sample uses 'data', whose unit is not stated" if used else "on_sample does not use 'data'"
        raise ZooError(model.path, "data", problem, "state the unit here, '1' if none, and use data in on_sample")
    if not used:
        return None
    if model.data == EVENT_DATA:
        return DIMENSIONLESS
    try:
        return brian2.get_dimensions(evaluate(model.data))
    except ValueError as error:
        raise ZooError(model.path, "data", str(error), "give a unit, such as Hz, '1', or 'events'") from None


def _synapse(model: SynapseModel) -> Findings:
    _parameters(model)
    for field in ("state", "backward"):
        text = Text(model.path, field, getattr(model, field))
        _distinct(text, flagged(text, _SYNAPSE_FLAGS), model)
    findings = Findings()
    for name in sorted(equations_of(model.state).names & equations_of(model.backward).names):
        problem, remedy = f"'{name}' is a variable of `state` too", "keep one of the two lines, or rename one"
        findings.append(ZooError(model.path, "backward", problem, remedy))
    clocked = [name for name, e in equations_of(model.state).items() if "clock-driven" in e.flags]
    if clocked and not model.method:
        problem = f"d{clocked[0]}/dt is given, but no method of integration"
        findings.append(ZooError(model.path, "state", problem, "add a line 'method: exact' or 'method: euler'"))
    if model.axon is not None:
        text = Text(model.path, "axon.variables", model.axon.variables)
        with findings.collect():
            _distinct(text, parse_equations(text, _NEURON_FLAGS), model)
            _initial_of(model, "axon.initial", model.axon.initial, model.axon.variables)
    with findings.collect():
        _initial_of(model, "initial", model.initial, model.state)
    if model.at_onset is not None:
        text = Text(model.path, "at_onset.sums", model.at_onset.sums)
        with findings.collect():
            _sums_of_synapses(text, flagged(text, _SYNAPSE_FLAGS))
        text = Text(model.path, "at_onset.statements", model.at_onset.statements)
        for line in statements(text.text):
            with findings.collect():
                name, *_ = parse(text, line)
                if name not in equations_of(model.state):
                    raise text.wrong(f"'{line}' changes '{name}', which is not in `state`", "change the store alone")
    for field in ("draw", "write", "read"):
        text = Text(model.path, field, getattr(model, field))
        with findings.collect():
            for line in statements(text.text):
                _, operator, _ = parse(text, line)
                if field == "read" and operator != "+=":
                    raise text.wrong(f"'{line}' does not add", "write 'X_post += ...', so that spikes can coincide")
    equations = equations_of(model.state)
    if "w" in equations and "shared" in equations["w"].flags:
        text = Text(model.path, "state", model.state)
        findings.append(text.wrong("the weight w is shared by all synapses", "take the flag (shared) away"))
    if model.write and "w" not in equations:
        problem, remedy = "`write` has no weight 'w' to change", "add a line such as 'w : 1', with the weight's unit"
        findings.append(ZooError(model.path, "state", problem, remedy))
    if model.write and "dw" not in get_identifiers(model.write):
        problem, remedy = "the change dw is not used", "write the store from w and dw, as in 'w = w + dw'"
        findings.append(ZooError(model.path, "write", problem, remedy))
    return findings or (Findings() if model.write else _not_given(model, equations))


def _sums_of_synapses(text: Text, equations: Equations) -> None:
    for name, equation in equations.items():
        if not (name.endswith("_post") and "summed" in equation.flags):
            raise text.wrong(f"'{name}' is no sum over synapses", "write 'X_post = ... : UNIT (summed)'")
    if not equations.names:
        raise text.wrong("there is no sum", "write 'X_post = ... : UNIT (summed)', or leave at_onset out")


def _not_given(model: SynapseModel, equations: Equations) -> Findings:
    """Names in a synapse that does not learn, and so has no rule beside it, which nothing can give."""
    own = {**variables(equations), **dict.fromkeys(as_dict(model.parameters)), "i": None, "j": None}
    scope = Scope(own, "state, parameters, X_pre and X_post of the neurons, units and functions")
    findings = Findings()
    for field, name, line, right in _lines_of(model):
        for used in sorted(get_identifiers(right) - scope.names.keys()):
            if not used.endswith(("_pre", "_post")):
                findings.append(scope.unknown(Text(model.path, field, line), used, line))
        scope.own[name] = None
    return findings


def _lines_of(model: SynapseModel) -> Iterator[tuple[str, str, str, str]]:
    """Field, name on the left, line and right-hand side of all that a synapse works out."""
    for field in ("state", "backward"):
        for name, equation in equations_of(getattr(model, field)).items():
            if equation.expr is not None:
                yield field, name, f"{name} = {equation.expr}", str(equation.expr)
    for field in ("initial", "draw", "read"):
        text = Text(model.path, field, getattr(model, field))
        for line in statements(text.text):
            name, _, right = parse(text, line)
            yield field, name, line, right


def _rule(rule: Rule) -> Findings:
    _parameters(rule)
    findings = _derived(rule)
    reading = {"pre": parse_equations, "post": parse_equations, "synapse": flagged, "within": flagged}
    for side, read in reading.items():
        text = Text(rule.path, f"variables.{side}", getattr(rule.variables, side))
        with findings.collect():
            _distinct(text, read(text, _NEURON_FLAGS if side in ("pre", "post") else _SYNAPSE_FLAGS), rule)
            if side != "within":
                _initial_of(rule, f"initial.{side}", getattr(rule.initial, side), text.text)
    if rule.influence is not None:
        for field in ("variables", "coupling"):
            text = Text(rule.path, f"influence.{field}", getattr(rule.influence, field))
            with findings.collect():
                _distinct(text, parse_equations(text, _SYNAPSE_FLAGS), rule)
        for field in ("on_arrival", "each_step"):
            text = Text(rule.path, f"influence.{field}", getattr(rule.influence, field))
            with findings.collect():
                for line in statements(text.text):
                    parse(text, line)
    if rule.influence is not None and not findings and not rule.method:
        text = Text(rule.path, "influence.variables", rule.influence.variables)
        clocked = [name for name, e in equations_of(text.text).items() if "clock-driven" in e.flags]
        if clocked:
            problem = f"d{clocked[0]}/dt is given, but no method of integration"
            findings.append(text.wrong(problem, "add a line 'method: exact' or 'method: euler'"))
    assigned: dict[str, Text] = {}
    for event in EVENTS:
        text = Text(rule.path, event, getattr(rule, event))
        with findings.collect():
            assigned |= {parse(text, line)[0]: text for line in statements(text.text)}
    if findings:
        return findings
    if rule.gives_gradient and "dw" in assigned:
        problem = "it asks for dw, and gives an eligibility as well, from which the optimizer makes dw"
        findings.append(assigned["dw"].wrong(problem, "leave one of the two out"))
    elif not rule.gives_gradient and "dw" not in assigned:
        stated = next((event for event in EVENTS if getattr(rule, event)), "on_pre")
        remedy = f"ask for a change, 'dw = ...', in one of {', '.join(EVENTS)}, or give an 'eligibility'"
        findings.append(ZooError(rule.path, stated, "no statement assigns dw", remedy))
    return findings


def _derived(rule: Rule) -> Findings:
    """What does not go with `derived`."""
    own = {name for name in type(rule).model_fields if name not in (*File.model_fields, "derived", "through")}
    stated = [name for name in type(rule).model_fields if name in own & rule.model_fields_set]
    findings = Findings()
    if rule.derived and stated:
        problem = f"the rule is derived from the neuron it trains, and has no {stated[0]} of its own"
        remedy = "remove it; 'brian2zoo derive NEURON --name NAME' writes a rule that you can edit"
        findings.append(ZooError(rule.path, stated[0], problem, remedy))
    if rule.through is not None and not rule.derived:
        problem = "it says what of a reset is differentiated, and nothing is"
        findings.append(ZooError(rule.path, "through", problem, "remove it, or add 'derived: block_diagonal'"))
    return findings


def _feedback(feedback: Feedback) -> Findings:
    _parameters(feedback)
    text = Text(feedback.path, "returned", feedback.returned)
    if feedback.returned and feedback.way != "symmetric":
        raise text.wrong(f"no weight returns the error where feedback is '{feedback.way}'", "remove it")
    return Findings()


def _encoder(encoder: Encoder) -> Findings:
    values = np.array([0.0, 0.5])
    x = values * brian2.second if encoder.channel else values
    names = _parameters(encoder, reserved=("x", "unit", "before")) | {"x": x}
    if encoder.spikes and not encoder.channel:
        remedy = "add 'channel: unit', if each unit of `spikes` is an input unit"
        raise ZooError(encoder.path, "channel", "spikes of a series go to no input unit", remedy)
    evaluate_text(Text(encoder.path, "unit", encoder.unit), {})
    with np.errstate(all="ignore"):
        evaluate_text(Text(encoder.path, "encode", encoder.encode), names)
        encode(encoder, values)
        if encoder.channel:
            channels(encoder, np.arange(2))
        for k, spikes in enumerate(encoder.spikes):
            of_series = names | {"x": values, "before": np.zeros_like(values)}
            evaluate_text(Text(encoder.path, f"spikes.{k}", spikes), of_series)
    return Findings()


def _state(state: StateFormat) -> Findings:
    _parameters(state, reserved=("x",))
    for line in state.parameters:
        if not line.name.startswith("x_"):
            remedy = f"call it x_{line.name}, which becomes V_{line.name} for a variable V"
            raise ZooError(state.path, f"parameters.{line.name}", f"'{line.name}' does not begin with x_", remedy)
    fields = [field for field in ("each_step", "on_sum") if getattr(state, field)] or ["each_step"]
    for field in fields:
        text = Text(state.path, field, getattr(state, field))
        if "x" not in {parse(text, line)[0] for line in statements(text.text)}:
            raise text.wrong("no statement assigns x", "put x on its grid, 'x = ...'")
    return Findings()


def _circuit(plan: CircuitPlan) -> Findings:
    check_plan(plan)
    return Findings()


def _phases(table: PhaseTable) -> Findings:
    parse_table(table)
    return Findings()


def _loss(loss: Loss) -> Findings:
    _parameters(loss)
    text = Text(loss.path, "equations", loss.equations)
    if "learning_signal" not in parse_equations(text, _NEURON_FLAGS):
        raise text.wrong("no equation gives 'learning_signal'", "add 'learning_signal = ... : 1'")
    if loss.filter is not None:
        text = Text(loss.path, "filter.equations", loss.filter.equations)
        moved = flagged(text, _SYNAPSE_FLAGS)
        for key in ("input", "output"):
            name = getattr(loss.filter, key)
            if name not in moved.diff_eq_names:
                remedy = did_you_mean(name, moved.names, f"it has {', '.join(sorted(moved.names))}")
                raise ZooError(loss.path, f"filter.{key}", f"no equation of the filter moves '{name}'", remedy)
    return Findings()


def _optimizer(optimizer: Optimizer) -> Findings:
    names = _parameters(optimizer)
    findings, equations = Findings(), equations_of("")
    if optimizer.each == "batch" and "batch" not in names:
        findings.append(ZooError(optimizer.path, "parameters", "there is no 'batch'", "add a line 'batch = 1'"))
    text = Text(optimizer.path, "state", optimizer.state)
    if optimizer.state:
        equations = parse_equations(text, _SYNAPSE_FLAGS)
        _distinct(text, equations, optimizer)
        findings += kept(Text(optimizer.path, "keeps", ""), optimizer.keeps, equations)
    text = Text(optimizer.path, "update", optimizer.update)
    if "dw" not in {parse(text, line)[0] for line in statements(text.text)}:
        findings.append(text.wrong("no statement assigns dw", "ask for a change, 'dw = ...'"))
    if findings:
        return findings
    weight = brian2.get_dimensions(evaluate_text(Text(optimizer.path, "unit", optimizer.unit), {}))
    given = {"w": weight, "dw": weight, "grad": DIMENSIONLESS / weight}
    given |= {"due": DIMENSIONLESS} if optimizer.each == "batch" else {}
    own = variables(equations) | {
        name: Variable(name, dimensions=unit, scalar=name == "due") for name, unit in given.items()
    }
    own |= {name: Variable(name, dimensions=brian2.get_dimensions(value), scalar=True) for name, value in names.items()}
    scope = Scope(
        own, f"state, parameters, {', '.join(given)}, units and functions", fixed={*names, "w", "grad", "due"}
    )
    with findings.collect():
        check_statements([text], scope)
    for equation in equations.values():
        with findings.collect():
            check_equation(Text(optimizer.path, "state", optimizer.state), equation, scope)
    return findings


def _surrogate(surrogate: Surrogate) -> Findings:
    names = _parameters(surrogate, reserved=("x", "scale")) | {"x": np.linspace(-2, 2, 9)}
    for field in ("derivative", "smooth"):
        text = Text(surrogate.path, field, getattr(surrogate, field))
        if text.text and "int(" not in text.text:
            evaluate_text(text, names)
    return Findings()


def _chip(chip: SpikingChip) -> Findings:
    findings = Findings()
    for name, fact in chip.numbers:
        if fact is None:
            continue
        text = Text(chip.path, f"numbers.{name}", fact.value)
        with findings.collect():
            stated = ChipNumbers.model_fields[name].json_schema_extra
            unit = stated["unit"]
            expected = DIMENSIONLESS if unit == "1" else brian2.get_dimensions(evaluate(unit))
            value = evaluate_text(text, {})
            found = brian2.get_dimensions(value)
            if found is not expected:
                raise text.wrong(f"wrong unit: '{fact.value}' is {in_unit(found)}", f"give it in {unit}")
            refuse_outside(text, stated["domain"], value, {})
            if fact.source not in chip.sources:
                problem = f"there is no source '{fact.source}'"
                raise text.wrong(problem, did_you_mean(fact.source, chip.sources, "add a line to 'sources'"))
    return findings


def _placement(plan: PlacementPlan) -> Findings:
    findings = Findings()
    for population, (first, end) in plan.cores.items():
        if not 0 <= first < end:
            problem = f"there are no cores from {first} up to, but not, {end}"
            findings.append(ZooError(plan.path, f"cores.{population}", problem, "write [FIRST, END], such as [2, 80]"))
        elif end > MOST_CORES:
            problem = f"core {end - 1} is beyond the {MOST_CORES} that are followed"
            findings.append(ZooError(plan.path, f"cores.{population}", problem, "give a smaller END"))
    return findings


_CHECKS: dict[str, Callable[[Any], Findings]] = {
    "neuron": _neuron,
    "synapse": _synapse,
    "encoder": _encoder,
    "state": _state,
    "circuit": _circuit,
    "phases": _phases,
    "surrogate": _surrogate,
    "loss": _loss,
    "optimizer": _optimizer,
    "rule": _rule,
    "feedback": _feedback,
    "chip": _chip,
    "placement": _placement,
}


def flagged(text: Text, flags: Mapping[str, Collection[str]]) -> Equations:
    """Equations of synapses, whose differential equations say when they are taken up."""
    equations = parse_equations(text, flags)
    for name in sorted(equations.diff_eq_names):
        if not {"event-driven", "clock-driven"} & set(equations[name].flags):
            problem = f"d{name}/dt does not say when it moves"
            raise text.wrong(problem, "write (clock-driven) after it, or (event-driven): only when a spike arrives")
    return equations


def refuse_chance(text: Text, equation: SingleEquation, equations: Equations) -> None:
    """Refuse random numbers in differential equations: Brian2 would draw one for the whole run, not one a step."""
    if equation.type != DIFFERENTIAL_EQUATION:
        return
    random = names_in(str(equation.expr), equations) & RANDOM
    if random:
        problem = f"d{equation.varname}/dt takes a random number, {min(random)}()"
        raise text.wrong(problem, "write xi for noise, or draw it in each_step into a variable of its own")


def _parameters(file: Any, reserved: tuple[str, ...] = ()) -> dict[str, Any]:
    """Values of a file's parameters, each in its domain."""
    values: dict[str, Any] = {}
    texts = {line.name: Text(file.path, f"parameters.{line.name}", line.value) for line in file.parameters}
    for name, text in texts.items():
        check_name(text, name, reserved)
        values[name] = evaluate_text(text, values)
    for line in file.parameters:
        refuse_outside(texts[line.name], line.domain, values[line.name], values)
    return values


def _distinct(text: Text, equations: Equations, file: Any) -> None:
    for name in sorted(equations.names & as_dict(file.parameters).keys()):
        raise text.wrong(f"'{name}' is a parameter too", "rename one of the two")


def _unused_parameters(file: Any, extended: Any = None) -> Findings:
    """Parameters that no string names; of those that the file it extends does use, this file has to say so."""
    findings, idle = Findings(), _unused(extended) if extended else ()
    for name in _unused(file):
        if extended and name in as_dict(extended.parameters) and name not in idle:
            problem = f"parameter '{name}' of '{extended.name}' is not used here"
            findings.append(ZooWarning(file.path, "extends", problem, f"add a line '{name} = null' to parameters"))
        else:
            problem = f"'{name}' is not used in this file"
            findings.append(ZooWarning(file.path, f"parameters.{name}", problem, "remove the line"))
    return findings


def _unused(file: Any) -> list[str]:
    content = file.content()
    names = [line.pop("name") for line in content.get("parameters", ())]
    used = get_identifiers("\n".join(_strings(content)))
    return [name for name in names if name not in used]


_SAMPLES_OF_A_RUN = re.compile(r"floor\(\s*t\s*/\s*T_sample|\bt\s*//\s*T_sample")


def _counted_by_time(file: Any) -> Findings:
    """Samples counted by the time, which begins anew in every run: the result would depend on how many a run takes."""
    findings = Findings()
    for field, value in file.content().items():
        for text in _strings(value):
            if found := _SAMPLES_OF_A_RUN.search(text):
                problem = f"'{found[0]}' counts from the start of a run, and `capacity` says when that is"
                findings.append(ZooError(file.path, field, problem, "name sample_number, which goes on"))
    return findings


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
