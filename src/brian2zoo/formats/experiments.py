"""The format of config/experiments: one network, how it learns, and its protocol."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from brian2zoo.errors import did_you_mean
from brian2zoo.formats import language
from brian2zoo.formats.files import File, Lines, Parameter
from brian2zoo.formats.language import Expression, Key, Name, NameOrNone, NameOrNull, Refused, quoted
from brian2zoo.formats.settings import CHOICES, Backend, values_of

NO_ENCODER = "_none"
"""Stands for the encoder of labels where there is none; no file can be called so."""


class Encoders(BaseModel):
    """Encoder of each population that receives data."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input: Name = Field(description="file in models/encoders/ for the units that receive the data")
    label: NameOrNull = Field(
        "",
        description="file in models/encoders/ for the units that receive the class; leave out if there are none",
    )

    @property
    def folder(self) -> str:
        """What the folder of data that are encoded by them is called."""
        return f"{self.input},{self.label or NO_ENCODER}"


class Protocol(BaseModel):
    """Times of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dt: Expression = Field(
        description="time step; all other times are whole multiples of it, a sample at most a million of them"
    )
    T_train: Expression = Field(description="duration of a training sample")
    T_test: Expression = Field(description="duration of a sample in the test after each epoch")
    T_final: Expression = Field(description="duration of a sample in the final test")
    T_answer: Expression = Field(
        "0*ms",
        description="time in a sample from which a graded answer counts, in the score and where equations name it",
    )
    delay: Expression = Field(
        "0*ms", description="transmission delay of every projection except noise; shorter than a sample"
    )
    rest: bool = Field(False, description="whether every sample starts from rest, as if it were a run of its own")
    order: Literal["balanced", "shuffled"] = Field(
        "balanced",
        description="of training samples: 'balanced', drawn with replacement, equally many of each class; 'shuffled',"
        " each"
        " once"
        " an epoch",
    )


class Score(BaseModel):
    """By what a sample is classified, from the answers of the output units: their spikes, their activity or membranes.

    Labels and a readout are fitted before each test, to the network as it then is and without learning.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    by: Literal["units", "assigned_labels", "linear_readout"] = Field(
        "units",
        description="'units': unit k stands for class k; 'assigned_labels': each unit stands for the class that it"
        " answers most, and a class scores by the mean of its units; 'linear_readout': ridge regression on all units."
        " By the last two there may be any number of output units",
    )
    samples: int = Field(
        10_000, ge=1, le=10**9, description="samples of the training split to fit labels or readout to; at most all"
    )


class Choice(BaseModel):
    """How a kind of projections learns."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: NameOrNull = Field("", description="file in rules/")
    surrogate: NameOrNull = Field(
        "", description="file in models/surrogates/, which stands in for the derivative of a spike in the rule's `psi`"
    )
    scale: Expression = Field(
        "1", description="unit of the distance from the threshold; may name the neuron's parameters"
    )
    optimizer: NameOrNull = Field("", description="file in models/optimizers/, for a rule that gives a gradient")
    filter: Literal["readout", "none"] = Field(
        "readout",
        description="for a rule that gives a gradient: 'readout' passes its eligibility through the filter by which the"
        " output integrates spikes, or through that of the loss; 'none' does not",
    )
    traces: Literal["neuron", "synapse"] = Field(
        "neuron",
        description="for a derived rule: where to keep traces that all synapses of a neuron share",
    )
    transmits: Literal["before", "after"] = Field(
        "after", description="whether a spike carries the weight as it was before the update it causes, or after"
    )


class Learning(BaseModel):
    """How a network learns: choices that are independent of each other.

    A key that is none of these is a kind of projections, and states what differs for it from `plastic`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    feedback: NameOrNull = Field(
        "",
        description="file in models/feedback/: how the error reaches the hidden layers; left out, they receive none and"
        " learn by rules that need none",
    )
    loss: NameOrNone = Field("", description="file in models/losses/; empty: the neurons compute the error themselves")
    learns: tuple[Name, ...] | None = Field(None, description="kinds of projections that learn; default: all that may")
    plastic: Choice = Field(Choice(), description="how they learn")
    __pydantic_extra__: dict[Name, Choice]

    @model_validator(mode="before")
    @classmethod
    def _kinds_of_projections(cls, stated: Any) -> Any:
        for key in stated if isinstance(stated, dict) else ():
            if key not in cls.model_fields and not isinstance(stated[key], dict | Choice):
                remedy = did_you_mean(str(key), cls.model_fields, f"known keys: {', '.join(cls.model_fields)}")
                raise Refused(f"unknown key {quoted(str(key))}", remedy, within=str(key))
            language.name(str(key))
        return stated

    @property
    def own(self) -> dict[str, Choice]:
        """What differs from `plastic`, by kind of projection."""
        return self.__pydantic_extra__ or {}

    def of(self, kind: str) -> Choice:
        """The choice for a kind of projections."""
        own = self.own.get(kind, Choice())
        return self.plastic.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    def changes(self, kind: str) -> bool:
        """Whether projections of a kind learn, if they may."""
        return self.learns is None or kind in self.learns


class ExperimentFile(File):
    """config/experiments: one network, how it learns, and its protocol."""

    paper: NameOrNone = Field("", description="key of the paper it reproduces, whose figures show it; empty: none")
    circuit: Name = Field(description="file in models/circuits/: who is wired to whom")
    learning: Learning = Field(Learning(), description="how the network learns; left out where no projection does")
    synapses: dict[Name, Name] = Field(
        description="file in models/synapses/ for each kind of projection; 'plastic' applies to all that learn and have"
        " no entry"
    )
    neurons: dict[Name, Name] = Field(description="file in models/neurons/ for each role of the circuit")
    encoders: Encoders
    states: dict[Key, Name] = Field(
        {}, description="for ROLE.VARIABLE, the file in models/states/ that says how the variable is stored"
    )
    phases: dict[Literal["train", "test"], Name] = Field(
        {}, description="file in models/phases/ for each mode, where the circuit is synfire"
    )
    protocol: Protocol
    score: Score = Score()
    precision: Literal["double", "single"] = Field(
        "double",
        description="of weights and states; 'single' halves their memory; times and shared values stay double",
    )
    backend: Backend = Field("dense", description="where it runs; a setting `backend=...` replaces it")
    weights: Lines = Field(
        (),
        description="initial or fixed weights of each kind of projection: `uniform(a)` draws in ±a, `normal(s)` with"
        " deviation s, `centred(w)` subtracts the mean over the presynaptic side; `N_pre`, `N_post`, `N_input`,"
        " `N_hidden` (of all hidden layers) and `N_output` are sizes; a weight outside the bounds of its store is"
        " refused",
    )
    parameters: Lines = Field(
        (),
        description="numbers that differ from those of the files: `SCOPE.NAME = VALUE`. Scopes are `rule`, `surrogate`,"
        " `optimizer`, `loss`, `feedback`, `synapse`, `state`, a role of `neurons`, or a kind of projection, which"
        " takes"
        " precedence",
    )

    @field_validator("weights", "parameters")
    @classmethod
    def _without_domains(cls, lines: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
        for line in lines:
            if line.domain:
                problem = f"the domain '[{line.domain}]' is for the file that declares a parameter to state"
                raise Refused(problem, "take it away here", within=line.name)
        return lines

    def uses(self) -> dict[str, tuple[str, str]]:
        """Kind and name of the files it names, by the field that names them."""
        learning = self.learning
        found = {"circuit": ("circuit", self.circuit)}
        found |= {"learning.feedback": ("feedback", learning.feedback), "learning.loss": ("loss", learning.loss)}
        for kind, choice in {"plastic": learning.plastic, **learning.own}.items():
            for what in ("rule", "surrogate", "optimizer"):
                found[f"learning.{kind}.{what}"] = (what, getattr(choice, what))
        fields = (("synapses", "synapse"), ("neurons", "neuron"), ("states", "state"), ("phases", "phases"))
        for field, kind in fields:
            found |= {f"{field}.{role}": (kind, name) for role, name in getattr(self, field).items()}
        found |= {f"encoders.{population}": ("encoder", name) for population, name in self.encoders}
        return {field: file for field, file in found.items() if file[1]}

    def overrides(self, scope: str) -> dict[str, str]:
        """Parameter expressions given under a scope, by name."""
        lines = ((*line.name.partition("."), line.value) for line in self.parameters)
        return {name: value for where, _, name, value in lines if where == scope}

    def with_setting(self, setting: str) -> "ExperimentFile":
        """The experiment with parameters replaced.

        Parameters
        ----------
        setting : ``scope.name=value`` joined by colons, such as ``synapse.bits=4``, among them perhaps
            ``backend=NAME``; 'default' for none.
        """
        lines = {line.name: line for line in self.parameters}
        chosen, learning = self.backend, self.learning
        try:
            for name, value in values_of(setting).items():
                if name == "backend":
                    chosen = value
                elif name.startswith(CHOICES):
                    learning = _with_choice(learning, name.removeprefix(CHOICES), value)
                else:
                    lines[name] = Parameter(name=name, value=value, meaning="setting of this run")
        except Refused as error:
            raise error.at("setting") from None
        return self.model_copy(update={"parameters": tuple(lines.values()), "backend": chosen, "learning": learning})


def _with_choice(learning: Learning, place: str, value: str) -> Learning:
    """Learning with one choice replaced, `Refused` if there is none at that place."""
    key_, _, inner = place.partition(".")
    stated = learning.model_dump(exclude_unset=True)
    known: Iterable[str] = Learning.model_fields
    if key_ == "plastic" or (inner and key_ not in known):
        known = Choice.model_fields
        chosen = {**stated.get(key_, {}), inner: value}
    else:
        chosen, inner = value, place
    if inner not in known:
        raise Refused(f"'{CHOICES}{place}' is no choice", did_you_mean(inner, known, f"choices: {', '.join(known)}"))
    try:
        return Learning.model_validate({**stated, key_: chosen})
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(
            f"{quoted(value)} cannot be '{CHOICES}{place}': {first['msg']}", "see docs/reference/experiments.md"
        ) from None
