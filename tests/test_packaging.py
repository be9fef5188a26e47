"""The same dependencies wherever they are listed."""

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from brian2zoo.backends.brian2genn_fixes import UPSTREAM
from brian2zoo.formats.zoo import ROOT


def test_environment_and_pyproject_list_the_same_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    # Which NumPy a Python needs is a matter of the wheels of Brian2; conda resolves it by itself.
    wanted = {re.sub(r",<[\d.]+", "", line.split(";")[0]).strip() for line in listed}
    environment = YAML(typ="safe").load(ROOT / "environment.yml")["dependencies"]
    tools = {"cxx-compiler", "make", "pip", f"python{project['requires-python']}"}
    assert {line for line in environment if isinstance(line, str)} - tools == wanted


def test_the_environment_of_the_pipeline_lists_what_the_program_needs() -> None:
    yaml = YAML(typ="safe")
    usual, own = (
        {line for line in yaml.load(ROOT / path)["dependencies"] if isinstance(line, str)}
        for path in ("environment.yml", "workflow/envs/pipeline.yaml")
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert usual - own == set(project["optional-dependencies"]["test"])
    assert own <= usual


def test_the_environment_for_a_gpu_has_all_of_the_other_and_the_packages_that_are_adjusted() -> None:
    yaml = YAML(typ="safe")
    usual, gpu = (
        {line for line in yaml.load(ROOT / path)["dependencies"] if isinstance(line, str)}
        for path in ("environment.yml", "workflow/envs/gpu.yaml")
    )
    assert {line for line in usual if not line.startswith("python>")} <= gpu
    packages = (ROOT / "workflow/envs/gpu-packages.txt").read_text().splitlines()
    assert f"brian2genn=={UPSTREAM}" in packages


def test_environments_look_where_their_packages_are() -> None:
    """Snakemake is on bioconda alone; what both channels have comes from conda-forge, as both ask for."""
    for path in ("environment.yml", "workflow/envs/pipeline.yaml", "workflow/envs/gpu.yaml"):
        assert YAML(typ="safe").load(ROOT / path)["channels"] == ["conda-forge", "bioconda"]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_locked_versions_are_some_that_the_package_takes(python) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    of_all = [Requirement(line) for line in lines if not line.startswith("#")]
    locked = {r.name: str(r.specifier).removeprefix("==") for r in of_all if not r.marker or r.marker.evaluate(here)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        wanted = Requirement(line)
        if not wanted.marker or wanted.marker.evaluate(here):
            found = locked[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(found), f"{wanted}, locked {found}"


def test_a_cluster_needs_what_the_extra_installs() -> None:
    """The plugin comes with the zoo's own bounds; by itself it replaces NumPy by one that Brian2 2.9 fails with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (plugin,) = project["optional-dependencies"]["slurm"]
    assert plugin.startswith("snakemake-executor-plugin-slurm>=")
    for path in ("docs/how-to/slurm.md", "profiles/slurm/config.yaml"):
        assert ".[slurm]" in (ROOT / path).read_text()


def test_the_default_profile_replaces_nothing_of_a_cluster_s() -> None:
    """Snakemake finds it by itself, and takes its keys, whole, over those of --profile."""
    default, slurm = (YAML(typ="safe").load(ROOT / f"profiles/{name}/config.yaml") for name in ("default", "slurm"))
    assert {key for key in default if slurm.get(key, default[key]) != default[key]} == set()
    assert "default-resources" not in default, "it would replace account and partition of any profile"


def test_make_finds_its_environment_in_any_folder(tmp_path) -> None:
    folder = tmp_path / 'it\'s "a clone" for $5'
    folder.mkdir()
    (folder / "Makefile").write_text(f"{(ROOT / 'Makefile').read_text()}\nprobe:\n\t@$(RUN) printenv PATH\n")
    done = subprocess.run(
        ["make", "--no-print-directory", "probe"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(f"{folder}/.venv/bin:"), done.stdout + done.stderr
