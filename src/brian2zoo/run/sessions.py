"""Run a built circuit over any number of samples, and read the answer of its output units."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.circuits.abreast import concatenated
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.samples import first_sample
from brian2zoo.datasets.encode import take
from brian2zoo.datasets.events import Events
from brian2zoo.equations.pieces import source_of
from brian2zoo.errors import ZooError
from brian2zoo.run import measure
from brian2zoo.run.carried import Carried, kept
from brian2zoo.run.network import duration, samples_of
from brian2zoo.run.programs import Inputs, NotFinite, Program, parameter_values


def run_seed(*parts: int | str) -> int:
    """Seed of one run of a binary, a function of its place in the training alone."""
    return zlib.crc32(json.dumps(parts).encode()) & 0x7FFFFFFF


class Session:
    """A circuit and its program: run it over any number of samples.

    Spiking circuits answer with output spikes, rate circuits with output activity, readouts with their membrane;
    `answers` are the spike count, the activity or the mean from the protocol's T_answer on of each output unit for each
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
        self.learned = [p.weight for p in circuit.plastic] + kept(circuit)
        self.given = {p.weight for p in circuit.projections} | set(self.learned)
        self.units = circuit.layers[-1]
        self.counted_for = self.sample_time if circuit.answer == "spikes" else 1.0
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
        carried: Carried,
        seed: int,
        keep: tuple[str, ...] = (),
        before: int = 0,
    ) -> dict[str, Any]:
        """Run one network over at most `capacity` samples.

        Parameters
        ----------
        data : 'input' (sample, unit), or events, and 'label' (sample, class) in training.
        carried : weights, and what neurons and rules keep from run to run, by ``group.variable``: SI units, flat. What
            this circuit does not have is left out.
        keep : further variables to return, flat.
        before : samples of this training or test that have been run already.

        Returns
        -------
        `answers` (sample, unit); `carried`, the weights of the plastic projections and what is kept; `spikes` by
        population (neuron,); `output_sample`, `output_unit`, `output_time` of each output spike, if there are any;
        `membranes` (sample, unit) if the circuit has a graded answer; and `keep`.

        Raises
        ------
        ZooError
            If a variable is infinite or not a number; only a time may be infinite.
        """
        (result,) = self.run_abreast([data], [carried], seed, keep, before)
        return result

    def run_abreast(
        self,
        data: Sequence[Mapping[str, np.ndarray | Events]],
        carried: Sequence[Carried],
        seed: int,
        keep: tuple[str, ...] = (),
        before: int = 0,
    ) -> list[dict[str, Any]]:
        """As `run`, for each network; they have equally many samples, and one stream of random numbers."""
        n = len(data[0]["input"])
        counts = {f"{p.name}_spikes.count": p.name for p in self.spiking}
        values = concatenated([{k: v for k, v in each.items() if k in self.given} for each in carried])
        values |= self.parameters | dict.fromkeys(self.counting, float(before))
        inputs = Inputs(concatenated(data, axis=1), values, n, seed)
        try:
            out = self.program.run(inputs, [*self.learned, *counts, *keep, *self.answered_by])
        except NotFinite as error:
            raise self._not_finite(self._told(error.wrong), before + error.samples) from None
        parts = {name: np.split(out[name], self.networks) for name in [*self.learned, *counts, *keep]}
        return [
            {
                "carried": {name: parts[name][k] for name in self.learned},
                "spikes": {key: parts[name][k] for name, key in counts.items()},
            }
            | {name: parts[name][k] for name in keep}
            | answer
            for k, answer in enumerate(self._answers(out, n))
        ]

    def require_answers(self, parts: Sequence[Mapping[str, Any]], before: int) -> None:
        """That the answers in what `run_abreast` returned after `before` samples can be compared; ZooError if not."""
        for part in parts:
            for name, what in (("answers", "the answer"), ("membranes", "a membrane")):
                wrong = ~np.isfinite(part.get(name, np.zeros((1, 1)))).all(axis=1)
                if wrong.any():
                    raise self._not_finite(f"{what} of output is no number", before + wrong.argmax() + 1)

    def _told(self, wrong: Mapping[str, float]) -> str:
        """Variables that are no numbers, each with the file and field that its equation comes from."""
        told, codes = [], compose(self.circuit)
        for name, value in [*wrong.items()][:3]:
            variable, group = name.split(" of ")
            code = (codes.neurons | codes.synapses).get(group)
            source = source_of(code.pieces["equations"], variable) if code else ""
            told.append(f"{name}{f' ({source})' if source else ''} is {value}")
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return ", ".join(told) + more

    def _not_finite(self, what: str, samples: int) -> ZooError:
        stage = "training" if self.circuit.mode == "train" else "test"
        remedy = "take a smaller protocol.dt" + ", or a smaller rate of learning" * (stage == "training")
        return ZooError(self.circuit.experiment.path, "", f"{what} after sample {samples} of the {stage}", remedy)

    def _answers(self, out: Mapping[str, np.ndarray], n: int) -> list[dict[str, np.ndarray]]:
        """Answers of each network, and what they are made of, from the variables of `answered_by`."""
        shape, every = (n, -1, self.networks, self.units), range(self.networks)
        if self.circuit.answer == "graded":
            answers = out[self.membrane].reshape(shape)[:, self.answers_from :].mean(axis=1)
            return [{"answers": answers[:, k]} for k in every]
        if self.circuit.answer == "rates":
            answers = out["output_rates.r"].reshape(shape)[:, 0]
            return [{"answers": answers[:, k]} for k in every]
        times, (network, units) = out["output_spikes.t"], np.divmod(out["output_spikes.i"], self.units)
        answers = [self._counted(times[network == k], units[network == k], n) for k in every]
        if self.membrane:
            membranes = out[self.membrane].reshape(shape)[:, self.circuit.answer_step]
            answers = [answer | {"membranes": membranes[:, k]} for k, answer in enumerate(answers)]
        return answers

    def _counted(self, times: np.ndarray, units: np.ndarray, n: int) -> dict[str, np.ndarray]:
        """Answers, and the output spikes they are counted from, of one network; times in seconds since the start."""
        samples = samples_of(times, self.sample_time, self.dt)
        times = times - samples * self.sample_time
        if self.circuit.answer_step is not None:
            answer = np.rint(times / self.dt) == self.circuit.answer_step
            times, samples, units = times[answer], samples[answer], units[answer]
        return {
            "answers": measure.spike_counts(samples, units, n, self.units),
            "output_sample": samples,
            "output_unit": units,
            "output_time": times,
        }


def test(runner: Session, data: xr.Dataset, carried: Carried, seed: int) -> dict[str, Any]:
    """Answers (sample, unit), output spikes and spike counts of one network over all samples of a split."""
    (tested,) = test_abreast(runner, data, [carried], (seed,))
    return tested


def test_abreast(
    runner: Session,
    data: xr.Dataset,
    carried: Sequence[Carried],
    seeds: Sequence[int],
    samples: np.ndarray | None = None,  # noqa: PT028
) -> list[dict[str, Any]]:
    """As `test`, for each network with its weights and seed; what is kept goes on from run to run.

    Parameters
    ----------
    samples : indices of those that are run, all if left out.
    """
    parts, samples = [], np.arange(data.sizes["sample"]) if samples is None else samples
    for begin in range(0, len(samples), runner.program.capacity):
        given = take(data, samples[begin : begin + runner.program.capacity])
        part = runner.run_abreast([given] * runner.networks, carried, run_seed(*seeds, "test", begin), before=begin)
        runner.require_answers(part, begin)
        carried = [{**each, **tested["carried"]} for each, tested in zip(carried, part, strict=True)]
        for each in part:
            if "output_sample" in each:
                each["output_sample"] = each["output_sample"] + begin
        parts.append(part)
    return [_joined(parts_of_one) for parts_of_one in zip(*parts, strict=True)]


def _joined(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    joined = {
        name: np.concatenate([part[name] for part in parts])
        for name in ("answers", "membranes", "output_sample", "output_unit", "output_time")
        if name in parts[0]
    }
    return joined | {"spikes": {name: sum(part["spikes"][name] for part in parts) for name in parts[0]["spikes"]}}
