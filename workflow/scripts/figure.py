"""Draw one figure of a paper from results."""

from pathlib import Path

from typer import Option

from brian2zoo import figures
from brian2zoo.cli import scripting
from brian2zoo.formats import papers
from brian2zoo.run import results


def main(
    paper: str = Option(help="folder in papers/"),
    name: str = Option(help="figure of the paper"),
    data: list[Path] = Option([], help="results it is drawn from; without any it says so"),
    stem: Path = Option(help="file to write, without its ending"),
) -> None:
    of = papers.paper(paper)
    figure = of.module(name).draw([results.read(path) for path in data], of.published)
    figures.save(figure, stem, scripting.command(Path(f"{stem}.png")))


scripting.run(main)
