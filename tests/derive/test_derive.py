"""What is derived from a neuron's text, as text; what is refused, and where traces are put."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from brian2 import ms
from scipy.special import exprel
from typer.testing import CliRunner

from brian2zoo.check import check_file, errors
from brian2zoo.circuits import build
from brian2zoo.cli.commands import app
from brian2zoo.compose.circuit import compose
from brian2zoo.derive import derive, fitting_synapse, origin, read
from brian2zoo.derive.traces import propagator
from brian2zoo.errors import ZooError
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import Zoo

FITTING = {
    "lif_delta": "delta",
    "lif_exp": "current",
    "alif": "delta",
    "lif": "float",
    "adex": "float",
    "izhikevich": "current",
    "lif_conductance": "conductance",
    "leaky_readout": "readout",
}
NEURON = """
title: To be refused
equations: |
  dv/dt = (I - v)/tau : 1
  dI/dt = -I/tau : 1
threshold: v > 1
reset: v = v - 1
method: exact
parameters: |
  tau = 10*ms
"""
REFUSED = (
    ("(I - v)/tau", "(I - v)/tau + xi*tau**-0.5", "equations: 'xi' is random"),
    ("v = v - 1", "v = v - rand()", "reset: 'rand' is random"),
    ("(I - v)/tau", "(I - abs(v))/tau", "has no derivative everywhere"),
    ("(I - v)/tau", "(I*int(v > 0.5) - v)/tau", "has no derivative everywhere"),
    ("threshold: v > 1", "threshold: v > 1 and I > 0", "is not one comparison"),
    ("threshold: v > 1", "threshold: v > 1\ngraded: u", "graded: 'u' has no differential equation"),
    ("threshold: v > 1", "", "neither spikes nor has a graded answer"),
    ("method: exact", "method: rk4", "method: the traces of 'rk4'"),
    ("(I - v)/tau", "(I - v**3)/tau", "method: the traces of 'exact'"),
    ("dv/dt = (I - v)/tau : 1", "dv/dt = -v/tau : 1", "no weight of synapse 'current' reaches"),
)


def run(*arguments: object) -> Any:
    """A command's exit code and what it printed."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def traces(zoo: Zoo, name: str, **choice: Any) -> Any:
    neuron = zoo.neuron(name)
    return derive(read(neuron, fitting_synapse(zoo, neuron)), **choice)


@pytest.mark.parametrize(("neuron", "synapse"), FITTING.items())
def test_the_synapse_is_found_where_the_input_comes_in(zoo, neuron, synapse) -> None:
    assert fitting_synapse(zoo, zoo.neuron(neuron)).name == synapse


@pytest.mark.parametrize(
    ("neuron", "presynaptic", "elsewhere"),
    [
        ("lif_exp", "v I", {}),
        ("lif_exp_hard", "", {"v": "a postsynaptic spike resets it", "I": "the trace of v is integrated together"}),
        ("lif", "", {"V": "it stands still while the postsynaptic neuron is refractory", "I": "integrated together"}),
        ("alif", "v", {"b": "the postsynaptic neuron's own spikes"}),
        ("adex", "I", {"V": "its equation contains V", "w_a": "it follows the trace of V"}),
        ("izhikevich", "I", {"v": "its equation contains v", "u": "it follows the trace of v"}),
        ("lif_conductance", "g_e", {"V": "its equation contains V, g_e"}),
        ("leaky_readout", "y", {}),
    ],
)
def test_where_traces_are_and_why(zoo, neuron, presynaptic, elsewhere) -> None:
    found = traces(zoo, neuron)
    assert " ".join(found.presynaptic) == presynaptic
    assert found.reasons.keys() == elsewhere.keys()
    for name, why in elsewhere.items():
        assert why in found.reasons[name]


def test_only_a_variable_the_weight_reaches_through_spikes_alone_is_kept_by_default(zoo) -> None:
    assert traces(zoo, "alif").kept == ("b",)
    assert traces(zoo, "adex").kept == ()
    assert traces(zoo, "alif", through=[]).variables == ("v",)
    with pytest.raises(ZooError, match="does not change 'I' — it changes v"):
        traces(zoo, "lif_exp", through=["I"])


@pytest.mark.parametrize(("part", "instead", "told"), REFUSED)
def test_refused_with_the_reason(zoo_with, part, instead, told) -> None:
    assert part in NEURON
    zoo = zoo_with({"models/neurons/refused.yaml": NEURON.replace(part, instead)})
    with pytest.raises(ZooError) as refused:
        derive(read(zoo.neuron("refused"), zoo.synapse("current")))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_variable_changed_by_events_alone_is_refused(zoo_with) -> None:
    text = NEURON.replace("(I - v)/tau", "(k*I - v)/tau").replace("threshold", "  k : 1\nthreshold")
    zoo = zoo_with({"models/neurons/refused.yaml": text.replace("v = v - 1", "k = k + 1")})
    with pytest.raises(ZooError, match="'k' is changed by events and has no differential equation"):
        read(zoo.neuron("refused"), zoo.synapse("current"))


@pytest.mark.parametrize(
    ("synapse", "told"),
    [
        ("blank_out", "'rand' is random"),
        ("float", "in another unit"),
        ("conductance", "no differential equation"),
        ("rate", "changes nothing of neuron"),
    ],
)
def test_a_synapse_that_does_not_go_with_the_neuron(zoo, synapse, told) -> None:
    with pytest.raises(ZooError, match=told):
        read(zoo.neuron("lif_exp"), zoo.synapse(synapse))


def test_the_rule_of_a_lif_neuron_reads_like_one_written_by_hand() -> None:
    result = run("derive", "models/neurons/lif_exp.yaml")
    assert result.exit_code == 0, result.stderr
    for part in (
        "\n  pre: |\n    deps_v/dt = (eps_I - eps_v)/tau_m_post : 1",
        "\nat_spike:\n  pre: |\n    eps_I += 1\n",
        "\neligibility: eps_v_pre*psi_post\n",
        "# State x = (v, I) of 'lif_exp', weight w of 'current'.\n",
        "#     eps_v: presynaptic neuron, O(N); ",
    ):
        assert part in result.stdout


def steps(zoo: Zoo, experiment: str, kind: str = "input_hidden") -> tuple[list[str], list[str]]:
    """What a kind of projections does in each step and at the onset, but for the update of the optimizer."""
    circuit = build(zoo.experiment(experiment), (3, 2, 2), "train")
    rule = next(p.rule for p in circuit.plastic if p.kind == kind)
    updates = [
        line.text
        for event in ("each_step", "at_onset")
        for line in rule.events[event]
        if "/optimizers/" in str(line.where)
    ]
    assert any(text.startswith("dw = ") for text in updates)
    lines = lambda event: [line.text for line in rule.events[event] if "/optimizers/" not in str(line.where)]  # noqa: E731
    return lines("each_step"), updates


def test_the_eligibility_passes_the_readouts_filter_before_it_meets_the_error(zoo) -> None:
    each_step, update = steps(zoo, "rtrl_block_diagonal")
    assert each_step == ["grad += learning_signal_post*bar_y", "elig = eps_v_pre*psi_post", "bar_y += elig"]
    assert update[-1] == "grad = grad*(1 - due)"


def test_e_prop_of_an_adaptive_neuron(zoo_with) -> None:
    """Bellec et al. 2020, eq. 25, with the order of this program: jump, then decay."""
    text = "title: Derived\nextends: eprop_alif\nlearning: {plastic: {rule: block_diagonal}}\n"
    each_step, _ = steps(zoo_with({"config/experiments/derived.yaml": text}), "derived")
    assert each_step[1:] == ["elig = psi_post*(-beta_a_post*eps_b + eps_v_pre)", "bar_y += elig", "eps_b += elig"]


def test_latex(zoo) -> None:
    output = run("derive", "lif_delta_hard", "--latex").stdout
    assert output.startswith("\\begin{align*}\n\\dot{v} &= - \\frac{v}{\\tau_{m}}")
    assert "\\epsilon_{v} &\\leftarrow" in output
    assert "\\sum_l" not in output
    whole = run("derive", "lif_exp", "--jacobian", "full", "--latex").stdout
    assert "\\epsilon_{I} &\\leftarrow \\epsilon_{I} + \\sum_l e_{l} w_{l} &&" in whole


def test_a_derived_rule_is_a_file_of_the_zoo(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({})
    assert run("--root", zoo.root, "derive", "adex", "--name", "mine").exit_code == 0
    rule: Rule = zoo.rule("mine")
    assert (rule.derived, rule.method, rule.gives_gradient) == ("", "euler", True)
    assert rule.origin == origin(zoo.neuron("adex"), zoo.synapse("float"))
    assert not errors(check_file(zoo, "rule", "mine"))
    again = run("--root", zoo.root, "derive", "adex", "--name", "mine")
    assert again.exit_code == 2
    assert "there is a rule 'mine' already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lif_exq"], "did you mean 'neuron/lif_exp'?"),
        (["lif_exp", "--synapse", "curent"], "did you mean 'synapse/current'?"),
        (["lif_exp", "--synapse", "conductance"], "for which neuron 'lif_exp' has no differential equation"),
        (["lif_exp", "--through", "I"], "does not change 'I' — it changes v"),
        (["lif_exp", "--through", "v, I"], "does not change 'I' — it changes v"),
        (["lif_exp", "--through", "v,"], "--through: '' is not a name"),
        (["poisson_input"], "'rand' is random"),
        (["rules/bp.yaml"], "is no neuron"),
    ],
)
def test_a_users_mistake_is_one_line(arguments, told) -> None:
    result = run("derive", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_van_rossum_loss_of_a_spiking_output(zoo, zoo_with) -> None:
    """One filter on the difference of the spikes, with the neuron's own added as they come; one on the trace."""
    circuit = build(zoo.experiment("superspike"), (3, 2, 2), "train")
    output = compose(circuit).neurons["output"]
    assert "dmismatch/dt = -mismatch/tau_rise : 1" in output.equations.splitlines()
    assert output.reset.splitlines()[-1] == "mismatch += 1"
    assert {name: output.parameters[name] for name in ("tau_rise", "tau_decay")} == {
        "tau_rise": 5 * ms, "tau_decay": 10 * ms,
    }  # fmt: skip
    for kind in ("input_hidden", "hidden_output"):
        each_step, _ = steps(zoo, "superspike", kind)
        assert each_step == ["grad += learning_signal_post*bar_y", "elig = eps_v_pre*psi_post", "bar_I += elig"]
    synapse = compose(circuit).synapses["input_hidden1"]
    assert "dbar_y/dt = (bar_I - bar_y)/filter_tau_decay : 1 (clock-driven)" in synapse.equations.splitlines()
    assert synapse.parameters["filter_tau_decay"] == 10 * ms
    text = "title: Of no answer\nextends: superspike\nlearning: {loss: mean_square}\n"
    refused = zoo_with({"config/experiments/none.yaml": text})
    with pytest.raises(ZooError, match="a loss of a graded answer, which 'lif_exp' does not give"):
        compose(build(refused.experiment("none"), (3, 2, 2), "train"))


def test_an_update_at_every_step_sums_nothing(zoo_with) -> None:
    text = "title: t\nextends: rtrl_block_diagonal\nlearning: {plastic: {optimizer: online, filter: none}}\n"
    zoo = zoo_with({"config/experiments/online.yaml": f"{text}parameters: |\n  optimizer.batch = null\n"})
    circuit = build(zoo.experiment("online"), (3, 2, 2), "train")
    rule = circuit.plastic[0].rule
    expected = "elig = eps_v_pre*psi_post\ngrad = learning_signal_post*elig\ndw = -eta*grad"
    assert rule.events["each_step"].text == expected
    assert rule.events["at_onset"].text == ""


def test_snap1_has_a_way_through_the_autapse() -> None:
    output = run("derive", "lif_exp", "--jacobian", "snap1").stdout
    assert "  eps_I += elig*self_weight_post\n" in output
    assert "eps_I: synapse, O(N^2); the neuron's own spikes return through its autapse" in output
    assert "title: SnAp-1 of lif_exp" in output


def test_full_rtrl_is_of_spikes() -> None:
    refused = run("derive", "leaky_readout", "--jacobian", "full")
    told = "models/neurons/leaky_readout.yaml: threshold: a 'full' Jacobian has ways through other neurons' spikes"
    assert refused.stderr.startswith(told)
    assert refused.stderr.count("\n") == 1


def test_full_rtrl_without_a_filter_takes_the_eligibility_itself(zoo_with) -> None:
    choice = "{plastic: {optimizer: online, filter: none}}"
    text = f"title: t\nextends: rtrl_full\nlearning: {choice}\nparameters: |\n  optimizer.batch = null\n"
    zoo = zoo_with({"config/experiments/online.yaml": text})
    rule = build(zoo.experiment("online"), (3, 2, 2), "train").plastic[0].rule
    assert "now_pre = learning_signal_post*elig : 1 (summed)" in rule.influence.variables.text
    assert rule.influence.each_step[0].text == "elig = eps_v*psi_post"
    assert rule.events["each_step"].text.splitlines()[-1] == "dw = -eta*grad"
    assert "grad = now" in rule.events["each_step"].text.splitlines()


@pytest.mark.parametrize("tau_out", [10e-3, (1 + 1e-13) * 10e-3, 20e-3])
def test_exact_step_of_a_readout_is_right_for_equal_time_constants(zoo, tau_out) -> None:
    """Rules for neurons integrated by Euler write it out; at equal constants the limit is dt/tau*exp(-dt/tau)."""
    step = propagator(traces(zoo, "synaptic_readout"))
    names = sorted(step.free_symbols, key=str)
    assert [str(name) for name in names] == ["dt", "tau_out", "tau_s"]
    found = np.array(sp.lambdify(names, step, [{"exprel": exprel}, "numpy"])(1e-3, tau_out, 10e-3))
    a, d = 1e-3 / tau_out, 0.1
    between = np.exp(-d) * a if abs(a - d) < 1e-6 else a * (np.exp(-d) - np.exp(-a)) / (a - d)
    np.testing.assert_allclose(found, [[np.exp(-a), between], [0, np.exp(-d)]], rtol=1e-12)


def test_exact_step_of_a_longer_readout_is_refused(zoo_with) -> None:
    long = {"dy/dt = (I - y)/tau_out : 1": "dy/dt = (z - y)/tau_out : 1\n  dz/dt = (I - z)/tau_out : 1"}
    text = (Zoo().root / "models/neurons/synaptic_readout.yaml").read_text()
    for old, new in long.items():
        text = text.replace(old, new)
    with pytest.raises(ZooError, match="dy/dt reads more than one other variable"):
        propagator(traces(zoo_with({"models/neurons/long.yaml": text}), "long"))
