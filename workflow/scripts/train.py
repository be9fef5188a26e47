"""Train one network, or several abreast that differ by their seeds, testing after every epoch."""

from pathlib import Path

from typer import Option

import brian2zoo as zoo
from brian2zoo.cli import scripting
from brian2zoo.run import results


def main(
    dataset: str = Option(help="name of the data set, recorded in the result"),
    experiment: str = Option(help="file in config/experiments"),
    layers: str = Option(help="sizes of the layers, such as 784-100-10"),
    setting: str = Option("default", help="scope.name=value, several joined by colons"),
    setting_name: str = Option("", help="what the configuration calls it"),
    seed: list[int] = Option(help="seed of weights, order of samples and all noise; one for each network abreast"),
    epochs: int = Option(help="epochs"),
    samples: int = Option(help="training samples an epoch"),
    train_data: Path = Option(help="encoded training split"),
    test_data: Path = Option(help="encoded test split"),
    train_build: Path = Option(help="program that learns"),
    test_build: Path = Option(help="program that tests"),
    checkpoint: Path = Option(help="file that holds the state of an unfinished training"),
    output: list[Path] = Option(help="file to write, one for each seed"),
    start: list[Path] = Option((), help="result of a training, or other weights, to start from, one for each seed"),
) -> None:
    made = zoo.train(
        experiment,
        layers,
        results.read_data(train_data),
        results.read_data(test_data),
        epochs=epochs,
        samples=samples,
        seed=seed,
        setting=setting,
        start=start or None,
        checkpoint=checkpoint,
        built={"train": train_build, "test": test_build},
    )
    chosen = scripting.experiment_of(experiment, setting)
    facts = {"dataset": dataset, "layers": layers, "setting": setting, "samples": samples}
    facts |= {"setting_name": setting_name} if setting_name else {}
    facts |= {"abreast": len(seed)} if len(seed) > 1 else {}
    for k, (trained, of, path) in enumerate(zip(made, seed, output, strict=True)):
        scripting.write(trained, path, chosen, **facts, seed=of, **({"start": str(start[k])} if start else {}))


scripting.run(main)
