"""What the command line shows: files, composed equations, costs."""

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from brian2zoo.errors import ZooError
from brian2zoo.formats.language import Refused, sizes
from brian2zoo.formats.remembered import Memory, Noting
from brian2zoo.formats.zoo import Zoo

if TYPE_CHECKING:  # Brian2 and xarray take seconds to import: only what needs them does
    import xarray as xr

    from brian2zoo.circuits import Circuit, Projection
    from brian2zoo.compose.circuit import Codes
    from brian2zoo.compose.neuron import NeuronCode
    from brian2zoo.compose.synapse import SynapseCode

File = tuple[str, str]
"""Kind and name."""

_CODE_WIDTH = 56
"""Of strings, up to where what comes beside them is aligned."""
_NARROWEST = 40
"""Columns that text is wrapped to at least, however narrow a terminal is."""

PIPED = 100
"""Columns of what goes into a file or a pipe; into a terminal, its own. A line that names a file or a command stays
whole (`soft_wrap`), to be copied."""
out = Console(highlight=False, markup=False, width=None if sys.stdout and sys.stdout.isatty() else PIPED)


def new_table(*columns: str) -> Table:
    """A table without lines, in which nothing is cut off."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "name"))
    return table


def say(text: str, style: str = "", begin: str = "", hang: str = "  ") -> None:
    """Lines of text, each wrapped between words where it is wider than the page; `begin` and `hang` indent it."""
    for line in text.splitlines():
        wrapped = textwrap.wrap(
            line, max(out.width, _NARROWEST), initial_indent=begin, subsequent_indent=begin + hang,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        out.print("\n".join(wrapped), style=style)


class Footnotes:
    """Texts that would stand in many rows of a table: a number there, and each text once below."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, text: str) -> str:
        """What stands in the row."""
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]" if text else ""

    def show(self) -> None:
        """The texts, by number."""
        for text, number in self._numbers.items():
            say(f"[{number}] {text}", style="dim", hang="    ")


def print_again(zoo: Noting, what: str, work: Callable[[], None]) -> None:
    """Print what `work` prints, or has printed before if nothing has changed that it depends on.

    Parameters
    ----------
    zoo : through which the work asks for all that it prints.
    what : names it.
    """

    def printed() -> str:
        captured = out.capture()
        try:
            with captured:
                work()
        except ZooError:
            out.out(captured.get(), end="")  # what came before the mistake
            raise
        return captured.get()

    memory = Memory(zoo, f"{what}, {out.width} columns, colours {out.color_system} {out.no_color}")
    out.out(memory.get("text", printed, bool), end="")
    memory.save()


def print_file(kind: str, file: Any) -> None:
    """A file of the zoo: its notes, its strings, its parameters with their units."""
    out.print(f"{kind}/{file.name}: {file.title}", style="bold")
    for line in (file.reference, file.notes, f"Extends {file.extends}." if file.extends else ""):
        say(line.strip(), style="dim", hang="")
    for key, value in file:
        if key in ("title", "reference", "notes", "extends", "name", "path", "parameters", "weights"):
            continue
        _print_block(key, "\n".join(_lines(value)))
    for key in ("weights", "parameters"):
        if getattr(file, key, ()):
            _print_parameters(key, kind, file)


def print_composed(zoo: Zoo, experiment: str, layers: str, mode: str, only: File | None) -> None:
    """Composed strings of an experiment's populations and projections; `only` those that use a file."""
    from brian2zoo.circuits import build, smallest
    from brian2zoo.compose.circuit import compose

    found = zoo.experiment(experiment)
    try:
        circuit = build(found, sizes(layers) if layers else smallest(found), mode)
    except Refused as error:
        raise error.at("--layers") from None
    print_circuit(circuit, compose(circuit), only)


def composed_text(circuit: "Circuit", codes: "Codes") -> str:
    """What `print_circuit` prints, without colours."""
    with out.capture() as captured:
        print_circuit(circuit, codes)
    return Text.from_ansi(captured.get()).plain


def print_circuit(circuit: "Circuit", codes: "Codes", only: File | None = None) -> None:
    """Composed strings of a circuit; `only` those that use a file."""
    layers = "-".join(map(str, circuit.layers))
    experiment, zoo = circuit.experiment.name, circuit.experiment.zoo
    out.print(f"\n{experiment} on {layers}, {circuit.mode}", style="bold underline")
    parts = [part for part in _parts(circuit, codes) if only is None or only in part[1]]
    if not parts:
        problem = f"no population or projection of '{experiment}' is made of '{'/'.join(only)}'"
        raise ZooError("--on", "", problem, "pick an experiment that names the file")
    for heading, _, code in parts:
        out.print(f"\n{heading}", style="bold")
        _print_code(code)
    if circuit.plastic and circuit.answer != "rates" and (only is None or only[0] == "rule"):
        _print_block("learning on chips", "\n".join(_on_chips(zoo, circuit, codes, only)))
    if only is None:
        from brian2zoo.backends.capability import verdicts
        from brian2zoo.run.programs import ways

        text = "\n".join(f"{name}: {way}" for name, way in ways(circuit).items())
        _print_block(f"synapses that change in every step, on {circuit.experiment.backend}", text)
        _print_block("backends", "\n".join(f"{name}: {verdict}" for name, verdict in verdicts(circuit).items()))


def print_events(zoo: Zoo, experiments: list[str]) -> None:
    """Operations of one event, of some experiments; on the smallest network, since they do not depend on sizes."""
    from brian2zoo.mapping.ledger import alike, events, memories

    for name, circuit in _smallest(zoo, experiments):
        out.print(name, style="bold")
        table = new_table("part", "event", "operations", "of")
        for part, happens, operations, names in alike(events(circuit)):
            table.add_row(part, happens, operations_text(vars(operations)), _listed(names))
        for what, bits, learning, names in memories(circuit):
            kept = f"{len(bits)} value{'' if len(bits) == 1 else 's'}, {sum(bits)} bits"
            table.add_row("memory", what, f"{kept}, {learning} to learn" if learning else kept, _listed(names))
        out.print(table)
        out.print()


def print_events_in_short(zoo: Zoo, experiments: list[str]) -> None:
    """A line for each experiment: how many operations its events ask for at most, and what a synapse keeps."""
    from brian2zoo.mapping.ledger import alike, events, memories

    table = new_table("", "a spike at", "a synapse:", "a step of", "a step of", "bits of a", "to learn,")
    table.add_row("experiment", "transmit", "learn", "a synapse", "a neuron", "synapse", "values", style="dim")
    for name, circuit in _smallest(zoo, experiments):
        most: dict[tuple[str, str], float] = {}
        for part, happens, operations, _ in alike(events(circuit)):
            most[part, happens] = max(sum(vars(operations).values()), most.get((part, happens), 0))
        synapse_steps = [n for (_, happens), n in most.items() if happens == "synapse, step"]
        counts = (
            most.get(("transmission", "synapse, spike")),
            most.get(("learning", "synapse, spike")),
            max(synapse_steps, default=None),
            most.get(("neurons", "neuron, step")),
        )
        kept = [(sum(bits), learning) for what, bits, learning, _ in memories(circuit) if what == "plastic synapse"]
        cells = (*counts, *(max(kept) if kept else (None, None)))
        table.add_row(name, *(f"{n:g}" if n else "" for n in cells))
    out.print(table)
    say("Operations of all kinds, of the largest event. By kind: brian2zoo ledger --experiment NAME", "dim")


def _smallest(zoo: Zoo, experiments: list[str]) -> "Iterator[tuple[str, Circuit]]":
    from brian2zoo.check import ReadOnce, sound_experiment
    from brian2zoo.circuits import build, smallest

    zoo = ReadOnce.of(zoo)
    for name in experiments:
        experiment = sound_experiment(zoo, name)
        yield name, build(experiment, smallest(experiment), "train")


def operations_text(counts: Mapping[str, float]) -> str:
    """Numbers of operations by kind, those that there are: `1 synapse write, 2 comparisons`."""
    words = ((f"{n:.3g}", name.replace("_", " ")) for name, n in counts.items() if n)
    return ", ".join(f"{n} {name.removesuffix('s') if n == '1' else name}" for n, name in words)


def print_mapping(told: dict[str, Any]) -> None:
    """A network on a chip of spiking cores, and what a sample costs, as `mapping.spiking.report` tells them."""
    out.print(f"{told['experiment']} {told['layers']}, {told['mode']}, on {told['chip']}", style="bold")
    say(
        f"{told['neurons']} neurons and {told['synapses']} synapses, of which {told['plastic_synapses']} learn,"
        f" on {told['cores']} cores of {told['chips']} chip{'' if told['chips'] == 1 else 's'}"
        + (f"; most cores are full of {told['binding']}" if told["binding"] else "")
    )
    if told["limits"]:
        table = new_table(
            "limit of a core", "it has", "most on one", "all together", "cores by itself", "cores it closed"
        )
        for name, limit in told["limits"].items():
            keys = ("a_core_has", "most_on_a_core", "total", "cores_by_itself", "cores_closed")
            table.add_row(name, *(f"{limit[key]:g}" for key in keys))
        out.print(table)
    for rule in told["rules"]:
        if rule["fits"] == "yes":
            say(f"rule '{rule['rule']}' fits: {rule['how']}")
    for caveat in told["caveats"]:
        say(f"- {caveat}", style="yellow")
    for path in told.get("written", ()):
        out.print(f"wrote {path}", soft_wrap=True)
    if "energy" not in told:
        out.print("No costs without spikes: give a result with --run.", style="dim")
        return
    out.print(f"\na sample, spikes {told['spikes']}", style="bold")
    if told["learning"]:
        whose = {"sweep": "every plastic synapse in each step", "active": "the synapses that a spike passes"}
        out.print(f"learning visits {whose[told['learning']]}")
    notes = Footnotes()
    for title, terms, unit in (("energy", told["energy"], "J"), ("time of the slowest cores", told["time"], "s")):
        table = new_table(title, "events", "all of them", "price of one")
        for term in terms:
            table.add_row(
                term["what"], f"{term['count']:.4g}", _quantity(term["total"], unit), notes.mark(term["source"])
            )
        out.print(table)
    for name, key, unit in (
        ("energy without static power", "energy_dynamic", "J"),
        ("static energy", "energy_static", "J"),
        ("latency", "latency", "s"),
        ("energy without static power times latency", "edp", "Js"),
    ):
        out.print(f"{name}: {_quantity(told[key], unit)}")
    notes.show()
    if told["missing"]:
        say(f"no number is published of {', '.join(told['missing'])}: not counted", style="yellow")


def print_cim(title: str, rule: str, result: "xr.Dataset") -> None:
    """Areas, times and energies of an epoch on a compute-in-memory chip."""
    out.print(f"{title}: {result.attrs['layers']}, {rule.upper()}, one epoch", style="bold")
    area = new_table("area", "mm2", "%")
    for name, values in result.data_vars.items():
        if name.endswith("_um2"):
            share = 100 * float(values) / float(result.ChipArea_um2)
            area.add_row(values.attrs["long_name"], f"{float(values) / 1e6:.4g}", f"{share:.3g}")
    out.print(area)
    costs = new_table("phase or part", "ms", "mJ")
    costs.add_row("total", f"{float(result.Total_lat_ns) / 1e6:.4g}", f"{float(result.Total_E_pJ) / 1e9:.4g}")
    for name in result.data_vars:
        stem = name.removesuffix("_lat_ns")
        if f"{stem}_E_pJ" in result and name != stem and not stem.startswith("Total") and not stem.endswith("peak"):
            time, energy = (float(result[f"{stem}_{key}"].sum()) for key in ("lat_ns", "E_pJ"))
            label = result[name].attrs["long_name"].removeprefix("time: ")
            costs.add_row(label, f"{time / 1e6:.4g}", f"{energy / 1e9:.4g}")
    out.print(costs)


def _parts(circuit: "Circuit", codes: "Codes") -> "Iterator[tuple[str, set[File], NeuronCode | SynapseCode]]":
    """Heading, files and code of each population, projection and influence."""
    for population in circuit.populations:
        files = {("neuron", population.neuron.name)} | {("state", f.name) for f in population.formats.values()}
        yield f"{population.name}: {population.size} {population.neuron.name}", files, codes.neurons[population.name]
    for projection in circuit.projections:
        files = {("synapse", projection.synapse.name)} | _of_projection(circuit, projection)
        heading = f"{projection.pre.name} -> {projection.post.name}: {projection.size} {projection.synapse.name}"
        if projection.rule is not None:
            heading += f" under {projection.rule.name}"
        yield heading, files, codes.synapses[projection.name]
    for influence in circuit.influences:
        rule, post, code = influence.of.rule.name, influence.of.post, codes.influences[influence.name]
        files = _of_projection(circuit, influence.of)
        heading = (
            f"{influence.of.name} -> {post.name}: {influence.size} stores of each weight on each neuron under {rule}"
        )
        yield heading, files, code.stores
        if code.couplings is not None:
            yield f"within {influence.name}: {influence.couplings} couplings", files, code.couplings


def _on_chips(zoo: Zoo, circuit: "Circuit", codes: "Codes", only: File | None) -> Iterator[str]:
    """Whether chips can learn by the rules of a circuit."""
    from brian2zoo.mapping.spiking.engine import Learning

    learning = Learning(circuit, codes)
    for name in zoo.names("chip"):
        chip = zoo.chip(name)
        found = learning.verdicts(chip) if chip.learning != "none" else {}
        for verdict, projections in found.items():
            if only is None or only in _of_projection(circuit, projections[0]):
                where = f", {_listed([p.name for p in projections])}" if len(found) > 1 else ""
                yield f"{name}{where}: {verdict}"


def _of_projection(circuit: "Circuit", projection: "Projection") -> set[File]:
    """The files by which a projection learns."""
    if projection.rule is None:
        return set()
    learning = circuit.experiment.learning
    choice = learning.of(projection.kind)
    files = {(key, getattr(choice, key)) for key in ("rule", "surrogate", "optimizer")}
    return files | {("feedback", learning.feedback), ("loss", learning.loss)}


def _print_code(code: "NeuronCode | SynapseCode") -> None:
    """Strings line by line, and the file and field that each comes from; what comes from none is composing's own."""
    for key in (field.name for field in fields(code)):
        value = getattr(code, key)
        if key == "parameters":
            value = "\n".join(f"{name} = {quantity}" for name, quantity in value.items())
        if not value or not isinstance(value, str):
            continue
        out.print(f"  {key}", style="dim")
        sources = [line.source for line in code.pieces.get(key, ())]
        lines = value.strip().splitlines()
        width = min(max(map(len, lines)), _CODE_WIDTH)
        for line, source in zip_longest(lines, sources[: len(lines)], fillvalue=""):
            text, origin = Text(f"    {line}"), f"    # {source}" if source else ""
            room = out.width - len(text) - len(origin)
            if origin and room < 0:
                out.print(origin, style="dim")  # above the line, where it does not fit next to it
            elif origin:
                text.append(f"{'':{min(max(width - len(line), 0), room)}}{origin}", style="dim")
            out.print(text)


def _print_parameters(title: str, kind: str, file: Any) -> None:
    lines, units = getattr(file, title), {}
    if kind != "experiment":
        from brian2zoo.equations.pieces import constants, unit_name

        units = {name: unit_name(value) for name, value in constants(file, {}).items()}
    out.print(f"\n{title}", style="bold")
    table = new_table("name", "value", *(["unit", "domain"] if units else []), "meaning")
    for line in lines:
        table.add_row(line.name, line.value, *([units[line.name], line.domain] if units else []), line.meaning)
    out.print(table)


def _print_block(title: str, text: str) -> None:
    if text:
        out.print(f"\n{title}", style="bold")
        say(text, begin="  ", hang="    ")


def _lines(value: Any, key: str = "") -> Iterator[str]:
    """A field as lines of text, nested keys with dots."""
    if isinstance(value, BaseModel | dict):
        stated = value.model_fields_set if isinstance(value, BaseModel) else value
        for inner, nested in value.items() if isinstance(value, dict) else value:
            if inner not in stated:
                continue
            yield from _lines(nested, f"{key}.{inner}" if key else inner)
    elif value:
        text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).strip()
        separator = ":\n" if "\n" in text else ": "
        yield from (f"{key}{separator}{text}" if key else text).splitlines()


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return "not known"
    from matplotlib.ticker import EngFormatter

    return EngFormatter(unit, places=2)(value)


def _listed(names: list[str], shown: int = 3) -> str:
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
