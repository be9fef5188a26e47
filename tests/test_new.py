"""`brian2zoo new`: what it writes passes the check, and nothing is overwritten."""

import shlex
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from brian2zoo.check import check_experiment, check_file, errors
from brian2zoo.cli.commands import app
from brian2zoo.cli.new_command import TEMPLATES, Made
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import ROOT, Zoo


def run(zoo: Zoo, *arguments: str) -> Any:
    """A command's exit code and what it printed."""
    return CliRunner().invoke(app, ["--root", str(zoo.root), *arguments])


@pytest.fixture(scope="module")
def own(zoo_with) -> Zoo:
    """A zoo with a new file of each kind, called mine."""
    zoo = zoo_with({})
    for kind in Made:
        done = run(zoo, "new", kind.value, "mine")
        assert done.exit_code == 0, done.output
    return zoo


@pytest.mark.parametrize("kind", Made)
def test_a_new_file_passes_the_check(own, kind) -> None:
    assert own.load(kind.value, "mine").title.startswith("mine: say in one line")
    assert errors(check_file(own, kind.value, "mine")) == []


@pytest.mark.parametrize("kind", Made)
def test_nothing_is_overwritten(own, kind) -> None:
    path = own.root / KINDS[kind.value][1] / "mine.yaml"
    path.write_text(path.read_text() + "# edited\n")
    done = run(own, "new", kind.value, "mine")
    assert done.exit_code == 2
    assert "take another name" in done.stderr
    assert path.read_text().endswith("# edited\n")


EXPERIMENTS = {
    ("--rule", "mine"): "stdp_pair",
    ("--neuron", "mine"): "rtrl_block_diagonal",  # whose rule follows from the neuron
    ("--synapse", "mine"): "rtrl_block_diagonal",
    ("--rule", "block_diagonal", "--neuron", "mine"): "rtrl_block_diagonal",
    ("--rule", "erbp"): "erbp_plus",
    ("--rule", "rules/bp.yaml"): "bp",
}


@pytest.mark.parametrize("options", EXPERIMENTS, ids=" ".join)
def test_a_new_experiment_extends_one_that_goes_with_its_files(own, options) -> None:
    name = f"from_{'_'.join(option.strip('-').partition('/')[0] for option in options)}"
    done = run(own, "new", "experiment", name, *options)
    assert done.exit_code == 0, done.output
    made = own.experiment(name)
    assert made.stated.extends == EXPERIMENTS[options]
    assert errors(check_experiment(made)) == []
    for option, word in zip(options[::2], options[1::2], strict=True):
        used = option.removeprefix("--"), word.rpartition("/")[2].removesuffix(".yaml")
        assert used in made.stated.uses().values()


def test_a_new_experiment_extends_the_one_that_is_named(own) -> None:
    done = run(own, "new", "experiment", "by_triplets", "--extends", "diehl_cook", "--rule", "stdp_triplet")
    assert done.exit_code == 0, done.output
    made = own.experiment("by_triplets")
    assert (made.stated.extends, made.stated.circuit, made.paper) == ("diehl_cook", "winner_take_all", "")
    assert made.learning.plastic.rule == "stdp_triplet"
    assert errors(check_experiment(made)) == []
    assert "by_triplets/64-100/default" in done.output


def test_a_neuron_of_any_method_gets_the_rule_derived_from_it(zoo_with) -> None:
    text = (ROOT / "models/neurons/lif_exp.yaml").read_text().replace("method: exact", "method: euler")
    zoo = zoo_with({"models/neurons/by_euler.yaml": text})
    assert run(zoo, "new", "experiment", "own", "--neuron", "by_euler").exit_code == 0
    assert zoo.experiment("own").learning.plastic.rule == "block_diagonal"


def test_every_template_of_an_experiment_is_taken_for_some_rule() -> None:
    bases = {path.read_text().partition("extends: ")[2].split()[0] for path in (TEMPLATES / "experiment").iterdir()}
    assert bases == set(EXPERIMENTS.values())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rule", "a/b"), "'a/b' is not a name"),
        (("rule", "lambda"), "'lambda' is a word of Python"),
        (("rule", "other", "--neuron", "lif"), "--neuron: it is for an experiment, not a rule"),
        (("experiment", "other", "--rule", "nix"), "there is no file 'rule/nix'"),
        (("experiment", "other", "--neuron", "adex"), "no template goes with neuron 'adex'"),
        (("rule", "other", "--extends", "bp"), "--extends: it is for an experiment, not a rule"),
        (
            ("experiment", "other", "--extends", "bpp"),
            "there is no file 'experiment/bpp' — did you mean 'experiment/bp'",
        ),
        (
            ("experiment", "other", "--extends", "bp", "--rule", "stdp_pair"),
            "experiment 'bp' does not go with rule 'stdp_pair'; of the first, ",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_line(own, arguments, told) -> None:
    done = run(own, "new", *arguments)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert told in line
    assert not (own.root / KINDS[arguments[0]][1] / "other.yaml").exists()


def test_what_it_says_to_try_next_are_commands(zoo_with) -> None:
    known = get_command(app).commands.keys()
    for kind in Made:
        _, *commands = run(zoo_with({}), "new", kind.value, "mine").stdout.splitlines()
        assert commands
        for words in (shlex.split(line, comments=True) for line in commands):
            assert words[0] == "snakemake" or (words[0] == "brian2zoo" and words[1] in known)
