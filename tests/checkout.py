"""A copy of the repository in which the pipeline runs at its smallest."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from brian2zoo.formats.zoo import ROOT

TREE = (
    "Snakefile",
    "src",
    "workflow",
    "models",
    "rules",
    "config",
    "profiles",
    "papers",
    "data/checksums.yaml",
    "data/series.yaml",
)
TINY = ROOT / ".test/config/config.yaml"


class Checkout:
    """A copy of the repository, with what has been run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "PYTHONPATH": str(folder / "src"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        configured = () if "--configfile" in arguments else ("--configfile", str(TINY))
        return self.run("snakemake", *configured, "--cores", "2", *arguments)

    def stale(self, *arguments: str) -> set[str]:
        """Messages of the jobs a run would do now."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stderr
        return set(re.findall(r"^Job \d+: (.*)$", done.stdout + done.stderr, flags=re.MULTILINE))

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"'{old}' is not once in {file}"
        path.write_text(text.replace(old, new))


def copy_of_the_repository(folder: Path) -> Checkout:
    for name in TREE:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return Checkout(folder)
