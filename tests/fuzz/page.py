"""The page of the documentation that says what was tried and what came of it."""

import json

import xarray as xr

from brian2zoo.formats.zoo import ROOT

from .tries import OUTCOMES

RESULT = ROOT / "results/published/fuzz/fuzz.nc"
PAGE = ROOT / "docs/fuzz.md"

_TEXT = """\
# What was tried to break it

{what}

`make fuzz` writes this page and [its result](../results/published/fuzz/fuzz.nc); `make test` tries a few. Running one
part alone, as in `make fuzz FUZZ="--texts 0 ..."`, replaces its rows.

{table}

{commands}

{outcomes}

*Text files* are the bundled files of every kind with one change: of a name, a number, a unit, an operator, a flag, a
line, a type, some characters, or with code injected. `check` reads the file and one experiment that uses it. A third of
the changes cannot be right. Some of the accepted files are built and run for ten steps on Brian2's numpy target, or,
where no experiment uses them, by the command that does.

*Configurations* are planned as by `snakemake -n`.

A *kill* ends a run of the pipeline by SIGKILL, at a random moment of a step of each kind in turn: while it starts,
encodes, compiles, trains, tests, watches, rounds weights, counts, gathers, draws. Finished work must not be repeated.
Once the pipeline has resumed and completed, every figure must exist, and every number must equal that of a run without
kills, bit for bit.

A plain IDX file has no checksum: nobody can notice that a pixel has changed, and it counts as accepted.

## What is open

{left}
"""
_WHAT = """\
Every mistake of a user must end in one line that names the file and the field: never in a traceback, a hang or code
that runs. Mutated files, odd arguments, damaged data and kills search for mistakes nobody has thought of."""


def page(result: xr.Dataset) -> str:
    """The page of a result of `make fuzz`."""
    head = ["what", "tried", "cannot be right", *OUTCOMES, "commit", "date", "seed", "minutes"]
    rows = [
        [
            str(row.subject.values),
            str(int(row.tries.sum())),
            str(int(row.impossible) or ""),
            *(str(int(number) or "") for number in row.tries.sel(outcome=list(OUTCOMES))),
            f"`{row.commit.values}`",
            *(str(row[name].values) for name in ("date", "seed", "minutes")),
        ]
        for row in (result.sel(subject=subject) for subject in result.subject.values)
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
    commands = "\n".join(f"    {command}" for command in dict.fromkeys(map(str, result.command.values)))
    outcomes = "\n".join(f"- {outcome}: {meaning}" for outcome, meaning in OUTCOMES.items() if meaning)
    alike: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for each in (each for findings in result.findings.values for each in json.loads(str(findings))):
        alike.setdefault((each["subject"], each["outcome"], each["told"] or each["what"]), []).append(each)
    findings = [
        f"- {outcome}, {subject}{f', {len(found)} like' if len(found) > 1 else ''}:\n\n"
        f"  ```text\n{_indented(found[0])}\n  ```\n"
        for (subject, outcome, _), found in alike.items()
    ]
    text = "\n".join(findings) or "Nothing.\n"
    return _TEXT.format(what=_WHAT, table=table, commands=commands, outcomes=outcomes, left=text.rstrip("\n"))


def _indented(finding: dict[str, str]) -> str:
    return "\n".join(f"  {line}" for line in [*finding["what"].splitlines(), *finding["told"].splitlines()])
