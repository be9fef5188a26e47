"""Code of one synapse or neuron, made fit for a loop over a row: indices by place, random numbers by lane."""

import re
from dataclasses import dataclass

import numpy as np

INDICES = {"_idx", "_presynaptic_idx", "_postsynaptic_idx", "0"}
"""Indices known from the place in a row; a variable with another (a linked one) keeps code off the rows."""

_RANDOM = {"_rand": "uniform", "_randn": "normal"}
_RANDOM_CALL = re.compile(rf"\b({'|'.join(_RANDOM)})\(_vectorisation_idx\)")
_ACCESS = re.compile(r"\b(_ptr_array_\w+)\[(\w+)\](\s*[-+*/]?=(?!=))?")

_SHORT = 32
"""Columns that the compiler would unroll."""

_OF_KIND = {kind: re.compile(rf"^\s*{kind} (\w+)\b") for kind in ("float", "double")}
_CONDITION = re.compile(r"if\((\w+)\)")
_ADDED = re.compile(r"(?P<name>\w+) (?P<sign>[-+])= (?P<value>.*);")
_BY_CHANCE = re.compile(r"const char _cond = _rand\(_vectorisation_idx\) < (\w+);")
_NAME = re.compile(r"\b[A-Za-z_]\w*")
_CONSTANT = re.compile(r"const (?P<type>\w+) (?P<name>\w+) = (?P<value>.*);")
_DECLARED = re.compile(r"(?:const )?\w+ (\w+)(?: = .*)?;")

# What makes a statement differ from row to row, or from call to call.
_OF_ROWS = {"_row", "_idx", "_presynaptic_idx", "_vectorisation_idx", "dense"}


@dataclass(frozen=True)
class Rows:
    """A projection whose synapses need no stored indices, between the neurons from two starts on.

    All-to-all, presynaptic index slowest; or, if `diagonal`, one to one, which is a single row.
    """

    n_rows: int
    n_columns: int
    pre_start: int = 0
    post_start: int = 0
    diagonal: bool = False

    @property
    def fan_out(self) -> int:
        """Synapses of a presynaptic neuron."""
        return 1 if self.diagonal else self.n_columns

    @property
    def n_sources(self) -> int:
        """Presynaptic neurons."""
        return self.n_columns if self.diagonal else self.n_rows

    def indices(self) -> tuple[np.ndarray, np.ndarray]:
        """Presynaptic and postsynaptic neuron of each synapse, in stored order."""
        pre = np.repeat(np.arange(self.n_sources, dtype=np.int32), self.fan_out)
        post = np.tile(np.arange(self.n_columns, dtype=np.int32), self.n_rows)
        return pre + self.pre_start, post + self.post_start


def places(lines: list[str], name: str, shape: Rows) -> list[str]:
    """Code of a synapse of the projection `name`, its neurons taken from ``_row`` and ``_column``."""
    row = "_column" if shape.diagonal else "_row"
    for side, place, start in (("pre", row, shape.pre_start), ("post", "_column", shape.post_start)):
        stored = re.compile(rf"\b_ptr_array_{name}__synaptic_{side}\[_idx\]")
        lines = [stored.sub(f"({place} + {start})", line) for line in lines]
    return lines


def draws(typed: list[tuple[str, str]]) -> list[str]:
    """Statements with random numbers from the lane of the column, each of the C type of its statement.

    The numbers are drawn first, needed or not: a number drawn under a condition would keep the loop from
    becoming vector code.
    """
    drawn: list[str] = []
    lines = []
    for line, scalar in typed:

        def draw(call: re.Match[str], scalar: str = scalar) -> str:
            name = f"_draw_{len(drawn)}"
            number = f"dense::{_RANDOM[call[1]]}<{scalar}>(_s0, _s1, _s2, _s3, _column)"
            drawn.append(f"const {scalar} {name} = {number};")
            return name

        lines.append(_RANDOM_CALL.sub(draw, line))
    return [*drawn, *lines]


def of_columns(lines: list[str], number: int) -> tuple[list[str], list[str], list[str]]:
    """Statements of a loop over rows and columns, those apart that come to the same in every row.

    Returns
    -------
    declarations of places for what these come to, the statements for a loop over the columns before that over the rows,
    and what is left inside.
    """
    written = {array for line in lines for array, _, assigned in _ACCESS.findall(line) if assigned}
    before: dict[str, re.Match[str]] = {}
    inside = []
    for line in lines:
        found = _CONSTANT.fullmatch(line.strip())
        names = set(_NAME.findall(found["value"])) if found else set()
        if found and not names & (_OF_ROWS | written) and names & {"_column", *before} and not names & _set_in(inside):
            before[found["name"]] = found
        else:
            inside.append(line)
    kept, used = [], set().union(*(_NAME.findall(line) for line in inside))
    for name in reversed(before):
        if name in used:
            kept.insert(0, name)
            if before[name]["value"].startswith(("_ptr_array", "(_column")):
                used |= set(_NAME.findall(before[name]["value"]))
    worked_out = [n for n in kept if not before[n]["value"].startswith(("_ptr_array", "(_column"))]
    if not worked_out:
        return [], [], lines
    declared = [f"static {before[name]['type']} _of_columns_{name}[{number}];" for name in worked_out]
    store = [f"_of_columns_{name}[_column] = {name};" for name in worked_out]
    load = [
        f"const {before[name]['type']} {name} = _of_columns_{name}[_column];" if name in worked_out else before[name][0]
        for name in kept
    ]
    return declared, [found[0] for found in before.values()] + store, load + inside


def _set_in(lines: list[str]) -> set[str]:
    """Names that statements declare."""
    return {found[1] for line in lines if (found := _DECLARED.match(line.strip()))}


def unbranched(lines: list[str]) -> list[str]:
    """Statements in which what is added under a condition, as to a neuron that is not refractory, takes no branch."""
    numbers = {name for kind in ("float", "double") for line in lines for name in _OF_KIND[kind].findall(line)}
    found: list[str] = []
    for line in lines:
        condition = _CONDITION.fullmatch(found[-1].strip()) if found else None
        added = _ADDED.fullmatch(line.strip())
        if condition and added and added["name"] in numbers and "(" not in added["value"]:
            name, value = added["name"], f"{added['name']} {added['sign']} ({added['value']})"
            found[-1] = f"{name} = dense::either<decltype({name})>({condition[1]}, {value}, {name});"
        else:
            found.append(line)
    return found


def chance(lines: list[str], shared: list[str]) -> str | None:
    """The chance that a condition is true, if all that decides it is a random number below a shared value."""
    found = _BY_CHANCE.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    return found[1] if found and found[1] in _set_in(shared) else None


def lanes(lines: list[str], number: int) -> list[str]:
    """Statements before a loop whose code draws from `number` lanes; none if it draws nothing."""
    if not any(_RANDOM_CALL.search(line) for line in lines):
        return []
    pointers = ", ".join(f"*__restrict _s{k} = _lanes.s{k}" for k in range(4))
    return [f"static dense::Lanes _lanes({number}, brian::_random_generators[0]);", f"uint32_t {pointers};"]


def pragmas(lines: list[str], number: int) -> list[str]:
    """What the compiler should know of a loop over so many columns."""
    if not independent(lines):
        return []
    # Else a short loop becomes one long line of scalar code, which takes four times as long.
    short = ["#pragma GCC unroll 1"] if number < _SHORT else []
    return [*short, "#pragma GCC ivdep"]


def independent(lines: list[str]) -> bool:
    """Whether the columns of a row touch different places, so that they may be taken several at a time.

    Not so if a variable of the presynaptic neuron is written, or an array is reached on two ways and written:
    the result of the loop then depends on the order, and stays Brian2's.
    """
    ways: dict[str, set[str]] = {}
    written: set[str] = set()
    for line in lines:
        for array, index, assigned in _ACCESS.findall(line):
            ways.setdefault(array, set()).add(index)
            if assigned:
                written.add(array)
                if index in ("_presynaptic_idx", "0"):
                    return False
    return all(len(ways[array]) == 1 for array in written)
