"""A table of phases as a spiking circuit: a ring of gates opens in each time step what the table lists.

Every layer is silent by its bias; the gate of a phase, one neuron of the ring, lifts the layers of that phase to
a threshold, and what arrives in the same step decides (Renner et al. 2024, synfire-gated synfire chain). A
projection has no phase of its own: the delay makes spikes of an earlier phase arrive in the phase that lists
them, and where they arrive in other phases too, no gate is open.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from brian2zoo.circuits import Circuit, Mode, Population, Projection, Wiring
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.circuits import RingPlan
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.phases import PhaseTable

_DATA = {"input": "input", "label": "label"}


@dataclass(frozen=True)
class Arrival:
    """Spikes of an earlier phase that arrive in a phase.

    Parameters
    ----------
    via : a matrix of the table, or a kind of projection.
    delay : steps by which they are late: 0 from one phase to the next.
    """

    source: str
    target: str
    via: str
    delay: int


def parse_table(table: PhaseTable, ring: RingPlan | None = None) -> list[Arrival]:
    """All arrivals of a table, each once, in order; `ZooError` for the first mistake in the table.

    Without the ring of a circuit any kind of projection may be.
    """
    numbers = list(range(1, len(table.phases) + 1))
    if sorted(table.phases) != numbers:
        raise ZooError(table.path, "phases", f"they are not numbered 1 to {len(numbers)}", "number them without gaps")
    if table.answer not in table.phases:
        raise ZooError(table.path, "answer", f"there is no phase {table.answer}", f"phases are 1 to {len(numbers)}")
    for name, matrix in table.matrices.items():
        if matrix.transposed_of:
            _known(table, f"matrices.{name}.transposed_of", matrix.transposed_of, [*table.matrices])
    return list(dict.fromkeys(_arrivals(table, ring)))


def _arrivals(table: PhaseTable, ring: RingPlan | None) -> Iterator[Arrival]:
    for number, phase in sorted(table.phases.items()):
        for name in (*phase.fires, *phase.silences):
            _known(table, f"phases.{number}", name, [*table.populations])
        for target, firing in phase.fires.items():
            place = f"phases.{number}.fires.{target}"
            for kind in firing.gate if ring is not None else ():
                _known(table, f"{place}.gate", kind, [*ring.from_gates])
            for key, via in firing.inputs.items():
                source, _, when = key.partition("@")
                if ring is not None:
                    _known(table, f"{place}.inputs", via, [*table.matrices, *ring.to_each])
                _known(table, f"{place}.inputs", source, [*table.populations])
                earlier = int(when) if when.isdigit() else 0
                if not 0 < earlier < number or source not in table.phases[earlier].fires:
                    problem = f"'{key}' names no earlier phase in which '{source}' fires"
                    raise ZooError(table.path, f"{place}.inputs", problem, "write POPULATION@PHASE")
                delay = number - earlier - 1
                if via in table.matrices and delay:
                    problem = f"spikes pass the matrix '{via}' from one phase to the next, not from '{key}'"
                    raise ZooError(table.path, f"{place}.inputs", problem, f"let '{source}' fire in phase {number - 1}")
                yield Arrival(source, target, via, delay)


def _known(table: PhaseTable, field: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ZooError(table.path, field, f"there is no '{name}'", did_you_mean(name, known, f"pick of {known}"))


def circuit(wiring: Wiring, mode: Mode) -> Circuit:
    """The circuit of the experiment's table for a mode, and the ring that drives it."""
    experiment = wiring.experiment
    table = _table(experiment, mode)
    _refuse_other_times(experiment, table, mode)
    ring = experiment.circuit.phases
    arrivals = parse_table(table, ring)
    sizes = dict(zip(("input", "hidden", "output"), wiring.layers, strict=True))
    populations = {
        name: wiring.population(name, place.role, sizes[place.layer], data=_DATA.get(place.role, ""))
        for name, place in table.populations.items()
    }
    for name, layer in (("input", "input"), ("hidden1", "hidden"), ("output", "output")):
        if name not in table.populations or table.populations[name].layer != layer:
            raise ZooError(table.path, f"populations.{name}", f"the {layer} layer is missing", "add it")
    # Weights are handed from one mode's network to the other's by name, and the rings differ in size.
    gates = wiring.population(f"{mode}_gates", ring.gates, len(table.phases))
    projections = [
        *_matrices(wiring, table, arrivals, populations, mode),
        *_relays(wiring, table, arrivals, populations),
        *_gating(wiring, table, arrivals, gates, populations),
    ]
    every = (*populations.values(), gates)
    membrane = table.membrane if mode == "test" else ""
    return Circuit(experiment, wiring.layers, mode, every, tuple(projections), table.answer - 1, membrane)


def _table(experiment: Experiment, mode: Mode) -> PhaseTable:
    if mode not in experiment.phases:
        raise ZooError(experiment.path, f"phases.{mode}", "the circuit needs this table", f"add a file for '{mode}'")
    return experiment.phases[mode]


def vocabulary(experiment: Experiment) -> tuple[list[str], list[str], list[str]]:
    """Roles, kinds of projections that may learn, and those that never do."""
    ring, tables = experiment.circuit.phases, [_table(experiment, mode) for mode in ("train", "test")]
    roles = [place.role for table in tables for place in table.populations.values()] + [ring.gates]
    kinds = [matrix.kind for table in tables for matrix in table.matrices.values()]
    return roles, kinds, [*ring.to_each, *ring.from_gates, ring.silence, ring.reward, ring.ring]


def _refuse_other_times(experiment: Experiment, table: PhaseTable, mode: Mode) -> None:
    """A sample takes one step for each phase; otherwise answers would be read in another phase than they are given."""
    protocol, phases = experiment.protocol, len(table.phases)
    for key in ("T_train",) if mode == "train" else ("T_test", "T_final"):
        steps = float(evaluate(getattr(protocol, key)) / evaluate(protocol.dt))
        if abs(steps - phases) > 1e-6:
            problem = (
                f"{getattr(protocol, key)} are {steps:g} steps of {protocol.dt}, '{table.name}' has {phases} phases"
            )
            raise ZooError(experiment.path, f"protocol.{key}", problem, f"write {phases}*({protocol.dt})")


def _matrices(
    wiring: Wiring, table: PhaseTable, arrivals: list[Arrival], populations: dict[str, Population], mode: Mode
) -> Iterator[Projection]:
    """All-to-all projections; the first of each matrix draws its weights, the others start as copies."""
    first: dict[str, Projection] = {}
    for arrival in arrivals:
        if arrival.via not in table.matrices:
            continue
        matrix = table.matrices[arrival.via]
        pre, post = populations[arrival.source], populations[arrival.target]
        made = wiring.plastic(pre, post, matrix.kind, mode, forward=True)
        if matrix.fixed:
            made = replace(made, rule=None)
        original = first.setdefault(matrix.transposed_of or arrival.via, made)
        if original is not made:
            transposed = bool(matrix.transposed_of)
            sign = np.full(made.size, float(matrix.sign))
            made = replace(made, copy_of=original.name, transposed=transposed, sign=sign)
        elif matrix.transposed_of:
            problem = f"'{arrival.via}' is used before '{matrix.transposed_of}', whose transpose it is"
            raise ZooError(table.path, f"matrices.{arrival.via}", problem, "use that one in an earlier phase")
        yield made


def _relays(
    wiring: Wiring, table: PhaseTable, arrivals: list[Arrival], populations: dict[str, Population]
) -> Iterator[Projection]:
    """Projections from unit to unit."""
    for arrival in arrivals:
        if arrival.via in table.matrices:
            continue
        pre, post = populations[arrival.source], populations[arrival.target]
        if pre.size != post.size:
            problem = (
                f"'{arrival.source}' and '{arrival.target}' are of different layers, '{arrival.via}' is unit to unit"
            )
            raise ZooError(table.path, "phases", problem, "pick populations of one layer, or a matrix")
        each = np.arange(pre.size)
        delay = f"{arrival.delay}*({wiring.experiment.protocol.dt})"
        made = wiring.fixed(pre, post, arrival.via, pairs=(each, each), delay=delay)
        yield replace(made, name=f"{made.name}_{arrival.via}_{arrival.delay}")


def _gating(
    wiring: Wiring,
    table: PhaseTable,
    arrivals: list[Arrival],
    gates: Population,
    populations: dict[str, Population],
) -> Iterator[Projection]:
    """From gate to gate around the ring, and from each gate to whole populations.

    Gate k, counted from 0, fires in phase k + 1 and so acts on phase k + 2, the last one on phase 1 of the next
    sample.
    """
    n, plan = len(table.phases), wiring.experiment.circuit.phases
    yield wiring.fixed(gates, gates, plan.ring, pairs=(np.arange(n), (np.arange(n) + 1) % n))
    opened: dict[tuple[str, str], list[int]] = {}
    for number, phase in sorted(table.phases.items()):
        wanted = [(target, kind) for target, firing in phase.fires.items() for kind in firing.gate]
        wanted += [(target, plan.silence) for target in phase.silences]
        if phase.reward:
            wanted += [(target, plan.reward) for target in _learning(table, arrivals, number)]
        for key in wanted:
            opened.setdefault(key, []).append((number - 2) % n)
    for (target, kind), numbers in opened.items():
        post = populations[target]
        pairs = (np.repeat(numbers, post.size), np.tile(np.arange(post.size), len(numbers)))
        made = wiring.fixed(gates, post, kind, pairs=pairs)
        yield replace(made, name=f"{made.name}_{kind}")


def _learning(table: PhaseTable, arrivals: list[Arrival], number: int) -> list[str]:
    """Populations that fire in a phase and are reached by a matrix in any."""
    reached = {a.target for a in arrivals if a.via in table.matrices}
    return [name for name in table.phases[number].fires if name in reached]
