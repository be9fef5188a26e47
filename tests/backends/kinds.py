"""Which experiments of the zoo stand for the others, where a test takes long."""

from brian2zoo.formats.zoo import Zoo


def kinds(zoo: Zoo) -> list[str]:
    """One experiment of each kind of network; the others differ from one of these in numbers, or in what learns."""
    found: dict[str, str] = {}
    for name in zoo.names("experiment"):
        experiment = zoo.experiment(name)
        learning = experiment.learning.model_dump(exclude={"learns"})
        parts = (experiment.stated.circuit, experiment.synapses, experiment.neurons, experiment.states, learning)
        found.setdefault(repr(parts), name)
    return sorted(found.values())
