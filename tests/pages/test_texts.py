"""Texts that are written by hand: their links lead somewhere, their tables are those of the formats."""

import re
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from brian2zoo import pages
from brian2zoo.formats.reference import FOLDER, with_tables
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.pipeline.config import Config

DOCS = ROOT / "docs"
BESIDE = (ROOT / f"{name}/README.md" for name in ("benchmarks", "config", "data", "papers"))
TEXTS = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *BESIDE])
README_LINES = 120


def without_code(text: str) -> str:
    text = re.sub(r"^(\s*)(`{3,}).*?^\s*\2\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "`code`", text)


@cache
def anchors(path: Path) -> set[str]:
    """Where a link into a text may lead, as GitHub and MkDocs name them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r" ", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip()) for heading in headings}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_are_there(path) -> None:
    for target in re.findall(r"\]\(([^()\s]+)\)", without_code(path.read_text())):
        place, _, anchor = target.partition("#")
        if "://" in place:
            continue
        led = (path.parent / place).resolve() if place else path
        assert led.exists(), f"{path.relative_to(ROOT)}: {target}"
        if anchor:
            assert anchor in anchors(led), f"{path.relative_to(ROOT)}: {target}"


def test_navigation_has_every_page() -> None:
    text = re.sub(r"!!python/\S+", "''", (ROOT / "mkdocs.yml").read_text())
    found: list[str] = []

    def walk(node: object) -> None:
        for each in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            walk(each)
        if isinstance(node, str):
            found.append(node)

    walk(YAML(typ="safe").load(text)["nav"])
    assert len(found) == len(set(found))
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert written <= set(found)
    assert set(found) - written <= set(pages.places(Zoo()))


@pytest.mark.parametrize("path", sorted((ROOT / FOLDER).glob("*.md")), ids=lambda path: path.stem)
def test_tables_of_keys_are_those_of_the_formats(path) -> None:
    """`brian2zoo schemas` writes them."""
    assert with_tables(path.read_text(), {"config": Config}) == path.read_text()


def test_readme_is_read_in_three_minutes() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES
