"""Run a few samples of a network while it learns, and keep every spike and some traces."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.run import results, stages
from brian2zoo.run.trace import recording, samples_to_watch, trace


def main(
    trained: Path = Option(help="result of the training"),
    data: Path = Option(help="encoded split the samples are taken from"),
    build: Path = Option(help="program that records"),
    samples: int = Option(help="number of samples, from the first of the watched unit's class on"),
    weights: str = Option("trained", help="trained or initial: those it starts from"),
    output: Path = Option(help="file to write"),
) -> None:
    net = stages.trained_network(trained, "trace", build)
    watched = recording(net.runner.circuit)
    few = samples_to_watch(results.read_data(data), watched, samples)
    start, before = (net.start, 0) if weights == "initial" else (net.carried, net.samples)
    traced = trace(net.runner, watched, few, start, net.seed, before)
    scripting.write(traced, output, net.experiment, **net.facts, weights=weights)


scripting.run(main)
