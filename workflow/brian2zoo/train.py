"""Train a built circuit: samples in, weights and learning curves out, checkpoint after every run.

A run takes at most `capacity` samples; between two runs the weights go on and everything else (potentials,
currents, spikes under way) starts from rest. Within a run nothing is reset between samples. The seed of a
run and the order of samples follow from the seed and the epoch alone, so that a training that was killed
and resumed ends in the same weights as one that was not.
"""

import json
import resource
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import measure
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.errors import ZooError
from brian2zoo.network import duration, samples_of, weight_matrix
from brian2zoo.progress import Progress
from brian2zoo.simulate import Binary, Inputs, parameter_values
from brian2zoo.spec import Experiment, Parameter


@dataclass(frozen=True)
class Schedule:
    """How long to train.

    Parameters
    ----------
    samples : training samples an epoch, drawn with replacement, equally many of each class.
    """

    epochs: int
    samples: int
    seed: int


def with_setting(experiment: Experiment, setting: str) -> Experiment:
    """The experiment with parameters replaced.

    Parameters
    ----------
    setting : ``scope.name=value`` joined by commas, such as ``synapse.bits=4``; 'default' for none.
    """
    if setting == "default":
        return experiment
    lines = {line.name: line for line in experiment.parameters}
    for part in setting.split(","):
        name, equals, value = part.partition("=")
        if not equals or "." not in name:
            raise ZooError("setting", "", f"'{part}' is not a setting", "write scope.name=value, e.g. synapse.bits=4")
        lines[name] = Parameter(name=name, value=value, meaning="setting of this run")
    return experiment.model_copy(update={"parameters": tuple(lines.values())})


def draw_samples(labels: np.ndarray, n: int, seed: int, epoch: int) -> np.ndarray:
    """Indices of the samples of an epoch, equally many of each class, with replacement, shuffled.

    Neftci et al. 2017 draw 5,000 of each class of MNIST an epoch. If the classes do not divide n, the
    first ones get one more.
    """
    rng = np.random.default_rng([seed, epoch])
    classes = np.unique(labels)
    counts = np.full(len(classes), n // len(classes)) + (np.arange(len(classes)) < n % len(classes))
    drawn = [rng.choice(np.flatnonzero(labels == c), k) for c, k in zip(classes, counts, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def run_seed(*parts: int | str) -> int:
    """Seed of one run of a binary, a function of its place in the training alone."""
    return zlib.crc32(json.dumps(parts).encode()) & 0x7FFFFFFF


class Network:
    """A circuit and its binary: run it over any number of samples.

    Spiking circuits answer with output spikes, rate circuits with output activity; `scores` is the spike
    count or the activity of each output unit for each sample.
    """

    def __init__(self, circuit: Circuit, binary: Binary, sample_time: Any) -> None:
        self.circuit, self.binary = circuit, binary
        self.sample_time = float(sample_time)
        self.dt = float(duration(circuit, "dt"))
        self.spiking = [p for p in circuit.populations if p.neuron.threshold]
        self.parameters = parameter_values(circuit)
        self.classes = circuit.layers[-1]

    def run(
        self,
        data: Mapping[str, np.ndarray],
        weights: Mapping[str, np.ndarray],
        seed: int,
        keep: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Run at most `capacity` samples.

        Parameters
        ----------
        data : 'input' (sample, unit), and 'label' (sample, class) in training.
        weights : by projection, each (synapse,), SI units.
        keep : further variables to return, flat.

        Returns
        -------
        `scores` (sample, class); `weights` of the plastic projections; `spikes` by population (neuron,);
        `output_sample`, `output_class`, `output_time` of each output spike, if there are any; and `keep`.
        """
        n = len(data["input"])
        rates = not self.circuit.population("output").neuron.threshold
        wanted = [f"{p.name}.w" for p in self.circuit.plastic]
        wanted += [f"{p.name}_spikes.count" for p in self.spiking]
        wanted += ["output_rates.r"] if rates else ["output_spikes.t", "output_spikes.i"]
        names = {p.name for p in self.circuit.projections}
        values = {f"{name}.w": w for name, w in weights.items() if name in names}
        inputs = Inputs(data, values | self.parameters, n, seed)
        out = self.binary.run(inputs, [*wanted, *keep])
        result: dict[str, Any] = {
            "weights": {p.name: out[f"{p.name}.w"] for p in self.circuit.plastic},
            "spikes": {p.name: out[f"{p.name}_spikes.count"] for p in self.spiking},
        } | {name: out[name] for name in keep}
        if rates:
            return result | {"scores": out["output_rates.r"].reshape(n, self.classes)}
        times = out["output_spikes.t"]
        samples = samples_of(times, self.sample_time, self.dt)
        return result | {
            "scores": measure.spike_counts(samples, out["output_spikes.i"], n, self.classes),
            "output_sample": samples,
            "output_class": out["output_spikes.i"],
            "output_time": times - samples * self.sample_time,
        }


def test(network: Network, data: xr.Dataset, weights: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """Scores (sample, class), output spikes and spike counts over all samples of a split."""
    parts = []
    for begin in range(0, data.sizes["sample"], network.binary.capacity):
        rows = slice(begin, begin + network.binary.capacity)
        part = network.run({"input": data.input.values[rows]}, weights, run_seed(seed, "test", begin))
        if "output_sample" in part:
            part["output_sample"] = part["output_sample"] + begin
        parts.append(part)
    joined = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("scores", "output_sample", "output_class", "output_time")
        if name in parts[0]
    }
    joined["spikes"] = {name: sum(part["spikes"][name] for part in parts) for name in parts[0]["spikes"]}
    return joined


def train(
    learning: Network,
    testing: Network,
    train_data: xr.Dataset,
    test_data: xr.Dataset,
    schedule: Schedule,
    checkpoint: Path,
) -> xr.Dataset:
    """Train for a number of epochs, with a full test after each.

    Parameters
    ----------
    learning, testing : the circuit in its two modes.
    train_data, test_data : splits from `encode.encode_dataset`.
    checkpoint : file that holds the state after the last complete run; resumed from if it fits.

    Returns
    -------
    data set with `test_error`, `train_error` (epoch), `spikes` and `test_spikes` (epoch, population) a
    sample, `alignment` (epoch, hidden), the `wall_time` (epoch, stage) in seconds, and the final weights
    `w_NAME` (pre, post), with those before training as `w0_NAME`.
    """
    start = initial_weights(learning.circuit, schedule.seed)
    state = _resume(checkpoint, schedule) or _State.fresh(start)
    labels, capacity = train_data.label.values, learning.binary.capacity
    total, done = schedule.epochs * schedule.samples, state.epoch * schedule.samples + state.sample
    what = f"{learning.circuit.experiment.name} {'-'.join(map(str, learning.circuit.layers))}"
    with Progress(total, what, done) as progress:
        while state.epoch < schedule.epochs:
            order = draw_samples(labels, schedule.samples, schedule.seed, state.epoch)
            while state.sample < schedule.samples:
                rows = order[state.sample : state.sample + capacity]
                begin = time.perf_counter()
                data = {"input": train_data.input.values[rows], "label": train_data.target.values[rows]}
                part = learning.run(data, state.weights, run_seed(schedule.seed, state.epoch, state.sample))
                wrong = int(np.sum(measure.classify(part["scores"]) != labels[rows]))
                state.add(part, wrong, len(rows), time.perf_counter() - begin)
                state.save(checkpoint, schedule)
                progress.advance(len(rows), f"epoch {state.epoch + 1}, {state.wrong / state.sample:.1%} wrong")
            begin = time.perf_counter()
            tested = test(testing, test_data, state.weights, schedule.seed)
            state.close_epoch(tested, learning.circuit, test_data.label.values, time.perf_counter() - begin)
            state.save(checkpoint, schedule)
    return _summary(state, start, learning.circuit)


class _State:
    """All that a training carries from run to run."""

    def __init__(self, arrays: Mapping[str, np.ndarray], counts: Mapping[str, Any]) -> None:
        self.weights = dict(arrays)
        self.epoch: int = counts["epoch"]
        self.sample: int = counts["sample"]
        self.wrong: int = counts["wrong"]
        self.seconds: float = counts["seconds"]
        self.spikes: dict[str, int] = dict(counts["spikes"])
        self.history: list[dict[str, Any]] = list(counts["history"])

    @classmethod
    def fresh(cls, weights: Mapping[str, np.ndarray]) -> "_State":
        counts = {"epoch": 0, "sample": 0, "wrong": 0, "seconds": 0.0, "spikes": {}, "history": []}
        return cls(weights, counts)

    def add(self, part: Mapping[str, Any], wrong: int, samples: int, seconds: float) -> None:
        """Take over the outcome of one run."""
        self.weights |= part["weights"]
        for name, counts in part["spikes"].items():
            self.spikes[name] = self.spikes.get(name, 0) + int(counts.sum())
        self.sample += samples
        self.wrong += wrong
        self.seconds += seconds

    def close_epoch(self, tested: Mapping[str, Any], circuit: Circuit, labels: np.ndarray, seconds: float) -> None:
        """Take over the test after an epoch and turn to the next."""
        self.history.append(
            {
                "train_error": self.wrong / self.sample,
                "test_error": measure.error(tested["scores"], labels),
                "spikes": {name: count / self.sample for name, count in self.spikes.items()},
                "test_spikes": {name: float(c.sum()) / len(labels) for name, c in tested["spikes"].items()},
                "alignment": alignment(circuit, self.weights),
                "train_seconds": self.seconds,
                "test_seconds": seconds,
            }
        )
        self.epoch, self.sample, self.wrong, self.seconds, self.spikes = self.epoch + 1, 0, 0, 0.0, {}

    def save(self, path: Path, schedule: Schedule) -> None:
        """Write the checkpoint; it replaces the last one only when it is complete."""
        path.parent.mkdir(parents=True, exist_ok=True)
        counts = {
            "seed": schedule.seed, "samples": schedule.samples, "epoch": self.epoch, "sample": self.sample,
            "wrong": self.wrong, "seconds": self.seconds, "spikes": self.spikes, "history": self.history,
        }  # fmt: skip
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            np.savez(file, counts=np.array(json.dumps(counts)), **self.weights)
        partial.replace(path)


def _resume(path: Path, schedule: Schedule) -> _State | None:
    if not path.exists():
        return None
    with np.load(path) as stored:
        counts = json.loads(str(stored["counts"]))
        arrays = {name: stored[name] for name in stored.files if name != "counts"}
    if (counts["seed"], counts["samples"]) != (schedule.seed, schedule.samples):
        return None
    return _State(arrays, counts)


def alignment(circuit: Circuit, weights: Mapping[str, np.ndarray]) -> list[float]:
    """Angle in degrees between feedback and forward weights of each hidden layer, NaN without feedback."""
    angles = []
    forward = [weight_matrix(p, weights[p.name]) for p in circuit.forward]
    n = circuit.layers[-1]
    for depth in range(1, len(circuit.layers) - 1):
        feedback = [p for p in circuit.projections if p.kind == "feedback" and p.post.name == f"hidden{depth}"]
        if not feedback or feedback[0].pre.size // feedback[0].copies != n:
            angles.append(float("nan"))
            continue
        matrix = weight_matrix(feedback[0], weights[feedback[0].name])[:n]
        angles.append(measure.alignment_angle(forward[depth:], matrix))
    return angles


def _summary(state: _State, start: Mapping[str, np.ndarray], circuit: Circuit) -> xr.Dataset:
    history = state.history
    epochs = np.arange(1, len(history) + 1)
    result = xr.Dataset(coords={"epoch": ("epoch", epochs, {"units": "1", "long_name": "epochs trained"})})

    def add(name: str, dims: tuple[str, ...], values: Any, units: str, long_name: str) -> None:
        result[name] = (dims, np.asarray(values, dtype=float), {"units": units, "long_name": long_name})

    add("test_error", ("epoch",), [h["test_error"] for h in history], "1", "fraction of test samples wrong")
    add("train_error", ("epoch",), [h["train_error"] for h in history], "1", "fraction wrong while learning")
    for name, key in (("spikes", "spikes"), ("test_spikes", "test_spikes")):
        populations = list(history[-1][key])
        if populations:
            dim = "population" if key == "spikes" else "test_population"
            result = result.assign_coords({dim: populations})
            table = [[h[key][p] for p in populations] for h in history]
            add(
                name,
                ("epoch", dim),
                table,
                "1",
                f"spikes a sample, {'training' if dim == 'population' else 'test'}",
            )
    add("alignment", ("epoch", "hidden"), [h["alignment"] for h in history], "degree",
        "angle between feedback and forward weights")  # fmt: skip
    result = result.assign_coords(stage=["train", "test"])
    seconds = [[h["train_seconds"], h["test_seconds"]] for h in history]
    add("wall_time", ("epoch", "stage"), seconds, "s", "wall time")
    for projection in circuit.projections:
        if projection.kind not in (*(p.kind for p in circuit.forward), "feedback"):
            continue
        dims = (f"unit_{projection.pre.name}", f"unit_{projection.post.name}")
        for prefix, weights, long_name in (
            ("w0", start, "weights before training"),
            ("w", state.weights, "weights"),
        ):
            matrix = weight_matrix(projection, weights[projection.name])
            add(f"{prefix}_{projection.name}", dims, matrix, "SI", f"{long_name}, {projection.name}")
    result.attrs["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return result
