"""Rule x synapse x neuron -> Brian2 strings. Nothing here simulates.

A rule asks for a change `dw`, a synapse model stores and transmits. At a presynaptic spike the order is
draw, rule, write, read: update first, then transmit, unless the rule says that a spike transmits before.
What happens at a spike reads neurons as they were at the start of the step: what some projection changes when
spikes arrive is read from a copy, so that the order of spikes within a step cannot matter. What happens in each
step reads them as they are after their equations (docs/moments.md).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import brian2
from brian2.equations.equations import FLOAT, SUBEXPRESSION, Equations
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers, word_substitute

from brian2zoo.errors import ZooError
from brian2zoo.expressions import evaluate_lines
from brian2zoo.spec import NeuronModel, Rule, StateFormat, SynapseModel, as_dict

START_SUFFIX = "_start"
RETURNED = "w_back"
"""Variable of a synapse by which the error returns, where the rule has it return by another than the weight."""
_BASE_UNITS = ("metre", "kilogram", "second", "ampere", "kelvin", "mole", "candle")
SAMPLE_NUMBER = "sample_number"
"""What strings call the number of samples before the present one, in a training or a test as a whole."""
RULE_EVENTS = ("on_pre", "on_post", "each_step", "on_sample", "at_onset")
AT_SPIKES = ("on_pre", "on_post")


class _Code:
    """Strings as a compiler may see them: without comments, whose text could go on in the next line of C++."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, str):
                object.__setattr__(self, name, "\n".join(statements(value)))


@dataclass(frozen=True)
class NeuronCode(_Code):
    """Arguments of a `brian2.NeuronGroup` and the statements run beside it; `before` each step's equations.

    `update` are the statements that move the differential equations on by a step, where `propagators` has found them;
    else `method` does.
    """

    equations: str
    parameters: dict[str, Any]
    threshold: str = ""
    reset: str = ""
    refractory: str = ""
    method: str = ""
    initial: str = ""
    copies: str = ""
    on_sample: str = ""
    before: str = ""
    each_step: str = ""
    forward: str = ""
    backward: str = ""
    update: str = ""


@dataclass(frozen=True)
class NeuronPart:
    """What the rule or the synapse model of one projection adds to the neurons on a side of it.

    Parameters
    ----------
    side : 'pre' or 'post'.
    path, key, jumps_key : the file, and its fields of equations and statements.
    parameters : constants that these equations need, declared with them.
    at_spike : statements run after the reset.
    method : integration of the equations, where there is an ODE among them.
    as_written : what the file calls the names that it has been given.
    """

    side: str
    path: Path
    key: str
    jumps_key: str
    equations: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    at_spike: str = ""
    method: str = ""
    as_written: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SynapseCode(_Code):
    """Arguments of a `brian2.Synapses` and the statements run beside it; `update` as for neurons.

    `reads` maps 'pre' and 'post' to the variables the neurons on that side have to copy at the start of
    a step.
    """

    equations: str
    parameters: dict[str, Any]
    on_pre: str = ""
    on_post: str = ""
    each_step: str = ""
    on_sample: str = ""
    at_onset: str = ""
    reads: Mapping[str, tuple[str, ...]] = ()
    method: str = ""
    on_arrival: str = ""
    update: str = ""


@dataclass(frozen=True)
class InfluenceCode:
    """What makes the stores of an influence.

    Parameters
    ----------
    stores : one for a weight and a neuron.
    couplings : from store to store of a weight; `w` is told by the synapses within the layer.
    weights : these tell it. Both are None without such synapses.
    """

    stores: SynapseCode
    couplings: SynapseCode | None = None
    weights: SynapseCode | None = None


def constants(file: Any, overrides: Mapping[str, str]) -> dict[str, Any]:
    """Values of a file's parameters, in order, with some of their expressions replaced.

    Parameters
    ----------
    file : anything with `parameters`, loaded from a text file.
    overrides : expression by name; names the file does not have are left alone.
    """
    lines = as_dict(file.parameters)
    lines |= {name: text for name, text in overrides.items() if name in lines}
    try:
        return evaluate_lines(lines)
    except ValueError as error:
        raise ZooError(file.path, "parameters", str(error), "give a value with its unit") from None


def declare(parameters: Mapping[str, Any]) -> str:
    """Equations that make parameters shared constants, which a built binary can be given anew."""
    return "\n".join(f"{name} : {unit_name(value)} (shared, constant)" for name, value in parameters.items())


def unit_name(value: Any) -> str:
    """Unit of a quantity as equations spell it; '1' for a number."""
    dimensions = brian2.get_dimensions(value)
    if dimensions.is_dimensionless:
        return "1"
    # Brian2 has units such as amp2, and quotients in parentheses, which its equations do not know.
    name = re.sub(r"\b([a-z]+)(\d)\b", r"\1**\2", repr(brian2.get_unit(dimensions)).replace("^", "**"))
    if "(" not in name:
        return name
    powers = {base: dimensions.get_dimension(base) for base in _BASE_UNITS}
    return "*".join(f"{base}**{power:g}" for base, power in powers.items() if power)


def join(*blocks: str) -> str:
    """Blocks of lines as one, without empty ones."""
    return "\n".join(block.strip() for block in blocks if block.strip())


def statements(block: str) -> list[str]:
    """Statements of a block, without comments and empty lines."""
    lines = (line.split("#")[0].strip() for line in block.splitlines())
    return [line for line in lines if line]


def written(block: str) -> list[str]:
    """Variables that a block of statements assigns to."""
    return [parse_statement(line)[0] for line in statements(block)]


def first_sample(name: str) -> str:
    """Parameter of a group by which each run tells it how many samples came before; no two groups' are called alike."""
    return f"first_sample_of_{name}"


def with_sample_number(code: Any, name: str) -> Any:
    """A group's code in which the number of the sample counts on from run to run, whatever a run takes.

    Parameters
    ----------
    code : of a neuron or a synapse.
    name : of the group.
    """
    strings = {field: text for field, text in vars(code).items() if isinstance(text, str)}
    if SAMPLE_NUMBER not in get_identifiers("\n".join(strings.values())):
        return code
    first = {first_sample(name): 0.0}
    number = {SAMPLE_NUMBER: f"({first_sample(name)} + floor((t + dt/2)/T_sample))"}
    strings = {field: word_substitute(text, number) for field, text in strings.items()}
    equations = join(strings.pop("equations"), declare(first))
    return replace(code, equations=equations, parameters=code.parameters | first, **strings)


def compose_neuron(
    model: NeuronModel,
    overrides: Mapping[str, str],
    *,
    parts: Iterable[NeuronPart] = (),
    copied: Iterable[str] = (),
    formats: Mapping[str, StateFormat] | None = None,
) -> NeuronCode:
    """A neuron with what rules add to it.

    Parameters
    ----------
    overrides : parameter expressions that differ from the file's.
    parts : what rules add.
    copied : variables of which a copy is taken at the start of each step.
    formats : storage format by variable; its statements run after each step, or when a sum is complete.
    """
    parts = _distinct_parts(model, parts)
    added = [part.equations for part in parts]
    own = Equations(join(model.equations, *added))
    parameters = constants(model, overrides)
    for part in parts:
        parameters |= part.parameters
    copied = sorted(set(copied))
    copy_equations = "\n".join(f"{name}{START_SUFFIX} : {kind_of(own, name)}" for name in copied)
    each_step, forward, backward = [model.each_step], [], []
    for variable, state in (formats or {}).items():
        own_values = {re.sub(f"^{variable}_", "x_", name): text for name, text in overrides.items()}
        values = constants(state, dict(overrides) | own_values)
        parameters |= {_for_variable(name, variable): value for name, value in values.items()}
        each_step.append(_for_variable(state.each_step, variable))
        # a sum is complete before the pass that reads it first
        reader = forward if variable in get_identifiers(model.forward) else backward
        reader.append(_for_variable(state.on_sum, variable))
    blocks = {
        "reset": join(model.reset, *(part.at_spike for part in parts)),
        "on_sample": model.on_sample,
        "each_step": join(*each_step),
        "forward": join(*forward, model.forward),
        "backward": join(*backward, model.backward),
    }
    return NeuronCode(
        equations=join(model.equations, *added, copy_equations, declare(parameters)),
        parameters=parameters,
        threshold=model.threshold,
        refractory=model.refractory,
        method=_method(model, parts),
        initial=model.initial,
        copies="\n".join(f"{name}{START_SUFFIX} = {name}" for name in copied),
        **{name: in_order(text, own) for name, text in blocks.items()},
    )


def _distinct_parts(model: NeuronModel, parts: Iterable[NeuronPart]) -> list[NeuronPart]:
    """Parts without repetition: projections under one rule add the same part to a neuron they share."""
    distinct: list[NeuronPart] = []
    for part in parts:
        if part in distinct:
            continue
        for other in distinct:
            for name in part.parameters.keys() & other.parameters.keys():
                if part.parameters[name] != other.parameters[name]:
                    problem = f"rules give '{name}' of neuron '{model.name}' two values"
                    raise ZooError(
                        model.path, "parameters", problem, "give it for the rule, not for a kind of projection"
                    )
        if part.equations and any(part.equations == other.equations for other in distinct):
            continue
        distinct.append(part)
    return distinct


def _method(model: NeuronModel, parts: Iterable[NeuronPart]) -> str:
    """Integration of a neuron with what rules add to it."""
    method = model.method
    for part in parts:
        if part.method and method and part.method != method:
            problem = f"a rule adds traces integrated by '{part.method}' to a neuron integrated by '{method}'"
            raise ZooError(model.path, "method", problem, "derive the rule with --on-synapses")
        method = method or part.method
    return method


def rule_parts(
    rule: Rule, overrides: Mapping[str, str], post: NeuronModel, post_name: str, post_overrides: Mapping[str, str]
) -> tuple[list[NeuronPart], dict[str, str]]:
    """What a rule adds to the neurons on either side, and what its synapse then calls their names.

    The presynaptic part belongs to the postsynaptic population, whose constants enter it. A parameter of the rule
    is declared where it is used: a synapse reads that of a neuron.

    Returns
    -------
    the parts, and new names for the strings of the synapse.
    """
    values = constants(rule, overrides)
    used = get_identifiers(join(rule.variables.post, rule.at_spike.post))
    on_post = {name: values[name] for name in values if name in used}
    of_post = {f"{name}_post": value for name, value in constants(post, post_overrides).items()}
    part, names = _for_target(_of_rule(rule, "pre", values), of_post, post_name)
    return [part, _of_rule(rule, "post", on_post)], names | {name: f"{name}_post" for name in on_post}


def _of_rule(rule: Rule, side: str, parameters: Mapping[str, Any]) -> NeuronPart:
    """What a rule's file adds to the neurons on a side."""
    added, jumps = getattr(rule.variables, side), getattr(rule.at_spike, side)
    fields = (f"variables.{side}", f"at_spike.{side}")
    return NeuronPart(side, rule.path, *fields, added, parameters, jumps, _moved_by(rule, added))


def axon_part(model: SynapseModel, overrides: Mapping[str, str], post_name: str) -> tuple[NeuronPart, dict[str, str]]:
    """What a synapse model keeps on the presynaptic neuron, and what its strings then call it."""
    values = constants(model, overrides)
    axon = model.axon
    part = NeuronPart("pre", model.path, "axon.variables", "axon.at_spike", axon.variables, values, axon.at_spike)
    return _for_target(part, {}, post_name)


def with_names(model: SynapseModel, kept: Mapping[str, str]) -> SynapseModel:
    """A synapse model with new names in its strings."""
    strings = {name: word_substitute(getattr(model, name), kept) for name in ("state", "draw", "write", "read")}
    return model.model_copy(update=strings)


def _moved_by(rule: Rule, equations: str) -> str:
    """Integration of equations that a rule adds, if there is something to integrate."""
    return rule.method if equations and Equations(equations).diff_eq_names else ""


def _for_target(part: NeuronPart, of_post: Mapping[str, Any], post_name: str) -> tuple[NeuronPart, dict[str, str]]:
    """A presynaptic part with the name of the postsynaptic population in all its names, and what synapses call them.

    The neuron may have other targets with other constants. Of constants the part keeps those that it uses.

    Parameters
    ----------
    of_post : constants of the postsynaptic neuron, named '..._post'.
    """
    used = get_identifiers(join(part.equations, part.at_spike))
    there = {name: f"{name}_{post_name}" for name in Equations(part.equations).names} if part.equations else {}
    own = {name: f"{name}_{post_name}" for name in part.parameters if name in used}
    foreign = {name: f"{name.removesuffix('_post')}_of_{post_name}" for name in of_post if name in used}
    derivatives = {f"d{name}": f"d{new}" for name, new in there.items()}
    values = {**part.parameters, **of_post}
    renamed = derivatives | there | own | foreign
    with_target = replace(
        part,
        equations=word_substitute(part.equations, renamed),
        parameters={new: values[name] for name, new in (own | foreign).items()},
        at_spike=word_substitute(part.at_spike, renamed),
        as_written={new: name for name, new in renamed.items()},
    )
    called = {f"{n}_pre": f"{new}_pre" for n, new in there.items()} | {n: f"{new}_pre" for n, new in own.items()}
    return with_target, called


def _for_variable(text: str, variable: str) -> str:
    """Text of a storage format with x, and names that start with x_, standing for a variable."""
    return re.sub(r"\bx(?=_|\b)", variable, text)


def unit_name_of(equations: Equations, variable: str) -> str:
    """Unit of a variable of some equations."""
    return unit_name(brian2.Quantity(1, dim=equations[variable].dim))


def kind_of(equations: Equations, variable: str) -> str:
    """Unit of a variable of some equations, or its type if it is no number with a unit, as equations spell it."""
    equation = equations[variable]
    return unit_name_of(equations, variable) if equation.var_type == FLOAT else equation.var_type


def names_in(text: str, equations: Equations) -> set[str]:
    """Names in a text, and all that the subexpressions among them are made of."""
    found = get_identifiers(text)
    made_of = {name: get_identifiers(str(e.expr)) for name, e in equations.items() if e.type == SUBEXPRESSION}
    while more := set().union(*(used for name, used in made_of.items() if name in found)) - found:
        found |= more
    return found


def depending(equations: Equations, names: Iterable[str]) -> set[str]:
    """Names, and all subexpressions made of them, directly or by way of others."""
    found = set(names)
    made_of = {n: get_identifiers(str(e.expr)) for n, e in equations.items() if e.type == SUBEXPRESSION}
    while more := {name for name, used in made_of.items() if name not in found and used & found}:
        found |= more
    return found


def in_order(block: str, equations: Equations, copies: Mapping[str, str] | None = None) -> str:
    """Statements that read what those before them have written, also by way of subexpressions.

    Brian2 may read a subexpression before the statement that changes what it is made of.

    Parameters
    ----------
    equations : of the neuron or synapse that runs them.
    copies : what is read from a copy, name by name, also by way of a synapse's subexpressions.
    """
    changed, copies, lines = set(), copies or {}, []
    for line in statements(block):
        variable, operator, expression, _ = parse_statement(line)
        stale = depending(equations, changed | copies.keys())
        through = {n: f"({e.expr})" for n, e in equations.items() if n in stale and e.type == SUBEXPRESSION}
        if names_in(expression, equations) & (through.keys() | copies.keys()):
            for _ in through:  # one may be made of another
                expression = word_substitute(expression, through)
            line = f"{variable} {operator} {word_substitute(expression, copies)}"
        if operator in ("//=", "%=", "**="):  # Brian2 knows two of them not at all, and % of C++ keeps the sign
            variable, operator, expression, _ = parse_statement(line)
            line = f"{variable} = {variable} {operator[:-1]} ({expression})"
        changed.add(variable)
        lines.append(line)
    return "\n".join(lines)


def returning(model: SynapseModel, rule: Rule | None) -> tuple[str, str]:
    """Equations that return the error: what the rule makes of the weight, if anything, and the synapse model's."""
    if rule is None or not rule.returned:
        return "", model.backward
    unit = unit_name_of(Equations(model.state), model.as_read)
    own = word_substitute(rule.returned, {"w": model.as_read})
    return f"{RETURNED} = {own} : {unit}", word_substitute(model.backward, {model.as_read: RETURNED})


def compose_synapse(
    model: SynapseModel,
    rule: Rule | None,
    overrides: Mapping[str, str],
    *,
    driven: Mapping[str, Iterable[str]],
    returns_error: bool = False,
    names: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
) -> SynapseCode:
    """A weight store under a rule, or transmitting only.

    Parameters
    ----------
    rule : None for a projection that does not learn.
    overrides : parameter expressions that differ from the files'.
    driven : for 'pre' and 'post', the variables of that neuron that change when spikes arrive.
    returns_error : whether the projection also carries the error back to its presynaptic side.
    names : new names of what the rule has put on the neurons, as `rule_parts` gives them.
    kept : new names of what the model has put on the presynaptic neurons, as `axon_part` gives them.
    """
    names, kept = names or {}, kept or {}
    parameters = {name: value for name, value in constants(model, overrides).items() if name not in kept}
    model = with_names(model, kept)
    equations = join(model.state, *(returning(model, rule) if returns_error else ()))
    if rule is None:
        blocks, changes = {"on_pre": join(model.draw, model.read)}, {}
    else:
        if not model.write:
            raise ZooError(model.path, "write", "the synapse cannot learn", "state how dw is written, or pick another")
        changes = {name: value for name, value in constants(rule, overrides).items() if name not in names}
        changes = {name: value for name, value in changes.items() if name not in _of_influence(rule)}
        for name in changes:
            if name in parameters:
                remedy = f"rename it in {rule.path} or {model.path}"
                raise ZooError(rule.path, "parameters", f"'{name}' is a parameter of the synapse model too", remedy)
        equations = join(equations, word_substitute(rule.variables.synapse, names))
        blocks = {event: word_substitute(getattr(rule, event), names) for event in RULE_EVENTS}
        blocks = {event: join(text, model.write if "dw" in written(text) else "") for event, text in blocks.items()}
        learn = (model.read, blocks["on_pre"]) if rule.transmits == "before" else (blocks["on_pre"], model.read)
        blocks["on_pre"] = join(model.draw, *learn)
    parameters |= changes
    equations = join(equations, declare(parameters))
    own = Equations(equations)
    reads: dict[str, tuple[str, ...]] = {}
    for side, variables in driven.items():
        known = {f"{name}_{side}" for name in variables}
        used = set().union(*(_read_in(blocks.get(event, ""), own) for event in AT_SPIKES))
        if known & used:
            reads[side] = tuple(sorted(name.removesuffix(f"_{side}") for name in known & used))
    copies = {f"{v}_{side}": f"{v}{START_SUFFIX}_{side}" for side, copied in reads.items() for v in copied}
    blocks = {event: in_order(text, own, copies if event in AT_SPIKES else None) for event, text in blocks.items()}
    method = _method_of_synapse(model, rule)
    return SynapseCode(equations=equations, parameters=parameters, reads=reads, method=method, **blocks)


def _method_of_synapse(model: SynapseModel, rule: Rule | None) -> str:
    """Integration of a synapse's equations, in training and without a rule alike."""
    by_rule = _moved_by(rule, rule.variables.synapse) if rule is not None else ""
    if model.method and by_rule and model.method != by_rule:
        problem = (
            f"it integrates by '{by_rule}' what synapse '{model.name}' keeps beside it, which is by '{model.method}'"
        )
        raise ZooError(rule.path, "method", problem, f"take one of them in both, here or in {model.path}")
    return model.method or by_rule


def statements_at_spikes(model: SynapseModel, rule: Rule | None) -> str:
    """All that a projection does at spikes, in no order."""
    by_rule = [getattr(rule, event) for event in AT_SPIKES] if rule is not None else []
    return join(model.draw, model.write, model.read, *by_rule)


def _read_in(block: str, equations: Equations) -> set[str]:
    """Names that the right-hand sides of statements read, also by way of subexpressions."""
    return names_in("\n".join(parse_statement(line)[2] for line in statements(block)), equations)


def compose_influence(
    rule: Rule,
    overrides: Mapping[str, str],
    names: Mapping[str, str],
    within: SynapseModel | None,
    overrides_within: Mapping[str, str],
) -> InfluenceCode:
    """The stores of what a rule's weights do to all neurons of the layer, and how they are coupled.

    A parameter is declared where it is used, and read from there by what comes after: synapse, store, coupling.

    Parameters
    ----------
    names : of what the rule has put on the neurons, as `rule_parts` gives them.
    within : the synapse within the layer; None if there is none.
    """
    influence, values = rule.influence, constants(rule, overrides)
    own = {name: values[name] for name in _of_influence(rule)}
    at_synapse = {name: f"{name}_pre" for name in values if name not in names and name not in own}
    renamed = dict(names) | at_synapse
    equations = join(word_substitute(influence.variables, renamed), "own : 1 (constant)", declare(own))
    stores = SynapseCode(
        equations=equations,
        parameters=own,
        each_step=in_order(word_substitute(influence.each_step, renamed), Equations(equations)),
        on_arrival=in_order(word_substitute(influence.on_arrival, renamed), Equations(equations)),
        method=rule.method,
    )
    if within is None or not influence.coupling:
        return InfluenceCode(stores)
    unit = unit_name_of(Equations(within.state), within.as_read)
    used = get_identifiers(influence.coupling)
    of_coupling = {name: value for name, value in constants(within, overrides_within).items() if name in used}
    of_coupling |= {name: values[name] for name in values if name in used and name not in own}
    coupling = word_substitute(influence.coupling, {name: f"{name}_pre" for name in own})
    return InfluenceCode(
        stores,
        SynapseCode(join(f"w : {unit}", coupling, declare(of_coupling)), of_coupling),
        SynapseCode(f"w_post = {within.as_read}_pre : {unit} (summed)", {}),
    )


def _of_influence(rule: Rule) -> list[str]:
    """Parameters that the stores of an influence need and the synapse does not."""
    if rule.influence is None:
        return []
    stores = join(rule.influence.variables, rule.influence.on_arrival, rule.influence.each_step)
    on_synapse = join(rule.variables.synapse, *(getattr(rule, event) for event in RULE_EVENTS))
    here = get_identifiers(stores) - get_identifiers(on_synapse)
    on_neurons = join(rule.variables.pre, rule.variables.post, rule.at_spike.pre, rule.at_spike.post)
    return [name for name in as_dict(rule.parameters) if name in here - get_identifiers(on_neurons)]
