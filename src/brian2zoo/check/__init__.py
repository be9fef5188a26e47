"""Check the text files, each alone and as the experiments combine them, without compiling anything.

A mistake is a `ZooError`; what does no harm but is hardly meant is a `ZooWarning`, told once there are no
mistakes. A mistake that other files inherit is reported once, for the file it stands in.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from functools import partial
from operator import not_
from typing import Any

from brian2zoo.check.findings import Findings, ZooWarning, errors, listed
from brian2zoo.errors import ZooError
from brian2zoo.formats.experiment import Experiment, missing_files
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.remembered import Memory, Noting
from brian2zoo.formats.zoo import ReadOnce, Zoo

__all__ = [
    "ReadOnce",
    "ZooWarning",
    "check_experiment",
    "check_file",
    "check_zoo",
    "errors",
    "sound",
    "sound_experiment",
]

File = tuple[str, str]
"""Kind and name."""


def check_file(zoo: Zoo, kind: str, name: str) -> list[ZooError]:
    """Findings in one file, as far as it can be understood without the files it is combined with."""
    return _alone(zoo, kind, name).located(zoo)


def sound(zoo: Zoo, kind: str, name: str) -> Any:
    """A file; raises the first of the mistakes that are found in it alone."""
    for mistake in errors(check_file(zoo, kind, name)):
        raise mistake
    return zoo.load(kind, name)


def sound_experiment(zoo: Zoo, name: str, setting: str = "default") -> Experiment:
    """An experiment with the parameters of a setting; raises the first of its mistakes."""
    experiment = zoo.experiment(name, setting)
    for mistake in errors(check_experiment(experiment)):
        raise mistake
    return experiment


def check_experiment(experiment: Experiment) -> list[ZooError]:
    """Findings in an experiment, in the files it uses and in their combination."""
    zoo = ReadOnce.of(experiment.zoo)
    experiment = Experiment(zoo, experiment.stated)
    findings = Findings(missing_files(zoo, experiment.stated))
    if not findings:
        for file in sorted(set(experiment.stated.uses().values())):
            findings += _alone(zoo, *file)
    if not errors(findings):
        findings += _together(experiment)
    findings = findings.located(zoo)
    return errors(findings) or findings


def check_zoo(zoo: Zoo, selected: Collection[File] | None = None, remember: bool = False) -> list[ZooError]:
    """Findings in files, and in the experiments that combine them.

    Parameters
    ----------
    selected : the files of interest; with them are checked the experiments that use one of them, and all
        that these use. None for every file there is.
    remember : whether to keep, among this user's caches, what was right, and to check only what that may not hold for
        any more. The findings are the same.
    """
    if not remember:
        return _check_zoo(ReadOnce.of(zoo), selected, lambda _, work, __: work())
    zoo = Noting(zoo)
    memory = Memory(zoo, "checks")
    findings = _check_zoo(zoo, selected, memory.get)
    memory.save()
    return findings


def _check_zoo(zoo: ReadOnce, selected: Collection[File] | None, known: Callable[..., list[Any]]) -> list[ZooError]:
    """`check_zoo`, where `known` is `Memory.get` or one that remembers nothing."""
    uses = {
        name: {(kind, used) for kind, used in known(f"uses {name}", partial(_uses, zoo, name), bool)}
        for name in zoo.names("experiment")
    }
    if selected is None:
        files = {(kind, name) for kind in KINDS for name in zoo.names(kind)}
    else:
        files = set(selected).union(*(used for used in uses.values() if not used.isdisjoint(selected)))
    alone = {file: known(f"alone {'/'.join(file)}", partial(_alone, zoo, *file), not_) for file in sorted(files)}
    broken = {file for file, findings in alone.items() if errors(findings)}
    # A broken file would make every experiment that uses it tell the same mistake again.
    together = {
        name: known(f"together {name}", lambda name=name: _together(zoo.experiment(name)).located(zoo), not_)
        for name, used in uses.items()
        if ("experiment", name) in files and used.isdisjoint(broken)
    }
    findings = Findings(finding for of_file in alone.values() for finding in of_file)
    findings = (findings + _merged(together)).located(zoo)
    return errors(findings) or findings + _unchecked(files, set().union(*uses.values()))


def _alone(zoo: Zoo, kind: str, name: str) -> Findings:
    """Findings in one file."""
    from brian2zoo.check.alone import check_alone  # here: what is known to be right need not wait for Brian2

    return check_alone(zoo, kind, name)


def _together(experiment: Experiment) -> Findings:
    """Findings in how an experiment combines its files."""
    from brian2zoo.check.together import check_together

    return check_together(experiment)


def _uses(zoo: Zoo, experiment: str) -> list[File]:
    """The files of an experiment that are there, itself among them."""
    files = {("experiment", experiment)}
    with Findings().collect():
        files |= set(zoo.load("experiment", experiment).uses().values())
    return sorted((kind, name) for kind, name in files if zoo.has(kind, name))


def _unchecked(files: Collection[File], used: Collection[File]) -> Findings:
    """Files whose units only a combination shows, and that are in none."""
    return Findings(
        ZooWarning(f"{KINDS[kind][1]}/{name}.yaml", "", "its units are not checked", "use it in an experiment")
        for kind, name in sorted(files)
        if kind in ("rule", "synapse", "state") and (kind, name) not in used
    )


def _merged(together: dict[str, list[ZooError]]) -> Findings:
    """Mistakes of several experiments, each once; outside the experiments' own files with their names."""
    experiments: dict[str, list[str]] = defaultdict(list)
    first: dict[str, ZooError] = {}
    for name, findings in together.items():
        for finding in findings:
            experiments[str(finding)].append(name)
            first[str(finding)] = finding
    merged = Findings()
    for told, finding in first.items():
        own = finding.where.startswith(KINDS["experiment"][1])
        context = "" if own else f" (in experiment {listed(experiments[told])})"
        merged.append(ZooError(finding.where, finding.field, finding.problem + context, finding.remedy))
    return merged
