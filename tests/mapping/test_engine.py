"""Whether a chip can learn by a rule is told by what the rule's variables do, not by what they are called."""

import io
import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest
import sympy as sp
from brian2.parsing.sympytools import str_to_sympy
from ruamel.yaml import YAML
from typer.testing import CliRunner

from brian2zoo.check import ReadOnce
from brian2zoo.circuits import build, smallest
from brian2zoo.cli.commands import app
from brian2zoo.compose.circuit import joined
from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import Engine
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.mapping.ledger import events, memories
from brian2zoo.mapping.spiking.engine import Learning, Verdict

ZooWith = Callable[..., Zoo]

TRIPLET = "dw = w_max*x2*y0*(a_plus + a3_plus*(y2 - 1)) - w_max*y1*x0*(a_minus + a3_minus*(x1 - 1))"
BUNDLED = {
    "stdp_pair": "dw = w_max*a_plus*x1*y0 - w_max*a_minus*y1*x0",
    "stdp_nearest": "dw = w_max*a_plus*x1*y0 - w_max*a_minus*y1*x0",
    "stdp_homeostatic_inhibition": "dw = eta*w_max*(x0*(y1 - 2*rho_0*tau_inhibition) + x1*y0)",
    "stdp_triplet": TRIPLET,
    "stdp_triplet_hippocampus": TRIPLET,
    "nbp": "dw = 4*r1*x0*y0 - 2*x0*y0",
    "loihi_stdp": "dw = a*x1_impulse*x1*y0*u0 - b*y1_impulse*y1*x0*u0",
    "odin_sdsp": "rules/odin_sdsp.yaml: on_pre: 'v_post' is no trace, since the neuron fires by it",
    "stdp_multiplicative": "rules/stdp_multiplicative.yaml: on_pre: 'clip((w - w_min) / (w_max - w_min), 0, 1) **"
    " mu_minus' takes a power, 0.02, that is no whole number from 0 on",
    "erbp_plus": "rules/erbp.yaml: on_pre: 'U_post' is no trace, since spikes that arrive change it",
    "eprop_lif": "rules/eprop_lif.yaml: eligibility: 'learning_signal_post' is no trace",
    "rtrl_full": "rules/rtrl.yaml: derived from models/neurons/lif_exp.yaml: it follows what a weight does to",
    "rflo": "rules/rflo.yaml: ",
}  # fmt: skip
"""Experiment -> the change as Loihi has it, or the line that prevents it."""


@pytest.fixture(scope="module")
def zoo(zoo: Zoo) -> Zoo:
    """The files as they are, each read once."""
    return ReadOnce(zoo)


def learned(zoo: Zoo, experiment: str, setting: str = "default") -> Learning:
    found = zoo.experiment(experiment).with_setting(setting)
    circuit = build(found, smallest(found), "train")
    return Learning(circuit, joined(circuit))


def judged(zoo: Zoo, experiment: str, setting: str = "default") -> Verdict:
    """Of the first projection that learns, on Loihi."""
    of = learned(zoo, experiment, setting)
    return of.verdict(zoo.chip("loihi"), of.circuit.plastic[0])


def change(verdict: Verdict, of: str = "dw") -> sp.Expr:
    """The formula that a verdict tells of a change."""
    parts = (part.split(" = ") for part in verdict.text.split("; ") if " = " in part)
    return str_to_sympy(dict(parts)[of])


# --- Bundled rules --------------------------------------------------------------------------------


@pytest.mark.parametrize("experiment", BUNDLED)
def test_each_bundled_rule_on_loihi(zoo: Zoo, experiment: str) -> None:
    verdict, told = judged(zoo, experiment), BUNDLED[experiment]
    if not told.startswith("dw = "):
        assert verdict.answer == "no"
        assert verdict.text.startswith(told)
        assert "(models/chips/loihi.yaml: engine" in verdict.text
        return
    assert verdict.answer == "yes", verdict.text
    assert (change(verdict) - str_to_sympy(told.removeprefix("dw = "))).expand() == 0
    assert change(verdict) == change(verdict).expand(), "no sum of products"


def test_traces_are_told_with_what_they_do(zoo: Zoo) -> None:
    assert judged(zoo, "stdp_triplet").quantities == (
        "y1 is o1_post (+1 at a spike, decays in tau_minus)", "x1 is r2_pre (+1 at a spike, decays in tau_x)",
        "x2 is r1_pre (+1 at a spike, decays in tau_plus)", "y2 is o2_post (+1 at a spike, decays in tau_y)",
    )  # fmt: skip
    assert judged(zoo, "stdp_nearest").quantities[0] == "y1 is o1_post (set to 1 at a spike, decays in tau_minus)"


def test_soft_bounds_of_whole_powers_are_products(zoo: Zoo) -> None:
    """The store keeps the weight where its `clip` would cut, so that the rule's own `clip` is idle."""
    verdict = judged(zoo, "stdp_multiplicative", setting="rule.mu_plus=1:rule.mu_minus=1")
    up, down = "a_plus*x1*y0*(w_max - w)", "a_minus*y1*x0*(w - w_min)"
    expected = str_to_sympy(f"w_max*({up} - {down})/(w_max - w_min)")
    assert sp.simplify(change(verdict) - expected) == 0
    plain = judged(zoo, "stdp_multiplicative", setting="rule.mu_plus=0:rule.mu_minus=0")
    assert plain.text == judged(zoo, "stdp_pair").text


PARAMETERS = {"a_plus": 0.3, "a_minus": 0.2, "a3_plus": 0.5, "a3_minus": 0.7, "w_max": 2.0, "eta": 0.4, "rho_0": 5.0}
TAU = {"tau_plus": 0.017, "tau_minus": 0.034, "tau_x": 0.1, "tau_y": 0.11, "tau_inhibition": 0.02}


@pytest.mark.parametrize("rule", [name for name in BUNDLED if name.startswith("stdp") and "dw" in BUNDLED[name]])
def test_what_the_engine_works_out_is_what_the_rule_asks_for(zoo: Zoo, rule: str) -> None:
    """The told form on the engine, which reads a trace after a spike of its own side, against sums over spikes."""
    rng, n, dt = np.random.default_rng(1), 300, 1e-3
    spikes = {side: rng.random(n) < 0.1 for side in ("pre", "post")}
    verdict = judged(zoo, rule)
    formula = change(verdict)
    names = sorted(map(str, formula.free_symbols))
    function = sp.lambdify([s for name in names for s in formula.free_symbols if str(s) == name], formula, "numpy")
    trace, values = {}, PARAMETERS | TAU
    for told in verdict.quantities:
        name, how, tau = re.match(r"(\w+) is .*\((.*) at a spike, decays in (\w+)\)", told).groups()
        trace[name] = traced(spikes["pre" if name.startswith("x") else "post"], how, TAU[tau], dt)
    values |= trace | {"x0": spikes["pre"].astype(float), "y0": spikes["post"].astype(float)}
    found = np.sum(function(**{name: values[name] for name in names}))
    assert found == pytest.approx(asked(rule, spikes, dt), rel=1e-12)
    assert abs(found) > 0.1


def traced(spikes: np.ndarray, how: str, tau: float, dt: float) -> np.ndarray:
    """A trace after the spike of each step, if there is one."""
    x, found = 0.0, []
    for spike in spikes:
        x *= np.exp(-dt / tau)
        x = (x + 1 if how == "+1" else 1) if spike else x
        found.append(x)
    return np.array(found)


def asked(rule: str, spikes: Mapping[str, np.ndarray], dt: float) -> float:
    """The change by a rule's own formulas, over all spikes; those of one step count for each other."""
    p, times = PARAMETERS, {side: np.flatnonzero(each) * dt for side, each in spikes.items()}

    def window(side: str, t: float, tau: str, own: bool = False) -> float:
        before = times[side][times[side] < t - dt / 2] if own else times[side][times[side] < t + dt / 2]
        before = before[-1:] if rule == "stdp_nearest" else before
        return np.exp(-(t - before) / TAU[tau]).sum()

    pre, post = times["pre"], times["post"]
    if rule == "stdp_homeostatic_inhibition":
        tau = TAU["tau_inhibition"]
        down = sum(window("post", t, "tau_inhibition") - 2 * p["rho_0"] * tau for t in pre)
        return p["eta"] * p["w_max"] * (down + sum(window("pre", t, "tau_inhibition") for t in post))
    third = dict.fromkeys(("a3_plus", "a3_minus"), 0) if "triplet" not in rule else p
    up = sum(
        window("pre", t, "tau_plus") * (p["a_plus"] + third["a3_plus"] * window("post", t, "tau_y", own=True))
        for t in post
    )
    down = sum(
        window("post", t, "tau_minus") * (p["a_minus"] + third["a3_minus"] * window("pre", t, "tau_x", own=True))
        for t in pre
    )
    return p["w_max"] * (up - down)


# --- Names ----------------------------------------------------------------------------------------

RENAMED = ["stdp_pair", "stdp_nearest", "stdp_triplet", "stdp_multiplicative", "stdp_homeostatic_inhibition",
           "erbp_plus", "nbp", "eprop_lif", "rflo"]  # fmt: skip
ENGINE = ["x1", "y1", "x0", "y0", "r1", "x2", "y2", "y3", "u0", "tag", "d", "r0", "x", "y", "z", "q"]


@pytest.fixture(scope="module")
def renamed_zoos(zoo: Zoo, zoo_with: ZooWith) -> list[tuple[Zoo, dict[str, str]]]:
    """The zoo with every variable and parameter of its rules under another name, and the names turned back."""
    own = {re.sub(r"^d(\w+)/dt$", r"\1", name) for name in names_of_rules(zoo)}
    fresh = {name: f"q{i}_{name[::-1]}" for i, name in enumerate(sorted(own))}
    rotated = sorted(own)
    engine = {name: f"{ENGINE[i % len(ENGINE)]}" for i, name in enumerate(rotated)}
    taken: dict[str, int] = {}
    for name, new in engine.items():  # each name once, first those of Loihi's own quantities
        taken[new] = taken.get(new, -1) + 1
        engine[name] = new if not taken[new] else f"{new}{'b' * taken[new]}"
    found = []
    for names in (fresh, engine):
        files = {}
        for path in (ROOT / "rules").glob("*.yaml"):
            files[f"rules/{path.name}"] = with_names(path.read_text(), names)
        for path in (ROOT / "config/experiments").glob("*.yaml"):
            text = path.read_text()
            files[f"config/experiments/{path.name}"] = re.sub(
                r"\brule\.(\w+)", lambda m, names=names: f"rule.{names.get(m[1], m[1])}", text
            )
        found.append((ReadOnce(zoo_with(files)), {new: name for name, new in names.items()}))
    return found


def names_of_rules(zoo: Zoo) -> set[str]:
    """Variables that rules add, and their parameters."""
    found: set[str] = set()
    for rule in map(zoo.rule, zoo.names("rule")):
        found |= {line.name for line in rule.parameters}
        for block in (rule.variables.pre, rule.variables.post, rule.variables.synapse):
            found |= set(re.findall(r"^\s*(?:d(?=\w+/dt))?(\w+?)(?:/dt)?\s*[=:]", block, re.MULTILINE))
    return found


def with_names(text: str, names: Mapping[str, str]) -> str:
    """A rule's file with other names in what is computed; words and names of files stay."""
    yaml = YAML(typ="safe", pure=True).load(text)
    told = ("title", "reference", "notes", "extends", "merges", "derived", "origin", "method")
    pattern = re.compile(r"\b(d?)(" + "|".join(map(re.escape, names)) + r")(_pre|_post)?\b(?=(/dt)?)")

    def change(match: re.Match) -> str:
        if match[1] and not match[4]:
            return match[0]
        return f"{match[1]}{names[match[2]]}{match[3] or ''}"

    def walk(value: object) -> object:
        if isinstance(value, str):
            return "\n".join(pattern.sub(change, line.split("#")[0]) for line in value.splitlines())
        return {key: walk(inner) for key, inner in value.items()} if isinstance(value, dict) else value

    changed = {key: value if key in told else walk(value) for key, value in yaml.items()}
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(changed, stream)
    return stream.getvalue()


@pytest.mark.parametrize("experiment", RENAMED)
def test_no_name_decides(zoo: Zoo, renamed_zoos: list[tuple[Zoo, dict[str, str]]], experiment: str) -> None:
    (other, back), (hostile, _) = renamed_zoos
    of = [learned(each, experiment) for each in (zoo, other, hostile)]
    for name in ("loihi", "spinnaker", "nsat", "odin"):
        expected, found, same = (each.verdict(zoo.chip(name), each.circuit.plastic[0]) for each in of)
        text = re.sub(r"q\d+_\w+?(?=_pre\b|_post\b|\b)", lambda m: back.get(m[0], m[0]), found.text)
        assert found.answer == expected.answer
        assert sorted(re.findall(r"\w+", text)) == sorted(re.findall(r"\w+", expected.text))
        assert same.answer == expected.answer, same.text
        assert len(same.quantities) == len(expected.quantities)


# --- One property changed -------------------------------------------------------------------------

PAIR = """\
title: Pairs of spikes
variables:
  pre: "dp/dt = -p/tau : 1"
  post: "dq/dt = -q/tau : 1"
at_spike:
  pre: p += 1
  post: q += 1
on_pre: dw = -a*q_post
on_post: dw = a*p_pre
parameters: |
  a   = 0.01
  tau = 20*ms
"""
THREE = """\
  pre: |
    dp/dt = -p/tau : 1
    ds/dt = -s/(2*tau) : 1
    du/dt = -u/(3*tau) : 1
"""
ON_SYNAPSE = """\
title: Pairs of spikes, with traces where examples of Brian2 have them
variables:
  synapse: |
    dp/dt = -p/tau : 1 (event-driven)
    dq/dt = -q/tau : 1 (event-driven)
on_pre: |
  p += up
  dw = q
on_post: |
  q += down
  dw = p
parameters: |
  tau  = 20*ms
  up   = 0.01
  down = -0.02
"""
CLOCKED = ON_SYNAPSE.replace("event-driven", "clock-driven") + "method: euler\n"
TAGGED = """\
title: Pairs charge a variable of the synapse, which changes the weight as long as it lasts
extends: pair
variables: {synapse: "dc/dt = -c/(10*tau) : 1 (clock-driven)"}
on_pre: c += -a*q_post
on_post: c += a*p_pre
each_step: dw = a*c
"""


def but(text: str, *changes: str) -> str:
    """A file with some of it replaced, each 'old => new'; two statements are separated by '; '."""
    for change in changes:
        old, new = change.split(" => ")
        assert old in text, old
        new = f'"{new}"'.replace("; ", "\\n") if "; " in new and ": " not in new else new
        text = text.replace(old, new)
    return text


def copied(*changes: str) -> str:
    """Pairs, where `before` keeps what `p` was just before its spike."""
    kept = but(PAIR, "p += 1 => before = p; p += 1").replace('pre: "dp', "pre: |\n    before : 1\n    dp")
    return but(kept.replace('p/tau : 1"', "p/tau : 1"), *changes)


def three(*changes: str) -> str:
    """Three presynaptic traces, all of which `on_post` reads."""
    text = PAIR.replace('  pre: "dp/dt = -p/tau : 1"\n', THREE)
    return but(text, "p += 1 => p += 1; s += 1; u += 2", "a*p_pre => a*p_pre*s_pre*u_pre", *changes)


NO_DECAY = "is no exponential decay to zero"
CHANGED: dict[str, tuple[str, str, str]] = {
    # rule -> its file, answer, and a part of what is told
    "pair": (PAIR, "yes", "dw = a*x1*y0 - a*x0*y1"),
    "saturating": (but(PAIR, "p += 1 => p += a*(1 - p)"), "no", "'p_pre' is no trace, since its jump depends on "),
    "random_jump": (but(PAIR, "p += 1 => p += rand()"), "no", "its jump, rand(), is no constant"),
    "jump_of_another": (but(PAIR, "q += 1 => q += v"), "no", "'q_post' is no trace, since its jump, "),
    "set_to_another": (but(PAIR, "q += 1 => q = v"), "no", "since a spike sets it to "),
    "to_a_level": (but(PAIR, "= -q/tau => = (a - q)/tau"), "no", f"since 'dq/dt' {NO_DECAY}"),
    "of_the_membrane": (but(PAIR, "= -q/tau => = (v - q)/tau"), "no", f"since 'dq/dt' {NO_DECAY}"),
    "growing": (but(PAIR, "= -q/tau => = q/tau"), "no", "since 'dq/dt' grows"),
    "lasting": (but(PAIR, "dq/dt = -q/tau : 1 => q : 1"), "yes", "y1 is q_post (+1 at a spike, never decays)"),
    "large_jump": (but(PAIR, "p += 1 => p += 3*a"), "yes", "x1 is p_pre/(3*a) (+1 at a spike"),
    "two_jumps": (but(PAIR, "p += 1 => p += 1; p += 1"), "yes", "+ 2*a*x1*y0"),
    "three_factors": (but(PAIR, "-a*q_post => -a*q_post*p_pre**2"), "yes", "- a*x0*x1**2*y1"),
    "square": (but(PAIR, "-a*q_post => -a*(q_post - 2)**2"), "yes", "+ 4*a*x0*y1"),
    "root": (but(PAIR, "-a*q_post => -a*q_post**0.5"), "no", "on_pre: 'q_post ** 0.5' takes a power, 0.5, that is"),
    "negative_power": (but(PAIR, "-a*q_post => -a*(1 + q_post)**-1"), "no", "takes a power, -1,"),
    "quotient": (but(PAIR, "-a*q_post => -a*q_post/(1 + p_pre)"), "no", "divides by '1 + p_pre'"),
    "exponential": (but(PAIR, "-a*q_post => -a*exp(q_post)"), "no", "on_pre: 'exp(q_post)' is a function"),
    "condition": (but(PAIR, "-a*q_post => -a*int(q_post > 0.5)"), "no", "on_pre: 'q_post > 0.5' is a condition"),
    "function_of_constants": (but(PAIR, "-a*q_post => -exp(-a)*q_post"), "yes", "exp(-a)"),
    "membrane": (but(PAIR, "-a*q_post => -a*q_post*v_post"), "no", "'v_post' is no trace, since "),
    "current": (but(PAIR, "-a*q_post => -a*I_post"), "no", "'I_post' is no trace, since spikes that arrive change it"),
    "of_the_sender": (but(PAIR, "-a*q_post => -a*v_pre"), "no", "(models/chips/loihi.yaml: engine.presynaptic_trace)"),
    "time": (but(PAIR, "-a*q_post => -a*t/second"), "no", "'t' is the time; the engine has no clock"),
    "place": (but(PAIR, "-a*q_post => -a*i"), "no", "'i' is nothing that an engine reads"),
    "chance": (but(PAIR, "-a*q_post => -a*rand()"), "no", "'rand()' draws a random number"),
    "weight": (but(PAIR, "-a*q_post => -a*w*q_post"), "yes", "- a*w*x0*y1"),
    "local": (but(PAIR, "dw = -a*q_post => half = q_post/2; dw = -a*half"), "yes", "- a*x0*y1/2"),
    "weight_decay": (PAIR + "each_step: dw = -a*w*dt/tau\n", "yes", "u0*w"),
    "once_a_sample": (PAIR + "on_sample: dw = -a*w\n", "no", "on_sample: 'dw = -a*w' runs once a sample"),
    "at_onset": (PAIR + "at_onset: dw = -a*w\n", "no", "at_onset: 'dw = -a*w' runs at the onset"),
    "two_times": (three("*u_pre => "), "yes", "a*x1*x2*y0"),
    "three_times": (three(), "no", "on_post: 'u_pre' is a presynaptic trace; the engine has no other presynaptic"),
    "three_alike": (three("(2*tau) => tau", "(3*tau) => tau"), "yes", "2*a*x1**3*y0"),
    "copied": (copied("-a*q_post => -a*q_post*before_pre"), "yes", "dw = a*x0*y1 + a*x1*y0 - a*x0*x1*y1"),
    "copied_late": (copied("a*p_pre => a*before_pre"), "no", "on_post: 'before_pre' keeps what a trace was at an "),
    "copied_and_set": (copied("-a*q_post => -a*before_pre", "np += 1 => np = 1"), "no", "'p_pre' was set by the "),
    "own_side": (but(PAIR, "-a*q_post => -a*q_post*p_pre"), "yes", "- a*x0*x1*y1"),
    "own_side_set": (but(PAIR, "p += 1 => p = 1", "-a*q_post => -a*q_post*p_pre"), "yes", "dw = a*x1*y0 - a*x0*y1"),
    "on_synapse": (ON_SYNAPSE, "yes", "dw = down*x0*y1 + up*x1*y0; "),
    "after_the_jump": (ON_SYNAPSE.replace("dw = q", "dw = q*p"), "yes", "dw = up*x1*y0 + down*up*x0*x1*y1"),
    "before_the_jump": (ON_SYNAPSE.replace("p += up\n  dw = q", "dw = q*p\n  p += up"), "yes", "- down*up*x0*y1"),
    "both_sides": (ON_SYNAPSE.replace("q += down", "q += down\n  p += down"), "yes", "tag is p; "),
    "both_of_both": (ON_SYNAPSE.replace("q += down", "q += down\n  p += down").replace("p += up", "p += up\n  q += up"),
                     "no", "the engine has no other further variable of a synapse than tag"),
    "decays_by_the_other": (but(CLOCKED, "-p/tau => -p*(1 + v_post)/tau"), "no", f"since 'dp/dt' {NO_DECAY}"),
    "by_its_neuron": (but(CLOCKED, "-p/tau => -p/tau_m_post"), "yes", "x1 is p/up (+1 at a spike, decays in tau_m"),
    "in_steps": (but(ON_SYNAPSE, "dp/dt = -p/tau : 1 (event-driven) => p : 1") + "each_step: p *= 0.9\n", "yes",
                 "x1 is p/up (+1 at a spike, times 0.9 in each step)"),
    "tagged": (TAGGED, "yes", "dw = a*tag*u0; dtag = "),
    "to_the_neuron": (but(PAIR, "dw = -a*q_post => q_post += 1; dw = -a*q_post"), "no", "changes 'q_post' of a neuron"),
}  # fmt: skip


def with_rules(zoo_with: ZooWith, rules: Mapping[str, str], base: str) -> Zoo:
    """A zoo with further rules, and an experiment for each in which the readout learns by it."""
    files = {}
    for name, text in rules.items():
        choice = f"learning: {{learns: [hidden_output], plastic: {{rule: {name}}}}}"
        files[f"rules/{name}.yaml"] = text
        files[f"config/experiments/{name}.yaml"] = f"title: A test\nextends: {base}\n{choice}\n"
    return ReadOnce(zoo_with(files))


@pytest.fixture(scope="module")
def changed_zoo(zoo_with: ZooWith) -> Zoo:
    return with_rules(zoo_with, {name: text for name, (text, *_) in CHANGED.items()}, "stdp_pair")


@pytest.mark.parametrize("rule", CHANGED)
def test_a_rule_with_one_property_changed(changed_zoo: Zoo, rule: str) -> None:
    _, answer, told = CHANGED[rule]
    verdict = judged(changed_zoo, rule)
    assert verdict.answer == answer, verdict.text
    assert told in verdict.text
    if answer == "no":
        assert verdict.text.startswith(f"rules/{rule}.yaml: ")


# --- Learning epochs ------------------------------------------------------------------------------

FOUR = "T_epoch    = 1*ms => T_epoch    = 4*ms"
EPOCHS = {
    "of_one_step": ((), "yes", "is trace_y_post/y1_impulse (+1 at a spike, at most 127/y1_impulse, decays in tau_y1)"),
    "of_four": ((FOUR,), "yes", "; a learning epoch has 4 steps"),
    "too_long": ((FOUR.replace("= 4*", "= 64*"),), "no", "is of 64 steps, the engine's epoch has 63 at most"),
    "more_spikes": (("T_epoch + dt/2) : 1\n    y0 => 3*T_epoch + dt/2) : 1\n    y0",), "no",
                    "is of 3 steps, another line of 1 step; the engine has one epoch"),
    "learns_between": ((FOUR, "learns*int(t - x_last_pre => int(t - x_last_pre"), "no",
                       "changes 'dw' in every step, the engine once an epoch"),
    "older_spikes": (("t - x_last_pre < T_epoch + dt/2 => t - x_last_pre > T_epoch + dt/2",), "no",
                     "'t' is the time; the engine has no clock"),
    "at_times_of_its_own": ((FOUR, "(t + dt/2) % T_epoch => (t*t/second + dt/2) % T_epoch"), "no",
                            "'t' is the time; the engine has no clock"),
    "for_a_while": (("(t + dt/2) % T_epoch < dt => t < 5*second",), "no", "'t' is the time; the engine has no clock"),
    "at_each_spike_too": ((FOUR, "each_step: dw => on_post: dw = a*x1\neach_step: dw"), "no",
                          "is of 4 steps, another line of 1 step; the engine has one epoch"),
    "no_limit": (("clip(trace_x + x1_impulse, 0, 127) => trace_x + x1_impulse",), "yes",
                 "(+1 at a spike, decays in tau_x1"),
    "a_limit_above_0": (("trace_x + x1_impulse, 0, => trace_x + x1_impulse, 1,",), "no", "'trace_x_pre' is no trace"),
}  # fmt: skip
"""Edits of the rule for Loihi's engine -> the answer, and what it says."""


@pytest.fixture(scope="module")
def epochs_zoo(zoo_with: ZooWith) -> Zoo:
    text = (ROOT / "rules/loihi_stdp.yaml").read_text()
    return with_rules(zoo_with, {name: but(text, *edits) for name, (edits, *_) in EPOCHS.items()}, "loihi_stdp")


@pytest.mark.parametrize("rule", EPOCHS)
def test_an_engine_learns_once_an_epoch(epochs_zoo: Zoo, rule: str) -> None:
    _, answer, told = EPOCHS[rule]
    verdict = judged(epochs_zoo, rule)
    assert (verdict.answer, told in verdict.text) == (answer, True), verdict.text


def test_what_a_neuron_works_out_is_one_variable(zoo: Zoo) -> None:
    """Calcium is a count of spikes that a clock takes down: no trace, but a variable that ODIN reads."""
    of = learned(zoo, "odin_sdsp")
    verdict = of.verdict(zoo.chip("odin"), of.circuit.plastic[0])
    assert verdict.answer == "not known"
    assert verdict.quantities == ("membrane is v_post", "calcium is Ca_post")


# --- Other engines --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("experiment", "engine", "answer", "told"),
    [
        ("stdp_pair", {"terms": 1}, "no", "'dw' is a sum of 2 products, the engine has 1 (models/chips/loihi."),
        ("stdp_pair", {"terms": 2, "factors": 2}, "yes", "dw = "),
        ("stdp_triplet", {"factors": 2}, "no", "has 3 factors, the engine takes 2"),
        ("stdp_triplet", {"presynaptic_trace": ("x1",)}, "no", "on_post: 'r1_pre' is a presynaptic trace; "),
        ("stdp_pair", {"presynaptic_trace": ("fast", "slow")}, "yes", "dw = a_plus*fast*w_max*y0 - a_minus*"),
        ("stdp_pair", {"postsynaptic_trace": "unknown"}, "not known", "whether the engine has a postsynaptic trace"),
        ("stdp_nearest", {"traces": ("added",)}, "no", "'o1_post' is a trace that is set at a spike"),
        ("stdp_pair", {"traces": ("set",)}, "no", "'o1_post' is a trace that is added to at every spike"),
        ("stdp_pair", {"postsynaptic_spike": ()}, "no", "on_post: the engine has no factor for a postsynaptic spike"),
        ("stdp_triplet", {"own_spike": "before"}, "yes", "+ a3_plus*w_max*x2*y0*y2 - a3_minus*w_max*x0*x1*y1; "),
        ("nbp", {"reward": ()}, "no", "'rewarded_post' is no trace"),
        ("nbp", {"reward": (), "postsynaptic_variable": ("y3",)}, "yes", "4*x0*y0*y3"),
    ],
)  # fmt: skip
def test_what_an_engine_has_is_its_file_s(
    zoo: Zoo, experiment: str, engine: dict[str, object], answer: str, told: str
) -> None:
    chip = zoo.chip("loihi")
    chip = chip.model_copy(update={"engine": Engine(**chip.engine.model_dump(exclude_none=True) | engine)})
    of = learned(zoo, experiment)
    verdict = of.verdict(chip, of.circuit.plastic[0])
    assert (verdict.answer, told in verdict.text) == (answer, True), verdict.text


# --- What is told of it ---------------------------------------------------------------------------

PAGE = ROOT / "docs/on_chips.md"
CHIPS = ("loihi", "loihi2", "brainscales2", "spinnaker", "spinnaker2", "nsat", "odin")
LISTED = ("stdp_pair", "stdp_nearest", "stdp_triplet", "stdp_multiplicative", "stdp_homeostatic_inhibition",
          "erbp_plus", "nbp", "eprop_lif", "rflo", "rtrl_block_diagonal", "rtrl_full",
          "loihi_stdp", "odin_sdsp")  # fmt: skip


def answers(zoo: Zoo) -> Iterator[str]:
    """The answers of all chips for the first projection that learns of each experiment, as the page has them."""
    for experiment in LISTED:
        of = learned(zoo, experiment)
        found = (of.verdict(zoo.chip(name), of.circuit.plastic[0]).answer for name in CHIPS)
        yield f"| {experiment} | {' | '.join(found)} |"


def costs(zoo: Zoo) -> Iterator[str]:
    """What a spike costs a synapse under each rule of spike timing, and what a hidden neuron keeps."""
    for experiment in LISTED[:5]:
        circuit = learned(zoo, experiment).circuit
        kept = next((len(bits), own) for *_, bits, own, names in memories(circuit) if "hidden1" in names)
        synapses = circuit.plastic[0].name
        for event in events(circuit):
            if (event.of.name, event.part) != (synapses, "learning"):
                continue
            o = event.operations
            numbers = (o.neuron_reads, o.additions, o.multiplications, o.comparisons, o.functions)
            cells = (experiment, f"{event.when}synaptic", *(f"{n:g}" for n in numbers), f"{kept[0]}, {kept[1]}")
            yield f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("table", [answers, costs])
def test_tables_of_the_page(zoo: Zoo, table: Callable[[Zoo], Iterator[str]]) -> None:
    begin = f"<!-- {table.__name__}, held by tests/mapping/test_engine.py -->"
    told = PAGE.read_text().split(begin)[1].split("<!-- end -->")[0].strip().splitlines()
    assert told[2:] == list(table(zoo))


def test_show_tells_of_all_chips() -> None:
    output = CliRunner().invoke(app, ["show", "rule/nbp", "--on", "nbp"]).output
    assert "loihi: yes: dw = -2*x0*y0 + 4*r1*x0*y0; r1 is rewarded_post" in output
    assert "spinnaker2: not known: models/chips/spinnaker2.yaml: engine: " in output
    assert "truenorth" not in output


def test_the_order_of_delivery_and_learning_is_an_experiment_s(zoo: Zoo) -> None:
    """It changes nothing of whether the rule fits."""
    was, updated = judged(zoo, "nbp"), judged(zoo, "nbp_updated")
    assert (was.answer, was.text, was.order) == (updated.answer, updated.text, "")
    assert updated.order.startswith("models/chips/loihi.yaml: engine.transmits: the chip first delivers a spike")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "  source: davies\n",
            "  source: davis\n",
            "engine.source: there is no source 'davis' — did you mean ",
        ),
        ("learning: sum_of_products", "learning: none", "engine: a chip that does not learn has none"),
        ("presynaptic_trace:  [x1, x2]", "presynaptic_trace: many", "engine.presynaptic_trace: this is no list of"),
        (
            "presynaptic_trace:  [x1, x2]",
            "presynaptic_trace: [x1, x1]",
            "engine.presynaptic_trace: 'x1' is named twice",
        ),
        (
            "presynaptic_trace:  [x1, x2]",
            "presynaptic_trace: [x1, w]",
            "engine.weight: 'w' is named in presynap",
        ),
    ],
)
def test_mistakes_in_what_a_file_says_of_an_engine(zoo_with: ZooWith, old: str, new: str, told: str) -> None:
    text = (ROOT / "models/chips/loihi.yaml").read_text()
    assert old in text
    with pytest.raises(ZooError) as caught:
        zoo_with({"models/chips/loihi.yaml": text.replace(old, new, 1)}).chip("loihi")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
