"""A configuration held against the zoo and the data: what does not fit is one line that names its file and its key."""

import copy
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snakemake.utils import update_config

from brian2zoo.datasets import DatasetSettings, IdxFiles, Shape, load, shape
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml
from brian2zoo.pipeline.config import load_config
from brian2zoo.pipeline.plan import check_config
from brian2zoo.run import stages

NETWORK = {"dataset": "digits", "experiments": ["bp"], "layers": ["64-10-10"], "epochs": 1, "samples": 10}


@pytest.fixture
def told(zoo: Zoo) -> Callable[..., list[str]]:
    """Mistakes in the default configuration under what a file mine.yaml says."""

    def mistakes(mine: dict[str, Any]) -> list[str]:
        usual = read_yaml(ROOT / "config/config.yaml")
        merged = copy.deepcopy(usual)
        update_config(merged, copy.deepcopy(mine))
        sources = [("config/config.yaml", usual), ("mine.yaml", mine)]
        try:
            return [str(error) for error in check_config(load_config(merged, sources), zoo, sources)]
        except ZooError as error:
            return [str(error)]

    return mistakes


def training(**replaced: Any) -> dict[str, Any]:
    return {"training": [NETWORK | replaced]}


CONFIGURATIONS = [*(ROOT / "config").glob("*.yaml"), *(ROOT / "papers").glob("*/*.yaml")]
PARTS = ("paper.yaml", "published.yaml")  # of a paper, no configurations


@pytest.mark.parametrize("file", sorted(str(p.relative_to(ROOT)) for p in CONFIGURATIONS if p.name not in PARTS))
def test_every_configuration_of_ours_fits(told, file) -> None:
    assert told(read_yaml(ROOT / file)) == []


MAPPED = {"dataset": "digits", "experiment": "bp", "layers": "64-9-10", "chips": ["loihi"]}
UNTRAINED = {"experiment": "bp", "layers": "64-9-10", "setting": "default"}
DEEP = {"experiments": ["rtrl_block_diagonal"], "layers": ["64-10-10-10"]}
SIZES = "the data have 64 input units and 10 classes — write 64-10-10"
SYMMETRIC = "64-10-10-10 of rtrl_block_diagonal: circuit 'recurrent' with feedback 'symmetric' has 3 layers, not 4"


@pytest.mark.parametrize(
    ("mine", "line"),
    [
        (
            training() | {"capacity": 10**9},
            "capacity: 1000000000 samples of erbp_fixed_point have more than 2147483647 steps — take at most 429496 s",
        ),
        (training(layers=["63-10-10"]), f"training[0].layers: 63-10-10 on digits: {SIZES}"),
        (training(layers=["64-10-9"]), f"training[0].layers: 64-10-9 on digits: {SIZES}"),
        (
            training(experiments=["erbp_fixed_point"], settings=["input_hidden.w_max=5*pA:input_hidden.w_min=-5*pA"]),
            "training[0].layers: 64-10-10 of erbp_fixed_point: there are weights outside -5 pA to 4.9609375 pA, where ",
        ),
        (training(**DEEP), f"training[0].layers: {SYMMETRIC} — give 3 sizes"),
        (training(dataset="digit"), "training[0].dataset: there is no data set 'digit' — did you mean 'digits'?"),
        (training(experiments=["pb"]), "training[0].experiments: there is no file in config/experiments 'pb'"),
        (training(settings=["rule.eta=3*mV"]), "training[0].settings: rule.eta of bp: wrong unit: '3*mV' is in volt"),
        (training(settings=["rule.etta=3"]), "training[0].settings: rule.etta of bp: 'rule' has no parameter 'etta'"),
        (
            training(experiments=["erbp_plus"], settings=["rule.T_wait=-1*ms"]),
            "training[0].settings: rule.T_wait of erbp_plus: '-1*ms' is below 0 — give a number >= 0",
        ),
        (training(sweep={"rule.etta": [3]}), "training[0].sweep: rule.etta of bp: 'rule' has no parameter 'etta'"),
        (
            training(settings=["fast"]) | {"settings": {"fast": {"rule.eta": "3*mV"}}},
            "settings.fast: rule.eta of bp: wrong unit: '3*mV' is in volt",
        ),
        (training(settings=["rule.eta=inf"]), "training[0].settings: rule.eta of bp: 'inf' is infinite"),
        (training(settings=["eta=3"]), "training[0].settings[0]: 'eta=3' is not a setting"),
        (training(settings=["backend=gen"]), "training[0].settings[0]: there is no backend 'gen'"),
        ({"trace": {"erbp": {"layers": "60-10-10"}}}, f"trace.erbp.layers: 60-10-10 on digits: {SIZES}"),
        ({"trace": {"erbp": {"dataset": "x"}}}, "trace.erbp.dataset: there is no data set 'x'"),
        ({"trace": {"erbp": {"setting": "rule.eta=1"}}}, "trace.erbp.setting: rule.eta of erbp_plus: wrong unit"),
        ({"trace": {"erbp": UNTRAINED}}, "trace.erbp: digits bp 64-9-10 default is not trained — add it to training"),
        ({"bits": {"layers": "64-10-4"}}, f"bits.layers: 64-10-4 on digits: {SIZES}"),
        ({"bits": {"after": "x"}}, "bits.after: there is no file in config/experiments 'x'"),
        ({"bits": {"setting": "rule.eta=2*pS"}}, "bits.setting: rule.eta of erbp_fixed_point: unknown name 'pS'"),
        ({"map": [MAPPED | {"layers": "60-10-10"}]}, f"map[0].layers: 60-10-10 on digits: {SIZES}"),
        ({"map": [MAPPED | {"chips": ["lohi"]}]}, "map[0].chips: there is no file in models/chips 'lohi'"),
        ({"map": [MAPPED | {"placement": "x"}]}, "map[0].placement: there is no file in models/placements 'x'"),
        (
            {"cim": {"chip": "loihi", "runs": "runs.csv", "deep": []}},
            "cim.chip: there is no file in models/chips 'loihi'",
        ),
        ({"datasets": {"small": {"source": "digits", "crop": 4}}}, "datasets.small: nothing is left of 8 x 8 pixels"),
    ],
)
def test_what_does_not_fit_is_one_line_with_its_file_and_key(told, mine, line) -> None:
    found = told(mine)
    assert found[0].startswith(f"mine.yaml: {line}")
    assert all("\n" not in each for each in found)


RTRL = read_yaml(ROOT / "papers/rtrl/randman.yaml")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("layers", "21-8-10", "mine.yaml: rtrl.layers: 21-8-10 on randman: the data have 20 input units"),
        ("experiments", ["x"], "mine.yaml: rtrl.experiments: there is no file"),
        ("surrogate", "x", "mine.yaml: rtrl.surrogate: there is no file in models/surrogates 'x'"),
        ("values", [1, float("inf")], "mine.yaml: rtrl.values: inf is infinite — give a finite number > 0"),
        ("parameter", "x", "mine.yaml: rtrl.parameter: there is no parameter of the surrogate 'x'"),
    ],
)
def test_gradients_that_are_compared_are_checked_as_trainings(told, key, value, line) -> None:
    assert told(RTRL | {"rtrl": RTRL["rtrl"] | {key: value}})[0].startswith(line)


def test_layers_of_events_are_compared_after_pooling(told) -> None:
    """700 channels of words, ten of which `events_pooled` takes together, and 20 classes; no file is read."""
    words = {"datasets": {"words": {"source": "shd", "folder": "/nowhere"}}}
    wanted = "the data have 40 input units and 2 classes — write 40-50-2"
    assert told(words) == []
    cues = read_yaml(ROOT / "config/memory.yaml")
    (entry, *_) = cues["training"]
    assert wanted in told(cues | {"training": [entry | {"layers": ["41-50-2"]}]})[0]
    images = told(words | training(dataset="words", layers=["70-10-20"]))
    assert "bp on words: the encoder is for images, the data set has events" in images[0]
    assert images[0].startswith("mine.yaml: training[0].experiments: ")


SMALL = {"randman": {"manifolds": {"units": 7, "classes": 3, "samples": 20}}, "trials": {"trials": {"samples": 20}}}


@pytest.mark.parametrize("settings", [{"source": "digits", "crop": 1}, *({"source": s} | SMALL[s] for s in SMALL)])
def test_a_shape_is_that_of_the_data(settings) -> None:
    asked = DatasetSettings(**settings)
    split = load(asked, ROOT)["train"]
    events = "time" in split
    units = split.attrs["units"] if events else split.sizes["pixel"]
    assert shape(asked, ROOT)[:3] == Shape(units, split.attrs["classes"], events)[:3]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_shape_of_idx_files_is_in_their_headers(tmp_path, pack) -> None:
    """A relative folder is one of the zoo's; where it is missing nothing is known yet."""
    settings = DatasetSettings(source="idx", folder="mine", first_label=1, crop=1)
    assert shape(settings, tmp_path) is None
    (tmp_path / "mine").mkdir()
    sizes = np.array([2, 6, 5], ">u4").tobytes()
    (tmp_path / "mine" / IdxFiles().train_images).write_bytes(pack(b"\x00\x00\x08\x03" + sizes + bytes(60)))
    labels = np.array([2], ">u4").tobytes() + bytes([1, 3])
    (tmp_path / "mine" / IdxFiles().train_labels).write_bytes(pack(b"\x00\x00\x08\x01" + labels))
    assert shape(settings, tmp_path) == Shape(4 * 3, 3, events=False)
    broken = tmp_path / "mine" / IdxFiles().train_images
    broken.write_bytes(b"\x00\x00\x08\x03")
    with pytest.raises(ZooError, match="ends after 4 of its 16 bytes"):
        shape(settings, tmp_path)


def test_a_job_refuses_data_of_another_size(zoo) -> None:
    """Of data whose shape is known only once they are loaded."""
    images = load(DatasetSettings(source="digits", limit_train=20, limit_test=10), Path())
    encoder = zoo.encoder("identity")
    splits = [encode_dataset(images[name], encoder, encoder) for name in ("train", "test")]
    stages.check_data(zoo.experiment("bp"), "64-5-10", *splits)
    with pytest.raises(ZooError, match=f"^layers: {SIZES.replace('64-10-10', '64-5-10')}$"):
        stages.check_data(zoo.experiment("bp"), "63-5-10", *splits)


@pytest.mark.parametrize(
    ("trials", "line"),
    [
        ({"delay": "450*ms"}, "T_train is 1.7 s, and a trial lasts 1.65 s"),
        ({"delay": "450*ms", "recall": "200*ms"}, ""),
        ({"delay": "550*ms", "recall": "100*ms"}, "T_answer is 1.55 s, and the answer is asked for at 1.6 s"),
    ],
)
def test_a_trial_lasts_as_long_as_the_sample_that_shows_it(told, trials, line) -> None:
    cues = read_yaml(ROOT / "config/memory.yaml")
    name = cues["training"][0]["dataset"]
    datasets = cues["datasets"] | {name: cues["datasets"][name] | {"trials": trials}}
    found = told(cues | {"datasets": datasets})
    assert all(line in mistake for mistake in found)
    assert bool(found) == bool(line)


@pytest.mark.parametrize(
    ("interval", "line"), [("2*ms", ""), ("2.1*ms", "T_train is 0.2 s, and a series lasts 0.21 s — make it longer")]
)
def test_the_end_of_a_series_is_not_lost(told, interval, line) -> None:
    """Of a named set its length is known, whether or not its files are there."""
    motions = read_yaml(ROOT / "config/motions.yaml")
    motions["datasets"]["motions"]["interval"] = interval
    found = told(motions)
    assert all(line in mistake for mistake in found)
    assert bool(found) == bool(line)


def test_any_number_of_output_units_where_labels_are_given_to_them(zoo) -> None:
    images = load(DatasetSettings(source="digits", limit_train=20, limit_test=10), Path())
    split = encode_dataset(images["train"], zoo.encoder("linear_poisson"), None)
    stages.check_data(zoo.experiment("diehl_cook"), "64-7", split)
    with pytest.raises(ZooError, match="64 input units — write 64-7"):
        stages.check_data(zoo.experiment("diehl_cook"), "63-7", split)
