"""Post-training quantization of weights to a uniform fixed-point grid.

The grid is that of Neftci et al. (2017), doi:10.3389/fnins.2017.00324: 2**bits levels from w_min in steps of
(w_max - w_min) / 2**bits, so that w_max itself is no level and a symmetric range has one at exactly 0.
Weights outside go to the nearest end. Quantization *during* learning is a synapse model, models/synapses.
"""

from collections.abc import Mapping
from numbers import Integral
from typing import Literal

import numpy as np

from brian2zoo.errors import ZooError


def _step(bits: int, w_min: float, w_max: float, field: str = "w_min, w_max") -> float:
    """Distance between two levels; `field` names the range if it is a mistake."""
    if not (isinstance(bits, Integral) and 2 <= bits <= 16):
        raise ZooError("quantize", "bits", f"{bits!r} is no width of a weight", "a whole number from 2 to 16")
    if not 0 < w_max - w_min < np.inf:
        problem = f"the range from {w_min:g} to {w_max:g} is empty or endless"
        raise ZooError("quantize", field, problem, "finite limits with w_min below w_max, such as -0.75 and 0.75")
    return (w_max - w_min) / 2**bits


def levels(bits: int, w_min: float, w_max: float) -> np.ndarray:
    """All representable weights, ascending, (2**bits,), in the unit of the range."""
    return w_min + _step(bits, w_min, w_max) * np.arange(2**bits)


def quantize(
    w: np.ndarray,
    bits: int,
    w_min: float,
    w_max: float,
    rounding: Literal["nearest", "stochastic"] = "nearest",
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Weights `w` of any shape and unit on the grid of `levels`, as float64.

    Parameters
    ----------
    rounding : "nearest", or "stochastic": up with a probability equal to the fraction of a step above the
        lower level, so that the mean is the weight itself wherever it is not clipped.
    rng : source of stochastic rounding, seeded by the caller so that a run can be repeated.
    """
    step = _step(bits, w_min, w_max)
    if rounding == "nearest":
        shift = 0.5
    elif rounding == "stochastic":
        if rng is None:
            raise ZooError("quantize", "rng", "stochastic rounding without a generator", "a numpy Generator")
        shift = rng.random(np.shape(w))
    else:
        raise ZooError("quantize", "rounding", f"unknown {rounding!r}", "'nearest' or 'stochastic'")
    # in float64: at 16 bits float32 has too few digits left to tell where between two levels a weight is
    index = np.floor((np.asarray(w, dtype=float) - w_min) / step + shift)
    return w_min + step * np.clip(index, 0, 2**bits - 1)


def symmetric_range(w: np.ndarray, percentile: float = 100) -> tuple[float, float]:
    """Smallest range (-limit, limit) that covers `percentile` % of the weights, in their unit."""
    limit = float(np.percentile(np.abs(w), percentile))
    return -limit, limit


def quantize_network(
    weights: Mapping[str, np.ndarray], bits: int, ranges: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, np.ndarray]:
    """Every projection's weights to the nearest level of its own range.

    Parameters
    ----------
    weights : projection -> weights.
    ranges : projection -> (w_min, w_max), in the unit of its weights; None: `symmetric_range` of each.
    """
    if ranges is None:
        ranges = {name: symmetric_range(w) for name, w in weights.items()}
    if ranges.keys() != weights.keys():
        problem = f"ranges are for {sorted(ranges)}, weights for {sorted(weights)}"
        raise ZooError("quantize", "ranges", problem, "one range for each projection")
    for name, limits in ranges.items():
        _step(bits, *limits, field=f"ranges.{name}")
    return {name: quantize(w, bits, *ranges[name]) for name, w in weights.items()}
