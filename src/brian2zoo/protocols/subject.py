"""Where a rule, a neuron or a synapse is at work: an experiment that uses it, and the part of its network that does."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brian2zoo import circuits
from brian2zoo.check import ReadOnce, sound, sound_experiment
from brian2zoo.circuits import Circuit, Population, Projection, has_weights
from brian2zoo.compose.circuit import compose
from brian2zoo.equations.pieces import equations_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.language import by_variable
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.zoo import Zoo

KEEPS_ALL = "w = w + dw"
"""What a store writes that has neither bounds nor a grid."""
STEP = "0.1*ms"
"""Of a neuron that stands alone."""
MOST_SAID = 40
"""Characters of a comment that the label of an axis takes."""
SEED = 1
"""Of drawn weights, of which protocols take the usual size."""


@dataclass(frozen=True)
class Subject:
    """A file at work.

    Parameters
    ----------
    kind, name : of the file.
    circuit : a small network of the experiment, in the mode in which the file is used.
    used : whether the experiment uses it; a neuron may stand alone.
    """

    kind: str
    name: str
    circuit: Circuit
    used: bool = True

    @property
    def experiment(self) -> Experiment:
        """The experiment, with its setting."""
        return self.circuit.experiment

    @property
    def file(self) -> Any:
        """The file."""
        return self.experiment.zoo.load(self.kind, self.name)

    def projection(self) -> Projection:
        """The first projection that learns by the rule, or through the synapse; onto another layer than the last one.

        That of a rule keeps every change that is asked for as it is, whatever its store makes of it.

        Raises
        ------
        ZooError
            If there is none.
        """
        found = [p for p in self.circuit.projections if self._uses(p)]
        if not found:
            remedy = "name another experiment with --on"
            raise ZooError(self.experiment.path, "", f"no projection of it uses {self.kind} '{self.name}'", remedy)
        hidden = [p for p in found if p.post.name != "output"]
        first = (hidden or found)[0]
        if self.kind != "rule":
            return first
        return replace(first, synapse=first.synapse.model_copy(update={"write": KEEPS_ALL}))

    def population(self) -> Population:
        """The first population of the neuron."""
        found = [p for p in self.circuit.populations if p.neuron.name == self.name]
        if not found:
            remedy = "name another experiment with --on"
            raise ZooError(self.experiment.path, "", f"no population of it is of neuron '{self.name}'", remedy)
        return found[0]

    @property
    def at_work(self) -> bool:
        """Whether a part of the network is of the file."""
        if self.kind == "neuron":
            return any(p.neuron.name == self.name for p in self.circuit.populations)
        return any(self._uses(p) for p in self.circuit.projections)

    def _uses(self, projection: Projection) -> bool:
        if self.kind == "rule":
            return projection.rule is not None and projection.rule.name == self.name
        return projection.synapse.name == self.name


def subject(zoo: Zoo, kind: str, name: str, on: str = "", setting: str = "default") -> Subject:
    """A file in the experiment `on`, or in the first that uses it.

    Experiments that are named after the file are first, then those that extend no other.

    Raises
    ------
    ZooError
        If no experiment uses it, or the one that does has mistakes.
    """
    zoo = ReadOnce.of(zoo)
    file, path = (kind, name), f"{KINDS[kind][1]}/{name}.yaml"
    if on:
        experiment = sound_experiment(zoo, on, setting)
        if file not in experiment.stated.uses().values():
            known = list(_users(zoo, file))
            remedy = f"experiments that do: {', '.join(known)}" if known else _unused(kind, name)
            raise ZooError(experiment.path, "", f"it does not use {path}", remedy)
        return _in(experiment, kind, name)
    for user in _users(zoo, file):
        found = _in(sound_experiment(zoo, user, setting), kind, name)
        if found.at_work:
            return found
    if kind == "neuron":
        return _alone(zoo, sound(zoo, kind, name))
    problem = "no experiment uses it, so there are no other files to run it with"
    raise ZooError(path, "", problem, _unused(kind, name))


def _in(experiment: Experiment, kind: str, name: str) -> Subject:
    """A file in an experiment; a neuron in the network that only infers, if it is there."""
    layers = circuits.examples(experiment)[-1]
    modes = ("test", "train") if kind == "neuron" else ("train",)
    found = [Subject(kind, name, circuits.build(experiment, layers, mode)) for mode in modes]
    return next((each for each in found if each.at_work), found[-1])


def _alone(zoo: Zoo, neuron: NeuronModel) -> Subject:
    """A neuron that no experiment uses, at a step of `STEP`, with the parameters of its file."""
    if not (names := zoo.names("experiment")):
        raise ZooError(neuron.path, "", "the zoo has no experiment", _unused("neuron", neuron.name))
    experiment = zoo.experiment(names[0])
    experiment = experiment.replaced(protocol=experiment.protocol.model_copy(update={"dt": STEP}), parameters=())
    population = Population(neuron.name, "", 1, neuron)
    return Subject("neuron", neuron.name, Circuit(experiment, (1, 1), "test", (population,), ()), used=False)


def _unused(kind: str, name: str) -> str:
    option = f" --{kind} {name}" if kind in ("rule", "neuron", "synapse") else ""
    return f"write one: brian2zoo new experiment NAME{option}"


def _users(zoo: Zoo, file: tuple[str, str]) -> Iterator[str]:
    """Names of experiments that use a file; those that cannot be loaded are left out."""
    found = []
    for name in zoo.names("experiment"):
        try:
            stated = zoo.load("experiment", name)
        except ZooError:
            continue
        if file in stated.uses().values():
            found.append((file[1] != name, file[1] not in name, bool(stated.extends), name))
    yield from (name for *_, name in sorted(found))


# --- What strings and numbers of a part say --------------------------------------------------------


def meaning(text: str, variable: str) -> str:
    """What the comment at the equation of a variable says; empty if there is none."""
    equation = by_variable(text).get(variable, "")
    return equation.partition("#")[2].strip().partition("\n")[0].partition(":")[0].partition(",")[0].strip()


def named(neuron: NeuronModel, variable: str) -> str:
    """A variable of a neuron for the label of an axis: 'I, synaptic current'."""
    said = meaning(neuron.equations, variable)
    return f"{variable}, {said}" if said and len(said) <= MOST_SAID else variable


def typical_weight(circuit: Circuit, projection: Projection) -> float:
    """Root mean square of the weights that a projection starts with, SI units; 0 if it has none."""
    if not has_weights(projection):
        return 0.0
    source = next(p for p in circuit.projections if p.name == (projection.copy_of or projection.name))
    drawn = circuits.drawn_weights(circuit, source, SEED)  # of a network smaller than its store's bounds are meant for
    return float(np.sqrt(np.mean(np.square(drawn))))


def bounds(circuit: Circuit, projection: Projection) -> tuple[float, float] | None:
    """The least and the greatest weight of a store that names them `w_min` and `w_max`, SI units; None of others."""
    parameters = compose(circuit).synapses[projection.name].parameters
    if "w_max" not in as_dict(projection.synapse.parameters):
        return None
    greatest = float(np.asarray(parameters["w_max"]))
    least = float(np.asarray(parameters["w_min"])) if "w_min" in parameters else -greatest
    return (least, greatest) if np.isfinite([least, greatest]).all() else None


def weight_dimension(projection: Projection) -> Any:
    """Dimension of the weight."""
    return equations_of(projection.synapse.state)["w"].dim
