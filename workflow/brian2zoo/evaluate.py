"""What a trained network does: final test, decision from the first output spikes, quantized weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from brian2zoo import measure, quantize
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.runner import Runner, test
from brian2zoo.train import operations


def trained_weights(circuit: Circuit, trained: xr.Dataset, seed: int) -> dict[str, np.ndarray]:
    """Weights of every projection, each (synapse,), SI units: trained ones from a result, fixed ones as drawn."""
    weights = initial_weights(circuit, seed)
    return weights | {n: trained[f"w_{n}"].values.ravel() for n in weights if f"w_{n}" in trained}


def evaluate(
    runner: Runner, data: xr.Dataset, weights: Mapping[str, np.ndarray], seed: int, max_spikes: int = 50
) -> xr.Dataset:
    """Final test of a network.

    Returns `test_error`, `confusion` (true, predicted), `spikes` (population) a sample, and for spiking
    networks `error_by_spikes`, `time_by_spikes` and `synops_by_spikes` (spike): error, time and synaptic
    operations when the decision is taken from the first k output spikes.
    """
    labels, classes = data.label.values, runner.classes
    tested = test(runner, data, weights, seed)
    predicted = measure.classify(tested["scores"])
    result = xr.Dataset()

    def add(name: str, dims: tuple[str, ...], values: np.ndarray | float, units: str, long_name: str) -> None:
        result[name] = (dims, values, {"units": units, "long_name": long_name})

    add("test_error", (), measure.error(tested["scores"], labels), "1", "fraction of test samples wrong")
    table = measure.confusion(predicted, labels, classes)
    add("confusion", ("true", "predicted"), table, "1", "samples by true and predicted class")
    sizes = runner.circuit.layers
    result.attrs["macs_inference"] = measure.macs_true(sizes, training=False)
    if not tested["spikes"]:
        return result
    spikes = {name: float(counts.sum()) / len(labels) for name, counts in tested["spikes"].items()}
    result = result.assign_coords(population=list(spikes))
    add("spikes", ("population",), np.array(list(spikes.values())), "1", "spikes a sample")
    error, when = measure.error_by_output_spikes(
        tested["output_sample"], tested["output_class"], tested["output_time"], labels, classes, max_spikes
    )
    result = result.assign_coords(spike=np.arange(1, max_spikes + 1))
    add("error_by_spikes", ("spike",), error, "1", "error when the first k output spikes decide")
    add("time_by_spikes", ("spike",), when, "s", "mean time of the k-th output spike after the onset")
    _, synops = operations(runner.circuit, spikes)
    spent = synops * when / runner.sample_time
    add("synops_by_spikes", ("spike",), spent, "1", "synaptic operations until the k-th output spike, at mean rates")
    return result


def quantized_errors(
    runner: Runner, data: xr.Dataset, weights: dict[str, np.ndarray], seed: int, bits: Sequence[int]
) -> xr.DataArray:
    """Test error with the trained weights rounded to a number of bits after learning, over `bits`.

    Each projection keeps the smallest symmetric range that holds its weights.
    """
    errors = []
    for n in bits:
        rounded = quantize.quantize_network({p.name: weights[p.name] for p in runner.circuit.forward}, n)
        scores = test(runner, data, weights | rounded, seed)["scores"]
        errors.append(measure.error(scores, data.label.values))
    attrs = {"units": "1", "long_name": "error with weights rounded after learning"}
    return xr.DataArray(np.array(errors), {"bits": list(bits)}, ("bits",), attrs=attrs)
