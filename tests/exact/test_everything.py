"""What a circuit may have, all in one network of files nobody uses otherwise, against a loop over its steps.

Pairs from a file with a strength and a delay each, a store with a state of its own that begins somewhere and a sum that
is restored at onsets, STDP whose eligibility a critic's reward turns into weights, with samples at rest and without.
"""

from collections.abc import Callable

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.check import check_experiment
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets.events import Events
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

PRE, POST, STEPS, SAMPLES = 12, 4, 200, 5
DT = 0.25e-3
RNG = np.random.default_rng(11)
PAIRS = sorted((int(i), int(j)) for i, j in np.ndindex(PRE, POST) if RNG.random() < 0.6)
STRENGTH = RNG.uniform(0.5, 2, len(PAIRS)).round(3)
LATE = RNG.integers(0, 40, len(PAIRS))  # steps

CIRCUIT = """
title: Listed synapses, and a critic
populations:
  input:  {data: input}
  output: {}
projections:
  layers: {through: [input, output], learns: true, table: listed, sign: strength, delay: late*dt_of_table}
  push:   {source: output, target: itself, pairs: i == (j + 1) % N_post, sign: -1, delay: 1*ms + 0.5*ms*j}
feedback:
  reward:
    reaches: [output]
    populations:
      critic: {size: N_output, data: label}
    projections:
      answer:  {source: output, target: critic, pairs: i == j}
      compare: {source: critic, target: itself, pairs: i != j}
      reward:  {source: critic, target: output}
""".replace("dt_of_table", "0.25*ms")
NEURON = """
title: Leaky sum
equations: "dv/dt = -v/tau : 1"
method: exact
threshold: v > 1
reset: v = 0
parameters: tau = 5*ms
"""
STORE = """
title: A weight with a gain that grows as it is used, and whose squares are restored to a sum
state: |
  w : 1
  gain : 1
initial: gain = g_0
draw: gain = gain + rise*(1 - gain)
write: w = clip(w + dw, w_min, w_max)
read: v_post += w*gain
at_onset:
  sums: "squares_post = w**2 : 1 (summed)"
  statements: w = w*sqrt(w_total/clip(squares_post, 1e-12, inf))
parameters: |
  w_min   = 0
  w_max   = 1   [> w_min]
  w_total = 0.8 [> 0]
  g_0     = 0.4
  rise    = 0.1 [0 to 1]
"""
EXPERIMENT = """
title: All at once
circuit: everything
learning: {feedback: reward, plastic: {rule: stdp_reward}}
synapses: {plastic: lively, push: kick, answer: answer, compare: comparison, reward: reward}
neurons: {input: event_input, output: leaky_sum, critic: critic}
encoders: {input: events, label: identity}
protocol: {dt: 0.25*ms, T_train: 50*ms, T_test: 50*ms, T_final: 50*ms, rest: %s}
weights: |
  input_output = 0.3
  push = 0.2
parameters: |
  rule.eta = 0.3
  rule.tau_tag = 12*ms
  rule.tau_plus = 7*ms
  critic.memory = 3
  critic.r_wrong = -0.5
"""
KICK = 'title: A kick\nstate: "w : 1"\nread: v_post += w\n'


def files(rest: str) -> dict[str, str]:
    rows = [f"{i},{j},{s},{late}" for (i, j), s, late in zip(PAIRS, STRENGTH, LATE, strict=True)]
    return {
        "models/circuits/everything.yaml": CIRCUIT,
        "models/pairs/listed.csv": "\n".join(["i,j,strength,late", *reversed(rows)]) + "\n",
        "models/neurons/leaky_sum.yaml": NEURON,
        "models/synapses/lively.yaml": STORE,
        "models/synapses/kick.yaml": KICK,
        "config/experiments/everything.yaml": EXPERIMENT % rest,
    }


def spikes() -> list[tuple[int, int]]:
    """(step, unit) of the input's spikes, in order; some in the first and the last steps of samples."""
    rng = np.random.default_rng(5)
    found = {
        (int(s), int(u)) for s, u in zip(rng.integers(0, STEPS * SAMPLES, 700), rng.integers(0, PRE, 700), strict=True)
    }
    found |= {(STEPS * k + s, u) for k in range(SAMPLES) for s in (0, STEPS - 1) for u in range(0, PRE, 3)}
    return sorted(found)


LABELS = [2, 0, 2, 1, 3]


def loop(rest: bool) -> dict[str, np.ndarray]:
    """The weights and what the critic expects in the end, and the steps and units of output spikes."""
    pairs = np.array(PAIRS)
    pre, post = pairs.T
    w, gain, tag, r1 = 0.3 * STRENGTH, np.full(len(pairs), 0.4), np.zeros(len(pairs)), np.zeros(len(pairs))
    v, o1, n, beaten, expected = (np.zeros(POST) for _ in range(5))
    target, fired, emitted, answered = np.zeros(POST), np.zeros(POST, bool), {}, []
    pushes: dict[int, list[int]] = {}
    for step, unit in spikes():
        emitted.setdefault(step, []).append(unit)
    arriving: dict[int, list[int]] = {}
    for step in range(STEPS * SAMPLES):
        sample, at = divmod(step, STEPS)
        if at == 0:
            w = w * np.sqrt(0.8 / np.bincount(post, w**2, POST))[post]
            if rest:
                gain[:], tag[:], r1[:] = 0.4, 0, 0
                v[:], o1[:], beaten[:], fired[:] = 0, 0, 0, False
                arriving, pushes = {}, {}
            target, n = np.eye(POST)[LABELS[sample]], np.zeros(POST)
        before = o1.copy()
        for k in arriving.pop(step, ()):
            gain[k] += 0.1 * (1 - gain[k])
            r1[k] += 1
            tag[k] -= 0.5 * before[post[k]]
            v[post[k]] += w[k] * gain[k]
        tag += np.where(fired[post], r1, 0)
        for j in pushes.pop(step, ()):
            v[j] -= 0.2
        n += fired
        tag, r1 = tag * np.exp(-0.25 / 12), r1 * np.exp(-0.25 / 7)
        v, o1 = v * np.exp(-0.25 / 5), o1 * np.exp(-0.25 / 20)
        speaks = target * (at == STEPS - 1)
        earned = -0.5 + 1.5 * ((n > 0.5) & (beaten < 0.5))
        reward = speaks * (earned - expected)
        expected = expected + speaks * (earned - expected) / 3
        beaten = np.array([sum(n[i] >= n[j] for i in range(POST) if i != j) for j in range(POST)], float)
        w = np.clip(w + 0.3 * tag * reward.sum(), 0, 1)
        fired = v > 1
        v[fired] = 0
        o1[fired] += 1
        answered += [(step, int(j)) for j in np.flatnonzero(fired)]
        for unit in emitted.get(step, ()):
            for k in np.flatnonzero(pre == unit):
                arriving.setdefault(step + 1 + LATE[k], []).append(k)
        for i in np.flatnonzero(fired):
            j = (i - 1) % POST  # i == (j + 1) % N_post
            pushes.setdefault(step + 1 + 4 + 2 * j, []).append(j)
    return {"w": w, "expected": expected, "spikes": np.array(answered)}


@pytest.fixture(params=["numpy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("dense", "cpp"))])
def run(request, tmp_path) -> Callable[[Circuit, Inputs, list[str]], dict[str, np.ndarray]]:
    def found(circuit: Circuit, inputs: Inputs, names: list[str]) -> dict[str, np.ndarray]:
        if request.param == "numpy":
            return run_here(circuit, 50 * ms, inputs, names)
        folder = tmp_path / str(circuit.experiment.protocol.rest)
        return Program(build(circuit, 50 * ms, SAMPLES, folder, backend=backend(request.param))).run(inputs, names)

    return found


@pytest.mark.parametrize("rest", [False, True])
def test_all_of_it_is_what_its_files_say(zoo_with, run, rest) -> None:
    zoo: Zoo = zoo_with(files("true" if rest else "false"))
    experiment = zoo.experiment("everything")
    assert check_experiment(experiment) == []
    circuit = circuits.build(experiment, (PRE, POST), "train")
    order = spikes()
    steps, units = (np.array(side) for side in zip(*order, strict=True))
    offsets = np.searchsorted(steps // STEPS, np.arange(SAMPLES + 1))
    events = Events((steps % STEPS) * DT, units, offsets, PRE)
    values = initial_weights(circuit, 0) | parameter_values(circuit)
    data = {"input": events, "label": np.eye(POST)[LABELS]}
    names = ["input_output.w", "critic.expected", "output_spikes.t", "output_spikes.i"]
    found, expected = run(circuit, Inputs(data, values, SAMPLES, 0), names), loop(rest)
    assert len(expected["spikes"]) > 30
    assert np.ptp(np.bincount(expected["spikes"][:, 1], minlength=POST)) > 3
    fired = sorted(zip(np.rint(found["output_spikes.t"] / DT).astype(int), found["output_spikes.i"], strict=True))
    np.testing.assert_array_equal(np.array(fired), expected["spikes"])
    np.testing.assert_allclose(found["critic.expected"], expected["expected"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["input_output.w"], expected["w"], rtol=0, atol=1e-11)
    restored = (
        0.3 * STRENGTH * np.sqrt(0.8 / np.bincount(np.array(PAIRS)[:, 1], (0.3 * STRENGTH) ** 2))[np.array(PAIRS)[:, 1]]
    )
    assert np.abs(found["input_output.w"] - restored).max() > 1e-2
