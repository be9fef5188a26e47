"""Traces on presynaptic neurons against the same on synapses, on the dense device: python benchmarks/factorized.py"""

import re
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
from brian2zoo.formats.files import parse_lines
from brian2zoo.formats.zoo import read_yaml
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/factorized.nc")
PLACES = ("on synapses", "on neurons", "none")
BYTES = 8


def program(model: dict[str, Any], place: str) -> Path:
    """The network of factorized.yaml with its traces in one of `PLACES`, compiled."""
    folder = BUILDS / f"factorized_{place.replace(' ', '_')}"
    brian2.set_device(DEVICE, directory=str(folder), build_on_run=False)
    brian2.defaultclock.dt = evaluate(model["dt"])
    parameters = {line.name: evaluate(line.value) for line in parse_lines(model["parameters"])}
    on_neurons, on_synapses = place == "on neurons", place == "on synapses"
    clock_driven = re.sub(r": 1$", ": 1 (clock-driven)", model["traces"], flags=re.MULTILINE)
    source = brian2.NeuronGroup(
        model["pre"], (model["traces"] if on_neurons else "") + model["source"]["equations"], method="exact",
        threshold=model["source"]["threshold"], reset=model["jump"] if on_neurons else "", name="source",
        namespace=parameters,
    )  # fmt: skip
    source.rate = evaluate(model["rate"])
    target = brian2.NeuronGroup(model["post"], model["target"]["equations"], name="target")
    synapses = brian2.Synapses(
        source, target, (clock_driven if on_synapses else "") + model["synapse"]["equations"], method="exact",
        on_pre=model["jump"] if on_synapses else model["synapse"]["on_pre"], name="projection", namespace=parameters,
    )  # fmt: skip
    synapses.connect()
    return compiled(brian2.Network(source, target, synapses), model["steps"], folder)


def main(repeats: int = 5, output: Path = OUTPUT) -> None:
    """Time the traces in both places, print the ratio, write it to a file."""
    model = read_yaml(HERE / "factorized.yaml")
    runs = {
        place: partial(subprocess.run, ["./main"], cwd=program(model, place), check=True, capture_output=True)
        for place in PLACES
    }
    times = medians(in_turn(runs, repeats))
    micro = {place: 1e6 * times[place] / model["steps"] for place in PLACES}
    traces = len(re.findall(r"/dt", model["traces"]))
    memory = {
        "on synapses": traces * BYTES * model["pre"] * model["post"],
        "on neurons": traces * BYTES * model["pre"],
        "none": 0,
    }
    for place in PLACES:
        print(f"{place}: {micro[place]:.2f} µs a step, {memory[place]:,} bytes of traces")
    print(f"{times['on synapses'] / times['on neurons']:.1f} times less time with traces on neurons")
    result = xr.Dataset(
        {
            "step_time": variable(list(micro.values()), ("place",), "us", "user time a step, median"),
            "speedup": variable(
                [times["on synapses"] / t for t in times.values()], ("place",), "1", "on synapses over"
            ),
            "memory": variable(list(memory.values()), ("place",), "byte", "memory of the traces"),
        },
        {"place": list(PLACES)},
        {"pre": model["pre"], "post": model["post"]},
    )
    results.write(result, output, "Traces in two places", command="python benchmarks/factorized.py")


if __name__ == "__main__":
    typer.run(main)
