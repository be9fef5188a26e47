"""What the scripts of the pipeline share: a command line from a function, and the parts they are given."""

import logging
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer
import xarray as xr

from brian2zoo import circuits, network, results
from brian2zoo.circuits import Circuit, Mode
from brian2zoo.errors import ZooError
from brian2zoo.evaluate import trained_weights
from brian2zoo.runner import Runner
from brian2zoo.simulate import Binary
from brian2zoo.spec import Experiment
from brian2zoo.zoo import Zoo

# What is built for an experiment: in which mode the circuit is, and which time of the protocol a sample lasts.
BUILDS: dict[str, tuple[Mode, str]] = {
    "train": ("train", "T_train"),
    "test": ("test", "T_test"),
    "final": ("test", "T_final"),
    "trace": ("train", "T_train"),
    "count_train": ("train", "T_train"),
    "count_test": ("test", "T_test"),
}


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's options; a `ZooError` ends the script with its one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        typer.run(main)
    except ZooError as error:
        sys.exit(f"brian2zoo: {error}")


def experiment_of(name: str, setting: str = "default") -> Experiment:
    """An experiment of the zoo with the parameters of a setting."""
    return Zoo().experiment(name).with_setting(setting)


def circuit_of(experiment: Experiment, layers: str, build: str) -> Circuit:
    """The circuit of an experiment for layers such as '784-100-10', as one of `BUILDS`."""
    return circuits.build(Zoo(), experiment, [int(size) for size in layers.split("-")], BUILDS[build][0])


def runner_of(experiment: Experiment, layers: str, build: str, directory: Path) -> Runner:
    """A built circuit, ready to run."""
    circuit = circuit_of(experiment, layers, build)
    return Runner(circuit, Binary(directory), network.duration(circuit, BUILDS[build][1]))


@dataclass(frozen=True)
class Trained:
    """A trained network, ready to run; `facts` say what it is of, to hand on to what is made from it."""

    experiment: Experiment
    runner: Runner
    weights: dict[str, np.ndarray]
    seed: int
    facts: dict[str, Any]


def trained_network(result: Path, build: str, directory: Path) -> Trained:
    """The network of a training result, in the program at `directory`, which is one of `BUILDS`."""
    trained = results.read(result)
    facts = {key: str(trained.attrs[key]) for key in ("dataset", "layers", "setting")}
    experiment = experiment_of(trained.attrs["experiment"], facts["setting"])
    runner = runner_of(experiment, facts["layers"], build, directory)
    seed = int(trained.attrs["seed"])
    weights = trained_weights(runner.circuit, trained, seed)
    return Trained(experiment, runner, weights, seed, facts | {"seed": seed})


def command(output: Path) -> str:
    """The command that makes a file: Snakemake's, which the pipeline hands on, or else this script's own.

    The file comes before the options, since `--configfile` takes all that follows it.
    """
    snakemake = os.environ.get("BRIAN2ZOO_SNAKEMAKE")
    if not snakemake:
        return shlex.join(["python", *sys.argv])
    program, *options = shlex.split(snakemake)
    return shlex.join([program, str(output), *options])


def write(result: xr.Dataset, output: Path, experiment: Experiment, **facts: Any) -> None:
    """Write a result with what it is a result of; `facts` become attributes."""
    results.write(
        result,
        output,
        experiment.title,
        experiment=experiment.name,
        rule=experiment.rule,
        backend=experiment.backend,
        command=command(output),
        config_json={"experiment": experiment.model_dump(mode="json"), **facts},
        **facts,
    )
