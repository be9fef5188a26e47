"""The zoo in use is the one somebody stands in, unless it is named."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT, Zoo, zoo_in_use
from brian2zoo.run import results


@pytest.fixture
def other(zoo_with, monkeypatch) -> Path:
    """Another zoo, with a mistake in a rule."""
    monkeypatch.delenv("BRIAN2ZOO_ROOT", raising=False)
    text = (ROOT / "rules/bp.yaml").read_text()
    return zoo_with({"rules/bp.yaml": text.replace("-eta*", "-etta*")}).root


def test_the_nearest_zoo_upwards_is_in_use(other, monkeypatch) -> None:
    for folder in (other, other / "rules", other / "config/experiments"):
        monkeypatch.chdir(folder)
        assert zoo_in_use().samefile(other)
        assert Zoo().root.samefile(other)


def test_outside_any_zoo_it_is_the_programs(other, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    assert zoo_in_use() == ROOT


def test_a_zoo_that_is_named_is_in_use_wherever_one_stands(other, monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("BRIAN2ZOO_ROOT", str(other))
    assert zoo_in_use().samefile(other)
    monkeypatch.setenv("BRIAN2ZOO_ROOT", str(other / "rules"))
    with pytest.raises(ZooError, match="BRIAN2ZOO_ROOT: there is no zoo in "):
        zoo_in_use()


def test_the_command_reads_the_files_one_stands_in(other, monkeypatch) -> None:
    monkeypatch.chdir(other / "rules")
    done = CliRunner().invoke(app, ["check", "bp.yaml"])
    assert done.exit_code == 1
    assert "rules/bp.yaml: on_sample: unknown name 'etta'" in done.stdout
    assert done.stderr == ""


def test_the_command_says_if_the_program_is_of_another_clone(other, monkeypatch) -> None:
    (other / "src/brian2zoo").mkdir(parents=True)
    monkeypatch.chdir(other)
    done = CliRunner().invoke(app, ["list", "rule"])
    assert done.exit_code == 0
    assert done.stderr == f"files of {other.resolve()}, program of {ROOT}\n"


def test_the_commit_is_that_of_the_zoo_in_use_and_the_programs_where_it_is_another(other, monkeypatch) -> None:
    program = results.git_commit()
    monkeypatch.chdir(other)
    assert results.git_commit() in ("unknown", f"unknown, program {program}")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=other, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=other, capture_output=True, text=True, check=True)
    assert results.git_commit() == f"{head.stdout[:12]}, program {program}"
