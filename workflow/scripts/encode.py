"""Load a data set and encode it for input and label units."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.formats.experiments import NO_ENCODER
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import results


def main(
    settings: str = Option(help="settings of the data set, JSON"),
    inputs: str = Option(help="name of the encoder of inputs"),
    labels: str = Option(help=f"name of the encoder of labels; {NO_ENCODER}: none"),
    train: Path = Option(help="file to write"),
    test: Path = Option(help="file to write"),
) -> None:
    zoo = Zoo()
    encoders = zoo.encoder(inputs), None if labels == NO_ENCODER else zoo.encoder(labels)
    images = load(DatasetSettings.model_validate_json(settings), zoo.workplace)
    for split, path in (("train", train), ("test", test)):
        encoded = encode_dataset(images[split], *encoders)
        results.write(encoded, path, images[split].attrs["title"], settings=settings, encoders=f"{inputs},{labels}")


scripting.run(main)
