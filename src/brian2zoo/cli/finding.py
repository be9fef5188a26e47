"""The files that a word of the command line means."""

import os
from pathlib import Path

from brian2zoo.cli.show import File
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import Zoo


def find(zoo: Zoo, word: str) -> list[File]:
    """Files meant by a name, a kind/name or a path; `ZooError` if there is none."""
    files = [(kind, name) for kind in KINDS for name in zoo.names(kind)]
    known: dict[str, list[File]] = {}
    for kind, name in files:
        path = f"{KINDS[kind][1]}/{name}.yaml"
        for spelling in (name, f"{kind}/{name}", path, os.path.realpath(zoo.root / path)):
            known.setdefault(spelling, []).append((kind, name))
    found = known.get(word) or ("\0" not in word and known.get(os.path.realpath(word)))
    if not found:
        remedy = did_you_mean(word, known, "'brian2zoo list' names the files there are")
        raise ZooError("NAME", "", f"there is no file '{word}'", remedy)
    return found


def named_file(zoo: Zoo, kind: str, word: str) -> str:
    """The name of a file of one kind, given by name or path."""
    found = [stem for k, stem in find(zoo, word if "/" in word else f"{kind}/{word}") if k == kind]
    if not found:
        raise ZooError("NAME", "", f"'{word}' is no {kind}", f"name a file of {KINDS[kind][1]}")
    return found[0]


def own_folder(zoo: Zoo) -> Path:
    """Folder of a zoo to write text files into; `ZooError` if the files in use are those of the installed package."""
    if zoo.is_packaged:
        problem = "there is no zoo here; the files in use are those of the installed package"
        raise ZooError("working directory", "", problem, "brian2zoo init FOLDER makes a zoo of your own; work there")
    return zoo.root


def from_here(path: Path) -> str:
    """A path as one would write it from the working directory."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
