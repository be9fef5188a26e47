"""What a configuration asks for, held against the zoo and the data: what does not fit is found before anything runs."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from brian2zoo import circuits
from brian2zoo.check import ReadOnce, check_experiment, check_zoo, errors
from brian2zoo.check.alone import SAMPLES
from brian2zoo.check.domains import outside_lines
from brian2zoo.check.findings import Findings
from brian2zoo.circuits.abreast import abreast
from brian2zoo.datasets import Shape, shape
from brian2zoo.datasets.encode import check_layers, input_units
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.language import sizes
from brian2zoo.formats.settings import numbers_of
from brian2zoo.formats.zoo import Zoo
from brian2zoo.pipeline.config import FILLED, Config, Network, Sources, mistake

_MOST_STEPS_OF_A_RUN = 2**31 - 1


def mistakes(config: Config, zoo: Zoo, sources: Sources) -> list[str]:
    """What is wrong with a configuration or with the experiments that it names, a line each, before anything runs.

    What it does not name may be half-written.
    """
    asked = {("experiment", name) for name in config.experiments() & set(zoo.names("experiment"))}
    read_once = ReadOnce.of(zoo)
    found = errors(check_zoo(read_once, asked)) or check_config(config, read_once, sources)
    return list(dict.fromkeys(map(str, found)))


def check_config(config: Config, zoo: Zoo, sources: Sources) -> list[ZooError]:
    """Mistakes in a configuration whose keys are right by themselves, for a zoo without mistakes.

    No data are loaded. Where only files that are not there would say what they are, sizes are not compared.

    Parameters
    ----------
    sources : see `brian2zoo.config.load_config`; a mistake names the file it is in.
    """
    findings, zoo = Findings(), ReadOnce.of(zoo)  # a configuration of many settings has the same files many times
    shapes: dict[str, Shape | None] = {}
    for name, settings in config.datasets.items():
        with findings.collect(), _at(sources, f"datasets.{name}"):
            shapes[name] = shape(settings, zoo.workplace)
    for network in _each_once(config):
        with findings.collect():
            _check_network(network, config, zoo, sources, shapes.get(network.dataset))
    with findings.collect():
        _check_chips(config, zoo, sources)
    if not findings:
        for (_, experiment, layers, setting), entry in config.trainings().items():
            if entry.seed_groups:
                with findings.collect():
                    _check_sharing(zoo, experiment, layers, config.in_full(setting))
    with findings.collect():
        _check_watched(config, sources)
    return findings


def _each_once(config: Config) -> Iterable[Network]:
    """The networks of a configuration; of equal ones the first."""
    found: dict[tuple[str, ...], Network] = {}
    for network in config.networks():
        found.setdefault(network.key, network)
    return found.values()


@contextmanager
def _at(sources: Sources, field: str, what: str = "") -> Iterator[None]:
    """Whatever is wrong is a mistake in this field of the configuration."""
    try:
        yield
    except ZooError as error:
        raise mistake(sources, field, f"{what}{error.problem}", error.remedy) from None


def _check_network(network: Network, config: Config, zoo: Zoo, sources: Sources, of_data: Shape | None) -> None:
    named, sized, set_ = (f"{network.entry}.{key}" for key in network.keys)
    _known(sources, f"{network.entry}.dataset", "data set", network.dataset, list(config.datasets))
    _file(zoo, sources, named, "experiment", network.experiment)
    if network.setting in config.settings:
        set_ = f"settings.{network.setting}"
    with _at(sources, set_):
        experiment = zoo.experiment(network.experiment, config.in_full(network.setting))
    if network.setting != "default":
        for error in errors(check_experiment(experiment)):
            what = f"{error.field.removeprefix('parameters.')} of {network.experiment}"
            raise mistake(sources, set_, f"{what}: {error.problem}", error.remedy)
    _check_capacity(config, experiment, sources)
    layers = sizes(network.layers)
    with _at(sources, sized, f"{network.layers} of {network.experiment}: "):
        circuits.initial_weights(circuits.build(experiment, layers, "train"), seed=0)
    if of_data is not None:
        with _at(sources, named, f"{network.experiment} on {network.dataset}: "):
            units = input_units(experiment.encoders["input"], of_data.units, of_data.events, of_data.series)
        with _at(sources, sized, f"{network.layers} on {network.dataset}: "):
            check_layers(layers, units, of_data.classes if experiment.one_output_a_class else None)
        with _at(sources, named, f"{network.experiment} on {network.dataset}: "):
            _check_times(experiment, of_data)


def _check_capacity(config: Config, experiment: Experiment, sources: Sources) -> None:
    """That a run has no more steps than a program can number."""
    times = [float(evaluate(getattr(experiment.protocol, key))) for key in (*SAMPLES, "dt")]
    most = int(_MOST_STEPS_OF_A_RUN // (max(times[:-1]) / times[-1]))
    if config.capacity > most:
        problem = f"{config.capacity} samples of {experiment.name} have more than {_MOST_STEPS_OF_A_RUN} steps"
        raise mistake(sources, "capacity", problem, f"take at most {most} samples a run")


def _check_times(experiment: Experiment, of_data: Shape) -> None:
    """That a sample of the protocol lasts as long as one of the data, and is not answered before it is asked."""
    if of_data.lasts is not None:
        _check_ends(experiment, of_data.lasts)
    if of_data.ends is None:
        return
    times = {key: float(evaluate(getattr(experiment.protocol, key))) for key in (*SAMPLES, "T_answer")}
    for key in SAMPLES:
        if not math.isclose(times[key], of_data.ends, rel_tol=1e-9):
            problem = f"{key} is {times[key]:g} s, and a trial lasts {of_data.ends:g} s"
            raise ZooError(experiment.path, f"protocol.{key}", problem, "give one of them the other's duration")
    if times["T_answer"] < of_data.asked * (1 - 1e-9):
        problem = f"T_answer is {times['T_answer']:g} s, and the answer is asked for at {of_data.asked:g} s"
        raise ZooError(experiment.path, "protocol.T_answer", problem, "give T_answer that time")


def _check_ends(experiment: Experiment, lasts: float) -> None:
    """That no end of a series is lost."""
    for key in SAMPLES:
        time = float(evaluate(getattr(experiment.protocol, key)))
        if time < lasts * (1 - 1e-9):
            problem = f"{key} is {time:g} s, and a series lasts {lasts:g} s"
            raise ZooError(
                experiment.path, f"protocol.{key}", problem, "make it longer, or give the data a shorter interval"
            )


def _check_chips(config: Config, zoo: Zoo, sources: Sources) -> None:
    for k, mapped in enumerate(config.map):
        for chip in mapped.chips:
            _file(zoo, sources, f"map[{k}].chips", "chip", chip)
        if mapped.placement != FILLED:
            _file(zoo, sources, f"map[{k}].placement", "placement", mapped.placement)
    if config.cim is not None:
        _file(zoo, sources, "cim.chip", "cim", config.cim.chip)
    if config.rtrl is not None:
        _file(zoo, sources, "rtrl.surrogate", "surrogate", config.rtrl.surrogate)
        parameters = list(as_dict(zoo.surrogate(config.rtrl.surrogate).parameters))
        _known(sources, "rtrl.parameter", "parameter of the surrogate", config.rtrl.parameter, parameters)
        for value in config.rtrl.values:
            if found := outside_lines(zoo.surrogate(config.rtrl.surrogate), {config.rtrl.parameter: str(value)}):
                ((problem, remedy), *_) = found.values()
                raise mistake(sources, "rtrl.values", f"{value:g} {problem}", remedy)


def _check_watched(config: Config, sources: Sources) -> None:
    """That networks whose spikes are drawn are trained."""
    trained = config.trainings()
    for network in config.networks():
        key, _, paper = network.entry.partition(".")
        as_trained = (*network.key[:3], numbers_of(network.setting))
        if key == "trace" and paper in config.paper and not {network.key, as_trained} & set(trained):
            problem = f"{' '.join(network.key)} is not trained"
            raise mistake(sources, network.entry, problem, "add it to training, or name a network that is")


def _file(zoo: Zoo, sources: Sources, field: str, kind: str, name: str) -> None:
    _known(sources, field, f"file in {KINDS[kind][1]}", name, zoo.names(kind))


def _known(sources: Sources, field: str, what: str, name: str, known: list[str]) -> None:
    if name not in known:
        remedy = did_you_mean(name, known, f"known: {', '.join(known) or 'none'}")
        raise mistake(sources, field, f"there is no {what} '{name}'", remedy)


def _check_sharing(zoo: Zoo, experiment: str, layers: str, setting: str) -> None:
    """That networks which are to share a program can."""
    abreast(circuits.build(zoo.experiment(experiment, setting), sizes(layers), "train"), networks=2)
