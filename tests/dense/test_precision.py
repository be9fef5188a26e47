"""Which statements of a loop are computed in single precision."""

from brian2zoo.dense.precision import typed

SHARED = [
    "const double dt = _ptr_array_defaultclock_dt[0];",
    "const double t = _ptr_array_defaultclock_t[0];",
    "const double eta = _ptr_array_s_eta[0];",
    "const double _lio_1 = t + dt;",
    "const double _lio_2 = eta * int_(t > 0.5);",
]


def test_shared_values_and_numbers_are_narrowed() -> None:
    lines = ["float w = _ptr_array_s_w[_idx];", "const double dw = 0.5 * _lio_2 + 1e-3;", "w += dw;"]
    assert typed(lines, SHARED) == [
        ("float w = _ptr_array_s_w[_idx];", "float"),
        ("const float dw = 0.5f * float(_lio_2) + 1e-3f;", "float"),
        ("w += dw;", "float"),
    ]


def test_a_time_keeps_its_statement_double() -> None:
    lines = [
        "float w = _ptr_array_s_w[_idx];",
        "const double last = _ptr_array_s_last[_idx];",
        "const double since = t - last;",
        "const double far = 2.0 * since;",
        "w += eta * far;",
        "last = _lio_1;",
    ]
    assert typed(lines, SHARED) == [(lines[0], "float"), *((line, "double") for line in lines[1:])]


def test_what_a_comparison_of_times_returns_is_no_time() -> None:
    lines = ["float w = _ptr_array_s_w[_idx];", "const double late = int_(t > 0.5);", "w += late;"]
    assert typed(lines, SHARED)[1] == (lines[1], "double")
    assert typed(lines, SHARED)[2] == ("w += late;", "float")


def test_without_single_precision_nothing_changes() -> None:
    lines = ["double w = _ptr_array_s_w[_idx];", "w += 0.5 * eta;"]
    assert typed(lines, SHARED) == [(line, "double") for line in lines]
