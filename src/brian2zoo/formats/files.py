"""What every text file has, and the lines ``name = value [domain]  # meaning`` of its parameters."""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from brian2zoo.formats.language import (
    DomainText,
    Expression,
    Key,
    Line,
    NameOrNone,
    Prose,
    Refused,
    domain,
    expression,
    key,
    prose,
    quoted,
)

_PARAMETER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


class Parameter(BaseModel):
    """One line ``name = value [domain]  # meaning``. No number depends on the domain, which refuses values."""

    model_config = ConfigDict(frozen=True)

    name: Key
    value: Expression
    domain: DomainText = Field("", exclude=True)
    meaning: Prose = ""

    @property
    def code(self) -> str:
        """The line without its name and meaning."""
        return f"{self.value} [{self.domain}]" if self.domain else self.value

    def __str__(self) -> str:
        return f"{self.name} = {self.code}" + (f"  # {self.meaning}" if self.meaning else "")


def parse_lines(block: Any) -> Any:
    """Parameters of a block of lines, in order. ValueError names the line that is malformed."""
    if not isinstance(block, str):
        return block
    found: dict[str, Parameter] = {}
    for line in prose(block).split("\n"):
        code, _, meaning = line.partition("#")
        name, equals, right = (part.strip() for part in code.partition("="))
        value, bracket, inside = (part.strip() for part in right.partition("["))
        if not code.strip():
            continue
        closed = not bracket or inside.endswith("]")
        if not equals or not value or "=" in value or not closed or not _PARAMETER.fullmatch(name):
            raise Refused(f"malformed line {quoted(line)}", "write 'name = value [domain]  # meaning'")
        if name in found:
            raise Refused(f"'{name}' is given twice", "keep one of the lines")
        try:
            of = {"value": expression(value), "domain": domain(inside.removesuffix("]").strip())}
            found[name] = Parameter(name=key(name), meaning=prose(meaning.strip()), **of)
        except Refused as error:
            raise Refused(error.problem, error.remedy, within=name) from None
    return tuple(found.values())


Lines = Annotated[
    tuple[Parameter, ...],
    BeforeValidator(parse_lines),
    WithJsonSchema({"type": "string", "description": "lines: name = value [domain]  # meaning"}),
]


def as_dict(lines: tuple[Parameter, ...]) -> dict[str, str]:
    """Expressions by name."""
    return {line.name: line.value for line in lines}


class File(BaseModel):
    """What every kind of file has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line = Field(description="one line: what it is")
    reference: Line = Field("", description="where it comes from: a DOI, an arXiv number")
    notes: Prose = Field("", description="what a reader should know; no number depends on it")
    extends: NameOrNone = Field("", description="another file of the same kind; this one states what differs")
    merges: tuple[Key, ...] = Field(
        (),
        description="blocks of statements that state only what differs, too: a line replaces the one that assigns to"
        " the same variable, or comes last",
    )

    name: NameOrNone = Field("", exclude=True, description="file name without .yaml; set on loading")
    path: Path = Field(Path(), exclude=True)

    def content(self) -> dict[str, Any]:
        """All a number can depend on: without titles, notes, comments and white space."""
        data = self.model_dump(exclude={"title", "reference", "notes", "extends", "merges"}, mode="json")
        return _canonical(data)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items() if k != "meaning"}
    if isinstance(value, list | tuple):
        return [_canonical(v) for v in value]
    if isinstance(value, str):
        lines = (re.sub(r"\s+", " ", line.split("#")[0]).strip() for line in value.splitlines())
        return "\n".join(line for line in lines if line)
    return value


def fingerprint(*contents: Any) -> str:
    """Short hash of what `content` methods returned; equal if no number can differ."""
    text = json.dumps(contents, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
