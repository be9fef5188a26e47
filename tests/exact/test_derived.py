"""Rules derived from random neurons and synapses, as Brian2 runs them, against JAX, which has their text alone."""

from collections.abc import Callable
from dataclasses import replace
from textwrap import indent

import numpy as np
import pytest
from test_rtrl import N_IN, N_OUT, STEPS, Case, N, assert_close, derived, matrices, oracle, raster, setting, si

from brian2zoo import circuits
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, run_here

# X is a variable; each is smooth, bounded on what a neuron passes through, and has some function that derive knows
DRIVES = (
    "tanh(X)", "X/sqrt(1 + X**2)", "log(1 + exp(X))", "expm1(X/4)", "2/exprel(-X) - 2", "arctan(X) + 0.1*sin(t/(3*ms))",
    "X*exp(-v**2)", "3*exprel(X/3) - 3", "log1p(X**2)*cos(u)", "(1 + X**2)**p - 1", "2**tanh(X) - 1 + 0.1*(7 % 3)",
)  # fmt: skip
THRESHOLDS = ("v > 0.4", "0.4 < v", "v > 0.4 + 0.1*c", "level > 0.4 - 0.1*tanh(u)", "v*(1 + u**2) >= S")
RESETS = (
    "v = 0\nc += 0.5",
    "v = v - 0.4\nc = 0.5*c + 0.3",
    "left = 0.3*v\nv = left - 0.1*u\nu += 0.2\nc = 0.9*c + left",
    "v = 0.4*tanh(v)**2\nu = u + 0.1*v\nc = c + 0.5*tanh(level)",
    "v *= 0.3\nu -= 0.1*c\nc = 1",
)
SYNAPSES = (
    "w : 1\ng = 2*w : 1|I_post += g + w",
    "w : 1\ng = 2*w : 1\nh = g + tanh(g) : 1|I_post += h",
    "w : 1|I_post += gain*clip(w, low, 1.5)",
    "w : 1|I_post += abs(w)\nu_post += 0.1*w",
    "w : 1|I_post += k_post*w + low",
    "w : 1|boost = 1 + gain**2|I_post += boost*w",
    "w : 1|half = w/2\nhalf = half*(1 + half**2)|I_post += half + w",
)


def block(*lines: str) -> str:
    return indent("\n".join(lines), "  ")


def random_neuron(rng: np.random.Generator, method: str) -> str:
    """A neuron of the class that derive accepts."""
    adapting = rng.choice(["-c/tau_c", "1/second", "0*c/second"])
    if method == "exact":
        # a pair with complex poles
        equations = ["dv/dt = (I - u - v + S/8)/tau : 1", "du/dt = (k*v - u)/tau : 1"]
        equations += ["dI/dt = -I/tau : 1", f"dc/dt = {adapting} : 1"]
    else:
        drive, side = (str(rng.choice(DRIVES)).replace("X", x) for x in ("I", "v"))
        speed = rng.choice(["1", "(1 + 0.3*sin(t/(5*ms)))", "beta"])
        equations = [f"pull = {drive} - v : 1", "beta = 1/(1 + exp(-u)) : 1"]
        still = " (unless refractory)" if rng.random() < 0.5 else ""
        equations += [f"dv/dt = (pull*(1 + 0.5*beta) + S/8)/tau : 1{still}", f"du/dt = (k*({side}) - u)/tau_u : 1"]
        equations += [f"dI/dt = -I*{speed}/tau_s : 1", f"dc/dt = {adapting} : 1"]
    refractory = "refractory: t_ref" if rng.random() < 0.5 else ""
    return f"""
title: A random neuron
equations: |
{block("level = v + 0.1*v**2 : 1", *equations)}
threshold: {rng.choice(THRESHOLDS)}
reset: |
{block(str(rng.choice(RESETS)))}
{refractory}
method: {method}
parameters: |
  S = 0.4
  p = 0.7
  k = {rng.uniform(0.2, 0.9):.2f}
  tau = {rng.uniform(4, 8):.2f}*ms
  tau_u = {rng.uniform(10, 20):.2f}*ms
  tau_s = {rng.uniform(8.1, 9):.2f}*ms
  tau_c = 30*ms
  t_ref = 3*ms
"""


def synapse(parts: str) -> str:
    """A synapse onto it, of its parts."""
    state, *draw, read = parts.split("|")
    return f"""
title: A synapse
state: |
{block(state)}
draw: |
{block(*draw)}
write: w = w + dw
read: |
{block(read)}
parameters: |
  gain = 1.5
  low = -0.2
"""


@pytest.mark.parametrize("seed", range(len(SYNAPSES)))
def test_a_rule_derived_from_a_random_neuron_finds_its_gradient(zoo_with: Callable[..., Zoo], seed: int) -> None:
    """Jacobian, jumps, resets, threshold and surrogate at once."""
    rng = np.random.default_rng([2021, seed])
    files = {
        "models/neurons/drawn.yaml": random_neuron(rng, "exact" if seed % 3 == 2 else "euler"),
        "models/synapses/drawn.yaml": synapse(SYNAPSES[seed]),
    }
    case = Case("drawn", "drawn", "1.5", str(rng.choice(["superspike", "gaussian", "sigmoid"])), "0.5")
    given = setting(zoo_with(files), case, seed)
    zoo = derived(zoo_with, zoo_with(files), case, files=files)
    circuit = circuits.build(zoo.experiment("derived"), [N_IN, N, N_OUT], "train")
    values = {
        "input_hidden1.w": given.weights.input.T.ravel(),
        "hidden1_hidden1.w": given.weights.recurrent.T.ravel(),
        "hidden1_output.w": given.weights.readout.T.ravel(),
    }
    data = {"input": rng.uniform(0.5, 3, (1, N_IN)), "label": given.target[None]}
    wanted = [f"{name.partition('.')[0]}.grad" for name in values]
    wanted += ["input_spikes.i", "input_spikes.t", "hidden1_spikes.i", "hidden1_spikes.t"]
    inputs = Inputs(data, values, 1, 0)
    recording = network.Recording(spikes=("input", "hidden1"))
    found = run_here(circuit, network.duration(circuit, "T_train"), inputs, wanted, recording)
    trains = [raster(found, name, size, si(case.dt))[:STEPS] for name, size in (("input", N_IN), ("hidden1", N))]
    spikes, exact = oracle(zoo, case, replace(given, inputs=trains[0]), cut=True)
    np.testing.assert_array_equal(trains[1], spikes)
    assert 3 <= spikes.sum() <= 0.9 * spikes.size
    assert_close(matrices(found, "grad"), exact, 1e-8)
