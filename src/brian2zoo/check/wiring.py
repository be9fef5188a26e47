"""Mistakes in a file of models/circuits, whatever experiment uses it."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise

import brian2
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import sizes_of
from brian2zoo.circuits.layered import targets
from brian2zoo.circuits.wires import delays, whole_size, wires
from brian2zoo.equations.pieces import renamed
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.circuits import ITSELF, LAYERS, NEXT, CircuitPlan, PopulationPlan, ProjectionPlan
from brian2zoo.formats.experiments import Learning
from brian2zoo.formats.expressions import evaluate

_RESERVED = (NEXT, ITSELF, "plastic")
_DATA = ("input", "label")
_EXAMPLES = ((4, 3, 2), (4, 3, 5, 2))
"""Sizes of layers for which a file is tried."""


def check_plan(plan: CircuitPlan) -> None:
    """ZooError for the first mistake in a circuit."""
    if plan.phases is not None:
        if stated := [key for key in ("populations", "projections", "feedback") if getattr(plan, key)]:
            problem = "populations and projections are those of a table of phases"
            raise ZooError(plan.path, stated[0], problem, f"leave out {stated[0]}, or phases")
        return
    _check_populations(plan, plan.populations, "populations")
    if missing := [role for role in ("input", "output") if role not in plan.populations]:
        raise ZooError(plan.path, f"populations.{missing[0]}", "a circuit has this layer", f"add '{missing[0]}: {{}}'")
    hidden, depths = "hidden" in plan.populations, [plan.layers, *(each.layers for each in plan.feedback.values())]
    if wrong := [n for n in depths if n and ((n < 3) if hidden else (n != 2))]:
        problem = f"a circuit {'with hidden layers has three or more' if hidden else 'without a hidden layer has two'}"
        raise ZooError(plan.path, "layers", f"{problem}, not {wrong[0]}", "leave it out, or give another number")
    if len({n for n in depths if n}) > 1 and plan.layers:
        raise ZooError(plan.path, "layers", "a way of feedback has another number of layers", "state it once")
    may_learn = [kind for kind, _ in targets(plan)]
    _check_projections(plan, plan.populations, plan.projections, "projections")
    _check_columns(plan)
    for way, error in plan.feedback.items():
        place = f"feedback.{way}"
        if again := sorted(plan.populations.keys() & error.populations.keys()):
            problem = f"the circuit has a role '{again[0]}' already"
            raise ZooError(plan.path, f"{place}.populations.{again[0]}", problem, "rename one of them")
        _check_populations(plan, error.populations, f"{place}.populations")
        _check_projections(plan, plan.populations | error.populations, error.projections, f"{place}.projections")
        for kind in error.returns:
            _known(plan, f"{place}.returns", kind, may_learn)
        if wrong := [kind for kind, each in error.projections.items() if each.learns]:
            problem = f"'{wrong[0]}' may learn in this way of feedback alone"
            raise ZooError(plan.path, f"{place}.projections", problem, "move what learns into `projections`")


def _check_populations(plan: CircuitPlan, populations: Mapping[str, PopulationPlan], place: str) -> None:
    for role, stated in populations.items():
        here = f"{place}.{role}"
        if role in _RESERVED:
            raise ZooError(plan.path, here, f"'{role}' is a word of circuits", "rename the role")
        if stated.data:
            _known(plan, f"{here}.data", stated.data, [*_DATA])
        if role in LAYERS and stated.model_copy(update={"data": ""}) != PopulationPlan():
            problem = f"'{role}' is a layer, whose size and place the network has"
            raise ZooError(plan.path, here, problem, f"write '{role}: {{}}', with `data` at most")
        if role not in LAYERS and not (stated.size or stated.beside):
            raise ZooError(plan.path, here, "nothing says how many neurons it has", "state `size` or `beside`")
        if bool(stated.beside) != bool(stated.name):
            remedy = "state what the populations are called, such as '*_noise'"
            raise ZooError(plan.path, here, "`beside` and `name` go together", remedy)
        if "*" not in stated.name and (len(stated.beside) > 1 or "hidden" in stated.beside):
            problem = f"several populations would be called '{stated.name}'"
            raise ZooError(plan.path, f"{here}.name", problem, "put a * into it, for the name of the layer")
        for layer in stated.beside:
            _known(plan, f"{here}.beside", layer, [each for each in LAYERS if each in plan.populations])
        if role == "input" and stated.data != "input":
            remedy = "write 'input: {data: input}'"
            raise ZooError(plan.path, f"{here}.data", "the first layer is given the data", remedy)
        for layers in _EXAMPLES if stated.size or stated.data else ():
            size = _size(plan, populations, role, layers)
            if stated.data and size != layers[0 if stated.data == "input" else -1]:
                wanted = "N_input" if stated.data == "input" else "N_output"
                problem = f"the data '{stated.data}' are for {wanted} units, not for {size} of a network of {layers}"
                raise ZooError(plan.path, f"{here}.data", problem, f"write 'size: {wanted}', or leave out `data`")


def _check_projections(
    plan: CircuitPlan, populations: Mapping[str, PopulationPlan], projections: Mapping[str, ProjectionPlan], place: str
) -> None:
    may_learn, fixed = ({kind for kind, _ in targets(plan, learning)} for learning in (True, False))
    for kind, stated in projections.items():
        here = f"{place}.{kind}"
        ends = [bool(stated.source), bool(stated.target)]
        if not ((all(ends) and not stated.through) or (not any(ends) and len(stated.through) > 1)):
            remedy = "state `source` and `target`, or `through` two or more layers"
            raise ZooError(plan.path, here, "it does not say what it connects", remedy)
        for role in stated.through:
            _known(plan, f"{here}.through", role, [each for each in LAYERS if each in populations])
        if stated.source:
            _known(plan, f"{here}.source", stated.source, [*populations, NEXT])
        for role in stated.targets:
            _known(plan, f"{here}.target", role, [*populations, ITSELF])
        if stated.source == NEXT and (last := [role for role in stated.targets if role not in ("input", "hidden")]):
            problem = f"no layer comes after '{last[0]}'"
            raise ZooError(plan.path, f"{here}.source", problem, "take 'next' for what leads to a layer before another")
        if stated.learns and kind in Learning.model_fields:
            raise ZooError(plan.path, here, f"'{kind}' is a key of an experiment's `learning`", "rename it")
        if kind in _RESERVED or kind in fixed & may_learn:
            what = "is a word of circuits" if kind in _RESERVED else "is a kind both of what learns and what never does"
            raise ZooError(plan.path, here, f"'{kind}' {what}", "rename it")
        chosen = [key for key in ("table", "pairs", "inputs") if getattr(stated, key)]
        if stated.copies > 1 and chosen:
            problem = "only weights of all with all are repeated"
            raise ZooError(plan.path, f"{here}.copies", problem, f"leave out `{chosen[0]}`")
        if stated.table and len(chosen) > 1:
            problem = "the table already says which neurons are connected"
            raise ZooError(plan.path, f"{here}.{chosen[1]}", problem, f"leave out `{chosen[1]}`, or `table`")
        for layers, pre, post in _example_ends(plan, populations, stated):
            table = plan.tables.get(stated.table)
            if table is not None:  # which the layers of a network have to be large enough for
                pre, post = (max(pair) for pair in zip((pre, post), table.least, strict=True))
            sizes = sizes_of(layers) | {"N_pre": pre, "N_post": post}
            pairs, _ = wires(stated, sizes, "", plan.path, here, table)
            delay = renamed(stated.delay, {"delay": "(1*ms)"})
            drawn = delays(delay, sizes, pairs, 1e-3, "", (plan.path, f"{here}.delay"), table)
        if drawn is not None:
            continue
        try:
            wrong = not evaluate(stated.delay, {"delay": brian2.ms}) >= 0 * brian2.second
        except (TypeError, ValueError, brian2.DimensionMismatchError):
            wrong = True
        if wrong:
            problem = f"'{stated.delay}' is no time of 0 or more"
            raise ZooError(plan.path, f"{here}.delay", problem, "write one such as '1*ms', or 'delay'")


def _check_columns(plan: CircuitPlan) -> None:
    """That something reads each column of the tables of pairs."""
    for name, table in plan.tables.items():
        users = {at: stated for at, stated in plan.every_projection.items() if stated.table == name}
        read = set().union(*(get_identifiers(f"{stated.sign} {stated.delay}") for stated in users.values()))
        if idle := [column for column in table.columns if column not in read]:
            problem = f"nothing reads the column '{idle[0]}' of {table.path}"
            remedy = f"name it in `sign` or `delay`, such as 'sign: {idle[0]}', or take it out of the table"
            raise ZooError(plan.path, next(iter(users)), problem, remedy)


def _example_ends(
    plan: CircuitPlan, populations: Mapping[str, PopulationPlan], stated: ProjectionPlan
) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Layers, and sizes of the two ends, for which a projection is tried."""
    for layers in _EXAMPLES:
        size = partial(_size, plan, populations, layers=layers)
        if stated.through:
            yield from ((layers, size(pre), size(post)) for pre, post in pairwise(stated.through))
        else:
            source = size("hidden" if stated.source == NEXT else stated.source)
            yield from ((layers, source, size(role)) for role in stated.targets)


def _size(plan: CircuitPlan, populations: Mapping[str, PopulationPlan], role: str, layers: tuple[int, ...]) -> int:
    """Neurons of a population of a role, of the first of several."""
    if role in LAYERS:
        return {"input": layers[0], "hidden": layers[1], "output": layers[-1]}[role]
    own = populations[role]
    if own.size:
        return whole_size(plan, f"populations.{role}.size", own.size, layers)
    return _size(plan, populations, own.beside[0], layers)


def _known(plan: CircuitPlan, field: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ZooError(plan.path, field, f"there is no '{name}'", did_you_mean(name, known, f"pick of {known}"))
