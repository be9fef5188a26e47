"""Nanoseconds of a plastic synaptic event, against a bare loop over the same array: python benchmarks/events.py

The event is that of an experiment's first projection, composed from its files. A program with the projection and
one without are run in turn; their difference over the number of events is the price. In double and in single precision.
"""

import subprocess
from functools import partial
from itertools import product
from pathlib import Path

import brian2
import typer
import xarray as xr
from brian2.utils.stringtools import get_identifiers
from programs import CONFIG, compiled, in_turn, medians, variable

from brian2zoo.cli import scripting
from brian2zoo.compose.circuit import compose
from brian2zoo.dense import DEVICE
from brian2zoo.equations.pieces import unit_name_of
from brian2zoo.run import network, results, stages

OUTPUT = Path("results/benchmarks/events.nc")
FOLDER = Path("results/benchmarks/build/events")
FLAGS = ["-O3", "-ffast-math", "-march=native", "-std=c++11"]
REAL = {"double": "double", "single": "float"}


def program(name: str, rows: int, columns: int, steps: int, each: int, precision: str, connected: bool) -> Path:
    """A program whose inputs spike `each` at a time for so many steps, with or without the projection."""
    circuit = stages.circuit_of(scripting.experiment_of(name), f"{rows}-{columns}-10", "train")
    code = compose(circuit).synapses["input_hidden1"]
    folder = FOLDER / f"{rows}-{columns}-{precision}-{connected}"
    brian2.set_device(DEVICE, directory=str(folder), build_on_run=False)
    brian2.defaultclock.dt = network.duration(circuit, "dt")
    post = [identifier.removesuffix("_post") for identifier in get_identifiers(code.on_pre) if "_post" in identifier]
    neuron = compose(circuit).neurons["hidden1"]
    units = brian2.Equations(neuron.equations)
    read = "\n".join(f"{v} : {unit_name_of(units, v)}" for v in post)
    target = brian2.NeuronGroup(columns, read, dtype=network.data_types(read, precision), name="target")
    condition = f"(i + t_in_timesteps) % {rows // each} == 0"
    source = brian2.NeuronGroup(rows, "unused : 1", threshold=condition, reset="", name="source")
    objects = [source, target]
    if connected:
        synapses = brian2.Synapses(
            source, target, code.equations, on_pre=code.on_pre, delay=0 * brian2.ms, name="projection",
            dtype=network.data_types(code.equations, precision),
            namespace={"T_sample": network.duration(circuit, "T_train")},
        )  # fmt: skip
        synapses.connect()
        for parameter, value in code.parameters.items():
            setattr(synapses, parameter, value)
        objects.append(synapses)
    return compiled(brian2.Network(*objects), steps, folder)


def main(
    experiments: list[str] = typer.Option(CONFIG["experiments"], "--experiment"),
    columns: list[int] = typer.Option(CONFIG["columns"], "--columns"),
    rows: int = CONFIG["rows"],
    steps: int = CONFIG["steps"],
    each: int = CONFIG["spikes_a_step"],
    repeats: int = CONFIG["repeats"],
    output: Path = OUTPUT,
) -> None:
    """Time every experiment and number of columns, print prices, write them to a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("bare_loop.cpp")
    bare = {precision: (FOLDER / f"bare_loop_{precision}").resolve() for precision in REAL}
    for precision, real in REAL.items():
        subprocess.run(["g++", *FLAGS, f"-DREAL={real}", str(source), "-o", str(bare[precision])], check=True)
    prices = []
    for name, n, precision in product(experiments, columns, REAL):
        folders = {key: program(name, rows, n, steps, each, precision, key == "with") for key in ("with", "without")}
        loop = [str(bare[precision]), *map(str, (rows, n, steps, each))]
        runs = {key: partial(subprocess.run, ["./main"], cwd=folder, check=True) for key, folder in folders.items()}
        runs["bare"] = partial(subprocess.run, loop, check=True, capture_output=True)
        times = medians(in_turn(runs, repeats))
        price = {"zoo": times["with"] - times["without"], "bare loop": times["bare"]}
        nanoseconds = {key: 1e9 * seconds / (steps * each * n) for key, seconds in price.items()}
        print(f"{name}, {rows} x {n}, {precision}: " + ", ".join(f"{k} {v:.2f} ns" for k, v in nanoseconds.items()))
        dims = ("experiment", "columns", "precision", "loop")
        values = variable([[[list(nanoseconds.values())]]], dims, "ns", "user time an event")
        coordinates = {"experiment": [name], "columns": [n], "precision": [precision], "loop": list(nanoseconds)}
        prices.append(xr.Dataset({"event_time": values}, coordinates))
    merged = xr.combine_by_coords(prices)
    results.write(merged, output, "Price of a plastic synaptic event", command="python benchmarks/events.py")


if __name__ == "__main__":
    typer.run(main)
