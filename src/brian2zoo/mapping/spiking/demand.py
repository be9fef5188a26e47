"""What a circuit asks of a chip, population by population and projection by projection.

- A population that no projection reaches is a source: its spikes come from outside, from an encoder or the host, and
  it takes no core. Noise stands for the hardware's own and takes nothing.
- A neuron has as many state variables as differential equations; of one without any, the state is what it sums.
- A weight has the bits that its model states, else as many as the chip has. Further variables of a synapse take the
  chip's tags.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from brian2.equations.equations import Equations

from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.compose.circuit import Codes, compose
from brian2zoo.formats.expressions import evaluate
from brian2zoo.mapping.operations import stored
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.run.network import duration


@dataclass(frozen=True)
class Link:
    """A projection as a chip sees it.

    Parameters
    ----------
    delay : steps beyond the one that every spike takes.
    bits : of one synapse, with index, delay and tags.
    """

    projection: Projection
    delay: int
    weight_bits: float
    bits: float

    @property
    def name(self) -> str:
        """Name of the projection."""
        return self.projection.name

    @property
    def pre(self) -> str:
        """Name of the presynaptic population."""
        return self.projection.pre.name

    @property
    def post(self) -> str:
        """Name of the postsynaptic population."""
        return self.projection.post.name

    @property
    def plastic(self) -> bool:
        """Whether it learns."""
        return self.projection.rule is not None

    @cached_property
    def fan_out(self) -> np.ndarray:
        """Synapses of each presynaptic neuron, (pre,)."""
        p = self.projection
        if p.pairs is None:
            return np.full(p.pre.size, p.post.size)
        return np.bincount(p.pairs[0], minlength=p.pre.size)

    def synapses(self, core_of: np.ndarray, n_cores: int) -> np.ndarray:
        """Synapses of each presynaptic neuron on each core, (pre, core).

        Parameters
        ----------
        core_of : core of each postsynaptic neuron, (post,); -1 for one that has none yet.
        """
        p = self.projection
        if p.pairs is None:
            counts = np.bincount(core_of[core_of >= 0], minlength=n_cores)
            return np.broadcast_to(counts, (p.pre.size, n_cores))
        pre, post = p.pairs
        placed = core_of[post] >= 0
        flat = np.ravel_multi_index((pre[placed], core_of[post[placed]]), (p.pre.size, n_cores))
        return np.bincount(flat, minlength=p.pre.size * n_cores).reshape(p.pre.size, n_cores)


@dataclass(frozen=True)
class Demand:
    """Populations that take neurons, those that send from outside, and the links between them.

    Parameters
    ----------
    slots : neurons of the chip that one neuron of a population takes.
    """

    circuit: Circuit
    codes: Codes
    placed: tuple[Population, ...]
    sources: tuple[Population, ...]
    slots: dict[str, int]
    links: tuple[Link, ...]

    @property
    def neurons(self) -> int:
        """Neurons to place."""
        return sum(p.size for p in self.placed)

    @property
    def synapses(self) -> int:
        """Synapses to place."""
        return sum(link.projection.size for link in self.links)

    @property
    def plastic(self) -> int:
        """Synapses that learn."""
        return sum(link.projection.size for link in self.links if link.plastic)


def demand(circuit: Circuit, chip: Chip) -> Demand:
    """What a circuit asks of a chip."""
    codes = compose(circuit)
    populations = [p for p in circuit.populations if not p.is_noise]
    projections = [p for p in circuit.projections if not p.pre.is_noise]
    reached = {p.post.name for p in projections}
    placed = tuple(p for p in populations if p.name in reached)
    slots = {p.name: _slots(codes.neurons[p.name].equations, chip) for p in placed}
    dt = duration(circuit, "dt")
    links = []
    for p in projections:
        code = codes.synapses[p.name]
        delay = round(float(evaluate(p.delay) / dt))
        weight = min(float(code.parameters.get("bits", np.inf)), chip.get("weight_bits", 8))
        tags = len(stored(Equations(code.equations))) - 1
        bits = weight + tags * chip.get("tag_bits", weight)
        bits += chip.get("index_bits", 0) if p.pairs is not None else 0
        bits += chip.get("delay_bits", 0) if delay else 0
        links.append(Link(p, delay, float(code.parameters.get("bits", 0)), bits))
    sources = tuple(p for p in populations if p.name not in reached)
    return Demand(circuit, codes, placed, sources, slots, tuple(links))


def _slots(equations: str, chip: Chip) -> int:
    states = max(len(Equations(equations).diff_eq_names), 1)
    return -(-states // int(chip.get("states_per_neuron", states)))
