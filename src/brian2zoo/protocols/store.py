"""What a synapse does: to its neuron at a spike, and to its weight when a rule asks for a change.

The postsynaptic neuron is the experiment's, but it does not spike, so that what is seen is the synapse's doing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Circuit, Population, Projection, has_weights
from brian2zoo.equations.pieces import equations_of, join, unit_name_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Ways
from brian2zoo.formats.experiments import Choice
from brian2zoo.formats.language import one_a_line
from brian2zoo.formats.models import SynapseModel
from brian2zoo.learning.parts import Neurons
from brian2zoo.learning.rule import learning_rule
from brian2zoo.protocols.constant_input import targets
from brian2zoo.protocols.factors import held_still
from brian2zoo.protocols.membranes import membrane
from brian2zoo.protocols.stimulation import (
    AFTER,
    BEFORE,
    CHANCE,
    FIRST_STEP,
    OWN,
    SYNAPSES,
    apart,
    by_chance,
    given_spikes,
    joined,
    names_read,
    onto,
    read_as_one,
    with_variables,
)
from brian2zoo.protocols.subject import Subject, bounds, typical_weight
from brian2zoo.run.network import Recording, duration, trace_name
from brian2zoo.run.programs import Inputs, run_here

SHOWN, BEFORE_SPIKE = 0.1, 0.1
"""How long the effect of a spike is shown, s; and for which part of that before it."""
MOST_STEPS = 2_000
DRAWS = 30
"""Synapses whose transmission is followed where chance decides it."""
LEVELS, FINE, REPEATS = 41, 401, 200
"""Weights across the range, more of them where all synapses do alike, and synapses at each where they do not."""
SIGNS = (1, -1)
BEYOND, SMALL = 0.15, 0.002
"""How far changes are asked for beyond the range, and a small change, in parts of the range."""


# --- What a spike does ----------------------------------------------------------------------------


def transfer(subject: Subject) -> xr.Dataset:
    """What one presynaptic spike does to the variable that the synapse adds to, and to the membrane.

    Returns
    -------
    data set over `synapse` and `time`, s since the spike, SI units: `driven`, and `membrane` if that is another one;
    `weight`, that of all. Attributes name the variables.

    Raises
    ------
    ZooError
        If it adds to what something else than the neuron's file gives the neuron.
    """
    projection = replace(subject.projection(), rule=None)
    model, neuron = projection.synapse, projection.post.neuron
    driven, known = targets(model)[0], equations_of(neuron.equations)
    if driven not in known:
        problem = f"it adds to '{driven}', which the loss or a rule gives the neuron"
        raise ZooError(model.path, "read", problem, "look at it at work: brian2zoo show, with --on")
    n = DRAWS if CHANCE & get_identifiers(join(model.draw, model.read)) else 1
    pairing = onto(
        replace(projection, synapse=_forward(model)), subject.circuit, given_spikes(projection.post, AFTER, n)
    )
    steps = min(round(SHOWN / pairing.dt), MOST_STEPS)
    first = max(round(BEFORE_SPIKE * steps), FIRST_STEP)
    found = membrane(neuron)
    other = found[0] if found else neuron.graded
    names = {"driven": driven} | ({"membrane": other} if other not in ("", driven) else {})
    states = [(AFTER, name, k) for name in names.values() for k in range(n)]
    wanted = [f"{trace_name(*state)}.{state[1]}" for state in states]
    weight = typical_weight(subject.circuit, projection)
    values = ({f"{SYNAPSES}.w": weight} if has_weights(projection) else {}) | read_as_one(projection)
    result = pairing.run([np.array([first])] * n, steps, values, wanted, states)
    data = {
        key: (("synapse", "time"), np.stack([result[f"{trace_name(AFTER, name, k)}.{name}"] for k in range(n)]))
        for key, name in names.items()
    }
    data = {key: each for key, each in data.items() if np.ptp(each[1])}
    if not data:
        problem = f"nothing is seen of it at the end of a step, in which the neuron uses up '{driven}'"
        raise ZooError(model.path, "read", problem, "look at it at work: brian2zoo show, with --on")
    time = (np.arange(steps) - first) * pairing.dt
    return xr.Dataset(data | {"weight": weight}, {"time": time}, names)


def _forward(model: SynapseModel) -> SynapseModel:
    """A synapse without what it hands back to the presynaptic neuron."""
    state = "\n".join(line for line in one_a_line(model.state) if not line.partition("=")[0].strip().endswith("_pre"))
    return model.model_copy(update={"state": state})


def sums(subject: Subject) -> xr.Dataset:
    """What a synapse without spikes hands on: the sum at its neuron against the presynaptic variable.

    Returns
    -------
    data set over `sent`: `received`; and `weight`, SI units. Attributes name the variables.
    """
    projection = replace(subject.projection(), rule=None)
    known = equations_of(projection.synapse.state)
    (variable, text), *_ = ((n, str(e.expr)) for n, e in known.items() if "summed" in e.flags)
    received, receiving = variable.rpartition("_")[::2]
    sending = "pre" if receiving == "post" else "post"
    read = sorted(name.removesuffix(f"_{sending}") for name in names_read(projection) if name.endswith(f"_{sending}"))
    sent = next((name for name in read if f"{name}_{sending}" in text), read[0])
    values = np.linspace(-1, 1, 201)
    ends = {side: _bare(subject.circuit, getattr(projection, side), {sent} if side == sending else {received})
            for side in ("pre", "post")}  # fmt: skip
    before, after = (
        replace(ends[side], name=name, size=len(values)) for side, name in (("pre", BEFORE), ("post", AFTER))
    )
    circuit = apart(subject.circuit, (before, after), (joined(projection, before, after),))
    weight = typical_weight(subject.circuit, projection) or 1.0
    names = {"pre": BEFORE, "post": AFTER}
    given: dict[str, Any] = {f"{names[sending]}.{sent}": values}
    given |= {f"{SYNAPSES}.w": weight} if has_weights(projection) else {}
    output = f"{names[receiving]}.{received}"
    found = run_here(circuit, duration(circuit, "dt"), Inputs({}, given, 1, 0), [output], Recording(()))
    data = {"received": ("sent", found[output]), "weight": weight}
    return xr.Dataset(data, {"sent": values}, {"sent": sent, "received": received, "from": sending, "to": receiving})


def _bare(circuit: Circuit, population: Population, variables: set[str]) -> Population:
    """A population whose variables stay as they are set, those among them that rules and losses add."""
    return held_still(with_variables(population, circuit, population, variables), variables)


# --- What a change of the weight comes to ---------------------------------------------------------


def written(subject: Subject) -> xr.Dataset:
    """Weights after changes that were asked for.

    Returns
    -------
    data set, SI units: over `asked`, the weight that was asked for, `stored` and its `deviation` over synapses; over
    `weight` and `sign`, `change` and `spread` when a small change was asked for, `small`; and `least` and `greatest`,
    the range.
    """
    projection = _asked(subject.projection())
    limits = bounds(subject.circuit, projection)
    typical = typical_weight(subject.circuit, projection) or 1.0
    least, greatest = limits or (-2 * typical, 2 * typical)
    span, middle = greatest - least, (least + greatest) / 2
    alike = not by_chance(projection) and not {"i", "j"} & names_read(projection)
    repeats = 1 if alike else REPEATS
    asked = np.linspace(least - BEYOND * span, greatest + BEYOND * span, FINE if alike else 2 * LEVELS + 1)
    inside, small = np.linspace(least, greatest, LEVELS + 2)[1:-1], SMALL * span
    # small changes begin from what the store makes of a weight when no change is asked for
    weights = np.concatenate([np.full(len(asked), middle), inside])
    changes = np.concatenate([asked - middle, np.zeros(LEVELS)])
    stored, start = np.split(_write(subject, projection, weights, changes, repeats), [len(asked)])
    each = np.concatenate([np.full(start.size, sign * small) for sign in SIGNS])
    after = _write(subject, projection, np.tile(start.ravel(), len(SIGNS)), each, 1)
    change = after.reshape(len(SIGNS), *start.shape) - start
    data = {
        "stored": ("asked", stored.mean(axis=1)),
        "deviation": ("asked", stored.std(axis=1)),
        "change": (("sign", "weight"), change.mean(axis=2)),
        "spread": (("sign", "weight"), change.std(axis=2)),
        "least": least,
        "greatest": greatest,
        "small": small,
    }
    coords = {"asked": asked, "weight": inside, "sign": list(SIGNS)}
    return xr.Dataset(data, coords, {"bounded": int(limits is not None), "repeats": repeats})


def _asked(projection: Projection) -> Projection:
    """The projection under a rule that asks each synapse for a change of its own."""
    rule, store = OWN.rule("asked"), projection.synapse
    unit = unit_name_of(equations_of(store.state), "w")
    ways = Ways(Choice(rule=rule.name), rule, None, None, rule.path, projection.kind, frozenset())
    ends = [Neurons(each.name, each.neuron, each.overrides) for each in (projection.pre, projection.post)]
    overrides: Mapping[str, Any] = {"rule": {"weight_unit": f"1*{unit}"}, "surrogate": {}, "optimizer": {}}
    return replace(projection, rule=learning_rule(ways, *ends, store, None, overrides))


def _write(
    subject: Subject, projection: Projection, weights: np.ndarray, changes: np.ndarray, repeats: int
) -> np.ndarray:
    """Weights after a change, each (weight, repeat)."""
    n = len(weights) * repeats
    pairing = onto(projection, subject.circuit, given_spikes(projection.post, AFTER, n))
    given = {f"{SYNAPSES}.w": np.repeat(weights, repeats), f"{SYNAPSES}.asked": np.repeat(changes, repeats)}
    found = pairing.run([np.array([FIRST_STEP])] * n, FIRST_STEP + 3, given, [f"{SYNAPSES}.w"])
    return found[f"{SYNAPSES}.w"].reshape(len(weights), repeats)
