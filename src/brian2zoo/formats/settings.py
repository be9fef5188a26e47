"""Settings of a run, ``scope.name=value`` joined by colons, and the backends that one may name.

A configuration may give a setting a name, which then stands for it: ``EpiRAM``, or ``EpiRAM:synapse.c2c=0.01``, where
what follows the name replaces or adds to it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator

from brian2zoo.errors import did_you_mean
from brian2zoo.formats.language import Name, Refused, expression, key, number_as_text, quoted

Backend = Literal["dense", "cpp", "genn", "genn_cpu", "cuda"]
BACKENDS: tuple[Name, ...] = get_args(Backend)
ON_GPU = ("genn", "cuda")
CHOICES = "learning."
"""Of a setting: what begins so makes another choice of files, and so another program."""

_LONGEST_SETTING = 200
_JOINT = ":"
"""Between the parts of a setting; not a comma: on a cluster Snakemake gives a job its wildcards joined by commas."""


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def parts_of(setting: str) -> list[str]:
    """The parts of a setting: ``name=value`` each, but for a name of a whole setting in the first place."""
    return [] if setting == "default" else setting.split(_JOINT)


def values_of(setting: str) -> dict[str, str]:
    """Values of a setting by ``scope.name``, and perhaps ``backend``; `Refused` if it is none, or still has a name."""
    if "," in setting:
        raise Refused(f"{quoted(setting)} has a comma", "join by colons: synapse.bits=4:rule.eta=1*nS")
    values = {}
    for part in parts_of(setting):
        name, equals, value = part.partition("=")
        if not equals or not _is_changed(name) or not expression(value) == value != "":
            raise Refused(f"{quoted(part)} is not a setting", "write scope.name=value, e.g. synapse.bits=4")
        if name in values:
            raise Refused(f"'{name}' is set twice in {quoted(setting)}", "set it once")
        values[key(name)] = value
    return _with_a_known_backend(values)


def _is_changed(name: str) -> bool:
    """Whether a setting may change this: `scope.name`, a choice of files, or the backend."""
    dots = name.count(".")
    return name == "backend" or dots == 1 or (dots == 2 and name.startswith(CHOICES))


def _with_a_known_backend(values: dict[str, str]) -> dict[str, str]:
    backend = values.get("backend", BACKENDS[0])
    if backend not in BACKENDS:
        remedy = did_you_mean(backend, BACKENDS, f"backends: {', '.join(BACKENDS)}")
        raise Refused(f"there is no backend {quoted(backend)}", remedy)
    return values


def setting_of(values: Mapping[str, str]) -> str:
    """The setting that has these values."""
    return joined(f"{name}={value}" for name, value in values.items())


def name_of(setting: str) -> str:
    """The name that a setting begins with; empty if it has none."""
    first, *_ = parts_of(setting) or [""]
    return "" if "=" in first else first


def in_full(setting: str, named: Mapping[str, Mapping[str, str]]) -> str:
    """A setting with what its name stands for; `Refused` if it has a name that is not among `named`."""
    name = name_of(setting)
    if not name:
        return setting
    if name not in named:
        remedy = did_you_mean(name, named, f"named: {', '.join(named) or 'none'}; or write scope.name=value")
        raise Refused(f"there is no setting '{name}'", remedy)
    return setting_of(named[name] | values_of(joined(parts_of(setting)[1:])))


def setting(text: str) -> str:
    """A setting, perhaps one that begins with a name, that can be the name of a folder; else `Refused`."""
    if re.search(r"[/\s]", text) or len(text) > _LONGEST_SETTING:
        remedy = f"write decimal numbers and no spaces; {_LONGEST_SETTING} characters at most, or give it a name"
        raise Refused(f"{quoted(text)} cannot be the name of a folder, as every setting is", remedy)
    name = name_of(text)
    values_of(joined(parts_of(text)[1:]) if _NAME.fullmatch(name) else text)
    return text


def setting_name(text: str) -> str:
    """A name that a configuration may give to a setting; else `Refused`."""
    if not _NAME.fullmatch(text) or text == "default":
        remedy = "write a letter, then letters, digits, _ and -; 'default' is the setting that changes nothing"
        raise Refused(f"{quoted(text)} cannot be the name of a setting", remedy)
    return text


def changed(name: str) -> str:
    """What a setting changes, ``scope.name``; else `Refused`."""
    if not _is_changed(name):
        raise Refused(f"{quoted(name)} is nothing that a setting changes", "write scope.name, e.g. synapse.bits")
    return key(name)


def value(text: str) -> str:
    """What a setting changes it to; `Refused` if it is no expression."""
    if not expression(text) == text != "" or _JOINT in text or "," in text:
        raise Refused(f"{quoted(text)} is no value", "write a number, with its unit, or the name of a choice")
    return text


Setting = Annotated[str, AfterValidator(setting)]
SettingName = Annotated[str, AfterValidator(setting_name)]
Changed = Annotated[str, AfterValidator(changed)]
Value = Annotated[str, AfterValidator(value), BeforeValidator(number_as_text)]
Values = Annotated[dict[Changed, Value], AfterValidator(_with_a_known_backend)]
"""What a setting changes, by ``scope.name``."""


def joined(parts: Iterable[str]) -> str:
    """A setting of its parts; 'default' of none."""
    return _JOINT.join(parts) or "default"


def choices_of(setting: str) -> str:
    """What of a setting makes another program; 'default' of none."""
    return joined(part for part in parts_of(setting) if part.startswith(CHOICES))


def numbers_of(setting: str) -> str:
    """A setting without where it runs: what of it changes results."""
    return joined(part for part in parts_of(setting) if not part.startswith("backend="))
