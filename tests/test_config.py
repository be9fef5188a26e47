"""What a pipeline run is asked for."""

import copy
import re
from typing import Any

import pytest
from snakemake.utils import update_config

from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml
from brian2zoo.pipeline.config import load_config


@pytest.fixture
def asked() -> dict[str, Any]:
    return copy.deepcopy(read_yaml(ROOT / "config" / "config.yaml"))


@pytest.mark.parametrize("papers", ["erbp", ["erbp"]])
def test_one_paper_may_be_named_without_a_list(asked, papers) -> None:
    assert load_config(asked | {"paper": papers}).paper == ("erbp",)


@pytest.mark.parametrize(
    ("paper", "told"),
    [
        ("nbp", r"trace\.nbp: no network is named"),
        ("cim", r"cim: nothing is named to map"),
        ("rtrl", r"rtrl: no gradients are named"),
        ("erpb", r"paper: there is no folder papers/erpb — did you mean 'erbp'"),
    ],
)
def test_what_the_figures_of_a_paper_need_is_told(asked, paper, told) -> None:
    with pytest.raises(ZooError, match=told):
        load_config(asked | {"paper": paper})


def test_what_is_watched_is_of_a_paper_that_there_is(asked) -> None:
    with pytest.raises(ZooError, match=r"trace: there is no folder papers/mine"):
        load_config(asked | {"trace": asked["trace"] | {"mine": asked["trace"]["erbp"]}})


@pytest.mark.parametrize(
    ("abreast", "shared"), [(1, []), (2, [(0, 1), (2, 5)]), (3, [(0, 1, 2), (5, 6)]), (9, [(0, 1, 2, 5, 6)])]
)
def test_seeds_share_programs(asked, abreast, shared) -> None:
    """One that is left over has a program of its own."""
    network = {"dataset": "digits", "experiments": ["erbp_times"], "layers": ["64-5-10"], "epochs": 1, "samples": 10}
    training = network | {"seeds": [0, 1, 2, 5, 6], "abreast": abreast}
    (entry,) = load_config(asked | {"training": [training]}).training
    assert entry.seed_groups == shared
    sweep = (
        load_config(asked | {"bits": asked["bits"] | {"seeds": [0, 1, 2, 5, 6], "abreast": abreast}}).sweeps().values()
    )
    assert [training.seed_groups for training in sweep] == [shared] * len(sweep)


@pytest.mark.parametrize(
    "file", ["config/config.yaml", "papers/erbp/mnist.yaml", "papers/nbp/digits.yaml", "papers/nbp/mnist.yaml"]
)
def test_what_is_watched_is_trained_and_of_the_paper(asked, file) -> None:
    update_config(asked, read_yaml(ROOT / file))
    config, zoo = load_config(asked), Zoo()
    for paper in config.paper:
        watched = config.trace[paper]
        assert (watched.dataset, watched.experiment, watched.layers, watched.setting) in config.trainings()
        assert zoo.experiment(watched.experiment).paper == paper


NETWORK = {"dataset": "digits", "experiments": ["bp"], "layers": ["64-5-10"], "epochs": 1, "samples": 10}
SWEEP = {"rule.eta": [0.1, "2e-1"], "seed": [0, 1]}


def test_a_sweep_is_every_combination_on_top_of_each_setting(asked) -> None:
    swept = NETWORK | {"settings": ["default", "fast"], "sweep": SWEEP | {"rule.gain": [1]}}
    config = load_config(asked | {"settings": {"fast": {"rule.eta": 9, "rule.b": 2}}, "training": [swept]})
    (entry,) = config.training
    assert entry.seeds == (0, 1)
    parts = ["rule.eta=0.1:rule.gain=1", "rule.eta=2e-1:rule.gain=1"]
    assert entry.variants == (*parts, *(f"fast:{part}" for part in parts))
    assert config.in_full("fast") == "rule.eta=9:rule.b=2"
    assert config.in_full(entry.variants[-1]) == "rule.eta=2e-1:rule.b=2:rule.gain=1"
    ((stem, runs),) = config.swept().items()
    assert stem == "digits/rule.eta+seed+rule.gain"
    assert len(runs) == len(set(runs)) == 8


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fa st": {"rule.eta": 1}}, "settings.fa st: 'fa st' cannot be the name of a setting — write a letter"),
        ({"default": {"rule.eta": 1}}, "settings.default: 'default' cannot be the name of a setting"),
        ({"fast": {"eta": 1}}, "settings.fast.eta: 'eta' is nothing that a setting changes — write"),
        ({"fast": {"rule.eta": [1]}}, "settings.fast.rule.eta: this is no text"),
        ({"fast": {"rule.eta": "1 2"}}, "settings.fast.rule.eta: '1 2' is not an expression"),
        ({"slow": {"rule.eta": 1}}, "training[0].settings: there is no setting 'fast' — named: slow; or write"),
        ({"fasst": {"rule.eta": 1}}, "training[0].settings: there is no setting 'fast' — did you mean 'fasst'?"),
    ],
)
def test_a_mistake_in_a_named_setting_is_one_line(asked, settings, told) -> None:
    with pytest.raises(ZooError) as error:
        load_config(asked | {"settings": settings, "training": [NETWORK | {"settings": ["fast"]}]})
    assert str(error.value).startswith(f"config/config.yaml: {told}")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("seeds", [-1], "training[0].seeds[0]: '-1' is no seed — write a whole number from 0 to 4294967295"),
        ("seeds", [0, 2**32], "training[0].seeds[1]: '4294967296' is no seed"),
        ("seeds", [1.5], "training[0].seeds[0]: '1.5' is no seed"),
        ("seeds", [True], "training[0].seeds[0]: 'True' is no seed"),
        ("seeds", ["one"], "training[0].seeds[0]: 'one' is no seed"),
        ("seeds", [3, 3], "training[0].seeds: 3 is named twice"),
        ("seeds", [], "training[0].seeds: the list is empty"),
        ("seeds", 3, "training[0].seeds: this is not a list"),
        ("epochs", "1e3", "training[0].epochs: this is no whole number — write such as 1000"),
        ("epochs", 2.5, "training[0].epochs: this is no whole number — write such as 1000"),
        ("dataset", 3, "training[0].dataset: this is no text — put it in quotes"),
        ("experiments", [], "training[0].experiments: the list is empty"),
        ("layers", ["64-0-10"], "training[0].layers[0]: '64-0-10' is not a network"),
        ("layers", ["64-010-10"], "training[0].layers[0]: '64-010-10' is not a network"),
        ("settings", ["rule.eta=1/2*nS"], "training[0].settings[0]: 'rule.eta=1/2*nS' cannot be the name of a folder"),
        ("settings", ["rule.eta = 1"], "training[0].settings[0]: 'rule.eta = 1' cannot be the name of a folder"),
        ("sweep", {"rule.eta": 3}, "training[0].sweep.rule.eta: this is not a list"),
        ("sweep", {"rule.eta": []}, "training[0].sweep.rule.eta: the list is empty"),
        ("sweep", {"rule.eta": [1, 1]}, "training[0].sweep.rule.eta: 1 is named twice"),
        ("sweep", {"eta": [1]}, "training[0].sweep.eta: 'eta' is nothing that a setting changes"),
        ("sweep", {"rule.eta": ["1/2"]}, "training[0].sweep: 'rule.eta=1/2' cannot be the name of a folder"),
        ("sweep", {"seed": [-1]}, "training[0].seeds[0]: '-1' is no seed"),
        ("epoch", 1, "training[0].epoch: unknown key 'epoch' — did you mean 'epochs'?"),
    ],
)
def test_a_value_that_makes_no_sense_is_one_line(asked, field, value, told) -> None:
    with pytest.raises(ZooError) as error:
        load_config(asked | {"training": [NETWORK | {field: value}]})
    assert str(error.value).startswith(f"config/config.yaml: {told}")


def test_seeds_are_named_once(asked) -> None:
    with pytest.raises(ZooError, match=r"training\[0\]\.seeds: seeds are named here and in 'sweep'"):
        load_config(asked | {"training": [NETWORK | {"seeds": [0], "sweep": SWEEP}]})


def test_ends_of_deep_networks_are_two_sizes(asked) -> None:
    cim = read_yaml(ROOT / "papers/cim/digits.yaml")["cim"]
    with pytest.raises(ZooError, match=r"cim\.deep\[0\]\.ends: '784' is no pair of sizes"):
        load_config(asked | {"cim": cim | {"deep": [{"ends": "784", "width": 8, "depths": [1]}]}})


def test_a_name_of_a_data_set_can_be_part_of_a_path(asked) -> None:
    with pytest.raises(ZooError, match=r"datasets\.it's/mine: 'it's/mine' is not a name"):
        load_config(asked | {"datasets": {"it's/mine": {"source": "digits"}}})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"bits": {"bits_states": [8, 8]}}, "bits.bits_states: 8 is named twice"),
        (
            {"bits": {"setting": "synapse.bits=3"}},
            "bits.setting: 'synapse.bits' is set twice in 'synapse.bits=3:synaps",
        ),
        ({"bits": {"setting": "rule.eta=1*nS:rule.eta=2*nS"}}, "bits.setting: 'rule.eta' is set twice in"),
        ({"paper": ["erbp", "erbp"]}, "paper: erbp is named twice"),
        (
            {"cim": {"deep": [{"width": 9, "depths": [1]}, {"width": 9, "depths": [2]}]}},
            "cim.deep: equal_9 is named twi",
        ),
    ],
)
def test_what_would_be_made_twice_is_told(asked, change, told) -> None:
    update_config(asked, {"cim": read_yaml(ROOT / "papers/cim/digits.yaml")["cim"]})
    update_config(asked, change)
    with pytest.raises(ZooError, match=re.escape(told)):
        load_config(asked)


@pytest.mark.parametrize(
    ("mine", "file", "field"),
    [
        ({"capacity": 0}, "mine.yaml", "capacity"),
        ({"bits": {"seeds": [-1]}}, "mine.yaml", "bits.seeds[0]"),
        ({"bits": {"setting": "rule.eta=1*nS"}}, "usual.yaml", "training[0].seeds[0]"),
        ({"training": [NETWORK | {"seeds": [0]}, {**NETWORK, "epochs": 0}]}, "mine.yaml", "training[1].epochs"),
        ({"training": [{"dataset": "digits"}]}, "mine.yaml", "training[0].experiments"),  # a list replaces all of it
    ],
)
def test_a_mistake_names_the_file_that_states_it(asked, mine, file, field) -> None:
    usual = asked | ({"training": [NETWORK | {"seeds": [-1]}]} if file == "usual.yaml" else {})
    merged = copy.deepcopy(usual)
    update_config(merged, mine)
    with pytest.raises(ZooError) as error:
        load_config(merged, [("usual.yaml", usual), ("mine.yaml", mine)])
    assert (error.value.where, error.value.field) == (file, field)


def test_entries_of_one_network_are_one_training_with_the_seeds_of_both(asked) -> None:
    """And those of no other: seeds that one entry adds are not those of the next network of the other."""
    one = NETWORK | {"seeds": [0]}
    two = NETWORK | {"layers": ["64-5-10", "64-6-10"], "seeds": [1]}
    listed = load_config(asked | {"training": [one, two]}).listed()
    seeds = {layers: entry.seeds for (_, _, layers, _), entry in listed.items()}
    assert seeds == {"64-5-10": (0, 1), "64-6-10": (1,)}


def test_each_seed_may_start_from_a_file_of_its_own(asked) -> None:
    network = {"dataset": "digits", "experiments": ["erbp_times"], "layers": ["64-5-10"], "epochs": 1, "samples": 10}
    drawn = network | {"seeds": [0, 1]}
    given = drawn | {"start": "results/train/a/seed={seed}.nc"}
    (entry,) = load_config(asked | {"training": [given]}).training
    assert entry.starts([0, 1]) == ["results/train/a/seed=0.nc", "results/train/a/seed=1.nc"]
    (entry,) = load_config(asked | {"training": [drawn]}).training
    assert entry.starts([0, 1]) == []
    with pytest.raises(ZooError, match="different epochs, samples or start"):
        load_config(asked | {"training": [given, drawn]})
