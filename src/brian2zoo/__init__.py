"""Learning rules for neuromorphic hardware as Brian2 equation strings, from text file to figure."""

import signal
from typing import Any

from brian2zoo.errors import ZooError

__version__ = "0.1.0"
__all__ = ["ZooError", "__version__", "open_sweep"]


def __getattr__(name: str) -> Any:
    """`open_sweep`, without the second that xarray takes to import where it is not asked for."""
    if name == "open_sweep":
        from brian2zoo.run.sweeps import open_sweep

        return open_sweep
    raise AttributeError(f"module 'brian2zoo' has no attribute '{name}'")


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # Brian2, when it is imported, wraps the handler it finds, and this one cannot be called: a job in the background of
    # a shell script would end with a traceback at the first Ctrl-C. What ignores interrupts goes on doing so.
    import brian2  # noqa: F401

    signal.signal(signal.SIGINT, signal.SIG_IGN)
