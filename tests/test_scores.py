"""Classes of samples by labels that are given to output units, and by a linear readout; homeostasis between samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.check import check_experiment, errors
from brian2zoo.circuits import initial_weights
from brian2zoo.datasets.encode import take
from brian2zoo.run import carried, measure
from brian2zoo.run.evaluate import final_test, quantized_errors
from brian2zoo.run.scores import UNITS, assigned_labels, linear_readout, of_result
from brian2zoo.run.sessions import Session
from brian2zoo.run.sessions import test as answers_of
from brian2zoo.run.train import Schedule, train

# --- Decoders -------------------------------------------------------------------------------------

# Six units: two for class 0, one each for 1 and 2, one that answers all alike, one that is silent.
MEANS = np.array([[9, 0, 1], [5, 1, 1], [1, 4, 0], [0, 1, 6], [2, 2, 2], [0, 0, 0]])
LABELS = np.array([2, 0, 1, 1, 0, 2, 2, 2])


def test_each_unit_stands_for_the_class_it_answers_most_on_average() -> None:
    decoder = assigned_labels(MEANS[:, LABELS].T, LABELS, 3)
    members = [[0.5, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(decoder.weights, members)
    # a class scores by the mean of its units: one strong unit of class 2 beats two of class 0 that answer less
    np.testing.assert_array_equal(decoder(np.array([[3, 2, 0, 4, 99, 0]]), 1.0), [[2.5, 0, 4]])


def test_the_mean_counts_and_not_how_often_a_class_was_shown() -> None:
    labels = np.array([0, 1, 1, 1])
    decoder = assigned_labels(np.array([[5.0], [2], [2], [2]]), labels, 2)
    np.testing.assert_array_equal(decoder.weights, [[1, 0]])


def test_a_class_that_was_never_shown_has_no_units() -> None:
    decoder = assigned_labels(np.array([[5.0, 1], [2, 3]]), np.array([0, 2]), 4)
    np.testing.assert_array_equal(decoder.weights.sum(axis=0), [1, 0, 1, 0])


@pytest.mark.parametrize("scale", [1.0, 1e-6])
def test_a_linear_readout_finds_classes_that_no_unit_stands_for(scale) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=400)
    answers = scale * (np.eye(3)[labels] @ rng.normal(size=(3, 5)) + 0.05 * rng.normal(size=(400, 5)))
    decoder = linear_readout(answers[:300], labels[:300], 3)
    assert measure.error(decoder(answers[300:], 1.0), labels[300:]) == 0
    assert measure.error(answers[300:], labels[300:]) > 0.3


def test_spikes_count_by_the_second() -> None:
    decoder = assigned_labels(MEANS[:, LABELS].T / 0.1, LABELS, 3)
    twice = decoder(2 * MEANS[:, LABELS].T, 0.2)
    np.testing.assert_allclose(twice, decoder(MEANS[:, LABELS].T, 0.1), rtol=1e-15)


# --- A network that nobody tells a class ----------------------------------------------------------

LAYERS, CAPACITY = (6, 4), 8
EXPERIMENT = """
title: Diehl and Cook in short samples, three kinds of input, four units
extends: diehl_cook
protocol: {T_train: 40*ms, T_test: 40*ms, T_final: 80*ms}
score: {by: SCORE, samples: 12}
parameters: |
  synapse.w_total    = 12
  synapse.w_max      = 12
  output.theta_plus  = 0.5*mV
  output.tau_theta   = 1*second
  rule.a_plus        = 0.02
"""


def split(n: int, seed: int) -> xr.Dataset:
    """Two of six units are active, as the class says."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.arange(n) % 3)
    rates = np.repeat(np.eye(3)[label], 2, axis=1) * 800 + 1
    return xr.Dataset({"input": (("sample", "pixel"), rates), "label": ("sample", label)}).assign(
        target=(("sample", "class"), np.eye(3)[label])
    )


@pytest.fixture(scope="module")
def runners(zoo_with, compiled) -> Callable[[str], list[Session]]:
    zoo = zoo_with(
        {
            f"config/experiments/{by}.yaml": EXPERIMENT.replace("SCORE", by)
            for by in ("assigned_labels", "linear_readout")
        }
    )

    def of(by: str) -> list[Session]:
        experiment = zoo.experiment(by)
        return [compiled(circuits.build(experiment, LAYERS, mode), CAPACITY) for mode in ("train", "test")]

    assert errors(check_experiment(zoo.experiment("assigned_labels"))) == []
    return of


@pytest.mark.parametrize("by", ["assigned_labels", "linear_readout"])
def test_a_training_is_scored_tested_and_rounded_by_it(runners, by, tmp_path) -> None:
    learning, testing = runners(by)
    data = split(24, 0), split(9, 1)
    # units 2, 0 and 1 hear the two inputs of class 0, 1 and 2
    heard = np.repeat(np.eye(4)[[2, 0, 1]], 2, axis=0) + 0.01
    how = (Schedule(1, 12, (0,)), xr.Dataset({"w_input_output": (("unit_input", "unit_output"), heard)}))

    def trained_by(session: Session, checkpoint: str) -> xr.Dataset:
        (made,) = train(session, testing, *data, how[0], tmp_path / checkpoint, [how[1]])
        return made.drop_vars("wall_time").drop_attrs()

    trained = trained_by(learning, "whole")
    assert dict(trained.sizes)["class"] == 3
    assert dict(trained.sizes)["unit_output"] == 4
    assert trained.test_error[-1] == 0
    decoder, now = of_result(trained), carried.of_result(testing.circuit, trained, 0)
    tested = final_test(testing, data[1], now, 0, decoder)
    assert tested.test_error == 0
    assert tested.confusion.values.trace() == 9
    assert "error_by_spikes" not in tested  # no unit stands for a class
    assert quantized_errors(testing, data[1], now, 0, [8], decoder).item() == 0
    answers = answers_of(testing, data[1], now, 0)["answers"]
    assert measure.error(UNITS(answers, 1.0), data[1].label.values) > 0.2  # that the decoder is used

    with pytest.raises(KeyboardInterrupt):
        trained_by(_Interrupted(learning.circuit, learning.program, learning.sample_time), "resumed")
    xr.testing.assert_identical(trained_by(learning, "resumed"), trained)


class _Interrupted(Session):
    """Is interrupted after 8 samples."""

    def run_abreast(self, *arguments: Any, before: int = 0, **options: Any) -> list[dict[str, Any]]:
        if before == 8:
            raise KeyboardInterrupt
        return super().run_abreast(*arguments, before=before, **options)


def test_thresholds_rise_while_it_learns_and_stand_still_in_a_test(runners) -> None:
    learning, testing = runners("assigned_labels")
    data, start = take(split(16, 0), np.arange(16)), initial_weights(learning.circuit, 0)
    theta, runs = np.zeros(4), []
    begun = start
    for k in (0, 8):
        part = {name: values[k : k + 8] for name, values in data.items()}
        runs.append(learning.run(part, begun, 0, keep=("output.total_of_input_output",), before=k))
        begun = begun | runs[-1]["carried"]
        # a spike adds theta_plus, the rest decays: less than 0.4 of it in 0.32 s
        added = theta + 0.5e-3 * runs[-1]["spikes"]["output"]
        assert np.all(begun["output.theta"] <= added)
        assert np.all(begun["output.theta"] > np.exp(-0.32) * added * 0.99)
        theta = begun["output.theta"]
    assert theta.max() > 2e-3
    tested = testing.run({k: v[:8] for k, v in data.items()}, begun, 0)
    assert tested["spikes"]["output"].sum() > 0
    np.testing.assert_array_equal(tested["carried"]["output.theta"], theta)


def test_weights_have_their_sum_at_each_onset(runners) -> None:
    learning, _ = runners("assigned_labels")
    data, start = take(split(8, 0), np.arange(8)), initial_weights(learning.circuit, 0)
    one = {name: values[:1] for name, values in data.items()}
    silent = one | {"input": np.full((1, 6), 1e-9)}
    w = start["input_output.w"].reshape(6, 4)
    found = learning.run(silent, start, 0)["carried"]["input_output.w"].reshape(6, 4)
    np.testing.assert_allclose(found, 12 * w / w.sum(axis=0), rtol=1e-14)
    learned = learning.run(one, start, 0)["carried"]["input_output.w"].reshape(6, 4)
    assert np.ptp(learned.sum(axis=0)) > 1e-3  # within a sample the rule moves them
    again = learning.run(silent, start | {"input_output.w": learned.ravel()}, 0)["carried"]["input_output.w"]
    np.testing.assert_allclose(again.reshape(6, 4), 12 * learned / learned.sum(axis=0), rtol=1e-14)
