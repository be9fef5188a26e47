"""The format of rules/: the change of a weight that a rule asks for, or its traces and their eligibility."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from brian2zoo.formats.files import File, Lines
from brian2zoo.formats.language import Equations, Expression, Key, Name, Statements


class Variables(BaseModel):
    """Equations a rule adds."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: Equations = Field(
        "",
        description="equations added to the presynaptic neuron, once for each postsynaptic population, whose"
        " parameter X is X_post",
    )
    post: Equations = Field("", description="equations added to the postsynaptic neuron")
    synapse: Equations = Field("", description="equations added to the synapse")
    within: Equations = Field(
        "", description="equations added only to synapses within a layer, from its neurons to each other"
    )


class Jumps(BaseModel):
    """Statements a rule adds to what a neuron does when it spikes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: Statements = Field(
        "",
        description="statements the presynaptic neuron adds to its reset, in this order: `before = x` above `x += 1`"
        " keeps what a trace was just before the spike",
    )
    post: Statements = Field("", description="statements the postsynaptic neuron adds to its reset, in this order")


class Beginnings(BaseModel):
    """Values that a rule gives its own variables before the first step."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pre: Statements = Field(
        "", description="statements run once, before the first step; not random. They set variables of `variables.pre`"
    )
    post: Statements = Field(
        "", description="the same for `variables.post`; they may name parameters of the neuron, as may those of `pre`"
    )
    synapse: Statements = Field(
        "", description="the same for `variables.synapse`; they may name parameters X_pre and X_post of the neurons"
    )


class InfluenceRule(BaseModel):
    """How a rule follows what every weight does to every neuron of the layer it leads to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    variables: Equations = Field(
        description="equations of one weight's influence on one neuron, X_post; X_pre belongs to the weight's synapse,"
        " `own` is 1 for the neuron it leads to, else 0; sums 'X_pre = ... (summed)' over the neurons go to it"
    )
    coupling: Equations = Field(
        "", description="sums over neurons, 'X_post = ... (summed)', through synapses within the layer of weight w"
    )
    on_arrival: Statements = Field(
        "", description="statements after the spikes of a step and the sums of `coupling` have arrived"
    )
    each_step: Statements = Field("", description="statements at every step, after those of the synapses")
    most: int = Field(description="largest number of couplings, weights times the square of the neurons")


class Origin(BaseModel):
    """The equations that a rule was derived from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    neuron: Name = Field(description="file in models/neurons/")
    synapse: Name = Field(description="file in models/synapses/")
    fingerprint: Key = Field(description="of their equations at that time")


class Rule(File):
    """rules: what change of a weight a rule asks for, and when; or its traces, from which the change is composed."""

    derived: Literal["", "block_diagonal", "snap1", "full"] = Field(
        "",
        description="derive the rule from the neuron it trains, keeping of the Jacobian: 'block_diagonal', a neuron's"
        " own dynamics; 'snap1', its synapse onto itself too; 'full', all of the layer",
    )
    through: tuple[Name, ...] | None = Field(
        None,
        description="for a derived rule: variables whose reset the surrogate differentiates; default: those that the"
        " weight reaches in no other way",
    )
    eligibility: Expression = Field(
        "",
        description="derivative of the neuron's spike of a step by the weight, with psi_post for that of the threshold;"
        " or of its answer. Times learning_signal_post it is the gradient that the optimizer receives",
    )
    variables: Variables = Variables()
    method: Literal["", "exact", "euler"] = Field(
        "",
        description="integration of the rule's differential equations, which read the neurons before these move."
        " Default: on a neuron as the neuron itself, or exact where it has no method; on a synapse exact",
    )
    initial: Beginnings = Beginnings()
    at_spike: Jumps = Jumps()
    on_pre: Statements = Field(
        "",
        description="statements at a presynaptic spike, ending in 'dw = ...'; all statements may name parameters of the"
        " store, such as `w_max`",
    )
    on_post: Statements = Field(
        "", description="statements at a postsynaptic spike; with two spikes in one step, `on_pre` runs first"
    )
    each_step: Statements = Field(
        "", description="statements in every step, after the neurons' equations and after `elig`, the eligibility"
    )
    on_sample: Statements = Field("", description="statements once a sample, at the end of its first step")
    at_onset: Statements = Field(
        "", description="statements at the onset of a sample, about the previous one; they run before everything else"
    )
    influence: InfluenceRule | None = Field(
        None, description="effect of a weight on all neurons of the layer: a store for each weight and neuron"
    )
    keeps: tuple[Name, ...] = Field(
        (),
        description="variables of the synapse, or added to the postsynaptic neuron, that continue from run to run of a"
        " training, as the weight does",
    )
    origin: Origin | None = Field(None, description="source of a rule that 'brian2zoo derive' wrote")
    parameters: Lines = Field((), description="constants")

    @property
    def gives_gradient(self) -> bool:
        """Whether it says what a weight does, and an optimizer what follows from that; else it asks for dw itself."""
        return bool(self.derived or self.eligibility)
