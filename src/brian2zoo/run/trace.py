"""A few samples of a network watched closely: every spike, and one output unit and one of its weights at every step."""

import brian2
import numpy as np
import xarray as xr
from brian2.equations.equations import SUBEXPRESSION, Equations

from brian2zoo.circuits import Circuit
from brian2zoo.datasets.encode import take
from brian2zoo.errors import ZooError
from brian2zoo.run.carried import Carried
from brian2zoo.run.network import Recording, trace_name
from brian2zoo.run.sessions import Session, run_seed


def recording(circuit: Circuit, unit: int = 0, pre: int = 32) -> Recording:
    """Every spike, the state of output unit `unit`, and its weight from hidden unit `pre`.

    The state is what the model of the neuron declares. The defaults are those that Neftci et al. (2017) draw; a
    smaller layer gives its last unit.

    Raises
    ------
    ZooError
        If the output does not spike.
    """
    output, last = circuit.population("output"), circuit.forward[-1]
    if not output.neuron.threshold:
        problem = f"its output '{output.neuron.name}' does not spike: there is nothing to watch"
        raise ZooError(circuit.experiment.path, "neurons.output", problem, "name a spiking experiment under `trace`")
    pre = min(pre, last.pre.size - 1)
    states = [("output", variable, unit) for variable in _declared(output.neuron.equations)]
    return Recording(
        spikes=tuple(p.name for p in circuit.spiking),
        states=(*states, (last.name, "w", pre * last.post.size + unit)),
    )


def samples_to_watch(data: xr.Dataset, watched: Recording, number: int) -> xr.Dataset:
    """So many samples in a row, from the first of the watched output unit's class on: that unit then has errors."""
    unit = next(index for group, _, index in watched.states if group == "output")
    first = int(np.argmax(data.label.values == unit))
    return data.isel(sample=slice(first, first + number))


def trace(
    runner: Session,
    watched: Recording,
    data: xr.Dataset,
    carried: Carried,
    seed: int,
    before: int = 0,
) -> xr.Dataset:
    """Run the samples of `data` while learning, after `before` others, and return spikes and traces in SI units.

    Returns `spike_time`, `spike_unit`, `spike_population` (spike), `onset`, `label` (sample), and over `time`
    `output_NAME` for each state variable of the output unit and `weight`. Attributes: `parameters` of that unit,
    `output.NAME`, and of the weight, `weight.NAME`; and `phases`, the table that the circuit follows, if it does.
    """
    keep = [f"{name}_spikes.{v}" for name in watched.spikes for v in ("t", "i")]
    keep += [_result_of(state) for state in watched.states]
    given = take(data, np.arange(data.sizes["sample"]))
    out = runner.run(given, carried, run_seed(seed, "trace"), tuple(keep), before)

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

    circuit = runner.circuit
    last = circuit.forward[-1]
    equations = {"output": circuit.population("output").neuron.equations, last.name: last.synapse.state}
    values = {(group, variable): out[_result_of((group, variable, i))] for group, variable, i in watched.states}
    steps = np.arange(len(next(iter(values.values())))) * runner.dt
    result = result.assign_coords(time=("time", steps, {"units": "s", "long_name": "time"}))
    for (group, variable), over_time in values.items():
        name, meaning = (f"output_{variable}", f"{variable} of an output unit") if group == "output" else _WEIGHT
        add(name, "time", over_time, _si_unit(equations[group], variable), meaning)
    named = {"output": "output", last.name: "weight"}
    parameters = [(*key.split(".", 1), value) for key, value in runner.parameters.items()]
    result.attrs["parameters"] = {f"{named[g]}.{name}": value for g, name, value in parameters if g in named}
    if phases := circuit.experiment.phases.get(circuit.mode):
        result.attrs["phases"] = phases.model_dump(mode="json")
    return result


_WEIGHT = ("weight", "weight to that unit")


def _result_of(state: tuple[str, str, int]) -> str:
    """Variable of a run that holds a trace."""
    return f"{trace_name(*state)}.{state[1]}"


def _declared(equations: str) -> list[str]:
    """Variables that equations state values of, in their order."""
    parsed = Equations(equations)
    return [name for name, equation in parsed.items() if equation.type != SUBEXPRESSION]


def _si_unit(equations: str, variable: str) -> str:
    """Symbol of the unit of a variable, '1' if it has none."""
    dimensions = Equations(equations)[variable].dim
    return "1" if dimensions.is_dimensionless else str(brian2.get_unit(dimensions))
