"""The page that opens a report: figures with their captions, then what is published against what is measured."""

import json
from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.cli.page import html
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import results


def main(
    drawn: str = Option(help="JSON: for each PAPER/FIGURE the file without its ending, and its results"),
    output: Path = Option(help="file to write"),
) -> None:
    files = {key: (Path(stem), [Path(path) for path in data]) for key, (stem, data) in json.loads(drawn).items()}
    with results.replacing(output) as partial:
        partial.write_text(html(Zoo(), files), encoding="utf-8")


scripting.run(main)
