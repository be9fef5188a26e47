"""Random small networks of every kind of projection, without chance once drawn, to run on two devices."""

from collections.abc import Callable

import brian2
import numpy as np
from brian2 import ms
from brian2.groups.group import Group
from numpy.random import Generator

STEPS = 120

NEURON = """
dv/dt = (drive - v)/tau : 1 (unless refractory)
dg/dt = -g/(3*ms) : 1
drive : 1
tau : second
total : 1
"""


def network(seed: int) -> list[brian2.core.base.BrianObject]:
    """One network: two groups, all parameters heterogeneous, one to four projections between parts of them."""
    rng = np.random.default_rng(seed)
    name = f"net{seed}"
    groups = []
    for side in ("a", "b"):
        size = int(rng.integers(3, 70))
        group = brian2.NeuronGroup(
            size,
            NEURON,
            threshold="v > 1",
            reset="v = 0\ng -= 0.1",
            refractory=rng.choice([0, 0.3, 1.2]) * ms,
            method="euler",
            name=f"{name}_{side}",
        )
        group.drive = rng.uniform(1.05, 3, size)
        group.tau = rng.uniform(0.3, 3, size) * ms
        group.v = rng.uniform(0, 1, size)
        groups.append(group)
    objects: list[brian2.core.base.BrianObject] = list(groups)
    for place, kind in enumerate(rng.choice(list(KINDS), int(rng.integers(1, 5)), replace=False)):
        source, target = (part(groups[k], rng) for k in rng.integers(0, 2, 2))
        target = source if rng.random() < 0.3 else target
        objects.append(KINDS[kind](source, target, rng, f"{name}_{place}_{kind}"))
    return objects


def part(group: brian2.NeuronGroup, rng: Generator) -> brian2.NeuronGroup:
    """The group itself or a stretch of it."""
    if rng.random() < 0.5 or len(group) < 6:
        return group
    start = int(rng.integers(0, len(group) // 2))
    return group[start : start + int(rng.integers(2, len(group) // 2))]


def wire(synapses: brian2.Synapses, rng: Generator) -> brian2.Synapses:
    """Connect in one of the ways there are."""
    pre, post = len(synapses.source), len(synapses.target)
    if pre == post and rng.random() < 0.6:
        synapses.connect(j="i")
        synapses.w = "0.1*(1 + (3*i) % 7)"
        return synapses
    match rng.choice(["all", "all", "all", "pairs", "condition", "outer post"]):
        case "all":
            synapses.connect()
        case "pairs":
            number = int(rng.integers(1, 2 * max(pre, post)))
            synapses.connect(i=rng.integers(0, pre, number), j=rng.integers(0, post, number))
        case "condition":
            synapses.connect("(i + 2*j) % 3 == 0")
        case "outer post":
            synapses.connect(i="k for k in range(N_pre)")
    synapses.w = "0.02*(1 + (3*i + 5*j) % 7)"
    return synapses


def delay(rng: Generator) -> dict[str, brian2.Quantity] | None:
    return [None, {"pre": 0 * ms}, {"pre": 0.7 * ms}][rng.integers(0, 3)]


def transmits(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1", on_pre="g_post += w", delay=delay(rng), name=name), rng)


def learns_at_pre(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    code = "w = clip(w + 0.01*v_post*int(v_post < 0.8), 0, 1)\ng_post += w"
    return wire(brian2.Synapses(source, target, "w : 1", on_pre=code, delay=delay(rng), name=name), rng)


def stdp(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    model = "w : 1\ndx/dt = -x/(2*ms) : 1 (event-driven)\ndy/dt = -y/(3*ms) : 1 (event-driven)"
    code = {"on_pre": "x += 0.1\nw -= 0.02*y\ng_post += w", "on_post": "y += 0.1\nw += 0.01*x"}
    return wire(brian2.Synapses(source, target, model, delay=delay(rng), **code, name=name), rng)


def clock_driven(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    model = "dw/dt = (0.05 - w)/(4*ms) + 1e-3*v_post/ms*int(v_pre > 0.5) : 1 (clock-driven)"
    synapses = brian2.Synapses(source, target, model, on_pre="w += 0.05", method="euler", delay=delay(rng), name=name)
    return wire(synapses, rng)


def summed(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1\ntotal_post = w*v_pre : 1 (summed)", name=name), rng)


def summed_backward(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1\ntotal_pre = w*v_post : 1 (summed)", name=name), rng)


def regular(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    synapses = wire(brian2.Synapses(source, target, "w : 1", on_pre="g_post += w", name=name), rng)
    synapses.run_regularly("w = 0.9*w + 0.01*v_post*v_pre", dt=0.5 * ms)
    return synapses


def heterogeneous_delays(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    synapses = wire(brian2.Synapses(source, target, "w : 1", on_pre="g_post += w", name=name), rng)
    synapses.delay = "0.1*ms*((i + j) % 5)"
    return synapses


def two_pathways(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    code = {"fast": "g_post += w", "slow": "w *= 0.99\nv_post -= 0.1*w"}
    delays = {"fast": 0.2 * ms, "slow": 1.1 * ms}
    return wire(brian2.Synapses(source, target, "w : 1", on_pre=code, delay=delays, name=name), rng)


def writes_pre(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1", on_pre="w += 0.001\ng_pre += w", name=name), rng)


def reads_what_it_writes(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1", on_pre="g_post += w*g_pre", name=name), rng)


def names_neurons(source: Group, target: Group, rng: Generator, name: str) -> brian2.Synapses:
    return wire(brian2.Synapses(source, target, "w : 1", on_pre="g_post += w*(1 + 0.01*i + 0.001*j)", name=name), rng)


KINDS: dict[str, Callable[..., brian2.Synapses]] = {
    function.__name__: function
    for function in (
        transmits, learns_at_pre, stdp, clock_driven, summed, summed_backward, regular, heterogeneous_delays,
        two_pathways, writes_pre, reads_what_it_writes, names_neurons,
    )
}  # fmt: skip
