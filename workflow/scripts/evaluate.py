"""Final test of a trained network, with samples of the protocol's T_final."""

from pathlib import Path

from typer import Option

from brian2zoo import built, results, stage
from brian2zoo.evaluate import evaluate


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    output: Path = Option(help="file to write"),
) -> None:
    net = built.trained_network(trained, "final", build)
    tested = evaluate(net.runner, results.read_data(test_data), net.weights, net.seed)
    stage.write(tested, output, net.experiment, **net.facts)


stage.run(main)
