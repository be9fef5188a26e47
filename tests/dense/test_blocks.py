"""Linear recursions on synapses in blocks of steps: random rules against Brian2's own device, step by step."""

import brian2
import numpy as np
import pytest
from brian2 import ms
from brian2.core.variables import ArrayVariable

from brian2zoo.dense import DEVICE

from . import random_recursions
from .stock import STOCK

SEEDS, SINGLE = range(12), range(12, 15)


def run(device: str, folder) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The last value of every variable of all networks, what was recorded, and the way of each projection."""
    brian2.set_device(device, directory=str(folder), build_on_run=False)
    brian2.defaultclock.dt = 0.1 * ms
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
    try:
        objects = [thing for seed in SEEDS for thing in random_recursions.network(seed)]
        objects += [thing for seed in SINGLE for thing in random_recursions.network(seed, np.float32)]
        objects += random_recursions.without_a_number()
        network = brian2.Network(*objects)
        for steps in random_recursions.RUNS:
            network.run(steps * 0.1 * ms)
        brian2.device.build(directory=str(folder), with_output=False)
        found = {
            f"{thing.name}.{name}": np.array(thing.variables[name].get_value())
            for thing in objects
            for name in ("v", "arrived", "w", "sum", "x0", "x1", "x2", "x3")
            if isinstance(thing.variables.get(name), ArrayVariable)
        }
        paths = dict(brian2.device.paths) if device == DEVICE else {}
    finally:
        brian2.device.reinit()
        brian2.set_device("runtime")
    return found, paths


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, str]]:
    stock, _ = run(STOCK, tmp_path_factory.mktemp("stock"))
    return stock, *run(DEVICE, tmp_path_factory.mktemp("dense"))


@pytest.mark.parametrize(("seeds", "tolerance"), [(SEEDS, 1e-11), (SINGLE, 1e-4)], ids=["double", "single"])
def test_blocks_come_to_the_same(both, seeds, tolerance) -> None:
    stock, dense, _ = both
    assert stock.keys() == dense.keys()
    for name, values in stock.items():
        if not name.startswith("nan_") and int(name.partition("_")[0].removeprefix("net")) in seeds:
            assert np.isfinite(values).all()
            scale = np.abs(values).max()
            np.testing.assert_allclose(dense[name], values, rtol=0, atol=tolerance * scale, err_msg=name)


def test_what_is_no_number_stays_so(both) -> None:
    stock, dense, _ = both
    for name in ("nan_learns.sum", "nan_learns.x0"):
        assert np.isnan(stock[name]).sum() == 4
        np.testing.assert_allclose(dense[name], stock[name], rtol=1e-12, err_msg=name)


def test_every_rule_was_taken_in_blocks(both) -> None:
    ways = {name: way for name, way in both[2].items() if name.endswith("_learns")}
    assert len(ways) == len(SEEDS) + len(SINGLE) + 1
    assert all(way.startswith("in blocks of") for way in ways.values()), ways
