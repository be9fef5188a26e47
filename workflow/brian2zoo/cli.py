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
from brian2zoo.kinds import KINDS, json_schemas
from brian2zoo.spec import FEEDBACK
from brian2zoo.zoo import ROOT, Zoo

if TYPE_CHECKING:  # Brian2 takes seconds to import: only the commands that need it do
    from brian2zoo.circuits import Circuit
    from brian2zoo.codes import Codes
    from brian2zoo.compose import NeuronCode, SynapseCode

File = tuple[str, str]
"""Kind and name."""

Kind = StrEnum("Kind", list(KINDS))
Mode = StrEnum("Mode", ["train", "test"])
Learning = StrEnum("Learning", ["sweep", "active"])

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
def backends(
    ctx: typer.Context,
    experiments: Annotated[list[str] | None, typer.Argument(help="Names; default all.")] = None,
) -> None:
    """Which experiments run on which backend: works, approximate (and how), unsupported (and which construct).

    Found from the composed equations of the network that learns, without compiling anything.
    """
    from brian2zoo.backends import BACKENDS
    from brian2zoo.backends.capability import verdicts
    from brian2zoo.circuits import build

    zoo: Zoo = ctx.obj
    table, notes = _table("name", *BACKENDS), {}
    for name in experiments or zoo.names("experiment"):
        found = verdicts(build(zoo, zoo.experiment(name), [4, 3, 2], "train"))
        cells = []
        for verdict in found.values():
            numbers = [str(notes.setdefault(reason, len(notes) + 1)) for reason in verdict.reasons]
            cells.append(f"{verdict.kind} {','.join(numbers)}".strip())
        table.add_row(name, *cells)
    out.print(table, soft_wrap=False)
    for reason, number in notes.items():
        out.print(f"{number}  {reason}", style="dim")


@app.command()
def doctor() -> None:
    """What the backends need of this machine: found, missing, too old or too new, and what to do."""
    from brian2zoo.backends.doctor import backends as missing_for
    from brian2zoo.backends.doctor import examine

    found = examine()
    colours = {"found": "green", "missing": "red"}
    for finding in found.values():
        told = f"{finding.what}: {finding.state}{f', {finding.detail}' if finding.detail else ''}"
        out.print(told + (f" — {finding.remedy}" if finding.remedy else ""), style=colours.get(finding.state, "yellow"))
    out.print()
    for name, reasons in missing_for(found).items():
        wanting = ", ".join(f"{finding.what} ({finding.state})" for finding in reasons)
        out.print(f"{name}: {f'does not run here: {wanting}' if wanting else 'runs here'}")


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


@app.command("map")
def map_network(
    ctx: typer.Context,
    chip: Annotated[str, typer.Option(help="File in models/chips.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EXPERIMENT]", help="Network of spikes; of a compute-in-memory chip NAME=VALUE."),
    ] = None,
    layers: Annotated[str, typer.Option(help="Sizes of the layers, such as 784-200-10.")] = "",
    run: Annotated[Path | None, typer.Option(help="Result of a training, or of its spikes, to price.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Numbers of the chip file to replace.")] = None,
    rule: Annotated[str, typer.Option(help="Compute in memory: bp or dfa; default that of the run, else bp.")] = "",
    mode: Annotated[Mode, typer.Option(help="Spikes: network that learns, or that only infers.")] = Mode.train,
    setting: Annotated[str, typer.Option(help="Spikes: scope.name=value,... of the experiment.")] = "default",
    placement: Annotated[str, typer.Option(help="Spikes: file in models/placements; else cores are filled.")] = "",
    learning: Annotated[Learning | None, typer.Option(help="Spikes: synapses that learning visits.")] = None,
    sana_fe: Annotated[Path | None, typer.Option(help="Spikes: folder for the same as SANA-FE's files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All numbers as JSON.")] = False,
) -> None:
    """What a network costs on a chip.

    On a chip of spiking cores: which cores it takes, what forbids it, and with the spikes of a run energy and latency
    of a sample. On a compute-in-memory chip: areas, and time and energy of an epoch by phase and part.
    """
    zoo: Zoo = ctx.obj
    if chip in zoo.names("cim"):
        _map_cim(zoo, chip, layers, run, [*(set_ or []), *(words or [])], rule, as_json)
        return
    if chip not in zoo.names("chip"):
        known = [name for kind in ("cim", "chip") for name in zoo.names(kind)]
        raise ZooError(
            "--chip", "", f"there is no chip '{chip}'", did_you_mean(chip, known, f"chips: {', '.join(known)}")
        )
    from brian2zoo.mapping.spiking import report
    from brian2zoo.mapping.spiking.request import Request

    asked = Request(zoo, chip, words or [], layers, mode.value, setting, placement, run)
    told = report.of_placement(asked.placement)
    if asked.activity is not None:
        told |= report.of_costs(asked.costs(learning.value if learning else None))
    if sana_fe is not None:
        from brian2zoo.mapping.spiking import sanafe

        told["written"] = [str(path) for path in sanafe.write(asked.placement, asked.activity, sana_fe)]
    if as_json:
        out.print_json(json.dumps(told))
    else:
        _print_mapping(told)


def _map_cim(zoo: Zoo, chip: str, layers: str, run: Path | None, settings: list[str], rule: str, as_json: bool) -> None:
    from brian2zoo.mapping.cim import estimate, report
    from brian2zoo.mapping.cim.request import request

    asked = request(zoo, zoo.cim(chip), layers, run, settings, rule)
    result = estimate(zoo.cim(chip), asked.layers, asked.settings, asked.rule)
    if as_json:
        out.print_json(json.dumps(report(result)))
        return
    out.print(f"{zoo.cim(chip).title}: {result.attrs['layers']}, {asked.rule.upper()}, one epoch", style="bold")
    area = _table("area", "mm2", "%")
    for name, values in result.data_vars.items():
        if name.endswith("_um2"):
            share = 100 * float(values) / float(result.ChipArea_um2)
            area.add_row(values.attrs["long_name"], f"{float(values) / 1e6:.4g}", f"{share:.3g}")
    out.print(area, soft_wrap=False)
    costs = _table("phase or part", "ms", "mJ")
    costs.add_row("total", f"{float(result.Total_lat_ns) / 1e6:.4g}", f"{float(result.Total_E_pJ) / 1e9:.4g}")
    for name in result.data_vars:
        stem = name.removesuffix("_lat_ns")
        if f"{stem}_E_pJ" in result and name != stem and not stem.startswith("Total") and not stem.endswith("peak"):
            time, energy = (float(result[f"{stem}_{key}"].sum()) for key in ("lat_ns", "E_pJ"))
            label = result[name].attrs["long_name"].removeprefix("time: ")
            costs.add_row(label, f"{time / 1e6:.4g}", f"{energy / 1e9:.4g}")
    out.print(costs, soft_wrap=False)


@app.command()
def ledger(
    ctx: typer.Context,
    results: Annotated[
        list[Path] | None, typer.Argument(help="Results of trainings; none: what one event costs.")
    ] = None,
    experiment: Annotated[list[str] | None, typer.Option(help="Experiments without a result; default all.")] = None,
) -> None:
    """What each rule costs: operations and memory, one event at a time or, of trained networks, a sample.

    Counted from the composed equations and, with results, from the spikes of the last epoch.
    """
    from brian2zoo.mapping.ledger import of_training
    from brian2zoo.results import read

    zoo: Zoo = ctx.obj
    if not results:
        _print_events(zoo, experiment or zoo.names("experiment"))
        return
    from brian2zoo.mapping.operations import KINDS as OPERATIONS

    table = _table("experiment", "network", "a sample", *(name.replace("_", " ") for name in OPERATIONS))
    memory = _table("experiment", "network", "bits a synapse", "bits a neuron", "footprint", "synaptic operations")
    for path in results:
        costs = of_training(zoo, read(path))
        name = [
            f"{costs.attrs['experiment']} {costs.attrs['setting']}",
            f"{costs.attrs['dataset']} {costs.attrs['layers']}",
        ]
        for part in costs.part.values:
            counts = costs.operations.sel(part=part).values
            table.add_row(*name, str(part), *(f"{n:.3g}" if n else "" for n in counts))
        bits = (f"{float(costs[key]):.4g}" for key in ("memory_synapse", "memory_neuron"))
        footprint, passed = (float(costs[key]) for key in ("Footprint", "SynapticOperations"))
        memory.add_row(*name, *bits, f"{footprint:.4g} bytes", f"{passed:.3g}")
    for each in (table, memory):
        out.print(each, soft_wrap=False)


def _print_events(zoo: Zoo, experiments: list[str]) -> None:
    """Operations of one event, of every experiment; on the smallest network, since they do not depend on sizes."""
    from brian2zoo.circuits import build
    from brian2zoo.mapping.ledger import Memory, alike, events
    from brian2zoo.mapping.operations import KINDS as OPERATIONS

    table = _table("experiment", "part", "event", *(name.replace("_", " ") for name in OPERATIONS), "of")
    for name in experiments:
        circuit = build(zoo, zoo.experiment(name), [4, 3, 2], "train")
        for part, happens, operations, names in alike(events(circuit)):
            counts = (getattr(operations, kind) for kind in OPERATIONS)
            table.add_row(name, part, happens, *(f"{n:g}" if n else "" for n in counts), _listed(names))
        memory = Memory.of(circuit)
        values, bits = f"{memory.values_synapse:g} values", f"{memory.bits_synapse:g} bits"
        table.add_row(name, "memory", "plastic synapse", values, bits, *[""] * (len(OPERATIONS) - 1))
    out.print(table, soft_wrap=False)


def _print_mapping(told: dict[str, Any]) -> None:
    out.print(f"{told['experiment']} {told['layers']}, {told['mode']}, on {told['chip']}", style="bold")
    out.print(
        f"{told['neurons']} neurons and {told['synapses']} synapses, of which {told['plastic_synapses']} learn,"
        f" on {told['cores']} cores of {told['chips']} chip{'' if told['chips'] == 1 else 's'}"
        + (f"; most cores are full of {told['binding']}" if told["binding"] else "")
    )
    if told["limits"]:
        table = _table("limit of a core", "it has", "most on one", "all together", "cores by itself", "cores it closed")
        for name, limit in told["limits"].items():
            keys = ("a_core_has", "most_on_a_core", "total", "cores_by_itself", "cores_closed")
            table.add_row(name, *(f"{limit[key]:g}" for key in keys))
        out.print(table, soft_wrap=False)
    for caveat in told["caveats"]:
        out.print(f"- {caveat}", style="yellow")
    for path in told.get("written", ()):
        out.print(f"wrote {path}")
    if "energy" not in told:
        out.print("No costs without spikes: give a result with --run.", style="dim")
        return
    out.print(f"\na sample, spikes {told['spikes']}", style="bold")
    if told["learning"]:
        whose = {"sweep": "every plastic synapse in each step", "active": "the synapses that a spike passes"}
        out.print(f"learning visits {whose[told['learning']]}")
    for title, terms, unit in (("energy", told["energy"], "J"), ("time of the slowest cores", told["time"], "s")):
        table = _table(title, "events", "all of them", "price of one")
        for term in terms:
            table.add_row(term["what"], f"{term['count']:.4g}", _quantity(term["total"], unit), term["source"])
        out.print(table, soft_wrap=False)
    for name, key, unit in (
        ("energy without static power", "energy_dynamic", "J"),
        ("static energy", "energy_static", "J"),
        ("latency", "latency", "s"),
        ("energy without static power times latency", "edp", "Js"),
    ):
        out.print(f"{name}: {_quantity(told[key], unit)}")
    if told["missing"]:
        out.print(f"no number is published of {', '.join(told['missing'])}: not counted", style="yellow")


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return "not known"
    from matplotlib.ticker import EngFormatter

    return EngFormatter(unit, places=2)(value)


def _listed(names: list[str], shown: int = 3) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


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
    autapse: Annotated[bool, typer.Option(help="SnAp-1: keep the way through a neuron's synapse onto itself.")] = False,
    full: Annotated[bool, typer.Option(help="Keep the ways through all neurons' spikes; for few neurons.")] = False,
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
    traces = deriving.derive(dynamics, kept, factorize=not on_synapses, autapse=autapse, full=full)
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
    from brian2zoo.codes import compose

    try:
        sizes = [int(size) for size in layers.split("-")]
    except ValueError:
        raise ZooError("--layers", "", f"'{layers}' is no network", "write sizes such as 784-100-10") from None
    circuit = build(zoo, zoo.experiment(experiment), sizes, mode)
    codes = compose(circuit)
    out.print(f"\n{experiment} on {layers}, {mode}", style="bold underline")
    parts = [part for part in _parts(circuit, codes) if only is None or only in part[1]]
    if not parts:
        problem = f"no population or projection of '{experiment}' is made of '{'/'.join(only)}'"
        raise ZooError("--on", "", problem, "pick an experiment that names the file")
    for heading, _, code in parts:
        out.print(f"\n{heading}", style="bold")
        _print_code(code)
    if only is None:
        from brian2zoo.backends.capability import verdicts

        _print_block("backends", "\n".join(f"{name}: {verdict}" for name, verdict in verdicts(circuit).items()))


def _parts(circuit: "Circuit", codes: "Codes") -> "Iterator[tuple[str, set[File], NeuronCode | SynapseCode]]":
    """Heading, files and code of each population, projection and influence."""
    for population in circuit.populations:
        files = {("neuron", population.neuron.name)} | {("state", f.name) for f in population.formats.values()}
        yield f"{population.name}: {population.size} {population.neuron.name}", files, codes.neurons[population.name]
    for projection in circuit.projections:
        files = {("synapse", projection.synapse.name)}
        heading = f"{projection.pre.name} -> {projection.post.name}: {projection.size} {projection.synapse.name}"
        if projection.rule is not None:
            files.add(("rule", projection.rule.name))
            heading += f" under {projection.rule.name}"
        yield heading, files, codes.synapses[projection.name]
    for influence in circuit.influences:
        rule, post, code = influence.of.rule.name, influence.of.post, codes.influences[influence.name]
        files = {("rule", rule)}
        heading = (
            f"{influence.of.name} -> {post.name}: {influence.size} stores of each weight on each neuron under {rule}"
        )
        yield heading, files, code.stores
        if code.couplings is not None:
            yield f"within {influence.name}: {influence.couplings} couplings", files, code.couplings


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
