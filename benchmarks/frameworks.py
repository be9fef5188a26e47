"""Error on MNIST against seconds of training, with snnTorch and SpikingJelly: python benchmarks/frameworks.py

Needs pip install -e '.[benchmarks]'. All run on one core, in turn: whichever has trained for the shortest time goes on.
Images are held for 25 coarse steps. brian2zoo's rule is online, one image after the other. The others unroll a batch
and differentiate through it, with settings that are better here than those of their tutorials. The first layer sees the
same input in every step: `held` takes it once a batch, `each step` in every step, as an input that changes would need.
eRBP+ sees an image for 250 ms in 2,500 steps. Time is that of training; tests are not counted,
nor is what compiling a program takes, once.
"""

import itertools
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import snntorch
import torch
import typer
import xarray as xr
from programs import CONFIG, program
from snntorch import functional as snntorch_functional
from snntorch import surrogate as snntorch_surrogate
from spikingjelly.activation_based import functional, layer, neuron, surrogate

from brian2zoo.circuits import initial_weights
from brian2zoo.cli import scripting
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.formats.zoo import zoo_in_use
from brian2zoo.run import results, stages
from brian2zoo.run.sessions import run_seed, test

OUTPUT = Path("results/benchmarks/frameworks.nc")
SETTINGS: dict[str, Any] = CONFIG["frameworks"]
Images = Mapping[str, xr.Dataset]


@dataclass(frozen=True)
class Point:
    """Samples seen, wall and processor seconds of training, and the share of wrong answers on the test images."""

    samples: int
    wall: float
    processor: float
    error: float


class Stopwatch:
    """Adds up the wall time, and the processor time of this process and its children, of what runs within it."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    def __enter__(self) -> None:
        self.wall, self.processor = self.wall - time.perf_counter(), self.processor - _processor_seconds()

    def __exit__(self, *_: object) -> None:
        self.wall, self.processor = self.wall + time.perf_counter(), self.processor + _processor_seconds()


def _processor_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def order(images: Images, seed: int) -> Iterator[np.ndarray]:
    """Rows of the training images, a part of an epoch at a time; each image once an epoch, the same order for all."""
    number, random = images["train"].sizes["sample"], np.random.default_rng(seed)
    while True:
        yield from np.array_split(random.permutation(number), number // SETTINGS["step"])


def zoo_curve(images: Images, name: str, seed: int) -> Iterator[Point]:
    """Of an experiment of the zoo."""
    experiment, layers = scripting.experiment_of(name), SETTINGS["layers"]
    encoders = (experiment.encoders["input"], experiment.encoders["label"])
    encoded = {split: encode_dataset(part, *encoders) for split, part in images.items()}
    runner = program(experiment, layers, "dense", SETTINGS["step"])
    tester = program(experiment, layers, "dense", SETTINGS["step"], mode="test")
    values = initial_weights(runner.circuit, seed)
    tested = initial_weights(stages.circuit_of(experiment, layers, "test"), seed)
    frozen = {projection: w for projection, w in tested.items() if projection not in values}
    watch, seen = Stopwatch(), 0
    for rows in order(images, seed):
        with watch:
            data = {"input": encoded["train"].input.values[rows], "label": encoded["train"].target.values[rows]}
            values = values | runner.run(data, values, run_seed(seed, seen), before=seen)["carried"]
        seen += len(rows)
        scores = test(tester, encoded["test"], frozen | values, run_seed(seed, seen))["answers"]
        yield Point(seen, watch.wall, watch.processor, float((scores.argmax(1) != images["test"].label.values).mean()))


class SnnTorch(torch.nn.Module):
    """Leaky integrate-and-fire layers with a surrogate gradient."""

    def __init__(self, layers: list[int], held: bool) -> None:
        super().__init__()
        gradient = snntorch_surrogate.fast_sigmoid(slope=SETTINGS["snntorch"]["slope"])
        beta = SETTINGS["snntorch"]["beta"]
        self.held = held
        self.weights = torch.nn.ModuleList(torch.nn.Linear(pre, post) for pre, post in itertools.pairwise(layers))
        self.neurons = torch.nn.ModuleList(snntorch.Leaky(beta=beta, spike_grad=gradient) for _ in layers[1:])

    def forward(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        """Output spikes (step, batch, class) to a constant input (batch, pixel)."""
        states = [leaky.init_leaky() for leaky in self.neurons]
        first, spikes = self.weights[0](x), []
        for step in range(steps):
            signal = first if self.held or step == 0 else self.weights[0](x)
            for k, leaky in enumerate(self.neurons):
                signal, states[k] = leaky(self.weights[k](signal) if k else signal, states[k])
            spikes.append(signal)
        return torch.stack(spikes)


class SpikingJelly(torch.nn.Module):
    """The same in SpikingJelly, all steps of a layer at once."""

    def __init__(self, layers: list[int], held: bool) -> None:
        super().__init__()
        self.held = held
        self.weights = torch.nn.ModuleList(
            layer.Linear(pre, post, step_mode="m") for pre, post in itertools.pairwise(layers)
        )
        self.neurons = torch.nn.ModuleList(
            neuron.LIFNode(
                **SETTINGS["spikingjelly"], v_reset=None, detach_reset=True, surrogate_function=surrogate.ATan(),
                step_mode="m",
            )
            for _ in layers[1:]
        )  # fmt: skip

    def forward(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        """Output spikes (step, batch, class) to a constant input (batch, pixel)."""
        functional.reset_net(self)
        signal = x.expand(steps, *x.shape)
        for k, (weight, fire) in enumerate(zip(self.weights, self.neurons, strict=True)):
            once = k == 0 and self.held
            signal = fire(weight(x[None]).expand(steps, -1, -1) if once else weight(signal))
        return signal


def torch_curve(images: Images, network: Callable[[list[int]], torch.nn.Module], seed: int) -> Iterator[Point]:
    """Of a network trained by automatic differentiation."""
    torch.manual_seed(seed)
    pixels = {
        k: torch.tensor(v.x.values.reshape(v.sizes["sample"], -1), dtype=torch.float32) for k, v in images.items()
    }
    labels = {k: torch.tensor(v.label.values, dtype=torch.long) for k, v in images.items()}
    model = network([int(n) for n in SETTINGS["layers"].split("-")])
    optimizer = torch.optim.Adam(model.parameters(), lr=SETTINGS["learning_rate"])
    loss = snntorch_functional.ce_count_loss()
    watch, seen = Stopwatch(), 0
    for part in order(images, seed):
        with watch:
            for batch in torch.tensor(part).split(SETTINGS["batch"]):
                optimizer.zero_grad()
                loss(model(pixels["train"][batch], SETTINGS["steps"]), labels["train"][batch]).backward()
                optimizer.step()
        seen += len(part)
        with torch.no_grad():
            answers = [model(x, SETTINGS["steps"]).sum(0).argmax(1) for x in pixels["test"].split(1000)]
        error = float((torch.cat(answers) != labels["test"]).float().mean())
        yield Point(seen, watch.wall, watch.processor, error)


def reached(points: list[Point], error: float) -> float:
    """Processor seconds until the error is first as low as this, NaN if never; between tests by their logarithms."""
    for before, after in itertools.pairwise([None, *points]):
        if after.error <= error:
            if before is None:
                return after.processor
            share = np.log(before.error / error) / np.log(before.error / after.error)
            return float(before.processor * (after.processor / before.processor) ** share)
    return float("nan")


def learned(curves: Mapping[Any, Iterator[Point]]) -> dict[Any, list[Point]]:
    """The points of all curves, each until it has the lowest of the errors asked for, or has seen enough samples."""
    found: dict[Any, list[Point]] = {key: [] for key in curves}
    waiting = set(curves)
    while waiting:
        key = min(waiting, key=lambda each: (found[each][-1].processor if found[each] else 0.0, each))
        point = next(curves[key])
        found[key].append(point)
        print(f"{key[0]}, seed {key[1]}: {point.samples} samples, {point.processor:.1f} s, ", end="")
        print(f"{100 * point.error:.2f} % wrong", flush=True)
        most = SETTINGS["most"].get(key[0], SETTINGS["samples"])
        if point.error <= min(SETTINGS["targets"]) or point.samples >= most:
            waiting.remove(key)
    return found


def main(output: Path = OUTPUT) -> None:
    """Train all in turn, print each point and the ratios, write them to a file."""
    os.environ["OMP_NUM_THREADS"] = "1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    images = load(DatasetSettings(source="mnist"), zoo_in_use())
    ways = {name: partial(zoo_curve, name=name) for name in SETTINGS["experiments"]}
    for name, network in (("snntorch", SnnTorch), ("spikingjelly", SpikingJelly)):
        for how, held in (("held", True), ("each step", False)):
            ways[f"{name}, {how}"] = partial(torch_curve, network=partial(network, held=held))
    seeds = {name: SETTINGS["seeds"][: 1 if name in SETTINGS["most"] else None] for name in ways}
    curves = {(name, seed): way(images, seed=seed) for name, way in ways.items() for seed in seeds[name]}
    found = learned(curves)
    times = [
        [np.mean([reached(found[name, seed], error) for seed in seeds[name]]) for error in SETTINGS["targets"]]
        for name in ways
    ]
    ratios = np.array(times[0]) / np.array(times)
    for name, seconds, ratio in zip(ways, times, ratios, strict=True):
        for error, s, r in zip(SETTINGS["targets"], seconds, ratio, strict=True):
            print(f"{100 * error:.0f} % wrong: {name} after {s:.2f} s, {SETTINGS['experiments'][0]} in {r:.2f} of that")
    rows = [(*key, point) for key, points in found.items() for point in points]
    about = {
        "samples": ("1", "training samples seen"),
        "wall": ("s", "wall time of training"),
        "processor": ("s", "processor time of training, of one core, children included"),
        "error": ("1", "share of wrong answers on all test images"),
    }
    result = xr.Dataset(
        {
            name: ("point", [getattr(point, name) for *_, point in rows], {"units": units, "long_name": long_name})
            for name, (units, long_name) in about.items()
        }
        | {
            "reached": (
                ("way", "target"), times,
                {"units": "s", "long_name": "processor time until so few are wrong, mean of seeds"},
            ),
            "ratio": (
                ("way", "target"), ratios,
                {"units": "1", "long_name": f"that of {SETTINGS['experiments'][0]} over that of each"},
            ),
        },
        {
            "framework": ("point", [name for name, *_ in rows]),
            "seed": ("point", [seed for _, seed, _ in rows]),
            "way": list(ways),
            "target": SETTINGS["targets"],
        },
        {"settings": SETTINGS, "versions": {name: version(name) for name in ("snntorch", "spikingjelly", "torch")}},
    )  # fmt: skip
    results.write(result, output, "Error against seconds of training", command="python benchmarks/frameworks.py")


if __name__ == "__main__":
    typer.run(main)
