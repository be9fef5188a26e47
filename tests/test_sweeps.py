"""Trainings of a sweep: one dataset with what was swept as dimensions, a table, a figure."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import brian2zoo
from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.figures import sweeps as drawing
from brian2zoo.run import results, sweeps

Written = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Written:
    """Writes a training of so many epochs with this last error, and weights; returns its file."""

    def written(setting: str, seed: int, error: float, epochs: int = 2, **facts: str) -> Path:
        curve = np.linspace(0.9, error, epochs + 1)
        made = xr.Dataset(
            {"test_error": ("epoch", curve), "w_a_b": (("unit_a", "unit_b"), np.ones((3, 2)))},
            {"epoch": np.arange(epochs + 1)},
            {"dataset": "digits", "experiment": "bp", "layers": "3-2", "setting": setting, "seed": seed, "rule": "bp",
             "samples": 9, **facts},
        )  # fmt: skip
        path = tmp_path / facts.get("experiment", "bp") / facts.get("setting_name", setting) / f"seed={seed}.nc"
        results.save(made, path)
        return path

    return written


def test_swept_names_are_dimensions_in_si_units(write, tmp_path) -> None:
    for eta, bits, seed, error in (("4e-3*nS", 4, 0, 0.1), ("4e-3*nS", 4, 1, 0.3), ("8e-3*nS", 8, 0, 0.5)):
        write(f"rule.eta={eta}:synapse.bits={bits}", seed, error)
    sweep = brian2zoo.open_sweep(tmp_path)
    assert sweep.last_test_error.dims == ("rule.eta", "synapse.bits", "seed")
    np.testing.assert_allclose(sweep["rule.eta"], [4e-12, 8e-12])
    assert sweep["rule.eta"].attrs["units"] == "S"
    assert sweep["synapse.bits"].attrs["units"] == "1"
    here = {"rule.eta": 4e-12, "synapse.bits": 4, "seed": 1}
    assert float(sweep.last_test_error.sel(here)) == pytest.approx(0.3)
    np.testing.assert_allclose(sweep.test_error.sel(here), [0.9, 0.6, 0.3])
    assert int(sweep.last_test_error.notnull().sum()) == 3  # of 8 combinations
    assert "w_a_b" not in sweep


def test_the_table_has_mean_and_extremes_of_the_seeds(write, tmp_path) -> None:
    for seed, error in ((0, 0.1), (1, 0.3)):
        write("learning.plastic.surrogate=triangle", seed, error)
    write("learning.plastic.surrogate=superspike", 0, 0.5, epochs=4)
    rows = sweeps.table(sweeps.open_sweep(tmp_path)).set_index("learning.plastic.surrogate")
    assert rows.loc["triangle"].tolist() == pytest.approx([2, 2, 20, 10, 30])
    assert rows.loc["superspike"].tolist() == pytest.approx([1, 4, 50, 50, 50])
    assert list(rows) == ["seeds", "epochs", "error", "lowest", "highest"]


def test_a_named_setting_is_one_dimension_whatever_it_sets(write, tmp_path) -> None:
    """And what is swept on top of it another."""
    cells = {"EpiRAM": "synapse.levels=64:synapse.on_off=50", "HZO": "synapse.levels=32"}
    for cell, values in cells.items():
        for noise in ("0", "0.02"):
            write(f"{values}:synapse.c2c={noise}", 0, 0.1, setting_name=f"{cell}:synapse.c2c={noise}")
    sweep = sweeps.open_sweep(tmp_path)
    assert dict(sweep.last_test_error.sizes) == {"setting": 2, "synapse.c2c": 2, "seed": 1}
    assert list(sweep.setting) == ["EpiRAM", "HZO"]


@pytest.mark.parametrize("also", [{}, {"experiment": "rbp"}])
def test_a_figure_has_a_line_for_each_further_combination(write, tmp_path, also) -> None:
    for facts in ({}, also):
        for eta, error in ((0.1, 0.2), (0.4, 0.3), (1.6, 0.4)):
            write(f"rule.eta={eta}", 0, error, **facts)
    (axes,) = drawing.draw(sweeps.open_sweep(tmp_path)).axes
    lines = [line for line in axes.get_lines() if line.get_marker() not in (".", "None")]
    assert len(lines) == 1 + bool(also)
    np.testing.assert_allclose(lines[0].get_xdata(), [0.1, 0.4, 1.6])
    np.testing.assert_allclose(lines[0].get_ydata(), [20, 30, 40])
    assert axes.get_xscale() == "log"


def test_what_is_no_sweep_is_one_line(write, tmp_path) -> None:
    first = write("rule.eta=1", 0, 0.1)
    write("default", 0, 0.1)
    with pytest.raises(ZooError, match=r"setting: it does not set rule\.eta, which other results do"):
        sweeps.open_sweep(tmp_path)
    with pytest.raises(ZooError, match="another result has the same network, setting and seed"):
        sweeps.open_sweep([first, shutil.copy(first, tmp_path / "copy.nc")])
    with pytest.raises(ZooError, match="there is no result of a training below it"):
        sweeps.open_sweep(Path(__file__).parent)
    with pytest.raises(ZooError, match="there is no such result"):
        sweeps.open_sweep(tmp_path / "none.nc")


def test_the_command_shows_and_writes_it(write, tmp_path, monkeypatch) -> None:
    for eta in (0.1, 0.4):
        write(f"rule.eta={eta}", 0, eta)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["table", str(tmp_path / "bp"), "--csv", "a.csv", "--figure", "a.png"])
    assert done.exit_code == 0, done.output
    assert "digits, bp, 3-2" in done.output
    assert (tmp_path / "a.csv").read_text().splitlines()[1] == "0.1,1,2,10.0,10.0,10.0"
    assert (tmp_path / "a.png").stat().st_size > 5000
