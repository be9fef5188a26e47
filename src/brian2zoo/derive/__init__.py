"""From a neuron's equations to the learning rule they imply.

`dynamics` reads a neuron and `arrival` a synapse as formulas, `traces` differentiates them, `rule` makes a rule of
them, `filter` moves a readout's kernel onto its eligibility; `text` writes the rule as a file and `latex` the
mathematics. `formulas` is the one way from text to SymPy and back. The rule is real-time recurrent learning with the
Jacobian cut down to one block for each neuron: the dynamics of a neuron are differentiated exactly, the way through
other neurons' spikes is left out; or, for few neurons, with all of the Jacobian (Williams & Zipser 1989,
doi:10.1162/neco.1989.1.2.270).

Reference: Zenke & Neftci 2021, doi:10.1109/JPROC.2020.3045625. Their text was not at hand;
the formulas are derived here.
"""

from functools import cache

from brian2zoo.derive.dynamics import Dynamics
from brian2zoo.derive.dynamics import read as _read
from brian2zoo.derive.filter import Kernel, kernel
from brian2zoo.derive.pairing import fitting_synapse
from brian2zoo.derive.rule import trace_rule
from brian2zoo.derive.text import rule_text
from brian2zoo.derive.traces import Traces
from brian2zoo.derive.traces import derive as _derive
from brian2zoo.formats.files import fingerprint
from brian2zoo.formats.models import NeuronModel, SynapseModel
from brian2zoo.formats.rules import Origin, Rule

__all__ = [
    "Dynamics", "Kernel", "Traces", "derive", "derived", "filter_of", "fitting_synapse", "kernel", "origin", "read",
    "rule_text", "traces_of",
]  # fmt: skip

read, derive = cache(_read), _derive


@cache
def traces_of(rule: Rule, neuron: NeuronModel, synapse: SynapseModel, on_neurons: bool = True) -> Traces:
    """What a derived rule keeps of a neuron's dynamics.

    Parameters
    ----------
    on_neurons : whether traces that depend on the presynaptic side alone are those of the presynaptic neuron.
    """
    kept = {"autapse": rule.derived == "snap1", "full": rule.derived == "full"}
    return _derive(read(neuron, synapse), rule.through, on_neurons, **kept)


@cache
def derived(rule: Rule, neuron: NeuronModel, synapse: SynapseModel, on_neurons: bool = True) -> Rule:
    """A derived rule with the equations and statements that it stands for, of a neuron and the synapse onto it."""
    about = {key: getattr(rule, key) for key in ("title", "reference", "notes", "name", "path")}
    return trace_rule(traces_of(rule, neuron, synapse, on_neurons), **about, origin=origin(neuron, synapse))


@cache
def filter_of(readout: NeuronModel, synapse: SynapseModel, method: str, unit: str) -> Kernel:
    """`kernel` of a readout and the synapse onto it."""
    return kernel(read(readout, synapse), method, unit)


def origin(neuron: NeuronModel, synapse: SynapseModel) -> Origin:
    """What a rule says of the equations that it was derived from."""
    contents = [file.content() | {"parameters": []} for file in (neuron, synapse)]
    return Origin(neuron=neuron.name, synapse=synapse.name, fingerprint=f"f{fingerprint(*contents)}")
