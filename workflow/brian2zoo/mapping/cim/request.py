"""What a user asks to be mapped: a network by its sizes, or that of a training, with numbers of the chip replaced."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import results
from brian2zoo.errors import ZooError
from brian2zoo.mapping.cim.estimate import Algorithm
from brian2zoo.zoo import Zoo

RULES: dict[str, Algorithm] = {"symmetric": "bp", "layerwise_random": "bp", "direct_random": "dfa"}
"""By the feedback of a rule: whether each layer waits for the error of the next, or all learn at the same time."""


@dataclass(frozen=True)
class Request:
    """What to map, by which algorithm; settings as in the chip file."""

    layers: tuple[int, ...]
    settings: dict[str, Any]
    rule: Algorithm


def request(zoo: Zoo, layers: str, run: Path | None, settings: Sequence[str], rule: str) -> Request:
    """A request from the command line.

    Parameters
    ----------
    layers, run : sizes joined by commas, or the result of a training; one of the two.
    settings : NAME=VALUE, several may be joined by commas; they come before what the training says.
    rule : bp or dfa; empty for that of the training, or else bp.
    """
    if bool(layers) == bool(run):
        raise ZooError("--layers", "", "name one network", "give either --layers 784,200,10 or --run RESULT.nc")
    trained = Request(_sizes(layers), {}, "bp") if run is None else _of_training(zoo, run)
    if rule not in ("", "bp", "dfa"):
        raise ZooError("--rule", "", f"there is no mapping for '{rule}'", "give bp or dfa")
    return Request(trained.layers, trained.settings | parse_settings(settings), rule or trained.rule)


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Numbers, or else text, by name."""
    found: dict[str, Any] = {}
    for part in (part for text in settings for part in text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name or not value:
            raise ZooError("--set", "", f"'{part}' is not a setting", "write NAME=VALUE, e.g. adc_bits=6")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found


def _sizes(layers: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in layers.replace("-", ",").split(","))
    except ValueError:
        raise ZooError("--layers", "", f"'{layers}' is no network", "write sizes such as 784,200,10") from None


def _of_training(zoo: Zoo, path: Path) -> Request:
    """Sizes, algorithm and schedule of a training, and the spread of its weights.

    Its updates follow every sample; the deviation of their change is that from the first to the last weights, spread
    over the updates as a random walk. Weights are taken over the largest of their layer, as a chip would scale them.
    """
    if not path.exists():
        raise ZooError("--run", "", f"there is no file {path}", "give the result of a training, results/train/...nc")
    result = results.read(path)
    if "layers" not in result.attrs or "rule" not in result.attrs or "samples" not in result.attrs:
        raise ZooError("--run", "", f"{path} is no result of a training", "give a file in results/train/")
    samples, epochs = int(result.attrs["samples"]), int(result.epoch.max())
    spread = [_spread(result, name, samples * max(epochs, 1)) for name in result.data_vars if _is_weight(result, name)]
    weights, changes = np.sqrt(np.mean(np.square(spread), axis=0))
    settings = {"batch": 1, "iterations": samples, "weight_std": float(weights)}
    if changes > 0:
        settings["update_std"] = float(np.clip(changes, 1e-6, 1))
    feedback = zoo.rule(result.attrs["rule"]).feedback
    return Request(_sizes(str(result.attrs["layers"])), settings, RULES[feedback])


def _is_weight(result: xr.Dataset, name: str) -> bool:
    return name.startswith("w_") and f"w0_{name[2:]}" in result and "feedback" not in name


def _spread(result: xr.Dataset, name: str, updates: int) -> tuple[float, float]:
    """Deviations of trained weights and of their change by one update, over the largest weight."""
    trained, start = result[name].values, result[f"w0_{name[2:]}"].values
    largest = np.abs(trained).max()
    return trained.std() / largest, (trained - start).std() / np.sqrt(updates) / largest
