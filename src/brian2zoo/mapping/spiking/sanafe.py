"""A placed network as SANA-FE's YAML files, which replay the spikes of a run.

SANA-FE (Boyle et al. 2025, https://github.com/SLAM-Lab/SANA-FE, version 2) prices spikes on a chip. It does not know
the zoo's neurons, so that every neuron becomes one that fires when it fired in the run, through synapses of weight 0
that cost what others do. What differs from `cost`:

- a spike sends one message to a core, not one to each projection there;
- a neuron is active when it fires, not when a spike has reached it;
- learning, delays and static power are not exported: SANA-FE has no learning, and the spikes have their times;
- populations without a core, which come from outside, are on the first core, and fire at no cost.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from brian2zoo.errors import ZooError
from brian2zoo.mapping.spiking.activity import Activity
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.mapping.spiking.demand import Link
from brian2zoo.mapping.spiking.place import Placement

_NEURON, _OUTSIDE, _SYNAPSE = "replay", "outside", "synapse"


def write(placement: Placement, activity: Activity | None, folder: Path) -> list[Path]:
    """Write FOLDER/arch.yaml and FOLDER/snn.yaml; without activity no neuron fires. Returns the two paths."""
    arch, snn = folder / "arch.yaml", folder / "snn.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with arch.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump({"architecture": architecture(placement)}, file)
        with snn.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in network(placement, activity))
    except OSError as error:
        problem = f"{error.filename or folder} cannot be written: {error.strerror}"
        raise ZooError("--sana-fe", "", problem, "name a folder that can be made, or written to") from None
    return [arch, snn]


# --- Architecture ---------------------------------------------------------------------------------


def architecture(placement: Placement) -> dict[str, Any]:
    """The chip, or its chips side by side, as SANA-FE's description; a number that is not known is 0."""
    chip, chips = placement.chip, 1 + (placement.span - 1) // int(placement.chip.get("cores", placement.span))
    columns, rows = int(chip.get("columns", 1)), int(chip.get("rows", 1))
    per_tile = int(chip.get("cores_per_tile", chip.get("cores", placement.span)))
    return {
        "name": chip.file.name,
        "attributes": {
            "topology": "mesh",
            "width": columns * chips,
            "height": rows,
            "link_buffer_size": 16,
            "sync_model": "fixed",
            "latency_sync": chip.get("time_barrier", 0.0),
        },
        "tile": [
            {
                "name": f"tile[0..{columns * chips * rows - 1}]",
                "attributes": _hops(chip),
                "core": [_core(placement, f"core[0..{per_tile - 1}]")],
            }
        ],
    }


def _hops(chip: Chip) -> dict[str, float]:
    ways = {"north": "y", "south": "y", "east": "x", "west": "x"}
    found = {f"energy_{way}_hop": chip.get(f"energy_hop_{axis}", 0.0) for way, axis in ways.items()}
    return found | {f"latency_{way}_hop": chip.get(f"time_hop_{axis}", 0.0) for way, axis in ways.items()}


def _core(placement: Placement, name: str) -> dict[str, Any]:
    chip = placement.chip
    most = int(np.bincount(np.concatenate(list(placement.core_of.values()))).max())
    outside = sum(p.size for p in placement.demand.sources)

    def unit(name: str, **attributes: Any) -> list[dict[str, Any]]:
        return [{"name": name, "attributes": attributes}]

    resting = {key: chip.get(f"{key}_neuron", 0.0) for key in ("energy", "time")}
    more = {key: max(chip.get(f"{key}_neuron_active", 0.0) - resting[key], 0.0) for key in ("energy", "time")}
    replay = {
        "model": "input",
        "energy_access_neuron": resting["energy"],
        "latency_access_neuron": resting["time"],
        "energy_update_neuron": more["energy"],
        "latency_update_neuron": more["time"],
        "energy_spike_out": chip.get("energy_spike", 0.0),
        "latency_spike_out": chip.get("time_spike", 0.0),
    }
    free = {key: value if key == "model" else 0.0 for key, value in replay.items()}
    somas = unit(f"{_NEURON}[0..{most - 1}]", **replay)
    return {
        "name": name,
        "attributes": {
            "buffer_position": "soma",
            "buffer_inside_unit": False,
            "max_neurons_supported": most + outside,
        },
        "axon_in": unit("in", energy_message_in=0.0, latency_message_in=chip.get("time_message_in", 0.0)),
        "synapse": unit(
            _SYNAPSE,
            model="current_based",
            energy_process_spike=chip.need("energy_synop"),
            latency_process_spike=chip.get("time_synop", 0.0),
        ),
        "dendrite": unit("dendrite", model="accumulator", energy_update=0.0, latency_update=0.0),
        "soma": somas + (unit(f"{_OUTSIDE}[0..{outside - 1}]", **free) if outside else []),
        "axon_out": unit(
            "out",
            energy_message_out=chip.get("energy_message", 0.0),
            latency_message_out=chip.get("time_message", 0.0),
        ),
    }


# --- Network --------------------------------------------------------------------------------------


def network(placement: Placement, activity: Activity | None) -> Iterator[str]:
    """Lines of the network and of where its neurons are."""
    demand = placement.demand
    populations = (*demand.placed, *demand.sources)
    yield "network:"
    yield f"  name: {demand.circuit.experiment.name}"
    yield "  groups:"
    for p in populations:
        yield f"    - name: {p.name}"
        yield "      attributes: []"
        yield "      neurons:"
        trains = np.zeros((p.size, 1), int) if activity is None else raster(activity, p.name)
        for i, train in enumerate(trains):
            last = np.flatnonzero(train).max(initial=0)
            yield f"        - {i}: {json.dumps({'spikes': train[: last + 1].tolist()})}"
    yield "  edges:"
    for link in demand.links:
        yield from _edges(link)
    yield "mappings:"
    yield from _mappings(placement)


def raster(activity: Activity, population: str) -> np.ndarray:
    """One sample with the mean's spikes, (neuron, step), 0 or 1: a neuron fires when its mean has come to a whole."""
    due = np.cumsum(np.outer(activity.share[population], activity.steps[population]), axis=1)
    due += np.linspace(0, 1, len(due), endpoint=False)[:, None]  # not all in the same step
    return np.minimum(np.diff(np.floor(due), axis=1, prepend=0), 1).astype(int)


def _edges(link: Link) -> Iterator[str]:
    if link.projection.pairs is None:
        weights = ",".join("0" * link.projection.size)
        yield f"    - {link.pre} -> {link.post}: {{type: dense, weight: [{weights}]}}"
        return
    for i, j in zip(*link.projection.pairs, strict=True):
        yield f"    - {link.pre}.{i} -> {link.post}.{j}: {{weight: 0}}"


def _mappings(placement: Placement) -> Iterator[str]:
    taken: dict[int, int] = {}
    for p in placement.demand.placed:
        for i, core in enumerate(placement.core_of[p.name].tolist()):
            unit = taken[core] = taken.get(core, -1) + 1
            yield f"  - {p.name}.{i}: {{core: {_address(placement.chip, core)}, soma: '{_NEURON}[{unit}]'}}"
    outside = [f"{p.name}.{i}" for p in placement.demand.sources for i in range(p.size)]
    for unit, neuron in enumerate(outside):
        yield f"  - {neuron}: {{core: {_address(placement.chip, 0)}, soma: '{_OUTSIDE}[{unit}]'}}"


def _address(chip: Chip, core: int) -> str:
    """TILE.CORE; SANA-FE numbers the tiles of a mesh column by column."""
    on_chip = core % int(chip.get("cores", core + 1))
    per_tile = int(chip.get("cores_per_tile", chip.get("cores", on_chip + 1)))
    tile, columns, rows = on_chip // per_tile, int(chip.get("columns", 1)), int(chip.get("rows", 1))
    x = tile % columns + columns * ((core - on_chip) // int(chip.get("cores", 1)))
    return f"{x * rows + tile // columns}.{on_chip % per_tile}"
