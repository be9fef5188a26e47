"""Energy and latency of a sample: counts of a run times the numbers of a chip.

- Energy is a sum over events. Static power is apart, because measured energies are often without it.
- In a step each core takes in spikes, updates its neurons, sends, and learns, one after the other; the step ends when
  the slowest core is done and all have waited for each other. Spikes are the means over samples, so that the slowest
  core of the mean stands for the mean of the slowest. A chip whose steps have a fixed length takes that.
- A neuron is active in a step if a spike has reached it; links reach neurons as if independent of each other.
- Learning: 'sweep' visits every plastic synapse in each step in which the rule can act, 'active' those that a
  spike has passed.
- What has no published number is not counted, and listed as missing. What the host or an encoder spends on
  sending spikes to the chip has none on any chip here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from brian2zoo.mapping.spiking.activity import Activity
from brian2zoo.mapping.spiking.demand import Link
from brian2zoo.mapping.spiking.mesh import hops, traffic
from brian2zoo.mapping.spiking.place import Placement
from brian2zoo.run.network import duration

Learning = Literal["sweep", "active"]


@dataclass(frozen=True)
class Term:
    """A kind of event: how many a sample, and what all of them take.

    Parameters
    ----------
    number : the chip's number that prices one.
    total : J or s; NaN if nobody has published the number.
    """

    what: str
    count: float
    number: str
    total: float


def default_learning(placement: Placement) -> Learning:
    """Which synapses learning visits, as the chip's file has it; those that spikes pass, if it says nothing."""
    engine = placement.chip.file.engine
    return engine.visits if engine is not None else "active"


@dataclass(frozen=True)
class Costs:
    """What a sample costs."""

    placement: Placement
    activity: Activity
    learning: Learning

    # --- Counts -----------------------------------------------------------------------------------

    @cached_property
    def _operations(self) -> np.ndarray:
        """Synaptic operations of each core in each step, (core, step)."""
        return sum(self._arriving(link, self.placement.tables[link.name]) for link in self.placement.demand.links)

    def _arriving(self, link: Link, table: np.ndarray) -> np.ndarray:
        """What spikes of a link cause on each core in each step, (core, step), of a table (pre, core)."""
        each = self.activity.share[link.pre] @ table
        steps = np.roll(self.activity.steps[link.pre], 1 + link.delay)
        return np.outer(each, steps)

    @cached_property
    def _active(self) -> np.ndarray:
        """Neurons of the chip on each core that a spike reaches in each step, (core, step)."""
        found = np.zeros((self.placement.span, self.activity.n_steps))
        for p in self.placement.demand.placed:
            untouched = np.ones(self.activity.n_steps)
            for link in self.placement.demand.links:
                if link.post == p.name:
                    spikes = np.roll(self.activity.steps[link.pre], 1 + link.delay)
                    untouched *= 1 - np.minimum(1, spikes * link.fan_out.mean() / p.size)
            here = np.bincount(self.placement.core_of[p.name], minlength=self.placement.span)
            found += self.placement.demand.slots[p.name] * np.outer(here, 1 - untouched)
        return found

    @cached_property
    def _visits(self) -> np.ndarray:
        """Synapses that learning visits on each core in each step, (core, step)."""
        found = np.zeros((self.placement.span, self.activity.n_steps))
        for link in self.placement.demand.links:
            if not link.plastic:
                continue
            table, rule = self.placement.tables[link.name], link.projection.rule
            if not any(rule.events[event] for event in ("on_pre", "on_post", "each_step")):
                found[:, -1] += table.sum(axis=0)
            elif self.learning == "sweep":
                found += table.sum(axis=0)[:, None]
            else:
                found += self._arriving(link, table)
        return found

    def _sent(self, what: str) -> np.ndarray:
        """Spikes, or messages sent or received, of each core in each step, (core, step)."""
        found = np.zeros((self.placement.span, self.activity.n_steps))
        for p in self.placement.demand.placed:
            share, messages = self.activity.share[p.name], self.placement.messages[p.name]
            if what == "received":
                each = share @ messages
            else:
                weights = share if what == "spikes" else share * messages.sum(axis=1)
                each = np.bincount(self.placement.core_of[p.name], weights, minlength=self.placement.span)
            found += np.outer(each, self.activity.steps[p.name])
        return found

    # --- Energy -----------------------------------------------------------------------------------

    @cached_property
    def energy(self) -> list[Term]:
        """Energy of a sample by kind of event, without static power."""
        chip, neurons = self.placement.chip, self.placement.usage["neurons_per_core"].sum()
        updates, active = neurons * self.activity.n_steps, float(self._active.sum())
        sent, (x, y) = traffic(self.placement, self.activity), hops(chip, self.placement.span)
        counts = {
            ("synaptic operations", "energy_synop"): float(self._operations.sum()),
            ("neuron updates", "energy_neuron"): updates,
            ("spikes fired", "energy_spike"): float(self._sent("spikes").sum()),
            ("messages", "energy_message"): float(sent.sum()),
            ("hops in x", "energy_hop_x"): float(np.sum(sent * x)),
            ("hops in y", "energy_hop_y"): float(np.sum(sent * y)),
        }
        if chip.known("energy_neuron_active"):
            counts["neuron updates", "energy_neuron"] = updates - active
            counts["neuron updates, active", "energy_neuron_active"] = active
        if self.placement.demand.plastic:
            counts["learning visits", "energy_learn"] = float(self._visits.sum())
        terms = [Term(what, n, number, n * chip.get(number, np.nan)) for (what, number), n in counts.items()]
        return [term for term in terms if term.count]

    @property
    def missing(self) -> list[str]:
        """Numbers that would be needed and that nobody has published."""
        of_time = [term.number for term in self.latency if np.isnan(term.total)]
        return [term.number for term in self.energy if np.isnan(term.total)] + of_time

    @property
    def dynamic(self) -> float:
        """Energy of a sample without static power, J; NaN if what most of it depends on is not published."""
        decisive = [term for term in self.energy if term.number in ("energy_synop", "energy_neuron", "energy_learn")]
        if any(np.isnan(term.total) for term in decisive):
            return float("nan")
        return float(np.nansum([term.total for term in self.energy]))

    @property
    def static(self) -> float:
        """Static power times latency, J; NaN if one of them is not known."""
        return self.placement.chip.get("power_static", np.nan) * self.placement.chips * self.seconds

    @property
    def edp(self) -> float:
        """Energy without static power times latency, J s."""
        return self.dynamic * self.seconds

    # --- Latency ----------------------------------------------------------------------------------

    @property
    def seconds(self) -> float:
        """Latency of a sample, s; NaN if what most of it depends on is not published."""
        if any(np.isnan(term.total) and term.number == "time_synop" for term in self.latency):
            return float("nan")
        return float(np.nansum([term.total for term in self.latency]))

    @cached_property
    def latency(self) -> list[Term]:
        """Time of a sample by what the slowest core of each step spends it on."""
        chip, n_steps = self.placement.chip, self.activity.n_steps
        if chip.known("time_step"):
            return [Term("steps of fixed length", n_steps, "time_step", n_steps * chip.need("time_step"))]
        if chip.known("acceleration"):
            model = n_steps * float(duration(self.placement.demand.circuit, "dt"))
            return [Term("model time, accelerated", model, "acceleration", model / chip.need("acceleration"))]
        return self._slowest()

    def _slowest(self) -> list[Term]:
        chip, n_steps = self.placement.chip, self.activity.n_steps
        neurons = np.broadcast_to(self.placement.usage["neurons_per_core"][:, None], self._active.shape)
        counts = {
            ("synaptic operations", "time_synop"): self._operations,
            ("neuron updates", "time_neuron"): neurons,
            ("spikes fired", "time_spike"): self._sent("spikes"),
            ("messages sent", "time_message"): self._sent("sent"),
            ("messages received", "time_message_in"): self._sent("received"),
        }
        if chip.known("time_neuron_active"):
            counts["neuron updates", "time_neuron"] = neurons - self._active
            counts["neuron updates, active", "time_neuron_active"] = self._active
        if self.placement.demand.plastic:
            counts["learning visits", "time_learn"] = self._visits
        counts = {key: n for key, n in counts.items() if n.any()}
        spent = sum(n * chip.get(number, 0.0) for (_, number), n in counts.items())
        slowest = (spent.argmax(axis=0), np.arange(n_steps))
        terms = []
        for (what, number), n in counts.items():
            count = float(n[slowest].sum())
            terms.append(Term(what, count, number, count * chip.get(number, np.nan)))
        x, y = (distance[traffic(self.placement) > 0].max(initial=0) for distance in hops(chip, self.placement.span))
        way = x * chip.get("time_hop_x", 0.0) + y * chip.get("time_hop_y", 0.0)
        if way:
            terms.append(Term("farthest way", n_steps, "time_hop_x", n_steps * way))
        together = max(self.placement.chips, self.placement.chips_synchronised)
        barrier = "time_barrier_board" if together > 1 else "time_barrier"
        if chip.known(barrier):
            terms.append(Term("barrier", n_steps, barrier, n_steps * chip.need(barrier)))
        return terms
