"""What pairs of spikes do to a weight: against their difference of time, and against the rate at which they come."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from brian2.utils.stringtools import get_identifiers

from brian2zoo.compose.circuit import compose
from brian2zoo.equations.pieces import equations_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.rules import Rule
from brian2zoo.protocols.stimulation import SYNAPSES, by_chance, names_read, pairs
from brian2zoo.protocols.subject import Subject, bounds, typical_weight

FARTHEST = 0.1
"""Longest time between the spikes of a pair, s."""
PER_SIDE = 100
"""Pairs on each side of the window."""
REST = 0.1
"""Before the first spike, and after the last one, s."""
PAIRINGS, RATES, LAGS = 60, (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0), (0.01, -0.01)
"""Of the protocol of Sjoestroem et al. (2001, doi:10.1016/S0896-6273(01)00542-6): number of pairs, Hz, s."""
FEWEST, MOST_STEPS = 15, 20_000
"""Of a run of many pairs, which takes a few seconds: where a step is short there are fewer, and no low rates."""
REPEATS = 40
"""Synapses of each pair where chance has a part in the change."""


def depends_on_timing(rule: Rule) -> bool:
    """Whether a rule compares times of both sides: it acts at postsynaptic spikes, or keeps a trace of that neuron."""
    return bool(rule.on_post or rule.at_spike.post or equations_of(rule.variables.post).diff_eq_names)


def window(subject: Subject, lags: Sequence[float] | None = None) -> xr.Dataset:
    """The change by one pair of spikes.

    Parameters
    ----------
    lags : from the presynaptic spike to the postsynaptic one, s; they are taken to the nearest step.

    Returns
    -------
    data set over `lag`, s: `change` of the weight and its `deviation` over repeats, SI units, and `start`, the weight
    before.

    Raises
    ------
    ZooError
        If no pair changes the weight.
    """
    projection = subject.projection()
    dt = pairs(projection, subject.circuit, 1).dt
    if lags is None:
        lags = np.concatenate([np.linspace(-FARTHEST, FARTHEST, 2 * PER_SIDE + 1), [-dt, dt]])
    steps = np.unique(np.rint(np.asarray(lags) / dt).astype(int))
    rest, most = round(REST / dt), int(np.abs(steps).max())
    pre = [np.array([rest + most])] * len(steps)
    post = [np.array([rest + most + lag]) for lag in steps]
    found = _change(subject, pre, post, 2 * (rest + most))
    if not np.abs(found.change).max() > 0:
        read = sorted(name for name in names_read(projection) if name.endswith("_post"))
        reads = f"; it reads {', '.join(read)} of the neuron" if read else ""
        problem = f"no pair of spikes changes the weight{reads}"
        raise ZooError(projection.rule.path, "", problem, "look at its strings: brian2zoo show")
    return found.rename(pair="lag").assign_coords(lag=steps * dt)


def by_rate(subject: Subject, lags: Sequence[float] = LAGS, rates: Sequence[float] = RATES) -> xr.Dataset:
    """The change by many pairs, against how often they come.

    There are `PAIRINGS`, or half as many until the run is short enough. At rates for which it is too long with `FEWEST`
    of them, none.

    Returns
    -------
    data set over `lag`, s, and `rate`, Hz: `change` and `deviation` as for `window`; its attribute `pairings`.
    """
    dt = pairs(subject.projection(), subject.circuit, 1).dt
    rest, shift = round(REST / dt), [round(lag / dt) for lag in lags]
    first, pairings = rest + max(map(abs, shift)), PAIRINGS

    def lasts(rate: float) -> int:
        return 2 * first + pairings * round(1 / (rate * dt))

    while pairings > FEWEST and lasts(min(rates)) > MOST_STEPS:
        pairings //= 2
    rates = [rate for rate in rates if lasts(rate) <= MOST_STEPS] or [max(rates)]
    trains = [first + round(1 / (rate * dt)) * np.arange(pairings) for rate in rates]
    pre, post = [train for _ in lags for train in trains], [train + lag for lag in shift for train in trains]
    found = _change(subject, pre, post, lasts(min(rates)))
    shape = len(lags), len(rates)
    data = {name: (("lag", "rate"), found[name].values.reshape(shape)) for name in ("change", "deviation")}
    coords = {"lag": list(lags), "rate": list(rates)}
    return xr.Dataset(data | {"start": found.start}, coords, {**found.attrs, "pairings": pairings})


def _change(subject: Subject, pre: list[np.ndarray], post: list[np.ndarray], n_steps: int) -> xr.Dataset:
    """Change by given spikes, a pair of units each; mean and deviation where chance takes part."""
    projection = subject.projection()
    repeats = REPEATS if by_chance(projection) else 1
    pairing = pairs(projection, subject.circuit, len(pre) * repeats)
    start = start_weight(subject)
    weight = f"{SYNAPSES}.w"
    spikes = [steps for side in (pre, post) for steps in side for _ in range(repeats)]
    after = pairing.run(spikes, n_steps, {weight: start}, [weight])[weight].reshape(len(pre), repeats)
    change = after - start
    data = {"change": ("pair", change.mean(axis=1)), "deviation": ("pair", change.std(axis=1)), "start": start}
    return xr.Dataset(data, attrs={"repeats": repeats, "dt": pairing.dt})


def start_weight(subject: Subject) -> float:
    """The weight that a protocol starts from: the middle of the store's range, or the usual size at the beginning."""
    projection = subject.projection()
    limits = bounds(subject.circuit, projection)
    return sum(limits) / 2 if limits else typical_weight(subject.circuit, projection)


def unit_of_change(subject: Subject) -> float | None:
    """The store's `w_max`, of which a rule states its changes as parts; None of a rule that does not name it."""
    projection = subject.projection()
    if "w_max" not in get_identifiers(projection.rule.statements):
        return None
    return float(np.asarray(compose(subject.circuit).synapses[projection.name].parameters["w_max"]))
