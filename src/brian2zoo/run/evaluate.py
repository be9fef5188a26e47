"""What a trained network does: final test, decision from the first output spikes, quantized weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from brian2.equations.equations import Equations

from brian2zoo.compose.circuit import compose
from brian2zoo.run import measure, quantize
from brian2zoo.run.carried import Carried
from brian2zoo.run.network import data_types, weight_matrix
from brian2zoo.run.scores import UNITS, Decoder
from brian2zoo.run.sessions import Session, test
from brian2zoo.run.train import operations


def final_test(
    runner: Session, data: xr.Dataset, carried: Carried, seed: int, decoder: Decoder = UNITS, max_spikes: int = 50
) -> xr.Dataset:
    """Final test of a network.

    Returns `test_error`, `confusion` (true, predicted), `spikes` (population) a sample, and for spiking
    networks NeuroBench's metrics as attributes by its names; and where each output unit stands for a class
    `error_by_spikes`, `time_by_spikes` and `synops_by_spikes` (spike): error, time and synaptic operations when the
    decision is taken from the first k output spikes.
    """
    labels, classes = data.label.values, data.sizes["class"]
    tested = test(runner, data, carried, seed)
    scores = decoder(tested["answers"], runner.counted_for)
    result = xr.Dataset()

    def add(name: str, dims: tuple[str, ...], values: np.ndarray | float, units: str, long_name: str) -> None:
        result[name] = (dims, values, {"units": units, "long_name": long_name})

    add("test_error", (), measure.error(scores, labels), "1", "fraction of test samples wrong")
    table = measure.confusion(measure.classify(scores), labels, classes)
    add("confusion", ("true", "predicted"), table, "1", "samples by true and predicted class")
    sizes = runner.circuit.layers
    result.attrs["macs_inference"] = measure.macs_true(sizes, training=False)
    if not tested["spikes"]:
        return result
    spikes = {name: float(counts.sum()) / len(labels) for name, counts in tested["spikes"].items()}
    result = result.assign_coords(population=list(spikes))
    add("spikes", ("population",), np.array(list(spikes.values())), "1", "spikes a sample")
    result.attrs["neurobench"] = _neurobench(runner, carried, tested, scores, labels)
    if decoder.weights is not None or "output_time" not in tested:
        return result
    error, when = measure.error_by_output_spikes(
        tested["output_sample"], tested["output_unit"], tested["output_time"], labels, classes, max_spikes
    )
    result = result.assign_coords(spike=np.arange(1, max_spikes + 1))
    add("error_by_spikes", ("spike",), error, "1", "error when the first k output spikes decide")
    add("time_by_spikes", ("spike",), when, "s", "mean time of the k-th output spike after the onset")
    _, synops = operations(runner.circuit, spikes)
    spent = synops * when / runner.sample_time
    add("synops_by_spikes", ("spike",), spent, "1", "synaptic operations until the k-th output spike, at mean rates")
    return result


def _neurobench(
    runner: Session, weights: Carried, tested: Mapping[str, Any], scores: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """NeuroBench's metrics of a test, without the noise, which stands for the hardware's own.

    A weight or a state variable has the bits its model states as a parameter, else those it is computed with.
    """
    forward = {(p.pre.name, p.post.name): p for p in runner.circuit.forward}
    codes = compose(runner.circuit)

    def bits(group: str, stated: str, variable: str) -> int:
        code = codes.neurons[group] if group in codes.neurons else codes.synapses[group]
        computed = data_types(code.equations, runner.circuit.experiment.stated.precision).get(variable, np.float64)
        return int(runner.parameters.get(f"{group}.{stated}", 8 * np.dtype(computed).itemsize))

    states = {post: Equations(codes.neurons[post].equations).diff_eq_names for _, post in forward}
    return measure.neurobench(
        {key: weight_matrix(p, weights[p.weight]) for key, p in forward.items()},
        tested["spikes"],
        scores,
        labels,
        n_steps=runner.program.steps_per_sample,
        weight_bits={key: bits(p.name, "bits", "w") for key, p in forward.items()},
        state_bits={name: sum(bits(name, f"{v}_bits", v) for v in variables) for name, variables in states.items()},
    )


def quantized_errors(
    runner: Session,
    data: xr.Dataset,
    carried: dict[str, np.ndarray],
    seed: int,
    bits: Sequence[int],
    decoder: Decoder = UNITS,
) -> xr.DataArray:
    """Test error with the trained weights rounded to a number of bits after learning, over `bits`.

    Each projection keeps the smallest symmetric range that holds its weights.
    """
    errors = []
    for n in bits:
        rounded = quantize.quantize_network({p.weight: carried[p.weight] for p in runner.circuit.forward}, n)
        answers = test(runner, data, carried | rounded, seed)["answers"]
        errors.append(measure.error(decoder(answers, runner.counted_for), data.label.values))
    attrs = {"units": "1", "long_name": "error with weights rounded after learning"}
    return xr.DataArray(np.array(errors), {"bits": list(bits)}, ("bits",), attrs=attrs)
