"""Which rules are sums of products for Loihi's learning engine."""

import pytest
from brian2.parsing.sympytools import str_to_sympy
from typer.testing import CliRunner

from brian2zoo.circuits import build
from brian2zoo.cli.commands import app
from brian2zoo.formats.rules import Rule
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.spiking.loihi import sum_of_products


def rule(on_pre: str, **more) -> Rule:
    return Rule(title="A rule", on_pre=on_pre, **more)


@pytest.mark.parametrize(
    ("on_pre", "more"),
    [
        ("dw = 4*r1*x0*y0 - 2*x0*y0", {}),
        ("dw = eta*x1*(y0 + 3)*(w - 2)", {"parameters": "eta = 0.5"}),
        ("dw = x0**2*tag - d/8", {}),
    ],
)
def test_polynomials_fit_and_keep_their_value(on_pre, more) -> None:
    verdict = sum_of_products(rule(on_pre, **more))
    assert verdict.fits, verdict.text
    found, asked = (str_to_sympy(text.removeprefix("dw = ")) for text in (verdict.text, on_pre))
    assert (found - asked).expand() == 0
    assert found == found.expand(), "not a sum of products"


@pytest.mark.parametrize(
    ("on_pre", "more", "reason"),
    [
        ("dw = x0*U_post", {}, "'U_post' is no factor"),
        ("dw = x0*int(y1 > 3)", {}, "is no product"),
        ("dw = x0*exp(y1)", {}, "is no product"),
        ("dw = x0/y1", {}, "divides by a factor"),
        ("dw = x0\nz += 1", {}, "on_pre changes 'z' as well"),
    ],
)
def test_what_does_not_fit_has_a_reason(on_pre, more, reason) -> None:
    verdict = sum_of_products(rule(on_pre, **more))
    assert not verdict.fits
    assert reason in verdict.text


@pytest.mark.parametrize("experiment", ["nbp", "nbp_readout", "nbp_updated", "nbp_fixed_feedback"])
def test_a_spike_that_is_to_carry_the_new_weight_comes_too_early(experiment) -> None:
    """The order is an experiment's choice."""
    zoo = Zoo()
    plastic = build(zoo.experiment(experiment), (4, 3, 2), "train").plastic
    assert plastic
    for verdict in (sum_of_products(projection.rule) for projection in plastic):
        assert verdict.fits == (experiment != "nbp_updated")
        assert ("first delivers, then learns" in verdict.text) == (experiment == "nbp_updated")


def test_every_rule_of_the_zoo_has_an_answer() -> None:
    zoo = Zoo()
    fits = {name for name in zoo.names("rule") if sum_of_products(zoo.rule(name)).fits}
    assert fits == {"nbp"}


def test_show_prints_it() -> None:
    assert "sum of products: dw = -2*x0*y0 + 4*r1*x0*y0" in CliRunner().invoke(app, ["show", "rule/nbp"]).output
    assert "no sum of products: 'I_post' is no factor" in CliRunner().invoke(app, ["show", "rule/erbp"]).output
