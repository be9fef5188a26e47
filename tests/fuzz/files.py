"""Mutants of the zoo's files: what check says of them, and whether what it accepts can be built and run."""

import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from brian2zoo import circuits
from brian2zoo.check import check_experiment, check_file, errors
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets.events import Events
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.formats.zoo import ROOT, ReadOnce, Zoo, read_yaml
from brian2zoo.run.network import duration
from brian2zoo.run.programs import Inputs, NotFinite, parameter_values, run_here

from .commands import invoke
from .mutations import mutant
from .worker import Answer, Worker

File = tuple[str, str]
"""Kind and name."""
LAYERS = (4, 3, 2)
STEPS = 10

COMMANDS = {
    "chip": ("map", "spiking", "erbp_plus", "--chip", "{}", "--layers", "64-20-10"),
    "cim": ("map", "cim", "--chip", "{}", "--layers", "64-20-10"),
    "placement": ("map", "spiking", "nbp", "--chip", "loihi", "--layers", "400-400-10", "--placement", "{}"),
}
"""What puts a file to use that is part of no experiment."""
MAY_BE_RIGHT = {("loss", "misspell_a_name")}
"""Kinds and mutations: a loss may read any variable of the unit it is put on, which only that unit knows."""


@dataclass(frozen=True)
class Mutant:
    """A file with a changed text, and the experiment that shows it at work, empty for one that has none."""

    kind: str
    name: str
    text: str
    mutation: str
    wrong: bool
    experiment: str

    @property
    def path(self) -> str:
        return path_of(self.kind, self.name)


def path_of(kind: str, name: str) -> str:
    return f"{KINDS[kind][1]}/{name}.yaml"


def copy_of_the_zoo(root: Path) -> Path:
    for folder in ("models", "rules", "config/experiments"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


@cache
def uses() -> dict[File, list[str]]:
    """The experiments that use each file, also by way of a file that extends it."""
    zoo, found = Zoo(ROOT), defaultdict(set)
    for name in zoo.names("experiment"):
        experiment = zoo.experiment(name)
        for file in {("experiment", name), *experiment.stated.uses().values()}:
            kind, base = file
            while base:
                found[kind, base].add(name)
                base = zoo.load(kind, base).extends
    return {file: sorted(names) for file, names in found.items()}


def mutants(seed: int, n: int) -> Iterator[Mutant]:
    """Mutants of all files in turn."""
    rng, zoo = random.Random(seed), Zoo(ROOT)
    files = [(kind, name) for kind in KINDS for name in zoo.names(kind)]
    order: list[File] = []
    for _ in range(n):
        order = order or rng.sample(files, len(files))
        kind, name = order.pop()
        text, mutation, wrong = mutant(rng, (ROOT / path_of(kind, name)).read_text(encoding="utf-8"))
        experiments = uses().get((kind, name))
        wrong = wrong and (kind, mutation) not in MAY_BE_RIGHT
        yield Mutant(kind, name, text, mutation, wrong, rng.choice(experiments) if experiments else "")


@contextmanager
def in_place(root: Path, mutant: Mutant) -> Iterator[None]:
    """The mutant is the file in a copy of the zoo, for a while."""
    path = root / mutant.path
    kept = path.read_bytes()
    path.write_bytes(mutant.text.encode("utf-8", "surrogatepass"))
    try:
        yield
    finally:
        path.write_bytes(kept)


_read = cache(read_yaml)


class _OneChanged(ReadOnce):
    """A zoo of which one file is read anew."""

    def __init__(self, root: Path, changed: str) -> None:
        super().__init__(Zoo(root))
        self.changed = root / changed

    def read(self, path: Path) -> dict[str, Any]:
        return read_yaml(path) if path == self.changed else _read(path)


def checked(root: Path, kind: str, name: str, experiment: str) -> None:
    """What check says of a file and of an experiment that uses it; raises the first mistake."""
    zoo = _OneChanged(root, path_of(kind, name))
    for mistake in errors(check_file(zoo, kind, name)):
        raise mistake
    if experiment:
        for mistake in errors(check_experiment(zoo.experiment(experiment))):
            raise mistake


def put_to_use(root: Path, kind: str, name: str, experiment: str) -> None:
    """Ten steps of an experiment on Brian2's numpy target; of other files what a command makes of them."""
    zoo = _OneChanged(root, path_of(kind, name))
    if not experiment:
        if kind in COMMANDS:
            invoke(root, [part.format(name) for part in COMMANDS[kind]])
        return
    used = zoo.experiment(experiment)
    circuit = circuits.build(used, circuits.smallest(used), "train")
    weights = initial_weights(circuit, 0)
    inputs = Inputs(data_for(circuit), weights | parameter_values(circuit), 1, 0)
    try:
        run_here(circuit, STEPS * duration(circuit, "dt"), inputs, [])
    except NotFinite:  # which names what is infinite, and when
        return


def data_for(circuit: Circuit) -> dict[str, np.ndarray | Events]:
    """A sample for a circuit."""
    units, label = circuit.layers[0], np.eye(circuit.layers[-1])[:1]
    if circuit.population("input").neuron.data == EVENT_DATA:
        dt = float(duration(circuit, "dt"))
        return {"input": Events(np.array([dt, 2 * dt]), np.array([0, 1]), np.array([0, 2]), units), "label": label}
    return {"input": np.full((1, units), 0.5), "label": label}


def judged(worker: Worker, root: Path, mutant: Mutant) -> Answer:
    """What check says of a mutant; a refusal that does not name a file of the zoo is a traceback's like."""
    with in_place(root, mutant):
        answer = worker(checked, root, mutant.kind, mutant.name, mutant.experiment)
    if answer.outcome == "refused" and not names_its_place(answer, root):
        return Answer("unnamed", answer.told, answer.where, answer.field)
    return answer


def names_its_place(answer: Answer, root: Path) -> bool:
    """Whether a refusal is one line that names a file of the zoo, and what in it if it is not the whole."""
    of_the_whole = ("YAML", "UTF-8", "bytes", "not a mapping", "there is no such file")
    whole = any(part in answer.told for part in of_the_whole)
    return "\n" not in answer.told and (root / answer.where).is_file() and (bool(answer.field) or whole)


def used(worker: Worker, root: Path, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Answer]]:
    """What becomes of accepted mutants when they run."""
    for each in mutants:
        with in_place(root, each):
            yield each, worker(put_to_use, root, each.kind, each.name, each.experiment)
