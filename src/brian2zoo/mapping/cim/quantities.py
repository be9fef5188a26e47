"""The numbers of designs: those of a chip file, with settings in their place, as one column for all designs.

Units of the model: um, ns, pJ, kOhm, pF, V, uW (hence 1e-3 where power meets time), F for the feature size.
"""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.chips import ComputeInMemory, Quantity


class Quantities(SimpleNamespace):
    """Numbers by name, each (designs, 1); choices of a design as text. `ZooError` for one the chip's file lacks."""

    def __init__(self, path: Path, **found: np.ndarray) -> None:
        super().__init__(_path=path, **found)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        remedy = "add a line with its value, unit, meaning and source"
        raise ZooError(self._path, f"quantities.{name}", "the model of the chip needs this number", remedy)


def resolve(chip: ComputeInMemory, settings: Mapping[str, np.ndarray], transposed: bool = True) -> Quantities:
    """Numbers of designs of a chip.

    Parameters
    ----------
    settings : what differs from the chip file, each a value for every design, (designs,).
    transposed : whether the subarrays can be read backward.
    """
    known = chip.design | chip.quantities
    for name, values in settings.items():
        if name not in known:
            raise ZooError("--set", name, "there is no such number", did_you_mean(name, known, f"see {chip.path}"))
        _check(name, known[name], values)
    count = max([1, *(len(values) for values in settings.values())])
    found: dict[str, np.ndarray] = {}
    for name, quantity in chip.design.items():
        found[name] = _column(settings.get(name, [quantity.value]), count)
    design = dict(found)
    for name, quantity in chip.quantities.items():
        if name in settings:
            found[name] = _column(settings[name], count)
            continue
        found[name] = _value(chip, name, design)
        if quantity.like:
            reference = chip.quantities[quantity.like].value[_default(chip, quantity.like)]
            found[name] = found[name] * _value(chip, quantity.like, design) / reference
    return _derived(Quantities(chip.path, **found), transposed)


def _derived(q: Quantities, transposed: bool) -> Quantities:
    """The numbers with those that follow from several of them."""
    q.transposed = transposed
    q.feature = q.technology_nm / 1000
    q.is_sram, q.is_fefet = q.memory == "sram", q.memory == "fefet"
    q.is_sar, q.is_current_mode = q.adc == "sar", q.adc == "flash"
    q.is_sequential = q.read == "sequential"
    q.dram_all = q.dram_activations == "all"
    q.cell_bits = np.where(q.is_sram, 1, q.cell_bits)
    q.cells = np.ceil(q.weight_bits / q.cell_bits)
    mean = 0.5 / q.r_on + 0.5 / q.r_off
    q.cell_resistance = np.where(q.is_sram, q.sram_resistance, 1 / mean)
    wrong = ~(q.r_on < q.r_off)
    if wrong.any():
        raise ZooError("--set", "r_off", "the highest resistance is not above the lowest", "give r_off > r_on")
    return q


def _column(values: Any, count: int) -> np.ndarray:
    """One value a design, (designs, 1)."""
    array = np.asarray(values)
    array = array.astype(float if array.dtype.kind in "iufb" else str)
    return np.broadcast_to(array, count)[:, None]


def _default(chip: ComputeInMemory, name: str) -> str | int:
    """The key under which a quantity has its number for the chip as it is."""
    quantity = chip.quantities[name]
    default = chip.design[quantity.by].value
    return next(key for key in quantity.value if _text(key) == _text(default))


def _text(choice: Any) -> str:
    """A choice as one writes it: 32 and 32.0 are the same."""
    return str(choice) if isinstance(choice, str) else f"{choice:g}"


def _value(chip: ComputeInMemory, name: str, design: Mapping[str, np.ndarray]) -> np.ndarray:
    quantity = chip.quantities[name]
    picked = _picked(chip, name, quantity, design)
    return picked * _value(chip, quantity.times, design) if quantity.times else picked


def _picked(chip: ComputeInMemory, name: str, quantity: Quantity, found: Mapping[str, np.ndarray]) -> np.ndarray:
    if not quantity.by:
        return np.full_like(found[next(iter(found))], quantity.value, dtype=float)
    choices = found[quantity.by]
    picked = np.full(choices.shape, np.nan)
    for key, value in quantity.value.items():
        picked[choices == (key if choices.dtype.kind in "US" else float(key))] = value
    if np.isnan(picked).any():
        unknown = choices[np.isnan(picked)][0]
        known = ", ".join(_text(key) for key in quantity.value)
        raise ZooError("--set", quantity.by, f"{chip.path} has no '{name}' for '{_text(unknown)}'", f"known: {known}")
    return picked


def _check(name: str, quantity: Quantity, values: np.ndarray) -> None:
    """A setting is of the same type as the number it replaces, and within its bounds."""
    values = np.asarray(values)
    if isinstance(quantity.value, str):
        return
    if values.dtype.kind not in "iufb" or not np.isfinite(values.astype(float)).all():
        raise ZooError("--set", name, f"'{values.flat[0]}' is no number", f"give it in {quantity.unit}")
    for value in np.unique(values):
        if wanted := quantity.outside(value):
            raise ZooError("--set", name, f"{value:g} is out of range", f"give {wanted}")
