"""The strings that come out of a rule, a weight store and a neuron."""

from pathlib import Path

import pytest
from brian2 import Equations, get_dimensions, kelvin, metre, ms, nA, nS, second, volt
from pydantic import BaseModel
from ruled import rule_of

from brian2zoo import circuits
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.neuron import compose_neuron
from brian2zoo.compose.synapse import SynapseCode, axon_part, compose_synapse
from brian2zoo.equations.pieces import constants, declare, unit_name, values
from brian2zoo.errors import ZooError
from brian2zoo.formats.models import NeuronModel, StateFormat, SynapseModel
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import validate
from brian2zoo.run.network import Recording
from brian2zoo.run.programs import Inputs, parameter_values, run_here


def load(model, **fields) -> BaseModel:
    """An object as if loaded from a file of its own."""
    path = Path(f"models/{model.__name__}.yaml")
    return validate(model, {"title": "a test"} | fields, path, path=path)


STORE = {
    "state": "w : amp",
    "draw": "chance = rand()",
    "write": "w = w + dw",
    "read": "I_post += w",
    "parameters": "w_max = 2*nA  # a bound",
}
RULE = {"on_pre": "dw = eta*U_post", "parameters": "eta = 1*nS  # a rate"}
NEURON = {
    "equations": "dV/dt = -V/tau : volt\nI : amp",
    "method": "euler",
    "parameters": "tau = 2*ms\nrest = 3*tau",
}


def under(rule: Rule, store: SynapseModel | None = None, driven=None, **more) -> SynapseCode:
    """A store under a rule that asks for dw itself."""
    store = store or load(SynapseModel, **STORE)
    return compose_synapse(store, rule_of(rule, store), {}, driven=driven or {}, **more)


def test_presynaptic_spike_draws_asks_writes_and_reads_in_this_order() -> None:
    code = under(load(Rule, **RULE))
    assert code.on_pre.splitlines() == ["chance = rand()", "dw = eta*U_post", "w = w + dw", "I_post += w"]


def test_a_spike_may_carry_the_weight_as_it_was_before_its_own_update() -> None:
    store = load(SynapseModel, **STORE)
    code = compose_synapse(store, rule_of(load(Rule, **RULE), store, transmits="before"), {}, driven={})
    assert code.on_pre.splitlines() == ["chance = rand()", "I_post += w", "dw = eta*U_post", "w = w + dw"]


def test_projection_without_a_rule_only_draws_and_reads() -> None:
    code = compose_synapse(load(SynapseModel, **STORE), None, {}, driven={"post": {"I"}})
    assert code.on_pre.splitlines() == ["chance = rand()", "I_post += w"]
    assert (code.on_sample, code.on_post, code.each_step, dict(code.reads)) == ("", "", "", {})
    assert "eta" not in code.equations


@pytest.mark.parametrize("event", ["on_post", "each_step", "on_sample"])
def test_rule_may_write_at_other_events_while_spikes_are_still_transmitted(event) -> None:
    rule = load(Rule, **{event: "dw = eta*U_post"}, parameters="eta = 1*nS")
    code = under(rule)
    assert getattr(code, event).splitlines() == ["dw = eta*U_post", "w = w + dw"]
    assert code.on_pre.splitlines() == ["chance = rand()", "I_post += w"]


def test_event_that_asks_for_no_change_writes_none() -> None:
    rule = load(Rule, **RULE, on_post="U_pre = 0*volt")
    assert under(rule).on_post == "U_pre = 0*volt"


def test_rule_reads_copies_of_what_projections_write_and_only_of_that() -> None:
    rule = load(Rule, **RULE | {"on_pre": "dw = eta*(U_post + V_post)*I_pre"})
    code = under(rule, driven={"pre": {"I"}, "post": {"U", "I"}})
    assert "dw = eta*(U_start_post + V_post)*I_start_pre" in code.on_pre
    assert "I_post += w" in code.on_pre  # transmission goes to the variable itself
    assert code.reads == {"pre": ("I",), "post": ("U",)}


def test_what_the_synapses_of_a_neuron_share_is_kept_there_once_for_each_target() -> None:
    axon = {"variables": "used : 1", "at_spike": "used = used*(1 - part) + part"}
    parameters = "part = 0.5  # a spike uses\nw_max = 2*nA"
    model = load(SynapseModel, **STORE | {"axon": axon, "read": "I_post += w*used_pre*part", "parameters": parameters})
    part, kept = axon_part(model, {"part": "0.25"}, load(NeuronModel, **NEURON), "output")
    assert (part.side, part.equations.text, values(part.parameters)) == (
        "pre",
        "used_output : 1",
        {"part_output": 0.25},
    )
    assert part.at_spike.text == "used_output = used_output*(1 - part_output) + part_output"
    code = under(load(Rule, **RULE), model, kept=kept)
    assert code.on_pre.splitlines()[-1] == "I_post += w*used_output_pre*part_output_pre"
    assert list(code.parameters) == ["w_max", "eta"]


def test_copies_are_taken_of_the_variables_with_their_units() -> None:
    code = compose_neuron(load(NeuronModel, **NEURON), {}, copied=["V", "I", "V"])
    assert code.copies.splitlines() == ["I_start = I", "V_start = V"]
    assert "V_start : volt" in code.equations
    assert "I_start : amp" in code.equations


def test_every_parameter_is_a_shared_constant_that_a_run_can_set() -> None:
    neuron = compose_neuron(load(NeuronModel, **NEURON), {})
    synapse = under(load(Rule, **RULE))
    for line in ("tau : second (shared, constant)", "rest : second (shared, constant)"):
        assert line in neuron.equations
    for line in ("w_max : amp (shared, constant)", "eta : siemens (shared, constant)"):
        assert line in synapse.equations
    assert synapse.parameters == {"w_max": 2 * nA, "eta": 1 * nS}


@pytest.mark.parametrize(("value", "name"), [(3, "1"), (3 * ms, "second"), (3 * nA, "amp"), (1 / ms, "hertz")])
def test_unit_is_spelt_as_in_equations(value, name) -> None:
    assert unit_name(value) == name
    assert declare({"x": value}) == f"x : {name} (shared, constant)"


@pytest.mark.parametrize("value", [metre / ms / nA, volt**2 * second / nA**3, 1 / nS**2 / kelvin])
def test_a_unit_without_a_name_is_one_that_equations_read(value) -> None:
    """Brian2 spells it with brackets, which its equations do not know."""
    assert Equations(f"x : {unit_name(value)}")["x"].dim is get_dimensions(value)


def test_override_changes_the_values_derived_from_it_and_ignores_other_names() -> None:
    model = load(NeuronModel, **NEURON)
    assert constants(model, {}) == {"tau": 2 * ms, "rest": 6 * ms}
    assert constants(model, {"tau": "5*ms", "other": "1"}) == {"tau": 5 * ms, "rest": 15 * ms}
    assert compose_neuron(model, {"rest": "1*ms"}).parameters == {"tau": 2 * ms, "rest": 1 * ms}


def test_override_of_another_unit_is_told_where_it_does_not_fit() -> None:
    model = load(NeuronModel, **NEURON | {"parameters": "tau = 2*ms\nsum = tau + 1*ms"})
    with pytest.raises(ZooError, match=r"models/NeuronModel\.yaml: parameters: units do not match"):
        constants(model, {"tau": "2*mV"})


def test_clash_of_parameter_names_is_an_error_naming_both_files() -> None:
    rule = load(Rule, **RULE | {"parameters": "w_max = 1*nS"})
    told = "models/Rule.yaml: parameters.w_max: 'w_max' is a parameter of models/SynapseModel.yaml too"
    with pytest.raises(ZooError, match=told):
        under(rule)


def test_store_without_write_cannot_learn() -> None:
    with pytest.raises(ZooError, match="the synapse cannot learn"):
        under(load(Rule, **RULE), load(SynapseModel, **STORE | {"write": ""}))


def test_state_format_takes_the_name_of_its_variable() -> None:
    state = load(
        StateFormat,
        each_step="x_step = x_max/exp(x_bits)\nx = clip(x, 0*volt, x_max)",
        parameters="x_bits = 8\nx_max = 1",
    )
    code = compose_neuron(
        load(NeuronModel, **NEURON, each_step="V = V"),
        {"V_max": "3*volt", "I_bits": "5"},
        formats={"V": state, "I": state},
    )
    assert code.each_step.splitlines() == [
        "V = V",
        "V_step = V_max/exp(V_bits)",
        "V = clip(V, 0*volt, V_max)",
        "I_step = I_max/exp(I_bits)",
        "I = clip(I, 0*volt, I_max)",
    ]
    assert {name: float(value) for name, value in code.parameters.items() if name != "tau"} == {
        "rest": 0.006, "V_bits": 8, "V_max": 3, "I_bits": 5, "I_max": 1
    }  # fmt: skip


def test_erbp_reads_current_and_dendrite_as_they_were_before_the_step(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (4, 3, 2), "train")
    codes = compose(circuit)
    assert "U_start_post" in codes.synapses["input_hidden1"].on_pre
    assert "I_start_post" in codes.synapses["input_hidden1"].on_pre
    assert codes.neurons["hidden1"].copies.splitlines() == ["I_start = I", "U_start = U"]
    assert codes.neurons["input"].copies == codes.neurons["error"].copies == ""


def test_network_that_does_not_learn_takes_no_copies(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (4, 3, 2), "test")
    assert all(code.copies == "" for code in compose(circuit).neurons.values())


def test_no_text_of_a_comment_reaches_a_compiler() -> None:
    r"""A comment that ends in a backslash, or in its trigraph, would take the next line of C++ with it."""
    comments = {"  # see eq. 3 \\": "V = 0*volt", "  # why not ??/": "I = 5*nA"}
    reset = "\n".join(f"{line}{comment}" for comment, line in comments.items())
    neuron = load(NeuronModel, **NEURON | {"equations": "dV/dt = -V/tau : volt # \\\nI : amp"}, reset=reset)
    store = load(SynapseModel, **STORE | {"read": "I_post += w # \\", "state": "w : amp # ??/"})
    rule = load(Rule, **RULE | {"on_pre": "dw = eta*U_post # \\"}, each_step="# \\\nx = 1 # \\")
    codes = [compose_neuron(neuron, {}), under(rule, store)]
    strings = [text for code in codes for text in vars(code).values() if isinstance(text, str)]
    assert not [text for text in strings if "#" in text or "\\" in text or "??" in text]
    assert codes[0].reset.splitlines() == list(comments.values())
    assert codes[1].each_step == "x = 1"


def test_a_variable_may_be_called_as_an_attribute_of_brian2(deterministic, latencies) -> None:
    """A parameter `order` or `start` is the neuron's own, not the order in which Brian2 runs the group."""
    text = """
title: Neuron that spikes once, at a time that is said by names Brian2 uses itself
equations: |
  events : 1
  I : amp
  U : volt
threshold: events > order and t > start
reset: events = 0
initial: events = 2*stop
parameters: |
  order = 5
  start = 3*ms
  stop = 3
"""
    files = {"models/neurons/named.yaml": text}
    files["config/experiments/named.yaml"] = "title: x\nextends: deterministic\nneurons: {hidden: named}\n"
    circuit = deterministic((2, 2, 2), files=files, experiment="named")
    inputs = Inputs(latencies((2, 2, 2), 1), parameter_values(circuit), 1, seed=0)
    found = run_here(circuit, 30 * ms, inputs, ["hidden1_spikes.t"], Recording(("hidden1",)))["hidden1_spikes.t"]
    assert found == pytest.approx([3.1e-3, 3.1e-3])
