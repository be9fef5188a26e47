"""The files in models/: what each neuron and synapse does, alone and on the numpy target."""

from collections.abc import Callable

import brian2
import numpy as np
import pytest
from ruled import rule_of

from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.datasets.encode import encode
from brian2zoo.run.network import Recording, trace_name
from brian2zoo.run.programs import Inputs, run_here

DT = 1e-4  # s, of every experiment with spikes


@pytest.fixture
def simulate(zoo) -> Callable[..., dict[str, np.ndarray]]:
    """Runs units of one file for some seconds and returns their spikes and final states.

    `kicks` are (ms, weight) of spikes that reach every unit through a projection of `synapse` at that time.
    """

    def run(name, size=1, *, seconds=0.1, data=None, kicks=(), synapse="soma_kick", rule=None,
            values=None, keep=(), overrides=None, formats=None, samples=1, seed=1) -> dict:  # fmt: skip
        experiment = zoo.experiment("erbp_plus")
        formats = {variable: zoo.state(state) for variable, state in (formats or {}).items()}
        unit = Population(
            "unit", "unit", size, zoo.neuron(name), data="input" if data is not None else "",
            overrides=overrides or {}, formats=formats,
        )  # fmt: skip
        populations, projections = [unit], []
        given = {} if data is None else {"input": np.tile(data, (samples, 1))}
        values = {f"unit.{variable}": value for variable, value in (values or {}).items()}
        if kicks:
            times, weights = np.array(kicks).T
            source = Population("source", "source", len(times), zoo.neuron("latency_input"), data="label")
            populations.append(source)
            store = zoo.synapse(synapse)
            learned = rule and rule_of(zoo.rule(rule), store, overrides)
            projections.append(
                Projection("kick", "kick", source, unit, store, learned, overrides=overrides or {}),
            )
            given["label"] = np.tile(times * 1e-3 - DT, (samples, 1))
            values["kick.w"] = np.repeat(weights, size)
            keep = ("kick.w", *keep)
        circuit = Circuit(experiment, (size,), "train", tuple(populations), tuple(projections))
        traced = [v for v in ("V", "I", "U") if f"d{v}/dt" in unit.neuron.equations and size == 1]
        recording = Recording(("unit",), tuple(("unit", v, 0) for v in traced))
        traces = [f"{trace_name('unit', v, 0)}.{v}" for v in traced]
        inputs = Inputs(given, values, samples, seed)
        wanted = ["unit_spikes.t", "unit_spikes.i", "unit_spikes.count", *traces, *keep]
        out = run_here(circuit, seconds / samples * brian2.second, inputs, wanted, recording)
        return {name.split(".")[-1]: value for name, value in out.items()} | {
            "steps": np.rint(out["unit_spikes.t"] / DT).astype(int)
        }

    return run


# --- Inputs: rates and times of spikes ------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixel", "stated"), [(0, 0), (0.43, 13), (0.5, 25), (0.63, 71), (0.75, 143), (0.9, 214), (1.0, 235)]
)
def test_escape_rate_input_fires_at_the_papers_rates(zoo, simulate, pixel, stated) -> None:
    units = 1000
    drive = encode(zoo.encoder("escape_rate"), np.full(units, pixel))
    out = simulate("escape_rate_input", units, seconds=0.5, data=drive)
    seconds = 0.4  # without the onset, when no unit is refractory
    found = np.sum(out["t"] >= 0.1) / units / seconds
    if not pixel:
        assert found == 0
        return
    hazard = 100 * np.exp((0.5 * pixel - 0.215 - 0.1) / 0.05)
    on_the_grid = 1 / (4e-3 + DT / np.expm1(hazard * DT))
    assert found == pytest.approx(on_the_grid, abs=4 * np.sqrt(stated / units / seconds))
    assert found == pytest.approx(stated, abs=0.5, rel=0.02)


def test_escape_rate_input_is_refractory_for_40_steps_across_samples(zoo, simulate) -> None:
    drive = encode(zoo.encoder("escape_rate"), np.full(50, 1.0))
    out = simulate("escape_rate_input", 50, seconds=0.2, data=drive, samples=4)
    intervals = [np.diff(out["steps"][out["i"] == unit]) for unit in range(50)]
    assert np.concatenate(intervals).min() == 40


def test_label_unit_fires_every_4_ms_and_only_for_the_true_class(zoo, simulate) -> None:
    drive = encode(zoo.encoder("label_current"), np.array([0, 1, 0]))
    out = simulate("escape_rate_input", 3, seconds=0.5, data=drive, samples=2)
    assert out["count"].tolist() == [0, 125, 0]
    assert set(np.diff(out["steps"])) == {40}


@pytest.mark.parametrize("samples", [1, 5])
def test_poisson_units_have_the_rate_and_the_spread_of_a_poisson_process(simulate, samples) -> None:
    units, seconds = 2000, 0.2
    rates = np.repeat([0, 50, 1000], units)
    counts = simulate("poisson_input", 3 * units, seconds=seconds, data=rates, samples=samples)["count"]
    noise = simulate("poisson_noise", units, seconds=seconds, samples=samples)["count"]
    for rate, count in [(0, counts[:units]), (50, counts[units : 2 * units]), (1000, counts[-units:]), (1000, noise)]:
        mean = rate * seconds
        assert count.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / units))
        # the variance of n Poisson counts has a standard error near sqrt(2.1/n) of itself
        assert count.var() == pytest.approx(mean, rel=4 * np.sqrt(2.1 / units))


def test_latency_input_spikes_once_a_sample_in_the_step_of_its_time(simulate) -> None:
    data = np.array([0, 0.0123, 0.01004, np.inf])
    out = simulate("latency_input", 4, seconds=0.06, data=data, samples=3)
    for unit, step in enumerate([0, 123, 100]):
        assert out["steps"][out["i"] == unit].tolist() == [step, 200 + step, 400 + step]
    assert out["count"][3] == 0


@pytest.mark.parametrize("t_on", [10, 4, 0.3])
def test_regular_input_fires_every_period_while_it_is_on(simulate, t_on) -> None:
    out = simulate("regular_input", 2, seconds=0.6, data=np.array([1, 0]), overrides={"t_on": f"{t_on}*ms"}, samples=3)
    period = round(10 * t_on)
    expected = [2000 * sample + k for sample in range(3) for k in range(period, 2000, period)]
    assert out["steps"][out["i"] == 0].tolist() == expected
    assert out["count"][1] == 0


# --- Neurons that integrate -----------------------------------------------------------------------

CONSTANT = {"tau_s": "1e9*second"}  # a current that stays what it is set to


@pytest.mark.parametrize(("nanoampere", "fires"), [(0.099, False), (0.101, True)])
def test_two_compartment_lif_has_its_threshold_at_a_tenth_of_a_nanoampere(simulate, nanoampere, fires) -> None:
    out = simulate("two_compartment_lif", values={"I": [nanoampere * 1e-9]}, overrides=CONSTANT)
    assert bool(out["count"][0]) is fires


@pytest.mark.parametrize(("nanoampere", "interval"), [(0.9, 40), (1.1, 39), (100, 39)])
def test_two_compartment_lif_saturates_at_its_refractory_period(simulate, nanoampere, interval) -> None:
    """V rises by 0.1*R*I in its first step: one step to threshold above 1 nA, after 38 in which it is held."""
    out = simulate("two_compartment_lif", values={"I": [nanoampere * 1e-9]}, overrides=CONSTANT)
    assert set(np.diff(out["steps"])) == {interval}


def test_two_compartment_lif_loses_kicks_while_refractory(simulate) -> None:
    kicks = [(1, 0.15), (2, 0.08), (4.9, 0.15), (6, 0.15)]
    out = simulate("two_compartment_lif", kicks=kicks, seconds=0.02)
    assert out["steps"].tolist() == [10, 60]
    assert np.all(out["V"][10:60] == 0)


def test_two_compartment_lif_keeps_its_currents_while_refractory_and_apart_from_the_soma(simulate) -> None:
    out = simulate("two_compartment_lif", values={"I": [1e-9], "U": [5.0]}, seconds=0.02)
    steps = 1 + np.arange(200)
    np.testing.assert_allclose(out["I"], 1e-9 * (1 - 0.1 / 4) ** steps, rtol=1e-12)
    np.testing.assert_allclose(out["U"], 5 * (1 - 0.1 / 5) ** steps, rtol=1e-12)
    assert 0 < out["count"][0] < 5


def test_two_compartment_lif_ignores_its_dendrite(simulate) -> None:
    assert np.all(simulate("two_compartment_lif", values={"U": [5.0]})["V"] == 0)


def test_error_integrator_is_rectified(simulate) -> None:
    out = simulate("error_integrator", kicks=[(1, -0.5), (2, 0.06), (3, -0.01)], seconds=0.005)
    np.testing.assert_allclose(out["V"][[10, 19, 20, 29, 30]], [0, 0, 0.06, 0.06, 0.05], atol=1e-15)


def test_error_integrator_spends_its_threshold_one_spike_a_step(simulate) -> None:
    out = simulate("error_integrator", kicks=[(1, 0.09), (2, 0.26)], seconds=0.005)
    assert out["steps"].tolist() == [20, 21, 22]
    assert out["V"][-1] == pytest.approx(0.05)


def test_lif_fires_at_the_rate_of_the_closed_form(simulate) -> None:
    out = simulate("lif", values={"I": [50e-12]}, overrides=CONSTANT)
    interval = 2e-3 + 20e-3 * np.log(50 / (50 - 20))
    assert np.diff(out["t"]).mean() == pytest.approx(interval, abs=2 * DT)


def test_fixed_point_state_stays_on_its_grid_and_is_right_in_the_mean(simulate) -> None:
    units, step, steps = 5000, 2 / 2**5, 30
    out = simulate(
        "two_compartment_lif", units, values={"U": np.full(units, 0.5)}, keep=("unit.U",), seconds=steps * DT,
        formats={"U": "fixed_point"}, overrides={"U_bits": "5", "U_max": "1*volt"},
    )  # fmt: skip
    levels = out["U"] / step
    assert np.abs(levels - np.rint(levels)).max() < 1e-9
    assert len(np.unique(np.rint(levels))) > 2
    # the decay in a step is a sixth of a level: rounding to the nearest would never let go of 0.5
    expected = 0.5 * (1 - 0.1 / 5) ** steps
    assert out["U"].mean() == pytest.approx(expected, abs=4 * out["U"].std() / np.sqrt(units))


@pytest.mark.parametrize(("start", "end"), [(50.0, 1 - 2 / 2**5), (-50.0, -1)])
def test_fixed_point_state_saturates(simulate, start, end) -> None:
    out = simulate(
        "two_compartment_lif", values={"U": [start]}, keep=("unit.U",), seconds=DT,
        formats={"U": "fixed_point"}, overrides={"U_bits": "5", "U_max": "1*volt"},
    )  # fmt: skip
    assert out["U"].tolist() == [end]


# --- Synapses: what is transmitted, what is stored ------------------------------------------------

UNITS = 20_000
LEARNS_AT_ONCE = {"T_wait": "0*ms", "tau_u": "1e9*second", "tau_s": "1e9*second"}


@pytest.fixture
def one_spike(zoo, simulate) -> Callable[..., dict[str, np.ndarray]]:
    """One spike reaches 20,000 neurons whose dendrites are at U, in volt; the boxcar of the rule is open."""

    def run(synapse, w, u, **overrides) -> dict:
        return simulate(
            "two_compartment_lif", UNITS, kicks=[(1, w)], synapse=synapse, rule="erbp", seconds=0.0012,
            values={"U": np.full(UNITS, u)}, keep=("unit.I",), overrides=LEARNS_AT_ONCE | overrides,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("p", [0.45, 0.9])
def test_blank_out_transmits_with_probability_p_and_learns_only_then(one_spike, p) -> None:
    w, dw = 0.2e-9, 6e-13
    out = one_spike("blank_out", w, u=1.0, p=str(p))
    open_ = out["I"] > 0
    assert open_.mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / UNITS))
    np.testing.assert_array_equal(out["w"][~open_], w)
    np.testing.assert_allclose(out["w"][open_], w + dw, rtol=1e-12)
    np.testing.assert_allclose(out["I"][open_], out["w"][open_], rtol=1e-9)  # updated, then transmitted


def test_blank_out_with_certainty_is_a_float_synapse(one_spike) -> None:
    certain, plain = (
        one_spike(store, 0.2e-9, u=1.0, **given) for store, given in [("blank_out", {"p": "1"}), ("float", {})]
    )
    np.testing.assert_array_equal(certain["w"], plain["w"])
    np.testing.assert_array_equal(certain["I"], plain["I"])


def test_stochastic_fixed_point_rounds_to_the_two_neighbours_without_bias(one_spike) -> None:
    step = 1.5e-9 / 2**8
    w = 30 * step
    out = one_spike("stochastic_fixed_point", w, u=2.0)
    share = 6e-13 * 2 / step  # of a step that is asked for: a fifth
    assert 0.1 < share < 0.5
    levels = out["w"] / step
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert set(np.rint(levels)) == {30, 31}
    assert levels.mean() == pytest.approx(30 + share, abs=4 * np.sqrt(share * (1 - share) / UNITS))


@pytest.mark.parametrize(("u", "level"), [(-1e5, -8), (1e5, 7)])
def test_stochastic_fixed_point_ends_one_step_below_its_range(one_spike, u, level) -> None:
    out = one_spike("stochastic_fixed_point", 0.0, u=u, bits="4")
    np.testing.assert_allclose(out["w"], level * 1.5e-9 / 2**4, rtol=1e-12)


def test_rounding_by_a_counter_has_no_bias_and_errors_that_cancel(zoo, simulate) -> None:
    """60 times a fifth of a step: by chance the sums spread by three steps, by a counter they stay within two."""
    units, spikes, step = 500, 60, 1.5e-9 / 2**8
    share = 6e-13 * 2 / step
    open_box = {"b_max": "1*uA"}  # currents add up

    def levels(store: str) -> np.ndarray:
        out = simulate(
            "two_compartment_lif", units, kicks=[(1, 0.0)], synapse=store, rule="erbp",
            seconds=0.0012 * spikes, samples=spikes, values={"U": np.full(units, 2.0)},
            overrides=LEARNS_AT_ONCE | open_box,
        )  # fmt: skip
        found = out["w"] / step
        np.testing.assert_allclose(found, np.rint(found), atol=1e-9)
        return found

    by_chance, counted = levels("stochastic_fixed_point"), levels("counted_fixed_point")
    assert by_chance.std() > 2.5
    assert np.abs(counted - spikes * share).max() < 2
    assert counted.mean() == pytest.approx(spikes * share, abs=0.1)
