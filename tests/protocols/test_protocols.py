"""What protocols find, against formulas written for the tests; each rule, neuron and synapse by itself."""

import numpy as np
import pytest

from brian2zoo.errors import ZooError
from brian2zoo.protocols import constant_input, eligibility, factors, given_data, spike_timing, store
from brian2zoo.protocols.subject import subject

# --- Rules of spike timing -------------------------------------------------------------------------

LAGS = np.array([-100, -33, -8, -1, 0, 1, 12, 50, 100]) * 1e-3


def test_pairs_change_the_weight_by_the_window(zoo) -> None:
    """A exp(-|dt|/tau) of either sign, in parts of w_max = 0.2; the two of one step are a pair in both orders."""
    found = spike_timing.window(subject(zoo, "rule", "stdp_pair"), LAGS)
    plus, minus = LAGS >= 0, LAGS <= 0
    window = 0.2 * (0.005 * np.exp(-LAGS / 20e-3) * plus - 0.00525 * np.exp(LAGS / 20e-3) * minus)
    np.testing.assert_allclose(found.change, window, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(found.lag, LAGS, atol=1e-12)


def test_the_window_of_inhibition_is_symmetric(zoo) -> None:
    """At a learning rate that a setting gives; w_max = 1, target rate 5 Hz."""
    found = spike_timing.window(subject(zoo, "rule", "stdp_homeostatic_inhibition", setting="rule.eta=0.01"), LAGS)
    window = 0.01 * (np.exp(-np.abs(LAGS) / 20e-3) * (1 + (LAGS == 0)) - 2 * 5 * 20e-3)
    np.testing.assert_allclose(found.change, window, rtol=1e-9)


def test_many_pairs_change_the_weight_as_triplets_do(zoo, monkeypatch) -> None:
    """Equations 3 and 4 of Pfister and Gerstner (2006), spike by spike."""
    monkeypatch.setattr(spike_timing, "PAIRINGS", 5)
    found = spike_timing.by_rate(subject(zoo, "rule", "stdp_triplet"), (0.01, -0.01), (25.0, 50.0))
    assert found.attrs["pairings"] == 5

    def change(lag: float, rate: float) -> float:
        pre = np.arange(5) / rate
        post, total = pre + lag, 0.0
        for t in pre:
            total -= 7.1e-3 * np.exp(-(t - post[post < t + 1e-9]) / 33.7e-3).sum()
        for t in post:
            slow = np.exp(-(t - post[post < t - 1e-9]) / 114e-3).sum()
            total += 6.5e-3 * np.exp(-(t - pre[pre < t + 1e-9]) / 16.8e-3).sum() * slow
        return 0.2 * total

    expected = [[change(lag, rate) for rate in found.rate.values] for lag in found.lag.values]
    np.testing.assert_allclose(found.change, expected, rtol=1e-9)


def test_changes_are_those_that_the_rule_asks_for(zoo, monkeypatch) -> None:
    """20 pairs, each of more than 0.011, with 0.1 left to the bound of the store."""
    monkeypatch.setattr(spike_timing, "PAIRINGS", 20)
    of = subject(zoo, "rule", "stdp_pair", setting="rule.a_plus=0.1")
    assert float(spike_timing.by_rate(of, (0.01,), (50.0,)).change) > 0.2


def test_where_a_step_is_short_there_are_fewer_pairs_and_no_low_rates(zoo, monkeypatch) -> None:
    monkeypatch.setattr(spike_timing, "MOST_STEPS", 1000)
    found = spike_timing.by_rate(subject(zoo, "rule", "stdp_pair"), (0.01,), (5.0, 25.0, 50.0))
    assert found.attrs["pairings"] == spike_timing.FEWEST
    assert found.rate.values.tolist() == [25, 50]


VOLTAGE = """
title: Counts the steps in which it sees the membrane near its threshold
variables:
  synapse: "seen : 1"
each_step: seen += int(v_post > 0.999)
on_post: dw = 0.01*seen
"""
EXPERIMENT = "title: a rule of the membrane\nextends: stdp_pair\nlearning: {plastic: {rule: voltage}}\n"


def test_a_spike_that_is_told_lifts_the_membrane_for_a_step(zoo_with) -> None:
    zoo = zoo_with({"rules/voltage.yaml": VOLTAGE, "config/experiments/voltage.yaml": EXPERIMENT})
    found = spike_timing.window(subject(zoo, "rule", "voltage"), [-0.05, 0.05])
    np.testing.assert_allclose(found.change, 0.01, rtol=1e-9)


# --- Rules of an error -----------------------------------------------------------------------------


def test_the_boxcar_of_erbp_gates_the_error(zoo) -> None:
    of = subject(zoo, "rule", "erbp")
    read = factors.factors(of)
    assert [(each.side, each.variable) for each in read] == [("post", "I"), ("post", "U")]
    found = factors.surface(of, read)
    inside = np.abs(found.along.values) < 1.15e-9
    expected = 6e-13 * inside[:, None] * found.across.values
    assert inside.any()
    assert not inside.all()
    np.testing.assert_allclose(found.change, expected, rtol=1e-6, atol=1e-24)  # a change is a millionth of the weight
    assert found.attrs["event"] == "one presynaptic spike"


def test_gradient_descent_is_error_times_activity(zoo) -> None:
    of = subject(zoo, "rule", "bp", setting="rule.eta=0.05")
    found = factors.surface(of, factors.factors(of))
    np.testing.assert_allclose(found.change, -0.05 * np.outer(found.along, found.across), rtol=1e-9, atol=1e-15)


def test_coincidence_and_reward_of_nbp(zoo) -> None:
    of = subject(zoo, "rule", "nbp")
    found = factors.surface(of, factors.factors(of))
    np.testing.assert_array_equal(found.across, [0, 1])
    expected = np.outer(4 * found.along - 2, found.across)
    np.testing.assert_allclose(found.change, expected, atol=1e-12)


# --- Rules of eligibility --------------------------------------------------------------------------


def test_the_eligibility_of_eprop_below_the_threshold(zoo) -> None:
    """Surrogate of height 0.3 times the filtered spike, which is the membrane itself over its weight."""
    found = eligibility.course(subject(zoo, "rule", "eprop_lif"))
    v = found.membrane.values[0]
    weight = eligibility.STRENGTHS[0] * np.exp(2 / 20)  # which has decayed by a step when it is first seen
    assert v.max() == pytest.approx(eligibility.STRENGTHS[0])
    np.testing.assert_allclose(found.surrogate[0], 0.3 * np.clip(1 - np.abs(v - 1), 0, None), rtol=1e-9)
    np.testing.assert_allclose(found.eligibility[0], found.surrogate[0] * v / weight, rtol=1e-9, atol=1e-15)
    assert found.spikes.sum("time").values.tolist() == [0, 0, 1]
    before = found.time.values < 0
    assert not found.filtered.values[:, before].any()


# --- Neurons ---------------------------------------------------------------------------------------


def test_firing_rate_of_a_leaky_neuron(zoo) -> None:
    """1/(t_ref + tau log(RI/(RI - V_th))), to the nearest two steps of 0.1 ms."""
    of = constant_input.held(subject(zoo, "neuron", "lif"))
    assert (of.variable, of.way) == ("I", "held")
    inputs = np.array([15, 25, 40, 80]) * 1e-12
    found = constant_input.firing_rates(of, inputs)
    drive = 1e9 * inputs[1:]
    interval = 2e-3 + 20e-3 * np.log(drive / (drive - 20e-3))
    assert found.rate[0] == 0
    np.testing.assert_allclose(1 / found.rate[1:], interval, atol=2e-4)


def test_where_synapses_put_their_input(zoo) -> None:
    of = {name: constant_input.held(subject(zoo, "neuron", name)) for name in ("gated_threshold_unit", "leaky_readout")}
    assert {name: (each.variable, each.way) for name, each in of.items()} == {
        "gated_threshold_unit": ("I", "given"),
        "leaky_readout": ("y", "moved"),
    }
    # input times time constant, 50 ms in this experiment; after 500 ms all but e**-10 of it
    found = constant_input.answers(of["leaky_readout"])
    np.testing.assert_allclose(found.rates.answer, 0.05 * found.rates.input, rtol=1e-4, atol=1e-12)
    assert not found.courses.spikes.any()


def test_input_units_against_the_pixel(zoo) -> None:
    latency, poisson = (
        given_data.responses(of, of.population())
        for of in (subject(zoo, "neuron", name) for name in ("latency_input", "poisson_input"))
    )
    np.testing.assert_allclose(latency.latency, 0.1 * latency.pixel, atol=1.001e-3)  # the nearest step of 2 ms
    expected = 100 * poisson.pixel.values  # Hz; 0.1 s of 40 units
    np.testing.assert_array_less(np.abs(poisson.rate.values - expected), 5 * np.sqrt(expected / (0.1 * 40)) + 1e-9)


def test_passes_of_a_rate_unit(zoo) -> None:
    of = subject(zoo, "neuron", "rate_relu")
    found = given_data.passes(of, of.population())
    np.testing.assert_allclose(found.forward, np.clip(found.input, 0, None))
    np.testing.assert_allclose(found.backward, np.outer([0, 1], found.input > 0))


# --- Synapses --------------------------------------------------------------------------------------


def test_a_spike_decays_as_the_current_does(zoo) -> None:
    found = store.transfer(subject(zoo, "synapse", "current"))
    time, weight = found.time.values, float(found.weight)
    assert found.attrs == {"driven": "I", "membrane": "v"}
    expected = weight * np.exp(-time / 10e-3) * (time > 0)
    np.testing.assert_allclose(found.driven[0], expected, rtol=1e-9, atol=1e-12)


def test_a_store_rounds_by_chance_to_the_grid_and_cuts_at_its_ends(zoo, monkeypatch) -> None:
    """2**4 levels: a small change survives in the mean."""
    monkeypatch.setattr(store, "LEVELS", 5)
    found = store.written(subject(zoo, "synapse", "stochastic_fixed_point", setting="synapse.bits=4"))
    step = 1.5e-9 / 16
    assert float(found.stored.max()) == pytest.approx(0.75e-9 - step)
    assert float(found.stored.min()) == pytest.approx(-0.75e-9)
    assert float(found.deviation.max()) > 0.1 * step
    small, n = float(found.small), store.REPEATS * found.sizes["weight"]
    assert abs(float(found.change.sel(sign=1).mean()) - small) < 5 * np.sqrt(small * step / n)


def test_rate_synapses_hand_on_a_product(zoo) -> None:
    found = store.sums(subject(zoo, "synapse", "rate"))
    np.testing.assert_allclose(found.received, float(found.weight) * found.sent, rtol=1e-9)


# --- Refusals --------------------------------------------------------------------------------------


def test_a_rule_that_compares_and_reads_nothing_is_refused(zoo_with) -> None:
    files = {
        "rules/voltage.yaml": "title: decay\non_pre: dw = -0.01*w\n",
        "config/experiments/voltage.yaml": EXPERIMENT,
    }
    of = subject(zoo_with(files), "rule", "voltage")
    with pytest.raises(ZooError, match=r"rules/voltage.yaml: it compares no times of spikes and reads no variable"):
        factors.factors(of)


SLOW_NEURON = "title: long refractory\nextends: lif_exp\nrefractory: 60*ms\n"


def test_a_neuron_that_is_refractory_when_it_is_told_to_spike_is_refused(zoo_with, monkeypatch) -> None:
    monkeypatch.setattr(spike_timing, "PAIRINGS", 4)
    experiment = "title: a slow neuron\nextends: stdp_pair\nneurons: {hidden: slow}\n"
    zoo = zoo_with({"models/neurons/slow.yaml": SLOW_NEURON, "config/experiments/slow.yaml": experiment})
    of = subject(zoo, "rule", "stdp_pair", on="slow")
    with pytest.raises(ZooError, match=r"models/neurons/slow.yaml: refractory: it is still refractory"):
        spike_timing.by_rate(of, (0.01,), (25.0,))
