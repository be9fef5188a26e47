"""Right-hand sides of parameter lines: what they may say, and what a mistake is called."""

import brian2
import numpy as np
import pytest
from brian2 import amp, ms, mV, nS

from brian2zoo.formats.expressions import evaluate, evaluate_lines


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3*4", 14),
        ("-2**3", -8),
        ("7 % 4 + 7 // 2", 6),
        ("sqrt(4) + abs(-1) + floor(1.5)", 4),
        ("exp(0) + log(1)", 1),
        ("clip(5, 0, 2)", 2),
        ("6e-4*nS", 6e-4 * nS),
        ("1*mV/(1*nS)*1*nS", 1 * mV),
        (" 3.9*ms ", 3.9 * ms),
    ],
)
def test_value(expression: str, value: brian2.Quantity | float) -> None:
    found = evaluate(expression)
    assert brian2.have_same_dimensions(found, value)
    assert float(found) == pytest.approx(float(value))


def test_infinity_has_the_unit_it_is_given() -> None:
    assert np.isinf(evaluate("inf*second"))
    assert brian2.have_same_dimensions(evaluate("inf*second"), brian2.second)


def test_arrays() -> None:
    x = np.array([0.0, 0.5, 1.0])
    np.testing.assert_array_equal(evaluate("where(x > 0.4, 2*x, -1)", {"x": x}), [-1, 1, 2])


def test_given_names_precede_units() -> None:
    assert evaluate("2*mV", {"mV": 3}) == 6


def test_a_line_may_use_those_above() -> None:
    values = evaluate_lines({"w_max": "8*amp", "bits": "2", "step": "w_max/2**bits"})
    assert values == {"w_max": 8 * amp, "bits": 2, "step": 2 * amp}


def test_a_line_may_not_use_those_below() -> None:
    with pytest.raises(ValueError, match="unknown name 'b'"):
        evaluate_lines({"a": "b", "b": "1"})


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1*msec", "unknown name 'msec'"),
        ("1*ms + 1*mV", "units do not match"),
        ("exp(1*ms)", "units do not match|cannot be evaluated"),
        ("1 +", "not an expression"),
        ("1/0", "cannot be evaluated"),
        ("sqrt()", "cannot be evaluated"),
        ("2(3)", "a call is FUNCTION"),
    ],
)
def test_mistakes_are_one_line(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        evaluate(expression)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "expression",
    ["(1).real", "[1][0]", "lambda: 1", "'a'.upper()", "{1: 2}", "[x for x in (1,)]", "(x := 1)", "f'{1}'"],
)
def test_only_arithmetic(expression: str) -> None:
    with pytest.raises(ValueError, match=r"more than arithmetic|a word of Python"):
        evaluate(expression)


@pytest.mark.parametrize(
    "lines", [{"n": "1e8", "a": "9**n"}, {"n": "100000000", "a": "9**n"}, {"n": "99", "a": "99**n"}]
)
def test_a_power_that_is_too_large_is_told_at_once(lines: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="cannot be evaluated"):
        evaluate_lines(lines | {f"b{k}": f"{'a' if k == 0 else f'b{k - 1}'}**99" for k in range(3)})


def test_integers_stay_integers() -> None:
    assert evaluate("2**bits", {"bits": 8}) == 256
    assert isinstance(evaluate("2**bits", {"bits": 8}), int)


def test_builtins_are_out_of_reach() -> None:
    with pytest.raises(ValueError, match="'__import__' is not a name"):
        evaluate("__import__('os')")
