"""brian2genn's device, keeping Brian2's order of a step for what runs in each step.

GeNN's step is: synapses (their dynamics, then spikes of the step before), then neurons (what arrived, their equations,
threshold, reset). brian2genn maps a network onto it whose statements of a step, if any, run on the host at its start.
Here those of later slots become part of the models, in the place the schedule of the zoo gives them:

    start     statements of neurons                        on the host, before GeNN's step (once a sample)
    synapses  spikes arrive                                GeNN's synapses
    groups    rest; equations; each_step                   the neurons' code, before the threshold
    groups    of synapses: rest, equations, each_step      the synapses' dynamics at the beginning of the next step,
                                                           on what the neurons keep of themselves for that
    start     of synapses: at_onset                        the same dynamics, after these

What a synapse writes to a neuron reaches it with the neuron's step, so that all synapses read neurons as they were
before the spikes of the step arrived.
"""

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import brian2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import ArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import StateUpdater, Thresholder
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from brian2zoo.backends import brian2genn_fixes as fixes
from brian2zoo.equations.pieces import statements

genn = fixes.apply()

DEVICE = "zoo_genn"
SOURCES = "sources.cpp"
EARLY, LATE, ONSET = "before_groups", "after_groups", "start"


class SynapseSteps(genn.GeNNCodeObject):
    """A code object that may take a template of this package."""

    templater = genn.GeNNCodeObject.templater.derive("brian2zoo.backends")


class GeNN(genn.GeNNDevice):
    """The device behind ``brian2.set_device("zoo_genn")``."""

    def __init__(self) -> None:
        super().__init__()
        self.filled: dict[ArrayVariable, np.ndarray] = {}

    def fill_with_array(self, var: ArrayVariable, arr: np.ndarray) -> None:
        """As brian2genn's; delays are remembered."""
        if var.name.endswith("delay"):
            self.filled[var] = np.asarray(arr)
        super().fill_with_array(var, arr)

    def code_object(
        self,
        owner: Any,
        name: str,
        abstract_code: Any,
        variables: dict[str, Any],
        template_name: str,
        variable_indices: dict[str, str],
        **options: Any,
    ) -> Any:
        """As brian2genn's; statements that synapses run in each step wait until their model is put together."""
        runner = _runner(owner, name)
        if template_name == "stateupdate" and isinstance(owner, brian2.Synapses):
            for variable in variables.values():
                if isinstance(variable, ArrayVariable) and not variable.read_only:
                    self.array_cache[variable] = None
            return genn.DelayedCodeObject(owner, name, abstract_code, variables, variable_indices, None)
        if runner is not None and _on_host(runner):
            name = f"{owner.name}_run_regularly_{name}"  # by which brian2genn knows them
        return super().code_object(owner, name, abstract_code, variables, template_name, variable_indices, **options)

    def make_main_lines(self) -> list[str]:
        """As brian2genn's, which expects to be built within the run and takes all before it for code after it."""
        self.run_statement_used = False
        return super().make_main_lines()

    def process_neuron_groups(self, neuron_groups: list[Any], objects: dict[str, Any]) -> None:
        """As brian2genn's, with the statements of each step in the neurons' code."""
        for group in neuron_groups:
            _merge(group)
        super().process_neuron_groups(neuron_groups, objects)

    def process_synapses(self, synapse_groups: list[Any], objects: dict[str, Any]) -> None:
        """As brian2genn's, with the statements of each step in the synapses' dynamics."""
        fixes.delays(self, synapse_groups)
        for synapses in synapse_groups:
            code = self._dynamics(synapses)
            synapses.state_updater = None if code is None else SimpleNamespace(codeobj=code)
        super().process_synapses(synapse_groups, objects)

    def _dynamics(self, synapses: brian2.Synapses) -> Any:
        """One code object of all that the synapses do in a step; None if that is nothing."""
        runners = _runners(synapses)
        ordered = [
            *(each for each in runners if each.when == EARLY),
            *([synapses.state_updater] if synapses.state_updater is not None else []),
            *(each for each in runners if each.when == LATE),
            *(each for each in runners if each.when == ONSET),
        ]
        ordered = [each for each in ordered if each.codeobj is not None]
        if not ordered:
            return None
        blocks = {"step": "", "onset": ""}
        variables, indices = _own(synapses), defaultdict(lambda: "_idx")
        onset_steps = 0
        for each in ordered:
            code = each.codeobj.abstract_code[None]
            if each.when == EARLY:  # of the step before
                code = _only_if(f"(t - 0.5*dt) % {_period(each)!r} < dt", code)
            elif each.when == ONSET:
                onset_steps = round(_period(each) / float(synapses.dt_[:]))
            blocks["onset" if each.when == ONSET else "step"] += f"{code}\n"
            _add(variables, indices, each.codeobj)
        code_object = CPPStandaloneDevice.code_object(
            self, synapses, f"{synapses.name}_dynamics_codeobject*", blocks, variables, "synapse_steps", indices,
            codeobj_class=SynapseSteps, template_kwds={"onset_steps": onset_steps},
        )  # fmt: skip
        del self.code_objects[code_object.name]  # its text goes into the model
        return code_object

    def collect_synapses_variables(self, synapse_model: Any, pathway: str, codeobj: Any) -> None:
        """As brian2genn's; a presynaptic spike without delay may read the neuron it comes from, as GeNN's can."""
        delay = self.delays.get(synapse_model.name, 0.0)
        if pathway == "pre" and not delay:
            indices = codeobj.variable_indices
            before = {name for name, index in indices.items() if index == "_presynaptic_idx"}
            used = set().union(*(get_identifiers(code) for code in codeobj.code.values()))
            for name in sorted(before & used):
                indices[name] = "_source_idx"  # another name, at which brian2genn does not stop
        super().collect_synapses_variables(synapse_model, pathway, codeobj)

    def generate_engine_source(self, writer: Any, objects: dict[str, Any]) -> None:
        """As brian2genn's, which knows what runs on the host by its name."""
        named = {
            f"_run_regularly_{name}" if type(each) is CodeRunner and _on_host(each) else name: each
            for name, each in objects.items()
        }
        super().generate_engine_source(writer, named)

    def generate_objects_source(
        self, arange_arrays: Any, net: Any, static_array_specs: Any, synapses: Any, writer: Any
    ) -> None:
        """As brian2genn's, for the Brian2 of today."""
        fixes.objects(self, genn, arange_arrays, static_array_specs, synapses, writer)

    def generate_makefile(self, directory: str, use_GPU: bool) -> None:
        """As brian2genn's, for one source in place of one for each code object, which all parse the same headers."""
        included = "".join(f'#include "{source}"\n' for source in sorted(self.source_files))
        Path(directory, SOURCES).write_text(included)
        self.source_files = {SOURCES}
        super().generate_makefile(directory, use_GPU)

    def copy_source_files(self, writer: Any, directory: Path) -> None:
        """As brian2genn's, for the Brian2 of today."""
        super().copy_source_files(writer, directory)
        fixes.copied(self, directory)


def _runners(group: Any) -> list[CodeRunner]:
    """The statements a group runs in each step, or once a sample, in order."""
    return sorted((o for o in group.contained_objects if type(o) is CodeRunner), key=lambda o: (o.order, o.name))


def _runner(owner: Any, name: str) -> CodeRunner | None:
    """Whose code object is being made; None if not that of statements of a step."""
    found = (each for each in getattr(owner, "contained_objects", ()) if type(each) is CodeRunner)
    return next((each for each in found if name.startswith(f"{each.name}_codeobject")), None)


def _on_host(runner: CodeRunner) -> bool:
    return runner.when == ONSET and isinstance(runner.group, brian2.NeuronGroup)


def _period(runner: CodeRunner) -> float:
    return float(runner.clock.dt_)


def _own(group: Any) -> dict[str, Any]:
    """What the conditions here name."""
    return {"t": group.variables["t"], "dt": group.variables["dt"], "int": DEFAULT_FUNCTIONS["int"]}


def _add(variables: dict[str, Any], indices: dict[str, str], code_object: Any) -> None:
    variables |= {name: v for name, v in code_object.variables.items() if name not in ("t", "dt")}
    indices |= code_object.variable_indices


def _only_if(condition: str, code: str) -> str:
    """Statements that change something only if a condition holds."""
    guarded = []
    for line in statements(code):
        name, _, expression, _ = parse_statement(line)
        guarded.append(f"{name} = int({condition})*({expression}) + (1 - int({condition}))*{name}")
    return "\n".join(guarded)


def _merge(group: brian2.NeuronGroup) -> None:
    """Put the statements of each step into the code of the neuron's equations, or of its threshold if it has none."""
    runners = [each for each in _runners(group) if not _on_host(each)]
    unknown = [each for each in runners if each.when not in (EARLY, LATE)]
    if unknown:
        raise NotImplementedError(f"statements in slot '{unknown[0].when}' ({unknown[0].name})")
    if not runners:
        return
    parts = [each for each in group.contained_objects if isinstance(each, StateUpdater | Thresholder)]
    parts = sorted(parts, key=lambda part: isinstance(part, Thresholder))
    home = next((part for part in parts if part.codeobj is not None), parts[0])
    early, late = "", ""
    for each in runners:
        code = each.codeobj.abstract_code[None]
        if each.when == EARLY:
            early += _only_if(f"(t + 0.5*dt) % {_period(each)!r} < dt", code) + "\n"
        else:
            late += f"{code}\n"
    before = home.codeobj.abstract_code[None] if home.codeobj is not None else ""
    variables, indices = _own(group), defaultdict(lambda: "_idx")
    for each in (*runners, home):
        if each.codeobj is not None:
            _add(variables, indices, each.codeobj)
    code = "\n".join([early, late, before] if isinstance(home, Thresholder) else [early, before, late])
    home.codeobj = genn.DelayedCodeObject(group, home.name, {None: code}, variables, indices, set())


all_devices[DEVICE] = GeNN()
