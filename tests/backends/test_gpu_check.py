"""The command for the first minutes on a GPU, with stand-ins for all that is slow or needs one."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
import xarray as xr

from brian2zoo.formats.settings import ON_GPU
from brian2zoo.formats.zoo import ROOT
from brian2zoo.run import results

HERE = {"dense": "", "cuda": "", "genn": ""}
NO_GPU = HERE | {"cuda": "GPU (missing)", "genn": "GeNN (missing)"}


@pytest.fixture
def benchmark(monkeypatch) -> ModuleType:
    """`benchmarks/gpu_check.py`."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import gpu_check

    return gpu_check


@pytest.fixture
def output(tmp_path) -> Path:
    """A result of no rows."""
    path = tmp_path / "gpu-check.nc"
    results.write(xr.Dataset(), path, "A title", hardware="none")
    return path


def shell(text: str) -> list[str]:
    return ["sh", "-c", text]


def states(output: Path) -> dict[str, str]:
    found = results.read(output)
    return dict(zip(found.step.values, found.state.values, strict=True))


def test_every_configured_network_and_test_is_planned_on_every_backend(benchmark, output) -> None:
    chosen = benchmark.CHOSEN
    steps = list(benchmark.plan(chosen, HERE, output))
    kinds = [step for step in steps if "test_what_is_said_to_work_runs[cuda-" in step.name]
    assert len(kinds) > 20
    for given in chosen["steps"]:
        if "network" in given:
            few, many = given["samples"]
            assert few < many
            timed = {step.backend for step in steps if f"time {given['network']}," in step.name}
            assert timed == set(chosen["backends"])
        elif "test" in given:
            names = {step.name.partition("-")[0].rstrip("]") for step in steps if step.name.startswith(given["test"])}
            assert names == {f"{given['test']}[{backend}" for backend in ON_GPU}
    assert not any("genn_cpu" in step.name for step in steps)


def test_the_share_of_a_step_leaves_time_for_others(benchmark) -> None:
    """Eight minutes with the start of Python; what is looked at, one test and one time fit in the worst case."""
    chosen = benchmark.CHOSEN
    assert chosen["seconds"] < 480
    tests_and_times = [given["seconds"] for given in chosen["steps"] if "look" not in given]
    looks = [given["seconds"] for given in chosen["steps"] if "look" in given]
    assert sum(looks) + sum(tests_and_times[:2]) < chosen["seconds"]


def test_without_a_gpu_its_steps_are_skipped_and_the_rest_is_done(benchmark, output, monkeypatch) -> None:
    monkeypatch.setattr(benchmark, "timing", lambda given, backend, *_: shell(f"echo timed on {backend}"))
    monkeypatch.setattr(benchmark, "collected", lambda: pytest.fail("single tests are of no use"))
    chosen = benchmark.CHOSEN
    chosen = chosen | {"steps": [given for given in chosen["steps"] if "look" not in given]}
    benchmark.check(list(benchmark.plan(chosen, NO_GPU, output)), 60, NO_GPU, output)
    found = results.read(output)
    for backend, state, why in zip(found.step_backend.values, found.state.values, found.why.values, strict=True):
        expected = ("passed", "timed on dense") if backend == "dense" else ("skipped", f"it wants {NO_GPU[backend]}")
        assert (state, why) == expected
    assert {"dense", "cuda", "genn"} == set(found.step_backend.values)


def test_steps_that_fail_hang_or_do_not_exist_do_not_stop_the_rest(benchmark, output, tmp_path) -> None:
    """What a step started ends with it."""
    late = tmp_path / "late"
    steps = [
        benchmark.Step("fails", shell("echo one; echo no kernel image >&2; exit 3"), 10),
        benchmark.Step("is not there", ["no-such-command"], 10),
        benchmark.Step("hangs", shell(f"echo began; (sleep 3; touch {late}) & sleep 60"), 0.5),
        benchmark.Step("tests nothing", shell("echo 1 skipped"), 10, proof="1 passed"),
        benchmark.Step("tests", shell("echo 1 passed in 3 s"), 10, proof="1 passed"),
    ]
    benchmark.check(steps, 100, HERE, output)
    assert states(output) == {
        "fails": "failed",
        "is not there": "failed",
        "hangs": "out of time",
        "tests nothing": "skipped",
        "tests": "passed",
    }
    found = results.read(output)
    assert found.why.values[0] == "exit status 3: one | no kernel image"
    assert found.why.values[2].endswith(": began")
    assert 0.4 < found.step_time.values[2] < 10
    assert found.attrs["hardware"] == "none"
    log = output.with_suffix(".log").read_text()
    assert "== 1. fails\none\nno kernel image\nfailed after" in log
    time.sleep(max(0.0, 3.5 - found.step_time.values[2:].sum()))
    assert not late.exists()


TESTS = """
import pytest
def test_wrong(): print("compiles"); raise RuntimeError("the simulation failed (1): no kernel image")
def test_none(): pytest.skip("unsupported")
def test_right(): pass
"""


def test_a_test_that_fails_or_is_skipped_says_why(benchmark, output, tmp_path) -> None:
    path = tmp_path / "test_some.py"
    path.write_text(TESTS)
    names = ("test_wrong", "test_none", "test_right")
    steps = [benchmark.Step(n, [*benchmark.PYTEST, f"{path}::{n}"], 60, proof="1 passed") for n in names]
    benchmark.check(steps, 200, HERE, output)
    found = results.read(output)
    assert found.state.values.tolist() == ["failed", "skipped", "passed"]
    wrong, none, _ = found.why.values
    assert "RuntimeError: the simulation failed (1): no kernel image | 1 failed" in wrong
    assert "unsupported | 1 skipped" in none
    assert "compiles" in output.with_suffix(".log").read_text()


def test_the_whole_ends_in_time(benchmark, output) -> None:
    steps = [
        benchmark.Step("takes what is left", shell("sleep 60"), 100),
        benchmark.Step("comes too late", shell("true"), 10),
    ]
    begin = time.monotonic()
    benchmark.check(steps, 1, HERE, output)
    assert time.monotonic() - begin < 30
    assert states(output) == {"takes what is left": "out of time", "comes too late": "skipped"}
    assert results.read(output).why.values[1] == "the time was up"


def test_it_can_be_gone_on_with(benchmark, output) -> None:
    steps = [benchmark.Step(name, shell("true"), 10) for name in "abc"]
    benchmark.check(steps, 10, HERE, output, first=2)
    assert states(output) == {"b": "passed", "c": "passed"}
    assert "== 2. b" in output.with_suffix(".log").read_text()


KILLED = """
import sys; sys.path.insert(0, {folder!r})
from pathlib import Path
import gpu_check
steps = [gpu_check.Step("is done", ["true"], 10), gpu_check.Step("is not", ["sleep", "5"], 60)]
gpu_check.check(steps, 60, {{}}, Path({output!r}))
"""


def test_what_was_done_survives_a_kill(output) -> None:
    code = KILLED.format(folder=str(ROOT / "benchmarks"), output=str(output))
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.DEVNULL)
    log = output.with_suffix(".log")
    end = time.monotonic() + 60
    while not (log.exists() and "== 2. is not" in log.read_text()):
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert states(output) == {"is done": "passed"}


def test_every_run_is_written_when_it_has_ended(benchmark, output, monkeypatch) -> None:
    """A program that fails in its last run; what it took before is kept, beside the steps there are."""
    asked = []

    class Session:
        class program:
            manifest = {"seconds": {"generate": 1.0, "compile": 2.5}}  # noqa: RUF012

    def run(number: int) -> None:
        asked.append(number)
        if len(asked) == 4:
            raise RuntimeError("the simulation failed")

    given = []
    monkeypatch.setattr(benchmark, "compiled_for", lambda *arguments: given.append(arguments) or (Session, run))
    monkeypatch.setattr(benchmark, "wall_seconds", lambda call: call() or 0.5 + 0.1 * asked[-1])
    benchmark.add(output, "step", {"step_time": 1.0}, step="before", step_backend="", state="passed", why="")
    options = {"networks": 64, "samples": [12, 2], "repeats": 2, "output": output}
    with pytest.raises(RuntimeError, match="the simulation failed"):
        benchmark.measure("erbp_plus 784-200-10", "cuda", **options)
    found = results.read(output)
    assert found.samples.values.tolist() == [2, 12, 2]
    assert found.run_time.values.tolist() == pytest.approx([0.7, 1.7, 0.7])
    assert set(found.build_time.values) == {3.5}
    assert set(found.network.values) == {"erbp_plus 784-200-10"}
    assert states(output) == {"before": "passed"}
    assert given == [("erbp_plus 784-200-10", "cuda", "abreast", 64, 12)]
    benchmark.measure("rtrl_random_feedback 784-2000-10", "dense", **options)
    assert given[-1] == ("rtrl_random_feedback 784-2000-10", "dense", "programs", 64, 12)
    assert "rtrl_random_feedback 784-2000-10" in results.read(output).network.values


def test_the_start_of_a_program_is_told_from_its_samples(benchmark, output, monkeypatch, capsys) -> None:
    class Session:
        class program:
            manifest = {"seconds": {"compile": 40.0}}  # noqa: RUF012

    monkeypatch.setattr(benchmark, "compiled_for", lambda *_: (Session, lambda number: number))
    monkeypatch.setattr(benchmark, "wall_seconds", lambda call: 1.5 + 0.032 * call())
    benchmark.measure("erbp_plus 784-200-10", "cuda", networks=4, samples=[5, 30], repeats=2, output=output)
    told = capsys.readouterr().out
    assert "8.000 ms a sample and network, abreast; a program starts in 1.50 s and was built in 40 s" in told


def test_the_command_that_times_is_one(benchmark, output) -> None:
    """Its options are those that the command knows."""
    given = {"network": "erbp_plus 784-200-10", "networks": 64, "samples": [2, 12]}
    command = benchmark.timing(given, "no_such_backend", benchmark.CHOSEN, output)
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": f"{ROOT}/workflow"})
    assert "no_such_backend" in done.stderr
    assert "No such option" not in done.stderr


def test_what_a_session_types_fits() -> None:
    """The command of CONTRIBUTING, and the packages it installs."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    command = next(line for line in text.splitlines() if line.lstrip().startswith("ls data/mnist"))
    assert len(command) < 2000
    assert "make gpu-check" in command
    assert shlex.split(command)
