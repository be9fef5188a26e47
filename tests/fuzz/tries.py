"""All that is tried, what came of each, and the table of it."""

import difflib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from brian2zoo.formats.zoo import ROOT

from . import commands, configurations, damage, files
from .worker import Worker

OUTCOMES = {
    "refused": "in one line that names the file and, unless the whole file is meant, the field",
    "accepted": "",
    "traceback": "anything but a refusal was raised, or the process died",
    "hang": "no answer in 10 s of processor time",
    "executed": "code from the text ran",
    "unnamed": "refused in more than one line, or without the file or the field",
    "wrong": "accepted although it cannot be right",
}
SUBJECTS = (
    "text files", "accepted files, ten steps", "configurations", "command lines", "data, results, checkpoints", "kills",
)  # fmt: skip
_SCRATCH = re.compile(r"/\S*brian2zoo-fuzz-\w+/")
_GZIP = b"\x1f\x8b"
NEVER = ("traceback", "hang", "executed", "unnamed")


@dataclass(frozen=True)
class Tried:
    """One thing that was tried.

    Parameters
    ----------
    what : enough to do it again.
    outcome : of OUTCOMES.
    told : the refusal, or the end of the traceback.
    impossible : whether it cannot be right, whatever else the file says.
    """

    subject: str
    what: str
    outcome: str
    told: str
    impossible: bool = False


def of_files(folder: Path, seed: int, n: int, n_used: int) -> Iterator[Tried]:
    """Mutants of text files, and of those that check accepts as many as asked for, run."""
    root, worker = files.copy_of_the_zoo(folder / "zoo"), _worker(folder)
    accepted = []
    for mutant in files.mutants(seed, n):
        answer = files.judged(worker, root, mutant)
        passed = answer.outcome == "accepted"
        outcome = "wrong" if passed and mutant.wrong else answer.outcome
        yield Tried("text files", _change(mutant), outcome, answer.told, mutant.wrong)
        accepted += [mutant] if passed and len(accepted) < n_used else []
    for mutant, answer in files.used(worker, root, accepted):
        yield Tried("accepted files, ten steps", _change(mutant), answer.outcome, answer.told)
    worker.close()


def of_configurations(folder: Path, seed: int, n: int) -> Iterator[Tried]:
    """Configurations, planned."""
    worker = _worker(folder)
    for file, content in configurations.mutants(seed, n):
        answer = worker(configurations.planned, file, content)
        known = configurations.configurations()[file]
        changed = {key: content.get(key) for key in known.keys() | content.keys() if known.get(key) != content.get(key)}
        yield Tried("configurations", f"{file} with {changed!r}", answer.outcome, answer.told)
    worker.close()


def of_commands(folder: Path, seed: int, n: int) -> Iterator[Tried]:
    """Command lines."""
    root, worker = files.copy_of_the_zoo(folder / "zoo of commands"), _worker(folder)
    for line in commands.lines(seed, n):
        answer = worker(commands.invoke, root, line)
        told = " ".join(repr(word.removeprefix(f"{ROOT}/")[:80]) for word in line)
        yield Tried("command lines", told, answer.outcome, answer.told)
    worker.close()


def of_damage(folder: Path, seed: int, n: int, kinds: Collection[str] = damage.READERS) -> Iterator[Tried]:
    """Data, results and checkpoints. A plain IDX file has nothing by which a changed pixel could be noticed.

    One with the name of a gzipped file is read as what it is.
    """
    paths = {kind: path for kind, path in damage.write_all(folder / "data").items() if kind in kinds}
    worker = _worker(folder)
    sound = {kind: worker(damage.read_damaged, kind, path).value for kind, path in paths.items()}
    for each in damage.damaged(paths, seed, n):
        kept = each.file.read_bytes()
        each.file.write_bytes(each.content)
        answer = worker(damage.read_damaged, each.read, each.file)
        each.file.write_bytes(kept)
        outcome = answer.outcome
        plain = each.read == "IDX" or (each.read == "gzipped IDX" and not each.content.startswith(_GZIP))
        if outcome == "accepted" and not plain and answer.value is not None:
            outcome = "accepted" if answer.value == sound[each.read] else "wrong"
        elif outcome == "refused" and str(each.file.parent) not in answer.told:
            outcome = "unnamed"
        yield Tried("data, results, checkpoints", f"{each.read}: {each.damage}", outcome, answer.told)
    worker.close()


def table(tried: list[Tried], **facts: str | int) -> xr.Dataset:
    """How often each outcome was met, (subject, outcome), and what ought not to have been, (subject).

    Parameters
    ----------
    facts : further variables, one value for all subjects.
    """
    subjects = list(dict.fromkeys(each.subject for each in tried))
    counts = [[sum((t.subject, t.outcome) == (s, o) for t in tried) for o in OUTCOMES] for s in subjects]
    attrs = {"units": "1", "long_name": "number of tries"}
    bad = [vars(each) | {"told": _SCRATCH.sub("", each.told)} for each in tried if each.outcome in (*NEVER, "wrong")]
    findings = [json.dumps([each for each in bad if each["subject"] == s], ensure_ascii=False) for s in subjects]
    impossible = [sum(each.impossible for each in tried if each.subject == subject) for subject in subjects]
    return xr.Dataset(
        {
            "tries": (("subject", "outcome"), counts, attrs),
            "impossible": ("subject", impossible, attrs | {"long_name": "number of tries that cannot be right"}),
            "findings": ("subject", findings, {"units": "1", "long_name": "what ought not to have been, JSON"}),
            **{
                name: ("subject", [value] * len(subjects), {"units": "1", "long_name": name})
                for name, value in facts.items()
            },
        },
        {"subject": subjects, "outcome": list(OUTCOMES)},
    )


def united(new: xr.Dataset, earlier: xr.Dataset) -> xr.Dataset:
    """A table with the rows of an earlier one that are not in the new one, in the usual order."""
    kept = earlier.sel(subject=[s for s in earlier.subject.values if s not in new.subject.values])
    both = xr.concat([kept, new], "subject", data_vars="all", join="exact", combine_attrs="override")
    return both.sel(subject=[s for s in SUBJECTS if s in both.subject.values])


def _worker(folder: Path) -> Worker:
    (folder / "work").mkdir(exist_ok=True)
    return Worker(folder / "work")


def _change(mutant: files.Mutant) -> str:
    """File, experiment and changed lines of a mutant, at most four."""
    lines = ((ROOT / mutant.path).read_text(encoding="utf-8").splitlines(), mutant.text.splitlines())
    diff = [line[:200] for line in difflib.unified_diff(*lines, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    changed = [line for line in diff if not line.startswith("@@")]
    return "\n".join([f"{mutant.path} in {mutant.experiment or 'no experiment'} ({mutant.mutation})", *changed[:4]])
