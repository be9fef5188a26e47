"""What is derived from a neuron's text, as text; what is refused, and where traces are put."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.special import exprel
from typer.testing import CliRunner

from brian2zoo import check
from brian2zoo.cli import app
from brian2zoo.derive import derive, fitting_synapse, read
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


def test_the_rule_of_a_lif_neuron_reads_like_one_written_by_hand(zoo) -> None:
    result = run("derive", "models/neurons/lif_exp.yaml", "--surrogate", "superspike", "--readout", "leaky_readout")
    assert result.exit_code == 0, result.stderr
    for part in (
        "\n  pre: |\n    deps_v/dt = (eps_I - eps_v)/tau_m_post : 1",
        "\n    psi = 1/(1 + psi_slope*abs(v - v_th))**2 : 1",
        "\nat_spike:\n  pre: |\n    eps_I += 1\n",
        "\neach_step: |\n  grad += learning_signal_post*bar_y\n  elig = eps_v_pre*psi_post\n  bar_y += elig\n",
        "\nat_onset: |\n  dw = -eta*grad\n  grad = 0\n",
        "# State x = (v, I) of 'lif_exp', weight w of 'current'.\n",
        "#     eps_v: presynaptic neuron, O(N); ",
    ):
        assert part in result.stdout


def test_e_prop_of_an_adaptive_neuron(zoo) -> None:
    """Bellec et al. 2020, eq. 25, with the order of this program: jump, then decay."""
    result = run("derive", "alif", "--surrogate", "triangle", "--readout", "leaky_readout", "--scale", "1")
    assert "elig = psi_post*(-beta_a_post*eps_b + eps_v_pre)\n  bar_y += elig\n  eps_b += elig\n" in result.stdout


def test_latex(zoo) -> None:
    output = run("derive", "lif_delta_hard", "--surrogate", "boxcar", "--latex").stdout
    assert output.startswith("\\begin{align*}\n\\dot{v} &= - \\frac{v}{\\tau_{m}}")
    assert "\\epsilon_{v} &\\leftarrow" in output
    assert "\\sum_l" not in output
    whole = run("derive", "lif_exp", "--surrogate", "superspike", "--full", "--latex").stdout
    assert "\\epsilon_{I} &\\leftarrow \\epsilon_{I} + \\sum_l e_{l} w_{l} &&" in whole


def test_a_derived_rule_is_a_file_of_the_zoo(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({})
    options = ("--surrogate", "gaussian", "--feedback", "direct_random", "--name", "mine")
    assert run("--root", zoo.root, "derive", "adex", *options).exit_code == 0
    rule: Rule = zoo.rule("mine")
    assert (rule.feedback, rule.method, rule.keeps) == ("direct_random", "euler", ("grad",))
    assert not check.errors(check.check_file(zoo, "rule", "mine"))
    again = run("--root", zoo.root, "derive", "adex", *options)
    assert again.exit_code == 2
    assert "there is a rule 'mine' already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lif_exp"], "--surrogate: neuron 'lif_exp' spikes"),
        (["lif_exp", "--surrogate", "supersike"], "did you mean 'surrogate/superspike'?"),
        (["lif_exp", "--surrogate", "boxcar", "--feedback", "symetric"], "did you mean 'symmetric'?"),
        (["poisson_input", "--surrogate", "boxcar"], "'rand' is random"),
        (["rules/bp.yaml", "--surrogate", "boxcar"], "is no neuron"),
        (["leaky_readout", "--loss", "mean_squares"], "did you mean 'loss/mean_square'?"),
        (["lif_exp", "--surrogate", "boxcar", "--loss", "mean_square"], "gives no graded answer"),
    ],
)
def test_a_users_mistake_is_one_line(arguments, told) -> None:
    result = run("derive", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_van_rossum_loss_of_a_spiking_output() -> None:
    """One filter on the difference of the spikes, with the neuron's own added as they come; one on the trace."""
    output = run(
        "derive", "lif_exp", "--surrogate", "superspike", "--readout", "synaptic_readout", "--loss", "van_rossum"
    ).stdout
    for part in (
        "    dmismatch/dt = -mismatch/tau_rise : 1",
        "  post: |\n    mismatch += 1\n",
        "  elig = eps_v_pre*psi_post\n  bar_I += elig\n",
        "  tau_decay = 10*ms [> 0 or inf]\n",
        "  psi_slope = 20 [> 0]  ",
        "  readout_tau_out = 10*ms [> 0 or inf]  # tau_out of",
    ):
        assert part in output
    refused = run("derive", "lif_exp", "--surrogate", "superspike", "--loss", "cross_entropy")
    assert "'lif_exp' spikes and gives no graded answer" in refused.stderr


def test_an_update_at_every_step_sums_nothing() -> None:
    output = run("derive", "lif_exp", "--surrogate", "superspike", "--optimizer", "online").stdout
    assert "each_step: |\n  elig = eps_v_pre*psi_post\n  grad = learning_signal_post*elig\n  dw = -eta*grad\n" in output
    assert "at_onset" not in output


def test_snap1_has_a_way_through_the_autapse() -> None:
    output = run("derive", "lif_exp", "--surrogate", "superspike", "--autapse").stdout
    assert "  eps_I += elig*self_weight_post\n" in output
    assert "eps_I: synapse, O(N^2); the neuron's own spikes return through its autapse" in output
    assert "title: SnAp-1 of lif_exp with superspike" in output


def test_full_rtrl_of_the_zoo_is_what_its_first_line_writes(zoo) -> None:
    """But for that line itself, which names the file."""
    first, *rest = (zoo.root / "rules/rtrl_full.yaml").read_text().splitlines()
    arguments = first.partition("'brian2zoo ")[2].partition(" --name")[0].split()
    assert "--full" in arguments
    assert run(*arguments).stdout.splitlines()[1:] == rest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("leaky_readout", "--loss", "cross_entropy"), "a neuron that never spikes has no others"),
        (("lif_exp", "--surrogate", "superspike", "--autapse"), "the autapse is one of the ways it keeps"),
    ],
)
def test_full_rtrl_is_of_spikes_and_has_all_of_them(arguments, told) -> None:
    assert told in run("derive", *arguments, "--full").stderr


def test_full_rtrl_without_a_readout_takes_the_eligibility_itself() -> None:
    output = run("derive", "lif_exp", "--surrogate", "superspike", "--optimizer", "online", "--full").stdout
    assert "now_pre = learning_signal_post*eps_v*psi_post : 1 (summed)" in output
    assert "  grad = now\n  dw = -eta*grad\n" in output


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
