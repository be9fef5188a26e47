"""What `check` remembers: nothing that did not change is checked again, and no change goes unnoticed."""

import importlib
import importlib.machinery
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from brian2zoo.check import check_zoo
from brian2zoo.cli import commands
from brian2zoo.errors import ZooError
from brian2zoo.formats import remembered
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.remembered import Memory, Noting
from brian2zoo.formats.zoo import ROOT, ReadOnce, Zoo

check = importlib.import_module("brian2zoo.check")  # the package has a function of that name
TABLE = "models/pairs/wires.csv"
LISTED = {
    TABLE: "i,j,strength\n0,0,1\n2,1,0.5\n",
    "models/circuits/listed.yaml": """
title: Input units wired as a file says
populations:
  input: {data: input}
  output: {}
projections:
  layers: {through: [input, output], table: wires, sign: strength}
""",
    "models/neurons/fires.yaml": "title: Fires\nequations: 'v : 1'\nthreshold: v > 0.5\nreset: v = 0\n",
    "models/synapses/kicks.yaml": 'title: Kicks\nstate: "w : 1"\nread: v_post += w\n',
    "config/experiments/listed.yaml": """
title: Kicks as a file says
circuit: listed
learning: {plastic: {}}
synapses: {input_output: kicks}
neurons: {input: event_input, output: fires}
encoders: {input: events}
protocol: {dt: 0.25*ms, T_train: 20*ms, T_test: 20*ms, T_final: 20*ms, delay: 1*ms}
weights: input_output = 1
""",
}
EXTENDING, EXTENDED = "erbp_times", "erbp_plus"


def closure(zoo: Zoo, experiment: str) -> set[str]:
    """Paths of all that an experiment is made of, found another way: by the keys that name files."""
    paths, waiting = set(), [("experiment", experiment), *zoo.load("experiment", experiment).uses().values()]
    while waiting:
        kind, name = waiting.pop()
        file = zoo.load(kind, name)
        paths.add(str(file.path))
        waiting += [(kind, file.extends)] if file.extends else []
        if kind == "circuit":
            paths |= {f"models/pairs/{plan.table}.csv" for plan in file.every_projection.values() if plan.table}
    return paths


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> tuple[Path, Path]:
    """A zoo of three networks, and the memory of its check."""
    root, memory = tmp_path_factory.mktemp("zoo"), tmp_path_factory.mktemp("memory")
    for part in ("models", "rules", "config/experiments"):
        (root / part).mkdir(parents=True)
    for path, text in LISTED.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    used = closure(Zoo(ROOT), EXTENDING) | closure(Zoo(ROOT), EXTENDED)
    for path in used | {"models/neurons/event_input.yaml", "models/encoders/events.yaml"}:
        (root / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "folder", lambda: memory)
        assert check_zoo(Zoo(root), remember=True) == []
    return root, memory


@pytest.fixture
def root(clean, tmp_path, monkeypatch) -> Path:
    """That zoo, with the memory as it then was."""
    zoo, memory = clean
    shutil.copytree(memory, tmp_path / "memory")
    monkeypatch.setattr(remembered, "folder", lambda: tmp_path / "memory")
    kept = {path: path.read_bytes() for path in zoo.rglob("*") if path.is_file()}
    yield zoo
    for path in set(zoo.rglob("*")) - kept.keys():
        if path.is_file():
            path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)


def kept(folder: Path) -> dict[str, dict]:
    (file,) = folder.glob("*.json")
    return json.loads(file.read_text())["kept"]


def told(findings: list[ZooError]) -> list[str]:
    return [str(finding) for finding in findings]


@pytest.fixture
def checked(monkeypatch) -> list[str]:
    """Names of what is checked, as it is checked."""
    names, alone, together = [], check._alone, check._together
    monkeypatch.setattr(check, "_alone", lambda zoo, *file: names.append("/".join(file)) or alone(zoo, *file))
    monkeypatch.setattr(check, "_together", lambda one: names.append(one.name) or together(one))
    return names


def test_what_did_not_change_is_not_checked_again(root, checked) -> None:
    assert check_zoo(Zoo(root), remember=True) == []
    assert checked == []


def test_without_remembering_everything_is_checked(root, checked) -> None:
    check_zoo(Zoo(root), {("neuron", "fires")})
    assert {"neuron/fires", "experiment/listed", "listed"} <= set(checked)


@pytest.mark.parametrize("experiment", [EXTENDING, "listed"])
def test_an_experiment_depends_on_every_file_it_is_made_of(clean, experiment) -> None:
    root, memory = clean
    notes = kept(memory)[f"together {experiment}"]["notes"]
    asked = {note.split()[1] for note in notes if note.startswith("text ")}
    asked |= {f"models/pairs/{note.split()[1]}.csv" for note in notes if note.startswith("table ")}
    assert asked == closure(Zoo(root), experiment)


@pytest.mark.slow
def test_every_experiment_of_the_zoo_depends_on_every_file_it_is_made_of(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(remembered, "folder", lambda: tmp_path)
    check_zoo(Zoo(ROOT), remember=True)
    zoo, found = ReadOnce(Zoo(ROOT)), kept(tmp_path)
    for name in zoo.names("experiment"):
        notes = found[f"together {name}"]["notes"]
        assert {note.split()[1] for note in notes if note.startswith("text ")} == closure(zoo, name), name


def test_a_mistake_in_any_file_is_noticed(root) -> None:
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        before = path.read_text()
        path.write_text(before + ("0,0,1\n" if path.suffix == ".csv" else "\nno_such_key: 1\n"))
        findings = check_zoo(Zoo(root), remember=True)
        assert any(str(path.relative_to(root)) in told for told in told(findings)), path
        path.write_text(before)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("rules/erbp.yaml", "= 6e-4*nS", "= 6e-4*mV"),
        ("models/neurons/fires.yaml", "'v : 1'", "'v : volt'"),
        ("models/synapses/kicks.yaml", "v_post += w", "u_post += w"),
        ("models/circuits/listed.yaml", "sign: strength", "sign: 1"),
        ("config/experiments/erbp_plus.yaml", "*nA", "*mV"),
        ("config/experiments/listed.yaml", "input_output = 1", "input_output = 1*mV"),
        ("config/experiments/listed.yaml", "output: fires", "output: fire"),
        (TABLE, "strength", "weight"),
    ],
)
def test_a_mistake_that_only_a_combination_shows_is_noticed(root, path, old, new) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new))
    findings = told(check_zoo(Zoo(root), remember=True))
    assert findings
    assert findings == told(check_zoo(Zoo(root)))
    assert findings == told(check_zoo(Zoo(root), remember=True)), "mistakes are told every time"
    (root / path).write_text(text)
    assert check_zoo(Zoo(root), remember=True) == []


def test_only_what_uses_a_changed_file_is_checked_again(root, checked) -> None:
    with (root / "models/synapses/kicks.yaml").open("a") as file:
        file.write("# a remark\n")
    assert check_zoo(Zoo(root), remember=True) == []
    assert checked == ["synapse/kicks", "listed"]


def test_files_that_come_and_go_are_noticed(root) -> None:
    path = root / "models/neurons/fires.yaml"
    text = path.read_text()
    path.unlink()
    assert "there is no file models/neurons/fires.yaml" in told(check_zoo(Zoo(root), remember=True))[0]
    path.write_text(text)
    assert check_zoo(Zoo(root), remember=True) == []
    (root / "config/experiments/mine.yaml").write_text("title: Mine\nextends: listed\nneurons: {output: mine}\n")
    assert "there is no file models/neurons/mine.yaml" in told(check_zoo(Zoo(root), remember=True))[0]
    (root / "models/neurons/mine.yaml").write_text(text)
    assert check_zoo(Zoo(root), remember=True) == []


def test_texts_in_place_of_files_count(root) -> None:
    wrong = {"models/neurons/fires.yaml": "title: Fires\nequations: 'u : 1'\n"}
    findings = told(check_zoo(Zoo(root, wrong), remember=True))
    assert findings == told(check_zoo(Zoo(root, wrong))) != []


def test_a_file_saved_during_the_check_is_checked_the_next_time(root, monkeypatch) -> None:
    path = root / "models/synapses/kicks.yaml"
    path.write_text(path.read_text() + "# a remark\n")
    together = check._together

    def saved_meanwhile(experiment: Experiment) -> list[ZooError]:
        found = together(experiment)  # by now the file has been read
        path.write_text(path.read_text().replace("v_post += w", "u_post += w"))
        return found

    monkeypatch.setattr(check, "_together", saved_meanwhile)
    assert check_zoo(Zoo(root), remember=True) == []
    monkeypatch.setattr(check, "_together", together)
    assert "u_post" in " ".join(told(check_zoo(Zoo(root), remember=True)))


def test_another_program_believes_nothing(root, checked, monkeypatch) -> None:
    monkeypatch.setattr(remembered, "program", lambda: "another")
    assert check_zoo(Zoo(root), {("neuron", "fires")}, remember=True) == []
    assert {"neuron/fires", "experiment/listed", "listed"} <= set(checked)


def test_every_file_of_the_program_counts(tmp_path, monkeypatch) -> None:
    """Its own, Brian2's, and the versions of what else is installed."""
    folders = {name: tmp_path / name for name in ("brian2zoo", "brian2")}
    for folder in folders.values():
        (folder / "inner").mkdir(parents=True)
        (folder / "inner/module.py").write_text("a = 1\n")

    def found(name: str) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folders[name])]
        return spec

    monkeypatch.setattr(remembered, "find_spec", found)
    monkeypatch.syspath_prepend(tmp_path)
    seen = {remembered.program.__wrapped__()}
    for change in (
        lambda: (folders["brian2zoo"] / "inner/module.py").write_text("a = 2\n"),
        lambda: (folders["brian2"] / "inner/module.py").write_text("a = 2\n"),
        lambda: (folders["brian2zoo"] / "new.py").write_text(""),
        lambda: (tmp_path / "sympy-1.99.dist-info").mkdir(),
    ):
        change()
        digest = remembered.program.__wrapped__()
        assert digest not in seen
        seen.add(digest)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"program": 1}', b'{"kept": {"a": 1}}', b"\xff"])
def test_a_damaged_memory_is_none(root, checked, content) -> None:
    (file,) = remembered.folder().glob("*.json")
    file.write_bytes(content)
    assert check_zoo(Zoo(root), {("neuron", "fires")}, remember=True) == []
    assert "listed" in checked


def test_a_memory_that_cannot_be_written_is_done_without(root, monkeypatch) -> None:
    monkeypatch.setattr(remembered, "folder", lambda: root / TABLE / "below a file")
    assert check_zoo(Zoo(root), {("neuron", "fires")}, remember=True) == []


def test_what_asked_for_nothing_is_not_kept(root) -> None:
    memory = Memory(Noting(Zoo(root)), "tries")
    assert [memory.get("a number", lambda n=n: n, bool) for n in (1, 2)] == [1, 2]


def test_a_file_that_could_not_be_loaded_is_asked_for_again(root) -> None:
    """Also where the work goes on without it."""
    zoo = Noting(Zoo(root))

    def work() -> int:
        for kind in KINDS:
            with pytest.raises(ZooError):
                zoo.load(kind, "missing")
        return len(zoo.names("neuron"))

    memory, times = Memory(zoo, "tries"), []
    for _ in range(2):
        memory.get("names", lambda: times.append(1) or work(), bool)
    assert len(times) == 2


def test_show_prints_the_same_again_until_a_file_changes(root, monkeypatch) -> None:
    def shown(*options: str) -> Result:
        return CliRunner().invoke(commands.app, ["--root", str(root), "show", "listed", *options])

    first, compose = shown(), commands.print_composed
    assert "v_post += w" in first.output
    composed = []
    monkeypatch.setattr(commands, "print_composed", lambda *asked: composed.append(asked) or compose(*asked))
    assert shown().output == first.output
    assert not composed
    assert "on 7-3, train" in shown("--layers", "7-3").output
    path = root / "models/synapses/kicks.yaml"
    path.write_text(path.read_text().replace("v_post += w", "v_post += 2*w"))
    assert "v_post += 2*w" in shown().output
    assert len(composed) == 2


def test_show_tells_a_mistake_every_time_after_what_comes_before_it(root) -> None:
    asked = ["--root", str(root), "show", "listed", "--layers", "2-1"]
    outputs = [(done.exit_code, done.output) for done in (CliRunner().invoke(commands.app, asked) for _ in range(2))]
    assert outputs[0] == outputs[1]
    assert outputs[0][0] == 2
    assert "Kicks as a file says" in outputs[0][1]
