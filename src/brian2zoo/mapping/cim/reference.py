"""Runs of DNN+NeuroSim V2.1 as settings of this model, and how far the model is from them."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.formats.language import sizes
from brian2zoo.mapping.cim.estimate import AREAS, PHASES, estimate

MEMORY = {1: "sram", 2: "rram", 3: "fefet"}
# column of a run -> number of the chip file, and the factor between their units
COLUMNS = {
    "technode": ("technology_nm", 1),
    "numRowSubArray": ("subarray", 1),
    "adc": ("adc_bits", 1),
    "adcWG": ("adc_bits_wg", 1),
    "wb": ("weight_bits", 1),
    "cellBit": ("cell_bits", 1),
    "ib": ("input_bits", 1),
    "numColMuxed": ("column_mux", 1),
    "batchSize": ("batch", 1),
    "numIteration": ("iterations", 1),
    "numColSubArrayWG": ("subarray_wg", 1),
    "resistanceOn": ("r_on", 1e-3),
    "resistanceOff": ("r_off", 1e-3),
    "maxNumLevelLTP": ("levels", 1),
    "writeVoltage": ("write_voltage", 1),
    "writePulseWidth": ("write_pulse", 1e9),
    "dstd": ("update_std", 1),
}
# column of a run -> choice of the chip file, the column's value that stands for one option, and the other option
CHOICES = {
    "dramType": ("dram", (1, "gddr5"), "hbm2"),
    "operationmode": ("read", (1, "sequential"), "parallel"),
    "deviceroadmap": ("transistors", (1, "fast"), "frugal"),
    "NS_DRAMFIX": ("dram_activations", (1, "all"), "one"),
    "globalBufferType": ("buffer", (1, "sram"), "registers"),
}
# what a run may differ in that the model does not have: column -> the value it does have
OUTSIDE = {
    "trainingEstimation": 1,
    "novelMapping": 0,
}
CROSSBAR = 4  # accesstype without transistors; its cell has 2.5 x 2.5 feature sizes

LIMITS = {
    "ChipArea_um2": 0.10,
    "Total_lat_ns": 0.15,
    "Total_E_pJ": 0.05,
    "NoDRAM_E_pJ": 0.20,
    **{f"{part}_um2": 0.25 for part in AREAS},
    **{f"{phase}_lat_ns": 0.25 for phase in PHASES},
}
"""How far the model may be from a run."""


def read(path: Path) -> pd.DataFrame:
    """Runs of a CSV file that are within the model, by name."""
    runs = pd.read_csv(path, comment="#").set_index("name")
    for column, value in OUTSIDE.items():
        if column in runs:
            runs = runs[runs[column].fillna(value) == value]
    return runs[runs.batchSize > 1]  # a batch of one the program cannot do


def compare(chip: ComputeInMemory, runs: pd.DataFrame) -> xr.Dataset:
    """Model and runs side by side: `model` and `reference`, (quantity, run), for each quantity of `LIMITS`."""
    tables = []
    for net, group in runs.groupby("net", sort=False):
        layers = sizes(net)
        result = estimate(chip, layers, _settings(chip, group))
        result["NoDRAM_E_pJ"] = result.Total_E_pJ - result.brk_DRAM_E_pJ.sum("layer")
        columns = {name: result[name].sum("layer") if "layer" in result[name].dims else result[name] for name in LIMITS}
        tables.append(pd.DataFrame({name: values.values for name, values in columns.items()}, index=group.index))
    model = pd.concat(tables).loc[runs.index]
    reference = runs.assign(NoDRAM_E_pJ=runs.Total_E_pJ - runs.apply(_dram_energy, axis=1))[list(LIMITS)]
    coords = {"quantity": list(LIMITS), "run": list(runs.index)}
    found = xr.Dataset(coords=coords)
    for name, table in (("model", model), ("reference", reference)):
        attrs = {"units": "1", "long_name": f"{name}, in the unit that the quantity's name ends in"}
        found[name] = (("quantity", "run"), table.to_numpy(float).T, attrs)
    found["network"] = ("run", list(runs.net), {"units": "1", "long_name": "layers"})
    return found


def errors(compared: xr.Dataset) -> xr.DataArray:
    """Model over reference, less 1."""
    return compared.model / compared.reference - 1


def _settings(chip: ComputeInMemory, runs: pd.DataFrame) -> dict[str, xr.DataArray]:
    columns = {
        "memory": runs.memcelltype.map(MEMORY),
        "adc": np.where(runs.SARADC == 1, "sar", np.where(runs.currentMode == 1, "flash", "flash_voltage")),
    }
    for column, (name, factor) in COLUMNS.items():
        if column in runs:
            given = chip.design[name].value
            columns[name] = (runs[column].astype(float) * factor).fillna(given).round(9)
    for column, (name, choice, otherwise) in CHOICES.items():
        if column in runs:
            columns[name] = np.where(runs[column] == choice[0], choice[1], otherwise)
    if "accesstype" in runs:
        side = {name: chip.quantities[name].value for name in ("cell_height", "cell_width")}
        for name, by_memory in side.items():
            columns[name] = np.where(runs.accesstype == CROSSBAR, 2.5, columns["memory"].map(by_memory))
    return {name: xr.DataArray(np.asarray(values), dims="run") for name, values in columns.items()}


def _dram_energy(run: pd.Series) -> float:
    """What such a run puts into DRAM, pJ: two transfers of the gradient of a sample, six of activations (first four).

    Of the activations of a layer that program counts one; runs with that mended count all.
    """
    layers = sizes(run.net)
    weights = sum(2 * a * b for a, b in pairwise(layers))
    units = layers[:-1] if run.get("NS_DRAMFIX") == 1 else [1] * (len(layers) - 1)
    pixels = 6 * sum(units) - 2 * units[0]
    bits = weights * (run.adcWG + run.ib) + pixels * run.ib
    return bits * run.batchSize * run.numIteration * (14 if run.get("dramType") == 1 else 3.9)
