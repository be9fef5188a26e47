"""What a rule costs: operations and local memory, from the composed strings and the spikes of a run.

`events` says what one event costs: a spike at one synapse, one neuron in one time step, a sample. `per_sample`
multiplies by how often each event happens in a sample of a run. Learning is the difference between a projection
that learns and the same one transmitting only. Spikes of noise populations, which stand for the hardware's own
noise, are not counted; their random numbers are.

What NeuroBench counts (Yik et al. 2025, doi:10.1038/s41467-025-56739-4) is under its names. It leaves learning out;
the same counts of learning stand beside. docs/how-to/export.md says how the two compare.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from brian2.core.variables import Variable
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod

from brian2zoo.check import sound_experiment
from brian2zoo.circuits import Circuit, Influence, Population, Projection, build, has_weights
from brian2zoo.compose.circuit import Codes, added_to, compose
from brian2zoo.compose.influence import InfluenceCode
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import SynapseCode, compose_synapse
from brian2zoo.equations.pieces import equations_of, join
from brian2zoo.formats.language import sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.operations import KINDS, Operations, count, neuron_scope, stored, synapse_scope
from brian2zoo.run.network import duration

PARTS = {
    "transmission": "spikes, or activities of rate units, that pass synapses",
    "learning": "what learning projections do beyond transmitting",
    "neurons": "neurons and input units in each step, at each spike and at the onset of a sample",
}
WHEN = {"pre": "spike", "post": "spike behind it", "spike": "spike", "step": "step", "sample": "sample"}
_PLACES = {Population: "neuron", Projection: "synapse", Influence: "weight on a neuron"}
FLOAT_BITS = 64  # of a value that no model says the bits of: what it is computed with


@dataclass(frozen=True)
class Event:
    """Something that happens at one synapse, one neuron or one store of an influence.

    Parameters
    ----------
    of : population, projection or influence.
    when : 'pre' or 'post' spike, 'step' or 'sample'.
    part : one of `PARTS`.
    """

    of: Population | Projection | Influence
    when: str
    part: str
    operations: Operations


def events(circuit: Circuit) -> list[Event]:
    """All events of a circuit that ask for operations."""
    codes = compose(circuit)
    found = [event for p in circuit.populations for event in _neuron_events(p, codes.neurons[p.name])]
    found += [event for p in circuit.projections for event in _synapse_events(circuit, p, codes)]
    found += [event for each in circuit.influences for event in _influence_events(each, codes)]
    return [event for event in found if event.operations != Operations()]


def _neuron_events(population: Population, code: NeuronCode) -> Iterator[Event]:
    scope = neuron_scope(Equations(code.equations))
    refractory = Operations(neuron_reads=1, comparisons=1) if code.refractory else Operations()
    step = join(integration(code), code.each_step, code.forward, code.backward, code.threshold)
    at_spike = Operations(neuron_writes=1) if code.refractory else Operations()
    yield Event(population, "step", "neurons", count(step, scope) + refractory)
    yield Event(population, "spike", "neurons", count(code.reset, scope) + at_spike)
    yield Event(population, "sample", "neurons", count(code.on_sample, scope))


def integration(code: NeuronCode) -> str:
    """Statements by which Brian2 moves the differential equations on by a step; empty if there are none."""
    equations = Equations(code.equations)
    if code.update or not equations.diff_eq_names:
        return code.update
    variables = {
        name: Variable(name, constant="constant" in eq.flags, dimensions=eq.dim) for name, eq in equations.items()
    }
    method = code.method or "euler"
    return StateUpdateMethod.apply_stateupdater(equations, variables, method, group_name="")


def _synapse_events(circuit: Circuit, projection: Projection, codes: Codes) -> Iterator[Event]:
    code = codes.synapses[projection.name]
    sides = {side: Equations(codes.neurons[getattr(projection, side).name].equations) for side in ("pre", "post")}
    silent = _without_rule(circuit, projection, codes.on_neurons[projection.name].kept)
    whole, transmits = (_blocks(c, sides) for c in (code, silent))
    for when, operations in transmits.items():
        yield Event(projection, when, "transmission", operations)
    for when, operations in whole.items():
        yield Event(projection, when, "learning", operations - transmits[when])


def _influence_events(influence: Influence, codes: Codes) -> Iterator[Event]:
    """What a store does in each step: its own statements, and what comes to it through each of its couplings.

    A coupling reads a synapse's weight where that is; that Brian2 needs a copy of it is not counted.
    """
    code = codes.influences[influence.name]
    ends = {"pre": codes.synapses[influence.of.name], "post": codes.neurons[influence.of.post.name]}
    sides = {side: Equations(end.equations) for side, end in ends.items()}
    stores = Equations(code.stores.equations)
    own = _blocks(code.stores, sides)["step"] + count(code.stores.on_arrival, synapse_scope(stores, sides))
    if code.couplings is not None:
        own += influence.of.post.size * _blocks(code.couplings, {"pre": stores, "post": stores})["step"]
    yield Event(influence, "step", "learning", own)


def _without_rule(circuit: Circuit, projection: Projection, kept: Mapping[str, str]) -> SynapseCode:
    """The same projection, transmitting only."""
    back = {"returns": projection.returns_error, "feedback": circuit.feedback}
    back |= {"feedback_overrides": circuit.experiment.overrides("feedback")}
    return compose_synapse(projection.synapse, None, projection.overrides, driven={}, kept=kept, **back)


def _blocks(code: SynapseCode, sides: Mapping[str, Equations]) -> dict[str, Operations]:
    equations = Equations(code.equations)
    scope = synapse_scope(equations, sides)
    sums = [f"{name} += {eq.expr}" for name, eq in equations.items() if "summed" in eq.flags]
    blocks = {"pre": code.on_pre, "post": code.on_post, "step": join(code.each_step, *sums), "sample": code.on_sample}
    return {when: count(block, scope) for when, block in blocks.items()}


def steps_per_sample(circuit: Circuit) -> int:
    """Time steps of a sample in the circuit's mode."""
    sample_time = duration(circuit, "T_train" if circuit.mode == "train" else "T_test")
    return round(float(sample_time / duration(circuit, "dt")))


def times(event: Event, spikes: Mapping[str, float], steps: int) -> float:
    """How often an event happens in a sample.

    Parameters
    ----------
    spikes : spikes of each population in a sample, all its neurons together.
    """
    if isinstance(event.of, Population):
        each = event.of.size
        often = {"step": each * steps, "sample": each, "spike": spikes.get(event.of.name, 0.0)}
    elif isinstance(event.of, Influence):
        often = {"step": event.of.size * steps}
    else:
        n, pre, post = event.of.size, event.of.pre, event.of.post
        often = {"step": n * steps, "sample": n}
        often |= {"pre": spikes.get(pre.name, 0.0) * n / pre.size, "post": spikes.get(post.name, 0.0) * n / post.size}
    return often[event.when]


def per_sample(circuit: Circuit, spikes: Mapping[str, float]) -> xr.Dataset:
    """Operations of a sample by part, and memory.

    Parameters
    ----------
    spikes : spikes of each population in a sample; empty for rate units.

    Returns
    -------
    `operations` (part, operation) a sample; `memory_synapse`, `memory_neuron` bits of one plastic synapse and,
    in the mean, of one neuron; `values_synapse`, `values_neuron` how many values these are. By NeuroBench's names
    `Footprint`, bytes; `ParameterCount`, weights; `ActivationSparsity`, fraction of neuron-steps without a spike;
    `SynapticOperations` a sample, and `Dense`, the same if every synapse were passed at every step. And of learning
    `Footprint_learning`, bytes of these that inference does without; `ParameterCount_plastic`, weights that learn;
    `SynapticUpdates`, how often in a sample learning visits a synapse; `Dense_learning`, the same if it visited every
    plastic synapse in every step.
    """
    steps, updates = steps_per_sample(circuit), 0.0
    total = {part: Operations() for part in PARTS}
    for event in events(circuit):
        often = times(event, spikes, steps)
        total[event.part] += often * event.operations
        updates += often if event.part == "learning" and isinstance(event.of, Projection) else 0
    result = xr.Dataset(coords={"part": list(PARTS), "operation": list(KINDS)})

    def add(name: str, dims: tuple[str, ...], values: Any, units: str, long_name: str) -> None:
        result[name] = (dims, np.asarray(values, dtype=float), {"units": units, "long_name": long_name})

    table = [[getattr(total[part], kind) for kind in KINDS] for part in PARTS]
    add("operations", ("part", "operation"), table, "1", "operations a sample")
    memory = Memory.of(circuit)
    add("values_synapse", (), memory.values_synapse, "1", "values kept by a plastic synapse")
    add("memory_synapse", (), memory.bits_synapse, "bit", "memory of a plastic synapse")
    add("values_neuron", (), memory.values_neuron, "1", "values kept by a neuron, in the mean")
    add("memory_neuron", (), memory.bits_neuron, "bit", "memory of a neuron, in the mean")
    add("Footprint", (), memory.footprint, "byte", "memory of all synapses and neurons")
    n_synapses = sum(p.size for p in circuit.projections if not p.pre.is_noise)
    passed = synaptic_operations(circuit, spikes) if spikes else n_synapses * steps
    add("SynapticOperations", (), passed, "1", "synapses passed in a sample; rate units: all of them")
    add("Dense", (), n_synapses * steps, "1", "synapses times steps")
    weights = sum(p.size for p in circuit.projections if has_weights(p) and not p.pre.is_noise)
    add("ParameterCount", (), weights, "1", "weights")
    if spikes:
        reached = {p.post.name: p.post.size for p in circuit.projections if p.post in circuit.spiking}
        active = sum(spikes.get(name, 0.0) for name in reached) / (sum(reached.values()) * steps)
        add("ActivationSparsity", (), 1 - active, "1", "fraction of neuron-steps without a spike, inputs apart")
    plastic = sum(p.size for p in circuit.plastic)
    inference = Memory.of(build(circuit.experiment, circuit.layers, "test")).footprint
    add("Footprint_learning", (), memory.footprint - inference, "byte", "memory that inference does without")
    add("ParameterCount_plastic", (), plastic, "1", "weights that learn")
    add("SynapticUpdates", (), updates, "1", "times that learning visits a synapse in a sample")
    add("Dense_learning", (), plastic * steps, "1", "plastic synapses times steps")
    return result


def synaptic_operations(circuit: Circuit, spikes: Mapping[str, float]) -> float:
    """Synapses that a sample's spikes pass; kicks of the noise are not among them."""
    return sum(spikes.get(p.pre.name, 0.0) * p.size / p.pre.size for p in circuit.projections)


@dataclass(frozen=True)
class Memory:
    """Memory of a circuit: values and bits of one plastic synapse and of a neuron in the mean, and bytes in all."""

    values_synapse: float
    bits_synapse: float
    values_neuron: float
    bits_neuron: float
    footprint: float

    @classmethod
    def of(cls, circuit: Circuit) -> "Memory":
        """A value has the bits that its model states as parameter `bits`, or `VARIABLE_bits`, else `FLOAT_BITS`."""
        codes = compose(circuit)
        neurons = [(p.size, neuron_bits(codes.neurons[p.name])) for p in circuit.populations if not p.is_noise]
        synapses = [(p, synapse_bits(codes.synapses[p.name])) for p in circuit.projections]
        stores = {each.of.name: _store_bits(codes.influences[each.name], each) for each in circuit.influences}
        synapses = [(p, bits + stores.get(p.name, [])) for p, bits in synapses]
        plastic = [(p.size, bits) for p, bits in synapses if p.rule is not None]
        in_all = [*neurons, *((p.size, bits) for p, bits in synapses)]
        return cls(
            *(_mean(plastic, of) for of in (len, sum)),
            *(_mean(neurons, of) for of in (len, sum)),
            footprint=sum(n * sum(bits) for n, bits in in_all) / 8,
        )


def memories(circuit: Circuit) -> list[tuple[str, tuple[int, ...], int, list[str]]]:
    """What a neuron and a plastic synapse keep: bits of each value, how many values are there for learning alone, and
    the names of all populations or projections of which that holds."""
    codes, found = compose(circuit), {}
    stores = {each.of.name: _store_bits(codes.influences[each.name], each) for each in circuit.influences}
    for p in circuit.plastic:
        bits, added = synapse_bits(codes.synapses[p.name]), stores.get(p.name, [])
        own = len(_stored_in(p.rule.equations.text)) + len(added)
        found.setdefault(("plastic synapse", (*bits, *added), own), []).append(p.name)
    for p in circuit.populations:
        own = {name for part in added_to(circuit, p, codes.on_neurons) for name in _stored_in(part.equations.text)}
        if not p.is_noise:
            found.setdefault(("neuron", tuple(neuron_bits(codes.neurons[p.name])), len(own)), []).append(p.name)
    return [(*key, names) for key, names in found.items()]


def _stored_in(equations: str) -> list[str]:
    """Variables that equations add to what every neuron or synapse keeps."""
    return stored(equations_of(equations))


def _mean(parts: Sequence[tuple[int, list[int]]], of: Callable[[list[int]], float]) -> float:
    total = sum(n for n, _ in parts)
    return sum(n * of(bits) for n, bits in parts) / total if total else 0.0


def neuron_bits(code: NeuronCode) -> list[int]:
    """Bits of each value that a neuron keeps, the time of its last spike among them if it is refractory."""
    bits = [_stated(code.parameters, f"{name}_bits") for name in stored(Equations(code.equations))]
    return bits + ([FLOAT_BITS] if code.refractory else [])


def synapse_bits(code: SynapseCode) -> list[int]:
    """Bits of each value that a synapse keeps."""
    return [_stated(code.parameters, "bits" if name == "w" else "") for name in stored(Equations(code.equations))]


def _store_bits(code: InfluenceCode, influence: Influence) -> list[int]:
    """Bits of each value that all stores of one weight keep; which of them is its own neuron's is no value."""
    kept = [name for name in stored(Equations(code.stores.equations)) if name != "own"]
    return influence.of.post.size * [FLOAT_BITS] * len(kept)


def _stated(parameters: Mapping[str, Any], name: str) -> int:
    return int(float(parameters.get(name, FLOAT_BITS)))


def alike(found: Sequence[Event]) -> list[tuple[str, str, Operations, list[str]]]:
    """Events by part, what happens and operations, with the names of all populations or projections they occur in."""
    groups: dict[tuple[str, str, Operations], list[str]] = {}
    for event in found:
        where = next(word for kind, word in _PLACES.items() if isinstance(event.of, kind))
        happens = f"{where}, {WHEN[event.when]}"
        groups.setdefault((event.part, happens, event.operations), []).append(event.of.name)
    ordered = sorted(groups.items(), key=lambda group: list(PARTS).index(group[0][0]))
    return [(*key, names) for key, names in ordered]


def of_training(zoo: Zoo, trained: xr.Dataset) -> xr.Dataset:
    """`per_sample` at the spikes of a training's last epoch, with what it is of as attributes."""
    attrs = trained.attrs
    experiment = sound_experiment(zoo, attrs["experiment"], attrs["setting"])
    circuit = build(experiment, sizes(attrs["layers"]), "train")
    spikes = {}
    if "spikes" in trained:
        last = trained.spikes.isel(epoch=-1)
        spikes = {str(name): float(last.sel(population=name)) for name in trained.population.values}
    result = per_sample(circuit, spikes)
    weights = [trained[f"w_{p.name}"] for p in circuit.forward if f"w_{p.name}" in trained]
    if weights:  # which published results are kept without
        zero = sum(int((each == 0).sum()) for each in weights) / sum(each.size for each in weights)
        described = {"units": "1", "long_name": "fraction of weights from layer to layer that are zero"}
        result["ConnectionSparsity"] = ((), zero, described)
    facts = ("experiment", "rule", "dataset", "layers", "setting", "setting_name", "seed")
    return result.assign_attrs({key: attrs[key] for key in facts if key in attrs})
