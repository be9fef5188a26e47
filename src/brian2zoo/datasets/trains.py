"""What every source of events hands over: the spikes of each sample one after the other, and how they become xarray."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # checking and showing files needs no xarray, which takes a second to import
    import xarray as xr


@dataclass(frozen=True)
class Trains:
    """One split of a data set of events.

    Parameters
    ----------
    times, units : of each sample, (event,) s since its onset, and the unit that spikes, from 0.
    labels : (sample,) class, from 0.
    n_units, classes : their numbers.
    attrs : further attributes, such as `sha256`.
    """

    title: str
    source: str
    times: Sequence[np.ndarray]
    units: Sequence[np.ndarray]
    labels: np.ndarray
    n_units: int
    classes: int
    attrs: Mapping[str, object] = field(default_factory=dict)

    def to_xarray(self) -> "xr.Dataset":
        """As a dataset; see `brian2zoo.datasets.load`."""
        import xarray as xr

        offset = np.concatenate([[0], np.cumsum([len(times) for times in self.times])]).astype(np.int64)
        kind = np.min_scalar_type(self.n_units - 1)
        # filled in place: a list of converted arrays next to the whole would take the memory twice
        time, unit = np.empty(offset[-1], np.float32), np.empty(offset[-1], kind)
        for k, (begin, end) in enumerate(pairwise(offset)):
            time[begin:end], unit[begin:end] = self.times[k], self.units[k]
        return xr.Dataset(
            {
                "time": ("event", time, {"units": "s", "long_name": "time of an event since the onset of its sample"}),
                "unit": ("event", unit, {"units": "1", "long_name": "unit that an event is of"}),
                "offset": ("boundary", offset, {"units": "1", "long_name": "first event of a sample"}),
                "label": ("sample", self.labels.astype(np.int64), {"units": "1", "long_name": "class"}),
            },
            attrs={
                "title": self.title,
                "source": self.source,
                "classes": self.classes,
                "units": self.n_units,
                **{key: json.dumps(value) if isinstance(value, dict) else value for key, value in self.attrs.items()},
            },
        )
