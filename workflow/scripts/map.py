"""Put a network on a chip of spiking cores and price the spikes of its run."""

from pathlib import Path

from typer import Option

import brian2zoo as zoo
from brian2zoo.cli import scripting
from brian2zoo.pipeline.config import FILLED
from brian2zoo.run import results


def main(
    activity: Path = Option(help="spikes of a run"),
    chip: str = Option(help="file in models/chips"),
    placement: str = Option(FILLED, help="file in models/placements, or 'filled'"),
    output: Path = Option(help="file to write"),
) -> None:
    counted = results.read(activity, results.ACTIVITY)
    plan = "" if placement == FILLED else placement
    costs = zoo.map(counted, chip, mode=counted.attrs["mode"], placement=plan)
    scripting.hand_on(costs, output)


scripting.run(main)
