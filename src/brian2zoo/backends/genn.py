"""GeNN on a GPU by brian2genn; `genn_cpu` is the same on one core of the processor."""

import importlib
import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from brian2zoo.backends import toolkit
from brian2zoo.backends.brian2genn_fixes import UPSTREAM
from brian2zoo.backends.standalone import Standalone
from brian2zoo.compose.assembly import Assembly
from brian2zoo.errors import ZooError
from brian2zoo.formats.settings import ON_GPU

# GeNN compiles what it generates without optimization, if nobody says otherwise.
CXX = "g++ -O3 -march=native -ffast-math -fno-finite-math-only"


class GeNN(Standalone):
    """The device of `genn_device`, on either of GeNN's own backends."""

    def load(self) -> None:
        """As of every backend; brian2genn with what it needs today, which is known of one version of it."""
        where = f"backend {self.name}"
        try:
            found = metadata.version(self.package)
        except metadata.PackageNotFoundError:
            remedy = "'brian2zoo doctor' says how to install it"
            raise ZooError(where, "", "brian2genn is not installed", remedy) from None
        if found != UPSTREAM:
            problem = f"brian2genn is {found}; what the zoo adjusts in it is for {UPSTREAM}"
            raise ZooError(where, "", problem, "install that one, or see which of brian2genn_fixes it still needs")
        importlib.import_module("brian2zoo.backends.genn_device")

    def preferences(self, threads: int) -> dict[str, Any]:
        """As of every backend, and those brian2genn sets, so that they are put back afterwards."""
        from brian2zoo.compose.assembly import SCHEDULE

        return {
            "codegen.generators.cpp.restrict_keyword": "__restrict",
            "codegen.loop_invariant_optimisations": False,
            "core.network.default_schedule": SCHEDULE,
        }

    def prepare(self, device: Any) -> None:
        """As of every backend; each neuron's stream of random numbers starts from one of C's."""
        super().prepare(device)
        device.insert_code("main", "srand(_array_run_seed[0]);")

    def generate(self, device: Any, directory: Path) -> None:
        """Write the program's sources, without what brian2genn prints."""
        from brian2.utils.logger import std_silent

        with std_silent():
            device.build(directory=str(directory), compile=False, run=False, use_GPU=self.name in ON_GPU)

    def compile(self, device: Any, directory: Path) -> None:
        """Let GeNN generate its code, and compile that and what runs around it.

        brian2genn's own way compiles GeNN's generator, which runs once, with all optimization too, and keeps what the
        compilers say to itself.

        Raises
        ------
        ZooError
            If GeNN is not found, or a step fails.
        """
        place = toolkit.genn()
        if place is None or not (place / "bin" / toolkit.GENERATE).exists():
            raise ZooError(f"backend {self.name}", "", "GeNN is not found", "'brian2zoo doctor' says what is missing")
        directory = Path(directory).resolve()
        include = f"{directory}:{directory}/brianlib/randomkit"
        on_cpu = [] if self.name in ON_GPU else ["-c"]
        generate = [str(place / "bin" / toolkit.GENERATE), *on_cpu, "-i", include, "magicnetwork_model.cpp"]
        usual = os.environ | {"GENN_PATH": str(place)}
        optimized = usual | {"CXX": os.environ.get("CXX", CXX)}
        for command, environment in ((generate, usual), (["make"], optimized)):
            self.work(command, directory, environment)
        Path(directory, "generator").unlink()

    def stored_order(self, pre: np.ndarray) -> np.ndarray | None:
        """GeNN keeps synapses by their presynaptic neuron, those of one in the order they were made in."""
        order = np.argsort(pre, kind="stable")
        return None if np.array_equal(order, np.arange(len(pre))) else order

    def command(self, results: Path, arguments: Sequence[str], seconds: float) -> list[str]:
        """As of every backend, behind a name and the simulated time."""
        return ["./main", "run", repr(seconds), "--results_dir", f"{results}/", *arguments]


PARALLEL = Assembly(on_host=False, parallel=True)
BACKEND = GeNN("genn", "GeNN 4.9, one NVIDIA GPU", "zoo_genn", PARALLEL, "brian2genn")
