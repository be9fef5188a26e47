"""What the rules of the pipeline ask of its jobs."""

import json
from types import SimpleNamespace

import pytest
from checkout import TINY

from brian2zoo.errors import ZooError
from brian2zoo.formats.papers import papers
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml
from brian2zoo.pipeline import jobs
from brian2zoo.pipeline.config import load_config
from brian2zoo.pipeline.jobs import Jobs


@pytest.fixture(scope="module")
def tiny() -> Jobs:
    """Jobs of the smallest configuration."""
    whole = read_yaml(ROOT / "config/config.yaml") | read_yaml(TINY)
    return Jobs(load_config(whole), Zoo(ROOT), papers(ROOT))


def job(**wildcards: str) -> SimpleNamespace:
    """Wildcards of a job on a network of eRBP."""
    network = {"dataset": "digits", "experiment": "erbp_plus", "layers": "64-6-10", "setting": "default", "seed": "0"}
    return SimpleNamespace(**network | wildcards)


def test_a_run_has_a_file_in_the_folder_of_its_stage() -> None:
    key = ("digits", "bp", "64-6-10", "rule.eta=0.2")
    assert jobs.run_path("train", key, 3) == "results/train/digits/bp/64-6-10/rule.eta=0.2/seed=3.nc"


def test_a_program_is_of_the_backend_the_choices_and_the_number_abreast_and_not_of_numbers(tiny) -> None:
    test = tiny.program("test")
    assert test(job()) == test(job(setting="rule.eta=1*nS")) == "results/build/dense/erbp_plus/64-6-10/test"
    assert test(job(setting="backend=cpp")) == "results/build/cpp/erbp_plus/64-6-10/test"
    chosen = job(experiment="rtrl_block_diagonal", setting="learning.plastic.surrogate=triangle")
    folder = "results/build/dense/rtrl_block_diagonal/64-6-10/learning.plastic.surrogate=triangle"
    assert tiny.program("train", networks=2)(chosen) == f"{folder}:abreast=2/train"
    assert tiny.program("{wildcards.counting}")(job(counting="count_test")).endswith("/64-6-10/count_test")


@pytest.mark.parametrize(
    ("folder", "found"),
    [
        ("default", ("default", 1)),
        ("abreast=3", ("default", 3)),
        ("learning.loss=mean_square:abreast=2", ("learning.loss=mean_square", 2)),
    ],
)
def test_the_folder_of_a_program_says_choices_and_number_abreast(folder, found) -> None:
    assert jobs.variant(SimpleNamespace(variant=folder)) == found


def test_a_training_for_another_backend_has_the_entry_of_the_same_numbers(tiny) -> None:
    assert tiny.training(job(setting="backend=genn")) is tiny.training(job())
    with pytest.raises(ZooError, match=r"config: training: there is no entry for digits erbp_plus 64-7-10 default"):
        tiny.training(job(layers="64-7-10"))


def test_targets_that_the_configuration_does_not_describe_are_refused(tiny) -> None:
    target = "results/{}/digits/erbp_plus/{}/{}/seed=0.nc".format
    tiny.check_targets(["-n", "trained", "results/figures/index.html", target("train", "64-6-10", "default")])
    with pytest.raises(ZooError, match="config: settings: there is no setting 'fsat'"):
        tiny.check_targets([target("evaluate", "64-6-10", "fsat")])
    with pytest.raises(ZooError, match="there is no entry for digits erbp_plus 64-7-10 default"):
        tiny.check_targets([target("train", "64-7-10", "default")])


def test_a_training_is_found_by_its_name_and_by_its_numbers(tiny) -> None:
    network = {"dataset": "digits", "experiments": ["bp"], "layers": ["64-5-10"], "epochs": 1, "samples": 20}
    named = network | {"settings": ["fast"], "seeds": [3]}
    whole = read_yaml(ROOT / "config/config.yaml") | read_yaml(TINY)
    asked = whole | {"settings": {"fast": {"rule.eta": 9}}, "training": [named]}
    found = Jobs(load_config(asked), tiny.zoo, tiny.papers).training
    for setting in ("fast", "rule.eta=9", "fast:backend=cpp", "backend=cpp:rule.eta=9"):
        assert found(job(experiment="bp", layers="64-5-10", setting=setting)).seeds == (3,)
    with pytest.raises(ZooError, match=r"training: there is no entry for digits bp 64-5-10 rule\.eta=8"):
        found(job(experiment="bp", layers="64-5-10", setting="rule.eta=8"))


def test_what_is_not_watched_or_mapped_is_named(tiny) -> None:
    assert tiny.watched(job()).samples == 2
    with pytest.raises(ZooError, match="config: trace: nothing is watched of paper 'rtrl'"):
        tiny.watched(job(experiment="rtrl_full"))
    with pytest.raises(ZooError, match="config: map: there is no entry for digits erbp_plus"):
        tiny.mapped(job())


def test_networks_that_share_a_program_are_one_job(tiny) -> None:
    assert tiny.sharing() == [(("digits", "bp", "64-6-10", "rule.eta=0.2"), (1, 2))]


def test_options_survive_a_shell(tiny) -> None:
    start = "results/it's mine/seed=0.nc"
    assert jobs.options("start", [start, "b"]) == """--start 'results/it'"'"'s mine/seed=0.nc' --start b"""
    assert jobs.for_each([1, 2], ["a", "b"]) == "--seed 1 --output a --seed 2 --output b"
    assert tiny.network_options(job(setting="rule.eta=4e-3*nS")).endswith("--setting 'rule.eta=4e-3*nS'")


def test_a_figure_is_drawn_from_results_of_its_paper(tiny) -> None:
    trainings = tiny.figure_data("nbp", "curves")
    assert trainings == ["results/train/digits/nbp/64-6-10/default/seed=0.nc"]
    assert tiny.figure_data("nbp", "chips") == [
        "results/map/loihi/filled/count_test/digits/nbp/64-6-10/default/seed=0.nc"
    ]
    drawn = json.loads(tiny.page())
    assert drawn["nbp/curves"] == ["results/figures/nbp/digits/curves", trainings]


def test_every_training_is_asked_for_with_the_sweeps_and_listed_without(tiny) -> None:
    sweep = {path for path in tiny.trained() if "synapse.bits=" in path}
    assert len(sweep) == 2
    assert sweep | set(tiny.listed("train")) == set(tiny.trained())
    assert tiny.listed("ledger", "nbp") == ["results/ledger/digits/nbp/64-6-10/default/seed=0.nc"]
