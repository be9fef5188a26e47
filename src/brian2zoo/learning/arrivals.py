"""Traces of presynaptic spikes where spikes take time to arrive: each synapse keeps its own.

A rule has the neuron keep what presynaptic spikes leave behind, once for all its synapses. With a delay, a synapse must
see the part that has arrived. That part obeys the same equation and makes the same jumps, at arrivals. So the
presynaptic part of the rule moves to the synapse: `X_pre` becomes a variable of the synapse, and what the neuron would
add to its reset comes first in `on_pre`. With a delay of 0 both give the same.
"""

from collections.abc import Mapping
from dataclasses import replace

from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.utils.stringtools import get_identifiers

from brian2zoo.equations.pieces import Line, depending, equations_of, join, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import NeuronModel
from brian2zoo.learning.parts import NeuronPart
from brian2zoo.learning.rule import LearningRule

_ARRIVED = "arrived"
_SAME_LATER = {"t", "dt", "i", "inf", "pi", "e", "T_sample", "T_answer", *DEFAULT_UNITS}
_RANDOM = {"rand", "randn", "poisson", "binomial", "xi"}
_AT_SPIKES = ("on_pre", "on_post")


def of_arrivals(rule: LearningRule, pre: NeuronModel) -> LearningRule:
    """A rule whose synapses keep what it has presynaptic neurons keep of their spikes.

    Parameters
    ----------
    pre : the presynaptic neuron, whose parameters the traces may name.

    Raises
    ------
    ZooError
        If the traces depend on what else the neuron does, which a synapse would have to see late as well.
    """
    part = next((part for part in rule.parts if part.side == "pre" and part.at_spike), None)
    if part is None:
        return rule
    known = equations_of(part.equations.text)
    called = {name: f"{name}_{_ARRIVED}" for name in known.names}
    called |= {name: f"{name}_pre" for name in as_dict(pre.parameters) if name not in rule.parameters}
    _refuse_what_is_not_of_spikes(rule, part, pre, called)
    names = {f"{name}_pre": f"{name}_{_ARRIVED}" for name in known.names}
    _refuse_joint_equations(rule, names)
    flag = "event-driven" if _read_at_spikes_alone(rule, names, called, known) else "clock-driven"
    own = [_moved(line, called, flag) for line in part.equations]
    # a spike arrives in the step after that in which it was emitted
    arrival = part.at_spike.renamed(called | {"t": "(t - dt)"})
    events = {event: block.renamed(names) for event, block in rule.events.items()}
    return replace(
        rule,
        parts=tuple(each for each in rule.parts if each is not part),
        equations=rule.equations.renamed(names) + own,
        initial=part.initial.renamed(called) + rule.initial.renamed(names),
        events=events | {"on_pre": arrival + events["on_pre"]},
    )


def _moved(line: Line, called: Mapping[str, str], flag: str) -> Line:
    """An equation of the neuron as one of the synapse."""
    (equation,) = equations_of(line.text).values()
    moving = equation.type == DIFFERENTIAL_EQUATION
    derivatives = {f"d{name}": f"d{new}" for name, new in called.items()} if moving else {}
    new = line.renamed({**derivatives, **called})
    return replace(new, text=f"{new.text} ({flag})") if moving else new


def _refuse_what_is_not_of_spikes(
    rule: LearningRule, part: NeuronPart, pre: NeuronModel, called: Mapping[str, str]
) -> None:
    """Refuse what a synapse cannot work out from the spikes that reach it."""
    set_here = {*written(part.at_spike.text), *written(part.initial.text)}
    functions = {name for name, value in DEFAULT_FUNCTIONS.items() if isinstance(value, Function)} - _RANDOM
    allowed = {*called, *rule.parameters, *functions, *_SAME_LATER}
    allowed |= set_here - equations_of(pre.equations).names  # what a statement sets for those after it
    for line in part.equations:
        ((name, equation),) = equations_of(line.text).items()
        if equation.type == DIFFERENTIAL_EQUATION and equation.flags:
            raise _late(line, f"what the neuron is ({equation.flags[0]})")
        if equation.type == PARAMETER and name not in set_here:
            raise _late(line, f"'{name}', which is brought to the neuron,")
    formulas = [(line, each.expr) for line in part.equations for each in equations_of(line.text).values()]
    texts = [(line, str(formula)) for line, formula in formulas if formula is not None]
    texts += [(line, line.text) for line in (*part.at_spike, *part.initial)]
    for line, text in texts:
        for name in sorted(get_identifiers(text) - allowed):
            if not name.endswith("_post"):
                raise _late(line, f"'{name}' of the neuron")


def _refuse_joint_equations(rule: LearningRule, names: Mapping[str, str]) -> None:
    """Refuse equations of synapses that traces drive: by 'exact' they would be solved together, which changes them."""
    if rule.method == "euler":
        return
    known = equations_of(rule.equations.text)
    driven = depending(known, names)
    for line in rule.equations:
        for equation in equations_of(line.text).values():
            if equation.type == DIFFERENTIAL_EQUATION and get_identifiers(str(equation.expr)) & driven:
                raise _late(line, "a trace of the neuron")


def _late(line: Line, what: str) -> ZooError:
    problem = f"'{line.text}' takes {what} at the time of the spike, which arrives later"
    remedy = "give it a delay of 0*ms, or let synapses keep the trace (a derived rule by 'traces: synapse')"
    return ZooError(line.where, line.field, problem, remedy)


def _read_at_spikes_alone(
    rule: LearningRule, names: Mapping[str, str], called: Mapping[str, str], known: Mapping[str, object]
) -> bool:
    """Whether traces are decays that nothing reads but what happens at spikes: they need no step of their own."""
    if rule.method == "euler" or rule.influence is not None:
        return False
    varying = {name for name, equation in known.items() if equation.type != PARAMETER}
    for name, equation in known.items():
        if equation.type == DIFFERENTIAL_EQUATION and get_identifiers(str(equation.expr)) & (varying | {"t"}) - {name}:
            return False
    through = depending(equations_of(rule.equations.text), names)
    others = join(*(block.text for event, block in rule.events.items() if event not in _AT_SPIKES))
    return not get_identifiers(others) & through
