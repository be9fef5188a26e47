"""eRBP against the paper's equations, written flat: one time step after the other, no Brian2.

Within a step, as in network.SCHEDULE: copies of what the rule reads; spikes that arrive, where each synapse
updates and then transmits; Euler; thresholds; resets. Brian2 hands a spike to the synapses in the step after
the threshold, so a delay of 8 steps lets the spike of step n act in step n + 9, before the neurons move: the
authors' order, who deliver at the end of step n + 8.
"""

from itertools import pairwise

import numpy as np
import pytest

from brian2zoo.circuits import initial_weights
from brian2zoo.run import network
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, run_here

DT, TAU_M, TAU_S, TAU_U, R = 1e-4, 1e-3, 4e-3, 5e-3, 1e9
V_TH, REFRACTORY, ARRIVAL = 0.1, 39, 9
ETA, WAIT, STEPS, LABEL_PERIOD = 0.05e-9, 50, 300, 20  # of the deterministic network of conftest
N_SAMPLES = 4


def flat_erbp(layers, data, weights) -> tuple[dict[str, set[tuple[int, int]]], dict[str, np.ndarray]]:
    """Spikes of each population as (step, unit), and the weights after all samples."""
    names = network.layer_names(layers)
    n, depth = layers[-1], len(layers) - 1
    forward = [f"{pre}_{post}.w" for pre, post in pairwise(names)]
    w = [weights[name].reshape(shape).copy() for name, shape in zip(forward, pairwise(layers), strict=True)]
    b_max = [1.15e-9 if k in (0, depth - 1) else 25e-9 for k in range(depth)]
    feedback = [weights[f"error_{name}.w"].reshape(2 * n, -1) for name in names[1:-1]]
    V, I, U = ([np.zeros(size) for size in layers[1:]] for _ in range(3))  # noqa: E741, the paper's names
    free = [np.zeros(size, int) for size in layers[1:]]  # first step after the refractory period
    V_error = np.zeros(2 * n)
    total = N_SAMPLES * STEPS
    raster = {
        name: np.zeros((total + ARRIVAL, size), bool)
        for name, size in [*zip(names, layers, strict=True), ("label", n), ("error", 2 * n)]
    }
    for sample in range(N_SAMPLES):
        onset = sample * STEPS
        raster["input"][onset + np.rint(data["input"][sample] / DT).astype(int), np.arange(layers[0])] = True
        raster["label"][onset + np.arange(LABEL_PERIOD, STEPS, LABEL_PERIOD), data["label"][sample].argmax()] = True

    for step in range(total):
        arrived = {name: spikes[step - ARRIVAL] for name, spikes in raster.items()}
        learning = step % STEPS + 0.5 > WAIT + 1
        I_start, U_start = [i.copy() for i in I], [u.copy() for u in U]
        for k in range(depth):
            pre = arrived[names[k]]
            gate = learning * (np.abs(I_start[k]) < b_max[k])
            w[k][pre] += ETA * U_start[k] * gate
            I[k] += w[k][pre].sum(axis=0)
        plus, minus = arrived["error"][:n], arrived["error"][n:]
        V_error[:n] += 0.09 * arrived["label"] - 0.09 * arrived["output"]
        V_error[n:] += 0.09 * arrived["output"] - 0.09 * arrived["label"]
        U[-1] += 0.09 * plus - 0.09 * minus
        for k, g in enumerate(feedback):
            U[k] += g[arrived["error"]].sum(axis=0)

        for k in range(depth):
            moving = step >= free[k]
            V[k] += moving * DT / TAU_M * (-V[k] + R * I[k])
            I[k] -= DT / TAU_S * I[k]
            U[k] -= DT / TAU_U * U[k]
            fired = moving & (V[k] > V_TH)
            raster[names[k + 1]][step] = fired
            V[k][fired] = 0
            free[k][fired] = step + REFRACTORY
        V_error[V_error < 0] = 0
        raster["error"][step] = V_error > V_TH
        V_error[V_error > V_TH] -= V_TH

    spikes = {name: set(zip(*np.nonzero(r), strict=True)) for name, r in raster.items()}
    return spikes, dict(zip(forward, w, strict=True))


@pytest.mark.parametrize(
    ("layers", "store", "setting"),
    [
        ((30, 20, 3), "float", "default"),
        ((30, 20, 10, 3), "float", "default"),
        ((30, 20, 3), "blank_out", "synapse.p=1"),
    ],
)
def test_erbp_is_the_papers_equations(deterministic, latencies, layers, store, setting) -> None:
    circuit = deterministic(layers, store, setting)
    data, weights = latencies(layers, N_SAMPLES), initial_weights(circuit, seed=1)
    expected_spikes, expected_weights = flat_erbp(layers, data, weights)

    spiking = [p.name for p in circuit.populations]
    inputs = Inputs(data, weights, N_SAMPLES, seed=0)
    wanted = [f"{name}_spikes.{v}" for name in spiking for v in "ti"] + [f"{p.name}.w" for p in circuit.plastic]
    found = run_here(circuit, network.duration(circuit, "T_train"), inputs, wanted, Recording(tuple(spiking)))

    for name in spiking:
        steps = np.rint(found[f"{name}_spikes.t"] / DT).astype(int)
        assert set(zip(steps, found[f"{name}_spikes.i"], strict=True)) == expected_spikes[name], name
        assert len(expected_spikes[name]) > 5, f"{name} is too quiet to tell"
    for name, w in expected_weights.items():
        assert np.mean(w.ravel() != weights[name]) > 0.5, f"{name} learns too little to tell"
        np.testing.assert_allclose(found[name], w.ravel(), rtol=1e-10)
