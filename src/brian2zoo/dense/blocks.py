"""Which projections can be taken in blocks of steps, found from their statements; and how.

Variables of synapses that obey a linear recursion, and that nobody looks at for a while, need not be moved on in every
step. What each side gives is kept, a value a neuron and step. When somebody looks, the recursion is run backwards over
the block for each neuron of the side that decides how variables move on,

    x(end) = A x(start) + sum over steps of (what the one side gave) * (what became of the other side's since)

and the sum is one product of two matrices for each variable. These are the same numbers but for rounding.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from brian2.core.base import BrianObject
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner
from brian2.monitors.statemonitor import StateMonitor
from brian2.parsing.statements import parse_statement
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.utils.stringtools import get_identifiers, word_substitute

from brian2zoo.dense.recursion import (
    OTHER,
    Kind,
    Moved,
    Names,
    NotLinear,
    Operation,
    Side,
    after,
    moved,
    moving_side,
)
from brian2zoo.derive import formulas

_PLACES: dict[str, Kind] = {"_presynaptic_idx": "pre", "_postsynaptic_idx": "post", "0": "shared"}

# The program has a bit for each.
_MOST_VARIABLES = 31

_SCALARS = {np.dtype("float32"): "float", np.dtype("float64"): "double"}

# Somebody who looks more often, in steps, makes blocks so short that they cost more than the steps.
_FEWEST_STEPS = 4

# A strip of the matrices, three vectors of 64 bytes wide, stays in the first cache with half of it to spare.
_STRIP, _FIRST_CACHE, _SHORTEST = 192, 24 * 1024, 16


@dataclass(frozen=True)
class Look:
    """What an object that does not run in every step does to the variables of a block.

    Parameters
    ----------
    unread : variables that it does not read, and that are set to zero before anybody else does.
    written : variables that are not zero any more afterwards.
    zeroed : variables that it sets to zero; empty if it does anything else.
    """

    unread: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    zeroed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Block:
    """How a projection is taken in blocks.

    Parameters
    ----------
    name : of the projection.
    variables : of its synapses, those that the recursion is about.
    moving : the side that decides how they move on.
    operations : what a step does, in order.
    looks : by the name of a Brian2 object that looks at the variables.
    rest : by the name of an object that runs in every step, the statements that do other things.
    scalar : C type of the variables.
    """

    name: str
    variables: tuple[str, ...]
    moving: Side
    operations: tuple[Moved, ...]
    looks: Mapping[str, Look]
    rest: Mapping[str, str]
    scalar: str

    def __str__(self) -> str:
        return f"in blocks of {self.length} steps"

    @property
    def other(self) -> Side:
        """The side whose values are factors."""
        return OTHER[self.moving]

    @property
    def length(self) -> int:
        """Steps of a block at most: a strip of all factors stays in the first cache."""
        most = max(len(self.factors_of(name)) for name in self.variables)
        return max(_SHORTEST, _FIRST_CACHE // _STRIP // max(most, 1))

    def mask(self, names: Iterable[str]) -> int:
        """A bit for each variable."""
        return sum(1 << self.variables.index(name) for name in names)

    @cached_property
    def factors(self) -> list[tuple[int, sp.Expr]]:
        """Operation and formula of each factor that is kept."""
        return [(k, factor) for k, each in enumerate(self.operations) for factor in each.factors]

    @cached_property
    def kept(self) -> list[tuple[int, tuple, sp.Expr]]:
        """Operation, place and formula of what is kept of the moving side: inputs, then coefficients."""
        return [
            (k, (kind, *key), formula)
            for k, each in enumerate(self.operations)
            for kind, entries in (("input", each.inputs), ("coefficient", each.coefficients))
            for key, formula in entries.items()
        ]

    @cached_property
    def reached(self) -> dict[str, tuple[str, ...]]:
        """The variables that a variable is made of in the course of steps, itself among them."""
        made_of = {name: {name} for name in self.variables}
        for each in self.operations:
            for name, of in each.coefficients:
                made_of[name].add(of)
        for _ in self.variables:
            made_of = {name: set().union(*(made_of[of] for of in found)) for name, found in made_of.items()}
        return {name: tuple(of for of in self.variables if of in found) for name, found in made_of.items()}

    def is_sum(self, name: str) -> bool:
        """Whether a variable stays as it is but for what is added."""
        return not any(key[0] == key[1] == name for each in self.operations for key in each.coefficients) and not any(
            name in self.reached[of] for of in self.reached[name] if of != name
        )

    def factors_of(self, name: str) -> list[int]:
        """Numbers of the factors that get into a variable."""
        first, found = 0, []
        for each in self.operations:
            found += [
                first + k
                for k in range(len(each.factors))
                if {v for v, f in each.inputs if f == k} & {*self.reached[name]}
            ]
            first += len(each.factors)
        return found

    def code(self, operation: int) -> dict[Side, str]:
        """Statements that work out what is kept of an operation, by side; the names are numbered as what is kept."""
        factors = [f"_kept_{n} = {formulas.written(f)}" for n, (k, f) in enumerate(self.factors) if k == operation]
        moves = [f"_kept_{n} = {formulas.written(f)}" for n, (k, _, f) in enumerate(self.kept) if k == operation]
        return {side: "\n".join(lines) for side, lines in ((self.other, factors), (self.moving, moves)) if lines}

    def numbers(self, operation: int, side: Side) -> list[int]:
        """Which numbers of what is kept an operation works out on a side."""
        entries = self.factors if side == self.other else self.kept
        return [n for n, entry in enumerate(entries) if entry[0] == operation]

    def idle(self, operation: int, side: Side) -> list[tuple[int, str]]:
        """The same numbers, each with its value where no spike comes."""
        if side == self.other:
            return [(n, "0") for n in self.numbers(operation, side)]
        places = {n: place for n, (_, place, _) in enumerate(self.kept)}
        own = {n for n, place in places.items() if place[0] == "coefficient" and place[1] == place[2]}
        return [(n, "1" if n in own else "0") for n in self.numbers(operation, side)]

    def shares(self, name: str) -> list[int]:
        """Numbers of the variables whose shares in a variable change on the way back."""
        return [self.variables.index(of) for of in self.reached[name] if of != name or not self.is_sum(name)]

    def mask_of_start(self, name: str) -> int:
        """A bit for each variable that, if it is not zero at the start of a block, is more than added to."""
        return sum(1 << of for of in self.shares(name))

    def from_start(self, name: str) -> str:
        """C++ expression of what is left of the start of a block at its end, without what its steps add."""
        place = "_column" if self.moving == "post" else "_row"
        index = self.variables.index(name)
        shares = {of: f"_b.shares[{index}][{of}][{place}]*" for of in self.shares(name)} or {}
        shares.setdefault(index, "")
        return " + ".join(f"{share}_start_{of}" for of, share in shares.items())

    def backwards(self, name: str) -> list[str]:
        """C++ statements for one step backwards of what a variable will be: from the end of the step to its start.

        ``_now_K`` is the share of variable K at the end, which ``_share_K[_c]`` gets at the start; ``_kept_N[_c]`` what
        was kept; ``_multiplied_N[_c]`` gets what factor N is multiplied by.
        """
        share = dict.fromkeys(self.reached[name], "1") | {self.variables[k]: f"_now_{k}" for k in self.shares(name)}
        lines, first = [], len(self.factors)
        for k in reversed(range(len(self.operations))):
            each = self.operations[k]
            first -= len(each.factors)
            for factor in range(len(each.factors)):
                inputs = [(of, f) for of, f in each.inputs if f == factor and of in share]
                products = [_product(share[of], self._kept(k, "input", of, f)) for of, f in inputs]
                if products:
                    lines.append(f"_multiplied_{first + factor}[_c] = {' + '.join(products)};")
            lines += self._step_back(k, share)
        changed = [k for k in self.shares(name) if share[self.variables[k]] != f"_now_{k}"]
        return lines + [f"_share_{k}[_c] = {share[self.variables[k]]};" for k in changed]

    def _step_back(self, k: int, share: dict[str, str]) -> list[str]:
        """Statements that take an operation back, and in `share` what the shares are then called."""
        coefficients = self.operations[k].coefficients
        lines, changed = [], {}
        for of in share:
            into = [to for to, f in coefficients if f == of and to in share]
            if not into:
                continue
            products = [_product(share[to], self._kept(k, "coefficient", to, of)) for to in into]
            if of not in into:
                products.insert(0, share[of])
            changed[of] = f"_now_{self.variables.index(of)}_{k}"
            lines.append(f"const scalar {changed[of]} = {' + '.join(products)};")
        share.update(changed)
        return lines

    def _kept(self, *place: Any) -> str:
        """What is kept of an operation as an input or a coefficient, in C++."""
        places = [(k, *where) for k, where, _ in self.kept]
        return f"_kept_{places.index(place)}[_c]"


def _product(share: str, kept: str) -> str:
    return kept if share == "1" else f"{share}*{kept}"


# --- Finding ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parts:
    """What a network has to do with the synapses of a projection.

    Parameters
    ----------
    synapses : themselves.
    objects : all objects of the network, in the order of a step.
    code : abstract code by name of those that have some of the synapses.
    """

    synapses: Synapses
    objects: Sequence[BrianObject]
    code: Mapping[str, str]

    def every_step(self) -> list[CodeRunner]:
        """Objects that change variables of the synapses in every step."""
        return [
            o for o in self.objects if o.name in self.code and o.clock is self.synapses.clock and self.writes(o.name)
        ]

    def writes(self, name: str) -> list[str]:
        """Variables of single synapses that an object assigns to, once each."""
        return list(dict.fromkeys(n for n in map(_target, lines_of(self.code[name])) if self.kind(n) == "synapse"))

    def through(self, names: set[str]) -> set[str]:
        """Names, and all that the synapses' subexpressions among them are made of."""
        found = set(names)
        while more := {n for name in found for n in self.made_of(name)} - found:
            found |= more
        return found

    def made_of(self, name: str) -> set[str]:
        """What a subexpression of the synapses is made of."""
        variable = self.synapses.variables.get(name)
        return set(variable.identifiers) if isinstance(variable, Subexpression) else set()

    def kind(self, name: str) -> Kind:
        """Where a name belongs; what is no variable of the synapses is a constant from outside."""
        if name not in self.synapses.variables:
            return "shared"
        variable = self.synapses.variables[name]
        if variable.scalar:
            return "shared"
        return {"i": "pre", "j": "post"}.get(name) or _PLACES.get(self.synapses.variables.indices[name], "synapse")

    def rest(self, runner: CodeRunner, variables: frozenset[str]) -> str:
        """Statements that do not serve to change the variables alone; `NotLinear` if they read these, or may not be."""
        wanted: set[str] = set()
        kept = []
        for line in reversed(lines_of(self.code[runner.name])):
            target, _, expression, _ = parse_statement(line)
            local = target not in self.synapses.variables
            if target in variables or (local and target not in wanted):
                continue
            read = variables & self.through(get_identifiers(expression))
            if read:
                raise NotLinear(f"'{line}' reads '{min(read)}' in every step")
            if not isinstance(runner, SynapticPathway) and not local:
                raise NotLinear(f"'{line}' changes '{target}' in every step")
            kept.append(line)
            wanted |= get_identifiers(expression)
        changed = self.arrays(map(_target, kept))
        for line in _needed(lines_of(self.code[runner.name]), variables):
            # The block keeps what there was before the spikes of a step, statements see what those before have made.
            if changed & self.arrays(get_identifiers(line)):
                raise NotLinear(f"'{line}' reads what '{kept[0]}' changes at the same spikes")
        return "\n".join(kept[::-1])

    def arrays(self, names: Iterable[str]) -> set[int]:
        """Identities of the arrays that names stand for, also by way of subexpressions of neurons."""
        known = self.synapses.variables
        waiting, seen = [known[name] for name in names if name in known], set()
        while waiting:
            variable = waiting.pop()
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            if isinstance(variable, Subexpression):
                own = variable.owner.variables
                waiting += [own[name] for name in variable.identifiers if name in own]
        return seen

    def touched(
        self, each: BrianObject, variables: frozenset[str]
    ) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """Those of the variables that an object reads, writes, and sets to zero."""
        if each.name in self.code:
            lines = lines_of(self.code[each.name])
            zeroed = {*map(_target, lines)} & variables - {_target(line) for line in lines if not _is_zero(line)}
            others = [line for line in lines if _target(line) not in zeroed]
            written = {_target(line) for line in others} & variables
            read = self.through(set().union(*(get_identifiers(line) for line in others))) & variables
            return frozenset(read - written), frozenset(written), frozenset(zeroed)
        if each is self.synapses or getattr(each, "synapses", None) is not None or not hasattr(each, "variables"):
            return frozenset(), frozenset(), frozenset()
        seen = {id(each.variables[name]) for name in each.variables}
        own = self.synapses.variables
        read = {name for name in own if id(own[name]) in seen}
        return frozenset(self.through(read) & variables), frozenset(), frozenset()

    def does_more(self, each: CodeRunner, zeroed: frozenset[str]) -> bool:
        """Whether an object does anything else but set variables to zero."""
        return any(_target(line) not in zeroed for line in lines_of(self.code[each.name]))

    def called(self, each: BrianObject) -> str:
        """An object in a message: its statement, or its name."""
        lines = lines_of(self.code.get(each.name, ""))
        return f"'{lines[-1]}'" if lines else f"'{each.name}'"

    def written_out(self, line: str) -> str:
        """A statement without subexpressions of single synapses."""
        target, operator, expression, _ = parse_statement(line)
        for _ in range(100):
            used = [n for n in get_identifiers(expression) if self.made_of(n) and self.kind(n) == "synapse"]
            if not used:
                return f"{target} {operator} {expression}"
            expression = word_substitute(expression, {n: f"({self.synapses.variables[n].expr})" for n in used})
        raise NotLinear(f"'{line}': its subexpressions go on without end")


def lines_of(code: str) -> list[str]:
    """Statements of abstract code."""
    lines = (line.split("#")[0].strip() for line in code.splitlines())
    return [line for line in lines if line]


def _target(line: str) -> str:
    return parse_statement(line)[0]


def _is_zero(line: str) -> bool:
    """Whether a statement sets a variable to zero, whatever anything is."""
    _, operator, expression, _ = parse_statement(line)
    try:
        return operator == "=" and formulas.parse(expression) == 0
    except (ValueError, RecursionError):
        return False


def found(
    objects: Sequence[BrianObject], namespace: Mapping[str, Any], all_to_all: Callable[[Synapses], bool]
) -> dict[str, Block | str]:
    """By projection, how it is taken in blocks or why it is not; nothing of those that no step changes everywhere.

    Parameters
    ----------
    objects : of a network, in the order of a step.
    namespace : what statements may name in addition to variables.
    all_to_all : whether synapses are in rows, with one delay.
    """
    plans: dict[str, Block | str] = {}
    for synapses in [o for o in objects if isinstance(o, Synapses)]:
        own = [o for o in objects if isinstance(o, CodeRunner) and o.active and o.group.name == synapses.name]
        for runner in own:
            runner.update_abstract_code(run_namespace=namespace)
        parts = Parts(synapses, objects, {o.name: o.abstract_code for o in own})
        if not any(not isinstance(o, SynapticPathway) for o in parts.every_step()):
            continue
        try:
            plans[synapses.name] = _block(parts, all_to_all(synapses))
        except NotLinear as reason:
            plans[synapses.name] = str(reason)
    return plans


def _block(parts: Parts, all_to_all: bool) -> Block:
    every_step = parts.every_step()
    variables = tuple(dict.fromkeys(name for o in every_step for name in parts.writes(o.name)))
    if len(variables) > _MOST_VARIABLES:
        raise NotLinear(f"more than {_MOST_VARIABLES} variables change in every step")
    names = Names(parts.kind, frozenset(variables))
    operations, rest = [], {}
    for runner in every_step:
        statements = [parts.written_out(line) for line in lines_of(runner.abstract_code)]
        terms, lines = after(_needed(statements, variables), names)
        operations.append(Operation(runner.name, getattr(runner, "prepost", None), terms, lines))
        rest[runner.name] = parts.rest(runner, names.variables)
    moving = moving_side(operations)
    if not all_to_all:
        raise NotLinear("not all neurons are connected, or not with one delay")
    looks = _looks(parts, every_step, names.variables)
    kinds = {np.dtype(parts.synapses.variables[name].dtype) for name in variables}
    if len(kinds) > 1 or not kinds <= _SCALARS.keys():
        raise NotLinear(f"its variables {', '.join(variables)} are not of one type")
    steps = tuple(moved(each, moving) for each in operations)
    return Block(parts.synapses.name, variables, moving, steps, looks, rest, _SCALARS[kinds.pop()])


def _needed(statements: Sequence[str], variables: Iterable[str]) -> list[str]:
    """The statements that variables depend on."""
    wanted, needed = set(variables), []
    for line in reversed(statements):
        target, _, expression, _ = parse_statement(line)
        if target in wanted:
            needed.append(line)
            wanted |= get_identifiers(expression)
    return needed[::-1]


def _looks(parts: Parts, every_step: Sequence[CodeRunner], variables: frozenset[str]) -> dict[str, Look]:
    """What else looks at the variables, and when; `NotLinear` if it is in every step, or in the middle of one."""
    order = [o.name for o in parts.objects]
    first, last = order.index(every_step[0].name), order.index(every_step[-1].name)
    steady = parts.synapses.clock
    looking: dict[str, tuple[frozenset[str], Look]] = {}
    for place, each in enumerate(parts.objects):
        if each in every_step:
            continue
        read, written, zeroed = parts.touched(each, variables)
        if not read | written | zeroed:
            continue
        name = min(read | written | zeroed)
        if each.clock is steady or not isinstance(each, CodeRunner | StateMonitor):
            raise NotLinear(f"{parts.called(each)} reads '{name}' in every step")
        if float(each.clock.dt) < (_FEWEST_STEPS - 0.5) * float(steady.dt):
            raise NotLinear(f"{parts.called(each)} reads '{name}' every few steps")
        if first < place < last:
            raise NotLinear(f"{parts.called(each)} reads '{name}' in the middle of a step")
        alone = zeroed if zeroed and not parts.does_more(each, zeroed) else frozenset()
        looking[each.name] = (read | written, Look(zeroed, written, alone))
    clocks = {o.name: float(o.clock.dt) for o in parts.objects if o.name in looking}
    found = {}
    for name, (touched, look) in looking.items():
        unread, before = set(look.unread), set(touched)
        for later in order[order.index(name) + 1 :]:
            if later in (every_step[0].name, every_step[-1].name):
                break
            if later in looking and clocks[later] == clocks[name]:
                unread |= looking[later][1].unread - before
            if later in looking:
                before |= looking[later][0]
        found[name] = Look(frozenset(unread - touched), look.written, look.zeroed)
    return found
