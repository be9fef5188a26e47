"""`brian2zoo plot`: what it writes and says, and what it refuses in a line."""

from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.figures.pictures import KINDS, picture
from brian2zoo.formats.zoo import Zoo
from brian2zoo.protocols.subject import subject


def run(*arguments: object) -> Any:
    """A command's exit code and what it printed."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_picture_says_how_it_was_made(tmp_path) -> None:
    path = tmp_path / "bp.png"
    done = run("plot", "rule/bp", "--set", "rule.eta=0.1", "--out", path)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{path}: rule bp in experiment bp\n"
    with Image.open(path) as image:
        assert image.width == 1400
        assert image.info["Subject"] == "brian2zoo plot rule/bp --set rule.eta=0.1"
        assert len(image.getcolors(10**6)) > 100


def test_pictures_of_a_neuron_and_a_synapse_go_into_the_zoo(zoo_with) -> None:
    zoo = zoo_with({})
    assert run("--root", zoo.root, "plot", "rate_relu").exit_code == 0
    assert run("--root", zoo.root, "plot", "models/synapses/rate_target.yaml").exit_code == 0
    drawn = sorted(str(path.relative_to(zoo.root)) for path in (zoo.root / "results").rglob("*.*"))
    assert drawn == ["results/plots/neuron/rate_relu.png", "results/plots/synapse/rate_target.png"]


REFUSED = {
    ("superspike",): "there is no picture of surrogate 'superspike'",
    ("erbp_plus",): "name a rule, a neuron or a synapse that it uses, with --on erbp_plus",
    ("stdp_pear",): "did you mean 'stdp_pair'?",
    ("stdp_pair", "--on", "bp"): "config/experiments/bp.yaml: it does not use rules/stdp_pair.yaml",
    ("stdp_pair", "--on", "x"): "there is no such file",
    ("stdp_pair", "--set", "eta"): "--set: 'eta' is not a setting",
    ("stdp_pair", "--set", "rule.eta=1"): "'rule' has no parameter 'eta'",
    ("stdp_pair", "--out", "x.svg"): "end it in .png or .pdf",
    ("event_input",): "it spikes at the times that the data state",
    ("poisson_noise",): "no synapse leads to it and it is given no data",
    ("escape_rate_stepwise",): "no experiment uses it",
    ("target_spike",): "it adds to 'mismatch', which the loss or a rule gives the neuron",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_cannot_be_drawn_is_refused_in_a_line(arguments) -> None:
    done = run("plot", *arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert REFUSED[arguments] in line
    assert " — " in line


def test_a_rule_that_no_experiment_uses_is_refused_with_the_command_that_writes_one(zoo_with) -> None:
    zoo = zoo_with({"rules/alone.yaml": "title: alone\nextends: stdp_pair\n"})
    done = run("--root", zoo.root, "plot", "alone")
    assert "write one: brian2zoo new experiment NAME --rule alone" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in Zoo().names(kind)])
def test_every_file_is_drawn_or_refused(zoo, kind, name) -> None:
    told = ""
    try:
        figure, caption = picture(subject(zoo, kind, name))
    except ZooError as error:
        told = str(error)
    if told:
        assert " — " in told
        assert "\n" not in told
        return
    assert caption.endswith("ms.")
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert any(len(line.get_xdata()) for line in axes.lines)
