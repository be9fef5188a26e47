"""One picture of a rule, a neuron or a synapse: what protocols find of it, drawn, with a caption of what was done."""

from collections.abc import Callable
from typing import Any

import brian2
import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.circuits import has_weights
from brian2zoo.compose.circuit import compose
from brian2zoo.equations.pieces import equations_of
from brian2zoo.errors import ZooError
from brian2zoo.figures import neurons, rules, synapses
from brian2zoo.formats.expressions import evaluate
from brian2zoo.protocols import constant_input, eligibility, factors, given_data, spike_timing, store
from brian2zoo.protocols.membranes import membrane, threshold
from brian2zoo.protocols.subject import Subject, named, weight_dimension
from brian2zoo.run.programs import NotFinite

Picture = tuple[Figure, str]
"""A figure and its caption."""


def picture(subject: Subject) -> Picture:
    """The picture of a file at work.

    Raises
    ------
    ZooError
        If there is none that would be right.
    """
    try:
        figure, done = _DRAWN[subject.kind](subject)
    except NotFinite as error:
        problem = f"it comes to what is no number: {error}"
        raise ZooError(subject.file.path, "", problem, "look for a division by zero, or take a shorter dt") from None
    whose = f"Parameters of experiment {subject.experiment.name}"
    whose = f"Parameters of experiment {subject.experiment.name}"
    if not subject.used:
        whose = "No experiment uses the neuron; parameters of its file"
    return figure, f"{done} {whose}, dt\u00a0=\u00a0{_milliseconds(subject)}."


def _milliseconds(subject: Subject) -> str:
    dt = evaluate(subject.experiment.protocol.dt)
    return f"{float(dt / brian2.ms):g}\u00a0ms"


# --- Rules -----------------------------------------------------------------------------------------


def _rule(subject: Subject) -> Picture:
    if subject.file.gives_gradient:
        return _eligibility(subject)
    return _spike_timing(subject) if spike_timing.depends_on_timing(subject.file) else _factors(subject)


def _spike_timing(subject: Subject) -> Picture:
    projection, title = subject.projection(), subject.file.title
    window, rates = spike_timing.window(subject), spike_timing.by_rate(subject)
    figure = rules.spike_timing(
        title, window, rates, weight_dimension(projection), spike_timing.unit_of_change(subject)
    )
    neuron = projection.post.neuron
    found = membrane(neuron)
    lifted = f", which lifts {found[0]} to the threshold," if found else ""
    start = _amount(float(window.start), weight_dimension(projection))
    chance = f" Band: deviation of {window.attrs['repeats']} synapses." if window.attrs["repeats"] > 1 else ""
    said = (
        f"Spikes are given: neuron {neuron.name} fires when it is told to{lifted} and at no other time. Changes are"
        f" those that the rule asks for, whatever the store makes of them, from w\u00a0=\u00a0{start}; the dot is a"
        f" pair in one step.{chance}"
    )
    return figure, said


def _factors(subject: Subject) -> Picture:
    projection, read = subject.projection(), factors.factors(subject)
    panels = [(factors.surface(subject, read), read)]
    if len(read) > 1:
        exchanged = [read[1], read[0], *read[2:]]
        panels.append((factors.surface(subject, exchanged), exchanged))
    figure = rules.factors(subject.file.title, panels, weight_dimension(projection))
    others = "".join(f", {each.variable} at {_amount(each.centre + each.scale, each.dim)}" for each in read[2:])
    edges = " Dotted: values that the rule compares it with." if read[0].edges else ""
    spike = " the presynaptic unit spikes once, late in a sample." if projection.pre.neuron.threshold else " one step."
    said = (
        f"Variables of neuron {projection.post.neuron.name} are held{others};{spike} Changes are those that"
        f" the rule asks for, whatever the store makes of them.{edges}"
    )
    return figure, said


def _eligibility(subject: Subject) -> Picture:
    projection = subject.projection()
    found = eligibility.course(subject)
    neuron, variable = projection.post.neuron, found.attrs["membrane"]
    dim = equations_of(neuron.equations)[variable].dim
    figure = rules.eligibility(subject.file.title, found, named(neuron, variable), dim)
    said = (
        f"One presynaptic spike at time 0 onto neuron {neuron.name} at rest, through three weights; values at the end"
        " of a step. The error is 1 in every step, so that a step adds to the gradient what of the eligibility meets it"
        " then."
    )
    if subject.projection().rule.influence is not None:
        said += " One neuron by itself, so that no weight acts through others."
    return figure, said


# --- Neurons ---------------------------------------------------------------------------------------


def _neuron(subject: Subject) -> Picture:
    population, title = subject.population(), subject.file.title
    neuron = population.neuron
    if neuron.forward:
        found = given_data.passes(subject, population)
        about = {
            key: named(neuron, found.attrs[key])
            for key in ("input", "forward", "returned", "backward")
            if key in found.attrs
        }
        return neurons.passes(title, found, about), f"Each point is one step of a unit whose {about['input']}, is held."
    if neuron.data and not population.data:
        problem = "no experiment uses it, so that nothing says what data it is given"
        raise ZooError(neuron.path, "data", problem, f"write one: brian2zoo new experiment NAME --neuron {neuron.name}")
    of = constant_input.held(subject)
    if neuron.data:
        found = given_data.responses(subject, population)
        if of is None or "rate" not in found or found.rate.any():
            return _data(subject, found)
    if of is None:
        problem = "no synapse leads to it and it is given no data, so there is nothing to answer to"
        raise ZooError(neuron.path, "", problem, f"look at its strings: brian2zoo show neuron/{neuron.name}")
    known = equations_of(neuron.equations)
    about = {
        "input": constant_input.label(of), "course": named(neuron, of.shown), "of_input": of.dim,
        "of_course": known[of.shown].dim, "moved": of.way == "moved", "threshold": threshold(population),
    }  # fmt: skip
    ways = {
        "held": f"{of.variable} is held at a value, as if spikes kept it there.",
        "given": f"{of.variable} is given the value anew in each step.",
        "moved": f"{of.variable} is moved at a constant rate, as many small spikes would move it.",
    }
    if neuron.threshold:
        found = constant_input.response(of)
        rate = f" Rates of the last {100 * (1 - constant_input.SETTLED):.0f} % of {1e3 * of.n_steps * of.dt:g} ms."
        return neurons.firing(title, found.rates, found.courses, about), ways[of.way] + rate
    found = constant_input.answers(of)
    return neurons.answers(
        title, found.rates, found.courses, about
    ), f"{ways[of.way]} The answer after {1e3 * of.n_steps * of.dt:g} ms."


def _data(subject: Subject, found: xr.Dataset) -> Picture:
    population = subject.population()
    neuron, encoder = population.neuron, subject.experiment.encoders[population.data]
    about: dict[str, Any] = {"of_given": brian2.get_dimensions(evaluate(encoder.unit)), "encoder": encoder.name}
    if "shown" in found.attrs:
        shown = found.attrs["shown"]
        about |= {"activity": named(neuron, shown), "of_activity": equations_of(neuron.equations)[shown].dim}
    lasts = 1e3 * found.attrs["duration"]
    said = f"One sample of {lasts:g} ms. Encoder {encoder.name} makes of a pixel what the unit is given."
    return neurons.data(subject.file.title, found, about), said


# --- Synapses --------------------------------------------------------------------------------------


def _synapse(subject: Subject) -> Picture:
    projection, model = subject.projection(), subject.file
    weighted = has_weights(projection)
    about: dict[str, Any] = {
        "weight": weight_dimension(projection) if weighted else brian2.second.dim / brian2.second.dim,
        "has_weight": weighted,
    }
    sent = sums = None
    if model.read:
        sent = store.transfer(subject)
        neuron = projection.post.neuron
        for key, variable in sent.attrs.items():
            about |= {key: named(neuron, variable), f"of_{key}": equations_of(neuron.equations)[variable].dim}
        said = f"Spikes reach neuron {neuron.name}, whose own threshold is off."
    else:
        sums = store.sums(subject)
        codes = compose(subject.circuit).neurons
        for key, end in (("sent", sums.attrs["from"]), ("received", sums.attrs["to"])):
            equations = codes[getattr(projection, end).name].equations
            about |= {
                key: f"{sums.attrs[key]} of {getattr(projection, end).neuron.name}",
                f"of_{key}": equations_of(equations)[sums.attrs[key]].dim,
            }
        said = "Both neurons are held."
    written = store.written(subject) if model.write else None
    if written is not None:
        said += f" Changes are asked for at a presynaptic spike; the small one is {100 * store.SMALL:g} % of the range."
        if written.attrs["repeats"] > 1:
            said += f" Bands: deviation of {written.attrs['repeats']} synapses."
    return synapses.synapse(model.title, sent, sums, written, about), said


def _amount(value: float, dim: Any) -> str:
    """A value in SI units, with a unit that suits it."""
    quantity = brian2.Quantity(value, dim=dim)
    if dim.is_dimensionless:
        return f"{value:.3g}"
    unit = quantity.get_best_unit()
    return f"{value / float(unit):.3g} {unit}"


_DRAWN: dict[str, Callable[[Subject], Picture]] = {"rule": _rule, "neuron": _neuron, "synapse": _synapse}
KINDS = tuple(_DRAWN)
"""Kinds of files that are drawn."""
