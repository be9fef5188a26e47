"""Where a circuit runs: one module a backend, every one from the same composed equations.

A module has `BACKEND`: the device of Brian2, its preferences, how numbers and the seed get into a program, and how it
is run. Those on packages of their own import them when they are set up, so that the others need none of them.
"""

import importlib

from brian2zoo.backends.standalone import Standalone
from brian2zoo.compose.assembly import Assembly
from brian2zoo.formats.settings import BACKENDS

__all__ = ["BACKENDS", "Assembly", "Standalone", "backend"]


def backend(name: str) -> Standalone:
    """The backend of a name, one of `BACKENDS`."""
    return importlib.import_module(f"brian2zoo.backends.{name}").BACKEND
