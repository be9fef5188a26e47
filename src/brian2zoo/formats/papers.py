"""The papers whose figures are drawn, a folder each: what they report, their figures, how their methods look.

`papers/KEY/` has paper.yaml, in the format below; published.yaml, the values that the paper reports, which its own
figures alone read; for each figure FIGURE.py, which draws it, and FIGURE.rst, its caption; and configurations.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.language import Key, Line, Name, Prose
from brian2zoo.formats.zoo import read_yaml, validate, zoo_in_use

FOLDER, FILE = "papers", "paper.yaml"

Source = Literal[
    "trainings",
    "weights",
    "evaluations",
    "ledgers",
    "bits",
    "trace",
    "mappings",
    "gradients",
    "agreement",
    "depths",
    "in_place",
]
PLACES: dict[Source, str] = {
    "trainings": "train/*/*/*/*/seed=*.nc",
    "weights": "train/*/*/*/*/seed=*.nc",
    "evaluations": "evaluate/*/*/*/*/seed=*.nc",
    "ledgers": "ledger/*/*/*/*/seed=*.nc",
    "bits": "bits/*/*.nc",
    "trace": "trace/*/*/*/*/seed=*.nc",
    "mappings": "map/*/*/*/*/*/*/*/seed=*.nc",
    "gradients": "rtrl/gradients.nc",
    "agreement": "cim/*/agreement.nc",
    "depths": "cim/*/depth/*.nc",
    "in_place": "cim/*/trainings.nc",
}
"""Where the pipeline puts what a figure is drawn from, below results/; what is published has the same places."""
PUBLISHED_TRAININGS = "*_seed=*.nc"
"""Of published trainings without their weights, which lie in one folder."""

Colour = Literal["blue", "vermillion", "green", "sky", "purple", "orange", "olive", "black", "grey"]
Marker = Literal["o", "s", "^", "v", "<", ">", "D", "d", "p", "h", "P", "X", "*"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodLook(_Part):
    """How a method is drawn in all figures."""

    label: Line
    colour: Colour
    marker: Marker
    dashed: bool = Field(False, description="a control, a variant, or a method that the paper does not have")


class Lacking(_Part):
    """A figure or table of the paper that is not drawn."""

    of: Line = Field("", description="the paper's own number, and how it is known")
    title: Line
    why: Prose = Field(description="why it is not drawn")


class DrawnFigure(Lacking):
    """A figure that is drawn."""

    data: Annotated[tuple[Source, ...], Field(min_length=1)] = Field(description="kinds of results it is drawn from")
    why: Prose = Field("", description="why it differs from what is published, or cannot be compared with it")
    command: Line = Field("", description="makes it from nothing; left out, that of the paper")
    minutes: PositiveFloat | None = Field(None, description="of two cores, where the results do not say")


class PaperFile(_Part):
    """papers/KEY/paper.yaml."""

    title: Line
    reference: Line
    short: Line = Field(description="authors and year")
    command: Line = Field(description="makes a figure from nothing, {figure} in the place of its key")
    figures: dict[Name, DrawnFigure]
    lacking: dict[Name, Lacking] = Field({}, description="figures and tables of the paper that are not drawn")
    looks: dict[Name, MethodLook] = Field({}, description="methods by experiment, in the order of legends")
    data: dict[Key, Line] = Field({}, description="what data sets are called in figures, if not by their names")


class Paper(PaperFile):
    """A folder of papers/."""

    key: Name
    folder: Path

    @cached_property
    def published(self) -> dict[str, Any]:
        """What the paper reports."""
        return read_yaml(self.folder / "published.yaml")

    def needs(self, source: Source) -> bool:
        """Whether a figure is drawn from results of this kind."""
        return any(source in figure.data for figure in self.figures.values())

    def rerun(self, figure: str) -> str:
        """The command that makes a figure from nothing."""
        return (self.figures[figure].command or self.command).replace("{figure}", figure)

    def module(self, figure: str) -> ModuleType:
        """The module that draws a figure; it may import its neighbours as `from .other import ...`."""
        if not (self.folder / f"{figure}.py").is_file():
            problem = f"there is no {figure}.py next to the file"
            raise ZooError(self.folder / FILE, f"figures.{figure}", problem, "write it, with a function 'draw'")
        package = f"brian2zoo.papers_of.{self.key}"
        known = sys.modules.get(package)
        if known is None or list(known.__path__) != [str(self.folder)]:
            for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
                del sys.modules[name]  # of a paper of this name in another zoo
            spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
            spec.submodule_search_locations = [str(self.folder)]
            sys.modules[package] = importlib.util.module_from_spec(spec)
        return importlib.import_module(f"{package}.{figure}")


def papers(root: Path | None = None) -> dict[str, Paper]:
    """The papers of a zoo, by key; `ZooError` for the first mistake in one of their files.

    Parameters
    ----------
    root : folder of the zoo; left out, that of the zoo in use.
    """
    folder = (root or zoo_in_use()) / FOLDER
    return {path.parent.name: _read(path) for path in sorted(folder.glob(f"*/{FILE}"))}


def paper(key: str, root: Path | None = None) -> Paper:
    """One paper; `ZooError` if there is none of this key."""
    found = papers(root)
    if key not in found:
        raise ZooError(
            FOLDER, "", f"there is no paper '{key}'", did_you_mean(key, found, f"papers: {', '.join(found)}")
        )
    return found[key]


def _read(path: Path) -> Paper:
    return validate(Paper, read_yaml(path), path, key=path.parent.name, folder=path.parent.resolve())
