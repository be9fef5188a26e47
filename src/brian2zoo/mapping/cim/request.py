"""What a user asks to be mapped: a network by its sizes, or that of a training, with numbers of the chip replaced."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.formats.language import Refused, sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim.estimate import Algorithm
from brian2zoo.run import results


@dataclass(frozen=True)
class EstimateRequest:
    """What to map, by which algorithm; settings as in the chip file."""

    layers: tuple[int, ...]
    settings: dict[str, Any]
    rule: Algorithm


def request(
    zoo: Zoo, chip: ComputeInMemory, layers: str, run: Path | xr.Dataset | None, settings: Sequence[str], rule: str
) -> EstimateRequest:
    """A request from the command line.

    Parameters
    ----------
    layers, run : sizes such as '784-200-10', or the result of a training; one of the two.
    settings : name=value, several may be joined by colons; they come before what the training says.
    rule : bp or dfa; empty for that of the training, or else bp.
    """
    if bool(layers) == (run is not None):
        raise ZooError("--layers", "", "name one network", "give either --layers 784-200-10 or --run RESULT.nc")
    trained = EstimateRequest(_sizes(layers), {}, "bp") if run is None else _of_training(zoo, chip, run)
    if rule not in ("", "bp", "dfa"):
        raise ZooError("--rule", "", f"there is no mapping for '{rule}'", "give bp or dfa")
    return EstimateRequest(trained.layers, trained.settings | parse_settings(settings), rule or trained.rule)


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Numbers, or else text, by name."""
    found: dict[str, Any] = {}
    for part in (part for text in settings for part in text.split(":")):
        name, equals, value = part.partition("=")
        if not equals or not name or not value or "," in part:
            remedy = "write name=value, several joined by colons: adc_bits=6:subarray=64"
            raise ZooError("--set", "", f"'{part}' is not a setting", remedy)
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return sizes(text)
    except Refused as error:
        raise error.at("--layers") from None


def _of_training(zoo: Zoo, chip: ComputeInMemory, run: Path | xr.Dataset) -> EstimateRequest:
    from brian2zoo.mapping.cim import trained  # which needs Brian2, and that takes seconds to import

    result, path = (results.read(run, results.TRAINING), run) if isinstance(run, Path) else (run, "run")
    if not trained.weights(result):
        problem = "it has no weights, on which the cost of an update depends"
        raise ZooError(path, "", problem, "give a file of results/train/; published ones are kept without weights")
    return EstimateRequest(
        sizes(str(result.attrs["layers"])), trained.settings(zoo, chip, result), trained.rule(zoo, result)
    )
