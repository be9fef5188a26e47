"""What the scripts of the pipeline share: a command line from a function, and how a result is written.

Without Brian2, whose import costs a script that only draws most of its time; `built` has what runs networks.
"""

import logging
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
import xarray as xr

from brian2zoo.cli import unforeseen
from brian2zoo.formats.experiment import Experiment
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import results


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's options; an exception ends the script with one line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        typer.run(main)
    except Exception as error:
        sys.exit(f"brian2zoo: {unforeseen.told(error)}")


def experiment_of(name: str, setting: str = "default") -> Experiment:
    """An experiment of the zoo with the parameters of a setting."""
    return Zoo().experiment(name, setting)


def command(output: Path) -> str:
    """The command that makes a file: Snakemake's, which the pipeline hands on, or else this script's own.

    The file comes before the options, since `--configfile` takes all that follows it.
    """
    snakemake = os.environ.get("BRIAN2ZOO_SNAKEMAKE")
    if not snakemake:
        return shlex.join(["python", *sys.argv])
    program, *options = shlex.split(snakemake)
    return shlex.join([program, str(output), *options])


def hand_on(result: xr.Dataset, output: Path) -> None:
    """Write a result that says what it is of, as those of the API do."""
    results.write(result, output, result.attrs["title"], command=command(output))


def write(result: xr.Dataset, output: Path, experiment: Experiment, **facts: Any) -> None:
    """Write a result with what it is a result of; `facts` become attributes."""
    hand_on(results.described(result, experiment, **facts), output)
