"""What the text files may say: every field of every kind of file against texts that are meant to run, or to stall."""

import os
import re
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.equations.equations import parse_string_equations
from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from typer.testing import CliRunner

from brian2zoo.check import check_file, check_zoo
from brian2zoo.cli.commands import app
from brian2zoo.equations.pieces import statements
from brian2zoo.errors import ZooError
from brian2zoo.formats import language
from brian2zoo.formats.expressions import FUNCTIONS, evaluate
from brian2zoo.formats.files import Lines, Parameter
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.language import Refused
from brian2zoo.formats.papers import PaperFile
from brian2zoo.formats.settings import Changed, Setting, SettingName, Value
from brian2zoo.formats.zoo import ROOT, Zoo, validate
from brian2zoo.pipeline.config import Config, Swept

MARKER = "executed"
"""File that an attack makes if it runs."""
_TOUCH = f"open('{MARKER}', 'w')"

# The types of texts, with something that each accepts

TYPES = {
    language.Expression: "1*ms",
    language.DomainText: "> 0",
    language.Equations: "v : 1",
    language.Statements: "v = 1",
    language.Name: "v",
    language.NameOrNone: "v",
    language.Key: "v",
    language.Pattern: "v",
    language.Layers: "4-3-2",
    language.Ends: "4-2",
    language.Line: "v",
    language.Prose: "v",
    Setting: "rule.eta=1",
    SettingName: "v",
    Changed: "rule.eta",
    Swept: "rule.b",
    Value: "1*ms",
    Lines: "v = 1",
}
CODE = {
    language.Expression: "{}",
    Value: "{}",
    language.DomainText: "> {}",
    language.Equations: "v = {} : 1",
    language.Statements: "v = {}",
    Lines: "v = {}",
}
NAMES = (language.Name, language.NameOrNone, language.Key, Changed, Swept)
WORDS = (language.Line, language.Prose)

EXPRESSIONS = [
    f"""exp('__import__("os").system("touch {MARKER}")')""",
    f"__import__('os').system('touch {MARKER}')",
    f"exp({_TOUCH})", f"exec(\"{_TOUCH}\")", f"eval('{MARKER}')", _TOUCH, f"print(1) or {_TOUCH}",
    "exp('1')", 'exp("1")', "exp('''1''')", 'f"{exp(1)}"', "f'{1}'", "b'1'", "r'1'", "u'1'", "'1'*3", "`1`",
    "exp(\\\n1)", "1 + \\\n2", "'\\x31'", "exp('\\145')", "exp(??/1)", "1 ??/\n + 2", "1; v = 2", "1;import os",
    "__v", "_v", "v__", "v__w", "v.__class__", "().__class__", "(1).real", "v.a", "v[0]", "[1]", "[v for v in v]",
    "{1}", "{1: 2}", "(v, 1)", "v,", "lambda: 1", "(lambda: 1)()", "(v := 1)", "1 if v else 2", "v if v else w",
    "*v", "exp(*v)", "exp(**v)", "exp(x=1)", "exp(1)(2)", "1(2)", "yield v", "await v", "v is v", "v in v",
    "v not in v",
    "None", "...", "1j", "0x10", "0b1", "0o17", "017", "1_000", "1.5.3", "1e", "1e999", "v = 1",
    "v == 1 == 1", "1 < v < 2",
    "v ^ 2", "v | 1", "v & 1", "~v", "v << 2", "v >> 2", "v @ v", "v && v", "!v", "v ? 1 : 2", "$v", "@v", "v\x00",
    "\uff56", "\uff45\uff58\uff50(1)", "\u0435xp(1)", "v\xb2", "\uff11", "\u0663", "\U0001d42f", "\ufb01",
    "\xaa", "v \u2212 1", "v\u00a0+ 1", "v\u2028", "v\u202e", "v\u200b",
    "1 +", "(1", "1)", "v v", "import os", "del v", "global v", "v\rw", "v\x0bw", "v\x1cw = 1", "unknown(v)", "exit()",
    "getattr(v, v)", "compile(v)", "globals()", "vars()", "input()", "breakpoint()", "Symbol(v)", "sympify(v)", "S(v)",
]  # fmt: skip
BAD_NAMES = [
    "../x", "..", ".", "/x", "1x", "_x", "x__y", "x y", "x-y", "x\ny", "x;y", "$(touch executed)", "`touch executed`",
    "x|y", "x&y", "x>y", "x'y", 'x"y', "x\\y", "{x}", "x{y}", "[x]", "x,y", "x:y", "~x", "x*", "x?", "x%y",
    "\uff58", "\u0445", "\xe9",
    "x\x00", "x\u2028y", "lambda", "None", "class", "x" * 101, " x", "x ",
]  # fmt: skip
BAD_WORDS = ["x\x00y", "x\x1by", "x\u2028y", "x\u202ey", "x\x85y", "x\x0by", "x\x7f", "x" * 20_001]
BAD_LINES = ["x\ny", "x\n#include <stdlib.h>"]
BAD_SIZES = ["784-", "-10", "7 8", "\u0663", "\u00b2", "4-3-2\n", "4,3", "../4", "4-x", "1" * 200, "$(touch executed)"]
BAD_SETTINGS = [
    "x", "x=1", "rule.eta", "rule.eta=", "=1", "rule.eta=1,rule.b=2", "rule.eta=1/2", "rule.eta=exp('1')", "../x=1",
    "rule.eta=1:", "rule.eta=1\n", "rule.eta=1 :rule.b=2", "rule.eta=1#x", "backend=x", "backend=$(touch executed)",
    "rule.eta=9**9**9**9", "rule.eta=" + "1" * 300, "rule.__class__=1", "rule.a.b=1", "rule.eta=1=2", "rule.eta=`1`",
]  # fmt: skip
LARGE = [
    "9**9**9**9", "10**10000000*ms", "2**(2**(2**(2**9)))", "9**9**9", "(-9)**999999", "1.5**1e9", "ms**1000000",
    "exp(exp(exp(9)))", "floor(exp(600)*sin(600))", "floor(exp(sqrt(360000)))", "1" * 5000, "1e" + "9" * 5000,
    "(" * 3000 + "1" + ")" * 3000, "(" * 150 + "1" + ")" * 150 + "*v**101", "-" * 3000 + "1",
    "exp(" * 90 + "1" + ")" * 90 + "*v**101",
    "not " * 3000 + "v", "+".join(["1*ms"] * 20_000), "+".join(["v"] * 2_000), "*".join(["v"] * 300), "(" * 3000,
    "clip(" * 14 + "v" + ", 0, 1)" * 14, "sqrt(" * 30 + "v" + ")" * 30, "v" * 30_000, " " * 30_000 + "1",
    "(v + w)**101",
]  # fmt: skip


def attacks(kind: Any) -> list[str]:
    """Texts that a type has to refuse."""
    if kind in CODE:
        inside = EXPRESSIONS + LARGE
        if kind is language.Equations:  # whose colon ends the expression: what follows is refused as a unit
            inside = [text for text in inside if "\n" not in text or "\\" in text or "??" in text]
        return [CODE[kind].format(text) if "{}" in CODE[kind] else text for text in inside]
    if kind is language.Pattern:
        return [*(text for text in BAD_NAMES if text != "x*"), "x**", "*_*", "*__x", "*/x"]
    if kind in NAMES:
        return [*BAD_NAMES[:-2], "x" * 200] if kind is language.NameOrNone else BAD_NAMES
    if kind in (language.Layers, language.Ends):
        return BAD_SIZES
    if kind is SettingName:
        return [text for text in BAD_NAMES if text not in ("x-y", "x__y", "lambda", "None", "class")]
    if kind is Setting:
        return BAD_SETTINGS[1:]  # the first may be the name of one
    return BAD_WORDS + (BAD_LINES if kind is language.Line else [])


# All texts of a model, by walking it


@dataclass(frozen=True)
class Leaf:
    """A text in a model: where it is, and its type; `key` if it is the key of a mapping."""

    path: tuple[str, ...]
    kind: Any
    key: bool = False


def kind_of(annotation: Any) -> Any:
    """Which of the types an annotation is, None if it is none."""
    if annotation == Lines:
        return Lines
    if get_origin(annotation) is Annotated:
        checks = [m.func for m in get_args(annotation)[1:] if isinstance(m, AfterValidator)]
        return next((kind for kind in TYPES if kind != Lines and get_args(kind)[1].func in checks), None)
    return None


def annotation_of(field: Any) -> Any:
    """The annotation of a field, with what pydantic has taken out of it."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation


def leaves(annotation: Any, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """All texts below an annotation; one of no type has kind `str`."""
    origin = get_origin(annotation)
    if kind_of(annotation) is not None:
        yield Leaf(path, kind_of(annotation))
    elif annotation is str:
        yield Leaf(path, str)
    elif origin is Annotated:
        yield from leaves(get_args(annotation)[0], path)
    elif origin is Literal or annotation in (int, float, bool, Path, type(None)) or annotation is Ellipsis:
        return
    elif origin in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from leaves(each, path)
    elif origin is tuple:
        for each in dict.fromkeys(get_args(annotation)):
            yield from leaves(each, (*path, "[0]"))
    elif origin is dict:
        of_key, of_value = get_args(annotation)
        yield from (Leaf((*path, "{key}"), leaf.kind, key=True) for leaf in leaves(of_key))
        yield from leaves(of_value, (*path, "{value}"))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from leaves(annotation_of(field), (*path, name))
    else:
        raise NotImplementedError(f"{annotation} at {path}")


def example(annotation: Any, at: tuple[str, ...] | None = None, text: Any = None) -> Any:
    """Data for an annotation, complete; with `text` at a path of `leaves`, None for no such place."""
    here = at == ()
    kind, origin = kind_of(annotation), get_origin(annotation)
    if kind is not None or annotation is str:
        return text if here else TYPES[kind or language.Line]
    if origin is Annotated:
        return example(get_args(annotation)[0], at, text)
    if origin is Literal:
        return get_args(annotation)[0]
    if annotation in (int, float):
        return 1 if annotation is int else 0.5
    if annotation is bool:
        return False
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        if here:
            return text
        wanted = [part for part in parts if at and any(leaf.path[:1] == at[:1] for leaf in leaves(part))]
        return example((wanted or parts)[0], at, text)
    if origin is tuple:
        parts = [part for part in get_args(annotation) if part is not Ellipsis]
        return [example(part, at[1:] if at else None, text) for part in parts]
    if origin is dict:
        of_key, of_value = get_args(annotation)
        key = text if at == ("{key}",) else example(of_key)
        return {key: example(of_value, at[1:] if at and at[0] == "{value}" else None, text)}
    return {
        name: example(annotation_of(field), at[1:] if at and at[0] == name else None, text)
        for name, field in annotation.model_fields.items()
        if not (field.exclude or name == "extends")
    }


MODELS: dict[str, Any] = {kind: model for kind, (model, _) in KINDS.items()} | {"config": Config, "paper": PaperFile}
FIELDS = [
    pytest.param(kind, leaf, id=f"{kind}:{'.'.join(leaf.path)}")
    for kind, model in MODELS.items()
    for leaf in dict.fromkeys(leaves(model))
    if leaf.path not in (("name",), ("extends",))
]
SECONDS = 3
"""Of processor time that a refusal may take: an answer within seconds, on a busy machine too."""
EVERY = 12
"""A field is tried with each 12th attack on its type, the next field with the others."""


def filled(kind: str, leaf: Leaf, text: str) -> Any:
    """A file of a kind with a text in a place."""
    data = example(MODELS[kind], leaf.path, text)
    return data if kind != "config" or leaf.path[0] == "datasets" else data | {"datasets": {"v": {"source": "digits"}}}


def test_no_text_is_of_no_type() -> None:
    """A new field has to say what it holds: code, a name or words."""
    found = [(kind, leaf.path) for kind, model in MODELS.items() for leaf in leaves(model) if leaf.kind is str]
    assert found == []
    assert {leaf.kind for leaf in leaves(Parameter)} == {
        *(language.Key, language.Expression, language.DomainText, language.Prose)
    }


def test_a_field_of_no_type_would_be_found() -> None:
    class Forgotten(BaseModel):
        equations: str = ""
        by_name: dict[str, tuple[str, ...]] = {}

    assert [leaf.path for leaf in leaves(Forgotten) if leaf.kind is str] == [
        ("equations",), ("by_name", "{key}"), ("by_name", "{value}", "[0]"),
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No attack makes its file."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not os.path.exists(MARKER)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: "Lines" if kind == Lines else get_args(kind)[1].func.__name__)
def test_every_type_refuses_every_attack(kind: Any) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(TYPES[kind])
    accepted, slow, told = [], [], []
    for text in attacks(kind):
        started = time.process_time()
        try:
            adapter.validate_python(text)
            accepted.append(text)
        except ValidationError as error:
            told += [isinstance(error.errors()[0]["ctx"]["error"], Refused)]
        if time.process_time() - started > SECONDS:
            slow.append(text[:40])
    assert (accepted, slow, all(told)) == ([], [], True)


@pytest.mark.parametrize(("kind", "leaf"), FIELDS)
def test_every_field_refuses_attacks(kind: str, leaf: Leaf) -> None:
    accepted, slow, elsewhere = [], [], []
    first = [param.values for param in FIELDS].index((kind, leaf)) % EVERY
    for text in attacks(leaf.kind)[first::EVERY]:
        data = filled(kind, leaf, text)
        started = time.process_time()
        try:
            validate(MODELS[kind], data, Path("file.yaml"))
            accepted.append(text)
        except ZooError as error:
            place = re.sub(r"\.?[\[{].*", "", ".".join(leaf.path))
            if (
                error.where != "file.yaml"
                or not error.field.startswith(place)
                or re.search(r"[\n\x00-\x1f]", str(error))
            ):
                elsewhere.append((text[:40], str(error)))
        if time.process_time() - started > SECONDS:
            slow.append(text[:40])
    assert (accepted, slow, elsewhere) == ([], [], [])


@pytest.mark.parametrize(("kind", "leaf"), [param for param in FIELDS if param.values[0] in KINDS])
def test_check_refuses_an_attack_in_a_file(kind: str, leaf: Leaf, tmp_path: Path) -> None:
    if leaf.kind in WORDS:
        return  # YAML itself takes no control characters
    folder = tmp_path / KINDS[kind][1]
    folder.mkdir(parents=True)
    with (folder / "attack.yaml").open("w") as file:
        content = filled(kind, leaf, attacks(leaf.kind)[0])
        if leaf.path[0] != "merges":  # which is refused where nothing is extended
            content.pop("merges", None)
        YAML(typ="safe").dump(content, file)
    (finding,) = check_file(Zoo(tmp_path), kind, "attack")
    assert finding.where == f"{KINDS[kind][1]}/attack.yaml"
    assert finding.field.startswith(leaf.path[0])


# What is accepted


FILES = [(kind, name) for kind in KINDS for name in Zoo().names(kind)]


def test_files_are_taken_as_they_are() -> None:
    """Of each file the texts that the language has read are those of the file: no training becomes stale."""
    zoo = Zoo()
    for kind, name in FILES:
        folder = KINDS[kind][1]
        raw = zoo._raw(KINDS[kind][0], ROOT / folder / f"{name}.yaml", Path(folder), ())
        file = zoo.load(kind, name)
        for field, value in raw.items():
            if isinstance(value, str) and isinstance(getattr(file, field), str) and field not in ("title", "extends"):
                assert getattr(file, field) == value


def test_equations_are_read_as_brian2_reads_them() -> None:
    """The same variables, kinds, units and flags; what one of the two took for a comment the other might run."""
    texts = [
        getattr(Zoo().load(kind, name), field)
        for kind, name in FILES
        for leaf in leaves(KINDS[kind][0])
        if leaf.kind is language.Equations and len(leaf.path) == 1
        for field in leaf.path
    ]
    texts.append("v = 1 +\n  2    # a : b = c\n  + 3 : 1 (constant)\n\ndx/dt = -x/(1*ms)\n : volt # (shared)\ny:1")
    assert len(texts) > 80
    for text in texts:
        theirs = parse_string_equations(text)
        ours = {m["of"] or m["variable"]: m for m in language._equations(text)}
        assert list(ours) == list(theirs)
        for name, equation in theirs.items():
            flags = [flag.strip() for flag in (ours[name]["flags"] or "").split(",") if flag.strip()]
            assert flags == list(equation.flags)
            right = language.expression(ours[name]["expression"] or "")
            assert "".join(right.split()) == "".join((equation.expr.code if equation.expr else "").split())


@pytest.mark.parametrize(
    "text",
    [
        'v = 1  # it\'s "a" `comment` ; [x] {y} lambda: __import__ \\',
        "# only a comment ??/",
        "v = 1 # ü ± 中\nw=2\n\n  # x = ((\n  v += 1",
        "v = -2.5e-3*w**2 // 3 % .5",
        "v = int(not (w > 1 and u <= 2 or x != 3)) + clip(rand(), 0, inf)",
        "v **= 2\nv //= 3\nv %= 4\nv *= 5\nv -= 6\nv /= 7",
    ],
)
def test_statements_that_are_fine(text: str) -> None:
    assert language.statements(text) == text
    assert all(language.parse(line.partition("=")[2].strip()) for line in statements(text))


def test_an_expression_in_several_lines_is_one() -> None:
    assert language.expression("v > 1  # above\n  and w < 2\n") == "v > 1 and w < 2"
    assert language.expression("# none\n") == ""


def test_sums_and_products_of_a_moderate_length_are_fine() -> None:
    for text in ("+".join(["v"] * 99), "exp(" * 6 + "v" + ")" * 6, "(" * 90 + "v" + ")" * 90, "2**199", "v**100"):
        assert language.parse(text)


def test_functions_are_those_that_something_knows() -> None:
    of_weights = {"uniform", "normal", "centred"}
    known = set(DEFAULT_FUNCTIONS) | {name for name, value in FUNCTIONS.items() if callable(value)} | of_weights
    assert known | {"event_time"} == language.FUNCTIONS


# Bounds of what several texts make


def test_subexpressions_that_multiply() -> None:
    chain = "\n".join(f"x{k} = x{k - 1}*exp(x{k - 1}) : 1" for k in range(1, 40))
    with pytest.raises(Refused, match=r"'x[0-9]+' has more than 10000 parts"):
        language.equations("x0 : 1\n" + chain)
    language.equations("x0 : 1\n" + "\n".join(chain.splitlines()[:8]))


def test_subexpressions_on_each_other() -> None:
    chain = "\n".join(f"x{k} = x{k - 1} : 1" for k in range(1, 300))
    with pytest.raises(Refused, match="has more than 10000 parts or 100 levels"):
        language.equations("x0 : 1\n" + "\n".join(reversed(chain.splitlines())))
    language.equations("x0 : 1\n" + "\n".join(chain.splitlines()[:90]))
    deep = "\n".join(f"x{k} = {'(' * 15}x{k - 1}{' + 1)*v' * 15} : 1" for k in range(1, 5))
    with pytest.raises(Refused, match="or 100 levels"):
        language.equations("v : 1\nx0 : 1\n" + deep)
    language.equations("v : 1\nx0 : 1\n" + "\n".join(deep.splitlines()[:3]))
    language.equations("x = y : 1\ny = x : 1")  # a circle, which Brian2 refuses


@pytest.mark.parametrize("text", [text for text in LARGE if "v" not in text and "w" not in text])
def test_a_number_is_told_too_large_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        evaluate(text)
    assert time.process_time() - started < 2


def test_texts_of_the_size_that_is_allowed_are_checked_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "models/neurons").mkdir(parents=True)
    deep = "+".join(["v*w"] * 96)
    for name, lines in {
        "long": [f"x{k} = v*{k} : 1" for k in range(900)],
        "deep": [f"x = {deep} : 1", f"y = {'sin(' * 5}{deep[:60]}v{')' * 5} : 1"],
        "wide": [f"x{k} = {deep} : 1" for k in range(40)],
        "powers": ["x = ((((v + w)**100 + 1)**100 + v)**100 + w)**100 : 1"],
    }.items():
        equations = "\n  ".join(["v : 1", "w : 1", *lines])
        (tmp_path / f"models/neurons/{name}.yaml").write_text(f"title: t\nequations: |\n  {equations}\n")
        started = time.process_time()
        assert check_file(Zoo(tmp_path), "neuron", name) == []
        assert time.process_time() - started < 5, name


# Files


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
MALFORMED = {
    "bomb": (BOMB + "title: *i\n", "repeats more than a value"),
    "nested list": ("title: " + "[" * 3000, "nested deeper than 20"),
    "nested mapping": ("title: " + "{a: " * 3000, "nested deeper than 20"),
    "nested block": ("".join(" " * k + "a:\n" for k in range(40)), "nested deeper than 20"),
    "python object": ("title: !!python/object/apply:os.system ['touch executed']\n", "a tag"),
    "python name": ("title: !!python/name:os.system\n", "a tag"),
    "binary": ("title: !!binary dG91Y2g=\n", "a tag"),
    "own tag": ("title: !x y\n", "a tag"),
    "digits": ("title: " + "9" * 5000 + "\n", "YAML"),
    "large": ("title: t\nnotes: |\n" + "  words\n" * 10_000, "more than 64000 bytes"),
    "many keys": ("title: t\nequations: 'v : 1'\n" + "".join(f"k{k}: 1\n" for k in range(6000)), "unknown key"),
    "not UTF-8": (b"title: \xff\xfe\n", "not UTF-8"),
    "control": ("title: a\x07b\n", "unacceptable character"),
    "long key": ("title: t\nequations: 'v : 1'\n? " + "x" * 5000 + "\n: 1\n", "unknown key"),
    "up": ("title: t\nextends: ../rules/erbp\n", "is not a name"),
    "list": ("title: t\nextends: [a]\n", "is not a name"),
}


@pytest.mark.parametrize(("content", "problem"), MALFORMED.values(), ids=list(MALFORMED))
def test_a_file_is_refused_at_once(content: str | bytes, problem: str, tmp_path: Path) -> None:
    folder = tmp_path / "models/neurons"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    started = time.process_time()
    with pytest.raises(ZooError, match=problem) as error:
        Zoo(tmp_path).neuron("x")
    assert error.value.where == "models/neurons/x.yaml"
    assert len(str(error.value)) < 600
    assert "\n" not in str(error.value)
    assert time.process_time() - started < 2


def test_an_alias_of_a_value_is_fine(tmp_path: Path) -> None:
    (tmp_path / "models/neurons").mkdir(parents=True)
    (tmp_path / "models/neurons/x.yaml").write_text("title: &t words\nnotes: *t\nequations: 'v : 1'\n")
    assert Zoo(tmp_path).neuron("x").notes == "words"


def test_a_chain_of_files_ends(tmp_path: Path) -> None:
    folder = tmp_path / "models/neurons"
    folder.mkdir(parents=True)
    for k in range(300):
        base = f"extends: n{k - 1}\n" if k else "equations: 'v : 1'\n"
        (folder / f"n{k}.yaml").write_text(f"title: t\n{base}")
    started = time.process_time()
    assert Zoo(tmp_path).neuron("n20").equations == "v : 1"
    findings = check_zoo(Zoo(tmp_path))
    assert {finding.problem for finding in findings if "n21.yaml" in finding.where} == {
        "more than 20 files extend each other, up to 'n41'"
    }
    assert time.process_time() - started < 4


@pytest.mark.parametrize("name", ["my-neuron", "1x", "a b", "x.y"])
def test_the_name_of_a_file_is_a_name(name: str, tmp_path: Path) -> None:
    (tmp_path / "models/neurons").mkdir(parents=True)
    (tmp_path / f"models/neurons/{name}.yaml").write_text("title: t\nequations: 'v : 1'\n")
    (finding,) = check_zoo(Zoo(tmp_path))
    assert f"'{name}' is not a name" in str(finding)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_file_is_asked_for_by_its_name(name: str) -> None:
    with pytest.raises(ZooError, match=r"is not a name|a word of Python"):
        Zoo().experiment(name)


# Arguments


@pytest.mark.parametrize(
    "setting", [setting for setting in BAD_SETTINGS if setting != "rule.eta=1/2"]
)  # no folder's name
def test_settings(setting: str) -> None:
    with pytest.raises(ZooError, match=r"^setting: "):
        Zoo().experiment("erbp_plus").with_setting(setting)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--through", EXPRESSIONS[0]), ("--through", "9**9**9**9"), ("--name", "../x"), ("--name", "x y")],
)
def test_options_of_derive(option: str, value: str) -> None:
    found = CliRunner().invoke(app, ["derive", "lif_exp", option, value])
    assert found.exit_code == 2
    assert found.output.startswith(f"{option}: ")
    assert not (ROOT / "x.yaml").exists()


@pytest.mark.parametrize("command", [["check"], ["derive", "--latex"], ["show"], ["list", "neuron"]])
def test_commands_refuse_a_neuron_that_would_run(command: list[str], zoo_with) -> None:
    equations = f"v = {EXPRESSIONS[0]} : 1"
    root = zoo_with({"models/neurons/attack.yaml": f"title: t\nequations: |\n  {equations}\n"}).root
    named = [] if command[0] == "list" else ["attack"]
    found = CliRunner().invoke(app, ["--root", str(root), command[0], *named, *command[1:]])
    assert found.exit_code in (1, 2)
    assert "models/neurons/attack.yaml: equations: " in found.output
