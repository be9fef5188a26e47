"""Learning by reward: what the critic says, when, and what follows for weights, against the spikes of a run."""

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.run.network import Recording, duration, trace_name
from brian2zoo.run.programs import Inputs, parameter_values, run_here

LAYERS, N, STEPS = (6, 3), 12, 150
LABELS = np.array([0, 1, 2, 2, 1, 0, 1, 1, 2, 0, 0, 2])
MEMORY, WRONG, BASELINE, ETA = 4, -0.25, 0.5, 0.01
PARAMETERS = {
    "critic.memory": MEMORY, "critic.r_wrong": WRONG, "critic.baseline": BASELINE,
    "input_output.eta": ETA, "input_output.w_total": 3,
}  # fmt: skip
TRACES = {("output", "reward"): 3, ("critic", "expected"): 3, ("input_output", "w"): 18, ("input_output", "tag"): 18}


@pytest.fixture(scope="module")
def recorded(zoo) -> dict[str, np.ndarray]:
    """Traces (index, step) as each step leaves them, and the steps and units of output spikes."""
    circuit = circuits.build(zoo.experiment("digits_by_reward"), LAYERS, "train")
    rates = np.repeat(np.eye(3)[LABELS], 2, axis=1) * 600 + 300
    values = initial_weights(circuit, 1) | parameter_values(circuit) | {k: float(v) for k, v in PARAMETERS.items()}
    states = [(group, name, k) for (group, name), size in TRACES.items() for k in range(size)]
    wanted = {trace_name(*state): f"{trace_name(*state)}.{state[1]}" for state in states}
    inputs = Inputs({"input": rates, "label": np.eye(3)[LABELS]}, values, N, 3)
    sources = [*wanted.values(), "output_spikes.t", "output_spikes.i"]
    found = run_here(circuit, duration(circuit, "T_train"), inputs, sources, Recording(("output",), tuple(states)))
    traces = {
        name: np.array([found[wanted[trace_name(group, name, k)]].ravel() for k in range(size)])
        for (group, name), size in TRACES.items()
    }
    return traces | {"step": np.rint(found["output_spikes.t"] / 1e-3).astype(int), "unit": found["output_spikes.i"]}


@pytest.fixture(scope="module")
def right(recorded) -> np.ndarray:
    """Whether the unit of the true class has answered most in each sample, two steps before its end."""
    sample, within = np.divmod(recorded["step"], STEPS)
    counts = np.zeros((N, 3))
    np.add.at(counts, (sample[within < STEPS - 2], recorded["unit"][within < STEPS - 2]), 1)
    own = counts[np.arange(N), LABELS]
    return (own > 0) & ((counts >= own[:, None]).sum(axis=1) == 1)


def test_the_reward_is_what_was_not_expected_of_the_class(recorded, right) -> None:
    assert 3 <= right.sum() <= N - 3
    expected = np.zeros(3)
    for k in range(N):
        steps = recorded["reward"][:, k * STEPS : (k + 1) * STEPS]
        earned = 1.0 if right[k] else WRONG
        assert not steps[:, :-1].any()
        np.testing.assert_allclose(steps[:, -1], earned - BASELINE * expected[LABELS[k]], rtol=1e-12, err_msg=f"{k}")
        expected[LABELS[k]] += (earned - expected[LABELS[k]]) / MEMORY
        np.testing.assert_allclose(recorded["expected"][:, (k + 1) * STEPS - 1], expected, rtol=1e-12)


def test_weights_change_by_trace_times_reward_in_the_last_step_of_a_sample(recorded) -> None:
    w, tag, reward = recorded["w"], recorded["tag"], np.tile(recorded["reward"], (6, 1))
    inner = np.delete(np.arange(N * STEPS), np.arange(0, N * STEPS, STEPS))  # an onset scales weights to their sum
    asked = np.clip(w[:, inner - 1] + ETA * tag[:, inner] * reward[:, inner], 0, 1)
    np.testing.assert_allclose(w[:, inner], asked, rtol=0, atol=1e-15)
    moved = np.abs(np.diff(w, axis=1)[:, STEPS - 2 :: STEPS])
    assert (moved > 1e-4).any(axis=0).sum() >= N - 2
