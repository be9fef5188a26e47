"""The command `brian2zoo`: look at the zoo and check it."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from brian2zoo import __version__
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.spec import FEEDBACK, KINDS, json_schemas
from brian2zoo.zoo import ROOT, Zoo

if TYPE_CHECKING:  # Brian2 takes seconds to import: only the commands that need it do
    from brian2zoo.circuits import Circuit
    from brian2zoo.compose import NeuronCode, SynapseCode

File = tuple[str, str]
"""Kind and name."""

Kind = StrEnum("Kind", list(KINDS))
Mode = StrEnum("Mode", ["train", "test"])

# Into a file or a pipe, a table row stays on one line.
_WIDTH = None if sys.stdout.isatty() else 240
out = Console(highlight=False, markup=False, soft_wrap=True, width=_WIDTH)
err = Console(highlight=False, markup=False, soft_wrap=True, stderr=True)


class _OneLineErrors(TyperGroup):
    """A user's mistake ends any command with one red line and code 2."""

    def invoke(self, ctx: typer.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ZooError as error:
            err.print(str(error), style="red")
            raise typer.Exit(2) from None


app = typer.Typer(cls=_OneLineErrors, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Entry point of the console script."""
    app()


def _print_version(asked: bool) -> None:
    if asked:
        out.print(f"brian2zoo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    root: Annotated[Path, typer.Option(help="Folder with models/, rules/ and config/.")] = ROOT,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Learning rules for neuromorphic hardware as text files of Brian2 equations."""
    if not (root / KINDS["rule"][1]).is_dir():
        raise ZooError("--root", "", f"there is no zoo in {root}", "give the folder with models/, rules/ and config/")
    ctx.obj = Zoo(root)


@app.command("list")
def list_files(ctx: typer.Context, kind: Annotated[Kind | None, typer.Argument()] = None) -> None:
    """The files there are, of one kind or of all."""
    table = _table("kind", "name", "title", "reference")
    for each in [kind.value] if kind else KINDS:
        for name in ctx.obj.names(each):
            file = ctx.obj.load(each, name)
            table.add_row(each, name, file.title, file.reference)
    out.print(table, soft_wrap=False)


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name, kind/name or path of a file.")],
    on: Annotated[str, typer.Option(help="Experiment in which to show the file at work.")] = "",
    layers: Annotated[str, typer.Option(help="Sizes of the layers.")] = "4-3-2",
    mode: Annotated[Mode, typer.Option(help="Network that learns, or that only infers.")] = Mode.train,
) -> None:
    """A file, and the Brian2 strings it is composed to: of an experiment all, with --on those that use the file."""
    zoo: Zoo = ctx.obj
    files = find(zoo, name)
    if len(files) > 1:
        out.print(f"{name} is {' and '.join('/'.join(file) for file in files)}", style="dim")
    for kind, stem in files:
        if len(files) > 1:
            out.print()
        _show_file(kind, zoo.load(kind, stem))
        experiment = on or (stem if kind == "experiment" else "")
        if experiment:
            _show_composed(zoo, experiment, layers, mode.value, None if kind == "experiment" else (kind, stem))


@app.command()
def check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names, kind/name or paths; default all.")] = None,
) -> None:
    """Names and units of files and of every experiment that uses them, without compiling anything."""
    start = time.perf_counter()
    from brian2zoo.check import check_zoo, errors

    zoo: Zoo = ctx.obj
    findings = check_zoo(zoo, {file for name in names for file in find(zoo, name)} if names else None)
    mistakes = errors(findings)
    for finding in findings:
        out.print(str(finding), style="red" if finding in mistakes else "yellow")
    n_warnings = len(findings) - len(mistakes)
    found = ", ".join(
        f"{n} {what}{'' if n == 1 else 's'}" for n, what in ((len(mistakes), "mistake"), (n_warnings, "warning"))
    )
    out.print(f"{found}, {time.perf_counter() - start:.1f} s")
    raise typer.Exit(1 if mistakes else 0)


@app.command()
def derive(
    ctx: typer.Context,
    neuron: Annotated[str, typer.Argument(help="Name or path of the neuron in models/neurons.")],
    surrogate: Annotated[str, typer.Option(help="File in models/surrogates; needed if the neuron spikes.")] = "",
    synapse: Annotated[str, typer.Option(help="File in models/synapses; found by itself if only one fits.")] = "",
    readout: Annotated[
        str, typer.Option(help="Neuron whose answer the error is of; its kernel then filters the eligibility.")
    ] = "",
    loss: Annotated[str, typer.Option(help="File in models/losses, where the neuron itself gives the answer.")] = "",
    feedback: Annotated[
        str, typer.Option(help=f"How errors reach hidden layers: {', '.join(FEEDBACK)}.")
    ] = "symmetric",
    optimizer: Annotated[str, typer.Option(help="File in models/optimizers; without one a step a sample.")] = "",
    through: Annotated[
        str, typer.Option(help="Variables, with commas, whose reset is differentiated by the surrogate; or 'none'.")
    ] = "",
    scale: Annotated[str, typer.Option(help="Distance from the threshold that is 1 to the surrogate.")] = "",
    on_synapses: Annotated[bool, typer.Option(help="Keep all traces on the synapses.")] = False,
    latex: Annotated[bool, typer.Option(help="Print the mathematics as LaTeX instead of the rule.")] = False,
    name: Annotated[str, typer.Option(help="Write rules/NAME.yaml instead of printing.")] = "",
) -> None:
    """The learning rule that a neuron's equations imply, as a rule file: traces, their jumps, eligibility, update."""
    from brian2zoo import derive as deriving
    from brian2zoo.derive.latex import latex_text

    zoo: Zoo = ctx.obj
    if feedback not in FEEDBACK:
        raise ZooError(
            "--feedback", "", f"there is no feedback '{feedback}'", did_you_mean(feedback, FEEDBACK, "see --help")
        )
    model = zoo.neuron(_named(zoo, "neuron", neuron))
    dynamics = deriving.read(model, deriving.fitting_synapse(zoo, model, synapse))
    kept = None if not through else () if through == "none" else through.split(",")
    traces = deriving.derive(dynamics, kept, factorize=not on_synapses)
    choice = deriving.Choice(
        zoo.surrogate(_named(zoo, "surrogate", surrogate)) if surrogate else None,
        scale,
        feedback,
        deriving.readout(zoo, _named(zoo, "neuron", readout)) if readout else None,
        zoo.loss(_named(zoo, "loss", loss)) if loss else None,
        zoo.optimizer(_named(zoo, "optimizer", optimizer)) if optimizer else None,
    )
    if latex:
        out.print(latex_text(traces))
        return
    text = deriving.rule_text(traces, choice, " ".join(["brian2zoo", *sys.argv[1:]]))
    if not name:
        out.print(text, end="")
        return
    path = zoo.root / KINDS["rule"][1] / f"{name}.yaml"
    if path.exists():
        raise ZooError("--name", "", f"there is a rule '{name}' already", "delete the file, or take another name")
    path.write_text(text, encoding="utf-8")
    out.print(f"{path}: {', '.join(traces.presynaptic) or 'no'} traces on presynaptic neurons")


@app.command()
def schemas(ctx: typer.Context) -> None:
    """Write schemas/KIND.json, by which editors complete and check the text files.

    For VS Code with the YAML extension, in .vscode/settings.json:

    "yaml.schemas": {"schemas/neuron.json": "models/neurons/*.yaml",
    "schemas/synapse.json": "models/synapses/*.yaml", "schemas/encoder.json": "models/encoders/*.yaml",
    "schemas/state.json": "models/states/*.yaml", "schemas/rule.json": "rules/*.yaml",
    "schemas/experiment.json": "config/experiments/*.yaml"}
    """
    folder = ctx.obj.root / "schemas"
    folder.mkdir(exist_ok=True)
    for kind, schema in json_schemas().items():
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        out.print(f"{path}: {KINDS[kind][1]}/*.yaml")


def find(zoo: Zoo, word: str) -> list[File]:
    """Files meant by a name, a kind/name or a path; `ZooError` if there is none."""
    files = [(kind, name) for kind in KINDS for name in zoo.names(kind)]
    known: dict[str, list[File]] = {}
    for kind, name in files:
        path = f"{KINDS[kind][1]}/{name}.yaml"
        for spelling in (name, f"{kind}/{name}", path, str((zoo.root / path).resolve())):
            known.setdefault(spelling, []).append((kind, name))
    found = known.get(word) or known.get(str(Path(word).resolve()))
    if not found:
        remedy = did_you_mean(word, known, "'brian2zoo list' names the files there are")
        raise ZooError("NAME", "", f"there is no file '{word}'", remedy)
    return found


def _named(zoo: Zoo, kind: str, word: str) -> str:
    """The name of a file of one kind, given by name or path."""
    found = [stem for k, stem in find(zoo, word if "/" in word else f"{kind}/{word}") if k == kind]
    if not found:
        raise ZooError("NAME", "", f"'{word}' is no {kind}", f"name a file of {KINDS[kind][1]}")
    return found[0]


def _show_file(kind: str, file: Any) -> None:
    out.print(f"{kind}/{file.name}: {file.title}", style="bold")
    for line in (file.reference, file.notes, f"Extends {file.extends}." if file.extends else ""):
        if line:
            out.print(line.strip(), style="dim")
    for key, value in file:
        if key in ("title", "reference", "notes", "extends", "name", "path", "parameters", "weights"):
            continue
        _print_block(key, "\n".join(_lines(value)))
    if kind == "rule":
        from brian2zoo.loihi import sum_of_products

        verdict = sum_of_products(file)
        _print_block("on Loihi", f"{'sum of products' if verdict.fits else 'no sum of products'}: {verdict.text}")
    for key in ("weights", "parameters"):
        if getattr(file, key, ()):
            _print_parameters(key, kind, file)


def _lines(value: Any, key: str = "") -> Iterator[str]:
    """A field as lines of text, nested keys with dots."""
    if isinstance(value, BaseModel | dict):
        for inner, nested in value.items() if isinstance(value, dict) else value:
            yield from _lines(nested, f"{key}.{inner}" if key else inner)
    elif value:
        text = ", ".join(value) if isinstance(value, tuple) else str(value).strip()
        separator = ":\n" if "\n" in text else ": "
        yield from (f"{key}{separator}{text}" if key else text).splitlines()


def _print_block(title: str, text: str) -> None:
    if text:
        out.print(f"\n{title}", style="bold")
        out.print(indent(text, "  "))


def _print_parameters(title: str, kind: str, file: Any) -> None:
    lines, units = getattr(file, title), {}
    if kind != "experiment":
        from brian2zoo.compose import constants, unit_name

        units = {name: unit_name(value) for name, value in constants(file, {}).items()}
    out.print(f"\n{title}", style="bold")
    table = _table("name", "value", *(["unit"] if units else []), "meaning")
    for line in lines:
        table.add_row(line.name, line.value, *([units[line.name]] if units else []), line.meaning)
    out.print(table, soft_wrap=False)


def _show_composed(zoo: Zoo, experiment: str, layers: str, mode: str, only: File | None) -> None:
    """Composed strings of an experiment's populations and projections; `only` those that use a file."""
    from brian2zoo.circuits import build
    from brian2zoo.network import compose

    try:
        sizes = [int(size) for size in layers.split("-")]
    except ValueError:
        raise ZooError("--layers", "", f"'{layers}' is no network", "write sizes such as 784-100-10") from None
    circuit = build(zoo, zoo.experiment(experiment), sizes, mode)
    codes = compose(circuit)
    out.print(f"\n{experiment} on {layers}, {mode}", style="bold underline")
    parts = [part for part in _parts(circuit, codes.neurons, codes.synapses) if only is None or only in part[1]]
    if not parts:
        problem = f"no population or projection of '{experiment}' is made of '{'/'.join(only)}'"
        raise ZooError("--on", "", problem, "pick an experiment that names the file")
    for heading, _, code in parts:
        out.print(f"\n{heading}", style="bold")
        _print_code(code)


def _parts(
    circuit: "Circuit", neurons: "dict[str, NeuronCode]", synapses: "dict[str, SynapseCode]"
) -> "Iterator[tuple[str, set[File], NeuronCode | SynapseCode]]":
    """Heading, files and code of each population and projection."""
    for population in circuit.populations:
        files = {("neuron", population.neuron.name)} | {("state", f.name) for f in population.formats.values()}
        yield f"{population.name}: {population.size} {population.neuron.name}", files, neurons[population.name]
    for projection in circuit.projections:
        files = {("synapse", projection.synapse.name)}
        heading = f"{projection.pre.name} -> {projection.post.name}: {projection.size} {projection.synapse.name}"
        if projection.rule is not None:
            files.add(("rule", projection.rule.name))
            heading += f" under {projection.rule.name}"
        yield heading, files, synapses[projection.name]


def _table(*columns: str) -> Table:
    """A table without lines, in which nothing is cut off."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "name"))
    return table


def _print_code(code: "NeuronCode | SynapseCode") -> None:
    for key in (field.name for field in fields(code)):
        value = getattr(code, key)
        if key == "parameters":
            value = "\n".join(f"{name} = {quantity}" for name, quantity in value.items())
        if value and isinstance(value, str):
            out.print(f"  {key}", style="dim")
            out.print(indent(value.strip(), "    "))
