"""What rules cost against the number of hidden units, in time and state: python benchmarks/rules.py

Rules run on the dense device; the exact gradient, real-time recurrent learning, is the numpy reference. Slopes are
those of doubly logarithmic axes over the upper half of the sizes, beside the order that theory gives.
"""

from functools import partial
from pathlib import Path

import numpy as np
import typer
import xarray as xr
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, Equations
from programs import CONFIG, in_turn, medians, program, slope, variable, wall_seconds, weights

from brian2zoo import built, network, results, stage
from brian2zoo.circuits import Circuit
from brian2zoo.derive import gradient
from brian2zoo.zoo import Zoo

OUTPUT = Path("results/benchmarks/rules.nc")
BYTES = 8


def state_bytes(circuit: Circuit) -> int:
    """Memory of all variables that differ between neurons or synapses."""
    codes, total = network.compose(circuit), 0
    sizes = {p.name: p.size for p in (*circuit.populations, *circuit.projections)}
    for name, code in {**codes.neurons, **codes.synapses}.items():
        for equation in Equations(code.equations).values():
            if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER) and "shared" not in equation.flags:
                total += BYTES * sizes[name]
    return total


def main(repeats: int = 3, output: Path = OUTPUT) -> None:
    """Time every rule at every size, print slopes, write them to a file."""
    chosen, rng = CONFIG["rules"], np.random.default_rng(0)
    data = {
        "input": 0.1 * rng.random((chosen["samples"], chosen["inputs"])),
        "label": np.eye(chosen["outputs"])[rng.integers(chosen["outputs"], size=chosen["samples"])],
    }
    layers = f"{chosen['inputs']}-{{}}-{chosen['outputs']}"
    times, states = {}, {}
    for name in chosen["experiments"]:
        experiment = stage.experiment_of(name)
        runners = {n: program(experiment, layers.format(n), "dense", chosen["samples"]) for n in chosen["sizes"]}
        runs = {n: partial(runner.run, data, weights(runner.circuit), seed=1) for n, runner in runners.items()}
        steps = chosen["samples"] * round(
            float(runners[chosen["sizes"][0]].sample_time / network.duration(runners[chosen["sizes"][0]].circuit, "dt"))
        )
        times[name] = {n: 1e6 * seconds / steps for n, seconds in medians(in_turn(runs, repeats)).items()}
        states[name] = {n: state_bytes(runner.circuit) for n, runner in runners.items()}
    times["exact"], states["exact"] = exact(chosen, layers, data)
    sizes = sorted({n for found in times.values() for n in found})
    slopes = {
        what: {name: slope(list(found), list(found.values())) for name, found in measured.items()}
        for what, measured in (("time", times), ("state", states))
    }
    for name in times:
        print(f"{name}: slopes {slopes['time'][name]:.2f} in time, {slopes['state'][name]:.2f} in state")
    whole = [[times[name].get(n, np.nan) for n in sizes] for name in times]
    state = [[states[name].get(n, np.nan) for n in sizes] for name in times]
    result = xr.Dataset(
        {
            "step_time": variable(whole, ("experiment", "hidden"), "us", "time a step, median"),
            "state": variable(state, ("experiment", "hidden"), "byte", "memory of all variables"),
            "time_slope": variable(list(slopes["time"].values()), ("experiment",), "1", "log-log slope of time"),
            "state_slope": variable(list(slopes["state"].values()), ("experiment",), "1", "log-log slope of memory"),
        },
        {"experiment": list(times), "hidden": sizes},
    )
    results.write(result, output, "Cost of rules against size", command="python benchmarks/rules.py")


def exact(chosen: dict, layers: str, data: dict[str, np.ndarray]) -> tuple[dict[int, float], dict[int, float]]:
    """Time a step, and memory of the influence matrix, of real-time recurrent learning in numpy."""
    zoo, times, states = Zoo(), {}, {}
    one = {name: array[:1] for name, array in data.items()}
    for n in chosen["exact_sizes"]:
        circuit = built.circuit_of(zoo.experiment(chosen["exact"]), layers.format(n), "train")
        start = weights(circuit)
        found = gradient.found(circuit, start, one)
        run = partial(gradient.exact, circuit, start, found, zoo.surrogate(chosen["surrogate"]))
        times[n] = 1e6 * wall_seconds(run) / found.inputs.shape[1]
        states[n] = BYTES * 2 * n * n * (n + chosen["inputs"])
    return times, states


if __name__ == "__main__":
    typer.run(main)
