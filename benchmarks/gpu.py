"""The dense device on one core against backends on a GPU, over sizes and networks at once: python benchmarks/gpu.py

Backends that do not run on this machine are left out, and it is said why. Networks at once are programs of their own
with a seed each that share the GPU, as `snakemake --resources gpu=N` lets them; on the processor they take turns.
Wall time, since a GPU's work is no processor time. Untested on hardware: no GPU was to be had when this was written; it
has run with dense alone.
"""

import platform
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import typer
import xarray as xr
from programs import CONFIG, program, samples, variable, wall_seconds, weights

from brian2zoo import results, stage
from brian2zoo.backends import backend
from brian2zoo.backends.doctor import backends as missing_for
from brian2zoo.backends.doctor import examine
from brian2zoo.runner import Runner
from brian2zoo.spec import ON_GPU

OUTPUT = Path("results/benchmarks/gpu.nc")
CHOSEN = CONFIG["gpu"]


def seconds(runner: Runner, data: dict[str, np.ndarray], at_once: int, repeats: int) -> float:
    """Wall time of so many networks, median over repeats; on a GPU side by side, else one after the other."""
    start = weights(runner.circuit)
    workers = at_once if runner.circuit.experiment.backend in ON_GPU else 1

    def networks() -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(partial(runner.run, data, start), range(at_once)))

    return float(np.median([wall_seconds(networks) for _ in range(repeats)]))


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


def main(
    backends: list[str] = typer.Option(CHOSEN["backends"], "--backend"),
    sizes: list[int] = typer.Option(CHOSEN["sizes"], "--size"),
    at_once: list[int] = typer.Option(CHOSEN["at_once"], "--at-once"),
    number: int = typer.Option(CHOSEN["samples"], "--samples"),
    repeats: int = CONFIG["repeats"],
    output: Path = OUTPUT,
) -> None:
    """Time every experiment, size and number of networks on every backend that runs here; print, write to a file."""
    found = examine()
    wanting = {name: ", ".join(f"{f.what} ({f.state})" for f in missing_for(found)[name]) for name in backends}
    for name, what in wanting.items():
        if what:
            print(f"{name} is left out: {what}")
    there = [name for name in backends if not wanting[name]]
    dims = ("experiment", "size", "at_once", "backend")
    times = np.full((len(CHOSEN["layers"]), len(sizes), len(at_once), len(there)), np.nan)
    for row, (name, layers) in enumerate(CHOSEN["layers"].items()):
        data = samples(stage.experiment_of(name), number)
        for column, size in enumerate(sizes):
            for place, where in enumerate(there):
                runner = program(stage.experiment_of(name), layers.format(size), where, number)
                for batch, networks in enumerate(at_once):
                    taken = seconds(runner, data, networks, repeats)
                    times[row, column, batch, place] = 1000 * taken / (number * networks)
            told = ", ".join(f"{where} {times[row, column, 0, k]:.2f}" for k, where in enumerate(there))
            print(f"{name} {layers.format(size)}: {told} ms a sample")
    coords = {"experiment": list(CHOSEN["layers"]), "size": sizes, "at_once": at_once, "backend": there}
    result = xr.Dataset({"wall_time": variable(times, dims, "ms", "wall time a sample and network, median")}, coords)
    reference = result.wall_time.sel(backend="dense", drop=True)
    result["speedup"] = (reference / result.wall_time).assign_attrs(
        units="1", long_name="wall time of the dense device over that of the backend"
    )
    crossed = [
        [[crossover(sizes, reference.values[e, :, b], times[e, :, b, k]) for k in range(len(there))]
         for b in range(len(at_once))]
        for e in range(len(CHOSEN["layers"]))
    ]  # fmt: skip
    places = ("experiment", "at_once", "backend")
    result["crossover"] = variable(crossed, places, "1", "hidden units from which on the backend is faster")
    print(result.speedup.to_series().unstack("backend").round(2))
    gpu = found["GPU"]
    facts = {
        "hardware": gpu.detail if gpu.state == "found" else "no GPU: untested on hardware",
        "processor": platform.processor() or platform.machine(),
        "versions": {name: backend(name).versions() for name in there},
    }
    results.write(result, output, "Backends on a GPU", command="python benchmarks/gpu.py", **facts)


if __name__ == "__main__":
    typer.run(main)
