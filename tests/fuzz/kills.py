"""Kills: a tiny pipeline that is killed in every kind of step and resumed ends in the same numbers as one that was not.

Nothing that was finished before a kill may be done again.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xarray as xr
from checkout import Checkout, copy_of_the_repository

from brian2zoo.run import results

from .tries import Tried

MEASURED = re.compile("time|seconds|memory")
"""Variables that say how long a step has taken."""
CONFIGURATION = Path(__file__).parent / "killed.yaml"
STARTING, _STARTS = "starting", 8
"""What a run does before its first step, and for so many seconds."""
_LINE = re.compile(r"\[(?P<time>\w{3} \w{3} .{16})\]|Job (?P<job>\d+): (?P<what>.+)|Finished jobid: (?P<done>\d+).*")
_LOG = "pipeline.log"


@dataclass
class Step:
    """What Snakemake says of a job; times in seconds, `end` is None while it runs."""

    what: str
    begin: float
    end: float | None = None


def of_kills(folder: Path, seed: int, n: int) -> Iterator[Tried]:
    """Kills of a pipeline until so many have been made; when it is through it is compared and begins anew."""
    rng, made = random.Random(seed), 0
    whole = copy_of_the_repository(folder / "whole")
    with _running(whole) as process:
        process.wait()
    lasts = _lasts(whole)
    while made < n:
        checkout = copy_of_the_repository(folder / f"after {made} kills")
        kills, finished, told = [], set[str](), ""
        aims = _aims(rng, lasts)
        while not told:
            at = _killed(rng, checkout, lasts, aims if made + len(kills) < n else set())
            told = _lost(checkout, finished, lasts)
            if not at:
                break
            kills.append(at)
            shutil.rmtree(
                checkout.folder / ".snakemake/locks", ignore_errors=True
            )  # as snakemake --unlock, which takes as long as a step
        told = told or _different(whole, checkout)
        for at in kills:
            yield Tried("kills", f"while {at}", "wrong" if told else "accepted", told[-500:])
        made += len(kills)
        shutil.rmtree(checkout.folder)


def _running(checkout: Checkout) -> subprocess.Popen[bytes]:
    """The pipeline, in a session of its own."""
    command = ["snakemake", "--configfile", str(CONFIGURATION), "--cores", "2"]
    with (checkout.folder / _LOG).open("w") as log:
        return subprocess.Popen(
            command, cwd=checkout.folder, env=checkout.env, start_new_session=True, stdout=log, stderr=log
        )


def _said(checkout: Checkout) -> str:
    """All that the last run of a pipeline has said."""
    return (checkout.folder / _LOG).read_text(errors="replace")


def _steps(checkout: Checkout) -> list[Step]:
    """All that the last run of a pipeline has begun."""
    steps, now = dict[str, Step](), 0.0
    for found in filter(None, map(_LINE.fullmatch, _said(checkout).splitlines())):
        if found["time"]:
            now = datetime.strptime(found["time"], "%a %b %d %H:%M:%S %Y").timestamp()
        elif found["job"]:
            steps[found["job"]] = Step(found["what"], now)
        elif found["done"] in steps:
            steps[found["done"]].end = now
    return list(steps.values())


def _lasts(whole: Checkout) -> dict[str, float]:
    """Seconds that each step takes, of those that can be told from all others; RuntimeError if one has failed."""
    steps = _steps(whole)
    if not steps or any(step.end is None for step in steps):
        raise RuntimeError(_said(whole))
    often = Counter(step.what for step in steps)
    return {step.what: step.end - step.begin for step in steps if step.end is not None and often[step.what] == 1}


def _aims(rng: random.Random, lasts: dict[str, float]) -> set[str]:
    """Two steps of each kind, in which to kill the pipeline: to encode, compile, train, test, round, draw, ..."""
    kinds = defaultdict(list)
    for what in lasts:
        kinds[what.split()[0]].append(what)
    return {what for steps in kinds.values() for what in rng.sample(steps, min(2, len(steps)))} | {STARTING}


def _killed(rng: random.Random, checkout: Checkout, lasts: dict[str, float], aims: set[str]) -> str:
    """What a run was at when it was killed, at a random moment of a step of `aims`, which is taken from these.

    Empty if it came to its end before.
    """
    with _running(checkout) as process:
        while process.poll() is None:
            running = {step.what for step in _steps(checkout) if step.end is None} or {STARTING}
            if met := sorted(running & aims):
                aims.remove(met[0])
                time.sleep(rng.uniform(0, lasts.get(met[0], _STARTS)))
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.05)
    if process.returncode != -signal.SIGKILL:
        return ""
    return ", ".join(step.what for step in _steps(checkout) if step.end is None) or STARTING


def _lost(checkout: Checkout, finished: set[str], known: Container[str]) -> str:
    """What the last run has lost: it failed, or did again what was `finished` before, to which its own is added.

    Of steps that are not `known` two look alike.
    """
    said, steps = _said(checkout), [step for step in _steps(checkout) if step.what in known]
    again = sorted(finished & {step.what for step in steps})
    finished |= {step.what for step in steps if step.end is not None}
    if again:
        return f"done again: {', '.join(again)}"
    return said if "Error" in said or "begins anew" in said else ""


def _different(whole: Checkout, resumed: Checkout) -> str:
    """What differs between the results of two runs; empty if nothing does but how long it took."""
    files = {path.relative_to(whole.folder) for path in (whole.folder / "results").rglob("*") if _compared(path)}
    found = {path.relative_to(resumed.folder) for path in (resumed.folder / "results").rglob("*") if _compared(path)}
    if files != found:
        return f"other files: {sorted(map(str, files ^ found))}"
    netcdf = [file for file in files if file.suffix == ".nc"]
    different = [str(file) for file in netcdf if not _same(whole.folder / file, resumed.folder / file)]
    return f"other numbers in {', '.join(sorted(different))}" if different else ""


def _compared(path: Path) -> bool:
    return path.suffix in (".nc", ".png", ".pdf")


def _same(one: Path, other: Path) -> bool:
    def numbers(path: Path) -> xr.Dataset:
        read = results.read(path)
        return read.drop_vars([name for name in read.variables if MEASURED.search(str(name))])

    return numbers(one).equals(numbers(other))
