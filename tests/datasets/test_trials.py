"""Trials of tasks that need memory: what is shown when, and what the answer is."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

from brian2zoo.datasets import DatasetSettings, Trials, load
from brian2zoo.datasets.trials import BACKGROUND, LEFT, RECALL, RIGHT

LOUD = {"rate": "1000*Hz", "background": "100*Hz"}  # so that no cue is without a spike


def splits(**settings) -> dict[str, xr.Dataset]:
    return load(DatasetSettings(source="trials", trials=Trials(**settings)), Path("unused"))


def populations(split: xr.Dataset, units: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trial, population and time of each event."""
    trial = np.repeat(np.arange(split.sizes["sample"]), np.diff(split.offset))
    return trial, split.unit.values // units, split.time.values


def shown(split: xr.Dataset, onsets: np.ndarray, cue: float) -> np.ndarray:
    """Whether each cue is a right one (trial, cue), from the spikes alone; one side fires in each."""
    trial, population, time = populations(split)
    fired = np.zeros((split.sizes["sample"], len(onsets), 2), bool)
    for side in (LEFT, RIGHT):
        for k, onset in enumerate(onsets):
            fired[trial[(population == side) & (time >= onset) & (time < onset + cue)], k, side] = True
    assert (fired.sum(axis=2) == 1).all()
    return fired[:, :, RIGHT]


def test_answer_is_the_side_with_more_cues() -> None:
    train = splits(samples=100, **LOUD)["train"]
    right = shown(train, 0.05 + 0.15 * np.arange(7), 0.1)
    assert (train.label.values == (right.sum(axis=1) >= 4)).all()
    assert set(train.label.values) == {0, 1}


def test_parity_of_two_cues_is_exclusive_or() -> None:
    data = splits(samples=100, answer="parity", cues=2, rarer=0.5, gap="0.3*second", delay="0.3*second", **LOUD)
    right = shown(data["train"], np.array([0.3, 0.7]), 0.1)
    assert (data["train"].label.values == (right[:, 0] ^ right[:, 1])).all()
    assert len(np.unique(right, axis=0)) == 4


def test_nothing_but_background_between_cues_and_recall() -> None:
    train = splits(samples=20, **LOUD)["train"]
    _, population, time = populations(train)
    for side in (LEFT, RIGHT):
        assert time[population == side].max() < 1.05
    asked = time[population == RECALL]
    assert asked.min() >= 2.1
    assert 2.2 < asked.max() < 2.25
    background = time[population == BACKGROUND]
    assert background.min() < 0.1
    assert background.max() > 2.2


def test_rates_are_those_asked_for() -> None:
    train = splits(samples=500, test_share=0.5)["train"]
    _, population, _ = populations(train)
    n, units = 250, 10
    for which, rate, seconds in ((RECALL, 40, 0.15), (BACKGROUND, 10, 2.25)):
        expected = rate * seconds * units * n
        assert np.sum(population == which) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    expected = 40 * 0.7 * units * n
    assert np.sum((population == LEFT) | (population == RIGHT)) == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_cues_are_drawn_with_the_bias_asked_for() -> None:
    train = splits(samples=1000, rarer=0.1, **LOUD)["train"]
    right = shown(train, 0.05 + 0.15 * np.arange(7), 0.1)
    minority = np.minimum(right.sum(axis=1), 7 - right.sum(axis=1)).mean()
    # of 7 cues 0.7 are on the rarer side, at most a few ten-thousandths of the trials with more than three
    assert minority == pytest.approx(0.7, abs=4 * np.sqrt(7 * 0.1 * 0.9 / 800))
    assert train.label.values.mean() == pytest.approx(0.5, abs=0.07)


def test_same_seed_same_trials_and_limits_take_the_first() -> None:
    one, two, other = splits(samples=20), splits(samples=20), splits(samples=20, seed=1)
    assert one["train"].equals(two["train"])
    assert not one["train"].equals(other["train"])
    few = load(DatasetSettings(source="trials", trials=Trials(samples=20), limit_train=3), Path("unused"))["train"]
    assert few.offset.values.tolist() == one["train"].offset.values[:4].tolist()
    assert few.time.values.tolist() == one["train"].time.values[: few.offset.values[-1]].tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cues": 6}, "6 cues may have no majority"),
        ({"delay": "1*mV"}, "'1\\*mV' is no time"),
        ({"rate": "10*ms"}, "'10\\*ms' is no rate"),
        ({"gap": "-1*ms"}, "is no time"),
        ({"gap": "inf*ms"}, "is no time"),
        ({"gap": "(-1)**0.5*ms"}, "is no time"),
        ({"cue": "1*parsec"}, "unknown name 'parsec'"),
    ],
)
def test_trials_that_mean_nothing(settings, message) -> None:
    with pytest.raises(ValidationError, match=message):
        Trials(**settings)
