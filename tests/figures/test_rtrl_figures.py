"""That each figure of rules derived from neurons draws the numbers it is given."""

import numpy as np
import pytest
import xarray as xr

from brian2zoo.formats.papers import paper

rtrl_cosine, rtrl_jacobian = (paper("rtrl").module(name) for name in ("cosine", "jacobian"))


@pytest.fixture(scope="module")
def compared() -> xr.Dataset:
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {
            "cosine": (("slope", "strength", "experiment"), rng.uniform(size=(2, 3, 2))),
            "activity": (("slope", "strength"), rng.uniform(1, 20, (2, 3))),
            "jacobian": (("slope", "strength", "post", "pre"), np.tile(np.eye(4) + 0.5, (2, 3, 1, 1))),
        },
        {"slope": [1.0, 100.0], "strength": [0, 0.5, 1], "experiment": ["snap1", "rtrl_block_diagonal"]},
    )


def test_cosine_draws_a_line_a_rule_in_a_panel_a_slope(compared) -> None:
    panels = rtrl_cosine.draw([compared], paper("rtrl").published).axes
    assert [axes.get_title("left").splitlines()[0] for axes in panels] == ["slope 1", "slope 100"]
    for axes, slope in zip(panels, compared.slope.values, strict=True):
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        expected = compared.cosine.sel(slope=slope, experiment="snap1")
        np.testing.assert_allclose(lines["SnAp-1"], expected)


def test_jacobian_tells_the_part_off_the_diagonal(compared) -> None:
    *panels, _bar = rtrl_jacobian.draw([compared], paper("rtrl").published).axes
    assert len(panels) == 6
    off = 12 * 0.25 / (12 * 0.25 + 4 * 2.25)
    assert panels[1].get_title("left") == f"strength 0.5\n{100 * off:.1f} % off"
    np.testing.assert_allclose(panels[0].images[0].get_array(), compared.jacobian[0, 0])
