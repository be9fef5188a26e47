"""Files of the format .ts: the labelled series of the UCR and UEA archives, and how one writes one's own.

Lines of `#` are comments. A header of lines with `@` ends with `@data`; `@classLabel true` names the classes. Then each
line is a sample: its channels, and last its class, separated by colons; the values of a channel by commas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from brian2zoo.errors import ZooError


@dataclass(frozen=True)
class Series:
    """Content of a file.

    Parameters
    ----------
    values : of each sample (channel, step), float64; samples may have different numbers of steps.
    labels : (sample,) number of its class, from 0, in the order of `classes`.
    classes : their names, in the order of the header.
    equal_length : whether the header says that all have the same number of steps.
    """

    values: list[np.ndarray]
    labels: np.ndarray
    classes: tuple[str, ...]
    equal_length: bool

    @property
    def channels(self) -> int:
        return len(self.values[0])


def read(path: Path, samples: int | None = None) -> Series:
    """The first samples of a file; None: all.

    Raises
    ------
    ZooError : the file cannot be read, is not of the format, has no classes or no samples, or lacks values.
    """
    try:
        with path.open(encoding="utf-8") as file:
            lines = ((k, line.strip()) for k, line in enumerate(file, start=1))
            content = ((k, line) for k, line in lines if line and not line.startswith("#"))
            header = _header(path, content)
            classes = _classes(path, header)
            parsed = [_sample(path, k, line, classes) for k, line in islice(content, samples)]
    except OSError as error:
        raise ZooError(path, "", f"cannot be read ({error.strerror})", "a readable file") from error
    except UnicodeDecodeError:
        raise ZooError(path, "", "it is not text", "a complete copy of the file") from None
    if not parsed:
        raise ZooError(path, "@data", "no samples follow", "a complete copy of the file")
    numbers, values, labels = zip(*parsed, strict=True)
    for k, each in zip(numbers, values, strict=True):
        if len(each) != len(values[0]):
            problem = f"{len(each)} channels, and {len(values[0])} in line {numbers[0]}"
            raise ZooError(path, f"line {k}", problem, "the same channels in every sample")
    equal = header.get("@equallength", []) == ["true"]
    return Series(list(values), np.array(labels), classes, equal)


def _header(path: Path, content: Iterator[tuple[int, str]]) -> dict[str, list[str]]:
    """Words of each line, by its key in small letters, up to @data."""
    header = {}
    for _, line in content:
        key, _, value = line.partition(" ")
        if key.lower() == "@data":
            break
        if not key.startswith("@"):
            raise ZooError(path, "header", f"it has the line '{line[:40]}'", "lines with @, and @data at its end")
        header[key.lower()] = value.split()
    else:
        raise ZooError(path, "header", "it has no line @data", "a complete copy of the file")
    return header


def _classes(path: Path, header: dict[str, list[str]]) -> tuple[str, ...]:
    if [word.lower() for word in header.get("@timestamps", ["false"])] != ["false"]:
        raise ZooError(path, "@timeStamps", "each value has a time of its own", "values at regular intervals")
    known, *classes = header.get("@classlabel", ["false"]) or ["false"]
    if known.lower() != "true" or not classes:
        raise ZooError(path, "@classLabel", "it names no classes", "a line such as '@classLabel true walking running'")
    if len(set(classes)) < len(classes):
        raise ZooError(path, "@classLabel", "it names a class twice", "each class once")
    return tuple(classes)


def _sample(path: Path, k: int, line: str, classes: tuple[str, ...]) -> tuple[int, np.ndarray, int]:
    *channels, label = (part.strip() for part in line.split(":"))
    at = f"line {k}"
    if label not in classes:
        problem = f"its class '{label[:40]}' is not in @classLabel"
        raise ZooError(path, at, problem, f"one of {', '.join(classes[:10])}")
    try:
        values = [np.array(channel.replace("?", "nan").split(","), float) for channel in channels]
    except ValueError as error:
        raise ZooError(path, at, f"{error}", "numbers separated by commas, channels by colons") from None
    if not values or any(len(each) != len(values[0]) for each in values):
        lengths = ", ".join(str(len(each)) for each in values) or "no"
        raise ZooError(path, at, f"its channels have {lengths} values", "as many values in each channel of a sample")
    if not np.isfinite(values).all():
        raise ZooError(path, at, "a value is missing or infinite", "a finite number; interpolate what is missing")
    return k, np.array(values), classes.index(label)
