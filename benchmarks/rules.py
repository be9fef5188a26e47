"""What rules cost against the number of hidden units, in time and state: python benchmarks/rules.py

Every rule runs on the dense device. Slopes are those of doubly logarithmic axes over the upper half of the sizes,
beside those that theory gives.
"""

from functools import partial
from pathlib import Path

import numpy as np
import typer
import xarray as xr
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, Equations
from programs import CONFIG, in_turn, medians, program, slope, variable, weights

from brian2zoo.circuits import Circuit
from brian2zoo.cli import scripting
from brian2zoo.compose.circuit import compose
from brian2zoo.run import network, results

OUTPUT = Path("results/benchmarks/rules.nc")
BYTES = 8


def state_bytes(circuit: Circuit) -> int:
    """Memory of all variables that differ between neurons, synapses, or stores of an influence."""
    codes = compose(circuit)
    parts = [(codes.neurons[p.name], p.size) for p in circuit.populations]
    parts += [(codes.synapses[p.name], p.size) for p in circuit.projections]
    for influence in circuit.influences:
        code = codes.influences[influence.name]
        parts += [(code.stores, influence.size), (code.couplings, influence.couplings)]
    return BYTES * sum(
        size
        for code, size in parts
        if code is not None
        for equation in Equations(code.equations).values()
        if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER) and "shared" not in equation.flags
    )


def cost(name: str, family: str, repeats: int) -> xr.Dataset:
    """Time of a step and memory of a rule at the sizes of its family, with slopes and those of theory."""
    chosen, rng = CONFIG["rules"], np.random.default_rng(0)
    samples, told = chosen["samples"], chosen["families"][family]
    data = {
        "input": 0.1 * rng.random((samples, chosen["inputs"])),
        "label": np.eye(chosen["outputs"])[rng.integers(chosen["outputs"], size=samples)],
    }
    experiment, layers = scripting.experiment_of(name), f"{chosen['inputs']}-{{}}-{chosen['outputs']}"
    programs = {n: program(experiment, layers.format(n), "dense", samples) for n in told["sizes"]}
    runs = {n: partial(made.run, data, weights(made.circuit), seed=1) for n, made in programs.items()}
    seconds = medians(in_turn(runs, repeats))
    first = programs[told["sizes"][0]]
    steps = samples * round(float(first.sample_time / network.duration(first.circuit, "dt")))
    times = [1e6 * seconds[n] / steps for n in told["sizes"]]
    state = [state_bytes(made.circuit) for made in programs.values()]
    slopes = {what: slope(told["sizes"], values) for what, values in (("time", times), ("state", state))}
    measured = f"{slopes['time']:.2f} in time, {slopes['state']:.2f} in state"
    print(f"{name}: slopes {measured}; theory {told['time']} and {told['state']}")
    return xr.Dataset(
        {
            "step_time": variable(times, ("hidden",), "us", "time a step, median"),
            "state": variable(state, ("hidden",), "byte", "memory of all variables"),
            "time_slope": variable(slopes["time"], (), "1", "log-log slope of time"),
            "state_slope": variable(slopes["state"], (), "1", "log-log slope of memory"),
            "time_theory": variable(told["time"], (), "1", "slope of time for many hidden units"),
            "state_theory": variable(told["state"], (), "1", "slope of memory for many hidden units"),
        },
        {"hidden": told["sizes"], "experiment": name, "family": family},
    )


def main(repeats: int = 3, output: Path = OUTPUT) -> None:
    """Time every rule at every size, print slopes, write them to a file."""
    families = CONFIG["rules"]["families"]
    costs = [cost(name, family, repeats) for family, told in families.items() for name in told["experiments"]]
    result = xr.concat(costs, "experiment", coords="different", compat="equals", join="outer", combine_attrs="override")
    results.write(result, output, "Cost of rules against size", command="python benchmarks/rules.py")


if __name__ == "__main__":
    typer.run(main)
