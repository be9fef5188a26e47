"""What users of other simulators have reported: it ran, and the number was wrong.

Each test is a situation of a public report, written as a user of the zoo would write it, against a reference of the
test's own: a closed form, numpy step by step, SciPy. The number after a `#` is that of an issue or a pull request on
GitHub. Most situations are part of one circuit, which runs once on the numpy target and once
on the dense device. Within a step spikes of the step before arrive, neurons move, spike, and are reset.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from brian2 import ms
from ruled import rule_of
from scipy.linalg import expm
from scipy.special import exprel

from brian2zoo.check import check_experiment, check_file, errors
from brian2zoo.circuits import Circuit, Mode, Population, Projection, initial_weights
from brian2zoo.circuits import build as circuit_build
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiments import Protocol
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.network import Recording, trace_name
from brian2zoo.run.programs import Inputs, Program, build, run_here

DT, STEPS_A_SAMPLE, N_SAMPLES = 1e-4, 7, 72
STEPS = STEPS_A_SAMPLE * N_SAMPLES

# --- The files ------------------------------------------------------------------------------------

FILES = {
    "models/neurons/clock_unit.yaml": """
title: Spikes every so many steps, one neuron after the other
equations: ""
threshold: t_in_timesteps % every == first + lag*i
parameters: |
  every = 1
  first = 0
  lag   = 0
""",
    "models/neurons/always_on.yaml": """
title: Above its threshold all the time, without a reset
equations: |
  since = (t - lastspike)/dt : 1
threshold: "True"
refractory: 1*ms
""",
    "models/neurons/clamped.yaml": """
title: Deaf while it is refractory
equations: |
  dv/dt = (drive - v)/tau : 1 (unless refractory)
  drive : 1
threshold: v > 1
reset: v = 0.25
refractory: t_ref
method: exact
initial: drive = 0.2
parameters: |
  tau   = 5*ms
  t_ref = 2*ms
""",
    "models/neurons/integers.yaml": """
title: Operators of whole numbers, of both signs
equations: |
  k : integer
  quotient : integer
  ones : integer
  remainder : integer
  share : 1
  rest : 1
  small : 1
  cut : 1
  cut_sign : 1
  root : 1
  ratio : 1
  of_two : 1
  quotient_in_place : integer
  remainder_in_place : integer
  rest_in_place : 1
  root_in_place : 1
each_step: |
  k = k + 1
  quotient = (k - 250)//3
  ones = (k*49)//(k*49)
  remainder = (k - 250) % 7
  share = (k - 250)/3
  rest = (0.1*k - 25.05) % 2
  small = 1/52
  cut = clip(k - 250, -0.5, 2.5)
  cut_sign = clip(sign(0.1*(k - 250)), -0.5, 0.5)
  root = (0.1*k)**(1/3)
  ratio = k/(k + 1)
  of_two = (k - 250)/(k + 3)
  quotient_in_place = k - 250
  quotient_in_place //= 3
  remainder_in_place = k - 250
  remainder_in_place %= 7
  rest_in_place = 0.1*k - 25.05
  rest_in_place %= 2
  root_in_place = k
  root_in_place **= 1/2
""",
    "models/neurons/forced_rk4.yaml": """
title: Driven by the time alone
equations: |
  dv/dt = sin(2*pi*f*t)/tau : 1
method: rk4
parameters: |
  f   = 800*Hz
  tau = 1*ms
""",
    "models/neurons/forced_rk2.yaml": """
title: The same by the midpoint
extends: forced_rk4
method: rk2
""",
    "models/neurons/gates.yaml": """
title: A rate of Hodgkin and Huxley's at, next to and away from its removable singularity
equations: |
  u : volt
  beta_m : 1
initial: u = -23*mV + 1e-9*mV*int(i == 1) + 7*mV*int(i == 2)
each_step: beta_m = 1.4/exprel((u + 23*mV)/(5*mV))
""",
    "models/neurons/clipped_sine.yaml": """
title: Rectified from above, without a lower end
equations: |
  dv/dt = (x - v)/tau : 1
  x = clip(sin(2*pi*f*t), -inf, 0) : 1
method: euler
parameters: |
  f   = 100*Hz
  tau = 10*ms
""",
    "models/neurons/counting.yaml": """
title: Spikes at once if it is told to
equations: |
  arrived : 1
  above : 1
threshold: t_in_timesteps == 100
""",
    "models/neurons/traced.yaml": """
title: With a trace that only synapses read
equations: |
  dr/dt = -r/tau : 1
threshold: t_in_timesteps % 37 == 5 + 3*i
reset: r = r + 1
method: exact
parameters: tau = 6*ms
""",
    "models/neurons/relay.yaml": """
title: Spikes for every spike
equations: "v : 1"
threshold: v > 1
reset: v = 0
""",
    "models/neurons/self_exciting.yaml": """
title: Reset to zero with all that has arrived
equations: |
  dv/dt = (1.3 - v)/tau : 1
threshold: v > 1
reset: v = 0
method: exact
parameters: tau = 10*ms
""",
    "models/neurons/clamped_conductance.yaml": """
title: A potential that is held while what depends on it goes on
equations: |
  dv/dt = (1.6 - v - g*v)/(4*ms) : 1 (unless refractory)
  dg/dt = (-g + 0.3*(v + 1)**2)/(3*ms) : 1
threshold: v > 0.8
reset: v = -0.5
refractory: 1.5*ms
method: rk4
""",
    "models/neurons/adapting.yaml": """
title: With an adaptation that jumps by b
equations: |
  dv/dt = (2.5 - v - a)/tau : 1
  da/dt = (0.1*v - a)/tau_a : 1
threshold: v > 1
reset: |
  v = 0
  a = a + b
method: euler
parameters: |
  tau   = 5*ms
  tau_a = 30*ms
  b     = 0.4
""",
    "models/neurons/by_lastspike.yaml": """
title: A threshold that falls with the time since the last spike
equations: |
  dv/dt = (3 - v)/tau : 1
threshold: v > 4*ms/(t - lastspike)
reset: v = 0
refractory: 0*ms
method: exact
parameters: tau = 8*ms
""",
    "models/neurons/nested.yaml": """
title: Subexpressions of subexpressions
equations: |
  dv/dt = 1/(5*ms) : 1
  v2 = 2*v + i : 1
  v3 = 1.5*v2 - v : 1
method: euler
""",
    "models/neurons/sampled.yaml": """
title: Shows its data
equations: |
  x : 1
  total : 1
data: "1"
on_sample: |
  x = data
  total = total + data
""",
    "models/neurons/once.yaml": """
title: Spikes once, by a flag
equations: |
  dv/dt = 1/(3*ms) : 1
  was : boolean
threshold: v > 1 and not was
reset: was = True
method: euler
""",
    "models/neurons/once_by_number.yaml": """
title: Deaf after its spike, by a number in what drives it
equations: |
  v : 1
  f : 1
threshold: v > 1
reset: |
  v = 0
  f = f + 1
each_step: v = v + (1 - f)*0.11
""",
    "models/neurons/sympy_names.yaml": """
title: Constants named like some of a symbolic algebra
equations: |
  dv/dt = (E - v + Q*h)/beta : 1
  dh/dt = -h/zeta : 1
method: exact
initial: h = 2
parameters: |
  E    = 0.5
  Q    = 3
  beta = 10*ms
  zeta = 4*ms
""",
    "models/synapses/unit_weight.yaml": """
title: Only a weight
state: "w : 1"
write: w = w + dw
""",
    "models/synapses/tell_above.yaml": """
title: Sums over the postsynaptic neurons
state: |
  w : 1
  above_pre = w*(1 + j) : 1 (summed)
""",
    "models/synapses/count_arrivals.yaml": """
title: Counts what arrives
state: "w : 1"
read: arrived_post += w
""",
    "models/synapses/cubed.yaml": """
title: Transmits an expression of the weight it has just written
state: |
  w : 1
  shown = w**3 : 1
write: w = w + dw
read: arrived_post += shown
as_read: shown
""",
    "rules/half.yaml": """
title: Adds a half
on_pre: dw = 0.5
""",
    "rules/sees.yaml": """
title: Asks for an expression of a trace that it has just moved
variables:
  synapse: |
    dx/dt = -x/(3*ms) : 1 (event-driven)
    seen = 0.5*x : 1
on_pre: |
  x += 1
  dw = seen
""",
    "rules/stdp.yaml": """
title: Pairs of spikes, all to all
variables:
  synapse: |
    dx/dt = -x/tau_x : 1 (event-driven)
    dy/dt = -y/tau_y : 1 (event-driven)
on_pre: |
  x += 1
  dw = -a_y*y
on_post: |
  y += 1
  dw = a_x*x
parameters: |
  tau_x = 4*ms
  tau_y = 7*ms
  a_x   = 0.3
  a_y   = 0.2
""",
    "rules/reads_trace.yaml": """
title: Adds what it reads of the presynaptic neuron
on_pre: dw = r_pre
""",
    "rules/reads_nested.yaml": """
title: Adds what it reads of the postsynaptic neuron
on_pre: dw = v3_post
""",
    "rules/by_place.yaml": """
title: Adds what the places of the neurons say
on_pre: dw = i + 10*j
""",
}


def exponential(value: float, steps: float, tau: float) -> float:
    return value * np.exp(-steps * DT / tau)


# --- One circuit for all --------------------------------------------------------------------------


@dataclass(frozen=True)
class Neurons:
    """A population of the circuit, and which of its variables are traced, of its first neuron."""

    model: str
    size: int = 1
    traces: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    data: str = ""


def ticking(first: int, every: int = STEPS, lag: int = 0, size: int = 1) -> Neurons:
    """Neurons that spike at the steps `first + lag*i`, and again every so many."""
    return Neurons("clock_unit", size, numbers={"every": str(every), "first": str(first), "lag": str(lag)})


POPULATIONS = {
    "on": Neurons("always_on", traces=("since",)),
    "kick": ticking(0, 11, 2, 3),
    "held": Neurons("clamped", traces=("v",)),
    "whole": Neurons(
        "integers",
        traces=(
            "quotient",
            "ones",
            "remainder",
            "share",
            "rest",
            "small",
            "cut",
            "cut_sign",
            "root",
            "ratio",
            "of_two",
            "quotient_in_place",
            "remainder_in_place",
            "rest_in_place",
            "root_in_place",
        ),
    ),
    "rk4": Neurons("forced_rk4", traces=("v",)),
    "rk2": Neurons("forced_rk2", traces=("v",)),
    "gate": Neurons("gates", 3),
    "sine": Neurons("clipped_sine", traces=("v",)),
    "many": Neurons("counting", 30),
    "few": Neurons("counting", 2),
    "cubes": Neurons("counting"),
    "trace": Neurons("traced", 2),
    "plain": Neurons("relay", 3),
    "every": ticking(0, 1),
    "relay": Neurons("relay"),
    "early": ticking(20, 150, 7, 2),
    "late": ticking(18, 150, 1, 8),
    "soft": Neurons("lif_delta", traces=("v",), numbers={"tau_m": "3*ms"}),
    "again": Neurons("self_exciting", traces=("v",)),
    "once_in": ticking(100),
    "filtered": Neurons("lif_exp", traces=("v", "I")),
    "conductance": Neurons("clamped_conductance", traces=("v", "g")),
    "adapting": Neurons("adapting", traces=("v", "a")),
    "fading": Neurons("by_lastspike", traces=("v",)),
    "nested": Neurons("nested", 3),
    "shown": Neurons("sampled", 4, ("x", "total"), data="input"),
    "flag": Neurons("once"),
    "number": Neurons("once_by_number"),
    "names": Neurons("sympy_names", traces=("v",)),
}


@dataclass(frozen=True)
class Wires:
    """An all-to-all projection of the circuit, named `PRE_POST`."""

    pre: str
    post: str
    synapse: str
    weight: float = 0
    rule: str = ""
    delay: str = "0*ms"

    @property
    def name(self) -> str:
        return f"{self.pre}_{self.post}"


PROJECTIONS = (
    Wires("kick", "held", "delta", 0.35),
    Wires("many", "few", "count_arrivals", 0.5),
    Wires("few", "many", "tell_above", 0.25),
    Wires("trace", "plain", "unit_weight", rule="reads_trace"),
    Wires("every", "relay", "delta", 1.1),
    Wires("early", "late", "unit_weight", rule="stdp", delay="0.3*ms"),
    Wires("kick", "soft", "delta", 0.45),
    Wires("again", "again", "delta", 1.5),
    Wires("once_in", "filtered", "current", 0.5),
    Wires("once_in", "nested", "unit_weight", rule="reads_nested"),
    Wires("kick", "plain", "unit_weight", rule="by_place"),
    Wires("once_in", "cubes", "cubed", 0.25, rule="half"),
    Wires("once_in", "plain", "unit_weight", rule="sees"),
)
LEARNED = [wires.name for wires in PROJECTIONS if wires.rule]


@pytest.fixture(scope="module")
def own(zoo_with: Callable[..., Zoo]) -> Zoo:
    """The zoo with the files of this module."""
    return zoo_with(FILES)


def circuit_of(zoo: Zoo, populations: Mapping[str, Neurons], projections: tuple[Wires, ...], dt: str) -> Circuit:
    times = dict.fromkeys(("T_train", "T_test", "T_final"), f"{STEPS_A_SAMPLE}*{dt}")
    experiment = zoo.experiment("rtrl_random_feedback").replaced(**{"protocol": Protocol(dt=dt, **times)})
    made = {
        name: Population(name, "hidden", p.size, zoo.neuron(p.model), p.data, overrides=p.numbers)
        for name, p in populations.items()
    }
    wired = [
        Projection(w.name, "recurrent", made[w.pre], made[w.post], zoo.synapse(w.synapse),
                   rule_of(zoo.rule(w.rule), zoo.synapse(w.synapse)) if w.rule else None, delay=w.delay)
        for w in projections
    ]  # fmt: skip
    return Circuit(experiment, (1, 1, 1), "train", tuple(made.values()), tuple(wired))


DATA = np.random.default_rng(4).integers(1, 100, (N_SAMPLES, POPULATIONS["shown"].size)).astype(float)


@pytest.fixture(scope="module", params=["numpy", "dense"])
def found(request, own: Zoo, tmp_path_factory) -> dict[str, np.ndarray]:
    """Traces, spikes and weights of the circuit: `group.variable`, and `group` for (step, neuron) of its spikes."""
    circuit = circuit_of(own, POPULATIONS, PROJECTIONS, "0.1*ms")
    states = tuple((name, variable, 0) for name, p in POPULATIONS.items() for variable in p.traces)
    spiking = tuple(p.name for p in circuit.populations if p.neuron.threshold)
    recording = Recording(spiking, states)
    traces = {f"{trace_name(*state)}.{state[1]}": f"{state[0]}.{state[1]}" for state in states}
    outputs = [*traces, "gate.beta_m", "few.above", "few.arrived", "cubes.arrived", *(f"{name}.w" for name in LEARNED)]
    outputs += [f"{name}_spikes.{variable}" for name in spiking for variable in "ti"]
    sizes = {p.name: p.size for p in circuit.projections}
    weights = {f"{w.name}.w": np.full(sizes[w.name], w.weight) for w in PROJECTIONS}
    inputs = Inputs({"input": DATA}, weights, N_SAMPLES, seed=0)
    sample_time = STEPS_A_SAMPLE * 0.1 * ms
    if request.param == "numpy":
        result = run_here(circuit, sample_time, inputs, outputs, recording)
    else:
        folder = tmp_path_factory.mktemp("reports") / "program"
        result = Program(build(circuit, sample_time, N_SAMPLES, folder, recording)).run(inputs, outputs)
    result = {traces.get(name, name): values for name, values in result.items()}
    for name in spiking:
        steps = np.rint(result[f"{name}_spikes.t"] / DT).astype(int)
        result[name] = np.array(sorted(zip(steps, result[f"{name}_spikes.i"], strict=True))).reshape(-1, 2)
    return result


def arrivals(steps: np.ndarray, delay: int = 0) -> np.ndarray:
    """How many of some spikes arrive in each step."""
    return np.bincount(steps + 1 + delay, minlength=STEPS)[:STEPS]


def close(values: np.ndarray, expected: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)


def test_every_file_passes_the_check(own) -> None:
    kinds = {"models/neurons": "neuron", "models/synapses": "synapse", "rules": "rule"}
    for path in FILES:
        folder, _, name = path.removesuffix(".yaml").rpartition("/")
        assert errors(check_file(own, kinds[folder], name)) == [], path


# --- Refractoriness -------------------------------------------------------------------------------


def test_refractory_period_of_a_multiple_of_dt(found) -> None:
    """brian-team/brian2#943, #949: 10 steps, or 11 if the time since the last spike is rounded down."""
    np.testing.assert_array_equal(found["on"][:, 0], np.arange(0, STEPS, 10))


def test_last_spike_is_known_without_a_reset(found) -> None:
    """brian-team/brian2genn#47: without a reset `lastspike` was never set."""
    close(found["on.since"], np.arange(STEPS) % 10, 1e-9)


def test_refractory_neuron_ignores_what_arrives(found) -> None:
    """brian-team/brian2#156, nest/nestml#1392: spikes moved the potential that was meant to be clamped."""
    v, free, expected, spikes = 0.0, 0, [], []
    arriving = arrivals(found["kick"][:, 0])
    for step in range(STEPS):
        # A spike arrives before the neurons move: whether it is heard was decided in the step before.
        if step - 1 >= free:
            v += 0.35 * arriving[step]
        if step >= free:
            v = 0.2 + exponential(v - 0.2, 1, 5e-3)
            if v > 1:
                spikes.append(step)
                v, free = 0.25, step + 20
        expected.append(v)
    assert len(spikes) > 5
    assert sum(arriving[s + 1 : s + 20].sum() for s in spikes) > 10
    np.testing.assert_array_equal(found["held"][:, 0], spikes)
    close(found["held.v"], expected)


def test_held_potential_is_held_within_the_steps_of_an_integrator(found) -> None:
    """nest/nest-simulator#1097: the clamp was set after the step, and what depended on the potential saw it move."""

    def flow(v: float, g: float, moving: bool) -> np.ndarray:
        return np.array([moving * (1.6 - v - g * v) / 4e-3, (-g + 0.3 * (v + 1) ** 2) / 3e-3])

    x, free, expected, spikes = np.zeros(2), 0, [], []
    for step in range(STEPS):
        moving = step >= free
        k1 = flow(*x, moving)
        k2 = flow(*(x + DT / 2 * k1), moving)
        k3 = flow(*(x + DT / 2 * k2), moving)
        k4 = flow(*(x + DT * k3), moving)
        x = x + DT / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if moving and x[0] > 0.8:
            spikes.append(step)
            x[0], free = -0.5, step + 15
        expected.append(x)
    assert len(spikes) > 5
    np.testing.assert_array_equal(found["conductance"][:, 0], spikes)
    close(found["conductance.v"], np.array(expected)[:, 0], 1e-10)
    close(found["conductance.g"], np.array(expected)[:, 1], 1e-10)


def test_a_flag_in_a_threshold(found) -> None:
    """brian-team/brian2#632: a boolean variable that the reset sets ends the spiking."""
    np.testing.assert_array_equal(found["flag"][:, 0], [30])


def test_a_number_that_the_reset_counts(found) -> None:
    """fangwei123456/spikingjelly#324: a neuron of one's own that spikes once, by what its reset counts."""
    np.testing.assert_array_equal(found["number"][:, 0], [9])


# --- Operators and functions ----------------------------------------------------------------------


def test_operators_of_whole_numbers_are_pythons(found) -> None:
    """brian-team/brian2#661, #1495 (`-1//2`, `98//98` in C++), #509 (`-1 % 2`), nest/nestml#902 (`1/52` is 0)."""
    k = np.arange(1, STEPS + 1)
    expected = {
        "quotient": (k - 250) // 3,
        "ones": np.ones(STEPS),
        "remainder": (k - 250) % 7,
        "share": (k - 250) / 3,
        "small": np.full(STEPS, 1 / 52),
        "rest": (0.1 * k - 25.05) % 2,
        "root": (0.1 * k) ** (1 / 3),
        "ratio": k / (k + 1),
        "of_two": (k - 250) / (k + 3),
        "quotient_in_place": (k - 250) // 3,
        "remainder_in_place": (k - 250) % 7,
        "rest_in_place": (0.1 * k - 25.05) % 2,
        "root_in_place": np.sqrt(k),
    }
    for name, values in expected.items():
        close(found[f"whole.{name}"], values)


def test_a_whole_number_is_clipped_to_ends_that_are_none(found) -> None:
    """nest/nestml#663: `max(x, 0.)` of real numbers became one of whole numbers in C++."""
    k = np.arange(1, STEPS + 1) - 250
    close(found["whole.cut"], np.clip(k, -0.5, 2.5))
    close(found["whole.cut_sign"], np.sign(k) * 0.5)


def test_removable_singularity_of_a_rate(found) -> None:
    """brian-team/brian2#1117: x/(exp(x) - 1) at 0."""
    close(found["gate.beta_m"], 1.4 / exprel(np.array([0, 2e-10, 7 / 5])), 1e-7)


def test_infinity_as_an_end_of_clip(found) -> None:
    """brian-team/brian2#1061: `-inf` came out of the symbolic algebra under another name."""
    v, expected = 0.0, []
    for step in range(STEPS):
        v += DT / 10e-3 * (min(np.sin(2 * np.pi * 100 * step * DT), 0) - v)
        expected.append(v)
    close(found["sine.v"], expected)


def test_names_that_a_symbolic_algebra_takes_for_its_own(found) -> None:
    """sympy/sympy#24397: `E`, `Q`, `beta` and `zeta` are names of SymPy's; here of constants."""
    t = DT * np.arange(1, STEPS + 1)
    s = 3 * 2 * 4 / (10 - 4) * (np.exp(-t / 10e-3) - np.exp(-t / 4e-3))
    close(found["names.v"], 0.5 * (1 - np.exp(-t / 10e-3)) + s)


# --- Integration ----------------------------------------------------------------------------------


def test_stages_of_an_integrator_read_their_own_time(found) -> None:
    """brian-team/brian2#477: every stage of rk2 and rk4 took the time of the first."""
    t, f = DT * np.arange(STEPS), lambda t: np.sin(2 * np.pi * 800 * t) / 1e-3
    close(found["rk2.v"], np.cumsum(DT * f(t + DT / 2)), 1e-10)
    close(found["rk4.v"], np.cumsum(DT / 6 * (f(t) + 4 * f(t + DT / 2) + f(t + DT))), 1e-10)


def test_an_adaptation_is_integrated_and_jumps(found) -> None:
    """nest/nestml#489: the adaptation was left out of the potential, and its jump was 1 whatever b."""
    v, a, expected = 0.0, 0.0, []
    for _ in range(STEPS):
        v, a = v + DT / 5e-3 * (2.5 - v - a), a + DT / 30e-3 * (0.1 * v - a)
        if v > 1:
            v, a = 0, a + 0.4
        expected.append((v, a))
    assert len(found["adapting"]) > 5
    close(np.transpose([found["adapting.v"], found["adapting.a"]]), expected)


def test_a_trace_that_only_synapses_read_is_integrated(found) -> None:
    """brian-team/brian2genn#135: a variable that no neuron's equation reads stood still."""
    expected = []
    for neuron in range(2):
        r, last, total = 0.0, 0, 0.0
        spikes = found["trace"][found["trace"][:, 1] == neuron, 0]
        for step in spikes[spikes < STEPS - 1]:
            r, last = exponential(r, step - last, 6e-3) + 1, step
            total += r  # it arrives before the neuron moves
        expected.append(total)
    assert min(expected) > 10
    close(found["trace_plain.w"].reshape(2, 3), np.outer(expected, np.ones(3)))


# --- Order of a step ------------------------------------------------------------------------------


def test_a_neuron_can_spike_for_every_spike(found) -> None:
    """brian-team/brian2#1332: the reset came after the arrival, and every other spike was lost."""
    np.testing.assert_array_equal(found["relay"][:, 0], np.arange(1, STEPS))


def test_a_spike_moves_the_neuron_in_the_step_of_its_arrival(found) -> None:
    """nest/nest-simulator#2647, jeshraghian/snntorch#358: before or after the leak; into the current, which decays."""
    steps = np.arange(STEPS) - 100  # the input's spike is at 100, the neuron has moved once at 101
    seconds = DT * np.maximum(steps, 0)
    close(found["filtered.I"], 0.5 * np.exp(-seconds / 10e-3) * (steps > 0))
    close(found["filtered.v"], 0.5 * (np.exp(-seconds / 20e-3) - np.exp(-seconds / 10e-3)))
    assert found["filtered.v"].max() > 0.1


def test_a_spike_subtracts_the_threshold_before_the_leak(found) -> None:
    """jeshraghian/snntorch#341, #413, fangwei123456/spikingjelly#57: what is subtracted decays too, or not."""
    v, expected, arriving = 0.0, [], arrivals(found["kick"][:, 0])
    for step in range(STEPS):
        v = exponential(v + 0.45 * arriving[step], 1, 3e-3)
        v -= v > 1
        expected.append(v)
    assert len(found["soft"]) > 5
    close(found["soft.v"], expected)


def test_a_reset_takes_away_what_has_arrived_from_the_layer_itself(found) -> None:
    """jeshraghian/snntorch#159, #162: the recurrent input of the step survived the reset to zero."""
    v, spiked, expected = 0.0, False, []
    for _ in range(STEPS):
        v = 1.3 + exponential(v + 1.5 * spiked - 1.3, 1, 10e-3)
        spiked = v > 1
        v *= not spiked
        expected.append(v)
    assert (found["again.v"] == 0).sum() > 100
    close(found["again.v"], expected)


def test_a_threshold_by_the_time_since_the_last_spike(found) -> None:
    """brian-team/brian2#1168: before the first spike that time is infinite."""
    v, last, spikes = 0.0, -np.inf, []
    for step in range(STEPS):
        v = 3 + exponential(v - 3, 1, 8e-3)
        if v > 40 / (step - last):
            spikes.append(step)
            v, last = 0, step
    assert len(spikes) > 3
    np.testing.assert_array_equal(found["fading"][:, 0], spikes)


def test_data_of_a_sample_are_those_of_its_row(found) -> None:
    """brian-team/brian2#345, NeuralEnsemble/PyNN#445: a step at the edge fell into the row before."""
    np.testing.assert_array_equal(found["shown.x"], np.repeat(DATA[:, 0], STEPS_A_SAMPLE))
    np.testing.assert_array_equal(found["shown.total"], np.repeat(np.cumsum(DATA[:, 0]), STEPS_A_SAMPLE))


# --- Synapses -------------------------------------------------------------------------------------


def test_spikes_that_arrive_together_all_count(found) -> None:
    """brian-team/brian2cuda#78, #139: writers of one variable at the same time overwrote each other."""
    close(found["few.arrived"], [30 * 0.5] * 2)


def test_a_sum_to_the_presynaptic_side(found) -> None:
    """brian-team/brian2#704: it was taken over the wrong index."""
    close(found["few.above"], [0.25 * sum(range(1, 31))] * 2)


def test_pairs_of_spikes(found) -> None:
    """nest/nest-simulator#1604, #1939, nest/nestml#909, #703, brian-team/brian2genn#22.

    Lost first pairs, delays that count on the wrong side, weights that wait for another spike, and pairs that
    coincide: what arrives comes before what the postsynaptic neuron has just sent.
    """
    expected = np.zeros((2, 8))
    coincident = 0
    for pre, post in np.ndindex(2, 8):
        arrived = found["early"][found["early"][:, 1] == pre, 0] + 1 + 3
        sent = found["late"][found["late"][:, 1] == post, 0] + 1
        for n in arrived[arrived < STEPS]:
            for m in sent[sent < STEPS]:
                coincident += n == m
                after = n <= m
                expected[pre, post] += exponential(0.3, m - n, 4e-3) if after else -exponential(0.2, n - m, 7e-3)
    assert coincident >= 3
    close(found["early_late.w"].reshape(2, 8), expected)


def test_subexpressions_of_subexpressions_of_a_neuron(found) -> None:
    """brian-team/brian2#707, #794: an index hidden one level down was not found."""
    v = 101 * DT / 5e-3  # the spike of step 100 arrives in the next, before the neurons move
    v2 = 2 * v + np.arange(3)
    close(found["once_in_nested.w"], 1.5 * v2 - v)


def test_a_synapse_transmits_an_expression_of_the_weight_as_written(found) -> None:
    """brian-team/brian2#707: expressions that a pathway reads; a rule's change, the store's, then the transmission."""
    close(found["once_in_cubes.w"], 0.75)
    close(found["cubes.arrived"], 0.75**3)


def test_a_rule_reads_an_expression_of_what_it_has_just_written(found) -> None:
    """brian-team/brian2#707: the same of a trace and its expression, where nothing is transmitted."""
    close(found["once_in_plain.w"], 0.5)


def test_indices_in_a_rule(found) -> None:
    """brian-team/brian2#228, #854: i and j were those of another group."""
    counts = np.bincount(found["kick"][found["kick"][:, 0] < STEPS - 1, 1])
    places = np.arange(3)[:, None] + 10 * np.arange(3)
    close(found["kick_plain.w"].reshape(3, 3), counts[:, None] * places)


# --- One circuit each: other time steps, chance, and rules that need the whole check ----------------


@contextlib.contextmanager
def without_traceback() -> Iterator[None]:
    """Fail in a line if Brian2 cannot build what the check has let pass."""
    try:
        yield
    except Exception as error:
        pytest.fail(f"a traceback when it is built: {type(error.__cause__ or error).__name__}", pytrace=False)


def alone(zoo_with: Callable[..., Zoo], text: str, variable: str, dt: str = "0.1*ms") -> np.ndarray:
    """A variable of one neuron of a file at the end of each step, on the numpy target; ZooError if it is refused."""
    zoo = zoo_with({"models/neurons/own.yaml": f"title: {variable}\n{text}"})
    for error in errors(check_file(zoo, "neuron", "own")):
        raise error
    circuit = circuit_of(zoo, {"own": Neurons("own")}, (), dt)
    recording = Recording((), (("own", variable, 0),))
    output = f"{trace_name('own', variable, 0)}.{variable}"
    with without_traceback():
        inputs = Inputs({}, {}, N_SAMPLES, 0)
        return run_here(circuit, STEPS_A_SAMPLE * evaluate(dt), inputs, [output], recording)[output]


def test_refractory_period_below_a_microsecond(zoo_with) -> None:
    """brian-team/brian2#1521: it was written with six digits after the point."""
    text = 'equations: "n : 1"\nthreshold: "True"\nreset: n = n + 1\nrefractory: 0.4*us\n'
    close(alone(zoo_with, text, "n", "0.1*us"), np.arange(STEPS) // 4 + 1)


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.5, 1])
def test_refractory_period_is_the_same_at_every_time_step(zoo_with, dt) -> None:
    """nest/nest-simulator#473: it was 20 steps, however long a step."""
    text = 'equations: "n : 1"\nthreshold: "True"\nreset: n = n + 1\nrefractory: 2*ms\n'
    close(alone(zoo_with, text, "n", f"{dt}*ms"), np.arange(STEPS) // round(2 / dt) + 1)


def test_exponential_euler_is_refused_where_the_equation_is_not_linear(zoo_with) -> None:
    """brian-team/brian2#1143: accepted, and no more exact than Euler."""
    text = "equations: 'dv/dt = (-v + exp(-v))/(10*ms) : 1'\nmethod: exponential_euler\n"
    with pytest.raises(ZooError, match="dv/dt is not linear"):
        alone(zoo_with, text, "v")


@pytest.mark.parametrize(
    ("model", "rate"),
    [
        ("poisson_input", 400),
        ("poisson_noise", 400),
    ],
)  # fmt: skip
def test_rate_at_a_coarse_time_step(zoo, model, rate) -> None:
    """brian-team/brian2#992, BindsNET/bindsnet#608: several arrivals in a step of 1 ms, of which one counts."""
    size, steps = 200, 500
    numbers, data = ({"rate": f"{rate}*Hz"}, "") if model == "poisson_noise" else ({}, "input")
    circuit = circuit_of(zoo, {"unit": Neurons(model, size, numbers=numbers, data=data)}, (), "1*ms")
    inputs = Inputs({"input": np.full((1, size), float(rate))}, {}, 1, seed=3)
    number = run_here(circuit, steps * ms, inputs, ["unit_spikes.count"])["unit_spikes.count"].sum()
    expected = rate * size * steps * 1e-3
    assert abs(number - expected) < 4 * expected**0.5


# --- Refused in a line -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["E", "S", "beta", "gamma"])
def test_a_state_with_a_name_of_a_symbolic_algebra(zoo_with, name) -> None:
    """sympy/sympy#24397: `E` is the base of the natural logarithm, `S` a singleton; right or refused."""
    text = (
        f"equations: |\n  dv/dt = (3*{name} - v)/(10*ms) : 1\n  d{name}/dt = -{name}/(4*ms) : 1\n"
        f"method: exact\ninitial: {name} = 2\n"
    )
    try:
        found = alone(zoo_with, text, "v")
    except ZooError:
        return
    t = DT * np.arange(1, STEPS + 1)
    close(found, 4 * (np.exp(-t / 10e-3) - np.exp(-t / 4e-3)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("equations: |\n  v = t/ms : 1\nthreshold: v > 3\nreset: v = 0\n", id="brian2#860"),
        pytest.param(
            "equations: |\n  dv/dt = (drive - v)/(10*ms) : 1\n  drive = rand() : 1\nmethod: euler\n",
            id="brian2#721",
        ),
        pytest.param(
            "equations: |\n  dv/dt = 1/ms : 1\nthreshold: v > 10*ms/(t - lastspike)\nreset: v = 0\nmethod: euler\n",
            id="brian2#1168",
        ),
        pytest.param("equations: |\n  v : 1\neach_step: v = int(0 < v < 1)\n", id="comparisons"),
        pytest.param(
            "equations: |\n  dv/dt = (1 - v**2)/(10*ms) : 1\nmethod: exponential_euler\n", id="no part"
        ),
    ],
)  # fmt: skip
def test_neuron_that_cannot_be_built(zoo_with, text) -> None:
    """brian-team/brian2#860, #721, #1168: a reset of an expression, chance in one, a time that nobody keeps."""
    with pytest.raises(ZooError):
        alone(zoo_with, text, "v")


def test_a_comparison_in_a_difference_is_checked(zoo_with) -> None:
    """brian-team/brian2#384: an endless recursion in the symbolic algebra."""
    with pytest.raises(ZooError, match="does not come to an end"):
        alone(zoo_with, "equations: |\n  u : 1\n  v = tanh(-int(u > 1) - u) : 1\ninitial: u = 2\n", "v")
    text = "equations: |\n  u : 1\n  v = tanh(-(int(u > 1) + u)) : 1\ninitial: u = 2\n"
    close(alone(zoo_with, text, "v"), np.tanh(-3))


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        pytest.param("dx/dt = 10*Hz : 1", [[0, 10], [0, 0]], id="brian2#1010"),
        pytest.param(
            "dx/dt = z/(40*ms) : 1\n  dy/dt = -y/(3*ms) : 1\n  dz/dt = y/(3*ms) - z/(40*ms) : 1",
            [[0, 0, 25], [0, -1000 / 3, 0], [0, 1000 / 3, -25]], id="brian2#1327",
        ),
        pytest.param(
            "dx/dt = 100*Hz*y : 1\n  dy/dt = -200*Hz*x - 10*Hz*y : 1", [[0, 100], [-200, -10]],
            id="brian2#626",
        ),
    ],
)  # fmt: skip
def test_linear_equations_by_the_exact_method(zoo_with, text, matrix) -> None:
    """brian-team/brian2#1010, #1327, #626: constants, chains without a leak, oscillators; right or refused."""
    names = [line.strip()[1] for line in text.splitlines()]
    start = "\n".join(f"  {name} = 1" for name in names)
    try:
        found = alone(zoo_with, f"equations: |\n  {text}\nmethod: exact\ninitial: |\n{start}\n", "x")
    except ZooError:
        return
    close(found[-1], (expm(np.array(matrix) * STEPS * DT) @ np.ones(len(matrix)))[0], 1e-9)


OWN = {
    "config/experiments/own.yaml": """
title: Its own rule, between two neurons of its own
paper: rtrl
circuit: recurrent
learning:
  feedback: direct_random
  learns: [hidden_output]
  plastic: {rule: own}
synapses: {input_hidden: unit_weight, hidden_hidden: unit_weight, hidden_output: own, target: nothing}
neurons: {input: rate_input, label: rate_input, hidden: before, output: behind}
encoders: {input: identity, label: identity}
protocol: {dt: 0.1*ms, T_train: 20*ms, T_test: 20*ms, T_final: 20*ms}
weights: |
  input_hidden = 0
  hidden_hidden = 0
  hidden_output = 0.5
""",
    "models/neurons/before.yaml": """
title: Spikes every 5 ms, with a trace
equations: |
  dr/dt = -r/(5*ms) : 1
  n : 1
threshold: t_in_timesteps % 50 == 10
reset: r = r + 1
refractory: 1*ms
method: exact
""",
    "models/neurons/behind.yaml": """
title: Spikes every 5 ms, 0.2 ms later
equations: |
  dv/dt = -v/(5*ms) : 1
  s : 1
threshold: t_in_timesteps % 50 == 12
reset: v = 0
graded: v
method: exact
""",
    "models/synapses/unit_weight.yaml": FILES["models/synapses/unit_weight.yaml"],
    "models/synapses/nothing.yaml": "title: Nothing\nstate: 'unused : 1'\n",
    "models/synapses/own.yaml": "title: Weight\nstate: 'w : 1'\nwrite: w = w + dw\nread: v_post += w\n",
}
LAYERS = (1, 2, 3)


def under(zoo_with: Callable[..., Zoo], rule: str, output: str, mode: Mode = "train", **files: str) -> np.ndarray:
    """A variable after two samples under a rule, on the numpy target; ZooError if it is refused."""
    rule = f"title: Own\n{rule}"
    zoo = zoo_with(OWN | {"rules/own.yaml": rule} | files)
    for error in errors(check_experiment(zoo.experiment("own"))):
        raise error
    circuit = circuit_build(zoo.experiment("own"), LAYERS, mode)
    values = initial_weights(circuit, seed=0)
    data = {"input": np.zeros((2, LAYERS[0])), "label": np.zeros((2, LAYERS[-1]))}
    with without_traceback():
        return run_here(circuit, 20 * ms, Inputs(data, values, 2, 0), [output])[output]


def test_a_rule_writes_to_the_presynaptic_neuron_once_a_synapse(zoo_with) -> None:
    """brian-team/brian2#435: it was once a neuron on the numpy target."""
    found = under(zoo_with, "on_pre: |\n  n_pre += 1\n  dw = 0.1\n", "hidden1.n")
    close(found, [3 * 8] * 2)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("on_pre: dw = (t - lastspike_pre)/ms\n", id="genn#314"),
        pytest.param("on_pre: dw = (t - lastupdate)/ms\n", id="brian2#1003"),
        pytest.param(
            "variables:\n  synapse: |\n    dx/dt = -x/ms : 1 (event-driven)\n    s_post = x : 1 (summed)\n"
            "on_pre: |\n  x += 1\n  dw = 0.1\n",
            id="brian2#1263",
        ),
        pytest.param(
            "variables:\n  synapse: |\n    dx/dt = -x**2/ms : 1 (event-driven)\non_pre: |\n  x += 1\n  dw = x\n",
            id="brian2#998",
        ),
        pytest.param("on_pre: |\n  dw = 0.5\n  dw += 0.25\n", id="constant assigned twice"),
        pytest.param("on_pre: dw += 0.25\n", id="added to before it is assigned"),
        pytest.param(
            "variables:\n  synapse: |\n    c : 1 (shared)\non_pre: |\n  c += 1\n  dw = c\n",
            id="shared variable at a spike",
        ),
    ],
)  # fmt: skip
def test_rule_that_cannot_be_built(zoo_with, rule) -> None:
    """genn-team/genn#314, brian-team/brian2#1003, #1263, #998: times of spikes, and what is known at spikes alone."""
    with pytest.raises(ZooError):
        under(zoo_with, rule, "hidden1_output.w")


def test_a_synapse_does_not_name_its_own_variable_like_a_neurons(zoo_with) -> None:
    """brian-team/brian2#818, found in brian2genn#46: a trace `A_pre` of the synapse reads as one of the neuron."""
    text = "title: Weight\nstate: |\n  w : 1\n  dA_pre/dt = -A_pre/ms : 1 (event-driven)\nread: v_post += w\n"
    with pytest.raises(ZooError, match="'A_pre' reads as a variable of a neuron"):
        under(zoo_with, "on_pre: dw = 1\n", "hidden1_output.w", **{"models/synapses/own.yaml": text})


def test_a_synapse_is_integrated_alike_in_training_and_test(zoo_with) -> None:
    """brian-team/brian2#560, #1723: another way of integration than the one asked for, without a word; or refused."""
    store = "title: Store\nstate: |\n  w : 1\n  du/dt = (1 - u)/(20*ms) : 1 (clock-driven)\n"
    store += "write: w = w + dw\nread: v_post += w*u\n"
    rule, file = "method: exact\non_pre: dw = 0*w\n", {"models/synapses/own.yaml": store}
    try:
        found = [under(zoo_with, rule, "hidden1_output.u", mode, **file) for mode in ("train", "test")]
    except ZooError:
        return
    close(found[0], found[1])


@pytest.mark.parametrize("read", ["r_pre", "v_post"])
def test_an_event_driven_equation_reads_a_variable_that_moves(zoo_with, read) -> None:
    """brian-team/brian2#998: what moves between events has no closed form from event to event; right or refused."""
    rule = "variables:\n  synapse: |\n    dx/dt = ({read} - x)/(4*ms) : 1 ({flag})\n{method}"
    rule += "on_pre: |\n  x += 1\n  dw = x\n"
    try:
        found = under(zoo_with, rule.format(read=read, flag="event-driven", method=""), "hidden1_output.w")
    except ZooError:
        return
    at_every_step = rule.format(read=read, flag="clock-driven", method="method: euler\n")
    np.testing.assert_allclose(found, under(zoo_with, at_every_step, "hidden1_output.w"), rtol=0.05)


@pytest.mark.parametrize("moment", ["at_onset", "on_sample", "each_step"])
def test_an_event_driven_variable_is_read_between_events(zoo_with, moment) -> None:
    """brian-team/brian2#1263: no synapse's clock-driven statement sees its decay; right or refused."""
    rule = f"variables:\n  synapse: |\n    dx/dt = -x/(4*ms) : 1 (event-driven)\non_pre: x += 1\n{moment}: dw = x\n"
    try:
        found = under(zoo_with, rule, "hidden1_output.w")
    except ZooError:
        return
    arrived = 11 + 50 * np.arange(8)
    read = {"at_onset": [200], "on_sample": [0, 200], "each_step": np.arange(400)}[moment]
    decayed = [exponential(1, n - m, 4e-3) for n in read for m in arrived if m < n]
    np.testing.assert_allclose(found, 0.5 + sum(decayed), rtol=0.02)
