"""What checking finds, and the file at fault."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brian2zoo.errors import ZooError
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.merging import is_stated
from brian2zoo.formats.zoo import MOST_EXTENDED, Zoo


class ZooWarning(ZooError):
    """What does no harm but is hardly meant."""


class Findings(list[ZooError]):
    """Mistakes and warnings in the order they were met."""

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Go on after a `ZooError` that is raised within."""
        try:
            yield
        except ZooError as error:
            self.append(error)

    def __add__(self, other: Iterable[ZooError]) -> "Findings":
        return Findings([*self, *other])

    def located(self, zoo: Zoo) -> "Findings":
        """Each once, for the file it stands in."""
        located = {_told(finding): finding for finding in (_located(zoo, f) for f in self)}
        return Findings(
            finding
            for finding in located.values()
            if not any(_told(finding, path) in located for path, _ in _chain(zoo, finding.where)[1:])
        )


def errors(findings: Iterable[ZooError]) -> list[ZooError]:
    """The findings that are not mere warnings."""
    return [finding for finding in findings if not isinstance(finding, ZooWarning)]


def _told(finding: ZooError, where: Path | None = None) -> tuple[str, ...]:
    return str(where or finding.where), finding.field, finding.problem


def _located(zoo: Zoo, finding: ZooError) -> ZooError:
    """A mistake in a field that a file inherits stands in the file it extends."""
    model = next((model for model, folder in KINDS.values() if finding.where.startswith(f"{folder}/")), None)
    stated = (path for path, data in _chain(zoo, finding.where) if is_stated(model, data, finding.field))
    where = next(stated, finding.where)
    return type(finding)(where, finding.field, finding.problem, finding.remedy)


def _chain(zoo: Zoo, where: str) -> list[tuple[Path, dict[str, Any]]]:
    """A file, the file it extends, and so on, as far as they can be read: path and content as written."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    path: Path | None = Path(where)
    while path is not None and path not in [earlier for earlier, _ in chain] and len(chain) <= MOST_EXTENDED:
        try:
            data = zoo.read(zoo.root / path)
        except ZooError:
            break
        chain.append((path, data))
        path = path.with_name(f"{data['extends']}.yaml") if data.get("extends") else None
    return chain


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names with commas, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
