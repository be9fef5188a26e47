"""C++ standalone with rows instead of index lists, the same equations and the same results.

Brian2 keeps every projection as pairs of indices behind a queue of synapses, draws random numbers one by one
and looks at every neuron for its threshold. Here a projection with one delay keeps a ring of spikes. If it is
all-to-all, its synapses are rows: no index is stored, and the loop over a row becomes vector code, random
numbers included. Whatever this does not cover takes Brian2's own template. The templates extend Brian2's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import brian2
import numpy as np
from brian2.codegen.targets import codegen_targets
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import ArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses, SynapticPathway

from brian2zoo.dense import blocks, precision, rows
from brian2zoo.dense.blocks import Block
from brian2zoo.dense.guards import guard
from brian2zoo.dense.program import FUNCTION, merge_sources

DEVICE = "dense_standalone"
SHARED = [Path(__file__).with_name(name) for name in ("dense.h", "blocks.h", "clock.cpp")]


# Brian2 2.9 has Clock, later ones BaseClock.
CLOCK_SET = re.compile(r"std::set<(\w*Clock)\*>")


RANGE_OF_ALL = {"low": "0", "high": "N_post", "step": "1"}
RANGE_OF_ONE = {"low": "0", "high": "1", "step": "1"}


class DenseCodeObject(CPPStandaloneCodeObject):
    """A code object that may take a template of this package."""

    templater = CPPStandaloneCodeObject.templater.derive("brian2zoo.dense")


codegen_targets.add(DenseCodeObject)

# Brian2's returns a 64-bit integer, which keeps a loop over neurons with a refractory period from vectorizing.
DEFAULT_FUNCTIONS["timestep"].implementations.add_implementation(
    DenseCodeObject,
    code="static inline double _timestep(double t, double dt) { return std::trunc((t + 1e-3*dt)/dt); }",
    name="_timestep",
)

# Brian2's returns a whole number where it is given one: 0 of clip(n, -0.5, 2.5) where that is -0.5.
DEFAULT_FUNCTIONS["clip"].implementations.add_implementation(
    DenseCodeObject,
    code="""
    template <typename T>
    static inline typename std::conditional<std::is_integral<T>::value, double, T>::type
    _clip(const T value, const double a_min, const double a_max)
    {
        if (value < a_min)
            return a_min;
        if (value > a_max)
            return a_max;
        return value;
    }
    """,
    name="_clip",
    compiler_kwds={"headers": ["<type_traits>"]},
)


@dataclass
class Connection:
    """How a projection came to be connected, if by one call for all pairs or for one to one."""

    synapses: Synapses
    shape: rows.Rows
    create: Any  # the code object that makes the synapses
    without_indices: Any  # its code if nothing reads an index


class DenseDevice(CPPStandaloneDevice):
    """The device behind ``brian2.set_device("dense_standalone")``.

    `paths` says for each pathway, clock-driven update and summed variable of a projection how it is run, and of each
    projection whose synapses change in every step, by its own name, whether they do so in blocks of steps.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[str, str] = {}
        self._blocks: dict[str, Block | str] = {}
        self._runs = 0
        self._connections: dict[str, Connection | None] = {}
        self._one_delay: dict[str, bool] = {}
        self._creators: set[str] = set()
        self._idle: set[str] = set()

    def code_object_class(self, codeobj_class: type | None = None, fallback_pref: str | None = None) -> type:
        """Always the one that knows the templates of this package."""
        return DenseCodeObject

    def code_object(
        self,
        owner: Any,
        name: str,
        abstract_code: Any,
        variables: dict[str, Any],
        template_name: str,
        variable_indices: dict[str, str],
        codeobj_class: type | None = None,
        template_kwds: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """As Brian2's, with another template where one fits."""
        kwds = dict(template_kwds or {})

        def make(template: str, code: Any = abstract_code, block: Block | None = None, **more: Any) -> Any:
            return super(DenseDevice, self).code_object(
                owner, name, code, variables, template, variable_indices,
                codeobj_class=codeobj_class, template_kwds=kwds | more | {"block": block}, **options,
            )  # fmt: skip

        if brian2.prefs.devices.cpp_standalone.openmp_threads:
            return make(template_name)
        indices = {variable_indices[key] for key, v in variables.items() if isinstance(v, ArrayVariable)}
        key = name.removesuffix("*").removesuffix("_codeobject")
        block = self._blocks.get(owner.name)
        if isinstance(block, Block) and key in block.rest:
            make = partial(make, **self._in_block(block, key))
        match template_name:
            case "threshold" if isinstance(owner, NeuronGroup):
                return make("dense_threshold", chance_of=rows.chance, **self._loop(rows.Rows(1, len(owner)), ""))
            case "synapses_create_generator":
                return self._create(owner, abstract_code, kwds, make)
            case "synapses_create_array":
                self._connections[owner.name] = None
                return self._creating(make("synapses_create_array"))
            case "synapses_push_spikes" if self._has_one_delay(owner):
                return self._doing_nothing(make("dense_push_spikes"))
            case "synapses":
                return self._pathway(kwds["pathway"], indices, make)
            case "stateupdate" if isinstance(owner, Synapses):
                return self._update(owner, key, indices, abstract_code, make)
            case "stateupdate" if isinstance(owner, NeuronGroup) and indices <= {"_idx", "0"}:
                shape = rows.Rows(1, len(owner))
                return make("dense_stateupdate", condition="", look="", **self._loop(shape, ""))
            case "summed_variable":
                sums_rows = kwds["_index_var"] is owner.variables["_synaptic_post"]
                make = partial(make, sums_rows=sums_rows)
                return self._on_rows(owner, key, indices, "dense_summed_variable", "summed_variable", make)
        return self._looking(key, make(template_name))

    def network_run(self, net: Any, *arguments: Any, namespace: Any = None, level: int = 0, **options: Any) -> None:
        """As Brian2's, after it is found which projections can be taken in blocks."""
        namespace = get_local_namespace(level=level + 2) if namespace is None else namespace
        if not brian2.prefs.devices.cpp_standalone.openmp_threads:
            self._blocks = self._blocks_of(net, namespace)
        self.paths |= _in_words(self._blocks)
        self._runs += 1
        if self._runs == 1:
            self.insert_code("before_start", "dense::take_tiny_numbers_for_zero();")
            self.insert_code("after_network_run", "dense::finish_blocks();")
        super().network_run(net, *arguments, namespace=namespace, level=level + 1, **options)

    def ways(self, net: brian2.Network) -> dict[str, str]:
        """By projection whose synapses change in every step, whether they do so in blocks of steps, and if not, why."""
        return _in_words(self._blocks_of(net, {}))

    def _blocks_of(self, net: brian2.Network, namespace: Mapping[str, Any]) -> dict[str, Block | str]:
        return blocks.found(net.sorted_objects, namespace, self._is_in_rows)

    def _is_in_rows(self, synapses: Synapses) -> bool:
        shape = self._rows_of(synapses)
        one_delay = all(self._has_one_delay(pathway) for pathway in synapses._pathways)
        return shape is not None and not shape.diagonal and one_delay

    def _create(self, synapses: Synapses, abstract_code: dict[str, str], kwds: dict[str, Any], make: Any) -> Any:
        """The code that makes synapses; of all-to-all or one-to-one ones also the code that stores no index."""
        first = synapses.name not in self._connections
        ends = (synapses.source, synapses.target)
        plain = (
            first and not any(isinstance(group, Synapses) for group in ends) and synapses.multisynaptic_index is None
        )
        shape = shape_of(synapses, abstract_code, kwds) if plain else None
        self._connections[synapses.name] = None
        create = self._creating(make("synapses_create_generator"))
        if shape is None:
            return create
        other = make("dense_create_rows", shape=shape)
        del self.code_objects[other.name]
        code = {block: text.replace(other.name, create.name) for block, text in other.code.items()}
        self._connections[synapses.name] = Connection(synapses, shape, create, SimpleNamespace(**code))
        return create

    def _creating(self, code_object: Any) -> Any:
        """Remember a code object that makes synapses: it gives delays their size, not a value."""
        self._creators.add(code_object.name)
        return code_object

    def _doing_nothing(self, code_object: Any) -> Any:
        """Remember a code object that need not be called."""
        self._idle.add(code_object.name)
        return code_object

    def _has_one_delay(self, pathway: SynapticPathway) -> bool:
        """Whether all synapses have one delay: stated as one, or never set before the first run, which is none."""
        if pathway.name not in self._one_delay:
            delay = pathway.variables["delay"]
            one = delay.scalar or not self._is_set(delay)
            self._one_delay[pathway.name] = one and not isinstance(pathway.source, Synapses)
        return self._one_delay[pathway.name]

    def _is_set(self, variable: ArrayVariable) -> bool:
        names = {self.get_array_name(variable, access_data=access) for access in (True, False)}
        for kind, arguments in self.main_queue:
            runs = kind == "run_code_object" and arguments[0].name not in self._creators
            if runs and variable in arguments[0].variables.values():
                return True
            if kind.startswith("set_") and names & {a for a in arguments if isinstance(a, str)}:
                return True
        return False

    def _pathway(self, pathway: SynapticPathway, indices: set[str], make: Any) -> Any:
        """The code that follows a spike."""
        if not self._has_one_delay(pathway):
            self.paths[pathway.name] = "queue"
            return make("synapses")
        events = pathway.source.variables[pathway.eventspace_name]
        make = partial(
            make,
            delays=self.get_array_name(pathway.variables["delay"], access_data=False),
            source_dt=self.get_array_name(pathway.variables["_source_dt"]),
            source_events=self.get_array_name(events),
            n_source_events=events.size - 1,
            source_start=pathway.spikes_start,
            source_stop=pathway.spikes_stop,
            unbranched=rows.unbranched,
            own=lambda code: code[None] if isinstance(code, dict) else code,
            synapse_sources=self.get_array_name(pathway.synapse_sources, access_data=False),
        )
        shape = self._rows_of(pathway.synapses)
        if shape is None or not indices <= rows.INDICES:
            self.paths[pathway.name] = "lists"
            return make("dense_lists", lanes=lambda lines: [])
        along = "diagonal" if shape.diagonal else {"pre": "rows", "post": "columns"}[pathway.prepost]
        self.paths[pathway.name] = along
        return make(f"dense_{along}", **self._loop(shape, pathway.synapses.name))

    def _update(self, synapses: Synapses, key: str, indices: set[str], code: dict[str, str], make: Any) -> Any:
        """Code that changes every synapse, or keeps what changes it; it may look at a block first, or do nothing."""
        block = self._blocks.get(synapses.name)
        if isinstance(block, Block) and key in block.rest:
            return make("dense_block_step", **self._loop(self._rows_of(synapses), synapses.name))
        looks = self._looks_of(key)
        condition, look = guard(blocks.lines_of(code[None]), synapses.variables), " ".join(looks)
        if isinstance(block, Block) and key in block.looks and block.looks[key].zeroed:
            condition, look = (
                f'dense::must_be_zeroed("{self._stored(block)}", {block.mask(block.looks[key].zeroed)}u)',
                "",
            )
        make = partial(make, condition=condition or "", look=look)
        made = self._on_rows(synapses, key, indices, "dense_stateupdate", "stateupdate", make)
        return made if self.paths[key] == "rows" else self._looking(key, made)

    def _looks_of(self, key: str) -> list[str]:
        """C++ statements by which an object moves on the blocks that it looks at."""
        found = [b for b in self._blocks.values() if isinstance(b, Block) and key in b.looks]
        return [
            f'dense::look("{self._stored(b)}", {b.mask(b.looks[key].unread)}u, {b.mask(b.looks[key].written)}u);'
            for b in found
        ]

    def _stored(self, block: Block) -> str:
        """What a program calls a block: each run of a network has its own, for other objects may be in it."""
        return f"{block.name}, run {self._runs}"

    def _looking(self, key: str, code_object: Any) -> Any:
        """A code object that moves on the blocks that it looks at before it does anything."""
        looks = self._looks_of(key)
        if looks:
            code = dict(code_object.code.items())
            code["cpp_file"] = FUNCTION.sub(rf"\1 {' '.join(looks)}", code["cpp_file"])
            code_object.code = SimpleNamespace(**code)
        return code_object

    def _in_block(self, block: Block, key: str) -> dict[str, Any]:
        """What the templates need to write an operation of a block."""
        number = [each.operation.name for each in block.operations].index(key)
        operation, synapses = block.operations[number].operation, self._connections[block.name].synapses
        code = block.code(number)
        sides = list(code)
        if operation.spikes:
            code = {None: block.rest[key], **code}
        shape = self._rows_of(synapses)
        return {
            "code": code,
            "block": block,
            "stored": self._stored(block),
            "operation": number,
            "spikes": operation.spikes,
            "sides": sides,
            "last": number == len(block.operations) - 1,
            "neurons": {"pre": shape.n_rows, "post": shape.n_columns},
            "places": {"pre": "_row", "post": "_column"},
            "arrays": {v: self.get_array_name(synapses.variables[v], access_data=False) for v in block.variables},
        }

    def _on_rows(self, synapses: Synapses, key: str, indices: set[str], dense: str, stock: str, make: Any) -> Any:
        """Code that visits every synapse."""
        shape = self._rows_of(synapses)
        if shape is None or not indices <= rows.INDICES:
            self.paths[key] = "lists"
            return make(stock)
        self.paths[key] = "rows"
        return make(dense, **self._loop(shape, synapses.name))

    def _rows_of(self, synapses: Synapses) -> rows.Rows | None:
        connection = self._connections.get(synapses.name)
        return None if connection is None else connection.shape

    def _loop(self, shape: rows.Rows, name: str) -> dict[str, Any]:
        """What the templates need to write a loop over the synapses of the projection `name`."""

        def dense_code(lines: list[str], shared: list[str]) -> list[str]:
            return rows.draws(precision.typed(rows.places(lines, name, shape), shared))

        return {
            "n_rows": shape.n_rows,
            "n_columns": shape.n_columns,
            "diagonal": shape.diagonal,
            "lanes": lambda lines: rows.lanes(lines, shape.n_columns),
            "dense_code": dense_code,
            "of_columns": lambda lines: (
                rows.of_columns(lines, shape.n_columns) if shape.n_rows > 1 else ([], [], lines)
            ),
            "vectorize": lambda lines: rows.pragmas(lines, shape.n_columns),
        }

    def get_value(self, var: ArrayVariable, access_data: bool = True) -> np.ndarray:
        """As Brian2's; indices that are not stored are worked out."""
        for connection in filter(None, self._connections.values()):
            for side, indices in zip(("pre", "post"), connection.shape.indices(), strict=True):
                if var is connection.synapses.variables[f"_synaptic_{side}"]:
                    return indices
        return super().get_value(var, access_data)

    def generate_codeobj_source(self, writer: Any) -> None:
        """As Brian2's, without the indices of projections that nothing reads."""
        for name, connection in self._connections.items():
            if connection is not None and not self._reads_indices(name, connection):
                connection.create.code = connection.without_indices
        for file in SHARED:
            writer.write(file.name, file.read_text())
        super().generate_codeobj_source(writer)

    def _reads_indices(self, name: str, connection: Connection) -> bool:
        reading = re.compile(rf"_array_{name}__synaptic_(pre|post)(\[|\.(?!empty\(\)|size\(\)))|\({name}_\w+\.sources")
        queued = re.compile(rf"_fans\(_dynamic_array_{name}__synaptic_")
        for code_object in self.code_objects.values():
            if code_object is connection.create:
                continue
            code = code_object.code
            blocks = [getattr(code, block, "") for block in ("cpp_file", "before_run_cpp_file")]
            if any(pattern.search(block) for block in blocks for pattern in (reading, queued)):
                return True
        return any(self.paths.get(pathway.name) == "queue" for pathway in connection.synapses._pathways)

    def generate_main_source(self, writer: Any) -> None:
        """As Brian2's, without calls of code that does nothing."""
        idle = tuple(f", _run_{name});" for name in self._idle)
        for kind, arguments in self.main_queue:
            if kind == "run_network":
                arguments[1][:] = [line for line in arguments[1] if not line.endswith(idle)]
        super().generate_main_source(writer)

    def generate_network_source(self, writer: Any, compiler: str) -> None:
        """As Brian2's, with clocks in a set that asks for no memory at every step."""
        super().generate_network_source(writer, compiler)
        for name in ("network.h", "network.cpp"):
            path = Path(writer.project_dir, name)
            text = CLOCK_SET.sub(r"dense::Few<\1*>", path.read_text())
            path.write_text(f'#include "dense.h"\n#include "blocks.h"\n{text}')

    def generate_makefile(self, writer: Any, *arguments: Any, **options: Any) -> None:
        """As Brian2's, for two files in place of one for each code object."""
        writer.source_files = merge_sources(Path(writer.project_dir), writer.source_files)
        super().generate_makefile(writer, *arguments, **options)
        makefile = Path(writer.project_dir, "makefile")
        makefile.write_text(makefile.read_text() + "\nsetup.o: OPTIMISATIONS += -O0\n")
        # A fresh build has nothing to gain from make's list of dependencies, which costs as much as compiling.
        Path(writer.project_dir, "make.deps").touch()


def _in_words(found: Mapping[str, Block | str]) -> dict[str, str]:
    return {name: f"step by step: {way}" if isinstance(way, str) else str(way) for name, way in found.items()}


def shape_of(synapses: Synapses, abstract_code: dict[str, str], kwds: dict[str, Any]) -> rows.Rows | None:
    """The shape of synapses made by one call, one a pair: all pairs, presynaptic index slowest, or one to one."""
    source, target = synapses.source, synapses.target
    starts = {"pre_start": getattr(source, "start", 0), "post_start": getattr(target, "start", 0)}
    one_a_pair = (
        kwds["outer_index"] == "i"
        and kwds["iterator_func"] == "range"
        and kwds["if_expression"] in (None, "True")
        and "_n = 1" in abstract_code["update"].splitlines()
    )
    if not one_a_pair:
        return None
    if kwds["element"] == kwds["inner_variable"] and kwds["iterator_kwds"] == RANGE_OF_ALL:
        return rows.Rows(len(source), len(target), **starts)
    if kwds["element"] == "i" and kwds["iterator_kwds"] == RANGE_OF_ONE and len(source) == len(target):
        return rows.Rows(1, len(target), **starts, diagonal=True)
    return None


all_devices[DEVICE] = DenseDevice()
