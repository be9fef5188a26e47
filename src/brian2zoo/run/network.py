"""A circuit as Brian2 objects, the same for every target.

Names of variables are ``group.variable``; they are what a run sets and reads, whatever the target.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import DIFFERENTIAL_EQUATION, FLOAT, PARAMETER, Equations
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers, word_substitute

from brian2zoo.circuits import Circuit, Influence, Population, Projection
from brian2zoo.compose.assembly import SCHEDULE, USUAL, Assembly
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.influence import InfluenceCode, couplings_of
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.parallel import PLACE
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.datasets.events import EventTimes
from brian2zoo.equations.pieces import statements, written
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.run.rest import NOT_REFRACTORY, at_rest, forget_spikes

# A synapse's equations read the neurons as they are before they move: Euler's step of a trace is then the
# derivative of Euler's step of the neuron.
_BEFORE_NEURONS = -1

# Neurons, then the sums over synapses, then the statements of rules that read both.
_NEURONS_EACH_STEP, _SUMS_EACH_STEP = -2000, -1000

# At the onset of a sample a rule first closes the one before, then synapses look at what has come of them together.
_ONSET_OF_RULES, _ONSET_SUMS, _ONSET_OF_STORES, _REST = -4000, -3000, -2000, -1000

# After the spikes of a step have arrived: synapses within a layer tell their weights, what goes through them is summed.
_TELL, _SUM, _ARRIVAL = -5, -4, -3


@dataclass(frozen=True)
class Recording:
    """What a run keeps in addition to the output.

    Parameters
    ----------
    spikes : populations whose every spike is kept; of the others only the number a neuron, of noise nothing.
    states : (group, variable, index) traces, one value a step; for a projection the index is the synapse.
    """

    spikes: tuple[str, ...] = ("output",)
    states: tuple[tuple[str, str, int], ...] = ()


OUTPUT_ONLY = Recording()


@dataclass
class Assembled:
    """Brian2 objects of a circuit, ready to run once `begin` has given its variables their initial values.

    Parameters
    ----------
    initial : statements by group. They read parameters, which a run may be given: so they wait until that has happened.
    """

    network: brian2.Network
    groups: dict[str, Any]
    capacity: int
    steps_per_sample: int
    data: dict[str, brian2.TimedArray] = field(default_factory=dict)
    events: EventTimes = field(default_factory=EventTimes)
    monitors: dict[str, Any] = field(default_factory=dict)
    initial: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Give variables the values they have before the first step."""
        for name, block in self.initial.items():
            for line in statements(block):
                variable, _, expression, _ = parse_statement(line)
                _set(self.groups[name], {variable: expression})


def duration(circuit: Circuit, which: str) -> Any:
    """A time of the experiment's protocol, with its unit."""
    return evaluate(getattr(circuit.experiment.protocol, which))


def assemble(
    circuit: Circuit,
    sample_time: Any,
    capacity: int,
    recording: Recording = OUTPUT_ONLY,
    assembly: Assembly = USUAL,
) -> Assembled:
    """Brian2 objects of a circuit on the current device.

    Parameters
    ----------
    sample_time : duration of a sample.
    capacity : most samples a run can take; how many it does take is set for each run.
    assembly : how the backend wants it.
    """
    dt = duration(circuit, "dt")
    brian2.defaultclock.dt = dt
    codes = compose(circuit, assembly)
    groups: dict[str, Any] = {}
    objects: list[Any] = []
    data, events = {}, EventTimes()
    for population in circuit.populations:
        code = codes.neurons[population.name]
        group, array = _group(population, code, sample_time, capacity, circuit, events, assembly)
        groups[population.name] = group
        objects.append(group)
        if array is not None:
            data[population.data] = array
    for order, projection in enumerate(circuit.projections):
        code = codes.synapses[projection.name]
        groups[projection.name] = _synapses(projection, code, groups, sample_time, order, circuit, assembly)
        objects.append(groups[projection.name])
    for order, influence in enumerate(circuit.influences, start=len(circuit.projections)):
        code = codes.influences[influence.name]
        made = _influence(influence, code, groups, sample_time, order, circuit.experiment, assembly)
        groups |= {synapses.name: synapses for synapses in made}
        objects += made

    steps_per_sample = round(float(sample_time / dt))
    groups["run"] = _run_control(assembly)
    objects.append(groups["run"])
    if circuit.experiment.protocol.rest and assembly.on_host:
        _forget_at_onset(groups, sample_time)
    monitors = _monitors(circuit, groups, sample_time, recording)
    network = brian2.Network(*objects, *monitors.values())
    network.schedule = SCHEDULE
    coded = codes.neurons | codes.synapses
    initial = {name: coded[name].initial for name in coded if coded[name].initial}
    return Assembled(network, groups, capacity, steps_per_sample, data, events, monitors, initial)


def _group(
    population: Population,
    code: NeuronCode,
    sample_time: Any,
    capacity: int,
    circuit: Circuit,
    events: EventTimes,
    assembly: Assembly,
) -> tuple[brian2.NeuronGroup, brian2.TimedArray | None]:
    name, experiment = population.name, circuit.experiment
    namespace = _times(sample_time, experiment)
    array = None
    if population.data:
        unit = population.neuron.data
        if unit == EVENT_DATA:
            namespace["event_time"] = events.function
        empty = np.zeros((capacity, population.size)) * (1 if unit == EVENT_DATA else evaluate(unit))
        array = brian2.TimedArray(empty, sample_time, name=f"{name}_data")
        namespace[f"{name}_data"] = array
    group = brian2.NeuronGroup(
        population.size,
        code.equations,
        threshold=code.threshold or None,
        reset=code.reset or None,
        refractory=code.refractory or False,
        method=_method(code),
        namespace=namespace,
        dtype=data_types(code.equations, experiment.stated.precision),
        order=population.order,
        name=name,
    )
    _set(group, code.parameters)

    def every(block: str, when: str, order: int, what: str, **clock: Any) -> None:
        if block:
            group.run_regularly(block, when=when, order=order, name=f"{name}_{what}", **clock)

    on_sample = word_substitute(code.on_sample, {"data": f"{name}_data(t, i)"})
    every(on_sample, "start", 0, "on_sample", dt=sample_time)
    every(code.copies, "start", 1, "copies")
    if experiment.protocol.rest:
        # Where spikes that were on their way cannot be forgotten, rest follows the last of them.
        when, set_before = ("start", ()) if assembly.on_host else ("before_groups", written(code.on_sample))
        kept = (*circuit.kept_by(population), *set_before)
        every(NOT_REFRACTORY if code.refractory else "", when, _REST - 1, "not_refractory", dt=sample_time)
        every(at_rest(Equations(code.equations), kept, code.initial), when, _REST, "rest", dt=sample_time)
    every(code.before, "before_groups", 0, "before")
    every(code.each_step, "after_groups", _NEURONS_EACH_STEP + population.order, "each_step")
    every(code.forward, "groups", population.order, "forward")
    if population.backward_order:
        every(code.backward, "groups", population.backward_order, "backward")
    return group, array


def _set(group: Any, values: Mapping[str, Any]) -> None:
    """Give variables values or expressions; as attributes, some names would be those of Brian2's own object."""
    for name, value in values.items():
        group.state(name)[:] = value


def _synapses(
    projection: Projection,
    code: SynapseCode,
    groups: dict[str, Any],
    sample_time: Any,
    order: int,
    circuit: Circuit,
    assembly: Assembly,
) -> brian2.Synapses:
    name, experiment = projection.name, circuit.experiment
    soonest = duration(circuit, "dt") if assembly.from_spike else 0 * brian2.ms
    delay, one_delay = evaluate(projection.delay) + soonest, bool(code.on_pre) and projection.delays is None
    synapses = brian2.Synapses(
        groups[projection.pre.name],
        groups[projection.post.name],
        model=code.equations,
        on_pre=code.on_pre or None,
        on_post=code.on_post or None,
        delay=({"pre": delay} if one_delay else {}) | ({"post": soonest} if code.on_post else {}) or None,
        namespace=_times(sample_time, experiment),
        dtype=data_types(code.equations, experiment.stated.precision),
        method=_method(code),
        order=order,
        name=name,
    )
    if projection.pairs is None:
        synapses.connect()
    elif projection.one_to_one:
        synapses.connect(j="i")
    else:
        synapses.connect(i=projection.pairs[0], j=projection.pairs[1])
    if code.on_pre and not one_delay:
        synapses.pre.delay = projection.delays * brian2.second
    _set(synapses, code.parameters)
    _set(synapses, {f"{index}{PLACE}": index for index in "ij" if f"{index}{PLACE}" in synapses.equations.names})
    kept = ("w", *(projection.rule.keeps if projection.rule is not None else ()))
    _run_regularly(synapses, code, sample_time, order, experiment, assembly, kept)
    for target, updater in synapses.summed_updaters.items():
        # A sum is complete just before the statements that read it.
        population = projection.pre if target.endswith("_pre") else projection.post
        variable = target.removesuffix("_pre").removesuffix("_post")
        if target in code.onset_sums:
            updater.when, updater.order, updater._clock = "start", _ONSET_SUMS + order, brian2.Clock(dt=sample_time)
        elif variable in get_identifiers(population.neuron.forward):
            updater.order = population.order - 1
        elif variable in get_identifiers(population.neuron.backward):
            updater.order = population.backward_order - 1
        else:
            # For the rules' statements, which follow the equations; sums of sums in the order of the projections.
            updater.when, updater.order = "after_groups", _SUMS_EACH_STEP + order
    return synapses


def _influence(
    influence: Influence,
    code: InfluenceCode,
    groups: dict[str, Any],
    sample_time: Any,
    order: int,
    experiment: Experiment,
    assembly: Assembly,
) -> list[brian2.Synapses]:
    """Stores from each synapse of a projection to each neuron, couplings between these, and who tells their weights."""
    weights, neurons, size = groups[influence.of.name], groups[influence.of.post.name], influence.of.post.size
    stores = _stores(influence.name, weights, neurons, code.stores, experiment, sample_time)
    stores.connect()
    _set(stores, {"own": "int(j_pre == j)"} | code.stores.parameters)
    if code.stores.on_arrival:
        stores.run_regularly(
            code.stores.on_arrival, when="before_groups", order=_ARRIVAL, name=f"{influence.name}_on_arrival"
        )
    _run_regularly(stores, code.stores, sample_time, order, experiment, assembly)
    for updater in stores.summed_updaters.values():
        updater.when, updater.order = "after_groups", -1
    if code.couplings is None:
        return [stores]
    name = couplings_of(influence.name)
    couplings = _stores(name, stores, stores, code.couplings, experiment, sample_time)
    couplings.connect(j=f"k for k in range({size}*int(i//{size}), {size}*int(i//{size}) + {size})")
    _set(couplings, code.couplings.parameters)
    # Couplings are in the order of stores, of which each weight has as many as the layer has neurons.
    within = groups[influence.within.name]
    tellers = _stores(f"{influence.name}_weights", within, couplings, code.weights, experiment, sample_time)
    tellers.connect(j=f"i + {size**2}*k for k in range({influence.of.size})")
    for synapses, place in ((couplings, _SUM), (tellers, _TELL)):
        for updater in synapses.summed_updaters.values():
            updater.when, updater.order = "before_groups", place
    return [stores, couplings, tellers]


def _stores(
    name: str, source: Any, target: Any, code: SynapseCode, experiment: Experiment, sample_time: Any
) -> brian2.Synapses:
    """Synapses without pathways, not yet connected."""
    return brian2.Synapses(
        source,
        target,
        model=code.equations,
        namespace=_times(sample_time, experiment),
        dtype=data_types(code.equations, experiment.stated.precision),
        method=_method(code),
        name=name,
    )


def _method(code: NeuronCode | SynapseCode) -> Any:
    """What Brian2 integrates equations by: a method of its own, or the statements that are known."""
    return (lambda *_: code.update) if code.update else code.method or "euler"


def _run_regularly(
    synapses: brian2.Synapses,
    code: SynapseCode,
    sample_time: Any,
    order: int,
    experiment: Experiment,
    assembly: Assembly,
    kept: Sequence[str] = (),
) -> None:
    """What synapses do apart from spikes; `kept` are the variables that rest leaves alone."""
    name = synapses.name
    if synapses.state_updater is not None:
        synapses.state_updater.order = _BEFORE_NEURONS
    if code.each_step:
        synapses.run_regularly(code.each_step, when="after_groups", order=order, name=f"{name}_each_step")
    if code.on_sample:
        synapses.run_regularly(code.on_sample, dt=sample_time, when="end", order=order, name=f"{name}_on_sample")
    if code.at_onset:
        synapses.run_regularly(
            code.at_onset, dt=sample_time, when="start", order=_ONSET_OF_RULES + order, name=f"{name}_at_onset"
        )
    if code.onset_of_store:
        synapses.run_regularly(
            code.onset_of_store, dt=sample_time, when="start", order=_ONSET_OF_STORES + order, name=f"{name}_together"
        )
    if experiment.protocol.rest:
        when, place = ("start", _REST) if assembly.on_host else ("before_groups", order)
        at_onset = at_rest(Equations(code.equations), kept, code.initial)
        if at_onset:
            synapses.run_regularly(at_onset, dt=sample_time, when=when, order=place, name=f"{name}_rest")


def _times(sample_time: Any, experiment: Experiment) -> dict[str, Any]:
    """Times of a sample that any equation may name."""
    return {"T_sample": sample_time, "T_answer": evaluate(experiment.protocol.T_answer)}


def data_types(equations: str, precision: str) -> dict[str, type]:
    """Types of variables that are not Brian2's usual ones: single precision for all but times and shared values."""
    if precision == "double":
        return {}
    return {
        name: np.float32
        for name, equation in Equations(equations).items()
        if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER)
        and equation.var_type == FLOAT
        and equation.dim is not brian2.second.dim
        and "shared" not in equation.flags
    }


def _forget_at_onset(groups: dict[str, Any], sample_time: Any) -> None:
    """Let no spike of a sample arrive in the next one."""
    neurons = [group for group in groups.values() if isinstance(group, brian2.NeuronGroup)]
    pathways = [each for group in groups.values() if isinstance(group, brian2.Synapses) for each in group._pathways]
    run = groups["run"]
    run.namespace["forget_spikes"] = forget_spikes(neurons, pathways)
    run.run_regularly("forgot = forget_spikes()", dt=sample_time, when="start", order=_REST, name="run_forget_spikes")


def _run_control(assembly: Assembly) -> brian2.NeuronGroup:
    """The run's own variables: its seed, and after how many steps it ends."""
    control = brian2.NeuronGroup(
        1,
        """seed : integer (shared, constant)
        n_steps : integer (shared, constant)
        ended : 1 (shared)
        forgot : 1 (shared)""",
        name="run",
        namespace={"stop_if": stop_if},
    )
    if assembly.on_host:
        control.run_regularly("ended = stop_if(t_in_timesteps + 1 >= n_steps)", when="end", name="run_end")
    return control


@brian2.implementation(
    "cpp",
    """
    static inline double stop_if(const bool done) { if (done) Network::_globally_stopped = true; return done; }
    """,
    headers=['"network.h"'],
)
@brian2.check_units(done=bool, result=1)
def stop_if(done: bool) -> float:
    """End the run after this step if `done`. A built binary takes its number of steps from here."""
    if np.any(done):
        brian2.stop()
    return float(np.any(done))


def _monitors(circuit: Circuit, groups: dict[str, Any], sample_time: Any, recording: Recording) -> dict[str, Any]:
    monitors: dict[str, Any] = {}
    for population in circuit.populations:
        if population.is_noise:
            continue
        if population.neuron.threshold:
            keep = population.name in recording.spikes
            name = f"{population.name}_spikes"
            monitors[name] = brian2.SpikeMonitor(groups[population.name], record=keep, name=name)
        elif population.name == "output" and not population.neuron.graded:
            monitors["output_rates"] = brian2.StateMonitor(
                groups["output"], "r", record=True, dt=sample_time, when="end", name="output_rates"
            )
    if circuit.membrane:
        monitors["output_membrane"] = brian2.StateMonitor(
            groups["output"], circuit.membrane, record=True, when="end", name="output_membrane"
        )
    for group, variable, index in recording.states:
        name = trace_name(group, variable, index)
        monitors[name] = brian2.StateMonitor(groups[group], variable, record=[index], when="end", name=name)
    return monitors


def trace_name(group: str, variable: str, index: int) -> str:
    """Name of the monitor of one trace."""
    return f"{group}_{variable}_{index}_trace"


def samples_of(times: np.ndarray, sample_time: float, dt: float) -> np.ndarray:
    """Index of the sample each time lies in; times in seconds, on the grid of dt."""
    return np.floor((np.asarray(times) + dt / 2) / sample_time).astype(int)


def weight_matrix(projection: Projection, weights: np.ndarray) -> np.ndarray:
    """Weights of a projection as (pre, post), 0 where neurons are not connected."""
    shape = projection.pre.size, projection.post.size
    if projection.pairs is None:
        return np.asarray(weights).reshape(shape)
    matrix = np.zeros(shape)
    matrix[projection.pairs] = weights
    return matrix


def layer_names(layers: Sequence[int]) -> list[str]:
    """Names of the populations from input to output."""
    return ["input", *(f"hidden{k}" for k in range(1, len(layers) - 1)), "output"]
