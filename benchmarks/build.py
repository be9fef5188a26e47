"""What a build costs: dense device against Brian2's own, generating and compiling: python benchmarks/build.py"""

import resource
import shutil
import time
from pathlib import Path

import typer
import xarray as xr
from programs import BUILDS, CONFIG, variable

from brian2zoo.cli import scripting
from brian2zoo.run import network, results, stages
from brian2zoo.run.programs import Program, build, build_cached

OUTPUT = Path("results/benchmarks/build.nc")
BACKENDS = {"stock": "cpp", "dense": "dense"}
STEPS = ("generate", "compile", "compile, processor")


def seconds(experiment: str, layers: str, backend: str) -> list[float]:
    """Wall time of generating and of compiling on one core, and processor time of compiling."""
    circuit = stages.circuit_of(scripting.experiment_of(experiment, f"backend={backend}"), layers, "train")
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    folder = BUILDS / f"build_{experiment}_{layers}_{backend}"
    made = Program(build(circuit, network.duration(circuit, "T_train"), 10, folder))
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (end.ru_utime + end.ru_stime) - (begin.ru_utime + begin.ru_stime)
    return [made.manifest["seconds"]["generate"], made.manifest["seconds"]["compile"], used]


def from_cache(experiment: str, layers: str) -> float:
    """Seconds until a program that was built before is there again."""
    circuit = stages.circuit_of(scripting.experiment_of(experiment), layers, "train")
    cache = BUILDS / "cache of build.py"
    arguments = (circuit, network.duration(circuit, "T_train"), 10, BUILDS / "cached", cache)
    build_cached(*arguments)
    begin = time.perf_counter()
    build_cached(*arguments)
    return time.perf_counter() - begin


def main(
    experiments: list[str] = typer.Option(CONFIG["experiments"], "--experiment"),
    layers: str = CONFIG["layers"][0],
    output: Path = OUTPUT,
) -> None:
    """Build each experiment for both devices, print seconds, write them to a file."""
    shutil.rmtree(BUILDS / "cache of build.py", ignore_errors=True)
    times = [[seconds(name, layers, backend) for backend in BACKENDS.values()] for name in experiments]
    cached = [from_cache(name, layers) for name in experiments]
    dims = ("experiment", "device", "step")
    result = xr.Dataset(
        {
            "build_time": variable(times, dims, "s", "time of a build on one core"),
            "cached_time": variable(cached, dims[:1], "s", "time of a build that was made before"),
        },
        {"experiment": experiments, "device": list(BACKENDS), "step": list(STEPS)},
    )
    ratio = result.build_time.sel(device="stock", drop=True) / result.build_time.sel(device="dense", drop=True)
    result["speedup"] = ratio.assign_attrs(units="1", long_name="time of stock over that of dense")
    print(result.build_time.to_series().unstack("step").round(1), "\nfrom cache:", [round(c, 2) for c in cached])
    results.write(result, output, "Time of a build", command="python benchmarks/build.py")


if __name__ == "__main__":
    typer.run(main)
