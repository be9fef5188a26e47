"""How a rule of eligibility credits a synapse: its course after one presynaptic spike, while the neuron is as it is.

The presynaptic unit spikes once. Several neurons have it before them, through weights that lift the membrane below and
above the threshold. Each hears an error of 1 in every step, so that what a step adds to the gradient is what of the
eligibility meets the error then.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xarray as xr

from brian2zoo import circuits
from brian2zoo.compose.circuit import compose
from brian2zoo.equations.pieces import equations_of
from brian2zoo.errors import ZooError
from brian2zoo.protocols.membranes import membrane, threshold
from brian2zoo.protocols.stimulation import AFTER, SYNAPSES, onto, read_as_one
from brian2zoo.protocols.subject import Subject, typical_weight
from brian2zoo.run.network import duration, trace_name

STRENGTHS = (0.6, 0.95, 1.4)
"""Weights, in parts of that which lifts the membrane just to the threshold."""
ONSET = 0.1
"""When the presynaptic unit spikes, in parts of a sample."""
MOST_STEPS = 5_000
_ERROR = "learning_signal"


def course(subject: Subject) -> xr.Dataset:
    """What one presynaptic spike leaves at a synapse.

    Returns
    -------
    data set over `weight`, parts of that which lifts the membrane to the threshold, and `time`, s since the presynaptic
    spike: `membrane`, SI units, `spikes` of the neuron, `surrogate`, the derivative of a spike, `eligibility` of a
    step, and `filtered`, what of it meets an error in a step; the last two are derivatives by the weight. `threshold`
    is that at rest.

    Raises
    ------
    ZooError
        If the neuron has no membrane that a weight lifts to its threshold.
    """
    projection = subject.projection()
    neuron = projection.post.neuron
    found = membrane(neuron)
    if found is None:
        problem = f"neuron '{neuron.name}' has no membrane that a presynaptic spike could lift to its threshold"
        raise ZooError(neuron.path, "threshold", problem, "plot the rule in another experiment, with --on")
    if not any(_ERROR in equations_of(part.equations.text) for part in projection.rule.parts if part.equations):
        problem = f"the error of '{projection.post.name}' is that of the loss, which cannot be held"
        remedy = "plot the rule in an experiment in which it trains a hidden layer, with --on"
        raise ZooError(subject.experiment.path, "learning", problem, remedy)
    unit = typical_weight(subject.circuit, projection) or 1.0
    small = 1e-3 * unit
    at_rest, lifted = _run(subject, np.array([0.0, small]), found[0])[0].membrane.values
    lift = float((lifted - at_rest)[np.abs(lifted - at_rest).argmax()] / small)
    away = threshold(projection.post) - float(at_rest[-1])
    if not lift or not np.isfinite(away / lift):
        raise ZooError(neuron.path, "", "a presynaptic spike does not move its membrane", "plot another rule")
    weights = np.array(STRENGTHS) * away / lift
    parts = []
    for name, of in (("filtered", subject), ("eligibility", _unfiltered(subject))):
        data, gradient = _run(of, weights, found[0])
        parts.append(data.assign({name: (data.membrane.dims, gradient)}))
    whole = xr.merge(parts, compat="override").assign_coords(weight=list(STRENGTHS))
    return whole.assign(threshold=threshold(projection.post)).assign_attrs(membrane=found[0])


def _unfiltered(subject: Subject) -> Subject:
    """The same where the eligibility meets the error as it is."""
    experiment = subject.experiment.with_setting("learning.plastic.filter=none")
    kind = subject.projection().kind
    if kind in experiment.learning.own:
        experiment = experiment.with_setting(f"learning.{kind}.filter=none")
    return replace(subject, circuit=circuits.build(experiment, subject.circuit.layers, subject.circuit.mode))


def _run(subject: Subject, weights: np.ndarray, variable: str) -> tuple[xr.Dataset, np.ndarray]:
    """States over time, and what each step adds to the gradient of each weight."""
    projection, n = subject.projection(), len(weights)
    after = replace(projection.post, name=AFTER, size=n)
    pairing = onto(projection, subject.circuit, after, fan_out=True)
    steps = min(round(float(duration(subject.circuit, "T_train")) / pairing.dt), MOST_STEPS)
    first = max(round(ONSET * steps), 2)
    recorded = dict(_recorded(subject, variable))
    states = [(group, name, k) for group, name in recorded.values() for k in range(n)]
    wanted = [f"{trace_name(*state)}.{state[1]}" for state in states] + [f"{AFTER}_spikes.{what}" for what in "it"]
    values = {f"{SYNAPSES}.w": weights, f"{AFTER}.{_ERROR}": 1.0} | read_as_one(projection)
    found = pairing.run([np.array([first])], steps, values, wanted, states)
    time = (np.arange(steps) - first) * pairing.dt
    traces = {
        label: np.stack([found[f"{trace_name(group, name, k)}.{name}"] for k in range(n)])
        for label, (group, name) in recorded.items()
    }
    gradient = traces.pop("gradient")
    online = _is_online(subject)
    added = gradient if online else np.diff(gradient, axis=1, prepend=0)
    spiked = np.zeros((n, steps), bool)
    spiked[found[f"{AFTER}_spikes.i"], np.rint(found[f"{AFTER}_spikes.t"] / pairing.dt).astype(int)] = True
    traces["spikes"] = spiked
    data = xr.Dataset({label: (("weight", "time"), trace) for label, trace in traces.items()}, {"time": time})
    return data, added


def _recorded(subject: Subject, variable: str) -> Iterator[tuple[str, tuple[str, str]]]:
    projection = subject.projection()
    yield "membrane", (AFTER, variable)
    if "psi" in equations_of(compose(subject.circuit).neurons[projection.post.name].equations):
        yield "surrogate", (AFTER, "psi")
    yield "gradient", (SYNAPSES, "grad")


def _is_online(subject: Subject) -> bool:
    optimizer = subject.experiment.ways(subject.projection().kind).optimizer
    return optimizer is not None and optimizer.each == "step"
