"""The page of all commands, from the functions behind them: their docstrings, arguments and options."""

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from brian2zoo.cli.commands import app
from brian2zoo.pages.file import escaped


def page() -> str:
    """The page as Markdown."""
    whole = app.registered_callback.callback
    lines = ["# Commands", "", _said(whole), "", "`brian2zoo [OPTIONS] COMMAND ...`", "", *_parameters(whole)]
    for name, command in sorted(_named(app)):
        lines += ["", f"## {name}", "", _said(command), "", *_parameters(command)]
    return "\n".join(lines) + "\n"


def _named(group: typer.Typer) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Commands by name; those of a group after its own."""
    for each in group.registered_commands:
        yield each.name or each.callback.__name__.replace("_", "-"), each.callback
    for inner in group.registered_groups:
        yield from ((f"{inner.name} {name}", command) for name, command in _named(inner.typer_instance))


def _said(command: Callable[..., Any]) -> str:
    return escaped(inspect.getdoc(command) or "")


def _parameters(command: Callable[..., Any]) -> Iterator[str]:
    hints = get_type_hints(command, include_extras=True)
    rows = []
    for name, parameter in inspect.signature(command).parameters.items():
        parts = get_args(hints[name])
        told = next((each for each in parts if isinstance(each, ArgumentInfo | OptionInfo)), None)
        if told is not None:
            rows.append(f"| `{_called(name, told)}` | {escaped(_meaning(parts[0], told, parameter.default))} |")
    if rows:
        yield from ("| argument | meaning |", "|---|---|", *rows)


def _called(name: str, told: ArgumentInfo | OptionInfo) -> str:
    if isinstance(told, ArgumentInfo):
        return told.metavar or name.upper()
    # within Annotated, the first of the option's spellings is where a default would be
    spelled = [each for each in (told.default, *(told.param_decls or ())) if isinstance(each, str)]
    return ", ".join(spelled) or f"--{name.replace('_', '-')}"


def _meaning(kind: Any, told: ArgumentInfo | OptionInfo, default: Any) -> str:
    parts = [" ".join((told.help or "").split()).removesuffix(".")]
    choices = next((each for each in (kind, *get_args(kind)) if inspect.isclass(each) and issubclass(each, Enum)), None)
    if choices is not None:
        words = ", ".join(f"`{word.value}`" for word in choices)
        parts.append(f"one of {words}" + (f"; default `{default.value}`" if isinstance(default, Enum) else ""))
    return "; ".join(filter(None, parts))
