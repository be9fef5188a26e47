"""Which synapse of the zoo goes with a neuron."""

from brian2zoo.derive.dynamics import Dynamics, read
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel, SynapseModel, plain_store
from brian2zoo.formats.zoo import Zoo


def fitting_synapse(zoo: Zoo, neuron: NeuronModel, name: str = "") -> SynapseModel:
    """The synapse of that name; without one the only plain store that writes a variable of the neuron in its unit.

    Of several variables it is the one where the input comes in: that no other variable drives.

    Raises
    ------
    ZooError
        If none fits, or several that write different variables.
    """
    if name:
        return zoo.synapse(name)
    stores = [zoo.synapse(each) for each in zoo.names("synapse")]
    fitting, last = {}, None
    for store in filter(plain_store, stores):
        try:
            read(neuron, store)
        except ZooError as error:
            if error.where == str(neuron.path):
                raise  # the neuron itself cannot be derived, whatever the synapse
            last = error
        else:
            fitting.setdefault(store.read.strip(), store)
    if fitting:
        entry = {line: _drivers(read(neuron, store)) for line, store in fitting.items()}
        fitting = {line: store for line, store in fitting.items() if entry[line] == min(entry.values())}
    if len(fitting) == 1:
        return next(iter(fitting.values()))
    if fitting:
        names = ", ".join(store.name for store in fitting.values())
        raise ZooError("--synapse", "", f"several synapses fit '{neuron.name}': {names}", "name one of them")
    problem = f"no synapse with a plain weight fits '{neuron.name}'"
    raise ZooError("--synapse", "", problem, f"add one to models/synapses{f' ({last.problem})' if last else ''}")


def _drivers(dynamics: Dynamics) -> int:
    """How many other variables drive those that a presynaptic spike writes."""
    written = [i for i, jump in enumerate(dynamics.arrival.added) if jump != 0]
    return sum(len((dynamics.flow[i].free_symbols & set(dynamics.state)) - {dynamics.state[i]}) for i in written)
