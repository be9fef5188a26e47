"""Random networks with every kind of projection: the dense device against Brian2's own."""

import brian2
import numpy as np
import pytest
from brian2 import ms
from brian2.core.variables import ArrayVariable

from brian2zoo.dense import DEVICE

from . import random_networks
from .stock import STOCK

SEEDS = range(12)


def run(device: str, folder) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All spikes and the last value of every variable of all networks, and the path of each projection.

    The networks are one program, which is compiled once; they do not touch each other.
    """
    brian2.set_device(device, directory=str(folder), build_on_run=False)
    brian2.defaultclock.dt = 0.1 * ms
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
    try:
        objects = [thing for seed in SEEDS for thing in random_networks.network(seed)]
        groups = [thing for thing in objects if isinstance(thing, brian2.NeuronGroup)]
        spikes = [brian2.SpikeMonitor(group, name=f"{group.name}_spikes") for group in groups]
        brian2.Network(*objects, *spikes).run(random_networks.STEPS * 0.1 * ms)
        brian2.device.build(directory=str(folder), with_output=False)
        found = {}
        for thing in [*objects, *spikes]:
            names = (
                "v",
                "g",
                "total",
                "w",
                "x",
                "y",
                "i",
                "t",
                "_synaptic_pre",
                "_synaptic_post",
                "N_incoming",
                "N_outgoing",
            )
            for name in names:
                if isinstance(thing.variables.get(name), ArrayVariable):
                    found[f"{thing.name}.{name}"] = np.array(thing.variables[name].get_value())
        paths = dict(brian2.device.paths) if device == DEVICE else {}
    finally:
        brian2.device.reinit()
        brian2.set_device("runtime")
    return found, paths


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, str]]:
    stock, _ = run(STOCK, tmp_path_factory.mktemp("stock"))
    return stock, *run(DEVICE, tmp_path_factory.mktemp("dense"))


def test_spikes_are_the_same(both) -> None:
    stock, dense, _ = both
    spikes = [name for name in stock if "_spikes" in name]
    assert sum(len(stock[name]) for name in spikes) > 10_000
    for name in spikes:
        np.testing.assert_array_equal(dense[name], stock[name], err_msg=name)


def test_every_variable_is_the_same_up_to_rounding(both) -> None:
    stock, dense, _ = both
    assert stock.keys() == dense.keys()
    for name in stock:
        np.testing.assert_allclose(dense[name], stock[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_every_path_was_taken(both) -> None:
    assert {"rows", "columns", "diagonal", "lists", "queue"} < set(both[2].values())
