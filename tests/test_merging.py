"""A file that extends another states what differs: by key, by the name of a line, by the variable of an equation."""

from collections.abc import Callable
from typing import Any

import pytest

from brian2zoo.errors import ZooError
from brian2zoo.formats.experiments import ExperimentFile
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.merging import is_stated, merged
from brian2zoo.formats.models import NeuronModel
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import Zoo

BASE = """
title: Base
method: exact
variables:
  pre: |
    dz/dt = -z/tau_m_post : 1     # filtered
    seen = z : 1
  synapse: |
    x : 1
    long = z_pre
           + x : 1
initial:
  pre: z = 1
  synapse: |
    x = 1
    y = 2
at_spike: {pre: z += 1}
each_step: |
  x = z_pre
  y = 2*x
on_pre: dw = eta*y
parameters: |
  eta = 1
  tau = 2*ms [> 0]
"""


def child(zoo_with: Callable[..., Zoo], text: str, base: str = BASE) -> Rule:
    """A rule that extends another by some lines."""
    texts = {"rules/base.yaml": base, "rules/child.yaml": f"title: Child\nextends: base\n{text}"}
    return zoo_with(texts).rule("child")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pre: 'dz/dt = -2*z/tau_m_post : 1'", ["dz/dt = -2*z/tau_m_post : 1", "seen = z : 1"]),
        ("pre: 'seen = 2*z : 1'", ["dz/dt = -z/tau_m_post : 1     # filtered", "seen = 2*z : 1"]),
        ("pre: 'q : 1'", ["dz/dt = -z/tau_m_post : 1     # filtered", "seen = z : 1", "q : 1"]),
        ("pre: seen = null   # not needed", ["dz/dt = -z/tau_m_post : 1     # filtered"]),
        ("pre: null", []),
        ("pre: ''", []),
        ("synapse: long = null", ["dz/dt = -z/tau_m_post : 1     # filtered", "seen = z : 1"]),
    ],
)
def test_equations_merge_by_the_variable_on_the_left(zoo_with, text, expected) -> None:
    rule = child(zoo_with, f"variables:\n  {text}\n")
    assert [line for line in rule.variables.pre.splitlines() if line] == expected
    whole = "x : 1\nlong = z_pre\n       + x : 1"
    assert rule.variables.synapse.strip() == ("x : 1" if text.startswith("synapse") else whole)


def test_an_equation_of_several_lines_is_replaced_as_one(zoo_with) -> None:
    rule = child(zoo_with, "variables:\n  synapse: |\n    long = z_pre : 1\n")
    assert rule.variables.synapse == "x : 1\nlong = z_pre : 1"


def test_statements_are_replaced_as_a_whole_unless_merges_names_them(zoo_with) -> None:
    assert child(zoo_with, "each_step: y = 3*x\n").each_step == "y = 3*x"
    merging = child(zoo_with, "merges: [each_step]\neach_step: y = 3*x\n")
    assert merging.each_step.splitlines() == ["x = z_pre", "y = 3*x"]
    added = child(zoo_with, "merges: [each_step, at_spike.pre]\neach_step: z = 1\nat_spike: {pre: q += 1}\n")
    assert added.each_step.splitlines() == ["x = z_pre", "y = 2*x", "z = 1"]
    assert added.at_spike.pre.splitlines() == ["z += 1", "q += 1"]
    begun = child(zoo_with, "merges: [initial.synapse]\ninitial: {synapse: y = 3}\n")
    assert (begun.initial.pre, begun.initial.synapse.splitlines()) == ("z = 1", ["x = 1", "y = 3"])
    removed = child(zoo_with, "merges: [each_step]\neach_step: x = null\n")
    assert removed.each_step == "y = 2*x"


def test_what_a_child_merges_its_own_children_do_not(zoo_with) -> None:
    texts = {
        "rules/base.yaml": BASE,
        "rules/child.yaml": "title: C\nextends: base\nmerges: [each_step]\neach_step: y = 3*x\n",
        "rules/grandchild.yaml": "title: G\nextends: child\neach_step: y = 4\n",
    }
    assert zoo_with(texts).rule("grandchild").each_step == "y = 4"


def test_parameters_merge_by_name_and_keep_their_domain(zoo_with) -> None:
    rule = child(zoo_with, "parameters: |\n  tau = 3*ms\n  eta = null\n  new = 1\n")
    assert [str(line) for line in rule.parameters] == ["tau = 3*ms [> 0]", "new = 1"]


def test_a_nested_mapping_merges_by_key(zoo_with) -> None:
    text = (
        "title: Child\nextends: rtrl_conductance\nlearning: {plastic: {surrogate: boxcar, scale: null}, loss: null}\n"
    )
    zoo = zoo_with({"config/experiments/child.yaml": text})
    parent, found = (zoo.experiment(name).learning for name in ("rtrl_conductance", "child"))
    assert found.plastic == parent.plastic.model_copy(update={"surrogate": "boxcar", "scale": "1"})
    assert (found.loss, found.feedback, found.hidden_output) == ("", parent.feedback, parent.hidden_output)


@pytest.mark.parametrize(
    ("text", "field", "told"),
    [
        ("merges: [each_step]\neach_step: |\n  x = 1\n  x = 2\n", "each_step", "'x' is assigned more than once"),
        ("merges: each_step\n", "merges", "this is not a list"),
        ("merges: [each_stepp]\neach_step: y = 1\n", "merges", "'each_stepp' is no block of statements"),
        ("merges: [parameters]\n", "merges", "'parameters' is no block of statements"),
        ("variables:\n  pre: seen == z\n", "variables.pre", "seen == z"),
        ("variables:\n  pre: |\n    a : 1\n    a : 1\n", "variables.pre", "'a'"),
        ("variables:\n  pre: gone = null\n", "variables.pre", "there is no 'gone' to take away"),
        ("parameters: gone = null\n", "parameters", "there is no 'gone' to take away"),
        ("merges: [each_step]\neach_step: gone = null\n", "each_step", "there is no 'gone' to take away"),
    ],
)
def test_what_does_not_merge_is_told_of_the_child(zoo_with, text, field, told) -> None:
    with pytest.raises(ZooError) as error:
        child(zoo_with, text)
    assert (error.value.where, error.value.field) == ("rules/child.yaml", field)
    assert told in error.value.problem
    assert "\n" not in str(error.value)


def test_a_file_that_extends_none_has_nothing_to_merge(zoo_with) -> None:
    with pytest.raises(ZooError, match=r"base\.yaml: merges: .*extends"):
        zoo_with({"rules/base.yaml": f"{BASE}merges: [each_step]\n"}).rule("base")


@pytest.mark.parametrize(
    ("model", "data", "field", "expected"),
    [
        (Rule, {"on_pre": "a"}, "on_pre", True),
        (Rule, {"on_pre": "a"}, "on_post", False),
        (Rule, {"parameters": "eta = 1"}, "parameters.eta", True),
        (Rule, {"parameters": "eta = 1"}, "parameters.tau", False),
        (Rule, {"parameters": "malformed"}, "parameters.eta", True),
        (Rule, {"variables": {"pre": "x : 1"}}, "variables.pre", True),
        (Rule, {"variables": {"pre": "x : 1"}}, "variables.post", False),
        (ExperimentFile, {"neurons": {"hidden": "lif"}}, "neurons.hidden", True),
        (ExperimentFile, {"neurons": {"hidden": "lif"}}, "neurons.output", False),
        (ExperimentFile, {"learning": {"plastic": {"rule": "bp"}}}, "learning.plastic.rule", True),
        (ExperimentFile, {"learning": {"plastic": {"rule": "bp"}}}, "learning.plastic.scale", False),
        (ExperimentFile, {"weights": "a = 1"}, "weights.noise", False),
    ],
)
def test_which_file_states_a_field(model: Any, data: dict, field: str, expected: bool) -> None:
    assert is_stated(model, data, field) == expected


def test_merging_leaves_both_as_they_are() -> None:
    parent, own = {"title": "P", "notes": "n", "equations": "a : 1\nb : 1"}, {"extends": "p", "equations": "b : volt"}
    assert merged(NeuronModel, parent, own) == {"title": "P", "extends": "p", "equations": "a : 1\nb : volt"}
    assert (parent["equations"], own["equations"]) == ("a : 1\nb : 1", "b : volt")
    assert as_dict(NeuronModel(title="t", equations="a : 1").parameters) == {}
