"""Numbers of a figure against those that its paper reports."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

KNOWN = {  # how a published value is known, in a word
    "article": "",
    "corroborated": "seen twice",
    "memory": "recalled",
    "code": "scripts",
    "resimulation": "re-simulated",
}
WITHIN, DIFFERS, MISSING, ALONE = "within", "differs", "not reproduced", "not compared"


class Comparison(NamedTuple):
    """One number that is published, and what we have for it.

    Parameters
    ----------
    what : network, method and quantity, with its unit.
    published : the value, or the lowest and the highest; none if nothing is known.
    measured : a value for each seed; none if nothing was run.
    spread : how far from the published value ours may be, in its unit.
    certainty : how the published value is known, a key of `KNOWN`.
    """

    what: str
    published: float | tuple[float, float] | None
    measured: Sequence[float]
    spread: float = 0.0
    certainty: str = "article"

    @property
    def verdict(self) -> str:
        """Whether the mean of what is measured is within the published range and its spread."""
        if self.published is None:
            return ALONE
        if not self.measured:
            return MISSING
        low, high = self._ends
        return WITHIN if low - self.spread <= self.mean <= high + self.spread else DIFFERS

    @property
    def mean(self) -> float:
        """Of the seeds."""
        return sum(self.measured) / len(self.measured)

    @property
    def _ends(self) -> tuple[float, float]:
        return self.published if isinstance(self.published, tuple) else (self.published, self.published)

    @property
    def published_text(self) -> str:
        """The published value, its spread and how it is known."""
        if self.published is None:
            return "–"  # noqa: RUF001
        low, high = self._ends
        value = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        spread = f" ±{self.spread:.2g}" if self.spread else ""
        known = f", {KNOWN[self.certainty]}" if KNOWN[self.certainty] else ""
        return value + spread + known

    @property
    def measured_text(self) -> str:
        """The mean of the seeds."""
        return f"{self.mean:.3g}" if self.measured else "–"  # noqa: RUF001


def verdict(compared: Iterable[Comparison]) -> str:
    """That of a figure: the worst of its numbers."""
    found = {each.verdict for each in compared}
    return next((each for each in (DIFFERS, WITHIN, MISSING) if each in found), ALONE)
