"""Two files to compile instead of one for each code object: what they all include is parsed once."""

import re
from pathlib import Path

SUPPORT = re.compile(
    r"////// SUPPORT CODE ///////\s*namespace \{(.*?)\n\}\s*(?=////// HASH DEFINES|\nvoid )", re.DOTALL
)
FUNCTION = re.compile(r"^(void _(?:before_run_|after_run_|run_)\w+\(\)\s*\{)", re.MULTILINE)
_INCLUDE = re.compile(r"^\s*#include.*$", re.MULTILINE)

SIMULATION, SETUP = "simulation.cpp", "setup.cpp"


def merge_sources(directory: Path, sources: set[str]) -> set[str]:
    """Write `SIMULATION` (what runs every step) and `SETUP` (what runs once) from the files of a project.

    Parameters
    ----------
    sources : files below `directory`, as Brian2 wrote them.

    Returns the files left to compile: the two, and every code object that does not look as expected.
    """
    includes: dict[str, None] = {}
    supports: dict[str, str] = {}
    bodies, alone = [], set()
    code_objects = sorted(source for source in sources if source.startswith("code_objects/"))
    for source in code_objects:
        text = (directory / source).read_text()
        support = SUPPORT.search(text)
        if support is None or not FUNCTION.search(text):
            alone.add(source)
            continue
        includes |= dict.fromkeys(line.strip() for line in _INCLUDE.findall(text))
        name = supports.setdefault(support[1], f"_support_{len(supports)}")
        body = _INCLUDE.sub("", text[: support.start()] + text[support.end() :])
        bodies.append(FUNCTION.sub(rf"\1 using namespace {name};", body))
    blocks = [f"namespace {name} {{\n{text}\n}}" for text, name in supports.items()]
    merged = ["network.cpp", *code_objects]
    network = '#include "network.cpp"'
    (directory / SIMULATION).write_text("\n".join([*includes, network, *blocks, *bodies]))
    once = sorted(sources - set(merged))
    (directory / SETUP).write_text("\n".join(f'#include "{source}"' for source in once))
    return alone | {SIMULATION, SETUP}
