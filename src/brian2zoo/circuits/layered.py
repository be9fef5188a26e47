"""The populations and projections that a file of models/circuits states, for some layers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Circuit, Mode, Population, Projection, Wiring, sizes_of
from brian2zoo.circuits.wires import delays, whole_size, wires
from brian2zoo.equations.pieces import equations_of, join, renamed
from brian2zoo.errors import ZooError
from brian2zoo.formats.circuits import ITSELF, LAYERS, NEXT, CircuitPlan, ErrorPlan, PopulationPlan, ProjectionPlan
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.pairs import MOST_NEURONS

# Places of rate units within a step: forward from the input up, then backward from the output down.
_FORWARD, _BACKWARD = 10, 1000


def circuit(wiring: Wiring, mode: Mode) -> Circuit:
    """Populations and projections; in mode 'test' without what is there for learning alone.

    Raises
    ------
    ZooError
        If the experiment lacks a file that the circuit needs, or the circuit does not know its feedback.
    """
    experiment, error = wiring.experiment, error_plan(wiring.experiment)
    if mode == "test" or not any(_learns(experiment, role) for role in error.reaches):
        error = ErrorPlan()
    plan = experiment.circuit
    populations: dict[str, list[Population]] = {}
    roles = plan.populations | error.populations
    for role in sorted(roles, key=lambda role: role not in LAYERS):  # what is beside a layer comes after it
        stated = roles[role]
        if mode in (stated.only or mode) and not (stated.optional and role not in experiment.neurons):
            populations[role] = list(_populations(wiring, role, stated, populations, mode))
    projections = [
        made
        for kind, stated in [*plan.projections.items(), *error.projections.items()]
        if mode in (stated.only or mode)
        for made in _projections(wiring, roles, populations, kind, stated, error, mode)
    ]
    projections = list(_with_own_names(projections))
    every = tuple(each for of_role in populations.values() for each in of_role)
    names = [population.name for population in every]
    recorded = [f"{name}_{what}" for name in names for what in ("spikes", "rates", "membrane")]
    _refuse_twice(plan.path, "populations", [*names, *recorded])
    _refuse_twice(plan.path, "projections", [*names, *(projection.name for projection in projections)])
    graded = populations["output"][0].neuron.graded
    return Circuit(experiment, wiring.layers, mode, every, tuple(projections), membrane=graded)


def _refuse_twice(where: Path, field: str, names: list[str]) -> None:
    """ZooError if two things of a circuit have one name."""
    if twice := [name for name, number in Counter(names).items() if number > 1]:
        raise ZooError(where, field, f"two of its objects would be called '{twice[0]}'", "rename one of them")


def _with_own_names(projections: list[Projection]) -> Iterator[Projection]:
    """Projections, of several between two populations all but the first with their kinds in their names."""
    names: set[str] = set()
    for projection in projections:
        name = projection.name if projection.name not in names else f"{projection.name}_{projection.kind}"
        names.add(name)
        yield replace(projection, name=name)


def vocabulary(experiment: Experiment) -> tuple[list[str], list[str], list[str]]:
    """Roles, kinds of projections that may learn, and those that never do."""
    plan = experiment.circuit
    parts = [plan, *plan.feedback.values()]
    roles = [role for part in parts for role in part.populations]
    return roles, [kind for kind, _ in targets(plan)], [kind for part in parts for kind, _ in targets(part, False)]


def error_plan(experiment: Experiment) -> ErrorPlan:
    """What the circuit has for the experiment's way of feedback, if any; ZooError if it does not know this way."""
    plan, way = experiment.circuit, experiment.way
    if not way:
        return ErrorPlan()
    if way not in plan.feedback:
        problem = f"circuit '{experiment.stated.circuit}' has no feedback by way '{way}'"
        known = ", ".join(plan.feedback)
        remedy = f"take a file of models/feedback with one of its ways: {known}" if known else "leave it out"
        raise ZooError(experiment.path, "learning.feedback", problem, remedy)
    return plan.feedback[way]


def _learns(experiment: Experiment, role: str) -> bool:
    """Whether some projection onto a role learns; nobody there hears an error else."""
    return any(to == role and experiment.learning.changes(kind) for kind, to in targets(experiment.circuit))


def targets(plan: CircuitPlan | ErrorPlan, learning: bool = True) -> Iterator[tuple[str, str]]:
    """Kinds of projections that may learn, or of those that never do, and the roles they lead to."""
    for kind, stated in plan.projections.items():
        if stated.learns is not learning:
            continue
        # one hidden layer leads to the next
        layers = [role for role in stated.through for _ in range(2 if role == "hidden" else 1)]
        yield from ((f"{pre}_{post}", post) for pre, post in pairwise(layers))
        yield from ((kind, role) for role in stated.targets)


def holding_tables(plan: CircuitPlan, layers: tuple[int, ...]) -> tuple[int, ...]:
    """Layers, made larger where a table of pairs has indices that they are too small for."""
    populations = {role: each for part in (plan, *plan.feedback.values()) for role, each in part.populations.items()}
    needed: dict[str, int] = {}
    for stated in plan.every_projection.values():
        if table := plan.tables.get(stated.table):
            for ends in list(pairwise(stated.through)) or [(stated.source, role) for role in stated.targets]:
                for role, least in zip(ends, table.least, strict=True):
                    needed[role] = max(needed.get(role, 0), least)
    for role, least in needed.items():
        size = populations[role].size if role in populations else ""
        if size:
            layers = _grown(plan, role, size, least, layers)
        else:
            of_layers = populations[role].beside if role in populations and role not in LAYERS else (role,)
            layers = tuple(
                max(n, least) if role == NEXT or _role_at(k, layers) in of_layers else n for k, n in enumerate(layers)
            )
    return layers


def _role_at(depth: int, layers: tuple[int, ...]) -> str:
    return "input" if depth == 0 else "output" if depth == len(layers) - 1 else "hidden"


def _grown(plan: CircuitPlan, role: str, size: str, least: int, layers: tuple[int, ...]) -> tuple[int, ...]:
    """Layers for which a population has so many neurons, if there are any."""
    named = [_role_at(k, layers) for k in range(len(layers)) if f"N_{_role_at(k, layers)}" in get_identifiers(size)]
    while named and max(layers) < MOST_NEURONS and whole_size(plan, f"populations.{role}.size", size, layers) < least:
        layers = tuple(2 * n if _role_at(k, layers) in named else n for k, n in enumerate(layers))
    return layers


def _populations(
    wiring: Wiring, role: str, stated: PopulationPlan, made: dict[str, list[Population]], mode: Mode
) -> Iterator[Population]:
    """The populations of a role."""
    if role in LAYERS:
        for depth, size in enumerate(wiring.layers):
            name = "input" if depth == 0 else "output" if depth == len(wiring.layers) - 1 else f"hidden{depth}"
            if name.startswith(role):
                yield wiring.population(name, role, size, data=stated.data, **_places(wiring, depth, mode))
        return
    place = f"populations.{role}.size"
    size = whole_size(wiring.experiment.circuit, place, stated.size, wiring.layers) if stated.size else None
    if not stated.beside:
        yield wiring.population(role, role, size, data=stated.data)
    for layer in (layer for of_role in stated.beside for layer in made[of_role]):
        name = stated.name.replace("*", layer.name)
        yield wiring.population(name, role, layer.size if size is None else size, data=stated.data)


def _places(wiring: Wiring, depth: int, mode: Mode) -> dict[str, int]:
    """Where in a step a layer of rate units computes."""
    if not any(neuron.forward for neuron in wiring.experiment.neurons.values()):
        return {}
    back = _BACKWARD - _FORWARD * depth if mode == "train" else 0
    return {"order": _FORWARD * depth, "backward_order": back}


def _projections(
    wiring: Wiring,
    plans: dict[str, PopulationPlan],
    populations: dict[str, list[Population]],
    key: str,
    stated: ProjectionPlan,
    error: ErrorPlan,
    mode: Mode,
) -> Iterator[Projection]:
    """The projections that an entry stands for."""
    for kind, pre, post in _ends(plans, populations, key, stated):
        if stated.optional and not _named(wiring.experiment, kind, post, stated.learns):
            continue
        where, field = wiring.experiment.circuit.path, f"projections.{key}"
        sizes = sizes_of(wiring.layers) | {"N_pre": pre.size, "N_post": post.size}
        table = wiring.experiment.circuit.tables.get(stated.table)
        pairs, sign = wires(stated, sizes, f"{pre.name}_{post.name}", where, field, table)
        if pairs is not None and not pairs[0].size:
            if not stated.through:
                continue
            problem = f"no neuron of {pre.name} is connected to {post.name}"
            raise ZooError(where, f"{field}.pairs", problem, "connect more of them, or take larger layers")
        usual = wiring.experiment.protocol.delay
        delay = usual if stated.delay == "delay" else renamed(stated.delay, {"delay": f"({usual})"})
        name, dt = f"{pre.name}_{post.name}", float(evaluate(wiring.experiment.protocol.dt))
        each = delays(delay, sizes, pairs, dt, name, (where, f"{field}.delay"), table)
        details: dict[str, Any] = {"pairs": pairs, "sign": sign, "copies": stated.copies, "delay": delay}
        if each is not None:
            details |= {"delay": f"{each.max():.17g}*second", "delays": each}
        details |= {"returns_error": kind in error.returns, "forward": bool(stated.through)}
        yield (
            wiring.plastic(pre, post, kind, mode, **details)
            if stated.learns
            else wiring.fixed(pre, post, kind, **details)
        )


def _ends(
    plans: dict[str, PopulationPlan], populations: dict[str, list[Population]], kind: str, stated: ProjectionPlan
) -> Iterator[tuple[str, Population, Population]]:
    """Kind and ends of each projection of an entry."""
    layers = [layer for role in LAYERS for layer in populations.get(role, ())]
    if stated.through:
        chain = [layer for role in stated.through for layer in populations[role]]
        yield from ((f"{pre.role}_{post.role}", pre, post) for pre, post in pairwise(chain))
    elif stated.target == ITSELF:
        yield from ((kind, each, each) for each in populations.get(stated.source, ()))
    elif stated.source == NEXT:
        after = dict(zip((layer.name for layer in layers), layers[1:], strict=False))
        yield from ((kind, after[post.name], post) for role in stated.targets for post in populations.get(role, ()))
    else:
        for pre in populations.get(stated.source, ()):
            for post in (post for role in stated.targets for post in populations.get(role, ())):
                if _together(plans, pre, post, [layer.name for layer in layers]):
                    yield kind, pre, post


def _together(plans: dict[str, PopulationPlan], pre: Population, post: Population, layers: list[str]) -> bool:
    """Whether two populations are wired: what is beside a layer is with this layer, and with what is beside it too."""
    for one, other in ((pre, post), (post, pre)):
        plan = plans[one.role]
        if other.role in plan.beside:
            return one.name == plan.name.replace("*", other.name)
    one, other = (plans[each.role] for each in (pre, post))
    if set(one.beside) & set(other.beside):
        return any(
            pre.name == one.name.replace("*", layer) and post.name == other.name.replace("*", layer) for layer in layers
        )
    return True


def _named(experiment: Experiment, kind: str, post: Population, learns: bool) -> bool:
    """Whether an experiment has all that an optional projection needs."""
    model = experiment.synapses.get(kind) or (experiment.synapses.get("plastic") if learns else None)
    if model is None:
        return False
    equations = equations_of(model.state)
    if "w" in equations and kind not in as_dict(experiment.stated.weights):
        return False
    summed = {name.removesuffix("_post") for name, equation in equations.items() if "summed" in equation.flags}
    loss = experiment.loss.equations.replace("ANSWER", "0") if experiment.loss and post.role == "output" else ""
    return summed <= equations_of(join(post.neuron.equations, loss)).names
