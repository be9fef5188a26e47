"""Keep a result small enough to commit, with all that says where it comes from."""

from datetime import datetime
from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.run import published, results


def main(
    result: Path = Option(help="file of results/"),
    output: Path = Option(help="file to write"),
    weights: bool = Option(False, "--weights", help="keep weights, whole numbers that a figure needs"),
) -> None:
    made = datetime.fromtimestamp(result.stat().st_mtime).date().isoformat()
    results.save(published.small(results.read(result), weights).assign_attrs(date=made), output)


scripting.run(main)
