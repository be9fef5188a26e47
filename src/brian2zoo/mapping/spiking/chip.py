"""The numbers of a chip in SI units, and what to say of one that nobody has published."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import ChipNumbers, SpikingChip
from brian2zoo.formats.expressions import evaluate


@dataclass(frozen=True)
class Chip:
    """A chip of models/chips."""

    file: SpikingChip

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Numbers that are known, SI units."""
        facts = {name: fact for name, fact in self.file.numbers if fact is not None}
        return {name: float(np.asarray(evaluate(fact.value))) for name, fact in facts.items()}

    def known(self, name: str) -> bool:
        """Whether there is a number of that name."""
        return name in self.numbers

    def get(self, name: str, otherwise: float) -> float:
        """A number, or `otherwise` if it is not known."""
        return self.numbers.get(name, otherwise)

    def limit(self, name: str) -> float:
        """A number that limits something; infinite if it is not known."""
        return self.numbers.get(name, np.inf)

    def need(self, name: str) -> float:
        """A number without which there is no answer; `ZooError` if nobody has published it."""
        if name not in self.numbers:
            meaning = ChipNumbers.model_fields[name].description
            problem = f"no number is published ({meaning})"
            raise ZooError(self.file.path, f"numbers.{name}", problem, "add one with its source, or pick another chip")
        return self.numbers[name]

    def certainty(self, name: str) -> str:
        """How sure a known number is, with its source."""
        fact = getattr(self.file.numbers, name)
        return f"{fact.sure}, {self.file.sources[fact.source]}"

    def refuse(self, limit: str, problem: str, remedy: str) -> ZooError:
        """The error that something does not fit a limit."""
        return ZooError(self.file.path, f"numbers.{limit}", problem, remedy)

    def bits(self, synapses: np.ndarray, bits: float) -> np.ndarray:
        """Memory of so many synapses of one axon, bits: blocks with a header, rounded up to whole words.

        Parameters
        ----------
        synapses : of any shape.
        bits : of one synapse.
        """
        n = np.asarray(synapses, dtype=float)
        word, header = self.get("synapse_word", 1), self.get("synapse_header", 0)
        block = self.get("synapse_block", np.inf)

        def rounded(count: np.ndarray) -> np.ndarray:
            return np.where(count > 0, np.ceil((count * bits + header) / word) * word, 0)

        if np.isinf(block):
            return rounded(n)
        full, rest = np.divmod(n, block)
        return full * rounded(np.asarray(block)) + rounded(rest)
