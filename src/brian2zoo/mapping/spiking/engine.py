"""Can the learning engine of a chip work out what a rule asks for, and with which of its traces?

What an engine has is in the chip's file, `engine`; what the rule's variables are, their equations say (`dynamics`). A
rule is walked line by line, and the first line that prevents it is told. For a sum of products a change has to be

    dw = sum_i S_i prod_j (V_ij + C_ij)

of constants S, C and quantities V of the engine (Davies et al. 2018, IEEE Micro 38(1)), in every step or once an epoch;
of a program it is only asked what it reads, and of a built-in rule too, so that for such a rule the answer is 'no' or
not known. Numbers of bits, rounding, and where a trace ends are not compared.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp
from brian2.equations.equations import SUBEXPRESSION
from brian2.parsing.statements import parse_statement

from brian2zoo.circuits import Circuit, Projection
from brian2zoo.circuits.bounds import bounds
from brian2zoo.compose.circuit import Codes
from brian2zoo.derive.formulas import symbol
from brian2zoo.equations.pieces import Line, equations_of, given, join, renamed, values, written
from brian2zoo.formats.chips import ANY, UNKNOWN, Engine, SpikingChip
from brian2zoo.formats.expressions import evaluate
from brian2zoo.learning.rule import EVENTS
from brian2zoo.mapping.spiking import epochs
from brian2zoo.mapping.spiking.dynamics import (
    CHANCE,
    CLOCK,
    MOST_PRODUCTS,
    SAME_FOR_ALL,
    Copy,
    Neuron,
    Trace,
    Variable,
    What,
    decay,
    formula,
    jumped,
    neurons,
    number,
    products,
    shorthand,
    shown,
    trace,
)

Answer = Literal["yes", "no", "not known"]
_AT = {"on_pre": "presynaptic_spike", "on_post": "postsynaptic_spike", "each_step": "every_step"}
"""What an engine needs to learn at an event."""
_OWN = {"on_pre": "pre", "on_post": "post"}
_END, _END_OF_EPOCH = ("end of an epoch",), sp.Dummy("end_of_epoch")
_CALLED = {
    "presynaptic_spike": "factor for a presynaptic spike",
    "postsynaptic_spike": "factor for a postsynaptic spike",
    "every_step": "factor for every step",
    "presynaptic_trace": "presynaptic trace",
    "postsynaptic_trace": "postsynaptic trace",
    "membrane": "membrane as a factor",
    "postsynaptic_variable": "variable of the postsynaptic neuron",
    "reward": "reward",
    "clock": "clock",
    "weight": "weight as a factor",
    "tag": "further variable of a synapse",
}


@dataclass(frozen=True)
class Verdict:
    """Whether an engine can work a rule out.

    Parameters
    ----------
    text : the change as the engine has it, or else the line that prevents it and why.
    quantities : what the engine's quantities are of the rule's, each as 'x1 is r1_pre (...)'.
    order : why a spike carries another weight than the experiment asks for; empty if it does not.
    """

    answer: Answer
    text: str
    quantities: tuple[str, ...] = ()
    order: str = ""

    def __str__(self) -> str:
        return f"{self.answer}: {self.text}"


class _Prevented(Exception):
    """What of a line an engine cannot do, or nobody knows whether it can."""

    def __init__(self, problem: str, key: str = "", answer: Answer = "no") -> None:
        super().__init__(problem)
        self.problem, self.key, self.answer = problem, key, answer


class Learning:
    """How a circuit learns, as the learning of chips may be compared with it.

    Parameters
    ----------
    codes : the circuit's, composed.
    """

    def __init__(self, circuit: Circuit, codes: Codes) -> None:
        self.circuit, self.codes, self.neurons = circuit, codes, neurons(circuit, codes.neurons)

    def verdicts(self, chip: SpikingChip) -> dict[Verdict, list[Projection]]:
        """What is to be said of the projections that learn, of those alike once."""
        found: dict[Verdict, list[Projection]] = {}
        for projection in self.circuit.plastic:
            found.setdefault(self.verdict(chip, projection), []).append(projection)
        return found

    def verdict(self, chip: SpikingChip, projection: Projection) -> Verdict:
        """Whether a chip can learn as a projection does."""
        ends = {side: self.neurons[side, getattr(projection, side).name] for side in ("pre", "post")}
        dt = evaluate(self.circuit.experiment.protocol.dt)
        return _verdict(chip, projection, ends, self.codes.on_neurons[projection.name].names, dt)


def _verdict(
    chip: SpikingChip, projection: Projection, ends: Mapping[str, Neuron], called: Mapping[str, str], dt: Any
) -> Verdict:
    if chip.engine is None:
        nothing = "it does not learn" if chip.learning == "none" else "what its learning works with is not stated"
        return Verdict("no" if chip.learning == "none" else "not known", f"{chip.path}: engine: {nothing}")
    reading = _Reading(chip, projection, ends, called, dt)
    rule = projection.rule
    if rule.influence is not None:
        problem = "it follows what a weight does to the other neurons of its layer; an engine works at one synapse"
        return _refusal(chip, rule.influence.variables[0], _Prevented(problem))
    for event in EVENTS:
        for line in rule.events[event]:
            try:
                reading.run(event, line.text)
            except _Prevented as found:
                return _refusal(chip, line, found)
    try:
        text = reading.result()
    except _Prevented as found:
        return _refusal(chip, Line("", rule.path, reading.event), found)
    if chip.learning == "fixed":
        told = f"{chip.path}: learning: it has one rule of its own; whether that is '{rule.name}' is not compared"
        return Verdict("not known", told, tuple(reading.told.values()))
    return Verdict("yes", text, tuple(reading.told.values()), _order(chip, projection))


def _order(chip: SpikingChip, projection: Projection) -> str:
    """Why a spike carries another weight than the experiment asks for; empty if it does not."""
    asked, has = projection.rule.transmits, chip.engine.transmits
    if has in (None, asked) or "dw" not in written(projection.rule.events["on_pre"].text):
        return ""
    learns = "first delivers a spike, then learns" if has == "before" else "first learns, then delivers a spike"
    change = f"'learning: {{plastic: {{transmits: {has}}}}}' of the experiment has it so too"
    return f"{chip.path}: engine.transmits: the chip {learns}, the experiment the other way round — {change}"


def _refusal(chip: SpikingChip, line: Line, found: _Prevented) -> Verdict:
    limit = f" ({chip.path}: engine{f'.{found.key}' if found.key else ''})"
    return Verdict(found.answer, f"{line.source}: {found.problem}{limit}")


class _Reading:
    """Reads a rule line by line in terms of an engine's quantities.

    Parameters
    ----------
    called : what composing has made of the names of the rule.
    dt : of a step.
    """

    def __init__(
        self, chip: SpikingChip, projection: Projection, ends: Mapping[str, Neuron], called: Mapping[str, str], dt: Any
    ) -> None:
        self.engine: Engine = chip.engine
        self.dt = dt
        self.strict = chip.learning == "sum_of_products"
        self.rule, self.store = projection.rule, projection.synapse
        self.called, self.ends = called, ends
        self.late = projection.delay if evaluate(projection.delay) != 0 else ""
        self.back = {there: name for name, there in self.called.items()}
        post = projection.post.name
        own = {f"{name}_{post}": name for name in self.rule.parameters}
        own |= {f"{name}_of_{post}": f"{name}_post" for name in ends["post"].values}
        self.shown = own | {re.sub("_(pre|post)$", "", there): name for there, name in self.back.items()}
        self.equations = equations_of(join(self.store.state, self.rule.equations.text))
        store = values(given(self.store, projection.overrides))
        of_ends = {f"{name}_{side}": value for side, end in ends.items() for name, value in end.values.items()}
        self.values: dict[str, Any] = of_ends | store | values(self.rule.parameters)
        self.meant = shorthand(self.equations)
        self.bounds = bounds(projection.synapse, projection.overrides)
        self.taken: dict[tuple[Any, ...], sp.Symbol] = {}
        self.sent: set[sp.Symbol] = set()
        self.told: dict[str, str] = {}
        self.changes: dict[str, list[sp.Expr]] = {}
        self.now: dict[str, sp.Expr] = {}
        self.event = ""
        self.epoch = 0  # steps, once a line has said so
        self._known: dict[str, What] = {}

    # --- Statements -------------------------------------------------------------------------------

    def run(self, event: str, line: str) -> None:
        """A statement at an event; `_Prevented` if the engine cannot do it."""
        if event != self.event:
            self.event, self.now = event, {}
        if event not in _AT:
            moment = "at the onset of a sample" if event == "at_onset" else "once a sample"
            raise _Prevented(f"'{line}' runs {moment}, of which the engine knows nothing")
        name, operator, text, _ = parse_statement(line)
        if name.endswith(("_pre", "_post")):
            raise _Prevented(f"it changes '{name}' of a neuron; the engine changes synapses")
        self._slot(_AT[event], (_AT[event],), _AT[event])
        if event in _OWN:
            self._agree(line, 1)
        what = self._synaptic(name) if name in self.equations else None
        whole = text if operator == "=" else f"{name} {operator[:-1]} ({text})"
        if isinstance(what, Trace):
            self.now[name] = self._jump(name, what)
            return
        value = self._value(ast.parse(whole.strip(), mode="eval").body)
        if name == "dw":
            self._change("dw", value)
        elif what is not None:
            before = self.now.get(name, self._tag(name, what))
            self._change(str(self._tag(name, what)), value - before)
        self.now[name] = value

    def _jump(self, name: str, what: Trace) -> sp.Expr:
        """What a trace on the synapse is after its own jump, which the engine makes by itself."""
        if self.event == "each_step":
            return self._of_trace(name, what)
        if what.how == "set":
            return what.jump
        return self.now.get(name, self._of_trace(name, what)) + what.jump

    def _change(self, of: str, value: sp.Expr) -> None:
        at = self._slot(_AT[self.event], (_AT[self.event],), _AT[self.event])
        self.changes.setdefault(of, []).append(at * value)

    def result(self) -> str:
        """The changes as the engine makes them; `_Prevented` if they are too long."""
        if "dw" not in self.changes:
            raise _Prevented("it changes no weight")
        if not self.strict:
            return f"a program that reads {', '.join(self.told.values()) or 'spikes alone'}"
        changes = sorted(self.changes, key=lambda of: of != "dw")
        if self.epoch > 1:
            self.told["epoch"] = f"a learning epoch has {_steps(self.epoch)}"
        return "; ".join([*(self._sum(of, self.changes[of]) for of in changes), *self.told.values()])

    def _sum(self, of: str, terms: list[sp.Expr]) -> str:
        whole, changed = sp.Add(*terms), of if of == "dw" else f"d{of}"
        if products(whole) > MOST_PRODUCTS:
            if self.engine.terms is not None:
                problem = f"how many products '{of}' is was not worked out, since they may be more than {MOST_PRODUCTS}"
                raise _Prevented(problem, "terms", "not known")
            return f"{changed} = {shown(whole)}"
        spikes = [s for key, s in self.taken.items() if key[0] in {*_AT.values(), *_END}]
        summed = sp.Add.make_args(_without_squares(sp.expand(whole), spikes))
        if self.engine.terms is not None and len(summed) > self.engine.terms:
            problem = f"'{of}' is a sum of {len(summed)} products, the engine has {self.engine.terms}"
            raise _Prevented(problem, "terms")
        if self.epoch > 1:
            for product in summed:
                if not product.has(_END_OF_EPOCH):
                    raise _Prevented(f"'{product}' changes '{of}' in every step, the engine once an epoch", "epoch")
            summed = sp.Add.make_args(sp.Add(*summed).xreplace({_END_OF_EPOCH: sp.Integer(1)}))
        own = set(self.taken.values())
        for product in summed if self.engine.factors is not None else ():
            n = sum(int(power) for base, power in product.as_powers_dict().items() if base in own)
            if n > self.engine.factors:
                raise _Prevented(f"'{product}' has {n} factors, the engine takes {self.engine.factors}", "factors")
        clashing = {symbol(str(s)): symbol(f"rule.{s}") for s in own}  # constants that are called as a quantity is
        told = " + ".join(shown(product.xreplace(clashing)) for product in summed).replace("+ -", "- ")
        return f"{changed} = {renamed(told, self.shown)}"

    # --- Expressions ------------------------------------------------------------------------------

    def _value(self, node: ast.expr) -> sp.Expr:
        """An expression in terms of the engine's quantities."""
        if isinstance(node, ast.Constant):
            return sp.sympify(node.value)
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            value = self._value(node.operand)
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        return self._other(node)

    def _binary(self, node: ast.BinOp) -> sp.Expr:
        left, right = self._value(node.left), self._value(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        text = ast.unparse(node)
        if isinstance(node.op, ast.Div):
            if right == 0:
                raise _Prevented(f"'{text}' divides by zero")
            if self._varies(right):
                self._no_product(f"'{text}' divides by '{ast.unparse(node.right)}'", left, right)
            return left / right
        if isinstance(node.op, ast.Pow) and not self._varies(right):
            exponent = number(right, self.values)
            whole = exponent is not None and exponent.is_integer()
            if whole and (exponent >= 0 or not self._varies(left)):
                return left ** int(exponent)
            if self._varies(left):
                power = f"{exponent:g}" if exponent is not None else ast.unparse(node.right)
                self._no_product(f"'{text}' takes a power, {power}, that is no whole number from 0 on", left)
        elif self._varies(left) or self._varies(right):
            self._no_product(f"'{text}' is no product", left, right)
        return self._opaque(text, left, right)

    def _other(self, node: ast.expr) -> sp.Expr:
        """A call, a comparison, a condition."""
        text = ast.unparse(node)
        if (found := self._of_epoch(node)) is not None:
            return found
        if isinstance(node, ast.Call):
            name, parts = ast.unparse(node.func), node.args
            if name in CHANCE:
                self._no_product(f"'{text}' draws a random number")
                return self._opaque(text)
            if name == "clip" and self._idle(node):
                return self._value(node.args[0])
        elif isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        else:
            parts = node.values if isinstance(node, ast.BoolOp) else [node.operand]
        found = [self._value(part) for part in parts]
        if any(map(self._varies, found)):
            self._no_product(f"'{text}' is a {'function' if isinstance(node, ast.Call) else 'condition'}", *found)
        return self._opaque(text, *found)

    def _of_epoch(self, node: ast.expr) -> sp.Expr | None:
        """That an epoch has ended, or that a side has spiked in it; None if it is no such condition."""
        when = epochs.condition(node) if self.strict and self.event == "each_step" else None
        if when is None:
            return None
        names = {part.id for part in ast.walk(when) if isinstance(part, ast.Name)} - self.values.keys() - SAME_FOR_ALL
        if names == {"t"}:
            steps = epochs.period(when, self.values, self.dt)
            if steps is None:
                return None
            self._agree(ast.unparse(node), steps)
            return sp.Integer(1) if steps == 1 else self.taken.setdefault(_END, _END_OF_EPOCH)
        for name in names - {"t"} if len(names) == 2 and "t" in names else ():
            side = name.rsplit("_", 1)[-1]
            own = self.called.get(name, name).removesuffix(f"_{side}")
            if side not in self.ends or not self.ends[side].is_last_spike(own) or (side == "pre" and self.late):
                return None
            if steps := epochs.reach(when, name, self.values, self.dt):
                self._agree(ast.unparse(node), steps)
                kind = f"{side}synaptic_spike"
                return self._slot(kind, (kind,), kind)
        return None

    def _agree(self, text: str, steps: int) -> None:
        """That a line speaks of an epoch of this length, as all other lines do."""
        if not self.strict:
            return
        if self.epoch not in (0, steps):
            problem = f"'{text}' is of {_steps(steps)}, another line of {_steps(self.epoch)}; the engine has one epoch"
            raise _Prevented(problem, "epoch")
        if steps > self.engine.epoch:
            raise _Prevented(
                f"'{text}' is of {_steps(steps)}, the engine's epoch has {self.engine.epoch} at most", "epoch"
            )
        self.epoch = steps

    def _no_product(self, problem: str, *parts: sp.Expr) -> None:
        """That an engine only adds and multiplies; of what its neuron sends, the neuron may have made more."""
        if not self.strict:
            return
        varying = set().union(*(part.free_symbols for part in parts)) & set(self.taken.values())
        if varying and varying <= self.sent:
            problem += "; whether the postsynaptic neuron can send that is not known"
            raise _Prevented(problem, "postsynaptic_variable", "not known")
        raise _Prevented(f"{problem}; the engine adds and multiplies")

    def _opaque(self, text: str, *parts: sp.Expr) -> sp.Expr:
        """What the engine does not take apart: a constant, unless a part of it varies, which only a program may."""
        found = symbol(text if text.endswith(")") else f"({text})")
        if any(map(self._varies, parts)):
            self.taken.setdefault((text,), found)
        return found

    def _varies(self, value: sp.Expr) -> bool:
        return bool(value.free_symbols & set(self.taken.values()))

    def _idle(self, call: ast.Call) -> bool:
        """Whether a `clip` of the weight leaves all that the weight can be as it is."""
        inner, *ends = call.args
        value, w = formula(ast.unparse(inner), self.meant), symbol("w")
        low, high = (number(formula(ast.unparse(end), self.meant), self.values) for end in ends)
        if self.bounds is None or sp.diff(value, w, 2) != 0 or low is None or high is None:
            return False
        reached = [number(value.xreplace({w: sp.Float(bound)}), self.values) for bound in self.bounds]
        return all(end is not None and low <= end <= high for end in reached)

    # --- Names ------------------------------------------------------------------------------------

    def _named(self, name: str) -> sp.Expr:
        if name in self.now:
            return self.now[name]
        if name in self.values or name in SAME_FOR_ALL:
            return symbol(name)
        if name in CLOCK:
            return self._slot("clock", ("clock",), name, f"'{name}' is the time")
        if name == "w":
            return self._slot("weight", ("w",), "w", "it reads the weight")
        if name in self.equations:
            return self._of_synapse(name)
        for side, suffix in (("pre", "_pre"), ("post", "_post")):
            if name.endswith(suffix):
                return self._of_neuron(side, name)
        raise _Prevented(f"'{name}' is nothing that an engine reads")

    def _of_synapse(self, name: str) -> sp.Expr:
        equation = self.equations[name]
        if "summed" in equation.flags:
            raise _Prevented(f"'{name}' is a sum over synapses")
        if equation.type == SUBEXPRESSION:
            return self._value(ast.parse(str(equation.expr).strip(), mode="eval").body)
        what = self._synaptic(name)
        return self._of_trace(name, what) if isinstance(what, Trace) else self._tag(name, what)

    def _of_neuron(self, side: str, name: str) -> sp.Expr:
        neuron = self.ends[side]
        own = self.called.get(name, name).removesuffix(f"_{side}")
        if neuron.is_constant(own):
            return symbol(name)
        if meant := neuron.meant(own):
            return self._meant(side, name, own, meant)
        what = neuron.what(own)
        if side == "pre" and self.late and not isinstance(what, Variable):
            problem = f"'{name}' is what the sender's spikes make of it, which arrive {self.late} later"
            raise _Prevented(problem, "presynaptic_trace")
        if isinstance(what, Trace):
            return self._of_trace(name, what, before=False)
        if isinstance(what, Copy):
            return self._copied(name, what)
        if side == "pre":
            raise _Prevented(f"'{name}' is no trace, since {what.why}", "presynaptic_trace")
        why = f"'{name}' is no trace, since {what.why}"
        why += f", and no reward, since {what.no_reward}" if what.no_reward and self.engine.reward else ""
        kinds = dict.fromkeys((what.kind, "postsynaptic_variable"))
        return self._first(list(kinds), (side, own), name, why)

    def _meant(self, side: str, name: str, own: str, meant: str) -> sp.Expr:
        """What a subexpression of a neuron stands for, or else a variable that the neuron works out itself."""
        before = self.taken.copy(), self.told.copy(), self.sent.copy(), self.epoch
        try:
            return self._formula_of(side, meant)
        except _Prevented:
            if side == "pre" or not self.engine.postsynaptic_variable:
                raise
            self.taken, self.told, self.sent, self.epoch = before
            return self._slot("postsynaptic_variable", (side, own), name, f"'{name}' is no formula of traces")

    def _formula_of(self, side: str, meant: str) -> sp.Expr:
        """A subexpression of a neuron, with its names as a synapse has them."""
        tree = ast.parse(meant.strip(), mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in self.ends[side].equations:
                composed = f"{node.id}_{side}"
                node.id = self.back.get(composed, composed)
        return self._value(tree.body)

    def _copied(self, name: str, copy: Copy) -> sp.Expr:
        """What a copy was made of, at the spike that made it; later an engine has only the trace as it is then."""
        kind = f"{copy.of.side}synaptic_trace"
        if getattr(self.engine, kind) == ANY:
            return self._slot(kind, (name,), name)
        if _OWN.get(self.event) != copy.of.side:
            raise _Prevented(f"'{name}' keeps what a trace was at an earlier spike, the engine has it as it is", kind)
        of = f"{copy.name}_{copy.of.side}"
        return copy.scale * self._of_trace(self.back.get(of, of), copy.of, before=True) + copy.offset

    def _of_trace(self, name: str, what: Trace, before: bool = True) -> sp.Expr:
        """A trace by the engine's own, which jump by 1.

        Parameters
        ----------
        before : whether, at a spike of its own side, it is what it was before it.
        """
        own = _OWN.get(self.event) == what.side
        if own and not before and what.how == "set":
            return what.jump
        if what.is_spike:
            if own and before:
                return sp.Integer(0)
            self._agree(name, 1)
            kind = f"{what.side}synaptic_spike"
            return what.jump * self._slot(kind, (kind,), kind, f"it reads '{name}'")
        engine, kind = self.engine, f"{what.side}synaptic_trace"
        why = f"'{name}' is a {what.side}synaptic trace"
        kinds = [kind, *(["postsynaptic_variable"] if what.side == "post" else [])]
        if what.how not in engine.traces and getattr(engine, kind):
            kinds = kinds[1:]
            if not kinds or getattr(engine, kinds[0]) in ((), UNKNOWN):
                done = "set at a spike" if what.how == "set" else "added to at every spike"
                raise _Prevented(f"'{name}' is a trace that is {done}, as none of the engine's is", "traces")
        jump = shown(what.jump)
        per = "" if what.jump == 1 else f"/{jump}" if jump.isidentifier() or jump.isdigit() else f"/({jump})"
        meaning = renamed(what.described, self.shown)
        unit = self._first(kinds, what.kind, renamed(f"{name}{per}", self.shown), why, meaning)
        if not own or getattr(engine, kind) == ANY:
            return what.jump * unit
        if engine.own_spike is None and what.how == "set":
            problem = f"whether the engine reads '{name}' before or after a spike of its own side is not stated"
            raise _Prevented(problem, "own_spike", "not known")
        if before == (engine.own_spike == "before"):
            return what.jump * unit
        if what.how == "set":
            raise _Prevented(f"'{name}' was set by the spike before the engine reads it", "own_spike")
        return what.jump * (unit - 1 if before else unit + 1)

    def _synaptic(self, name: str) -> What:
        """What a variable of the synapse is: a trace of the side whose spikes alone change it, else a tag."""
        if name not in self._known:
            self._known[name] = self._of_own_statements(name)
        return self._known[name]

    def _of_own_statements(self, name: str) -> What:
        at = [event for event in EVENTS if name in written(self.rule.events[event].text)]
        each_step = jumped(self.rule.events["each_step"].text, self.equations)
        flow = decay(name, self.equations, {}, self.values)
        if isinstance(flow, str):
            return Variable("", flow)
        decays, spikes = decay(name, self.equations, each_step, self.values), [e for e in at if e in _OWN]
        why = "spikes of both sides change it" if len(spikes) == 2 else "no spike alone changes it"
        if isinstance(decays, str):
            why = decays
        elif len(spikes) == 1 and set(at) <= {*spikes, "each_step"}:
            after = jumped(self.rule.events[spikes[0]].text, self.equations)[name]
            found = trace(_OWN[spikes[0]], symbol(name), after, decays, self.values)
            if isinstance(found, Trace):
                return found
            why = found
        return Variable("tag", why, rate=flow[0])

    def _tag(self, name: str, what: What) -> sp.Symbol:
        """A variable of the synapse among the engine's; a decay is one more change in every step."""
        if not what.kind:
            raise _Prevented(f"'{name}' is no variable that a synapse can keep, since {what.why}", "tag")
        new = ("tag", name) not in self.taken
        tag = self._slot("tag", ("tag", name), name, f"'{name}' is no trace, since {what.why}")
        if new and what.rate != 0:
            step = self._slot("every_step", ("every_step",), "every_step", f"'{name}' decays")
            self.changes.setdefault(str(tag), []).append(step * tag * (sp.exp(-what.rate * symbol("dt")) - 1))
        return tag

    # --- Quantities of the engine -----------------------------------------------------------------

    def _first(self, kinds: Sequence[str], key: tuple[Any, ...], name: str, why: str, meaning: str = "") -> sp.Symbol:
        """A quantity of the first kind that the engine has any left of; else the reason of the first."""
        prevented = []
        for kind in kinds:
            try:
                return self._slot(kind, key, name, why, meaning)
            except _Prevented as found:
                prevented.append(found)
        raise next((found for found in prevented if found.answer == "not known"), prevented[0])

    def _slot(self, kind: str, key: tuple[Any, ...], name: str, why: str = "", meaning: str = "") -> sp.Symbol:
        """A quantity of a kind, the same for the same key."""
        if key in self.taken:
            return self.taken[key]
        slots, called = getattr(self.engine, kind), _CALLED[kind]
        why = f"{why}; " if why else ""
        if slots == UNKNOWN:
            raise _Prevented(f"{why}whether the engine has a {called} is not known", kind, "not known")
        if slots == ANY:
            slots = (name,)
        if not slots:
            raise _Prevented(f"{why}the engine has no {called}", kind)
        used = {str(s) for s in self.taken.values()}
        free = [slot for slot in slots if slot not in used]
        if not free:
            raise _Prevented(f"{why}the engine has no other {called} than {' and '.join(slots)}", kind)
        slot = free[0]
        if kind not in _AT.values() and not (self.strict and name == slot and not meaning):
            called = name if name == slot else f"{slot} is {name}"
            self.told[slot] = f"{called} ({meaning})" if meaning else called
        if kind == "postsynaptic_variable":
            self.sent.add(sp.Symbol(slot))
        self.taken[key] = sp.Symbol(slot)  # without assumptions, and so never a constant of that name
        return self.taken[key]


def _steps(n: int) -> str:
    return f"{n} step{'s' if n != 1 else ''}"


def _without_squares(value: sp.Expr, spikes: Sequence[sp.Symbol]) -> sp.Expr:
    """Powers of what is 0 or 1 are what it is."""
    return value.replace(lambda part: isinstance(part, sp.Pow) and part.base in spikes, lambda part: part.base)
