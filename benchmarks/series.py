"""What simple classifiers make of the series that networks are trained on: python benchmarks/series.py

They are logistic regression, each value standardized over the training series, and the class of the nearest training
series. Both see all values of a series at once, with zeros after the end of a short one. Needs aeon, and an internet
connection for what is downloaded.
"""

from pathlib import Path
from typing import Any

import numpy as np
import typer
import xarray as xr
from programs import CONFIG, variable
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.formats.zoo import read_yaml, zoo_in_use
from brian2zoo.run import results

OUTPUT = Path("results/benchmarks/series.nc")
CLASSIFIERS: dict[str, Any] = {
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
    "nearest neighbour": KNeighborsClassifier(1),
}


def values(split: xr.Dataset, steps: int) -> np.ndarray:
    """All values of each series (sample, channel times step)."""
    padded = split.value.pad(step=(0, steps - split.sizes["step"])).fillna(0)
    return padded.values.reshape(len(split.label), -1)


def error(classifier: Any, splits: dict[str, xr.Dataset]) -> float:
    """Part of the test series that it takes for another class."""
    steps = max(split.sizes["step"] for split in splits.values())
    train, test = (values(splits[name], steps) for name in ("train", "test"))
    return 1 - classifier.fit(train, splits["train"].label).score(test, splits["test"].label)


def main(output: Path = OUTPUT) -> None:
    """Train and test the classifiers on the data sets of the configurations in config.yaml, and write their errors."""
    found = {}
    for file in CONFIG["series"]:
        for name, settings in read_yaml(zoo_in_use() / file)["datasets"].items():
            splits = load(DatasetSettings(**settings), zoo_in_use())
            found[name] = [error(classifier, splits) for classifier in CLASSIFIERS.values()]
            told = (f"{kind} {100 * wrong:.2f} %" for kind, wrong in zip(CLASSIFIERS, found[name], strict=True))
            print(f"{name}: {', '.join(told)} wrong")
    dims = ("dataset", "classifier")
    dataset = xr.Dataset(
        {"test_error": variable(list(found.values()), dims, "1", "part of the test series that is classified wrongly")},
        coords={"dataset": list(found), "classifier": list(CLASSIFIERS)},
    )
    results.write(dataset, output, "Simple classifiers of time series", command="python benchmarks/series.py")


if __name__ == "__main__":
    typer.run(main)
