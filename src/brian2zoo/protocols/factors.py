"""What a rule makes of the neurons' variables that it reads: the change of a weight while these are held at values.

The postsynaptic neuron has no dynamics here: each of its variables stays as it is set. The presynaptic unit spikes
once, late in a sample of the experiment; if it is a unit that never spikes, its variables are held too.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import xarray as xr
from brian2.equations.equations import SUBEXPRESSION

from brian2zoo.circuits import Population, Projection
from brian2zoo.datasets.encode import encode
from brian2zoo.equations.pieces import equations_of, join, kind_of, statements
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import NeuronModel
from brian2zoo.protocols.membranes import membrane, rest, threshold
from brian2zoo.protocols.spike_timing import REPEATS, start_weight
from brian2zoo.protocols.stimulation import AFTER, BEFORE, FIRST_STEP, SYNAPSES, by_chance, names_read, onto
from brian2zoo.protocols.subject import Subject, named
from brian2zoo.run.network import duration

POINTS = 161
"""Values of the factor along the axis; odd, so that zero is one of them."""
LATE = 0.9
"""When in a sample the presynaptic unit spikes, in parts of it."""
MOST_STEPS = 10_000
EDGE = 1.8
"""How far beyond the values at which a rule compares a factor, in multiples of them."""


@dataclass(frozen=True)
class Factor:
    """A variable of a neuron that a rule reads.

    Parameters
    ----------
    side : 'pre' or 'post'.
    scale : how far a large value of it is from the `centre`, SI units.
    edges : values at which the rule compares it, SI units.
    levels : the only values it can have, where the neuron's statements set it to numbers alone.
    """

    side: str
    variable: str
    label: str
    dim: Any
    scale: float
    edges: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    centre: float = 0.0


def factors(subject: Subject) -> list[Factor]:
    """The variables of neurons that the rule reads, those it compares with something first.

    Raises
    ------
    ZooError
        If it reads none, or nothing in the files says how large one of them is.
    """
    projection = subject.projection()
    found = []
    for side, population in (("post", projection.post), ("pre", projection.pre)):
        if side == "pre" and population.neuron.threshold:
            continue
        known = equations_of(population.neuron.equations)
        for name in (name for name in known if f"{name}_{side}" in names_read(projection, by_rule=True)):
            edges = tuple(_edges(projection, f"{name}_{side}"))
            levels = tuple(sorted(_levels(population.neuron, name))) or _shown(subject, population, name)
            scale, centre = max(map(abs, edges), default=0.0), 0.0
            if not scale:
                scale, centre = _membrane(population, name) or (_threshold(population, known[name].dim), 0.0)
            if not scale and not known[name].dim.is_dimensionless:
                problem = f"it reads {name}_{side}, and nothing says how large that is"
                remedy = "compare it with a parameter in the rule, or with a threshold in the neuron"
                raise ZooError(projection.rule.path, "", problem, remedy)
            found.append(
                Factor(side, name, named(population.neuron, name), known[name].dim, scale or 1.0, edges, levels, centre)
            )
    if not found:
        problem = "it compares no times of spikes and reads no variable of a neuron"
        raise ZooError(projection.rule.path, "", problem, "look at its strings: brian2zoo show")
    return sorted(found, key=lambda factor: (not factor.edges, bool(factor.levels)))


def surface(subject: Subject, found: Sequence[Factor]) -> xr.Dataset:
    """The change against the first of some factors, for some values of the second; further ones are at their scale.

    Returns
    -------
    data set over `along` and `across`, SI units of the factors: `change` and `deviation` of the weight, SI units; its
    attribute `event` says when it changes.

    Raises
    ------
    ZooError
        If the weight changes at none of the values.
    """
    projection = subject.projection()
    first, second = found[0], found[1] if len(found) > 1 else None
    along, across = _axis(first), _few(second) if second is not None else np.array([1.0])
    grid = np.array(list(product(along, across)))
    repeats = REPEATS if by_chance(projection) else 1
    held: dict[tuple[str, str], Any] = {(first.side, first.variable): np.repeat(grid[:, 0], repeats)}
    if second is not None:
        held[second.side, second.variable] = np.repeat(grid[:, 1], repeats)
    held |= {(each.side, each.variable): each.centre + each.scale for each in found[2:]}
    change = _change(subject, held, len(grid) * repeats).reshape(*map(len, (along, across)), repeats)
    if not np.abs(change).max() > 0:
        problem = f"the weight does not change, whatever {first.variable}_{first.side} is"
        raise ZooError(projection.rule.path, "", problem, "look at its strings: brian2zoo show")
    data = {
        name: (("along", "across"), of(change, axis=-1)) for name, of in (("change", np.mean), ("deviation", np.std))
    }
    return xr.Dataset(data, {"along": along, "across": across}, {"event": _event(projection)})


def _axis(factor: Factor) -> np.ndarray:
    """Values along an axis, close to each other at the edges."""
    if factor.levels and factor.side == "post":
        return np.array(factor.levels)
    reach = EDGE * factor.scale if factor.edges else factor.scale
    least = 0.0 if factor.levels else factor.centre - reach
    near = [edge * (1 + shift) for edge in factor.edges for shift in (-1e-6, 1e-6)]
    return np.unique(np.concatenate([np.linspace(least, factor.centre + reach, POINTS), near]))


def _few(factor: Factor) -> np.ndarray:
    """Values that tell a factor's effect."""
    if factor.levels:
        return np.array(factor.levels)
    if factor.edges:
        return np.array([0.0, EDGE * factor.scale])
    return factor.centre + factor.scale * np.array([-1.0, -0.5, 0.5, 1.0])


def _event(projection: Projection) -> str:
    asking = {name for name, block in projection.rule.events.items() if any(_asks(line.text) for line in block)}
    spikes = bool(asking & {"on_pre", "on_post"})
    return "one presynaptic spike" if spikes else "one step" if "each_step" in asking else "one sample"


def _asks(statement: str) -> bool:
    return statement.partition("=")[0].strip() == "dw"


def _change(subject: Subject, values: Mapping[tuple[str, str], Any], n: int) -> np.ndarray:
    projection = subject.projection()
    after = replace(held_still(projection.post, {v for side, v in values if side == "post"}), name=AFTER, size=n)
    pre = projection.pre
    spiking = bool(pre.neuron.threshold)
    if not spiking:
        own = held_still(pre, {v for side, v in values if side == "pre"})
        pre = replace(own, neuron=own.neuron.model_copy(update={"threshold": "1 < 0"}))
    pairing = onto(replace(projection, pre=pre), subject.circuit, after)
    steps = round(float(duration(subject.circuit, "T_train")) / pairing.dt)
    steps = max(min(steps, MOST_STEPS), FIRST_STEP + 3 if spiking else 1)
    told = [np.array([max(int(LATE * steps) - 2, FIRST_STEP)])] if spiking else [np.array([], int)]
    start, weight = start_weight(subject), f"{SYNAPSES}.w"
    names = {"post": AFTER, "pre": BEFORE}
    given_values = {f"{names[side]}.{variable}": value for (side, variable), value in values.items()}
    found = pairing.run(told * n, steps, given_values | {weight: start}, [weight])
    return found[weight] - start


def held_still(population: Population, variables: set[str]) -> Population:
    """A population whose variables stay as they are set; those of `variables` are set anew for each unit."""
    model = population.neuron
    equations = equations_of(model.equations)
    lines = [
        f"{name} = {each.expr} : {kind_of(equations, name)}"
        if each.type == SUBEXPRESSION and name not in variables
        else f"{name} : {kind_of(equations, name)}"
        for name, each in equations.items()
    ]
    nothing = dict.fromkeys(("threshold", "reset", "refractory", "method", "on_sample", "each_step", "data", "graded",
                             "forward", "backward"), "")  # fmt: skip
    return replace(population, neuron=model.model_copy(update={"equations": "\n".join(lines), **nothing}), data="")


def _edges(projection: Projection, name: str) -> Iterator[float]:
    """Values of parameters that a rule compares a name with, SI units."""
    rule = projection.rule
    texts = [line.text.partition("=")[2] for block in rule.events.values() for line in block]
    texts += [str(each.expr) for each in equations_of(rule.equations.text).values() if each.expr is not None]
    known = {key: parameter.value for key, parameter in rule.parameters.items()}
    for text in texts:
        tree = ast.parse(text.strip().lstrip("="), mode="eval")
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Compare)):
            sides = [node.left, node.comparators[0]]
            for one, other in (sides, sides[::-1]):
                if isinstance(one, ast.Name) and one.id == name:
                    try:
                        yield float(np.asarray(evaluate(ast.unparse(other), known)))
                    except ValueError:
                        continue


def _levels(neuron: NeuronModel, variable: str) -> set[float]:
    """The numbers that a neuron's statements set a variable to, if they do nothing else with it."""
    values, texts = set(), ("reset", "each_step", "on_sample", "forward", "backward", "initial")
    for line in statements(join(*(getattr(neuron, field) for field in texts))):
        target, _, right = line.partition("=")
        if target.strip(" +-*/%") != variable:
            continue
        try:
            values.add(float(right))
        except ValueError:
            return set()
    return values if len(values) > 1 else set()


def _shown(subject: Subject, population: Population, variable: str) -> tuple[float, ...]:
    """Some values of a variable that shows the data as they are; none of others."""
    if population.data != "input" or f"{variable} = data" not in statements(population.neuron.on_sample):
        return ()
    return tuple(encode(subject.experiment.encoders["input"], np.array([0.25, 0.5, 1.0])))


def _membrane(population: Population, variable: str) -> tuple[float, float] | None:
    """Distance of rest and threshold of a membrane, and their middle, SI units; None of other variables."""
    found, low, high = membrane(population.neuron), rest(population), threshold(population)
    if found is None or found[0] != variable or not abs(high - low) > 0:
        return None
    return abs(high - low), (high + low) / 2


def _threshold(population: Population, dim: Any) -> float:
    """What the membrane has to exceed, SI units, if it has a dimension and it is this one; else 0."""
    found = membrane(population.neuron)
    if found is None or dim.is_dimensionless or equations_of(population.neuron.equations)[found[0]].dim is not dim:
        return 0.0
    return abs(np.nan_to_num(threshold(population)))
