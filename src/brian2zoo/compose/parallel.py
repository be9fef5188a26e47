"""A circuit's strings for backends on which all synapses work at once, before the neurons do.

There a synapse reads the neurons as they are before any spike of the step has arrived, so that no copies are needed.
What synapses do in each step of Brian2 after the neurons' equations, they do at the beginning of the next step: they
read what the neurons kept of themselves, X_seen after the equations and X_before before them. Subexpressions are
written out, constants of the neurons are constants of the synapses too, and indices are variables.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brian2.equations.equations import DIFFERENTIAL_EQUATION, FLOAT, SUBEXPRESSION, Equations
from brian2.utils.stringtools import get_identifiers, word_substitute

from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.equations.pieces import declare, equations_of, join, unit_name_of

SEEN, BEFORE, PLACE = "_seen", "_before", "_place"
EVENTS = ("on_pre", "on_post", "each_step", "on_sample", "at_onset", "initial")
# Statements that come a step later.
LATE = {"t": "(t - dt)"}


def side_by_side(
    neurons: Mapping[str, NeuronCode], synapses: Mapping[str, SynapseCode], ends: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, NeuronCode], dict[str, SynapseCode]]:
    """The same circuit in other words.

    Parameters
    ----------
    ends : names of the neurons before and after each projection.
    """
    changed = {}
    kept: dict[str, dict[str, set[str]]] = {name: {SEEN: set(), BEFORE: set()} for name in neurons}
    sums: dict[str, set[str]] = {name: set() for name in neurons}
    for name, code in synapses.items():
        sides = {side: (end, neurons[end]) for side, end in zip(("pre", "post"), ends[name], strict=True)}
        changed[name] = _synapse(code, sides, kept)
        summed = (n for n, e in equations_of(code.equations).items() if "summed" in e.flags)
        sums[ends[name][1]] |= {n.removesuffix("_post") for n in summed}
    return {name: _keeping(code, kept[name], sums[name]) for name, code in neurons.items()}, changed


def _synapse(
    code: SynapseCode, sides: Mapping[str, tuple[str, NeuronCode]], kept: dict[str, dict[str, set[str]]]
) -> SynapseCode:
    equations = equations_of(code.equations)
    inline = _written_out(equations)
    blocks = {event: word_substitute(getattr(code, event), inline) for event in EVENTS}
    blocks["each_step"] = word_substitute(blocks["each_step"], LATE)
    odes = {n: e for n, e in equations.items() if e.type == DIFFERENTIAL_EQUATION}
    sums = {n: e for n, e in equations.items() if "summed" in e.flags}
    # Brian2 itself puts subexpressions into equations, of which SymPy has to make something
    right = {name: str(e.expr) for name, e in (odes | sums).items()}
    right |= {name: word_substitute(right[name], LATE) for name in odes}
    needed = behind(equations, get_identifiers("\n".join(right.values())))
    right |= {name: str(equations[name].expr) for name in needed & set(inline)}
    own: dict[str, Any] = {}
    for side, (end, neuron) in sides.items():
        theirs = equations_of(neuron.equations)
        constants = {
            f"{n}_{side}": f"{n}_{side}_value" for n, e in theirs.items() if {"shared", "constant"} <= set(e.flags)
        }
        used = get_identifiers("\n".join([*blocks.values(), *right.values()]))
        own |= {new: neuron.parameters[old.removesuffix(f"_{side}")] for old, new in constants.items() if old in used}
        blocks = {event: word_substitute(text, constants) for event, text in blocks.items()}
        right = {name: word_substitute(text, constants) for name, text in right.items()}
        for suffix, texts in (
            (SEEN, [blocks["each_step"], *(right[n] for n in sums)]),
            (BEFORE, [right[n] for n in odes]),
        ):
            names = {n for n in theirs.names if f"{n}_{side}" in get_identifiers("\n".join(texts))}
            kept[end][suffix] |= names
            renamed = {f"{n}_{side}": f"{n}{suffix}_{side}" for n in names}
            if suffix == SEEN:
                blocks["each_step"] = word_substitute(blocks["each_step"], renamed)
            later = sums if suffix == SEEN else odes
            right |= {name: word_substitute(right[name], renamed) for name in later}
    lines = [_line(equations, name, right.get(name)) for name in equations if name not in inline or name in needed]
    equations = join("\n".join(lines), declare(own))
    return with_places(replace(code, equations=equations, parameters=code.parameters | own, **blocks, reads={}))


def with_places(code: SynapseCode) -> SynapseCode:
    """The same synapse with the indices of its neurons, where its statements name them, as variables."""
    blocks = {event: getattr(code, event) for event in EVENTS}
    places = {name: f"{name}{PLACE}" for name in "ij" if name in get_identifiers("\n".join(blocks.values()))}
    blocks = {event: word_substitute(text, places) for event, text in blocks.items()}
    return replace(code, equations=join(code.equations, *(f"{n} : 1 (constant)" for n in places.values())), **blocks)


def behind(equations: Equations, names: set[str]) -> set[str]:
    """Names, and all that the subexpressions among them are made of."""
    found = set(names)
    for _ in equations:
        for name, equation in equations.items():
            if name in found and equation.type == SUBEXPRESSION:
                found |= get_identifiers(str(equation.expr))
    return found


def _written_out(equations: Equations) -> dict[str, str]:
    """Subexpressions by name, in parentheses, without other subexpressions in them."""
    found = {
        name: f"({equation.expr})"
        for name, equation in equations.items()
        if equation.type == SUBEXPRESSION and "summed" not in equation.flags
    }
    for _ in found:
        found = {name: word_substitute(text, found) for name, text in found.items()}
    return found


def _line(equations: Equations, name: str, expression: str | None) -> str:
    equation = equations[name]
    kind = unit_name_of(equations, name) if equation.var_type == FLOAT else equation.var_type
    flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
    left = {DIFFERENTIAL_EQUATION: f"d{name}/dt = "}.get(equation.type, f"{name} = ") if expression else name
    return f"{left}{expression or ''} : {kind}{flags}"


def _keeping(code: NeuronCode, kept: Mapping[str, set[str]], sums: set[str]) -> NeuronCode:
    """A neuron that keeps variables for its synapses.

    What it has seen before the first step is what it starts with, unless that hangs on sums over synapses, which are
    not known yet: those of the first step are over what there is then, and not over zeros.
    """
    own = equations_of(code.equations)
    added = [f"{name}{suffix} : {unit_name_of(own, name)}" for suffix in kept for name in sorted(kept[suffix])]
    keep = {suffix: "\n".join(f"{name}{suffix} = {name}" for name in sorted(kept[suffix])) for suffix in kept}
    late = set(sums)
    for _ in own:
        late |= {n for n, e in own.items() if e.type == SUBEXPRESSION and late & get_identifiers(str(e.expr))}
    known = [f"{name}{SEEN} = {name}" for name in sorted(kept[SEEN] - late) if own[name].type == SUBEXPRESSION]
    return replace(
        code,
        equations=join(code.equations, *added),
        initial=join(code.initial, *known),
        each_step=join(code.each_step, keep[SEEN]),
        before=join(code.before, keep[BEFORE]),
    )
