"""The text files from Python: load them, check them, see what they are composed to and which rule a neuron implies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from brian2zoo import circuits
from brian2zoo.check import check_experiment, check_zoo, errors, sound
from brian2zoo.circuits import Circuit, Mode
from brian2zoo.cli.finding import find, named_file
from brian2zoo.cli.show import composed_text
from brian2zoo.compose.circuit import Codes
from brian2zoo.compose.circuit import compose as strings_of
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.derive import derived, fitting_synapse, rule_text, traces_of
from brian2zoo.derive.latex import latex_text
from brian2zoo.derive.text import title_of
from brian2zoo.derive.traces import Traces
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.files import File
from brian2zoo.formats.language import Refused, sizes
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import Zoo

Layers = str | Sequence[int]


def load(name: str, setting: str = "default", *, files: Mapping[str, str] | None = None) -> Any:
    """One file of the zoo.

    Parameters
    ----------
    name : its name, KIND/NAME or path, as for `brian2zoo show`: 'erbp_plus', 'rule/erbp', 'models/neurons/lif.yaml'.
    setting : for an experiment, numbers and choices to replace: 'rule.eta=1e-3*nS:synapse.bits=4'.
    files : texts by their path in the zoo, such as {'models/neurons/mine.yaml': 'title: ...'}. They add to the files
        on disk, or replace them, for this experiment alone; nothing is written.

    Returns
    -------
    of an experiment `Experiment`, which every function here takes in place of a name; else the frozen content of the
    file, with its keys as attributes.

    Raises
    ------
    ZooError
        If there is no such file, several have the name, or one of them has a mistake.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> zoo.load("neuron/lif_exp").threshold
    'v > v_th'
    >>> zoo.load("erbp_plus", "rule.eta=1e-3*nS").learning.plastic.rule
    'erbp'
    """
    of = Zoo(files=files)
    found = find(of, name)
    if len(found) > 1:
        several = [f"{kind}/{stem}" for kind, stem in found]
        raise ZooError("name", "", f"'{name}' is {' and '.join(several)}", f"say which: load('{several[0]}')")
    kind, stem = found[0]
    if kind == "experiment":
        return of.experiment(stem, setting)
    if setting != "default":
        raise ZooError("setting", "", f"'{name}' is no experiment", "leave the setting out")
    return of.load(kind, stem)


def experiment_of(given: str | Experiment, setting: str = "default") -> Experiment:
    """An experiment by its name, or as `load` returned it, with further numbers and choices replaced."""
    try:
        if isinstance(given, Experiment):
            return given if setting == "default" else given.with_setting(setting)
        return Zoo().experiment(given, setting)
    except Refused as error:
        raise error.at("setting") from None


def sound_one(given: str | Experiment, setting: str = "default") -> Experiment:
    """The same; raises the first of the mistakes that `check` finds in it."""
    experiment = experiment_of(given, setting)
    for mistake in errors(check_experiment(experiment)):
        raise mistake
    return experiment


def sizes_of(layers: Layers) -> tuple[int, ...]:
    """Sizes of layers, from '784-100-10' or the numbers themselves."""
    try:
        return sizes(layers if isinstance(layers, str) else "-".join(map(str, layers)))
    except Refused as error:
        raise error.at("layers") from None


def check(*names: str | Experiment) -> list[ZooError]:
    """Mistakes and warnings in files, and in the experiments that combine them; nothing is compiled.

    Parameters
    ----------
    names : of files, as for `load`, or experiments that it returned; none: the whole zoo, which takes seconds.

    Returns
    -------
    one `ZooError` for each finding; empty if all is well.

    Raises
    ------
    ZooError
        If there is no file of a name.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> zoo.check("rule/erbp")
    []
    """
    given = [name for name in names if isinstance(name, Experiment)]
    found = [finding for experiment in given for finding in check_experiment(experiment)]
    if len(given) < len(names) or not names:
        zoo = Zoo()
        found += check_zoo(zoo, {file for name in names if isinstance(name, str) for file in find(zoo, name)} or None)
    return found


@dataclass(frozen=True)
class Composed:
    """What an experiment is composed to, for a network of given layers; printed, it is what `brian2zoo show` prints.

    Parameters
    ----------
    circuit : populations and projections.
    codes : strings of each population and projection.
    """

    circuit: Circuit
    codes: Codes

    @property
    def neurons(self) -> dict[str, NeuronCode]:
        """Strings of each population: `equations`, `threshold`, `reset`, `parameters` ..."""
        return self.codes.neurons

    @property
    def synapses(self) -> dict[str, SynapseCode]:
        """Strings of each projection: `equations`, `on_pre`, `on_post`, `each_step`, `parameters` ..."""
        return self.codes.synapses

    def __repr__(self) -> str:
        return composed_text(self.circuit, self.codes)


def compose(
    experiment: str | Experiment, layers: Layers = "", *, mode: Mode = "train", setting: str = "default"
) -> Composed:
    """The Brian2 strings that run for an experiment, each line with the file and field it comes from.

    Parameters
    ----------
    experiment : name, or what `load` returned.
    layers : sizes from input to output, '784-100-10' or (784, 100, 10); left out, those of a small network.
    mode : 'train' for the network that learns, 'test' for the one that only infers.
    setting : numbers and choices to replace.

    Raises
    ------
    ZooError
        If its files have a mistake or do not go together, or there is no such network.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> composed = zoo.compose("erbp_plus", "64-100-10")
    >>> composed.neurons["hidden1"].threshold
    'V > V_th'
    """
    found = sound_one(experiment, setting)
    circuit = circuits.build(found, sizes_of(layers) if layers else circuits.smallest(found), mode)
    return Composed(circuit, strings_of(circuit))


@dataclass(frozen=True)
class Derived:
    """A rule that a neuron implies; printed, it is what `brian2zoo derive` prints: the file of the rule.

    Parameters
    ----------
    rule : as a file of rules/ has it.
    traces : derivatives of the neuron's variables by the weight.
    """

    rule: Rule
    traces: Traces

    @property
    def text(self) -> str:
        """The rule as a file of rules/."""
        return rule_text(self.rule, self.traces, "brian2zoo.derive")

    @cached_property
    def latex(self) -> str:
        """How it follows, as LaTeX."""
        return latex_text(self.traces)

    def __repr__(self) -> str:
        return self.text


def derive(
    neuron: str | NeuronModel,
    synapse: str = "",
    *,
    jacobian: Literal["block_diagonal", "snap1", "full"] = "block_diagonal",
    through: Sequence[str] | None = None,
    on_synapses: bool = False,
) -> Derived:
    """The learning rule that a neuron's equations imply.

    Parameters
    ----------
    neuron : file in models/neurons, or what `load` returned.
    synapse : file in models/synapses through which the weight acts; left out, the one that fits the neuron.
    jacobian : what of it is kept, as `derived` in a rule.
    through : variables whose reset is differentiated by the surrogate; left out, those that the weight reaches through
        the neuron's own spikes alone.
    on_synapses : keep all traces on the synapses.

    Raises
    ------
    ZooError
        If an equation cannot be differentiated, or several synapses fit.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> zoo.derive("lif_exp").rule.eligibility
    'eps_v_pre*psi_post'
    """
    zoo = Zoo()
    model = neuron if isinstance(neuron, File) else sound(zoo, "neuron", named_file(zoo, "neuron", neuron))
    fitting = fitting_synapse(zoo, model, named_file(zoo, "synapse", synapse) if synapse else "")
    store = sound(zoo, "synapse", fitting.name)
    kept = None if through is None else tuple(through)
    asked = Rule(title=title_of(jacobian, model), derived=jacobian, through=kept)
    traces = traces_of(asked, model, store, not on_synapses)
    return Derived(derived(asked, model, store, not on_synapses), traces)
