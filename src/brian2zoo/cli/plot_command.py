"""The command `brian2zoo plot`: a picture of what a rule, a neuron or a synapse does."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from brian2zoo.cli.finding import File, find, from_here
from brian2zoo.cli.show import out
from brian2zoo.errors import ZooError
from brian2zoo.formats.language import Refused
from brian2zoo.formats.settings import joined, values_of
from brian2zoo.formats.zoo import Zoo

FOLDER = Path("results/plots")
SUFFIXES = (".png", ".pdf")


def plot(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name, kind/name or path of a rule, a neuron or a synapse.")],
    on: Annotated[
        str,
        typer.Option(help="Experiment that supplies parameters and neurons; default: the first that uses the file."),
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="scope.name=value, as in a setting; several are joined by colons."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--out", help="PNG or PDF to write; default: results/plots/KIND/NAME.png.")
    ] = None,
) -> None:
    """Draw within seconds what a rule, a neuron or a synapse does, from the same strings that train.

    A rule of spike timing: the change by one pair against the time between its spikes, and by many pairs against their
    rate. A rule that reads an error: the change against the variables it reads. A rule of eligibility: the trace of one
    presynaptic spike. A neuron: firing rate against input, and its membrane under a step; an input unit: its spikes
    against the data. A synapse: the effect of a spike on the neuron, and the weight after a change.
    """
    from brian2zoo.figures import save
    from brian2zoo.figures.pictures import picture
    from brian2zoo.protocols.subject import subject

    zoo: Zoo = ctx.obj
    kind, stem = drawable(zoo, name)
    path = file or zoo.workplace / FOLDER / kind / f"{stem}.png"
    if path.suffix not in SUFFIXES:
        raise ZooError("--out", "", f"'{path}' is no picture", f"end it in {' or '.join(SUFFIXES)}")
    found = subject(zoo, kind, stem, on, _setting(set_ or []))
    figure, caption = picture(found)
    words = [name, *(["--on", on] if on else []), *(word for each in set_ or () for word in ("--set", each))]
    save(figure, path.with_suffix(""), shlex.join(["brian2zoo", "plot", *words]), caption, (path.suffix[1:],))
    where = f"in experiment {found.experiment.name}" if found.used else "by itself: no experiment uses it"
    out.print(f"{from_here(path)}: {kind} {stem} {where}", soft_wrap=True)


def drawable(zoo: Zoo, name: str) -> File:
    """The file of a name that can be drawn."""
    from brian2zoo.figures.pictures import KINDS

    files = find(zoo, name)
    found = [each for each in files if each[0] in KINDS]
    if len(found) > 1:
        problem = f"'{name}' is {' and '.join('/'.join(each) for each in found)}"
        raise ZooError("NAME", "", problem, f"say which: brian2zoo plot {'/'.join(found[0])}")
    if not found:
        kind, stem = files[0]
        remedy = f"name a {', '.join(KINDS[:-1])} or {KINDS[-1]}; 'brian2zoo list' has them"
        if kind == "experiment":
            remedy = f"name a rule, a neuron or a synapse that it uses, with --on {stem}"
        raise ZooError("NAME", "", f"there is no picture of {kind} '{stem}'", remedy)
    return found[0]


def _setting(parts: list[str]) -> str:
    setting = joined(parts)
    try:
        values_of(setting)
    except Refused as error:
        raise error.at("--set") from None
    return setting
