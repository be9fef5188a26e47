"""Random rules whose synapses obey a linear recursion, in small networks of Brian2 objects, nothing left to chance."""

from dataclasses import dataclass

import brian2
import numpy as np
from brian2 import ms
from numpy.random import Generator

RUNS = (170, 131)
"""Steps of two runs; no block has a length that divides them."""

NEURON = """
dv/dt = (drive - v)/tau : 1
da/dt = (sin(6*v + phase) - a)/(2*ms) : 1
arrived : 1
drive : 1
phase : 1
tau : second
psi = 1/(1 + 5*abs(v - 0.8))**2 : 1
"""

SIZES = (1, 2, 7, 19, 50)
"""Neurons of a population: fewer and more than a vector, or three, have of either type."""


@dataclass
class Sides:
    """What the strings of a rule call the side that decides how its variables move on, and the other."""

    moving: str
    other: str


def population(rng: Generator, name: str, silent: bool) -> brian2.NeuronGroup:
    """Neurons that differ in all parameters; silent ones have no spikes."""
    size = int(rng.choice(SIZES))
    group = brian2.NeuronGroup(
        size, NEURON, threshold="v > 1", reset="v = 0\narrived *= 0.9", method="euler", name=name
    )
    group.drive = 0 if silent else rng.uniform(0.9, 3, size)
    group.phase = rng.uniform(0, 6, size)
    group.tau = rng.uniform(0.5, 3, size) * ms
    return group


def rule(rng: Generator, sides: Sides, variables: list[str]) -> dict[str, str]:
    """Equations and statements: each variable decays, is driven by others before it, and by both sides."""
    m, o = f"_{sides.moving}", f"_{sides.other}"
    equations, each_step, at_moving, at_other = ["w : 1", "sum : 1"], [], [], []
    for k, x in enumerate(variables):
        into = f" + {rng.uniform(-1, 1):.3f}*{rng.choice(variables[:k])}" if k else ""
        decay = rng.choice([f"tau{m}", "(3*ms)", f"(tau{m}*(2 + a{m}))"])
        equations.append(f"d{x}/dt = (-{x}{into})/{decay} : 1 (clock-driven)")
        factor, own = rng.choice([f"a{o}", f"(v{o} + 0.3)", f"a{o}**2"]), rng.choice([f"psi{m}", f"a{m}", "1", "0.7"])
        each_step.append(
            rng.choice([
                f"{x} += 0.1*{factor}*{own}",
                f"{x} = {x}*(1 - 0.2*psi{m}) - 0.1*{factor}*({own} + 0.2)",
                f"here = {factor}*{own} - 0.1*{x}\n{x} += 0.1*here",
                f"{x} += 0.01*({factor} + {own})",
            ])
        )  # fmt: skip
        at_other.append(rng.choice(["", f"{x} += 1", f"{x} += 0.3*psi{m}*(1 + v{o})"]))
        at_moving.append(rng.choice(["", f"{x} = 0.6*{x}", f"{x} -= 0.2*{variables[0]}*psi{m}", f"{x} += 0.4*a{o}"]))
    each_step.append(f"sum += {rng.choice(variables)}*a{m}")
    rng.shuffle(each_step)
    return {
        "equations": "\n".join(equations),
        "each_step": "\n".join(each_step),
        sides.other: "\n".join(filter(None, at_other)),
        sides.moving: "\n".join(filter(None, at_moving)),
    }


def network(seed: int, dtype: type = np.float64) -> list[brian2.core.base.BrianObject]:
    """Two populations, a projection under a random rule, and what looks at its variables now and then."""
    rng = np.random.default_rng(seed)
    name = f"net{seed}"
    source = population(rng, f"{name}_a", rng.random() < 0.15)
    target = source if rng.random() < 0.2 else population(rng, f"{name}_b", rng.random() < 0.15)
    variables = [f"x{k}" for k in range(int(rng.integers(1, 5)))]
    sides = Sides("post", "pre") if rng.random() < 0.7 else Sides("pre", "post")
    made = rule(rng, sides, variables)
    synapses = brian2.Synapses(
        source, target, made["equations"],
        on_pre=f"{made['pre']}\narrived_post += 0.02*w", on_post=made["post"] or None,
        delay={"pre": rng.choice([0, 0.1, 0.7]) * ms}, method="euler", name=f"{name}_learns",
        dtype=dict.fromkeys(["w", "sum", *variables], dtype),
    )  # fmt: skip
    synapses.connect()
    synapses.w = "0.1*(1 + (3*i + 5*j) % 7)"
    synapses.x0 = "0.01*(i - j)"
    synapses.run_regularly(made["each_step"], when="after_groups", name=f"{name}_each_step")
    objects = [source, synapses] if target is source else [source, target, synapses]
    every = float(rng.choice([1.3, 3.7, 9.1])) * ms
    synapses.run_regularly("w += 0.01*sum\nsum = 0", dt=every, when="start", order=-2, name=f"{name}_update")
    if rng.random() < 0.5:
        synapses.run_regularly(
            "\n".join(f"{x} = 0" for x in variables), dt=every, when="start", order=-1, name=f"{name}_rest"
        )
    if rng.random() < 0.5:
        monitor = brian2.StateMonitor(
            synapses, ["sum", "x0"], record=[0], dt=2.3 * ms, when="end", name=f"{name}_monitor"
        )
        objects.append(monitor)
    return objects


def without_a_number() -> list[brian2.core.base.BrianObject]:
    """A trace that is no number where one neuron gives none, and that is put to rest as the zoo does it."""
    source = brian2.NeuronGroup(3, "a : 1", name="nan_a")
    source.a = [0.5, np.nan, -1]
    target = brian2.NeuronGroup(4, "psi = 0.1*(1 + i) : 1", name="nan_b")
    model = "sum : 1\ndx0/dt = -x0/(2*ms) : 1 (clock-driven)"
    synapses = brian2.Synapses(source, target, model, method="euler", name="nan_learns")
    synapses.connect()
    synapses.run_regularly("sum += x0\nx0 += a_pre*psi_post", when="after_groups", name="nan_each_step")
    synapses.run_regularly("x0 = abs(x0)*int(t < 0*second)", dt=2 * ms, when="start", name="nan_rest")
    return [source, target, synapses]
