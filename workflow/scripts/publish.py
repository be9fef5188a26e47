"""Keep a result without its weights: small enough to commit, with all that says where it comes from."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.run import results


def main(result: Path = Option(help="result of a training"), output: Path = Option(help="file to write")) -> None:
    full = results.read(result, results.TRAINING)
    small = full.drop_dims([dim for dim in full.dims if str(dim).startswith("unit_")])
    results.save(small, output)


scripting.run(main)
