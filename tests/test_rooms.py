"""Data flows one way: no module imports from a room that stands after its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import brian2zoo

PACKAGE = Path(brian2zoo.__file__).parent
ROOMS = (
    "errors", "formats", "equations", "derive", "learning", "circuits", "datasets", "compose", "dense", "backends",
    "check", "pipeline", "run", "protocols", "mapping", "exchange", "figures",
    "cli", "api", "pages",
)  # fmt: skip
"""In the order of CONTRIBUTING.md."""
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Rooms that a module imports from, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "brian2zoo":
            _, *rooms = node.module.split(".")
            yield from rooms[:1] or [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("brian2zoo."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_runs_up(path) -> None:
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    if room.startswith("__"):
        return  # the package itself, and `python -m brian2zoo`
    later = {other for other in imported(path) if other in ROOMS and ROOMS.index(other) > ROOMS.index(room)}
    assert not later


def test_every_room_has_its_place() -> None:
    found = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in MODULES}
    assert {name for name in found if not name.startswith("__")} == set(ROOMS)
