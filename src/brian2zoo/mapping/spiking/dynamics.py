"""What a variable that a rule reads is, told by its equations and never by its name.

A trace decays exponentially and jumps at the spikes of one side by a constant, which is added, up to a limit if there
is one, or to which it is set.
A spike is a trace of which nothing is left a step later. A copy keeps what a trace was just before a spike. A reward
is what arriving spikes tell all neurons of a population alike, and what has no part in their own spikes. Anything else
is a variable, with the reason why it is no trace.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any, Literal

import numpy as np
import sympy as sp
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import SUBEXPRESSION, Equations
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import sympy_to_str
from sympy.core.function import AppliedUndef

from brian2zoo.circuits import Circuit, Projection, evaluate_weights, sizes_of
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.synapse import statements_at_spikes
from brian2zoo.derive.formulas import parse, symbol
from brian2zoo.equations.pieces import equations_of, join, names_in, statements, written
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.files import as_dict

Side = Literal["pre", "post"]
SAME_FOR_ALL = {*DEFAULT_UNITS, "dt", "pi", "e", "inf", "T_sample", "T_answer"}
"""Names that are the same for all neurons and synapses at all times."""
CLOCK = {"t", "sample_number"}
MOST_PRODUCTS = 100
"""That a formula is multiplied out to."""
_MANY = 10**9
_DECIMAL = re.compile(r"(?<!\w)\d+\.\d*(e[+-]?\d+)?")
CHANCE = {"rand", "randn", "poisson", "binomial", "xi"}


NEVER = sp.Integer(0)
"""Rate of what does not decay."""


@dataclass(frozen=True)
class Trace:
    """A variable that decays exponentially and jumps at the spikes of one side.

    Parameters
    ----------
    how : what a spike does to it: 'added' is the jump, or it is 'set' to it.
    jump : constant.
    rate : constant, 1/s, of the decay.
    kept : constant, what of it is left after each step beyond that.
    most : constant, at which it ends.
    """

    side: Side
    how: Literal["added", "set"]
    jump: sp.Expr
    rate: sp.Expr
    kept: sp.Expr
    most: sp.Expr = sp.oo

    @property
    def kind(self) -> tuple[Any, ...]:
        """Equal for two that differ by a factor alone."""
        return self.side, self.how, self.rate, self.kept, self._limit

    @property
    def _limit(self) -> sp.Expr:
        return self.most / self.jump if self.most != sp.oo else sp.oo

    @property
    def is_spike(self) -> bool:
        """Whether nothing is left of it after a step."""
        return self.kept == 0

    @property
    def described(self) -> str:
        """What it does, as a multiple of its jump."""
        step = "+1 at a spike" if self.how == "added" else "set to 1 at a spike"
        step += "" if self._limit == sp.oo else f", at most {shown(self._limit)}"
        kept = "" if self.kept == 1 else f", times {shown(self.kept)} in each step"
        decays = f", decays in {shown(1 / self.rate)}" if self.rate != 0 else kept or ", never decays"
        return step + decays + (kept if self.rate != 0 else "")


@dataclass(frozen=True)
class Copy:
    """A variable that a spike sets to what a trace of its side was just before, times `scale`, plus `offset`.

    Parameters
    ----------
    name : of the trace.
    """

    name: str
    of: Trace
    scale: sp.Expr
    offset: sp.Expr


@dataclass(frozen=True)
class Variable:
    """Anything else.

    Parameters
    ----------
    kind : 'membrane' by which the neuron fires, 'reward', or 'postsynaptic_variable'; of a synapse 'tag'.
    why, no_reward : why it is no trace, and no reward either, each as the end of a sentence.
    rate : decay of a tag, as of a trace.
    """

    kind: str
    why: str
    no_reward: str = ""
    rate: sp.Expr = NEVER


What = Trace | Copy | Variable


def jumped(block: str, equations: Equations) -> dict[str, sp.Expr]:
    """What statements that run one after the other make of each variable that they assign, by what all were before.

    What cannot be read as a formula stands there as a symbol that is no variable.
    """
    now: dict[sp.Symbol, sp.Expr] = {}
    meant = shorthand(equations)
    for line in statements(block):
        name, operator, text, _ = parse_statement(line)
        whole = text if operator == "=" else f"{name} {operator[:-1]} ({text})"
        now[symbol(name)] = formula(whole, meant).xreplace(now)
    return {str(name): value for name, value in now.items()}


def formula(text: str, meant: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """A text as a formula of variables, or a symbol that is none of them if it is no formula."""
    try:
        return parse(text).xreplace(meant)
    except ValueError:
        return sp.Dummy(text)


def shorthand(equations: Equations) -> dict[sp.Symbol, sp.Expr]:
    """What subexpressions stand for, by variables."""
    if not equations.subexpr_names:
        return {}
    whole = dict(equations.get_substituted_expressions(include_subexpressions=True))
    return {symbol(name): formula(str(whole[name].code), {}) for name in equations.subexpr_names}


def is_constant(value: sp.Expr, constants: Collection[str]) -> bool:
    """Whether a formula is made of constants alone, without chance."""
    names = {str(s) for s in value.free_symbols}
    called = {f.func.__name__ for f in value.atoms(AppliedUndef)}
    return not (names | called) & CHANCE and names <= {*constants, *SAME_FOR_ALL}


def number(value: sp.Expr, values: Mapping[str, Any]) -> float | None:
    """A constant as a number in SI units; None if it cannot be worked out."""
    try:
        return float(np.asarray(evaluate(sympy_to_str(value), values)))
    except (ValueError, TypeError):
        return None


def slope(value: sp.Expr, x: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """Slope and value at 0 of a formula that is straight in x; of any other the slope has x in it."""
    return multiplied_out(sp.diff(value, x)), multiplied_out(value.xreplace({x: sp.Integer(0)}))


def multiplied_out(value: sp.Expr) -> sp.Expr:
    """A sum of products, if these are few; else as it is."""
    return sp.expand(value) if products(value) <= MOST_PRODUCTS else value


def products(value: sp.Expr) -> int:
    """How many products a formula has at most once it is multiplied out."""
    if isinstance(value, sp.Add):
        return sum(map(products, value.args))
    found = 1
    if isinstance(value, sp.Pow) and value.exp.is_Integer:
        n, power = products(value.base), abs(int(value.exp))
        found = comb(n + power - 1, power)
    elif value.args:
        for part in value.args:
            found = min(found * products(part), _MANY)
    return found


def decay(
    name: str, equations: Equations, each_step: Mapping[str, sp.Expr], values: Mapping[str, Any]
) -> tuple[sp.Expr, sp.Expr] | str:
    """How a variable decays, as rate and as what is kept in each step, or why it does not do so exponentially."""
    x, equation = symbol(name), equations[name]
    rate = NEVER
    if equation.varname in equations.diff_eq_names:
        flow = formula(str(equation.expr), shorthand(equations))
        rate, rest = slope(-flow, x)
        if rest != 0 or not is_constant(rate, values):
            return f"'d{name}/dt' is no exponential decay to zero"
        found = number(rate, values)
        if found is not None and found < 0:
            return f"'d{name}/dt' grows"
    kept, rest = slope(each_step.get(name, x), x)
    if rest != 0 or not is_constant(kept, values):
        return "each step changes it by more than a factor"
    found = number(kept, values)
    if found is not None and not 0 <= found <= 1:
        return "each step multiplies it by a factor that is no decay"
    return rate, kept


def trace(
    side: Side, x: sp.Symbol, after: sp.Expr, decays: tuple[sp.Expr, sp.Expr], values: Mapping[str, Any]
) -> Trace | str:
    """A variable that a spike makes `after` of, or why it is no trace.

    Parameters
    ----------
    values : of the constants.
    """
    if is_constant(after, values):
        return Trace(side, "set", after, *decays)
    after, most = _below(after, values)
    jump = multiplied_out(after - x)
    if is_constant(jump, values) and (most == sp.oo or (number(jump, values) or -1) > 0):
        return Trace(side, "added", jump, *decays, most)
    if x not in after.free_symbols:
        return f"a spike sets it to {shown(after)}, which is no constant"
    if x in jump.free_symbols:
        return "its jump depends on what it is"
    return f"its jump, {shown(jump)}, is no constant"


def _below(after: sp.Expr, values: Mapping[str, Any]) -> tuple[sp.Expr, sp.Expr]:
    """What `clip(x, low, high)` clips, where that grows from 0, and its upper end, which is infinite without `clip`."""
    if not after.is_Function or str(after.func) != "clip":
        return after, sp.oo
    inner, low, high = after.args
    bottom, top = (number(end, values) if is_constant(end, values) else None for end in (low, high))
    if bottom is None or top is None or bottom > 0 or top <= 0:
        return after, sp.oo
    return inner, high


def shown(value: sp.Expr) -> str:
    """A formula in few words."""
    short = _DECIMAL.sub(lambda found: f"{float(found[0]):g}", sympy_to_str(value))
    return re.sub(r"(?<![\w.])1\*(?!\*)", "", short)


class Neuron:
    """The variables of a population, on one side of a synapse.

    Parameters
    ----------
    arriving : projections that change a variable, by its name.
    """

    def __init__(
        self, side: Side, code: NeuronCode, arriving: Mapping[str, list[Projection]], circuit: Circuit
    ) -> None:
        self.side, self.code, self.arriving, self.circuit = side, code, arriving, circuit
        self.equations = equations_of(code.equations)
        self.values = code.parameters

    @cached_property
    def _at_spike(self) -> dict[str, sp.Expr]:
        return jumped(self.code.reset, self.equations)

    @cached_property
    def _each_step(self) -> dict[str, sp.Expr]:
        return jumped(self.code.each_step, self.equations)

    @cached_property
    def _elsewhere(self) -> set[str]:
        code = self.code
        return set(written(join(code.before, code.on_sample, code.forward, code.backward)))

    def is_constant(self, name: str) -> bool:
        """Whether it is a parameter."""
        return name in self.values

    def meant(self, name: str) -> str:
        """The expression that a name stands for; empty if it stands for itself."""
        equation = self.equations.get(name)
        return str(equation.expr) if equation is not None and equation.type == SUBEXPRESSION else ""

    def is_last_spike(self, name: str) -> bool:
        """Whether a variable is the time of the neuron's last spike."""
        changed = name in self.arriving or name in self._elsewhere or name in self._each_step
        return not changed and self._at_spike.get(name) == symbol("t") and name not in self.equations.diff_eq_names

    def what(self, name: str) -> What:
        """What a variable is."""
        found = self._of_own_spikes(name)
        if not isinstance(found, str):
            return found
        if name in self._fires_by:
            return Variable("membrane", "the neuron fires by it")
        if name not in self.equations:
            return Variable("postsynaptic_variable", found)
        no_reward = self._told_to_some(name)
        return Variable("postsynaptic_variable" if no_reward else "reward", found, no_reward)

    def _of_own_spikes(self, name: str) -> Trace | Copy | str:
        if name not in self.equations:
            return "the neuron has no such variable"
        if name in self.arriving:
            return "spikes that arrive change it"
        if name in self._elsewhere:
            return "it is set at the onset of a sample"
        if "unless refractory" in self.equations[name].flags and self.code.refractory:
            return "it stands still while the neuron is refractory"
        after = self._at_spike.get(name, symbol(name))
        if after == symbol(name):
            return "no spike of its neuron changes it"
        decays = decay(name, self.equations, self._each_step, self.values)
        if isinstance(decays, str):
            return decays
        found = trace(self.side, symbol(name), after, decays, self.values)
        if isinstance(found, str) and decays == (0, 1):
            return self._copy(after) or found
        return found

    def _copy(self, after: sp.Expr) -> Copy | None:
        """A copy, made at a spike, of a trace before it."""
        others = [s for s in after.free_symbols if str(s) in self.equations and not self.is_constant(str(s))]
        if len(others) != 1 or str(others[0]) not in self.equations.diff_eq_names | set(self._each_step):
            return None
        of, (scale, offset) = self._of_own_spikes(str(others[0])), slope(after, others[0])
        alike = is_constant(scale, self.values) and is_constant(offset, self.values)
        return Copy(str(others[0]), of, scale, offset) if isinstance(of, Trace) and alike else None

    @cached_property
    def _fires_by(self) -> set[str]:
        """Variables in the condition for a spike."""
        return names_in(self.code.threshold, self.equations) if self.code.threshold else set()

    @cached_property
    def _part_in_spikes(self) -> set[str]:
        """Variables on which a spike depends, also through others."""
        found = set(self._fires_by)
        made_of = [(name, names_in(str(e.expr), self.equations)) for name, e in self.equations.items() if e.expr]
        for line in statements(join(self.code.reset, self.code.each_step)):
            name, _, text, _ = parse_statement(line)
            made_of.append((name, names_in(text, self.equations)))
        while more := set().union(*(used for name, used in made_of if name in found)) - found:
            found |= more
        return found

    def _told_to_some(self, name: str) -> str:
        """Why it is no reward; empty if arriving spikes alone make it, the same for all, and no spike depends on it."""
        before = {str(s) for s in self._each_step.get(name, symbol(name)).free_symbols} | {name}
        made_of = {n for n in before if n in self.equations and not self.is_constant(n)}
        ways = [way for n in made_of for way in self.arriving.get(n, ())]
        if not ways:
            return "no spike from elsewhere changes it"
        if made_of & self._part_in_spikes:
            return "the neuron fires by it"
        flows = (decay(n, self.equations, {}, self.values) for n in made_of)
        if made_of & (self._at_spike.keys() | self._elsewhere) or any(isinstance(flow, str) for flow in flows):
            return "other things change it too"
        if not all(_alike(self.circuit, way) for way in ways):
            return "not all neurons are told the same"
        return ""


def neurons(circuit: Circuit, codes: Mapping[str, NeuronCode]) -> dict[tuple[Side, str], Neuron]:
    """The neurons of a circuit by the side of a synapse that they are on, and by the name of the population."""
    arriving: dict[str, dict[str, dict[str, Projection]]] = {name: {} for name in codes}
    for projection in circuit.projections:
        for side, variable in _changed(projection):
            by_variable = arriving[getattr(projection, side).name]
            by_variable.setdefault(variable, {})[projection.name] = projection
    found: dict[tuple[Side, str], Neuron] = {}
    for name, code in codes.items():
        changed = {variable: list(projections.values()) for variable, projections in arriving[name].items()}
        found |= {(side, name): Neuron(side, code, changed, circuit) for side in ("pre", "post")}
    return found


def _changed(projection: Projection) -> Iterator[tuple[Side, str]]:
    """Variables of the neurons on both sides that its spikes, sums and rule change."""
    model, rule = projection.synapse, projection.rule
    equations = equations_of(join(model.state, model.backward, rule.equations.text if rule else ""))
    names = written(statements_at_spikes(model, rule)) + (written(rule.statements) if rule else [])
    names += [name for name, equation in equations.items() if "summed" in equation.flags]
    for name in names:
        for side in ("pre", "post"):
            if name.endswith(f"_{side}"):
                yield side, name.removesuffix(f"_{side}")


def _alike(circuit: Circuit, projection: Projection) -> bool:
    """Whether a spike of a projection tells all neurons behind it the same."""
    if projection.sign is not None or projection.rule is not None:
        return False
    if projection.pairs is not None:
        fan_out = np.bincount(projection.pairs[0], minlength=projection.pre.size)
        if not np.isin(fan_out, (0, projection.post.size)).all():
            return False
    text = as_dict(circuit.experiment.stated.weights).get(projection.kind, "")
    sizes = sizes_of(circuit.layers) | {"N_pre": projection.pre.size, "N_post": projection.post.size}
    try:
        return evaluate_weights(text, sizes).ndim == 0
    except ValueError:  # it draws them
        return False
