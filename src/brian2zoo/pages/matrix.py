"""What runs with what: rules, circuits, stores and backends, every cell a verdict of the checker or of a backend."""

from collections.abc import Iterator, Mapping

from brian2zoo.backends.capability import Verdict, verdicts
from brian2zoo.check import check_experiment, errors
from brian2zoo.circuits import build, smallest
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.pages.file import escaped
from brian2zoo.pages.zoo import MARKS, Whole

LETTERS = {"dense": "d", "cpp": "c", "genn": "g", "genn_cpu": "G", "cuda": "u"}
"""Backends in the cells."""


def page(whole: Whole) -> str:
    """The page as Markdown."""
    by_experiment = list(_experiments(whole))
    stores = [name for name in whole.zoo.names("synapse") if whole.zoo.synapse(name).write]
    return "\n".join(
        [
            "# What runs with what",
            "",
            "No cell is written by hand. The checker composes each combination and refuses it or not; a backend's"
            " verdict comes from the composed equations, and `tests/backends` compares these verdicts with what is"
            " generated and run.",
            "",
            "## Rules, circuits and backends",
            "",
            "Each rule in the circuits that experiments of the zoo put it in: ✓ works, ≈ approximate, ✗ unsupported,"
            " several marks where the experiments differ. The page of the rule lists these experiments, with the"
            " reasons.",
            "",
            *by_experiment,
            "",
            "## Rules and circuits",
            "",
            "Each rule in the first experiment of each circuit, in place of the rule there, with the surrogate and the"
            " optimizer of its own experiment. Cells are those of the table of stores: a letter for each backend that"
            " takes the network, nothing where the checker refuses it, most often because a unit, an error or a trace"
            " that the rule needs is not there.",
            "",
            *_circuits(whole),
            "",
            "## Rules and stores",
            "",
            "Each rule in its first experiment, with every store in place of that of its plastic synapses. A cell has a"
            f" letter for each backend that takes the network: {_key()}; the letter is in *italics* where the backend"
            " approximates. An empty cell is refused by the checker: a unit that does not fit, bounds that the store"
            " does not have.",
            "",
            *_stores(whole, stores),
            "",
        ]
    )


def _key() -> str:
    return ", ".join(f"{letter} {name}" for name, letter in LETTERS.items())


def _experiments(whole: Whole) -> Iterator[str]:
    backends = list(LETTERS)
    yield f"| rule | circuit | {' | '.join(backends)} |"
    yield f"|---|---|{'---|' * len(backends)}"
    for rule in whole.zoo.names("rule"):
        of_circuit: dict[str, list[str]] = {}
        for name in whole.users.get(("rule", rule), ()):
            of_circuit.setdefault(whole.zoo.load("experiment", name).circuit, []).append(name)
        for circuit, names in sorted(of_circuit.items()):
            cells = []
            for backend in backends:
                kinds = {whole.verdicts(name)[backend].kind for name in names}
                cells.append(" ".join(mark for kind, mark in MARKS.items() if kind in kinds))
            cells = [f"[{rule}](rule/{rule}.md)", f"[{circuit}](circuit/{circuit}.md)", *cells]
            yield f"| {' | '.join(cells)} |"


def _circuits(whole: Whole) -> Iterator[str]:
    bases = {whole.zoo.load("experiment", name).circuit: name for name in reversed(whole.zoo.names("experiment"))}
    shown = sorted(bases)
    yield f"| rule | {' | '.join(f'[{escaped(name)}](circuit/{name}.md)' for name in shown)} |"
    yield f"|---|{'---|' * len(shown)}"
    for rule in whole.zoo.names("rule"):
        cells = []
        for circuit in shown:
            experiment = with_rule(whole, bases[circuit], rule)
            cells.append(_letters(taken(experiment)) if experiment is not None else "")
        yield f"| [{rule}](rule/{rule}.md) | {' | '.join(cells)} |"


def with_rule(whole: Whole, name: str, rule: str) -> Experiment | None:
    """An experiment whose plastic projections learn as those of a rule's own experiment do; None if it has none."""
    for own in whole.users.get(("rule", rule), ()):
        learning = whole.circuit(own).experiment.learning
        found = {p.kind for p in whole.circuit(own).plastic if p.rule.name == rule}
        if found:
            experiment = whole.zoo.experiment(name)
            replaced = experiment.learning.model_copy(update={"plastic": learning.of(min(found))})
            return experiment.replaced(learning=replaced)
    return None


def _stores(whole: Whole, stores: list[str]) -> Iterator[str]:
    cells = {rule: {store: cell(whole, rule, store) for store in stores} for rule in whole.zoo.names("rule")}
    shown = [store for store in stores if any(of_rule[store] for of_rule in cells.values())]
    yield f"| rule | {' | '.join(f'[{escaped(store)}](synapse/{store}.md)' for store in shown)} |"
    yield f"|---|{'---|' * len(shown)}"
    for rule, of_rule in cells.items():
        yield f"| [{rule}](rule/{rule}.md) | {' | '.join(of_rule[store] for store in shown)} |"


def cell(whole: Whole, rule: str, store: str) -> str:
    """Letters of the backends that take the first network of a rule with another store; empty if it is refused."""
    experiment = with_store(whole, rule, store)
    return _letters(taken(experiment)) if experiment is not None else ""


def _letters(found: Mapping[str, Verdict]) -> str:
    marks = {"works": "{}", "approximate": "*{}*"}
    kinds = {letter: found[name].kind for name, letter in LETTERS.items() if name in found}
    return " ".join(marks[kind].format(letter) for letter, kind in kinds.items() if kind in marks)


def with_store(whole: Whole, rule: str, store: str) -> Experiment | None:
    """The first experiment of a rule, all projections that learn by it through another store; None if there is none."""
    for name in whole.users.get(("rule", rule), ()):
        circuit = whole.circuit(name)
        kinds = {p.kind for p in circuit.plastic if p.rule.name == rule}
        if kinds:
            experiment = circuit.experiment
            own = {key: store for key in kinds if key in experiment.stated.synapses}
            return experiment.replaced(synapses=experiment.stated.synapses | {"plastic": store} | own)
    return None


def taken(experiment: Experiment) -> Mapping[str, Verdict]:
    """What becomes of an experiment on each backend; nothing if the checker refuses it."""
    if errors(check_experiment(experiment)):
        return {}
    try:
        return verdicts(build(experiment, smallest(experiment), "train"))
    except ZooError:
        return {}
