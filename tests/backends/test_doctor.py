"""The doctor finds what is there, and says what to do about what is not."""

import os
import stat
from pathlib import Path, PurePosixPath

import pytest
from typer.testing import CliRunner

from brian2zoo.backends import doctor
from brian2zoo.cli.commands import app


@pytest.fixture
def genn(tmp_path, monkeypatch) -> Path:
    """A folder that looks like GeNN 4.9.0, as GENN_PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "genn-buildmodel.sh").touch()
    (tmp_path / "version.txt").write_text("4.9.0\n")
    monkeypatch.setenv("GENN_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def cuda(tmp_path, monkeypatch) -> Path:
    """A folder with an nvcc that tells a version, as CUDA_PATH."""
    place = tmp_path / "cuda"
    compiler = place / "bin" / "nvcc"
    compiler.parent.mkdir(parents=True)
    searched = f'#$ INCLUDES="-I{place}/bin/../include"'
    compiler.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, release 12.4, V12.4.131'\necho '{searched}' >&2\n")
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CUDA_PATH", str(place))
    return place


@pytest.mark.parametrize(
    ("version", "state"), [("4.9.0", "found"), ("4.8.1", "too old"), ("5.1.0", "too new"), ("?", "missing")]
)
def test_genn_is_judged_by_its_version(genn, version, state) -> None:
    (genn / "version.txt").write_text(version)
    found = doctor.examine()["GeNN"]
    assert found.state == state
    assert version in found.detail
    assert ("GENN_PATH" in found.remedy) == (state != "found")


def test_a_folder_without_genn_is_named(genn, tmp_path) -> None:
    (genn / "bin" / "genn-buildmodel.sh").unlink()
    found = doctor.examine()["GeNN"]
    assert (found.state, found.detail) == ("missing", f"nothing in {tmp_path}")


def test_genn_is_found_by_its_command(genn, monkeypatch) -> None:
    monkeypatch.delenv("GENN_PATH")
    (genn / "bin" / "genn-buildmodel.sh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{genn / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert doctor.examine()["GeNN"].detail == f"4.9.0 in {genn}"


def test_cuda_13_is_too_new_for_genn_alone(cuda) -> None:
    found = doctor.examine()
    assert (found["CUDA"].state, found["CUDA for GeNN"].state) == ("found", "found")
    compiler = cuda / "bin" / "nvcc"
    compiler.write_text(compiler.read_text().replace("12.4", "13.0"))
    found = doctor.examine()
    assert (found["CUDA"].state, found["CUDA for GeNN"].state) == ("found", "too new")
    assert "GeNN 4.9" in found["CUDA for GeNN"].remedy


def test_cuda_path_goes_before_the_path(cuda, tmp_path, monkeypatch) -> None:
    other = tmp_path / "nvcc"
    other.write_text((cuda / "bin" / "nvcc").read_text().replace("12.4", "11.8"))
    other.chmod(other.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert doctor.examine()["CUDA"].detail == f"12.4 in {cuda / 'bin' / 'nvcc'}"
    monkeypatch.delenv("CUDA_PATH")
    assert doctor.examine()["CUDA"].detail == f"11.8 in {other}"
    monkeypatch.setenv("CUDA_PATH", str(tmp_path / "empty"))
    assert doctor.examine()["CUDA"].state == "missing"


def test_curand_is_its_headers_where_the_compiler_looks_or_its_package(cuda, monkeypatch) -> None:
    found = doctor.examine()["cuRAND"]
    assert found.state == "missing"
    assert "pip install nvidia-curand-cu12" in found.remedy
    package = cuda / "package"
    (package / "include").mkdir(parents=True)
    (package / "include" / "curand_kernel.h").touch()
    names = {"nvidia-curand-cu12": [Listed(package / "include" / "curand_kernel.h")]}
    monkeypatch.setattr(doctor.toolkit.metadata, "files", names.get)
    found = doctor.examine()["cuRAND"]
    assert (found.state, found.detail) == ("found", str(package))
    (cuda / "include").mkdir()
    (cuda / "include" / "curand_kernel.h").touch()
    assert doctor.examine()["cuRAND"].detail == str(cuda / "include")


class Listed(PurePosixPath):
    """A file of an installed package."""

    def locate(self) -> PurePosixPath:
        return self


def test_a_backend_runs_if_nothing_it_needs_is_wanting() -> None:
    names = {what for needed in doctor.NEEDS.values() for what in needed}
    found = {what: doctor.Finding(what, "found") for what in names}
    assert not any(doctor.backends(found).values())
    found["CUDA for GeNN"] = doctor.Finding("CUDA for GeNN", "too new")
    wanting = {name: [finding.what for finding in reasons] for name, reasons in doctor.backends(found).items()}
    assert wanting == {"dense": [], "cpp": [], "genn": ["CUDA for GeNN"], "genn_cpu": [], "cuda": []}


def test_the_command_tells_every_backend(genn) -> None:
    (genn / "version.txt").write_text("5.1.0")
    told = " ".join(CliRunner().invoke(app, ["doctor"]).stdout.split())
    assert f"GeNN: too new, 5.1.0 in {genn} — install GeNN 4.9" in told
    assert "dense: runs here" in told
    assert "GeNN (too new)" in told.split("genn_cpu: does not run here:")[1]
    assert "brian2genn is for Brian2 below 2.6 and GeNN 4.9, and has had no release since 2023. No backend" in told


def test_what_no_backend_needs_is_told_too(tmp_path, monkeypatch) -> None:
    """A command in the path, and a module that pip does not know, as NEST is where it was built from source."""
    for name in ("sbatch", "micromamba"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "nest.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    found = {finding.what: finding for finding in doctor.optional()}
    assert {found[what].state for what in ("conda", "Slurm", "NEST")} == {"found"}
    assert found["conda"].detail == str(tmp_path / "micromamba")
    output = CliRunner().invoke(app, ["doctor"]).output
    assert all(f"{what}: " in output for what in ("conda", "Slurm", "NEST", "NIR"))
