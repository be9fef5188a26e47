"""The formats of the text files: which keys each kind has, and what they may hold.

A file is YAML. Equations and statements are blocks of Brian2 strings; parameters are blocks of lines
``name = value [domain]  # meaning``.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
)

from brian2zoo.errors import did_you_mean
from brian2zoo.language import (
    DomainText,
    Equations,
    Expression,
    Key,
    Line,
    Name,
    NameOrNone,
    Prose,
    Refused,
    Statements,
    domain,
    expression,
    key,
    prose,
    quoted,
)

_PARAMETER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


class Parameter(BaseModel):
    """One line ``name = value [domain]  # meaning``. No number depends on the domain, which refuses values."""

    model_config = ConfigDict(frozen=True)

    name: Key
    value: Expression
    domain: DomainText = Field("", exclude=True)
    meaning: Prose = ""

    @property
    def code(self) -> str:
        """The line without its name and meaning."""
        return f"{self.value} [{self.domain}]" if self.domain else self.value

    def __str__(self) -> str:
        return f"{self.name} = {self.code}" + (f"  # {self.meaning}" if self.meaning else "")


def parse_lines(block: Any) -> Any:
    """Parameters of a block of lines, in order. ValueError names the line that is malformed."""
    if not isinstance(block, str):
        return block
    found: dict[str, Parameter] = {}
    for line in prose(block).split("\n"):
        code, _, meaning = line.partition("#")
        name, equals, right = (part.strip() for part in code.partition("="))
        value, bracket, inside = (part.strip() for part in right.partition("["))
        if not code.strip():
            continue
        closed = not bracket or inside.endswith("]")
        if not equals or not value or "=" in value or not closed or not _PARAMETER.fullmatch(name):
            raise Refused(f"malformed line {quoted(line)}", "write 'name = value [domain]  # meaning'")
        if name in found:
            raise Refused(f"'{name}' is given twice", "keep one of the lines")
        try:
            of = {"value": expression(value), "domain": domain(inside.removesuffix("]").strip())}
            found[name] = Parameter(name=key(name), meaning=prose(meaning.strip()), **of)
        except Refused as error:
            raise Refused(error.problem, error.remedy, within=name) from None
    return tuple(found.values())


Lines = Annotated[
    tuple[Parameter, ...],
    BeforeValidator(parse_lines),
    WithJsonSchema({"type": "string", "description": "lines: name = value [domain]  # meaning"}),
]


def as_dict(lines: tuple[Parameter, ...]) -> dict[str, str]:
    """Expressions by name."""
    return {line.name: line.value for line in lines}


class File(BaseModel):
    """What every kind of file has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line = Field(description="one line: what it is")
    reference: Line = Field("", description="where it comes from: a DOI, an arXiv number")
    notes: Prose = Field("", description="what a reader should know; no number depends on it")
    extends: NameOrNone = Field("", description="another file of the same kind; this one states what differs")
    merges: tuple[Key, ...] = Field(
        (),
        description="blocks of statements that state only what differs, too: a line replaces the one that assigns to"
        " the same variable, or comes last",
    )

    name: NameOrNone = Field("", exclude=True, description="file name without .yaml; set on loading")
    path: Path = Field(Path(), exclude=True)

    def content(self) -> dict[str, Any]:
        """All a number can depend on: without titles, notes, comments and white space."""
        data = self.model_dump(exclude={"title", "reference", "notes", "extends", "merges"}, mode="json")
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

    equations: Equations = Field(description="Brian2 equations, one a line: ODEs, subexpressions, variables")
    threshold: Expression = Field("", description="condition for a spike; empty: the unit never spikes")
    reset: Statements = Field("", description="statements run when it spikes")
    refractory: Expression = Field("", description="refractory period")
    method: Literal["", "exact", "euler", "exponential_euler", "rk2", "rk4", "heun", "milstein"] = Field(
        "", description="integration; needed where there is an ODE"
    )
    initial: Statements = Field("", description="statements run once, before the first step; not random")
    data: Expression = Field(
        "",
        description="unit of 'data', '1' if none; empty: the unit is given no data; 'events': it is given any number of"
        " spike times a sample, where 'data' is the place of the first in a list and event_time(n) the n-th of it,"
        " since the onset, infinite after the last of the sample",
    )
    on_sample: Statements = Field("", description="statements run at the onset of a sample; 'data' is its value")
    each_step: Statements = Field("", description="statements run after the equations, before the threshold")
    graded: NameOrNone = Field("", description="the variable that is the answer of a unit which never spikes")
    keeps: tuple[Name, ...] = Field(
        (),
        description="variables that go on from run to run of a training or a test, as the weights do, and that `rest`"
        " leaves alone",
    )
    forward: Statements = Field("", description="rate units: statements run when the summed input is complete")
    backward: Statements = Field("", description="rate units: statements run when the error from above is complete")
    parameters: Lines = Field((), description="constants")


class Axon(BaseModel):
    """What a synapse model keeps once for all synapses of a neuron."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: Equations = Field(
        description="equations of the presynaptic neuron; strings of the synapse call them X_pre"
    )
    at_spike: Statements = Field("", description="statements run when that neuron spikes, whenever the spike arrives")


class SynapseModel(File):
    """models/synapses: how a weight is stored, written and read."""

    state: Equations = Field(description="Brian2 equations of one synapse")
    axon: Axon | None = Field(None, description="what the synapses of a presynaptic neuron share")
    draw: Statements = Field("", description="statements run first at a presynaptic spike, before the rule")
    write: Statements = Field("", description="statements that put the change dw into the store; empty: not plastic")
    read: Statements = Field("", description="statements that transmit a presynaptic spike; '+=' only")
    backward: Equations = Field("", description="equations added where the projection also returns the error")
    as_read: Name = Field("w", description="variable that these read: the weight, or what the device makes of it")
    method: Literal["", "exact", "euler"] = Field(
        "", description="integration of `state`; needed where an equation there is (clock-driven)"
    )
    parameters: Lines = Field((), description="constants")


class Variables(BaseModel):
    """Equations a rule adds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: Equations = ""
    post: Equations = ""
    synapse: Equations = ""
    within: Equations = Field("", description="added to synapses within a layer, from its neurons to each other")


class Jumps(BaseModel):
    """Statements a rule adds to what a neuron does when it spikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: Statements = ""
    post: Statements = ""


class InfluenceRule(BaseModel):
    """How a rule follows what every weight does to every neuron of the layer it leads to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: Equations = Field(
        description="equations of one weight's influence on one neuron, X_post; X_pre is of the weight's synapse, `own`"
        " 1 for the neuron it leads to, else 0; sums 'X_pre = ... (summed)' over the neurons go to that synapse"
    )
    coupling: Equations = Field(
        "", description="sums over neurons, 'X_post = ... (summed)', through synapses within the layer of weight w"
    )
    on_arrival: Statements = Field(
        "", description="statements when the spikes of a step have arrived, and sums of `coupling`"
    )
    each_step: Statements = Field("", description="statements at every step, after those of the synapses")
    most: int = Field(description="most couplings, a weight times the square of the neurons, that a network may have")


Backend = Literal["dense", "cpp", "genn", "genn_cpu", "cuda"]
BACKENDS: tuple[Name, ...] = get_args(Backend)
ON_GPU = ("genn", "cuda")
ProjectionKind = Literal["input_hidden", "recurrent", "hidden_hidden", "hidden_output"]
PLASTIC_KINDS: tuple[Name, ...] = get_args(ProjectionKind)


class Origin(BaseModel):
    """The equations that a rule was derived from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    neuron: Name = Field(description="file in models/neurons/")
    synapse: Name = Field(description="file in models/synapses/")
    fingerprint: Key = Field(description="of their equations as they were then")


class Rule(File):
    """rules: what change of a weight a rule asks for, and when; or its traces, from which the change is composed."""

    derived: Literal["", "block_diagonal", "snap1", "full"] = Field(
        "",
        description="it is derived from the neuron it trains, when it is composed. What of the Jacobian is kept: "
        "'block_diagonal', a neuron's own dynamics; 'snap1', its synapse onto itself too; 'full', all of the layer",
    )
    through: tuple[Name, ...] | None = Field(
        None,
        description="of a derived rule: variables whose reset is differentiated, by the surrogate; left out, those that"
        " the weight reaches in no other way",
    )
    eligibility: Expression = Field(
        "",
        description="derivative by the weight of the neuron's spike of a step, with psi_post for that of the threshold,"
        " or of its answer; times learning_signal_post it is the gradient that the optimizer is given",
    )
    variables: Variables = Field(
        Variables(),
        description="equations added to neurons and synapses; in `pre`, X_post is a parameter of the other neuron",
    )
    method: Literal["", "exact", "euler"] = Field(
        "", description="integration of the rule's ODEs; they read the neurons as they are before they move"
    )
    at_spike: Jumps = Field(Jumps(), description="statements a neuron runs when it spikes, after its reset")
    on_pre: Statements = Field("", description="statements at a presynaptic spike, ending in 'dw = ...'")
    on_post: Statements = Field("", description="statements at a postsynaptic spike")
    each_step: Statements = Field(
        "", description="statements at every step, after the neurons' equations, and after `elig`, the eligibility"
    )
    on_sample: Statements = Field("", description="statements once a sample, at the end of its first step")
    at_onset: Statements = Field(
        "", description="statements at the onset of a sample, about the one before; first of all"
    )
    influence: InfluenceRule | None = Field(
        None, description="what a weight does to other neurons of the layer too: a store for each weight and neuron"
    )
    keeps: tuple[Name, ...] = Field(
        (), description="variables of the synapse that go on from run to run of a training, as the weight does"
    )
    origin: Origin | None = Field(None, description="what it was derived from, where 'brian2zoo derive' wrote it")
    parameters: Lines = Field((), description="constants")

    @property
    def gives_gradient(self) -> bool:
        """Whether it says what a weight does, and an optimizer what follows from that; else it asks for dw itself."""
        return bool(self.derived or self.eligibility)


class Feedback(File):
    """models/feedback: how the error reaches the hidden layers."""

    way: Literal["direct_random", "layerwise_random", "local", "symmetric"] = Field(
        description="'symmetric', through the forward weights; 'layerwise_random', layer by layer through fixed random"
        " weights; 'direct_random', through such from the output to every layer; 'local', from a readout of each layer"
    )
    returned: Expression = Field(
        "", description="by what a symmetric error returns, an expression of the weight w as it is read; empty: by w"
    )
    parameters: Lines = Field((), description="constants")


Backend = Literal["dense", "cpp", "genn", "genn_cpu", "cuda"]
BACKENDS: tuple[Name, ...] = get_args(Backend)
ON_GPU = ("genn", "cuda")


class Encoder(File):
    """models/encoders: from a pixel x in [0, 1), or the time x of an event, to the value an input unit is given."""

    unit: Expression = Field(description="unit of the result, '1' if none")
    encode: Expression = Field(description="expression of x")
    channel: Expression = Field(
        "", description="of events: expression of 'unit', the number of the input unit that gets it; empty: for images"
    )
    parameters: Lines = Field((), description="constants")


class StateFormat(File):
    """models/states: how a neuron's state variable x is stored, as a wrapper any neuron accepts."""

    each_step: Statements = Field("", description="statements that put x on its grid, after each step")
    on_sum: Statements = Field(
        "", description="rate units: statements run when the sum x is complete, before it is used"
    )
    parameters: Lines = Field(
        (), description="constants; x_NAME is VARIABLE_NAME in an experiment, or state.x_NAME for all"
    )


class Surrogate(File):
    """models/surrogates: what stands for the derivative of a spike by the distance to its threshold."""

    derivative: Expression = Field(
        description="expression of x, by how much the threshold is exceeded, in multiples of the experiment's `scale`"
    )
    smooth: Expression = Field(
        "", description="a spike that is smooth in x and has this derivative, for tests by differences"
    )
    parameters: Lines = Field((), description="constants")


class Filter(BaseModel):
    """What an eligibility passes before it meets the error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    equations: Equations = Field(description="equations of a synapse, linear")
    input: Name = Field(description="the variable to which the eligibility of a step is added")
    output: Name = Field(description="the variable that meets the error")


class Loss(File):
    """models/losses: what the units that give the answer are told."""

    equations: Equations = Field(
        description="equations added to an answering unit, among them 'learning_signal', the derivative of the loss by"
        " its answer; ANSWER is the answer, 'target' what it should be"
    )
    at_spike: Statements = Field(
        "", description="statements at a spike of an answering unit, where spikes are the answer"
    )
    filter: Filter | None = Field(
        None, description="that of the loss, where a part of it is taken on the eligibility; else it is the readout's"
    )
    parameters: Lines = Field((), description="constants")


class Optimizer(File):
    """models/optimizers: from the gradient 'grad', summed over samples, to the change of a weight."""

    each: Literal["batch", "step"] = Field(
        "batch",
        description="'step': 'grad' is that of a step, and the update is made in it; 'batch': 'due' is 1 if it is time",
    )
    unit: Expression = Field("1", description="unit of the weights it is for; 'grad' has its inverse")
    state: Equations = Field("", description="equations added to a synapse")
    update: Statements = Field(
        description="statements ending in 'dw = ...'; of a batch at the onset of the next sample"
    )
    keeps: tuple[Name, ...] = Field((), description="variables of the state that go on from run to run")
    parameters: Lines = Field((), description="constants; 'batch' is the number of samples an update")


class Place(BaseModel):
    """Where a population of a synfire circuit belongs."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Name = Field(description="key of the experiment's `neurons`")
    layer: Literal["input", "hidden", "output"] = Field(description="the layer whose size it has")


class Matrix(BaseModel):
    """Weights of all-to-all projections between layers; every projection of a matrix has a copy of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ProjectionKind = Field(description="kind of projection, which says who draws it and whether it learns")
    transposed_of: NameOrNone = Field("", description="the matrix it is the transpose of; empty: it is drawn itself")
    sign: Literal[1, -1] = Field(1, description="-1: the negative of that transpose")
    fixed: bool = Field(False, description="true: it stays as drawn, whatever the rule says")


class Firing(BaseModel):
    """How a population comes to fire in a phase."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    gate: tuple[Name, ...] = Field((), description="kinds of projection from the gate of the phase")
    inputs: dict[Key, Name] = Field(
        {}, description="POPULATION@PHASE, whose spikes of an earlier phase arrive: a matrix or a kind of projection"
    )


class Phase(BaseModel):
    """One time step of a synfire circuit."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    meaning: Prose = Field("", description="what is computed; no number depends on it")
    fires: dict[Name, Firing] = Field({}, description="populations that may fire in this phase")
    silences: tuple[Name, ...] = Field((), description="populations the gate inhibits against left-over input")
    reward: bool = Field(False, description="whether the gate gives the reward of the learning rule")


class PhaseTable(File):
    """models/phases: an algorithm as a table of phases, one time step each, opened by a ring of gates."""

    populations: dict[Name, Place] = Field(description="the populations, in order")
    matrices: dict[Name, Matrix] = Field(description="weights between the layers")
    phases: dict[int, Phase] = Field(description="what happens in each phase, numbered from 1")
    answer: int = Field(description="the phase in which population 'output' gives the answer")
    membrane: NameOrNone = Field("", description="variable of 'output' that is recorded in the test as a graded answer")


class Encoders(BaseModel):
    """Encoder of each population that receives data."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input: Name
    label: Name


class Protocol(BaseModel):
    """Times of an experiment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    dt: Expression = Field(description="time step")
    T_train: Expression = Field(description="duration of a training sample")
    T_test: Expression = Field(description="duration of a sample in the test after each epoch")
    T_final: Expression = Field(description="duration of a sample in the final test")
    T_answer: Expression = Field(
        "0*ms", description="from when on in a sample a graded answer counts; equations may name it"
    )
    delay: Expression = Field("0*ms", description="transmission delay of every projection but the noise")
    rest: bool = Field(False, description="whether every sample starts as a run does, whatever came before it")
    order: Literal["balanced", "shuffled"] = Field(
        "balanced", description="training samples: drawn with replacement, equally many of each class; or each once"
    )


class Choice(BaseModel):
    """How a kind of projections learns."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    rule: NameOrNone = Field("", description="file in rules/")
    surrogate: NameOrNone = Field(
        "", description="file in models/surrogates/, which stands for the derivative of a spike in the rule's `psi`"
    )
    scale: Expression = Field(
        "1", description="distance from the threshold that is 1 to the surrogate; it may name the neuron's parameters"
    )
    optimizer: NameOrNone = Field("", description="file in models/optimizers/, of a rule that gives a gradient")
    filter: Literal["readout", "none"] = Field(
        "readout",
        description="of a rule that gives a gradient by the error at the output: whether its eligibility passes the"
        " filter by which the output takes in spikes, or that of the loss",
    )
    traces: Literal["neuron", "synapse"] = Field(
        "neuron",
        description="of a derived rule: traces are the neuron's where its synapses have them in common, or not",
    )
    transmits: Literal["before", "after"] = Field(
        "after", description="whether a spike carries the weight as it was before the update it causes, or after"
    )


class Learning(BaseModel):
    """How a network learns: choices that are independent of each other."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    feedback: Name = Field(description="file in models/feedback/: how the error reaches the hidden layers")
    loss: NameOrNone = Field("", description="file in models/losses/; empty: the neurons have the error by themselves")
    learns: tuple[ProjectionKind, ...] = Field(PLASTIC_KINDS, description="kinds of projections that learn")
    plastic: Choice = Field(description="how they do")
    input_hidden: Choice = Field(Choice(), description="of one kind, what differs from that")
    hidden_hidden: Choice = Field(Choice(), description="as input_hidden")
    recurrent: Choice = Field(Choice(), description="as input_hidden")
    hidden_output: Choice = Field(Choice(), description="as input_hidden")

    def of(self, kind: str) -> Choice:
        """The choice for a kind of projections."""
        own = getattr(self, kind)
        return self.plastic.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


class Experiment(File):
    """config/experiments: one network, how it learns, and its protocol."""

    paper: NameOrNone = Field(
        "", description="key of the paper it reproduces, in whose figures it is drawn; empty: of none"
    )
    circuit: Literal["direct_feedback", "layerwise", "synfire", "recurrent"] = Field(description="who is wired to whom")
    learning: Learning = Field(description="how it learns")
    synapses: dict[Name, Name] = Field(
        description="file in models/synapses/ for 'plastic', or one kind that learns, and each kind that does not"
    )
    neurons: dict[Name, Name] = Field(description="file in models/neurons/ for each role of the circuit")
    encoders: Encoders = Field(description="file in models/encoders/ for input and label")
    states: dict[Key, Name] = Field({}, description="role.variable: file in models/states/")
    phases: dict[Literal["train", "test"], Name] = Field(
        {}, description="file in models/phases/ for each mode, where the circuit is synfire"
    )
    protocol: Protocol = Field(description="times, as expressions with units")
    precision: Literal["double", "single"] = Field(
        "double", description="of weights and states; times are always double"
    )
    backend: Backend = Field("dense", description="where it runs; a setting `backend=...` replaces it")
    weights: Lines = Field((), description="initial or fixed weights of each kind of projection")
    parameters: Lines = Field((), description="overrides: scope.name = value")

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
        found = {"learning.feedback": ("feedback", learning.feedback), "learning.loss": ("loss", learning.loss)}
        for kind in ("plastic", *PLASTIC_KINDS):
            choice = getattr(learning, kind)
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

    def with_setting(self, setting: str) -> "Experiment":
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


CHOICES = "learning."
"""Of a setting: what begins so makes another choice of files, and so another program."""


def _with_choice(learning: Learning, place: str, value: str) -> Learning:
    """Learning with one choice replaced, `Refused` if there is none at that place."""
    key_, _, inner = place.partition(".")
    stated = learning.model_dump(exclude_unset=True)
    known: Iterable[str] = Learning.model_fields
    if key_ in known and isinstance(getattr(learning, key_), Choice):
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
        raise Refused(f"{quoted(value)} cannot be '{CHOICES}{place}': {first['msg']}", "see config/README.md") from None


_LONGEST_SETTING = 200
_JOINT = ":"
"""Between the parts of a setting; not a comma: on a cluster Snakemake gives a job its wildcards joined by commas."""


def parts_of(setting: str) -> list[str]:
    """The ``name=value`` of a setting."""
    return [] if setting == "default" else setting.split(_JOINT)


def values_of(setting: str) -> dict[str, str]:
    """Values of a setting by ``scope.name``, and perhaps ``backend``; `Refused` if it is none."""
    if "," in setting:
        raise Refused(f"{quoted(setting)} has a comma", "join by colons: synapse.bits=4:rule.eta=1*nS")
    if re.search(r"[/\s]", setting) or len(setting) > _LONGEST_SETTING:
        remedy = f"write decimal numbers and no spaces; {_LONGEST_SETTING} characters at most"
        raise Refused(f"{quoted(setting)} cannot be the name of a folder, as every setting is", remedy)
    values = {}
    for part in parts_of(setting):
        name, equals, value = part.partition("=")
        if name == "backend" and value not in BACKENDS:
            remedy = did_you_mean(value, BACKENDS, f"backends: {', '.join(BACKENDS)}")
            raise Refused(f"there is no backend {quoted(value)}", remedy)
        dots = name.count(".")
        named = name == "backend" or dots == 1 or (dots == 2 and name.startswith(CHOICES))
        if not equals or not named or not expression(value) == value != "":
            raise Refused(f"{quoted(part)} is not a setting", "write scope.name=value, e.g. synapse.bits=4")
        values[key(name)] = value
    return values


def _setting(text: str) -> str:
    values_of(text)
    return text


Setting = Annotated[str, AfterValidator(_setting)]


def joined(parts: Iterable[str]) -> str:
    """A setting of ``name=value`` parts; 'default' of none."""
    return _JOINT.join(parts) or "default"


def choices_of(setting: str) -> str:
    """What of a setting makes another program; 'default' of none."""
    return joined(part for part in parts_of(setting) if part.startswith(CHOICES))


def numbers_of(setting: str) -> str:
    """A setting without where it runs: what of it changes results."""
    return joined(part for part in parts_of(setting) if not part.startswith("backend="))


def plain_store(synapse: SynapseModel) -> bool:
    """Whether a synapse keeps and transmits its weight just as it is."""
    return not synapse.draw and synapse.write.split() == ["w", "=", "w", "+", "dw"]
