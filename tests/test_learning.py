"""What a network learns by is composed from choices: each reaches the strings, the fingerprints and the check."""

import re
from collections.abc import Callable
from itertools import chain

import numpy as np
import pytest
from brian2 import ms
from typer.testing import CliRunner

from brian2zoo.check import ZooWarning, check_experiment, check_file, errors
from brian2zoo.circuits import Circuit, build, initial_weights, smallest
from brian2zoo.cli.commands import app
from brian2zoo.compose.circuit import Codes, compose
from brian2zoo.formats.files import fingerprint
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, parameter_values, run_here

LAYERS = (4, 3, 2)
BLOCKS = "rtrl_block_diagonal"


def circuit_of(zoo: Zoo, name: str = BLOCKS, setting: str = "default") -> Circuit:
    experiment = zoo.experiment(name).with_setting(setting)
    return build(experiment, smallest(experiment), "train")


def strings(codes: Codes) -> list[str]:
    """All that Brian2 gets."""
    all_codes = chain(codes.neurons.values(), codes.synapses.values())
    return [value for code in all_codes for value in vars(code).values() if isinstance(value, str)]


@pytest.mark.parametrize(
    ("file", "old", "new", "broken"),
    [
        ("models/optimizers/adam.yaml", "dw = -eta*", "dw = -2*eta*", "dw = -etta*"),
        ("models/losses/cross_entropy.yaml", "exponentiated/total - target", "target - exponentiated", "total*w_post"),
        ("models/surrogates/superspike.yaml", "1/(1 + slope*abs(x))**2", "1/(1 + slope*abs(x))", "slpe*x"),
        ("models/neurons/lif_exp.yaml", "dI/dt = -I/tau_s", "dI/dt = -2*I/tau_s", "dI/dt = -I/tau_z"),
    ],
)
def test_an_edit_changes_what_runs_what_is_stale_and_what_is_checked(zoo, zoo_with, file, old, new, broken) -> None:
    text = (ROOT / file).read_text()
    assert old in text
    edited, wrong = (zoo_with({file: text.replace(old, other)}) for other in (new, broken))
    assert strings(compose(circuit_of(zoo))) != strings(compose(circuit_of(edited)))
    one, other = zoo.experiment(BLOCKS), edited.experiment(BLOCKS)
    assert fingerprint(one.numbers()) != fingerprint(other.numbers())
    assert fingerprint(one.structure("train")) != fingerprint(other.structure("train"))
    assert errors(check_experiment(other)) == []
    mistakes = errors(check_experiment(wrong.experiment(BLOCKS)))
    assert mistakes
    assert mistakes[0].where == file


def test_a_derived_rule_follows_its_neuron(zoo, zoo_with) -> None:
    text = (ROOT / "models/neurons/lif_exp.yaml").read_text().replace("dI/dt = -I/tau_s", "dI/dt = -2*I/tau_s")
    edited = zoo_with({"models/neurons/lif_exp.yaml": text})
    trace = next(part.equations.text for part in circuit_of(edited).plastic[0].rule.parts if part.side == "pre")
    assert "deps_I/dt = -2*eps_I/tau_s_post : 1" in trace.splitlines()


def test_a_time_constant_of_the_readout_reaches_the_filter_of_the_hidden_layer(zoo) -> None:
    for setting, tau in (("default", 50 * ms), ("output.tau_out=30*ms", 30 * ms)):
        codes = compose(circuit_of(zoo, setting=setting))
        for name in ("input_hidden1", "hidden1_hidden1"):
            assert codes.synapses[name].parameters["filter_tau_out"] == tau
        assert codes.neurons["output"].parameters["tau_out"] == tau


CHOICES = (
    "learning.plastic.surrogate=triangle",
    "learning.feedback=direct_random",
    "learning.feedback=sign_concordant",
    "learning.plastic.optimizer=rms",
    "learning.plastic.filter=none",
    "learning.plastic.traces=synapse",
    "learning.loss=mean_square",
    "learning.plastic.rule=rflo:learning.hidden_output.rule=block_diagonal",
    "learning.plastic.rule=snap1:learning.hidden_output.rule=block_diagonal",
)


@pytest.mark.parametrize("setting", CHOICES)
def test_any_choice_can_be_a_setting(zoo, setting) -> None:
    experiment = zoo.experiment(BLOCKS).with_setting(setting)
    assert errors(check_experiment(experiment)) == []
    circuit = circuit_of(zoo, setting=setting)
    assert strings(compose(circuit)) != strings(compose(circuit_of(zoo)))
    assert fingerprint(experiment.numbers()) != fingerprint(zoo.experiment(BLOCKS).numbers())
    before = initial_weights(circuit, 0)
    found = trained(circuit, setting=setting)
    for name, weights in found.items():
        assert np.isfinite(weights).all()
        assert np.abs(weights - before[name]).max() > 0


def trained(circuit: Circuit, setting: str = "default") -> dict[str, np.ndarray]:
    """Weights after three samples, an update at the onset of each but the first."""
    rng = np.random.default_rng(0)
    data = {"input": rng.uniform(0, 0.1, (3, LAYERS[0])), "label": np.eye(LAYERS[-1])[[0, 1, 0]]}
    values = {name: 3 * np.abs(w) for name, w in initial_weights(circuit, 0).items()} | parameter_values(circuit)
    values |= {name: 1 for name in values if name.endswith(".batch")}
    wanted = [f"{p.name}.w" for p in circuit.plastic]
    return run_here(circuit, network.duration(circuit, "T_train"), Inputs(data, values, 3, 0), wanted)


def written(zoo_with: Callable[..., Zoo]) -> Zoo:
    """The zoo with the rule that `brian2zoo derive` writes, and an experiment that uses it."""
    learning = "{plastic: {rule: mine}, hidden_output: {rule: block_diagonal}}"
    text = f"title: Mine\nextends: {BLOCKS}\nlearning: {learning}\n"
    zoo = zoo_with({"config/experiments/mine.yaml": text})
    result = CliRunner().invoke(app, ["--root", str(zoo.root), "derive", "lif_exp", "--name", "mine"])
    assert result.exit_code == 0, result.output
    return zoo


def test_a_written_copy_of_a_derived_rule_trains_as_it_does(zoo_with) -> None:
    zoo = written(zoo_with)
    by_hand, derived = (trained(circuit_of(zoo, name)) for name in ("mine", BLOCKS))
    assert by_hand.keys() == derived.keys()
    for name, weights in derived.items():
        np.testing.assert_array_equal(by_hand[name], weights)


def test_a_rule_tells_when_what_it_was_derived_from_has_changed(zoo_with) -> None:
    zoo = written(zoo_with)
    assert check_file(zoo, "rule", "mine") == []
    path = zoo.root / "models/neurons/lif_exp.yaml"
    text = path.read_text()
    path.write_text(text.replace("tau_s = 10*ms", "tau_s = 20*ms").replace("title: ", "title: Still "))
    assert check_file(zoo, "rule", "mine") == []  # neither numbers nor words enter a derivative
    path.write_text(text.replace("dI/dt = -I/tau_s", "dI/dt = -2*I/tau_s"))
    (finding,) = check_file(zoo, "rule", "mine")
    assert isinstance(finding, ZooWarning)
    told = "rules/mine.yaml: origin: the equations of models/neurons/lif_exp.yaml or models/synapses/current.yaml have"
    assert str(finding).startswith(f"{told} changed since this rule was derived from them")
    path.unlink()
    (finding,) = check_file(zoo, "rule", "mine")
    assert str(finding).startswith("rules/mine.yaml: origin.neuron: there is no file models/neurons/lif_exp.yaml")


OWN_PSI = """
title: A rule with a derivative of its own
variables:
  post: |
    psi = 1 : 1
    learning_signal : 1
on_pre: dw = SIGNAL*psi_post
"""


@pytest.mark.parametrize(
    ("signal", "choice", "field"),
    [
        ("learning_signal_post", "{rule: own, surrogate: superspike, optimizer: ''}", "learning.plastic.surrogate"),
        ("0.1", "{rule: own, surrogate: '', optimizer: ''}", "learning.loss"),
        ("learning_signal_post", "{rule: own, surrogate: '', optimizer: ''}", None),
    ],
)
def test_a_choice_that_nothing_uses_is_a_warning(zoo_with, signal, choice, field) -> None:
    own = OWN_PSI.replace("SIGNAL", signal)
    readout = "{rule: signal, surrogate: '', optimizer: ''}"
    asks = f"title: Asks\non_pre: dw = 0.1*{signal}\n"
    text = f"title: t\nextends: {BLOCKS}\nlearning: {{plastic: {choice}, hidden_output: {readout}}}\n"
    text += "parameters: |\n  optimizer.eta = null\n  optimizer.batch = null\n"
    files = {"rules/own.yaml": own, "rules/signal.yaml": asks, "config/experiments/idle.yaml": text}
    zoo = zoo_with(files)
    found = check_experiment(zoo.experiment("idle"))
    assert [finding.field for finding in found] == ([field] if field else [])
    assert all(isinstance(finding, ZooWarning) for finding in found)


def test_an_optimizer_of_a_rule_that_asks_for_dw_is_refused(zoo_with) -> None:
    text = "title: t\nextends: erbp_plus\nlearning: {plastic: {optimizer: adam}}\n"
    zoo = zoo_with({"config/experiments/idle.yaml": text})
    (finding,) = check_experiment(zoo.experiment("idle"))
    told = "config/experiments/idle.yaml: learning.plastic.optimizer: rule 'erbp' asks for the change dw itself"
    assert str(finding).startswith(told)


def test_a_missing_choice_is_told_where_it_would_stand(zoo_with) -> None:
    """The optimizer of one kind is its own; the surrogate is that of all."""
    learning = "{plastic: {surrogate: null}, input_hidden: {optimizer: rms}}"
    zoo = zoo_with({"config/experiments/lacking.yaml": f"title: t\nextends: {BLOCKS}\nlearning: {learning}\n"})
    (finding,) = errors(check_experiment(zoo.experiment("lacking")))
    assert str(finding).startswith("config/experiments/lacking.yaml: learning.plastic.surrogate: neuron 'lif_exp'")


def test_what_learns_needs_a_rule(zoo_with) -> None:
    """Without `learning` nothing learns, unless the circuit has projections that do."""
    text = (ROOT / "config/experiments/stdp_pair.yaml").read_text()
    assert "\nlearning: " in text
    left_out = re.sub(r"\nlearning: .*", "", text)
    zoo = zoo_with({"config/experiments/idle.yaml": left_out})
    (finding,) = check_experiment(zoo.experiment("idle"))
    assert str(finding).startswith("config/experiments/idle.yaml: learning.plastic.rule: nothing says by which rule")


@pytest.mark.parametrize("name", Zoo().names("experiment"))
def test_every_line_names_a_file_that_there_is(zoo, name) -> None:
    codes = compose(circuit_of(zoo, name))
    stores = [code.stores for code in codes.influences.values()]
    for code in (*codes.neurons.values(), *codes.synapses.values(), *stores):
        for block in code.pieces.values():
            for line in block:
                assert (ROOT / line.where).is_file()
                assert line.field


def test_rules_say_little_twice() -> None:
    lines = [line.strip() for path in (ROOT / "rules").glob("*.yaml") for line in path.read_text().splitlines()]
    lines = [line for line in lines if line]
    assert 0 < len(lines) < 450
    assert (len(lines) - len(set(lines))) / len(lines) < 0.15
