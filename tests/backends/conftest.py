"""What tests of backends share: sources of a network, without compiling them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from brian2 import ms

from brian2zoo.backends import backend
from brian2zoo.circuits import Circuit
from brian2zoo.run.network import assemble


@pytest.fixture(scope="session")
def generate() -> Callable[[Circuit, Path, str], None]:
    """Writes the program of a circuit on a backend into a folder, two samples of 20 ms."""

    def written(circuit: Circuit, folder: Path, name: str) -> None:
        made = backend(name)
        with made.device_in(folder, 1) as device:
            assembled = assemble(circuit, 20 * ms, 2, assembly=made.assembly)
            assembled.begin()
            made.prepare(device)
            assembled.network.run(40 * ms, namespace={})
            made.generate(device, folder)

    return written
