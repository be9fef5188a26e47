"""Turn pixels or events, and labels, into what input and label units are given, by the encoder's expressions."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import brian2
import numpy as np

from brian2zoo.datasets.events import Events
from brian2zoo.equations.pieces import constants
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import Encoder

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr

_BLOCK = 500  # samples of events encoded at a time: expressions are evaluated in double precision
_HASHED = 2**20  # rows hashed at a time


def encode(encoder: Encoder, x: np.ndarray) -> np.ndarray:
    """Values in SI units, of the shape of `x`.

    Parameters
    ----------
    x : pixels in [0, 1), or 1 for the true class and 0 for the others; for an encoder of events their times, s.

    Raises
    ------
    ZooError
        If the expression cannot be evaluated, or its unit is not the one the file states.
    """
    x = np.asarray(x, dtype=float)
    value = _evaluate(encoder, "encode", {"x": x * brian2.second if encoder.channel else x}, "x")
    stated = evaluate(encoder.unit)
    if brian2.get_dimensions(value) is not brian2.get_dimensions(stated):
        found = brian2.get_unit(brian2.get_dimensions(value))
        raise ZooError(encoder.path, "unit", f"the expression is in {found!r}", f"not '{encoder.unit}'")
    values = np.broadcast_to(np.asarray(value, dtype=float), np.shape(x))
    # a time may be infinite: it never comes
    wrong = np.isnan(values) if brian2.get_dimensions(stated) is brian2.second.dim else ~np.isfinite(values)
    if wrong.any():
        problem = f"x = {x[wrong][0]:g} gives {values[wrong][0]}"
        raise ZooError(
            encoder.path, "encode", problem, "give a finite value for every x from 0 to 1, or an infinite time"
        )
    return values


def channels(encoder: Encoder, units: np.ndarray) -> np.ndarray:
    """Number of the input unit that gets the events of each of `units`; `ZooError` if that is no number from 0 on."""
    units = np.asarray(units)
    value = _evaluate(encoder, "channel", {"unit": units.astype(float)}, "unit")
    if not brian2.get_dimensions(value).is_dimensionless:
        raise ZooError(encoder.path, "channel", "the number of a unit has no unit of measurement", "take it away")
    found = np.broadcast_to(np.asarray(value, dtype=float), units.shape)
    if np.any(wrong := (found != np.floor(found)) | (found < 0)):
        problem = f"unit {units[wrong][0]} goes to {found[wrong][0]:g}"
        raise ZooError(encoder.path, "channel", problem, "give a whole number from 0 on, such as floor(unit/10)")
    return found.astype(np.int64)


def crossings(encoder: Encoder, split: "xr.Dataset") -> "xr.Dataset":
    """A split of series as one of events, by the encoder's `spikes`.

    Parameters
    ----------
    split : `value` (sample, channel, step), NaN after the end of a series, and attribute `interval`, s.

    Returns
    -------
    `time` (event), s; `unit` (event), that of channel c and the k-th of `spikes` being c times their number plus k;
    `offset` (boundary); `label` (sample); attributes as those of `split`, with `units` the number of units.

    Raises
    ------
    ZooError
        If an expression cannot be evaluated, has a unit, or is not finite.
    """
    import xarray as xr

    values = split.value.values
    before = np.concatenate([np.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)
    there = ~np.isnan(values)
    counts = np.stack([_counts(encoder, k, values, before, there) for k in range(len(encoder.spikes))], axis=2)
    sample, channel, kind, step = np.nonzero(counts)
    count = counts[sample, channel, kind, step]
    event = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count)
    time = split.attrs["interval"] * (step[event] + within / count[event])
    order = np.lexsort((time, sample[event]))
    unit = (channel * len(encoder.spikes) + kind)[event][order]
    offset = np.concatenate([[0], np.cumsum(np.bincount(sample[event], minlength=len(values)))])
    return xr.Dataset(
        {"time": ("event", time[order]), "unit": ("event", unit), "offset": ("boundary", offset), "label": split.label},
        attrs=split.attrs | {"units": split.attrs["units"] * len(encoder.spikes)},
    )


def _counts(encoder: Encoder, k: int, x: np.ndarray, before: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Whole numbers of events of one kind at each value."""
    names = {"x": np.where(there, x, 0), "before": np.where(there, before, 0)}
    try:
        value = evaluate(encoder.spikes[k], constants(encoder, {}) | names)
    except ValueError as error:
        remedy = "use x, before, parameters and functions"
        raise ZooError(encoder.path, f"spikes.{k}", str(error), remedy) from None
    if not brian2.get_dimensions(value).is_dimensionless:
        raise ZooError(encoder.path, f"spikes.{k}", "a number of spikes has no unit of measurement", "take it away")
    found = np.where(there, np.asarray(value, dtype=float), 0)
    if not np.isfinite(found).all():
        raise ZooError(encoder.path, f"spikes.{k}", "it is not finite", "give a finite number for every value")
    return np.floor(np.maximum(found, 0)).astype(np.int64)


def input_units(encoder: Encoder, units: int, events: bool, series: bool = False) -> int:
    """Number of input units that samples have, of so many pixels, units of events or channels of a series.

    Raises
    ------
    ZooError
        If the encoder is for other data.
    """
    if series != bool(encoder.spikes):
        if series:
            problem, remedy = "the encoder makes no spikes of a series", "pick one that states 'spikes'"
        else:
            problem, remedy = "the encoder is for series of values", "pick another, or a data set of series"
        raise ZooError(encoder.path, "spikes", problem, f"{remedy}, such as level_crossing" if series else remedy)
    if series:
        return _units(encoder, units * len(encoder.spikes), events=True)
    return _units(encoder, units, events)


def _units(encoder: Encoder, units: int, events: bool) -> int:
    if events and not encoder.channel:
        remedy = "pick an encoder that states 'channel', such as events"
        raise ZooError(encoder.path, "encode", "the encoder is for images, the data set has events", remedy)
    if encoder.channel and not events:
        remedy = "pick an encoder of pixels, or a data set of events"
        raise ZooError(encoder.path, "channel", "the encoder is for events, the data set has images", remedy)
    return int(channels(encoder, np.arange(units)).max()) + 1 if events else units


def check_layers(layers: Sequence[int], units: int, classes: int | None) -> None:
    """`ZooError` if a network of layers (input, hidden ..., output) is of another size than the data.

    Parameters
    ----------
    classes : as many as there are output units; None if there may be any number of these.
    """
    wanted = [units, *layers[1:-1], layers[-1] if classes is None else classes]
    if list(layers) != wanted:
        problem = f"the data have {units} input units" + (f" and {classes} classes" if classes is not None else "")
        raise ZooError("layers", "", problem, f"write {'-'.join(map(str, wanted))}")


def _evaluate(encoder: Encoder, field: str, names: dict[str, Any], variable: str) -> Any:
    try:
        return evaluate(getattr(encoder, field), constants(encoder, {}) | names)
    except ValueError as error:
        remedy = f"use {variable}, parameters, units and functions"
        raise ZooError(encoder.path, field, str(error), remedy) from None


def encode_dataset(split: "xr.Dataset", inputs: Encoder, labels: Encoder | None) -> "xr.Dataset":
    """A split of a data set as the units of a network are given it.

    Returns a data set with `target` (sample, class) in the encoder's unit, `label` (sample), the class, and

    - of images `input` (sample, pixel) in the encoder's unit;
    - of events `input_time` (event), s since the onset, `input_unit` (event) and `input_offset` (boundary): the events
      of sample k are those from offset k up to, but not, offset k + 1. A unit's events at one time are one.

    Where no unit is given the class there is no encoder of `labels`, and `target` is 1 for the true class, else 0.
    """
    import xarray as xr

    attrs = {"units": inputs.unit, "long_name": inputs.title, "encoder": inputs.name}
    if "value" in split:
        input_units(inputs, split.attrs["units"], events=False, series=True)
        split = crossings(inputs, split)
    elif inputs.spikes:
        input_units(inputs, 1, events=False)
    events = "time" in split
    units = _units(inputs, split.attrs["units"] if events else split.sizes["pixel"], events)
    if events:
        encoded = _events(split, inputs, units, attrs)
    else:
        pixels = encode(inputs, split.x.values).astype(np.float32)
        encoded = xr.Dataset({"input": (("sample", "pixel"), pixels, attrs)}, attrs=split.attrs)
    one_hot = np.eye(split.attrs["classes"])[split.label.values]
    attrs = {"units": "1", "long_name": "1 for the true class"}
    if labels is not None:
        attrs = {"units": labels.unit, "long_name": labels.title, "encoder": labels.name}
        one_hot = encode(labels, one_hot)
    encoded["target"] = (("sample", "class"), one_hot.astype(np.float32), attrs)
    encoded["label"] = ("sample", split.label.values, split.label.attrs)
    return encoded


def _events(split: "xr.Dataset", encoder: Encoder, n_units: int, attrs: dict[str, str]) -> "xr.Dataset":
    import xarray as xr

    to = channels(encoder, np.arange(split.attrs["units"])).astype(np.min_scalar_type(n_units - 1))
    offsets = split.offset.values
    times, units, counts = [], [], []
    for first in range(0, len(offsets) - 1, _BLOCK):
        bounds = offsets[first : first + _BLOCK + 1]
        part = slice(bounds[0], bounds[-1])
        sample = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        time, unit = encode(encoder, split.time.values[part]).astype(np.float32), to[split.unit.values[part]]
        order = np.lexsort((unit, time, sample))
        sample, time, unit = sample[order], time[order], unit[order]
        new = np.ones(len(order), bool)
        new[1:] = (np.diff(sample) != 0) | (np.diff(time) != 0) | (np.diff(unit) != 0)
        times.append(time[new])
        units.append(unit[new])
        counts.append(np.bincount(sample[new], minlength=len(bounds) - 1))
    offset = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    return xr.Dataset(
        {
            "input_time": ("event", np.concatenate(times), attrs),
            "input_unit": ("event", np.concatenate(units), {"units": "1", "long_name": "input unit of an event"}),
            "input_offset": ("boundary", offset, {"units": "1", "long_name": "first event of a sample"}),
        },
        attrs=split.attrs | {"units": n_units},
    )


def take(split: "xr.Dataset", samples: np.ndarray) -> dict[str, np.ndarray | Events]:
    """What a run is given of some samples of an encoded split: 'input', and 'label' where the split has targets.

    Of a split that lies in a file only the events of these samples are read.
    """
    given: dict[str, Any] = {"label": split.target.values[samples]} if "target" in split else {}
    if "input" in split:
        return given | {"input": split.input.values[samples]}
    offset = split.input_offset.values
    parts = [slice(offset[k], offset[k + 1]) for k in samples]
    times, units = (
        np.concatenate([variable[part].values for part in parts]) for variable in (split.input_time, split.input_unit)
    )
    counts = np.diff(offset)[samples]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return given | {"input": Events(times, units, offsets, int(split.attrs["units"]))}


def content(split: "xr.Dataset") -> str:
    """Hash of all that a run is given of an encoded split; equal if no number can differ, whatever the names of files.

    Events that lie in a file are read block by block.
    """
    hashed = hashlib.sha256()
    for name in sorted(map(str, split.data_vars)):
        variable = split[name]
        hashed.update(f"{name} {variable.dims} {variable.shape} {variable.dtype}".encode())
        for first in range(0, len(variable), _HASHED):
            hashed.update(np.ascontiguousarray(variable[first : first + _HASHED].values))
    return hashed.hexdigest()
