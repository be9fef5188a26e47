"""Diehl and Cook on MNIST, the same YAML on the dense device and on Brian2's C++: python benchmarks/unsupervised.py"""

from functools import partial
from pathlib import Path

import typer
import xarray as xr
from programs import CONFIG, in_turn, medians, program, variable, weights

from brian2zoo.cli import scripting
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.formats.zoo import zoo_in_use
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/unsupervised.nc")
BACKENDS = ("cpp", "dense")


def main(repeats: int = CONFIG["repeats"], output: Path = OUTPUT) -> None:
    """Time a training sample on both, print the ratio, write it to a file."""
    of = CONFIG["unsupervised"]
    number, experiment = of["samples"], scripting.experiment_of(of["experiment"])
    images = load(DatasetSettings(source="mnist", limit_train=number, limit_test=1), zoo_in_use())["train"]
    data = {"input": encode_dataset(images, experiment.encoders["input"], None).input.values}
    rows = []
    for layers in of["layers"]:
        sessions = {name: program(experiment, layers, name, number) for name in BACKENDS}
        start = weights(sessions["dense"].circuit)
        # one sample too, whose time is that of starting: what is left is that of the others
        runs = {
            (name, n): partial(session.run, {"input": data["input"][:n]}, start, seed=1)
            for name, session in sessions.items()
            for n in (1, number)
        }
        times = medians(in_turn(runs, repeats))
        each = {name: 1000 * (times[name, number] - times[name, 1]) / (number - 1) for name in BACKENDS}
        ratio = each["cpp"] / each["dense"]
        print(f"{experiment.name} {layers}: " + ", ".join(f"{name} {t:.1f} ms" for name, t in each.items()), end="")
        print(f" a training sample ({ratio:.1f}x)")
        rows.append(
            xr.Dataset(
                {
                    "user_time": variable([[*each.values()]], ("layers", "device"), "ms", "user time a sample, median"),
                    "speedup": variable([ratio], ("layers",), "1", "user time on Brian2's C++ over that on dense"),
                },
                {"layers": [layers], "device": list(BACKENDS)},
            )
        )
    merged = xr.combine_by_coords(rows)
    title = "A training sample of Diehl and Cook's network on two devices"
    results.write(merged, output, title, command="python benchmarks/unsupervised.py")


if __name__ == "__main__":
    typer.run(main)
