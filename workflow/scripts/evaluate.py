"""Final test of a trained network, with samples of the protocol's T_final."""

from pathlib import Path

from typer import Option

import brian2zoo as zoo
from brian2zoo.cli import scripting
from brian2zoo.run import results


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    output: Path = Option(help="file to write"),
) -> None:
    tested = zoo.evaluate(trained, results.read_data(test_data), built={"final": build})
    scripting.hand_on(tested, output)


scripting.run(main)
