"""Run a built circuit over any number of samples, and read the answer of its output units."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo import measure
from brian2zoo.circuits import Circuit
from brian2zoo.encode import take
from brian2zoo.events import Events
from brian2zoo.network import duration, samples_of
from brian2zoo.simulate import Binary, Inputs, parameter_values


def run_seed(*parts: int | str) -> int:
    """Seed of one run of a binary, a function of its place in the training alone."""
    return zlib.crc32(json.dumps(parts).encode()) & 0x7FFFFFFF


class Runner:
    """A circuit and its binary: run it over any number of samples.

    Spiking circuits answer with output spikes, rate circuits with output activity, readouts with their membrane;
    `scores` is the spike count, the activity or the mean from the protocol's T_answer on of each output unit for each
    sample.
    """

    def __init__(self, circuit: Circuit, binary: Binary, sample_time: Any) -> None:
        self.circuit, self.binary = circuit, binary
        self.sample_time = float(sample_time)
        self.dt = float(duration(circuit, "dt"))
        self.spiking = [p for p in circuit.populations if p.neuron.threshold and p.role != "noise"]
        self.parameters = parameter_values(circuit)
        self.classes = circuit.layers[-1]
        self.answers_from = round(float(duration(circuit, "T_answer")) / self.dt)

    def run(
        self,
        data: Mapping[str, np.ndarray | Events],
        weights: Mapping[str, np.ndarray],
        seed: int,
        keep: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Run at most `capacity` samples.

        Parameters
        ----------
        data : 'input' (sample, unit), or events, and 'label' (sample, class) in training.
        weights : by projection, each (synapse,), SI units; beside them what the rules keep from run to run, by
            ``projection.variable``.
        keep : further variables to return, flat.

        Returns
        -------
        `scores` (sample, class); `weights` of the plastic projections; `spikes` by population (neuron,);
        `output_sample`, `output_class`, `output_time` of each output spike, if there are any; `membranes`
        (sample, class) if the circuit has a graded answer; and `keep`.
        """
        n = len(data["input"])
        output = self.circuit.population("output").neuron
        rates = not output.threshold and not output.graded
        kept = [f"{p.name}.{name}" for p in self.circuit.plastic for name in p.rule.keeps]
        wanted = [f"{p.name}.w" for p in self.circuit.plastic] + kept
        wanted += [f"{p.name}_spikes.count" for p in self.spiking]
        if rates:
            wanted += ["output_rates.r"]
        elif output.threshold:
            wanted += ["output_spikes.t", "output_spikes.i"]
        membrane = f"output_membrane.{self.circuit.membrane}" if self.circuit.membrane else ""
        wanted += [membrane] if membrane else []
        names = {p.name for p in self.circuit.projections}
        values = {f"{name}.w": w for name, w in weights.items() if name in names}
        values |= {name: weights[name] for name in kept if name in weights}
        inputs = Inputs(data, values | self.parameters, n, seed)
        out = self.binary.run(inputs, [*wanted, *keep])
        result: dict[str, Any] = {
            "weights": {p.name: out[f"{p.name}.w"] for p in self.circuit.plastic} | {name: out[name] for name in kept},
            "spikes": {p.name: out[f"{p.name}_spikes.count"] for p in self.spiking},
        } | {name: out[name] for name in keep}
        if membrane:
            steps = round(self.sample_time / self.dt)
            shown = out[membrane].reshape(n, steps, self.classes)
            if output.graded:
                return result | {"scores": shown[:, self.answers_from :].mean(axis=1)}
            result["membranes"] = shown[:, self.circuit.answer_step]
        if rates:
            return result | {"scores": out["output_rates.r"].reshape(n, self.classes)}
        times = out["output_spikes.t"]
        samples, units = samples_of(times, self.sample_time, self.dt), out["output_spikes.i"]
        times = times - samples * self.sample_time
        if self.circuit.answer_step is not None:
            answer = np.rint(times / self.dt) == self.circuit.answer_step
            times, samples, units = times[answer], samples[answer], units[answer]
        return result | {
            "scores": measure.spike_counts(samples, units, n, self.classes),
            "output_sample": samples,
            "output_class": units,
            "output_time": times,
        }


def test(runner: Runner, data: xr.Dataset, weights: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """Scores (sample, class), output spikes and spike counts over all samples of a split."""
    parts, n = [], data.sizes["sample"]
    for begin in range(0, n, runner.binary.capacity):
        rows = slice(begin, begin + runner.binary.capacity)
        part = runner.run(take(data, np.arange(n)[rows]), weights, run_seed(seed, "test", begin))
        if "output_sample" in part:
            part["output_sample"] = part["output_sample"] + begin
        parts.append(part)
    joined = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("scores", "membranes", "output_sample", "output_class", "output_time")
        if name in parts[0]
    }
    joined["spikes"] = {name: sum(part["spikes"][name] for part in parts) for name in parts[0]["spikes"]}
    return joined
