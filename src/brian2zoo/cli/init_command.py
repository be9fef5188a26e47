"""The command `brian2zoo init`: a zoo of one's own, with the pipeline that runs it."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from brian2zoo.cli.finding import from_here
from brian2zoo.cli.show import out
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT

PARTS = (
    ".vscode/settings.json",
    "config",
    "data/README.md",
    "data/checksums.yaml",
    "data/series.yaml",
    "docs",
    "mkdocs.yml",
    "models",
    "papers",
    "profiles",
    "results/published",
    "rules",
    "schemas",
    "workflow",
)
"""What a zoo has beside the program. pyproject.toml puts the same into a wheel."""


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new zoo; created if missing.")],
) -> None:
    """Make a zoo of your own to edit and run: a copy of all text files, the pipeline and the documentation.

    In a folder that has some of the files already, it adds the others. No file is ever overwritten.
    """
    kept = 0
    try:
        for source in (path for part in PARTS for path in files_below(ROOT / part)):
            target = folder / source.relative_to(ROOT)
            if target.exists():
                kept += 1
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        problem = f"{error.filename} cannot be written: {error.strerror}"
        raise ZooError("FOLDER", "", problem, "name a folder that you may write to") from None
    there = f", with {kept} file{'s' * (kept > 1)} that {'were' if kept > 1 else 'was'} there" if kept else ""
    out.print(f"{from_here(folder)}: a zoo{there}; now try", soft_wrap=True)
    for command in (f"cd {from_here(folder)}", "brian2zoo check", "snakemake"):
        out.print(f"  {command}", soft_wrap=True)


def files_below(part: Path) -> list[Path]:
    """A file, or all that are below a folder."""
    if part.is_file():
        return [part]
    return [path for path in sorted(part.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
