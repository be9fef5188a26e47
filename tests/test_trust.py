"""docs/trust.md: what it says can be run is there, and nothing that checks numbers is left out."""

import ast
import re

import pytest

from brian2zoo.formats.zoo import ROOT

PAGE = ROOT / "docs" / "trust.md"
CHECKS = ("exact", "golden", "dense", "derive", "mapping")
SELECTED = [place for command in re.findall(r"`pytest ([^`]+)`", PAGE.read_text()) for place in command.split()]


@pytest.mark.parametrize("place", [place for place in SELECTED if not place.startswith("-")])
def test_every_selection_is_there(place) -> None:
    path, _, name = place.partition("::")
    assert (ROOT / path).exists()
    if name:
        functions = [node.name for node in ast.parse((ROOT / path).read_text()).body if hasattr(node, "name")]
        assert name in functions


@pytest.mark.parametrize("folder", CHECKS)
def test_every_file_of_checks_is_in_the_table(folder) -> None:
    named = {place.partition("::")[0] for place in SELECTED}
    files = {f"tests/{folder}/{path.name}" for path in (ROOT / "tests" / folder).glob("test_*.py")}
    assert f"tests/{folder}" in named or files <= named
