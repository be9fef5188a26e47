"""The page of one file of a zoo: its mathematics, its numbers, where it runs, who uses it, the file itself."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from brian2zoo.compose.circuit import compose
from brian2zoo.derive import fitting_synapse, traces_of
from brian2zoo.derive.latex import latex_text
from brian2zoo.equations.pieces import constants, equations_of, kind_of, unit_name
from brian2zoo.errors import ZooError
from brian2zoo.formats import language
from brian2zoo.formats.rules import Rule
from brian2zoo.mapping import ledger
from brian2zoo.mapping.operations import KINDS as OPERATIONS
from brian2zoo.mapping.spiking.engine import Learning
from brian2zoo.pages import mathematics
from brian2zoo.pages.zoo import File, Whole, link

_TYPESET = {
    language.equations: mathematics.equations,
    language.statements: mathematics.statements,
    language.expression: lambda text: [mathematics.expression(text)],
}
_OWN_SECTION = ("protocol", "learning", "weights", "parameters", "numbers", "design", "quantities", "path")
_SAID_ELSEWHERE = ("title", "reference", "notes", "extends", "merges", "name")


def page(whole: Whole, file: File, pictures: Iterable[str] = ()) -> str:
    """The page as Markdown.

    Parameters
    ----------
    pictures : of the files that have one, KIND/NAME; it is beside the page, NAME.png.
    """
    kind, name = file
    model = whole.zoo.load(kind, name)
    parts: list[str] = [f"# {model.title}", _about(whole, file, model)]
    if "/".join(file) in pictures:
        parts.append(f"![What {name} does]({name}.png)\n\n`brian2zoo plot {kind}/{name}`")
    parts += _section("Mathematics", _mathematics(model))
    parts += _section("Variables", _variables(model))
    parts += _section("Parameters", _parameters(kind, model))
    parts += {"experiment": _experiment, "chip": _chip, "neuron": _implied, "rule": _rule}.get(kind, _nothing)(
        whole, file, model
    )
    if kind in ("chip", "cim", "placement"):
        command = "map cim" if kind == "cim" else "map spiking"
        parts += _section("Use it", [f"`brian2zoo {command} --chip {getattr(model, 'chip', name)}`"])
    else:
        parts += _section("Where it runs, and which experiments use it", whole.runs(file))
    text = (whole.zoo.root / model.path).read_text(encoding="utf-8").rstrip()
    parts += ["## The file", f"`{model.path}`", f"```yaml\n{text}\n```"]
    return "\n\n".join(parts) + "\n"


def _nothing(whole: Whole, file: File, model: Any) -> list[str]:
    return []


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return [f"## {title}", "\n".join(found)] if found else []


# --- What it is ------------------------------------------------------------------------------------


def _about(whole: Whole, file: File, model: Any) -> str:
    kind, name = file
    lines = [
        f"[The zoo](../index.md#{kind}) / {kind} / `{name}`"
        + (f", extends {link((kind, model.extends))}" if model.extends else "")
    ]
    if extended := whole.extended.get(file):
        lines[0] += f", extended by {', '.join(link((kind, each)) for each in extended)}"
    if model.reference:
        lines.append(f"Cite {reference(model.reference)}")
    return "  \n".join(lines) + (f"\n\n{escaped(model.notes.strip())}" if model.notes else "")


def reference(text: str) -> str:
    found = re.fullmatch(r"doi:(\S+)", text) or re.fullmatch(r"arXiv:(\S+)", text)
    if not found:
        return escaped(text)
    address = "https://doi.org/" if text.startswith("doi:") else "https://arxiv.org/abs/"
    return f"[{text}]({address}{found[1]})"


def escaped(text: str) -> str:
    """A text of a file as Markdown that shows it as it is, outside its `code`."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*|<\[\]])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _fields(model: BaseModel, above: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Keys, values and functions that check them, of all that is stated; of formats within it, with dots."""
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        if field.exclude or (not above and key in (*_SAID_ELSEWHERE, *_OWN_SECTION)):
            continue
        if isinstance(value, BaseModel):
            yield from _fields(value, f"{above}{key}.")
        elif value:
            yield f"{above}{key}", value, [getattr(each, "func", None) for each in field.metadata]


def _mathematics(model: Any) -> Iterator[str]:
    for key, value, checks in _fields(model):
        for check, typeset in _TYPESET.items():
            if check in checks and isinstance(value, str):
                yield f"**{key.replace('_', ' ').replace('.', ', ')}**"
                yield f"\n{mathematics.mathml(typeset(value))}\n"


def _variables(model: Any) -> Iterator[str]:
    rows = []
    for key, value, checks in _fields(model):
        if language.equations not in checks:
            continue
        said = language.by_variable(value)
        known = equations_of(value)
        for variable, equation in known.items():
            meaning = " ".join(said[variable].partition("#")[2].split())
            flags = ", ".join(sorted(equation.flags))
            rows.append(f"| `{variable}` | {kind_of(known, variable)} | {flags} | {escaped(meaning)} | `{key}` |")
    if rows:
        yield from ("| name | unit | flags | meaning | key |", "|---|---|---|---|---|", *rows)


def _parameters(kind: str, model: Any) -> Iterator[str]:
    for key in ("weights", "parameters"):
        lines = getattr(model, key, ())
        if not lines:
            continue
        if key == "weights":
            yield from ("| initial weights | value | meaning |", "|---|---|---|")
        elif kind == "experiment":
            yield from ("", "| name | value | meaning |", "|---|---|---|")
        if kind == "experiment":
            yield from (f"| `{line.name}` | `{line.value}` | {escaped(line.meaning)} |" for line in lines)
            continue
        units = {name: unit_name(value) for name, value in constants(model, {}).items()}
        yield from ("| name | value | unit | domain | meaning |", "|---|---|---|---|---|")
        for line in lines:
            domain = f"`{line.domain}`" if line.domain else ""
            unit = "" if units[line.name] == "1" else units[line.name]
            yield f"| `{line.name}` | `{line.value}` | {escaped(unit)} | {domain} | {escaped(line.meaning)} |"


# --- Of one kind -----------------------------------------------------------------------------------


def _experiment(whole: Whole, file: File, model: Any) -> list[str]:
    titles = {used: escaped(whole.zoo.load(*used).title) for used in model.uses().values()}
    files = [f"| `{field}` | {link(used)} | {titles[used]} |" for field, used in model.uses().items()]
    choices = _section("What it is made of", ["| key | file | |", "|---|---|---|", *files])
    times = [f"| `{key}` | `{value}` |" for key, value in model.protocol if key in model.protocol.model_fields_set]
    circuit = whole.circuit(file[1])
    sizes = "-".join(map(str, circuit.layers))
    who = ["| population | neuron |", "|---|---|"]
    who += [f"| {p.name} | {link(('neuron', p.neuron.name))} |" for p in circuit.populations]
    who += ["", "| projection | synapse | learns by |", "|---|---|---|"]
    for p in circuit.projections:
        rule = link(("rule", p.rule.name)) if p.rule is not None else ""
        who.append(f"| {p.pre.name} → {p.post.name} | {link(('synapse', p.synapse.name))} | {rule} |")
    return [
        *choices,
        *_section("Protocol", ["| key | value |", "|---|---|", *times]),
        *_section("The network", [f"With layers {sizes}, while it learns:", "", *who]),
    ]


def _chip(whole: Whole, file: File, model: Any) -> list[str]:
    rows = [f"Learns by: {model.learning.replace('_', ' ')}.", ""]
    rows += ["| number | value | meaning | source | certainty | note |", "|---|---|---|---|---|---|"]
    for name, field in type(model.numbers).model_fields.items():
        fact = getattr(model.numbers, name)
        if fact is not None:
            cells = (field.description, model.sources.get(fact.source, fact.source), fact.sure, fact.note)
            rows.append(f"| `{name}` | `{fact.value}` | {' | '.join(escaped(str(cell)) for cell in cells)} |")
    return _section("Numbers", rows)


def _implied(whole: Whole, file: File, model: Any) -> list[str]:
    """The learning rule that a neuron's equations imply, if they do."""
    try:
        synapse = fitting_synapse(whole.zoo, model, "")
        traces = traces_of(Rule(title="derived", derived="block_diagonal"), model, synapse)
    except ZooError as error:
        return _section("The learning rule that it implies", [f"None: {escaped(error.problem)}."])
    onto = link(("synapse", synapse.name))
    said = f"Block-diagonal, onto synapses {onto}; `brian2zoo derive {file[1]}` prints the rule."
    return _section("The learning rule that it implies", [said, "", mathematics.html(latex_text(traces))])


def _rule(whole: Whole, file: File, model: Any) -> list[str]:
    """What it costs, and which chips can work it out, in the first experiment that uses it."""
    names = whole.users.get(file, ())
    if not names:
        return []
    circuit = whole.circuit(names[0])
    own = [p for p in circuit.plastic if p.rule.name == file[1]]
    if not own:
        return []
    events = [each for each in ledger.events(circuit) if each.part == "learning" and _is_of(each.of, own)]
    used = [kind for kind in OPERATIONS if any(getattr(event.operations, kind) for event in events)]
    rows = [f"What learning adds to transmission, for each event, in {link(('experiment', names[0]))}:", ""]
    rows += [f"| at | {' | '.join(kind.replace('_', ' ') for kind in used)} |", f"|---|{'---|' * len(used)}"]
    for _, happens, operations, _ in ledger.alike(events):
        rows.append(f"| {happens} | {' | '.join(f'{getattr(operations, kind):g}' for kind in used)} |")
    return [*_section("What it costs", rows if events else []), *_section("Chips", _chips(whole, circuit, own[0]))]


def _is_of(place: Any, own: list[Any]) -> bool:
    return place in own or getattr(place, "of", None) in own


def _chips(whole: Whole, circuit: Any, projection: Any) -> Iterator[str]:
    if circuit.answer == "rates":
        return
    learning = Learning(circuit, compose(circuit))
    yield f"Whether a learning engine can work it out, in {link(('experiment', circuit.experiment.name))}:"
    yield from ("", "| chip | answer | |", "|---|---|---|")
    for name in whole.zoo.names("chip"):
        found = learning.verdict(whole.zoo.chip(name), projection)
        yield f"| {link(('chip', name))} | {found.answer} | {escaped(found.text)} |"
