"""What was worked out from the files of a zoo, kept on disk for as long as all that it was worked out from is the same.

That is: what the zoo answered to each question it was asked meanwhile, this program, and the packages it uses.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from brian2zoo.errors import ZooError
from brian2zoo.formats import pairs
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.zoo import ReadOnce, Zoo

Notes = dict[str, str | None]
"""Digests of answers by question; None where there was no answer."""

_FAILED = "nothing: a file could not be loaded"


class Noting(ReadOnce):
    """A zoo that notes what it is asked.

    It reads a text once. What it notes is the digest of what it parsed, even if the file is saved anew meanwhile.
    """

    def __init__(self, zoo: Zoo) -> None:
        super().__init__(zoo)
        self._notes: Notes = {}
        self._notes_of: dict[tuple[str, str], Notes] = {}
        self.answer = cache(self._answer)

    @contextlib.contextmanager
    def noting(self) -> Iterator[Notes]:
        """The notes of what is asked within, which it gathers."""
        outer, self._notes = self._notes, {}
        try:
            yield self._notes
        finally:
            outer.update(self._notes)
            self._notes = outer

    def read(self, path: Path) -> dict[str, Any]:
        """As `Zoo.read`."""
        self._note(f"text {path.relative_to(self.root).as_posix()}")
        return super().read(path)

    def names(self, kind: str) -> list[str]:
        """As `Zoo.names`."""
        self._note(f"names {kind}")
        return super().names(kind)

    def has(self, kind: str, name: str) -> bool:
        """As `Zoo.has`."""
        self._note(f"has {kind}/{name}")
        return name in super().names(kind)

    def load(self, kind: str, name: str) -> Any:
        """As `Zoo.load`. Whoever loads a file again depends on all that loading it asked the first time."""
        with self.noting() as notes:
            try:
                return super().load(kind, name)
            except ZooError:
                notes[_FAILED] = ""  # which is no answer: nothing that came of it is kept
                raise
            finally:
                notes.update(self._notes_of.setdefault((kind, name), dict(notes)))

    def _tables(self, circuit: CircuitPlan) -> dict[str, pairs.PairTable]:
        for stated in circuit.every_projection.values():
            if stated.table:
                self._note(f"table {stated.table}")  # before it is read: a file saved meanwhile has another digest
        return super()._tables(circuit)

    def _note(self, question: str) -> None:
        self._notes[question] = self.answer(question)

    def _answer(self, question: str) -> str | None:
        """Digest of the answer to a question that was noted."""
        what, _, of = question.partition(" ")
        match what:
            case "text":
                with contextlib.suppress(ZooError):
                    return _digest(self._text(self.root / of))
            case "table":
                with contextlib.suppress(OSError), (self.root / pairs.FOLDER / f"{of}.csv").open("rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest()
            case "names":
                return _digest("\n".join(super().names(of)))
            case "has":
                kind, _, name = of.partition("/")
                return str(name in super().names(kind))
        return None


class _Kept(BaseModel):
    """A result and what it depends on."""

    result: Any
    notes: Notes


class _File(BaseModel):
    program: str = ""
    kept: dict[str, _Kept] = {}


class Memory:
    """Results of work on the files of a zoo, from this and earlier processes.

    Parameters
    ----------
    zoo : through which the work asks for all that it needs.
    what : of what kind the results are; each has a file of its own among this user's caches.
    """

    def __init__(self, zoo: Noting, what: str) -> None:
        self._zoo, self._program = zoo, program()
        self._path = folder() / f"{_digest(f'{what} {zoo.root.resolve()}')}.json"
        try:
            found = _File.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            found = _File()
        self._kept = found.kept if found.program == self._program else {}

    def get(self, of: str, work: Callable[[], Any], lasting: Callable[[Any], bool]) -> Any:
        """What `work` returns: values that JSON has.

        Parameters
        ----------
        of : names the result.
        lasting : whether a result is to be kept.
        """
        kept = self._kept.get(of)
        if kept is not None and all(self._zoo.answer(asked) == answer for asked, answer in kept.notes.items()):
            return kept.result
        with self._zoo.noting() as notes:
            result = work()
        if notes and lasting(result):
            self._kept[of] = _Kept(result=result, notes=notes)
        else:
            self._kept.pop(of, None)
        return result

    def save(self) -> None:
        """Keep the results; if that fails, the work is done again next time."""
        text = _File(program=self._program, kept=self._kept).model_dump_json()
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as file:
                file.write(text)
            os.replace(file.name, self._path)


def folder() -> Path:
    """Where results are kept."""
    import pooch  # here: who remembers nothing need not wait for it

    return Path(pooch.os_cache("brian2zoo")) / "remembered"


@cache
def program() -> str:
    """Digest of this program and of Brian2, file by file, and of the versions of Python and all other packages."""
    found = hashlib.sha256(sys.version.encode())
    for place in sys.path:
        for package in sorted(Path(place or ".").glob("*.dist-info")):
            found.update(package.name.encode())
    for name in ("brian2zoo", "brian2"):
        for folder in find_spec(name).submodule_search_locations:
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    found.update(f"{path} {path.stat().st_size} ".encode() + path.read_bytes())
    return found.hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
