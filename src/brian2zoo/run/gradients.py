"""The gradient that a rule of the zoo finds, as Brian2 runs it, against the exact one of the same network and samples.

A rule sums what it finds in the variable `grad` of its synapses. The exact gradient is that of real-time recurrent
learning, in numpy (`reference`), of the same spikes and the same error at the output.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import Circuit
from brian2zoo.derive import reference
from brian2zoo.derive.dynamics import read
from brian2zoo.derive.reference import Neuron, Trial, Weights, layer_jacobian
from brian2zoo.derive.traces import derive
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import Surrogate
from brian2zoo.run import network
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, run_here
from brian2zoo.run.progress import Progress

PROJECTIONS = {"input": "input_hidden1", "recurrent": "hidden1_hidden1", "readout": "hidden1_output"}
_MEANINGS = {
    "cosine": ("1", "cosine of the rule's gradient and the exact one, by weights onto the hidden layer"),
    "activity": ("1", "spikes of a hidden neuron in a sample"),
    "jacobian": ("1", "norm of the block of the Jacobian from neuron to neuron, mean over steps"),
}


@dataclass(frozen=True)
class Found:
    """What a rule finds for some samples: its gradient, input spikes and errors (sample, step, unit)."""

    gradient: Weights
    inputs: np.ndarray
    errors: np.ndarray


def found(circuit: Circuit, weights: Mapping[str, np.ndarray], data: Mapping[str, np.ndarray]) -> Found:
    """The gradient that the rule of one recurrent layer sums over some samples; the weights stay as they are.

    Parameters
    ----------
    circuit : in mode 'train', of one hidden layer with recurrent weights.
    weights : by ``projection.w``, (synapse,).
    data : 'input' and 'label', one row a sample; fewer rows than the rule's mini-batch.

    Raises
    ------
    ZooError
        If the circuit is another, or the weights change between the samples.
    """
    missing = sorted(set(PROJECTIONS.values()) - {p.name for p in circuit.projections})
    if missing:
        problem = f"there is no {', '.join(missing)}"
        raise ZooError(circuit.experiment.path, "circuit", problem, "take a recurrent network of one hidden layer")
    samples, outputs = len(data["input"]), circuit.layers[-1]
    states = tuple(("output", "learning_signal", k) for k in range(outputs))
    errors_of = [f"{network.trace_name(*state)}.learning_signal" for state in states]
    wanted = [f"{name}.{variable}" for name in PROJECTIONS.values() for variable in ("grad", "w")]
    wanted += ["input_spikes.i", "input_spikes.t", *errors_of]
    duration = network.duration(circuit, "T_train")
    inputs = Inputs(dict(data), dict(weights), samples, 0)
    result = run_here(circuit, duration, inputs, wanted, Recording(("input",), states))
    if any(not np.array_equal(result[f"{name}.w"], weights[f"{name}.w"]) for name in PROJECTIONS.values()):
        raise ZooError(
            circuit.experiment.path, "learning", "it changes weights within the samples", "give fewer samples"
        )
    dt = float(network.duration(circuit, "dt"))
    steps = round(float(duration) / dt)
    spikes = np.zeros((samples * steps, circuit.layers[0]))
    spikes[np.rint(result["input_spikes.t"] / dt).astype(int), result["input_spikes.i"].astype(int)] = 1
    return Found(
        _matrices(circuit, result, "grad"),
        spikes.reshape(samples, steps, -1),
        np.stack([result[name] for name in errors_of], axis=-1).reshape(samples, steps, -1),
    )


def exact(circuit: Circuit, weights: Mapping[str, np.ndarray], what: Found, surrogate: Surrogate) -> list[Trial]:
    """Real-time recurrent learning on what a rule was given, a trial a sample.

    Parameters
    ----------
    surrogate : that of the rule, with its parameters.
    """
    hidden, psi, given = _layer(circuit, weights, surrogate)
    output = _formulas(circuit, PROJECTIONS["readout"])
    return [
        reference.run(hidden, output, psi, given, spikes, lambda _, t, wrong=wrong: wrong[t])
        for spikes, wrong in zip(what.inputs, what.errors, strict=True)
    ]


def total(trials: Iterable[Trial]) -> Weights:
    """Gradient summed over trials."""
    gradients = [trial.gradient for trial in trials]
    return Weights(*(sum(getattr(gradient, name) for gradient in gradients) for name in PROJECTIONS))


def cosine(one: Weights, other: Weights) -> float:
    """Of the angle between two gradients by the weights onto the hidden layer."""
    a, b = (np.concatenate([g.input.ravel(), g.recurrent.ravel()]) for g in (one, other))
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def sweep(
    experiments: Sequence[Experiment],
    layers: Sequence[int],
    data: Mapping[str, np.ndarray],
    surrogate: Surrogate,
    parameter: str,
    values: Sequence[float],
    strengths: Sequence[float],
    seed: int,
) -> xr.Dataset:
    """Gradients of several rules against the exact one, as the surrogate and the recurrent weights vary.

    Parameters
    ----------
    experiments : of the same neurons, under rules with this surrogate.
    parameter : of the surrogate, which takes `values`.
    strengths : multiples of the recurrent weights.

    Returns
    -------
    data set over `experiment`, the parameter and `strength`: `cosine` of rule and exact gradient, `activity` of the
    hidden layer, and `jacobian` (post, pre), the norms of its blocks, mean over all steps.
    """
    parts = []
    with Progress(len(values) * len(strengths), "gradients") as progress:
        for value, strength in product(values, strengths):
            felt = _with_parameter(surrogate, parameter, value)
            cosines: list[float] = []
            for experiment in experiments:
                setting = experiment.with_setting(f"surrogate.{parameter}={value}")
                circuit = circuits.build(setting, layers, "train")
                weights = circuits.initial_weights(circuit, seed)
                weights[f"{PROJECTIONS['recurrent']}.w"] *= strength
                what = found(circuit, weights, data)
                if not cosines:
                    first, trials = what, exact(circuit, weights, what, felt)
                elif not np.array_equal(first.errors, what.errors):
                    problem = f"it is another network than '{experiments[0].name}'"
                    raise ZooError(experiment.path, "neurons", problem, "compare rules of the same neurons")
                cosines.append(cosine(what.gradient, total(trials)))
            coordinates = {parameter: [value], "strength": [strength]}
            blocks = _mean_blocks(circuit, weights, trials, felt)
            parts.append(
                xr.Dataset(
                    {
                        "cosine": ((parameter, "strength", "experiment"), [[cosines]]),
                        "activity": ((parameter, "strength"), [[np.mean([t.spikes.sum(axis=0) for t in trials])]]),
                        "jacobian": ((parameter, "strength", "post", "pre"), blocks[None, None]),
                    },
                    coordinates | {"experiment": [experiment.name for experiment in experiments]},
                )
            )
            progress.advance(1, f"{parameter} {value:g}, strength {strength:g}")
    whole = xr.combine_by_coords(parts)
    for name, (unit, meaning) in _MEANINGS.items():
        whole[name].attrs = {"units": unit, "long_name": meaning}
    return whole


def _with_parameter(surrogate: Surrogate, name: str, value: float) -> Surrogate:
    if name not in as_dict(surrogate.parameters):
        known = ", ".join(as_dict(surrogate.parameters))
        raise ZooError(surrogate.path, "parameters", f"there is no '{name}'", f"it has {known}")
    lines = [
        line.model_copy(update={"value": str(value)}) if line.name == name else line for line in surrogate.parameters
    ]
    return surrogate.model_copy(update={"parameters": tuple(lines)})


def _mean_blocks(
    circuit: Circuit, weights: Mapping[str, np.ndarray], trials: Sequence[Trial], surrogate: Surrogate
) -> np.ndarray:
    """(post, pre) Frobenius norm of each block of the layer's Jacobian, mean over steps."""
    hidden, psi, given = _layer(circuit, weights, surrogate)
    each = [layer_jacobian(hidden, psi, given, x) for trial in trials for x in trial.states]
    return np.mean([np.sqrt((jacobian**2).sum(axis=(1, 3))) for jacobian in each], axis=0)


def _layer(
    circuit: Circuit, weights: Mapping[str, np.ndarray], surrogate: Surrogate
) -> tuple[Neuron, Callable[[Any], Any], Weights]:
    """The hidden neurons' formulas, the derivative of their spikes, and all weights as matrices."""
    hidden = _formulas(circuit, PROJECTIONS["input"])
    psi = reference.surrogate_function(surrogate, float(evaluate(f"1*{hidden.dynamics.threshold_unit}")))
    return hidden, psi, _matrices(circuit, weights, "w")


def _formulas(circuit: Circuit, projection: str) -> Neuron:
    """The formulas of the neurons after a projection."""
    onto = next(p for p in circuit.projections if p.name == projection)
    dt = float(network.duration(circuit, "dt"))
    return Neuron(derive(read(onto.post.neuron, onto.synapse)), dt, onto.post.overrides)


def _matrices(circuit: Circuit, arrays: Mapping[str, np.ndarray], variable: str) -> Weights:
    """A variable of the synapses, (synapse,) by ``projection.variable``, as matrices (post, pre)."""
    sizes = {p.name: (p.pre.size, p.post.size) for p in circuit.projections}
    return Weights(*(arrays[f"{name}.{variable}"].reshape(sizes[name]).T for name in PROJECTIONS.values()))
