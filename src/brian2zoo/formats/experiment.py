"""An experiment with the files it names: what it is made of, and what its results depend on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.experiments import Choice, ExperimentFile, Learning, Protocol
from brian2zoo.formats.files import File
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.models import (
    Encoder,
    Feedback,
    Loss,
    NeuronModel,
    Optimizer,
    StateFormat,
    Surrogate,
    SynapseModel,
)
from brian2zoo.formats.phases import PhaseTable
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.settings import joined, parts_of

if TYPE_CHECKING:
    from brian2zoo.formats.zoo import Zoo


@dataclass(frozen=True)
class Ways:
    """The files of a `Choice`.

    Parameters
    ----------
    where : file of the experiment.
    kind : of the projections that learn by them.
    own : what is stated for this kind alone; the rest is that of 'plastic'.
    """

    choice: Choice
    rule: Rule
    surrogate: Surrogate | None
    optimizer: Optimizer | None
    where: Path
    kind: str
    own: frozenset[str]

    def field(self, name: str) -> str:
        """The field of the experiment that states a choice."""
        return f"learning.{self.kind if name in self.own else 'plastic'}.{name}"


class Experiment:
    """One network, how it learns, and its protocol; each file is loaded once.

    Parameters
    ----------
    zoo : where the files are.
    stated : the file of the experiment, with the parameters of a setting if there is one.
    setting : that setting.
    """

    def __init__(self, zoo: "Zoo", stated: ExperimentFile, setting: str = "default") -> None:
        self.zoo, self.stated, self.setting = zoo, stated, setting

    @property
    def name(self) -> str:
        """Of the file."""
        return self.stated.name

    @property
    def path(self) -> Path:
        """Of the file, below the root of the zoo."""
        return self.stated.path

    @property
    def paper(self) -> str:
        """Key of the paper in whose figures it is drawn; empty if of none."""
        return self.stated.paper

    @property
    def learning(self) -> Learning:
        """How it learns, by the names of files."""
        return self.stated.learning

    @property
    def protocol(self) -> Protocol:
        """Its times."""
        return self.stated.protocol

    @property
    def backend(self) -> str:
        """Where it runs."""
        return self.stated.backend

    def overrides(self, scope: str) -> dict[str, str]:
        """Parameter expressions given under a scope, by name."""
        return self.stated.overrides(scope)

    def with_setting(self, setting: str) -> "Experiment":
        """The experiment with parameters and choices replaced, as `ExperimentFile.with_setting` has it."""
        stated = self.stated.with_setting(setting)
        both = {part.partition("=")[0]: part for part in (*parts_of(self.setting), *parts_of(setting))}
        return Experiment(self.zoo, stated, joined(both.values()))

    def replaced(self, **fields: Any) -> "Experiment":
        """The experiment with fields of its file replaced."""
        return Experiment(self.zoo, self.stated.model_copy(update=fields), self.setting)

    @property
    def one_output_a_class(self) -> bool:
        """Whether there are as many output units as classes: they stand for these, or one is given its class."""
        return self.stated.score.by == "units" or "label" in self.encoders

    @cached_property
    def circuit(self) -> CircuitPlan:
        """Who is wired to whom."""
        return self.zoo.circuit(self.stated.circuit)

    @cached_property
    def neurons(self) -> dict[str, NeuronModel]:
        """By role."""
        return {role: self.zoo.neuron(name) for role, name in self.stated.neurons.items()}

    @cached_property
    def synapses(self) -> dict[str, SynapseModel]:
        """By kind of projection; 'plastic' of those that learn and are not named."""
        return {kind: self.zoo.synapse(name) for kind, name in self.stated.synapses.items()}

    @cached_property
    def encoders(self) -> dict[str, Encoder]:
        """Of 'input', and of 'label' where it is named."""
        return {data: self.zoo.encoder(name) for data, name in self.stated.encoders if name}

    @cached_property
    def states(self) -> dict[str, StateFormat]:
        """By role.variable."""
        return {key: self.zoo.state(name) for key, name in self.stated.states.items()}

    @cached_property
    def phases(self) -> dict[str, PhaseTable]:
        """By mode."""
        return {mode: self.zoo.phases(name) for mode, name in self.stated.phases.items()}

    @cached_property
    def feedback(self) -> Feedback | None:
        """How the error reaches the hidden layers; None if nothing brings them one."""
        return self.zoo.feedback(self.learning.feedback) if self.learning.feedback else None

    @property
    def way(self) -> str:
        """The way of the feedback, by which circuits know it; empty if there is none."""
        return self.feedback.way if self.feedback is not None else ""

    @cached_property
    def loss(self) -> Loss | None:
        """What error it is; None if the neurons have it by themselves."""
        return self.zoo.loss(self.learning.loss) if self.learning.loss else None

    def ways(self, kind: str) -> Ways:
        """The files by which a kind of projections learns."""
        choice, own = self.learning.of(kind), frozenset(self.learning.own.get(kind, Choice()).model_fields_set)
        if not choice.rule:
            place = f"learning.{kind if own else 'plastic'}.rule"
            remedy = f"name a file of rules/, or leave '{kind}' out of learning.learns"
            raise ZooError(self.path, place, "nothing says by which rule it learns", remedy)
        surrogate = self.zoo.surrogate(choice.surrogate) if choice.surrogate else None
        optimizer = self.zoo.optimizer(choice.optimizer) if choice.optimizer else None
        return Ways(choice, self.zoo.rule(choice.rule), surrogate, optimizer, self.path, kind, own)

    @property
    def files(self) -> dict[str, File]:
        """All that it names, by the field that does."""
        return {field: self.zoo.load(kind, name) for field, (kind, name) in self.stated.uses().items()}

    def structure(self, mode: str) -> list[Any]:
        """All that a compiled program of the experiment depends on: equations, wiring and times, no number.

        A number enters the program when it runs. In mode 'test' nothing learns, so that how it learns is left out.
        """
        files = {
            field: file.content()
            for field, file in self.files.items()
            if not field.startswith("encoders.") and (mode == "train" or not field.startswith("learning."))
        }
        for content in files.values():
            content["parameters"] = [line["name"] for line in content.get("parameters", ())]
        own = self.stated.content()
        keys = ["circuit", "neurons", "synapses", "states", "phases", "protocol", "precision"]
        return [files, {key: own[key] for key in [*keys, *(["learning"] if mode == "train" else [])]}, mode]

    def numbers(self) -> list[Any]:
        """All that a result of the experiment depends on, apart from data, sizes and seed."""
        return [self.stated.content(), *(file.content() for file in self.files.values())]


def missing_files(zoo: "Zoo", stated: ExperimentFile) -> list[ZooError]:
    """Files that an experiment names and that are not there."""
    missing = []
    for field, (kind, name) in stated.uses().items():
        if not zoo.has(kind, name):
            problem = f"there is no file {KINDS[kind][1]}/{name}.yaml"
            remedy = did_you_mean(name, zoo.names(kind), f"'brian2zoo list {kind}' names the files there are")
            missing.append(ZooError(stated.path, field, problem, remedy))
    return missing
