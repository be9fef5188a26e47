"""By what a sample is classified: output units that stand for the classes, labels assigned to them, a linear readout.

Each is a linear map from the answers of output units to scores of classes, the largest of which decides. Labels and
readouts are fitted to a network that does not learn, on samples of the training split.

References
----------
Diehl and Cook (2015), doi:10.3389/fncom.2015.00099: labels assigned to units after training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from brian2zoo.formats.experiments import Score

if TYPE_CHECKING:  # figures read decoders of results, and need not wait for Brian2
    from brian2zoo.run.carried import Carried
    from brian2zoo.run.sessions import Session

UNIT = "unit_output"


@dataclass(frozen=True)
class Decoder:
    """From answers of output units to scores of classes.

    Parameters
    ----------
    weights, bias : (unit, class) and (class,), for answers a second where these are spikes; None where unit k stands
        for class k.
    """

    weights: np.ndarray | None = None
    bias: np.ndarray | None = None

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """Its parameters by name; none where unit k stands for class k."""
        return {} if self.weights is None else {"weights": self.weights, "bias": self.bias}

    def __call__(self, answers: np.ndarray, seconds: float) -> np.ndarray:
        """Scores (sample, class) of answers (sample, unit) that were counted for so long, or of 1 if not counted."""
        return answers if self.weights is None else answers @ self.weights / seconds + self.bias


UNITS = Decoder()
"""Unit k stands for class k."""


def fitted(
    score: Score, runner: "Session", data: xr.Dataset, carried: "Sequence[Carried]", seeds: Sequence[int]
) -> list[Decoder]:
    """The decoder of each of some networks abreast, for an experiment's `score`.

    Parameters
    ----------
    runner : the circuit that tests.
    data : the training split; the same samples of it are taken each time.
    """
    if score.by == "units":
        return [UNITS] * len(carried)
    from brian2zoo.run.sessions import test_abreast

    samples = np.random.default_rng(0).permutation(data.sizes["sample"])[: score.samples]
    labels, classes = data.label.values[samples], data.sizes["class"]
    tested = test_abreast(runner, data, carried, seeds, samples)
    fit = assigned_labels if score.by == "assigned_labels" else linear_readout
    return [fit(each["answers"] / runner.counted_for, labels, classes) for each in tested]


def assigned_labels(answers: np.ndarray, labels: np.ndarray, n_classes: int) -> Decoder:
    """Each unit stands for the class that it answers most on average, a class for the mean of its units.

    A unit that answers all classes alike, as a silent one does, stands for none; of two largest answers the first
    counts.

    Parameters
    ----------
    answers, labels : (sample, unit) and (sample,).
    """
    seen = [answers[labels == c].mean(axis=0) if (labels == c).any() else answers[0] * 0 for c in range(n_classes)]
    mean = np.stack(seen, axis=1)
    label = mean.argmax(axis=1)
    member = np.eye(n_classes)[label] * (mean.max(axis=1) > mean.min(axis=1))[:, None]
    return Decoder(member / np.maximum(member.sum(axis=0), 1), np.zeros(n_classes))


def linear_readout(answers: np.ndarray, labels: np.ndarray, n_classes: int) -> Decoder:
    """A readout of all units, by ridge regression on the classes; its penalty is found by leaving one sample out.

    Parameters
    ----------
    answers, labels : (sample, unit) and (sample,).
    """
    from sklearn.linear_model import RidgeCV  # here, since it takes seconds to import

    scale = np.maximum(answers.std(), np.finfo(float).tiny)
    fit = RidgeCV(alphas=np.logspace(-3, 5, 17)).fit(answers / scale, np.eye(n_classes)[labels])
    return Decoder(fit.coef_.T / scale, fit.intercept_)


def as_variables(decoder: Decoder) -> dict[str, tuple[Any, ...]]:
    """What a result has of a decoder."""
    if decoder.weights is None:
        return {}
    of_units, of_classes = "of each output unit in the score of a class", "of each class with silent output units"
    return {
        "score_weights": ((UNIT, "class"), decoder.weights, {"units": "1", "long_name": f"weight {of_units}"}),
        "score_bias": (("class",), decoder.bias, {"units": "1", "long_name": f"score {of_classes}"}),
    }


def of_result(result: Mapping[str, Any]) -> Decoder:
    """The decoder that a result of a training has."""
    if "score_weights" not in result:
        return UNITS
    return Decoder(result["score_weights"].values, result["score_bias"].values)
