"""How a file that extends another states what differs: by key, by the name of a line, by the variable of an equation.

Mappings merge key by key; blocks of parameters and weights by the name of a line; blocks of equations by the variable
on the left; blocks of statements by the variable they assign, where the file's `merges` names them. All else is
replaced as a whole. What is null is taken away: a key, `name = null` in a block; an empty block, the whole of it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from brian2zoo.errors import did_you_mean
from brian2zoo.formats import language
from brian2zoo.formats.files import Parameter, parse_lines
from brian2zoo.formats.language import Refused, by_variable, quoted

_REMOVED = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*null\s*(#.*)?")
_NOT_INHERITED = ("reference", "notes", "merges")

Named = dict[str, str]
"""The lines of a block by name."""


def merged(model: type[BaseModel], parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a file that extends another, as it would stand in one file.

    Parameters
    ----------
    model : format of both.

    Raises
    ------
    Refused
        If a block is none; `within` names the field.
    """
    by_variable = _listed(child.get("merges"))
    for place in by_variable:
        if not _is_block_of_statements(model, place):
            remedy = "name blocks of statements, such as on_pre or at_spike.pre; all others merge by themselves"
            raise Refused(f"{quoted(place)} is no block of statements", remedy, within="merges")
    above = {key: value for key, value in parent.items() if key not in _NOT_INHERITED}
    return _merged(model, above, child, by_variable, "")


def _merged(
    model: type[BaseModel], parent: Mapping[str, Any], child: Mapping[str, Any], statements: list[str], above: str
) -> dict[str, Any]:
    found = dict(parent)
    for key, value in child.items():
        field, before = model.model_fields.get(key), parent.get(key)
        place = f"{above}.{key}".lstrip(".")
        if value is None and above:
            found.pop(key, None)
        elif before is None:
            found[key] = value
        elif isinstance(before, dict) and isinstance(value, dict):
            inner = format_at(model, key)
            if inner is not None:
                found[key] = _merged(inner, before, value, statements, place)
            elif field is not None and get_origin(field.annotation) is dict:
                found[key] = {k: v for k, v in (before | value).items() if v is not None}
            else:
                found[key] = value
        elif field is not None and isinstance(before, str) and isinstance(value, str) and value.strip():
            found[key] = _block(field, before, value, place in statements, place)
        else:
            found[key] = value
    return found


def _block(field: FieldInfo, before: str, value: str, by_variable_: bool, place: str) -> str:
    try:
        if _checked_by(field, parse_lines):
            return _parameters(before, value)
        if _checked_by(field, language.equations):
            return _joined(by_variable(before), _without_removed(value, by_variable), _removed(value))
        if _checked_by(field, language.statements) and by_variable_:
            return _joined(_assigned(before), _without_removed(value, _assigned), _removed(value))
    except Refused as error:
        raise Refused(error.problem, error.remedy, within=".".join(filter(None, (place, error.within)))) from None
    return value


def _parameters(before: str, value: str) -> str:
    """Of a line that both have the value is the child's, and so is the domain if it states one."""
    found: dict[str, Parameter] = {}
    for block in (before, value):
        for line in parse_lines(block):
            if line.value == "null":
                _refuse_missing(line.name, found)
            earlier = found.get(line.name, line)
            found[line.name] = line.model_copy(update={"domain": line.domain or earlier.domain})
    return "\n".join(str(line) for line in found.values() if line.value != "null")


def _joined(before: Named, value: Named, removed: list[str]) -> str:
    for name in removed:
        _refuse_missing(name, before)
    return "\n".join(text for name, text in (before | value).items() if name not in removed)


def _refuse_missing(name: str, before: Iterable[str]) -> None:
    if name not in before:
        remedy = did_you_mean(name, before, "remove the line")
        raise Refused(f"there is no '{name}' to take away", remedy)


def _removed(block: str) -> list[str]:
    return [found[1] for line in block.splitlines() if (found := _REMOVED.fullmatch(line))]


def _without_removed(block: str, read: Callable[[str], Named]) -> Named:
    return read("\n".join(line for line in block.splitlines() if not _REMOVED.fullmatch(line)))


def _assigned(block: str) -> Named:
    """Statements by the variable they assign."""
    found: Named = {}
    language.statements(block)
    for line in block.splitlines():
        if code := line.partition("#")[0].strip():
            name = re.match(r"\w+", code)[0]
            if name in found:
                problem = f"'{name}' is assigned more than once, so that it does not say which line is replaced"
                raise Refused(problem, "state the whole block, and leave it out of merges")
            found[name] = line
    return found


def is_stated(model: type[BaseModel] | None, data: Any, field: str) -> bool:
    """Whether a dotted field stands in a file's own mapping; if not, the file inherits it or leaves it out."""
    for part in filter(None, field.split(".")):
        if isinstance(data, dict):
            if part not in data:
                return False
            described = model.model_fields.get(part) if model else None
            model = format_at(model, part) if model else None
            data = data[part]
        elif isinstance(data, str) and described is not None and _checked_by(described, parse_lines):
            try:
                return part in {line.name for line in parse_lines(data)}
            except ValueError:
                return True
        else:
            return True
    return True


def _is_block_of_statements(model: type[BaseModel] | None, place: str) -> bool:
    field = None
    for part in place.split("."):
        field = model.model_fields.get(part) if model is not None else None
        model = format_in(field.annotation) if field is not None else None
    return field is not None and _checked_by(field, language.statements)


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def format_at(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The format that a key of another format holds; so does what it calls by names of its own."""
    if key in model.model_fields:
        return format_in(model.model_fields[key].annotation)
    others = get_args(model.__annotations__.get("__pydantic_extra__"))
    return format_in(others[1]) if others else None


def format_in(annotation: Any) -> type[BaseModel] | None:
    """The format that a key holds by itself, unless a file states all of it or nothing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation if getattr(annotation, "merges_by_key", True) else None
    if get_origin(annotation) in (Union, UnionType):
        return next(filter(None, map(format_in, get_args(annotation))), None)
    return None


def merges_by_key(field: FieldInfo) -> bool:
    """Whether a field is a mapping, of which a file that extends another states only what differs."""
    return get_origin(field.annotation) is dict or format_in(field.annotation) is not None


def merges_by_name(field: FieldInfo) -> bool:
    """Whether a field is a block of `name = value`."""
    return _checked_by(field, parse_lines)


def _checked_by(field: FieldInfo, function: Callable[..., Any]) -> bool:
    return any(getattr(check, "func", None) is function for check in field.metadata)
