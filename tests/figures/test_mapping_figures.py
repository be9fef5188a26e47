"""Figures of what networks cost: every term is drawn once, against the published value."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from brian2zoo.formats.papers import paper
from brian2zoo.mapping.operations import KINDS

erbp_ledger, nbp_chips = paper("erbp").module("ledger"), paper("nbp").module("chips")


def mapping(mode: str, chip: str = "loihi") -> xr.Dataset:
    """A mapping that takes 3 and 2 units of energy, and 4 and 1 of time."""
    energy, time = ["synaptic operations", "messages"], ["neuron updates", "barrier"]
    return xr.Dataset(
        {
            "energy_dynamic": ((), 5e-6),
            "latency": ((), 5e-5),
            "energy_term_total": ("energy_term", [3e-6, 2e-6]),
            "time_term_total": ("time_term", [4e-5, np.nan]),
        },
        coords={"energy_term": energy, "time_term": time},
        attrs={"mode": mode, "chip": chip, "dataset": "mnist20", "layers": "400-400-10"},
    )


@pytest.fixture(scope="module")
def nbp() -> dict[str, Any]:
    """What the paper reports."""
    return paper("nbp").published


def widths(axes: Any) -> list[float]:
    return [round(bar.get_width(), 9) for bar in axes.patches]


def test_terms_add_up_and_the_published_value_is_marked(nbp) -> None:
    figure = nbp_chips.draw([mapping("test"), mapping("train")], nbp)
    energy, time, learning, _ = figure.axes
    assert widths(energy) == [3, 2]  # µJ
    assert widths(time) == [40]  # µs; what has no published number is not drawn
    assert widths(learning) == [0.003, 0.002]  # mJ
    drawn = [tuple(line.get_xdata()) for line in energy.lines]
    assert any(x[0] == pytest.approx(2.5) for x in drawn if len(x))
    assert {text.get_text() for text in figure.legends[0].get_texts()} >= {"synaptic operations", "spikes on their way"}


def test_every_term_of_the_mapper_has_a_group() -> None:
    grouped = [term for _, terms in nbp_chips.GROUPS.values() for term in terms]
    assert len(grouped) == len(set(grouped))


def test_values_published_of_another_network_are_not_drawn(nbp) -> None:
    digits = mapping("test").assign_attrs(dataset="digits", layers="64-100-10")
    energy, *_ = nbp_chips.draw([digits], nbp).axes
    assert not energy.lines


def test_without_mappings_the_published_values_stand_alone(nbp) -> None:
    figure = nbp_chips.draw([], nbp)
    assert "no mapping" in figure.axes[0].get_title("left")


def ledger(experiment: str, seed: int, scale: float) -> xr.Dataset:
    table = scale * np.ones((3, len(KINDS)))
    return xr.Dataset(
        {"operations": (("part", "operation"), table), "memory_synapse": ((), 8.0)},
        coords={"part": ["transmission", "learning", "neurons"], "operation": list(KINDS)},
        attrs={
            "experiment": experiment,
            "dataset": "digits",
            "layers": "64-100-10",
            "setting": "default",
            "seed": seed,
        },
    )


def test_ledger_has_a_bar_a_method_and_part_at_the_mean_of_the_seeds() -> None:
    figure = erbp_ledger.draw([ledger("erbp_plus", 0, 1), ledger("erbp_plus", 1, 3), ledger("nbp", 0, 5)], {})
    accesses, arithmetic, random = figure.axes
    assert widths(accesses) == [8e-6, 20e-6] * 3  # millions: the mean of 1 and 3, and 5, of four kinds; three parts
    assert widths(arithmetic) == [8e-6, 20e-6] * 3
    assert widths(random) == [2e-6, 5e-6] * 3
    assert accesses.get_title("left") == "digits 64-100-10\n8 bits a plastic synapse"
    assert [label.get_text() for label in accesses.get_yticklabels()] == ["eRBP+", "nBP"]


def test_ledger_says_bits_a_method_where_they_differ() -> None:
    narrow = ledger("nbp", 0, 5).assign(memory_synapse=((), 9.0))
    accesses, *_ = erbp_ledger.draw([ledger("erbp_plus", 0, 1), narrow], {}).axes
    assert [label.get_text() for label in accesses.get_yticklabels()] == ["eRBP+, 8 bits", "nBP, 9 bits"]
