"""What a run is judged by: error, latency in output spikes, operation counts, alignment of the feedback.

Pure functions over arrays. A spike event is a pair of indices (sample, neuron), in two flat arrays of equal
length.

References
----------
Neftci, Augustine, Paul, Detorakis (2017), doi:10.3389/fnins.2017.00324; "the authors" where their
analysis scripts say it.
Yik et al. (2025), NeuroBench, doi:10.1038/s41467-025-56739-4
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

# --- Decisions ------------------------------------------------------------------------------------


def _joint_counts(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How often each (row, column) pair occurs; an index outside `shape` is a ValueError."""
    pair = np.ravel_multi_index((row, column), shape)
    return np.bincount(pair, minlength=shape[0] * shape[1]).reshape(shape)


def spike_counts(sample: np.ndarray, neuron: np.ndarray, n_samples: int, n_neurons: int) -> np.ndarray:
    """Spikes of each neuron in each sample, (sample, neuron) int, from flat integer event arrays."""
    return _joint_counts(sample, neuron, (n_samples, n_neurons))


def classify(scores: np.ndarray) -> np.ndarray:
    """Class of the highest score, (sample,), from scores or spike counts (sample, class).

    Ties go to the lowest index, as the authors' do: a sample without output spikes is called class 0.
    """
    return np.argmax(scores, axis=1)


GRADED = {
    "exact_error": "fraction of test samples in which any output is wrong",
    "membrane_error": "fraction of test samples wrong by the largest output membrane",
    "mse": "mean squared difference of output and target, test samples",
}


def graded_answer(scores: np.ndarray, membranes: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """What binary outputs and their membranes say beside the first largest output; meanings in `GRADED`.

    Parameters
    ----------
    scores, membranes : (sample, class) spikes, 0 or 1, and what the spikes were decided from.
    """
    targets = np.eye(scores.shape[1])[labels]
    return {
        "exact_error": float(np.mean(np.any(scores != targets, axis=1))),
        "membrane_error": error(membranes, labels),
        "mse": float(np.mean((scores - targets) ** 2)),
    }


def error(scores: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of samples, 0 to 1, that `scores` (sample, class) call other than `labels` (sample,) say."""
    return float(np.mean(classify(scores) != labels))


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of samples, 0 to 1, classified rightly: 1 - `error`."""
    return 1 - error(scores, labels)


def confusion(predicted: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """Samples of each true class (row) called each class (column), (class, class) int."""
    return _joint_counts(labels, predicted, (n_classes, n_classes))


def error_by_output_spikes(
    spike_sample: np.ndarray,
    spike_neuron: np.ndarray,
    spike_time: np.ndarray,
    labels: np.ndarray,
    n_classes: int,
    max_spikes: int,
    onset: float = 8e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """Error when each sample is decided by its first k output spikes, for k = 1 … max_spikes.

    The latency figure of Neftci et al. (2017). A sample with fewer than k spikes is decided by all it has;
    one with none is wrong, since it never gave an answer.

    Parameters
    ----------
    spike_sample, spike_neuron : (spike,) int, sample and class of each output spike.
    spike_time : (spike,) seconds since the start of the spike's sample. Spikes at the same time count in the
        order given.
    labels : (sample,) int, the true classes.
    onset : seconds; a spike up to then is the previous sample's doing and is left out. The authors' 8 ms.

    Returns
    -------
    error : (max_spikes,) fraction of samples, 0 to 1.
    mean_time : (max_spikes,) seconds from a sample's start to its k-th counted spike, over the samples that
        have one; NaN where none has.
    """
    counted = spike_time > onset
    sample, neuron, time = spike_sample[counted], spike_neuron[counted], spike_time[counted]
    order = np.lexsort((time, sample))
    sample, neuron, time = sample[order], neuron[order], time[order]
    rank = np.arange(len(sample)) - np.searchsorted(sample, sample)  # place of a spike within its sample

    counts = np.zeros((len(labels), n_classes), dtype=int)
    errors, mean_time = np.empty(max_spikes), np.full(max_spikes, np.nan)
    for k in range(max_spikes):
        kth = rank == k
        counts[sample[kth], neuron[kth]] += 1  # at most one spike a sample, so no index pair repeats
        silent = ~counts.any(axis=1)
        errors[k] = np.mean((classify(counts) != labels) | silent)
        if kth.any():
            mean_time[k] = time[kth].mean()
    return errors, mean_time


# --- Operations -----------------------------------------------------------------------------------


def synops_paper(
    *,
    data_spikes: float | np.ndarray,
    hidden_spikes: float | np.ndarray,
    prediction_spikes: float | np.ndarray,
    error_spikes: float | np.ndarray,
    n_hidden: int,
    n_classes: int,
) -> float | np.ndarray:
    """Synaptic operations by the authors' formula, for their SynOps-against-MACs figure.

        N_D·Nh + N_H·Nc + 2·N_P·Nc + (N_E+ + N_E-)·(Nc + Nh)

    It overcounts the data spikes of a deep network, which reach the first hidden layer only, and prediction
    and error neurons, which are wired to each other one-to-one; `synops_true` takes the fan-outs as they are.

    Parameters
    ----------
    data_spikes, hidden_spikes, prediction_spikes, error_spikes : spikes of each population, as totals or as
        arrays of equal shape (an epoch or a sample each). Hidden: all hidden layers; error: E+ and E-.
    n_hidden : hidden neurons of all layers together.
    """
    return (
        data_spikes * n_hidden
        + hidden_spikes * n_classes
        + 2 * prediction_spikes * n_classes
        + error_spikes * (n_classes + n_hidden)
    )


def synops_true(spikes: Mapping[str, float | np.ndarray], fan_out: Mapping[str, int]) -> float | np.ndarray:
    """Synaptic operations: over the populations, spikes times the synapses each spike reaches.

    Parameters
    ----------
    spikes : population -> spikes, as a total or as arrays of equal shape.
    fan_out : population -> outgoing synapses per neuron, over all its projections; every population in
        `spikes` needs one (0 if nothing listens).
    """
    return sum(count * fan_out[population] for population, count in spikes.items())


def macs_paper(n_inputs: int, n_hidden: int, n_classes: int) -> int:
    """Multiply-accumulates per training sample of the non-spiking baseline, by the authors' formula.

        2·((n_inputs + n_classes)·Nh + Nh·n_classes)

    The classes count as inputs because the authors keep data and label neurons in one group (784 + 10 = 794).
    n_hidden : hidden neurons of all layers together.
    """
    return 2 * ((n_inputs + n_classes) * n_hidden + n_hidden * n_classes)


def macs_true(
    layers: Sequence[int], *, training: bool, feedback: Literal["layerwise", "direct", "none"] = "layerwise"
) -> int:
    """Multiply-accumulates per sample of a dense multi-layer perceptron.

    - forward: one per weight;
    - backward (training): the error carried to every hidden layer, not to the input: "layerwise" through the
      next layer's weights (back-propagation, feedback alignment) or "direct" from the output (direct feedback
      alignment); "none": they hear no error;
    - update (training): the outer product of activity and error, one per weight.

    Biases and products per neuron (derivative, learning rate) are left out: a weight matrix outweighs them.

    Parameters
    ----------
    layers : neurons per layer, input to output.
    """
    forward = sum(pre * post for pre, post in pairwise(layers))
    if not training:
        return forward
    backward = {"layerwise": forward - layers[0] * layers[1], "direct": sum(layers[1:-1]) * layers[-1], "none": 0}
    return forward + backward[feedback] + forward


def neurobench(
    weights: Mapping[tuple[str, str], np.ndarray],
    spikes: Mapping[str, np.ndarray],
    scores: np.ndarray,
    labels: np.ndarray,
    *,
    n_steps: int,
    weight_bits: Mapping[tuple[str, str], int],
    state_bits: Mapping[str, int],
) -> dict[str, float | dict[str, float]]:
    """A spiking network's inference in NeuroBench's metrics, by NeuroBench's names and definitions.

    Parameters
    ----------
    weights : (presynaptic population, postsynaptic population) -> weights (pre, post). A population that no
        projection reaches is input: it has neither activation nor state.
    spikes : population -> spikes of each of its neurons over all samples, (neuron,). One that is missing never spikes,
        and has no activation.
    scores, labels : (sample, class) and (sample,), as for `accuracy`.
    n_steps : time steps per sample.
    weight_bits : bits of one weight, by the keys of `weights`.
    state_bits : population -> bits of one neuron's state, all variables together.

    Returns
    -------
    Footprint : bytes of all weights and neuron states.
    ConnectionSparsity : fraction of weights that are zero.
    ActivationSparsity : fraction of neuron-steps without a spike.
    SynapticOperations : per sample; Effective_ACs: accumulations of a spike over a weight that is not zero;
        Effective_MACs: 0, since a spike multiplies nothing; Dense: every weight at every step.
    ClassificationAccuracy : fraction of samples.
    """
    n_samples = len(labels)
    n_neurons = {post: w.shape[1] for (_, post), w in weights.items()}
    n_weights = sum(w.size for w in weights.values())
    n_nonzero = sum(np.count_nonzero(w) for w in weights.values())
    spiking = [population for population in n_neurons if population in spikes]
    n_active = sum(int(spikes[population].sum()) for population in spiking)
    n_steps_of_all = sum(n_neurons[population] for population in spiking) * n_steps * n_samples
    passed = {key: w for key, w in weights.items() if key[0] in spikes}
    accumulations = sum(int(spikes[pre] @ np.count_nonzero(w, axis=1)) for (pre, _), w in passed.items())
    return {
        "Footprint": (
            sum(w.size * weight_bits[key] for key, w in weights.items())
            + sum(n * state_bits[population] for population, n in n_neurons.items())
        )
        / 8,
        "ConnectionSparsity": float(1 - n_nonzero / n_weights),
        "ActivationSparsity": 1 - n_active / n_steps_of_all if spiking else 0.0,
        "SynapticOperations": {
            "Effective_MACs": 0.0,
            "Effective_ACs": accumulations / n_samples,
            "Dense": float(n_weights * n_steps),
        },
        "ClassificationAccuracy": accuracy(scores, labels),
    }


# --- Alignment ------------------------------------------------------------------------------------


def alignment_angle(forward: Sequence[np.ndarray], feedback: np.ndarray) -> float:
    """Angle in degrees, 0 to 180, between what a hidden layer does to the output and the feedback it gets.

    Below 90 the feedback carries an error that descends the loss (feedback alignment, Lillicrap et al. 2016,
    doi:10.1038/ncomms13276).

    Parameters
    ----------
    forward : weight matrices (pre, post) from that hidden layer up to the output, in this order.
    feedback : (class, hidden).

    Returns NaN if either matrix is all zero.
    """
    path = forward[0]
    for weights in forward[1:]:
        path = path @ weights
    u, v = path.T.ravel(), feedback.ravel()
    lengths = np.linalg.norm(u), np.linalg.norm(v)
    if 0 in lengths:
        return float("nan")
    u, v = u / lengths[0], v / lengths[1]
    # Kahan's form: the arc cosine of u·v loses half the digits near 0 and 180 degrees
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))
