"""What the pages of a zoo's files have in common: who uses a file, and where that runs."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from brian2zoo.backends import BACKENDS
from brian2zoo.backends.capability import Verdict, verdicts
from brian2zoo.check import ReadOnce, check_zoo, errors
from brian2zoo.circuits import Circuit, build, smallest
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import Zoo

File = tuple[str, str]
"""Kind and name."""

FOLDER = "zoo"
"""Of the pages, among those of the site."""
MARKS = {"works": "✓", "approximate": "≈", "unsupported": "✗"}


def place(file: File) -> str:
    """The page of a file, among those of the site."""
    return f"{FOLDER}/{file[0]}/{file[1]}.md"


def link(file: File, text: str = "") -> str:
    """A link to it from the page of another file."""
    return f"[{text or file[1]}](../{file[0]}/{file[1]}.md)"


class Whole:
    """A zoo as its pages need it; each thing is worked out once, and when it is asked for.

    Parameters
    ----------
    zoo : without mistakes.
    """

    def __init__(self, zoo: Zoo) -> None:
        self.zoo = ReadOnce.of(zoo)
        self.circuit = cache(self._circuit)
        self.verdicts = cache(self._verdicts)

    @classmethod
    def checked(cls, zoo: Zoo) -> "Whole":
        """Of a zoo; raises the first of its mistakes."""
        for mistake in errors(check_zoo(zoo)):
            raise mistake
        return cls(zoo)

    @cached_property
    def files(self) -> list[File]:
        """All of them."""
        return [(kind, name) for kind in KINDS for name in self.zoo.names(kind)]

    def _circuit(self, experiment: str) -> Circuit:
        """The smallest network of an experiment that learns."""
        found = self.zoo.experiment(experiment)
        return build(found, smallest(found), "train")

    def _verdicts(self, experiment: str) -> Mapping[str, Verdict]:
        """What becomes of an experiment on each backend."""
        return verdicts(self.circuit(experiment))

    @cached_property
    def users(self) -> Mapping[File, list[str]]:
        """Experiments that use a file: those named after it first, then those that extend no other."""
        found: dict[File, list[tuple[Any, ...]]] = defaultdict(list)
        for name in self.zoo.names("experiment"):
            stated = self.zoo.load("experiment", name)
            for file in {*stated.uses().values(), ("experiment", name)}:
                found[file].append((name != file[1], file[1] not in name, bool(stated.extends), name))
        return {file: [name for *_, name in sorted(users)] for file, users in found.items()}

    @cached_property
    def extended(self) -> Mapping[File, list[str]]:
        """Files that extend a file."""
        found: dict[File, list[str]] = defaultdict(list)
        for kind, name in self.files:
            if base := self.zoo.load(kind, name).extends:
                found[kind, base].append(name)
        return found

    def runs(self, file: File) -> list[str]:
        """A table of the experiments that use a file on every backend, with the reasons, as lines of Markdown."""
        names = self.users.get(file, [])
        if not names:
            return ["No experiment uses it."]
        lines, notes = [f"| experiment | {' | '.join(BACKENDS)} |", f"|---|{'---|' * len(BACKENDS)}"], {}
        for name in names:
            cells = []
            for verdict in self.verdicts(name).values():
                numbers = [str(notes.setdefault(reason, len(notes) + 1)) for reason in verdict.reasons]
                cells.append(f"{MARKS[verdict.kind]} {','.join(numbers)}".strip())
            lines.append(f"| {link(('experiment', name))} | {' | '.join(cells)} |")
        if notes:
            lines += ["", "≈ approximate, ✗ unsupported:", ""]
            lines += [f"{number}. {reason.replace('*', chr(92) + '*')}" for reason, number in notes.items()]
        return lines
