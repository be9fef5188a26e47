"""The command `brian2zoo`: look at the zoo and check it."""

import json
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from brian2zoo import __version__
from brian2zoo.cli import (
    exchange_commands,
    figure_commands,
    init_command,
    map_commands,
    new_command,
    plot_command,
    table_command,
    unforeseen,
)
from brian2zoo.cli.finding import File, find, named_file, own_folder
from brian2zoo.cli.map_commands import Mode
from brian2zoo.cli.show import (
    Footnotes,
    new_table,
    operations_text,
    out,
    print_again,
    print_composed,
    print_events,
    print_events_in_short,
    print_file,
    say,
)
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.kinds import KINDS, json_schemas
from brian2zoo.formats.language import Refused, name_or_none
from brian2zoo.formats.language import name as a_name
from brian2zoo.formats.reference import FOLDER, with_tables
from brian2zoo.formats.remembered import Noting
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import ROOT, Zoo, is_zoo, zoo_in_use

if TYPE_CHECKING:
    from brian2zoo.backends.doctor import Finding

Kind = StrEnum("Kind", list(KINDS))
Jacobian = StrEnum("Jacobian", ["block_diagonal", "snap1", "full"])

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
    # Brian2 imports all of Matplotlib for scripts that plot, if it can: a third of the time that importing it takes
    sys.modules.setdefault("pylab", None)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")  # where it cannot write the sign of a title
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where a failure is reported, and not as Python ends
    except Exception as error:
        if isinstance(error, OSError):
            sys.stdout = None  # or Python would report it again
        err.print(unforeseen.told(error), style="red")
        sys.exit(1)


def _print_version(asked: bool) -> None:
    if asked:
        out.print(f"brian2zoo {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    root: Annotated[
        Path | None,
        typer.Option(
            help="Folder with models/, rules/ and config/experiments/. Default: the folder that BRIAN2ZOO_ROOT names,"
            " else the nearest such folder from here upwards, else the one that comes with the program."
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    """Learning rules for neuromorphic hardware as text files of Brian2 equations."""
    root = root or zoo_in_use()
    if not is_zoo(root):
        remedy = "give the folder with models/, rules/ and config/experiments/"
        raise ZooError("--root", "", f"there is no zoo in {root}", remedy)
    if (root / "src" / "brian2zoo").is_dir() and not root.samefile(ROOT):
        err.print(f"files of {root.resolve()}, program of {ROOT}", style="dim")
    ctx.obj = Zoo(root)


app.command()(figure_commands.figures)
app.command()(figure_commands.figure)
app.command()(plot_command.plot)
app.command()(table_command.table)
app.command()(new_command.new)
app.command()(init_command.init)
app.add_typer(map_commands.app, name="map")
app.add_typer(exchange_commands.export, name="export")
app.add_typer(exchange_commands.bring_in, name="import")


@app.command("list")
def list_files(
    ctx: typer.Context,
    kind: Annotated[Kind | None, typer.Argument(help="One kind of file; default: all.")] = None,
    paper: Annotated[str, typer.Option(help="Only what this paper's experiments use: a folder of papers/.")] = "",
    search: Annotated[str, typer.Option(help="Only files with this in name, title, reference or notes.")] = "",
) -> None:
    """List the files of the zoo, of one kind or all."""
    zoo, notes = ctx.obj, Footnotes()
    used = _of_paper(zoo, paper) if paper else None
    table = new_table("kind", "name", "title", "from")
    for each in [kind.value] if kind else KINDS:
        for name in zoo.names(each):
            file = zoo.load(each, name)
            words = "\n".join((name, file.title, file.reference, file.notes)).lower()
            if search.lower() in words and (used is None or (each, name) in used):
                table.add_row(each, name, file.title, notes.mark(file.reference))
    if not table.rows:
        raise ZooError("list", "", "no file is as asked for", "leave --search, --paper or the kind out")
    out.print(table)
    notes.show()


def _of_paper(zoo: Zoo, paper: str) -> set[File]:
    """Experiments of a paper, and the files that they name."""
    known = sorted({zoo.load("experiment", name).paper for name in zoo.names("experiment")} - {""})
    if paper not in known:
        remedy = did_you_mean(paper, known, f"papers: {', '.join(known)}")
        raise ZooError("--paper", "", f"no experiment is of paper '{paper}'", remedy)
    own = [zoo.load("experiment", name) for name in zoo.names("experiment")]
    own = [experiment for experiment in own if experiment.paper == paper]
    return {("experiment", experiment.name) for experiment in own} | {
        file for experiment in own for file in experiment.uses().values()
    }


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name, kind/name or path of a file.")],
    on: Annotated[str, typer.Option(help="Experiment that uses the file: show what is composed from it there.")] = "",
    layers: Annotated[str, typer.Option(help="Sizes of the layers; default: small ones.")] = "",
    mode: Annotated[Mode, typer.Option(help="The network that learns, or the one that only infers.")] = Mode.train,
) -> None:
    """Show a file: its strings, units and parameters.

    For an experiment, also all Brian2 strings composed from it; with --on, those that use the file.
    """
    zoo = Noting(ctx.obj)
    files = find(zoo, name)

    def printed() -> None:
        if len(files) > 1:
            out.print(f"{name} is {' and '.join('/'.join(file) for file in files)}", style="dim")
        for kind, stem in files:
            if len(files) > 1:
                out.print()
            print_file(kind, zoo.load(kind, stem))
            experiment = on or (stem if kind == "experiment" else "")
            if experiment:
                print_composed(zoo, experiment, layers, mode.value, None if kind == "experiment" else (kind, stem))

    print_again(zoo, f"show {name} {files} {on} {layers} {mode.value}", printed)


@app.command()
def backends(
    ctx: typer.Context,
    experiments: Annotated[list[str] | None, typer.Argument(help="Names of experiments; default: all.")] = None,
) -> None:
    """Say which experiment runs on which backend: works, approximate (and how), unsupported (and which construct).

    The answer comes from the composed equations of the network that learns; nothing is compiled.
    """
    from brian2zoo.backends import BACKENDS
    from brian2zoo.backends.capability import verdicts
    from brian2zoo.check import ReadOnce, sound_experiment
    from brian2zoo.circuits import build, smallest

    zoo = ReadOnce.of(ctx.obj)
    table, notes = new_table("name", *BACKENDS), {}
    for name in experiments or zoo.names("experiment"):
        experiment = sound_experiment(zoo, name)
        found = verdicts(build(experiment, smallest(experiment), "train"))
        cells = []
        for verdict in found.values():
            numbers = [str(notes.setdefault(reason, len(notes) + 1)) for reason in verdict.reasons]
            cells.append(f"{verdict.kind} {','.join(numbers)}".strip())
        table.add_row(name, *cells)
    out.print(table)
    for reason, number in notes.items():
        say(f"{number}  {reason}", style="dim", hang="    ")


@app.command()
def doctor() -> None:
    """Say what backends, a cluster and other simulators need on this machine: found or missing, and what to do."""
    from brian2zoo.backends.doctor import UPKEEP, examine, optional
    from brian2zoo.backends.doctor import backends as missing_for

    found = examine()
    for finding in found.values():
        _say_finding(finding, {"found": "green", "missing": "red"}.get(finding.state, "yellow"))
    out.print()
    for name, reasons in missing_for(found).items():
        wanting = ", ".join(f"{finding.what} ({finding.state})" for finding in reasons)
        say(f"{name}: {f'does not run here: {wanting}' if wanting else 'runs here'}")
    out.print()
    say(UPKEEP, hang="")
    out.print("\nNo backend needs these:")
    for finding in optional():
        _say_finding(finding, "green" if finding.state == "found" else "dim")


def _say_finding(finding: "Finding", style: str) -> None:
    told = f"{finding.what}: {finding.state}{f', {finding.detail}' if finding.detail else ''}"
    say(told + (f" — {finding.remedy}" if finding.remedy else ""), style)


@app.command()
def check(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Names, kind/name or paths; default: all files.")] = None,
) -> None:
    """Check names and units of files, and of every experiment that uses them, without compiling anything.

    What it finds right it remembers, in your user's cache folder, until a file that this depends on changes.
    """
    start = time.perf_counter()
    from brian2zoo.check import check_zoo, errors

    zoo: Zoo = ctx.obj
    findings = check_zoo(zoo, {file for name in names for file in find(zoo, name)} if names else None, remember=True)
    mistakes = errors(findings)
    for finding in findings:
        out.print(str(finding), style="red" if finding in mistakes else "yellow", soft_wrap=True)  # one line each
    n_warnings = len(findings) - len(mistakes)
    found = ", ".join(
        f"{n} {what}{'' if n == 1 else 's'}" for n, what in ((len(mistakes), "mistake"), (n_warnings, "warning"))
    )
    out.print(f"{found}, {time.perf_counter() - start:.1f} s")
    raise typer.Exit(1 if mistakes else 0)


@app.command()
def ledger(
    ctx: typer.Context,
    results: Annotated[
        list[Path] | None, typer.Argument(help="Results of trainings; without any: the cost of one event.")
    ] = None,
    experiment: Annotated[
        list[str] | None, typer.Option(help="Experiments to count without a result; default: all.")
    ] = None,
) -> None:
    """Count what each rule costs: operations and memory of one event or, for trained networks, of one sample.

    It counts the composed equations and, given results, the spikes of the last epoch. Without arguments it prints one
    line for each experiment; with --experiment, every event of that one.
    """
    from brian2zoo.mapping.ledger import of_training
    from brian2zoo.run.results import TRAINING, read

    zoo: Zoo = ctx.obj
    if results and experiment:
        raise ZooError("--experiment", "", "a result names its own experiment", "give results, or --experiment")
    for path in results or ():
        if str(path) in zoo.names("experiment") and not path.exists():
            remedy = f"for one event of the experiment: brian2zoo ledger --experiment {path}"
            raise ZooError("RESULTS", "", f"there is no file '{path}'", remedy)
    if not results:
        if experiment:
            print_events(zoo, experiment)
        else:
            print_events_in_short(zoo, zoo.names("experiment"))
        return
    from brian2zoo.mapping.operations import KINDS as OPERATIONS

    memory = new_table("network", "bits a synapse", "bits a neuron", "footprint", "synaptic operations")
    for path in results:
        costs = of_training(zoo, read(path, TRAINING))
        network = " ".join(str(costs.attrs[key]) for key in ("experiment", "setting", "dataset", "layers"))
        out.print(f"{network}: a sample", style="bold")
        table = new_table("part", "operations")
        for part in costs.part.values:
            counts = zip(OPERATIONS, costs.operations.sel(part=part).values, strict=True)
            table.add_row(str(part), operations_text(dict(counts)))
        out.print(table)
        bits = (f"{float(costs[key]):.4g}" for key in ("memory_synapse", "memory_neuron"))
        footprint, passed = (float(costs[key]) for key in ("Footprint", "SynapticOperations"))
        memory.add_row(network, *bits, f"{footprint:.4g} bytes", f"{passed:.3g}")
    out.print(memory)


@app.command()
def derive(
    ctx: typer.Context,
    neuron: Annotated[str, typer.Argument(help="Name or path of the neuron in models/neurons.")],
    synapse: Annotated[str, typer.Option(help="File in models/synapses; optional if only one fits.")] = "",
    jacobian: Annotated[
        Jacobian, typer.Option(help="Part of the Jacobian to keep, as `derived` in a rule.")
    ] = Jacobian.block_diagonal,
    through: Annotated[
        str, typer.Option(help="Variables, with commas, whose reset the surrogate differentiates; or 'none'.")
    ] = "",
    on_synapses: Annotated[bool, typer.Option(help="Keep all traces on the synapses.")] = False,
    latex: Annotated[bool, typer.Option(help="Print the mathematics as LaTeX instead of the rule.")] = False,
    name: Annotated[str, typer.Option(help="Write rules/NAME.yaml instead of printing.")] = "",
) -> None:
    """Derive the learning rule that a neuron's equations imply: its traces, their eligibility, and how they follow.

    A rule with the key `derived` is this one, derived whenever it is composed. Written to a file, it is yours to edit
    and no longer follows the neuron.
    """
    from brian2zoo.derive import derived, fitting_synapse, rule_text, traces_of
    from brian2zoo.derive.latex import latex_text
    from brian2zoo.derive.text import title_of

    zoo: Zoo = ctx.obj
    name = _option("--name", name_or_none, name)
    model = _sound(zoo, "neuron", neuron)
    fitting = fitting_synapse(zoo, model, named_file(zoo, "synapse", synapse) if synapse else "")
    store = _sound(zoo, "synapse", fitting.name)
    kept = None
    if through:
        kept = tuple(_option("--through", a_name, each.strip()) for each in through.split(",") if through != "none")
    asked = Rule(title=title_of(jacobian.value, model), derived=jacobian.value, through=kept)
    traces = traces_of(asked, model, store, not on_synapses)
    if latex:
        out.print(latex_text(traces), soft_wrap=True)
        return
    rule = derived(asked, model, store, not on_synapses)
    text = rule_text(rule, traces, " ".join(["brian2zoo", *sys.argv[1:]]))
    if not name:
        out.print(text, end="", soft_wrap=True)  # it is a file
        return
    path = own_folder(zoo) / KINDS["rule"][1] / f"{name}.yaml"
    if path.exists():
        raise ZooError("--name", "", f"there is a rule '{name}' already", "delete the file, or take another name")
    path.write_text(text, encoding="utf-8")
    out.print(f"{path}: {', '.join(traces.presynaptic) or 'no'} traces on presynaptic neurons", soft_wrap=True)


@app.command()
def schemas(ctx: typer.Context) -> None:
    """Write schemas/KIND.json, by which editors complete and check the text files, and the tables in docs/reference.

    VS Code with the YAML extension finds the schemas through .vscode/settings.json.
    """
    from brian2zoo.pipeline.config import Config

    root = own_folder(ctx.obj)
    folder = root / "schemas"
    folder.mkdir(exist_ok=True)
    for kind, schema in json_schemas().items():
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        out.print(f"{path}: {KINDS[kind][1]}/*.yaml", soft_wrap=True)
    for page in sorted((root / FOLDER).glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = with_tables(before, {"config": Config})
        if after != before:
            page.write_text(after, encoding="utf-8")
            out.print(f"{page}: tables of keys", soft_wrap=True)


def _option(option: str, check: Callable[[str], str], text: str) -> str:
    """The text of an option, if the language allows it."""
    try:
        return check(text)
    except Refused as error:
        raise error.at(option) from None


def _sound(zoo: Zoo, kind: str, word: str) -> Any:
    """A file of one kind, given by name or path; the first of the mistakes that are found in it alone."""
    from brian2zoo.check import sound

    return sound(zoo, kind, named_file(zoo, kind, word))
