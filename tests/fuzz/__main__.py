"""Everything at full size, to a result and a page: make fuzz, or python -m fuzz in tests/."""

import contextlib
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
import xarray as xr

from brian2zoo.run import results

from . import kills, tries
from .page import PAGE, RESULT, page


def main(
    seed: int = 0,
    texts: Annotated[int, typer.Option(help="Mutants of text files; check accepts a ninth.")] = 3000,
    runs: Annotated[int, typer.Option(help="How many of those that check accepts are run.")] = 300,
    configurations: int = 400,
    commands: int = 400,
    damage: Annotated[int, typer.Option(help="Damaged data, results and checkpoints.")] = 700,
    kill: Annotated[int, typer.Option(help="Kills of the pipeline; each takes about half a minute.")] = 40,
    output: Annotated[
        Path, typer.Option(help="Result; the page is written for that of the repository alone.")
    ] = RESULT,
) -> None:
    """Try mutants, odd arguments, damage and kills, and write what came of them.

    0 leaves a part out; its row stays as it is. An interrupt ends a part.
    """
    with tempfile.TemporaryDirectory(prefix="brian2zoo-fuzz-") as scratch:
        folder = Path(scratch)
        parts: list[tuple[int, Callable[[], Iterator[tries.Tried]]]] = [
            (texts, lambda: tries.of_files(folder, seed, texts, runs)),
            (configurations, lambda: tries.of_configurations(folder, seed, configurations)),
            (commands, lambda: tries.of_commands(folder, seed, commands)),
            (damage, lambda: tries.of_damage(folder, seed, damage)),
            (kill, lambda: kills.of_kills(folder, seed, kill)),
        ]
        tables = [_table(part, seed) for number, part in parts if number]
    found = xr.concat([each for each in tables if each.sizes["subject"]], "subject", data_vars="all", join="exact")
    if output.is_file():
        found = tries.united(found, results.read(output).drop_encoding())  # the lengths of its texts
    results.write(found, output, "What mutants, odd arguments, damage and kills came to")
    if output.resolve() == RESULT:
        PAGE.write_text(page(results.read(output)), encoding="utf-8")


def _table(part: Callable[[], Iterator[tries.Tried]], seed: int) -> xr.Dataset:
    """What came of a part, or of as much of it as an interrupt lets it do, and how to do it again."""
    begin, tried = time.monotonic(), []
    with contextlib.suppress(KeyboardInterrupt):
        for each in part():
            tried.append(each)
            if each.outcome in (*tries.NEVER, "wrong"):
                print(f"{each.outcome}: {each.subject}: {each.what}\n  {each.told}", flush=True)
    options = " ".join(sys.argv[1:])
    return tries.table(
        tried,
        command=shlex.join(["make", "fuzz", *([f"FUZZ={options}"] if options else [])]),
        commit=results.git_commit(),
        date=date.today().isoformat(),
        seed=seed,
        minutes=round((time.monotonic() - begin) / 60),
    )


if __name__ == "__main__":
    typer.run(main)
