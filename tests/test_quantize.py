"""The grid of quantized weights, and that rounding to it does what its name says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from brian2zoo.errors import ZooError
from brian2zoo.run.quantize import levels, quantize, quantize_network, symmetric_range

bit_widths = st.integers(2, 16)
ranges = st.tuples(st.floats(-10, 10), st.floats(0.01, 10)).map(lambda low_span: (low_span[0], sum(low_span)))
weights = arrays(float, 20, elements=st.floats(-30, 30))


def test_levels_by_hand() -> None:
    assert levels(2, -1, 1).tolist() == [-1, -0.5, 0, 0.5]


def test_eight_bits_on_the_papers_range_give_256_levels_with_an_exact_zero() -> None:
    grid = levels(8, -0.75, 0.75)
    assert len(grid) == 256
    assert grid[128] == 0
    assert grid[-1] == 0.75 - 1.5 / 256


def test_quantize_by_hand() -> None:
    w = np.array([[-3.0, -0.8, -0.7], [0.1, 0.49, 3.0]])
    assert quantize(w, 2, -1, 1).tolist() == [[-1, -1, -0.5], [0, 0.5, 0.5]]


@given(w=weights, bits=bit_widths, limits=ranges, rounding=st.sampled_from(["nearest", "stochastic"]))
def test_quantized_weights_are_levels(w, bits, limits, rounding) -> None:
    quantized = quantize(w, bits, *limits, rounding, np.random.default_rng(0))
    assert np.isin(quantized, levels(bits, *limits)).all()


@given(w=weights, bits=bit_widths, limits=ranges)
def test_nearest_is_within_half_a_step_of_the_clipped_weight(w, bits, limits) -> None:
    w_min, w_max = limits
    step = (w_max - w_min) / 2**bits
    distance = np.abs(quantize(w, bits, *limits) - np.clip(w, w_min, w_max - step))
    assert distance.max() <= step / 2 + 1e-12


@given(w=weights, bits=bit_widths, limits=ranges)
def test_quantizing_twice_changes_nothing(w, bits, limits) -> None:
    once = quantize(w, bits, *limits)
    np.testing.assert_array_equal(quantize(once, bits, *limits), once)


@pytest.mark.parametrize("w", [-0.61, -0.2, 0.03, 0.4])
def test_stochastic_rounding_is_unbiased_and_goes_to_the_two_neighbours(w) -> None:
    n, step = 100_000, 2 / 2**4
    quantized = quantize(np.full(n, w), 4, -1, 1, "stochastic", np.random.default_rng(2017))
    # the mean of n draws from two values a step apart has a standard error below step/2/sqrt(n)
    assert quantized.mean() == pytest.approx(w, abs=4 * step / 2 / np.sqrt(n))
    assert np.unique(quantized).tolist() == [np.floor(w / step) * step, np.ceil(w / step) * step]


def test_stochastic_rounding_leaves_levels_alone() -> None:
    grid = levels(6, -0.75, 0.75)
    np.testing.assert_array_equal(quantize(grid, 6, -0.75, 0.75, "stochastic", np.random.default_rng(3)), grid)


def test_a_weight_that_is_not_a_number_stays_one() -> None:
    assert np.isnan(quantize(np.array([np.nan]), 8, -1, 1)).all()


@given(w=arrays(float, 20, elements=st.floats(-30, 30)))
def test_symmetric_range_covers_all_weights_and_no_more(w) -> None:
    w_min, w_max = symmetric_range(w)
    assert w_min == -w_max
    assert w_max == np.abs(w).max()


def test_symmetric_range_of_a_percentile_leaves_outliers_out() -> None:
    w = np.append(np.linspace(-1, 1, 99), 50.0)
    assert symmetric_range(w)[1] == 50
    assert symmetric_range(w, percentile=98)[1] <= 1


def test_quantize_network_takes_each_projections_own_range() -> None:
    network = {"data_hidden": np.array([-0.3, 0.9]), "hidden_prediction": np.array([-4.0, 3.1])}
    by_range = quantize_network(network, 2, {"data_hidden": (-1, 1), "hidden_prediction": (-4, 4)})
    assert {name: w.tolist() for name, w in by_range.items()} == {
        "data_hidden": [-0.5, 0.5],
        "hidden_prediction": [-4, 2],
    }
    by_weights = quantize_network(network, 2)
    np.testing.assert_allclose(by_weights["data_hidden"], [-0.45, 0.45])
    np.testing.assert_allclose(by_weights["hidden_prediction"], [-4, 2])


@pytest.mark.parametrize("bits", [1, 17, 8.0, "8"])
def test_bad_bits_are_refused(bits) -> None:
    with pytest.raises(ZooError, match=r"bits: .* from 2 to 16"):
        quantize(np.zeros(1), bits, -1, 1)


@pytest.mark.parametrize("limits", [(1, 1), (1, -1), (0, np.inf), (np.nan, 1)])
def test_an_empty_or_endless_range_is_refused(limits) -> None:
    with pytest.raises(ZooError, match="w_min below w_max"):
        levels(8, *limits)


def test_the_projection_with_the_bad_range_is_named() -> None:
    with pytest.raises(ZooError, match=r"ranges\.hidden_prediction: .* empty"):
        quantize_network({"data_hidden": np.ones(2), "hidden_prediction": np.zeros(2)}, 8)


def test_a_range_for_another_projection_is_refused() -> None:
    with pytest.raises(ZooError, match="one range for each projection"):
        quantize_network({"data_hidden": np.ones(2)}, 8, {"hidden_data": (-1, 1)})


def test_unknown_rounding_and_a_missing_generator_are_refused() -> None:
    with pytest.raises(ZooError, match="'nearest' or 'stochastic'"):
        quantize(np.zeros(1), 8, -1, 1, "up")
    with pytest.raises(ZooError, match="rng: "):
        quantize(np.zeros(1), 8, -1, 1, "stochastic")
