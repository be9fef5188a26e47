"""What input units make of the data: spikes, or an activity, against the value of a pixel as the encoder gives it."""

from dataclasses import replace

import brian2
import numpy as np
import xarray as xr
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Population
from brian2zoo.datasets.encode import encode
from brian2zoo.equations.pieces import equations_of, join, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.protocols.stimulation import CHANCE, apart
from brian2zoo.protocols.subject import Subject
from brian2zoo.run.network import Recording, duration, trace_name
from brian2zoo.run.programs import Inputs, run_here

PIXELS = np.linspace(0, 1, 26)
REPEATS = 40
"""Units at each value where chance makes them fire."""
MOST_STEPS = 10_000
NAME = "units"


def responses(subject: Subject, population: Population) -> xr.Dataset:
    """One sample of units that are each given another pixel.

    Returns
    -------
    data set over `pixel`, 0 to 1, and `spike`: `given`, what the encoder makes of it, SI units; of units that spike
    `rate` and its `deviation` from unit to unit, Hz, `latency` of the first spike and `spikes` of one unit, s, NaN
    where there is none; of others `activity`. The attribute `duration`, s, is that of the sample.

    Raises
    ------
    ZooError
        If the unit repeats events, which say by themselves when it spikes.
    """
    neuron, encoder = population.neuron, subject.experiment.encoders[population.data]
    if neuron.data == EVENT_DATA:
        problem = "it spikes at the times that the data state, and does nothing else"
        raise ZooError(neuron.path, "data", problem, "plot a neuron that it drives")
    pixels = PIXELS if population.data == "input" else np.array([0.0, 1.0])
    chance = CHANCE & get_identifiers(join(neuron.equations, neuron.threshold, neuron.reset, neuron.on_sample))
    repeats = REPEATS if chance else 1
    given = encode(encoder, pixels)
    n = len(pixels) * repeats
    circuit = apart(subject.circuit, (replace(population, name=NAME, size=n),), ())
    dt = float(duration(circuit, "dt"))
    steps = min(round(float(duration(circuit, "T_train")) / dt), MOST_STEPS)
    spiking = bool(neuron.threshold)
    shown = _shown(population)
    states = tuple((NAME, shown, k) for k in range(n)) if shown and not spiking else ()
    wanted = [f"{NAME}_spikes.{what}" for what in "it"] if spiking else [f"{trace_name(*s)}.{shown}" for s in states]
    inputs = Inputs({population.data: np.repeat(given, repeats)[None]}, {}, 1, 0)
    found = run_here(circuit, steps * dt * brian2.second, inputs, wanted, Recording((NAME,), states))
    coords, attrs = {"pixel": pixels}, {"duration": steps * dt, "repeats": repeats}
    data = {"given": ("pixel", given)}
    if not spiking:
        activity = np.array([found[name][-1] for name in wanted])
        return xr.Dataset(data | {"activity": ("pixel", activity)}, coords, attrs | {"shown": shown})
    trains = [found[f"{NAME}_spikes.t"][found[f"{NAME}_spikes.i"] == k] for k in range(n)]
    rate = np.array([len(train) for train in trains]).reshape(-1, repeats) / attrs["duration"]
    firsts = np.array([train[0] if len(train) else np.nan for train in trains]).reshape(-1, repeats)[:, 0]
    most = max(1, *(len(train) for train in trains[::repeats]))
    spikes = np.array([[*train, *[np.nan] * (most - len(train))] for train in trains[::repeats]])
    data |= {
        "rate": ("pixel", rate.mean(axis=1)),
        "deviation": ("pixel", rate.std(axis=1)),
        "latency": ("pixel", firsts),
        "spikes": (("pixel", "spike"), spikes),
    }
    return xr.Dataset(data, coords, attrs)


def _shown(population: Population) -> str:
    """The variable that shows the data: the first that is set at the onset of a sample."""
    return next(iter(written(population.neuron.on_sample)), "")


def passes(subject: Subject, population: Population) -> xr.Dataset:
    """The forward and the backward pass of a rate unit.

    Returns
    -------
    data set over `input`, the summed one: `forward`, what the unit makes of it, and over `returned` the error that
    arrives, `backward`, the error that it passes on. Attributes name the variables.
    """
    neuron = population.neuron
    known = equations_of(neuron.equations)
    forward, backward = written(neuron.forward), written(neuron.backward)
    read = {
        block: get_identifiers(getattr(neuron, block)) & known.names - {*forward, *backward}
        for block in ("forward", "backward")
    }
    summed = sorted(read["forward"])
    if not forward or len(summed) != 1:
        problem = "it is no unit of one sum, of which a picture could be drawn"
        raise ZooError(neuron.path, "forward", problem, "look at its strings: brian2zoo show")
    errors = sorted(read["backward"] - set(summed))
    values, arriving = np.linspace(-3, 3, 121), np.array([0.0, 1.0] if errors else [0.0])
    grid = np.array([(value, error) for error in arriving for value in values])
    units = replace(population, name=NAME, size=len(grid), order=0, backward_order=1)
    circuit = apart(subject.circuit, (units,), ())
    given = {f"{NAME}.{summed[0]}": grid[:, 0]} | ({f"{NAME}.{errors[0]}": grid[:, 1]} if errors else {})
    wanted = [f"{NAME}.{name}" for name in (forward[-1], *backward[-1:])]
    dt = duration(circuit, "dt")
    found = run_here(circuit, dt, Inputs({}, given, 1, 0), wanted, Recording(()))
    shape = len(arriving), len(values)
    data = {"forward": ("input", found[wanted[0]].reshape(shape)[0])}
    attrs = {"input": summed[0], "forward": forward[-1]}
    if errors and backward:
        data["backward"] = (("returned", "input"), found[wanted[1]].reshape(shape))
        attrs |= {"returned": errors[0], "backward": backward[-1]}
    return xr.Dataset(data, {"input": values, "returned": arriving}, attrs)
