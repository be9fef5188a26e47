"""Kills: a tiny pipeline that is killed at random moments and resumed ends in the same numbers as one that was not."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import xarray as xr
from checkout import TINY, Checkout, copy_of_the_repository

from brian2zoo.run import results

from .tries import Tried

SHORTEST, LONGEST = 0.05, 0.4
"""From the start of a run to its kill, of the time that the whole pipeline takes."""
MEASURED = re.compile("time|seconds|memory")
"""Variables that say how long a step has taken."""


def _pipeline(folder: Path) -> Checkout:
    """A copy of the repository in which the tiny pipeline has run without interruption."""
    checkout = copy_of_the_repository(folder)
    done = checkout.snakemake()
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return checkout


def of_kills(folder: Path, seed: int, n: int) -> Iterator[Tried]:
    """Kills of a pipeline until so many have been made; when it is through it is compared and begins anew."""
    rng, made = random.Random(seed), 0
    begin = time.monotonic()
    whole = _pipeline(folder / "whole")
    takes = time.monotonic() - begin
    while made < n:
        checkout = copy_of_the_repository(folder / f"after {made} kills")
        kills = []
        while made + len(kills) < n and (step := _killed(checkout, takes * rng.uniform(SHORTEST, LONGEST))) is not None:
            kills.append(step)
            checkout.snakemake("--unlock")
        done = checkout.snakemake()
        told = done.stdout + done.stderr if done.returncode else _different(whole, checkout)
        for step in kills:
            yield Tried("kills", f"while {step}", "wrong" if told else "accepted", told[-500:])
        made += len(kills)
        shutil.rmtree(checkout.folder)


def _killed(checkout: Checkout, seconds: float) -> str | None:
    """What a run was at when it was killed; None if it was through before."""
    log = checkout.folder / "killed.log"
    command = ["snakemake", "--configfile", str(TINY), "--cores", "2"]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=checkout.folder, env=checkout.env, start_new_session=True, stdout=output, stderr=output
        ) as process,
    ):
        try:
            if process.wait(seconds):
                raise RuntimeError(log.read_text())
            return None
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    jobs = dict(re.findall(r"^Job (\d+): (.*)$", log.read_text(), flags=re.MULTILINE))
    for finished in re.findall(r"^Finished jobid: (\d+)", log.read_text(), flags=re.MULTILINE):
        jobs.pop(finished, None)
    return ", ".join(jobs.values()) or "starting"


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
