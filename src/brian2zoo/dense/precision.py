"""Statements on single-precision variables in single precision.

C++ computes in double what a double takes part in, and Brian2's shared values and clocks are doubles. Here
shared values are narrowed where they meet single-precision variables. A statement that a time takes part in stays
double: single precision loses a time step of 0.1 ms within half an hour.
"""

import re

_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*\b")
_DECLARED = re.compile(r"(?:const )?(\w+) (\w+)(?: = .*)?;")
_ASSIGNED = re.compile(r"(?:(?:const )?\w+ )?(\w+) [-+*/]?= (.*);")
_LOADED = re.compile(r"= _ptr_array_\w+\[\w+\];")
_CLOCK = re.compile(r"_ptr_array_\w+_t\[0\]")
_NUMBER = re.compile(r"(?<![\w.])(\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?![\w.])")


def typed(lines: list[str], shared: list[str]) -> list[tuple[str, str]]:
    """Each statement of a loop with the C type it is computed in.

    Parameters
    ----------
    lines : statements for one synapse or neuron, as Brian2 generates them.
    shared : the statements before the loop.
    """
    declared = dict(reversed(found.groups()) for line in lines if (found := _DECLARED.match(line.strip())))
    if "float" not in declared.values():
        return [(line, "double") for line in lines]
    before = dict(reversed(found.groups()) for line in shared if (found := _DECLARED.match(line.strip())))
    doubles = {name for name, type_name in before.items() if type_name == "double"}
    times = _times(lines, declared, _times(shared, before, set()))
    return [
        (line, "double") if times & set(_IDENTIFIER.findall(line)) else (_narrow(line, doubles), "float")
        for line in lines
    ]


def _times(lines: list[str], declared: dict[str, str], known: set[str]) -> set[str]:
    """Names of doubles that come from a clock or from variables stored as doubles, which are times.

    What a comparison returns is none.
    """
    times = set(known)
    for line in lines:
        found = _ASSIGNED.match(line.strip())
        if found is None or declared.get(found[1]) != "double":
            continue
        loaded = bool(_LOADED.search(line)) and "[0]" not in line
        follows = times & set(_IDENTIFIER.findall(found[2])) and not re.search(r"[<>]|[!=]=", found[2])
        if loaded or _CLOCK.search(line) or follows:
            times.add(found[1])
    return times


def _narrow(line: str, doubles: set[str]) -> str:
    line = re.sub(r"\bdouble ", "float ", line)
    line = _NUMBER.sub(r"\1f", line)
    return _IDENTIFIER.sub(lambda name: f"float({name[0]})" if name[0] in doubles else name[0], line)
