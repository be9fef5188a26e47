"""Compare the model of a compute-in-memory chip with runs of a simulator."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim import reference
from brian2zoo.run import results


def main(
    chip: str = Option(help="file in models/chips of kind compute_in_memory"),
    runs: Path = Option(help="CSV file of runs"),
    output: Path = Option(help="file to write"),
) -> None:
    model = Zoo().cim(chip)
    compared = reference.compare(model, reference.read(runs))
    results.write(compared, output, f"{model.title}: model and runs", command=scripting.command(output), chip=chip)


scripting.run(main)
