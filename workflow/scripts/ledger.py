"""Operations and memory of a trained network, a sample, counted from its equations and its spikes."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.mapping.ledger import of_training
from brian2zoo.zoo import Zoo


def main(
    trained: Path = Option(help="result of the training"),
    output: Path = Option(help="file to write"),
) -> None:
    result = results.read(trained, results.TRAINING)
    costs = of_training(Zoo(), result)
    of = costs.attrs
    facts = {key: str(of[key]) for key in ("dataset", "layers", "setting")} | {"seed": int(of["seed"])}
    stage.write(costs, output, stage.experiment_of(of["experiment"], facts["setting"]), **facts)


stage.run(main)
