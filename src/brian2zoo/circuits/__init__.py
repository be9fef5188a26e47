"""Who is wired to whom. A circuit is data: populations and projections, nothing that simulates."""

import importlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Literal

import numpy as np

from brian2zoo.circuits.bounds import refuse_beyond
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.models import Feedback, Loss, NeuronModel, StateFormat, SynapseModel
from brian2zoo.learning.arrivals import of_arrivals
from brian2zoo.learning.parts import Neurons
from brian2zoo.learning.rule import LearningRule, Output, learning_rule

Mode = Literal["train", "test"]


@dataclass(frozen=True)
class Population:
    """A group of equal units.

    Parameters
    ----------
    role : key of the experiment's `neurons`; parameters are overridden by it.
    data : which data the units are given at the onset of a sample; empty for none.
    order : place of its step, and of its forward statements, among the populations.
    backward_order : place of its backward statements.
    """

    name: str
    role: str
    size: int
    neuron: NeuronModel
    data: Literal["", "input", "label"] = ""
    order: int = 0
    backward_order: int = 0
    overrides: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, StateFormat] = field(default_factory=dict)

    @property
    def is_noise(self) -> bool:
        """Whether it stands for the hardware's own noise, which costs nothing and is not recorded."""
        return self.role == "noise"


@dataclass(frozen=True)
class Projection:
    """All synapses of one kind from one population to another.

    Parameters
    ----------
    kind : key of the experiment's `weights`; parameters are overridden by it.
    may_learn : whether it is of a kind that an experiment may have learn.
    forward : whether it leads from layer to layer.
    rule : what it learns by; None for fixed weights.
    pairs : (pre, post) indices, each of shape (synapse,); None for all-to-all, presynaptic index slowest.
    sign : shape (synapse,) factor of the drawn weights, or None.
    copy_of : name of the projection whose drawn weights it starts with; empty if it draws its own.
    transposed : whether these are taken with pre and post exchanged.
    copies : the drawn weights are repeated so many times along the presynaptic side.
    delay : the longest of its spikes.
    delays : that of each synapse, (synapse,) s; None if it is one for all.
    returns_error : whether it also carries the error back.
    """

    name: str
    kind: str
    pre: Population
    post: Population
    synapse: SynapseModel
    rule: LearningRule | None = None
    may_learn: bool = False
    forward: bool = False
    pairs: tuple[np.ndarray, np.ndarray] | None = None
    sign: np.ndarray | None = None
    copies: int = 1
    copy_of: str = ""
    transposed: bool = False
    delay: str = "0*ms"
    delays: np.ndarray | None = None
    returns_error: bool = False
    overrides: Mapping[str, str] = field(default_factory=dict)

    @property
    def weight(self) -> str:
        """What a program calls the weights."""
        return f"{self.name}.w"

    @property
    def size(self) -> int:
        """Number of synapses."""
        return self.pre.size * self.post.size if self.pairs is None else len(self.pairs[0])

    @property
    def one_to_one(self) -> bool:
        """Whether each neuron is connected to the one of its number, and to no other."""
        if self.pairs is None or self.pre.size != self.post.size:
            return False
        return all(np.array_equal(side, np.arange(self.pre.size)) for side in self.pairs)


@dataclass(frozen=True)
class Influence:
    """What the weights of a projection do to all neurons of the layer they lead to: one store a weight and neuron.

    Stores are in the order of the weights, those of a weight in the order of the neurons.

    Parameters
    ----------
    of : the projection, which learns by a rule with `influence`.
    within : the synapses within the layer, all-to-all, by which a neuron's spikes reach the others; None if none.
    """

    of: Projection
    within: Projection | None

    @property
    def name(self) -> str:
        """Name of the stores."""
        return f"{self.of.name}_influence"

    @property
    def size(self) -> int:
        """Number of stores."""
        return self.of.size * self.of.post.size

    @property
    def couplings(self) -> int:
        """Number of couplings, from each store of a weight to each."""
        return self.size * self.of.post.size if self.within else 0


@dataclass(frozen=True)
class Circuit:
    """A network as data, in the mode it was asked for.

    Parameters
    ----------
    answer_step : step of a sample, from 0, whose output spikes are the answer; None if all of them are.
    membrane : variable of the output at that step which is a graded answer; empty for none.
    feedback, loss : how the error reaches hidden layers, and what error it is, in a network that learns; None if
      nothing brings them one, and if the neurons have it by themselves.
    networks : it is so many of `layers` side by side, see `abreast`.
    """

    experiment: Experiment
    layers: tuple[int, ...]
    mode: Mode
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    answer_step: int | None = None
    membrane: str = ""
    feedback: Feedback | None = None
    loss: Loss | None = None
    networks: int = 1

    @property
    def spiking(self) -> tuple[Population, ...]:
        """The populations whose spikes count: noise stands for the hardware's own."""
        return tuple(p for p in self.populations if p.neuron.threshold and not p.is_noise)

    @property
    def answer(self) -> Literal["graded", "rates", "spikes"]:
        """What of its output units gives the answer."""
        output = self.population("output").neuron
        if output.graded:
            return "graded"
        return "spikes" if output.threshold else "rates"

    @property
    def plastic(self) -> tuple[Projection, ...]:
        """The projections that learn."""
        return tuple(p for p in self.projections if p.rule is not None)

    def kept_by(self, population: Population) -> tuple[str, ...]:
        """Variables of a population that go on from run to run: what its neuron keeps, and rules on it."""
        of_rules = [name for p in self.plastic if p.post is population for name in p.rule.keeps_on_post]
        return tuple(dict.fromkeys([*population.neuron.carried, *of_rules]))

    @property
    def influences(self) -> tuple[Influence, ...]:
        """What the rules follow, apart from the synapses themselves."""
        within = {p.post.name: p for p in self.projections if p.may_learn and p.pre is p.post}
        return tuple(Influence(p, within.get(p.post.name)) for p in self.plastic if p.rule.influence is not None)

    @property
    def forward(self) -> tuple[Projection, ...]:
        """The projections from layer to layer, whether or not they learn; of those that share weights the first."""
        return tuple(p for p in self.projections if p.forward and not p.copy_of)

    def population(self, name: str) -> Population:
        """The population of that name."""
        return next(p for p in self.populations if p.name == name)


def build(experiment: Experiment, layers: Sequence[int], mode: Mode) -> Circuit:
    """The experiment's circuit for layers (input, hidden ..., output).

    Raises
    ------
    ZooError
        If the layers are too few, or the experiment lacks something the circuit needs.
    """
    if any(n < 1 for n in layers):
        raise ZooError("layers", "", f"{list(layers)} is not a network", "give input, hidden ..., output sizes")
    if not supports(experiment, layers):
        needed, feedback = _depth(experiment) or "three or more", experiment.learning.feedback
        problem = f"circuit '{experiment.stated.circuit}' with feedback '{feedback}' has {needed} layers"
        raise ZooError("layers", "", f"{problem}, not {len(layers)}", f"give {needed} sizes")
    wiring = Wiring(experiment, tuple(layers))
    circuit = _room(experiment).circuit(wiring, mode)
    if mode == "train":
        circuit = replace(circuit, feedback=experiment.feedback, loss=experiment.loss)
    for influence in circuit.influences:
        _refuse_wide(influence)
    return circuit


def _refuse_wide(influence: Influence) -> None:
    for projection in filter(None, (influence.of, influence.within)):
        if projection.pairs is not None:
            where, problem = influence.of.rule.path, f"'{projection.name}' does not connect all neurons with all"
            raise ZooError(where, "influence", problem, "take a circuit in which it does, or another rule")
    rule, most = influence.of.rule, influence.of.rule.influence.most
    if influence.couplings > most:
        neurons, weights = influence.of.post.size, influence.of.size
        problem = f"{weights} weights of {influence.of.name} on {neurons} neurons are {influence.couplings} couplings"
        remedy = "take a smaller hidden layer, or a rule that keeps to a weight's own neuron"
        raise ZooError(rule.path, "influence.most", f"{problem}, more than {most}", remedy)


@dataclass(frozen=True)
class Vocabulary:
    """What an experiment may name of its circuit.

    Parameters
    ----------
    roles : of populations.
    learn, fixed : kinds of projections that may learn, and those that never do.
    """

    roles: tuple[str, ...]
    learn: tuple[str, ...]
    fixed: tuple[str, ...]


def vocabulary(experiment: Experiment) -> Vocabulary:
    """Of an experiment's circuit; ZooError if the experiment lacks what the circuit follows."""
    return Vocabulary(*(tuple(dict.fromkeys(names)) for names in _room(experiment).vocabulary(experiment)))


def _room(experiment: Experiment) -> ModuleType:
    """What wires a circuit: from its own text, or from a table of phases."""
    return importlib.import_module(
        f"brian2zoo.circuits.{'layered' if experiment.circuit.phases is None else 'synfire'}"
    )


def supports(experiment: Experiment, layers: Sequence[int]) -> bool:
    """Whether the experiment's circuit exists with this number of layers."""
    return len(layers) == (_depth(experiment) or max(len(layers), 3))


def examples(experiment: Experiment) -> list[tuple[int, ...]]:
    """Layers of small networks of the experiment, in one of which every kind of projection occurs.

    They are as large as the circuit's tables of pairs need them.
    """
    depth = _depth(experiment)
    found = [(4, *[3] * (n - 2), 2) for n in ([depth] if depth else [3, 4])]
    if not experiment.circuit.tables:
        return found
    return [_room(experiment).holding_tables(experiment.circuit, layers) for layers in found]


def smallest(experiment: Experiment) -> tuple[int, ...]:
    """Layers of a small network of the experiment, for what depends on no size."""
    return examples(experiment)[0]


def _depth(experiment: Experiment) -> int:
    """How many layers the circuit has with the experiment's feedback; 0 if it takes any number from three on."""
    plan = experiment.circuit
    if plan.phases is None and "hidden" not in plan.populations:
        return 2
    error = plan.feedback.get(experiment.way)
    return plan.layers or (error.layers if error is not None else 0)


class Wiring:
    """What every circuit needs to turn an experiment's names into populations and projections."""

    def __init__(self, experiment: Experiment, layers: tuple[int, ...]) -> None:
        self.experiment, self.layers = experiment, layers

    def population(self, name: str, role: str, size: int, **details: Any) -> Population:
        """A population whose neuron the experiment names under `role`."""
        if role not in self.experiment.neurons:
            remedy = f"add 'neurons: {{{role}: ...}}' with a file of models/neurons"
            raise ZooError(self.experiment.path, f"neurons.{role}", "the circuit needs this population", remedy)
        formats = {}
        for key, state in self.experiment.states.items():
            where, _, variable = key.partition(".")
            if where == role:
                formats[variable] = state
        neuron = self.experiment.neurons[role]
        return Population(name, role, size, neuron, overrides=self.overrides(role), formats=formats, **details)

    def plastic(self, pre: Population, post: Population, kind: str, mode: Mode, **details: Any) -> Projection:
        """A projection of a kind that may learn; it does in training, if the experiment says so."""
        store, given = self.store(kind), self.experiment.overrides
        rule = None
        if mode == "train" and self.experiment.learning.changes(kind):
            scopes = {scope: given(scope) | given(kind) for scope in ("rule", "surrogate", "optimizer")}
            ends = [Neurons(each.name, each.neuron, each.overrides) for each in (pre, post)]
            rule = learning_rule(self.experiment.ways(kind), *ends, store, self.output(), scopes)
            if _takes_time(details.get("delay", "")):
                rule = of_arrivals(rule, pre.neuron)
        overrides = given("synapse") | given(kind)
        details |= {"rule": rule, "overrides": overrides}
        return Projection(f"{pre.name}_{post.name}", kind, pre, post, store, may_learn=True, **details)

    def output(self) -> Output | None:
        """What an error is one of, if the circuit has a role and a synapse for it."""
        role, experiment = "output", self.experiment
        kind = f"{'hidden' if 'hidden' in experiment.neurons else 'input'}_{role}"
        if role not in experiment.neurons or not {kind, "plastic"} & experiment.synapses.keys():
            return None
        neurons = Neurons(role, experiment.neurons[role], self.overrides(role))
        store, way = self.store(kind), experiment.way
        return Output(neurons, store, experiment.loss, experiment.overrides("loss"), way)

    def overrides(self, role: str) -> dict[str, str]:
        """Parameters of a role that the experiment gives."""
        return self.experiment.overrides("state") | self.experiment.overrides(role)

    def store(self, kind: str) -> SynapseModel:
        """The synapse model of a kind of projections that may learn."""
        return self.synapse(kind if kind in self.experiment.synapses else "plastic")

    def fixed(self, pre: Population, post: Population, kind: str, **details: Any) -> Projection:
        """A projection that never learns."""
        model = self.synapse(kind)
        overrides = self.experiment.overrides(kind)
        return Projection(f"{pre.name}_{post.name}", kind, pre, post, model, overrides=overrides, **details)

    def synapse(self, kind: str) -> SynapseModel:
        """The synapse model the experiment names for a kind of projection."""
        if kind not in self.experiment.synapses:
            remedy = f"add 'synapses: {{{kind}: ...}}' with a file of models/synapses"
            raise ZooError(self.experiment.path, f"synapses.{kind}", "the circuit needs this projection", remedy)
        return self.experiment.synapses[kind]


def _takes_time(delay: str) -> bool:
    """Whether a delay is one; of what is none another check tells."""
    try:
        return bool(delay) and evaluate(delay) != 0
    except ValueError:
        return False


def initial_weights(circuit: Circuit, seed: int) -> dict[str, np.ndarray]:
    """Weights of every projection that has any, by ``projection.w``: SI units, (synapse,), presynaptic index slowest.

    Each projection draws from a stream of its own, so that adding one leaves the others as they are. `ZooError` if
    there is no line for one, or a weight is beyond the bounds of its store.
    """
    weights = {}
    for projection in circuit.projections:
        if not has_weights(projection) or projection.copy_of:
            continue
        drawn = drawn_weights(circuit, projection, seed)
        refuse_beyond(circuit.experiment.path, projection, drawn)
        if drawn.ndim == 2:
            drawn = np.tile(drawn, (projection.copies, 1)).ravel()
        weights[projection.weight] = np.broadcast_to(drawn, projection.size) * (
            1 if projection.sign is None else projection.sign
        )
    return weights | copied_weights(circuit, weights)


def drawn_weights(circuit: Circuit, projection: Projection, seed: int) -> np.ndarray:
    """What a projection's line of `weights` draws, SI units: (pre, post), (synapse,) of some pairs, or one number."""
    where, expressions = circuit.experiment.path, as_dict(circuit.experiment.stated.weights)
    if projection.kind not in expressions:
        remedy = f"add a line '{projection.kind} = ...'"
        raise ZooError(where, "weights", f"there is no line for '{projection.kind}'", remedy)
    rng = np.random.default_rng([seed, zlib.crc32(projection.name.encode())])
    names = weight_names(circuit, projection, rng)
    try:
        return evaluate_weights(expressions[projection.kind], names)
    except ValueError as error:
        raise ZooError(where, f"weights.{projection.kind}", str(error), "use uniform(a) and units") from None


def copied_weights(circuit: Circuit, weights: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Weights of the projections that start as copies of another's, each (synapse,)."""
    copied = {}
    for projection in circuit.projections:
        if projection.copy_of:
            source = weights[f"{projection.copy_of}.w"]
            if projection.transposed:
                source = source.reshape(projection.post.size, projection.pre.size).T.ravel()
            copied[projection.weight] = source * (1 if projection.sign is None else projection.sign)
    return copied


def has_weights(projection: Projection) -> bool:
    """Whether its synapse model stores a weight."""
    return any(line.strip().startswith("w ") for line in projection.synapse.state.splitlines())


def weight_names(circuit: Circuit, projection: Projection, rng: np.random.Generator) -> dict[str, Any]:
    """What a projection's line of `weights` may name: sizes, and the functions of `drawing`."""
    n_pre, n_post = projection.pre.size // projection.copies, projection.post.size
    sizes = sizes_of(circuit.layers) | {"N_pre": n_pre, "N_post": n_post}
    if projection.pairs is None:
        return sizes | drawing(rng, (n_pre, n_post))
    post = projection.pairs[1]
    number = np.maximum(np.bincount(post, minlength=n_post), 1)
    centred = {"centred": lambda w: w - (np.bincount(post, w, n_post) / number)[post]}
    return sizes | drawing(rng, (projection.size,)) | centred


def sizes_of(layers: Sequence[int]) -> dict[str, int]:
    """Sizes of layers, as text files name them."""
    return {"N_input": layers[0], "N_hidden": sum(layers[1:-1]), "N_output": layers[-1]}


def drawing(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Any]:
    """Functions a line of `weights` may call: uniform(a) in ±a, normal(s), and centred(w) without the mean over pre."""
    return {
        "normal": lambda s: s * rng.standard_normal(shape),
        "uniform": lambda a: rng.uniform(-a, a, shape),
        "centred": lambda w: w - w.mean(axis=0, keepdims=True),
    }


def evaluate_weights(expression: str, names: Mapping[str, Any]) -> np.ndarray:
    """Value of a line of `weights` in SI units; ValueError as `evaluate`, or if it is not finite."""
    value = np.asarray(evaluate(expression, names))
    if np.iscomplexobj(value) or not np.isfinite(value).all():
        raise ValueError(f"'{expression}' is no finite number")
    return value.astype(float)
