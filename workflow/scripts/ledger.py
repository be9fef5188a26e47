"""Operations and memory of a trained network, a sample, counted from its equations and its spikes."""

from pathlib import Path

from typer import Option

import brian2zoo as zoo
from brian2zoo.cli import scripting


def main(
    trained: Path = Option(help="result of the training"),
    output: Path = Option(help="file to write"),
) -> None:
    scripting.hand_on(zoo.ledger(trained), output)


scripting.run(main)
