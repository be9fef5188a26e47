"""Spikes of a run as the chip's costs need them: how many in each step of a sample, and of which neurons."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from brian2zoo.circuits import Circuit
from brian2zoo.datasets.encode import take
from brian2zoo.errors import ZooError
from brian2zoo.mapping.ledger import steps_per_sample
from brian2zoo.run.carried import Carried
from brian2zoo.run.network import Recording, samples_of
from brian2zoo.run.sessions import Session, run_seed


@dataclass(frozen=True)
class Activity:
    """Spikes of a sample, in the mean.

    Parameters
    ----------
    steps : spikes of each population in each step of a sample, each (step,).
    share : part of a population's spikes that each neuron has, each (neuron,), together 1.
    resolved : whether this was measured; else spikes are spread evenly over steps and neurons.
    """

    steps: dict[str, np.ndarray]
    share: dict[str, np.ndarray]
    resolved: bool

    @property
    def n_steps(self) -> int:
        """Steps of a sample."""
        return len(next(iter(self.steps.values())))

    def spikes(self, population: str) -> float:
        """Spikes of a population in a sample."""
        return float(self.steps[population].sum())

    def neurons(self, population: str) -> np.ndarray:
        """Spikes of each neuron of a population in a sample, (neuron,)."""
        return self.share[population] * self.spikes(population)


def every_spike(circuit: Circuit) -> Recording:
    """What a run has to keep for `measure`."""
    return Recording(spikes=tuple(p.name for p in circuit.spiking))


def measure(runner: Session, data: xr.Dataset, carried: Carried, seed: int, before: int = 0) -> xr.Dataset:
    """Spikes over the samples of `data`; the network learns if its circuit does, after `before` other samples.

    Returns `spikes_POPULATION` (step) a sample, and `neuron_spikes_POPULATION` (unit_POPULATION) a sample.
    """
    names = every_spike(runner.circuit).spikes
    steps = round(runner.sample_time / runner.dt)
    total = {name: np.zeros(steps) for name in names}
    units = {name: np.zeros(runner.circuit.population(name).size) for name in names}
    keep = tuple(f"{name}_spikes.{v}" for name in names for v in ("t", "i"))
    n = data.sizes["sample"]
    for begin in range(0, n, runner.program.capacity):
        rows = np.arange(begin, min(begin + runner.program.capacity, n))
        out = runner.run(take(data, rows), carried, run_seed(seed, "activity", begin), keep, before + begin)
        carried = {**carried, **out["carried"]}
        for name in names:
            times, neurons = out[f"{name}_spikes.t"], out[f"{name}_spikes.i"]
            within = np.rint(times / runner.dt) - samples_of(times, runner.sample_time, runner.dt) * steps
            total[name] += np.bincount(within.astype(int), minlength=steps)[:steps]
            units[name] += np.bincount(neurons, minlength=len(units[name]))
    result = xr.Dataset()
    for name in names:
        described = {"units": "1", "long_name": f"spikes of {name} in each step, a sample"}
        result[f"spikes_{name}"] = ("step", total[name] / n, described)
        described = {"units": "1", "long_name": f"spikes of each neuron of {name}, a sample"}
        result[f"neuron_spikes_{name}"] = (f"unit_{name}", units[name] / n, described)
    result.attrs |= {"mode": runner.circuit.mode, "samples": n}
    return result


def of_result(circuit: Circuit, result: xr.Dataset) -> Activity:
    """Activity in a result of `measure` or of a training; of the latter the last epoch, spread evenly."""
    names = every_spike(circuit).spikes
    if result.attrs.get("mode"):
        if result.attrs["mode"] != circuit.mode:
            problem = f"its spikes are of mode '{result.attrs['mode']}'"
            raise ZooError("--run", "", problem, f"give a result of mode '{circuit.mode}'")
        _need(names, [str(name).removeprefix("spikes_") for name in result.data_vars])
        steps = {name: result[f"spikes_{name}"].values for name in names}
        units = {name: result[f"neuron_spikes_{name}"].values for name in names}
        share = {name: u / u.sum() if u.sum() else np.full(len(u), 1 / len(u)) for name, u in units.items()}
        return Activity(steps, share, resolved=True)
    key, dim = ("spikes", "population") if circuit.mode == "train" else ("test_spikes", "test_population")
    if key not in result or "epoch" not in result[key].dims:
        raise ZooError("--run", "", "the result has no spike counts", "give a result of a training, or of 'activity'")
    last = {str(p): float(result[key].isel(epoch=-1).sel({dim: p})) for p in result[dim].values}
    _need(names, last)
    n_steps = steps_per_sample(circuit)
    steps = {name: np.full(n_steps, last[name] / n_steps) for name in names}
    sizes = {name: circuit.population(name).size for name in names}
    return Activity(steps, {name: np.full(n, 1 / n) for name, n in sizes.items()}, resolved=False)


def _need(names: Iterable[str], known: Collection[str]) -> None:
    """`ZooError` if a result does not know the spikes of all these populations."""
    missing = [name for name in names if name not in known]
    if missing:
        problem = f"it has no spikes of {', '.join(missing)}"
        raise ZooError(
            "--run", "", problem, "give a result of this network; of an earlier state of its files make it anew"
        )
