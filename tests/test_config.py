"""What a pipeline run is asked for."""

import copy
from typing import Any

import pytest
from snakemake.utils import update_config

from brian2zoo.config import load_config
from brian2zoo.errors import ZooError
from brian2zoo.zoo import ROOT, Zoo, read_yaml


@pytest.fixture
def asked() -> dict[str, Any]:
    return copy.deepcopy(read_yaml(ROOT / "config" / "config.yaml"))


@pytest.mark.parametrize("papers", ["nbp", ["nbp"]])
def test_one_paper_may_be_named_without_a_list(asked, papers) -> None:
    assert load_config(asked | {"paper": papers}).paper == ("nbp",)


def test_a_paper_without_a_network_to_watch_is_told(asked) -> None:
    del asked["trace"]["nbp"]
    assert load_config(asked | {"paper": "erbp"}).paper == ("erbp",)
    with pytest.raises(ZooError, match=r"trace\.nbp: no network is named"):
        load_config(asked | {"paper": "nbp"})


@pytest.mark.parametrize(
    ("abreast", "shared"), [(1, []), (2, [(0, 1), (2, 5)]), (3, [(0, 1, 2), (5, 6)]), (9, [(0, 1, 2, 5, 6)])]
)
def test_seeds_share_programs(asked, abreast, shared) -> None:
    """One that is left over has a program of its own."""
    network = {"dataset": "digits", "experiments": ["erbp_times"], "layers": ["64-5-10"], "epochs": 1, "samples": 10}
    training = network | {"seeds": [0, 1, 2, 5, 6], "abreast": abreast}
    (entry,) = load_config(asked | {"training": [training]}).training
    assert entry.seed_groups == shared
    sweep = load_config(asked | {"bits": asked["bits"] | {"seeds": [0, 1, 2, 5, 6], "abreast": abreast}}).sweeps()
    assert [training.seed_groups for training in sweep] == [shared] * len(sweep)


@pytest.mark.parametrize("file", ["config.yaml", "nbp.yaml", "paper.yaml", "paper_nbp.yaml"])
def test_what_is_watched_is_trained_and_of_the_paper(asked, file) -> None:
    update_config(asked, read_yaml(ROOT / "config" / file))
    config, zoo = load_config(asked), Zoo()
    for paper in config.paper:
        watched = config.trace[paper]
        assert (watched.dataset, watched.experiment, watched.layers, watched.setting) in config.trainings()
        assert zoo.experiment(watched.experiment).paper == paper


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
