"""A neuron, and what rules and synapse models add to it, as the strings of a `brian2.NeuronGroup`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import get_identifiers

from brian2zoo.equations.pieces import Block, Line, declared, equations_of, given, in_order, kind_of, values, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel, StateFormat
from brian2zoo.learning.parts import NeuronPart

START_SUFFIX = "_start"


@dataclass(frozen=True)
class NeuronCode:
    """Arguments of a `brian2.NeuronGroup` and the statements run with it; `before` each step's equations.

    `update` are the statements that move the differential equations on by a step, where `propagators` has found them;
    else `method` does. `pieces` are the lines that equations and statements were composed from, by the name of the
    argument.
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
    pieces: Mapping[str, Block] = field(default_factory=dict, compare=False)


def compose_neuron(
    model: NeuronModel,
    overrides: Mapping[str, str],
    *,
    parts: Iterable[NeuronPart] = (),
    copied: Iterable[str] = (),
    formats: Mapping[str, StateFormat] | None = None,
    learning: bool = True,
) -> NeuronCode:
    """A neuron with what rules add to it.

    Parameters
    ----------
    overrides : parameter expressions that differ from the file's.
    parts : what rules add.
    copied : variables of which a copy is taken at the start of each step.
    formats : storage format by variable; its statements run after each step, or when a sum is complete.
    learning : whether the network does; if not, what the neuron `learns` stands still.
    """
    still = () if learning else model.learns

    def own(key: str) -> Block:
        block = Block.of_statements(model.path, key, getattr(model, key))
        return block if key == "initial" else Block(line for line in block if written(line.text)[0] not in still)

    parts = _distinct(model, parts)
    equations = _standing(Block.of_equations(model.path, "equations", model.equations), still)
    equations = Block((*equations, *(line for part in parts for line in part.equations)))
    known = equations_of(equations.text)
    parameters = given(model, overrides)
    for part in parts:
        parameters |= part.parameters
    each_step, forward, backward = own("each_step"), own("forward"), own("backward")
    for variable, state in (formats or {}).items():
        of_variable = {re.sub(f"^{variable}_", "x_", name): text for name, text in overrides.items()}
        parameters |= {
            _for_variable(name, variable): value for name, value in given(state, dict(overrides) | of_variable).items()
        }
        each_step += _stored(state, "each_step", variable)
        # a sum is complete before the pass that reads it first
        if variable in get_identifiers(model.forward):
            forward = _stored(state, "on_sum", variable) + forward
        else:
            backward = _stored(state, "on_sum", variable) + backward
    copied = sorted(set(copied))
    copies = {name: f"{name}{START_SUFFIX}" for name in copied}
    kept = Block(Line(f"{copy} : {kind_of(known, name)}", model.path, "equations") for name, copy in copies.items())
    reset = own("reset") + (line for part in parts for line in part.at_spike)
    initial = own("initial") + (line for part in parts for line in part.initial)
    blocks = {"reset": reset, "on_sample": own("on_sample"), "each_step": each_step, "forward": forward}
    blocks = {name: in_order(block, known) for name, block in (blocks | {"backward": backward}).items()}
    pieces = {"equations": equations + kept + declared(parameters), "initial": initial, **blocks}
    return NeuronCode(
        parameters=values(parameters),
        threshold=model.threshold,
        refractory=model.refractory,
        method=_method(model, parts),
        copies="\n".join(f"{copy} = {name}" for name, copy in copies.items()),
        pieces=pieces,
        **{name: block.text for name, block in pieces.items()},
    )


def _standing(equations: Block, still: Iterable[str]) -> Block:
    """Equations in which some variables are not moved by a differential equation."""
    known = equations_of(equations.text)
    moving = {name for name in still if known[name].type == DIFFERENTIAL_EQUATION}
    names = [next(iter(equations_of(line.text))) for line in equations]
    return Block(
        replace(line, text=f"{name} : {kind_of(known, name)}") if name in moving else line
        for name, line in zip(names, equations, strict=True)
    )


def _distinct(model: NeuronModel, parts: Iterable[NeuronPart]) -> list[NeuronPart]:
    """Parts without repetition: projections under one rule add the same part to a neuron they share."""
    distinct: list[NeuronPart] = []
    for part in parts:
        if part in distinct:
            continue
        for other in distinct:
            for name in part.parameters.keys() & other.parameters.keys():
                if part.parameters[name].value != other.parameters[name].value:
                    problem = f"rules give '{name}' of neuron '{model.name}' two values"
                    remedy = "give it for all projections, not for one kind"
                    raise ZooError(model.path, "parameters", problem, remedy)
        if any(part.text == other.text for other in distinct):
            continue
        for other in distinct:
            _refuse_twice(model, other, part)
        distinct.append(part)
    return distinct


def _refuse_twice(model: NeuronModel, one: NeuronPart, other: NeuronPart) -> None:
    """Refuse two parts with a variable in common, of which one would be left out."""
    names = [equations_of(part.equations.text).names if part.equations else set() for part in (one, other)]
    for name in sorted(names[0] & names[1]):
        pairs = [(getattr(one, key), getattr(other, key)) for key in ("equations", "at_spike", "initial")]
        line = next(b[0] if b else a[0] for a, b in pairs if a.text != b.text)
        problem = f"neuron '{model.name}' has '{name}' of another rule or synapse too, which says otherwise"
        raise ZooError(line.where, line.field, problem, "rename it in one of the two")


def _method(model: NeuronModel, parts: Iterable[NeuronPart]) -> str:
    """Integration of a neuron with what rules add to it."""
    method = model.method
    for part in parts:
        if part.method and method and part.method != method:
            problem = f"a rule adds traces integrated by '{part.method}' to a neuron integrated by '{method}'"
            remedy = "keep them on the synapses: in the experiment, learning.KIND.traces: synapse"
            raise ZooError(model.path, "method", problem, remedy)
        method = method or part.method
    return method


def _stored(state: StateFormat, key: str, variable: str) -> Block:
    """Statements of a storage format, for a variable."""
    block = Block.of_statements(state.path, key, getattr(state, key))
    return Block(replace(line, text=_for_variable(line.text, variable)) for line in block)


def _for_variable(text: str, variable: str) -> str:
    """Text of a storage format with x, and names that start with x_, standing for a variable."""
    return re.sub(r"\bx(?=_|\b)", variable, text)
