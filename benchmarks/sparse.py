"""A sparse projection of a million synapses, dense device against Brian2's own: python benchmarks/sparse.py"""

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import typer
import xarray as xr
from programs import BUILDS, HERE, compiled, variable

from brian2zoo.dense import DEVICE
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import read_yaml
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/sparse.nc")
DEVICES = {"stock": "cpp_standalone", "dense": DEVICE}


def program(model: dict[str, Any], kind: str, name: str) -> Path:
    """The network of sparse.yaml, compiled for a device."""
    folder = (BUILDS / f"sparse_{kind}_{name}").absolute()
    brian2.set_device(DEVICES[name], directory=str(folder), build_on_run=False)
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
    brian2.defaultclock.dt = evaluate(model["dt"])
    brian2.seed(1)
    n, chance = model["neurons"], float(evaluate(model["rate"]) * evaluate(model["dt"]))
    source = brian2.NeuronGroup(
        n, model["source"], threshold=f"rand() < {chance!r}", reset="r1 += 1", method="exact", name="source"
    )
    target = brian2.NeuronGroup(
        n, model["target"], threshold="v > 1", reset="v = 0; o1 += 1", method="exact", name="target"
    )
    synapses = brian2.Synapses(source, target, "w : 1", name="projection", **model["synapses"][kind])
    rng = np.random.default_rng(0)
    pre = np.concatenate([rng.choice(n, model["inputs"], replace=False) for _ in range(n)])
    post = np.repeat(np.arange(n), model["inputs"])
    order = np.lexsort((post, pre))
    synapses.connect(i=pre[order], j=post[order])
    synapses.w = model["w"]
    counts = brian2.SpikeMonitor(target, record=False, name="counts")
    return compiled(brian2.Network(source, target, synapses, counts), model["steps"], folder)


# In a small process of its own: what it starts has at least its memory, as the kernel counts.
_MEASURE = """
import resource, subprocess
subprocess.run(["./main"], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime, 1024*used.ru_maxrss)
"""


def run(folder: Path) -> tuple[float, float]:
    """User seconds and peak memory in bytes of one run of a program."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE], cwd=folder, check=True, capture_output=True, text=True
    )
    user, memory = map(float, done.stdout.split())
    return user, memory


def main(repeats: int = 5, output: Path = OUTPUT) -> None:
    """Time both devices with static and with plastic synapses, print the ratios, write them to a file."""
    model = read_yaml(HERE / "sparse.yaml")
    seconds = model["steps"] * float(evaluate(model["dt"]))
    dims, rows = ("synapses", "device"), []
    for kind in model["synapses"]:
        folders = {name: program(model, kind, name) for name in DEVICES}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in DEVICES}
        for _ in range(repeats):  # in turn, so that all meet the same machine
            for name, folder in folders.items():
                found[name].append(run(folder))
        time = {name: statistics.median(user for user, _ in each) / seconds for name, each in found.items()}
        memory = {name: max(peak for _, peak in each) for name, each in found.items()}
        rate = mean_rate(folders["stock"], model["neurons"], seconds)
        told = (f"{name} {time[name]:.3f} s a second, {memory[name] / 2**20:.0f} MiB" for name in DEVICES)
        print(f"{kind}, postsynaptic neurons at {rate:.1f} Hz: {', '.join(told)}", end="")
        print(f"; ratios {time['stock'] / time['dense']:.2f}, {memory['stock'] / memory['dense']:.2f}")
        rows.append(
            xr.Dataset(
                {
                    "time": variable([[*time.values()]], dims, "1", "user seconds a second of the network, median"),
                    "memory": variable([[*memory.values()]], dims, "byte", "peak memory of the program"),
                    "rate": variable([rate], ("synapses",), "Hz", "firing rate of postsynaptic neurons"),
                },
                {"synapses": [kind], "device": list(DEVICES)},
            )
        )
    merged = xr.combine_by_coords(rows)
    results.write(merged, output, "A million sparse synapses on two devices", command="python benchmarks/sparse.py")


def mean_rate(folder: Path, neurons: int, seconds: float) -> float:
    """Mean rate in Hz of the postsynaptic neurons in the last run of a program."""
    (counted,) = folder.glob("results/_array_counts_count_*")
    return float(np.fromfile(counted, dtype=np.int32).sum()) / neurons / seconds


if __name__ == "__main__":
    typer.run(main)
