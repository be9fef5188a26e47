"""Pages that are made of the zoo: every file has one, mathematics is what the strings say, cells are verdicts."""

import re

import pytest

from brian2zoo import pages
from brian2zoo.backends import BACKENDS
from brian2zoo.formats.kinds import KINDS
from brian2zoo.pages import commands, file, mathematics, matrix
from brian2zoo.pages.zoo import Whole, place


@pytest.fixture(scope="module")
def whole(zoo) -> Whole:
    return Whole(zoo)


def test_every_file_has_a_page(zoo) -> None:
    made = set(pages.places(zoo))
    assert {f"zoo/{kind}/{name}.md" for kind in KINDS for name in zoo.names(kind)} <= made


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_the_file_its_numbers_and_links_to_pages_that_are_made(kind, whole) -> None:
    name = whole.zoo.names(kind)[0]
    model, text = whole.zoo.load(kind, name), file.page(whole, (kind, name), {f"{kind}/{name}"})
    assert text.startswith(f"# {model.title}\n")
    assert (whole.zoo.root / model.path).read_text().rstrip() in text
    assert f"![What {name} does]({name}.png)" in text
    for line in getattr(model, "parameters", ()):
        assert f"| `{line.name}` | `{line.value}` |" in text
    links = re.findall(r"\]\((\.\./[^)#]+)", text.partition("```yaml")[0])
    assert {f"zoo/{link.removeprefix('../')}" for link in links} <= set(pages.places(whole.zoo))


def test_page_of_a_rule(whole) -> None:
    text = file.page(whole, ("rule", "erbp"))
    assert "[doi:10.3389/fnins.2017.00324](https://doi.org/10.3389/fnins.2017.00324)" in text
    assert "| `b_max` | `1.15*nA` | amp | `> 0` | half-width of the boxcar |" in text
    assert "| [erbp_plus](../experiment/erbp_plus.md) | ✓ | ✓ | ✓ | ✓ | ✓ |" in text
    assert "| [nsat](../chip/nsat.md) | yes |" in text
    assert "| synapse, spike | 1 | 1 | 1 | 1 | 2 |" in text  # one write and read, one addition, two comparisons


def test_neuron_says_which_rule_it_implies_or_why_none(whole) -> None:
    assert "Block-diagonal, onto synapses [current]" in file.page(whole, ("neuron", "lif_exp"))
    assert "\nNone: " in file.page(whole, ("neuron", "poisson_input"))


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a - (b - c)", r"a - \left(b - c\right)"),
        ("a*(b + c)/tau_m", r"\frac{a \, \left(b + c\right)}{\tau_{m}}"),
        ("-(v - E_L)", r"-\left(v - E_{L}\right)"),
        ("(a + b)**-2", r"\left(a + b\right)^{-2}"),
        ("(a**b)**c", r"\left(a^{b}\right)^{c}"),
        ("int(I_post > -b_max)", r"\left[ I_{\text{post}} > -b_{\text{max}} \right]"),
        ("not x or y and z", r"\lnot x \lor y \land z"),
        ("a3_plus*r1", r"a_{3,+} \, r_{1}"),
        ("unit // 2 % n", r"\left\lfloor\frac{\text{unit}}{2}\right\rfloor \bmod n"),
        ("exp(-t/tau)", r"e^{\frac{-t}{\tau}}"),
        ("1e-05*x", r"10^{-5} \, x"),
    ],
)
def test_expression_is_written_in_its_order_and_with_the_parentheses_it_needs(text, latex) -> None:
    assert mathematics.expression(text) == latex


def test_equations_and_statements() -> None:
    assert mathematics.equations("dv/dt = -v/tau : 1\nx = v + 1 : 1\nI : amp") == [
        r"\frac{dv}{dt} &= \frac{-v}{\tau}",
        "x &= v + 1",
    ]
    assert mathematics.statements("v -= a + b  # reset\nw = clip(w, 0, 1)") == [
        r"v &\leftarrow v - \left(a + b\right)",
        r"w &\leftarrow \text{clip}\left(w, 0, 1\right)",
    ]


def test_cells_are_verdicts(whole) -> None:
    assert set(matrix.LETTERS) == set(BACKENDS)
    assert matrix.cell(whole, "erbp", "blank_out") == "d c g G u"
    assert matrix.cell(whole, "graupner_brunel", "bounded") == "d c *g* *G* u"
    assert matrix.cell(whole, "stdp_pair", "bounded") == "d c g G u"
    assert matrix.cell(whole, "stdp_pair", "float") == ""  # which has no w_max
    assert matrix.cell(whole, "rtrl", "current") == "d c"


def test_page_of_commands_has_all_of_them_with_their_options() -> None:
    text = commands.page()
    assert {line for line in text.splitlines() if line.startswith("## ")} >= {"## check", "## list", "## map cim"}
    assert "| `--set` |" in text
    assert "`block_diagonal`, `snap1`, `full`" in text


def test_place() -> None:
    assert place(("rule", "erbp")) == "zoo/rule/erbp.md"
