"""Everything at full size, to a result and a page: make fuzz, or python -m fuzz in tests/."""

import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from brian2zoo import results

from . import kills, tries
from .page import PAGE, RESULT, page


def main(
    seed: int = 0,
    texts: Annotated[int, typer.Option(help="Mutants of text files; check accepts a ninth.")] = 3000,
    runs: Annotated[int, typer.Option(help="Of those that check accepts, so many are run.")] = 300,
    configurations: int = 400,
    commands: int = 400,
    damage: Annotated[int, typer.Option(help="Damaged data, results and checkpoints.")] = 700,
    kill: Annotated[int, typer.Option(help="Kills of the pipeline; each takes about half a minute.")] = 40,
    output: Annotated[
        Path, typer.Option(help="Result; the page is written for that of the repository alone.")
    ] = RESULT,
) -> None:
    """Try mutants, odd arguments, damage and kills, and write what came of them."""
    options = " ".join(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="brian2zoo-fuzz-") as scratch:
        folder = Path(scratch)

        def everything() -> Iterator[tries.Tried]:
            yield from tries.of_files(folder, seed, texts, runs)
            yield from tries.of_configurations(folder, seed, configurations)
            yield from tries.of_commands(folder, seed, commands)
            yield from tries.of_damage(folder, seed, damage)
            if kill:
                yield from kills.of_kills(folder, seed, kill)

        begin, tried = time.monotonic(), []
        for each in everything():
            tried.append(each)
            if each.outcome in (*tries.NEVER, "wrong"):
                print(f"{each.outcome}: {each.subject}: {each.what}\n  {each.told}", flush=True)
    facts = {
        "date": date.today().isoformat(),
        "seed": seed,
        "command": shlex.join(["make", "fuzz", *([f"FUZZ={options}"] if options else [])]),
        "minutes": round((time.monotonic() - begin) / 60),
    }
    results.write(tries.table(tried), output, "What mutants, odd arguments, damage and kills came to", **facts)
    if output.resolve() == RESULT:
        PAGE.write_text(page(results.read(output)), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
