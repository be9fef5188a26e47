"""Cost against size of the network and against input rate, with log-log slopes: python benchmarks/scaling.py"""

from functools import partial
from pathlib import Path

import numpy as np
import typer
import xarray as xr
from programs import CONFIG, in_turn, medians, program, samples, slope, variable, weights

from brian2zoo.cli import scripting
from brian2zoo.run import results, stages
from brian2zoo.run.sessions import Session

OUTPUT = Path("results/benchmarks/scaling.nc")


def main(
    experiment: str = CONFIG["experiments"][0],
    number: int = typer.Option(CONFIG["samples"], "--samples"),
    repeats: int = CONFIG["repeats"],
    output: Path = OUTPUT,
) -> None:
    """Time one experiment over both axes, print slopes, write them to a file."""
    chosen = scripting.experiment_of(experiment)
    data = samples(chosen, number)
    size, rate = CONFIG["scaling"]["size"], CONFIG["scaling"]["rate"]

    by_size = {n: program(chosen, size["layers"].format(n), "dense", number) for n in size["values"]}
    fixed = program(chosen, rate["layers"], "dense", number)
    by_rate = {}
    for value in rate["values"]:
        circuit = stages.circuit_of(chosen.with_setting(f"{rate['parameter']}={value}*Hz"), rate["layers"], "train")
        by_rate[value] = Session(circuit, fixed.program, fixed.sample_time)

    found = {}
    for axis, runners in (("hidden", by_size), ("rate", by_rate)):
        runs = {key: partial(runner.run, data, weights(runner.circuit), seed=1) for key, runner in runners.items()}
        times = {key: 1000 * seconds / number for key, seconds in medians(in_turn(runs, repeats)).items()}
        spikes = [runner.run(data, weights(runner.circuit), 1)["spikes"]["input"].sum() for runner in runners.values()]
        x = [float(n) for n in runners] if axis == "hidden" else [count / number for count in spikes]
        steep = slope(x, list(times.values()))
        print(f"{axis}: " + ", ".join(f"{key} {ms:.2f} ms" for key, ms in times.items()) + f"; slope {steep:.2f}")
        found[f"time_by_{axis}"] = variable(list(times.values()), (axis,), "ms", "user time a sample, median")
        found[f"input_spikes_by_{axis}"] = variable(np.array(spikes) / number, (axis,), "1", "input spikes a sample")
        found[f"slope_by_{axis}"] = variable(steep, (), "1", "log-log slope over the upper half")
    coordinates = {"hidden": size["values"], "rate": ("rate", rate["values"], {"units": "Hz"})}
    result = xr.Dataset(found, coordinates, {"experiment": experiment})
    results.write(result, output, "Cost against size and rate", command="python benchmarks/scaling.py")


if __name__ == "__main__":
    typer.run(main)
