"""The commands `brian2zoo map spiking` and `brian2zoo map cim`: what a network costs on a chip."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from brian2zoo.cli.show import out, print_cim, print_mapping
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.language import Refused
from brian2zoo.formats.settings import joined, values_of
from brian2zoo.formats.zoo import Zoo

Mode = StrEnum("Mode", ["train", "test"])
Learning = StrEnum("Learning", ["sweep", "active"])
app = typer.Typer(no_args_is_help=True, help="What a network costs on a chip: of spiking cores, or compute-in-memory.")

Layers = Annotated[str, typer.Option(help="Sizes of the layers, such as 784-200-10; left out, those of --run.")]
Run = Annotated[Path | None, typer.Option(help="Result of a training, or of its spikes, to price.")]
AsJson = Annotated[bool, typer.Option("--json", help="All numbers as JSON.")]


@app.command()
def spiking(
    ctx: typer.Context,
    chip: Annotated[str, typer.Option(help="File in models/chips, of kind spiking.")],
    experiment: Annotated[str, typer.Argument(help="Network; left out, that of --run.")] = "",
    layers: Layers = "",
    run: Run = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="scope.name=value of the experiment; joined by colons, or several times."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Network that learns, or that only infers.")] = Mode.train,
    placement: Annotated[str, typer.Option(help="File in models/placements; else cores are filled.")] = "",
    learning: Annotated[Learning | None, typer.Option(help="Synapses that learning visits.")] = None,
    sana_fe: Annotated[Path | None, typer.Option(help="Folder to write the same to, as SANA-FE's files.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which cores of a chip a network takes, what forbids it, and with the spikes of a run energy and latency."""
    zoo: Zoo = ctx.obj
    _known_chip(zoo, chip, "chip", "cim")
    if learning and run is None:
        raise ZooError("--learning", "", "nothing is priced without spikes", "give a result with --run")
    setting = joined(set_ or [])
    try:
        values_of(setting)
    except Refused as error:
        raise error.at("--set") from None
    from brian2zoo.mapping.spiking import report
    from brian2zoo.mapping.spiking.request import PlacementRequest

    asked = PlacementRequest(zoo, chip, experiment, layers, mode.value, setting, placement, run)
    told = report.of_placement(asked.placement)
    if asked.activity is not None:
        told |= report.of_costs(asked.costs(learning.value if learning else None))
    if sana_fe is not None:
        from brian2zoo.mapping.spiking import sanafe

        told["written"] = [str(path) for path in sanafe.write(asked.placement, asked.activity, sana_fe)]
    if as_json:
        out.print_json(json.dumps(told))
    else:
        print_mapping(told)


@app.command()
def cim(
    ctx: typer.Context,
    chip: Annotated[str, typer.Option(help="File in models/chips, of kind compute_in_memory.")],
    layers: Layers = "",
    run: Annotated[Path | None, typer.Option(help="Result of a training, with its weights, to price.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="name=value of the chip file; several are joined by colons.")
    ] = None,
    rule: Annotated[str, typer.Option(help="bp or dfa; left out, that of --run, else bp.")] = "",
    as_json: AsJson = False,
) -> None:
    """Areas of a compute-in-memory chip, and time and energy of an epoch of training, by phase and part."""
    zoo: Zoo = ctx.obj
    _known_chip(zoo, chip, "cim", "chip")
    from brian2zoo.mapping.cim import estimate, report
    from brian2zoo.mapping.cim.request import request

    asked = request(zoo, zoo.cim(chip), layers, run, set_ or [], rule)
    result = estimate(zoo.cim(chip), asked.layers, asked.settings, asked.rule)
    if as_json:
        out.print_json(json.dumps(report(result)))
    else:
        print_cim(zoo.cim(chip).title, asked.rule, result)


def _known_chip(zoo: Zoo, chip: str, kind: str, other: str) -> None:
    """`ZooError` if there is no chip of this kind; one of the other kind has the other command."""
    commands = {"chip": "brian2zoo map spiking", "cim": "brian2zoo map cim"}
    if chip in zoo.names(other):
        raise ZooError("--chip", "", f"'{chip}' is a chip of another kind", f"take '{commands[other]}'")
    if chip not in (known := zoo.names(kind)):
        remedy = did_you_mean(chip, known, f"chips: {', '.join(known)}")
        raise ZooError("--chip", "", f"there is no chip '{chip}'", remedy)
