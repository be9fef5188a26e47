"""What training costs on a compute-in-memory chip as networks get deeper, under BP and DFA."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim.depth import over_depth
from brian2zoo.mapping.cim.request import parse_settings
from brian2zoo.run import results


def main(
    chip: str = Option(help="file in models/chips of kind compute_in_memory"),
    ends: str = Option("", help="sizes of input and output, such as 784-10; empty: as wide as the hidden layers"),
    width: int = Option(help="size of the hidden layers"),
    depths: str = Option(help="numbers of layers of weights, joined by commas"),
    settings: list[str] = Option([], "--set", help="NAME=VALUE of the chip"),
    output: Path = Option(help="file to write"),
) -> None:
    model = Zoo().cim(chip)
    sizes = tuple(int(size) for size in ends.split("-")) if ends else None
    found = over_depth(model, sizes, width, [int(depth) for depth in depths.split(",")], parse_settings(settings))
    results.write(found, output, f"{model.title}: deeper networks", command=scripting.command(output))


scripting.run(main)
