"""Back-propagation of ternary errors in integers, flat: no spikes, no phases, no Brian2.

Renner et al. 2024: binary activations at half the threshold of 1024, the derivative a box between zero and the
threshold, ternary errors, one sample at a time, weights 8-bit and even.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

HALF, WHOLE, STEP = 512, 1024, 2
W_MIN, W_MAX = -256, 254


@dataclass(frozen=True)
class Variant:
    """What differs from the published algorithm.

    Parameters
    ----------
    updated : the error goes back through weights that the sample has already changed.
    box : the derivative of the hidden activation is taken.
    hidden : the hidden layer learns.
    fixed_feedback : the error goes back through the initial weights.
    """

    updated: bool = False
    box: bool = True
    hidden: bool = True
    fixed_feedback: bool = False


@dataclass(frozen=True)
class Sample:
    """What the layers hold for one sample: each (unit,), bool; `z` (class,), the output's membrane."""

    h: np.ndarray
    h_low: np.ndarray
    h_high: np.ndarray
    o: np.ndarray
    o_low: np.ndarray
    o_high: np.ndarray
    d2_plus: np.ndarray
    d2_minus: np.ndarray
    d1_plus: np.ndarray
    d1_minus: np.ndarray
    z: np.ndarray


def train(
    w1: np.ndarray, w2: np.ndarray, images: np.ndarray, targets: np.ndarray, variant: Variant = Variant()
) -> Iterator[Sample]:
    """Learn sample after sample; `w1` (input, hidden) and `w2` (hidden, output) change in place.

    Parameters
    ----------
    images : (sample, input), 0 or 1.
    targets : (sample, output), 0 or 1.
    """
    initial = w2.copy()
    for image, target in zip(images.astype(bool), targets.astype(bool), strict=True):
        a = w1[image].sum(axis=0)
        h = a > HALF
        z = w2[h].sum(axis=0)
        o = z > HALF
        d2_plus, d2_minus = (z > 0) & target & ~o, o & ~target & ~(z > WHOLE)
        box = (a > 0) & ~(a > WHOLE) if variant.box else np.ones_like(h)
        # The published order reads the weights as they were; the variant passes each sign of the error through
        # weights that have taken the updates before it.
        error = d2_plus.astype(float) - d2_minus
        back = initial if variant.fixed_feedback else w2.copy()
        if variant.updated and not variant.fixed_feedback:
            plus = _change(w2, h, d2_plus, STEP).copy() @ error
            minus = _change(w2, h, d2_minus, -STEP).copy() @ -error
        else:
            plus, minus = back @ error, back @ -error
            _change(w2, h, d2_plus, STEP)
            _change(w2, h, d2_minus, -STEP)
        d1_plus, d1_minus = (plus > 0) & box, (minus > 0) & box
        if variant.hidden:
            _change(w1, image, d1_plus, STEP)
            _change(w1, image, d1_minus, -STEP)
        yield Sample(h, a > 0, a > WHOLE, o, z > 0, z > WHOLE, d2_plus, d2_minus, d1_plus, d1_minus, z)


def _change(w: np.ndarray, pre: np.ndarray, post: np.ndarray, step: int) -> np.ndarray:
    """Change the weights between spikes, in place."""
    places = np.ix_(pre, post)
    w[places] = np.clip(w[places] + step, W_MIN, W_MAX)
    return w
