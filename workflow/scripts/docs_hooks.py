"""Hooks of MkDocs (`mkdocs.yml`): pages made of the zoo, and links from the pages to files beside docs/.

On GitHub and in an editor a page links to `../rules/erbp.yaml`, which is there. On the site the same link leads to the
page of that file, to a copy of that README, or, of any other file, is text.
"""

import os
import re
import warnings
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from brian2zoo import pages
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import Zoo

COPIED = (
    "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md", "config/README.md", "data/README.md", "papers/README.md",
)  # fmt: skip
"""Texts beside docs/ that are pages of the site too."""
PICTURES = Path("results/plots")
"""What `brian2zoo plot` has drawn; a page shows its picture if it is there."""
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
"""A link of a page, of a text that may hold one pair of brackets: its text and where it leads."""
_PAGES: dict[str, str] = {}
"""Pages by the file beside docs/ that they are of."""
FENCED = re.compile(r"^(\s*)(`{3,}|~{3,}).*?^\s*\2\s*$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # Brian2's, which MkDocs would show
    root = Path(config.config_file_path).parent
    zoo = Zoo(root)
    for kind, (_, folder) in KINDS.items():
        _PAGES.update({f"{folder}/{name}.yaml": pages.place((kind, name)) for name in zoo.names(kind)})
    beside = [name for name in COPIED if (root / name).is_file()]  # a zoo of one's own has not all of them
    _PAGES.update({name: copied(name) for name in beside} | {"README.md": "index.md"})
    drawn = {f"{path.parent.name}/{path.stem}": path for path in (root / PICTURES).glob("*/*.png")}
    for place, text in pages.written(zoo, drawn):
        files.append(File.generated(config, place, content=text))
    for key, path in drawn.items():
        files.append(File.generated(config, f"zoo/{key}.png", abs_src_path=str(path)))
    for name in beside:
        text = (root / name).read_text(encoding="utf-8")
        files.append(File.generated(config, copied(name), content=moved(text, name, copied(name))))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: MkDocsConfig, files: Files) -> str:
    """Links to files beside docs/ lead to their pages."""
    return linked(markdown, page.file.src_uri)


def copied(name: str) -> str:
    """Where a text beside docs/ is among the pages."""
    return f"repository/{name.removesuffix('.md').replace('/', '_').lower()}.md"


def moved(text: str, name: str, place: str) -> str:
    """A text with its links as they have to be at another place."""
    here, there = PurePosixPath(name).parent, PurePosixPath("docs", place).parent

    def anew(found: re.Match[str]) -> str:
        target, hash_, anchor = found[2].partition("#")
        if "://" in target or not target:
            return found[0]
        return f"[{found[1]}]({os.path.relpath(here / target, there)}{hash_}{anchor})"

    return LINK.sub(anew, text)


def linked(text: str, place: str) -> str:
    """A page with links to what is not below docs/ replaced by links to pages, or by their text."""
    folder = PurePosixPath("docs", place).parent

    def anew(found: re.Match[str]) -> str:
        target, hash_, anchor = found[2].partition("#")
        if "://" in target or not target:
            return found[0]
        path = os.path.normpath(folder / target)
        if path.startswith("docs/"):
            return found[0]
        if path not in _PAGES:
            return found[1]
        return f"[{found[1]}]({os.path.relpath(PurePosixPath('docs', _PAGES[path]), folder)}{hash_}{anchor})"

    parts, last = [], 0
    for fence in FENCED.finditer(text):
        parts += [LINK.sub(anew, text[last : fence.start()]), fence[0]]
        last = fence.end()
    return "".join([*parts, LINK.sub(anew, text[last:])])
