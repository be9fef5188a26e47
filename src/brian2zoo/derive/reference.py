"""Real-time recurrent learning and its approximations in numpy, for a small layer of any neuron that can be derived.

One step, in the order of `brian2zoo.network`: spikes of the step before arrive, the equations move, a spike is
decided, the reset follows. The influence M = dx/dw of every variable on every weight goes along (Williams & Zipser
1989), with E = dS/dw for the spikes:

    M <- M + sum_j U'(w_ij) E_j + (what arrives at the weight's own neuron)      spikes arrive
    M <- step'(x) M                                                              the equations move
    E = psi dg/dx M                                                              spikes
    M <- M + S (dR/dx - 1) M + D (R - x) E                                       resets

The sum over j is the way through other neurons' spikes. With N neurons of n variables M has N n P numbers for
P = N (N_in + N) weights: O(N^3) memory, O(N^4) time. It is the yardstick of the rules, and written apart from
`rtrl_full`, which does the same in Brian2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy as sp
from brian2.core.namespace import DEFAULT_UNITS
from brian2.parsing.sympytools import str_to_sympy
from scipy.linalg import expm

from brian2zoo.derive.dynamics import ACTIVE, Dynamics, W, symbol
from brian2zoo.derive.traces import Traces
from brian2zoo.equations.pieces import constants
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import Surrogate

Approximation = Literal["full", "block_diagonal", "snap"]
_FUNCTIONS = [{"int_": lambda condition: 1.0 * condition, "clip": np.clip}, "numpy"]


@dataclass(frozen=True)
class Weights:
    """Weights of a layer, in SI units: (N, N_in) from the input, (N, N) within, (N_out, N) to the readout."""

    input: np.ndarray
    recurrent: np.ndarray
    readout: np.ndarray


@dataclass(frozen=True)
class Trial:
    """What a layer does with an input, and the gradient of its loss by every weight, shaped as the weights.

    `states` (T, n, N) are those by which spikes are decided.
    """

    states: np.ndarray
    spikes: np.ndarray
    answers: np.ndarray
    gradient: Weights


class Neuron:
    """The formulas of a neuron as functions of numbers: state (n, N) in SI units, for N neurons at once."""

    def __init__(self, traces: Traces, dt: float, overrides: Mapping[str, str] | None = None) -> None:
        self.traces, self.dynamics, self.dt = traces, traces.dynamics, dt
        dynamics = self.dynamics
        values = {name: float(np.asarray(v)) for name, v in constants(dynamics.neuron, overrides or {}).items()}
        at_synapse = {name: float(np.asarray(v)) for name, v in constants(dynamics.synapse, {}).items()}
        at_synapse |= {f"{name}_post": value for name, value in values.items()}
        self._values = {symbol(name): value for name, value in {**_units(dynamics), **values}.items()}
        self._at_synapse = {symbol(name): value for name, value in {**_units(dynamics), **at_synapse}.items()}
        self.n = len(dynamics.state)
        self.flow = self._function(dynamics.flow)
        self.jacobian = self._function(traces.jacobian, square=True)
        self.after_reset, self.reset_slope = self._function(dynamics.reset), self._function(traces.reset, square=True)
        self.arrival = self._function(dynamics.arrival.added, W)
        self.arrival_slope = self._function(dynamics.arrival.slope, W)
        self.slope = self._function(traces.slope.T)
        self.distance = self._function(sp.Matrix([dynamics.threshold if dynamics.threshold is not None else 0]))
        self.kept = np.array([[str(x) in traces.kept] for x in dynamics.state], dtype=float)
        self.refractory_steps = 0
        if dynamics.neuron.refractory:
            self.refractory_steps = round(
                float(evaluate(dynamics.neuron.refractory, constants(dynamics.neuron, {}))) / dt
            )

    def initial(self, size: int) -> np.ndarray:
        """(n, N) state before the first step."""
        state = np.zeros((self.n, size))
        for line in self.dynamics.neuron.initial.splitlines():
            name, _, text = line.partition("=")
            if symbol(name.strip()) in self.dynamics.state:
                value = str_to_sympy(text).xreplace(self._values)
                state[self.dynamics.state.index(symbol(name.strip()))] = float(value)
        return state

    def step(self, x: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """State after the equations have moved, (n, N), and its derivative by the state before, (n, n, N)."""
        jacobian = self.jacobian(x, active)
        if not self.dynamics.linear:
            return x + self.dt * self.flow(x, active), np.eye(self.n)[:, :, None] + self.dt * jacobian
        offset = self.flow(np.zeros_like(x), active)
        propagators = {}
        moved, slope = np.empty_like(x), np.empty_like(jacobian)
        for k in range(x.shape[1]):
            if active[k] not in propagators:
                whole = np.zeros((self.n + 1, self.n + 1))
                whole[:-1, :-1], whole[:-1, -1] = jacobian[:, :, k], offset[:, k]
                propagators[active[k]] = expm(whole * self.dt)
            propagator = propagators[active[k]]
            slope[:, :, k] = propagator[:-1, :-1]
            moved[:, k] = propagator[:-1, :-1] @ x[:, k] + propagator[:-1, -1]
        return moved, slope

    def _function(
        self, matrix: sp.Matrix, argument: sp.Symbol = ACTIVE, square: bool = False
    ) -> Callable[..., np.ndarray]:
        """Values of a matrix of formulas, of shape (n, n, N) if it is square, of a column (n, N)."""
        formulas = matrix.xreplace(self._at_synapse if argument == W else self._values)
        entries = [sp.lambdify([*self.dynamics.state, argument], entry, _FUNCTIONS) for entry in formulas]
        rows = (self.n, self.n) if square else (len(entries),)

        def evaluated(x: np.ndarray, other: Any = 1.0) -> np.ndarray:
            shape = np.broadcast_shapes(x.shape[1:], np.shape(other))
            values = [np.broadcast_to(entry(*x, other), shape) for entry in entries]
            return np.array(values, dtype=float).reshape(*rows, *shape)

        return evaluated


def _units(dynamics: Dynamics) -> dict[str, float]:
    used = {str(s) for part in (dynamics.flow, dynamics.reset, dynamics.arrival.added) for s in part.free_symbols}
    return {name: float(DEFAULT_UNITS[name]) for name in used & set(DEFAULT_UNITS)} | {"pi": np.pi}


def surrogate_function(surrogate: Surrogate, scale: float, field: str = "derivative") -> Callable[[Any], Any]:
    """The derivative of a spike by the distance to threshold, both in SI units; or the smooth spike itself."""
    values = {symbol(name): float(value) for name, value in constants(surrogate, {}).items()}
    formula = str_to_sympy(getattr(surrogate, field)).xreplace(values).subs(sp.Symbol("pi", real=True), np.pi)
    function = sp.lambdify([symbol("x")], formula, _FUNCTIONS)
    return lambda g: function(g / scale) / (scale if field == "derivative" else 1)


def run(
    neuron: Neuron,
    readout: Neuron,
    psi: Callable[[Any], Any],
    weights: Weights,
    inputs: np.ndarray,
    error: Callable[[np.ndarray, int], np.ndarray],
    approximation: Approximation = "full",
    order: int = 1,
    spike: Callable[[Any], Any] = lambda g: 1.0 * (g > 0),
    replay: np.ndarray | None = None,
) -> Trial:
    """A layer of neurons with a readout over a trial, and the gradient of its loss by real-time recurrent learning.

    Parameters
    ----------
    psi : the derivative of a spike by the distance to threshold.
    inputs : (T, N_in) spikes.
    error : of the answers (N_out,) and the step, the derivative of the loss by the answers.
    approximation : 'full' is exact; 'block_diagonal' leaves out the way through other neurons; 'snap' keeps the
        influence on neurons that a weight reaches within `order` steps (Menick et al. 2021).
    spike : of the distance to threshold; a smooth one makes the loss differentiable in earnest.
    replay : (T, N) spikes that arrive within the layer in place of its own, to hold them while weights vary.
    """
    size, n_in = weights.input.shape
    n_weights = size * (n_in + size)
    x, y = neuron.initial(size), readout.initial(weights.readout.shape[0])
    influence = _Influence(neuron, weights, approximation, order)
    shown = np.zeros((readout.n, len(y[0]), n_weights))
    readout_trace = np.zeros((readout.n, size))
    everywhere = np.ones(len(y[0]))
    answer = readout.dynamics.state.index(readout.dynamics.graded)
    gradient, by_readout = np.zeros(n_weights), np.zeros_like(weights.readout)
    since = np.full(size, neuron.refractory_steps)
    arriving, before, slope_before = np.zeros(n_in), np.zeros(size), np.zeros((size, n_weights))
    states, spikes, answers = [], [], []
    for t in range(len(inputs)):
        held = before if replay is None else replay[t - 1] * (t > 0)
        since = since + 1
        active = 1.0 * (since >= neuron.refractory_steps)
        x = x + _arriving(neuron, x, weights.input, arriving) + _arriving(neuron, x, weights.recurrent, held)
        influence.arrive(arriving, held, slope_before)
        x, slope = neuron.step(x, active)
        influence.move(slope)
        g = neuron.distance(x, active)[0]
        states.append(x)
        now, felt = active * spike(g), active * psi(g)
        slope_now = influence.spikes((felt * neuron.slope(x, active)).T)
        after = neuron.after_reset(x, active)
        influence.reset(now, neuron.reset_slope(x, active), neuron.kept * (after - x), slope_now)
        x = x + now * (after - x)

        # The readout hears the spikes of the step before.
        y = y + _arriving(readout, y, weights.readout, before)
        y, readout_slope = readout.step(y, everywhere)
        per_spike = readout.arrival_slope(y[:, :1], 0.0 * y[0, :1])
        shown = shown + per_spike[:, :, None] * (weights.readout @ slope_before)[None]
        shown = np.einsum("abk,bkp->akp", readout_slope, shown)
        readout_trace = readout_slope[:, :, 0] @ (readout_trace + per_spike * before)
        wrong = error(y[answer], t)
        gradient = gradient + wrong @ shown[answer]
        by_readout = by_readout + np.outer(wrong, readout_trace[answer])
        since = np.where(now > 0, 0, since)
        arriving, before, slope_before = inputs[t], now, slope_now
        spikes.append(now)
        answers.append(y[answer])
    of_input = gradient[: size * n_in].reshape(size, n_in)
    of_recurrent = gradient[size * n_in :].reshape(size, size)
    return Trial(np.array(states), np.array(spikes), np.array(answers), Weights(of_input, of_recurrent, by_readout))


def layer_jacobian(neuron: Neuron, psi: Callable[[Any], Any], weights: Weights, x: np.ndarray) -> np.ndarray:
    """Derivative of the state by that of the step before, (N, n, N, n), where none of the neurons is refractory.

    The blocks of equal neurons are their own dynamics, the others the way through spikes.

    Parameters
    ----------
    x : (n, N) state by which spikes are decided.
    """
    size, everywhere = x.shape[1], np.ones(x.shape[1])
    g = neuron.distance(x, everywhere)[0]
    now, felt = 1.0 * (g > 0), psi(g) * neuron.slope(x, everywhere)  # (n, N): derivative of a spike by each variable
    after = neuron.after_reset(x, everywhere)
    own = np.eye(neuron.n)[:, :, None] + now * (neuron.reset_slope(x, everywhere) - np.eye(neuron.n)[:, :, None])
    own = own + (neuron.kept * (after - x))[:, None] * felt[None]
    change = np.einsum("abk,kl->kalb", own, np.eye(size))
    by_spike = np.stack([neuron.arrival(x, weights.recurrent[:, j]) for j in range(size)], -1)
    change = change + np.einsum("akj,bj->kajb", by_spike, felt)
    moved = x + now * (after - x) + _arriving(neuron, x, weights.recurrent, now)
    return np.einsum("cak,kalb->kclb", neuron.step(moved, everywhere)[1], change)


def _arriving(neuron: Neuron, x: np.ndarray, weights: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """What spikes (M,) add to the state (n, N) by weights (N, M)."""
    size = weights.shape[0]
    total = np.zeros((neuron.n, size))
    for source in np.flatnonzero(spikes):
        total += neuron.arrival(x, weights[:, source]) * spikes[source]
    return total


class _Influence:
    """M (n, N, P), with E (N, P) given back at each step."""

    def __init__(self, neuron: Neuron, weights: Weights, approximation: Approximation, order: int) -> None:
        self.neuron, self.weights = neuron, weights
        size, n_in = weights.input.shape
        self.size, self.n_in = size, n_in
        owner = np.concatenate([np.repeat(np.arange(size), n_in), np.repeat(np.arange(size), size)])
        self.own = owner[None, :] == np.arange(size)[:, None]
        self.coupled = approximation != "block_diagonal"
        self.mask = np.ones_like(self.own) if approximation == "full" else self.own
        if approximation == "snap":
            linked, reached = (weights.recurrent != 0) | np.eye(size, dtype=bool), np.eye(size, dtype=bool)
            for _ in range(order - 1):
                reached = linked.astype(int) @ reached.astype(int) > 0
            self.mask = reached[:, owner]
        self.m = np.zeros((neuron.n, size, size * (n_in + size)))

    def immediate(self, arriving: np.ndarray, before: np.ndarray) -> np.ndarray:
        """(n, N, P) what the spikes that arrive add to the influence of the weights they go through."""
        nothing = np.zeros((self.neuron.n, self.size))
        found = np.zeros((self.neuron.n, self.size, self.size * (self.n_in + self.size)))
        begin = 0
        for weights, spikes in ((self.weights.input, arriving), (self.weights.recurrent, before)):
            each = np.stack(
                [self.neuron.arrival_slope(nothing, weights[:, j]) * spikes[j] for j in range(len(spikes))], axis=-1
            )
            for k in range(self.size):
                columns = slice(begin + k * len(spikes), begin + (k + 1) * len(spikes))
                found[:, k, columns] = each[:, k]
            begin += self.size * len(spikes)
        return found

    def through_others(self, slope_before: np.ndarray) -> np.ndarray:
        """(n, N, P) the way of the weights through the spikes of other neurons that arrive."""
        nothing = np.zeros((self.neuron.n, self.size))
        by_spike = np.stack([self.neuron.arrival(nothing, self.weights.recurrent[:, j]) for j in range(self.size)], -1)
        return np.einsum("akj,jp->akp", by_spike, slope_before)

    def arrive(self, arriving: np.ndarray, before: np.ndarray, slope_before: np.ndarray) -> None:
        self.m = self.m + self.immediate(arriving, before)
        if self.coupled:
            self.m = self.mask * (self.m + self.through_others(slope_before))

    def move(self, slope: np.ndarray) -> None:
        self.m = np.einsum("abk,bkp->akp", slope, self.m)

    def spikes(self, felt: np.ndarray) -> np.ndarray:
        return np.einsum("ka,akp->kp", felt, self.m)

    def reset(self, now: np.ndarray, slope: np.ndarray, jump: np.ndarray, slope_now: np.ndarray) -> None:
        change = (slope - np.eye(self.neuron.n)[:, :, None]) * now
        self.m = self.m + np.einsum("abk,bkp->akp", change, self.m) + jump[:, :, None] * slope_now[None]
