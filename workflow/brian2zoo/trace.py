"""A few samples of a network watched closely: every spike, and the traces of one output neuron."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.network import Recording, trace_name
from brian2zoo.runner import Runner, run_seed

TRACED = ("V", "U", "I")


def recording(circuit: Circuit, unit: int = 0, pre: int = 32) -> Recording:
    """Every spike, the state of output neuron `unit`, and its weight from hidden neuron `pre`.

    The defaults are the ones the authors draw; a smaller layer gives its last neuron.
    """
    last = circuit.forward[-1]
    pre = min(pre, last.pre.size - 1)
    states = [("output", variable, unit) for variable in TRACED]
    return Recording(
        spikes=tuple(p.name for p in circuit.populations if p.neuron.threshold and p.role != "noise"),
        states=(*states, (last.name, "w", pre * last.post.size + unit)),
    )


def trace(
    runner: Runner, watched: Recording, data: xr.Dataset, weights: Mapping[str, np.ndarray], seed: int
) -> xr.Dataset:
    """Run the samples of `data` while learning and return spikes and traces, all in SI units.

    Returns `spike_time`, `spike_unit`, `spike_population` (spike), `onset`, `label` (sample), and over `time`
    the state variables of the output neuron and one of its weights `w`.
    """
    keep = [f"{name}_spikes.{v}" for name in watched.spikes for v in ("t", "i")]
    traces = {variable: f"{trace_name(group, variable, index)}" for group, variable, index in watched.states}
    keep += [f"{name}.{variable}" for variable, name in traces.items()]
    given = {"input": data.input.values, "label": data.target.values}
    out = runner.run(given, weights, run_seed(seed, "trace"), tuple(keep))

    times = np.concatenate([out[f"{name}_spikes.t"] for name in watched.spikes])
    units = np.concatenate([out[f"{name}_spikes.i"] for name in watched.spikes])
    names = np.repeat(watched.spikes, [len(out[f"{name}_spikes.t"]) for name in watched.spikes])
    result = xr.Dataset()

    def add(name: str, dim: str, values: np.ndarray, units: str, long_name: str) -> None:
        result[name] = (dim, values, {"units": units, "long_name": long_name})

    add("spike_time", "spike", times, "s", "spike time")
    add("spike_unit", "spike", units, "1", "neuron within its population")
    add("spike_population", "spike", names, "1", "population")
    n = data.sizes["sample"]
    add("onset", "sample", np.arange(n) * runner.sample_time, "s", "onset of the sample")
    add("label", "sample", data.label.values, "1", "class of the sample")
    steps = np.arange(len(out[f"{traces['V']}.V"])) * runner.dt
    result = result.assign_coords(time=("time", steps, {"units": "s", "long_name": "time"}))
    units_of = {"V": "V", "U": "V", "I": "A", "w": "A"}
    meanings = {"V": "membrane potential", "U": "dendritic error", "I": "synaptic current", "w": "weight"}
    for variable, name in traces.items():
        add(variable, "time", out[f"{name}.{variable}"], units_of[variable], meanings[variable])
    parameters = runner.parameters
    last = runner.circuit.forward[-1].name
    result.attrs |= {"V_th": parameters["output.V_th"], "b_max": parameters[f"{last}.b_max"]}
    return result
