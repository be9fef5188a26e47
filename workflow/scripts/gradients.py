"""Compare the gradients that rules find with the exact one, over recurrent strength and steepness of the surrogate."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.derive import gradient
from brian2zoo.formats.language import sizes
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run import results


def main(
    experiments: str = Option(help="files in config/experiments, with commas; all of the same neurons"),
    layers: str = Option(help="sizes from input to output"),
    data: Path = Option(help="encoded split the samples are taken from"),
    samples: int = Option(help="number of samples, from the first"),
    surrogate: str = Option(help="file in models/surrogates, that of all the rules"),
    parameter: str = Option(help="its parameter that is varied"),
    values: str = Option(help="values of the parameter, with commas"),
    strengths: str = Option(help="multiples of the recurrent weights, with commas"),
    output: Path = Option(help="file to write"),
) -> None:
    zoo, few = Zoo(), results.read(data, results.ENCODED).isel(sample=slice(samples))
    compared = gradient.sweep(
        [zoo.experiment(name) for name in experiments.split(",")],
        sizes(layers),
        {"input": few.input.values, "label": few.target.values},
        zoo.surrogate(surrogate),
        parameter,
        [float(value) for value in values.split(",")],
        [float(value) for value in strengths.split(",")],
        seed=0,
    )
    command = scripting.command(output)
    results.write(compared, output, "Gradients of rules against the exact one", command=command, layers=layers)


scripting.run(main)
