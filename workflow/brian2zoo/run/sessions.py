"""Run a built circuit over any number of samples, and read the answer of its output units."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.circuits.abreast import concatenated
from brian2zoo.compose.samples import first_sample
from brian2zoo.datasets.encode import take
from brian2zoo.datasets.events import Events
from brian2zoo.errors import ZooError
from brian2zoo.run import carried, measure
from brian2zoo.run.network import duration, samples_of
from brian2zoo.run.programs import Inputs, NotFinite, Program, parameter_values


def run_seed(*parts: int | str) -> int:
    """Seed of one run of a binary, a function of its place in the training alone."""
    return zlib.crc32(json.dumps(parts).encode()) & 0x7FFFFFFF


class Session:
    """A circuit and its program: run it over any number of samples.

    Spiking circuits answer with output spikes, rate circuits with output activity, readouts with their membrane;
    `scores` is the spike count, the activity or the mean from the protocol's T_answer on of each output unit for each
    sample.

    Parameters
    ----------
    circuit : that of one network.
    networks : so many of it are abreast in the program.
    """

    def __init__(self, circuit: Circuit, program: Program, sample_time: Any, networks: int = 1) -> None:
        self.circuit, self.program, self.networks = circuit, program, networks
        self.sample_time = float(sample_time)
        self.dt = float(duration(circuit, "dt"))
        self.spiking = circuit.spiking
        self.parameters = parameter_values(circuit)
        self.counting = [key for key in self.parameters if key.endswith(f".{first_sample(key.partition('.')[0])}")]
        self.kept = carried.kept(circuit)
        self.classes = circuit.layers[-1]
        self.answers_from = round(float(duration(circuit, "T_answer")) / self.dt)
        self.membrane = f"output_membrane.{circuit.membrane}" if circuit.membrane else ""
        self.answered_by = {
            "graded": [self.membrane],
            "rates": ["output_rates.r"],
            "spikes": ["output_spikes.t", "output_spikes.i", *([self.membrane] if self.membrane else [])],
        }[circuit.answer]

    def run(
        self,
        data: Mapping[str, np.ndarray | Events],
        weights: Mapping[str, np.ndarray],
        seed: int,
        keep: tuple[str, ...] = (),
        before: int = 0,
    ) -> dict[str, Any]:
        """Run one network over at most `capacity` samples.

        Parameters
        ----------
        data : 'input' (sample, unit), or events, and 'label' (sample, class) in training.
        weights : by projection, each (synapse,), SI units; beside them what neurons and rules keep from run to run, by
            ``group.variable``.
        keep : further variables to return, flat.
        before : samples of this training or test that have been run already.

        Returns
        -------
        `scores` (sample, class); `weights` of the plastic projections, and what is kept; `spikes` by population
        (neuron,); `output_sample`, `output_class`, `output_time` of each output spike, if there are any; `membranes`
        (sample, class) if the circuit has a graded answer; and `keep`.

        Raises
        ------
        ZooError
            If a variable is infinite or not a number; only a time may be infinite.
        """
        (result,) = self.run_abreast([data], [weights], seed, keep, before)
        return result

    def run_abreast(
        self,
        data: Sequence[Mapping[str, np.ndarray | Events]],
        weights: Sequence[Mapping[str, np.ndarray]],
        seed: int,
        keep: tuple[str, ...] = (),
        before: int = 0,
    ) -> list[dict[str, Any]]:
        """As `run`, for each network; they have equally many samples, and one stream of random numbers."""
        n = len(data[0]["input"])
        learned = {f"{p.name}.w": p.name for p in self.circuit.plastic} | {name: name for name in self.kept}
        counts = {f"{p.name}_spikes.count": p.name for p in self.spiking}
        names = {p.name for p in self.circuit.projections}
        values = concatenated([{f"{k}.w": w for k, w in each.items() if k in names} for each in weights])
        values |= concatenated([{name: each[name] for name in self.kept if name in each} for each in weights])
        values |= self.parameters | dict.fromkeys(self.counting, float(before))
        inputs = Inputs(concatenated(data, axis=1), values, n, seed)
        try:
            out = self.program.run(inputs, [*learned, *counts, *keep, *self.answered_by])
        except NotFinite as error:
            raise self._not_finite(error.what, before + error.samples) from None
        parts = {name: np.split(out[name], self.networks) for name in [*learned, *counts, *keep]}
        return [
            {
                "weights": {key: parts[name][k] for name, key in learned.items()},
                "spikes": {key: parts[name][k] for name, key in counts.items()},
            }
            | {name: parts[name][k] for name in keep}
            | answer
            for k, answer in enumerate(self._answers(out, n))
        ]

    def require_answers(self, parts: Sequence[Mapping[str, Any]], before: int) -> None:
        """That the answers in what `run_abreast` returned after `before` samples can be compared; ZooError if not."""
        for part in parts:
            for name in [name for name in ("scores", "membranes") if name in part]:
                wrong = ~np.isfinite(part[name]).all(axis=1)
                if wrong.any():
                    raise self._not_finite(f"the answer of output ({name}) is no number", before + wrong.argmax() + 1)

    def _not_finite(self, what: str, samples: int) -> ZooError:
        stage = "training" if self.circuit.mode == "train" else "test"
        remedy = "take a smaller protocol.dt" + ", or a smaller rate of learning" * (stage == "training")
        return ZooError(self.circuit.experiment.path, "", f"{what} after sample {samples} of the {stage}", remedy)

    def _answers(self, out: Mapping[str, np.ndarray], n: int) -> list[dict[str, np.ndarray]]:
        """Scores of each network, and what they are made of, from the variables of `answered_by`."""
        shape, every = (n, -1, self.networks, self.classes), range(self.networks)
        if self.circuit.answer == "graded":
            scores = out[self.membrane].reshape(shape)[:, self.answers_from :].mean(axis=1)
            return [{"scores": scores[:, k]} for k in every]
        if self.circuit.answer == "rates":
            scores = out["output_rates.r"].reshape(shape)[:, 0]
            return [{"scores": scores[:, k]} for k in every]
        times, (network, units) = out["output_spikes.t"], np.divmod(out["output_spikes.i"], self.classes)
        answers = [self._counted(times[network == k], units[network == k], n) for k in every]
        if self.membrane:
            membranes = out[self.membrane].reshape(shape)[:, self.circuit.answer_step]
            answers = [answer | {"membranes": membranes[:, k]} for k, answer in enumerate(answers)]
        return answers

    def _counted(self, times: np.ndarray, units: np.ndarray, n: int) -> dict[str, np.ndarray]:
        """Scores, and the output spikes they are counted from, of one network; times in seconds since the start."""
        samples = samples_of(times, self.sample_time, self.dt)
        times = times - samples * self.sample_time
        if self.circuit.answer_step is not None:
            answer = np.rint(times / self.dt) == self.circuit.answer_step
            times, samples, units = times[answer], samples[answer], units[answer]
        return {
            "scores": measure.spike_counts(samples, units, n, self.classes),
            "output_sample": samples,
            "output_class": units,
            "output_time": times,
        }


def test(runner: Session, data: xr.Dataset, weights: Mapping[str, np.ndarray], seed: int) -> dict[str, Any]:
    """Scores (sample, class), output spikes and spike counts of one network over all samples of a split."""
    (tested,) = test_abreast(runner, data, [weights], (seed,))
    return tested


def test_abreast(
    runner: Session, data: xr.Dataset, weights: Sequence[Mapping[str, np.ndarray]], seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """As `test`, for each network with its weights and seed; what is kept goes on from run to run of the test."""
    parts, n = [], data.sizes["sample"]
    for begin in range(0, n, runner.program.capacity):
        given = take(data, np.arange(n)[begin : begin + runner.program.capacity])
        part = runner.run_abreast([given] * runner.networks, weights, run_seed(*seeds, "test", begin), before=begin)
        runner.require_answers(part, begin)
        weights = [{**each, **tested["weights"]} for each, tested in zip(weights, part, strict=True)]
        for each in part:
            if "output_sample" in each:
                each["output_sample"] = each["output_sample"] + begin
        parts.append(part)
    return [_joined(parts_of_one) for parts_of_one in zip(*parts, strict=True)]


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    joined = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("scores", "membranes", "output_sample", "output_class", "output_time")
        if name in parts[0]
    }
    return joined | {"spikes": {name: sum(part["spikes"][name] for part in parts) for name in parts[0]["spikes"]}}
