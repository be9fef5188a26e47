"""Spiking layers with error neurons: every hidden layer gets the output error by fixed random weights.

input -> hidden1 -> ... -> output, and label and output -> error -> output and every hidden layer
(Neftci et al. 2017, Fig. 1). The error population holds two neurons a class: the first half (E+) counts
label minus prediction, the second half (E-) prediction minus label.
"""

from itertools import pairwise

import numpy as np

from brian2zoo.circuits import Circuit, Mode, Wiring

ROLES = ("input", "hidden", "output", "label", "error", "noise")
FIXED_KINDS = ("label_error", "output_error", "error_output", "feedback", "noise")


def circuit(wiring: Wiring, mode: Mode) -> Circuit:
    """Populations and projections; in mode 'test' without label, error and feedback."""
    sizes, delay = wiring.layers, wiring.experiment.protocol.delay
    n = sizes[-1]
    layers = [wiring.population("input", "input", sizes[0], data="input")]
    for number, size in enumerate(sizes[1:-1], start=1):
        layers.append(wiring.population(f"hidden{number}", "hidden", size))
    layers.append(wiring.population("output", "output", n))
    populations, projections = list(layers), []
    for index, (pre, post) in enumerate(pairwise(layers)):
        projections.append(wiring.plastic(pre, post, wiring.hidden_kind(index), mode, delay=delay))

    if "noise" in wiring.experiment.neurons:
        for target in layers[1:]:
            noise = wiring.population(f"{target.name}_noise", "noise", target.size)
            each = (np.arange(target.size), np.arange(target.size))
            populations.append(noise)
            projections.append(wiring.fixed(noise, target, "noise", pairs=each))

    if mode == "train":
        label = wiring.population("label", "label", n, data="label")
        error = wiring.population("error", "error", 2 * n)
        populations += [label, error]
        classes, errors = np.tile(np.arange(n), 2), np.arange(2 * n)
        sign = np.repeat([1.0, -1.0], n)
        output = layers[-1]
        projections += [
            wiring.fixed(label, error, "label_error", pairs=(classes, errors), sign=sign, delay=delay),
            wiring.fixed(output, error, "output_error", pairs=(classes, errors), sign=-sign, delay=delay),
            wiring.fixed(
                error,
                output,
                "error_output",
                pairs=(errors, classes),
                sign=sign,
                delay=delay,
            ),
        ]
        for hidden in layers[1:-1]:
            mirrored = np.repeat(sign, hidden.size)
            projections.append(wiring.fixed(error, hidden, "feedback", copies=2, sign=mirrored, delay=delay))
    return Circuit(wiring.experiment, sizes, mode, tuple(populations), tuple(projections))
