"""A script that needs Brian2 and NumPy alone gives the spikes that the network gives here."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import brian2zoo as zoo
from brian2zoo import circuits
from brian2zoo.circuits import smallest
from brian2zoo.datasets.events import Events
from brian2zoo.errors import ZooError
from brian2zoo.exchange import brian2_script
from brian2zoo.exchange.brian2_script import literal
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import carried
from brian2zoo.run.network import Recording, duration
from brian2zoo.run.programs import Inputs, run_here

SEED, SAMPLES = 5, 2
SHORT = {
    "config/experiments/short.yaml": """
title: Neurons by Euler's method, noise, a delay
extends: erbp_plus
protocol: {dt: 0.5*ms, delay: 1*ms, T_train: 30*ms, T_test: 30*ms, T_final: 30*ms}
parameters: input.rho_0 = 500*Hz
""",
    "config/experiments/of_events.yaml": "title: Events\nextends: short\n"
    "neurons: {input: event_input}\nencoders: {input: events}\nparameters: input.rho_0 = null\n",
    "config/experiments/late.yaml": "title: A spike on its way when the sample ends\nextends: rtrl_block_diagonal\n"
    "learning: {plastic: {traces: synapse}}\nprotocol: {delay: 20*ms, T_train: 60*ms, T_test: 60*ms, T_final: 60*ms}\n",
}


def both(experiment: Experiment, layers: tuple[int, ...], folder: Path) -> tuple[dict, dict]:
    """Spike times and neurons of each population: here, and of the script."""
    circuit = zoo.compose(experiment, layers, mode="test").circuit
    weights = carried.of_result(circuit, xr.Dataset(), seed=0)
    rng, units = np.random.default_rng(1), layers[0]
    unit = circuit.population("input").neuron.data
    lasts = float(duration(circuit, "T_test"))
    given = rng.uniform(0, 0.9 * lasts if "second" in unit else 1, (SAMPLES, units))
    if unit == EVENT_DATA:
        given = Events(np.sort(rng.uniform(0, 0.03, 12)), rng.integers(0, units, 12), np.array([0, 7, 12]), units)
    brian2_script.write(circuit, weights, {"input": given}, folder / "net.py", SEED)

    names = [p.name for p in circuit.spiking]
    keep = [f"{name}_spikes.{v}" for name in names for v in "ti"]
    data = {"input": given, **({"label": np.zeros((SAMPLES, layers[-1]))} if "label" in experiment.encoders else {})}
    here = run_here(
        circuit, duration(circuit, "T_test"), Inputs(data, weights, SAMPLES, SEED), keep, Recording(tuple(names))
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "net.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    there = np.load(folder / "net_spikes.npz")
    return here, {f"{name}_spikes.{v}": there[f"{name}_{v}"] for name in names for v in "ti"}


@pytest.mark.parametrize("name", ["short", "late", pytest.param("of_events", marks=pytest.mark.slow)])
def test_the_same_spikes(tmp_path, name) -> None:
    here, there = both(zoo.load(name, files=SHORT), (8, 6, 3), tmp_path)
    assert here.keys() == there.keys()
    for key, values in here.items():
        np.testing.assert_array_equal(there[key], values)
    assert len(here["hidden1_spikes.t"]) > 2
    assert "brian2zoo." not in (tmp_path / "net.py").read_text()


@pytest.mark.slow
def test_the_same_spikes_of_every_experiment(tmp_path) -> None:
    """But of gated circuits, whose gates copy a variable before they change it."""
    other = []
    for name in Zoo().names("experiment"):
        experiment = zoo.load(f"experiment/{name}")
        folder = tmp_path / name
        folder.mkdir()
        if experiment.stated.phases:
            with pytest.raises(ZooError, match="copy 'reward' before they change it"):
                both(experiment, smallest(experiment), folder)
            continue
        here, there = both(experiment, smallest(experiment), folder)
        other += [name] if any(not np.array_equal(there[key], values) for key, values in here.items()) else []
    assert not other


NUMBERS = ["20*ms", "0.1*nA", "90*mV", "1/3*mV", "2.5e-17*siemens", "3", "1e3*Hz/volt", "inf*ms"]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_written_as_it_is(text) -> None:

    value = evaluate(text)
    written = eval(literal(value), vars(__import__("brian2")) | {"np": np})
    assert float(written) == float(np.asarray(value))


def test_a_script_ends_in_py(tmp_path) -> None:
    circuit = zoo.compose("erbp_plus", mode="test").circuit
    with pytest.raises(ZooError, match=r"a script ends in \.py"):
        brian2_script.write(circuit, {}, {"input": np.zeros((1, 4))}, tmp_path / "net.txt")


def test_statements_that_numpy_would_take_otherwise_are_refused(tmp_path) -> None:
    """On Brian2's numpy target `before = x` is no copy (brian-team/brian2#259)."""
    text = """
title: Keeps what it was
equations: |
  dv/dt = -v/tau_m : 1
  before : 1
threshold: v > 1
reset: |
  before = v
  v = v - 1
method: exact
parameters: tau_m = 20*ms
"""
    files = {"models/neurons/copies.yaml": text, "config/experiments/own.yaml": "title: Own\nextends: eprop_lif\n"
             "learning: {plastic: {scale: '1'}}\nneurons: {hidden: copies}\n"}  # fmt: skip
    circuit = circuits.build(zoo.load("experiment/own", files=files), (4, 3, 2), "test")
    with pytest.raises(ZooError, match="statements of hidden1 copy 'v' before they change it"):
        brian2_script.write(circuit, {}, {"input": np.zeros((1, 4))}, tmp_path / "net.py")
