"""Final test of a trained network, with samples of the protocol's T_final."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.run import results, stages
from brian2zoo.run.evaluate import final_test


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    output: Path = Option(help="file to write"),
) -> None:
    net = stages.trained_network(trained, "final", build)
    tested = final_test(net.runner, results.read_data(test_data), net.carried, net.seed, net.decoder)
    scripting.write(tested, output, net.experiment, **net.facts)


scripting.run(main)
