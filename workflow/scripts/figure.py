"""Draw one figure of a paper from results."""

import importlib
from pathlib import Path

from typer import Option

from brian2zoo import figures
from brian2zoo.cli import scripting
from brian2zoo.run import results


def main(
    paper: str = Option(help="key of the paper"),
    name: str = Option(help="module of the figure, PAPER_NAME in brian2zoo.figures"),
    data: list[Path] = Option([], help="results it is drawn from; without any it says so"),
    stem: Path = Option(help="file to write, without its ending"),
) -> None:
    module = importlib.import_module(f"brian2zoo.figures.{paper}_{name}")
    figure = module.draw([results.read(path) for path in data], figures.published(paper))
    figures.save(figure, stem, scripting.command(Path(f"{stem}.png")))


scripting.run(main)
