"""An installed package is complete: it has the text files, and works where there is no clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from brian2zoo.cli.init_command import PARTS, files_below
from brian2zoo.formats.zoo import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which a wheel is unpacked, which is what installing it does."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < 5e6
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the installed package in a folder."""
    env = os.environ | {"PYTHONPATH": str(installed)}
    env.pop("BRIAN2ZOO_ROOT", None)
    command = [sys.executable, "-m", "brian2zoo", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def files(folder: Path) -> set[Path]:
    """Paths of all files below a folder, from it."""
    return {path.relative_to(folder) for path in files_below(folder)}


def test_a_wheel_has_what_the_program_and_a_zoo_consist_of(installed) -> None:
    packaged = installed / "brian2zoo/zoo"
    assert files(packaged) == {path.relative_to(ROOT) for part in PARTS for path in files_below(ROOT / part)}
    assert files(ROOT / "src/brian2zoo") <= files(installed / "brian2zoo")
    assert {path.parts[0].partition("-")[0] for path in files(installed)} == {"brian2zoo"}


def test_outside_any_zoo_the_files_of_the_package_are_read_and_left_alone(installed, tmp_path) -> None:
    before = files(installed)
    listed = run(installed, tmp_path, "list", "rule")
    assert listed.returncode == 0, listed.stderr
    assert "stdp_triplet" in listed.stdout
    refused = run(installed, tmp_path, "new", "rule", "mine")
    assert refused.returncode == 2
    assert "brian2zoo init FOLDER makes a zoo of your own" in refused.stderr
    assert files(installed) == before


def test_a_zoo_of_ones_own_is_all_of_the_packages_and_keeps_what_is_there(installed, tmp_path) -> None:
    (tmp_path / "mine/rules").mkdir(parents=True)
    edited = tmp_path / "mine/rules/erbp.yaml"
    edited.write_text("title: edited\n")
    made = run(installed, tmp_path, "init", "mine")
    assert made.returncode == 0, made.stderr
    assert "mine: a zoo, with 1 file that was there; now try" in made.stdout
    assert edited.read_text() == "title: edited\n"
    assert files(tmp_path / "mine") == files(installed / "brian2zoo/zoo")
    assert "edited" in run(installed, tmp_path / "mine", "list", "rule").stdout
