"""Accuracy on MNIST against wall time, compared with snnTorch and SpikingJelly: python benchmarks/frameworks.py

Needs pip install -e '.[benchmarks]'. They solve the task differently: eRBP sees each image for 250 ms in steps of
0.1 ms, one image after the other, on one core; the others unroll a batch over a few coarse steps and differentiate
through them, on all cores. Time is that of training; tests are not counted.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import snntorch
import torch
import typer
import xarray as xr
from programs import CONFIG, program, weights
from snntorch import functional as snntorch_functional
from snntorch import surrogate as snntorch_surrogate
from spikingjelly.activation_based import functional, layer, neuron, surrogate

from brian2zoo.cli import scripting
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.formats.zoo import zoo_in_use
from brian2zoo.run import results, stages
from brian2zoo.run.sessions import run_seed, test

OUTPUT = Path("results/benchmarks/frameworks.nc")
Point = tuple[int, float, float]
SETTINGS: dict[str, Any] = CONFIG["frameworks"]


def zoo_curve(images: dict[str, xr.Dataset], layers: str, step: int, steps: int) -> Iterator[Point]:
    """Samples seen, seconds trained and test error of an experiment of the zoo, every `step` samples."""
    experiment = scripting.experiment_of(SETTINGS["experiment"])
    encoders = (experiment.encoders["input"], experiment.encoders["label"])
    encoded = {split: encode_dataset(part, *encoders) for split, part in images.items()}
    runner = program(experiment, layers, "dense", step)
    circuit = stages.circuit_of(experiment, layers, "test")
    tester = program(experiment, layers, "dense", step, mode="test")
    values, spent = weights(runner.circuit), 0.0
    frozen = {name: w for name, w in weights(circuit).items() if name not in values}
    for k in range(steps):
        rows = np.arange(k * step, (k + 1) * step) % encoded["train"].sizes["sample"]
        data = {"input": encoded["train"].input.values[rows], "label": encoded["train"].target.values[rows]}
        begin = time.perf_counter()
        values = values | runner.run(data, values, run_seed(0, k))["carried"]
        spent += time.perf_counter() - begin
        scores = test(tester, encoded["test"], frozen | values, run_seed(0, k))["scores"]
        yield (k + 1) * step, spent, float((scores.argmax(1) != images["test"].label.values).mean())


class SnnTorch(torch.nn.Module):
    """Leaky integrate-and-fire layers with a surrogate gradient, as in snnTorch's tutorials."""

    def __init__(self, layers: list[int]) -> None:
        super().__init__()
        gradient = snntorch_surrogate.fast_sigmoid(slope=25)
        self.weights = torch.nn.ModuleList(torch.nn.Linear(pre, post) for pre, post in itertools.pairwise(layers))
        self.neurons = torch.nn.ModuleList(snntorch.Leaky(beta=0.95, spike_grad=gradient) for _ in layers[1:])

    def forward(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        """Output spikes (step, batch, class) to a constant input (batch, pixel)."""
        states = [leaky.init_leaky() for leaky in self.neurons]
        spikes = []
        for _ in range(steps):
            signal = x
            for k, (weight, leaky) in enumerate(zip(self.weights, self.neurons, strict=True)):
                signal, states[k] = leaky(weight(signal), states[k])
            spikes.append(signal)
        return torch.stack(spikes)


class SpikingJelly(torch.nn.Module):
    """The same in SpikingJelly, all steps of a layer at once, with the neuron and surrogate of its tutorials."""

    def __init__(self, layers: list[int]) -> None:
        super().__init__()
        gradient = surrogate.ATan()
        stages: list[torch.nn.Module] = []
        for pre, post in itertools.pairwise(layers):
            stages.append(layer.Linear(pre, post, step_mode="m"))
            stages.append(neuron.LIFNode(tau=2.0, surrogate_function=gradient, step_mode="m"))
        self.stages = torch.nn.Sequential(*stages)

    def forward(self, x: torch.Tensor, steps: int) -> torch.Tensor:
        """Output spikes (step, batch, class) to a constant input (batch, pixel)."""
        functional.reset_net(self.stages)
        return self.stages(x.expand(steps, *x.shape))


def torch_curve(
    network: Callable[[list[int]], torch.nn.Module],
    rate: float,
    images: dict[str, xr.Dataset],
    layers: str,
    step: int,
    steps: int,
) -> Iterator[Point]:
    """The same of a network trained by automatic differentiation."""
    torch.manual_seed(0)
    sizes = [int(n) for n in layers.split("-")]
    pixels = {
        k: torch.tensor(v.x.values.reshape(v.sizes["sample"], -1), dtype=torch.float32) for k, v in images.items()
    }
    labels = {k: torch.tensor(v.label.values, dtype=torch.long) for k, v in images.items()}
    model = network(sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    loss = snntorch_functional.ce_rate_loss()
    seen, spent = 0, 0.0
    for k in range(steps):
        begin = time.perf_counter()
        for first in range(0, step, SETTINGS["batch"]):
            rows = (torch.arange(first, min(first + SETTINGS["batch"], step)) + seen) % len(labels["train"])
            optimizer.zero_grad()
            loss(model(pixels["train"][rows], SETTINGS["steps"]), labels["train"][rows]).backward()
            optimizer.step()
        seen += step
        spent += time.perf_counter() - begin
        with torch.no_grad():
            answer = model(pixels["test"], SETTINGS["steps"]).sum(0).argmax(1)
        yield (k + 1) * step, spent, float((answer != labels["test"]).float().mean())


def main(output: Path = OUTPUT) -> None:
    """Train them, print each point, write the curves to a file."""
    torch.set_num_threads(SETTINGS["threads"])
    source = DatasetSettings(source="mnist", limit_train=SETTINGS["images"], limit_test=SETTINGS["tests"])
    images = load(source, zoo_in_use())
    others = {
        name: partial(torch_curve, network, SETTINGS["learning_rates"][name])
        for name, network in (("snntorch", SnnTorch), ("spikingjelly", SpikingJelly))
    }
    curves = {"brian2zoo": zoo_curve, **others}
    rows = []
    for name, curve in curves.items():
        for samples, seconds, error in curve(images, SETTINGS["layers"], SETTINGS["step"], SETTINGS["points"][name]):
            print(f"{name}: {samples} samples, {seconds:.1f} s, {100 * error:.1f} % wrong", flush=True)
            rows.append((name, samples, seconds, error))
    columns = dict(zip(("framework", "samples", "time", "test_error"), zip(*rows, strict=True), strict=True))
    about = {
        "samples": {"units": "1", "long_name": "training samples seen"},
        "time": {"units": "s", "long_name": "wall time of training"},
        "test_error": {"units": "1", "long_name": "share of wrong answers on the first test images"},
    }
    result = xr.Dataset(
        {name: ("point", list(columns[name]), attrs) for name, attrs in about.items()},
        {"framework": ("point", list(columns["framework"]))},
        {"settings": SETTINGS, "versions": {name: version(name) for name in ("snntorch", "spikingjelly", "torch")}},
    )
    results.write(result, output, "Accuracy against wall time", command="python benchmarks/frameworks.py")


if __name__ == "__main__":
    typer.run(main)
