"""The notebooks call what there is, and run from top to bottom."""

import ast
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

import brian2zoo as zoo
from brian2zoo.formats.zoo import ROOT

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


def cells(path: Path) -> Iterator[str]:
    """The code of a notebook."""
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_calls_fit_the_functions(path) -> None:
    calls = [
        node
        for cell in cells(path)
        for node in ast.walk(ast.parse(cell))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("zoo.")
    ]
    assert len(calls) >= 5
    for call in calls:
        function = getattr(zoo, call.func.attr)
        inspect.signature(function).bind(*call.args, **{given.arg: given.value for given in call.keywords})


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_networks_learn_in_notebooks(path) -> None:
    plt.switch_backend("agg")
    names: dict[str, Any] = {}
    for cell in cells(path):
        exec(compile(cell, str(path), "exec"), names)
    plt.close("all")
    error = names["trained"].test_error.values
    assert error[-1] < 0.75 * error[0]
