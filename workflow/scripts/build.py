"""Generate and compile the program of one circuit."""

from pathlib import Path

from typer import Option

from brian2zoo.circuits.abreast import abreast
from brian2zoo.cli import scripting
from brian2zoo.formats.settings import BACKENDS, joined, parts_of
from brian2zoo.mapping.spiking.activity import every_spike
from brian2zoo.run import network, programs, stages
from brian2zoo.run.trace import recording


def main(
    experiment: str = Option(help="file in config/experiments"),
    backend: str = Option(help=f"where it runs: {', '.join(BACKENDS)}"),
    choices: str = Option("default", help="choices of learning that replace the experiment's, as in a setting"),
    layers: str = Option(help="sizes of the layers, such as 784-100-10"),
    mode: str = Option(help="train, test, final, trace, count_train or count_test"),
    networks: int = Option(1, help="so many abreast"),
    capacity: int = Option(help="most samples of a run"),
    cache: Path = Option(help="folder of programs by content"),
    output: Path = Option(help="folder to write"),
    threads: int = Option(1, help="compilers at a time"),
) -> None:
    circuit = abreast(
        stages.circuit_of(
            scripting.experiment_of(experiment, joined([f"backend={backend}", *parts_of(choices)])), layers, mode
        ),
        networks,
    )
    recordings = {"trace": recording, "count_train": every_spike, "count_test": every_spike}
    watched = recordings[mode](circuit) if mode in recordings else network.OUTPUT_ONLY
    sample_time = network.duration(circuit, stages.BUILDS[mode][1])
    programs.build_cached(circuit, sample_time, capacity, output, cache, watched, threads)


scripting.run(main)
