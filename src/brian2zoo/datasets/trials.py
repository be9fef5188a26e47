"""Trials of a task that needs memory: cues one after the other, a delay, and a signal to answer.

Each cue is left or right. The answer is the side with more cues (accumulation, Bellec et al. 2020,
doi:10.1038/s41467-020-17236-y, whose numbers are the defaults), or whether the number of right ones is odd: of two cues
that is the delayed exclusive or. Four populations of equal size fire as Poisson processes: one for left cues, one for
right ones, one while the answer is asked for, and one all the time.
"""

from collections.abc import Mapping
from typing import Literal, Self

import brian2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from brian2zoo.datasets.trains import Trains
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.language import Expression

LEFT, RIGHT, RECALL, BACKGROUND = range(4)
POPULATIONS, CLASSES = 4, 2
_RATES = ("rate", "background")
_TIMES = ("gap", "cue", "delay", "recall")


class Trials(BaseModel):
    """Which trials, and how many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Literal["majority", "parity"] = Field(
        "majority", description="class 1 if most cues are right ones, or if their number is odd"
    )
    cues: PositiveInt = Field(7, description="cues of a trial; odd for majority, 2 for a delayed exclusive or")
    rarer: float = Field(0.3, gt=0, le=0.5, description="probability of the side that is drawn to be the rarer one")
    units: PositiveInt = Field(10, description="input units of each of the four populations")
    rate: Expression = Field("40*Hz", description="firing rate of a population while it is on")
    background: Expression = Field("10*Hz", description="firing rate of the one that is always on")
    gap: Expression = Field("50*ms", description="pause before each cue")
    cue: Expression = Field("100*ms", description="duration of a cue")
    delay: Expression = Field("1050*ms", description="pause after the last cue")
    recall: Expression = Field("150*ms", description="duration of the signal to answer, which ends the trial")
    samples: PositiveInt = Field(2000, description="trials, training and test together")
    test_share: float = Field(0.2, gt=0, lt=1, description="part of them that is the test set")
    seed: NonNegativeInt = Field(0, description="of cues and spikes")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for names, what, example in ((_RATES, "rate", "40*Hz"), (_TIMES, "time", "100*ms")):
            expected = brian2.get_dimensions(evaluate(example))
            for name in names:
                value = evaluate(getattr(self, name))
                within = not np.iscomplexobj(value) and 0 <= float(value) < np.inf
                if brian2.get_dimensions(value) is not expected or not within:
                    raise ValueError(f"{name}: '{getattr(self, name)}' is no {what}|write such as {example}")
        if self.answer == "majority" and self.cues % 2 == 0:
            raise ValueError(f"{self.cues} cues may have no majority|give an odd number")
        return self

    def seconds(self, name: str) -> float:
        """A time or rate in SI units."""
        return float(evaluate(getattr(self, name)))

    @property
    def asked(self) -> float:
        """When the answer is asked for, s after the onset."""
        return self.cues * (self.seconds("gap") + self.seconds("cue")) + self.seconds("delay")

    @property
    def ends(self) -> float:
        """When a trial ends, s after the onset."""
        return self.asked + self.seconds("recall")


def read(settings: Trials, limits: Mapping[str, int | None]) -> dict[str, Trains]:
    """Splits `train` and `test`, of each so many of the first trials as `limits` says; None for all."""
    rng = np.random.default_rng(settings.seed)
    right = _cues(settings, rng)
    count = right.sum(axis=1)
    labels = count % 2 if settings.answer == "parity" else (2 * count > settings.cues).astype(int)
    times, units = _spikes(settings, right, rng)
    n_test = round(settings.test_share * settings.samples)
    splits = {"train": slice(n_test, None), "test": slice(n_test)}

    def trains(split: str, name: str) -> Trains:
        part = range(settings.samples)[splits[split]][: limits[split]]
        return Trains(
            title=f"{settings.answer} of {settings.cues} cues after a delay, {name} set",
            source=f"generated, seed {settings.seed}; doi:10.1038/s41467-020-17236-y",
            times=[times[k] for k in part],
            units=[units[k] for k in part],
            labels=labels[part],
            n_units=POPULATIONS * settings.units,
            classes=CLASSES,
        )

    return {"train": trains("train", "training"), "test": trains("test", "test")}


def _cues(settings: Trials, rng: np.random.Generator) -> np.ndarray:
    """Whether each cue is a right one, (trial, cue)."""
    likely = rng.choice([settings.rarer, 1 - settings.rarer], (settings.samples, 1))
    return rng.random((settings.samples, settings.cues)) < likely


def _spikes(settings: Trials, right: np.ndarray, rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Times and units of the spikes of each trial, in the order of time."""
    gap, cue, recall, rate = (settings.seconds(name) for name in ("gap", "cue", "recall", "rate"))
    trial, unit, time = [], [], []

    def fire(population: np.ndarray | int, rate: float, begin: float, duration: float) -> None:
        counts = rng.poisson(rate * duration, (settings.samples, settings.units))
        first = np.broadcast_to(np.asarray(population) * settings.units, settings.samples)
        units = first[:, None] + np.arange(settings.units)
        trial.append(np.repeat(np.arange(settings.samples), counts.sum(axis=1)))
        unit.append(np.repeat(units.ravel(), counts.ravel()))
        time.append(begin + duration * rng.random(counts.sum()))

    for k in range(settings.cues):
        fire(np.where(right[:, k], RIGHT, LEFT), rate, k * (gap + cue) + gap, cue)
    fire(RECALL, rate, settings.asked, recall)
    fire(BACKGROUND, settings.seconds("background"), 0, settings.ends)
    trials, units, times = (np.concatenate(parts) for parts in (trial, unit, time))
    order = np.lexsort((times, trials))
    ends = np.cumsum(np.bincount(trials, minlength=settings.samples))[:-1]
    return [np.split(values[order], ends) for values in (times, units)]
