"""Designs and a network in, a dataset of areas, times and energies out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr

from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import ComputeInMemory
from brian2zoo.mapping.cim import phases
from brian2zoo.mapping.cim.hardware import Hardware
from brian2zoo.mapping.cim.phases import PARTS, Cost
from brian2zoo.mapping.cim.quantities import resolve

PHASES = {"FW": "forward", "AG": "activation gradient", "WG": "weight gradient", "WU": "weight update"}
AREAS = {
    "ADC": "converters",
    "Accum": "adders",
    "CIMarray": "memory cells",
    "IC": "trees of wires",
    "Other": "drivers, multiplexers, buffers",
    "WG": "weight-gradient units",
}
WIDEST = 65536  # units of a layer

Algorithm = Literal["bp", "dfa"]


def estimate(
    chip: ComputeInMemory, layers: Sequence[int], settings: Mapping[str, Any] = {}, rule: Algorithm = "bp"
) -> xr.Dataset:
    """What an epoch of training costs.

    Parameters
    ----------
    layers : sizes from input to output.
    settings : numbers of the chip file that differ, a scalar or a DataArray each; their dimensions are swept together.
    rule : back-propagation, layer after layer; or direct feedback alignment, whose layers learn at the same time.

    Returns
    -------
    dataset over the dimensions of the settings and `layer`: areas in um2; time in ns and energy in pJ of an epoch by
    phase (``FW_lat_ns``), of its core without buffers, wires and DRAM (``FWpeak_lat_ns``), by part
    (``brk_ADC_lat_ns``), and in total. Names are those of DNN+NeuroSim's output.
    The parts add up to the total; energy is without leakage.

    Notes
    -----
    With direct feedback alignment the subarrays are not read backward and have no converters for it, and each layer has
    weight-gradient units of its own. A layer's error comes from another product of the same size. ``Total_lat_ns``
    takes forward phases one after another, then all layers at once; ``Overlapped_lat_ns`` has samples follow one
    another through the layers, so that the slowest layer sets the pace.
    """
    sizes = _checked(layers)
    arrays = xr.broadcast(
        *(value if isinstance(value, xr.DataArray) else xr.DataArray(value) for value in settings.values())
    )
    shape = arrays[0] if arrays else xr.DataArray(0)
    q = resolve(
        chip, {name: array.values.reshape(-1) for name, array in zip(settings, arrays, strict=True)}, rule == "bp"
    )
    hardware = Hardware(q, sizes[None, :-1], sizes[None, 1:])

    def over_designs(values: np.ndarray, name: str, unit: str) -> xr.DataArray:
        filled = np.broadcast_to(values, (max(1, shape.size), 1))[:, 0]
        array = xr.DataArray(filled.reshape(shape.shape), shape.coords, shape.dims)
        return array.assign_attrs(long_name=name, units=unit)

    def over_layers(values: np.ndarray, name: str, unit: str) -> xr.DataArray:
        filled = np.broadcast_to(values, (max(1, shape.size), len(sizes) - 1))
        array = xr.DataArray(filled.reshape(*shape.shape, -1), shape.coords, (*shape.dims, "layer"))
        return array.assign_attrs(long_name=name, units=unit)

    found: dict[str, xr.DataArray] = {}
    areas = dict(hardware.area)
    if rule == "dfa":
        areas["WG"] = areas["WG"] * (len(sizes) - 1)
    found["ChipArea_um2"] = over_designs(sum(areas.values()), "area of the chip", "um2")
    for part, value in areas.items():
        found[f"{part}_um2"] = over_designs(value, f"area: {AREAS[part]}", "um2")

    costs = _costs(hardware)
    layered: dict[str, xr.DataArray] = {}
    for phase, cost in costs.items():
        for key, unit, parts in (("lat_ns", "ns", cost.time), ("E_pJ", "pJ", cost.energy)):
            quantity = "time" if unit == "ns" else "energy"
            core = [values for part, values in parts.items() if part not in ("Buffer", "IC", "DRAM")]
            layered[f"{phase}_{key}"] = over_layers(sum(parts.values()), f"{quantity}: {PHASES[phase]}", unit)
            layered[f"{phase}peak_{key}"] = over_layers(sum(core), f"{quantity} in the core: {PHASES[phase]}", unit)
    for part in PARTS:
        for key, unit, side in (("lat_ns", "ns", "time"), ("E_pJ", "pJ", "energy")):
            values = sum(getattr(cost, side).get(part, 0) for cost in costs.values())
            layered[f"brk_{part}_{key}"] = over_layers(values, f"{side}: {part}", unit)
    result = xr.Dataset(found | layered).assign_coords(layer=np.arange(1, len(sizes)))
    result["Total_lat_ns"], result["Overlapped_lat_ns"] = _total_time(result, rule)
    result["Total_E_pJ"] = sum(result[f"{phase}_E_pJ"].sum("layer") for phase in PHASES)
    result["Total_E_pJ"].attrs = {"long_name": "energy of an epoch", "units": "pJ"}
    result["tiles"] = over_layers(hardware.plan.tiles, "tiles", "1")
    result["speedup"] = over_layers(hardware.plan.speedup, "copies of the layer that share the samples", "1")
    return result.assign_attrs(chip=chip.name, layers="-".join(str(int(size)) for size in sizes), rule=rule)


def report(result: xr.Dataset) -> dict[str, Any]:
    """Numbers of one design by the names of DNN+NeuroSim's output; those of the layers under 'by_layer'."""
    total = {
        name: values.sum("layer") if "layer" in values.dims else values for name, values in result.data_vars.items()
    }
    layers = [name for name, values in result.data_vars.items() if "layer" in values.dims]
    return {
        **dict(result.attrs),
        **{name: float(values) for name, values in total.items() if name not in ("speedup",)},
        "by_layer": {name: [float(x) for x in result[name]] for name in layers},
    }


def _checked(layers: Sequence[int]) -> np.ndarray:
    if len(layers) < 2 or any(size < 1 or size > WIDEST or size != int(size) for size in layers):
        shown = ",".join(str(size) for size in layers)
        raise ZooError("--layers", "", f"'{shown}' is no network", f"write sizes from 1 to {WIDEST} such as 784-200-10")
    return np.asarray(layers, dtype=float)


def _costs(chip: Hardware) -> dict[str, Cost]:
    """Of an epoch: a sample's phases times all samples, and an update's times the batches."""
    q = chip.q
    samples = q.batch * q.iterations
    once = {
        "FW": (phases.read(chip, backward=False), samples),
        "AG": (phases.read(chip, backward=True), samples),
        "WG": (phases.gradient(chip), samples),
        "WU": (phases.write(chip), q.iterations),
    }
    return {
        phase: Cost(*({part: v * count for part, v in side.items()} for side in (cost.time, cost.energy)))
        for phase, (cost, count) in once.items()
    }


def _total_time(result: xr.Dataset, rule: Algorithm) -> tuple[xr.DataArray, xr.DataArray]:
    forward, backward, gradient, update = (result[f"{phase}_lat_ns"] for phase in PHASES)
    every = forward + backward + gradient + update
    if rule == "bp":
        total, overlapped = every.sum("layer"), every.sum("layer")
    else:
        total = forward.sum("layer") + backward.max("layer") + (gradient + update).max("layer")
        overlapped = every.max("layer")
    return (
        total.assign_attrs(long_name="time of an epoch", units="ns"),
        overlapped.assign_attrs(long_name="time of an epoch if layers overlap wherever the rule lets them", units="ns"),
    )
