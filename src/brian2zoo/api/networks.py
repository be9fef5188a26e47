"""Networks from Python: train them, run them with weights of one's own, test them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pooch
import xarray as xr

from brian2zoo.api.files import Layers, experiment_of, sizes_of, sound_one
from brian2zoo.circuits import Circuit
from brian2zoo.circuits.abreast import abreast
from brian2zoo.datasets.encode import take
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.mapping.spiking.activity import every_spike
from brian2zoo.run import carried, measure, network, programs, results, scores, stages
from brian2zoo.run.evaluate import final_test
from brian2zoo.run.given import Data, Weights, classes_of, given, is_named, name_of, named, start_of
from brian2zoo.run.network import OUTPUT_ONLY, Recording, samples_of
from brian2zoo.run.sessions import Session, run_seed
from brian2zoo.run.train import Schedule, build_time
from brian2zoo.run.train import train as run_training

CAPACITY = 1000
"""Most samples of a run, unless asked for otherwise; a checkpoint follows each."""


def cache_folder() -> Path:
    """Where compiled programs are kept unless a folder is named: that of this user's caches."""
    return Path(pooch.os_cache("brian2zoo")) / "programs"


def train(
    experiment: str | Experiment,
    layers: Layers,
    data: Data,
    test: Data | None = None,
    *,
    epochs: int = 1,
    samples: int | None = None,
    seed: int | Sequence[int] = 0,
    setting: str = "default",
    start: Weights | Sequence[Weights] | None = None,
    checkpoint: Path | None = None,
    capacity: int = CAPACITY,
    compiled: bool = True,
    cache: Path | None = None,
    built: Mapping[str, Path] | None = None,
) -> xr.Dataset | list[xr.Dataset]:
    """Train a network, with a test before the first epoch and after each.

    Parameters
    ----------
    experiment : name, or what `load` returned.
    layers : sizes from input to output, '784-100-10' or (784, 100, 10).
    data : what it learns. Any of

        - a pair (images, labels): images (sample, pixel) or (sample, row, column), of 0 to 1 or bytes; labels
          (sample,), whole numbers from 0;
        - a pair (spikes, labels): for each sample a pair of arrays (event,), times in seconds since its onset and input
          units from 0; the experiment then needs an encoder of events;
        - the name of a data set, such as 'digits' or 'mnist', or its settings as an entry of the configuration's
          `datasets` has them, such as {'source': 'mnist', 'limit_train': 1000}: it has both splits.
    test : what it is tested on, as `data`; only for a pair.
    epochs, samples : how long to train, and samples an epoch; left out, as many as there are.
    seed : of weights, order of samples and noise. Several train networks abreast in one program, one result each.
    setting : numbers and choices to replace, 'rule.eta=1e-3*nS:synapse.bits=4'.
    start : weights to start from, of a file, a result or arrays `w_PROJECTION` in SI units; the rest is drawn. With
        several seeds a list.
    checkpoint : file that keeps the state of an unfinished training; it goes on from there.
    capacity : most samples of one run of the program.
    compiled : False runs on Brian2's numpy target: no compiler, but slow; for networks of tens of units.
    cache : folder of compiled programs, by content; left out, that of this user's caches. What is there is not compiled
        again.
    built : folders of programs, 'train' and 'test', that are there already, as the pipeline has them.

    Returns
    -------
    data set over `epoch`, from 0, before training, with `test_error` and `train_error` (fraction of samples), `spikes`
    and `test_spikes` a sample by population, operations, `wall_time`, and weights with their units, `w_PROJECTION`
    (pre, post) as trained and `w0_PROJECTION` before; what it is of as attributes. With several seeds a list.

    Raises
    ------
    ZooError
        If a file or an argument has a mistake, before anything is compiled; or if a value becomes infinite.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> trained = zoo.train("erbp_plus", "64-100-10", "digits", epochs=3)  # doctest: +SKIP
    >>> float(trained.test_error[-1])  # doctest: +SKIP
    0.06
    """
    seeds = (seed,) if isinstance(seed, int | np.integer) else tuple(seed)
    chosen, of = (sound_one if built is None else experiment_of)(experiment, setting), sizes_of(layers)
    if is_named(data):
        if test is not None:
            raise ZooError("test", "", f"data set '{name_of(data)}' has a test split already", "leave test out")
        learned, tested = (named(chosen, of, data)[name] for name in ("train", "test"))
    elif test is None:
        raise ZooError("test", "", "there is nothing to test on", "give test=(images, labels)")
    else:
        classes = classes_of(chosen, of, data, test)
        learned, tested = (given(chosen, of, *each, classes) for each in ((data, "data"), (test, "test")))
    schedule = Schedule(epochs, samples or learned.sizes["sample"], tuple(map(int, seeds)))
    where = {"capacity": capacity, "compiled": compiled, "cache": cache, "built": built, "networks": len(seeds)}
    learning, testing = (_session(chosen, of, build, **where) for build in ("train", "test"))
    starts = [start] if isinstance(seed, int | np.integer) else list(start or [None] * len(seeds))
    if len(starts) != len(seeds):
        raise ZooError("start", "", f"{len(starts)} for {len(seeds)} seeds", "give as many")
    begun = [start_of(learning.circuit, each, "start") for each in starts]
    made = run_training(learning, testing, learned, tested, schedule, checkpoint, begun)
    facts = {"dataset": name_of(data), "layers": "-".join(map(str, of)), "setting": chosen.setting}
    facts |= {"samples": schedule.samples} | ({"abreast": len(seeds)} if len(seeds) > 1 else {})
    for trained in made:
        trained["build_time"] = build_time(learning, testing)
        trained.attrs["paths"] = learning.program.manifest["paths"]
    made = [results.described(each, chosen, **facts, seed=n) for each, n in zip(made, schedule.seeds, strict=True)]
    return made[0] if isinstance(seed, int | np.integer) else made


def simulate(
    experiment: str | Experiment,
    layers: Layers,
    data: Data,
    weights: Weights | None = None,
    *,
    learning: bool = False,
    seed: int = 0,
    setting: str = "default",
    capacity: int = CAPACITY,
    compiled: bool = True,
    cache: Path | None = None,
) -> xr.Dataset:
    """Run a network with given weights, and keep every spike.

    Parameters
    ----------
    experiment, layers, setting, capacity, compiled, cache : as for `train`.
    data : as for `train`; where nothing learns, images or spikes without labels will do. Of a named data set the test
        split is run.
    weights : a result of `train`, a file of one, or arrays `w_PROJECTION` (pre, post) in SI units, which
        `compose(...).circuit.projections` names; what is left out is drawn by `seed`.
    learning : whether the network learns meanwhile; a sample then lasts T_train, else T_test.
    seed : of the weights that are drawn, and of noise.

    Returns
    -------
    data set with, of spiking networks, `spike_time` (spike), s since the onset of the sample, `spike_sample`,
    `spike_unit` and `spike_population`; `answers` (sample, unit), spikes or mean membranes of the output units, and
    `predicted` (sample), the class that they stand for; `label` (sample), if given; with `learning` the weights
    afterwards, `w_PROJECTION`.

    Raises
    ------
    ZooError
        As `train`; or if the network has no such weights, or they are of another shape or not finite.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> weights = {"w_input_hidden1": np.full((4, 3), 1e-9), "w_hidden1_output": np.zeros((3, 2))}
    >>> run = zoo.simulate("erbp_plus", "4-3-2", np.ones((1, 4)), weights, compiled=False)  # doctest: +SKIP
    >>> set(run.spike_population.values)  # doctest: +SKIP
    {'input', 'hidden1'}
    """
    chosen, of = sound_one(experiment, setting), sizes_of(layers)
    build = "train" if learning else "test"
    labelled = learning or isinstance(data, tuple)
    split = _one_split(chosen, of, data, labelled)
    runner = _session(chosen, of, build, capacity=capacity, compiled=compiled, cache=cache, recording=every_spike)
    begun = start_of(runner.circuit, weights, "weights")
    state = carried.of_result(runner.circuit, begun, seed)
    decoder = scores.of_result(weights) if isinstance(weights, xr.Dataset) else scores.UNITS
    names = [p.name for p in runner.circuit.spiking]
    keep = tuple(f"{name}_spikes.{v}" for name in names for v in "ti")
    parts, answers = [], []
    for begin in range(0, split.sizes["sample"], capacity):
        rows = np.arange(begin, min(begin + capacity, split.sizes["sample"]))
        out = runner.run(take(split, rows), state, run_seed(seed, "simulate", begin), keep, begin)
        state = {**state, **out["carried"]}
        answers.append(out["answers"])
        for name in names:
            times, units = out[f"{name}_spikes.t"], out[f"{name}_spikes.i"]
            sample = samples_of(times, runner.sample_time, runner.dt)
            parts.append((times - sample * runner.sample_time, sample + begin, units, np.repeat(name, len(times))))
    result = xr.Dataset()

    def add(name: str, dims: tuple[str, ...], values: np.ndarray, units: str, long_name: str) -> None:
        result[name] = (dims, values, {"units": units, "long_name": long_name})

    if names:
        time, sample, unit, population = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.lexsort((time, sample))
        add("spike_time", ("spike",), time[order], "s", "time of a spike since the onset of its sample")
        add("spike_sample", ("spike",), sample[order], "1", "sample of a spike")
        add("spike_unit", ("spike",), unit[order], "1", "neuron within its population")
        add("spike_population", ("spike",), population[order], "1", "population")
    answered = np.concatenate(answers)
    add("answers", ("sample", "unit"), answered, "1", "answer of each output unit")
    predicted = measure.classify(decoder(answered, runner.counted_for))
    add("predicted", ("sample",), predicted, "1", "class that the answers stand for")
    if labelled or is_named(data):
        result["label"] = split.label
    if learning:
        unit_of = carried.units(runner.circuit)
        for key, (dims, shape) in carried.shapes(runner.circuit).items():
            if key in state:
                add(carried.stored_name(key), dims, state[key].reshape(shape), unit_of[key], f"{key} afterwards")
    facts = {"dataset": name_of(data), "layers": "-".join(map(str, of)), "setting": chosen.setting, "seed": seed}
    return results.described(result, chosen, **facts, sample_time=runner.sample_time)


def evaluate(
    trained: xr.Dataset | str | Path,
    data: Data,
    *,
    experiment: str | Experiment | None = None,
    capacity: int = CAPACITY,
    compiled: bool = True,
    cache: Path | None = None,
    built: Mapping[str, Path] | None = None,
) -> xr.Dataset:
    """The final test of a trained network, with samples of the protocol's T_final.

    Parameters
    ----------
    trained : a result of `train`, or the file of one.
    data : what it is tested on, as for `train`; of a named data set its test split.
    experiment : the one it was trained as, if that is not a file of the zoo in use.
    capacity, compiled, cache : as for `train`.
    built : the folder of a program, 'final', that is there already.

    Returns
    -------
    data set with `test_error`, `confusion` (true, predicted) and `spikes` a sample; of spiking networks whose output
    units stand for classes also the error when the first k output spikes decide, `error_by_spikes`, with the time and
    the synaptic operations until then. NeuroBench's metrics are the attribute `neurobench`, by its names.

    Raises
    ------
    ZooError
        If it is no result of a training, or as `train`.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> trained = zoo.train("erbp_plus", "64-100-10", "digits", epochs=3)  # doctest: +SKIP
    >>> zoo.evaluate(trained, "digits").error_by_spikes  # doctest: +SKIP
    """
    trained = training_of(trained)
    setting, layers = str(trained.attrs["setting"]), sizes_of(str(trained.attrs["layers"]))
    # one that is given has its setting already
    chosen = experiment_of(trained.attrs["experiment"], setting) if experiment is None else experiment_of(experiment)
    split = _one_split(chosen, layers, data)
    runner = _session(chosen, layers, "final", capacity=capacity, compiled=compiled, cache=cache, built=built)
    net = stages.trained_in(runner, trained)
    tested = final_test(runner, split, net.carried, net.seed, net.decoder)
    return results.described(tested, chosen, **net.facts)


def training_of(given: xr.Dataset | str | Path) -> xr.Dataset:
    """The result of a training, or the file of one; `ZooError` if it is none."""
    if isinstance(given, xr.Dataset):
        return results.required(given, "trained", results.TRAINING)
    return results.read(Path(given), results.TRAINING)


def _one_split(experiment: Experiment, layers: Sequence[int], data: Data, labelled: bool = True) -> xr.Dataset:
    """What a network is given that is run or tested: of a named data set its test split."""
    if is_named(data):
        return named(experiment, layers, data)["test"]
    return given(experiment, layers, data, "data", classes_of(experiment, layers, data), labelled)


def _session(
    experiment: Experiment,
    layers: Sequence[int],
    build: str,
    *,
    capacity: int,
    compiled: bool,
    cache: Path | None,
    built: Mapping[str, Path] | None = None,
    networks: int = 1,
    recording: Callable[[Circuit], Recording] = lambda circuit: OUTPUT_ONLY,
) -> Session:
    """A circuit with its program, one of `stages.BUILDS`: one that is there, or compiled, or interpreted."""
    text = "-".join(map(str, layers))
    if built is not None:
        return stages.session_of(experiment, text, build, Path(built[build]), networks)
    circuit = stages.circuit_of(experiment, text, build)
    sample_time = network.duration(circuit, stages.BUILDS[build][1])
    watched, together = recording(circuit), abreast(circuit, networks)
    if compiled:
        program = programs.cached(together, sample_time, capacity, cache or cache_folder(), watched)
    else:
        program = programs.Interpreted(together, sample_time, capacity, watched)
    return Session(circuit, program, sample_time, networks)
