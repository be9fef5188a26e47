"""Encoders from pixel to the value a unit is given."""

import numpy as np
import pytest
import xarray as xr

from brian2zoo.datasets.encode import encode, encode_dataset
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import Encoder


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("identity", [0, 0.3, 1], [0, 0.3, 1]),
        ("binary_threshold", [0, 0.5, 0.51], [0, 0, 1]),
        ("linear_poisson", [0, 0.25, 1], [0, 25, 100]),
        ("linear_poisson_quiet", [0, 0.5, 1], [0, 31.875, 63.75]),
        ("latency", [0, 0.25, 1], [np.inf, 0.075, 0]),
        ("escape_rate", [0, 0.43, 1], [-10.5, 0, 0.285]),
        ("label_current", [0, 1], [-0.5, 0.48]),
        ("spike_time", [0, 0.25, 1], [0, 0.025, 0.1]),
        ("events", [0, 0.0037, 1.2], [0, 0.0037, 1.2]),
        ("level_crossing", [0, 0.0037, 1.2], [0, 0.0037, 1.2]),  # of events; test_series.py has those of values
        ("level_crossing_fine", [0, 1.2], [0, 1.2]),
        ("level_crossing_medium", [0, 1.2], [0, 1.2]),
        ("level_crossing_coarse", [0, 1.2], [0, 1.2]),
        ("events_pooled", [0, 0.0037, 1.2019], [0, 0, 1.2]),
    ],
)
def test_encoder_by_hand(zoo, name, x, expected) -> None:
    encoded = encode(zoo.encoder(name), np.array(x))
    np.testing.assert_allclose(encoded, expected, atol=1e-15)


def test_every_encoder_is_tested_by_hand(zoo) -> None:
    tested = next(mark.args[1] for mark in test_encoder_by_hand.pytestmark)
    assert sorted(name for name, *_ in tested) == zoo.names("encoder")


@pytest.mark.parametrize(
    ("unit", "expression", "field"),
    [
        ("Hz", "100*ms*x", "unit"),
        ("1", "100*Hz*x", "unit"),
        ("1", "x + nothing", "encode"),
        ("1", "x + 1*ms", "encode"),
        ("1", "1/(x - 0.5)", "encode"),
        ("Hz", "sqrt(0.25 - x)*Hz", "encode"),
        ("second", "sqrt(0.25 - x)*second", "encode"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_mistake_in_an_encoder_names_its_field(unit, expression, field) -> None:
    with pytest.raises(ZooError) as caught:
        encode(Encoder(title="wrong", unit=unit, encode=expression), np.array([0.5]))
    assert caught.value.field == field


def test_constant_encoder_gives_every_sample_its_value() -> None:
    assert encode(Encoder(title="constant", unit="Hz", encode="5*Hz"), np.zeros((2, 3))).tolist() == [[5] * 3] * 2


def test_encoded_data_set_has_inputs_targets_and_classes(zoo) -> None:
    images = xr.Dataset(
        {"x": (("sample", "pixel"), [[0, 0.5], [1, 0.25]]), "label": ("sample", [2, 0])}, attrs={"classes": 3}
    )
    encoded = encode_dataset(images, zoo.encoder("linear_poisson"), zoo.encoder("label_current"))
    assert encoded.input.values.tolist() == [[0, 50], [100, 25]]
    assert encoded.target.dims == ("sample", "class")
    np.testing.assert_allclose(encoded.target, [[-0.5, -0.5, 0.48], [0.48, -0.5, -0.5]], rtol=1e-6)
    assert encoded.label.values.tolist() == [2, 0]
    assert (encoded.input.attrs["units"], encoded.target.attrs["units"]) == ("Hz", "1")
    assert encoded.attrs["classes"] == 3
