"""What a neuron makes of a constant input: how often it fires, and how its membrane goes.

The input goes where the synapses of the experiment put theirs. A synaptic current or conductance, which a spike
increases, is held at a value. What has no equation of its own is given the value anew in each step. And where a spike
moves the membrane itself, the membrane is moved at a constant rate.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import brian2
import numpy as np
import xarray as xr
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.circuits import Circuit, Population, has_weights
from brian2zoo.derive.rule import over
from brian2zoo.equations.pieces import equations_of, join, kind_of, statements, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.language import one_a_line
from brian2zoo.formats.models import NeuronModel, SynapseModel
from brian2zoo.protocols.membranes import membrane
from brian2zoo.protocols.stimulation import CHANCE, OWN, apart
from brian2zoo.protocols.subject import Subject, named
from brian2zoo.run.network import Recording, duration, trace_name
from brian2zoo.run.programs import Inputs, NotFinite, run_here

LASTS = 0.5
"""How long an input is held, s."""
MOST_STEPS = 5_000
SETTLED = 0.3
"""After which part of that time a rate is taken."""
LEAST, LARGEST, PER_DECADE = -16, 7, 6
"""Powers of ten between which an input is searched that makes a neuron fire, SI units."""
REACH, POINTS = 3.0, 120
"""How far curves go, in multiples of the least input that makes it fire; and their points."""
STEPS = (0.8, 1.3, 2.5)
"""Inputs of which the course is shown, in such multiples."""
INTERVALS = 8
"""How long such a step is, in intervals of the second of them."""
BEGINS, ENDS = 0.12, 0.8
"""When it begins and ends, in parts of what is shown."""
REPEATS = 20
"""Neurons at each input where chance makes them fire."""
NAME = "neurons"


@dataclass(frozen=True)
class Held:
    """Neurons of an experiment's population whose input is held.

    Parameters
    ----------
    variable : into which the synapses put theirs.
    way : 'held', 'moved' or 'given' in each step.
    """

    circuit: Circuit
    population: Population
    variable: str
    way: str

    @cached_property
    def dt(self) -> float:
        """Time step, s."""
        return float(duration(self.circuit, "dt"))

    @cached_property
    def dim(self) -> Any:
        """Dimension of the input; of one that moves the membrane in each second."""
        unit = equations_of(self.population.neuron.equations)[self.variable].dim
        return unit / brian2.second.dim if self.way == "moved" else unit

    @cached_property
    def n_steps(self) -> int:
        """Of a run."""
        return min(round(LASTS / self.dt), MOST_STEPS)

    @property
    def repeats(self) -> int:
        """Neurons at each input: several where chance makes them fire."""
        neuron = self.population.neuron
        texts = join(neuron.equations, neuron.threshold, neuron.reset, neuron.each_step)
        return REPEATS if CHANCE & get_identifiers(texts) else 1

    @property
    def shown(self) -> str:
        """The variable whose course is shown: the membrane, the answer, else the first with an equation."""
        neuron, known = self.population.neuron, equations_of(self.population.neuron.equations)
        found = membrane(neuron)
        moving = [name for name in known if name in known.diff_eq_names and name != self.variable]
        return found[0] if found else neuron.graded or next(iter(moving), self.variable)

    def run(
        self, inputs: np.ndarray, step: tuple[float, float] | None = None, n_steps: int = 0
    ) -> dict[str, np.ndarray]:
        """Spikes, `i` and `t` in s; of an input that is a step, also the `course` of `shown`, (input, step).

        Parameters
        ----------
        step : when it begins and ends, s; None: it is there all the time.
        n_steps : of the run; 0: the usual.

        Raises
        ------
        NotFinite
            If an input is so large that the neuron comes to what is no number.
        """
        n, name = len(inputs), NAME
        population = replace(self._neurons, size=n)
        circuit = apart(self.circuit, (population,), ())
        begins, ends = step or (0.0, np.inf)
        values = {f"{name}.held_input": inputs, f"{name}.step_begins": begins, f"{name}.step_ends": ends}
        spiking = bool(population.neuron.threshold)
        states = tuple((name, self.shown, k) for k in range(n)) if step is not None else ()
        wanted = [f"{name}_spikes.{what}" for what in "it"] if spiking else []
        traces = [f"{trace_name(*state)}.{self.shown}" for state in states]
        given = Inputs({}, values, 1, 0)
        found = run_here(
            circuit,
            (n_steps or self.n_steps) * self.dt * brian2.second,
            given,
            wanted + traces,
            Recording((name,), states),
        )
        spikes = {what: found.get(f"{name}_spikes.{what}", np.array([])) for what in "it"}
        return spikes | ({"course": np.stack([found[trace] for trace in traces])} if states else {})

    @cached_property
    def _neurons(self) -> Population:
        model = self.population.neuron
        known = equations_of(model.equations)
        unit = kind_of(known, self.variable)
        stepped = OWN.neuron("stepped").equations
        of = over(unit, "second") if self.way == "moved" else unit
        lines = [line.replace(" : 1 (", f" : {of} (") for line in one_a_line(stepped)]
        equations, each_step = [], model.each_step
        for name, each in known.items():
            flags = f" ({', '.join(each.flags)})" if each.flags else ""
            right = f" = {each.expr}" if each.expr is not None else ""
            left = f"d{name}/dt" if each.type == DIFFERENTIAL_EQUATION else name
            kind = kind_of(known, name)
            if name == self.variable and self.way == "held":
                left, right, flags = name, " = held_now", " (constant over dt)"
            elif name == self.variable and self.way == "moved":
                right += " + held_now"
            equations.append(f"{left}{right} : {kind}{flags}")
        if self.way == "given":
            each_step = join(f"{self.variable} += held_now", each_step)
        initial = "\n".join(
            line for line in statements(model.initial) if self.way != "held" or written(line) != [self.variable]
        )
        changed = {
            "equations": join(*equations, *lines),
            "each_step": each_step,
            "data": "",
            "on_sample": "",
            "initial": initial,
        }
        return replace(self.population, name=NAME, neuron=model.model_copy(update=changed), data="")


def held(subject: Subject) -> Held | None:
    """The subject's neurons with an input that can be held; None if no synapse of the experiment leads to them."""
    population = subject.population()
    onto = [p for p in subject.circuit.projections if p.post == population]
    synapses = [p.synapse for p in sorted(onto, key=lambda p: (not (p.forward or p.may_learn), not has_weights(p)))]
    if not subject.used:
        synapses = [subject.experiment.zoo.synapse(name) for name in subject.experiment.zoo.names("synapse")]
    for synapse in synapses:
        for name in targets(synapse):
            if name in equations_of(population.neuron.equations):
                return Held(subject.circuit, population, name, _way(population.neuron, name))
    return None


def targets(synapse: SynapseModel) -> list[str]:
    """Variables of the postsynaptic neuron that a synapse adds to."""
    found = [parse_statement(line)[0] for line in statements(synapse.read)]
    known = equations_of(synapse.state)
    found += [name for name, each in known.items() if each.type == SUBEXPRESSION and "summed" in each.flags]
    return [name.removesuffix("_post") for name in found if name.endswith("_post")]


def _way(neuron: NeuronModel, variable: str) -> str:
    each = equations_of(neuron.equations)[variable]
    if each.type != DIFFERENTIAL_EQUATION:
        return "given" if variable in written(neuron.each_step) else "held"
    decided = get_identifiers(neuron.threshold.partition(">")[0]) | {neuron.graded}
    changed = written(join(neuron.reset, neuron.each_step))
    return "moved" if variable in decided or variable in changed else "held"


@dataclass(frozen=True)
class Response:
    """What held inputs do.

    Parameters
    ----------
    rates : over `input`, SI units: `rate` and `first`, that of the first interval, Hz; none of a graded neuron.
    courses : over `input` and `time`, s: `course`, SI units, and `spikes`; `begins` and `ends` of the step in s.
    """

    held: Held
    rates: xr.Dataset
    courses: xr.Dataset


def response(of: Held) -> Response:
    """Firing rate against the input, and the course of the membrane for some inputs.

    Raises
    ------
    ZooError
        If no input makes the neuron fire.
    """
    least = _least(of)
    rates = firing_rates(of, np.linspace(0, REACH * least, POINTS))
    firing = rates.input.values[rates.rate.values > float(rates.rate[0])]
    least = np.sign(least) * max(abs(least) / 10, abs(firing[0])) if len(firing) else least
    return Response(of, rates, _courses(of, np.array(STEPS) * least, _shown_steps(of, STEPS[1] * least)))


def answers(of: Held) -> Response:
    """The answer of a graded neuron after an input was held, and its course."""
    scale = 1e3 if of.way == "moved" else 1.0
    inputs = scale * np.linspace(0, 1, 11)
    courses = _courses(of, scale * np.array([0.25, 0.5, 1.0]), of.n_steps)
    last = of.run(inputs, (0.0, np.inf))["course"][:, -1]
    return Response(of, xr.Dataset({"answer": ("input", last)}, {"input": inputs}), courses)


def _least(of: Held) -> float:
    """About the least input that makes a neuron fire; or fire twice as often, if it fires without."""
    for sign in (1, -1):
        top = LARGEST
        while top > LEAST:
            inputs = np.concatenate([[0.0], 10.0 ** np.linspace(LEAST, top, PER_DECADE * (top - LEAST) + 1)]) * sign
            try:
                spikes = of.run(np.repeat(inputs, of.repeats))
            except NotFinite:
                top -= 3
                continue
            counts = np.bincount(spikes["i"].astype(int) // of.repeats, minlength=len(inputs))
            more = np.flatnonzero(counts > 2 * counts[0] + 5 * np.sqrt(counts[0]))
            if len(more):
                return float(inputs[more[0]])
            break
    neuron = of.population.neuron
    raise ZooError(neuron.path, "", f"no value of {of.variable} makes it fire", "look at its strings: brian2zoo show")


def firing_rates(of: Held, inputs: np.ndarray) -> xr.Dataset:
    """Over `input`, SI units, the steady `rate`, and `first`, of the first interval, Hz, NaN if there is none."""
    repeats = of.repeats
    spikes = of.run(np.repeat(inputs, repeats))
    begin, end = SETTLED * of.n_steps * of.dt, of.n_steps * of.dt
    rate, first = np.zeros(len(inputs)), np.full(len(inputs), np.nan)
    for k in range(len(inputs)):
        trains = [spikes["t"][spikes["i"] == k * repeats + r] for r in range(repeats)]
        late = [train[train >= begin] for train in trains]
        if repeats > 1:
            rate[k] = sum(map(len, late)) / (repeats * (end - begin))
        elif len(late[0]) > 1:
            rate[k] = (len(late[0]) - 1) / (late[0][-1] - late[0][0])
        if repeats == 1 and len(trains[0]) > 1:
            first[k] = 1 / (trains[0][1] - trains[0][0])
    return xr.Dataset({"rate": ("input", rate), "first": ("input", first)}, {"input": inputs})


def _shown_steps(of: Held, value: float) -> int:
    """Steps of a run in which some intervals between spikes at an input can be told from each other."""
    times = of.run(np.array([value]))["t"]
    interval = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else np.inf
    lasts = min(INTERVALS * interval / (ENDS - BEGINS), of.n_steps * of.dt)
    return max(round(lasts / of.dt), 2 * INTERVALS)


def _courses(of: Held, inputs: np.ndarray, n_steps: int) -> xr.Dataset:
    begins, ends = (part * n_steps * of.dt for part in (BEGINS, ENDS))
    found = of.run(inputs, (begins, ends), n_steps)
    spikes = np.zeros(found["course"].shape, bool)
    spikes[found["i"].astype(int), np.rint(found["t"] / of.dt).astype(int)] = True
    time = np.arange(n_steps) * of.dt
    data = {"course": (("input", "time"), found["course"]), "spikes": (("input", "time"), spikes)}
    return xr.Dataset(data, {"input": inputs, "time": time}, {"begins": begins, "ends": ends})


def label(of: Held) -> str:
    """The input, for an axis."""
    name = named(of.population.neuron, of.variable)
    return {"held": f"{name}, held", "given": f"{name}, given in each step", "moved": f"input onto {name}"}[of.way]
