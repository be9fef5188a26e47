"""What checking finds, and the file it is told of."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from brian2zoo.errors import ZooError
from brian2zoo.spec import Zoo, read_yaml, states


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

    def located(self, zoo: Zoo) -> "Findings":
        """Each once, told of the file it stands in."""
        return Findings({str(finding): finding for finding in (_located(zoo, f) for f in self)}.values())


def errors(findings: Iterable[ZooError]) -> list[ZooError]:
    """The findings that are not mere warnings."""
    return [finding for finding in findings if not isinstance(finding, ZooWarning)]


def _located(zoo: Zoo, finding: ZooError) -> ZooError:
    """A mistake in a field that a file inherits stands in the file it extends."""
    path = Path(finding.where)
    try:
        data = read_yaml(zoo.root / path)
        while data.get("extends") and not states(data, finding.field):
            path = path.with_name(f"{data['extends']}.yaml")
            data = read_yaml(zoo.root / path)
    except ZooError:
        return finding
    if not states(data, finding.field):
        return finding
    return type(finding)(path, finding.field, finding.problem, finding.remedy)


def listed(names: Iterable[str], most: int = 6) -> str:
    """Names with commas, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
