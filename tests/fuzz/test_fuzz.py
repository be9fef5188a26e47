"""A few of the mutants, odd arguments and damaged files of `make fuzz`; BRIAN2ZOO_FUZZ=20 tries 20 times as many."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import results

from . import damage, files, tries
from .mutations import WRONG
from .page import PAGE, RESULT, page
from .worker import MARKER, Worker

TIMES = int(os.environ.get("BRIAN2ZOO_FUZZ", "1"))


def found(tried: Iterator[tries.Tried]) -> list[tries.Tried]:
    """What ought not to have come of a try."""
    return [each for each in tried if each.outcome in (*tries.NEVER, "wrong")]


def test_mutants_of_text_files(tmp_path: Path) -> None:
    """Those that check accepts run."""
    assert found(tries.of_files(tmp_path, seed=0, n=60 * TIMES, n_used=3 * TIMES)) == []


def test_configurations(tmp_path: Path) -> None:
    assert found(tries.of_configurations(tmp_path, seed=0, n=12 * TIMES)) == []


def test_command_lines(tmp_path: Path) -> None:
    assert found(tries.of_commands(tmp_path, seed=0, n=12 * TIMES)) == []


@pytest.mark.parametrize("kind", damage.READERS)
def test_damage(tmp_path: Path, kind: str) -> None:
    assert found(tries.of_damage(tmp_path, seed=0, n=40 * TIMES, kinds=[kind])) == []


# That a try can fail


def hangs() -> None:
    while True:
        pass


def takes_all_memory() -> None:
    [bytes(2**28) for _ in range(8)]


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def runs_code() -> None:
    Path(MARKER).touch()
    raise ZooError("file.yaml", "", "refused after all", "")


@pytest.mark.parametrize(
    ("function", "outcome", "told"),
    [
        (time.time, "accepted", ""),
        (hangs, "hang", "SIGPROF"),
        (takes_all_memory, "traceback", "MemoryError"),
        (dies, "traceback", "SIGKILL"),
        (runs_code, "executed", "refused after all"),
    ],
)
def test_a_worker_tells_what_happened(tmp_path: Path, monkeypatch, function, outcome, told) -> None:
    monkeypatch.setattr("fuzz.worker.SECONDS", 0.2)
    monkeypatch.setattr("fuzz.worker.PATIENCE", 300)
    worker = Worker(tmp_path)
    answer = worker(function)
    assert (answer.outcome, told in answer.told) == (outcome, True)
    assert worker(int, "7").value == 7
    worker.close()


def test_a_worker_that_does_nothing_hangs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("fuzz.worker.PATIENCE", 0.1)
    worker = Worker(tmp_path)
    answer = worker(time.sleep, 1000)
    assert (answer.outcome, answer.told) == ("hang", "no answer, and nothing done in 1.0 s")
    assert worker(int, "7").value == 7
    worker.close()


def test_mutants_are_of_every_file_and_of_every_way_of_being_wrong() -> None:
    n_files = sum(len(Zoo(ROOT).names(kind)) for kind in files.KINDS)
    made = list(files.mutants(0, 6 * n_files))
    assert set(Counter(mutant.path for mutant in made).values()) >= {6}
    assert {mutant.mutation for mutant in made if mutant.wrong} == {mutation.__name__ for mutation in WRONG}
    assert [mutant.text for mutant in made[:20]] == [mutant.text for mutant in files.mutants(0, 20)]


def test_the_page_is_that_of_the_result() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(results.read(RESULT))
