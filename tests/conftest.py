"""What several test files share: edited copies of the zoo, a network without chance, networks on the numpy target."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.circuits import Circuit
from brian2zoo.circuits.abreast import abreast
from brian2zoo.formats import remembered
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Interpreted, cached
from brian2zoo.run.sessions import Session

DETERMINISTIC = """
title: eRBP in short samples and without chance; large weights and steps, so that much happens in them
extends: erbp_plus
neurons: {input: latency_input, label: regular_input, noise: null}
encoders: {input: latency, label: identity}
protocol: {T_train: 30*ms}
weights: |
  input_hidden  = uniform(0.74)*nA
  hidden_hidden = uniform(0.74)*nA
  hidden_output = uniform(0.74)*nA
parameters: |
  rule.eta    = 0.05*nS
  rule.T_wait = 5*ms
  label.t_on  = 2*ms
"""


@pytest.fixture(scope="session", autouse=True)
def _memory(tmp_path_factory) -> Iterator[None]:
    """What commands remember stays with the tests."""
    folder = tmp_path_factory.mktemp("remembered")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "folder", lambda: folder)
        yield


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    """The files as they are."""
    return Zoo()


@pytest.fixture(scope="session")
def zoo_with(tmp_path_factory) -> Callable[..., Zoo]:
    """Copies the zoo with files added or replaced: path below the root -> text."""

    def edited(files: dict[str, str]) -> Zoo:
        root = tmp_path_factory.mktemp("zoo")
        for folder in ("models", "rules", "config/experiments"):
            shutil.copytree(ROOT / folder, root / folder)
        for path, text in files.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text)
        return Zoo(root)

    return edited


@pytest.fixture(scope="session")
def deterministic(zoo_with) -> Callable[..., Circuit]:
    """Circuits of an eRBP network without chance, on any weight store, or of one that extends it.

    `files` are added to the zoo, or replace its own; `experiment` may be one of them.
    """

    def circuit(
        layers: Iterable[int],
        store: str = "float",
        setting: str = "default",
        files: Mapping[str, str] | None = None,
        experiment: str = "deterministic",
    ) -> Circuit:
        text = DETERMINISTIC + f"synapses: {{plastic: {store}}}\n"
        zoo = zoo_with({"config/experiments/deterministic.yaml": text, **(files or {})})
        return circuits.build(zoo.experiment(experiment).with_setting(setting), list(layers), "train")

    return circuit


@pytest.fixture(scope="session")
def latencies() -> Callable[..., dict[str, np.ndarray]]:
    """Data for deterministic circuits: a spike time in s for each input, one class on for each sample."""

    def data(layers: Iterable[int], n_samples: int) -> dict[str, np.ndarray]:
        n_inputs, *_, n_classes = layers
        rng = np.random.default_rng(2017)
        steps = rng.integers(0, 250, (n_samples, n_inputs))
        return {"input": steps * 1e-4, "label": np.eye(n_classes)[np.arange(n_samples) % n_classes]}

    return data


@pytest.fixture(scope="session")
def interpreted() -> Callable[..., Session]:
    """Runners that need no compiler, of one network or several abreast."""

    def runner(circuit: Circuit, capacity: int, networks: int = 1) -> Session:
        sample_time = network.duration(circuit, "T_train" if circuit.mode == "train" else "T_test")
        program = Interpreted(abreast(circuit, networks), sample_time, capacity)
        return Session(circuit, program, sample_time, networks)

    return runner


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> Callable[..., Session]:
    """Runners of compiled programs, of one network or several abreast; one of the same content is compiled once."""
    own = tmp_path_factory.getbasetemp()
    cache = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "programs"

    def runner(circuit: Circuit, capacity: int, networks: int = 1) -> Session:
        sample_time = network.duration(circuit, "T_train" if circuit.mode == "train" else "T_test")
        program = cached(abreast(circuit, networks), sample_time, capacity, cache)
        return Session(circuit, program, sample_time, networks)

    return runner
