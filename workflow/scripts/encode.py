"""Load a data set and encode it for input and label units."""

from pathlib import Path

from typer import Option

from brian2zoo import results, stage
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.encode import encode_dataset
from brian2zoo.zoo import Zoo


def main(
    settings: str = Option(help="settings of the data set, JSON"),
    encoders: str = Option(help="names of the input and the label encoder, joined by a comma"),
    train: Path = Option(help="file to write"),
    test: Path = Option(help="file to write"),
) -> None:
    zoo = Zoo()
    inputs, labels = (zoo.encoder(name) for name in encoders.split(","))
    images = load(DatasetSettings.model_validate_json(settings), Path("data"))
    for split, path in (("train", train), ("test", test)):
        encoded = encode_dataset(images[split], inputs, labels)
        results.write(encoded, path, images[split].attrs["title"], settings=settings, encoders=encoders)


stage.run(main)
