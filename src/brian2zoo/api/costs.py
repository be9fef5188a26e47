"""What networks cost, from Python: operations and memory, and on chips."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from brian2zoo.api.files import Layers, experiment_of, sizes_of
from brian2zoo.api.networks import training_of
from brian2zoo.circuits import Mode
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping import ledger as operations
from brian2zoo.mapping.cim import estimate
from brian2zoo.mapping.cim.request import request
from brian2zoo.mapping.spiking import report
from brian2zoo.mapping.spiking.request import PlacementRequest
from brian2zoo.run import results


def ledger(trained: xr.Dataset | str | Path, *, experiment: str | Experiment | None = None) -> xr.Dataset:
    """Operations and memory of a trained network, a sample.

    Parameters
    ----------
    trained : a result of `train`, or the file of one; its spikes are those of the last epoch.
    experiment : the one it was trained as, if that is not a file of the zoo in use.

    Returns
    -------
    data set with `operations` (part, operation), `memory_synapse` and `memory_neuron` in bits, and NeuroBench's
    `Footprint` in bytes, `SynapticOperations` and others, with their counterparts of learning
    (docs/how-to/export.md says how they compare).

    Raises
    ------
    ZooError
        If it is no result of a training, or the files of its experiment have a mistake.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> trained = zoo.train("erbp_plus", "64-100-10", "digits")  # doctest: +SKIP
    >>> zoo.ledger(trained).operations.sel(part="learning").to_pandas()  # doctest: +SKIP
    """
    trained = training_of(trained)
    zoo = Zoo() if experiment is None else experiment_of(experiment).zoo
    costs = operations.of_training(zoo, trained)
    return _described(costs, zoo, costs.attrs)


def map(
    network: str | Experiment | xr.Dataset | Path,
    chip: str,
    layers: Layers = "",
    *,
    mode: Mode = "train",
    setting: str = "default",
    placement: str = "",
    rule: str = "",
    numbers: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """What a network costs on a chip.

    Parameters
    ----------
    network : a result of `train`, or the file of one, which has spikes; or an experiment by name or as `load` returned
        it.
    chip : file in models/chips.
    layers : sizes from input to output; a result knows them.
    mode, setting, placement : on a chip of spiking cores: network that learns or only infers, numbers to replace, and a
        file in models/placements.
    rule, numbers : on a compute-in-memory chip: 'bp' or 'dfa', and numbers of the chip to replace, such as
        {'adc_bits': 6}.

    Returns
    -------
    on a chip of spiking cores `cores`, `chips`, `neurons`, `synapses`, and with spikes `energy_dynamic`,
    `energy_static` (J), `latency` (s), `edp` (J s) a sample, with their terms; on a compute-in-memory chip areas, times
    and energies of an epoch, by the names of DNN+NeuroSim.

    Raises
    ------
    ZooError
        If the chip cannot hold the network or run its rule, or a name is not known.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> int(zoo.map("erbp_plus", "loihi", "64-100-10").cores)
    1
    """
    zoo = network.zoo if isinstance(network, Experiment) else Zoo()
    spiking, in_memory = zoo.names("chip"), zoo.names("cim")
    if chip not in (*spiking, *in_memory):
        known = [*spiking, *in_memory]
        raise ZooError(
            "chip", "", f"there is no chip '{chip}'", did_you_mean(chip, known, f"chips: {', '.join(known)}")
        )
    text = "-".join(str(size) for size in sizes_of(layers)) if layers else ""
    run = _run(network)
    if chip in in_memory:
        asked = request(zoo, zoo.cim(chip), text, run, [f"{k}={v}" for k, v in (numbers or {}).items()], rule)
        return estimate(zoo.cim(chip), asked.layers, asked.settings, asked.rule)
    named = "" if run is not None else network.name if isinstance(network, Experiment) else str(network)
    given = network.setting if isinstance(network, Experiment) and setting == "default" else setting
    placed = PlacementRequest(zoo, chip, named, text, mode, given, placement, run)
    if run is None:
        return report.of_network(placed.placement)
    return _described(report.dataset(placed.costs()), zoo, placed.result.attrs)


def _described(costs: xr.Dataset, zoo: Zoo, of: Mapping[str, Any]) -> xr.Dataset:
    """Costs with what they are of."""
    facts = results.facts_of(of)
    return results.described(costs, zoo.experiment(of["experiment"], facts["setting"]), **facts)


def _run(network: Any) -> xr.Dataset | Path | None:
    """The run of a network; None where only its experiment is given."""
    if isinstance(network, xr.Dataset):
        return network
    return Path(network) if isinstance(network, Path) or str(network).endswith(".nc") else None
