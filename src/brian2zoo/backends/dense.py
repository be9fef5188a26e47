"""The zoo's own device on top of C++ standalone, fast for all-to-all projections."""

from brian2zoo.backends.standalone import Standalone
from brian2zoo.dense import DEVICE

BACKEND = Standalone("dense", "rows of weights as vector code, one core", DEVICE)
