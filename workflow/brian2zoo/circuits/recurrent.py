"""Spiking layers, each connected within itself, and an output whose error the circuit brings to every hidden layer.

input -> hidden1 -> hidden2 ... -> output, every hidden layer all-to-all to itself where the experiment has weights
for 'recurrent'; a neuron hears itself as it hears any other. The feedback says how the error returns:
'symmetric' through the weights of the readout themselves, as its synapse model states in `backward`, to the one
hidden layer; 'direct_random' through fixed weights from the output to every hidden layer; 'local' from a fixed
readout of each hidden layer's own. The answer is the graded one of the output, or its spikes if it has none.
"""

from itertools import pairwise

import numpy as np
from brian2.equations.equations import PARAMETER, Equations

from brian2zoo.circuits import Circuit, Mode, Population, Projection, Wiring
from brian2zoo.errors import ZooError
from brian2zoo.spec import Loss, as_dict

ROLES = ("input", "hidden", "output", "label", "local")
FIXED_KINDS = ("target", "pool", "feedback", "local")


def depth(feedback: str) -> int | None:
    """Layers: with symmetric feedback, which is that of the readout, one hidden layer."""
    return 3 if feedback == "symmetric" else None


def circuit(wiring: Wiring, mode: Mode) -> Circuit:
    """Populations and projections; in mode 'test' without label, error and feedback."""
    sizes, experiment = wiring.layers, wiring.experiment
    delay = experiment.protocol.delay
    # nobody hears an error where no hidden layer learns
    feedback = wiring.feedback.way if set(experiment.learning.learns) - {"hidden_output"} else None
    if feedback == "layerwise_random":
        problem = "there is no error within layers to return"
        raise ZooError(experiment.path, "learning.feedback", problem, "take direct_random")
    layers = [wiring.population("input", "input", sizes[0], data="input")]
    layers += [wiring.population(f"hidden{k}", "hidden", n) for k, n in enumerate(sizes[1:-1], start=1)]
    layers.append(wiring.population("output", "output", sizes[-1]))
    populations, projections = list(layers), []
    for index, (pre, post) in enumerate(pairwise(layers)):
        kind = wiring.hidden_kind(index)
        returns = mode == "train" and feedback == "symmetric" and kind == "hidden_output"
        projections.append(wiring.plastic(pre, post, kind, mode, delay=delay, returns_error=returns))
    if "recurrent" in as_dict(experiment.weights):
        projections += [wiring.plastic(hidden, hidden, "recurrent", mode, delay=delay) for hidden in layers[1:-1]]
    if mode == "train":
        label = wiring.population("label", "label", sizes[-1], data="label")
        populations.append(label)
        projections = [*_error(wiring, label, layers[-1]), *projections]
        if feedback == "direct_random":
            projections += [wiring.fixed(layers[-1], hidden, "feedback") for hidden in layers[1:-1]]
        if feedback == "local":
            for hidden in layers[1:-1]:
                local = wiring.population(f"local_{hidden.name}", "local", sizes[-1])
                populations.append(local)
                projections += [*_error(wiring, label, local), wiring.fixed(hidden, local, "local")]
    return Circuit(experiment, sizes, mode, tuple(populations), tuple(projections), membrane=layers[-1].neuron.graded)


def _takes_a_sum(loss: Loss | None) -> bool:
    """Whether a loss has a variable that something has to tell it, beside the target."""
    if loss is None:
        return True
    return {name for name, equation in Equations(loss.equations).items() if equation.type == PARAMETER} > {"target"}


def _error(wiring: Wiring, label: Population, output: Population) -> list[Projection]:
    """What the output needs to know its error: the target, and the sum over all units if the loss has one."""
    each = (np.arange(output.size), np.arange(output.size))
    projections = [wiring.fixed(label, output, "target", pairs=each)]
    if "pool" in wiring.experiment.synapses and _takes_a_sum(wiring.loss):
        projections.append(wiring.fixed(output, output, "pool"))
    return projections
