"""From a neuron's equations to the learning rule they imply.

`dynamics` reads a neuron and `arrival` a synapse as formulas, `traces` differentiates them, `text` writes the rule,
`latex` the mathematics; `formulas` is the one way from text to SymPy and back. The rule is real-time recurrent learning
with the Jacobian cut down to one block for each neuron: the dynamics of a neuron are differentiated exactly, the way
through other neurons' spikes is left out; or, for few neurons, with all of the Jacobian (Williams & Zipser 1989,
doi:10.1162/neco.1989.1.2.270).

Reference: Zenke & Neftci 2021, doi:10.1109/JPROC.2020.3045625. Their text was not at hand;
the formulas are derived here.
"""

from brian2zoo.derive.dynamics import Dynamics, read
from brian2zoo.derive.pairing import fitting_synapse, readout
from brian2zoo.derive.text import Choice, rule_text
from brian2zoo.derive.traces import Traces, derive

__all__ = ["Choice", "Dynamics", "Traces", "derive", "fitting_synapse", "read", "readout", "rule_text"]
