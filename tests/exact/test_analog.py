"""Memory cells as a weight store: their curves, noise and defects, and learning on them against numpy."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.compose.neuron import compose_neuron
from brian2zoo.equations.pieces import constants, statements
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, run_here

RNG = np.random.default_rng(2022)


def functions(shape: Any = ()) -> dict[str, Any]:
    """What the strings may call, as numpy has it."""
    return {
        "clip": np.clip,
        "int": lambda x: np.asarray(x).astype(int),
        "inf": np.inf,
        "rand": lambda: RNG.random(shape),
        "randn": lambda: RNG.normal(size=shape),
        **{name: getattr(np, name) for name in ("sin", "cos", "floor", "sqrt", "log", "expm1", "abs", "pi")},
    }


@pytest.fixture
def cell(zoo) -> tuple[Any, dict[str, float]]:
    """The cell's file and its numbers."""
    model = zoo.synapse("analog_rate")
    return model, {name: float(value) for name, value in constants(model, {}).items()}


def written(cell, w, dw, **numbers: float) -> np.ndarray:
    """Weights after asking for a change; devices are the mean one."""
    model, given = cell
    w, dw = np.broadcast_arrays(np.asarray(w, float), np.asarray(dw, float))
    names = functions(w.shape) | given | {"uniform1": 0.0, "uniform2": 0.0, "stuck": 0, "end": 0, "w": w, "dw": dw}
    names |= numbers
    for line in statements(model.write):
        exec(line, names)
    return names["w"]


def equations(cell, size: int, **numbers: float) -> dict[str, Any]:
    """Variables of size x size cells with weight 0.3."""
    model, given = cell
    i, j = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    names = functions() | given | {"i": i, "j": j, "w": np.full(i.shape, 0.3), "r_pre": 0.26} | numbers
    for line in statements(model.state):
        variable, _, expression = line.partition("=")
        if expression:
            names[variable.strip()] = eval(expression.rpartition(":")[0], names)
    return names


@pytest.mark.parametrize("nl", [0.5, 1, 1.75, 3, 5])
def test_a_curve_is_as_nonlinear_as_it_says(cell, nl: float) -> None:
    """The largest distance from a straight line is 0.098995 times the nonlinearity (fact of the reference)."""
    part = np.arange(61) / 60
    up = (written(cell, -1.0, 2 * part, nl_up=nl) + 1) / 2
    assert up[0] == pytest.approx(0, abs=1e-12)
    assert up[-1] == pytest.approx(1, abs=1e-9)
    assert (up - part).max() == pytest.approx(0.098995 * nl, rel=0.02)
    mirrored = written(cell, 1.0, -2 * part, nl_down=-nl)
    np.testing.assert_allclose(-mirrored, 2 * up - 1, atol=1e-9)
    back = written(cell, 2 * up - 1, -2 * part, nl_down=nl)
    np.testing.assert_allclose(back, -1, atol=1e-6)


def test_a_linear_cell_changes_by_what_is_asked_in_the_mean(cell) -> None:
    found = written(cell, 0.1, np.full(100_000, 0.004))
    step = 2 / 60
    assert set(np.round((found - 0.1) / step, 1)) == {0, 1}
    assert found.mean() - 0.1 == pytest.approx(0.004, rel=0.03)


def test_noise_from_cycle_to_cycle_comes_with_each_pulse(cell) -> None:
    step = 2 / 60
    for pulses in (1, 4):
        noise = written(cell, 0.0, np.full(50_000, pulses * step + 1e-9), c2c=0.02) - pulses * step
        assert noise.std() == pytest.approx(2 * 0.02 * np.sqrt(pulses), rel=0.02)
    assert (written(cell, 0.2, np.zeros(100), c2c=0.05) == 0.2).all()


def test_a_conductance_stays_in_its_range_and_fades(cell) -> None:
    assert written(cell, 0.9, 5.0) == 1
    assert written(cell, -0.9, -5.0) == -1
    assert written(cell, 0.5, 0.0, retention=0.1) == pytest.approx(0.5 - 0.1 * 1.5)


def test_devices_differ_by_place_and_chip(cell) -> None:
    one, other = (equations(cell, 300, chip=chip) for chip in (0, 1))
    for variable in ("uniform1", "uniform2"):
        values = one[variable]
        assert values.mean() == pytest.approx(0.5, abs=0.01)
        assert values.std() == pytest.approx(np.sqrt(1 / 12), rel=0.02)
        assert abs(np.corrcoef(values.ravel(), other[variable].ravel())[0, 1]) < 0.02
        assert abs(np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(one["uniform1"].ravel(), one["uniform2"].ravel())[0, 1]) < 0.02


def test_cells_are_stuck_from_their_first_write_on(cell) -> None:
    found = equations(cell, 300, stuck_low=0.1, stuck_high=0.05)
    w = written(cell, found["w"], 0.0, stuck=found["stuck"], end=found["end"])
    for weight, share in ((-1, 0.1), (1, 0.05), (0.3, 0.85)):
        assert np.isclose(w, weight).mean() == pytest.approx(share, abs=0.01)


def test_the_off_state_is_an_offset_and_activities_are_bit_planes(cell) -> None:
    found = equations(cell, 3, on_off=10)
    np.testing.assert_allclose(found["g"], 0.3 * 0.9 + 0.1)
    assert found["r_in"] == pytest.approx(np.round(0.26 * 256) / 256)


def test_a_converter_rounds_a_sum_before_it_is_used(zoo) -> None:
    code = compose_neuron(zoo.neuron("rate_relu"), {}, formats={"a": zoo.state("converter")})
    names = functions() | {name: float(value) for name, value in code.parameters.items()}
    names["a"] = np.array([-9.0, -0.13, 0.12, 0.13, 2.6, 9.0])
    for line in statements(code.forward):
        exec(line, names)
    np.testing.assert_allclose(names["a"], [-8, -0.25, 0, 0.25, 2.5, 7.75])
    assert (names["r"] == np.maximum(names["a"], 0)).all()
    assert code.backward == zoo.neuron("rate_relu").backward.strip()


@pytest.mark.parametrize("rule", ["bp", "rbp", "dfa", "sign_symmetric"])
def test_learning_in_place_is_gradient_descent_through_what_is_read(zoo, rule: str) -> None:
    layers, eta, ratio = (6, 8, 7, 3), 0.5, 20.0
    setting = f"rule.eta={eta}:synapse.levels=1e9:synapse.w_max=3:synapse.on_off={ratio}:state.x_bits=7"
    setting += "".join(f":{kind}.r_max=2" for kind in ("input_hidden", "hidden_hidden", "hidden_output"))
    setting += ":feedback.b_sign=0.5" if rule == "sign_symmetric" else ""
    circuit = circuits.build(zoo.experiment(f"{rule}_analog").with_setting(setting), layers, "train")
    rng = np.random.default_rng(0)
    data = {"input": rng.random((12, 6)), "label": np.eye(3)[rng.integers(0, 3, 12)]}
    weights = initial_weights(circuit, seed=3)
    outputs, expected = descend(rule, layers, eta, ratio, data, weights)

    inputs = Inputs(data, weights, 12, seed=0)
    wanted = ["output_rates.r", *expected]
    found = run_here(circuit, network.duration(circuit, "T_train"), inputs, wanted)
    np.testing.assert_allclose(found["output_rates.r"].reshape(outputs.shape), outputs, atol=1e-6)
    for name, w in expected.items():
        assert np.abs(w.ravel() - weights[name]).max() > 0.1
        np.testing.assert_allclose(found[name], w.ravel(), atol=1e-6)


def descend(rule, layers, eta, ratio, data, weights) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Output of each sample and the weights after all: cells of 3 at most behind converters of 7 bits, inputs of 8."""
    names = network.layer_names(layers)
    forward = [f"{a}_{b}.w" for a, b in pairwise(names)]
    w = {name: weights[name].reshape(p, q) for name, (p, q) in zip(forward, pairwise(layers), strict=True)}

    def on_grid(x, step, low, high) -> np.ndarray:
        return np.clip(np.floor(x / step + 0.5) * step, low, high)

    def converted(x, most) -> np.ndarray:
        step = 2 * most / 2**7
        return on_grid(x, step, -most, most - step)

    outputs = []
    for x, target in zip(data["input"], data["label"], strict=True):
        g = {name: matrix * (1 - 1 / ratio) + 3 / ratio for name, matrix in w.items()}
        r, sums = [x], []
        for name in forward:
            sums.append(converted(on_grid(r[-1], 2 / 256, 0, 2) @ g[name], 8))
            r.append(np.maximum(sums[-1], 0))
        outputs.append(1 / (1 + np.exp(-sums[-1])))
        delta = {"output": outputs[-1] - target}
        for k in range(len(layers) - 2, 0, -1):
            here, above = names[k], "output" if rule == "dfa" else names[k + 1]
            if rule in ("bp", "sign_symmetric"):
                cells = g[f"{here}_{above}.w"].T
                back = cells if rule == "bp" else 0.5 * np.sign(cells)
                error = on_grid(delta[above], 1 / 128, -1, 1) @ back
            else:
                error = delta[above] @ weights[f"{above}_{here}.w"].reshape(-1, layers[k])
            delta[here] = converted(error, 2) * (sums[k - 1] > 0)
        for k, name in enumerate(forward):
            w[name] = np.clip(w[name] - eta * np.outer(r[k], delta[names[k + 1]]), -3, 3)
    return np.array(outputs), w
