"""Operations and memory of a trained network, a sample, counted from its equations and its spikes."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.ledger import of_training
from brian2zoo.run import results


def main(
    trained: Path = Option(help="result of the training"),
    output: Path = Option(help="file to write"),
) -> None:
    result = results.read(trained, results.TRAINING)
    costs = of_training(Zoo(), result)
    facts = results.facts_of(result.attrs)
    scripting.write(costs, output, scripting.experiment_of(result.attrs["experiment"], facts["setting"]), **facts)


scripting.run(main)
