"""Clock-driven traces of synapses, dense device against Brian2's own: python benchmarks/trace.py"""

import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import brian2
import typer
import xarray as xr
from programs import BUILDS, HERE, compiled, in_turn, medians, variable

from brian2zoo.dense import DEVICE
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import read_yaml
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/trace.nc")
DEVICES = {"stock": "cpp_standalone", "dense": DEVICE}


def program(model: dict[str, Any], device: str) -> Path:
    """The network of trace.yaml, compiled for a device."""
    folder = BUILDS / f"trace_{device}"
    brian2.set_device(device, directory=str(folder), build_on_run=False)
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
    brian2.defaultclock.dt = evaluate(model["dt"])
    source = brian2.PoissonGroup(model["source"], evaluate(model["rate"]), name="source")
    target = brian2.NeuronGroup(model["target"], model["neuron"], method="euler", name="target")
    synapses = brian2.Synapses(
        source, target, model["synapse"], on_pre=model["on_pre"], method="euler", name="projection"
    )
    synapses.connect()
    synapses.w = 0.01
    synapses.run_regularly(model["learn"], dt=1 * brian2.ms)
    return compiled(brian2.Network(source, target, synapses), model["steps"], folder)


def main(repeats: int = 5, output: Path = OUTPUT) -> None:
    """Time both devices, print the ratio, write it to a file."""
    model = read_yaml(HERE / "trace.yaml")
    folders = {name: program(model, device) for name, device in DEVICES.items()}
    runs = {
        name: partial(subprocess.run, ["./main"], cwd=folder, check=True, capture_output=True)
        for name, folder in folders.items()
    }
    times = medians(in_turn(runs, repeats))
    updates = model["source"] * model["target"] * model["steps"]
    nanoseconds = {name: 1e9 * seconds / updates for name, seconds in times.items()}
    speedup = {name: seconds / times["dense"] for name, seconds in times.items()}
    print(", ".join(f"{name} {nanoseconds[name]:.2f} ns a synapse and step ({speedup[name]:.1f}x)" for name in times))
    result = xr.Dataset(
        {
            "update_time": variable(list(nanoseconds.values()), ("device",), "ns", "user time a synapse and step"),
            "speedup": variable(list(speedup.values()), ("device",), "1", "user time over that of the dense device"),
        },
        {"device": list(times)},
    )
    results.write(result, output, "Clock-driven traces on two devices", command="python benchmarks/trace.py")


if __name__ == "__main__":
    typer.run(main)
