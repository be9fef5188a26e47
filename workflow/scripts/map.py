"""Put a network on a chip of spiking cores and price the spikes of its run."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.spiking import report
from brian2zoo.mapping.spiking.request import PlacementRequest
from brian2zoo.pipeline.config import FILLED
from brian2zoo.run import results


def main(
    activity: Path = Option(help="spikes of a run"),
    chip: str = Option(help="file in models/chips"),
    placement: str = Option(FILLED, help="file in models/placements, or 'filled'"),
    output: Path = Option(help="file to write"),
) -> None:
    attrs = results.read(activity, results.ACTIVITY).attrs
    plan = "" if placement == FILLED else placement
    asked = PlacementRequest(Zoo(), chip, "", "", attrs["mode"], "default", plan, activity)
    scripting.write(report.dataset(asked.costs()), output, asked.circuit.experiment, **results.facts_of(attrs))


scripting.run(main)
