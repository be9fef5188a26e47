"""Train a built circuit: samples in, weights and learning curves out, checkpoint after every run.

A run takes at most `capacity` samples; between two runs the weights go on, what neurons and rules say they keep, and
the number of the sample. Everything else (potentials, currents, spikes under way) starts from rest. Within a run
nothing is reset between samples. The seed of a run and the order of samples follow from the seed and the epoch alone,
so that a training that was killed and resumed ends in the same weights as one that was not. Networks abreast are
trained in the same runs.
"""

import hashlib
import json
import logging
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.datasets.encode import content, take
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import fingerprint
from brian2zoo.run import carried, measure, results, scores
from brian2zoo.run.network import layer_names, weight_matrix
from brian2zoo.run.progress import Progress
from brian2zoo.run.scores import Decoder
from brian2zoo.run.sessions import Session, run_seed, test_abreast

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Schedule:
    """How long to train.

    Parameters
    ----------
    samples : training samples an epoch, drawn with replacement, equally many of each class.
    seeds : of the networks that are trained abreast; usually there is one.
    """

    epochs: int
    samples: int
    seeds: tuple[int, ...]


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


def shuffled_samples(available: int, n: int, seed: int, epoch: int) -> np.ndarray:
    """Indices of the samples of an epoch, every sample once before any comes again, each time in a new order."""
    place = epoch * n + np.arange(n)
    turns = {turn: np.random.default_rng([seed, turn]).permutation(available) for turn in np.unique(place // available)}
    return np.array([turns[turn][k] for turn, k in zip(place // available, place % available, strict=True)])


def train(
    learning: Session,
    testing: Session,
    train_data: xr.Dataset,
    test_data: xr.Dataset,
    schedule: Schedule,
    checkpoint: Path | None = None,
    given: Sequence[xr.Dataset] = (),
) -> list[xr.Dataset]:
    """Train for a number of epochs, with a full test after each.

    Parameters
    ----------
    learning, testing : the circuit in its two modes.
    train_data, test_data : splits from `encode.encode_dataset`.
    checkpoint : file that holds the state after the last complete run. It is resumed from if it is of this training,
        and of no more epochs; of another one, a line in the log says what differs, and the training begins anew. None
        keeps no state.
    given : for each seed what it starts from, see `carried.start_of`; the rest is drawn.

    Returns
    -------
    for each seed a data set over `epoch`, 0 being before training, with `test_error`, `train_error`, `spikes` and
    `test_spikes` a sample, `alignment`, operations and `wall_time`, and the final weights `w_NAME`
    (pre, post) beside those before training, `w0_NAME`, and what is kept as `k_GROUP__VARIABLE`.

    Raises
    ------
    ZooError
        If the checkpoint is damaged, or a value becomes infinite or not a number; the checkpoint then stays as it is.
    """
    given = given or [xr.Dataset()] * len(schedule.seeds)
    starts, tests_own = (
        [carried.of_result(runner.circuit, start, seed) for start, seed in zip(given, schedule.seeds, strict=True)]
        for runner in (learning, testing)  # that tests may have projections that the learning one has not
    )
    identity = _identity(learning, testing, train_data, test_data, schedule, [*starts, *tests_own])

    def close_epoch(states: Sequence[_State]) -> None:
        begun = [own | state.carried for own, state in zip(tests_own, states, strict=True)]
        score = testing.circuit.experiment.stated.score
        decoders, fitting = _timed(scores.fitted, score, testing, train_data, begun, schedule.seeds)
        tested, seconds = _timed(test_abreast, testing, test_data, begun, schedule.seeds)
        for state, result, decoder in zip(states, tested, decoders, strict=True):
            result["scores"] = decoder(result["answers"], testing.counted_for)
            state.close_epoch(result, decoder, fitting + seconds, learning.circuit, test_data)

    states = _resume(checkpoint, identity, schedule.epochs)
    if states is None:
        states = [_State(start) for start in starts]
        close_epoch(states)
    first, capacity = states[0], learning.program.capacity  # in epoch and sample they are all alike
    done = first.epoch * schedule.samples + first.sample
    with Progress(schedule.epochs * schedule.samples, _what(learning.circuit, schedule), done) as progress:
        while first.epoch < schedule.epochs:
            orders = [_order(learning.circuit, train_data, schedule, seed, first.epoch) for seed in schedule.seeds]
            while first.sample < schedule.samples:
                rows = [order[first.sample : first.sample + capacity] for order in orders]
                data, begun = [take(train_data, each) for each in rows], [state.carried for state in states]
                seed = run_seed(*schedule.seeds, first.epoch, first.sample)
                before = first.epoch * schedule.samples + first.sample
                parts, seconds = _timed(learning.run_abreast, data, begun, seed, before=before)
                learning.require_answers(parts, before)
                for state, part, each in zip(states, parts, rows, strict=True):
                    part["scores"] = state.decoder(part["answers"], learning.counted_for)
                    state.add(part, train_data.label.values[each], seconds)
                _save(states, checkpoint, identity)
                wrong = sum(state.wrong for state in states) / sum(state.sample for state in states)
                progress.advance(len(rows[0]), f"epoch {first.epoch + 1}, {wrong:.1%} wrong in training")
            for state in states:
                state.epoch += 1
            close_epoch(states)
            _save(states, checkpoint, identity)
    made = [_summary(state, start, learning.circuit, schedule) for state, start in zip(states, starts, strict=True)]
    return [result.assign_attrs(made_from=identity) for result in made]


def _what(circuit: Circuit, schedule: Schedule) -> str:
    seeds = ",".join(map(str, schedule.seeds))
    return f"{circuit.experiment.name} {'-'.join(map(str, circuit.layers))} seed {seeds}"


def _order(circuit: Circuit, data: xr.Dataset, schedule: Schedule, seed: int, epoch: int) -> np.ndarray:
    """Indices of the samples of an epoch, in the order of the experiment's protocol."""
    if circuit.experiment.protocol.order == "shuffled":
        return shuffled_samples(data.sizes["sample"], schedule.samples, seed, epoch)
    return draw_samples(data.label.values, schedule.samples, seed, epoch)


def build_time(learning: Session, testing: Session) -> xr.DataArray:
    """Seconds that making the two programs took, (stage, step); all trainings that share them share the time."""
    steps = [runner.program.manifest["seconds"] for runner in (learning, testing)]
    return xr.DataArray(
        [list(seconds.values()) for seconds in steps],
        {"stage": ["train", "test"], "step": list(steps[0])},
        attrs={"units": "s", "long_name": "wall time of generating and compiling the programs"},
    )


def _timed(function: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Any, float]:
    """Result of a call and the seconds it took."""
    begin = time.perf_counter()
    return function(*arguments, **options), time.perf_counter() - begin


@dataclass
class _State:
    """All that a training carries from run to run.

    `sample`, `wrong`, `seconds` and `spikes` count within the current epoch; `history` holds one entry for
    each test, the first before training; `decoder` is that of the last test.
    """

    carried: dict[str, np.ndarray]
    decoder: Decoder = scores.UNITS
    epoch: int = 0
    sample: int = 0
    wrong: int = 0
    seconds: float = 0.0
    spikes: dict[str, int] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: Mapping[str, Any], labels: np.ndarray, seconds: float) -> None:
        """Take over the outcome of one run."""
        self.carried = self.carried | part["carried"]
        for name, counts in part["spikes"].items():
            self.spikes[name] = self.spikes.get(name, 0) + int(counts.sum())
        self.sample += len(labels)
        self.wrong += int(np.sum(measure.classify(part["scores"]) != labels))
        self.seconds += seconds

    def close_epoch(
        self, tested: Mapping[str, Any], decoder: Decoder, seconds: float, circuit: Circuit, test_data: xr.Dataset
    ) -> None:
        """Take over the test after an epoch and start counting anew."""
        n, labels, self.decoder = test_data.sizes["sample"], test_data.label.values, decoder
        self.history.append(
            {
                "epoch": self.epoch,
                "train_error": self.wrong / self.sample if self.sample else None,
                "test_error": measure.error(tested["scores"], labels),
                "spikes": {name: count / self.sample for name, count in self.spikes.items()},
                "test_spikes": {name: float(c.sum()) / n for name, c in tested["spikes"].items()},
                "alignment": alignment(circuit, self.carried),
                "graded": measure.graded_answer(tested["answers"], tested["membranes"], labels)
                if "membranes" in tested and not decoder.arrays
                else None,
                "train_seconds": self.seconds,
                "test_seconds": seconds,
            }
        )
        self.sample, self.wrong, self.seconds, self.spikes = 0, 0, 0.0, {}


_MAGIC = b"brian2zoo checkpoint 2 "
"""Begins a checkpoint; then come the SHA-256 of the rest, a newline, and the rest, a npz archive."""
_EARLIER = b"PK"


def _save(states: Sequence[_State], path: Path | None, identity: Mapping[str, Any]) -> None:
    """Write the checkpoint, if there is to be one; it replaces the last one only when it is complete."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = [{k: v for k, v in vars(state).items() if k not in ("carried", "decoder")} for state in states]
    stored = json.dumps({"for": identity, "counts": counts})
    arrays = {f"{k}:{name}": values for k, state in enumerate(states) for name, values in state.carried.items()}
    arrays |= {f"decoder{k}:{n}": v for k, each in enumerate(states) for n, v in each.decoder.arrays.items()}
    archive = BytesIO()
    np.savez(archive, state=np.array(stored), **arrays)
    with results.replacing(path) as partial:
        partial.write_bytes(_MAGIC + _digest(archive.getvalue()) + b"\n" + archive.getvalue())


def _digest(archive: bytes) -> bytes:
    return hashlib.sha256(archive).hexdigest().encode()


def _resume(path: Path | None, identity: Mapping[str, Any], epochs: int) -> list[_State] | None:
    """The states in a checkpoint; None if there is none, or the training has to begin anew, which is logged.

    More epochs than it has seen go on. Of fewer it knows nothing: it holds the last weights alone.

    Raises
    ------
    ZooError
        If a bit of the file is not as it was written.
    """
    if path is None or not path.exists():
        return None
    data = path.read_bytes()
    head, _, archive = data.partition(b"\n")
    if data.startswith(_EARLIER):
        return _anew(path, "an earlier version of brian2zoo wrote it")
    if head != _MAGIC + _digest(archive):
        raise ZooError(path, "", "the checkpoint is damaged", "delete it; the training then starts anew")
    with np.load(BytesIO(archive)) as arrays:
        stored = json.loads(str(arrays["state"]))
        found = {name: arrays[name] for name in arrays.files if name != "state"}
    other = [name for name, value in identity.items() if stored["for"].get(name) != value]
    if other:
        return _anew(path, f"it has another {', another '.join(other)}")

    def of(owner: str) -> dict[str, np.ndarray]:
        return {n.removeprefix(f"{owner}:"): values for n, values in found.items() if n.startswith(f"{owner}:")}

    states = [_State(of(f"{k}"), Decoder(**of(f"decoder{k}")), **counts) for k, counts in enumerate(stored["counts"])]
    if (states[0].epoch, states[0].sample) > (epochs, 0):
        return _anew(path, f"it is past epoch {epochs}, whose weights it no longer has")
    return states


def _anew(path: Path, reason: str) -> None:
    logger.info("%s: the training does not go on from this checkpoint, but begins anew: %s", path, reason)


def _identity(
    learning: Session,
    testing: Session,
    train_data: xr.Dataset,
    test_data: xr.Dataset,
    schedule: Schedule,
    starts: Sequence[carried.Carried],
) -> dict[str, Any]:
    """All that the numbers of a training depend on but the epochs, of which more continue it."""
    circuits = learning.circuit, testing.circuit
    return {
        "training data": content(train_data),
        "test data": content(test_data),
        "program that learns": learning.program.key,
        "program that tests": testing.program.key,
        "experiment or setting": fingerprint(
            [c.experiment.stated.content() for c in circuits],
            [c.answer_step for c in circuits],
            [runner.parameters for runner in (learning, testing)],
        ),
        "layers": list(learning.circuit.layers),
        "start": [carried.content(start) for start in starts],
        "number of samples an epoch": schedule.samples,
        "seed": list(schedule.seeds),
    }


def alignment(circuit: Circuit, weights: Mapping[str, np.ndarray]) -> list[float]:
    """Angle in degrees between feedback and forward weights of each hidden layer, NaN without feedback weights.

    The feedback is compared with the product of the forward weights from the layer it reaches to the layer
    it comes from; error neurons stand for the output.
    """
    names = layer_names(circuit.layers)
    forward = [weight_matrix(p, weights[p.weight]) for p in circuit.forward]
    angles = [float("nan")] * (len(names) - 2)
    for projection in circuit.projections:
        if projection.kind == "feedback":
            depth = names.index(projection.post.name)
            source = names.index(projection.pre.name) if projection.pre.name in names else len(names) - 1
            # Of mirrored error neurons the first half carries the sign of the error.
            matrix = weight_matrix(projection, weights[projection.weight])[: circuit.layers[source]]
            angles[depth - 1] = measure.alignment_angle(forward[depth:source], matrix)
    return angles


def operations(circuit: Circuit, spikes: Mapping[str, float]) -> tuple[float, float]:
    """Synaptic operations caused by spike counts, the paper's way and with the true fan-outs.

    Noise kicks are not counted: they stand for the hardware's own noise.
    """
    fan_out: dict[str, int] = {}
    for projection in circuit.projections:
        if projection.pre in circuit.spiking:
            name = projection.pre.name
            fan_out[name] = fan_out.get(name, 0) + projection.size // projection.pre.size
    hidden = sum(count for name, count in spikes.items() if name in _hidden_names(circuit))
    paper = measure.synops_paper(
        data_spikes=spikes["input"],
        hidden_spikes=hidden,
        prediction_spikes=spikes.get("output", 0.0),
        error_spikes=spikes.get("error", 0.0),
        n_hidden=sum(circuit.layers[1:-1]),
        n_classes=circuit.layers[-1],
    )
    counted = {name: spikes[name] for name in fan_out}
    return float(paper), float(measure.synops_true(counted, fan_out))


def _hidden_names(circuit: Circuit) -> list[str]:
    return layer_names(circuit.layers)[1:-1]


def _summary(state: _State, start: Mapping[str, np.ndarray], circuit: Circuit, schedule: Schedule) -> xr.Dataset:
    history = state.history
    epochs = [h["epoch"] for h in history]
    coords = {
        "epoch": ("epoch", epochs, {"units": "1", "long_name": "epochs trained"}),
        "stage": ["train", "test"],
        "hidden": _hidden_names(circuit),
    }
    result = xr.Dataset(coords=coords)

    def add(name: str, dims: tuple[str, ...], values: Any, units: str, long_name: str) -> None:
        result[name] = (dims, np.asarray(values, dtype=float), {"units": units, "long_name": long_name})

    def column(key: str) -> list[Any]:
        return [h[key] for h in history]

    add("test_error", ("epoch",), column("test_error"), "1", "fraction of test samples wrong")
    add("train_error", ("epoch",), column("train_error"), "1", "fraction of samples wrong while learning")
    if history[-1]["graded"]:
        for name, meaning in measure.GRADED.items():
            add(name, ("epoch",), [h["graded"][name] for h in history], "1", meaning)
    add("alignment", ("epoch", "hidden"), column("alignment"), "degree", "angle of feedback to forward weights")
    seconds = list(zip(column("train_seconds"), column("test_seconds"), strict=True))
    add("wall_time", ("epoch", "stage"), seconds, "s", "wall time of the runs")
    for key, dim, stage in (("spikes", "population", "training"), ("test_spikes", "test_population", "test")):
        names = list(history[-1][key])
        if names:
            result = result.assign_coords({dim: names})
            table = [[h[key].get(name, np.nan) for name in names] for h in history]
            add(key, ("epoch", dim), table, "1", f"spikes a sample, {stage}")
    if circuit.spiking:
        counts = [operations(circuit, h["spikes"]) if h["spikes"] else (0.0, 0.0) for h in history]
        table = schedule.samples * np.array(counts)
        add("synops", ("epoch",), table[:, 0], "1", "synaptic operations in the epoch, as the paper counts them")
        add("synops_true", ("epoch",), table[:, 1], "1", "synaptic operations in the epoch, true fan-outs")
    else:
        sizes, per_epoch = circuit.layers, schedule.samples * (np.array(epochs) > 0)
        paper = measure.macs_paper(sizes[0], sum(sizes[1:-1]), sizes[-1])
        way = circuit.feedback.way if circuit.feedback is not None else ""
        kind = {"": "none", "direct_random": "direct"}.get(way, "layerwise")
        true = measure.macs_true(sizes, training=True, feedback=kind)
        add("macs", ("epoch",), paper * per_epoch, "1", "multiply-accumulates in the epoch, as the paper counts them")
        add("macs_true", ("epoch",), true * per_epoch, "1", "multiply-accumulates in the epoch")
    units = carried.units(circuit)
    for key, (dims, shape) in carried.shapes(circuit).items():
        for mark, values, when in (("0", start, "before training"), ("", state.carried, "trained")):
            if key in values:
                group, variable = key.split(".")
                what = f"weights of {group}" if variable == "w" else f"{key} as it is kept"
                add(carried.stored_name(key, mark), dims, values[key].reshape(shape), units[key], f"{what}, {when}")
    for projection in circuit.projections:
        if carried.in_results(projection) and projection.pairs is not None:
            for name, end, indices in zip("ij", (projection.pre, projection.post), projection.pairs, strict=True):
                what = f"neuron of {end.name} of each synapse of {projection.name}"
                add(f"{name}_{projection.name}", (f"synapse_{projection.name}",), indices, "1", what)
    result = result.assign(scores.as_variables(state.decoder))
    result.attrs["peak_memory_bytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return result
