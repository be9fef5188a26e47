"""Measures against cases counted by hand and against loops that say the definition out loud."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brian2zoo.run import measure


def test_spike_counts_of_events_in_any_order() -> None:
    counts = measure.spike_counts(np.array([1, 0, 1, 1]), np.array([2, 0, 2, 1]), n_samples=3, n_neurons=3)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 2], [0, 0, 0]]


@pytest.mark.parametrize("neuron", [3, -1])
def test_spike_counts_refuses_an_index_that_would_land_in_another_sample(neuron) -> None:
    with pytest.raises(ValueError, match="invalid entry"):
        measure.spike_counts(np.array([0]), np.array([neuron]), n_samples=2, n_neurons=3)


def test_classify_gives_ties_to_the_lowest_index() -> None:
    assert measure.classify(np.array([[0, 2, 2], [1, 0, 1], [0, 0, 0], [1, 2, 3]])).tolist() == [1, 0, 0, 2]


def test_error_and_accuracy_are_complementary_fractions() -> None:
    scores, labels = np.eye(4), np.array([0, 1, 2, 0])
    assert measure.error(scores, labels) == 0.25
    assert measure.accuracy(scores, labels) == 0.75


def test_confusion_has_true_classes_in_rows() -> None:
    matrix = measure.confusion(predicted=np.array([1, 1, 0, 2]), labels=np.array([0, 0, 0, 2]), n_classes=3)
    assert matrix.tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]


# --- Latency in output spikes ---------------------------------------------------------------------


def naive_error_by_output_spikes(sample, neuron, time, labels, n_classes, max_spikes, onset) -> tuple:
    """One sample and one k at a time."""
    errors, mean_times = [], []
    for k in range(1, max_spikes + 1):
        wrong, times = 0, []
        for s, label in enumerate(labels):
            mine = sorted((t, i) for i, t in enumerate(time) if sample[i] == s and t > onset)
            votes = [0] * n_classes
            for _, i in mine[:k]:
                votes[neuron[i]] += 1
            wrong += not mine or votes.index(max(votes)) != label
            if len(mine) >= k:
                times.append(mine[k - 1][0])
        errors.append(wrong / len(labels))
        mean_times.append(sum(times) / len(times) if times else np.nan)
    return errors, mean_times


def test_error_by_output_spikes_by_hand() -> None:
    # sample 0 (class 1): spikes of 0, 1, 1      -> wrong, wrong (tie goes to 0), right
    # sample 1 (class 0): spikes of 1 too early, 0 -> right throughout
    # sample 2 (class 0): silent                   -> wrong throughout
    errors, mean_time = measure.error_by_output_spikes(
        spike_sample=np.array([0, 0, 0, 1, 1]),
        spike_neuron=np.array([0, 1, 1, 1, 0]),
        spike_time=np.array([0.010, 0.020, 0.030, 0.008, 0.014]),
        labels=np.array([1, 0, 0]),
        n_classes=2,
        max_spikes=4,
    )
    np.testing.assert_allclose(errors, [2 / 3, 2 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(mean_time, [0.012, 0.020, 0.030, np.nan])


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 30)), max_size=60),
    labels=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    onset=st.sampled_from([-1.0, 8e-3]),
)
def test_error_by_output_spikes_is_what_the_loop_says(events, labels, onset) -> None:
    sample, neuron, ms = np.array(events, dtype=int).reshape(-1, 3).T
    arguments = sample, neuron, ms * 1e-3, np.array(labels), 3, 5, onset
    errors, mean_time = measure.error_by_output_spikes(*arguments)
    expected_errors, expected_mean_time = naive_error_by_output_spikes(*arguments)
    np.testing.assert_allclose(errors, expected_errors)
    np.testing.assert_allclose(mean_time, expected_mean_time)


def test_error_by_output_spikes_ends_at_the_error_of_all_spikes() -> None:
    rng = np.random.default_rng(1)
    sample, neuron, labels = rng.integers(0, 200, 5000), rng.integers(0, 10, 5000), rng.integers(0, 10, 200)
    errors, _ = measure.error_by_output_spikes(sample, neuron, rng.uniform(0.01, 0.3, 5000), labels, 10, 100)
    assert errors[-1] == pytest.approx(measure.error(measure.spike_counts(sample, neuron, 200, 10), labels))


# --- Operations -----------------------------------------------------------------------------------


def test_synops_paper_by_hand() -> None:
    spikes = {"data_spikes": 1000, "hidden_spikes": 100, "prediction_spikes": 10, "error_spikes": 7}
    # 1000*400 + 100*10 + 2*10*10 + 7*410
    assert measure.synops_paper(**spikes, n_hidden=400, n_classes=10) == 400_000 + 1000 + 200 + 2870


def test_synops_paper_takes_one_count_an_epoch() -> None:
    spikes = {name: np.array([1, 2]) for name in ("data_spikes", "hidden_spikes", "prediction_spikes")}
    synops = measure.synops_paper(**spikes, error_spikes=np.array([0, 1]), n_hidden=5, n_classes=3)
    assert synops.tolist() == [14, 36]


def test_synops_true_of_a_deep_net_is_below_the_papers_count() -> None:
    spikes = {"data": 1000, "hidden_1": 60, "hidden_2": 40, "prediction": 10, "error": 7}
    fan_out = {"data": 200, "hidden_1": 200, "hidden_2": 10, "prediction": 2, "error": 401}
    true = measure.synops_true(spikes, fan_out)
    assert true == 200_000 + 12_000 + 400 + 20 + 2807
    assert true < measure.synops_paper(
        data_spikes=1000, hidden_spikes=100, prediction_spikes=10, error_spikes=7, n_hidden=400, n_classes=10
    )


def test_synops_true_refuses_a_population_without_fan_out() -> None:
    with pytest.raises(KeyError, match="hidden"):
        measure.synops_true({"hidden": 3}, {"data": 10})


def test_macs_paper_has_the_authors_794() -> None:
    assert measure.macs_paper(784, 100, 10) == 2 * (794 * 100 + 100 * 10)


@pytest.mark.parametrize(
    ("training", "feedback", "macs"),
    [
        (False, "layerwise", 4 * 3 + 3 * 5 + 5 * 2),
        (False, "direct", 4 * 3 + 3 * 5 + 5 * 2),
        (True, "layerwise", 2 * (4 * 3 + 3 * 5 + 5 * 2) + (3 * 5 + 5 * 2)),
        (True, "direct", 2 * (4 * 3 + 3 * 5 + 5 * 2) + (3 * 2 + 5 * 2)),
    ],
)
def test_macs_true_by_hand(training, feedback, macs) -> None:
    assert measure.macs_true([4, 3, 5, 2], training=training, feedback=feedback) == macs


def test_direct_and_layerwise_feedback_cost_the_same_with_one_hidden_layer() -> None:
    costs = {f: measure.macs_true([784, 100, 10], training=True, feedback=f) for f in ("layerwise", "direct")}
    assert costs["layerwise"] == costs["direct"] == 2 * (784 * 100 + 100 * 10) + 100 * 10


def test_neurobench_by_hand() -> None:
    result = measure.neurobench(
        weights={
            ("data", "hidden"): np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]),
            ("hidden", "output"): np.array([[1.0], [1.0], [0.0]]),
        },
        spikes={"data": np.array([10, 4]), "hidden": np.array([3, 0, 5]), "output": np.array([2])},
        scores=np.array([[1, 0], [1, 0]]),
        labels=np.array([0, 1]),
        n_steps=20,
        weight_bits={("data", "hidden"): 8, ("hidden", "output"): 16},
        state_bits={"hidden": 48, "output": 24},
    )
    assert result == {
        "Footprint": 6 * 1 + 3 * 2 + 3 * 6 + 1 * 3,
        "ConnectionSparsity": pytest.approx(4 / 9),
        "ActivationSparsity": pytest.approx(1 - 10 / (4 * 20 * 2)),
        "SynapticOperations": {
            "Effective_MACs": 0,
            "Effective_ACs": (10 * 2 + 4 * 1 + 3) / 2,
            "Dense": 9 * 20,
        },
        "ClassificationAccuracy": 0.5,
    }


def test_a_readout_that_never_spikes_has_no_activation() -> None:
    result = measure.neurobench(
        weights={("data", "hidden"): np.ones((2, 3)), ("hidden", "output"): np.ones((3, 1))},
        spikes={"data": np.array([10, 4]), "hidden": np.array([3, 0, 5])},
        scores=np.array([[1, 0]]),
        labels=np.array([0]),
        n_steps=20,
        weight_bits={("data", "hidden"): 8, ("hidden", "output"): 8},
        state_bits={"hidden": 8, "output": 8},
    )
    assert result["ActivationSparsity"] == pytest.approx(1 - 8 / (3 * 20))
    assert result["SynapticOperations"]["Effective_ACs"] == 14 * 3 + 8


# --- Alignment ------------------------------------------------------------------------------------

matrices = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=(7, 3)))


@given(weights=matrices, scale=st.floats(1e-6, 1e6))
def test_alignment_is_0_to_the_transpose_and_180_to_its_opposite_at_any_scale(weights, scale) -> None:
    assert measure.alignment_angle([weights], scale * weights.T) == pytest.approx(0, abs=1e-10)
    assert measure.alignment_angle([weights], -scale * weights.T) == pytest.approx(180, abs=1e-10)


@given(weights=matrices, feedback=matrices)
def test_alignment_is_the_arc_cosine_of_the_normalized_product(weights, feedback) -> None:
    cosine = np.sum(weights * feedback) / np.sqrt(np.sum(weights**2) * np.sum(feedback**2))
    angle = measure.alignment_angle([weights], feedback.T)
    assert np.cos(np.radians(angle)) == pytest.approx(cosine, abs=1e-12)


def test_alignment_is_90_for_orthogonal_and_45_between() -> None:
    forward = np.array([[1.0, 0.0], [0.0, 0.0]])  # hidden 0 drives class 0
    assert measure.alignment_angle([forward], np.array([[0.0, 1.0], [0.0, 0.0]])) == pytest.approx(90)
    assert measure.alignment_angle([forward], np.array([[1.0, 1.0], [0.0, 0.0]])) == pytest.approx(45)


def test_alignment_of_a_deep_layer_follows_the_product_of_all_weights_above() -> None:
    rng = np.random.default_rng(0)
    lower, upper = rng.normal(size=(6, 5)), rng.normal(size=(5, 3))
    assert measure.alignment_angle([lower, upper], (lower @ upper).T) == pytest.approx(0, abs=1e-10)
    assert 10 < measure.alignment_angle([lower, upper], rng.normal(size=(3, 6))) < 170


def test_alignment_of_silence_is_undefined() -> None:
    assert np.isnan(measure.alignment_angle([np.zeros((4, 2))], np.ones((2, 4))))
    assert np.isnan(measure.alignment_angle([np.ones((4, 2))], np.zeros((2, 4))))
