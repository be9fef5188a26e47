"""Pairs of neurons that are connected, listed in a file: models/pairs/NAME.csv, one synapse a line."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from brian2zoo.errors import ZooError
from brian2zoo.formats.language import CONSTANTS, FUNCTIONS, Refused, quoted
from brian2zoo.formats.language import name as checked_name

FOLDER = "models/pairs"
MOST_BYTES = 2**30
MOST_NEURONS = 10**6
"""Of a population."""
_ENDS = ("i", "j")
_SIZES = ("N_pre", "N_post", "N_input", "N_hidden", "N_output")
_MOST_COLUMNS = 20


@dataclass(frozen=True, eq=False)
class PairTable:
    """Synapses of a projection in the order that Brian2 has them in, the presynaptic index slowest.

    Parameters
    ----------
    path : of the file, below the root of the zoo.
    pre, post : (synapse,) indices.
    columns : further numbers of each synapse, (synapse,), by name.
    """

    path: Path
    pre: np.ndarray
    post: np.ndarray
    columns: Mapping[str, np.ndarray]

    @property
    def least(self) -> tuple[int, int]:
        """Fewest neurons on either side that have all these indices."""
        return int(self.pre.max()) + 1, int(self.post.max()) + 1

    @cached_property
    def digest(self) -> str:
        """Hash of all that it says, whatever the order of its lines."""
        found = hashlib.sha256(repr(sorted(self.columns)).encode())
        for values in (self.pre, self.post, *(self.columns[name] for name in sorted(self.columns))):
            found.update(np.ascontiguousarray(values))
        return found.hexdigest()[:16]


def read_pairs(path: Path, shown: Path) -> PairTable:
    """A table of pairs.

    Parameters
    ----------
    shown : what mistakes call the file.

    Raises
    ------
    ZooError
        If the file is no table of whole numbers i and j from 0 on, and of further finite numbers, each pair once.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ZooError(shown, "", f"the file has more than {MOST_BYTES} bytes", "connect fewer neurons")
        with path.open(encoding="utf-8-sig") as file:
            header = _header(file.readline(), shown)
            # a line that begins with # is a comment; NumPy counts lines without it
            lines = [(number, line) for number, line in enumerate(file, start=2) if not line.lstrip().startswith("#")]
    except OSError as error:
        raise ZooError(shown, "", f"it cannot be read: {error.strerror}", "make it readable") from None
    except UnicodeDecodeError:
        raise ZooError(shown, "", "the file is not UTF-8", "keep to numbers and commas") from None
    numbers, rows = [number for number, line in lines if line.strip()], [line for _, line in lines if line.strip()]
    if not rows:
        raise ZooError(shown, "", "it lists no pair", f"write lines such as '{','.join('0' for _ in header)}'")
    values = _numbers(rows, numbers, header, shown)
    ends = []
    for column, name in enumerate(_ENDS):
        found = values[:, column]
        wrong = np.flatnonzero((found != np.floor(found)) | (found < 0) | (found >= MOST_NEURONS))
        if wrong.size:
            problem = f"{name} is {found[wrong[0]]:g}, which is the number of no neuron"
            raise ZooError(shown, f"line {numbers[wrong[0]]}", problem, "write whole numbers, of the first neuron 0")
        ends.append(found.astype(np.int64))
    order = np.lexsort(ends[::-1])
    pre, post = (side[order] for side in ends)
    again = np.flatnonzero((np.diff(pre) == 0) & (np.diff(post) == 0))
    if again.size:
        k = again[0]
        first, second = sorted((numbers[order[k]], numbers[order[k + 1]]))
        problem = f"neurons {pre[k]} and {post[k]} are connected by line {first} already"
        raise ZooError(shown, f"line {second}", problem, "keep one of the two lines")
    columns = {name: values[order, k] for k, name in enumerate(header) if name not in _ENDS}
    return PairTable(shown, pre, post, columns)


def _header(line: str, shown: Path) -> list[str]:
    names = [name.strip() for name in line.strip().split(",")]
    if tuple(names[:2]) != _ENDS:
        problem = f"the first line is {quoted(line.strip())}"
        raise ZooError(shown, "line 1", problem, "write 'i,j', and after these the names of further columns")
    if len(names) > _MOST_COLUMNS:
        raise ZooError(shown, "line 1", f"there are more than {_MOST_COLUMNS} columns", "take some away")
    from brian2.core.namespace import DEFAULT_UNITS  # Brian2 takes seconds to import

    for name in names[2:]:
        try:
            checked_name(name)
        except Refused as error:
            raise ZooError(shown, "line 1", error.problem, error.remedy) from None
        if name in (*_ENDS, *_SIZES, *CONSTANTS, *FUNCTIONS, "delay") or name in DEFAULT_UNITS:
            raise ZooError(shown, "line 1", f"'{name}' means something else in expressions", "rename the column")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ZooError(shown, "line 1", f"two columns are called '{twice[0]}'", "rename one of them")
    return names


def _numbers(rows: Iterable[str], numbers: list[int], header: list[str], shown: Path) -> np.ndarray:
    """The values, (synapse, column); ZooError for the first line that does not have them."""
    try:
        values = np.loadtxt(rows, delimiter=",", ndmin=2, comments=None)
        if values.shape[1] == len(header) and np.isfinite(values).all():
            return values
    except ValueError:
        pass  # which line is wrong is found below
    for number, row in zip(numbers, rows, strict=True):
        fields = [field.strip() for field in row.split(",")]
        if len(fields) != len(header):
            problem = f"it has {len(fields)} of the {len(header)} columns {', '.join(header)}"
            raise ZooError(shown, f"line {number}", problem, "give each of them a number")
        for name, field in zip(header, fields, strict=True):
            try:
                finite = np.isfinite(np.loadtxt([field], delimiter=",", comments=None))
            except ValueError:
                finite = False
            if not finite:
                raise ZooError(shown, f"line {number}", f"{name} is {quoted(field)}, no finite number", "write one")
    raise ZooError(shown, "", "it is no table of numbers", "write one pair a line, such as '0,3'")
