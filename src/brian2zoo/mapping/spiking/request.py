"""From names to a placed network: what `brian2zoo map spiking` and the pipeline are asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import xarray as xr

from brian2zoo.check import check_experiment, errors, sound
from brian2zoo.circuits import Circuit, build
from brian2zoo.errors import ZooError
from brian2zoo.formats.language import Refused, sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.spiking import activity, mesh
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.mapping.spiking.cost import Costs, Learning, default_learning
from brian2zoo.mapping.spiking.demand import demand
from brian2zoo.mapping.spiking.place import Placement, place
from brian2zoo.run.results import read


@dataclass(frozen=True)
class PlacementRequest:
    """A network, a chip, and perhaps a run.

    Parameters
    ----------
    experiment, layers, setting : may be left out ('', '', 'default') with a run, which knows them.
    plan : a file of models/placements; empty to fill cores.
    """

    zoo: Zoo
    chip: str
    experiment: str
    layers: str
    mode: str
    setting: str
    plan: str
    run: Path | xr.Dataset | None

    @cached_property
    def result(self) -> xr.Dataset | None:
        """The run."""
        return read(self.run) if isinstance(self.run, Path) else self.run

    @cached_property
    def circuit(self) -> Circuit:
        """The network; `ZooError` if it is not said, or a run is of another."""
        given = {"experiment": self.experiment, "layers": self.layers}
        for key, value in given.items():
            ran = str(self.result.attrs[key]) if self.result is not None and key in self.result.attrs else ""
            if value and ran and value != ran:
                raise ZooError("--run", "", f"its {key} is '{ran}', not '{value}'", f"leave {key} out")
            given[key] = value or ran
            if not given[key]:
                raise ZooError(key, "", "the network is not named", f"give {key}, or a result with --run")
        setting = self.setting
        if setting == "default" and self.result is not None:
            setting = str(self.result.attrs.get("setting", "default"))
        experiment = self.zoo.experiment(given["experiment"], setting)
        try:
            layers = sizes(given["layers"])
        except Refused as error:
            raise error.at("--layers") from None
        for error in errors(check_experiment(experiment)):
            if self.setting == "default":
                raise error
            raise ZooError("--set", error.field.removeprefix("parameters."), error.problem, error.remedy)
        return build(experiment, layers, self.mode)

    @cached_property
    def activity(self) -> activity.Activity | None:
        """Spikes of the run."""
        return None if self.result is None else activity.of_result(self.circuit, self.result)

    @cached_property
    def placement(self) -> Placement:
        """The network on the chip, its cores in a good order unless a plan says where they are."""
        chip = Chip(sound(self.zoo, "chip", self.chip))
        plan = sound(self.zoo, "placement", self.plan) if self.plan else None
        placed = place(demand(self.circuit, chip), chip, plan)
        return placed if plan else mesh.arrange(placed, self.activity)

    def costs(self, learning: Learning | None = None) -> Costs:
        """What a sample of the run costs."""
        return Costs(self.placement, self.activity, learning or default_learning(self.placement))
