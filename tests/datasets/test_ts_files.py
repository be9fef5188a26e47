"""Files of the format .ts: what is in them, and what is wrong with them in one line."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from brian2zoo.datasets import ts_files
from brian2zoo.errors import ZooError

HEADER = "# a comment\n@problemName mine\n@timeStamps false\n@classLabel true up down\n@data\n"


@pytest.fixture
def file(tmp_path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "mine_TRAIN.ts"
        path.write_text(text)
        return path

    return write


def test_a_file_is_read(file) -> None:
    found = ts_files.read(file(HEADER + "1,2.5,-3e-1:4,5,6:down\n\n7 , 8:9,10: up\n"))
    np.testing.assert_array_equal(found.values[0], [[1, 2.5, -0.3], [4, 5, 6]])
    np.testing.assert_array_equal(found.values[1], [[7, 8], [9, 10]])
    assert (found.labels.tolist(), found.classes, found.channels) == ([1, 0], ("up", "down"), 2)


def test_the_first_samples_can_be_had_alone(file) -> None:
    """What follows is not even looked at."""
    assert len(ts_files.read(file(HEADER + "1:up\nbroken\n"), samples=1).values) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEADER, "@data: no samples follow"),
        (HEADER.replace("@data\n", ""), "header: it has no line @data"),
        ("1,2:up\n", "header: it has the line '1,2:up'"),
        (HEADER.replace("Stamps false", "Stamps true") + "(0,1):up\n", "@timeStamps: each value has a time of its own"),
        (
            HEADER.replace("@classLabel true up down", "@targetLabel true") + "1:0.5\n",
            "@classLabel: it names no classes",
        ),
        (HEADER.replace("up down", "up up") + "1:up\n", "@classLabel: it names a class twice"),
        (HEADER + "1,2:up\n1,2:left\n", "line 7: its class 'left' is not in @classLabel — one of up, down"),
        (HEADER + "1,two:up\n", "line 6: could not convert string to float: 'two'"),
        (HEADER + "1,?:up\n", "line 6: a value is missing or infinite"),
        (HEADER + "1,NaN:up\n", "line 6: a value is missing or infinite"),
        (HEADER + "1,2:3:up\n", "line 6: its channels have 2, 1 values"),
        (HEADER + "up\n", "line 6: its channels have no values"),
        (HEADER + "1,2:3,4:up\n1,2:up\n", "line 7: 1 channels, and 2 in line 6"),
    ],
)
def test_a_mistake_is_told(file, text, told) -> None:
    with pytest.raises(ZooError) as error:
        ts_files.read(file(text))
    assert told in str(error.value)


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path) -> None:
    with pytest.raises(ZooError, match="cannot be read"):
        ts_files.read(tmp_path / "none.ts")
    (tmp_path / "bytes.ts").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ZooError, match="it is not text"):
        ts_files.read(tmp_path / "bytes.ts")
