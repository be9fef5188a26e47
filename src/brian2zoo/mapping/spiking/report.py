"""A network on a chip in figures: what `brian2zoo map spiking` prints and the pipeline keeps."""

from typing import Any

import numpy as np
import xarray as xr

from brian2zoo.circuits import Projection
from brian2zoo.mapping.spiking.cost import Costs, Term
from brian2zoo.mapping.spiking.engine import Learning, Verdict
from brian2zoo.mapping.spiking.place import LIMITS, Placement, caveats


def of_placement(placement: Placement) -> dict[str, Any]:
    """Size, cores, and each limit of the chip and what the network takes of it."""
    demand, chip = placement.demand, placement.chip
    limits = {
        meaning: {
            "total": float(placement.usage[limit].sum()),
            "most_on_a_core": float(placement.usage[limit].max()),
            "a_core_has": chip.need(limit),
            "cores_by_itself": placement.bounds[limit],
            "cores_closed": placement.stopped[limit],
        }
        for limit, meaning in LIMITS.items()
        if chip.known(limit)
    }
    return {
        "experiment": demand.circuit.experiment.name,
        "layers": "-".join(map(str, demand.circuit.layers)),
        "mode": demand.circuit.mode,
        "chip": chip.file.name,
        "neurons": demand.neurons,
        "synapses": demand.synapses,
        "plastic_synapses": demand.plastic,
        "sources": sum(p.size for p in demand.sources),
        "cores": len(placement.used),
        "chips": placement.chips,
        "binding": LIMITS.get(placement.binding, ""),
        "limits": limits,
        "rules": [_learns(*each) for each in Learning(demand.circuit, demand.codes).verdicts(chip.file).items()],
        "caveats": caveats(demand, chip),
    }


def of_costs(costs: Costs) -> dict[str, Any]:
    """Energy, latency and their product a sample, in SI units, with every term; None where a number is missing."""
    return {
        "learning": costs.learning if costs.placement.demand.plastic else "",
        "spikes": "measured by step and neuron" if costs.activity.resolved else "measured, spread evenly over steps",
        "energy_dynamic": _number(costs.dynamic),
        "energy_static": _number(costs.static),
        "latency": _number(costs.seconds),
        "edp": _number(costs.edp),
        "energy": [_term(costs, term) for term in costs.energy],
        "time": [_term(costs, term) for term in costs.latency],
        "missing": costs.missing,
    }


def of_network(placement: Placement) -> xr.Dataset:
    """What a network takes of a chip, without a run: `cores`, `chips`, `neurons` and `synapses`."""
    demand, result = placement.demand, xr.Dataset()
    for name, number, meaning in (
        ("cores", len(placement.used), "cores with neurons"),
        ("chips", placement.chips, "chips with neurons"),
        ("neurons", demand.neurons, "neurons on cores"),
        ("synapses", demand.synapses, "synapses onto them"),
    ):
        result[name] = ((), number, {"units": "1", "long_name": meaning})
    attrs = {"mode": demand.circuit.mode, "chip": placement.chip.file.name, "placement": placement.plan}
    return result.assign_attrs(attrs | {"caveats": caveats(demand, placement.chip)})


def dataset(costs: Costs) -> xr.Dataset:
    """Costs as a result: `energy_dynamic`, `energy_static`, `latency`, `edp` and the terms of energy and of time."""
    result = xr.Dataset()
    scalars = {
        "energy_dynamic": (costs.dynamic, "J", "energy of a sample without static power"),
        "energy_static": (costs.static, "J", "static power times latency"),
        "latency": (costs.seconds, "s", "latency of a sample"),
        "edp": (costs.edp, "J s", "energy without static power times latency"),
        "cores": (len(costs.placement.used), "1", "cores with neurons"),
    }
    for name, (value, units, meaning) in scalars.items():
        result[name] = ((), float(value), {"units": units, "long_name": meaning})
    for dim, terms, units in (("energy_term", costs.energy, "J"), ("time_term", costs.latency, "s")):
        result = result.assign_coords({dim: [term.what for term in terms]})
        each = {"units": units, "long_name": f"{dim.split('_')[0]} of a sample by what takes it"}
        result[f"{dim}_total"] = (dim, np.array([term.total for term in terms]), each)
        count = {"units": "1", "long_name": "events of a sample"}
        result[f"{dim}_count"] = (dim, np.array([term.count for term in terms]), count)
    placement = costs.placement
    result.attrs |= {"mode": placement.demand.circuit.mode, "chip": placement.chip.file.name, "missing": costs.missing}
    result.attrs |= {"learning": costs.learning if placement.demand.plastic else "", "placement": placement.plan}
    return result


def _learns(verdict: Verdict, projections: list[Projection]) -> dict[str, Any]:
    """Whether the chip can learn by a rule, and the projections of which that holds."""
    told = {"rule": projections[0].rule.name, "projections": [p.name for p in projections]}
    return told | {"fits": verdict.answer, "how": verdict.text, "with": list(verdict.quantities)}


def _term(costs: Costs, term: Term) -> dict[str, Any]:
    chip = costs.placement.chip
    sure = chip.certainty(term.number) if chip.known(term.number) else "not published"
    total = _number(term.total)
    return {"what": term.what, "count": term.count, "number": term.number, "total": total, "source": sure}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
