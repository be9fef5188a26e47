"""What the benchmarks share: programs of one experiment on several devices, run in turn on the same data."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit, Mode, initial_weights
from brian2zoo.circuits.abreast import abreast
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.zoo import read_yaml, zoo_in_use
from brian2zoo.run import network, stages
from brian2zoo.run.programs import Program, build_cached
from brian2zoo.run.sessions import Session

HERE = Path(__file__).parent
CONFIG: dict[str, Any] = read_yaml(HERE / "config.yaml")
BUILDS = Path("results/benchmarks/build")


def samples(experiment: Experiment, number: int) -> dict[str, np.ndarray]:
    """The first training images of MNIST (from data/mnist), encoded as the experiment says."""
    images = load(DatasetSettings(source="mnist", limit_train=number, limit_test=1), zoo_in_use())["train"]
    encoders = (experiment.encoders["input"], experiment.encoders["label"])
    encoded = encode_dataset(images, *encoders)
    return {"input": encoded.input.values, "label": encoded.target.values}


def program(
    experiment: Experiment, layers: str, backend: str, capacity: int, mode: Mode = "train", networks: int = 1
) -> Session:
    """The learning or testing program of an experiment, or of several networks abreast, compiled for a backend."""
    circuit = stages.circuit_of(experiment.with_setting(f"backend={backend}"), layers, mode)
    sample_time = network.duration(circuit, f"T_{mode}")
    folder = BUILDS / "_".join(
        [
            experiment.name,
            *experiment.stated.neurons.values(),
            experiment.stated.precision,
            layers,
            backend,
            mode,
            str(networks),
        ]
    )
    threads = os.cpu_count() or 1
    binary = Program(
        build_cached(abreast(circuit, networks), sample_time, capacity, folder, BUILDS / "cache", threads=threads)
    )
    return Session(circuit, binary, sample_time, networks)


def compiled(net: brian2.Network, steps: int, folder: Path) -> Path:
    """The program of a network on the device that is set, for this many steps; the device is then as before."""
    net.run(steps * brian2.defaultclock.dt, namespace={})
    brian2.device.build(directory=str(folder), run=False, with_output=False)
    brian2.device.reinit()
    brian2.set_device("runtime")
    return folder


def user_seconds(run: Callable[[], Any]) -> float:
    """Seconds of processor time a call's child processes take."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run()
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin


def in_turn(runs: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """User seconds of each of several calls, one after the other, so that all meet the same machine."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            found[name].append(user_seconds(run))
    return found


def weights(circuit: Circuit) -> dict[str, np.ndarray]:
    """Initial weights, the same for every device."""
    return initial_weights(circuit, seed=0)


def medians(found: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(times) for name, times in found.items()}


def wall_seconds(run: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def slope(x: list[float], y: list[float]) -> float:
    """Slope of a line through the points, on logarithmic axes, of the upper half of them."""
    upper = slice(len(x) // 2, None)
    return float(np.polyfit(np.log(x[upper]), np.log(y[upper]), 1)[0])


def variable(values: Any, dims: tuple[str, ...], units: str, long_name: str) -> xr.Variable:
    """A variable of a result file."""
    return xr.Variable(dims, np.asarray(values, dtype=float), {"units": units, "long_name": long_name})
