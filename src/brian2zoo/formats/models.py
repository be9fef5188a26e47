"""The formats of models/: neurons, synapses, encoders, state formats, surrogates, losses, optimizers, feedback."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from brian2zoo.formats.files import File, Lines
from brian2zoo.formats.language import Equations, Expression, Name, NameOrNone, Statements

EVENT_DATA = "events"
"""What a neuron states as its `data` to be given events."""


class NeuronModel(File):
    """models/neurons: equations of one unit."""

    equations: Equations = Field(
        description="Brian2 equations, one a line: differential equations, subexpressions, variables"
    )
    threshold: Expression = Field("", description="condition for a spike; empty: the unit never spikes")
    reset: Statements = Field("", description="statements run at a spike")
    refractory: Expression = Field("", description="refractory period")
    method: Literal["", "exact", "euler", "exponential_euler", "rk2", "rk4", "heun", "milstein"] = Field(
        "", description="integration; required where there is a differential equation"
    )
    initial: Statements = Field("", description="statements run once, before the first step; not random")
    data: Expression = Field(
        "",
        description="unit of 'data', '1' if none; empty: the neuron receives no data; 'events': it receives any"
        " number of spike times a sample: 'data' is then the position of the first in a list, and event_time(n) the"
        " n-th of"
        " the"
        " list, counted from the onset, infinite after the last of the sample",
    )
    on_sample: Statements = Field("", description="statements run at the onset of a sample; 'data' is its value")
    each_step: Statements = Field("", description="statements run after the equations, before the threshold")
    graded: NameOrNone = Field("", description="variable that is the answer of a unit without spikes")
    keeps: tuple[Name, ...] = Field(
        (),
        description="variables that continue from run to run of a training or a test, as weights do; `rest` leaves them"
        " alone",
    )
    learns: tuple[Name, ...] = Field(
        (),
        description="variables that change only while the network learns, such as a homeostatic threshold, and stay"
        " constant in a test; they are kept too",
    )
    forward: Statements = Field("", description="rate units: statements run when the summed input is complete")
    backward: Statements = Field("", description="rate units: statements run when the error from above is complete")
    parameters: Lines = Field((), description="constants")

    @property
    def carried(self) -> tuple[str, ...]:
        """Variables that go on from run to run."""
        return tuple(dict.fromkeys((*self.keeps, *self.learns)))


class Axon(BaseModel):
    """What a synapse model keeps once for all synapses of a neuron."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: Equations = Field(
        description="equations of the presynaptic neuron; strings of the synapse call them X_pre"
    )
    initial: Statements = Field("", description="statements run once, before the first step; not random")
    at_spike: Statements = Field(
        "", description="statements run when that neuron spikes, independent of when the spike arrives"
    )


class AtOnset(BaseModel):
    """What the synapses onto a neuron do together at the onset of a sample, where they learn."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sums: Equations = Field(
        description="sums over the synapses of the projection onto a neuron, 'X_post = ... : UNIT (summed)', taken at"
        " the onset of each sample, after the rules have finished the previous one"
    )
    statements: Statements = Field(description="statements run then, in which X_post is the sum")


class SynapseModel(File):
    """models/synapses: how a weight is stored, written and read."""

    state: Equations = Field(description="Brian2 equations of one synapse")
    initial: Statements = Field(
        "",
        description="statements run once, before the first step; not random. They set variables of `state`, never the"
        " weight, and name parameters, also X_pre and X_post of the neurons",
    )
    axon: Axon | None = Field(None, description="what the synapses of a presynaptic neuron share")
    draw: Statements = Field("", description="statements run first at a presynaptic spike, before the rule")
    write: Statements = Field("", description="statements that put the change dw into the store; empty: not plastic")
    read: Statements = Field("", description="statements that transmit a presynaptic spike; only '+='")
    at_onset: AtOnset | None = Field(
        None, description="what the synapses onto a neuron do together between samples, where they learn"
    )
    backward: Equations = Field("", description="equations added where the projection also returns the error")
    as_read: Name = Field("w", description="variable read by these: the weight, or what the device makes of it")
    method: Literal["", "exact", "euler"] = Field(
        "", description="integration of `state`; required where one of its equations is (clock-driven)"
    )
    parameters: Lines = Field((), description="constants")


class Encoder(File):
    """models/encoders: from a pixel x in [0, 1), or the time x of an event, to the value an input unit is given.

    Or from a series of values to events.
    """

    spikes: tuple[Expression, ...] = Field(
        (),
        description="of series: for each of the units that a channel becomes, how many events it has from one value to"
        " the next: expression of 'x', the value, and 'before', the one before it, 0 at first; below 1 none. They are"
        " spread evenly until the next value, and `encode` and `channel` take them as events; empty: for other data",
    )
    unit: Expression = Field(description="unit of the result, '1' if none")
    encode: Expression = Field(description="expression of x")
    channel: Expression = Field(
        "",
        description="for events: expression of 'unit', the input unit that receives it; empty: for images. For a"
        " series, unit k of channel c is c times the number of `spikes`, plus k",
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
        "", description="smooth function of x with this derivative, for tests by finite differences"
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
        description="equations added to an output unit, among them 'learning_signal', the derivative of the loss by its"
        " answer; ANSWER is the answer, 'target' what it should be"
    )
    at_spike: Statements = Field("", description="statements at a spike of an output unit, where spikes are the answer")
    filter: Filter | None = Field(
        None, description="filter of the eligibility, where the loss prescribes one; default: that of the readout"
    )
    parameters: Lines = Field((), description="constants")


class Optimizer(File):
    """models/optimizers: from the gradient 'grad', summed over samples, to the change of a weight."""

    each: Literal["batch", "step"] = Field(
        "batch",
        description="'step': 'grad' is the gradient of one step, and each step updates; 'batch': 'due' is 1 when the"
        " update is due",
    )
    unit: Expression = Field("1", description="unit of the weights; 'grad' has its inverse")
    state: Equations = Field("", description="equations added to a synapse")
    update: Statements = Field(
        description="statements ending in 'dw = ...'; for a batch, at the onset of the next sample"
    )
    keeps: tuple[Name, ...] = Field((), description="variables of the state that continue from run to run")
    parameters: Lines = Field((), description="constants; 'batch' is the number of samples per update")


class Feedback(File):
    """models/feedback: how the error reaches the hidden layers, or a reward those that learn by it."""

    way: Literal["direct_random", "layerwise_random", "local", "reward", "symmetric"] = Field(
        description="'symmetric', through the forward weights; 'layerwise_random', layer by layer through fixed random"
        " weights; 'direct_random', through such weights from the output to every layer; 'local', from a readout of"
        " each"
        " layer; 'reward': no error, but one number for all neurons that says how good the answer was"
    )
    returned: Expression = Field(
        "", description="weight of a symmetric error, an expression of the forward weight w as it is read; empty: w"
    )
    parameters: Lines = Field((), description="constants")


def plain_store(synapse: SynapseModel) -> bool:
    """Whether a synapse keeps and transmits its weight just as it is."""
    return not synapse.draw and synapse.write.split() == ["w", "=", "w", "+", "dw"]
