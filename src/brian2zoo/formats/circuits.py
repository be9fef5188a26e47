"""The format of models/circuits: who is wired to whom."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from brian2zoo.formats.files import File
from brian2zoo.formats.language import Expression, Name, NameOrNone, Pattern
from brian2zoo.formats.pairs import PairTable

LAYERS = ("input", "hidden", "output")
"""Roles of populations that are layers of the network; of hidden ones there is any number."""
NEXT, ITSELF = "next", "itself"


class PopulationPlan(BaseModel):
    """A population of a circuit, or one for each of some layers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    size: Expression = Field(
        "",
        description="number of neurons, an expression of `N_input`, `N_hidden` (of all hidden layers) and `N_output`;"
        " empty for a layer, and for a population beside layers that is as large as its layer",
    )
    beside: tuple[Name, ...] = Field(
        (),
        description="roles of layers: one such population stands beside each of these layers, and connects only with"
        " that layer and with what else is beside it",
    )
    name: Pattern = Field("", description="name of these populations, such as `*_noise`; * is the name of the layer")
    data: NameOrNone = Field("", description="what it receives for each sample, `input` or `label`; empty: nothing")
    only: Literal["", "train"] = Field("", description="'train': it exists only while the network learns")
    optional: bool = Field(False, description="true: left out where the experiment names no neuron for it")


class ProjectionPlan(BaseModel):
    """Projections: from each population of a role to each of another, and of what is beside a layer to that alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    through: tuple[Name, ...] = Field(
        (), description="roles of layers, each leading to the next; the projection from A to B is of kind A_B"
    )
    source: NameOrNone = Field("", description="role it starts from; 'next': the layer after the target")
    target: NameOrNone | tuple[Name, ...] = Field("", description="role it leads to, or several; 'itself': the source")
    pairs: Expression = Field(
        "",
        description="which neurons connect: a condition on `i` before and `j` after the synapse, `N_pre`, `N_post` and"
        " the sizes of layers, such as `i == j`, `i != j` or `rand() < 0.1`; empty: all",
    )
    inputs: Expression = Field(
        "",
        description="number of source neurons for each neuron of the target, an expression of sizes, drawn from those"
        " that `pairs` allows. Empty, or where there are fewer: all of these",
    )
    table: NameOrNone = Field(
        "",
        description="file models/pairs/NAME.csv that lists the connected neurons, in place of `pairs` and `inputs`",
    )
    sign: Expression = Field(
        "",
        description="factor of the weights, an expression of the same names and further columns of `table`; empty: 1",
    )
    copies: int = Field(
        1,
        ge=1,
        le=1000,
        description="number of equal parts of the source; weights are drawn for the first part, and repeated",
    )
    delay: Expression = Field(
        "0*ms",
        description="transmission delay; `delay` stands for that of the experiment's protocol. An expression of `i`,"
        " `j`, `rand()` or columns of `table` gives each synapse its own, rounded to whole steps",
    )
    learns: bool = Field(False, description="true: it may learn; the experiment says whether and how")
    only: Literal["", "train"] = Field("", description="'train': it exists only while the network learns")
    optional: bool = Field(
        False,
        description="true: left out where the experiment names no synapse for it, or no weights that the synapse needs,"
        " or where the target lacks the variables that the synapse sums",
    )

    @property
    def targets(self) -> tuple[str, ...]:
        """Roles that it leads to."""
        targets = (self.target,) if isinstance(self.target, str) else self.target
        return tuple(self.source if target == ITSELF else target for target in targets if target)


class ErrorPlan(BaseModel):
    """What a circuit has in addition where an error, or a reward, reaches layers that learn in some way."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    populations: dict[Name, PopulationPlan] = Field({}, description="as in the circuit")
    projections: dict[Name, ProjectionPlan] = Field({}, description="as in the circuit")
    reaches: tuple[Name, ...] = Field(
        ("hidden",), description="roles that receive it; left out where no projection onto them learns"
    )
    returns: tuple[Name, ...] = Field((), description="kinds of projections that return the error to their source")
    layers: int = Field(0, ge=0, le=100, description="number of layers that the error can reach; 0: any")


class RingPlan(BaseModel):
    """A ring of gates that opens what a table of phases lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gates: Name = Field(description="role of the gates")
    ring: Name = Field(description="kind of projection from gate to gate")
    from_gates: tuple[Name, ...] = Field(description="kinds of projections from a gate to a population")
    to_each: tuple[Name, ...] = Field(description="kinds of projections from unit to unit of two populations")
    silence: Name = Field(description="kind by which a gate silences a population")
    reward: Name = Field(description="kind by which a gate rewards a population")


class CircuitPlan(File):
    """models/circuits: who is wired to whom."""

    populations: dict[Name, PopulationPlan] = Field({}, description="by role, the name that an experiment uses")
    projections: dict[Name, ProjectionPlan] = Field(
        {}, description="by kind, the name that an experiment uses; a projection through layers may have any key"
    )
    feedback: dict[Literal["direct_random", "layerwise_random", "local", "reward", "symmetric"], ErrorPlan] = Field(
        {}, description="by the ways of feedback that it knows, what brings layers the error or a reward"
    )
    phases: RingPlan | None = Field(
        None, description="instead of these: populations and projections are those of the experiment's table of phases"
    )
    layers: int = Field(
        0, ge=0, le=100, description="number of layers of the network; 0: any, which is two without a hidden layer"
    )
    _tables: dict[str, PairTable] = PrivateAttr({})

    @property
    def tables(self) -> Mapping[str, PairTable]:
        """The tables of pairs that projections name, by name, if the file was loaded from a zoo."""
        return self._tables

    def with_tables(self, tables: Mapping[str, PairTable]) -> "CircuitPlan":
        """The circuit with what its tables of pairs say."""
        plan = self.model_copy()
        plan._tables = dict(tables)
        return plan

    @property
    def every_projection(self) -> Mapping[str, ProjectionPlan]:
        """All entries of projections, by the field that states them."""
        parts = {"projections": self, **{f"feedback.{way}.projections": each for way, each in self.feedback.items()}}
        return {f"{at}.{kind}": stated for at, part in parts.items() for kind, stated in part.projections.items()}

    def content(self) -> dict[str, Any]:
        """As of every file, and what the tables of pairs say."""
        tables = {name: table.digest for name, table in sorted(self.tables.items())}
        return super().content() | ({"tables": tables} if tables else {})
