"""Accuracy of trainings in place and what each costs on the compute-in-memory chip it learned on."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim import trained
from brian2zoo.run import results


def main(
    chip: str = Option(help="file in models/chips of kind compute_in_memory"),
    data: list[Path] = Option(help="results of trainings"),
    output: Path = Option(help="file to write"),
) -> None:
    zoo = Zoo()
    found = trained.of_trainings(zoo, zoo.cim(chip), [results.read(path, results.TRAINING) for path in data])
    results.write(found, output, f"{zoo.cim(chip).title}: trainings in place", command=scripting.command(output))


scripting.run(main)
