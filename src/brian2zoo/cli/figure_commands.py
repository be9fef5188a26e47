"""The commands `brian2zoo figures`, published against measured, and `brian2zoo figure`, one of them in seconds."""

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brian2zoo.cli.finding import from_here
from brian2zoo.cli.show import out
from brian2zoo.errors import ZooError, did_you_mean
from brian2zoo.formats.papers import FOLDER, PLACES, PUBLISHED_TRAININGS, Paper, papers
from brian2zoo.formats.settings import numbers_of
from brian2zoo.formats.zoo import ReadOnce, Zoo

if TYPE_CHECKING:  # xarray and Matplotlib take a second to import
    import xarray as xr

    from brian2zoo.figures.comparison import Comparison

AT_HAND, PUBLISHED = Path("results"), Path("results/published")
WIDTH, WHAT = 100, 45  # columns of a terminal, and of what a number is
CORES = 2


@dataclass(frozen=True)
class Row:
    """A figure or table of a paper.

    Parameters
    ----------
    of : the paper's own number, and how it is known.
    key : ours, PAPER/FIGURE; empty for what is not drawn.
    minutes : to make it from nothing, on two cores; none if that is not known.
    """

    paper: Paper
    of: str
    title: str
    key: str
    command: str
    minutes: float | None
    compared: "Sequence[Comparison]"
    verdict: str
    why: str

    @property
    def measured(self) -> "list[Comparison]":
        """Numbers that there is something to say of: at least one of ours."""
        return [each for each in self.compared if each.measured]

    @property
    def not_run(self) -> int:
        """How many published numbers have none of ours to compare."""
        return len(self.compared) - len(self.measured)

    @property
    def said(self) -> str:
        """The verdict, with its reason where there is one to give."""
        from brian2zoo.figures.comparison import WITHIN

        return f"{self.verdict}: {self.why}" if self.why and self.verdict != WITHIN else self.verdict


def figures(
    ctx: typer.Context,
    markdown: Annotated[bool, typer.Option(help="Print the text of docs/figures.md.")] = False,
) -> None:
    """List every figure and table of the papers: the command that makes it, what is published, what was measured.

    The measured numbers come from the small files in results/published/. `brian2zoo figure KEY` draws a figure.
    """
    found = rows(ctx.obj)
    print(page(found)) if markdown else print_rows(found)


def figure(
    ctx: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="KEY", help="PAPER/FIGURE, or a paper; default: all.")
    ] = None,
    published: Annotated[bool, typer.Option(help="Draw from the published results alone.")] = False,
    dataset: Annotated[str, typer.Option(help="Take only results on this data set.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Where to write; default: results/figures/.")] = None,
) -> None:
    """Draw figures within seconds, without training.

    It draws from your results if there are any, else from the small ones in results/published/. It says which, and how
    to make the figure from scratch.
    """
    zoo: Zoo = ctx.obj
    results, places = Results(zoo), (PUBLISHED,) if published else (AT_HAND, PUBLISHED)
    options = [*(["--published"] if published else []), *([f"--dataset {dataset}"] if dataset else [])]
    for of, name in _chosen(_papers(zoo), keys or []):
        stem = (folder or zoo.workplace / "results/figures") / of.key / name
        place, files = next(
            ((place, files) for place in places if (files := results.of(of, name, place, dataset))), (None, [])
        )
        if place is None:
            remedy = f"make them: {of.rerun(name)}"
            raise ZooError("KEY", "", f"there are no results to draw {of.key}/{name} from", remedy)
        _draw(of, name, stem, map(results.read, files), " ".join(["brian2zoo figure", f"{of.key}/{name}", *options]))
        what = "published results" if place == PUBLISHED else "results at hand"
        told = f"{from_here(stem)}.png: from {len(files)} {what}; from nothing: {of.rerun(name)}"
        out.print(told, soft_wrap=True)  # a command to copy


def rows(
    zoo: Zoo, made: Mapping[str, Sequence[Path]] | None = None, of_papers: Collection[str] | None = None
) -> list[Row]:
    """The table: paper by paper, its figures and then those that are not drawn.

    Parameters
    ----------
    made : results by PAPER/FIGURE that take the place of published ones of the same networks.
    of_papers : their keys; None for all.
    """
    from brian2zoo.figures.comparison import MISSING, verdict

    found, results = [], Results(zoo)
    for of in _papers(zoo).values():
        if of_papers is not None and of.key not in of_papers:
            continue
        for name, figure in of.figures.items():
            paths = [*results.of(of, name, PUBLISHED), *(made or {}).get(f"{of.key}/{name}", ())]
            data = [*{_identity(each): each for each in map(results.read, paths)}.values()]
            compare = getattr(of.module(name), "compare", None)
            compared = list(compare(data, of.published)) if compare and data else []
            judged = verdict(compared) if data else MISSING
            row = Row(of, figure.of, figure.title, f"{of.key}/{name}", of.rerun(name),
                      _minutes(data) or figure.minutes, compared, judged, figure.why)  # fmt: skip
            found.append(row)
        for lacking in of.lacking.values():
            found.append(Row(of, lacking.of, lacking.title, "", "", None, [], MISSING, lacking.why))
    return found


def _papers(zoo: Zoo) -> dict[str, Paper]:
    found = papers(zoo.root)
    if not found:
        remedy = "name a clone with --root, or write one: papers/README.md of the clone says how"
        raise ZooError(zoo.root / FOLDER, "", "there is no paper", remedy)
    return found


# --- Which results ---------------------------------------------------------------------------------


def _chosen(known: dict[str, Paper], keys: Sequence[str]) -> Iterator[tuple[Paper, str]]:
    every = {f"{of.key}/{name}": (of, name) for of in known.values() for name in of.figures}
    for key in keys:
        if key not in every and key not in known:
            remedy = did_you_mean(key, [*every, *known], "'brian2zoo figures' lists them")
            raise ZooError("KEY", "", f"there is no figure '{key}'", remedy)
    for key, (of, name) in every.items():
        if not keys or key in keys or of.key in keys:
            yield of, name


class Results:
    """Results of a zoo, each read once however many figures are drawn from it."""

    def __init__(self, zoo: Zoo) -> None:
        self._zoo = ReadOnce.of(zoo)
        self.read, self._facts = cache(_read), cache(_facts)

    def of(self, paper: Paper, name: str, place: Path, dataset: str = "") -> list[Path]:
        """Results below a folder that a figure is drawn from; none unless there are some of each kind that it needs.

        Parameters
        ----------
        dataset : the only one whose results are taken; empty: any.
        """
        found = []
        for source in paper.figures[name].data:
            pattern = PUBLISHED_TRAININGS if (place, source) == (PUBLISHED, "trainings") else PLACES[source]
            folder = (self._zoo.root if place == PUBLISHED else self._zoo.workplace) / place
            paths = [path for path in sorted(folder.glob(pattern)) if self._is_of(paper, path, dataset)]
            if not paths:
                return []
            found += paths
        return found

    def _is_of(self, paper: Paper, path: Path, dataset: str) -> bool:
        """Whether a result is of a paper's experiment, or of no one experiment; not if made on another backend."""
        facts = self._facts(path)
        if facts is None:
            return True  # whoever reads it says what is wrong with it
        setting, experiment = facts.get("setting", "default"), facts.get("experiment")
        if numbers_of(setting) != setting or dataset not in ("", facts.get("dataset", dataset)):
            return False
        if experiment is None or experiment not in self._zoo.names("experiment"):
            return experiment is None
        return self._zoo.load("experiment", experiment).paper == paper.key


def _facts(path: Path) -> dict[str, str] | None:
    """What a result is of; None if the file cannot be opened."""
    import h5py

    facts = ("experiment", "setting", "dataset")
    try:
        with h5py.File(path) as file:
            return {name: _text(file.attrs[name]) for name in facts if name in file.attrs}
    except OSError:
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read(path: Path) -> "xr.Dataset":
    from brian2zoo.run import published, results

    return published.whole(results.read(path))


def _identity(result: "xr.Dataset") -> tuple[Any, ...]:
    """What a result is of."""
    facts = ("dataset", "experiment", "layers", "setting", "seed", "chip", "mode", "network")
    return (*sorted(result.data_vars), *(result.attrs.get(fact) for fact in facts))


def _minutes(data: "Sequence[xr.Dataset]") -> float | None:
    """What trainings took, on two cores; none where there are other results among them, which do not say."""
    if not data or not all("wall_time" in each for each in data):
        return None
    taken = sum(float(each[name].sum()) for each in data for name in ("wall_time", "build_time") if name in each)
    return taken / 60 / CORES


def drawn_from(zoo: Zoo, of: Paper, name: str) -> "list[xr.Dataset]":
    """The published results that a figure is drawn from; `ZooError` if there are none."""
    results = Results(zoo)
    files = results.of(of, name, PUBLISHED)
    if not files:
        remedy = f"give some, or make them: {of.rerun(name)}"
        raise ZooError("data", "", f"there are no published results to draw {of.key}/{name} from", remedy)
    return [results.read(path) for path in files]


def _draw(of: Paper, name: str, stem: Path, results: "Iterable[xr.Dataset]", command: str) -> None:
    from brian2zoo.figures import save

    save(of.module(name).draw([*results], of.published), stem, command)


# --- Showing it ------------------------------------------------------------------------------------


def print_rows(found: Sequence[Row]) -> None:
    """The table, at most `WIDTH` columns wide: a line a figure, and below it its numbers."""
    for key, own in by_paper(found):
        out.print(f"{own[0].paper.short}, papers/{key}", style="bold")
        for command in dict.fromkeys(
            row.command.replace(row.key.rpartition("/")[2], "FIGURE") for row in own if row.key
        ):
            out.print(f"  from nothing: {_wrapped(command)}", style="dim")
        for row in own:
            named = f"{row.key or row.title}{f' = {row.of}' if row.of else ''}"
            taken = f", {_rounded(row.minutes)} min" if row.minutes else ""
            text = f"{named}{taken}: {row.said}"
            out.print(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="    "))
            for each in row.measured:
                judged = each.verdict if each.published is not None else ""
                published, seeds = each.published_text, f"{len(each.measured)} seed{'s' * (len(each.measured) > 1)}"
                what = textwrap.wrap(each.what, WHAT, max_lines=1, placeholder="…")[0]
                line = f"      {what:<{WHAT}} {published:<24} {each.measured_text:>5} {seeds:<7} {judged}"
                out.print(line.rstrip())
            if row.not_run:
                out.print(f"      {row.not_run} more published number{'s' * (row.not_run > 1)}: not run")
        out.print()


def _wrapped(command: str) -> str:
    """A command that goes over several lines where it must, as a shell reads it."""
    lines = textwrap.wrap(command, WIDTH - 18, break_long_words=False, break_on_hyphens=False)
    return " \\\n      ".join(lines)


def by_paper(found: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows of each paper, by its key."""
    for key in dict.fromkeys(row.paper.key for row in found):
        yield key, [row for row in found if row.paper.key == key]


def _rounded(minutes: float | None) -> str:
    return "" if minutes is None else f"{max(1, minutes):.0f}"


INTRODUCTION = """\
# Figures: published against measured

`brian2zoo figures --markdown` writes this page from [`results/published/`](../results/published); a test compares the
two. `brian2zoo figure KEY` draws a figure within seconds from the same files, or from your own results; the command in
the table makes it from scratch. Minutes are half of what the trainings took on one core of a machine that often did
other work too, or an estimate where the results do not record it. A number is *within* if the mean of the seeds differs
from the published value by no more than the ± behind it."""


def page(found: Sequence[Row]) -> str:
    """docs/figures.md."""
    lines = [INTRODUCTION]
    for key, own in by_paper(found):
        paper = own[0].paper
        lines += [
            "",
            f"## {paper.short}: {paper.title}",
            "",
            f"{paper.reference}; [`papers/{key}`](../papers/{key})",
            "",
        ]
        lines += [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
        lines += [f"| {' | '.join('<br>'.join(cell) for cell in cells(row))} |" for row in own]
    return "\n".join(lines)


HEADINGS = ("figure", "key and command", "minutes", "what", "published", "measured", "seeds", "verdict")


def cells(row: Row) -> list[list[str]]:
    """A figure under each of `HEADINGS`, as lines."""
    numbers = [(c.what, c.published_text, c.measured_text, str(len(c.measured))) for c in row.measured]
    if row.not_run:
        more = f"{row.not_run} more published number{'s' * (row.not_run > 1)}"
        numbers.append((more, "", "not run", ""))
    return [
        [": ".join(filter(None, (row.of, row.title)))],
        [f"`{row.key}`", f"`{row.command}`"] if row.key else [],
        [_rounded(row.minutes)],
        *([list(part) for part in zip(*numbers, strict=True)] or [[]] * 4),
        [row.said],
    ]
