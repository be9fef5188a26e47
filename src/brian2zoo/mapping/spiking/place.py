"""Neurons onto cores, under the limits of a chip.

Without a plan cores are filled one after the other, population by population: each core takes as many neurons as its
limits let it, so that few cores are used. That is not proven to be the least possible; `bounds` says how many cores
each limit would need by itself. A list of synapses is kept for every axon and projection, as the compilers of such
chips do; on a crossbar an axon serves all neurons of the core.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from brian2zoo.circuits import Population
from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import PlacementPlan
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.mapping.spiking.demand import Demand
from brian2zoo.mapping.spiking.engine import Learning

LIMITS = {
    "neurons_per_core": "neurons",
    "axons_in_per_core": "input axons",
    "axons_out_per_core": "output axons",
    "synapses_per_core": "synapses",
    "synaptic_memory": "synaptic memory (bits)",
}
_EITHER = {
    "neurons": ("neurons_per_core",),
    "input axons": ("axons_in_per_core",),
    "output axons": ("axons_out_per_core", "axons_out_per_neuron"),
    "synapses": ("synapses_per_core", "synaptic_memory"),
}
_ROUNDS = 8  # of filling: how many axons leave a core is known only when their targets have a place


@dataclass(frozen=True)
class Placement:
    """Where every neuron is.

    Parameters
    ----------
    core_of : core of each neuron by population, each (neuron,), counted through all chips.
    stopped : how many cores each limit closed while they were filled; empty under a plan.
    chips_synchronised : chips that wait for each other.
    plan : name of the file it was made by; empty if cores were filled.
    """

    demand: Demand
    chip: Chip
    core_of: dict[str, np.ndarray]
    stopped: Counter = field(default_factory=Counter)
    chips_synchronised: int = 1
    plan: str = ""

    @cached_property
    def span(self) -> int:
        """One more than the highest core."""
        return 1 + max((int(cores.max()) for cores in self.core_of.values()), default=-1)

    @cached_property
    def used(self) -> np.ndarray:
        """Cores with neurons, sorted."""
        return np.unique(np.concatenate(list(self.core_of.values())))

    @cached_property
    def chips(self) -> int:
        """Chips with neurons."""
        return len(np.unique(self.used // self.chip.limit("cores"))) if self.chip.known("cores") else 1

    @cached_property
    def tables(self) -> dict[str, np.ndarray]:
        """Synapses of each presynaptic neuron on each core, by link, each (pre, core)."""
        return {link.name: link.synapses(self.core_of[link.post], self.span) for link in self.demand.links}

    @cached_property
    def messages(self) -> dict[str, np.ndarray]:
        """Messages that a spike of each neuron sends to each core, by population, each (neuron, core)."""
        return {p.name: self._messages(p) for p in (*self.demand.placed, *self.demand.sources)}

    def _messages(self, population: Population) -> np.ndarray:
        reached = [self.tables[link.name] > 0 for link in self.demand.links if link.pre == population.name]
        if not reached:
            return np.zeros((population.size, self.span), dtype=int)
        return np.any(reached, axis=0).astype(int) if self.chip.file.crossbar else np.sum(reached, axis=0)

    @cached_property
    def usage(self) -> dict[str, np.ndarray]:
        """What each core holds of each of `LIMITS`, (core,)."""
        neurons, synapses, memory, leaving = (np.zeros(self.span) for _ in range(4))
        for p in self.demand.placed:
            neurons += self.demand.slots[p.name] * np.bincount(self.core_of[p.name], minlength=self.span)
            np.add.at(leaving, self.core_of[p.name], self.messages[p.name].sum(axis=1))
        for link in self.demand.links:
            synapses += self.tables[link.name].sum(axis=0)
            memory += self.chip.bits(self.tables[link.name], link.bits).sum(axis=0)
        arriving = np.sum([m.sum(axis=0) for m in self.messages.values()], axis=0)
        return dict(zip(LIMITS, (neurons, arriving, leaving, synapses, memory), strict=True))

    @cached_property
    def bounds(self) -> dict[str, int]:
        """Cores that each known limit needs by itself; for axons, of a placement, as many as this one has."""
        known = [limit for limit in LIMITS if self.chip.known(limit)]
        return {limit: int(np.ceil(self.usage[limit].sum() / self.chip.need(limit))) for limit in known}

    @property
    def binding(self) -> str:
        """The limit that closed most cores; empty if none did."""
        return self.stopped.most_common(1)[0][0] if self.stopped else ""


def place(demand: Demand, chip: Chip, plan: PlacementPlan | None = None) -> Placement:
    """Every neuron onto a core; `ZooError` that names the limit if it does not fit."""
    _suitable(demand, chip)
    placement = _planned(demand, chip, plan) if plan else _filled(demand, chip)
    _verify(placement)
    return placement


def caveats(demand: Demand, chip: Chip) -> list[str]:
    """What does not stand in the way of placing, but of running the network as it is."""
    found = []
    for verdict, projections in Learning(demand.circuit, demand.codes).verdicts(chip.file).items():
        rule = projections[0].rule.name
        if verdict.answer == "no":
            found.append(f"the chip cannot learn by rule '{rule}', which is priced as if it could: {verdict.text}")
        elif verdict.answer == "not known":
            found.append(f"whether the chip can learn by rule '{rule}' is not known: {verdict.text}")
        if verdict.order:
            found.append(verdict.order)
    forward = [link for link in demand.links if link.projection.forward]
    if any(link.weight_bits == 0 for link in forward) and chip.known("weight_bits"):
        found.append(f"weights without a stated width are taken to be rounded to {chip.need('weight_bits'):g} bits")
    unknown = [meaning for meaning, limits in _EITHER.items() if not any(map(chip.known, limits))]
    if unknown:
        found.append(f"no limit is known, or there is none, of {', '.join(unknown)}")
    return found


def _suitable(demand: Demand, chip: Chip) -> None:
    circuit = demand.circuit
    silent = [p for p in circuit.populations if not p.neuron.threshold]
    if silent:
        problem = f"'{circuit.experiment.name}' has rate units ('{silent[0].name}'), the chip has spikes"
        raise ZooError(chip.file.path, "", problem, "map an experiment of spiking neurons")
    if chip.file.learning == "none" and demand.plastic:
        problem = f"the chip does not learn, '{circuit.experiment.name}' does"
        raise ZooError(chip.file.path, "learning", problem, "map what infers only (--mode test)")
    widest = max(demand.links, key=lambda link: link.weight_bits)
    if widest.weight_bits > chip.limit("weight_bits"):
        bits = chip.need("weight_bits")
        problem = f"'{widest.name}' has weights of {widest.weight_bits:g} bits, the chip of {bits:g}"
        raise chip.refuse("weight_bits", problem, f"a setting such as synapse.bits={bits:g}")
    slowest = max(demand.links, key=lambda link: link.delay)
    if slowest.delay > chip.limit("delay_steps"):
        steps = chip.need("delay_steps")
        problem = f"'{slowest.name}' has a delay of {slowest.delay} steps, the chip at most {steps:g}"
        raise chip.refuse("delay_steps", problem, "a shorter delay, or a longer time step")


# --- Filling cores --------------------------------------------------------------------------------


@dataclass
class _Core:
    """What is on a core while it is filled."""

    load: dict[str, float]
    axons: dict[str, np.ndarray] = field(default_factory=dict)


def _filled(demand: Demand, chip: Chip) -> Placement:
    leaving = {p.name: float(sum(link.pre == p.name for link in demand.links)) for p in demand.placed}
    placement = None
    for _ in range(_ROUNDS):
        placement = _Filling(demand, chip, leaving).run()
        counted = {p.name: float(placement.messages[p.name].sum(axis=1).max(initial=0)) for p in demand.placed}
        if np.all(placement.usage["axons_out_per_core"] <= chip.limit("axons_out_per_core")):
            break
        leaving = {name: max(counted[name], leaving[name]) for name in leaving}
    return placement


class _Filling:
    """Fills cores in order.

    Parameters
    ----------
    leaving : messages that a spike of each population is expected to cause.
    """

    def __init__(self, demand: Demand, chip: Chip, leaving: Mapping[str, float]) -> None:
        self.demand, self.chip, self.leaving = demand, chip, leaving
        self.cores: list[_Core] = []
        self.stopped: Counter = Counter()

    def run(self) -> Placement:
        core_of = {}
        for population in self.demand.placed:  # before cores are filled, which of a large network takes minutes
            self._refuse_one(population, 0)
        for population in self.demand.placed:
            cores = np.full(population.size, -1)
            begin = number = 0
            while begin < population.size:
                number, n = self._next(population, begin, number)
                cores[begin : begin + n] = number
                begin += n
            core_of[population.name] = cores
        return Placement(self.demand, self.chip, core_of, self.stopped)

    def _next(self, population: Population, begin: int, last: int) -> tuple[int, int]:
        """The first core with room, and how many neurons from `begin` on it takes.

        Parameters
        ----------
        last : the core that took the neurons before; those before it had no room for this population.
        """
        for number in range(last, len(self.cores)):
            n = self._room(self.cores[number], population, begin)
            if n:
                return number, n
        self.cores.append(_Core(dict.fromkeys(LIMITS, 0.0)))
        n = self._room(self.cores[-1], population, begin)
        if not n:
            self._refuse_one(population, begin)
        return len(self.cores) - 1, n

    def _refuse_one(self, population: Population, which: int) -> None:
        """That a neuron has room on a core of its own; `ZooError` names the limit."""
        load = self._with(_Core(dict.fromkeys(LIMITS, 0.0)), population, which, 1)[0]
        over = self._over(load)
        if over:
            wanted, limit = load[over], self.chip.need(over)
            problem = f"one neuron of '{population.name}' needs {wanted:g} {LIMITS[over]}, a core has {limit:g}"
            raise self.chip.refuse(over, problem, "a smaller network, or another chip")

    def _room(self, core: _Core, population: Population, begin: int) -> int:
        """How many neurons fit; they are put there. What stops the next one is counted."""
        low, high = 0, population.size - begin
        while low < high:  # the largest number that fits
            middle = (low + high + 1) // 2
            if self._over(self._with(core, population, begin, middle)[0]):
                high = middle - 1
            else:
                low = middle
        if low:
            core.load, core.axons = self._with(core, population, begin, low)
        if low and begin + low < population.size:
            self.stopped[self._over(self._with(core, population, begin + low, 1)[0])] += 1
        return low

    def _over(self, load: Mapping[str, float]) -> str:
        """The first limit that a load exceeds; empty if it fits."""
        return next((limit for limit in LIMITS if load[limit] > self.chip.limit(limit)), "")

    def _with(
        self, core: _Core, population: Population, begin: int, n: int
    ) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Load and axons of a core that takes neurons `begin` to `begin + n` of a population as well."""
        load, axons = dict(core.load), dict(core.axons)
        load["neurons_per_core"] += n * self.demand.slots[population.name]
        load["axons_out_per_core"] += n * self.leaving[population.name]
        here = np.full(population.size, -1)
        here[begin : begin + n] = 0
        for link in self.demand.links:
            if link.post != population.name:
                continue
            synapses = link.synapses(here, 1)[:, 0]
            load["synapses_per_core"] += synapses.sum()
            load["synaptic_memory"] += self.chip.bits(synapses, link.bits).sum()
            key = link.pre if self.chip.file.crossbar else link.name
            axons[key] = axons.get(key, False) | (synapses > 0)
        load["axons_in_per_core"] = float(sum(mask.sum() for mask in axons.values()))
        return load, axons


# --- Plans and limits -----------------------------------------------------------------------------


def _planned(demand: Demand, chip: Chip, plan: PlacementPlan) -> Placement:
    if plan.chip not in (chip.file.name, chip.file.extends):
        raise ZooError(plan.path, "chip", f"it is for '{plan.chip}', not '{chip.file.name}'", f"--chip {plan.chip}")
    core_of = {}
    for population in demand.placed:
        if population.name not in plan.cores and "*" not in plan.cores:
            problem = f"nothing is said of '{population.name}'"
            raise ZooError(plan.path, "cores", problem, f"add a line '{population.name}: [FIRST, END]'")
        first, end = plan.cores.get(population.name) or plan.cores["*"]
        each = -(-population.size // (end - first))
        core_of[population.name] = first + np.arange(population.size) // each
    return Placement(demand, chip, core_of, chips_synchronised=plan.chips_synchronised, plan=plan.name)


def _verify(placement: Placement) -> None:
    chip = placement.chip
    for limit, meaning in LIMITS.items():
        held = placement.usage[limit]
        if held.max(initial=0) > chip.limit(limit):
            worst = int(held.argmax())
            problem = f"core {worst} would hold {held[worst]:g} {meaning}, it has room for {chip.need(limit):g}"
            raise chip.refuse(limit, problem, "spread the network over more cores (--placement), or a smaller one")
    for p in placement.demand.placed:
        most = placement.messages[p.name].sum(axis=1).max(initial=0)
        if most > chip.limit("axons_out_per_neuron"):
            allowed = chip.need("axons_out_per_neuron")
            problem = f"a neuron of '{p.name}' sends to {most:g} cores, it can to {allowed:g}"
            raise chip.refuse("axons_out_per_neuron", problem, "a smaller network; neurons are not copied")
    cores, chips = chip.limit("cores"), chip.limit("chips")
    if placement.span > cores * chips:
        binding = LIMITS[placement.binding] if placement.binding else "the plan"
        problem = f"{placement.span} cores are needed for {binding}, there are {cores * chips:g} in {chips:g} chips"
        raise chip.refuse("cores", problem, "a smaller network, or another chip")
