"""Command lines: every command with odd arguments."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from typer.testing import CliRunner

from brian2zoo.cli.commands import app
from brian2zoo.cli.new_command import Made
from brian2zoo.errors import ZooError
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import ROOT, Zoo

from .worker import MARKER

ODD = [
    "", " ", "-", "--", "x", "../x", "/", ".", "/dev/null", "1x", "nan", "-1", "0", "\x00", "é", "\n", "x" * 5000,
    "[red]", "%s", "*", "'", '"', f"$(touch {MARKER})", f"__import__('os').system('touch {MARKER}')", "rule.eta=1*ms",
    "9**9**9**9", "null",
]  # fmt: skip
LAYERS = [
    "4-3-2", "4", "", "0-0-0", "4--2", "-4-2", "4-3-2-", "a-b", "1e9-1", "4-3-3-3-2", "64-100-10", "٣-2", "1-1-1",
]  # fmt: skip
SETTINGS = [
    "default", "rule.eta=1*nS", "rule.eta=0", "rule.etaq=1", "backend=genn", "backend=x", "rule.eta=inf", "synapse.p=2",
    "rule.eta=1*ms:rule.eta=2*ms", "state.x_bits=-1", ":",
]  # fmt: skip


def invoke(root: Path, arguments: Sequence[str]) -> str:
    """What a command prints. A refusal, by it or by the parser of options, is raised as a ZooError.

    Any other exception is raised as it is.
    """
    done = CliRunner().invoke(app, ["--root", str(root), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code:
        told = (done.stderr or done.stdout).strip()
        if not told:
            raise AssertionError(f"code {done.exit_code} without a word")
        raise ZooError("command line", "", " ".join(told.split()), "")
    return done.stdout


COMMANDS: dict[str, tuple[str, list[str]]] = {
    "list": ("kind", ["--paper", "--search"]),
    "table": ("path", []),
    "show": ("name", ["--on", "--layers", "--mode"]),
    "check": ("name", []),
    "map spiking": (
        "experiment",
        ["--layers", "--run", "--set", "--mode", "--placement", "--learning", "--sana-fe", "--json"],
    ),
    "map cim": ("", ["--layers", "--run", "--set", "--rule", "--json"]),
    "ledger": ("path", ["--experiment"]),
    "backends": ("experiment", []),
    "doctor": ("", []),
    "schemas": ("", []),
    "derive": (
        "neuron",
        ["--synapse", "--jacobian", "--through", "--on-synapses", "--latex", "--name"],
    ),
    "plot": ("name", ["--on", "--set", "--out"]),
    "new": ("made", ["--rule", "--neuron", "--synapse"]),
}  # fmt: skip
"""Of each command what its argument is, and its options."""
REQUIRED = {"map spiking": "--chip", "map cim": "--chip"}
WEIGHTS = {"map spiking": 3, "map cim": 2, "derive": 4, "ledger": 3, "show": 3, "check": 2}
SLOW = ("check", "backends", "ledger")
"""Commands that take long without an argument."""


def _values() -> dict[str, list[str]]:
    """What an argument or an option may sensibly be; an option without values is a flag."""
    zoo = Zoo(ROOT)
    of = {kind: zoo.names(kind) for kind in KINDS}
    paths = [str(path) for path in sorted((ROOT / "results/published").glob("*.nc"))]
    return {
        "kind": list(KINDS),
        "name": [name for names in of.values() for name in names],
        "experiment": of["experiment"],
        "neuron": of["neuron"],
        "made": [*Made, "mine", "lif"],
        "path": [
            *paths,
            *(str(ROOT / name) for name in ("README.md", "results", "docs/rtrl_curves.png")),
            "missing.nc",
        ],
        "--paper": ["erbp", "nbp"],
        "--search": ["spike", "[", "x" * 200],
        "--on": of["experiment"],
        "--layers": LAYERS,
        "--mode": ["train", "test"],
        "--chip": [*of["chip"], *of["cim"]],
        "--run": paths,
        "--set": ["technology_nm=32", "adc=sar", "subarray=0", "x=1", "adc=1", "levels=nan", *SETTINGS],
        "--rule": ["bp", "dfa"],
        "--placement": of["placement"],
        "--learning": ["sweep", "active"],
        "--sana-fe": ["/proc/x", "/dev/null", "out"],
        "--experiment": of["experiment"],
        "--synapse": of["synapse"],
        "--jacobian": ["block_diagonal", "snap1", "full"],
        "--through": ["none", "v", "v,I", "a"],
        "--neuron": of["neuron"],
        "--out": ["picture.png", "picture.svg", "/proc/x.png", "no/such/folder.pdf"],
        "--name": ["mine", "../x", "erbp", "lambda"],
    }


def lines(seed: int, n: int) -> Iterator[list[str]]:
    """Command lines, some of them right."""
    rng, values = random.Random(seed), _values()

    def some(what: str) -> str:
        return rng.choice(ODD if rng.random() < 0.25 else values.get(what) or values["name"])

    order = [command for command in COMMANDS for _ in range(WEIGHTS.get(command, 1))]
    for _ in range(n):
        command = rng.choice(order)
        argument, options = COMMANDS[command]
        line = [
            *command.split(),
            *(some(argument) for _ in range(1 if command in SLOW else rng.choice([0, 1, 1, 1, 1, 2]))),
        ]
        if command in REQUIRED and rng.random() < 0.8:
            line += [REQUIRED[command], some(REQUIRED[command])]
        for option in rng.sample(options, min(rng.choice([0, 0, 1, 1, 2, 3]), len(options))):
            line += [option, some(option)] if option in values else [option]
        yield line
