"""Rules of spike timing against sums over pairs and triplets of spikes, and against the windows of their papers.

Spikes are given: those of the presynaptic units as events, those of the postsynaptic neurons by kicks, which arrive a
step later. All rules are kinds of projections of one circuit, which runs on the numpy target and on the dense device.
The reference knows nothing of traces: it takes exponentials of differences of spike times, spike by spike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.check import check_experiment, errors
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets.events import Events
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

DT, STEPS_A_SAMPLE, CAPACITY = 1e-4, 1000, 600
PRE, POST = 21, 3
START = 0.5

# --- Rules as papers have them --------------------------------------------------------------------


@dataclass(frozen=True)
class Of:
    """A rule's kind in the circuit, its parameters, and the changes it makes, of differences of spike times in s.

    Parameters
    ----------
    at_pre, at_post : change at a spike, in parts of w_max: of the weight, of the times since the spikes of the other
        side up to now, and since those of the own side before it.
    """

    rule: str
    parameters: dict[str, str]
    at_pre: Callable[[float, np.ndarray, np.ndarray], float]
    at_post: Callable[[float, np.ndarray, np.ndarray], float]
    bounds: tuple[float, float] = (0, 1)
    start: float = START


def decayed(since: np.ndarray, tau: float) -> float:
    return float(np.exp(-since / tau).sum())


def nearest(since: np.ndarray, tau: float) -> float:
    return float(np.exp(-since.min() / tau)) if len(since) else 0.0


def triplet(a2_plus, a2_minus, a3_plus, a3_minus, tau_x, tau_y, tau_plus=16.8e-3, tau_minus=33.7e-3) -> dict[str, Any]:
    """Equations 3 and 4 of Pfister and Gerstner (2006)."""
    return {
        "at_pre": lambda _, other, own: -decayed(other, tau_minus) * (a2_minus + a3_minus * decayed(own, tau_x)),
        "at_post": lambda _, other, own: decayed(other, tau_plus) * (a2_plus + a3_plus * decayed(own, tau_y)),
        "bounds": (-20, 1),
        "start": -10,
    }


# Tables 3 and 4 of that paper, all spikes with all: A2+, A2-, A3+, A3-, tau_x, tau_y.
CORTEX = (0, 7.1e-3, 6.5e-3, 0, 101e-3, 114e-3)
CORTEX_FULL = (5e-10, 7e-3, 6.2e-3, 2.3e-4, 101e-3, 125e-3)
HIPPOCAMPUS = (5.3e-3, 3.5e-3, 8e-3, 0, 946e-3, 40e-3)
WIDE = {"w_min": "-20"}  # the paper's weights have no bounds
RULES = {
    "pair": Of(
        "stdp_pair",
        {"a_plus": "0.1", "a_minus": "0.08", "tau_minus": "35*ms"},
        lambda _, other, own: -0.08 * decayed(other, 35e-3),
        lambda _, other, own: 0.1 * decayed(other, 20e-3),
    ),
    "soft": Of(
        "stdp_multiplicative",
        {"a_plus": "0.1", "a_minus": "0.12", "mu_plus": "0.3", "mu_minus": "1"},
        lambda w, other, own: -0.12 * decayed(other, 20e-3) * w,
        lambda w, other, own: 0.1 * decayed(other, 20e-3) * (1 - w) ** 0.3,
    ),
    "nearest": Of(
        "stdp_nearest",
        {"a_plus": "0.1", "a_minus": "0.1"},
        lambda _, other, own: -0.1 * nearest(other, 20e-3),
        lambda _, other, own: 0.1 * nearest(other, 20e-3),
    ),
    "nearest_triplet": Of(
        "stdp_nearest_triplet",
        {"a_plus": "0.1", "a_minus": "0.02"},
        lambda _, other, own: -0.02 * nearest(other, 20e-3),
        lambda _, other, own: 0.1 * nearest(other, 20e-3) * nearest(own, 40e-3),
    ),
    "post_triggered": Of(
        "stdp_post_triggered",
        {"eta": "0.1", "x_target": "0.3", "mu": "0.5"},
        lambda _, other, own: 0.0,
        lambda w, other, own: 0.1 * (decayed(other, 20e-3) - 0.3) * (1 - w) ** 0.5,
    ),
    "cortex": Of("stdp_triplet", WIDE, **triplet(*CORTEX)),
    "hippocampus": Of("stdp_triplet_hippocampus", WIDE, **triplet(*HIPPOCAMPUS)),
    "full": Of(
        "stdp_triplet",
        WIDE | {"a_plus": "5e-10", "a_minus": "7e-3", "a3_plus": "6.2e-3", "a3_minus": "2.3e-4", "tau_y": "125*ms"},
        **triplet(*CORTEX_FULL),
    ),
    "inhibition": Of(
        "stdp_homeostatic_inhibition",
        {"eta": "0.1", "rho_0": "12*Hz"},
        lambda _, other, own: 0.1 * (decayed(other, 20e-3) - 2 * 12 * 20e-3),
        lambda _, other, own: 0.1 * decayed(other, 20e-3),
    ),
}


def change(of: Of, pre: np.ndarray, post: np.ndarray) -> float:
    """Of the weight by spikes at steps `pre` and `post`; those of one step are a pair, the presynaptic one first."""
    w = of.start
    for step in np.union1d(pre, post):
        for here, own, other, asked in ((pre, pre, post, of.at_pre), (post, post, pre, of.at_post)):
            if step in here:
                since = (step - other[other <= step]) * DT, (step - own[own < step]) * DT
                w = float(np.clip(w + asked(w, *since), *of.bounds))
    return w - of.start


# --- The circuit ----------------------------------------------------------------------------------

KICKED = """
title: Spikes for every kick, whatever else arrives
equations: |
  v : 1
  I : 1
threshold: v > 0.5
reset: v = 0
"""


def files(delay: str = "0*ms") -> dict[str, str]:
    """One circuit in which each rule has postsynaptic neurons of its own."""
    roles = {kind: f"after_{kind}" for kind in RULES}
    lines = [f"  {role}: {{size: N_output}}" for role in roles.values()]
    lines += [
        "projections:",
        f"  kick: {{source: input, target: [{', '.join(roles.values())}], pairs: i == j + {PRE}}}",
    ]
    lines += [
        f"  {kind}: {{source: input, target: {role}, pairs: i < {PRE}, learns: true, delay: {delay}}}"
        for kind, role in roles.items()
    ]
    circuit = "title: given spikes\npopulations:\n  input: {data: input}\n  output: {}\n"
    parameters = [f"  {kind}.{name} = {value}" for kind, of in RULES.items() for name, value in of.parameters.items()]
    experiment = f"""
title: every rule, on given spikes
circuit: given
learning:
  plastic: {{}}
{"".join(f"  {kind}: {{rule: {of.rule}}}{chr(10)}" for kind, of in RULES.items())}
synapses: {{plastic: bounded, kick: delta}}
neurons: {{input: event_input, output: kicked, {", ".join(f"{r}: kicked" for r in roles.values())}}}
encoders: {{input: events}}
protocol: {{dt: 0.1*ms, T_train: 100*ms, T_test: 100*ms, T_final: 100*ms}}
weights: |
  kick = 1
{"".join(f"  {kind} = {of.start}{chr(10)}" for kind, of in RULES.items())}
parameters: |
""" + "\n".join(parameters)
    return {
        "models/neurons/kicked.yaml": KICKED,
        "models/circuits/given.yaml": "\n".join([circuit.rstrip(), *lines]) + "\n",
        "config/experiments/given.yaml": experiment,
    }


@pytest.fixture(scope="module")
def circuit(zoo_with) -> Circuit:
    zoo = zoo_with(files())
    assert errors(check_experiment(zoo.experiment("given"))) == []
    return circuits.build(zoo.experiment("given"), (PRE + POST, POST), "train")


Run = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], dict[str, np.ndarray]]
"""From the steps at which presynaptic and postsynaptic units spike to changes of weights (pre, post) by kind."""


def on(circuit: Circuit, made: Callable[[Inputs, list[str]], dict[str, np.ndarray]]) -> Run:
    """Runs of the circuit; that neurons spike when they are told to is asserted."""
    values = initial_weights(circuit, seed=0) | parameter_values(circuit)
    names = {projection.kind: projection.weight for projection in circuit.plastic}

    def run(pre: Sequence[np.ndarray], post: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        kicks = [spikes - 1 for spikes in post]
        n_samples = 1 + max(int(each.max()) for each in (*pre, *post) if len(each)) // STEPS_A_SAMPLE
        unit = np.repeat(np.arange(PRE + POST), [len(each) for each in (*pre, *kicks)])
        step = np.concatenate([*pre, *kicks]).astype(int)
        order = np.lexsort((unit, step))
        sample = step[order] // STEPS_A_SAMPLE
        offsets = np.searchsorted(sample, np.arange(n_samples + 1))
        events = Events((step[order] % STEPS_A_SAMPLE) * DT, unit[order], offsets, PRE + POST)
        monitors = [f"after_pair_spikes.{name}" for name in "ti"]
        # a spike arrives in the step after it, which the last sample may not have
        inputs = Inputs({"input": events}, values, n_samples, 0)
        found = made(inputs, [*names.values(), *monitors])
        for neuron, spikes in enumerate(post):
            times = found["after_pair_spikes.t"][found["after_pair_spikes.i"] == neuron]
            np.testing.assert_array_equal(np.round(times / DT), np.sort(spikes))
        return {kind: found[name].reshape(PRE, POST) - RULES[kind].start for kind, name in names.items()}

    return run


@pytest.fixture(scope="module")
def dense(circuit, tmp_path_factory) -> Run:
    recording = Recording(("after_pair",))
    folder = tmp_path_factory.mktemp("stdp") / "program"
    program = Program(build(circuit, 100 * ms, CAPACITY, folder, recording, backend=backend("dense")))
    return on(circuit, program.run)


@pytest.fixture(scope="module")
def numpy_target(circuit) -> Run:
    recording = Recording(("after_pair",))
    return on(circuit, lambda inputs, names: run_here(circuit, 100 * ms, inputs, names, recording))


@pytest.fixture(params=["numpy_target", "dense"])
def run(request) -> Run:
    return request.getfixturevalue(request.param)


# --- Random trains --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trains() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Steps of spikes in two samples, of several rates; some units and neurons spike in the same step."""
    rng = np.random.default_rng(1998)
    most = 2 * STEPS_A_SAMPLE - 10

    def train(n: int) -> np.ndarray:
        return np.sort(rng.choice(np.arange(5, most), n, replace=False))

    pre, post = [train(n) for n in range(PRE)], [train(n) for n in (4, 12, 25)]
    for k in range(4, PRE, 3):
        pre[k] = np.union1d(pre[k], post[k % POST][::2])
    return pre, post


@pytest.fixture(scope="module")
def expected(trains) -> dict[str, np.ndarray]:
    pre, post = trains
    return {kind: np.array([[change(of, p, q) for q in post] for p in pre]) for kind, of in RULES.items()}


def test_weights_are_those_of_sums_over_spikes(run, trains, expected) -> None:
    found = run(*trains)
    for kind in RULES:
        largest = np.abs(expected[kind]).max()
        assert largest > 1e-2
        np.testing.assert_allclose(found[kind], expected[kind], rtol=0, atol=1e-9 * largest, err_msg=kind)


def test_trains_reach_the_bounds_and_tell_the_rules_apart(trains, expected) -> None:
    """That the test above would notice."""
    pre, post = trains
    unbounded = replace(RULES["pair"], bounds=(-9, 9))
    cut = expected["pair"] - [[change(unbounded, p, q) for q in post] for p in pre]
    assert cut.max() > 0.05
    assert cut.min() < -0.05
    assert not np.any(np.isin(expected["soft"], (-START, START)))
    assert np.abs(expected["cortex"] - expected["full"]).max() > 1e-3
    with_own_spike = triplet(*CORTEX_FULL)["at_post"]
    of = replace(RULES["full"], at_post=lambda w, other, own: with_own_spike(w, other, np.append(own, 0)))
    assert abs(change(of, np.array([100]), np.array([150]))) > 4e-3  # a pair alone would be a triplet


# --- Spikes under way -----------------------------------------------------------------------------

LATE = {"of one delay": ("0.7*ms", 7), "of delays of their own": ("(3*i + 5*j)*0.1*ms", None)}


def test_synapses_see_traces_as_late_as_spikes_reach_them(zoo_with, trains, on_backend) -> None:
    """As if each synapse had a presynaptic neuron of its own, which spikes by its delay later."""
    pre, post = trains
    for delay, steps in LATE.values():
        experiment = zoo_with(files(delay)).experiment("given")
        assert errors(check_experiment(experiment)) == []
        late = circuits.build(experiment, (PRE + POST, POST), "train")
        found = on(late, on_backend(late))(pre, post)
        end = 2 * STEPS_A_SAMPLE - 1  # what would arrive after that does not
        for kind, of in RULES.items():
            expected = np.zeros((PRE, POST))
            for i, j in np.ndindex(PRE, POST):
                arriving = pre[i] + (3 * i + 5 * j if steps is None else steps)
                expected[i, j] = change(of, arriving[arriving < end], post[j])
            largest = np.abs(expected).max()
            np.testing.assert_allclose(found[kind], expected, rtol=0, atol=1e-9 * largest, err_msg=f"{kind}, {delay}")


@pytest.fixture(params=["numpy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("dense", "cpp"))])
def on_backend(request, tmp_path) -> Callable[[Circuit], Callable[[Inputs, list[str]], dict[str, np.ndarray]]]:
    recording = Recording(("after_pair",))

    def made(circuit: Circuit) -> Callable[[Inputs, list[str]], dict[str, np.ndarray]]:
        if request.param == "numpy":
            return lambda inputs, names: run_here(circuit, 100 * ms, inputs, names, recording)
        folder = tmp_path / circuit.plastic[0].delay.replace("*", "_")
        return Program(build(circuit, 100 * ms, CAPACITY, folder, recording, backend=backend(request.param))).run

    return made


# --- The window -----------------------------------------------------------------------------------

LAGS = np.concatenate([np.arange(-50, 0, 5), [0], np.arange(5, 51, 5)])  # ms, from the presynaptic spike to the other


def test_one_pair_changes_the_weight_by_the_window(run) -> None:
    """A exp(-|dt|/tau), of either sign; at 0 a pair is one in both orders."""
    middle = 1000
    found = run([np.array([middle - 10 * lag]) for lag in LAGS], [np.array([middle])] * POST)
    plus, minus = LAGS >= 0, LAGS <= 0
    for kind, tau_minus, a_minus in (("pair", 35, 0.08), ("nearest", 20, 0.1)):
        window = 0.1 * np.exp(-LAGS / 20.0) * plus - a_minus * np.exp(LAGS / float(tau_minus)) * minus
        for each in found[kind].T:
            np.testing.assert_allclose(each, window, rtol=1e-9, atol=1e-12)
    # of the inhibitory rule the window is symmetric, and every presynaptic spike weakens
    symmetric = 0.1 * (np.exp(-np.abs(LAGS) / 20.0) * (1 + (LAGS == 0)) - 2 * 12 * 20e-3)
    np.testing.assert_allclose(found["inhibition"][:, 0], symmetric, rtol=1e-9, atol=1e-12)
    # a pair without a triplet: the fit to visual cortex has no potentiation
    pairs = -7.1e-3 * np.exp(LAGS / 33.7) * minus
    np.testing.assert_allclose(found["cortex"][:, 0], pairs, rtol=1e-9, atol=1e-12)


# --- Frequency ------------------------------------------------------------------------------------


def paired(rate: float, lag: float, pairings: int, fit: tuple[float, ...]) -> float:
    """Change of the weight by pairings at a rate in Hz, `lag` s from the presynaptic spike to the other.

    Computed from equations 3 and 4 of Pfister and Gerstner (2006), periodic trains; not read off their figure.
    """
    a2_plus, a2_minus, a3_plus, a3_minus, tau_x, tau_y = fit
    k, period = np.arange(pairings), 1 / rate

    def trace(tau: float, first: int, ahead: float) -> np.ndarray:
        """At the k-th spike, of the spikes up to the (k - first)-th that is `ahead` before it: a geometric series."""
        q = np.exp(-period / tau)
        return np.exp(-(ahead + first * period) / tau) * (1 - q ** (k + 1 - first)) / (1 - q)

    before = int(lag < 0)  # whether the presynaptic spike of a pairing comes after the other
    r1, o1 = trace(16.8e-3, before, lag), trace(33.7e-3, 1 - before, -lag)
    r2, o2 = trace(tau_x, 1, 0.0), trace(tau_y, 1, 0.0)
    return float((r1 * (a2_plus + a3_plus * o2) - o1 * (a2_minus + a3_minus * r2)).sum())


def test_frequency_dependence_of_the_fit_to_visual_cortex() -> None:
    """What the paper says in words of its fit to Sjoestroem et al. (2001), 60 pairings, 50 at the lowest rate."""
    rates = (0.1, 10, 20, 40, 50)
    curve = {lag: [paired(r, lag * 1e-3, 60 if r > 1 else 50, CORTEX) for r in rates] for lag in (10, -10)}
    after, before = curve[10], curve[-10]
    assert abs(after[0]) < 1e-3 * max(after)  # 10 ms after the presynaptic spike: nothing at low rates
    assert after[2] > 0.1
    assert np.all(np.diff(after[1:]) > 0)
    assert before[0] == pytest.approx(-50 * 7.1e-3 * np.exp(-10 / 33.7))  # depression at low rates
    assert all(value < 0 for value in before[:2])
    assert before[-1] > 0.3  # which turns into potentiation above
    in_minimal, in_full = (np.array([paired(r, 0.01, 60, fit) for r in rates]) for fit in (CORTEX, CORTEX_FULL))
    np.testing.assert_allclose(in_minimal, in_full, atol=0.15)


@pytest.mark.parametrize(("kind", "fit"), [("cortex", CORTEX), ("full", CORTEX_FULL), ("hippocampus", HIPPOCAMPUS)])
def test_the_closed_form_is_the_sum_over_spikes(kind, fit) -> None:
    for rate, lag in ((10, 100), (40, -100), (50, 100)):
        pre = 200 + np.arange(20) * round(1 / rate / DT)
        assert change(RULES[kind], pre, pre + lag) == pytest.approx(paired(rate, lag * DT, 20, fit), rel=1e-9)


def test_the_rule_has_the_frequency_dependence_of_its_equations(dense) -> None:
    """75 pairings a rate on the dense device, +10 and -10 ms."""
    for rate in (2, 10, 20, 40, 50):
        pre = 200 + np.arange(75) * round(1 / rate / DT)
        found = dense([pre] * PRE, [pre + 100, pre - 100, pre + 100])
        for kind, fit in (("cortex", CORTEX), ("full", CORTEX_FULL), ("hippocampus", HIPPOCAMPUS)):
            for k, lag in enumerate((0.01, -0.01)):
                expected = paired(rate, lag, 75, fit)
                np.testing.assert_allclose(found[kind][:, k], expected, rtol=1e-8, atol=1e-10)


# --- A target rate --------------------------------------------------------------------------------

LAYERS, SECONDS, INPUT = (100, 4, 2), 8, 60.0
SETTING = "rule.eta=0.003:rule.rho_0={target}*Hz:inhibit.w_max=0.3"


@pytest.mark.parametrize("target", [4, 12])
def test_inhibition_leads_neurons_to_the_target_rate(zoo, target) -> None:
    """From above 30 Hz to a tenth of the target: mean of four neurons from the third to the eighth second.

    It stays a little below. At steps of dt, with spikes of one step in both orders, a window has an area of tau + dt/2.
    """
    experiment = zoo.experiment("stdp_homeostatic_inhibition").with_setting(SETTING.format(target=target))
    circuit = circuits.build(experiment, LAYERS, "train")
    values = initial_weights(circuit, seed=2011) | parameter_values(circuit)
    recording, names = Recording(("hidden1", "inhibitor")), ["hidden1_spikes.t", "inhibitor_spikes.t"]
    inputs = Inputs({"input": np.full((SECONDS * 10, LAYERS[0]), INPUT)}, values, SECONDS * 10, 2011)
    times, of_inhibitors = run_here(circuit, 100 * ms, inputs, names, recording).values()
    rates = np.histogram(times, np.arange(SECONDS + 1))[0] / LAYERS[1]
    assert len(of_inhibitors) / SECONDS / LAYERS[0] == pytest.approx(INPUT, rel=0.05)
    assert rates[0] > 30
    assert rates[2:].mean() == pytest.approx(target, rel=0.1)
