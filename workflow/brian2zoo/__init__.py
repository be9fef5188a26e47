"""Learning rules for neuromorphic hardware as Brian2 equation strings, from text file to figure."""

from brian2zoo.errors import ZooError

__version__ = "0.1.0"
__all__ = ["ZooError", "__version__"]
