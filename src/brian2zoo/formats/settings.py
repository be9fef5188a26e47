"""Settings of a run, ``scope.name=value`` joined by colons, and the backends that one may name."""

import re
from collections.abc import Iterable
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from brian2zoo.errors import did_you_mean
from brian2zoo.formats.language import Name, Refused, expression, key, quoted

Backend = Literal["dense", "cpp", "genn", "genn_cpu", "cuda"]
BACKENDS: tuple[Name, ...] = get_args(Backend)
ON_GPU = ("genn", "cuda")
CHOICES = "learning."
"""Of a setting: what begins so makes another choice of files, and so another program."""

_LONGEST_SETTING = 200
_JOINT = ":"
"""Between the parts of a setting; not a comma: on a cluster Snakemake gives a job its wildcards joined by commas."""


def parts_of(setting: str) -> list[str]:
    """The ``name=value`` of a setting."""
    return [] if setting == "default" else setting.split(_JOINT)


def values_of(setting: str) -> dict[str, str]:
    """Values of a setting by ``scope.name``, and perhaps ``backend``; `Refused` if it is none."""
    if "," in setting:
        raise Refused(f"{quoted(setting)} has a comma", "join by colons: synapse.bits=4:rule.eta=1*nS")
    if re.search(r"[/\s]", setting) or len(setting) > _LONGEST_SETTING:
        remedy = f"write decimal numbers and no spaces; {_LONGEST_SETTING} characters at most"
        raise Refused(f"{quoted(setting)} cannot be the name of a folder, as every setting is", remedy)
    values = {}
    for part in parts_of(setting):
        name, equals, value = part.partition("=")
        if name == "backend" and value not in BACKENDS:
            remedy = did_you_mean(value, BACKENDS, f"backends: {', '.join(BACKENDS)}")
            raise Refused(f"there is no backend {quoted(value)}", remedy)
        dots = name.count(".")
        named = name == "backend" or dots == 1 or (dots == 2 and name.startswith(CHOICES))
        if not equals or not named or not expression(value) == value != "":
            raise Refused(f"{quoted(part)} is not a setting", "write scope.name=value, e.g. synapse.bits=4")
        if name in values:
            raise Refused(f"'{name}' is set twice in {quoted(setting)}", "set it once")
        values[key(name)] = value
    return values


def _setting(text: str) -> str:
    values_of(text)
    return text


Setting = Annotated[str, AfterValidator(_setting)]


def joined(parts: Iterable[str]) -> str:
    """A setting of ``name=value`` parts; 'default' of none."""
    return _JOINT.join(parts) or "default"


def choices_of(setting: str) -> str:
    """What of a setting makes another program; 'default' of none."""
    return joined(part for part in parts_of(setting) if part.startswith(CHOICES))


def numbers_of(setting: str) -> str:
    """A setting without where it runs: what of it changes results."""
    return joined(part for part in parts_of(setting) if not part.startswith("backend="))
