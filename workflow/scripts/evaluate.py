"""Final test of a trained network, with samples of the protocol's T_final."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.evaluate import evaluate, trained_weights


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    output: Path = Option(help="file to write"),
) -> None:
    source = results.read(trained)
    facts = stage.facts_of(source)
    chosen = stage.experiment_of(source.attrs["experiment"], facts["setting"])
    runner = stage.runner_of(chosen, facts["layers"], "final", build)
    weights = trained_weights(runner.circuit, source, facts["seed"])
    stage.write(evaluate(runner, results.read(test_data), weights, facts["seed"]), output, chosen, **facts)


stage.run(main)
