"""The dense device on one core against backends on a GPU, over sizes and networks at once: python benchmarks/gpu.py

Backends that do not run on this machine are left out, and it is said why. Networks at once differ by their weights, and
run in either way: as programs of their own that share the GPU, as `snakemake --resources gpu=N` lets them, and take
turns on the processor; or abreast in one program, as `abreast` in a configuration has it.
Wall time, since a GPU's work is no processor time. It has run with dense and
genn_cpu, not on a GPU.
"""

import platform
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import typer
import xarray as xr
from programs import CONFIG, program, samples, variable, wall_seconds

from brian2zoo.backends import backend
from brian2zoo.backends.doctor import Finding, examine
from brian2zoo.backends.doctor import backends as missing_for
from brian2zoo.circuits import initial_weights
from brian2zoo.cli import scripting
from brian2zoo.formats.settings import ON_GPU
from brian2zoo.run import results
from brian2zoo.run.sessions import Session

OUTPUT = Path("results/benchmarks/gpu.nc")
CHOSEN = CONFIG["gpu"]


def programs(runner: Session, data: dict[str, np.ndarray], at_once: int) -> None:
    """Run so many networks by a program of one; on a GPU side by side, else one after the other."""
    workers = at_once if runner.circuit.experiment.backend in ON_GPU else 1
    with ThreadPoolExecutor(workers) as pool:
        starts = [initial_weights(runner.circuit, seed) for seed in range(at_once)]
        list(pool.map(partial(runner.run, data), starts, range(at_once)))


def abreast(runner: Session, data: dict[str, np.ndarray], at_once: int) -> None:
    """Run the networks of a program of so many."""
    starts = [initial_weights(runner.circuit, seed) for seed in range(at_once)]
    runner.run_abreast([data] * at_once, starts, seed=0)


RUN = {"programs": programs, "abreast": abreast}


def compiled_for(
    network: str, where: str, way: str, at_once: int, number: int
) -> tuple[Session, Callable[[int], None]]:
    """A program that takes so many samples, and what runs it on the first ones of them, for `at_once` networks.

    Parameters
    ----------
    network : an experiment and its layers, as in "erbp_plus 784-100-10".
    way : one of `RUN`.
    """
    name, layers = network.split()
    experiment = scripting.experiment_of(name)
    data = samples(experiment, number)
    runner = program(experiment, layers, where, number, networks=at_once if way == "abreast" else 1)

    def run(first: int) -> None:
        RUN[way](runner, {name: values[:first] for name, values in data.items()}, at_once)

    return runner, run


def milliseconds(network: str, where: str, way: str, at_once: int, repeats: int, number: int) -> float:
    """Wall time a sample and network, median over repeats."""
    _, run = compiled_for(network, where, way, at_once, number)
    return 1000 * float(np.median([wall_seconds(partial(run, number)) for _ in range(repeats)])) / (number * at_once)


def crossover(sizes: list[int], reference: np.ndarray, times: np.ndarray) -> float:
    """The size from which on a backend is faster than the reference, interpolated in logarithms.

    Zero if it is at every size, NaN if it is not at the largest.
    """
    gain = np.log(reference / times)
    slower = np.flatnonzero(gain < 0)
    if not len(slower):
        return 0.0
    last = slower[-1]
    if last == len(sizes) - 1:
        return float("nan")
    x = np.log(sizes[last : last + 2])
    return float(np.exp(np.interp(0, gain[last : last + 2], x)))


def wanting(found: dict[str, Finding], names: Iterable[str]) -> dict[str, str]:
    """What keeps each of these backends from running here, in words; empty if it runs."""
    missing = missing_for(found)
    return {name: ", ".join(f"{f.what} ({f.state})" for f in missing[name]) for name in names}


def machine(found: dict[str, Finding], there: Iterable[str]) -> dict[str, Any]:
    """What a result says of where it was made."""
    gpu = found["GPU"]
    return {
        "hardware": gpu.detail if gpu.state == "found" else "no GPU: untested on hardware",
        "processor": platform.processor() or platform.machine(),
        "versions": {name: backend(name).versions() for name in there},
    }


def main(
    backends: list[str] = typer.Option(CHOSEN["backends"], "--backend"),
    sizes: list[int] = typer.Option(CHOSEN["sizes"], "--size"),
    at_once: list[int] = typer.Option(CHOSEN["at_once"], "--at-once"),
    number: int = typer.Option(CHOSEN["samples"], "--samples"),
    repeats: int = CONFIG["repeats"],
    output: Path = OUTPUT,
) -> None:
    """Time every network, size and number of networks on every backend that runs here; print, write to a file."""
    found = examine()
    missing = wanting(found, backends)
    for name, what in missing.items():
        if what:
            print(f"{name} is left out: {what}")
    there = [name for name in backends if not missing[name]]
    coords = {"network": CHOSEN["networks"], "size": sizes, "at_once": at_once, "backend": there, "way": list(RUN)}
    times = np.full([len(values) for values in coords.values()], np.nan)
    for row, network in enumerate(CHOSEN["networks"]):
        for column, size in enumerate(sizes):
            for batch, networks in enumerate(at_once):
                for place, where in enumerate(there):
                    for order, way in enumerate(RUN):
                        taken = milliseconds(network.format(size), where, way, networks, repeats, number)
                        times[row, column, batch, place, order] = taken
                told = "; ".join(
                    ", ".join([where, *(f"{way} {times[row, column, batch, k, w]:.2f}" for w, way in enumerate(RUN))])
                    for k, where in enumerate(there)
                )
                print(f"{network.format(size)}, {networks} at once, ms a sample and network: {told}")
    label = "wall time a sample and network, median"
    result = xr.Dataset({"wall_time": variable(times, tuple(coords), "ms", label)}, coords)
    reference = result.wall_time.sel(backend="dense", way="programs", drop=True)
    result["speedup"] = (reference / result.wall_time).assign_attrs(
        units="1", long_name="wall time of the dense device, one network after the other, over that of the backend"
    )
    size = [["size"], ["size"]]
    crossed = xr.apply_ufunc(
        partial(crossover, sizes), reference, result.wall_time, input_core_dims=size, vectorize=True
    )
    result["crossover"] = crossed.assign_attrs(units="1", long_name="hidden units from which on the backend is faster")
    print(result.speedup.to_series().unstack(["backend", "way"]).round(2))
    facts = machine(found, there)
    results.write(result, output, "Backends on a GPU", command="python benchmarks/gpu.py", **facts)


if __name__ == "__main__":
    typer.run(main)
