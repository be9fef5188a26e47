"""Random files of every kind: the dense device against the numpy target, on everything a string may say.

`BRIAN2ZOO_FUZZ=20 pytest tests/dense/test_random_circuits.py` draws twenty times as many.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from brian2zoo.check import check_file, errors
from brian2zoo.circuits import Circuit
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, Program, build, run_here

from . import random_circuits
from .random_circuits import N_SAMPLES, Drawn, Kind, zoo_of

PROGRAMS = range(int(os.environ.get("BRIAN2ZOO_FUZZ", "1")))
CIRCUITS = 4
TOLERANCE = {"double": 1e-9, "single": 2e-4}
SAMPLE = evaluate(random_circuits.SAMPLE)


@dataclass(frozen=True)
class Compared:
    """Spikes and last values on both targets, by name."""

    numpy: dict[str, np.ndarray]
    dense: dict[str, np.ndarray]

    def of(self, kind: str) -> "Compared":
        """The part of the circuits whose names begin so."""
        numpy, dense = ({n: v for n, v in found.items() if n.startswith(kind)} for found in (self.numpy, self.dense))
        return Compared(numpy, dense)

    @property
    def spikes(self) -> list[str]:
        return [name for name in self.numpy if "_spikes." in name]


def compared(zoo: Zoo, drawn: list[Drawn], precision: str, folder: Path) -> Compared:
    """Circuits, which do not touch each other, as one program, and on the numpy target in double precision."""
    populations, projections, weights = random_circuits.assembled(zoo, drawn)
    experiment = random_circuits.experiment_of(zoo, precision)
    circuit = Circuit(experiment, (1, 1, 1), "train", tuple(populations), tuple(projections))
    spiking = tuple(p.name for p in populations)
    recording = Recording(spiking)
    program = Program(build(circuit, SAMPLE, N_SAMPLES, folder, recording))
    outputs = [name for name, entry in program.manifest["variables"].items() if is_state(name, entry)]
    outputs += [f"{name}_spikes.{variable}" for name in spiking for variable in "it"]
    inputs = Inputs({}, weights, N_SAMPLES, seed=0)
    exact = replace(circuit, experiment=random_circuits.experiment_of(zoo, "double"))
    return Compared(run_here(exact, SAMPLE, inputs, outputs, recording), program.run(inputs, outputs))


def is_state(name: str, entry: dict) -> bool:
    """Whether a variable of a program is one of a circuit's."""
    group, _, variable = name.partition(".")
    own = group.startswith(("drawn", "hidden")) and not group.endswith("_spikes")
    return own and entry["settable"] and not variable.startswith(("_", "delay", "N_", "lastupdate"))


@pytest.fixture(scope="module")
def made(zoo_with, tmp_path_factory) -> Callable[..., Compared]:
    """Compares the circuits of a program, by its number, of some kinds."""

    def compare(program: int, *kinds: Kind, precision: str = "double") -> Compared:
        drawn = [one for kind in kinds for one in circuits_of(program, kind)]
        return compared(zoo_of(zoo_with, drawn), drawn, precision, tmp_path_factory.mktemp("drawn") / "program")

    return compare


def circuits_of(program: int, kind: Kind) -> list[Drawn]:
    return [random_circuits.draw(seed, kind) for seed in range(CIRCUITS * program, CIRCUITS * (program + 1))]


@pytest.fixture(scope="module", params=PROGRAMS)
def double(request, made) -> Compared:
    return made(request.param, Kind(), Kind(hidden=True))


@pytest.mark.parametrize("program", PROGRAMS)
def test_drawn_files_pass_the_check(zoo_with, program) -> None:
    drawn = circuits_of(program, Kind())
    zoo = zoo_of(zoo_with, drawn)
    kinds = {"models/neurons": "neuron", "models/synapses": "synapse", "rules": "rule"}
    for path in (path for one in drawn for path in one.files):
        folder, _, name = path.removesuffix(".yaml").rpartition("/")
        assert [str(error) for error in errors(check_file(zoo, kinds[folder], name))] == []


def test_spikes_are_the_same(double) -> None:
    assert sum(len(double.numpy[name]) for name in double.spikes) > 300
    assert_same_spikes(double.of("drawn"))


def test_every_variable_is_the_same_up_to_rounding(double) -> None:
    assert_same(double.of("drawn"), TOLERANCE["double"])


def test_subexpressions_are_what_they_stand_for(double) -> None:
    hidden = double.of("hidden")
    assert_same_spikes(hidden)
    assert_same(hidden, TOLERANCE["double"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_single_precision_is_a_rounding(made, program) -> None:
    single = made(program, Kind(smooth=True), precision="single")
    assert_same_spikes(single)
    assert_same(single, TOLERANCE["single"])


def assert_same_spikes(found: Compared) -> None:
    for name in found.spikes:
        np.testing.assert_allclose(found.dense[name], found.numpy[name], rtol=0, atol=1e-9, err_msg=name)


def assert_same(found: Compared, tolerance: float) -> None:
    weights = [name for name in found.numpy if name.endswith(".w")]
    assert sum(np.ptp(found.numpy[name]) > 0 for name in weights) >= len(weights) / 2
    for name in found.numpy.keys() - set(found.spikes):
        expected = found.numpy[name]
        assert np.isfinite(expected).all(), name
        np.testing.assert_allclose(found.dense[name], expected, rtol=tolerance, atol=tolerance, err_msg=name)
