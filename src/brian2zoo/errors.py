"""The one error a user's mistake can raise: it says where, what, and what would be right."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class ZooError(Exception):
    """A mistake in a file or an argument, told in one line.

    Parameters
    ----------
    where : path of the file (or name of the argument) the mistake is in.
    field : the key within that file, dotted when nested; empty if the whole file is meant.
    problem : what is wrong, in the user's terms.
    remedy : what would be right.
    """

    def __init__(self, where: str | Path, field: str, problem: str, remedy: str) -> None:
        self.where, self.field, self.problem, self.remedy = str(where), field, problem, remedy
        place = f"{self.where}: {field}" if field else self.where
        super().__init__(f"{place}: {problem} — {remedy}")


def did_you_mean(name: str, known: Iterable[str], otherwise: str, likeness: float = 0.6) -> str:
    """A remedy for an unknown name: the closest of the known ones, if one is close, else `otherwise`."""
    known = list(known)
    same = [other for other in known if other.lower() == name.lower()]
    suffixed = [other for other in (f"{name}_post", f"{name}_pre") if other in known]
    near = same or suffixed or difflib.get_close_matches(name, known, n=1, cutoff=likeness)
    return f"did you mean '{near[0]}'?" if near else otherwise
