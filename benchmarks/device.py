"""Dense device against Brian2's own C++ standalone, the same YAML on both: python benchmarks/device.py

Brian2's own also draws one random number for each input and step, as its users would write the input, in either
precision; another program of its, with the zoo's input, tells what the device itself gains. User time of one core.
"""

from functools import partial
from pathlib import Path

import typer
import xarray as xr
from programs import CONFIG, in_turn, medians, program, samples, variable, weights

from brian2zoo.cli import scripting
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/device.nc")
STOCK = "cpp"


def main(
    experiments: list[str] = typer.Option(CONFIG["experiments"], "--experiment"),
    layers: list[str] = typer.Option(CONFIG["layers"], "--layers"),
    number: int = typer.Option(CONFIG["samples"], "--samples"),
    repeats: int = CONFIG["repeats"],
    output: Path = OUTPUT,
) -> None:
    """Time every experiment and size, print ratios, write them to a file."""
    rows = []
    for name in experiments:
        experiment = scripting.experiment_of(name)
        stepwise = experiment.replaced(neurons=experiment.stated.neurons | {"input": CONFIG["stock_input"]})
        single, stepwise_single = (each.replaced(precision="single") for each in (experiment, stepwise))
        data = samples(experiment, number)
        for size in layers:
            runners = {
                "stock, stock input": program(stepwise, size, STOCK, number),
                "stock": program(experiment, size, STOCK, number),
                "stock, stock input, single precision": program(stepwise_single, size, STOCK, number),
                "dense": program(experiment, size, "dense", number),
                "dense, single precision": program(single, size, "dense", number),
            }
            start = weights(runners["dense"].circuit)
            runs = {device: partial(runner.run, data, start, seed=1) for device, runner in runners.items()}
            times = {k: 1000 * t / number for k, t in medians(in_turn(runs, repeats)).items()}
            speedup = {k: times["stock, stock input"] / t for k, t in times.items()}
            print(f"{name} {size}: " + ", ".join(f"{k} {t:.2f} ms ({speedup[k]:.1f}x)" for k, t in times.items()))
            rows.append(
                xr.Dataset(
                    {
                        "user_time": variable(
                            [[list(times.values())]],
                            ("experiment", "layers", "device"),
                            "ms",
                            "user time a sample, median",
                        ),
                        "speedup": variable(
                            [[list(speedup.values())]],
                            ("experiment", "layers", "device"),
                            "1",
                            "user time of stock with stock input over that of this program",
                        ),
                    },
                    {"experiment": [name], "layers": [size], "device": list(times)},
                )
            )
    merged = xr.combine_by_coords(rows)
    results.write(merged, output, "Dense device against Brian2's C++ standalone", command="python benchmarks/device.py")


if __name__ == "__main__":
    typer.run(main)
