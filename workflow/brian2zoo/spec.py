"""The formats of the text files: which keys each kind has, and what they may hold.

A file is YAML. Equations and statements are blocks of Brian2 strings; parameters are blocks of lines
``name = value  # meaning``.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from brian2zoo.errors import ZooError, did_you_mean

_LINE = re.compile(r"^(?P<name>[A-Za-z_]\w*(\.[A-Za-z_]\w*)?)\s*=\s*(?P<value>[^#=]+?)\s*(#\s*(?P<meaning>.*))?$")


class Parameter(BaseModel):
    """One line ``name = value  # meaning``."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: str
    meaning: str = ""

    def __str__(self) -> str:
        return f"{self.name} = {self.value}" + (f"  # {self.meaning}" if self.meaning else "")


def parse_lines(block: Any) -> Any:
    """Parameters of a block of lines, in order. ValueError names the line that is malformed."""
    if not isinstance(block, str):
        return block
    found: dict[str, Parameter] = {}
    for line in block.splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.match(text)
        if match is None:
            raise ValueError(f"malformed line '{text}'|write 'name = value  # meaning'")
        parameter = Parameter(name=match["name"], value=match["value"], meaning=match["meaning"] or "")
        if parameter.name in found:
            raise ValueError(f"'{parameter.name}' is given twice|keep one of the lines")
        found[parameter.name] = parameter
    return tuple(found.values())


Lines = Annotated[
    tuple[Parameter, ...],
    BeforeValidator(parse_lines),
    WithJsonSchema({"type": "string", "description": "lines: name = value  # meaning"}),
]


def as_dict(lines: tuple[Parameter, ...]) -> dict[str, str]:
    """Expressions by name."""
    return {line.name: line.value for line in lines}


class File(BaseModel):
    """What every kind of file has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(description="one line: what it is")
    reference: str = Field("", description="where it comes from: a DOI, an arXiv number")
    notes: str = Field("", description="what a reader should know; no number depends on it")
    extends: str = Field("", description="another file of the same kind; this one states what differs")

    name: str = Field("", exclude=True, description="file name without .yaml; set on loading")
    path: Path = Field(Path(), exclude=True)

    def content(self) -> dict[str, Any]:
        """All a number can depend on: without titles, notes, comments and white space."""
        data = self.model_dump(exclude={"title", "reference", "notes", "extends"}, mode="json")
        return _canonical(data)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items() if k != "meaning"}
    if isinstance(value, list | tuple):
        return [_canonical(v) for v in value]
    if isinstance(value, str):
        lines = (re.sub(r"\s+", " ", line.split("#")[0]).strip() for line in value.splitlines())
        return "\n".join(line for line in lines if line)
    return value


def fingerprint(*contents: Any) -> str:
    """Short hash of what `content` methods returned; equal if no number can differ."""
    text = json.dumps(contents, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class NeuronModel(File):
    """models/neurons: equations of one unit."""

    equations: str = Field(description="Brian2 equations, one a line: ODEs, subexpressions, variables")
    threshold: str = Field("", description="condition for a spike; empty: the unit never spikes")
    reset: str = Field("", description="statements run when it spikes")
    refractory: str = Field("", description="refractory period")
    method: Literal["", "exact", "euler", "exponential_euler", "rk2", "rk4", "heun", "milstein"] = Field(
        "", description="integration; needed where there is an ODE"
    )
    initial: str = Field("", description="statements run once, before the first step; not random")
    data: str = Field(
        "",
        description="unit of 'data', '1' if none; empty: the unit is given no data; 'events': it is given any number of"
        " spike times a sample, where 'data' is the place of the first in a list and event_time(n) the n-th of it,"
        " since the onset, infinite after the last of the sample",
    )
    on_sample: str = Field("", description="statements run at the onset of a sample; 'data' is its value")
    each_step: str = Field("", description="statements run after the equations, before the threshold")
    graded: str = Field("", description="the variable that is the answer of a unit which never spikes")
    keeps: tuple[str, ...] = Field(
        (),
        description="variables that go on from run to run of a training or a test, as the weights do, and that `rest`"
        " leaves alone",
    )
    forward: str = Field("", description="rate units: statements run when the summed input is complete")
    backward: str = Field("", description="rate units: statements run when the error from above is complete")
    parameters: Lines = Field((), description="constants")


class Axon(BaseModel):
    """What a synapse model keeps once for all synapses of a neuron."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: str = Field(description="equations of the presynaptic neuron; strings of the synapse call them X_pre")
    at_spike: str = Field("", description="statements run when that neuron spikes, whenever the spike arrives")


class SynapseModel(File):
    """models/synapses: how a weight is stored, written and read."""

    state: str = Field(description="Brian2 equations of one synapse")
    axon: Axon | None = Field(None, description="what the synapses of a presynaptic neuron share")
    draw: str = Field("", description="statements run first at a presynaptic spike, before the rule")
    write: str = Field("", description="statements that put the change dw into the store; empty: not plastic")
    read: str = Field("", description="statements that transmit a presynaptic spike; '+=' only")
    backward: str = Field("", description="equations added where the projection also returns the error")
    as_read: str = Field("w", description="variable that these read: the weight, or what the device makes of it")
    parameters: Lines = Field((), description="constants")


class Needs(BaseModel):
    """Variables a rule reads from the neurons on either side."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: tuple[str, ...] = ()
    post: tuple[str, ...] = ()


class Variables(BaseModel):
    """Equations a rule adds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: str = ""
    post: str = ""
    synapse: str = ""


class Jumps(BaseModel):
    """Statements a rule adds to what a neuron does when it spikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: str = ""
    post: str = ""


class InfluenceRule(BaseModel):
    """How a rule follows what every weight does to every neuron of the layer it leads to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: str = Field(
        description="equations of one weight's influence on one neuron, X_post; X_pre is of the weight's synapse, `own`"
        " 1 for the neuron it leads to, else 0; sums 'X_pre = ... (summed)' over the neurons go to that synapse"
    )
    coupling: str = Field(
        "", description="sums over neurons, 'X_post = ... (summed)', through synapses within the layer of weight w"
    )
    on_arrival: str = Field("", description="statements when the spikes of a step have arrived, and sums of `coupling`")
    each_step: str = Field("", description="statements at every step, after those of the synapses")
    most: int = Field(description="most couplings, a weight times the square of the neurons, that a network may have")


Backend = Literal["dense", "cpp", "genn", "genn_cpu", "cuda"]
BACKENDS: tuple[str, ...] = get_args(Backend)
ON_GPU = ("genn", "cuda")
Feedback = Literal["direct_random", "layerwise_random", "local", "symmetric"]
FEEDBACK: tuple[str, ...] = get_args(Feedback)
ProjectionKind = Literal["input_hidden", "recurrent", "hidden_hidden", "hidden_output"]


class Rule(File):
    """rules: what change of a weight is asked for, and when."""

    feedback: Feedback = Field(description="how the error reaches the hidden layers")
    returned: str = Field(
        "", description="symmetric feedback: by what the error returns, an expression of the weight w as it is read"
    )
    transmits: Literal["before", "after"] = Field(
        "after", description="whether a spike carries the weight as it was before the update it causes, or after"
    )
    plastic: tuple[ProjectionKind, ...] = Field(
        ("input_hidden", "recurrent", "hidden_hidden", "hidden_output"), description="kinds of projections that learn"
    )
    needs: Needs = Field(Needs(), description="variables read from the neurons")
    variables: Variables = Field(
        Variables(),
        description="equations added to neurons and synapses; in `pre`, X_post is a parameter of the other neuron",
    )
    method: Literal["", "exact", "euler"] = Field(
        "", description="integration of the rule's ODEs; they read the neurons as they are before they move"
    )
    at_spike: Jumps = Field(Jumps(), description="statements a neuron runs when it spikes, after its reset")
    on_pre: str = Field("", description="statements at a presynaptic spike, ending in 'dw = ...'")
    on_post: str = Field("", description="statements at a postsynaptic spike")
    each_step: str = Field("", description="statements at every step, after the neurons' equations")
    on_sample: str = Field("", description="statements once a sample, at the end of its first step")
    at_onset: str = Field("", description="statements at the onset of a sample, about the one before; first of all")
    influence: InfluenceRule | None = Field(
        None, description="what a weight does to other neurons of the layer too: a store for each weight and neuron"
    )
    keeps: tuple[str, ...] = Field(
        (), description="variables of the synapse that go on from run to run of a training, as the weight does"
    )
    parameters: Lines = Field((), description="constants")


class Encoder(File):
    """models/encoders: from a pixel x in [0, 1), or the time x of an event, to the value an input unit is given."""

    unit: str = Field(description="unit of the result, '1' if none")
    encode: str = Field(description="expression of x")
    channel: str = Field(
        "", description="of events: expression of 'unit', the number of the input unit that gets it; empty: for images"
    )
    parameters: Lines = Field((), description="constants")


class StateFormat(File):
    """models/states: how a neuron's state variable x is stored, as a wrapper any neuron accepts."""

    each_step: str = Field("", description="statements that put x on its grid, after each step")
    on_sum: str = Field("", description="rate units: statements run when the sum x is complete, before it is used")
    parameters: Lines = Field(
        (), description="constants; x_NAME is VARIABLE_NAME in an experiment, or state.x_NAME for all"
    )


class Surrogate(File):
    """models/surrogates: what stands for the derivative of a spike by the distance to its threshold."""

    derivative: str = Field(
        description="expression of x, by how much the threshold is exceeded, in multiples of the rule's `scale`"
    )
    smooth: str = Field("", description="a spike that is smooth in x and has this derivative, for tests by differences")
    parameters: Lines = Field((), description="constants")


class Loss(File):
    """models/losses: what the units that give the answer are told."""

    equations: str = Field(
        description="equations added to an answering unit, among them 'learning_signal', the derivative of the loss by"
        " its answer; ANSWER is the answer, 'target' what it should be"
    )
    at_spike: str = Field("", description="statements at a spike of an answering unit, where spikes are the answer")
    parameters: Lines = Field((), description="constants")


class Optimizer(File):
    """models/optimizers: from the gradient 'grad', summed over samples, to the change of a weight."""

    each: Literal["batch", "step"] = Field(
        "batch",
        description="'step': 'grad' is that of a step, and the update is made in it; 'batch': 'due' is 1 if it is time",
    )
    state: str = Field("", description="equations added to a synapse")
    update: str = Field(description="statements ending in 'dw = ...'; of a batch at the onset of the next sample")
    keeps: tuple[str, ...] = Field((), description="variables of the state that go on from run to run")
    parameters: Lines = Field((), description="constants; 'batch' is the number of samples an update")


class Place(BaseModel):
    """Where a population of a synfire circuit belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: str = Field(description="key of the experiment's `neurons`")
    layer: Literal["input", "hidden", "output"] = Field(description="the layer whose size it has")


class Matrix(BaseModel):
    """Weights of all-to-all projections between layers; every projection of a matrix has a copy of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ProjectionKind = Field(description="kind of projection, which says who draws it and whether it learns")
    transposed_of: str = Field("", description="the matrix it is the transpose of; empty: it is drawn itself")
    sign: Literal[1, -1] = Field(1, description="-1: the negative of that transpose")
    fixed: bool = Field(False, description="true: it stays as drawn, whatever the rule says")


class Firing(BaseModel):
    """How a population comes to fire in a phase."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: tuple[str, ...] = Field((), description="kinds of projection from the gate of the phase")
    inputs: dict[str, str] = Field(
        {}, description="POPULATION@PHASE, whose spikes of an earlier phase arrive: a matrix or a kind of projection"
    )


class Phase(BaseModel):
    """One time step of a synfire circuit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    meaning: str = Field("", description="what is computed; no number depends on it")
    fires: dict[str, Firing] = Field({}, description="populations that may fire in this phase")
    silences: tuple[str, ...] = Field((), description="populations the gate inhibits against left-over input")
    reward: bool = Field(False, description="whether the gate gives the reward of the learning rule")


class PhaseTable(File):
    """models/phases: an algorithm as a table of phases, one time step each, opened by a ring of gates."""

    populations: dict[str, Place] = Field(description="the populations, in order")
    matrices: dict[str, Matrix] = Field(description="weights between the layers")
    phases: dict[int, Phase] = Field(description="what happens in each phase, numbered from 1")
    answer: int = Field(description="the phase in which population 'output' gives the answer")
    membrane: str = Field("", description="variable of 'output' that is recorded in the test as a graded answer")


class Encoders(BaseModel):
    """Encoder of each population that receives data."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input: str
    label: str


class Protocol(BaseModel):
    """Times of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dt: str = Field(description="time step")
    T_train: str = Field(description="duration of a training sample")
    T_test: str = Field(description="duration of a sample in the test after each epoch")
    T_final: str = Field(description="duration of a sample in the final test")
    T_answer: str = Field("0*ms", description="from when on in a sample a graded answer counts; equations may name it")
    delay: str = Field("0*ms", description="transmission delay of every projection but the noise")
    rest: bool = Field(False, description="whether every sample starts as a run does, whatever came before it")
    order: Literal["balanced", "shuffled"] = Field(
        "balanced", description="training samples: drawn with replacement, equally many of each class; or each once"
    )


class Experiment(File):
    """config/experiments: one network, its rule and its protocol."""

    paper: str = Field(description="key of the paper it reproduces")
    circuit: Literal["direct_feedback", "layerwise", "synfire", "recurrent"] = Field(description="who is wired to whom")
    rule: str = Field(description="file in rules/")
    rules: dict[ProjectionKind, str] = Field({}, description="another file in rules/ for a kind of projection")
    synapses: dict[str, str] = Field(
        description="file in models/synapses/ for 'plastic', or one kind that learns, and each kind that does not"
    )
    neurons: dict[str, str] = Field(description="file in models/neurons/ for each role of the circuit")
    encoders: Encoders = Field(description="file in models/encoders/ for input and label")
    states: dict[str, str] = Field({}, description="role.variable: file in models/states/")
    phases: dict[Literal["train", "test"], str] = Field(
        {}, description="file in models/phases/ for each mode, where the circuit is synfire"
    )
    protocol: Protocol = Field(description="times, as expressions with units")
    precision: Literal["double", "single"] = Field(
        "double", description="of weights and states; times are always double"
    )
    backend: Backend = Field("dense", description="where it runs; a setting `backend=...` replaces it")
    weights: Lines = Field((), description="initial or fixed weights of each kind of projection")
    parameters: Lines = Field((), description="overrides: scope.name = value")

    def rule_of(self, kind: str) -> str:
        """Name of the rule by which a kind of projection learns."""
        return self.rules.get(kind, self.rule)

    @property
    def all_rules(self) -> tuple[str, ...]:
        """Names of the rules, each once."""
        return tuple(dict.fromkeys((self.rule, *self.rules.values())))

    def with_setting(self, setting: str) -> "Experiment":
        """The experiment with parameters replaced.

        Parameters
        ----------
        setting : ``scope.name=value`` joined by colons, such as ``synapse.bits=4``, among them perhaps
            ``backend=NAME``; 'default' for none.
        """
        if "," in setting:
            raise ZooError("setting", "", f"'{setting}' has a comma", "join by colons: synapse.bits=4:rule.eta=1*nS")
        lines = {line.name: line for line in self.parameters}
        chosen = self.backend
        for part in parts_of(setting):
            name, equals, value = part.partition("=")
            if equals and name == "backend":
                if value not in BACKENDS:
                    remedy = did_you_mean(value, BACKENDS, f"backends: {', '.join(BACKENDS)}")
                    raise ZooError("setting", "", f"there is no backend '{value}'", remedy)
                chosen = value
                continue
            if not equals or "." not in name:
                raise ZooError(
                    "setting", "", f"'{part}' is not a setting", "write scope.name=value, e.g. synapse.bits=4"
                )
            lines[name] = Parameter(name=name, value=value, meaning="setting of this run")
        return self.model_copy(update={"parameters": tuple(lines.values()), "backend": chosen})


_JOINT = ":"
"""Between the parts of a setting; not a comma: on a cluster Snakemake gives a job its wildcards joined by commas."""


def parts_of(setting: str) -> list[str]:
    """The ``name=value`` of a setting."""
    return [] if setting == "default" else setting.split(_JOINT)


def joined(parts: Iterable[str]) -> str:
    """A setting of ``name=value`` parts; 'default' of none."""
    return _JOINT.join(parts) or "default"


def numbers_of(setting: str) -> str:
    """A setting without where it runs: what of it changes results."""
    return joined(part for part in parts_of(setting) if not part.startswith("backend="))


def plain_store(synapse: SynapseModel) -> bool:
    """Whether a synapse keeps and transmits its weight just as it is."""
    return not synapse.draw and synapse.write.split() == ["w", "=", "w", "+", "dw"]
