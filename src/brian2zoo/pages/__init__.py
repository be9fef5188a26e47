"""The pages of the documentation that are made of the zoo itself: a page a file, what runs with what, all commands."""

from collections.abc import Collection, Iterator

from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import Zoo
from brian2zoo.pages import commands, file, matrix
from brian2zoo.pages.zoo import FOLDER, Whole, place

__all__ = ["place", "places", "written"]

COMMANDS, INDEX, MATRIX = f"{FOLDER}/commands.md", f"{FOLDER}/index.md", f"{FOLDER}/matrix.md"


def places(zoo: Zoo) -> list[str]:
    """All these pages, as paths among those of the site."""
    files = [place((kind, name)) for kind in KINDS for name in zoo.names(kind)]
    return [COMMANDS, INDEX, MATRIX, *files]


def written(zoo: Zoo, pictures: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Path and Markdown of each page.

    Parameters
    ----------
    pictures : of the files that have one, KIND/NAME; it lies beside the page.

    Raises
    ------
    ZooError
        The first mistake in the zoo.
    """
    whole = Whole.checked(zoo)
    yield COMMANDS, commands.page()
    yield INDEX, _index(whole)
    yield MATRIX, matrix.page(whole)
    for each in whole.files:
        yield place(each), file.page(whole, each, pictures)


def _index(whole: Whole) -> str:
    lines = ["# The zoo", "", "One page for every file, and [what runs with what](matrix.md).", ""]
    for kind, (_, folder) in KINDS.items():
        lines += [f"## {kind} {{#{kind}}}", "", f"`{folder}/`", "", "| name | title | reference |", "|---|---|---|"]
        for name in whole.zoo.names(kind):
            model = whole.zoo.load(kind, name)
            cells = (f"[{name}]({kind}/{name}.md)", file.escaped(model.title), file.reference(model.reference))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)
