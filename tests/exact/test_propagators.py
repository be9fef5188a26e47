"""Exact integration against closed forms, matrix exponentials and SciPy's adaptive solver.

What the zoo integrates exactly is right for any poles: equal, nearly equal, zero, complex.
"""

from collections.abc import Mapping
from typing import Any

import brian2
import mpmath
import numpy as np
import pytest
from brian2 import ms, mV, nA, second
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from brian2zoo import circuits
from brian2zoo.check import check_experiment, check_file
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.equations.pieces import declare, join
from brian2zoo.equations.propagators import integrated
from brian2zoo.run import network
from brian2zoo.run.network import duration
from brian2zoo.run.programs import Inputs, Program, build, build_key, parameter_values, run_here

DT = 1 * ms


def code(equations: str, method: str = "exact", **parameters: Any) -> NeuronCode:
    """A neuron's code; its parameters are declared."""
    plain = NeuronCode(join(equations, declare(parameters)), parameters, method=method)
    return integrated(plain, {"dt": DT})


def after(neuron: NeuronCode, start: Mapping[str, Any], steps: int = 1, **options: Any) -> dict[str, np.ndarray]:
    """States of one or more units some steps later, in SI units, on Brian2's numpy target."""
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    size = max(np.size(value) for value in start.values())
    method = network._method(neuron)
    group = brian2.NeuronGroup(size, neuron.equations, method=method, dt=DT, namespace={}, **options)
    for name, value in (neuron.parameters | dict(start)).items():
        setattr(group, name, value)
    brian2.Network(group).run(steps * DT, namespace={})
    return {name: np.array(getattr(group, f"{name}_")) for name in start}


CHAIN = "dv/dt = (I - v)/tau_m : 1\ndI/dt = -I/tau_s : 1"


def test_two_equal_poles() -> None:
    found = after(code(CHAIN, tau_m=10 * ms, tau_s=10 * ms), {"v": 0.3, "I": 2.0})
    assert found["v"] == pytest.approx(np.exp(-0.1) * (0.3 + 2.0 * 0.1), rel=1e-15)
    assert found["I"] == pytest.approx(np.exp(-0.1) * 2.0, rel=1e-15)


def test_three_equal_poles() -> None:
    three = "du/dt = (v - u)/tau_m : 1\n" + CHAIN
    found = after(code(three, tau_m=10 * ms, tau_s=10 * ms), {"u": 0.7, "v": 0.3, "I": 2.0})
    assert found["u"] == pytest.approx(np.exp(-0.1) * (0.7 + 0.3 * 0.1 + 2.0 * 0.1**2 / 2), rel=1e-15)


@pytest.mark.parametrize("apart", [0, 1e-16, 1e-13, 1e-9, 1e-6, 1e-3, 0.3])
@pytest.mark.parametrize("each", [False, True], ids=["parameters", "each neuron's own"])
def test_nearly_equal_poles(apart, each) -> None:
    tau_m, tau_s, dt = (1 + apart) * 0.01, 0.01, 0.001
    if each:
        neuron = code(CHAIN + "\ntau_m : second (constant)", tau_s=tau_s * second)
        found = after(neuron, {"v": [0.3, 0.3], "I": 2.0, "tau_m": [tau_m, 0.02] * second})["v"][0]
    else:
        found = after(code(CHAIN, tau_m=tau_m * second, tau_s=tau_s * second), {"v": 0.3, "I": 2.0})["v"][0]
    with mpmath.workdps(60):
        a, d = -1 / mpmath.mpf(tau_m), -1 / mpmath.mpf(tau_s)
        between = dt * mpmath.exp(a * dt) if a == d else (mpmath.exp(a * dt) - mpmath.exp(d * dt)) / (a - d)
        expected = float(mpmath.exp(a * dt) * 0.3 - a * between * 2)
    assert found == pytest.approx(expected, rel=1e-14)


POLE = "dv/dt = a - k*v : 1\na : Hz"


@pytest.mark.parametrize("k", [0.0, 1e-14, 1e-6, 50.0])
def test_a_pole_at_zero(k) -> None:
    expected = 0.3 + 70 * 0.001 if k == 0 else 0.3 * np.exp(-k * 0.001) - 70 * np.expm1(-k * 0.001) / k
    start = {"v": 0.3, "a": 70 * brian2.Hz}
    by_each = code(POLE + "\nk : Hz (constant)")
    found = [
        after(code(POLE, k=k * brian2.Hz), start),
        after(by_each, start | {"k": k * brian2.Hz}),
        after(code(POLE, "exponential_euler", k=k * brian2.Hz), start),
    ]
    assert [float(one["v"][0]) for one in found] == pytest.approx([expected] * 3, rel=1e-14)


def test_a_time_constant_without_end() -> None:
    found = after(code(CHAIN + "\ndc/dt = I/second - c/tau_m : 1", tau_m=np.inf * ms, tau_s=5 * ms), {
        "v": 0.3, "I": 2.0, "c": 0.1})  # fmt: skip
    assert found["v"] == pytest.approx(0.3, rel=1e-15)
    assert found["c"] == pytest.approx(0.1 - 2.0 * 5e-3 * np.expm1(-0.2), rel=1e-14)


def test_complex_poles() -> None:
    """A resonate-and-fire neuron turns."""
    turning = "dx/dt = -b*x - w*y : 1\ndy/dt = w*x - b*y : 1"
    found = after(code(turning, b=20 * brian2.Hz, w=300 * brian2.Hz), {"x": 1.0, "y": 0.5}, steps=7)
    z = (1 + 0.5j) * np.exp((-20 + 300j) * 0.007)
    assert found["x"] == pytest.approx(z.real, rel=1e-13)
    assert found["y"] == pytest.approx(z.imag, rel=1e-13)


def test_units_of_any_size() -> None:
    """Volts by amperes are eleven orders of magnitude: they cost no digits."""
    neuron = code(
        "dV/dt = (-V + R*I)/tau_m : volt\ndI/dt = -I/tau_s : amp", R=1 * brian2.Gohm, tau_m=20 * ms, tau_s=5 * ms
    )
    found = after(neuron, {"V": 3 * mV, "I": 2 * nA})
    kernel = (np.exp(-1 / 20) - np.exp(-1 / 5)) * 5 / (20 - 5)
    assert found["V"] == pytest.approx(3e-3 * np.exp(-1 / 20) + 2 * kernel, rel=1e-13)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data(), n=st.integers(1, 4))
def test_random_linear_systems(data, n) -> None:
    """Any coupling, among it none and loops, against SciPy's matrix exponential."""
    rates = st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.5, -3.0, 1e-9, 2.0])
    matrix = np.array([[data.draw(rates) for _ in range(n)] for _ in range(n)])
    matrix -= np.diag(np.full(n, data.draw(st.sampled_from([0.0, 1.0, 4.0]))))
    constant = np.array([data.draw(rates) for _ in range(n)])
    parameters = {f"a_{i}_{j}": matrix[i, j] * 100 * brian2.Hz for i, j in np.ndindex(n, n) if matrix[i, j]}
    parameters |= {f"b_{i}": constant[i] * 100 * brian2.Hz for i in range(n) if constant[i]}
    lines = []
    for i in range(n):
        terms = [f"a_{i}_{j}*x_{j}" for j in range(n) if matrix[i, j]] + [f"b_{i}" for _ in [0] if constant[i]]
        lines.append(f"dx_{i}/dt = {' + '.join(terms) or '0*Hz'} : 1")
    neuron = code("\n".join(lines), **parameters)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix * 100, constant * 100
    start = np.linspace(1, 2, n)
    expected = (expm(whole * 0.001) @ np.append(start, 1))[:n]
    scope = {name: float(np.asarray(value)) for name, value in neuron.parameters.items()}
    scope |= {f"x_{i}": start[i] for i in range(n)} | {"dt": 0.001, "exp": np.exp, "Hz": 1.0}
    exec(neuron.update, scope)
    np.testing.assert_allclose([scope[f"x_{i}"] for i in range(n)], expected, rtol=1e-13, atol=1e-14)


REFRACTORY = """
dV/dt = (-V + I - a)/tau_m : 1 (unless refractory)
dI/dt = -I/tau_s : 1
da/dt = (k*V - a)/tau_a : 1
"""


def test_refractory_neurons_stand_still_and_what_reads_them_goes_on() -> None:
    """Against SciPy's solver, step by step; the adaptation reads the potential, and goes on while that stands still."""
    values = {"tau_m": 10 * ms, "tau_s": 10 * ms, "tau_a": 30 * ms, "k": 0.5}
    neuron = NeuronCode(join(REFRACTORY, declare(values)), values, method="exact", refractory="4*ms")
    neuron = integrated(neuron, {"dt": DT})
    brian2.set_device("runtime")
    brian2.prefs.codegen.target = "numpy"
    group = brian2.NeuronGroup(
        1, neuron.equations, method=network._method(neuron), dt=DT, namespace={},
        threshold="V > 1", reset="V = 0.2", refractory="4*ms",
    )  # fmt: skip
    for name, value in (neuron.parameters | {"I": 9.0}).items():
        setattr(group, name, value)
    ends = brian2.StateMonitor(group, ["V", "I", "a", "not_refractory"], record=True, when="end", dt=DT)
    moves = brian2.StateMonitor(group, ["V", "I", "a"], record=True, when="after_groups", dt=DT)
    brian2.Network(group, ends, moves).run(40 * DT, namespace={})
    rested = 0
    for k in range(39):
        active = bool(ends.not_refractory[0][k + 1]) or ends.V[0][k + 1] != moves.V[0][k + 1]
        rested += not active
        before = [float(getattr(ends, name)[0][k]) for name in "VIa"]

        def flow(_t: float, x: np.ndarray, active: bool = active) -> list[float]:
            v, i, a = x
            return [active * (-v + i - a) / 0.01, -i / 0.01, (0.5 * v - a) / 0.03]

        solved = solve_ivp(flow, (0, 0.001), before, method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
        np.testing.assert_allclose([getattr(moves, n)[0][k + 1] for n in "VIa"], solved, rtol=1e-11)
    assert 4 <= rested <= 30


def test_what_varies_in_time_is_taken_as_it_is_at_the_start_of_a_step() -> None:
    neuron = code("dv/dt = (s - v)/tau : 1\ns = 3 + t/ms : 1 (constant over dt)", tau=10 * ms)
    expected = 0.0
    for k in range(3):
        expected += (3 + k - expected) * -np.expm1(-0.1)
    assert after(neuron, {"v": 0.0}, steps=3)["v"] == pytest.approx(expected, rel=1e-14)


def test_equations_without_coupling_are_as_brian2_has_them() -> None:
    assert code("dv/dt = -v/tau_m : 1", tau_m=10 * ms).update == "_v = v*exp(-dt/tau_m)\nv = _v"


NEURON = "title: N\nthreshold: v > 1\nreset: v = 0\nmethod: {method}\nparameters: |\n  tau = 10*ms\nequations: |\n"


@pytest.mark.parametrize(
    ("method", "equations", "told"),
    [
        ("exact", "  dv/dt = (v**2 - v)/tau : 1\n", "dv/dt is not linear (nonlinear term: v**2)"),
        ("exact", "  dv/dt = -abs(v)/tau : 1\n", "is not linear"),
        ("exact", "  dv/dt = (sin(t/tau) - v)/tau : 1\n", "dv/dt names the time t"),
        ("exact", "  dv/dt = (rand() - v)/tau : 1\n", "dv/dt takes a random number, rand()"),
        ("exponential_euler", "  dv/dt = v**2/tau : 1\n", "is not linear"),
        (
            "exact",
            "  dv/dt = (I - v)/own : 1\n  dI/dt = (J - I)/tau : 1\n  dJ/dt = -J/tau : 1\n  own : second (constant)\n",
            "dv/dt reads I, J by 'own', which is no parameter, so that their poles may meet"
            " — make 'own' a parameter, or take 'method: euler'",
        ),
        ("exact", "  dv/dt = (v_from_I - v)/tau : 1\n  dI/dt = v/tau : 1\n  v_from_I : 1\n", None),
        ("exact", "  dv/dt = (I - v)/tau : 1\n  dI/dt = -I/tau : 1\n  v_from_I : 1\n", "rename 'v_from_I'"),
        ("exact", "  dv/dt = (I - v)/(tau - 10*ms) : 1\n  dI/dt = -I/tau : 1\n", "dv/dt has no finite coefficients"),
    ],
)  # fmt: skip
def test_what_cannot_be_integrated_is_told_of_the_file(zoo_with, method, equations, told) -> None:
    zoo = zoo_with({"models/neurons/made_up.yaml": NEURON.format(method=method) + equations})
    findings = [str(finding) for finding in check_file(zoo, "neuron", "made_up")]
    assert len(findings) == bool(told)
    for finding in findings:
        assert finding.startswith("models/neurons/made_up.yaml: equations: ")
        assert told in finding


@pytest.mark.parametrize(
    ("equations", "told"),
    [
        ("dz/dt = (z - z**2)/T_wait : 1 (clock-driven)", "dz/dt is not linear (nonl"),
        ("dz/dt = -z/T_wait : 1 (event-driven)\n    dq/dt = (z - q)/(50*ms) : 1 (event-driven)",
         "'q' is event-driven, and the poles of its equation and of those it reads may meet"),
        ("dz/dt = -z/T_wait : 1 (event-driven)\n    dq/dt = z/(20*ms) : 1 (event-driven)", None),
        ("dz/dt = -z/T_wait : 1 (event-driven)\n    dq/dt = 1/(20*ms) : 1 (event-driven)", "'q' is"),
        ("dz/dt = (1 - z)/T_wait : 1 (event-driven)", None),
        ("dz/dt = -sine(z)/T_wait : 1 (clock-driven)", "unknown function 'sine'"),
    ],
)  # fmt: skip
def test_what_a_rule_cannot_integrate_is_told_of_the_rule(zoo, zoo_with, equations, told) -> None:
    text = (zoo.root / "rules/erbp.yaml").read_text()
    text = text.replace("  synapse: |\n", f"  synapse: |\n    {equations}\n").replace(
        "on_pre:", "method: exact\non_pre:"
    )
    edited = zoo_with({"rules/erbp.yaml": text})
    findings = check_experiment(edited.experiment("erbp_plus"))
    if told is None:
        assert not findings
        return
    assert str(findings[0]).startswith("rules/erbp.yaml: variables.synapse: ")
    assert told in str(findings[0])


def test_a_filter_and_a_readout_may_have_one_time_constant(zoo) -> None:
    """SuperSpike's eligibility goes through the two filters of its loss."""
    experiment = zoo.experiment("superspike").with_setting("loss.tau_rise=10*ms:loss.tau_decay=0.1*0.1*second")
    values = parameter_values(circuits.build(experiment, [4, 3, 2], "train"))
    dt = float(duration(circuits.build(experiment, [4, 3, 2], "train"), "dt"))
    assert values["input_hidden1.bar_y_from_bar_I"] == pytest.approx(dt / 0.01 * np.exp(-dt / 0.01), rel=1e-14)


def test_a_program_depends_on_equations_and_not_on_values(zoo, zoo_with) -> None:
    def key(of: Any, setting: str) -> str:
        experiment = of.experiment("rtrl_block_diagonal").with_setting(setting)
        circuit = circuits.build(experiment, [4, 3, 2], "train")
        return build_key(circuit, duration(circuit, "T_train"), 10, network.OUTPUT_ONLY)

    assert key(zoo, "default") == key(zoo, "hidden.tau_m=10*ms")
    text = (zoo.root / "models/neurons/lif_exp.yaml").read_text()
    coupled = zoo_with({"models/neurons/lif_exp.yaml": text.replace("-I/tau_s", "-(I + 0.1*v)/tau_s")})
    assert key(zoo, "default") != key(coupled, "default")


def test_equal_time_constants_on_the_dense_device(zoo, tmp_path) -> None:
    """A program that was built with the file's values runs with others: `v(t + dt) = exp(-dt/tau)*(v + I*dt/tau)`."""
    experiment = zoo.experiment("rtrl_block_diagonal")
    circuit = circuits.build(experiment, [2, 2, 2], "train")
    recording = network.Recording(states=(("hidden1", "v", 0), ("hidden1", "I", 0)))
    program = Program(build(circuit, duration(circuit, "T_train"), 1, tmp_path / "program", recording))
    for tau_m in ("10*ms", "0.1*0.1*second"):
        equal = circuits.build(experiment.with_setting(f"hidden.tau_m={tau_m}"), [2, 2, 2], "train")
        values = {name: np.full(4, 0.4) for name in ("input_hidden1.w", "hidden1_hidden1.w", "hidden1_output.w")}
        data = {"input": np.array([[0.01, 0.05]]), "label": np.eye(2)[:1]}
        traces = {name: f"{network.trace_name('hidden1', name, 0)}.{name}" for name in "vI"}
        found = program.run(Inputs(data, values | parameter_values(equal), 1, 0), traces.values())
        v, current = (found[traces[name]] for name in "vI")
        np.testing.assert_allclose(v[1:], np.exp(-0.2) * v[:-1] + 0.2 * current[1:], rtol=1e-14)
        assert v.max() > 0.1


EVERY_PATH = """
title: A neuron whose equations take every path
equations: |
  dv/dt = (I - v)/own : 1 (unless refractory)
  dI/dt = -I/tau_s : 1
  dx/dt = (1 + I - x)/tau_s - turn*y : 1
  dy/dt = turn*x - y/tau_s : 1
  da/dt = (0.2 - k*a)/tau_s : 1
  own : second (constant)
  k : 1 (constant)
threshold: v > 0.3
reset: v = v - 0.3
refractory: 6*ms
method: exact
initial: |
  own = 10*ms*(1 + 0.5*i)
  k = i
parameters: |
  tau_s = 10*ms
  turn = 100*Hz
"""


@pytest.mark.parametrize("precision", ["double", "single"])
def test_every_path_is_the_same_on_the_dense_device(zoo, zoo_with, tmp_path, precision) -> None:
    experiment = (zoo.root / "config/experiments/rtrl_block_diagonal.yaml").read_text()
    experiment = experiment.replace("hidden: lif_exp", "hidden: every_path").replace(
        "  feedback: symmetric", "  feedback: symmetric\n  learns: [hidden_output]"
    )
    experiment += f"precision: {precision}\n"
    edited = zoo_with({"models/neurons/every_path.yaml": EVERY_PATH, "config/experiments/every_path.yaml": experiment})
    circuit = circuits.build(edited.experiment("every_path"), [2, 2, 2], "train")
    recording = network.Recording(states=tuple(("hidden1", name, i) for name in "vIxya" for i in range(2)))
    names = [f"{network.trace_name('hidden1', name, i)}.{name}" for _, name, i in recording.states]
    values = {name: np.full(4, 2.0) for name in ("input_hidden1.w", "hidden1_hidden1.w", "hidden1_output.w")}
    inputs = Inputs({"input": np.array([[0.01, 0.05]]), "label": np.eye(2)[:1]}, values, 1, 0)
    sample_time = duration(circuit, "T_train")
    names.append("hidden1_spikes.count")
    program = Program(build(circuit, sample_time, 1, tmp_path / "program", recording))
    found, expected = program.run(inputs, names), run_here(circuit, sample_time, inputs, names, recording)
    assert expected["hidden1_spikes.count"].min() > 1
    for name in names:
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-13 if precision == "double" else 1e-5, atol=1e-7
        )
