"""Round the weights of a trained network to fewer and fewer bits and test each."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.run import results, stages
from brian2zoo.run.evaluate import quantized_errors


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    bits: str = Option(help="numbers of bits, joined by commas"),
    output: Path = Option(help="file to write"),
) -> None:
    net = stages.trained_network(trained, "test", build)
    sweep = [int(n) for n in bits.split(",")]
    errors = quantized_errors(net.runner, results.read_data(test_data), net.carried, net.seed, sweep, net.decoder)
    scripting.write(errors.to_dataset(name="error_after"), output, net.experiment, **net.facts)


scripting.run(main)
