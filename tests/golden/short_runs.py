"""What every experiment computes in a few samples: weights, spikes and what is kept, on Brian2's numpy target.

`python -m golden.short_runs`, run in tests/, records it anew in short_runs.npz. Do that only where a change is meant
to change results, and say so.
"""

import sys
import zlib
from pathlib import Path

import brian2
import numpy as np

from brian2zoo import circuits
from brian2zoo.circuits import Circuit, initial_weights
from brian2zoo.datasets.encode import encode
from brian2zoo.datasets.events import Events
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import network
from brian2zoo.run.programs import Inputs, parameter_values, run_here

RECORDED = Path(__file__).with_suffix(".npz")
_SAMPLES, _LAYERS = 4, (6, 4, 3)
_SHORT = {"direct_feedback": 20 * brian2.ms, "winner_take_all": 50 * brian2.ms}
"""Duration of a sample, where the protocol's would take long."""
_MOST_STEPS = 1000


def short_run(zoo: Zoo, name: str) -> dict[str, np.ndarray]:
    """Weights, spike counts and what rules keep after four samples of an experiment, by name."""
    experiment = zoo.experiment(name)
    layers = _LAYERS if circuits.supports(experiment, _LAYERS) else (_LAYERS[0], _LAYERS[-1])
    circuit = circuits.build(experiment, layers, "train")
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    sample_time = network.duration(circuit, "T_train")
    data = {"input": _input(zoo, circuit, float(sample_time), rng)}
    if "label" in circuit.experiment.encoders:
        data["label"] = encode(circuit.experiment.encoders["label"], np.eye(3)[[0, 1, 2, 0]])
    values = initial_weights(circuit, 0) | parameter_values(circuit)
    for projection in circuit.plastic:  # so that there are updates within four short samples
        for parameter, value in (("T_wait", 0.002), ("batch", 1)):
            if f"{projection.name}.{parameter}" in values:
                values[f"{projection.name}.{parameter}"] = value
    if circuit.feedback is None:  # so that six inputs make neurons fire
        for name in [name for name in values if name.endswith((".w", ".w_max"))]:
            values[name] = values[name] * 5
    wanted = [f"{p.name}.w" for p in circuit.plastic]
    wanted += [f"{p.name}_spikes.count" for p in circuit.populations if p.neuron.threshold and p.role != "noise"]
    wanted += [f"{p.name}.{variable}" for p in circuit.plastic for variable in p.rule.keeps]
    np.random.seed(0)
    brian2.seed(0)
    sample_time = _SHORT.get(circuit.experiment.stated.circuit, sample_time)
    sample_time = min(sample_time, _MOST_STEPS * network.duration(circuit, "dt"))
    return run_here(circuit, sample_time, Inputs(data, values, _SAMPLES, 0), wanted)


def _input(zoo: Zoo, circuit: Circuit, sample_time: float, rng: np.random.Generator) -> np.ndarray | Events:
    units, data = _LAYERS[0], circuit.population("input").neuron.data
    if data == EVENT_DATA:
        times = rng.uniform(0, sample_time, (_SAMPLES, 20))
        whose = rng.integers(0, units, times.size)
        return Events(np.sort(times).ravel(), whose, 20 * np.arange(_SAMPLES + 1), units)
    x = rng.uniform(0, 1, (_SAMPLES, units))
    if circuit.experiment.stated.circuit == "recurrent" and data != "1":
        return rng.uniform(0, sample_time / 2, (_SAMPLES, units))
    x = (x > 0.5).astype(float) if circuit.experiment.stated.circuit == "synfire" else x
    return encode(circuit.experiment.encoders["input"], x)


def record(path: Path) -> None:
    """Record all experiments."""
    zoo = Zoo()
    runs = {name: short_run(zoo, name) for name in zoo.names("experiment")}
    np.savez_compressed(path, **{f"{name}/{key}": array for name, run in runs.items() for key, array in run.items()})


if __name__ == "__main__":
    record(Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDED)
