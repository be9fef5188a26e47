"""Rate layers with a forward and a backward pass in each step; one step is one sample.

The rule's `feedback` says how the error returns: through the forward weights (symmetric), through fixed
random weights layer by layer (layerwise_random), or from the output to every hidden layer (direct_random).
"""

from itertools import pairwise

import numpy as np

from brian2zoo.circuits import Circuit, Mode, Wiring

ROLES = ("input", "hidden", "output", "label")
FIXED_KINDS = ("target", "feedback")

# Places within a step: forward sums and activations from the input up, then the same from the output down.
_FORWARD, _BACKWARD = 10, 1000


def circuit(wiring: Wiring, mode: Mode) -> Circuit:
    """Populations and projections; in mode 'test' the forward pass only."""
    sizes = wiring.layers
    feedback = wiring.experiment.feedback.way if mode == "train" else None
    roles = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    layers = []
    for depth, (role, size) in enumerate(zip(roles, sizes, strict=True)):
        name = f"hidden{depth}" if role == "hidden" else role
        layers.append(
            wiring.population(
                name,
                role,
                size,
                data="input" if role == "input" else "",
                order=_FORWARD * depth,
                backward_order=_BACKWARD - _FORWARD * depth if mode == "train" else 0,
            )
        )
    projections = [
        wiring.plastic(
            pre,
            post,
            wiring.hidden_kind(depth),
            mode,
            returns_error=feedback == "symmetric" and depth > 0,
        )
        for depth, (pre, post) in enumerate(pairwise(layers))
    ]
    populations = list(layers)
    if mode == "train":
        label = wiring.population("label", "label", sizes[-1], data="label")
        each = (np.arange(sizes[-1]), np.arange(sizes[-1]))
        populations.append(label)
        projections.append(wiring.fixed(label, layers[-1], "target", pairs=each))
    for depth in range(1, len(layers) - 1):
        above = {"layerwise_random": layers[depth + 1], "direct_random": layers[-1]}.get(feedback)
        if above is not None:
            projections.append(wiring.fixed(above, layers[depth], "feedback"))
    return Circuit(wiring.experiment, sizes, mode, tuple(populations), tuple(projections))
