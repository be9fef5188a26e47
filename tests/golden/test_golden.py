"""Learning curves of the rules against recorded ones.

Each rule learns 1,000 of the digits once. A change that is meant to alter what is learned records anew with
``BRIAN2ZOO_RECORD=1 pytest tests/golden`` and explains itself in the commit; nothing else should touch the file.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import brian2zoo
from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.run import network
from brian2zoo.run.programs import Program, build
from brian2zoo.run.sessions import Session
from brian2zoo.run.train import draw_samples

RECORDED = Path(__file__).with_name("curves.json")
BLOCK, BLOCKS = 200, 5
NETWORKS = {
    "erbp_plus": ("64-30-10", "rule.eta=15e-4*nS"),
    "erbp_times": ("64-30-10", "rule.eta=3e-3*nS"),
    "erbp_fixed_point": ("64-30-10", "rule.eta=15e-4*nS"),
    "readout_only": ("64-30-10", "rule.eta=15e-4*nS"),
    "bp": ("64-30-20-10", "rule.eta=0.03"),
    "rbp": ("64-30-20-10", "rule.eta=0.03"),  # with one hidden layer the same as dfa
    "dfa": ("64-30-20-10", "rule.eta=0.03"),
}


def learning(runner: Session, data: xr.Dataset) -> dict:
    """Error in each block of samples while learning, the mean change of a weight, and spikes in a sample."""
    start = weights = initial_weights(runner.circuit, seed=0)
    order = draw_samples(data.label.values, BLOCK * BLOCKS, seed=0, epoch=0)
    errors, spikes = [], dict.fromkeys((p.name for p in runner.spiking), 0.0)
    for block, rows in enumerate(np.split(order, BLOCKS)):
        given = {"input": data.input.values[rows], "label": data.target.values[rows]}
        part = runner.run(given, weights, seed=block)
        weights = weights | part["carried"]
        spikes = {name: count + part["spikes"][name].sum() / len(order) for name, count in spikes.items()}
        errors.append(float(np.mean(part["answers"].argmax(axis=1) != data.label.values[rows])))
    changed = {p.name: float(np.abs(weights[p.weight] - start[p.weight]).mean()) for p in runner.circuit.plastic}
    return {"error": errors, "change": changed, "spikes": {name: round(n, 3) for name, n in spikes.items()}}


USUAL = ("erbp_plus", "bp")
"""Whose curves every run of the tests compares; those of the others are slow tests. All have recorded short runs."""


@pytest.mark.parametrize(
    "experiment", [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS]
)
def test_learning_curve_is_the_recorded_one(zoo, interpreted, tmp_path, experiment) -> None:
    layers, setting = NETWORKS[experiment]
    sizes = [int(size) for size in layers.split("-")]
    circuit = circuits.build(zoo.experiment(experiment).with_setting(setting), sizes, "train")
    spiking = circuit.experiment.stated.circuit == "direct_feedback"
    if spiking:
        sample_time = network.duration(circuit, "T_train")
        runner = Session(circuit, Program(build(circuit, sample_time, BLOCK, tmp_path / "program")), sample_time)
    else:
        runner = interpreted(circuit, BLOCK)
    encoders = [*circuit.experiment.encoders.values()]
    data = encode_dataset(load(DatasetSettings(source="digits"), Path("unused"))["train"], *encoders)
    found = learning(runner, data)

    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    if os.environ.get("BRIAN2ZOO_RECORD"):
        recorded[experiment] = {"setting": setting, "layers": layers, "version": brian2zoo.__version__} | found
        RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")
        return
    # Compilers round differently, and a spike more or less makes another run of the same process: a block's
    # error then varies by its binomial spread of 0.035, sums over all of it by much less.
    assert found["error"] == pytest.approx(recorded[experiment]["error"], abs=0.1 if spiking else 0.011)
    assert found["change"] == pytest.approx(recorded[experiment]["change"], rel=0.08 if spiking else 1e-6)
    assert found["spikes"] == pytest.approx(recorded[experiment]["spikes"], rel=0.04)
