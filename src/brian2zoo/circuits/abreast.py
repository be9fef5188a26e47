"""Networks abreast: several of one circuit as one circuit, so that one program runs them in the same steps.

A step of a small network costs a GPU the launch of its kernels, and leaves most of it idle; networks that share their
steps share that cost. They are those of one setting, each with weights, data and noise of its own, and no synapse leads
from one to another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from brian2zoo.circuits import Circuit, Projection
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import EVENT_DATA


def abreast(circuit: Circuit, networks: int) -> Circuit:
    """So many networks of a circuit: populations one network after the other, and so the synapses.

    Raises
    ------
    ZooError
        If the circuit has what is one for a whole program.
    """
    if networks == 1:
        return circuit
    path, remedy = circuit.experiment.path, "leave `abreast` out of its training"
    if any(population.neuron.data == EVENT_DATA for population in circuit.populations):
        raise ZooError(path, "encoders.input", "networks abreast would share their list of events", remedy)
    if circuit.influences:
        raise ZooError(path, "learning", "synapses onto synapses are numbered as those of one network", remedy)
    wide = {p.name: replace(p, size=networks * p.size) for p in circuit.populations}
    projections = tuple(
        replace(
            p,
            pre=wide[p.pre.name],
            post=wide[p.post.name],
            pairs=_blocks(p, networks),
            delays=None if p.delays is None else np.tile(p.delays, networks),
        )
        for p in circuit.projections
    )
    return replace(circuit, populations=tuple(wide.values()), projections=projections, networks=networks)


def _blocks(projection: Projection, networks: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (pre, post) of a projection's synapses in each network, each (network * synapse,)."""
    pre, post = projection.pre.size, projection.post.size
    every = (np.repeat(np.arange(pre), post), np.tile(np.arange(post), pre))
    shifts = np.arange(networks)[:, None]
    i, j = every if projection.pairs is None else projection.pairs
    return (i + pre * shifts).ravel(), (j + post * shifts).ravel()


def concatenated(networks: Sequence[Mapping[str, np.ndarray]], axis: int = 0) -> dict[str, np.ndarray]:
    """Arrays of several networks as those of the circuit of them all."""
    if len(networks) == 1:
        return dict(networks[0])
    return {name: np.concatenate([each[name] for each in networks], axis=axis) for name in networks[0]}
