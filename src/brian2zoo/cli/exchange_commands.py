"""The commands `brian2zoo export` and `brian2zoo import`: trained networks for other programs, and theirs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brian2zoo.cli.finding import from_here
from brian2zoo.cli.show import out
from brian2zoo.errors import ZooError
from brian2zoo.formats.language import Refused, sizes
from brian2zoo.formats.zoo import Zoo

if TYPE_CHECKING:  # Brian2 and xarray take seconds to import: only what needs them does
    from brian2zoo.circuits import Circuit

export = typer.Typer(no_args_is_help=True, help="Write a trained network for another program.")
bring_in = typer.Typer(no_args_is_help=True, help="Take the weights of another program's network.")

Trained = Annotated[Path, typer.Argument(metavar="RESULT", help="Result of a training, a file of results/train/.")]


@export.command("brian2")
def export_brian2(
    ctx: typer.Context,
    result: Trained,
    script: Annotated[Path, typer.Argument(help="Python file to write; its arrays go to SCRIPT.npz.")],
    data: Annotated[
        str, typer.Option(help="What it is given: an encoded split, results/encoded/.../test.nc, or a data set's name.")
    ],
    samples: Annotated[int, typer.Option(min=1, help="Number of samples, from the first of the test split.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the script's random numbers.")] = 0,
) -> None:
    """A trained network as a script that needs Brian2 and NumPy alone, and gives the same spikes."""
    import numpy as np

    from brian2zoo.datasets.encode import take
    from brian2zoo.exchange import brian2_script
    from brian2zoo.run import given, results

    circuit, carried = _network(ctx.obj, result)
    if data.endswith(".nc"):
        split = given.given(circuit.experiment, circuit.layers, results.read_data(Path(data)), data, circuit.layers[-1])
    else:
        split = given.named(circuit.experiment, circuit.layers, data)["test"]
    few = take(split, np.arange(min(samples, split.sizes["sample"])))
    for path in brian2_script.write(circuit, carried, {"input": few["input"]}, script, seed):
        out.print(from_here(path), soft_wrap=True)


@export.command("nir")
def export_nir(
    ctx: typer.Context,
    result: Trained,
    graph: Annotated[Path, typer.Argument(help="File of NIR to write, such as network.nir.")],
) -> None:
    """A trained network as a graph of NIR, the Neuromorphic Intermediate Representation."""
    from brian2zoo.exchange import nir_graph

    out.print(from_here(nir_graph.write(*_network(ctx.obj, result), graph)), soft_wrap=True)


@bring_in.command("nir")
def import_nir(
    ctx: typer.Context,
    graph: Annotated[Path, typer.Argument(help="File of NIR.")],
    experiment: Annotated[str, typer.Argument(help="Experiment with the same neurons.")],
    layers: Annotated[str, typer.Argument(help="Sizes of the layers, such as 784-100-10.")],
    weights: Annotated[Path, typer.Argument(help="File to write, such as start.npz.")],
    setting: Annotated[str, typer.Option(help="scope.name=value:... of the experiment.")] = "default",
) -> None:
    """Weights of a graph of NIR, for the `start` of a training."""
    import numpy as np

    from brian2zoo.check import sound_experiment
    from brian2zoo.circuits import build
    from brian2zoo.exchange import nir_graph
    from brian2zoo.run.results import replacing

    if weights.suffix != ".npz":
        raise ZooError(weights, "", "weights are written as an archive of NumPy", "end the name in .npz")
    try:
        circuit = build(sound_experiment(ctx.obj, experiment, setting), sizes(layers), "test")
    except Refused as error:
        raise error.at("LAYERS") from None
    found = nir_graph.weights_of(graph, circuit)
    weights.parent.mkdir(parents=True, exist_ok=True)
    with replacing(weights) as partial, partial.open("wb") as file:
        np.savez(file, **found)
    out.print(f"{from_here(weights)}: {', '.join(found)}", soft_wrap=True)


def _network(zoo: Zoo, result: Path) -> "tuple[Circuit, dict[str, Any]]":
    """The network of a training that infers, and what it carries."""
    from brian2zoo.circuits import build
    from brian2zoo.run import carried, results

    trained = results.read(result, results.TRAINING)
    experiment = zoo.experiment(trained.attrs["experiment"], str(trained.attrs["setting"]))
    circuit = build(experiment, sizes(str(trained.attrs["layers"])), "test")
    if not any(f"w_{p.name}" in trained for p in circuit.projections):
        problem = "it has no weights; published results are kept without"
        raise ZooError(result, "", problem, "give a file of results/train/")
    return circuit, carried.of_result(circuit, trained, int(trained.attrs["seed"]))
