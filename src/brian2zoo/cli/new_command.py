"""The command `brian2zoo new`: a file to begin with, from the templates beside this module."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from brian2zoo.cli.finding import from_here, named_file, own_folder
from brian2zoo.cli.show import out
from brian2zoo.errors import ZooError
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.language import Refused
from brian2zoo.formats.language import name as a_name
from brian2zoo.formats.zoo import Zoo

TEMPLATES = Path(__file__).parent / "templates"
"""A folder a kind. Of several templates the first that passes the check is taken."""
Made = StrEnum("Made", sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir()))
CHOICES = ("rule", "neuron", "synapse")
"""Kinds of files that a new experiment may be told to use; in templates they are words in capitals."""
ANOTHER = Path(__file__).parent / "templates" / "another_experiment.yaml"
"""Template of an experiment that extends the one that is named."""
COMMAND = "#   $ "
"""How a line of a template begins that says what to do next."""


def new(
    ctx: typer.Context,
    kind: Annotated[Made, typer.Argument(help="Kind of file to write.")],
    name: Annotated[str, typer.Argument(help="Name of the file, without .yaml.")],
    rule: Annotated[str, typer.Option(help="For an experiment: its rule.")] = "",
    neuron: Annotated[str, typer.Option(help="For an experiment: its hidden neurons.")] = "",
    synapse: Annotated[str, typer.Option(help="For an experiment: its plastic synapses.")] = "",
    extends: Annotated[
        str, typer.Option(help="For an experiment: the one it extends. Default: one that fits these files.")
    ] = "",
) -> None:
    """Write a commented file to begin with; it passes the check and is yours to edit.

    A new experiment extends the one you name, or one of the zoo that fits the rule, neuron and synapse. No file is ever
    overwritten.
    """
    zoo: Zoo = ctx.obj
    try:
        a_name(name)
    except Refused as error:
        raise error.at("NAME") from None
    path = own_folder(zoo) / KINDS[kind.value][1] / f"{name}.yaml"
    if path.exists():
        problem = f"there is a file {KINDS[kind.value][1]}/{name}.yaml already"
        raise ZooError("NAME", "", problem, "take another name, or edit that one")
    chosen = {each: word for each, word in zip(CHOICES, (rule, neuron, synapse), strict=True) if word}
    given = [*chosen, *(["extends"] if extends else [])]
    if given and kind.value != "experiment":
        raise ZooError(f"--{given[0]}", "", f"it is for an experiment, not a {kind.value}", "leave it out")
    words = {each.upper(): named_file(zoo, each, word) for each, word in chosen.items()}
    templates = sorted((TEMPLATES / kind.value).glob("*.yaml"))
    if extends:
        words, templates = words | _of_another(zoo, named_file(zoo, "experiment", extends)), [ANOTHER]
    text = _sound_text(zoo, kind.value, name, words, templates)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ZooError("NAME", "", f"there is a file {path} already", "take another name") from None
    out.print(f"{from_here(path)}: now edit it, and try", soft_wrap=True)
    for line in text.splitlines():
        if line.startswith(COMMAND):
            out.print(f"  {line.removeprefix(COMMAND)}", soft_wrap=True)


def _of_another(zoo: Zoo, name: str) -> dict[str, str]:
    """Words for the template of an experiment that extends another."""
    from brian2zoo.circuits import smallest

    experiment = zoo.experiment(name)
    role = "hidden" if "hidden" in experiment.neurons else "output"
    hidden = "-".join(["100"] * (len(smallest(experiment)) - 2))
    output = "10" if experiment.one_output_a_class else "100"
    return {"EXTENDS": name, "ROLE": role, "LAYERS": "-".join(filter(None, ("64", hidden, output)))}


def _sound_text(zoo: Zoo, kind: str, name: str, words: dict[str, str], templates: list[Path]) -> str:
    """The first of the templates that goes with these files; the mistake of the first one if none does."""
    mistakes: list[ZooError] = []
    for template in templates:
        text = _filled(template.read_text(encoding="utf-8"), {"NAME": name, **words})
        found = _mistakes(zoo, kind, name, text)
        if not found:
            return text
        mistakes += found[:1]
    first = mistakes[0]
    if not words:
        raise first
    wanted = ", ".join(f"{key} '{words[key.upper()]}'" for key in CHOICES if key.upper() in words)
    base = f"experiment '{words['EXTENDS']}' does not go" if "EXTENDS" in words else "no template goes"
    problem = f"{base} with {wanted}; of the first, {first.where}: {first.field}: {first.problem}"
    raise ZooError("NAME", "", problem, "name others that go with it, or write the experiment by hand")


def _filled(template: str, words: dict[str, str]) -> str:
    """A template with its words in capitals replaced, without the lines of those that are not there."""
    from brian2zoo.equations.pieces import renamed

    absent = {key.upper() for key in CHOICES} - words.keys()
    lines = (line for line in template.splitlines() if not absent & set(re.findall(r"\b[A-Z]+\b", line)))
    return "\n".join(renamed(line, words) for line in lines) + "\n"


def _mistakes(zoo: Zoo, kind: str, name: str, text: str) -> list[ZooError]:
    """What the check says of a file with this text, which is not yet in the zoo."""
    from brian2zoo.check import check_experiment, check_file, errors

    with_draft = Zoo(zoo.root, {**zoo.files, f"{KINDS[kind][1]}/{name}.yaml": text})
    try:
        found = check_experiment(with_draft.experiment(name)) if kind == "experiment" else []
    except ZooError as error:
        return [error]
    return errors(found or check_file(with_draft, kind, name))
