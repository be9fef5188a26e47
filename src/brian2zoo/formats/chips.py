"""Formats of chips and of where a network is put on one.

The files lie in models/chips and models/placements.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, WithJsonSchema, model_validator

from brian2zoo.errors import did_you_mean
from brian2zoo.formats.files import File
from brian2zoo.formats.language import Expression, Key, Line, Name, NameOrNone, Prose, Refused, quoted

Certainty = Literal["published", "corroborated", "derived", "inferred", "memory"]
"""In the source itself; in a second source that quotes it; worked out from such numbers; concluded from behaviour or
code; from memory, unverified."""


class Fact(BaseModel):
    """A number of a chip, and where it comes from: a file that extends another states all of it or nothing."""

    merges_by_key: ClassVar[bool] = False
    model_config = ConfigDict(frozen=True, extra="forbid")
    value: Annotated[Expression, BeforeValidator(str), WithJsonSchema({"type": ["string", "number"]})] = Field(
        description="expression with its unit"
    )
    source: Line = Field(description="key of the file's `sources`")
    sure: Certainty = Field(description="how sure it is")
    note: Prose = Field("", description="condition under which it holds")


_COUNT = "whole, >= 1"
_COUNT_OR_NONE = "whole, >= 0"


def _fact(unit: str, meaning: str, domain: str = ">= 0") -> Any:
    return Field(None, description=meaning, json_schema_extra={"unit": unit, "domain": domain})


class ChipNumbers(BaseModel):
    """Numbers of a spiking chip. One that nobody has published is left out; what needs it says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    chips: Fact | None = _fact("1", "chips of the largest system", _COUNT)
    cores: Fact | None = _fact("1", "cores of a chip", _COUNT)
    columns: Fact | None = _fact("1", "tiles of the mesh in x", _COUNT)
    rows: Fact | None = _fact("1", "tiles of the mesh in y", _COUNT)
    cores_per_tile: Fact | None = _fact("1", "cores that share a router", _COUNT)
    neurons_per_core: Fact | None = _fact("1", "neurons, or compartments, of a core", _COUNT)
    states_per_neuron: Fact | None = _fact(
        "1", "state variables of one of these; a neuron with more takes several", _COUNT
    )
    axons_in_per_core: Fact | None = _fact("1", "presynaptic neurons that a core can listen to", _COUNT)
    axons_out_per_core: Fact | None = _fact("1", "destinations that the neurons of a core can send to", _COUNT)
    axons_out_per_neuron: Fact | None = _fact("1", "destinations that a neuron can send to", _COUNT)
    synapses_per_core: Fact | None = _fact("1", "synapses of a core, where they are not words of a memory", _COUNT)
    synaptic_memory: Fact | None = _fact("1", "synaptic memory of a core, bits", _COUNT)
    synapse_word: Fact | None = _fact("1", "bits to whose multiple a block of synapses is rounded up", _COUNT)
    synapse_block: Fact | None = _fact("1", "synapses of one axon that share a header", _COUNT)
    synapse_header: Fact | None = _fact("1", "bits of the header of a block", _COUNT_OR_NONE)
    index_bits: Fact | None = _fact("1", "bits that name the target, where not all neurons are targets", _COUNT_OR_NONE)
    delay_bits: Fact | None = _fact("1", "bits of a delay, where there is one", _COUNT_OR_NONE)
    delay_steps: Fact | None = _fact("1", "longest delay beyond one step, steps", _COUNT_OR_NONE)
    tag_bits: Fact | None = _fact("1", "bits of a further variable of a synapse", _COUNT_OR_NONE)
    weight_bits: Fact | None = _fact("1", "bits of a weight, at most", _COUNT)
    energy_synop: Fact | None = _fact("joule", "one spike at one synapse")
    energy_neuron: Fact | None = _fact("joule", "update of a neuron that no spike has reached, one step")
    energy_neuron_active: Fact | None = _fact("joule", "update of a neuron that spikes have reached")
    energy_spike: Fact | None = _fact("joule", "a neuron fires")
    energy_message: Fact | None = _fact("joule", "a spike is sent to one core")
    energy_hop_x: Fact | None = _fact("joule", "a message goes on by a tile in x")
    energy_hop_y: Fact | None = _fact("joule", "a message goes on by a tile in y")
    energy_learn: Fact | None = _fact("joule", "the learning engine visits one synapse")
    time_synop: Fact | None = _fact("second", "one spike at one synapse")
    time_neuron: Fact | None = _fact("second", "update of a neuron that no spike has reached")
    time_neuron_active: Fact | None = _fact("second", "update of a neuron that spikes have reached")
    time_spike: Fact | None = _fact("second", "a neuron fires")
    time_message: Fact | None = _fact("second", "a core sends a spike to one core")
    time_message_in: Fact | None = _fact("second", "a core takes in a message")
    time_hop_x: Fact | None = _fact("second", "a message goes on by a tile in x")
    time_hop_y: Fact | None = _fact("second", "a message goes on by a tile in y")
    time_learn: Fact | None = _fact("second", "the learning engine visits one synapse")
    time_barrier: Fact | None = _fact("second", "synchronisation at the end of a step, one chip")
    time_barrier_board: Fact | None = _fact("second", "synchronisation at the end of a step, several chips")
    time_step: Fact | None = _fact("second", "a step, where it has a fixed length", "> 0")
    acceleration: Fact | None = _fact("1", "model time over real time, where there are no steps", "> 0")
    power_static: Fact | None = _fact("watt", "a chip that does nothing")


ANY, UNKNOWN = ("any",), ("unknown",)


def _named(stated: Any) -> Any:
    """A word for how many there are as the one of its kind; a list of names as it is, each of them once."""
    if isinstance(stated, str) and (stated,) in (ANY, UNKNOWN):
        return (stated,)
    if not isinstance(stated, list | tuple):
        raise Refused("this is no list of names", "write such as [x1, x2], or 'any', or 'unknown'")
    if twice := next((name for name in stated if list(stated).count(name) > 1), None):
        raise Refused(f"{quoted(str(twice))} is named twice", "keep one of them")
    return stated


_WORDS = {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"enum": [*ANY, *UNKNOWN]}]}
Slots = Annotated[tuple[Name, ...], BeforeValidator(_named), WithJsonSchema(_WORDS)]
"""What an engine calls the quantities of a kind that it has; `ANY` number of them, or `UNKNOWN` how many."""


def _slots(meaning: str) -> Any:
    return Field((), description=meaning)


class Engine(BaseModel):
    """What the learning of a chip works with. Of quantities of a kind that is left out it has none."""

    merges_by_key: ClassVar[bool] = False
    model_config = ConfigDict(frozen=True, extra="forbid")
    source: Line = Field(description="key of the file's `sources`")
    sure: Certainty = Field(description="how sure it is")
    note: Prose = Field("", description="what else is to be known of it")
    presynaptic_spike: Slots = _slots("1 where a presynaptic spike arrives: what `on_pre` asks for has it as a factor")
    postsynaptic_spike: Slots = _slots("1 at a postsynaptic spike, as `on_post` has it")
    every_step: Slots = _slots("1 in every step, as `each_step` has it")
    presynaptic_trace: Slots = _slots("decay exponentially, and jump at presynaptic spikes by a constant")
    postsynaptic_trace: Slots = _slots("the same of postsynaptic spikes")
    traces: tuple[Literal["added", "set"], ...] = Field(
        ("added", "set"),
        min_length=1,
        description="what a spike can do to a trace: add to it, or set it (the nearest spike alone)",
    )
    own_spike: Literal["before", "after"] | None = Field(
        None, description="whether a trace that is read at a spike of its own side is what it was before it, or after"
    )
    membrane: Slots = _slots("variables of the postsynaptic neuron by which it fires")
    postsynaptic_variable: Slots = _slots("any variables of the postsynaptic neuron")
    reward: Slots = _slots("what arriving spikes tell all neurons of a population alike, and no membrane")
    clock: Slots = _slots("the time")
    weight: Slots = _slots("the weight")
    epoch: int = Field(1, ge=1, description="most steps after which it learns once, of what has happened in them")
    tag: Slots = _slots("further variables of a synapse that the engine changes as it changes the weight")
    visits: Literal["sweep", "active"] = Field(
        "active", description="synapses that learning visits: every plastic one in each step, or those that spikes pass"
    )
    terms: int | None = Field(None, ge=1, description="most products of a sum; left out, not known or not limited")
    factors: int | None = Field(None, ge=1, description="most quantities in a product")
    transmits: Literal["before", "after"] | None = Field(
        None, description="whether a spike carries the weight as it was before the update it causes, or after"
    )


def _distinct(engine: Engine) -> None:
    """Refuse a name of two quantities; in place of a postsynaptic trace an engine may read another variable."""
    known: dict[str, str] = {}
    for key, slots in engine:
        named = isinstance(slots, tuple) and key != "traces" and slots not in (ANY, UNKNOWN)
        for name in slots if named else ():
            other = known.setdefault(name, key)
            if {key, other} not in ({key}, {"postsynaptic_trace", "postsynaptic_variable"}):
                raise Refused(f"'{name}' is named in {other} too", "rename one of them", f"engine.{key}")


class SpikingChip(File):
    """models/chips: a chip of spiking cores."""

    kind: Literal["spiking"] = Field(description="spiking: the format described here")
    learning: Literal["none", "sum_of_products", "fixed", "programmable"] = Field(
        description="what a chip can learn by: nothing, a sum of products of traces, one built-in rule, a program"
    )
    engine: Engine | None = Field(None, description="what its learning works with; left out, nobody has said")
    crossbar: bool = Field(False, description="an axon passes all neurons of its core, and is needed once a core")
    sources: dict[Line, Prose] = Field(description="where the numbers come from, by the key they name")
    numbers: ChipNumbers = Field(description="structure, energies, times; of one file that extends another, one by one")

    @model_validator(mode="after")
    def _engine_is_known(self) -> "SpikingChip":
        if self.engine is None:
            return self
        if self.learning == "none":
            raise Refused("a chip that does not learn has none", "take it away, or say how it learns", "engine")
        _distinct(self.engine)
        if self.engine.source not in self.sources:
            remedy = did_you_mean(self.engine.source, self.sources, f"known: {', '.join(self.sources)}")
            raise Refused(f"there is no source '{self.engine.source}'", remedy, "engine.source")
        return self


class PlacementPlan(File):
    """models/placements: on which cores somebody has put the populations of a network."""

    chip: Name = Field(description="the chip it is for")
    cores: dict[Key, tuple[int, int]] = Field(
        description="population, or '*' for all others: [FIRST, END]; of N neurons, ceil(N/(END - FIRST)) are on each"
    )
    chips_synchronised: int = Field(1, description="chips that wait for each other at the end of a step")


CHOICE = "kind"
"""Unit of a quantity that is no number but one of several words."""


class Quantity(BaseModel):
    """A number of a chip, or one for each value of a choice of its design."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: FiniteFloat | Line | dict[Line | int, FiniteFloat] = Field(
        description="the number, the choice, or a number a choice"
    )
    unit: Line
    meaning: Prose
    source: Line = Field(description="key of `sources`")
    by: NameOrNone = Field("", description="choice of the design that picks one of several values")
    like: NameOrNone = Field(
        "", description="quantity by which this one, given at the default technology, changes with it"
    )
    times: NameOrNone = Field("", description="quantity that multiplies this one")
    least: FiniteFloat | None = Field(None, description="smallest value that makes sense; 0 unless it is `signed`")
    most: FiniteFloat | None = Field(None, description="largest value that makes sense")
    whole: bool = Field(False, description="whether only whole numbers make sense")
    signed: bool = Field(False, exclude=True, description="whether it may be negative without a `least`")
    trained: Expression = Field(
        "",
        description="of a trained network: an expression of the design, and of the parameters of the synapse that"
        " learns and of the states",
    )

    def outside(self, value: float) -> str:
        """What there may be in place of a value that makes no sense, such as 'a number from 0 on'; '' if it does."""
        least = self.least if self.least is not None or self.signed else 0
        kind = "a whole number" if self.whole else "a number"
        low = "" if least is None else f" from {least:g}"
        high = (" on" if low else "") if self.most is None else f" to {self.most:g}"
        within = (least is None or value >= least) and (self.most is None or value <= self.most)
        return "" if within and (not self.whole or value == round(value)) else f"{kind}{low}{high} ({self.unit})"


def _picks(values: dict[Any, float], choice: Quantity, by: str, place: str) -> None:
    """Refuse values by a choice that the choice cannot pick, or of which it picks none as the file stands."""
    if isinstance(choice.value, dict):
        raise Refused(f"'{by}' is itself one value for each of a choice", "name a choice of one value", place)
    if not isinstance(choice.value, str):
        odd = [key for key in values if isinstance(key, str)]
        if odd:
            raise Refused(f"'{odd[0]}' is no whole number", f"write a value of '{by}', in {choice.unit}", place)
    if choice.value not in values:
        known = ", ".join(str(key) for key in values)
        raise Refused(f"there is none for {choice.value}, the file's own '{by}'", f"add one to {known}", place)


class ComputeInMemory(File):
    """models/chips: a chip whose arrays of memory cells multiply in place."""

    kind: Literal["compute_in_memory"] = Field(description="compute_in_memory: the format described here")
    sources: dict[Line, Prose] = Field(description="where the numbers come from, by the key they name")
    design: dict[Name, Quantity] = Field(description="what a designer chooses")
    quantities: dict[Name, Quantity] = Field(description="what technology and circuits make of it")

    @model_validator(mode="after")
    def _names_are_known(self) -> "ComputeInMemory":
        parts = {"design": self.design, "quantities": self.quantities}
        for field, name, quantity in ((f, n, q) for f, part in parts.items() for n, q in part.items()):
            for key, used, known in (
                ("source", quantity.source, self.sources),
                ("by", quantity.by or quantity.source, self.design if quantity.by else self.sources),
                ("like", quantity.like or quantity.source, self.quantities if quantity.like else self.sources),
                ("times", quantity.times or quantity.source, self.quantities if quantity.times else self.sources),
            ):
                if used not in known:
                    remedy = did_you_mean(used, known, f"known: {', '.join(known)}")
                    raise Refused(f"'{name}' has an unknown {key} '{used}'", remedy, f"{field}.{name}.{key}")
            if isinstance(quantity.value, str) and quantity.unit != CHOICE:
                problem = f"'{quantity.value}' is no number"
                raise Refused(problem, f"give a number, in {quantity.unit}", f"{field}.{name}.value")
            values = quantity.value.values() if isinstance(quantity.value, dict) else [quantity.value]
            for value in (value for value in values if not isinstance(value, str)):
                if wanted := quantity.outside(value):
                    problem = f"'{name}' is {value:g}, which is out of range"
                    raise Refused(problem, f"give {wanted}", f"{field}.{name}.value")
            if isinstance(quantity.value, dict) != bool(quantity.by):
                problem = f"'{name}' needs both `by` and several values, or neither"
                raise Refused(problem, "see the other lines", f"{field}.{name}.value")
            if isinstance(quantity.value, dict):
                _picks(quantity.value, self.design[quantity.by], quantity.by, f"{field}.{name}.value")
        for name, quantity in self.quantities.items():
            if quantity.like and not self.quantities[quantity.like].by:
                problem = f"'{quantity.like}' is one number, by which nothing changes"
                raise Refused(problem, "name a quantity with `by`", f"quantities.{name}.like")
            factors = [name]
            while factor := self.quantities[factors[-1]].times:
                if factor in factors:
                    problem = f"'{factor}' multiplies itself: {' * '.join([*factors, factor])}"
                    raise Refused(problem, "take one `times` away", f"quantities.{name}.times")
                factors.append(factor)
        both = sorted(self.design.keys() & self.quantities.keys())
        if both:
            problem = f"'{both[0]}' is in design and in quantities"
            raise Refused(problem, "keep one of the lines", f"quantities.{both[0]}")
        return self
