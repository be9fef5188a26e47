"""Turn pixels and labels into what input and label units are given, by the encoder's expression."""

from typing import Any

import brian2
import numpy as np
import xarray as xr

from brian2zoo.compose import constants
from brian2zoo.errors import ZooError
from brian2zoo.expressions import evaluate
from brian2zoo.spec import Encoder


def encode(encoder: Encoder, x: np.ndarray) -> np.ndarray:
    """Values in SI units, of the shape of `x`.

    Parameters
    ----------
    x : pixels in [0, 1), or 1 for the true class and 0 for the others.

    Raises
    ------
    ZooError
        If the expression cannot be evaluated, or its unit is not the one the file states.
    """
    try:
        value: Any = evaluate(encoder.encode, constants(encoder, {}) | {"x": np.asarray(x, dtype=float)})
    except ValueError as error:
        raise ZooError(encoder.path, "encode", str(error), "use x, parameters, units and functions") from None
    stated = evaluate(encoder.unit)
    if brian2.get_dimensions(value) is not brian2.get_dimensions(stated):
        found = brian2.get_unit(brian2.get_dimensions(value))
        raise ZooError(encoder.path, "unit", f"the expression is in {found!r}", f"not '{encoder.unit}'")
    return np.broadcast_to(np.asarray(value, dtype=float), np.shape(x))


def encode_dataset(images: xr.Dataset, inputs: Encoder, labels: Encoder) -> xr.Dataset:
    """A split of a data set as the units of a network are given it.

    Returns a data set with `input` (sample, pixel), `target` (sample, class) in the encoders' units and
    `label` (sample), the class.
    """
    one_hot = np.eye(images.attrs["classes"])[images.label.values]
    encoded = xr.Dataset(attrs=images.attrs)
    for name, dim, encoder, x in (
        ("input", "pixel", inputs, images.x.values),
        ("target", "class", labels, one_hot),
    ):
        attrs = {"units": encoder.unit, "long_name": encoder.title, "encoder": encoder.name}
        encoded[name] = (("sample", dim), encode(encoder, x).astype(np.float32), attrs)
    encoded["label"] = ("sample", images.label.values, images.label.attrs)
    return encoded
