"""The compute-in-memory model: what must hold of any design, what a user may get wrong, and how it is asked."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.cim import estimate, report, trained, update
from brian2zoo.mapping.cim.request import request

NETWORK = (784, 200, 10)
AREAS = ("CIMarray_um2", "ADC_um2", "Accum_um2", "IC_um2", "Other_um2", "WG_um2")


CHOICES = {
    "memory": ["rram", "fefet", "sram"],
    "adc": ["flash", "flash_voltage", "sar"],
    "dram": ["hbm2", "gddr5"],
    "read": ["parallel", "sequential"],
    "transistors": ["frugal", "fast"],
    "buffer": ["registers", "sram"],
    "dram_activations": ["one", "all"],
}
CHIP = "models/chips/cim_training.yaml"
chip = cache(lambda: Zoo().cim("cim_training"))


def of(settings: dict[str, Any] | None = None, layers: tuple[int, ...] = NETWORK, rule: str = "bp") -> xr.Dataset:
    return estimate(chip(), layers, settings or {}, rule)


def command(*words: str) -> Any:
    return CliRunner().invoke(app, ["map", "cim", "--chip", "cim_training", *words])


# Sums


@pytest.mark.parametrize("rule", ["bp", "dfa"])
def test_parts_add_up(rule: str) -> None:
    result = of({"cell_bits": 2}, rule=rule)
    assert float(result.ChipArea_um2) == pytest.approx(sum(float(result[name]) for name in AREAS))
    for key in ("lat_ns", "E_pJ"):
        phases = sum(float(result[f"{phase}_{key}"].sum()) for phase in ("FW", "AG", "WG", "WU"))
        parts = sum(float(result[name].sum()) for name in result if name.startswith("brk_") and name.endswith(key))
        assert parts == pytest.approx(phases)
    assert float(result.Total_E_pJ) == pytest.approx(phases)
    assert float(result.AG_lat_ns[0]) == 0


def test_a_sweep_is_the_designs_one_by_one() -> None:
    sweep = {
        "subarray": xr.DataArray([64, 256], dims="subarray"),
        "memory": xr.DataArray(["rram", "sram", "fefet"], dims="memory"),
    }
    swept = of(sweep | {"adc": "sar"})
    assert swept.Total_lat_ns.dims == ("subarray", "memory")
    for i, subarray in enumerate((64, 256)):
        for j, memory in enumerate(("rram", "sram", "fefet")):
            one = of({"subarray": subarray, "memory": memory, "adc": "sar"})
            for name in one:
                np.testing.assert_allclose(swept[name][i, j], one[name], rtol=1e-12, err_msg=name)


def test_a_thousand_designs_at_once() -> None:
    sweep = {
        name: xr.DataArray(values, dims=name)
        for name, values in {
            "subarray": [64, 128, 256],
            "adc_bits": list(range(3, 9)),
            "cell_bits": [1, 2, 4, 8],
            "input_bits": [4, 6, 8],
            "technology_nm": [22, 32],
            "column_mux": [4, 8, 16],
        }.items()
    }
    result = of(sweep | {"weight_bits": 8})
    assert result.Total_E_pJ.shape == (3, 6, 4, 3, 2, 3)
    assert bool((result.Total_E_pJ > 0).all())
    assert bool(result.to_array().notnull().all())


@pytest.mark.parametrize("layers", [(1, 1), (3, 1, 2), (784, 200, 10), (4096, 1000, 2048, 10), (64, *[32] * 10, 10)])
def test_any_design_has_costs(layers: tuple[int, ...]) -> None:
    """Designs drawn over all choices and ranges of the chip file, as far as r_off is above r_on."""
    rng = np.random.default_rng(len(layers))
    drawn = {}
    for name, quantity in chip().design.items():
        if quantity.least is None:
            values = rng.choice(CHOICES[name], 24)
        elif quantity.least:
            most = {"r_on": 1e4, "weight_bits": 8}.get(name, quantity.most)
            values = np.exp(rng.uniform(np.log(quantity.least), np.log(most), 24))
        else:
            values = rng.uniform(quantity.least, quantity.most, 24)
        drawn[name] = xr.DataArray(np.round(values) if quantity.whole else values, dims="design")
    drawn["technology_nm"] = xr.DataArray(rng.choice([65, 45, 32, 22, 14, 7], 24), dims="design")
    drawn["r_off"] = drawn["r_on"] * 10
    with np.errstate(all="raise", under="ignore"):
        for rule in ("bp", "dfa"):
            result = of(drawn, layers, rule).to_array()
            assert np.isfinite(result).all()
            assert (result >= 0).all()


def test_the_choices_drawn_are_those_of_the_chip() -> None:
    assert set(CHOICES) == {name for name, quantity in chip().design.items() if quantity.least is None}
    for quantity in chip().quantities.values():
        if quantity.by in CHOICES:
            assert set(quantity.value) <= set(CHOICES[quantity.by])


# Physics


@pytest.mark.parametrize("memory", ["rram", "fefet", "sram"])
@pytest.mark.parametrize(
    ("small", "large"),
    [((784, 100, 10), (784, 300, 10)), ((784, 200, 10), (784, 200, 200, 10)), ((400, 64, 10), (784, 64, 10))],
)
def test_a_larger_network_costs_more(memory: str, small: tuple[int, ...], large: tuple[int, ...]) -> None:
    less, more = (of({"memory": memory, "subarray": 64}, layers) for layers in (small, large))
    for name in ("ChipArea_um2", "CIMarray_um2", "Total_lat_ns", "Total_E_pJ"):
        assert less[name] <= more[name], name
    assert less.Total_E_pJ < more.Total_E_pJ


def test_choices_cost_what_they_should() -> None:
    base = of()
    rows, fast = of({"read": "sequential"}), of({"transistors": "fast"})
    sram, full = of({"buffer": "sram"}), of({"dram_activations": "all"})
    assert rows.FW_lat_ns.sum() > 3 * base.FW_lat_ns.sum()
    assert rows.ADC_um2 < base.ADC_um2 / 2  # no converters for a backward read
    assert rows.Accum_um2 > base.Accum_um2
    assert fast.Total_lat_ns < base.Total_lat_ns
    assert sram.Other_um2 < base.Other_um2
    bits = 8 * 2 * (784 + 2 * 200 + (784 + 200) - 5)  # forward, backward and gradient of all units, one counted before
    more = float((full.brk_DRAM_E_pJ - base.brk_DRAM_E_pJ).sum())
    assert more == pytest.approx(50_000 * 3.9 * bits)


@pytest.mark.parametrize(
    ("name", "low", "high", "quantity"),
    [
        ("adc_bits", 5, 7, "ADC_um2"),
        ("input_bits", 4, 8, "FW_lat_ns"),
        ("write_pulse", 50, 500, "WU_lat_ns"),
        ("write_voltage", 2, 4, "WU_E_pJ"),
        ("update_std", 0.02, 0.1, "WU_lat_ns"),
        ("technology_nm", 22, 32, "ChipArea_um2"),
        ("iterations", 250, 300, "Total_E_pJ"),
        ("adc_bits_wg", 4, 6, "WG_E_pJ"),
    ],
)
def test_more_costs_more(name: str, low: float, high: float, quantity: str) -> None:
    assert of({name: low})[quantity].sum() < of({name: high})[quantity].sum()


def test_gradients_of_all_weights_pass_dram_twice() -> None:
    bits = 2 * (784 * 200 + 200 * 10) * (4 + 8) + (4 + 6) * 8
    energy = of()["brk_DRAM_E_pJ"].sum()
    assert float(energy) == pytest.approx(50_000 * 3.9 * bits)


def test_the_layers_of_direct_feedback_alignment_learn_at_the_same_time() -> None:
    """N equal layers: N times as fast if forward phases overlap as well, less if not (facts of the paper's claim)."""
    for n in (2, 4, 8):
        equal = (256,) * (n + 1)
        bp, dfa = of(layers=equal), of(layers=equal, rule="dfa")
        times = {rule: result.Total_lat_ns.item() for rule, result in (("bp", bp), ("dfa", dfa))}
        assert 0.93 * n < bp.Total_lat_ns.item() / dfa.Overlapped_lat_ns.item() <= n
        assert 0.65 * n < times["bp"] / times["dfa"] < n
        assert float(dfa.ADC_um2) < 0.52 * float(bp.ADC_um2)
        assert float(dfa.WG_um2) == pytest.approx(n * float(bp.WG_um2), rel=0.1)


def test_pulses_of_an_update_are_those_of_a_simulated_one() -> None:
    """20,000 rows of 64 weights, drawn, rounded to their grid, changed and rounded again."""
    rng = np.random.default_rng(2022)
    old = rng.normal(0, 0.3, (20_000, 64)).clip(-0.99, 0.99)
    new = (old + rng.normal(0, 0.02, old.shape)).clip(-0.99, 0.99)
    for weight_bits, cell_bits in ((5, 5), (8, 8), (8, 2)):
        half, cells = 2 ** (weight_bits - 1), weight_bits // cell_bits
        before, after = (np.clip(np.round(w * half), 1 - half, half - 1) + half for w in (old, new))
        most = np.zeros(len(old))
        for cell in range(cells):
            base = 2**cell_bits
            digits = [w // base ** (cells - 1 - cell) % base / (base - 1) for w in (before, after)]
            if cells == 1:
                digits = [before / (2 * half), after / (2 * half)]
            asked = 60 * (digits[1] - digits[0])
            asked = np.where(asked >= 1, np.ceil(asked + (1e-6 if cells == 1 else -1e-6)), 0)
            most = np.maximum(most, asked.max(1))
        expected = update.pulses(weight_bits, cell_bits, 60, 0.3, 0.02, 100.0)
        assert expected.longest(64) == pytest.approx(most.mean(), rel=0.03)


# Mistakes


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--layers", "784-200-10", "--set", "adcbits=6"], "did you mean 'adc_bits'?"),
        (["--layers", "784-200-10", "--set", "adc_bits=six"], "'six' is no number"),
        (["--layers", "784-200-10", "--set", "adc_bits=60"], "give a whole number from 2 to 10 (bit)"),
        (["--layers", "784-200-10", "--set", "adc_bits"], "write name=value"),
        (["--layers", "784-200-10", "--set", "technology_nm=28"], "known: 65, 45, 32, 22, 14, 7"),
        (["--layers", "784-200-10", "--set", "memory=flash"], "known: rram, fefet, sram"),
        (["--layers", "784-200-10", "--set", "r_off=100"], "give r_off > r_on"),
        (["--layers", "784-200-10", "--set", "adc_bits=6,subarray=64"], "several joined by colons"),
        (["--layers", "784"], "--layers: '784' is not a network"),
        (["--layers", "784,200"], "--layers: '784,200' is not a network"),
        (["--layers", "784-99999"], "write sizes from 1 to 65536 such as 784-200-10"),
        (["--layers", "784-200-10", "--rule", "rbp"], "give bp or dfa"),
        ([], "give either --layers 784-200-10 or --run RESULT.nc"),
        (["--run", "nothing.nc"], "nothing.nc: there is no such result"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], told: str) -> None:
    result = command(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_chip_is_told() -> None:
    result = CliRunner().invoke(app, ["map", "cim", "--chip", "cim_traning", "--layers", "4-3"])
    assert (result.exit_code, "did you mean 'cim_training'?" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("by: adc,", "by: adk,", "did you mean 'adc'?"),
        ("source: circuit,", "source: circus,", "did you mean 'circuit'?"),
        ("like: switched,", "like: swiched,", "did you mean 'switched'?"),
        ("half_cycle: {unit: ns,", "half_cycle: {unit: ns, by: adc,", "needs both `by` and several values"),
        ("  half_cycle:", "  subarray:", "is in design and in quantities"),
    ],
)
def test_a_mistake_in_the_chip_file_is_told(zoo_with: Callable[..., Zoo], old: str, new: str, told: str) -> None:
    text = (Zoo().root / CHIP).read_text()
    assert old in text
    with pytest.raises(ZooError, match=r"models/chips/cim_training\.yaml") as error:
        zoo_with({CHIP: text.replace(old, new, 1)}).cim("cim_training")
    assert told in str(error.value)


# The command


def test_json_has_the_names_of_the_reference_runs() -> None:
    words = ["--layers", "784-200-10", "--set", "subarray=64:adc_bits=5", "--set", "technology_nm=22", "--json"]
    printed = json.loads(command(*words).stdout)
    direct = report(of({"subarray": 64, "adc_bits": 5, "technology_nm": 22}))
    assert printed == direct
    names = ("ChipArea_um2", *AREAS, "FW_lat_ns", "WGpeak_E_pJ", "brk_IC_lat_ns", "Total_lat_ns", "Total_E_pJ")
    assert all(printed[name] > 0 for name in names)
    assert sum(printed["by_layer"]["WG_lat_ns"]) == pytest.approx(printed["WG_lat_ns"])


def test_a_table_for_people() -> None:
    result = command("--layers", "784-200-10")
    assert result.exit_code == 0
    for line in ("area of the chip", "area: converters", "weight gradient", "WUwrite"):
        assert line in result.stdout


def test_a_trained_run_is_mapped(tmp_path) -> None:
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in (("input_hidden1", (16, 8)), ("hidden1_output", (8, 4))):
        dims = (f"{name}_pre", f"{name}_post")
        first = rng.normal(0, 0.1, shape)
        weights |= {f"w0_{name}": (dims, first), f"w_{name}": (dims, first + rng.normal(0, 0.3, shape))}
    attrs = {"experiment": "dfa", "setting": "default", "layers": "16-8-4", "samples": 500}
    attrs |= {"dataset": "digits", "seed": 0, "rule": "bp"}
    run = xr.Dataset(weights | {"test_error": ("epoch", [1.0, 0.5, 0.2])}, {"epoch": [0, 1, 2]}, attrs)
    run.to_netcdf(tmp_path / "run.nc")
    asked = request(Zoo(), chip(), "", tmp_path / "run.nc", ["subarray=64"], "")
    assert (asked.layers, asked.rule) == ((16, 8, 4), "dfa")
    assert {"subarray": 64, "batch": 1, "iterations": 500}.items() <= asked.settings.items()
    largest = [np.abs(values).max() for name, (_, values) in weights.items() if name.startswith("w_")]
    assert asked.settings["update_std"] == pytest.approx(0.3 / np.sqrt(1000) / np.mean(largest), rel=0.25)
    assert command("--run", str(tmp_path / "run.nc")).exit_code == 0
    assert request(Zoo(), chip(), "", tmp_path / "run.nc", ["batch=10"], "bp").settings["batch"] == 10


def training(setting: str, errors: list[float], experiment: str = "dfa_analog") -> xr.Dataset:
    """A made-up training of an experiment."""
    rng = np.random.default_rng(1)
    dims = ("unit_pre", "unit_post")
    weights = {name: (dims, rng.normal(0, 0.1, (16, 8))) for name in ("w0_a_b", "w_a_b")}
    facts = {"experiment": experiment, "rule": experiment.removesuffix("_analog"), "dataset": "digits", "seed": 0}
    error = ("epoch", errors, {"units": "1", "long_name": "error"})
    attrs = facts | {"layers": "64-16-10", "setting": setting, "samples": 100}
    return xr.Dataset(weights | {"test_error": error}, {"epoch": np.arange(len(errors))}, attrs)


def test_a_training_is_mapped_with_the_cells_and_converters_it_learned_with() -> None:
    def given(setting: str, experiment: str = "dfa_analog") -> dict[str, Any]:
        return trained.settings(Zoo(), chip(), training(setting, [0.9, 0.1], experiment))

    settings = given("synapse.levels=64:state.x_bits=4:synapse.on_off=10:synapse.input_bits=6")
    expected = {"levels": 64, "weight_bits": 6, "cell_bits": 6, "adc_bits": 4, "input_bits": 6, "r_off": 2400}
    assert expected.items() <= settings.items()
    assert given("synapse.levels=65")["weight_bits"] == 7
    assert (given("default")["adc_bits"], given("default")["levels"]) == (6, 60)
    assert not {"levels", "adc_bits"} & set(given("default", "bp"))  # weights that are no cells say nothing of a chip's


def test_trainings_are_listed_with_their_errors_and_costs_of_a_sample() -> None:
    runs = [training("default", [0.9, 0.5, 0.2]), training("state.x_bits=8", [0.9, 0.1], "bp_analog")]
    found = trained.of_trainings(Zoo(), chip(), runs)
    np.testing.assert_array_equal(found.test_error, [[0.9, 0.5, 0.2], [0.9, 0.1, np.nan]])
    assert found.experiment.values.tolist() == ["dfa_analog", "bp_analog"]
    settings = trained.settings(Zoo(), chip(), runs[1])
    costs = of(settings, (64, 16, 10))
    assert float(found.energy[1]) == pytest.approx(float(costs.Total_E_pJ) / 100)
    assert float(found.time[1]) == pytest.approx(float(costs.Total_lat_ns) / 100)
    assert (found.energy_chip < found.energy).all()
    assert float(found.area[0]) == pytest.approx(
        float(of(trained.settings(Zoo(), chip(), runs[0]), (64, 16, 10), "dfa").ChipArea_um2)
    )
