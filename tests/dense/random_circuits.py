"""Random files of the zoo, and circuits of them: neurons, synapses and rules that say what the formats let them say.

Everything is drawn from a seed; once drawn, nothing is left to chance. States are bounded, and what jumps (comparisons,
whole numbers) jumps away from where states rest, so that rounding does not decide.
"""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.equations.equations import Equations
from brian2.parsing.sympytools import str_to_sympy
from numpy.random import Generator
from ruled import rule_of

from brian2zoo.circuits import Population, Projection
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.experiments import Protocol
from brian2zoo.formats.zoo import Zoo

DT, SAMPLE, N_SAMPLES = "0.1*ms", "5*ms", 5


@dataclass(frozen=True)
class Kind:
    """What the files of a circuit may say.

    Parameters
    ----------
    smooth : nothing jumps, and neurons spike by the clock alone: rounding to single precision stays small.
    hidden : subexpressions that rules read hide variables that a projection drives, and what the same statements
        have just written; those that synapses transmit hide the weight.
    """

    smooth: bool = False
    hidden: bool = False


@dataclass
class Words:
    """Draws expressions without unit."""

    rng: Generator
    smooth: bool

    def number(self) -> str:
        return f"{self.rng.uniform(0.2, 1.5):.3f}"

    def one_of(self, *choices: str) -> str:
        return choices[self.rng.integers(len(choices))]

    def bounded(self, names: Sequence[str], whole: Sequence[str] = (), logic: bool = True, depth: int = 2) -> str:
        """An expression between -1 and 1, which SymPy can read: some differences of comparisons it turns for ever."""
        while True:
            text = f"tanh({self.expression(names, whole, logic, depth)})"
            with contextlib.suppress(RecursionError):
                str_to_sympy(text)
                return text

    def expression(self, names: Sequence[str], whole: Sequence[str] = (), logic: bool = True, depth: int = 2) -> str:
        """An expression; with `logic` also 'and' and 'or', which numpy does not take in differential equations."""
        if depth == 0 or self.rng.random() < 0.1:
            return self.one_of(*names, self.number())
        a, b = (self.expression(names, whole, logic, depth - 1) for _ in range(2))
        c = self.number()
        smooth = (
            f"({a} + {b})", f"({a} - {b})", f"{a}*{b}", f"{a}/({c} + ({b})**2)", f"({a})**2", f"(-({a}))**3",
            f"({c} + abs({a}))**-1.5", f"({c} + ({a})**2)**0.5", f"({c} + abs({a}))**-2", f"abs({a})",
            # A product: C++ rounds the ends of a whole number's clip.
            f"clip({c}*({a}), -{self.number()}, {self.number()})",
            f"exp(-({a})**2)", f"tanh({a})", f"exprel(tanh({a}))",
            f"sqrt({c} + abs({a}))", f"log({c} + abs({a}))", f"sin({a})", f"cos({a} + {b})", f"-({a})",
        )  # fmt: skip
        if self.smooth:
            return self.one_of(*smooth)
        a, b = (self.one_of(*(f"{self.number()}*{name}" for name in names)) for _ in "ab")
        jumps = [
            f"int({a} > {b} + 0.0317)*{c}", f"sign({a} + 0.0317)", f"ceil({a} + 0.0317)", f"floor({a} - 0.0317)",
            f"({a} + 0.0317) % 0.37", f"(0.0117 - ({a})) % 0.61", f"({a} - 0.0117) // 0.43", f"int({c} + 2*tanh({a}))",
        ]  # fmt: skip
        if logic:
            jumps += [f"int({a} > 0.0317 and not ({b} > {c}))", f"int({a} < -0.0317 or {b} <= {c})"]
        for name in whole:
            jumps += [f"(({name} - 7) // 3)", f"(({name} - 9) % 5)", f"({name}/4)", f"(7 // ({name} + 1))"]
        return self.one_of(*smooth, *jumps)


@dataclass
class Drawn:
    """The files of a circuit by path, what it is made of, and values of its variables."""

    files: dict[str, str] = field(default_factory=dict)
    populations: list[dict[str, Any]] = field(default_factory=list)
    projections: list[dict[str, Any]] = field(default_factory=list)

    def write(self, folder: str, name: str, content: dict[str, Any]) -> None:
        """A file; JSON is YAML."""
        content = {key: value for key, value in content.items() if value not in ("", {})}
        self.files[f"{folder}/{name}.yaml"] = json.dumps({"title": f"Drawn {name}", **content}, indent=1)


def lines(*statements: str) -> str:
    return "\n".join(statement for statement in statements if statement)


def neuron(words: Words, kind: Kind, driven: Sequence[str]) -> dict[str, Any]:
    """A neuron's file.

    `v` moves in any of the ways of integration, `g` decays, `a` and `n` move by statements, `s` is a subexpression
    that rules may read, `s2` one of everything; `sum0` ... are filled by projections.
    """
    rng, one_of = words.rng, words.one_of
    method = one_of("exact", "euler", "exponential_euler", "rk2", "rk4")
    everything = ["v", "g", "a", "s", "sum0", "sum1", "wave"]
    free = [name for name in ("v", "a", "wave") if name not in driven]
    seen = ["v", "g", "a", "wave"] if kind.hidden else free
    push = {
        "exact": "(drive + 0.5*g - v)/tau",
        "exponential_euler": f"({words.bounded(['g', 'a', 'wave'], logic=False)} + drive - (1 + g**2)*v)/tau",
    }.get(method, f"(0.3*{words.bounded(everything, logic=False)} + drive - v)/tau")
    clocked = "t_in_timesteps % period == 3 + 2*i"
    own = "v > 0.6" if rng.random() < 0.5 else "v > 0.5 + 0.2*tanh(a) and not (g > 1.5)"
    thresholds = (
        (clocked,) if kind.smooth else (own, own, f"{own} or {clocked}", clocked, "v > 1e6", "v > 0.6 and not off")
    )
    refractory = one_of("", "t_ref", "0.7*ms", "g > 0.4" if not kind.smooth else "t_ref")
    held = " (unless refractory)" if refractory and rng.random() < 0.6 else ""
    return {
        "equations": lines(
            f"dv/dt = {push} : 1{held}",
            "dg/dt = -g/tau_g : 1" + (" (unless refractory)" if held and rng.random() < 0.3 else ""),
            "a : 1", "n : integer", "off : boolean", "k : 1", "sum0 : 1", "sum1 : 1", "sum2 : 1",
            f"s = {words.bounded(seen, [] if kind.smooth else ['n'], logic=False)} : 1",
            f"s2 = {words.bounded(everything)} : 1" + one_of("", " (constant over dt)"),
            "wave = cos(2*pi*t/(3*ms)) : 1 (shared)",
        ),
        "threshold": one_of(*thresholds),
        "reset": lines(
            one_of("v = 0.1*tanh(a)", "v = v - 0.6", "v = -0.2"), one_of("", "g *= 0.8", "g += 0.1"),
            "n = n + 1", one_of("", "off = n > 2", "off = not off"), one_of("", f"a = {words.bounded(['a', 'v'])}"),
        ),
        "refractory": refractory,
        "method": method,
        "each_step": lines(
            f"a = 0.9*a + 0.1*{words.bounded([*everything, 's2'], [] if kind.smooth else ['n'])}",
            one_of("", "a = clip(a, -0.8, 0.7)"), one_of("", "u = 0.01*s2\na = a + u"),
        ),
        "initial": "v = 0.37*(i + 1)/N\ng = 0.21*cos(i)",
        "parameters": lines(
            f"tau = {rng.uniform(1, 4):.3f}*ms", f"tau_g = {rng.uniform(0.4, 0.9):.3f}*ms",
            f"t_ref = {rng.integers(1, 12)}*0.1*ms", f"drive = {rng.uniform(0.2, 1.2):.3f}",
            f"period = {rng.integers(9, 31)}",
        ),
    }  # fmt: skip


def synapse(words: Words, kind: Kind, driven: Sequence[str], learns: bool) -> dict[str, Any]:
    """A store, and what it transmits."""
    one_of = words.one_of
    as_read = one_of("w", "shown") if kind.hidden or not learns else "w"
    writes = ["w = clip(w + dw, -w_max, w_max)", "w = w + dw", "w = w + dw*exp(-(w/w_max)**2)"]
    if not words.smooth:
        writes.append("w = floor((w + dw)*64 + 0.5)/64")
    return {
        "state": lines("w : 1", "shown = clip(w, -0.5*w_max, inf)**3 : 1" if as_read == "shown" else ""),
        "write": one_of(*writes),
        "read": lines(
            f"g_post += {as_read}",
            f"v_post += 0.2*{one_of(as_read, f'tanh({as_read}*a_pre)')}" if "v" in driven else "",
        ),
        "as_read": as_read,
        "parameters": "w_max = 0.9",
    }


def rule(words: Words, kind: Kind, place: int, method: str, on_neurons: bool, driven: Sequence[str]) -> dict[str, Any]:
    """A rule of the projection at a place: its names on the neurons carry that number."""
    rng, one_of = words.rng, words.one_of
    n = [] if kind.smooth else ["n_post", "n_pre", "seen"]
    free = [name for name in ("v_post", "a_post", "s_post", "a_pre") if name.removesuffix("_post") not in driven]
    both = ["g_post", "v_post", "a_post", "s_post", "a_pre", "z", "q", "w"]
    at_events = [*both, "x", "y"] + ([f"bar{place}_pre", f"err{place}_post"] if on_neurons else [])
    every = one_of("", "", "each_step")
    flags = one_of("", "(constant over dt)") if not kind.hidden else ""
    return {
        "transmits": one_of("before", "after"),
        "method": method,
        "variables": {
            "synapse": lines(
                "dx/dt = -x/tau_x : 1 (event-driven)", "dy/dt = -y/(1.7*ms) : 1 (event-driven)",
                f"dz/dt = ({one_of('a_post', 'v_post', '0.3')} - z)/(2.3*ms) : 1 (clock-driven)",
                f"q = {words.bounded(['g_post', 's_post', 'x', 'w'] if kind.hidden else free)} : 1 {flags}",
                "el : 1", "seen : integer", "even : boolean",
                "open = int((t + dt/2) % T_sample > wait) : 1 (shared)",
                one_of(
                    "", f"sum{place}_post = w*{words.bounded(['a_pre', 's_pre', 'el'])} : 1 (summed)",
                    f"sum{place}_pre = 0.3*w*{words.bounded(['a_post', 's_post', 'el'])} : 1 (summed)",
                ),
            ),
        } | ({
            "pre": f"dbar{place}/dt = -bar{place}/{one_of('tau_b', 'tau_post')} : 1",
            "post": f"err{place} = {words.bounded(['a', 'wave'])} : 1",
        } if on_neurons else {}),
        "at_spike": {"pre": f"bar{place} += 0.5"} if on_neurons else {},
        "on_pre": lines(
            "x += 0.4", "seen += 1", one_of("", "even = not even"), one_of("", "k_pre += 0.01"),
            one_of("", f"u = {words.expression(at_events, n)}\nx += 0.1*tanh(u)"),
            f"dw = eta*open*{words.bounded(at_events, n)}" + one_of("", "*(1 + int(even))"),
        ),
        "on_post": one_of("", f"y += 0.3\ndw = eta*{words.bounded(at_events, n)}"),
        "each_step": lines(
            f"el = 0.95*el + 0.05*{words.bounded([*both, 'el'], n)}", "dw = 0.05*eta*tanh(el)" if every else "",
        ) if rng.random() < 0.6 else "",
        "at_onset": one_of("", "", "dw = -0.1*w\nel = 0", "el = 0.5*el"),
        "on_sample": one_of("", "", "dw = 0.02*el"),
        "parameters": lines(
            "eta = 0.2", "tau_x = 1.1*ms", f"wait = {rng.uniform(0.2, 3):.2f}*ms",
            "tau_b = 2.9*ms" if on_neurons else "",
        ),
    }  # fmt: skip


def draw(seed: int, kind: Kind) -> Drawn:
    """One circuit: two or three populations, one to three projections, of which some lead to the same variables."""
    rng = np.random.default_rng(seed)
    words, drawn, name = Words(rng, kind.smooth), Drawn(), f"{'hidden' if kind.hidden else 'drawn'}{seed}"
    groups = []
    for place in range(int(rng.integers(2, 4))):
        driven = ["g", "v"] if rng.random() < 0.3 else ["g"]
        content = neuron(words, kind, driven)
        while not readable(content["equations"]):
            content = neuron(words, kind, driven)
        drawn.write("models/neurons", f"{name}_{place}", content)
        size = int(rng.choice([1, 1, 2, 5, 9, 17]))
        groups.append((f"{name}_{place}", size, driven, content["method"]))
        drawn.populations.append({"name": f"{name}_{place}", "size": size})
    for place in range(int(rng.integers(1, 4))):
        pre, post = (groups[k] for k in rng.integers(0, len(groups), 2))
        post = groups[-1] if rng.random() < 0.5 else post
        delay = words.one_of("0*ms", "0*ms", "0.3*ms")
        method = words.one_of("exact", "euler")
        on_neurons = delay == "0*ms" and method == pre[3]
        label = f"{name}_{place}"
        learns = rng.random() < 0.85
        drawn.write("models/synapses", label, synapse(words, kind, post[2], learns))
        transmits = "after"
        if learns:
            content = rule(words, kind, place, method, on_neurons, post[2])
            transmits = content.pop("transmits")
            drawn.write("rules", label, content)
        pairs = pairs_of(rng, pre[1], post[1])
        drawn.projections.append(
            {"name": f"{label}_wires", "file": label, "pre": pre[0], "post": post[0], "learns": learns,
             "delay": delay, "pairs": pairs, "seed": seed, "transmits": transmits}
        )  # fmt: skip
    return drawn


def readable(equations: str) -> bool:
    """Whether SymPy reads equations with their subexpressions in place."""
    try:
        for _, expression in Equations(equations).get_substituted_expressions(include_subexpressions=True):
            str_to_sympy(expression.code)
    except RecursionError:
        return False
    return True


def pairs_of(rng: Generator, pre: int, post: int) -> tuple[np.ndarray, np.ndarray] | None:
    """All to all, one to one, or some; presynaptic index slowest."""
    if pre == post and rng.random() < 0.4:
        return np.arange(pre), np.arange(pre)
    if rng.random() < 0.7:
        return None
    some = np.sort(rng.choice(pre * post, size=int(rng.integers(1, pre * post + 1)), replace=False))
    return some // post, some % post


def assembled(zoo: Zoo, drawn: Sequence[Drawn]) -> tuple[list[Population], list[Projection], dict[str, np.ndarray]]:
    """Populations, projections and initial weights of drawn circuits, from their files."""
    populations = {
        p["name"]: Population(p["name"], "hidden", p["size"], zoo.neuron(p["name"]))
        for d in drawn
        for p in d.populations
    }
    projections, weights = [], {}
    for p in (p for d in drawn for p in d.projections):
        store = zoo.synapse(p["file"])
        learned = rule_of(zoo.rule(p["file"]), store, transmits=p["transmits"]) if p["learns"] else None
        projection = Projection(
            p["name"], "recurrent", populations[p["pre"]], populations[p["post"]], store, learned,
            pairs=p["pairs"], delay=p["delay"],
        )  # fmt: skip
        projections.append(projection)
        weights[f"{projection.name}.w"] = np.random.default_rng(p["seed"]).uniform(-0.4, 0.5, projection.size)
    return list(populations.values()), projections, weights


def experiment_of(zoo: Zoo, precision: str) -> Experiment:
    """An experiment that gives no more than times and a precision."""
    protocol = Protocol(dt=DT, T_train=SAMPLE, T_test=SAMPLE, T_final=SAMPLE)
    return zoo.experiment("rtrl_random_feedback").replaced(**{"protocol": protocol, "precision": precision})


def zoo_of(zoo_with: Callable[..., Zoo], drawn: Sequence[Drawn]) -> Zoo:
    """The zoo with the files of drawn circuits."""
    return zoo_with({path: text for d in drawn for path, text in d.files.items()})
