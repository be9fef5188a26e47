"""Is a rule a sum of products that the learning engine of Loihi can work out?

The engine changes a weight by z += sum_i S_i prod_j (V_ij + C_ij): S and C are constants, V is a spike or trace of
one of the two sides, a reward, or a variable of the synapse itself (Davies et al. 2018, IEEE Micro 38(1)). It
adds at the end of a learning epoch; nothing else of a neuron is in its reach.
"""

from dataclasses import dataclass

import sympy
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy

from brian2zoo.equations.pieces import statements
from brian2zoo.errors import ZooError
from brian2zoo.formats.files import as_dict
from brian2zoo.formats.rules import Rule
from brian2zoo.learning.rule import LearningRule

FACTORS = {
    "x0": "presynaptic spike",
    "x1": "first presynaptic trace",
    "x2": "second presynaptic trace",
    "y0": "postsynaptic spike",
    "y1": "first postsynaptic trace",
    "y2": "second postsynaptic trace",
    "y3": "third postsynaptic trace",
    "r0": "reward spike",
    "r1": "reward trace",
    "w": "weight",
    "d": "delay",
    "tag": "tag",
}


@dataclass(frozen=True)
class Fit:
    """Whether a rule fits, with its form, or else with the reason."""

    fits: bool
    text: str


def sum_of_products(rule: Rule | LearningRule) -> Fit:
    """The change a rule asks for as Loihi's sum of products, or why it is none.

    Of a composed rule it is also told whether a spike carries the weight as the chip has it.

    A statement has to be a polynomial in `FACTORS`; parameters are constants. Names are taken at their word: that
    a rule's own `x1` is a trace the chip can keep, this does not check.
    """
    changes = []
    for event in ("on_pre", "on_post", "each_step", "on_sample"):
        for line in statements(getattr(rule, event) if isinstance(rule, Rule) else rule.events[event].text):
            variable, operator, expression, _ = parse_statement(line)
            if variable != "dw" or operator != "=":
                return Fit(False, f"{event} changes '{variable}' as well; the engine adds to one variable")
            changes.append(expression)
    if not changes:
        return Fit(False, "it changes no weight")
    try:
        total = sympy.expand(sum(str_to_sympy(text) for text in changes))
    except (SyntaxError, ValueError, TypeError) as error:
        raise ZooError(rule.path, "dw", f"it cannot be read as a formula ({error})", "use + - * / and names") from None
    constants = as_dict(rule.parameters) if isinstance(rule, Rule) else rule.parameters
    symbols = sorted(total.free_symbols, key=str)
    factors = [s for s in symbols if str(s) in FACTORS]
    for symbol in symbols:
        if str(symbol) not in FACTORS and str(symbol) not in constants:
            return Fit(False, f"'{symbol}' is no factor of the engine, which knows {', '.join(FACTORS)}")
    calls = total.atoms(sympy.Function) | total.atoms(sympy.core.relational.Relational)
    if calls:
        return Fit(False, f"'{sorted(map(str, calls))[0]}' is no product of factors")
    if not total.is_polynomial(*factors):
        return Fit(False, "it divides by a factor or takes a power of it that is no whole number")
    terms = sympy.Add.make_args(total)
    text = " + ".join(str(term).replace("1.0*", "") for term in terms).replace("+ -", "- ")
    late = ", but a spike is to carry the new weight; the chip first delivers, then learns"
    too_late = isinstance(rule, LearningRule) and rule.transmits == "after"
    return Fit(not too_late, f"dw = {text}{late if too_late else ''}")
