"""The one error a user's mistake can raise: it says where, what, and what would be right."""

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
