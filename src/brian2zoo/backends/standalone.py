"""What the backends share: all generate a program that is compiled once and takes its numbers as arguments."""

import ast
import contextlib
import importlib
import inspect
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import brian2
import numpy as np
from brian2.codegen.generators import cpp_generator
from brian2.parsing.rendering import CPPNodeRenderer

from brian2zoo.compose.assembly import USUAL, Assembly
from brian2zoo.errors import ZooError


class Renderer(CPPNodeRenderer):
    """Brian2's, but that the quotient of two whole numbers is a double; theirs, '1.0f*k/n', is good to seven digits."""

    def render_BinOp(self, node: ast.BinOp) -> str:
        text = super().render_BinOp(node)
        return text.replace("1.0f*", "1.0*", 1) if isinstance(node.op, ast.Div) else text


cpp_generator.CPPNodeRenderer = Renderer

_EPSILON = re.compile(r"^(#define Clock_epsilon )\S+$", re.MULTILINE)


@dataclass(frozen=True)
class Standalone:
    """C++ standalone, and what devices derived from it have in common.

    Parameters
    ----------
    name : as experiment files have it.
    title : one line: what it is.
    device : Brian2's name of the device.
    package : what the device is imported from, if not from Brian2 or the zoo.
    """

    name: str
    title: str
    device: str
    assembly: Assembly = USUAL
    package: str = ""

    def load(self) -> None:
        """Import the package of the device; `ZooError` if it is missing or does not work with this Brian2."""
        if not self.package:
            return
        try:
            importlib.import_module(self.package)
        except ImportError as error:
            problem = f"{self.package} cannot be imported ({error})"
            remedy = "'brian2zoo doctor' says what is missing"
            raise ZooError(f"backend {self.name}", "", problem, remedy) from None

    def need_compiler(self) -> None:
        """`ZooError` if this machine has nothing to compile a program with."""
        for tool in (os.environ.get("CXX", "g++").split()[0], "make"):
            if shutil.which(tool) is None:
                remedy = "'brian2zoo doctor' says what is missing"
                raise ZooError(f"backend {self.name}", "", f"there is no '{tool}' on the PATH", remedy)

    def preferences(self, threads: int) -> dict[str, Any]:
        """Brian2's preferences while a program is generated and compiled, by `threads` compilers at a time."""
        return {"devices.cpp_standalone.extra_make_args_unix": [f"-j{threads}"]}

    def options(self) -> Mapping[str, Any]:
        """Further arguments of `brian2.set_device`."""
        return {}

    @contextlib.contextmanager
    def device_in(self, directory: Path, threads: int) -> Iterator[Any]:
        """The device, generating in a folder; Brian2's usual device and preferences again afterwards."""
        self.load()
        wanted = self.preferences(threads)
        before = {name: brian2.prefs[name] for name in wanted}
        try:
            for name, value in wanted.items():
                brian2.prefs[name] = value
            brian2.set_device(self.device, directory=str(directory), build_on_run=False, **self.options())
            yield brian2.get_device()
        finally:
            brian2.get_device().reinit()
            brian2.set_device("runtime")
            for name, value in before.items():
                brian2.prefs[name] = value

    def take_arguments(self, device: Any) -> None:
        """Let the program take its arguments where it now is, and once more when it is prepared."""
        device.insert_code("main", "set_from_command_line(args);")

    def prepare(self, device: Any) -> None:
        """Let the program take its arguments, after the circuit has begun and before it runs."""
        device.apply_run_args()
        device.insert_code("main", "_random_generators[0].seed(_array_run_seed[0]);")

    def generate(self, device: Any, directory: Path) -> None:
        """Write the program's sources.

        Brian2 takes clocks for equal that differ by less than 1e-14 s, which after a minute is less than rounding: the
        onset of a sample and its first step then fall apart. Here they may differ by 1e-4 of a step, as in its
        networks that are not compiled.
        """
        device.build(directory=str(directory), compile=False, run=False)
        for path in directory.glob("network.c*"):
            text, found = _EPSILON.subn(rf"\g<1>{1e-4 * float(brian2.defaultclock.dt)!r}", path.read_text())
            if not found:
                raise RuntimeError(f"{path} does not say when clocks are equal")
            path.write_text(text)

    def compile(self, device: Any, directory: Path) -> None:
        """Compile the program; `ZooError` if the compiler fails."""
        self.work(["make", *brian2.prefs["devices.cpp_standalone.extra_make_args_unix"]], directory)

    def work(self, command: Sequence[str], directory: Path, environment: Mapping[str, str] | None = None) -> None:
        """Let a tool work in a program's folder; `ZooError` with its first complaint, and where the others are."""
        done = subprocess.run(
            command, cwd=directory, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return
        log = Path(directory, "compile.log")
        log.write_text(done.stdout)
        complaints = [line.strip() for line in done.stdout.splitlines() if "error" in line.lower()]
        first = (complaints or done.stdout.splitlines() or ["it says nothing"])[0]
        problem = f"{command[0]} fails ({done.returncode}): {first[:200]}"
        remedy = f"all it says is in {log}; 'brian2zoo doctor' says whether something is missing"
        raise ZooError(f"backend {self.name}", "", problem, remedy)

    def paths(self, device: Any) -> dict[str, str]:
        """How each projection is run, where the device knows more than one way."""
        return dict(getattr(device, "paths", {}))

    def ways(self, device: Any, network: brian2.Network) -> dict[str, str]:
        """How each projection whose synapses change in every step will be run, where the device knows several ways."""
        return device.ways(network) if hasattr(device, "ways") else {}

    def stored_order(self, pre: np.ndarray) -> np.ndarray | None:
        """In which order a program returns the synapses that were made with these presynaptic indices, (synapse,).

        None if in the order they were made in.
        """
        return None

    def sources(self) -> list[Path]:
        """Files of the zoo that a program's text depends on, apart from the circuit's and those that assemble it."""
        return [Path(__file__), Path(inspect.getfile(type(self)))]

    def versions(self) -> dict[str, str]:
        """Versions of the packages that a program is generated by."""
        return {"brian2": brian2.__version__} | ({self.package: metadata.version(self.package)} if self.package else {})

    def command(self, results: Path, arguments: Sequence[str], seconds: float) -> list[str]:
        """How the program is called, in its folder.

        Parameters
        ----------
        results : folder that its results go to.
        arguments : ``group.variable=value``, or a file instead of the value.
        seconds : simulated time, for programs that are told when they begin.
        """
        return ["./main", "--results_dir", f"{results}/", *arguments]
