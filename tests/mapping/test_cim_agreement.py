"""The model of compute-in-memory training chips against runs of DNN+NeuroSim V2.1."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.mapping.cim import estimate, reference

SAMPLE = ROOT / "papers" / "cim" / "runs.csv"
ALL_RUNS = ROOT.parent / "shared" / "hardware" / "cim_reference"


@pytest.fixture(scope="module")
def chip() -> ComputeInMemory:
    return Zoo().cim("cim_training")


@pytest.fixture(scope="module")
def sample(chip: ComputeInMemory) -> xr.Dataset:
    return reference.compare(chip, reference.read(SAMPLE))


@pytest.mark.parametrize("quantity", reference.LIMITS)
def test_every_run_of_the_sample_is_within_the_limit(sample: xr.Dataset, quantity: str) -> None:
    error = reference.errors(sample).sel(quantity=quantity)
    worst = str(error.run.values[np.argmax(abs(error.values))])
    assert float(abs(error).max()) <= reference.LIMITS[quantity], worst
    assert float(abs(error).median()) <= reference.LIMITS[quantity] / 2


def test_the_sample_covers_networks_memories_nodes_and_converters() -> None:
    runs = reference.read(SAMPLE)
    assert set(runs.net) == {"784-200-10", "784-500-500-10", "784-200-200-200-10"}
    assert set(runs.memcelltype) == set(reference.MEMORY)
    assert {65, 32, 22} <= set(runs.technode)
    for column, (name, (value, _), _) in reference.CHOICES.items():
        assert runs[column].eq(value).any(), name
    assert set(runs.SARADC) == set(runs.currentMode) == {0, 1}


@pytest.mark.parametrize("name", ["one_at_a_time.csv", "factorial.csv"])
def test_every_run_there_is(chip: ComputeInMemory, name: str) -> None:
    if not (ALL_RUNS / name).exists():
        pytest.skip("no shared/hardware/cim_reference next to this checkout")
    error = abs(reference.errors(reference.compare(chip, reference.read(ALL_RUNS / name))))
    limit = xr.DataArray(list(reference.LIMITS.values()), {"quantity": list(reference.LIMITS)})
    assert error.run.size > 100
    assert (error <= limit).all()
    assert (error.median("run") <= limit / 2).all()


def test_tiles_and_copies_are_those_of_every_run(chip: ComputeInMemory) -> None:
    path = ALL_RUNS / "one_at_a_time_layers.csv"
    if not path.exists():
        pytest.skip("no shared/hardware/cim_reference next to this checkout")
    runs = reference.read(ALL_RUNS / "one_at_a_time.csv")
    layers = pd.read_csv(path)
    for name, net, sub, cells in zip(runs.index, runs.net, runs.numRowSubArray, runs.wb / runs.cellBit, strict=True):
        settings = {"subarray": int(sub), "weight_bits": int(np.ceil(cells)), "cell_bits": 1}
        result = estimate(chip, [int(size) for size in net.split("-")], settings)
        rows = layers[layers.name == name]
        np.testing.assert_array_equal(result.tiles, rows.tiles, err_msg=name)
        np.testing.assert_array_equal(result.speedup, rows.speedup, err_msg=name)


def test_a_run_outside_the_model_is_left_out(tmp_path) -> None:
    runs = pd.read_csv(SAMPLE, comment="#").head(3).assign(novelMapping=[0, 1, 0], batchSize=[200, 200, 1])
    runs.to_csv(tmp_path / "runs.csv", index=False)
    assert list(reference.read(tmp_path / "runs.csv").index) == [runs.name[0]]
