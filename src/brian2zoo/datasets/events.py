"""Events: input units that spike any number of times in a sample, and how the times enter a simulation.

The times of a run are one list; each input unit goes through its part of it, sample after sample. A built program reads
the list from a file that is mapped into memory, so that neither its length nor its content is compiled in.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import brian2
import numpy as np

_FILE = "BRIAN2ZOO_EVENTS"  # variable of the environment that names the file of a run


@dataclass(frozen=True)
class Events:
    """Spikes of input units, sample after sample.

    Parameters
    ----------
    times : (event,) s since the onset of the sample.
    units : (event,) the unit that spikes, from 0.
    offsets : (sample + 1,) the events of sample k are those from offsets[k] up to, but not, offsets[k + 1].
    n_units : number of units.
    """

    times: np.ndarray
    units: np.ndarray
    offsets: np.ndarray
    n_units: int

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.offsets) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and units."""
        return len(self), self.n_units

    def lists(self) -> tuple[np.ndarray, np.ndarray]:
        """The events as one list of times for each sample and unit, all in a row, each ended by an infinite one.

        Returns
        -------
        (sample, unit) where in the row each list begins, and the row itself, float32, s.
        """
        sample = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        key = sample * self.n_units + self.units
        order = np.lexsort((self.times, key))
        lengths = np.bincount(key, minlength=len(self) * self.n_units) + 1
        begin = np.concatenate([[0], np.cumsum(lengths)])
        row = np.full(begin[-1], np.inf, np.float32)
        # before the events of a list there are the ends of all lists before it
        row[np.arange(len(order)) + key[order]] = self.times[order]
        return begin[:-1].reshape(self.shape), row


class EventTimes:
    """The row of `Events.lists` as equations see it: `function`, which they call as event_time(n).

    It is infinite where the row has no such place. A built program maps the file that `given_to` names; on the numpy
    target the row is `values`.
    """

    def __init__(self) -> None:
        self.values = np.full(1, np.inf, np.float32)

        def event_time(n: np.ndarray) -> np.ndarray:
            known = (n >= 0) & (n < len(self.values))
            return np.where(known, self.values[np.where(known, n, 0)], np.float32(np.inf))

        self.function = brian2.Function(
            event_time, arg_units=[1], arg_types=["integer"], return_unit=brian2.second, return_type="float"
        )
        self.function.implementations.add_implementation("numpy", event_time)
        self.function.implementations.add_implementation("cpp", _MAPPED, compiler_kwds={"headers": _HEADERS})


def given_to(row: np.ndarray, path: Path) -> Mapping[str, str]:
    """Write a row of times; returns the environment in which a program finds it."""
    path.write_bytes(row.astype(np.float32).tobytes())  # of a full disk tofile may not tell
    return {**os.environ, _FILE: str(path)}


_HEADERS = ["<cmath>", "<cstdlib>", "<iostream>", "<fcntl.h>", "<sys/mman.h>", "<sys/stat.h>"]

_MAPPED = f"""
struct _EventTimes
{{
    const float* times;
    size_t count;
}};

static _EventTimes _mapped_events()
{{
    const char* name = std::getenv("{_FILE}");
    const int file = name ? open(name, O_RDONLY) : -1;
    struct stat status;
    void* mapped = MAP_FAILED;
    if (file >= 0 && fstat(file, &status) == 0)
        mapped = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) {{
        std::cerr << "the program needs the file of events that {_FILE} names" << std::endl;
        std::exit(1);
    }}
    return {{static_cast<const float*>(mapped), status.st_size/sizeof(float)}};
}}

static inline double event_time(const int n)
{{
    static const _EventTimes events = _mapped_events();
    return n >= 0 && static_cast<size_t>(n) < events.count ? events.times[n] : INFINITY;
}}
"""
