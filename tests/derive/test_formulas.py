"""Right or refused, in seconds: what derive makes of formulas as people write them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.utils.stringtools import get_identifiers
from typer.testing import CliRunner

from brian2zoo.check import check_experiment, errors
from brian2zoo.cli.commands import app
from brian2zoo.derive import formulas
from brian2zoo.derive.formulas import symbol
from brian2zoo.equations.pieces import values
from brian2zoo.formats.experiment import Ways
from brian2zoo.formats.experiments import Choice
from brian2zoo.learning.rule import surrogate_lines

NEURON = """
title: Neuron to be edited
equations: |
  dv/dt = (I - v)/tau : 1
  dI/dt = -I/tau : 1
threshold: v > 1
reset: v = v - 1
method: euler
parameters: |
  tau = 10*ms
  k = 2
"""
SYNAPSE = """
title: Synapse to be edited
state: |
  w : 1
write: w = w + dw
read: I_post += w
parameters: |
  gain = 2
"""
Derive = Callable[..., Any]


@pytest.fixture(scope="module")
def derive(zoo_with) -> Derive:
    """The command's result for NEURON and SYNAPSE with texts replaced, (old, new) each."""
    zoo = zoo_with({})

    def run(neuron: tuple[str, str] = ("", ""), synapse: tuple[str, str] = ("", ""), *options: str) -> Any:
        assert neuron[0] in NEURON
        assert synapse[0] in SYNAPSE
        (zoo.root / "models/neurons/edited.yaml").write_text(NEURON.replace(*neuron, 1))
        (zoo.root / "models/synapses/edited.yaml").write_text(SYNAPSE.replace(*synapse, 1))
        command = ["--root", str(zoo.root), "derive", "edited", "--synapse", "edited"]
        return CliRunner().invoke(app, [*command, *options])

    return run


def of_synapse(state: str = "", read: str = "I_post += w", draw: str = "", write: str = "w = w + dw") -> Any:
    """A replacement of all that SYNAPSE says of its weight."""
    lines = "".join(f"  {line}\n" for line in ["w : 1", *filter(None, state.split("; "))])
    draw = "".join(f"  {line}\n" for line in draw.split("; "))
    write = "".join(f"  {line}\n" for line in write.split("; "))
    old = SYNAPSE[SYNAPSE.index("state") : SYNAPSE.index("parameters")]
    read = "".join(f"  {line}\n" for line in read.split("; "))
    return old, f"state: |\n{lines}draw: |\n{draw}write: |\n{write}read: |\n{read}"


@pytest.mark.parametrize(
    ("synapse", "added"),
    [
        (of_synapse("g = 2*w : 1", "I_post += g + w"), "3"),
        (of_synapse("g = 2*w : 1", "I_post += g"), "2"),
        (of_synapse("g = 2*w : 1; h = g**2 + w : 1", "I_post += h - g"), "8*w - 1"),
        (of_synapse("g = 2*w : 1", "I_post += h", "h = 3*g; h = h + w"), "7"),
        (of_synapse("x : 1", "I_post += w*x", "x = 0.5*x"), "x"),
        (of_synapse("x : 1", "I_post += w*x; x += 1; I_post += w*x"), "2*x + 1"),
        (of_synapse("x : 1; u : 1", "I_post += w*r", "u = u + gain*(1 - u); r = u*x; x = x - r"), "r"),
        (of_synapse(read="I_post += gain*w"), "gain"),
        (of_synapse(read="I_post += w*k_post"), "k_post"),
        (of_synapse(read="I_post += clip(w, 0, inf)"), "sign(w)/2 + 1/2"),
        (of_synapse(read="I_post += clip(w, -gain, gain)"), "-sign(-gain + w)/2 + sign(gain + w)/2"),
        (of_synapse(read="I_post += abs(w)"), "sign(w)"),
        (of_synapse(read="I_post += w**3/3"), "w**2"),
        (of_synapse(read="I_post += w + floor(gain) + int(gain > 1)"), "1"),
    ],
)
def test_a_spike_adds_the_derivative_of_all_that_it_adds(derive, synapse, added) -> None:
    result = derive(synapse=synapse)
    assert result.exit_code == 0, result.stderr
    assert f"eps_I += {added}\n" in result.stdout


@pytest.mark.parametrize(
    ("synapse", "told"),
    [
        (of_synapse(read="I_post -= w"), "'I_post -= w' does not add"),
        (of_synapse(read="I_post *= w"), "'I_post *= w' does not add"),
        (of_synapse(read="I_post = w"), "'I_post = w' does not add"),
        (of_synapse(read="I_post += floor(w*16)/16"), "jumps as w changes, or does not change with it: floor(16*w)"),
        (of_synapse(read="I_post += int(w > 0)"), "jumps as w changes, or does not change with it: w > 0"),
        (of_synapse(read="I_post += w*int(w)"), "jumps as w changes"),
        (of_synapse(read="I_post += sign(w)"), "that rule, straight-through, runs on this too"),
        (of_synapse(read="I_post += w % 1"), "jumps as w changes"),
        (of_synapse(read="I_post += ceil(w)"), "jumps as w changes"),
        (of_synapse(read="I_post += w // 1"), "jumps as w changes"),
        (of_synapse("q = floor(w*16)/16 : 1", "I_post += q"), "jumps as w changes"),
        (of_synapse("x : 1", "I_post += x"), "changes nothing of neuron 'edited' by w"),
        (of_synapse("x : 1", "I_post += x + w", write="w = w + dw; x = 2*w"), "'x', which w has changed before"),
        (of_synapse("x : 1", "I_post += w*x; x += w"), "'x', which w has changed before"),
        (of_synapse("dx/dt = (w - x)/second : 1 (event-driven)", "I_post += w + x"), "which w has changed before"),
        (of_synapse(draw="w = clip(w, 0, 1)"), "draw: a spike changes w itself"),
        (of_synapse("v_post = 0.1*w : 1 (summed)"), "w reaches 'v' of neuron 'edited' at all times"),
        (of_synapse(read="I_post += w; v_pre += w"), "changes the presynaptic neuron by w"),
        (of_synapse(read="I_post += w*v_pre"), "copy it in draw, as 'v_now = v_pre'"),
        (of_synapse("x = rand() : 1", "I_post += w*x"), "state: 'rand' is random"),
        (of_synapse("elig : 1", "I_post += w*elig"), "'elig' is a name of the rule"),
        (("  w : 1", "  dw/dt = -w/second : 1 (event-driven)"), "what a change of it does depends on when it is made"),
    ],
)
def test_a_spike_that_has_no_derivative_is_refused(derive, synapse, told) -> None:
    result = derive(synapse=synapse)
    assert result.exit_code == 2, result.stdout
    assert result.stderr.startswith("models/synapses/edited.yaml: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_file_says_what_the_derivative_at_a_kink_is(derive) -> None:
    assert "at the kink itself" in derive(synapse=of_synapse(read="I_post += abs(w)")).stdout
    assert "at the kink itself" not in derive().stdout


@pytest.mark.parametrize("jacobian", ["full", "snap1"])
def test_ways_through_other_synapses_take_the_weight_that_these_tell(derive, jacobian) -> None:
    output = derive(("", ""), of_synapse("g = 2*w : 1", "I_post += g + w"), "--jacobian", jacobian).stdout
    assert ("3*elig_pre*w" if jacobian == "full" else "eps_I += 3*elig*self_weight_post") in output
    for synapse in (of_synapse("x : 1", "I_post += w*x"), ("write:", "as_read: g\nwrite:")):
        told = derive(("", ""), synapse, "--jacobian", jacobian).stderr
        assert told.startswith("models/synapses/edited.yaml: read: what a spike adds ")
        assert told.endswith(" — derive 'block_diagonal', or take a synapse that adds w itself\n")


WITH = "  dI/dt = -I/tau : 1"
"""A line of NEURON to put another below."""
TO_METHOD = NEURON[NEURON.index("(I - v)/tau") : NEURON.index("\nparameters")]
HELD = TO_METHOD.replace("(I - v)/tau : 1", "(I - leak*v)/tau : 1\n  leak = 1 + sin(t/ms) : 1 (constant over dt)")
EXACT_IN_TIME = TO_METHOD.replace("(I - v)", "(I - v + sin(t/ms))").replace("euler", "exact")


@pytest.mark.parametrize(
    ("neuron", "parts"),
    [
        # a trace without a right-hand side, with its unit
        (("dI/dt = -I/tau", "dI/dt = 1/second"), ["deps_I/dt = 0*eps_I/second : 1 "]),
        (("(I - v)/tau", "(I - v**k)/tau"), ["eps_v*k_post*v_post**(k_post - 1)"]),
        (("(I - v)/tau", "(I - v*sin(t/ms))/tau"), ["eps_v*sin(t/ms)"]),
        (("(I - v)/tau", "(I - v*int(k > 1 and k < 3))/tau"), ["eps_v*int((k_post > 1) and (k_post < 3))"]),
        (("(I - v)/tau", "(I - v*ceil(k) - v*(k % 2) - v*(k // 3))/tau"), ["ceil(k_post)", "%(2)", "floor(k_post/3)"]),
        (("(I - v)/tau", "(I - sqrt(v**2 + 1))/tau"), ["eps_v*v_post/sqrt(v_post**2 + 1)"]),
        # Brian2's C++ divides two whole numbers in single precision
        (("(I - v)/tau", "(I - exp((v + 65)/18))/tau"), ["2.05595272410243*eps_v*exp(v_post/18)"]),
        (("v = v - 1", "v **= 2"), ["turn_v_v = 2*v - 1 : 1", "eps_v = eps_v*(spiked_post*turn_v_v_post + 1)"]),
        (
            ("reset: v = v - 1", "reset: |\n  m = 0.5*v\n  v = m + I"),
            ["eps_v = eps_I_pre*spiked_post + eps_v*(1 - 0.5"],
        ),
        (
            (f"{WITH}\nthreshold: v", f"{WITH}\n  level = v*I : 1\nthreshold: level"),
            ["slope_v = I : 1", "slope_I = v : 1"],
        ),
        ((" : 1\n  dI", " : 1 (unless refractory)\n  dI"), ["eps_v)/tau_post : 1    #"]),
        # a variable called as the weight
        (
            (f"(I - v)/tau : 1\n{WITH}", f"(I - w)/tau : 1\n{WITH}\n  dw/dt = (v - w)/tau : 1"),
            ["(eps_v - eps_w)/tau_post"],
        ),
        # names of SymPy's own
        (
            ("(I - v)/tau : 1\n", "(S*I - beta*v + Q - N_0)/tau : 1\n  S : 1\n  beta : 1\n  Q : 1\n  N_0 : 1\n"),
            ["beta_post"],
        ),
        ((TO_METHOD, HELD), ["deps_v/dt = (eps_I_pre - eps_v*leak_post)/tau_post"]),
        (("(I - v)/tau", "(k - v)/tau + I*(1 - exp(-t/tau))/tau"), ["exp(-t/tau_post)"]),
    ],
)
def test_a_neuron_is_differentiated(derive, neuron, parts) -> None:
    result = derive(neuron)
    assert result.exit_code == 0, result.stderr
    for part in parts:
        assert part in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        # a parameter called as the surrogate's
        (
            NEURON[NEURON.index("threshold") :],
            "threshold: v > slope\nparameters: |\n  tau = 10*ms\n  slope = 1\n",
            ["psi = 1/(1 + psi_slope*abs(v - slope))**2 : 1"],
        ),
        (
            "method: euler",
            "refractory: 2*ms\nmethod: euler",
            [
                "active = int(timestep(t - lastspike, dt) >= timestep(2*ms, dt)) : 1 (constant over dt)",
                "psi = active*(1/(1 + psi_slope*abs(v - 1))**2) : 1",
            ],
        ),
    ],
)
def test_the_derivative_of_a_spike_is_the_surrogates(zoo_with, old, new, lines) -> None:
    assert old in NEURON
    zoo = zoo_with({"models/neurons/edited.yaml": NEURON.replace(old, new)})
    files = zoo.rule("block_diagonal"), zoo.surrogate("superspike"), None
    ways = Ways(Choice(), *files, Path("x.yaml"), "plastic", frozenset())
    block, parameters = surrogate_lines(ways, zoo.neuron("edited"), {"slope": "7"})
    assert [line.text for line in block] == lines
    assert values(parameters) == {"psi_slope": 7}


@pytest.mark.parametrize(
    ("neuron", "told"),
    [
        (
            ("reset: v = v - 1", "reset: |\n  m = v\n  v = abs(m)"),
            "reset: 'v = abs(m)' has no derivative everywhere: abs(v)",
        ),
        (("v = v - 1", "v //= 2"), "reset: 'v //= 2' cannot be differentiated"),
        (("(I - v)/tau", "(I - clip(v, 0, 1))/tau"), "no derivative everywhere: clip(v, 0, 1)"),
        (("(I - v)/tau", "(I - (v % 1))/tau"), "no derivative everywhere"),
        (("(I - v)/tau", "(I - v//1)/tau"), "no derivative everywhere: floor(v)"),
        (("(I - v)/tau", "(I - sign(v))/tau"), "no derivative everywhere: sign(v)"),
        (("(I - v)/tau", "(I - v**I)/tau"), "no derivative everywhere: v**I"),
        (("(I - v)/tau", "(I - sqrt(-k**2)*v)/tau"), "the root of a negative number"),
        (("(I - v)/tau", "(I - v/(k - k))/tau"), "a division by zero"),
        (("(I - v)/tau", "(I*i - v)/tau"), "'i' means something else at a synapse"),
        (("(I - v)/tau", "(I/N - v)/tau"), "'N' means something else at a synapse"),
        (("(I - v)/tau", "(I*exp((lastspike - t)/tau) - v)/tau"), "unknown name 'lastspike'"),
        ((WITH, f"{WITH}\n  r = v**2 : 1 (constant over dt)"), "'r' is held over a step"),
        (("method: euler", "refractory: (1 + v)*ms\nmethod: euler"), "'(1 + v)*ms' is no fixed time"),
        (("method: euler", "on_sample: v = 0\nmethod: euler"), "on_sample: 'v' is changed outside its equation"),
        ((TO_METHOD, EXACT_IN_TIME), "dv/dt names the time t"),
        (("v = v - 1", "v == 1"), "'v == 1' is not a statement"),
        (("  k = 2", "  e = 2"), "'e' is the name of a constant"),
        (("  k = 2", "  eps_v = 2"), "'eps_v' is a name of the rule"),
        (("(I - v)/tau", "(I - v*gone)/tau"), "unknown name 'gone'"),
    ],
)
def test_a_neuron_is_refused(derive, neuron, told) -> None:
    result = derive(neuron)
    assert result.exit_code == 2, result.stdout
    assert result.stderr.startswith("models/neurons/edited.yaml: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


HODGKIN_HUXLEY = """
title: Traub and Miles, as in Brian2's documentation, with a synaptic current
equations: |
  alpha_m = 0.32*(mV**-1)*(13*mV - v + V_T)/(exp((13*mV - v + V_T)/(4*mV)) - 1)/ms : Hz
  beta_m = 0.28*(mV**-1)*(v - V_T - 40*mV)/(exp((v - V_T - 40*mV)/(5*mV)) - 1)/ms : Hz
  alpha_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : Hz
  beta_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : Hz
  alpha_n = 0.032*(mV**-1)*(15*mV - v + V_T)/(exp((15*mV - v + V_T)/(5*mV)) - 1)/ms : Hz
  beta_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : Hz
  dv/dt = (g_l*(E_l - v) - g_na*m**3*h*(v - E_na) - g_k*n**4*(v - E_k) + I)/C : volt
  dm/dt = alpha_m*(1 - m) - beta_m*m : 1
  dn/dt = alpha_n*(1 - n) - beta_n*n : 1
  dh/dt = alpha_h*(1 - h) - beta_h*h : 1
  dI/dt = -I/tau : amp
threshold: v > -40*mV
method: euler
parameters: |
  g_l  = 10*nS
  g_na = 20*uS
  g_k  = 6*uS
  E_l  = -60*mV
  E_k  = -90*mV
  E_na = 50*mV
  V_T  = -63*mV
  C    = 200*pF
  tau  = 5*ms
"""
COMPARTMENTS = """
title: Soma, dendrite and current, integrated exactly
equations: |
  dv/dt = (g_l*(E_l - v) + g_c*(u - v))/C : volt
  du/dt = (g_l*(E_l - u) + g_c*(v - u) + I)/C : volt
  dI/dt = -I/tau : amp
threshold: v > -50*mV
reset: v = E_l
method: exact
parameters: |
  g_l = 10*nS
  g_c = 5*nS
  E_l = -70*mV
  C   = 200*pF
  tau = 5*ms
"""
RESONATOR = """
title: Resonate-and-fire, two coupled equations with complex poles
equations: |
  dv/dt = -damping*v - omega*u + I/tau : 1
  du/dt = omega*v - damping*u : 1
  dI/dt = -I/tau : 1
threshold: v > 1
reset: u = 1
method: exact
parameters: |
  damping = 20*Hz
  omega   = 200*Hz
  tau     = 5*ms
"""


NESTED = NEURON.replace("(I - v)/tau", f"(I - {'tanh(' * 8}v{')' * 8})/tau").replace("  k = 2\n", "")
SLOW = {"rates": HODGKIN_HUXLEY, "compartments": COMPARTMENTS, "resonator": RESONATOR, "nested": NESTED}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("latex", [False, True], ids=["rule", "latex"])
def test_the_answer_comes_within_seconds(zoo_with, text, latex) -> None:
    zoo = zoo_with({"models/neurons/slow.yaml": text})
    command = ["--root", str(zoo.root), "derive", "slow"]
    begin = time.process_time()
    result = CliRunner().invoke(app, [*command, *(["--latex"] if latex else [])])
    assert time.process_time() - begin < 15
    if text == NESTED and not latex:  # a file with it would be refused
        assert result.stderr.startswith("models/neurons/slow.yaml: equations: a derivative is too long: '(eps_I_pre - ")
        assert "has too many calls within calls" in result.stderr
    else:
        assert result.exit_code == 0, result.stderr


# each with a point at which SymPy's own derivative is 0/0 or a name that Brian2 does not have, or loses its digits
FORMULAS = (
    "x**n", "x**-n", "2**x", "x*abs(x - 1)", "clip(x*k, -0.5, k)", "clip(1, x, k*x**2)", "exprel(x)", "1/exprel(-k*x)",
    "x/(exp(x) - 1)", "sqrt(x**2 + k)", "sqrt(x**2)", "log10(x + 2)*tan(x)", "arctan(x) + arcsin(x/3) - arccos(x/4)",
    "sinh(x)*cosh(k*x)", "expm1(x)*log1p(x**2)", "x*int(k > 1 and n < 5)", "x*(k % 2) + (n // 2)*x**3",
    "exp(-x**2)*floor(k)*ceil(n)", "k*sign(n)*x", "pi*x + e**x", "(x - k)**3/(x**2 + 1)**2",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_derivative_is_that_of_finite_differences(text) -> None:
    known = {"k": 1.7, "n": 3, "pi": np.pi, "e": np.e, "int": float} | {
        n: f.pyfunc for n, f in DEFAULT_FUNCTIONS.items()
    }
    slope = formulas.written(formulas.short(formulas.derivative(formulas.parse(text), symbol("x"), kinks=True)))
    assert get_identifiers(slope) <= {*DEFAULT_FUNCTIONS, "x", "k", "n", "pi", "e", "int", "and"}
    for x in (-0.83, -0.21, 0.37, 1.234):
        low, high = (float(eval(text, known | {"x": x + step})) for step in (-1e-5, 1e-5))
        assert eval(slope, known | {"x": x}) == pytest.approx((high - low) / 2e-5, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("x**n", 0.0, 0.0),
        ("exprel(x)", 0.0, 0.5),
        ("exprel(x)", 1e-7, 0.5 + 1e-7 / 3),
        ("exprel(x)", 2e-3, 0.50066716693344444),
    ],
)
def test_a_derivative_is_right_where_a_quotient_would_lose_it(text, at, expected) -> None:
    """Of exprel by its series, 1/2 + x/3 + x**2/8 + ..."""
    known = {"n": 3, "int": float} | {name: f.pyfunc for name, f in DEFAULT_FUNCTIONS.items()}
    slope = formulas.written(formulas.derivative(formulas.parse(text), symbol("x")))
    assert eval(slope, known | {"x": at}) == pytest.approx(expected, rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("function", [sp.Heaviside, sp.DiracDelta, sp.gamma, sp.erf, sp.Function("unheard_of")])
def test_no_function_is_written_that_brian_does_not_know(function) -> None:
    x = symbol("x")
    for formula in (function(x), 1 + x * function(x, evaluate=False) ** 2, sp.Derivative(function(x), x)):
        with pytest.raises(ValueError, match="a part that Brian2 does not know"):
            formulas.written(formula)


EXPERIMENT = """
title: One recurrent layer of the edited neuron
paper: rtrl
circuit: recurrent
learning:
  feedback: symmetric
  loss: cross_entropy
  plastic: {rule: RULE, surrogate: gaussian, scale: "SCALE", optimizer: edited, filter: FILTER}
  hidden_output: {rule: block_diagonal, optimizer: adam, traces: synapse}
synapses: {plastic: edited, hidden_output: readout, target: target, pool: softmax_pool}
neurons: {input: regular_input, label: rate_input, hidden: edited, output: leaky_readout}
encoders: {input: identity, label: identity}
protocol: {dt: 1*ms, T_train: 50*ms, T_test: 1*ms, T_final: 1*ms, rest: true}
weights: |
  input_hidden = 0*UNIT
  recurrent = 0*UNIT
  hidden_output = 0
parameters: |
  input.t_on = 9*ms
"""
OPTIMIZER = """
title: Of weights in some unit
extends: gradient_descent
unit: "UNIT"
parameters: eta = 1e-3*(UNIT)**2
"""


def experiment_with(rule: str, unit: str = "1", scale: str = "1", passed: str = "readout") -> dict[str, str]:
    """Files of an experiment that trains the edited neuron by a rule."""
    text = EXPERIMENT.replace("RULE", rule).replace("SCALE", scale).replace("FILTER", passed)
    return {
        "config/experiments/edited.yaml": text.replace("UNIT", unit),
        "models/optimizers/edited.yaml": OPTIMIZER.replace("UNIT", unit),
    }


IN_UNITS = """
title: Neuron in units
equations: |
  gain : 1 (shared)
  slow : 1 (constant)
  moving : boolean
  dx/dt = (mobility*I*int(moving) - x*(gain + slow))/tau : meter/second
  dI/dt = 0*amp/second : amp
  dc/dt = 1*metre/second**2 : metre/second
threshold: x > 1*mmetre/ms + c
reset: |
  left = x/(1*metre/second)
  x = left**2*metre/second
  I = I + x/mobility
  c = 0.5*c + 1*mmetre/ms
method: euler
parameters: |
  mobility = 1*metre/second/amp
  tau = 10*ms
"""


@pytest.mark.parametrize(
    ("unit", "read"),
    [
        ("amp", "w"),
        ("amp", "clip(w, 0*amp, inf*amp) + abs(w)*w/charge*second"),
        ("amp/second", "w*second"),
        ("1", "w*charge/second"),
    ],
)
@pytest.mark.parametrize("passed", ["none", "readout"])
@pytest.mark.parametrize("rule", ["block_diagonal", "edited"], ids=["derived", "written"])
def test_the_rule_passes_check_whatever_the_units(zoo_with, unit, read, passed, rule) -> None:
    state = (
        f"state: |\n  w : {unit}\nwrite: w = w + dw\nread: I_post += {read}\nparameters: |\n  charge = 2*nA*second\n"
    )
    zoo = zoo_with(
        {
            "models/neurons/edited.yaml": IN_UNITS,
            "models/synapses/edited.yaml": f"title: Synapse in units\n{state}",
            **experiment_with(rule, unit, "1*metre/second", passed),
        }
    )
    if rule == "edited":
        command = ["--root", str(zoo.root), "derive", "edited", "--synapse", "edited", "--name", "edited"]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.stderr
    assert errors(check_experiment(zoo.experiment("edited"))) == []


def test_a_rule_derived_from_a_plain_store_runs_on_one_that_reads_the_weight_on_a_grid(zoo_with) -> None:
    """Straight-through, as the refusal of that store says."""
    zoo = zoo_with(
        {
            "models/neurons/edited.yaml": NEURON.replace("  k = 2\n", ""),
            "models/synapses/edited.yaml": "title: On a grid\nstate: 'w : 1'\nwrite: w = w + dw\n"
            "read: I_post += floor(w*16)/16\n",
            **experiment_with("edited"),
        }
    )
    command = ["--root", str(zoo.root), "derive", "edited", "--synapse", "current", "--name", "edited"]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert errors(check_experiment(zoo.experiment("edited"))) == []
