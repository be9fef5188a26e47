"""The same dependencies wherever they are listed."""

import re
import tomllib

from ruamel.yaml import YAML

from brian2zoo.zoo import ROOT


def test_environment_and_pyproject_list_the_same_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    # Which NumPy a Python needs is a matter of the wheels of Brian2; conda resolves it by itself.
    wanted = {re.sub(r",<[\d.]+", "", line.split(";")[0]).strip() for line in listed}
    environment = YAML(typ="safe").load(ROOT / "environment.yml")["dependencies"]
    tools = {"cxx-compiler", "make", "pip", f"python{project['requires-python']}"}
    assert {line for line in environment if isinstance(line, str)} - tools == wanted
