"""Loading the text files into frozen objects. A file may extend another of its kind: it states what differs."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from reprlib import Repr
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import CollectionNode

from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats import pairs
from brian2zoo.formats.chips import ComputeInMemory, PlacementPlan, SpikingChip
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.language import Refused, name_or_none, quoted
from brian2zoo.formats.language import name as checked_name
from brian2zoo.formats.merging import format_at, merged
from brian2zoo.formats.models import (
    Encoder,
    Feedback,
    Loss,
    NeuronModel,
    Optimizer,
    StateFormat,
    Surrogate,
    SynapseModel,
)
from brian2zoo.formats.phases import PhaseTable
from brian2zoo.formats.rules import Rule

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGED = _PACKAGE / "zoo"
ROOT = _PACKAGED if _PACKAGED.is_dir() else _PACKAGE.parents[1]
"""Folder of the zoo that comes with this program: its clone, or a folder inside the installed package."""

MOST_BYTES = 64_000
"""Of a file; the largest in the repository has 16,000."""
MOST_EXTENDED = 20
"""Files that extend each other; those of the repository are four at most."""
_MOST_NESTED = 20

_FOLDERS = tuple(dict.fromkeys(folder for _, folder in KINDS.values()))

ROOT_VARIABLE = "BRIAN2ZOO_ROOT"
_PARTS = ("models", "rules", "config/experiments")


def is_zoo(folder: Path) -> bool:
    """Whether a folder has the text files of a zoo."""
    return all(os.path.isdir(folder / part) for part in _PARTS)  # which a name that is too long is not either


def zoo_in_use() -> Path:
    """Folder of the zoo in use.

    It is the one that the environment variable BRIAN2ZOO_ROOT names; else the nearest one, from the working directory
    upwards, that has models/, rules/ and config/experiments/; else the one that comes with this program.
    """
    if named := os.environ.get(ROOT_VARIABLE):
        if not is_zoo(Path(named)):
            raise ZooError(ROOT_VARIABLE, "", f"there is no zoo in {named}", f"name a folder with {', '.join(_PARTS)}")
        return Path(named).resolve()
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise ZooError("working directory", "", "it is no more", "change to a folder that is there") from None
    return next((folder for folder in (here, *here.parents) if is_zoo(folder)), ROOT)


class Zoo:
    """The files below a root folder, loaded when asked for.

    Parameters
    ----------
    root : folder with models/, rules/ and config/; left out, that of the zoo in use.
    files : texts by path below the root, such as 'rules/mine.yaml'. They add to the files of the folder, or replace
        them; nothing is written.
    """

    def __init__(self, root: Path | None = None, files: Mapping[str, str] | None = None) -> None:
        self.root = zoo_in_use() if root is None else Path(root)
        self.files = dict(files or {})
        self._given = {self.root / path: text for path, text in self.files.items()}
        for path in self.files:
            if Path(path).suffix != ".yaml" or str(Path(path).parent) not in _FOLDERS:
                remedy = f"begin it with one of {', '.join(f'{folder}/' for folder in _FOLDERS)} and end it in .yaml"
                raise ZooError("files", "", f"'{path}' is no place for a file of the zoo", remedy)

    @property
    def is_packaged(self) -> bool:
        """Whether its files are those inside an installed package, which are not for editing."""
        return self.root == _PACKAGED

    @property
    def workplace(self) -> Path:
        """Folder for results and downloads: that of the zoo, or the working directory if the zoo is packaged."""
        return Path.cwd() if self.is_packaged else self.root

    def names(self, kind: str) -> list[str]:
        """Names of the files of a kind, sorted; where kinds share a folder, a line `kind: ...` tells them apart."""
        model, folder = KINDS[kind]
        paths = {path for path in (self.root / folder).glob("*.yaml") if not path.name.startswith(".")}
        paths |= {self.root / path for path in self.files if Path(path).parent == Path(folder)}
        if "kind" in model.model_fields:
            kinds = get_args(model.model_fields["kind"].annotation)
            paths = {path for path in paths if self._states_kind(path, kinds)}
        return sorted(path.stem for path in paths)

    def has(self, kind: str, name: str) -> bool:
        """Whether there is a file of a kind and name."""
        return name in self.names(kind)

    def read(self, path: Path) -> dict[str, Any]:
        """The mapping in a YAML file, as `read_yaml`."""
        return yaml_of(self._text(path), path)

    def _has(self, path: Path) -> bool:
        return path in self._given or path.exists()

    def _text(self, path: Path) -> str:
        return self._given[path] if path in self._given else _text(path)

    def _states_kind(self, path: Path, kinds: tuple[str, ...]) -> bool:
        try:
            stated = re.search(r"^kind: *(\w+)", self._text(path), re.MULTILINE)
        except ZooError:  # which loading it will tell
            return True
        return stated is None or stated[1] in kinds

    def load(self, kind: str, name: str) -> Any:
        """One file as its frozen object; `ZooError` says what is wrong with it."""
        model, folder = KINDS[kind]
        try:
            path = self.root / folder / f"{checked_name(name)}.yaml"
        except Refused as error:
            raise error.at(folder) from None
        shown = Path(folder) / f"{name}.yaml"
        data = self._raw(model, path, shown, ())
        found = validate(model, data, shown, name=name, path=shown)
        return found.with_tables(self._tables(found)) if isinstance(found, CircuitPlan) else found

    def _tables(self, circuit: CircuitPlan) -> dict[str, pairs.PairTable]:
        """The tables of pairs that a circuit names."""
        folder, found = self.root / pairs.FOLDER, {}
        for field, stated in circuit.every_projection.items():
            if stated.table and stated.table not in found:
                file = f"{stated.table}.csv"
                if not os.path.isfile(folder / file):
                    problem = f"there is no file {pairs.FOLDER}/{file}"
                    remedy = did_you_mean(stated.table, [p.stem for p in folder.glob("*.csv")], "write one")
                    raise ZooError(circuit.path, f"{field}.table", problem, remedy)
                found[stated.table] = pairs.read_pairs(folder / file, Path(pairs.FOLDER) / file)
        return found

    def neuron(self, name: str) -> NeuronModel:
        """models/neurons/NAME.yaml"""
        return self.load("neuron", name)

    def synapse(self, name: str) -> SynapseModel:
        """models/synapses/NAME.yaml"""
        return self.load("synapse", name)

    def encoder(self, name: str) -> Encoder:
        """models/encoders/NAME.yaml"""
        return self.load("encoder", name)

    def state(self, name: str) -> StateFormat:
        """models/states/NAME.yaml"""
        return self.load("state", name)

    def circuit(self, name: str) -> CircuitPlan:
        """models/circuits/NAME.yaml"""
        return self.load("circuit", name)

    def phases(self, name: str) -> PhaseTable:
        """models/phases/NAME.yaml"""
        return self.load("phases", name)

    def loss(self, name: str) -> Loss:
        """models/losses/NAME.yaml"""
        return self.load("loss", name)

    def optimizer(self, name: str) -> Optimizer:
        """models/optimizers/NAME.yaml"""
        return self.load("optimizer", name)

    def surrogate(self, name: str) -> Surrogate:
        """models/surrogates/NAME.yaml"""
        return self.load("surrogate", name)

    def feedback(self, name: str) -> Feedback:
        """models/feedback/NAME.yaml"""
        return self.load("feedback", name)

    def rule(self, name: str) -> Rule:
        """rules/NAME.yaml"""
        return self.load("rule", name)

    def cim(self, name: str) -> ComputeInMemory:
        """models/chips/NAME.yaml of kind compute_in_memory"""
        return self.load("cim", name)

    def chip(self, name: str) -> SpikingChip:
        """models/chips/NAME.yaml of kind spiking"""
        return self.load("chip", name)

    def placement(self, name: str) -> PlacementPlan:
        """models/placements/NAME.yaml"""
        return self.load("placement", name)

    def experiment(self, name: str, setting: str = "default") -> Experiment:
        """config/experiments/NAME.yaml with its files, and the parameters and choices of a setting."""
        return Experiment(self, self.load("experiment", name)).with_setting(setting)

    def _raw(self, model: type[BaseModel], path: Path, shown: Path, seen: tuple[str, ...]) -> dict[str, Any]:
        try:
            data = self.read(path)
            base = name_or_none(str(data.get("extends") or ""))
        except ZooError as error:
            raise ZooError(shown, error.field, error.problem, error.remedy) from None
        except Refused as error:
            raise error.at(shown, "extends") from None
        if not base:
            if data.get("merges"):
                raise ZooError(shown, "merges", "the file extends none, which its blocks could merge with", "remove it")
            return data
        if base in seen or base == path.stem:
            raise ZooError(shown, "extends", f"'{base}' extends this file in turn", "break the circle")
        if len(seen) == MOST_EXTENDED:
            problem = f"more than {MOST_EXTENDED} files extend each other, up to '{seen[0]}'"
            raise ZooError(shown, "extends", problem, "state the keys here")
        above = f"{base}.yaml"
        if not self._has(path.with_name(above)):
            raise ZooError(shown, "extends", f"there is no '{base}'", _instead_of(path.with_name(above)))
        parent = self._raw(model, path.with_name(above), shown.with_name(above), (*seen, path.stem))
        try:
            return merged(model, parent, data)
        except Refused as error:
            raise error.at(shown) from None


class ReadOnce(Zoo):
    """A zoo whose files are each read once: they do not change while it is in use."""

    def __init__(self, zoo: Zoo) -> None:
        super().__init__(zoo.root, zoo.files)
        self._known: dict[tuple[str, ...], Any] = {}

    def _once(self, ask: Callable[..., Any], *of: Any) -> Any:
        key = (ask.__name__, *map(str, of))
        if key not in self._known:
            self._known[key] = ask(*of)
        return self._known[key]

    def read(self, path: Path) -> dict[str, Any]:
        """As `Zoo.read`."""
        return self._once(super().read, path)

    def load(self, kind: str, name: str) -> Any:
        """As `Zoo.load`."""
        return self._once(super().load, kind, name)

    def names(self, kind: str) -> list[str]:
        """As `Zoo.names`."""
        return self._once(super().names, kind)

    def _text(self, path: Path) -> str:
        return self._once(super()._text, path)

    @classmethod
    def of(cls, zoo: Zoo) -> "ReadOnce":
        """The zoo itself if it is one already."""
        return zoo if isinstance(zoo, cls) else cls(zoo)


def _text(path: Path) -> str:
    """What a file holds; `ZooError` if that is not a text of a moderate size."""
    if not os.path.isfile(path):
        if os.path.lexists(path):
            raise ZooError(path, "", "it is no file with a text", "replace it by one, or remove it")
        raise ZooError(path, "", "there is no such file", _instead_of(path))
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ZooError(path, "", f"it cannot be read: {error.strerror}", "make it readable") from None
    if len(content) > MOST_BYTES:
        raise ZooError(path, "", f"the file has more than {MOST_BYTES} bytes", "split it, or take out what is no text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ZooError(path, "", "the file is not UTF-8", "keep to printable characters in UTF-8") from None


_FOUND = re.compile(r" with value .*", re.DOTALL)
"""What a duplicate key has, in the message about it: it may be many lines."""


class _PlainComposer(Composer):
    """Refuses what makes a short file a large one, or its values more than text, numbers, lists and mappings."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            if isinstance(self.anchors.get(event.anchor), CollectionNode):
                raise ComposerError(problem=f"*{event.anchor} repeats more than a value", problem_mark=event.start_mark)
        elif event.tag is not None:
            raise ComposerError(problem=f"a tag {event.tag}", problem_mark=event.start_mark)
        if self.depth == _MOST_NESTED:
            problem = f"nested deeper than {_MOST_NESTED} levels"
            raise ComposerError(problem=problem, problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; `ZooError` for a missing file, broken syntax or another content."""
    return yaml_of(_text(path), path)


def yaml_of(text: str, path: Path) -> dict[str, Any]:
    """The mapping in a text, which is that of the file `path`; `ZooError` for broken syntax or another content."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _PlainComposer
    try:
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}" if mark else ""
        problem = f"YAML syntax: {_FOUND.sub('', error.problem or error.context)}"
        remedy = "indent blocks by two spaces; quote text with ': ' in it"
        raise ZooError(path, line, problem, remedy) from None
    except YAMLError as error:
        problem = f"YAML syntax: {str(error).splitlines()[0]}"
        raise ZooError(path, "", problem, "keep to printable characters in UTF-8") from None
    except ValueError as error:  # a number of thousands of digits, a day that is none
        raise ZooError(path, "", f"YAML: {quoted(str(error))}", "quote it if it is text") from None
    if not isinstance(data, dict):
        raise ZooError(path, "", "the file is not a mapping of keys", "write lines 'key: value'")
    return data


def _instead_of(path: Path) -> str:
    names = [p.stem for p in path.parent.glob("*.yaml")]
    return did_you_mean(path.stem, names, "'brian2zoo list' names the files there are")


def _line_error(where: Path, field: str, error: ValueError) -> ZooError:
    if isinstance(error, Refused):
        return error.at(where, field)
    problem, _, remedy = str(error).partition("|")
    return ZooError(where, field, problem, remedy or "see the other files of this kind")


M = TypeVar("M", bound=BaseModel)


_SHAPES = {
    "too_short": ("the list is empty", "name at least one"),
    "tuple_type": ("this is not a list", "write [one, another]"),
    "string_type": ("this is no text", "put it in quotes"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), ("this is no whole number", "write such as 1000")),
    **dict.fromkeys(("float_type", "float_parsing"), ("this is no number", "write such as 0.5")),
    "dict_type": ("this is not a mapping", "write lines 'key: value'"),
    "model_type": ("this is not a mapping", "write lines 'key: value'"),
}
"""Problem and remedy where pydantic speaks of Python's types."""


def validate(model: type[M], data: dict[str, Any], where: Path, **extra: Any) -> M:
    """`data` as `model`; the first mistake becomes a `ZooError` at `where`."""
    for key in extra:
        if key in data:
            raise ZooError(where, key, f"unknown key '{key}'", "remove it; it is taken from the file's name")
    try:
        return model.model_validate(data | extra)
    except ValidationError as error:
        first = error.errors()[0]
    field = ".".join(quoted(str(part))[1:-1] or "''" for part in first["loc"] if part != "[key]")
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1], set(extra))
        remedy = did_you_mean(str(first["loc"][-1]), known, f"known keys: {', '.join(known)}")
        raise ZooError(where, field, f"unknown key {quoted(str(first['loc'][-1]))}", remedy)
    if first["type"] == "missing":
        raise ZooError(where, field, "this key is required", f"add a line '{first['loc'][-1]}: ...'")
    if first["type"] == "value_error":
        raise _line_error(where, field, first["ctx"]["error"])
    problem, remedy = _SHAPES.get(first["type"], (first["msg"], f"found {_SHORT.repr(first['input'])}"))
    raise ZooError(where, field, problem, remedy)


_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxstring, _SHORT.maxother, _SHORT.maxlong = 2, 80, 80, 80


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The formats in a type: of a key, or of what a list or a mapping holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _fields_at(model: type[BaseModel], loc: tuple[Any, ...], hidden: set[str]) -> list[str]:
    for part in loc:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        model = next(_models_in(inner), None) or format_at(model, str(part)) or model
    return [name for name in model.model_fields if name not in hidden]
