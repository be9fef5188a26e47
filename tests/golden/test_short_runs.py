"""Changes of structure change nothing: short runs of every experiment are those that were recorded."""

import numpy as np
import pytest

from brian2zoo.formats.zoo import Zoo
from golden.short_runs import RECORDED, short_run

TOLERANCE = 1e-9
"""Relative to the largest number of an array; on the machine that recorded them they are equal bit for bit."""


@pytest.mark.parametrize("name", Zoo().names("experiment"))
def test_an_experiment_computes_what_it_did(zoo, name) -> None:
    recorded = {key.partition("/")[2]: array for key, array in np.load(RECORDED).items() if key.startswith(f"{name}/")}
    now = short_run(zoo, name)
    assert now.keys() == recorded.keys(), "record anew, if this is meant: python -m golden.short_runs"
    for key, array in now.items():
        scale = np.abs(recorded[key]).max(initial=0) or 1
        np.testing.assert_allclose(array / scale, recorded[key] / scale, rtol=0, atol=TOLERANCE, err_msg=key)
