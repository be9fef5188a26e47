"""What each backend makes of a circuit, found from its composed equations: works, approximate, or unsupported.

The C++ backends take all that Brian2 takes, and so does brian2cuda but for synapses onto synapses, which it does not
claim to cover (its issue 215). GeNN has one kind of step (see `genn_device`), and brian2genn one way of writing to a
neuron; what a circuit asks beyond that is named here by the construct, before anything is generated. Tests
generate, and where GeNN is installed run, every network that is said to work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.backends import BACKENDS, backend
from brian2zoo.circuits import Circuit, Projection
from brian2zoo.compose.assembly import USUAL, Assembly
from brian2zoo.compose.circuit import Codes, compose
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.parallel import SEEN, behind
from brian2zoo.compose.synapse import AT_SPIKES, SynapseCode
from brian2zoo.equations.pieces import equations_of, statements, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import EVENT_DATA

Kind = Literal["works", "approximate", "unsupported"]

# Functions of Brian2 that GeNN's models have not; brian2genn_fixes has the others.
MISSING = ("exprel", "poisson", "binomial")


@dataclass(frozen=True)
class Verdict:
    """What becomes of a circuit on a backend.

    Parameters
    ----------
    reasons : how it is approximate, or which constructs it has that the backend has not.
    """

    kind: Kind
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {'; '.join(self.reasons)}" if self.reasons else self.kind


def verdict(circuit: Circuit, name: str) -> Verdict:
    """What becomes of a circuit on a backend, one of `BACKENDS`."""
    assembly = backend(name).assembly
    missing = (
        ()
        if assembly.on_host
        else (*_on_host(circuit), *_together(circuit), *_delays(circuit), *_rest(circuit, assembly))
    )
    missing += () if assembly == USUAL else tuple(dict.fromkeys(_onto_synapses(circuit)))
    if missing or not assembly.parallel:
        return Verdict("unsupported", missing) if missing else Verdict("works")
    codes = compose(circuit, assembly)
    missing = tuple(dict.fromkeys(_missing(circuit, codes)))
    if missing:
        return Verdict("unsupported", missing)
    approximate = tuple(dict.fromkeys(_approximate(circuit, codes)))
    return Verdict("approximate", approximate) if approximate else Verdict("works")


def verdicts(circuit: Circuit) -> dict[str, Verdict]:
    """What becomes of a circuit on each backend."""
    found: dict[Any, Verdict] = {}  # backends that want a circuit alike make the same of it
    for name in BACKENDS:
        assembly = backend(name).assembly
        if assembly not in found:
            found[assembly] = verdict(circuit, name)
    return {name: found[backend(name).assembly] for name in BACKENDS}


def refuse(circuit: Circuit) -> None:
    """`ZooError` if the experiment's backend does not take the circuit; it names the constructs."""
    experiment = circuit.experiment
    found = verdict(circuit, experiment.backend)
    if found.kind == "unsupported":
        fit = [name for name, other in verdicts(circuit).items() if other.kind != "unsupported"]
        problem = f"backend '{experiment.backend}' has no {'; no '.join(found.reasons)}"
        raise ZooError(experiment.path, "backend", problem, f"take one of {', '.join(fit)}")


def _on_host(circuit: Circuit) -> Iterator[str]:
    for population in circuit.populations:
        if population.neuron.data == EVENT_DATA:
            yield f"events as input, which are read from a file of the host (neuron '{population.neuron.name}')"


def _together(circuit: Circuit) -> Iterator[str]:
    for projection in circuit.plastic:
        if projection.synapse.at_onset is not None:
            yield f"sums over the synapses of a neuron at an onset (at_onset, of synapse '{projection.synapse.name}')"


def _delays(circuit: Circuit) -> Iterator[str]:
    for projection in circuit.projections:
        if projection.delays is not None:
            yield f"delays that differ among synapses ('{projection.name}')"


def _rest(circuit: Circuit, assembly: Assembly) -> Iterator[str]:
    """What spikes that arrive after the onset would do to a sample that has to begin at rest."""
    if not circuit.experiment.protocol.rest:
        return
    if any(evaluate(projection.delay) for projection in circuit.projections):
        yield "way to drop spikes that are under way when a sample begins at rest (protocol.delay)"
    for rule in {p.rule.name: p.rule for p in circuit.plastic}.values():
        lasting = {"dw", *rule.keeps, *(f"{name}_post" for name in rule.keeps_on_post)}
        if lasting & {name for event in AT_SPIKES for name in written(rule.events[event].text)}:
            yield f"way to drop the last spikes of a sample, from which rule '{rule.name}' would learn in the next"
    for population in circuit.populations:
        neuron = population.neuron
        if neuron.refractory and assembly.parallel:
            yield f"refractory period that ends when a sample begins at rest (neuron '{neuron.name}')"
        driven = {name for p in circuit.projections if p.post is population for name in written(p.synapse.read)}
        for name in sorted(set(written(neuron.on_sample)) & {name.removesuffix("_post") for name in driven}):
            yield f"rest for '{name}', which on_sample sets and spikes change (neuron '{neuron.name}')"


def _onto_synapses(circuit: Circuit) -> Iterator[str]:
    for influence in circuit.influences:
        yield f"synapses onto synapses, which rule '{influence.of.rule.name}' keeps its influence in"


def _missing(circuit: Circuit, codes: Codes) -> Iterator[str]:
    for population in circuit.populations:
        code = codes.neurons[population.name]
        if code.forward or code.backward:
            yield f"statements in the order of the layers within a step (forward, of neuron '{population.neuron.name}')"
        yield from _functions(_all_text(code))
    for projection in circuit.projections:
        code = codes.synapses[projection.name]
        for construct in _constructs(projection, code, codes):
            yield f"{construct} (synapse '{projection.synapse.name}'{_under(projection)})"
        yield from _functions(_all_text(code))


def _under(projection: Projection) -> str:
    return f" under rule '{projection.rule.name}'" if projection.rule is not None else ""


def _all_text(code: NeuronCode | SynapseCode) -> str:
    return "\n".join(value for value in vars(code).values() if isinstance(value, str))


def _functions(text: str) -> Iterator[str]:
    for name in sorted(get_identifiers(text) & set(DEFAULT_FUNCTIONS) & set(MISSING)):
        yield f"function {name}()"


def _constructs(projection: Projection, code: SynapseCode, codes: Codes) -> Iterator[str]:
    """What brian2genn's synapses have not, of one projection."""
    equations = equations_of(code.equations)
    summed = [name for name, equation in equations.items() if "summed" in equation.flags]
    ends = {"pre": codes.neurons[projection.pre.name], "post": codes.neurons[projection.post.name]}
    at_spike = [parse_statement(line) for line in statements(code.on_pre)]
    to_neurons = [(name, op) for name, op, _, _ in at_spike if name.endswith(("_pre", "_post"))]
    reads = {"on_pre": code.on_pre, "on_post": code.on_post}
    made_of = {n: e for n, e in equations.items() if e.type == SUBEXPRESSION and n not in summed}
    for name, equation in equations.items():
        used = get_identifiers(str(equation.expr)) if equation.expr is not None else set()
        parts = sorted(behind(equations, used) & set(made_of))
        if name in summed and parts:
            yield f"sum that reads a subexpression, '{parts[0]}'"
        if equation.type == DIFFERENTIAL_EQUATION:
            through = (part for part in parts if any(n.endswith(("_pre", "_post")) for n in made_of[part].identifiers))
            for part in through:
                yield f"equation that reads neurons through a subexpression, '{part}'"
    for name in summed:
        if name.endswith("_pre"):
            yield f"sum over the postsynaptic neurons, '{name}'"
    if len(summed) > 1:
        yield f"more than one sum a projection, '{', '.join(summed)}'"
    if summed and to_neurons:
        yield f"sum '{summed[0]}' beside '{to_neurons[0][0]}', which spikes write"
    if len({name for name, _ in to_neurons}) > 1 or len(to_neurons) > 1:
        yield f"spike that writes to a neuron twice, '{', '.join(name for name, _ in to_neurons)}'"
    for name, op in to_neurons:
        if name.endswith("_pre"):
            yield f"spike that writes to its own neuron, '{name}'"
        elif op != "+=":
            yield f"spike that writes by anything but +=, '{name}'"
    for event, text in reads.items():
        for side, end in ends.items():
            theirs = equations_of(end.equations)
            for name, equation in theirs.items():
                if f"{name}_{side}" not in get_identifiers(text):
                    continue
                if equation.type == SUBEXPRESSION:
                    yield f"{event} that reads a subexpression, '{name}_{side}'"
                if event == "on_pre" and side == "pre" and evaluate(projection.delay):
                    yield f"spike under way that reads the neuron it came from, '{name}_pre'"
                if event == "on_post" and side == "post":
                    yield f"postsynaptic spike that reads its own neuron, '{name}_post'"
    if code.on_sample:
        yield "statements of synapses at the end of a step (on_sample)"
    onset = sorted(n for n in get_identifiers(code.at_onset) if n.endswith(("_pre", "_post")))
    if onset:
        yield f"at_onset that reads a neuron, '{onset[0]}'"


def _approximate(circuit: Circuit, codes: Codes) -> Iterator[str]:
    late = _lateness(circuit, codes)
    for projection in circuit.projections:
        code = codes.synapses[projection.name]
        if not code.each_step:
            continue
        yield "what synapses do in each step is left out in the last step of a run"
        theirs = equations_of(codes.neurons[projection.post.name].equations)
        for name in sorted(theirs.names):
            steps = late.get((projection.post.name, name), 0)
            if steps and f"{name}{SEEN}_post" in get_identifiers(code.each_step):
                yield f"'{name}' of {projection.post.name} is {steps} step{'s' * (steps > 1)} late"


def _lateness(circuit: Circuit, codes: Codes) -> dict[tuple[str, str], int]:
    """By how many steps variables of neurons lag behind, because they are sums, or made of sums."""
    late: dict[tuple[str, str], int] = {}
    for _ in circuit.projections:
        for projection in circuit.projections:
            equations = equations_of(codes.synapses[projection.name].equations)
            for name, equation in equations.items():
                if "summed" in equation.flags:
                    used = get_identifiers(str(equation.expr))
                    sources = [n for n in used if n.endswith(f"{SEEN}_pre")]
                    before = [late.get((projection.pre.name, n.removesuffix(f"{SEEN}_pre")), 0) for n in sources]
                    late[projection.post.name, name.removesuffix("_post")] = 1 + max(before, default=0)
        for population in circuit.populations:
            for name, equation in equations_of(codes.neurons[population.name].equations).items():
                if equation.type == SUBEXPRESSION:
                    used = get_identifiers(str(equation.expr))
                    steps = max((late.get((population.name, n), 0) for n in used), default=0)
                    if steps:
                        late[population.name, name] = steps
    return late
