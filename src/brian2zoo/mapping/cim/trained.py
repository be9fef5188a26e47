"""A trained network on a compute-in-memory chip with the cells and converters it learned with, and what that costs."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from brian2.units.fundamentalunits import have_same_dimensions
from brian2.utils.stringtools import get_identifiers

from brian2zoo.equations.pieces import constants
from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.language import sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim.estimate import Algorithm, estimate

RULES: dict[str, Algorithm] = {"symmetric": "bp", "layerwise_random": "bp", "direct_random": "dfa"}
"""By the way of the feedback: whether each layer waits for the error of the next, or all learn at the same time."""
FACTS = ("dataset", "experiment", "layers", "setting", "seed")
COSTS = {  # of a training: variable of an estimate, unit of a sample, what it is
    "area": ("ChipArea_um2", "um2", "area of the chip"),
    "time": ("Total_lat_ns", "ns", "time of a sample of training"),
    "energy": ("Total_E_pJ", "pJ", "energy of a sample of training"),
    "energy_chip": ("Chip_E_pJ", "pJ", "energy of a sample of training, without DRAM"),
}


def rule(zoo: Zoo, result: xr.Dataset) -> Algorithm:
    """How the layers of a training wait for each other."""
    experiment = zoo.experiment(result.attrs["experiment"], str(result.attrs["setting"]))
    feedback = experiment.way
    if feedback not in RULES:
        own = experiment.learning.feedback
        problem = f"its error returns by '{own}'" if own else "no error reaches its hidden layers"
        raise ZooError("--run", "", problem, f"the chip's model knows {', '.join(RULES)}")
    return RULES[feedback]


def settings(zoo: Zoo, chip: ComputeInMemory, result: xr.Dataset) -> dict[str, Any]:
    """Numbers of the chip's design for a training.

    Its updates follow every sample; the deviation of their change is that from the first to the last weights, spread
    over the updates as a random walk. Weights are taken over the largest of their layer, as a chip would scale them.
    Cells and converters are those it learned with, as the chip file says in `trained`.
    """
    samples, epochs = int(result.attrs["samples"]), int(result.epoch.max())
    spread = [_spread(result, name, samples * max(epochs, 1)) for name in weights(result)]
    sizes, changes = np.sqrt(np.mean(np.square(spread), axis=0))
    found = {"batch": 1, "iterations": samples, "weight_std": float(sizes)}
    if changes > 0:
        found["update_std"] = float(np.clip(changes, 1e-6, 1))
    experiment = zoo.experiment(result.attrs["experiment"], str(result.attrs["setting"]))
    return found | _devices(chip, _numbers(experiment))


def weights(result: xr.Dataset) -> list[str]:
    """Names of the weights that a training has changed, in its result."""
    names = map(str, result.data_vars)
    return [n for n in names if n.startswith("w_") and f"w0_{n[2:]}" in result and "feedback" not in n]


def _spread(result: xr.Dataset, name: str, updates: int) -> tuple[float, float]:
    """Deviations of trained weights and of their change by one update, over the largest weight."""
    trained, start = result[name].values, result[f"w0_{name[2:]}"].values
    largest = np.abs(trained).max()
    return trained.std() / largest, (trained - start).std() / np.sqrt(updates) / largest


def _numbers(experiment: Experiment) -> dict[str, float]:
    """Parameters without unit of the synapse that learns and of the states, by name."""
    files = [experiment.synapses["plastic"], *dict.fromkeys(experiment.states.values())]
    own = {name.split(".")[1]: text for name, text in as_dict(experiment.stated.parameters).items()
           if name.startswith(("synapse.", "state."))}  # fmt: skip
    values = {name: value for file in files for name, value in constants(file, own).items()}
    return {name: float(value) for name, value in values.items() if have_same_dimensions(value, 1)}


def _devices(chip: ComputeInMemory, numbers: dict[str, float]) -> dict[str, float]:
    """What the chip file derives from these numbers."""
    design = {name: quantity.value for name, quantity in chip.design.items() if not isinstance(quantity.value, str)}
    found = {}
    for name, quantity in chip.design.items():
        if not get_identifiers(quantity.trained) & numbers.keys():
            continue
        try:
            found[name] = float(evaluate(quantity.trained, design | numbers))
        except ValueError as error:
            remedy = "write an expression of the design and of what the experiment has"
            raise ZooError(chip.path, f"design.{name}.trained", str(error), remedy) from None
    return found


def of_trainings(zoo: Zoo, chip: ComputeInMemory, results: Sequence[xr.Dataset]) -> xr.Dataset:
    """Error of trainings and what a sample of each costs on the chip it learned on.

    Returns
    -------
    over `training`, with coordinates that say of what: `test_error` (training, epoch), missing after the last epoch of
    a training; and for each of `COSTS` (training).
    """
    each = [_of_training(zoo, chip, result) for result in results]
    return xr.concat(each, "training", join="outer").assign_attrs(chip=chip.name)


def _of_training(zoo: Zoo, chip: ComputeInMemory, result: xr.Dataset) -> xr.Dataset:
    layers = sizes(str(result.attrs["layers"]))
    numbers = settings(zoo, chip, result)
    costs = estimate(chip, layers, numbers, rule(zoo, result))
    costs["Chip_E_pJ"] = costs.Total_E_pJ - costs.brk_DRAM_E_pJ.sum("layer")
    found = xr.Dataset({"test_error": result.test_error})
    for name, (variable, units, meaning) in COSTS.items():
        share = 1 if units == "um2" else numbers["iterations"]
        found[name] = ((), float(costs[variable]) / share, {"units": units, "long_name": meaning})
    weights = sum(a * b for a, b in pairwise(layers))
    found["weights"] = ((), weights, {"units": "1", "long_name": "weights that learn"})
    return found.assign_coords({fact: result.attrs[fact] for fact in FACTS})
