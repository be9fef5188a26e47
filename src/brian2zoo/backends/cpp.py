"""Brian2's own C++ standalone: the reference of all others."""

from brian2zoo.backends.standalone import Standalone

BACKEND = Standalone("cpp", "Brian2's C++ standalone, one core", "cpp_standalone")
