"""The first minutes on a GPU: what is there, the tests of results, and times against the dense device's: make gpu-check

What is run, and in which order, is in `config.yaml`. Each step is a process of its own with a time limit. What it
prints goes into the log; what came of it goes into the result, which is complete after each step and each timed run, so
that what was measured survives whatever ends the rest. Steps of backends that do not run here are skipped, and it is
said why. It ran once on an H200 (`results/published/benchmarks/gpu-check.nc`): networks ran and were timed, and the
tests of results did not pass there yet (CONTRIBUTING, On a GPU).
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import typer
import xarray as xr
from gpu import compiled_for, machine, wanting
from programs import CONFIG, HERE, wall_seconds

from brian2zoo.backends.doctor import examine
from brian2zoo.formats.settings import BACKENDS, ON_GPU
from brian2zoo.run import results

CHOSEN = CONFIG["gpu_check"]
OUTPUT = Path("results/benchmarks/gpu-check.nc")
TESTS = "tests/backends/test_same_results.py"
# what is printed goes into the log at once; at the end stand the error or the reason, and the count
PYTEST = [sys.executable, *shlex.split("-m pytest -n 0 -m 'gpu or not gpu' -q -s --show-capture=no --tb=short -rNs")]
PYTEST += ["-p", "no:warnings"]
TIMES = {
    "step_time": "time that a step took",
    "run_time": "wall time of a run of a program, its start included",
    "build_time": "time to generate and compile the program",
}

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Parameters
    ----------
    backend : which it needs; empty if none.
    seconds : its share of the time.
    proof : what its output holds if it has done what it is for.
    """

    name: str
    command: list[str]
    seconds: float
    backend: str = ""
    proof: str = ""


def plan(chosen: Mapping[str, Any], missing: Mapping[str, str], output: Path) -> Iterator[Step]:
    """The steps of a configuration, in its order, each on every backend that it is for.

    Parameters
    ----------
    missing : what keeps a backend from running here; empty if it runs. Of others no single tests are listed.
    """
    ids = collected() if any(not missing[name] for name in chosen["backends"] if name in ON_GPU) else []
    for given in chosen["steps"]:
        seconds = given["seconds"]
        if "look" in given:
            yield Step(given["look"], shlex.split(given["look"].replace("python", sys.executable)), seconds)
        elif "test" in given:
            for backend in (name for name in chosen["backends"] if name in ON_GPU):
                test = f"{TESTS}::{given['test']}"
                its_own = [node for node in ids if node.startswith((f"{test}[{backend}]", f"{test}[{backend}-"))]
                for node in [test] if missing[backend] or not its_own else its_own:
                    yield Step(node.partition("::")[2], [*PYTEST, node], seconds, backend, "1 passed")
        else:
            for backend in chosen["backends"]:
                yield Step(
                    f"time {given['network']}, networks: {given['networks']}", timing(given, backend, chosen, output),
                    seconds, backend,
                )  # fmt: skip


def collected() -> list[str]:
    """The tests of results by pytest's names; none if they cannot be collected, of which the steps then tell."""
    done = subprocess.run([*PYTEST, "--collect-only", TESTS], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if "::" in line]


def timing(given: Mapping[str, Any], backend: str, chosen: Mapping[str, Any], output: Path) -> list[str]:
    """The command that times a network on a backend."""
    samples = [f"--samples={number}" for number in given["samples"]]
    options = [f"--networks={given['networks']}", f"--repeats={chosen['repeats']}", f"--output={output}", *samples]
    return [sys.executable, str(HERE / "gpu_check.py"), "measure", given["network"], backend, *options]


def perform(step: Step, log: Path, seconds: float) -> tuple[str, str]:
    """What came of a step, 'passed', 'failed', 'skipped' or 'out of time', and the end of what it printed.

    It is ended, with all that it started, after so many seconds.
    """
    with log.open("a") as out:
        begin = out.tell()
        try:
            process = subprocess.Popen(step.command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            return "failed", str(error)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    printed = log.read_bytes()[begin:].decode(errors="replace")
    told = " | ".join(line.strip() for line in printed.strip().splitlines()[-2:])
    if status is None:
        return "out of time", f"ended after {seconds:.0f} s: {told}"
    if status:
        return "failed", f"exit status {status}: {told}"
    return ("passed" if step.proof in printed else "skipped"), told


def check(steps: Sequence[Step], seconds: float, missing: Mapping[str, str], output: Path, first: int = 1) -> None:
    """Do the steps, from the first on, within so many seconds.

    Each is recorded when it has ended, or with the reason why it was not begun.
    """
    log, end = output.with_suffix(".log"), time.monotonic() + seconds
    for number, step in enumerate(steps[first - 1 :], first):
        begin = time.monotonic()
        tell(log, f"== {number}. {step.name}{f', {step.backend}' if step.backend else ''}")
        if missing.get(step.backend):
            state, why = "skipped", f"it wants {missing[step.backend]}"
        elif begin >= end:
            state, why = "skipped", "the time was up"
        else:
            state, why = perform(step, log, min(step.seconds, end - begin))
        taken = time.monotonic() - begin
        add(output, "step", {"step_time": taken}, step=step.name, step_backend=step.backend, state=state, why=why)
        tell(log, f"{state} after {taken:.1f} s{f': {why}' if why else ''}")


def tell(log: Path, text: str) -> None:
    """Print a line, and write it to the log."""
    print(text, flush=True)
    with log.open("a") as out:
        out.write(f"{text}\n")


def add(output: Path, table: str, seconds: Mapping[str, float], **row: Any) -> None:
    """Write a row more of a table, 'step' or 'run', to the result; its times are some of `TIMES`."""
    stored = results.read(output).drop_encoding()  # which has the lengths of the texts of the rows so far
    times = {
        name: xr.Variable(table, [value], {"units": "s", "long_name": TIMES[name]}) for name, value in seconds.items()
    }
    added = xr.Dataset(times, {name: (table, [value]) for name, value in row.items()})
    if table in stored.dims:
        added = xr.concat([stored.drop_dims(set(stored.dims) - {table}), added], table, combine_attrs="drop")
    results.save(xr.merge([stored.drop_dims(table, errors="ignore"), added]).assign_attrs(stored.attrs), output)


@app.command()
def measure(
    network: str,
    backend: str,
    networks: int = typer.Option(...),
    samples: list[int] = typer.Option(...),
    repeats: int = typer.Option(...),
    output: Path = typer.Option(...),
) -> None:
    """Time runs of a network over so many samples each, and add every one to the result.

    Several networks are abreast on a GPU, and one after the other elsewhere. By two numbers of samples the start of a
    program, with its weights read and its GPU set up, can be told from what it does.
    """
    if backend not in BACKENDS:
        raise typer.BadParameter(f"there is no backend '{backend}'")
    numbers = sorted(samples)
    way = "abreast" if networks > 1 and backend in ON_GPU else "programs"
    runner, run = compiled_for(network, backend, way, networks, numbers[-1])
    build = sum(runner.program.manifest["seconds"].values())
    found: dict[int, list[float]] = {number: [] for number in numbers}
    for number in numbers * repeats:
        seconds = wall_seconds(partial(run, number))
        found[number].append(seconds)
        row = {"network": network, "backend": backend, "networks": networks, "way": way, "samples": number}
        add(output, "run", {"run_time": seconds, "build_time": build}, **row)
        print(f"{number} samples, networks: {networks}: {seconds:.3f} s", flush=True)
    few, many = (float(np.median(found[number])) for number in (numbers[0], numbers[-1]))
    slope = (many - few) / (numbers[-1] - numbers[0])
    start = few - slope * numbers[0]
    told = f"{1000 * slope / networks:.3f} ms a sample and network, {way}"
    print(f"{told}; a program starts in {start:.2f} s and was built in {build:.0f} s")


@app.command()
def run(
    backends: list[str] = typer.Option(CHOSEN["backends"], "--backend"),
    seconds: float = CHOSEN["seconds"],
    first: int = 1,
    output: Path = OUTPUT,
) -> None:
    """Do the steps of `config.yaml`, from number `first` on; the log lies next to the result."""
    output.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + seconds
    found = examine()
    missing = wanting(found, backends)
    facts = machine(found, [name for name in backends if not missing[name]])
    results.write(xr.Dataset(), output, "The first minutes on a GPU", command="make gpu-check", **facts)
    output.with_suffix(".log").write_text("")
    steps = list(plan(CHOSEN | {"backends": backends}, missing, output.resolve()))
    check(steps, end - time.monotonic(), missing, output, first)


if __name__ == "__main__":
    app()
