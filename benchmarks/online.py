"""Online rules on the dense device against JAX's backpropagation through time, one core: python benchmarks/online.py

User time a training sample, optimizer included, both in one process and its children that may use one core. JAX takes
batches in single precision, and is compiled before it is timed. Needs pip install -e '.[test]'.
"""

import os
import resource
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import typer
import xarray as xr
from bptt import Training, given, spikes_and_targets
from programs import CONFIG, medians, program, user_seconds, variable, weights

from brian2zoo.cli import scripting
from brian2zoo.run import results, stages

OUTPUT = Path("results/benchmarks/online.nc")
SETTINGS: dict[str, Any] = CONFIG["online"]


def own_seconds(run: Any) -> float:
    """Seconds of processor time a call takes in this process."""
    begin = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    run()
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime - begin


def of_jax(layers: str, data: xr.Dataset) -> Any:
    """A training of the reference network on some samples, compiled."""
    circuit = stages.circuit_of(scripting.experiment_of(SETTINGS["reference"]), layers, "train")
    training, (spikes, targets) = Training(circuit, SETTINGS["surrogate"]), spikes_and_targets(circuit, data)

    def run() -> None:
        state = training.start(0)
        for count, rows in enumerate(np.arange(len(spikes)).reshape(-1, training.batch), start=1):
            state = training.update(state, spikes[rows], targets[rows], float(count))
        jax.block_until_ready(state)

    run()
    return run


def of_device(name: str, layers: str, precision: str, data: xr.Dataset) -> Any:
    """A training of the same length on the dense device."""
    experiment = scripting.experiment_of(name).replaced(precision=precision)
    made = program(experiment, layers, "dense", SETTINGS["samples"])
    return partial(made.run, {"input": data.input.values, "label": data.target.values}, weights(made.circuit), seed=1)


def main(repeats: int = 5, output: Path = OUTPUT) -> None:
    """Time all in turn, print times and ratios, write them to a file."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = given(scripting.experiment_of(SETTINGS["reference"]), SETTINGS["dataset"])["train"]
    data = data.isel(sample=slice(SETTINGS["samples"]))
    networks = [each.split() for each in SETTINGS["networks"]]
    exact = {layers: of_jax(layers, data) for _, layers in networks}
    runs = {
        (name, layers, precision): of_device(name, layers, precision, data)
        for name, layers in networks
        for precision in SETTINGS["precisions"]
    }
    seconds: dict[Any, list[float]] = {}
    for _ in range(repeats):
        for layers, run in exact.items():
            seconds.setdefault(layers, []).append(own_seconds(run))
        for key, run in runs.items():
            seconds.setdefault(key, []).append(user_seconds(run))
    times = {key: 1e3 * median / SETTINGS["samples"] for key, median in medians(seconds).items()}
    ratios = {key: times[key] / times[key[1]] for key in runs}
    for (name, layers, precision), ratio in ratios.items():
        print(
            f"{name} {layers}, {precision}: {ratio:.2f} times backpropagation through time"
            f" ({times[name, layers, precision]:.3f} and {times[layers]:.3f} ms a sample)"
        )
    dims = ("network", "precision")

    def table(values: dict[Any, float]) -> list[list[float]]:
        return [[values[(*each, precision)] for precision in SETTINGS["precisions"]] for each in map(tuple, networks)]

    result = xr.Dataset(
        {
            "ratio": variable(table(ratios), dims, "1", "time a sample over that of backpropagation through time"),
            "sample_time": variable(table(times), dims, "ms", "user time a training sample, median"),
            "bptt_time": variable(
                [times[layers] for _, layers in networks], ("network",), "ms", "of backpropagation through time in JAX"
            ),
        },
        {"network": SETTINGS["networks"], "precision": SETTINGS["precisions"]},
        {"settings": SETTINGS},
    )
    results.write(result, output, "Online rules against backpropagation", command="python benchmarks/online.py")


if __name__ == "__main__":
    typer.run(main)
