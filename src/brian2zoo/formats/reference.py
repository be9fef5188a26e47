"""The tables of keys in docs/reference, from the formats themselves."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel

from brian2zoo.formats.files import File
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.merging import format_at, format_in

FOLDER = Path("docs/reference")
"""Of the pages that have such tables."""
_TABLE = re.compile(r"(<!-- keys of (\w+), written by 'brian2zoo schemas' -->\n).*?(<!-- end -->)", re.DOTALL)
_EVERY_FILE = "file"
"""What a page calls the keys that every kind has."""


def with_tables(page: str, others: Mapping[str, type[BaseModel]] | None = None) -> str:
    """A page with its tables of keys as the formats have them.

    Parameters
    ----------
    others : formats by what a page calls them that are not of `KINDS`.
    """
    formats = {kind: model for kind, (model, _) in KINDS.items()} | {_EVERY_FILE: File} | dict(others or {})
    return _TABLE.sub(lambda found: f"{found[1]}{table(formats[found[2]])}\n{found[3]}", page)


def table(model: type[BaseModel]) -> str:
    """Keys of a format and what they mean, as Markdown; those that every kind of file has are of `File` alone."""
    common = File.model_fields if model is not File and issubclass(model, File) else ()
    rows = [f"| {key} | {meaning} |" for key, meaning in _rows(model, "", set()) if key.strip("`") not in common]
    return "\n".join(["| key | meaning |", "|---|---|", *rows])


def _rows(model: type[BaseModel], above: str, told: set[type[BaseModel]]) -> Iterator[tuple[str, str]]:
    """Keys and meanings; those of a format that occurs again are told once."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key, meaning = f"{above}{name}", field.description or ""
        inner = format_in(field.annotation)
        if inner is None and get_origin(field.annotation) is dict:
            inner, key = format_in(get_args(field.annotation)[1]), f"{key}.NAME"
        if inner is None and get_origin(field.annotation) is tuple:
            inner = format_in(get_args(field.annotation)[0])
            key += "[]" if inner is not None else ""
        choices = _choices(field.annotation)
        if choices:
            meaning += f"; one of {', '.join(f'`{choice}`' for choice in choices)}"
        unit = (field.json_schema_extra or {}).get("unit", "1")
        meaning += f", in {unit}" if unit != "1" else ""
        if meaning or inner is None:
            yield f"`{key}`", meaning.replace("\n", " ").replace("|", "\\|")
        if inner is not None and inner not in told:
            told.add(inner)
            yield from _rows(inner, f"{key}.", told)
    if others := format_at(model, "KIND"):
        yield (
            f"`{above}KIND`",
            f"for one kind of projections, what differs: keys of a {others.__name__.lower()}, as above",
        )


def _choices(annotation: object) -> list[str]:
    """The words that a key may hold, if it is one of several."""
    words = [word for word in get_args(annotation) if isinstance(word, str)]
    return [word for word in words if word] if len(words) > 1 else []
