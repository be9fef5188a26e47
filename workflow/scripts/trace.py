"""Run a few samples of a trained network, still learning, and keep every spike and some traces."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.evaluate import trained_weights
from brian2zoo.trace import recording, trace


def main(
    trained: Path = Option(help="result of the training"),
    data: Path = Option(help="encoded split the samples are taken from"),
    build: Path = Option(help="program that records"),
    samples: int = Option(help="number of samples, from the first"),
    output: Path = Option(help="file to write"),
) -> None:
    source = results.read(trained)
    facts = stage.facts_of(source)
    chosen = stage.experiment_of(source.attrs["experiment"], facts["setting"])
    runner = stage.runner_of(chosen, facts["layers"], "trace", build)
    weights = trained_weights(runner.circuit, source, facts["seed"])
    few = results.read(data).isel(sample=slice(samples))
    watched = trace(runner, recording(runner.circuit), few, weights, facts["seed"])
    stage.write(watched, output, chosen, **facts)


stage.run(main)
