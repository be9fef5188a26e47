"""The format of models/phases: an algorithm as a table of phases."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from brian2zoo.formats.files import File
from brian2zoo.formats.language import Key, Name, NameOrNone, Prose


class Place(BaseModel):
    """Where a population of a synfire circuit belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Name = Field(description="key of the experiment's `neurons`")
    layer: Literal["input", "hidden", "output"] = Field(description="the layer whose size it has")


class Matrix(BaseModel):
    """Weights of all-to-all projections between layers; every projection of a matrix has a copy of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Name = Field(description="kind of projection, which decides how it is drawn and whether it learns")
    transposed_of: NameOrNone = Field("", description="the matrix whose transpose it is; empty: drawn by itself")
    sign: Literal[1, -1] = Field(1, description="-1: the negative of that transpose")
    fixed: bool = Field(False, description="true: it stays as drawn; the rule does not change it")


class Firing(BaseModel):
    """How a population comes to fire in a phase."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: tuple[Name, ...] = Field((), description="kinds of projection from the gate of the phase")
    inputs: dict[Key, Name] = Field(
        {},
        description="by POPULATION@PHASE, whose spikes arrive here: a matrix or a kind of projection",
    )


class Phase(BaseModel):
    """One time step of a synfire circuit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    meaning: Prose = Field("", description="what is computed; no number depends on it")
    fires: dict[Name, Firing] = Field({}, description="populations that may fire in this phase")
    silences: tuple[Name, ...] = Field((), description="populations that the gate inhibits, against left-over input")
    reward: bool = Field(False, description="whether the gate gives the reward of the learning rule")


class PhaseTable(File):
    """models/phases: an algorithm as a table of phases, one time step each, opened by a ring of gates."""

    populations: dict[Name, Place] = Field(description="the populations, in order")
    matrices: dict[Name, Matrix] = Field(description="weights between the layers")
    phases: dict[int, Phase] = Field(description="what happens in each phase, numbered from 1")
    answer: int = Field(description="the phase in which population 'output' gives the answer")
    membrane: NameOrNone = Field("", description="variable of 'output' that a test records as a graded answer")
