"""Learning rules for neuromorphic hardware as Brian2 equation strings, from text file to figure.

`import brian2zoo as zoo` has what a script or a notebook needs: arrays in, xarray out. How to use it is in
docs/how-to/use_from_python.md.
"""

import importlib
import signal
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from brian2zoo.errors import ZooError

if TYPE_CHECKING:
    from brian2zoo.api import check, compose, derive, evaluate, figure, ledger, load, map, open_sweep, simulate, train

__version__ = "0.1.0"
__all__ = [
    "ZooError", "__version__", "check", "compose", "derive", "evaluate", "figure", "ledger", "load", "map",
    "open_sweep", "simulate", "train",
]  # fmt: skip
_API = {name for name in __all__ if name.islower() and not name.startswith("_")}


class _Package(ModuleType):
    """Loads the API when it is first asked for, since Brian2 takes seconds to import.

    Of its names `compose`, `derive` and `check` are also folders of the package: importing one of these does not hide
    the function.
    """

    def __getattr__(self, name: str) -> Any:
        if name not in _API:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(importlib.import_module("brian2zoo.api"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _API or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_API})


sys.modules[__name__].__class__ = _Package

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Brian2, when it is imported, wraps the handler it finds, and this one cannot be called: a job in the background of
    # a shell script would end with a traceback at the first Ctrl-C. What ignores interrupts goes on doing so.
    import brian2  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
