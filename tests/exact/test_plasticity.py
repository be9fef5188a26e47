"""Rules and synapse models of voltage, calcium, rates and resources against what their papers' equations come to.

Spikes are given: those of presynaptic units as events, those of the neurons behind by kicks, which arrive a step later.
The references are flat loops over steps, or closed forms; none knows of composing.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.backends import backend
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets.events import Events
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

GIVEN = """
title: units that spike as they are told, and kicks
populations:
  input:  {{data: input}}
  output: {{}}
projections:
  kick:    {{source: input, target: output, pairs: i == j + {pre}}}
  learned: {{source: input, target: output, pairs: {pairs}, learns: true}}
"""
KICKED = """
title: Spikes for every kick, whatever else arrives
equations: |
  v : 1
  I : 1
threshold: v > 0.5
reset: v = 0
"""
EXPERIMENT = """
title: a rule on given spikes
circuit: given
learning: {{plastic: {{rule: {rule}}}}}
synapses: {{plastic: {store}, kick: {kick}}}
neurons: {{input: event_input, output: {neuron}}}
encoders: {{input: events}}
protocol: {{dt: {dt}*ms, T_train: {sample}*ms, T_test: {sample}*ms, T_final: {sample}*ms}}
weights: |
  kick    = {kicked}
  learned = {start}
parameters: |
  {parameters}
"""


def events(spikes: Sequence[np.ndarray], n_steps: int, n_samples: int, dt: float) -> Events:
    """Spikes of units, at steps, in samples of so many steps of dt s."""
    unit = np.repeat(np.arange(len(spikes)), [len(each) for each in spikes])
    step = np.concatenate(spikes).astype(int)
    order = np.lexsort((unit, step))
    step, unit = step[order], unit[order]
    offsets = np.searchsorted(step // n_steps, np.arange(n_samples + 1))
    return Events((step % n_steps) * dt, unit, offsets, len(spikes))


@pytest.fixture(scope="module")
def given(zoo_with) -> Callable[..., Circuit]:
    """A rule's synapses from `pre` units that are told when to spike to `post` neurons, kicked by a unit each."""

    def circuit(
        rule: str,
        pre: int,
        post: int,
        *,
        store: str = "bounded",
        neuron: str = "kicked",
        kick: str = "delta",
        kicked: str = "1",
        start: str = "0.5",
        dt: float = 0.1,
        sample: int = 100,
        pairs: str = "",
        parameters: str = "",
        **files: str,
    ) -> Circuit:
        stated = EXPERIMENT.format(
            rule=rule, store=store, neuron=neuron, kick=kick, kicked=kicked, start=start, dt=dt, sample=sample,
            parameters=parameters.replace("\n", "\n  "),
        )  # fmt: skip
        zoo = zoo_with({
            "models/circuits/given.yaml": GIVEN.format(pre=pre, pairs=pairs or f"i < {pre}"),
            "models/neurons/kicked.yaml": KICKED,
            "config/experiments/given.yaml": stated,
            **{path.replace("__", "/") + ".yaml": text for path, text in files.items()},
        })  # fmt: skip
        return circuits.build(zoo.experiment("given"), (pre + post, post), "train")

    return circuit


def on_numpy(
    circuit: Circuit, spikes: Sequence[np.ndarray], wanted: Sequence[str], n_steps: int, recording: Recording
) -> dict[str, np.ndarray]:
    """Variables after one sample of spikes at steps."""
    sample = circuit.experiment.protocol.T_train
    dt = float(circuit.experiment.protocol.dt.removesuffix("*ms")) * 1e-3
    values = initial_weights(circuit, seed=0) | parameter_values(circuit)
    inputs = Inputs({"input": events(spikes, n_steps, 1, dt)}, values, 1, 0)
    return run_here(circuit, float(sample.removesuffix("*ms")) * ms, inputs, list(wanted), recording)


# --- Short-term plasticity ------------------------------------------------------------------------


@pytest.mark.parametrize(("U", "tau_rec", "tau_facil"), [(0.67, 0.8, 1e-4), (0.03, 0.13, 0.53)])
def test_each_spike_releases_what_the_recursion_says(given, U, tau_rec, tau_facil) -> None:
    """The recursion from spike to spike of Tsodyks, Pawelzik and Markram (1998); the first spike uses U.

    Unit k has the first k + 1 spikes of a train.
    """
    steps = np.sort(np.random.default_rng(1997).choice(np.arange(5, 900), 14, replace=False))
    n, of_synapse = len(steps), {"U": f"{U}", "tau_rec": f"{tau_rec}*second", "tau_facil": f"{tau_facil}*second"}
    lines = "\n".join(f"  {name} = {value}" for name, value in of_synapse.items())
    circuit = given(
        "stdp_pair", n, n, store="short_term", start="0.5", dt=1, sample=1000, pairs="i == j",
        parameters="rule.a_plus = 0\nrule.a_minus = 0",
        models__synapses__short_term="title: bounded\nextends: tsodyks_markram\nwrite: w = clip(w + dw, w_min, w_max)\n"
        f"parameters: |\n  w_min = 0\n  w_max = 1\n{lines}\n",
    )  # fmt: skip
    spikes = [steps[: k + 1] for k in range(n)] + [np.array([], int)] * n
    found = on_numpy(circuit, spikes, ["output.I"], 1000, Recording())["output.I"]
    R, u, released = 1.0, U, []
    for k, gap in enumerate(np.diff(steps, prepend=0) * 1e-3):
        if k:
            R = R * (1 - u) * np.exp(-gap / tau_rec) + 1 - np.exp(-gap / tau_rec)
            u = u * np.exp(-gap / tau_facil) * (1 - U) + U
        released.append(0.5 * R * u)
    np.testing.assert_allclose(np.diff(found, prepend=0), released, rtol=1e-9)
    assert released[-1] / released[0] > 1.5 or min(released) < 0.5 * released[0]


# --- Voltage --------------------------------------------------------------------------------------


def flat_clopath(
    arrivals: np.ndarray, kicks: np.ndarray, w: np.ndarray, homeostasis: float, dt: float
) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Weights, steps of spikes by neuron, and the largest potential of each.

    Parameters
    ----------
    arrivals : whether a unit has emitted a spike in a step, (step, pre).
    kicks : mV that are emitted then, (step, post).
    """
    C, g, E, Delta, V_T, a, b = 0.281, 30.0, -70.6, 2.0, -50.4, 4e-3, 0.0805  # nF, nS, mV, uS, nA; ms
    n_pre, n_post = w.shape
    V, T, w_a, z, current = np.full(n_post, E), np.full(n_post, V_T), *np.zeros((3, n_post))
    u_minus, u_plus, square, x = V.copy(), V.copy(), np.full(n_post, 7.746**2), np.zeros(n_pre)
    since, spikes, most = np.full(n_post, 10**6), [[] for _ in range(n_post)], V.copy()
    held_minus, held_plus = np.zeros((2, n_post))
    for step in range(len(arrivals)):
        before = arrivals[step - 1]  # of the first step the last one's, which has none
        amount = 14e-5 * (1 + homeostasis * (square / 7.746**2 - 1))
        amount *= np.maximum(np.where(since < 50, held_minus, u_minus) + 70.6, 0)
        w = np.clip(w - np.outer(before, amount), 0, 1)
        current, V = current + before @ w, V + kicks[step - 1]
        with np.errstate(over="ignore"):
            flow = g * 1e-3 * (E - V + Delta * np.exp((V - T) / Delta)) - w_a + z + current
        moved = (
            V + dt * np.where(since >= 20, flow / C, 0),
            T + dt * (V_T - T) / 50,
            w_a + dt * (a * (V - E) - w_a) / 144,
            z - dt * z / 40,
            current - dt * current / 5,
            u_minus + dt * (V - u_minus) / 10,
            u_plus + dt * (V - u_plus) / 7,
            square + dt * ((V - E) ** 2 - square) / 1000,
        )
        V, T, w_a, z, current, u_minus, u_plus, square = moved
        x = x * np.exp(-dt / 15)
        V = np.where(since == 20, -49.5, np.minimum(V, 33))
        most = np.maximum(most, V)
        over = np.maximum(V + 45.3, 0) * np.maximum(np.where(since < 50, held_plus, u_plus) + 70.6, 0)
        w = np.clip(w + 8e-5 * dt / 15 * np.outer(x, over), 0, 1)
        x = x + arrivals[step]
        spiking = (V > 20) & (since >= 20)
        V, T, z = np.where(spiking, 33, V), np.where(spiking, 30.4, T), np.where(spiking, 0.4, z)
        w_a = w_a + b * spiking
        held_minus, held_plus = np.where(spiking, [u_minus, u_plus], [held_minus, held_plus])
        since = np.where(spiking, 1, since + 1)
        for k in np.flatnonzero(spiking):
            spikes[k].append(step)
    return w, [np.array(each) for each in spikes], most


def test_voltage_based_stdp_is_that_of_a_flat_loop(given) -> None:
    """With the neuron of the paper: 6 units onto 3 neurons, one of which is not kicked, 200 ms in steps of 0.1 ms."""
    pre, post, n_steps = 6, 3, 2000
    circuit = given(
        "clopath", pre, post, store="bounded_current", neuron="adex_upswing", kick="soma_kick", kicked="90*mV",
        start="0.3*nA", sample=200, parameters="rule.homeostasis = 0.7",
    )  # fmt: skip
    rng = np.random.default_rng(2010)
    spikes = [np.sort(rng.choice(np.arange(5, n_steps - 5), n, replace=False)) for n in (3, 5, 8, 10, 12, 16)]
    kicks = [np.arange(100, 1900, 200), np.arange(350, 1900, 410), np.array([], int)]
    wanted = ["output_spikes.t", "output_spikes.i", "input_output_learned.w"]
    found = on_numpy(circuit, [*spikes, *kicks], wanted, n_steps, Recording(("output",)))
    arrivals, kicked = np.zeros((n_steps, pre)), np.zeros((n_steps, post))
    for array, trains, size in ((arrivals, spikes, 1), (kicked, kicks, 90)):
        for k, train in enumerate(trains):
            array[train, k] = size
    w, expected, most = flat_clopath(arrivals, kicked, np.full((pre, post), 0.3), 0.7, 0.1)
    assert [len(each) for each in expected][:2] == [9, 4]
    assert most[0] > 20  # the spike has an upswing
    for k, train in enumerate(expected):
        times = found["output_spikes.t"][found["output_spikes.i"] == k]
        np.testing.assert_array_equal(np.round(times / 1e-4), train)
    np.testing.assert_allclose(found["input_output_learned.w"].reshape(pre, post) * 1e9, w, rtol=1e-9)
    assert (w - 0.3).max() > 0.01
    assert (w - 0.3).min() < -0.005


def test_order_decides_at_low_rates_and_rate_above() -> None:
    """As the paper has it of visual cortex, after Sjoestroem et al. (2001): 10 ms, alone and at 50 Hz."""

    def change(first: int, pairs: int) -> float:
        """By a pair of so many at 50 Hz, the presynaptic spike so many steps before the other."""
        arrivals, kicks = np.zeros((2, 1800, 1))
        at = 400 + 200 * np.arange(pairs)
        arrivals[at - first], kicks[at] = 1, 90
        w, (spikes,), _ = flat_clopath(arrivals, kicks, np.full((1, 1), 0.3), 0, 0.1)
        assert len(spikes) == pairs
        return float(w[0, 0] - 0.3) / pairs

    alone, before = change(100, 1), change(-100, 1)
    assert before < -2e-3
    assert 0 < alone < 0.6 * abs(before)
    assert change(100, 5) > 3 * alone
    assert change(-100, 5) > 2e-3  # depression has turned into potentiation


LASTING = """
title: Homeostasis over samples that start at rest, each input one spike
extends: clopath
neurons: {input: latency_input}
encoders: {input: latency}
protocol: {rest: true, T_train: 12*ms, T_test: 12*ms, T_final: 12*ms}
weights: |
  input_hidden  = 1.5*nA + uniform(0.5)*nA
parameters: |
  rule.tau_square    = 100*ms
  input_hidden.w_max = 4*nA
"""


def test_what_a_rule_keeps_on_a_neuron_goes_on_from_run_to_run(zoo_with, interpreted) -> None:
    """With rest, whatever the samples of a run; the mean that homeostasis follows alone lasts beyond a sample."""
    zoo = zoo_with({"config/experiments/lasting.yaml": LASTING})
    circuit = circuits.build(zoo.experiment("lasting"), (6, 2, 2), "train")
    data, start = np.random.default_rng(1).uniform(0, 0.006, (3, 6)), initial_weights(circuit, seed=0)
    found = []
    for capacity in (3, 1):
        session, carried = interpreted(circuit, capacity), start
        for begin in range(0, 3, capacity):
            carried = carried | session.run({"input": data[begin : begin + capacity]}, carried, 0)["carried"]
        found.append(carried)
    together, apart = found
    assert {"hidden1.u_square", "output.u_square"} <= together.keys()
    assert together["hidden1.u_square"].min() > 5 * (7.746e-3) ** 2
    for name, values in together.items():
        np.testing.assert_allclose(apart[name], values, rtol=1e-9, err_msg=name)


HELD = """
title: A potential that stands still, another for each neuron, and spikes for no reason
equations: |
  V = E_L + 10*mV*i : volt
  I : amp
threshold: V > 1*volt
reset: I = 0*amp
parameters: |
  E_L = -70.6*mV
"""


def test_voltage_clamp_in_closed_form(given) -> None:
    """Presynaptic spikes at 25 Hz while the potential is held, as in figure 1h: depression, higher up potentiation."""
    n, steps = 9, np.array([50, 450, 850])
    circuit = given(
        "clopath", 1, n, store="bounded_current", neuron="held", kick="float", kicked="0*nA", start="0.5*nA",
        parameters="learned.w_min = -100*nA\nlearned.w_max = 1*nA\nrule.a_plus = 2e-5/mV**2",
        models__neurons__held=HELD,
    )  # fmt: skip
    found = on_numpy(circuit, [steps, *[np.array([], int)] * n], ["input_output_learned.w"], 1000, Recording())
    dt, held = 0.1, 10.0 * np.arange(n)  # ms, mV above rest
    towards = {tau: 1 - np.exp(-np.arange(1001) * dt / tau)[:, None] for tau in (10, 7)}  # of the held potential
    falls = 14e-5 * held * towards[10][steps + 1].sum(axis=0)
    since = np.arange(1000)[:, None] - steps
    x = (np.exp(-since * dt / 15) * (since > 0)).sum(axis=1)
    grows = 2e-5 / 15 * dt * np.maximum(held - 25.3, 0) * held * (x[:, None] * towards[7][1:]).sum(axis=0)
    np.testing.assert_allclose(found["input_output_learned.w"] * 1e9, 0.5 - falls + grows, rtol=1e-9)
    assert np.all(np.diff((grows - falls)[:3]) < 0)
    assert grows[-1] > falls[-1]


# --- Calcium --------------------------------------------------------------------------------------

LAGS = np.array(
    [-45, -30, -25, -15, -10, -5, -2, 2, 5, 8, 10, 12, 15, 18, 20, 25, 28, 30, 35, 45]
)  # ms, post after pre
N_PAIRS, GB_DT, POST_AT = 60, 0.5, 300
# Figure 2: C_pre, C_post, theta_d, theta_p, gamma_d, gamma_p, and D in ms, here on the grid of 0.5 ms; then what the
# paper calls the curve: the signs of the change that follow each other over the lags.
REGIMES = {
    "DP": (1, 2, 1, 1.3, 200, 321.808, 13.5, [-1, 1]),
    "P": (2, 2, 1, 1.3, 160, 257.447, 0, [1]),
    "DPD": (0.9, 0.9, 1, 1.3, 250, 550, 4.5, [-1, 1, -1]),
    "D": (0.6, 0.6, 1, 1.3, 500, 550, 0, [-1]),
    "DPD'": (1, 2, 1, 2.5, 50, 600, 2, [-1, 1, -1]),
    "D'": (1, 2, 1, 3.5, 60, 600, 0, [-1]),
}


def after_pairs(C_pre, C_post, theta_d, theta_p, gamma_d, gamma_p, D, finer: int = 1) -> np.ndarray:
    """rho by lag after pairs at 1 Hz, from 0.5 on; D in ms, by Euler in steps of GB_DT/finer.

    Calcium is the sum of its exponentials, and has decayed before the next pair. Where it is low throughout, rho drifts
    in one step of Runge and Kutta.
    """
    dt, tau, tau_Ca = GB_DT / finer, 150e3, 20.0
    k = np.arange(1, 150 / dt)[:, None]
    calcium = np.zeros((len(k), len(LAGS)))
    first = np.minimum(D, LAGS)
    for C, at in ((C_pre, D - first), (C_post, LAGS - first)):
        since = k - np.round(at / dt)
        calcium += C * np.exp(-since * dt / tau_Ca) * (since > 0)
    up, down = gamma_p * (calcium >= theta_p), gamma_d * (calcium >= theta_d)
    high = np.flatnonzero((up + down).any(axis=1))

    def drift(rho: np.ndarray) -> np.ndarray:
        return -rho * (1 - rho) * (0.5 - rho) / tau

    rho = np.full(len(LAGS), 0.5)
    for pair in range(1, N_PAIRS + 1):
        for step in high:
            rho = rho + dt * (drift(rho) + ((1 - rho) * up[step] - rho * down[step]) / tau)
        ends = 1000 if pair < N_PAIRS else 1000 - POST_AT + LAGS - first - dt  # since the first of the two
        h = ends - dt * len(high)
        k1 = drift(rho)
        k2 = drift(rho + h * k1 / 2)
        k3 = drift(rho + h * k2 / 2)
        rho = rho + h * (k1 + 2 * k2 + 2 * k3 + drift(rho + h * k3)) / 6
    return rho


@pytest.fixture(scope="module")
def paired(given, tmp_path_factory) -> Callable[..., np.ndarray]:
    """Weights, by lag, after pairs at 1 Hz on the dense device; parameters enter when the program runs."""
    circuit = given("graupner_brunel", len(LAGS), 1, dt=GB_DT, sample=1000, parameters="rule.sigma = 0")
    folder = tmp_path_factory.mktemp("calcium") / "program"
    program = Program(build(circuit, 1000 * ms, N_PAIRS, folder, Recording(()), backend=backend("dense")))
    every = np.arange(N_PAIRS) * 2000
    spikes = [every + round((POST_AT - lag) / GB_DT) for lag in LAGS] + [every + round(POST_AT / GB_DT) - 1]
    data = {"input": events(spikes, 2000, N_PAIRS, GB_DT * 1e-3)}
    values = initial_weights(circuit, seed=0) | parameter_values(circuit)
    places = {name.rpartition(".")[2].removesuffix("_output"): name for name in values}

    def run(**changed: float) -> np.ndarray:
        own = {places[name]: value for name, value in changed.items()}
        inputs = Inputs(data, values | own, N_PAIRS, 0)
        return program.run(inputs, ["input_output_learned.w"])["input_output_learned.w"]

    return run


@pytest.mark.parametrize("regime", REGIMES)
def test_pairs_change_the_weight_as_calcium_says(paired, regime) -> None:
    """60 pairs at 1 Hz, and the shape of the curve over the lags that the paper tells of these parameters."""
    *values, D, signs = REGIMES[regime]
    names = ["C_presynaptic", "C_postsynaptic", "theta_d", "theta_p", "gamma_d", "gamma_p"]
    found = paired(D=D * 1e-3, **dict(zip(names, values, strict=True)))
    np.testing.assert_allclose(found, after_pairs(*values, D), rtol=0, atol=1e-6)
    told = np.sign(found - 0.5)[np.abs(found - 0.5) > 1e-3]
    assert [told[0], *told[1:][np.diff(told) != 0]] == signs
    if regime == "DP":
        finer = after_pairs(*values, D, finer=5)  # steps of 0.5 ms count the time above a threshold in whole steps
        np.testing.assert_allclose(found, finer, rtol=0, atol=0.03)


def test_noise_of_calcium_has_its_variance(paired) -> None:
    """With calcium above one threshold all the time and nothing else, rho walks: sigma**2*t/tau, of 20 synapses."""
    found = paired(sigma=0.1, theta_d=0.0, theta_p=1e3, gamma_d=0.0, gamma_p=0.0)
    assert np.var(found - 0.5, ddof=1) == pytest.approx(0.01 * N_PAIRS / 150, rel=0.5)


# --- Rates ----------------------------------------------------------------------------------------


def flat_rates(x: np.ndarray, w: np.ndarray, eta: float, oja: bool) -> np.ndarray:
    """Weights (input, unit) after samples, under Oja's rule or, of rectified units, BCM's with threshold 1 at first."""
    w, theta = w.copy(), np.ones(w.shape[1])
    for each in x:
        y = each @ w if oja else np.maximum(each @ w, 0)
        if oja:
            w += eta * y * (each[:, None] - y * w)
        else:
            w += eta * np.outer(each, y * (y - theta))
            theta += (y**2 - theta) / 10
    return w


def rated(
    zoo, interpreted, name: str, x: np.ndarray, units: int, eta: float, capacity: int
) -> tuple[np.ndarray, np.ndarray]:
    """Weights before and after samples, in runs of at most `capacity`."""
    circuit = circuits.build(zoo.experiment(name).with_setting(f"rule.eta={eta}"), (x.shape[1], units), "train")
    session, start = interpreted(circuit, capacity), initial_weights(circuit, seed=3)
    carried = start
    for begin in range(0, len(x), capacity):
        carried = carried | session.run({"input": x[begin : begin + capacity]}, carried, 0, before=begin)["carried"]
    shape = x.shape[1], units
    return start["input_output.w"].reshape(shape), carried["input_output.w"].reshape(shape)


def test_oja_finds_the_first_principal_component(zoo, interpreted) -> None:
    rng = np.random.default_rng(1982)
    axes, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    x = rng.standard_normal((1500, 5)) * np.sqrt([4, 1, 0.5, 0.2, 0.1]) @ axes.T
    before, after = rated(zoo, interpreted, "oja", x, 2, 0.005, 1500)
    np.testing.assert_allclose(after, flat_rates(x, before, 0.005, oja=True), rtol=1e-10)
    principal = axes[:, 0]
    assert np.all(np.abs(principal @ before) < 0.9)
    np.testing.assert_allclose(np.linalg.norm(after, axis=0), 1, atol=0.05)
    assert np.all(np.abs(principal @ after) / np.linalg.norm(after, axis=0) > 0.99)


def test_bcm_comes_to_answer_to_one_pattern(zoo, interpreted) -> None:
    """Of two patterns as frequent as each other, with an activity of 2 (Intrator and Cooper 1992) and of 0.

    The threshold goes on from run to run.
    """
    patterns = np.array([[1.0, 0.2, 0.1, 0.4], [0.2, 1.0, 0.4, 0.1]])
    x = patterns[np.random.default_rng(1982).permutation(np.arange(1600) % 2)]
    before, after = rated(zoo, interpreted, "bcm", x, 3, 0.01, 400)
    np.testing.assert_allclose(after, flat_rates(x, before, 0.01, oja=False), rtol=1e-10)
    answers = np.sort(np.maximum(patterns @ after, 0), axis=0)
    assert np.all(patterns @ before > 0.3)
    np.testing.assert_allclose(answers[0], 0, atol=0.05)
    np.testing.assert_allclose(answers[1], 2, atol=0.3)


# --- Chips ----------------------------------------------------------------------------------------

POTENTIAL = """
title: A potential that kicks lift to a spike, and that falls on its own
equations: |
  dv/dt = -v/(10*ms) : 1
  I : 1
threshold: v > 2
reset: v = 0
method: exact
"""


def flat_sdsp(pre: Sequence[np.ndarray], kicks: Sequence[np.ndarray], n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels (pre, post) from 3 on, and the calcium of each step; theta_m 0.5, thresholds 1, 4 and 6, a leak of 20 ms.

    A kick adds 0.9 to the potential, in the step after it.
    """
    level = np.full((len(pre), len(kicks)), 3)
    v, calcium, course = np.zeros(len(kicks)), np.zeros(len(kicks), int), []
    for step in range(n_steps):
        if step % 200 == 0:
            calcium = np.maximum(calcium - 1, 0)
        for k, train in enumerate(pre):
            if step - 1 in train:
                up = (v > 0.5) & (calcium >= 1) & (calcium < 6)
                down = (v <= 0.5) & (calcium >= 1) & (calcium < 4)
                level[k] = np.clip(level[k] + up - 1 * down, 0, 7)
        v = v + 0.9 * np.array([step - 1 in train for train in kicks])
        v = v * np.exp(-0.01)
        spiking = v > 2
        v = np.where(spiking, 0, v)
        calcium = np.minimum(calcium + spiking, 7)
        course.append(calcium)
    return level, np.array(course)


def test_sdsp_is_a_machine_of_whole_numbers(given) -> None:
    """Levels of weights and of calcium, by spikes that bring it below, between and above all thresholds."""
    n_steps, rng = 4000, np.random.default_rng(2019)
    circuit = given(
        "odin_sdsp", 8, 3, neuron="potential", kicked="0.9", start="3/7", sample=400,
        models__neurons__potential=POTENTIAL,
    )  # fmt: skip
    pre = [np.sort(rng.choice(np.arange(5, n_steps - 5), n, replace=False)) for n in range(4, 36, 4)]
    kicks = [np.sort(rng.choice(np.arange(5, n_steps - 5), n, replace=False)) for n in (60, 120, 300)]
    found = on_numpy(circuit, [*pre, *kicks], ["input_output_learned.w"], n_steps, Recording())
    level, calcium = flat_sdsp(pre, kicks, n_steps)
    np.testing.assert_allclose(found["input_output_learned.w"].reshape(level.shape) * 7, level, atol=1e-9)
    assert {0, 7} <= {*calcium.flat}
    assert {0, 7} <= {*level.flat}


def flat_engine(pre: Sequence[np.ndarray], post: Sequence[np.ndarray], n_steps: int, epoch: int) -> np.ndarray:
    """Weights (pre, post) from 128 on; traces that spikes take up by 16 and a step down by exp(-1/10)."""
    w, x1, y1 = np.full((len(pre), len(post)), 128.0), np.zeros(len(pre)), np.zeros(len(post))
    x0, y0 = np.zeros(len(pre)), np.zeros(len(post))
    for step in range(n_steps):
        x1, y1 = x1 * np.exp(-0.1), y1 * np.exp(-0.1)
        if step % epoch == 0:
            w = np.clip(w + 0.25 * np.outer(x1, y0) - 0.2 * np.outer(x0, y1), 0, 255)
            x0, y0 = np.zeros(len(pre)), np.zeros(len(post))
        for spikes, trace, seen in ((pre, x1, x0), (post, y1, y0)):
            spiking = np.array([step in train for train in spikes])
            trace[spiking] = np.minimum(trace[spiking] + 16, 127)
            seen[spiking] = 1
    return w


@pytest.mark.parametrize("epoch", [1, 4])
def test_sums_of_products_are_those_of_each_epoch(given, epoch) -> None:
    n_steps, rng = 1000, np.random.default_rng(2018)
    circuit = given(
        "loihi_stdp", 6, 2, start="128", dt=1, sample=1000,
        parameters=f"learned.w_max = 255\nrule.b = 0.2\nrule.T_epoch = {epoch}*ms",
    )  # fmt: skip
    pre = [np.sort(rng.choice(np.arange(5, n_steps - 5), n, replace=False)) for n in (3, 8, 15, 30, 60, 400)]
    post = [np.sort(rng.choice(np.arange(5, n_steps - 5), n, replace=False)) for n in (10, 40)]
    spikes = [*pre, *(train - 1 for train in post)]
    found = on_numpy(circuit, spikes, ["input_output_learned.w"], n_steps, Recording())["input_output_learned.w"]
    expected = flat_engine(pre, post, n_steps, epoch)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-9)
    assert np.ptp(expected) > 100
