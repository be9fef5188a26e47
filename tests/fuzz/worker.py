"""A process that does one thing after another, within bounds: what hangs, dies or wants too much memory is reported.

It is forked, so that it has all that its parent has imported, and forked again after it had to be killed.
"""

import contextlib
import io
import multiprocessing
import os
import resource
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import ROOT

SECONDS = 10
"""Of processor time, however long it takes on a machine that is busy with other work."""
PATIENCE = 10
"""So many times as long the process may do nothing at all."""
BYTES = 2**30
"""Of memory, beyond what the process has when it begins."""
MARKER = "executed"
"""File that an attack makes if it runs, in the process's folder."""


@dataclass(frozen=True)
class Answer:
    """What came of it.

    Parameters
    ----------
    outcome : `accepted`, `refused`, `traceback`, `hang` or `executed`.
    told : the message of a refusal, the end of a traceback.
    where, field : of the refusal.
    value : what the function has returned.
    """

    outcome: str
    told: str = ""
    where: str = ""
    field: str = ""
    value: Any = None


class Worker:
    """Calls functions of modules in another process, whose folder is `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.process: Any = None

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Answer:
        """The answer of one call; what it returns has to be picklable."""
        if self.process is None:
            self._start()
        self.connection.send((function, arguments))
        answer = self._answer()
        marker = self.folder / MARKER
        if marker.exists():
            marker.unlink()
            return Answer("executed", answer.told)
        return answer

    def _answer(self) -> Answer:
        spent = -1.0
        try:
            while (now := self._spent()) > spent:
                if self.connection.poll(PATIENCE * SECONDS):
                    return self.connection.recv()
                spent = now
        except EOFError:
            self.process.join()
            died = -self.process.exitcode
            self.process = None
            return Answer("hang" if died == signal.SIGPROF else "traceback", f"died of {signal.Signals(died).name}")
        self.close()
        return Answer("hang", f"no answer, and nothing done in {PATIENCE * SECONDS} s")

    def _spent(self) -> float:
        """Processor time of the process, s."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _start(self) -> None:
        context = multiprocessing.get_context("fork")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.folder), daemon=True)
        self.process.start()
        theirs.close()

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


def _serve(connection: Connection, folder: Path) -> None:
    os.chdir(folder)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + BYTES, resource.RLIM_INFINITY))
    while True:
        try:
            function, arguments = connection.recv()
        except EOFError:  # the parent is gone
            return
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = _tried(function, arguments)
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send(answer)


def _tried(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Answer:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return Answer("accepted", value=function(*arguments))
    except ZooError as error:
        return Answer("refused", str(error), error.where, error.field)
    except BaseException as error:  # an exit among them
        last = traceback.extract_tb(error.__traceback__)[-3:]
        places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(last))
        said = str(error).replace(f"{ROOT}/", "")[:300]
        return Answer("traceback", f"{type(error).__name__}: {said} ({places})")
