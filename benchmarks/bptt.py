"""The exact gradient on the network of an experiment, by backpropagation through time in JAX: python benchmarks/bptt.py

The forward pass is made from the equations of neuron, readout and synapses, in the order of a step that Brian2 runs;
JAX differentiates it, the surrogate stands for the derivative of a spike. What rules that leave out a part of the
Jacobian are measured by: the same data, initial weights, batches and Adam. Needs pip install -e '.[test]'.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
import typer
import xarray as xr
from brian2.parsing.sympytools import str_to_sympy
from programs import CONFIG, variable
from scipy.linalg import expm

from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.cli import scripting
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.derive import formulas, read
from brian2zoo.derive.dynamics import ACTIVE, Dynamics, symbol
from brian2zoo.equations.pieces import constants
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.zoo import Zoo, zoo_in_use
from brian2zoo.run import network, results, stages
from brian2zoo.run.gradients import PROJECTIONS
from brian2zoo.run.train import shuffled_samples

OUTPUT = Path("results/benchmarks/bptt.nc")
SETTINGS: dict[str, Any] = CONFIG["bptt"]
Weights = dict[str, Any]


def values(file: Any, overrides: dict[str, str]) -> dict[sp.Symbol, float]:
    """Parameters in SI units, by symbol."""
    return {symbol(name): float(np.asarray(value)) for name, value in constants(file, overrides).items()}


class Layer:
    """A layer of linear neurons without refractoriness, its state (n, unit)."""

    def __init__(self, circuit: Circuit, projection: str) -> None:
        onto = next(p for p in circuit.projections if p.name == projection)
        dynamics: Dynamics = read(onto.post.neuron, onto.synapse)
        known = values(onto.post.neuron, dict(onto.post.overrides)) | {ACTIVE: 1.0}
        flow = formulas.jacobian(dynamics.flow, dynamics.state).xreplace(known)
        self.size, self.n = onto.post.size, len(dynamics.state)
        self.propagator = expm(np.array(flow, dtype=float) * float(network.duration(circuit, "dt")))
        self.entry = np.array(dynamics.arrival.slope, dtype=float)
        self.answer = dynamics.state.index(dynamics.graded) if dynamics.graded else None
        self.distance = self._function(dynamics.threshold, dynamics, known)
        self.reset = [self._function(after, dynamics, known) for after in dynamics.reset]

    @staticmethod
    def _function(formula: Any, dynamics: Dynamics, known: dict[sp.Symbol, float]) -> Callable[..., Any] | None:
        return None if formula is None else sp.lambdify(dynamics.state, formula.xreplace(known), "jax")

    def step(self, state: Any, arriving: Any) -> Any:
        """What arrives (unit,), then the equations."""
        return self.propagator @ (state + self.entry * arriving)


def trial(layers: tuple[Layer, Layer], spike: Callable[[Any], Any], weights: Weights, inputs: Any) -> Any:
    """Answers (step, class) to input spikes (step, unit)."""
    hidden, readout = layers

    def step(carry: Any, now_in: Any) -> Any:
        x, y, arriving, before = carry
        x = hidden.step(x, arriving @ weights["input"] + before @ weights["recurrent"])
        y = readout.step(y, before @ weights["readout"])
        now = spike(hidden.distance(*x))
        held = jax.lax.stop_gradient(now)  # the reset follows the spike, its surrogate is in the spike itself
        x = jnp.stack([row + held * (after(*x) - row) for row, after in zip(x, hidden.reset, strict=True)])
        return (x, y, now_in, now), y[readout.answer]

    start = jnp.zeros((hidden.n, hidden.size)), jnp.zeros((readout.n, readout.size))
    _, answers = jax.lax.scan(step, (*start, jnp.zeros(inputs.shape[1]), jnp.zeros(hidden.size)), inputs)
    return answers


def surrogate_spike(name: str) -> Callable[[Any], Any]:
    """A spike with the surrogate of a file as its derivative."""
    model = Zoo().surrogate(name)
    formula = str_to_sympy(model.derivative).xreplace(values(model, {}))
    psi = sp.lambdify([symbol("x")], formula, "jax")

    @jax.custom_jvp
    def spike(g: Any) -> Any:
        return jnp.where(g > 0, 1.0, 0.0)

    spike.defjvp(lambda primal, tangent: (spike(*primal), psi(*primal) * tangent[0]))
    return spike


def rasters(times: np.ndarray, steps: int, dt: float) -> np.ndarray:
    """Spike times (sample, unit) in seconds as (sample, step, unit)."""
    spikes = np.zeros((times.shape[0], steps, times.shape[1]), np.float32)
    at = np.rint(times / dt).astype(int)
    np.put_along_axis(spikes, at[:, None, :], 1, axis=1)
    return spikes


class Training:
    """Backpropagation through time of the network of an experiment, with the Adam of its rule.

    Parameters
    ----------
    circuit : in training.
    surrogate : name of the file.
    """

    def __init__(self, circuit: Circuit, surrogate: str) -> None:
        layers = Layer(circuit, PROJECTIONS["input"]), Layer(circuit, PROJECTIONS["readout"])
        spike, self.circuit = surrogate_spike(surrogate), circuit
        rule = {name: given.value for name, given in circuit.plastic[0].rule.parameters.items()}
        eta, beta_1, beta_2, epsilon, batch = (float(rule[k]) for k in ("eta", "beta_1", "beta_2", "epsilon", "batch"))
        self.batch = int(batch)

        def loss(weights: Weights, inputs: Any, target: Any) -> Any:
            answers = jax.vmap(lambda each: trial(layers, spike, weights, each))(inputs)
            return -(jax.nn.log_softmax(answers) * target[:, None]).sum() / len(target)

        @jax.jit
        def update(state: Any, inputs: Any, target: Any, count: Any) -> Any:
            weights, mean, square = state
            gradient = jax.grad(loss)(weights, inputs, target)
            mean = jax.tree.map(lambda m, g: m + (1 - beta_1) * (g - m), mean, gradient)
            square = jax.tree.map(lambda s, g: s + (1 - beta_2) * (g**2 - s), square, gradient)
            changed = jax.tree.map(
                lambda w, m, s: w - eta * m / (1 - beta_1**count) / (jnp.sqrt(s / (1 - beta_2**count)) + epsilon),
                weights, mean, square,
            )  # fmt: skip
            return changed, mean, square

        self.update = update
        self.read_out = jax.jit(jax.vmap(lambda each, weights: trial(layers, spike, weights, each).mean(0), (0, None)))

    def start(self, seed: int) -> Any:
        """Initial weights, and Adam's means."""
        sizes = {p.weight: (p.pre.size, p.post.size) for p in self.circuit.plastic}
        start = initial_weights(self.circuit, seed)
        # In single precision, as JAX computes; an update for other types would be compiled.
        weights = {
            k: jnp.asarray(start[f"{name}.w"].reshape(sizes[f"{name}.w"]), jnp.float32)
            for k, name in PROJECTIONS.items()
        }
        return weights, jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)


def given(experiment: Experiment, dataset: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Both splits of a data set, encoded as an experiment says."""
    encoders = experiment.encoders["input"], experiment.encoders["label"]
    return {
        split: encode_dataset(part, *encoders) for split, part in load(DatasetSettings(**dataset), zoo_in_use()).items()
    }


def spikes_and_targets(circuit: Circuit, data: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Input spikes (sample, step, unit) and targets (sample, class) of an encoded split."""
    dt, duration = (float(network.duration(circuit, which)) for which in ("dt", "T_train"))
    return rasters(data.input.values, round(duration / dt), dt), np.asarray(data.target.values, np.float32)


def main(output: Path = OUTPUT) -> None:
    """Train under each seed, print the error after each epoch, write the curves to a file."""
    experiment = scripting.experiment_of(SETTINGS["experiment"])
    circuit = stages.circuit_of(experiment, SETTINGS["layers"], "train")
    training, data = Training(circuit, SETTINGS["surrogate"]), given(experiment, SETTINGS["dataset"])
    spikes, targets = spikes_and_targets(circuit, data["train"])
    tests, _ = spikes_and_targets(circuit, data["test"])
    curves = []
    for seed in SETTINGS["seeds"]:
        state, count, errors = training.start(seed), 0, []
        for epoch in range(SETTINGS["epochs"]):
            order = shuffled_samples(len(spikes), SETTINGS["samples"], seed, epoch)
            for rows in order.reshape(-1, training.batch):
                count += 1
                state = training.update(state, spikes[rows], targets[rows], float(count))
            answers = np.concatenate([training.read_out(part, state[0]) for part in np.array_split(tests, 10)])
            errors.append(float((answers.argmax(1) != data["test"].label.values).mean()))
            print(f"seed {seed}, epoch {epoch + 1}: {100 * errors[-1]:.1f} % wrong", flush=True)
        curves.append(errors)
    result = xr.Dataset(
        {"test_error": variable(curves, ("seed", "epoch"), "1", "share of wrong answers")},
        {"seed": SETTINGS["seeds"], "epoch": np.arange(1, SETTINGS["epochs"] + 1)},
        {"settings": SETTINGS},
    )
    results.write(result, output, "Backpropagation through time", command="python benchmarks/bptt.py")


if __name__ == "__main__":
    typer.run(main)
