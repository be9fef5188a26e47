"""Run some samples of a trained network and keep its spikes by step and by neuron."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.mapping.spiking.activity import measure
from brian2zoo.run import results, stages


def main(
    trained: Path = Option(help="result of the training"),
    data: Path = Option(help="encoded split the samples are taken from"),
    build: Path = Option(help="program that records"),
    kind: str = Option(help="count_train or count_test"),
    samples: int = Option(help="number of samples, from the first"),
    output: Path = Option(help="file to write"),
) -> None:
    net = stages.trained_network(trained, kind, build)
    few = results.read_data(data).isel(sample=slice(samples))
    before = net.samples if net.runner.circuit.mode == "train" else 0
    scripting.write(measure(net.runner, few, net.carried, net.seed, before), output, net.experiment, **net.facts)


scripting.run(main)
