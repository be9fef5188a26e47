"""Derived rules against automatic differentiation, against finite differences, and as Brian2 runs them.

The oracle knows the equations of the forward pass only: JAX differentiates them backwards through time.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from brian2.equations.equations import Equations
from brian2.parsing.statements import parse_statement
from scipy.linalg import expm

from brian2zoo import circuits
from brian2zoo.compose.circuit import compose
from brian2zoo.derive import derive, read
from brian2zoo.derive.reference import Neuron, Trial, Weights, run, surrogate_function
from brian2zoo.equations.pieces import constants, statements
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, run_here

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)
jnp = jax.numpy

N_IN, N, N_OUT, STEPS = 5, 4, 3, 50

MADE_UP = """
title: A quadratic neuron with two adaptations, of which one drives the other, that no file of the zoo has
equations: |
  pull = k*(v - v_rest)*(v - v_crit) : 1
  dv/dt = (pull - a + tanh(h))/tau : 1
  dh/dt = (z - h)/tau_h : 1
  da/dt = (k_a*v + c - a)/tau_a : 1
  dc/dt = -c/tau_c : 1
  dz/dt = -z/tau_z : 1
threshold: v > v_top + 0.1*c**2
reset: |
  v = v_rest + 0.2*v
  a += 0.3*c + 0.1
  c = c + 1
method: euler
parameters: |
  k = 0.5
  v_rest = 0
  v_crit = 0.6
  v_top = 1
  k_a = 0.2
  tau = 5*ms
  tau_h = 4*ms
  tau_a = 30*ms
  tau_c = 20*ms
  tau_z = 6*ms
"""


@dataclass(frozen=True)
class Case:
    """A neuron of the zoo, its synapse, the size of weights that make it fire, the surrogate and its scale.

    `tau_m` is a time constant that differs from the file's.
    """

    neuron: str
    synapse: str
    weight: str
    surrogate: str = "superspike"
    scale: str = "1"
    dt: str = "1*ms"
    through: tuple[str, ...] | None = None
    tau_m: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        return {"tau_m": self.tau_m} if self.tau_m else {}


CASES = (
    Case("lif_delta", "delta", "0.6"),
    Case("lif_delta", "delta", "0.6", "gaussian", through=("v",)),
    Case("lif_delta_hard", "delta", "0.6", "sigmoid"),
    Case("lif_exp", "current", "2", "gaussian"),
    Case("lif_exp_hard", "current", "2"),
    Case("lif_exp_hard", "current", "2", "sigmoid", through=("v",)),
    # the time constant of the synapse is 10 ms
    Case("lif_exp", "current", "2", tau_m="10*ms"),
    Case("lif_exp", "current", "2", tau_m="0.1*0.1*second"),
    Case("lif_exp", "current", "2", tau_m="(1 + 1e-13)*10*ms"),
    Case("lif", "float", "0.15*nA", "superspike", "10*mV"),
    Case("alif", "delta", "0.6", "triangle"),
    Case("adex", "float", "4*nA", "sigmoid", "5*mV", "0.1*ms"),
    Case("izhikevich", "current", "60", "sigmoid", "10", "0.25*ms"),
    Case("lif_conductance", "conductance", "12*nS", "sigmoid", "10*mV"),
    Case("made_up", "made_up", "2.5"),
)
STORE = """
title: Weight onto z
state: "w : 1"
write: w = w + dw
read: z_post += w
"""
FILES = {"models/neurons/made_up.yaml": MADE_UP, "models/synapses/made_up.yaml": STORE}
IDS = ["-through-".join([case.neuron, *(case.through or ())]) + case.tau_m for case in CASES]


@pytest.fixture(scope="module")
def extended(zoo_with) -> Zoo:
    """The zoo with a neuron of the test's own."""
    return zoo_with(FILES)


def si(text: str) -> float:
    return float(np.asarray(evaluate(text)))


@dataclass(frozen=True)
class Setting:
    """All that a trial needs."""

    neuron: Neuron
    readout: Neuron
    psi: Callable[[Any], Any]
    weights: Weights
    inputs: np.ndarray
    target: np.ndarray

    def error(self, y: np.ndarray, t: int) -> np.ndarray:
        """Derivative of the cross-entropy of one step by the answers."""
        shown = np.exp(y - y.max())
        return shown / shown.sum() - self.target

    def run(self, **choice: Any) -> Trial:
        return run(self.neuron, self.readout, self.psi, self.weights, self.inputs, self.error, **choice)


def setting(zoo: Zoo, case: Case, seed: int = 1) -> Setting:
    rng = np.random.default_rng(seed)
    traces = derive(read(zoo.neuron(case.neuron), zoo.synapse(case.synapse)), case.through)
    readout = derive(read(zoo.neuron("leaky_readout"), zoo.synapse("readout")))
    size = si(case.weight)
    recurrent = size * rng.normal(0, 0.7, (N, N))
    weights = Weights(size * rng.uniform(0, 1, (N, N_IN)), recurrent, rng.normal(0, 1, (N_OUT, N)))
    return Setting(
        Neuron(traces, si(case.dt), case.parameters),
        Neuron(readout, si(case.dt)),
        surrogate_function(zoo.surrogate(case.surrogate), si(case.scale)),
        weights,
        1.0 * (rng.random((STEPS, N_IN)) < 0.15),
        np.eye(N_OUT)[0],
    )


def oracle(zoo: Zoo, case: Case, given: Setting, cut: bool) -> tuple[np.ndarray, Weights]:
    """Spikes and gradient by backpropagation through time; `cut` stops it at recurrent spikes."""
    forward = Forward(zoo, case)

    def loss(weights: tuple[Any, Any, Any]) -> tuple[Any, Any]:
        w_in, w_rec, w_out = weights
        start = forward.initial(), jnp.zeros(N_OUT), jnp.zeros(N_IN), jnp.zeros(N), jnp.full(N, 10**6)

        def step(carry: Any, given_now: Any) -> Any:
            spikes_in, t = given_now
            x, y, arriving, before, since = carry
            heard = jax.lax.stop_gradient(before) if cut else before
            x = forward.arrive(forward.arrive(x, w_in, arriving), w_rec, heard)
            since = since + 1
            active = 1.0 * (since >= forward.refractory_steps)
            x = forward.step(x, active, t)
            x, now = forward.spike(x, active)
            y = forward.kappa * (y + w_out @ before)
            lost = -jax.nn.log_softmax(y) @ given.target
            return (x, y, spikes_in, now, jnp.where(now > 0, 0, since)), (lost, now)

        times = forward.dt * jnp.arange(len(given.inputs))
        _, (lost, spikes) = jax.lax.scan(step, start, (jnp.asarray(given.inputs), times))
        return lost.sum(), spikes

    weights = tuple(map(jnp.asarray, (given.weights.input, given.weights.recurrent, given.weights.readout)))
    (_, spikes), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(weights)
    return np.asarray(spikes), Weights(*map(np.asarray, gradient))


class Forward:
    """The forward pass of a file, as JAX sees it."""

    def __init__(self, zoo: Zoo, case: Case) -> None:
        model: NeuronModel = zoo.neuron(case.neuron)
        self.dt, equations = si(case.dt), Equations(model.equations)
        self.values = {name: float(np.asarray(v)) for name, v in constants(model, case.parameters).items()} | {
            "ms": 1e-3,
            "volt": 1.0,
        }
        self.names = [name for name in equations if name in equations.diff_eq_names]
        right = dict(equations.get_substituted_expressions(include_subexpressions=True))
        self.flows = [compile(right[name].code, name, "eval") for name in self.names]
        self.shorthand = {name: right[name].code for name in equations.subexpr_names}
        self.still = ["unless refractory" in equations[name].flags for name in self.names]
        self.threshold, self.reset, self.method = model.threshold, statements(model.reset), model.method
        self.refractory_steps = round(self.values.get("t_ref", 0) / self.dt) if model.refractory else 0
        self.starts = dict(map(str.strip, line.split("=")) for line in statements(model.initial))
        self.synapse = zoo.synapse(case.synapse)
        self.at_synapse = {name: float(np.asarray(v)) for name, v in constants(self.synapse, {}).items()}
        self.at_synapse |= {f"{name}_post": value for name, value in self.values.items()}
        self.through = derive(read(model, zoo.synapse(case.synapse)), case.through).kept
        self.kappa = float(np.exp(-self.dt / si("20*ms")))
        psi = surrogate_in_jax(zoo, case)

        @jax.custom_jvp
        def spike(g: Any) -> Any:
            return 1.0 * (g > 0)

        spike.defjvp(lambda primal, tangent: (spike(*primal), psi(*primal) * tangent[0]))
        self.step_function = spike

    def scope(self, x: Any, t: Any = 0.0) -> dict[str, Any]:
        return FUNCTIONS | self.values | {"t": t, "dt": self.dt, "second": 1.0} | dict(zip(self.names, x, strict=True))

    def initial(self) -> Any:
        values = [eval(self.starts.get(name, "0"), self.scope(np.zeros(len(self.names)))) for name in self.names]
        return jnp.array([jnp.full(N, float(value)) for value in values])

    def arrive(self, x: Any, weights: Any, spikes: Any) -> Any:
        """All that the synapse's statements add at spikes (M,), through weights (N, M)."""
        scope = FUNCTIONS | self.at_synapse | {"w": weights}
        right = dict(Equations(self.synapse.state).get_substituted_expressions(include_subexpressions=True))
        shorthand = {name: expression.code for name, expression in right.items()}
        for line in statements(self.synapse.draw + "\n" + self.synapse.read):
            name, _, expression, _ = parse_statement(line)
            value = eval(expression, seen(scope, shorthand))
            if name.endswith("_post"):
                x = x.at[self.names.index(name.removesuffix("_post"))].add(value @ spikes)
            else:
                scope[name] = value
        return x

    def flow(self, x: Any, active: Any, t: Any = 0.0) -> list[Any]:
        rows = [eval(code, self.scope(x, t)) for code in self.flows]
        return [row * active if still else row for row, still in zip(rows, self.still, strict=True)]

    def step(self, x: Any, active: Any, t: Any) -> Any:
        if self.method == "euler":
            return x + self.dt * jnp.stack(jnp.broadcast_arrays(*x, *self.flow(x, active, t))[len(x) :])
        steps = []
        for value in (0.0, 1.0):  # a linear system: the unit vectors give its matrix
            n = len(self.names)
            offset = np.array(self.flow(np.zeros(n), value))
            whole = np.zeros((n + 1, n + 1))
            whole[:n, :n] = np.stack([np.array(self.flow(unit, value)) - offset for unit in np.eye(n)], axis=1)
            whole[:n, n] = offset
            whole = expm(whole * self.dt)
            steps.append(whole[:n, :n] @ x + whole[:n, n:])
        return jnp.where(active > 0, steps[1], steps[0])

    def spike(self, x: Any, active: Any) -> tuple[Any, Any]:
        above, sign, below = re.split(r"\s*([<>])=?\s*", self.threshold)
        above, below = (above, below) if sign == ">" else (below, above)
        after = self.scope(x)
        distance = f"({above}) - ({below})"
        now = active * self.step_function(eval(distance, seen(after, self.shorthand)))
        for line in self.reset:
            after = seen(after, self.shorthand)
            exec(line, after)
        rows = []
        for name, before in zip(self.names, x, strict=True):
            felt = now if name in self.through else jax.lax.stop_gradient(now)
            rows.append(before + felt * (after[name] - before))
        return jnp.array(rows), now


def seen(scope: Mapping[str, Any], shorthand: Mapping[str, str]) -> dict[str, Any]:
    """Names with the values that subexpressions have now."""
    return dict(scope) | {name: eval(code, dict(scope)) for name, code in shorthand.items()}


def exprel(x: Any) -> Any:
    """(exp(x) - 1)/x, differentiable at zero by its series."""
    small = jnp.abs(x) < 1e-4
    apart = jnp.where(small, 1.0, x)
    return jnp.where(small, 1 + x / 2 + x**2 / 6 + x**3 / 24, jnp.expm1(apart) / apart)


FUNCTIONS = {f.__name__: f for f in (jnp.exp, jnp.expm1, jnp.log, jnp.log1p, jnp.sin, jnp.cos, jnp.tanh, jnp.cosh)}
FUNCTIONS |= {"sqrt": jnp.sqrt, "arctan": jnp.arctan, "abs": jnp.abs, "clip": jnp.clip}
FUNCTIONS |= {"inf": np.inf, "exprel": exprel}


def surrogate_in_jax(zoo: Zoo, case: Case) -> Callable[[Any], Any]:
    scale, model = si(case.scale), zoo.surrogate(case.surrogate)
    known = {name: float(v) for name, v in constants(model, {}).items()}
    known |= {"exp": jnp.exp, "sqrt": np.sqrt, "pi": np.pi, "clip": jnp.clip, "inf": np.inf}
    return lambda g: eval(model.derivative, known | {"x": g / scale}) / scale


def assert_close(found: Weights, expected: Weights, tolerance: float) -> None:
    for name in ("input", "recurrent", "readout"):
        one, other = getattr(found, name), getattr(expected, name)
        assert np.abs(other).max() > 0
        assert np.abs(one - other).max() <= tolerance * np.abs(other).max(), name


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_rtrl_is_backpropagation_through_time(extended, case) -> None:
    given = setting(extended, case)
    spikes, exact = oracle(extended, case, given, cut=False)
    found = given.run(approximation="full")
    np.testing.assert_array_equal(found.spikes, spikes)
    assert 3 <= spikes.sum() <= 0.6 * spikes.size
    assert_close(found.gradient, exact, 1e-10)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_one_block_a_neuron_is_backpropagation_that_stops_at_recurrent_spikes(extended, case) -> None:
    given = setting(extended, case)
    _, exact = oracle(extended, case, given, cut=True)
    assert_close(given.run(approximation="block_diagonal").gradient, exact, 1e-10)


SMOOTH = Case("alif", "delta", "0.6", "superspike", through=("v", "b"))


@pytest.mark.parametrize("surrogate", ["superspike", "triangle", "boxcar", "sigmoid"])
def test_a_surrogate_is_the_derivative_of_its_smooth_spike(extended, surrogate) -> None:
    model, g = extended.surrogate(surrogate), np.linspace(-1.7, 1.7, 200) * 3
    psi, smooth = (surrogate_function(model, 3.0, field) for field in ("derivative", "smooth"))
    edges = np.abs(np.abs(g) - 1.5) < 0.01  # the box has none there
    differences = (smooth(g + 1e-6) - smooth(g - 1e-6)) / 2e-6
    np.testing.assert_allclose(differences[~edges], psi(g)[~edges], rtol=1e-6, atol=1e-7)


def smooth_trial(given: Setting, zoo: Zoo, weights: Weights, **choice: Any) -> tuple[Trial, float]:
    """A trial with smooth spikes, and its loss."""
    spike = surrogate_function(zoo.surrogate(SMOOTH.surrogate), 1.0, "smooth")
    trial = replace(given, weights=weights).run(spike=spike, **choice)
    shown = np.exp(trial.answers)
    return trial, -float(np.log(shown / shown.sum(axis=1, keepdims=True))[:, 0].sum())


@pytest.mark.parametrize("held", [False, True], ids=["free", "clamped"])
def test_gradient_is_that_of_finite_differences(extended, held) -> None:
    """With smooth spikes the loss has differences; with recurrent spikes held, they are the block-diagonal part."""
    given = setting(extended, SMOOTH)
    kind = {"approximation": "block_diagonal" if held else "full"}
    replay = {"replay": smooth_trial(given, extended, given.weights)[0].spikes} if held else {}
    exact = smooth_trial(given, extended, given.weights, **kind, **replay)[0].gradient
    for name, place in (("input", (1, 2)), ("input", (3, 0)), ("recurrent", (0, 3)), ("recurrent", (2, 1))):
        losses = []
        for sign in (1, -1):
            changed = getattr(given.weights, name).copy()
            changed[place] += sign * 1e-5
            losses.append(smooth_trial(given, extended, replace(given.weights, **{name: changed}), **replay)[1])
        expected = getattr(exact, name)[place]
        assert abs((losses[0] - losses[1]) / 2e-5 - expected) <= 1e-6 * np.abs(getattr(exact, name)).max()


def test_without_recurrent_weights_one_block_a_neuron_is_exact(extended) -> None:
    given = setting(extended, CASES[0])
    apart = replace(given, weights=replace(given.weights, recurrent=np.zeros((N, N))))
    assert_close(apart.run(approximation="block_diagonal").gradient, apart.run().gradient, 1e-12)


def test_snap_of_one_step_is_one_block_a_neuron_and_of_many_is_exact(extended) -> None:
    given = setting(extended, CASES[0])
    sparse = given.weights.recurrent * (np.arange(N)[:, None] == (np.arange(N) + 1) % N)  # a ring
    ring = replace(given, weights=replace(given.weights, recurrent=sparse))
    assert_close(
        ring.run(approximation="snap", order=1).gradient, ring.run(approximation="block_diagonal").gradient, 1e-12
    )
    assert_close(ring.run(approximation="snap", order=N).gradient, ring.run().gradient, 1e-12)
    two = ring.run(approximation="snap", order=2).gradient.input
    assert np.abs(two - ring.run().gradient.input).max() > 1e-3 * np.abs(two).max()


# one of every kind: traces in one place or in both, integrated exactly or not, with and without own spikes
BRIAN_CASES = [c for c in CASES if c.neuron not in ("lif_delta", "lif_delta_hard", "izhikevich") and not c.through]
BRIAN_FILES = {"models/neurons/made_up.yaml": MADE_UP, "models/synapses/made_up.yaml": STORE}
IDS = [name for case, name in zip(CASES, IDS, strict=True) if case in BRIAN_CASES]
EXPERIMENT = """
title: One layer of {case.neuron} under the rule derived for it
paper: rtrl
circuit: recurrent
learning:
  feedback: symmetric
  loss: cross_entropy
  plastic:
    {{rule: derived, surrogate: {case.surrogate}, scale: "{case.scale}", optimizer: descent, traces: {traces}}}
  hidden_output: {{rule: block_diagonal, optimizer: gradient_descent, traces: {of_readout}}}
synapses: {{plastic: {case.synapse}, hidden_output: readout, target: target, pool: softmax_pool}}
neurons: {{input: regular_input, label: rate_input, hidden: {case.neuron}, output: leaky_readout}}
encoders: {{input: identity, label: identity}}
protocol: {{dt: {case.dt}, T_train: {STEPS}*{case.dt}, T_test: 1*ms, T_final: 1*ms, rest: true}}
weights: |
  input_hidden = 0*{case.weight}
  recurrent = 0*{case.weight}
  hidden_output = 0
parameters: |
  input.t_on = 9*{case.dt}
{parameters}
"""


DESCENT = """
title: Gradient descent of weights in some unit
extends: gradient_descent
unit: "{unit}"
parameters: eta = 1e-3*({weight})**2
"""


def derived(
    zoo_with: Callable[..., Zoo],
    zoo: Zoo,
    case: Case,
    factorize: bool = True,
    full: bool = False,
    files: Mapping[str, str] = FILES,
) -> Zoo:
    """The zoo with a rule that is derived for a case, and an experiment that uses it."""
    neuron = read(zoo.neuron(case.neuron), zoo.synapse(case.synapse))
    # The readout is integrated exactly; a trace of it cannot live on a neuron that is not.
    on_neurons = factorize and neuron.neuron.method == "exact"
    through = f"through: [{', '.join(case.through)}]\n" if case.through is not None else ""
    return zoo_with(
        {
            **files,
            "rules/derived.yaml": f"title: Derived\nderived: {'full' if full else 'block_diagonal'}\n{through}",
            "models/optimizers/descent.yaml": DESCENT.format(unit=neuron.weight_unit, weight=case.weight),
            "config/experiments/derived.yaml": EXPERIMENT.format(
                case=case,
                STEPS=STEPS,
                traces="neuron" if factorize else "synapse",
                of_readout="neuron" if on_neurons else "synapse",
                parameters="\n".join(f"  hidden.{name} = {value}" for name, value in case.parameters.items()),
            ),
        }
    )


# with a reset to zero, an adaptation, a refractory period and units, equations that are not linear
FULL = ("lif_exp_hard", "alif", "lif", "made_up")
RUNS = [(case, "block_diagonal") for case in BRIAN_CASES] + [
    (case, "full") for case in BRIAN_CASES if case.neuron in FULL
]


@pytest.mark.parametrize(
    ("case", "approximation"), RUNS, ids=[f"{case.neuron}{case.tau_m}-{kind}" for case, kind in RUNS]
)
def test_brian_runs_the_derived_rule_to_the_gradient_of_the_reference(zoo_with, extended, case, approximation) -> None:
    """Two samples: after the first the weights have moved, and the second starts from rest."""
    given = setting(extended, case)
    zoo = derived(zoo_with, extended, case, full=approximation == "full")
    circuit = circuits.build(zoo.experiment("derived"), [N_IN, N, N_OUT], "train")
    rng = np.random.default_rng(5)
    data = {"input": rng.uniform(0.5, 3, (2, N_IN)), "label": np.tile(given.target, (2, 1))}
    values = {
        "input_hidden1.w": given.weights.input.T.ravel(),
        "hidden1_hidden1.w": given.weights.recurrent.T.ravel(),
        "hidden1_output.w": given.weights.readout.T.ravel(),
    }
    names = [name.partition(".")[0] for name in values]
    wanted = [f"{name}.{variable}" for name in names for variable in ("grad", "w")]
    recording = network.Recording(spikes=("input", "hidden1"))
    wanted += ["input_spikes.i", "input_spikes.t", "hidden1_spikes.i", "hidden1_spikes.t"]
    found = run_here(circuit, network.duration(circuit, "T_train"), Inputs(data, values, 2, 0), wanted, recording)

    inputs, spikes = (raster(found, name, size, si(case.dt)) for name, size in (("input", N_IN), ("hidden1", N)))
    first = replace(given, inputs=inputs[:STEPS]).run(approximation=approximation)
    hidden, readout = (
        float(np.asarray(constants(zoo.optimizer(name), {})["eta"])) for name in ("descent", "gradient_descent")
    )
    moved = Weights(
        given.weights.input - hidden * first.gradient.input,
        given.weights.recurrent - hidden * first.gradient.recurrent,
        given.weights.readout - readout * first.gradient.readout,
    )
    assert not np.array_equal(moved.input, given.weights.input)
    second = replace(given, weights=moved, inputs=inputs[STEPS:]).run(approximation=approximation)

    np.testing.assert_array_equal(spikes, np.concatenate([first.spikes, second.spikes]))
    for variable, expected in (("w", moved), ("grad", second.gradient)):
        assert_close(matrices(found, variable), expected, 1e-10)


def test_traces_on_presynaptic_neurons_are_those_on_synapses(zoo_with, extended) -> None:
    case, gradients = CASES[3], []
    given = setting(extended, case)
    data = {"input": np.random.default_rng(5).uniform(0.5, 3, (1, N_IN)), "label": given.target[None]}
    values = {"input_hidden1.w": given.weights.input.T.ravel(), "hidden1_output.w": given.weights.readout.T.ravel()}
    for factorize in (True, False):
        zoo = derived(zoo_with, extended, case, factorize)
        circuit = circuits.build(zoo.experiment("derived"), [N_IN, N, N_OUT], "train")
        wanted = [f"{name}.grad" for name in ("input_hidden1", "hidden1_output")]
        gradients.append(run_here(circuit, network.duration(circuit, "T_train"), Inputs(data, values, 1, 0), wanted))
        on_synapses = "eps_v" in compose(circuit).synapses["input_hidden1"].equations
        assert on_synapses is not factorize
    for name, found in gradients[0].items():
        assert np.abs(found).max() > 0
        np.testing.assert_allclose(found, gradients[1][name], rtol=1e-10, atol=1e-12 * np.abs(found).max())


def raster(found: dict[str, np.ndarray], name: str, size: int, dt: float) -> np.ndarray:
    """(step, unit) spikes of two samples."""
    spikes = np.zeros((2 * STEPS, size))
    spikes[np.rint(found[f"{name}_spikes.t"] / dt).astype(int), found[f"{name}_spikes.i"]] = 1
    return spikes


def matrices(found: dict[str, np.ndarray], variable: str) -> Weights:
    return Weights(
        found[f"input_hidden1.{variable}"].reshape(N_IN, N).T,
        found[f"hidden1_hidden1.{variable}"].reshape(N, N).T,
        found[f"hidden1_output.{variable}"].reshape(N, N_OUT).T,
    )
