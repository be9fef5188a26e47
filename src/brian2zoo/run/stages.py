"""What a stage runs: the circuit of an experiment, a built program, a trained network in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import Circuit, Mode
from brian2zoo.datasets.encode import check_layers
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.language import sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import carried, network, results, scores
from brian2zoo.run.programs import Program
from brian2zoo.run.scores import Decoder
from brian2zoo.run.sessions import Session

# What is built for an experiment: in which mode the circuit is, and which time of the protocol a sample lasts.
BUILDS: dict[str, tuple[Mode, str]] = {
    "train": ("train", "T_train"),
    "test": ("test", "T_test"),
    "final": ("test", "T_final"),
    "trace": ("train", "T_train"),
    "count_train": ("train", "T_train"),
    "count_test": ("test", "T_test"),
}


def circuit_of(experiment: Experiment, layers: str, build: str) -> Circuit:
    """The circuit of an experiment for layers such as '784-100-10', as one of `BUILDS`."""
    return circuits.build(experiment, sizes(layers), BUILDS[build][0])


def check_data(experiment: Experiment, layers: str, *splits: xr.Dataset) -> None:
    """`ZooError` if encoded splits do not have the sizes of a network's first and last layer."""
    for split in splits:
        units = split.sizes["pixel"] if "input" in split else int(split.attrs["units"])
        check_layers(sizes(layers), units, split.sizes["class"] if experiment.one_output_a_class else None)


def session_of(experiment: Experiment, layers: str, build: str, directory: Path, networks: int = 1) -> Session:
    """A built circuit, ready to run; so many `networks` of it are abreast in the program."""
    circuit = circuit_of(experiment, layers, build)
    return Session(circuit, Program(directory), network.duration(circuit, BUILDS[build][1]), networks)


@dataclass(frozen=True)
class Trained:
    """A trained network, ready to run.

    Parameters
    ----------
    carried, start : weights and what is kept, as trained and as before training.
    decoder : from the answers of output units to classes.
    samples : so many it was trained on.
    facts : what it is of, to hand on to what is made from it.
    """

    experiment: Experiment
    runner: Session
    carried: dict[str, np.ndarray]
    start: dict[str, np.ndarray]
    decoder: Decoder
    samples: int
    seed: int
    facts: dict[str, Any]


def trained_network(result: Path, build: str, directory: Path) -> Trained:
    """The network of a training result, in the program at `directory`, which is one of `BUILDS`."""
    trained = results.read(result, results.TRAINING)
    facts = results.facts_of(trained.attrs)
    experiment = Zoo().experiment(trained.attrs["experiment"], facts["setting"])
    return trained_in(session_of(experiment, facts["layers"], build, directory), trained)


def trained_in(runner: Session, trained: xr.Dataset) -> Trained:
    """The network of a training result, in a session of its circuit."""
    facts = results.facts_of(trained.attrs)
    seed = facts["seed"]
    trained_to, start = (carried.of_result(runner.circuit, trained, seed, when) for when in ("", "0"))
    samples = int(trained.epoch[-1]) * int(trained.attrs["samples"])
    decoder = scores.of_result(trained)
    return Trained(runner.circuit.experiment, runner, trained_to, start, decoder, samples, seed, facts)
