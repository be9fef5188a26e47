"""Small made-up results, shaped as the pipeline writes them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr

from brian2zoo.formats.papers import paper
from brian2zoo.formats.zoo import Zoo

RATE = {"bp", "rbp", "dfa"}


def attributes(experiment: str, layers: str, seed: int, dataset: str, setting: str = "default") -> dict[str, Any]:
    return {"experiment": experiment, "layers": layers, "seed": seed, "dataset": dataset, "setting": setting,
            "rule": experiment, "title": experiment, "command": "snakemake"}  # fmt: skip


def training(
    experiment: str = "erbp_plus",
    layers: str = "784-100-10",
    seed: int = 0,
    dataset: str = "mnist",
    setting: str = "default",
    epochs: int = 10,
    errors: Sequence[float] | None = None,
) -> xr.Dataset:
    """A training whose error falls from about 9 % to about 3 %, or has the values given."""
    rng = np.random.default_rng(seed)
    epoch = np.arange(1, (len(errors) if errors is not None else epochs) + 1)
    final = 0.02 + 0.002 * len(experiment)
    falling = (final + 0.06 / epoch) * rng.normal(1, 0.03, len(epoch))
    depth = layers.count("-") - 1
    angle = 60 + 30 / np.sqrt(epoch)[:, None] + 3 * np.arange(depth) + rng.normal(0, 1, (len(epoch), depth))
    kind, count = ("macs", 1.5e9) if experiment in RATE else ("synops", 2e9)
    return xr.Dataset(
        {
            "test_error": ("epoch", falling if errors is None else list(errors)),
            "alignment": (("epoch", "hidden"), np.full_like(angle, np.nan) if experiment == "bp" else angle),
            kind: ("epoch", np.full(len(epoch), count)),
            f"{kind}_true": ("epoch", np.full(len(epoch), 0.6 * count)),
        },
        coords={"epoch": epoch},
        attrs=attributes(experiment, layers, seed, dataset, setting),
    )


def evaluation(
    experiment: str = "erbp_plus", layers: str = "784-200-200-10", seed: int = 0, dataset: str = "mnist"
) -> xr.Dataset:
    spike = np.arange(1, 51)
    final = 0.02 + 0.002 * len(experiment) + 0.002 * seed
    return xr.Dataset(
        {
            "test_error": ((), final),
            "error_by_spikes": ("spike", final + 0.1 / spike),
            "time_by_spikes": ("spike", 0.012 + 0.008 * spike),
            "synops_by_spikes": ("spike", 6e4 + 3e4 * spike),
        },
        coords={"spike": spike},
        attrs=attributes(experiment, layers, seed, dataset) | {"macs_inference": 198800},
    )


def bits(layers: str = "784-100-10", dataset: str = "mnist", states: bool = True) -> xr.Dataset:
    width, seeds = np.array([2, 3, 4, 5, 6, 8, 12]), 3
    lost = 0.4 * 2.0 ** -np.arange(len(width))[:, None] * np.linspace(0.9, 1.1, seeds)
    kinds = {"error_learning": 0.2, "error_after": 1.0} | ({"error_states": 0.5} if states else {})
    variables = {name: (("bits", "seed"), 0.04 + factor * lost) for name, factor in kinds.items()}
    return xr.Dataset(
        variables | {"error_float": ("seed", np.full(seeds, 0.04))},
        coords={"bits": width, "seed": np.arange(seeds)},
        attrs={"experiment": "erbp_fixed_point", "layers": layers, "dataset": dataset},
    )


def trace(layers: str = "784-200-200-10") -> xr.Dataset:
    rng = np.random.default_rng(0)
    n_inputs, *hidden, n_classes = map(int, layers.split("-"))
    sizes = {"input": n_inputs, "output": n_classes, "error": 2 * n_classes, "label": n_classes}
    sizes |= {f"hidden{depth}": size for depth, size in enumerate(hidden, start=1)}
    counts = {name: {"input": 5000, "output": 300, "error": 80, "label": 300}.get(name, 3000) for name in sizes}
    time = np.arange(0, 1, 1e-4)
    noise = np.convolve(rng.normal(0, 1, len(time)), np.exp(-np.arange(0, 20e-3, 1e-4) / 4e-3), "same")
    return xr.Dataset(
        {
            "spike_time": ("spike", rng.uniform(0, 1.25, sum(counts.values())), {"units": "s"}),
            "spike_unit": ("spike", np.concatenate([rng.integers(0, sizes[name], n) for name, n in counts.items()])),
            "spike_population": ("spike", np.repeat(list(counts), list(counts.values()))),
            "onset": ("sample", 0.25 * np.arange(5), {"units": "s"}),
            "label": ("sample", [7, 2, 1, 0, 4]),
            "output_V": ("time", 0.1 * np.mod(40 * time, 1), {"units": "V"}),
            "output_U": ("time", 0.02 * noise, {"units": "V"}),
            "output_I": ("time", 2e-10 * noise, {"units": "A"}),
            "weight": ("time", 1e-10 + 1e-13 * np.cumsum(noise), {"units": "A"}),
        },
        coords={"time": ("time", time, {"units": "s"})},
        attrs=attributes("erbp_plus", layers, 0, "mnist")
        | {"parameters": json.dumps({"output.V_th": 0.1, "weight.b_max": 1.15e-9})},
    )


def gated(
    experiment: str = "nbp",
    layers: str = "400-400-10",
    seed: int = 0,
    dataset: str = "mnist20",
    setting: str = "default",
    epochs: int = 10,
    samples: int = 30000,
) -> xr.Dataset:
    """A training of a gated circuit with binary outputs, from the untrained network on."""
    rng = np.random.default_rng(seed)
    epoch = np.arange(epochs + 1)
    error = np.where(epoch, 0.04 + 0.1 / np.maximum(epoch, 1), 0.9) * rng.normal(1, 0.03, len(epoch))
    spikes = {
        "input_memory": 99, "hidden1": 3 * 90 + 8, "hidden1_low": 120 + 8, "hidden1_high": 70 + 8, "hidden1_memory": 90,
        "error_plus": 0.1, "error_minus": 0.2,
    }  # fmt: skip
    counted = np.where(epoch[:, None] > 0, list(spikes.values()), np.nan)
    n_inputs, n_hidden, n_classes = map(int, layers.split("-"))
    drawn = {"input_hidden1": (n_inputs, n_hidden), "hidden1_output": (n_hidden, n_classes)}
    weights = {name: (name.split("_"), 2.0 * rng.integers(-120, 121, size)) for name, size in drawn.items()}
    return xr.Dataset(
        {
            "test_error": ("epoch", error),
            "exact_error": ("epoch", 1.2 * error),
            "membrane_error": ("epoch", 0.7 * error),
            "mse": ("epoch", 0.1 * error),
            "spikes": (("epoch", "population"), counted),
            "test_spikes": (("epoch", "test_population"), np.ones((len(epoch), 1))),
        }
        | {f"w0_{name}": weight for name, weight in weights.items()}
        | {f"w_{name}": (dims, np.clip(1.5 * values, -256, 254)) for name, (dims, values) in weights.items()},
        coords={"epoch": epoch, "population": list(spikes), "test_population": ["output"]},
        attrs=attributes(experiment, layers, seed, dataset, setting) | {"samples": samples},
    )


def phased_trace(layers: str = "64-30-10", n_samples: int = 3) -> xr.Dataset:
    """Spikes of a circuit that follows the authors' table: each population fires where the table lets it."""
    rng = np.random.default_rng(0)
    table = Zoo().phases("backpropagation")
    sizes = dict(zip(("input", "hidden", "output"), map(int, layers.split("-")), strict=True))
    spikes = [
        (1e-3 * (12 * sample + number - 1), unit, name)
        for sample in range(n_samples)
        for number, phase in table.phases.items()
        for name in phase.fires
        for unit in rng.permutation(sizes[table.populations[name].layer])[:4]
    ]
    spikes += [(1e-3 * step, step % 12, "train_gates") for step in range(12 * n_samples)]
    times, units, names = zip(*spikes, strict=True)
    time = 1e-3 * np.arange(12 * n_samples)
    return xr.Dataset(
        {
            "spike_time": ("spike", list(times), {"units": "s"}),
            "spike_unit": ("spike", list(units)),
            "spike_population": ("spike", list(names)),
            "onset": ("sample", time[::12], {"units": "s"}),
            "label": ("sample", rng.integers(0, 10, n_samples)),
        },
        coords={"time": ("time", time, {"units": "s"})},
        attrs=attributes("nbp", layers, 0, "digits")
        | {"phases": json.dumps(table.model_dump(mode="json")), "weights": "initial"},
    )


def mapping(mode: str = "train", energy: float = 6e-4, latency: float = 2e-3) -> xr.Dataset:
    return xr.Dataset(
        {"energy_dynamic": ((), energy), "latency": ((), latency)},
        attrs=attributes("nbp", "400-400-10", 0, "mnist20") | {"mode": mode, "chip": "Loihi 1"},
    )


@pytest.fixture
def make() -> dict[str, Callable[..., xr.Dataset]]:
    """Makers of results, by kind."""
    makers = (training, evaluation, bits, trace, gated, phased_trace, mapping)
    return {maker.__name__: maker for maker in makers}


@pytest.fixture(scope="session")
def erbp() -> dict[str, Any]:
    """What the paper reports."""
    return paper("erbp").published


@pytest.fixture(scope="session")
def nbp() -> dict[str, Any]:
    return paper("nbp").published
