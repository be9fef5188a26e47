"""A trained network as a Brian2 script, which runs without brian2zoo.

The script makes the same Brian2 objects, under the same names and at the same moments of a step, as `run.network` does:
its strings are the composed ones, and what it says of moments and clocks is read off these objects. It gives the same
spikes; of networks with chance too, if both run on Brian2's numpy target with the same seed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from textwrap import indent
from typing import Any

import brian2
import numpy as np
from brian2.core.functions import Function
from brian2.equations.equations import Equations
from brian2.groups.group import CodeRunner
from brian2.parsing.statements import parse_statement

from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import SynapseCode
from brian2zoo.datasets.events import Events
from brian2zoo.equations.pieces import statements, unit_name, unit_name_of, written
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.models import EVENT_DATA
from brian2zoo.run import results
from brian2zoo.run.carried import Carried
from brian2zoo.run.interpreted import use_numpy_target
from brian2zoo.run.network import Assembled, assemble, data_types, duration

_OWN_FUNCTIONS = ("event_time", "stop_if", "forget_spikes")
"""Functions of ours that equations call, and for which a script has others."""


def write(
    circuit: Circuit, carried: Carried, data: Mapping[str, np.ndarray | Events], path: Path, seed: int = 0
) -> list[Path]:
    """Write SCRIPT.py and its arrays, SCRIPT.npz.

    Parameters
    ----------
    circuit : in mode 'test': nothing learns.
    carried : weights and what neurons keep, by ``group.variable``, flat, in SI units.
    data : 'input', what the network is given: (sample, unit) in SI units, or events.
    seed : of the random numbers of the script.

    Returns
    -------
    the two files.

    Raises
    ------
    ZooError
        If the file does not end in .py, or Brian2 alone would compute something else.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise ZooError(path, "", "a script ends in .py", f"name it {path.stem or 'network'}.py")
    script = _Script(circuit, carried, data, path.stem, seed)
    text, packed = script.text(), BytesIO()
    np.savez_compressed(packed, **script.arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {path: text.encode(), path.with_suffix(".npz"): packed.getvalue()}
    for file, content in files.items():
        with results.replacing(file) as partial:
            partial.write_bytes(content)
    return list(files)


@dataclass
class _Script:
    """The script of a network, and the arrays that it reads, as they are met."""

    circuit: Circuit
    carried: Carried
    data: Mapping[str, np.ndarray | Events]
    name: str
    seed: int
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def text(self) -> str:
        circuit, n_samples = self.circuit, len(self.data["input"])
        codes = compose(circuit)
        use_numpy_target()
        made = assemble(circuit, duration(circuit, "T_test"), n_samples)
        self._refuse(made, {**codes.neurons, **codes.synapses})
        parts = [self._head(n_samples)]
        if any(p.neuron.data == EVENT_DATA for p in circuit.populations):
            parts.append(_EVENT_TIME)
        parts += ["\n".join(self._neurons(p, codes.neurons[p.name], made.groups[p.name])) for p in circuit.populations]
        parts += ["\n".join(self._synapses(p, codes.synapses[p.name], made)) for p in circuit.projections]
        if circuit.experiment.protocol.rest:
            parts.append(self._forget(made))
        parts.append("\n".join(self._run(made)))
        return "\n\n".join(parts) + "\n"

    def _refuse(self, made: Assembled, codes: Mapping[str, NeuronCode | SynapseCode]) -> None:
        """`ZooError` where a script would compute something else."""
        where = self.circuit.experiment.path
        for group in made.groups.values():
            for name, value in group.namespace.items():
                own = isinstance(value, brian2.TimedArray) or name in _OWN_FUNCTIONS
                if isinstance(value, Function) and not own:
                    problem = f"equations of {group.name} call {name}(), which Brian2 alone does not have"
                    raise ZooError(where, "", problem, "run it here, with brian2zoo.simulate")
        for name, code in codes.items():
            for block in (text for text in vars(code).values() if isinstance(text, str)):
                if copied := _copied(block):
                    problem = f"statements of {name} copy '{copied}' before they change it, which numpy does not"
                    raise ZooError(where, "", problem, "run it here, with brian2zoo.simulate")

    def _head(self, n_samples: int) -> str:
        circuit, name = self.circuit, self.name
        lines = [
            f'"""{circuit.experiment.stated.title}',
            "",
            f"A trained network, {'-'.join(map(str, circuit.layers))}, that infers and does not learn. brian2zoo wrote",
            f"this script, and {name}.npz with its weights and {n_samples} samples; it needs Brian2 and NumPy alone.",
            f"Spikes go to {name}_spikes.npz: POPULATION_t, in s, and POPULATION_i. All samples are one run.",
            '"""',
            "",
            "from pathlib import Path",
            "",
            "import numpy as np",
            "from brian2 import *",
            "",
            'prefs.codegen.target = "numpy"  # on "cython" it is faster, and random numbers are others',
            f"seed({self.seed})",
            'arrays = np.load(Path(__file__).with_suffix(".npz"))',
            f"defaultclock.dt = {literal(duration(circuit, 'dt'))}",
            f"T_sample = {literal(duration(circuit, 'T_test'))}",
            f"T_answer = {literal(duration(circuit, 'T_answer'))}  # from when on in a sample a graded answer counts",
            f"n_samples = {n_samples}",
        ]
        return "\n".join(lines)

    def _neurons(self, population: Population, code: NeuronCode, group: Any) -> Iterator[str]:
        name = population.name
        yield f"# {name}: {population.neuron.title}"
        if population.data:
            values, unit = self.data[population.data], population.neuron.data
            if isinstance(values, Events):
                values, self.arrays["event_times"] = values.lists()
            self.arrays[f"data_{name}"] = np.asarray(values, float)
            times = "" if unit in ("1", EVENT_DATA) else f"*{unit_name(evaluate(unit))}"
            yield f'{name}_data = TimedArray(arrays["data_{name}"]{times}, dt=T_sample, name="{name}_data")'
        options = {"threshold": repr(code.threshold), "reset": _block(code.reset), "refractory": repr(code.refractory)}
        options = {key: text for key, text in options.items() if getattr(code, key)}
        options |= self._integration(code, group)
        yield from _call(f"{name} = NeuronGroup", [str(population.size), _block(code.equations)], options, name)
        yield from self._values(name, code)
        yield from _regularly(name, group)

    def _synapses(self, projection: Projection, code: SynapseCode, made: Assembled) -> Iterator[str]:
        name, group = projection.name, made.groups[projection.name]
        yield f"# {projection.pre.name} to {projection.post.name}: {projection.synapse.title}"
        options = {key: _block(getattr(code, key)) for key in ("on_pre", "on_post") if getattr(code, key)}
        delay = evaluate(projection.delay)
        if code.on_pre and projection.delays is None and delay != 0:
            options["delay"] = literal(delay)
        options |= self._integration(code, group)
        ends = [projection.pre.name, projection.post.name, _block(code.equations)]
        yield from _call(f"{name} = Synapses", ends, options, name)
        if projection.pairs is None:
            yield f"{name}.connect()"
        elif projection.one_to_one:
            yield f'{name}.connect(j="i")'
        else:
            yield f"{name}.connect(i={self._array(f'i_{name}', projection.pairs[0])},"
            yield f"    j={self._array(f'j_{name}', projection.pairs[1])})"
        if code.on_pre and projection.delays is not None:
            yield f"{name}.pre.delay = {self._array(f'delay_{name}', projection.delays)}*second"
        if group.state_updater is not None:
            yield f"{name}.state_updater.order = {group.state_updater.order}  # before the neurons move"
        yield from self._values(name, code)
        for target, updater in group.summed_updaters.items():
            of = f'{name}.summed_updaters["{target}"]'
            yield f'{of}.when, {of}.order = "{updater.when}", {updater.order}'
            if not _every_step(updater):
                yield f"{of}._clock = Clock(dt=T_sample)"
        yield from _regularly(name, group)

    def _integration(self, code: NeuronCode | SynapseCode, group: Any) -> dict[str, str]:
        """Arguments that say how equations move on, in which precision and in which order among groups."""
        options = {}
        if Equations(code.equations).diff_eq_names:
            options["method"] = repr(code.method or "euler")
            if code.update:  # the exact solution of a step; its propagators are parameters
                options["method"] = f"lambda *_: {_block(code.update)}"
        types = data_types(code.equations, self.circuit.experiment.stated.precision)
        if types:
            options["dtype"] = f"{{{', '.join(f'{name!r}: np.{kind.__name__}' for name, kind in types.items())}}}"
        order = group.order if hasattr(group, "order") else 0
        return options | ({"order": str(order)} if order else {})

    def _values(self, name: str, code: NeuronCode | SynapseCode) -> Iterator[str]:
        """Parameters, what variables begin with, and what was trained."""
        for parameter, value in code.parameters.items():
            yield f"{name}.{parameter} = {literal(value)}"
        for line in statements(code.initial):
            variable, _, expression, _ = parse_statement(line)
            yield f"{name}.{variable} = {expression!r}"
        equations = Equations(code.equations)
        for key, array in self.carried.items():
            group, variable = key.split(".")
            if group == name and variable in equations:
                unit = unit_name_of(equations, variable)
                times = "" if unit == "1" else f"*{unit}"
                yield f"{name}.{variable} = {self._array(f'{variable}_{name}', np.asarray(array, float))}{times}"

    def _array(self, name: str, values: np.ndarray) -> str:
        self.arrays[name] = np.asarray(values)
        return f'arrays["{name}"]'

    def _forget(self, made: Assembled) -> str:
        """What lets no spike of a sample arrive in the next one."""
        (own,) = (each for each in made.groups["run"].contained_objects if each.name == "run_forget_spikes")
        spiking = [p.name for p in self.circuit.populations if p.neuron.threshold]
        paths = [f"{p.name}.pre" for p in self.circuit.projections if made.groups[p.name]._pathways]
        return _FORGET.format(order=own.order, groups=", ".join(spiking), paths=", ".join(paths))

    def _run(self, made: Assembled) -> Iterator[str]:
        objects = [p.name for p in (*self.circuit.populations, *self.circuit.projections)]
        objects += ["forget_spikes"] if self.circuit.experiment.protocol.rest else []
        kept = {}
        for name, monitor in made.monitors.items():
            of, objects = monitor.source.name, [*objects, name]
            if isinstance(monitor, brian2.SpikeMonitor):
                yield f'{name} = SpikeMonitor({of}, name="{name}")'
                kept |= {f"{of}_t": f"np.asarray({name}.t)", f"{of}_i": f"np.asarray({name}.i)"}
                continue
            (variable,) = monitor.record_variables
            every = "" if _every_step(monitor) else "dt=T_sample, "
            yield f'{name} = StateMonitor({of}, "{variable}", record=True, {every}when="end", name="{name}")'
            kept[name] = f"np.asarray({name}.{variable})"
        yield from _call("network = Network", objects, {}, "")
        yield f"network.schedule = {made.network.schedule!r}  # spikes arrive before neurons move"
        yield "network.run(n_samples*T_sample)"
        yield from _call("np.savez", ['Path(__file__).with_name(Path(__file__).stem + "_spikes.npz")'], kept, "")


def literal(value: Any) -> str:
    """A number with its unit, as Python has it: exactly this number."""
    number = float(np.asarray(value))
    if not np.isfinite(number):
        text = f"np.{number!r}" if number > 0 else f"-np.{-number!r}"
        return text if brian2.get_dimensions(value).is_dimensionless else f"{text}*{unit_name(value)}"
    if brian2.get_dimensions(value).is_dimensionless:
        return repr(number)
    for unit in (value.get_best_unit(), brian2.get_unit(value.dim)):
        text = f"{round(number / float(unit), 9)!r}*{unit!r}"
        if float(evaluate(text)) == number:
            return text
    return f"{number!r}*{unit_name(value)}"


def _copied(block: str) -> str:
    """A variable that statements hand on as it is, and change then; empty if there is none."""
    lines = statements(block) if "=" in block else []
    for k, line in enumerate(lines):
        try:
            _, operator, expression, _ = parse_statement(line)
        except ValueError:  # an equation
            return ""
        if operator == "=" and expression in written("\n".join(lines[k + 1 :])):
            return expression
    return ""


def _every_step(each: Any) -> bool:
    return each.clock.dt == brian2.defaultclock.dt


def _regularly(name: str, group: Any) -> Iterator[str]:
    """What a group does besides equations, thresholds and spikes, and when."""
    for each in group.contained_objects:
        if type(each) is CodeRunner:
            options = {} if _every_step(each) else {"dt": "T_sample"}
            options |= {"when": repr(each.when), "order": str(each.order)}
            yield from _call(f"{name}.run_regularly", [_block(each.abstract_code)], options, each.name)


def _block(text: str) -> str:
    """Lines of Brian2 as a string of Python."""
    text = text.strip()
    if "\n" not in text:
        return repr(text)
    return f'"""\n{indent(text, "    ")}\n"""'


def _call(function: str, arguments: Sequence[str], options: Mapping[str, str], name: str) -> Iterator[str]:
    """A call, on one line where it fits."""
    given = [*arguments, *(f"{key}={text}" for key, text in options.items()), *([f'name="{name}"'] if name else [])]
    line = f"{function}({', '.join(given)})"
    if len(line) <= 110 and "\n" not in line:
        yield line
        return
    yield f"{function}("
    yield from (f"{indent(text, '    ', lambda each: True)}," for text in given)
    yield ")"


_EVENT_TIME = '''\
def event_time(n):
    """The n-th of all input spikes, since the onset of its sample."""
    known = (n >= 0) & (n < len(arrays_of_events))
    return np.where(known, arrays_of_events[np.where(known, n, 0)], np.float32(np.inf))


arrays_of_events = arrays["event_times"]
times = event_time
event_time = Function(times, arg_units=[1], arg_types=["integer"], return_unit=second, return_type="float")
event_time.implementations.add_implementation("numpy", times)'''

_FORGET = '''\
@network_operation(dt=T_sample, when="start", order={order})
def forget_spikes():
    """Every sample begins at rest: no spike of one arrives in the next."""
    for group in [{groups}]:
        group.variables["_spikespace"].get_value()[-1] = 0
    for pathway in [{paths}]:
        place, steps = pathway.queue._full_state()  # spikes of each step to come, none of which is kept
        pathway.queue._restore_from_full_state((place, [[] for _ in steps]))'''
