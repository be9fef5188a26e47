"""Text files: what one inherits from another, what a mistake is called, and what a result can depend on."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict, fingerprint, parse_lines
from brian2zoo.formats.kinds import KINDS, json_schemas
from brian2zoo.formats.language import Domain, Refused, domain_of
from brian2zoo.formats.settings import numbers_of
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml

BASE = """
title: Base
reference: doi:10.1/base
notes: Of the base.
method: exact
keeps: [x, y]
variables: {synapse: "x : 1"}
on_pre: dw = eta*U_post
parameters: |
  eta = 1*nS      # learning rate
  tau = 2*eta/nS  # something else
"""

ALL_FILES = [(kind, name) for kind in KINDS for name in Zoo().names(kind)]


def rules(zoo_with: Callable[..., Zoo], **texts: str) -> Zoo:
    """The zoo with further rules."""
    return zoo_with({f"rules/{name}.yaml": text for name, text in texts.items()})


@pytest.mark.parametrize(("kind", "name"), ALL_FILES)
def test_every_file_loads(kind: str, name: str) -> None:
    file = Zoo().load(kind, name)
    assert (file.name, str(file.path)) == (name, f"{KINDS[kind][1]}/{name}.yaml")
    assert file.title


# Lines


def test_lines() -> None:
    lines = parse_lines("# a comment\n\n a = 1*ms   # meaning # of a\nb.c=2")
    assert [(line.name, line.value, line.meaning) for line in lines] == [
        ("a", "1*ms", "meaning # of a"),
        ("b.c", "2", ""),
    ]
    assert str(lines[0]) == "a = 1*ms  # meaning # of a"


@pytest.mark.parametrize("line", ["a", "a 1", "1 = a", "a = ", "a = b = c", "a.b.c = 1", "a-b = 1"])
def test_malformed_line(line: str) -> None:
    with pytest.raises(ValueError, match="malformed line"):
        parse_lines(line)


def test_a_line_given_twice() -> None:
    with pytest.raises(ValueError, match="'a' is given twice"):
        parse_lines("a = 1\na = 2")


def test_a_line_states_its_domain() -> None:
    (line,) = parse_lines("p = 0.45 [ 0 to 1]   # a share [of 1]")
    assert (line.value, line.domain, line.meaning) == ("0.45", "0 to 1", "a share [of 1]")
    assert str(line) == "p = 0.45 [0 to 1]  # a share [of 1]"


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("", Domain()),
        ("> 0", Domain(((">", "0"),))),
        (">=-70*mV, < E_L", Domain(((">=", "-70*mV"), ("<", "E_L")))),
        ("0 to 1", Domain(((">=", "0"), ("<=", "1")))),
        ("whole, >= 1", Domain(((">=", "1"),), whole=True)),
        ("<= 1 - stuck_low or inf", Domain((("<=", "1 - stuck_low"),), infinite=True)),
    ],
)
def test_domains(text: str, domain: Domain) -> None:
    assert domain_of(text) == domain


@pytest.mark.parametrize("text", ["0", "positive", "> ", "> a > b", "== 0", "0 to", "> 0,", "> 0 [", "inf", "> 'a'"])
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(Refused):
        parse_lines(f"a = 1 [{text}]")


@pytest.mark.parametrize("line", ["a = 1 [> 0", "a = [> 0]", "a = 1 [> 0] + 1"])
def test_a_domain_stands_in_brackets_after_the_value(line: str) -> None:
    with pytest.raises(Refused, match="malformed line"):
        parse_lines(line)


# A file that extends another


def test_a_child_states_what_differs(zoo_with) -> None:
    child = "title: Child\nextends: base\non_pre: dw = eta\n"
    rule = rules(zoo_with, base=BASE, child=child).rule("child")
    assert (rule.title, rule.on_pre) == ("Child", "dw = eta")
    assert (rule.keeps, rule.method, rule.variables.synapse) == (("x", "y"), "exact", "x : 1")


def test_reference_and_notes_are_not_inherited(zoo_with) -> None:
    rule = rules(zoo_with, base=BASE, child="title: Child\nextends: base\n").rule("child")
    assert (rule.reference, rule.notes) == ("", "")


def test_parameters_are_merged_line_by_line(zoo_with) -> None:
    child = "title: Child\nextends: base\nparameters: |\n  eta = 3*nS  # mine\n  new = 4\n"
    lines = rules(zoo_with, base=BASE, child=child).rule("child").parameters
    assert as_dict(lines) == {"eta": "3*nS", "tau": "2*eta/nS", "new": "4"}
    assert [line.meaning for line in lines] == ["mine", "something else", ""]


def test_null_removes_an_inherited_line(zoo_with) -> None:
    child = "title: Child\nextends: base\nparameters: |\n  tau = null\n"
    assert as_dict(rules(zoo_with, base=BASE, child=child).rule("child").parameters) == {"eta": "1*nS"}


def test_a_line_keeps_the_domain_of_the_one_it_replaces(zoo_with) -> None:
    base = BASE.replace("1*nS ", "1*nS [> 0]").replace("2*eta/nS", "2*eta/nS [> 0]")
    child = "title: Child\nextends: base\nparameters: |\n  eta = 3*nS\n  tau = 2 [>= 1]\n"
    lines = rules(zoo_with, base=base, child=child).rule("child").parameters
    assert [(line.value, line.domain) for line in lines] == [("3*nS", "> 0"), ("2", ">= 1")]


@pytest.mark.parametrize("key", ["parameters", "weights"])
def test_an_experiment_states_no_domains(zoo_with, key: str) -> None:
    text = f"title: Child\nextends: bp\n{key}: |\n  rule.eta = 1 [> 0]\n"
    with pytest.raises(ZooError, match=rf"child.yaml: {key}.rule.eta: the domain '\[> 0\]' is for the file"):
        zoo_with({"config/experiments/child.yaml": text}).experiment("child")


def test_a_grandchild(zoo_with) -> None:
    child, grandchild = "title: Child\nextends: base\nmethod: euler\n", "title: Grandchild\nextends: child\n"
    rule = rules(zoo_with, base=BASE, child=child, grandchild=grandchild).rule("grandchild")
    assert (rule.method, rule.on_pre) == ("euler", "dw = eta*U_post")


def test_mappings_are_merged_by_key_and_null_removes_one(zoo_with) -> None:
    text = "title: Child\nextends: erbp_plus\nneurons: {noise: null, hidden: lif}\nprotocol: {T_train: 1*ms}\n"
    zoo = zoo_with({"config/experiments/child.yaml": text})
    parent, child = zoo.experiment("erbp_plus"), zoo.experiment("child")
    neurons = {role: name for role, name in parent.stated.neurons.items() if role != "noise"}
    assert child.stated.neurons == neurons | {"hidden": "lif"}
    assert (child.protocol.T_train, child.protocol.dt) == ("1*ms", parent.protocol.dt)


@pytest.mark.parametrize(
    ("texts", "where", "field", "problem"),
    [
        ({"child": "title: C\nextends: bas\n", "base": BASE}, "child", "extends", "there is no 'bas'"),
        ({"child": "title: C\nextends: child\n"}, "child", "extends", "extends this file in turn"),
        ({"child": "title: C\nextends: b\n", "b": "title: B\nextends: child\n"}, "b", "extends", "in turn"),
        ({"child": "title: C\nextends: base\nparameters: a\n", "base": BASE}, "child", "parameters", "malformed line"),
        ({"child": "title: C\nextends: base\nparametrs: a\n", "base": BASE}, "child", "parametrs", "unknown key"),
        ({"child": "title: C\nextends: base\n", "base": "a: b: c"}, "base", "line 1", "YAML syntax"),
        ({"child": "title: C\x07\n"}, "child", "", "YAML syntax: unacceptable character"),
        ({"child": "on_pre: dw = 1\n"}, "child", "title", "required"),
        ({"child": "- a\n"}, "child", "", "not a mapping"),
        ({"child": BASE + "name: other\n"}, "child", "name", "unknown key 'name'"),
        ({"child": BASE.replace("{synapse:", "{synapze:")}, "child", "variables.synapze", "unknown key 'synapze'"),
        ({"child": BASE.replace("[x, y]", "1")}, "child", "keeps", "this is not a list"),
    ],
)
def test_mistakes(zoo_with, texts: dict[str, str], where: str, field: str, problem: str) -> None:
    with pytest.raises(ZooError) as error:
        rules(zoo_with, **texts).rule("child")
    assert (error.value.where, error.value.field) == (f"rules/{where}.yaml", field)
    assert problem in error.value.problem
    assert "\n" not in str(error.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"rules/erpb.yaml: there is no such file — did you mean 'erbp'\?"):
        Zoo().rule("erpb")


def test_a_setting_replaces_parameters() -> None:
    experiment = Zoo().experiment("erbp_fixed_point")
    changed = experiment.with_setting("synapse.bits=4:rule.eta=1*nS")
    assert as_dict(changed.stated.parameters) == as_dict(experiment.stated.parameters) | {
        "synapse.bits": "4",
        "rule.eta": "1*nS",
    }
    assert experiment.with_setting("default").stated == experiment.stated
    with pytest.raises(ZooError, match="'bits=4' is not a setting"):
        experiment.with_setting("bits=4")
    with pytest.raises(ZooError, match="has a comma"):
        experiment.with_setting("synapse.bits=4,rule.eta=1*nS")


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("learning.plastic.surogate=boxcar", "'learning.plastic.surogate' is no choice — did you mean 'surrogate'?"),
        ("learning.plastic=bp", "'learning.plastic' is no choice"),
        ("learning.=bp", "'learning.' is not a key"),
        ("learning.feedback.way=local", "'learning.feedback.way' is no choice"),
        ("learning.plastic.filter=output", "'output' cannot be 'learning.plastic.filter'"),
    ],
)
def test_a_choice_that_there_is_not(setting: str, told: str) -> None:
    with pytest.raises(ZooError) as error:
        Zoo().experiment("rtrl_block_diagonal").with_setting(setting)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_setting_makes_another_choice() -> None:
    experiment = Zoo().experiment("rtrl_block_diagonal")
    changed = experiment.with_setting("learning.plastic.surrogate=triangle:learning.feedback=direct_random")
    assert (changed.learning.plastic.surrogate, changed.learning.feedback) == ("triangle", "direct_random")
    assert changed.learning.of("hidden_output").surrogate == "triangle"
    kept = changed.learning.plastic.model_copy(update={"surrogate": experiment.learning.plastic.surrogate})
    assert (kept, changed.learning.loss) == (experiment.learning.plastic, experiment.learning.loss)
    of_one = experiment.with_setting("learning.recurrent.surrogate=boxcar").learning
    assert [of_one.of(kind).surrogate for kind in ("recurrent", "input_hidden")] == ["boxcar", "superspike"]
    assert of_one.of("recurrent").optimizer == "adam"


# What a result can depend on


def test_content_ignores_what_no_number_depends_on(zoo_with) -> None:
    told = BASE.replace("Base", "Another title").replace("10.1/base", "10.2/other").replace("Of the base", "New")
    spaced = told.replace("dw = eta*U_post", "|\n  # a comment\n\n  dw =   eta*U_post   # asks\n")
    zoo = rules(zoo_with, base=BASE, same=spaced.replace("# learning rate", ""))
    assert fingerprint(zoo.rule("base").content()) == fingerprint(zoo.rule("same").content())


@pytest.mark.parametrize(
    ("old", "new"),
    [("eta*U", "eta*eta*U"), ("1*nS", "2*nS"), ("exact", "euler"), ("[x, y]", "[x]"), ("tau", "tau_2")],
)
def test_content_sees_what_a_number_can_depend_on(zoo_with, old: str, new: str) -> None:
    zoo = rules(zoo_with, base=BASE, other=BASE.replace(old, new))
    assert fingerprint(zoo.rule("base").content()) != fingerprint(zoo.rule("other").content())


EDITS = [
    # file, old, new, whether structure in training, structure in the test, and numbers see it
    ("rules/erbp.yaml", "eta*U_post", "2*eta*U_post", True, False, True),
    ("rules/erbp.yaml", "6e-4*nS", "7e-4*nS", False, False, True),
    ("rules/erbp.yaml", "# learning rate", "# another meaning", False, False, False),
    ("rules/erbp.yaml", "1.15*nA [> 0]", "1.15*nA [>= 0]", False, False, False),
    ("rules/erbp.yaml", "1.15*nA [> 0]", "1.15*nA", False, False, False),
    ("rules/erbp.yaml", "title: Event", "title: An event", False, False, False),
    ("rules/bp.yaml", "delta_post*r_pre", "r_pre*delta_post", False, False, False),
    ("models/neurons/two_compartment_lif.yaml", "-U/tau_u", "-2*U/tau_u", True, True, True),
    ("models/neurons/two_compartment_lif.yaml", "V_th  = 100*mV", "V_th  = 90*mV", False, False, True),
    ("models/synapses/float.yaml", "w + dw", "w - dw", True, True, True),
    ("models/encoders/escape_rate.yaml", "-0.215", "-0.3", False, False, True),
    ("config/experiments/erbp_plus.yaml", "dt: 0.1*ms", "dt: 0.2*ms", True, True, True),
    ("config/experiments/erbp_plus.yaml", "noise         = 50*mV", "noise = 40*mV", False, False, True),
    ("config/experiments/erbp_plus.yaml", "b_max = 25*nA", "b_max = 20*nA", False, False, True),
]


@pytest.mark.parametrize(("file", "old", "new", "train", "test", "numbers"), EDITS)
def test_what_an_edit_makes_stale(zoo_with, file, old, new, train, test, numbers) -> None:
    text = (ROOT / file).read_text()
    assert old in text
    before, after = Zoo(), zoo_with({file: text.replace(old, new)})
    ours, theirs = before.experiment("erbp_plus"), after.experiment("erbp_plus")
    changed = [fingerprint(ours.structure(mode)) != fingerprint(theirs.structure(mode)) for mode in ("train", "test")]
    changed.append(fingerprint(ours.numbers()) != fingerprint(theirs.numbers()))
    assert changed == [train, test, numbers]


# Schemas for editors


@pytest.mark.parametrize(("kind", "schema"), json_schemas().items(), ids=list(KINDS))
def test_schema_accepts_every_file(kind: str, schema: dict) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in Zoo().names(kind):
        assert list(validator.iter_errors(read_yaml(ROOT / KINDS[kind][1] / f"{name}.yaml"))) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("feedback", "{title: A feedback that lacks its way}"),
        ("rule", "{title: A typo, extends: bp, eligibilty: psi_post}"),
        ("rule", "{title: Derived in another way, derived: diagonal}"),
        ("neuron", "{title: Another method, equations: 'a : 1', method: exakt}"),
        ("experiment", "{title: A base in part, extends: bp, protocol: {dtt: 1*ms}}"),
    ],
)
def test_schema_refuses(kind: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(text)
    assert list(jsonschema.Draft202012Validator(json_schemas()[kind]).iter_errors(read_yaml(tmp_path / "file.yaml")))


def test_schema_wants_a_file_that_stands_alone_complete() -> None:
    validator = jsonschema.Draft202012Validator(json_schemas()["experiment"])
    data = read_yaml(ROOT / "config/experiments/erbp_plus.yaml")
    assert list(validator.iter_errors(data | {"neurons": {"noise": None}}))
    assert list(validator.iter_errors(data | {"protocol": {"dt": "1*ms"}}))
    assert not list(validator.iter_errors({"title": "t", "extends": "erbp_plus", "neurons": {"noise": None}}))


@pytest.mark.parametrize("kind", KINDS)
def test_exported_schemas_are_in_sync(kind: str) -> None:
    exported = json.loads((ROOT / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
    assert exported == json_schemas()[kind], "run 'brian2zoo schemas'"


@pytest.mark.parametrize(
    ("setting", "numbers"),
    [
        ("default", "default"),
        ("backend=genn", "default"),
        ("rule.eta=1", "rule.eta=1"),
        ("rule.eta=1:backend=cuda:label.t_on=2", "rule.eta=1:label.t_on=2"),
    ],
)
def test_numbers_of_a_setting_are_what_it_says_beside_the_backend(setting, numbers) -> None:
    assert numbers_of(setting) == numbers
