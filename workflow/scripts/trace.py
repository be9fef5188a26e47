"""Run a few samples of a trained network, still learning, and keep every spike and some traces."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.trace import recording, trace


def main(
    trained: Path = Option(help="result of the training"),
    data: Path = Option(help="encoded split the samples are taken from"),
    build: Path = Option(help="program that records"),
    samples: int = Option(help="number of samples, from the first"),
    output: Path = Option(help="file to write"),
) -> None:
    net = stage.trained_network(trained, "trace", build)
    few = results.read(data).isel(sample=slice(samples))
    watched = trace(net.runner, recording(net.runner.circuit), few, net.weights, net.seed)
    stage.write(watched, output, net.experiment, **net.facts)


stage.run(main)
