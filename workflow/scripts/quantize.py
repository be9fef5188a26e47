"""Round the weights of a trained network to fewer and fewer bits and test each."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.evaluate import quantized_errors, trained_weights


def main(
    trained: Path = Option(help="result of the training"),
    test_data: Path = Option(help="encoded test split"),
    build: Path = Option(help="program that tests"),
    bits: str = Option(help="numbers of bits, joined by commas"),
    output: Path = Option(help="file to write"),
) -> None:
    source = results.read(trained)
    facts = stage.facts_of(source)
    chosen = stage.experiment_of(source.attrs["experiment"], facts["setting"])
    runner = stage.runner_of(chosen, facts["layers"], "test", build)
    weights = trained_weights(runner.circuit, source, facts["seed"])
    sweep = [int(n) for n in bits.split(",")]
    errors = quantized_errors(runner, results.read(test_data), weights, facts["seed"], sweep)
    stage.write(errors.to_dataset(name="error_after"), output, chosen, **facts)


stage.run(main)
