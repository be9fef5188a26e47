"""What the dense device adds to Brian2's: paths, indices that are not stored, random numbers by lane."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import brian2
import numpy as np
import pytest
from brian2 import ms
from scipy import stats

from brian2zoo.dense import DEVICE, rows

LANES, STEPS = 500, 400


@contextlib.contextmanager
def dense(folder: Path) -> Iterator[brian2.devices.device.Device]:
    """The device, compiling in a folder; Brian2's usual one again afterwards."""
    brian2.set_device(DEVICE, directory=str(folder), build_on_run=False)
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
    brian2.defaultclock.dt = 0.1 * ms
    try:
        yield brian2.device
    finally:
        brian2.device.reinit()
        brian2.set_device("runtime")


def build(device: brian2.devices.device.Device, folder: Path, run: bool = True) -> None:
    device.build(directory=str(folder), with_output=False, run=run)


# --- One program for all that can be looked at in one --------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> dict[str, np.ndarray]:
    """A program with random numbers in every place, run with seeds 1, 1 and 2; and what was stored of indices."""
    folder = tmp_path_factory.mktemp("program")
    with dense(folder) as device:
        group = brian2.NeuronGroup(LANES, "u : 1\nz : 1", threshold="rand() < 0.25", reset="", name="lanes")
        group.run_regularly("u = rand()\nz = randn()")
        monitor = brian2.StateMonitor(group, ["u", "z"], record=True, name="values")
        spikes = brian2.SpikeMonitor(group, name="spikes")
        clock = brian2.NeuronGroup(1, "x : 1", threshold="True", reset="", name="clock")
        drawn = brian2.Synapses(
            clock, group, "w : 1\nn : 1", on_pre="w += int(rand() < 0.4)\nn += randn()", name="drawn"
        )
        drawn.connect()
        read = brian2.Synapses(clock, group, "w : 1", on_pre="w += 0.001*N_outgoing", name="read")
        read.connect()
        read.w = "0.1*j"
        control = brian2.NeuronGroup(1, "seed : integer (shared, constant)", name="control")
        device.apply_run_args()
        device.insert_code("main", "_random_generators[0].seed(_array_control_seed[0]);")
        network = brian2.Network(group, monitor, spikes, clock, drawn, read, control)
        network.run(STEPS * 0.1 * ms)
        build(device, folder, run=False)
        found = {"sizes": {}}
        for number, seed in enumerate((1, 1, 2)):
            device.run(str(folder), with_output=False, run_args={control.seed: seed})
            found[number] = {
                "u": np.array(monitor.u), "z": np.array(monitor.z), "spikes": np.array(spikes.t_),
                "w": np.array(drawn.w), "n": np.array(drawn.n),
            }  # fmt: skip
        found["read"] = np.array(read.w)
        found["i, j"] = np.array([drawn.i, drawn.j])
        for name in ("drawn", "read"):
            files = (folder / "results").glob(f"_dynamic_array_{name}__synaptic_p*")
            found["sizes"][name] = sum(file.stat().st_size for file in files)
        found["paths"] = dict(device.paths)
    return found


def test_uniform_numbers_are_uniform_and_never_an_end(program) -> None:
    u = program[0]["u"]
    assert 0 < u.min() < 1e-4
    assert 1 - 1e-4 < u.max() < 1
    assert stats.kstest(u.ravel()[::7], "uniform").pvalue > 1e-3


def test_normal_numbers_are_normal(program) -> None:
    assert stats.kstest(program[0]["z"].ravel()[::7], "norm").pvalue > 1e-3


def test_lanes_and_steps_are_independent(program) -> None:
    """Correlations of neighbouring lanes and successive steps, each a mean over 200,000 products: sd 0.0022."""
    for name, mean, deviation in (("u", 0.5, 12**-0.5), ("z", 0, 1)):
        x = (program[0][name] - mean) / deviation
        for product in (x[1:] * x[:-1], x[8:] * x[:-8], x[:, 1:] * x[:, :-1]):
            assert abs(product.mean()) < 0.01
    u, z = program[0]["u"] - 0.5, program[0]["z"]
    assert abs((u * z).mean()) < 0.005  # drawn one after the other from one lane


def test_thresholds_and_synapses_draw_as_often_as_they_should(program) -> None:
    n = LANES * STEPS
    assert len(program[0]["spikes"]) == pytest.approx(n / 4, abs=5 * (n * 3 / 16) ** 0.5)
    w, opened = program[0]["w"], 0.4 * STEPS
    assert w.mean() == pytest.approx(opened, abs=5 * (0.24 * STEPS / LANES) ** 0.5)
    assert w.var() == pytest.approx(0.24 * STEPS, rel=0.3)
    assert program[0]["n"].var() == pytest.approx(STEPS, rel=0.3)


def test_a_seed_gives_the_same_numbers_again_and_another_gives_others(program) -> None:
    for name in ("u", "z", "spikes", "w", "n"):
        np.testing.assert_array_equal(program[0][name], program[1][name])
        assert not np.array_equal(program[0][name], program[2][name])


def test_indices_are_stored_only_where_something_reads_them(program) -> None:
    assert program["sizes"] == {"drawn": 0, "read": 2 * 4 * LANES}
    np.testing.assert_array_equal(program["i, j"], [np.zeros(LANES), np.arange(LANES)])
    np.testing.assert_allclose(program["read"], 0.1 * np.arange(LANES) + 0.001 * LANES * STEPS)


def test_paths_are_told(program) -> None:
    assert program["paths"] == {"drawn_pre": "rows", "read_pre": "rows"}


# --- Several runs in one program ------------------------------------------------------------------


def two_runs(folder: Path, delay_afterwards: str) -> np.ndarray:
    """Arrivals of spikes sent by neuron i at step i, 0.3 ms under way, over runs of 0.4 and 0.6 ms."""
    with dense(folder) as device:
        source = brian2.NeuronGroup(5, "v : 1", threshold="int(t/dt + 0.5) == i", reset="", name="source")
        target = brian2.NeuronGroup(5, "arrived : 1", name="target")
        synapses = brian2.Synapses(source, target, on_pre="arrived_post += t/(0.1*ms)*int(i == j)", name="sends")
        synapses.connect()
        network = brian2.Network(source, target, synapses)
        if not delay_afterwards:
            synapses.delay = "0.3*ms"
        network.run(0.4 * ms)
        if delay_afterwards:
            synapses.delay = delay_afterwards
        network.run(0.6 * ms)
        build(device, folder)
        return np.array(target.arrived)


def test_spikes_under_way_at_the_end_of_a_run_arrive_in_the_next(tmp_path) -> None:
    np.testing.assert_allclose(two_runs(tmp_path, ""), np.arange(5) + 3)


def test_delays_changed_after_a_run_end_the_program(tmp_path) -> None:
    with pytest.raises(RuntimeError):
        two_runs(tmp_path, "0.1*ms*i")


# --- The text of a loop ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "independent"),
    [
        (["double w = _ptr_array_s_w[_idx];", "_ptr_array_s_w[_idx] = w;"], True),
        (["_ptr_array_g_v[_postsynaptic_idx] = v_post;", "x = _ptr_array_g_u[_presynaptic_idx];"], True),
        (["_ptr_array_g_v[_postsynaptic_idx] = v_post;", "x = _ptr_array_g_v[_presynaptic_idx];"], False),
        (["_ptr_array_g_v[_presynaptic_idx] = v_pre;"], False),
        (["_ptr_array_s_total[0] += 1;"], False),
        (["c = _ptr_array_g_v[_presynaptic_idx] == 1;"], True),
    ],
)
def test_columns_are_taken_together_only_if_they_touch_different_places(lines, independent) -> None:
    assert rows.independent(lines) is independent


LINES = [
    "const int32_t _postsynaptic_idx = (_column + 5);",
    "const float y = _ptr_array_out_y[_postsynaptic_idx];",
    "const float error = exp(y) - shared;",
    "float w = _ptr_array_s_w[_idx];",
    "const float other = 2*w;",
    "w += error*other;",
    "_ptr_array_s_w[_idx] = w;",
]


def test_what_all_rows_have_in_common_is_worked_out_before() -> None:
    declared, before, inside = rows.of_columns(LINES, 7)
    assert declared == ["static float _of_columns_error[7];"]
    assert before == [*LINES[:3], "_of_columns_error[_column] = error;"]
    assert inside == ["const float error = _of_columns_error[_column];", *LINES[3:]]


@pytest.mark.parametrize(
    "lines",
    [
        [*LINES[:2], *LINES[3:]],  # a number that is only read is read again
        [*LINES, "_ptr_array_out_y[_postsynaptic_idx] = w;"],
        [line.replace("exp(y)", "_rand(_vectorisation_idx)*y") for line in LINES],
        [line.replace("exp(y)", "y*_row") for line in LINES],
        [line.replace("const float y", "float y") for line in LINES],
    ],
)
def test_what_may_differ_between_rows_is_not(lines) -> None:
    assert rows.of_columns(lines, 7) == ([], [], lines)


@pytest.mark.parametrize("kind", ["float", "double", "int32_t"])
def test_what_is_added_under_a_condition_takes_no_branch_if_it_is_a_number(kind) -> None:
    lines = [f"{kind} v = _ptr_array_g_v[_idx];", "if(not_refractory)", "    v += w;"]
    free = [lines[0], "v = dense::either<decltype(v)>(not_refractory, v + (w), v);"]
    assert rows.unbranched(lines) == (lines if kind == "int32_t" else free)


def test_a_condition_by_chance_alone_is_known() -> None:
    shared = ["const double _lio_1 = rate * dt;"]
    assert rows.chance(["const char _cond = _rand(_vectorisation_idx) < _lio_1;"], shared) == "_lio_1"
    assert rows.chance(["const char _cond = _rand(_vectorisation_idx) < p;"], shared) is None
    assert rows.chance(["const char _cond = v < _lio_1;"], shared) is None


def test_neurons_are_known_from_their_place() -> None:
    lines = ["const int32_t _postsynaptic_idx = _ptr_array_s__synaptic_post[_idx];", "x = _ptr_array_s_w[_idx];"]
    assert rows.places(lines, "s", rows.Rows(2, 3, 0, 5))[0] == "const int32_t _postsynaptic_idx = (_column + 5);"
    assert rows.places(lines, "other", rows.Rows(2, 3, 0, 5)) == lines
