"""Configurations: the bundled ones with a change, as Snakemake merges and plans them before anything runs."""

import copy
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from brian2zoo.check import ReadOnce, errors
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml
from brian2zoo.pipeline.config import load_config
from brian2zoo.pipeline.plan import check_config

from .worker import MARKER

DEFAULT = "config/config.yaml"
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 1e400, float("nan"), 10**30, 2**31, 2**32, "", " ", "x", "../x", "default", [], [[]], {},
    {"a": 1}, ["bp", "bp"], [1, "a", None], "64-100-10", "784-100-10", "64--10", "64-0-10", "64-100000-10", "erbp_plus",
    "digits", "{seed}", "/dev/null", "\n", "é", "x" * 300, "rule.eta=1*ms", "rule.eta=0*nS", "rule.eta=nan*nS",
    "synapse.bits=0", "backend=genn", "9**9**9**9", f"$(touch {MARKER})",
    f"rule.eta=__import__('os').system('touch {MARKER}')",
]  # fmt: skip


@cache
def configurations() -> dict[str, dict[str, Any]]:
    """The configurations of the repository, each as it stands over the default one, with three settings at most.

    Each setting is checked for itself, so that all of papers/cim/digits.yaml take as long as a hang.
    """
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "config").glob("*.yaml"))]
    found = {file: read_yaml(ROOT / file) for file in files}
    for entry in (entry for content in found.values() for entry in content["training"]):
        entry["settings"] = entry.get("settings", ["default"])[:3]
    return found


def _places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value."""
    yield path
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in inner:
        yield from _places(value, (*path, key))


def _mutated(rng: random.Random, content: dict[str, Any]) -> dict[str, Any]:
    content = copy.deepcopy(content)
    *way, last = rng.choice([path for path in _places(content) if path])
    inner = content
    for key in way:
        inner = inner[key]
    change = rng.choice(["value", "value", "value", "drop", "rename", "repeat", "wrap"])
    if change == "value":
        inner[last] = copy.deepcopy(rng.choice(VALUES))
    elif change == "drop":
        del inner[last]
    elif change == "wrap":
        inner[last] = rng.choice([[inner[last]], {"a": inner[last]}, str(inner[last])])
    elif isinstance(inner, list):
        inner.insert(0, copy.deepcopy(inner[last]))
    else:
        inner[rng.choice([f"{last}q", "", 1, f"{last} x", "../x"])] = (
            inner.pop(last) if change == "rename" else inner[last]
        )
    return content


def mutants(seed: int, n: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of changed configurations."""
    rng = random.Random(seed)
    for _ in range(n):
        file = rng.choice(sorted(configurations()))
        content = _mutated(rng, configurations()[file])
        yield file, _mutated(rng, content) if content and rng.random() < 0.3 else content


def planned(file: str, content: dict[str, Any]) -> None:
    """What a dry run says of a configuration; raises the first mistake."""
    sources = [(DEFAULT, configurations()[DEFAULT]), (file, content)]
    merged = content if file == DEFAULT else _merged(configurations()[DEFAULT], content)
    for mistake in errors(check_config(load_config(merged, sources), _zoo(), sources)):
        raise mistake


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As Snakemake does it: mappings key by key, anything else whole."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


@cache
def _zoo() -> Zoo:
    return ReadOnce(Zoo(ROOT))
