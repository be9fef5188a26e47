"""Given spikes: units that spike when they are told to, whatever else they do, and a synapse between each two of them.

A spike that is told arrives a step after the source has sent it. A neuron of an experiment that is told to spike keeps
its equations and its reset; its own threshold is off. Where that is a comparison of a variable, `v > ...`, the spike
lifts this variable to it, as a brief current does, so that rules that read the membrane see it there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from brian2.parsing.statements import parse_statement

from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.compose.circuit import Codes, compose
from brian2zoo.datasets.events import Events
from brian2zoo.equations.pieces import equations_of, join, kind_of, names_in, statements
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.zoo import Zoo
from brian2zoo.protocols.membranes import membrane
from brian2zoo.run.network import Recording, duration
from brian2zoo.run.programs import Inputs, run_here

OWN = Zoo(Path(__file__).parent)
"""The files that stimulate."""
BEFORE, AFTER, SYNAPSES = "before", "after", "probed"
"""Names of the two populations and of the projection between them."""
CHANCE = {"rand", "randn", "poisson"}
"""Functions of random numbers."""
FIRST_STEP = 2
"""The earliest step at which a unit can be told to spike."""


@dataclass(frozen=True)
class Pairing:
    """Pairs of units with given spikes, each joined by one synapse of an experiment's projection.

    Parameters
    ----------
    circuit : populations and projections; unit k of `BEFORE` leads to unit k of `AFTER`, or the only one to all.
    told : how many units are told to spike: those of `BEFORE`, then perhaps those of `AFTER`.
    """

    circuit: Circuit
    told: int

    @property
    def dt(self) -> float:
        """Time step, s."""
        return float(duration(self.circuit, "dt"))

    @property
    def codes(self) -> Codes:
        """The composed strings."""
        return compose(self.circuit)

    def run(
        self,
        spikes: Sequence[np.ndarray],
        n_steps: int,
        values: Mapping[str, Any],
        outputs: Sequence[str],
        states: Sequence[tuple[str, str, int]] = (),
    ) -> dict[str, np.ndarray]:
        """One sample of so many steps.

        Parameters
        ----------
        spikes : of each unit that is told to spike, the steps at which it does, from `FIRST_STEP` on.
        values : by ``group.variable``, SI units.
        outputs : ``group.variable`` to return, flat, SI units.
        states : traces to record, as `Recording` has them.

        Raises
        ------
        ZooError
            If a neuron cannot spike when it is told to.
        """
        units = np.repeat(np.arange(self.told), [len(steps) for steps in spikes])
        steps = np.concatenate([np.asarray(each, int) for each in spikes]) - 1
        events = Events(steps * self.dt, units, np.array([0, len(units)]), self.told)
        told = [BEFORE, AFTER] if self.told > self._size(BEFORE) else [BEFORE]
        recorded = [f"{name}_spikes.{what}" for name in told for what in "it"]
        found = run_here(
            self.circuit,
            n_steps * self.dt * brian2.second,
            Inputs({"input": events}, values, 1, 0),
            [*outputs, *recorded],
            Recording((BEFORE, AFTER), tuple(states)),
        )
        self._refuse_other_spikes(spikes, found)
        return found

    def _size(self, name: str) -> int:
        return self.circuit.population(name).size

    def _refuse_other_spikes(self, spikes: Sequence[np.ndarray], found: Mapping[str, np.ndarray]) -> None:
        first = 0
        for name in (BEFORE, AFTER):
            told = spikes[first : first + self._size(name)]
            wanted = [(unit, step) for unit, steps in enumerate(told) for step in np.sort(steps)]
            units, steps = (
                found[f"{name}_spikes.i"].astype(int),
                np.rint(found[f"{name}_spikes.t"] / self.dt).astype(int),
            )
            order = np.lexsort((steps, units))
            if not np.array_equal(np.stack([units[order], steps[order]], axis=1), np.array(wanted, int).reshape(-1, 2)):
                neuron = self.circuit.population(name).neuron
                problem = "it is still refractory when it is told to spike"
                raise ZooError(neuron.path, "refractory", problem, "take a shorter one, with --set")
            first += self._size(name)
            if first >= self.told:
                return


def pairs(projection: Projection, circuit: Circuit, n: int) -> Pairing:
    """So many pairs of units, both of which are told to spike.

    Parameters
    ----------
    projection : of `circuit`, whose synapse and rule each pair has.
    """
    before, after = given_spikes(presynaptic(projection), BEFORE, n), given_spikes(projection.post, AFTER, n)
    source, tell = _source(2 * n), OWN.synapse("tell")
    each = np.arange(n)
    telling = [
        Projection(f"tell_{post.name}", "tell", source, post, tell, pairs=(each + first, each))
        for post, first in ((before, 0), (after, n))
    ]
    return Pairing(apart(circuit, (source, before, after), (*telling, joined(projection, before, after))), 2 * n)


def onto(projection: Projection, circuit: Circuit, after: Population, fan_out: bool = False) -> Pairing:
    """A unit that is told to spike before each unit of a population; with `fan_out` one unit before all of them."""
    n = 1 if fan_out else after.size
    before = given_spikes(presynaptic(projection), BEFORE, n)
    source, each = _source(n), np.arange(n)
    telling = Projection("tell_before", "tell", source, before, OWN.synapse("tell"), pairs=(each, each))
    probed = joined(projection, before, after)
    probed = replace(probed, pairs=None) if fan_out else probed
    return Pairing(apart(circuit, (source, before, after), (telling, probed)), n)


def joined(projection: Projection, before: Population, after: Population) -> Projection:
    """A projection from unit to unit of two populations, without delay."""
    each = np.arange(after.size)
    return replace(
        projection, name=SYNAPSES, pre=before, post=after, pairs=(each, each), sign=None, copies=1, copy_of="",
        transposed=False, delay="0*ms", delays=None, returns_error=False,
    )  # fmt: skip


def presynaptic(projection: Projection) -> Population:
    """The presynaptic units, of the experiment's neuron where the synapse or the rule reads it; else the simplest."""
    own, told = projection.pre, OWN.neuron("told")
    if own.neuron.name == told.name:
        return own
    read = {name.removesuffix("_pre") for name in names_read(projection) if name.endswith("_pre")}
    if read & (equations_of(own.neuron.equations).names | {line.name for line in own.neuron.parameters}):
        return own
    return replace(own, neuron=told, overrides={}, formats={}, data="")


def with_variables(population: Population, circuit: Circuit, of: Population, names: Iterable[str]) -> Population:
    """A population that has these variables too, as what losses and rules add to population `of` of a circuit."""
    own = equations_of(population.neuron.equations).names | {line.name for line in population.neuron.parameters}
    missing = sorted(set(names) - own)
    if not missing:
        return population
    known = equations_of(compose(circuit).neurons[of.name].equations)
    more = "\n".join(f"{name} : {kind_of(known, name)}" for name in missing if name in known)
    equations = join(population.neuron.equations, more)
    return replace(population, neuron=population.neuron.model_copy(update={"equations": equations}))


def names_read(projection: Projection, by_rule: bool = False) -> set[str]:
    """All names on the right of statements of a projection's synapse and rule, and in the subexpressions among them.

    Parameters
    ----------
    by_rule : of the rule alone.
    """
    rule, model = projection.rule, projection.synapse
    texts, equations = ([], "") if by_rule else ([model.draw, model.write, model.read], model.state)
    if rule is not None:
        texts, equations = [*texts, rule.statements], join(equations, rule.equations.text)
    known = equations_of(equations)
    read = [parse_statement(line)[2] for line in statements(join(*texts))]
    read += [str(e.expr) for e in known.values() if e.type == SUBEXPRESSION and "summed" in e.flags]
    return names_in("\n".join(read), known)


def read_as_one(projection: Projection) -> dict[str, float]:
    """Variables of the presynaptic unit that a synapse reads, at 1."""
    known = equations_of(projection.pre.neuron.equations)
    read = {name.removesuffix("_pre") for name in names_read(projection) if name.endswith("_pre")}
    return {f"{BEFORE}.{name}": 1.0 for name in sorted(read & known.names) if known[name].type != SUBEXPRESSION}


def by_chance(projection: Projection) -> bool:
    """Whether random numbers take part in what a synapse does."""
    return bool(CHANCE & names_read(projection))


def given_spikes(population: Population, name: str, size: int) -> Population:
    """Units of a population that spike when they are told to, and only then."""
    own, told = population.neuron, OWN.neuron("told")
    population = replace(population, name=name, size=size, role=name, data="")
    if own.name == told.name:
        return population
    neuron = own.model_copy(
        update={
            "equations": join(own.equations, told.equations),
            "threshold": told.threshold,
            "reset": join(own.reset, told.reset),
            "each_step": join(own.each_step, _lift(own, told)),
            "data": "",
            "on_sample": "",
        }
    )
    return replace(population, neuron=neuron)


def _lift(neuron: NeuronModel, told: NeuronModel) -> str:
    """The statement by which the membrane is at its threshold when the neuron is told to spike; empty without one."""
    found = membrane(neuron)
    if found is None:
        return ""
    variable, threshold = found
    return f"{variable} += int({told.threshold})*({threshold} - {variable})"


def _source(n: int) -> Population:
    return Population("source", "source", n, OWN.neuron("source"), data="input")


def apart(circuit: Circuit, populations: tuple[Population, ...], projections: tuple[Projection, ...]) -> Circuit:
    """Parts of an experiment as a circuit: in double precision, and without rest, which would undo what is held."""
    protocol = circuit.experiment.protocol.model_copy(update={"rest": False})
    experiment = circuit.experiment.replaced(protocol=protocol, precision="double")
    return Circuit(experiment, circuit.layers, circuit.mode, populations, projections)
