"""The internals of Brian2 that the dense device relies on; an upgrade that changes one fails here by its name."""

import contextlib
import inspect
from typing import Any

import brian2
import pytest
from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.codegen.templates import Templater
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

from brian2zoo.dense.device import CLOCK_SET, shape_of
from brian2zoo.dense.program import FUNCTION, SUPPORT
from brian2zoo.dense.rows import Rows


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("code_object_class", ["self", "codeobj_class", "fallback_pref"]),
        ("code_object", ["self", "owner", "name", "abstract_code", "variables", "template_name", "variable_indices"]),
        ("get_value", ["self", "var", "access_data"]),
        ("generate_codeobj_source", ["self", "writer"]),
        ("generate_main_source", ["self", "writer"]),
        ("network_run", ["self", "net", "duration"]),
        ("generate_network_source", ["self", "writer", "compiler"]),
        ("generate_makefile", ["self", "writer"]),
    ],
)
def test_methods_that_are_overridden(method: str, arguments: list[str]) -> None:
    found = list(inspect.signature(getattr(CPPStandaloneDevice, method)).parameters)
    assert found[: len(arguments)] == arguments


def test_state_of_the_device_that_is_read() -> None:
    device = CPPStandaloneDevice()
    assert {"main_queue", "code_objects"} <= set(vars(device))
    assert {"before_start", "after_network_run"} <= device.code_lines.keys()


@pytest.mark.parametrize(
    "template",
    [
        "common_group", "common_synapses", "threshold", "stateupdate", "summed_variable", "synapses",
        "synapses_create_generator", "synapses_create_array", "synapses_push_spikes",
    ],
)  # fmt: skip
def test_templates_that_are_extended_or_replaced(template: str) -> None:
    assert hasattr(CPPStandaloneCodeObject.templater, template)
    assert callable(Templater.derive)


def test_the_network_keeps_its_clocks_in_sets() -> None:
    text = CPPStandaloneCodeObject.templater.network(None, None, maximum_run_time=None)
    assert len(CLOCK_SET.findall(text.h_file)) == 1
    assert len(CLOCK_SET.findall(text.cpp_file)) == text.cpp_file.count("std::set<") >= 2


def test_a_code_object_has_its_support_code_in_a_namespace_of_its_own() -> None:
    environment = CPPStandaloneCodeObject.templater.env
    template, _, _ = environment.loader.get_source(environment, "common_group.cpp")
    begin = template.index("{% macro cpp_file() %}")
    text = template[begin : template.index("{% endmacro %}", begin)].replace("{{codeobj_name}}", "x")
    assert "int f();" in SUPPORT.search(text.replace("{{support_code_lines|autoindent}}", "int f();"))[1]
    assert FUNCTION.search(text)


def test_functions_that_get_another_implementation() -> None:
    for name, called in (("timestep", "_timestep"), ("rand", "_rand"), ("randn", "_randn")):
        target = CPPStandaloneCodeObject if called != "_timestep" else CPPCodeGenerator
        assert DEFAULT_FUNCTIONS[name].implementations[target].name == called


def test_what_a_projection_says_of_itself() -> None:
    group = brian2.NeuronGroup(2, "x : 1\ntotal : 1", threshold="x > 1")
    synapses = brian2.Synapses(group, group, "w : 1\ntotal_post = w : 1 (summed)", on_pre="x_post += w")
    pathway = synapses.pre
    assert (pathway.prepost, pathway.eventspace_name, pathway.spikes_start, pathway.spikes_stop) == (
        "pre", "_spikespace", 0, 2,
    )  # fmt: skip
    assert pathway.synapse_sources is synapses.variables["_synaptic_pre"]
    assert not pathway.variables["delay"].scalar
    assert {"_source_dt", "delay"} <= set(pathway.variables)
    assert synapses.multisynaptic_index is None
    (updater,) = synapses.summed_updaters.values()
    assert updater.template_kwds["_index_var"] is synapses.variables["_synaptic_post"]


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        ({}, Rows(3, 3)),
        ({"j": "i"}, Rows(1, 3, diagonal=True)),
        ({"condition": "i != j"}, None),
        ({"p": 0.5}, None),
        ({"n": 2}, None),
        ({"j": "i + 1", "skip_if_invalid": True}, None),
    ],
)
def test_how_connections_are_written(monkeypatch, condition: dict[str, Any], shape: Rows | None) -> None:
    asked = {}
    group = brian2.NeuronGroup(3, "x : 1")
    synapses = brian2.Synapses(group, group, "w : 1")

    def create(owner: object, code: dict, template: str, **options: Any) -> None:
        asked.update(options["template_kwds"], update=code["update"], template=template)

    monkeypatch.setattr("brian2.synapses.synapses.create_runner_codeobj", create)
    with contextlib.suppress(TypeError):  # the code object made here does nothing
        synapses.connect(**condition)
    assert asked["template"] == "synapses_create_generator"
    assert shape_of(synapses, {"update": asked["update"]}, asked) == shape
