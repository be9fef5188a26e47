"""The traces of a neuron's dynamics: how the state depends on one weight, as differential equations and jumps.

With x the state, f its flow, g the threshold, R the reset, U what a presynaptic spike adds, and psi the surrogate
of the spike's derivative:

    between events       deps/dt = J eps,  J = df/dx
    presynaptic spike    eps += dU/dw
    eligibility          elig = psi*(dg/dx . eps),  before the reset
    end of the step      eps += spiked*(dR/dx - 1) eps + D (R - x) elig + U(self_weight) elig

D keeps the way of a variable through the neuron's own spikes. The last term, through the synapse of a neuron onto
itself, is there for SnAp-1 only, whose block is the whole diagonal one of the Jacobian (Menick et al. 2021). This is
the derivative of the neuron's own dynamics, exactly; what other neurons' spikes depend on is left out. Where the
neuron feeds no spikes back it is the gradient. In full, there is an eps of each weight on each neuron k, and

    spikes of the layer  eps_k += sum over neurons l of U(w_lk) elig_l
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sympy as sp
from brian2.core.namespace import DEFAULT_UNITS

from brian2zoo.derive import formulas
from brian2zoo.derive.dynamics import ACTIVE, Dynamics, W, symbol
from brian2zoo.equations.propagators import DT, between
from brian2zoo.errors import ZooError

Factor = Callable[..., sp.Expr]
SPIKED, ELIG = symbol("spiked"), symbol("elig")
SELF = symbol("self_weight")
"""Weight of a neuron onto itself."""


@dataclass(frozen=True)
class Traces:
    """What a neuron's dynamics imply for one weight.

    Parameters
    ----------
    jacobian : (n, n) J.
    slope : (1, n) dg/dx, or the unit row of the graded answer of a neuron that never spikes.
    reset : (n, n) dR/dx.
    kept : variables whose dependence on the neuron's own spikes is differentiated by the surrogate.
    variables : those that have a trace: the weight reaches them, and they reach the answer.
    presynaptic : of these, the ones whose trace is the same for all synapses of a presynaptic neuron.
    reasons : why each of the others is not.
    autapse : whether the way through the neuron's synapse onto itself is kept.
    full : whether the ways through all neurons' spikes are kept, so that a trace is one of a weight and a neuron.
    """

    dynamics: Dynamics
    jacobian: sp.Matrix
    slope: sp.Matrix
    reset: sp.Matrix
    kept: tuple[str, ...]
    variables: tuple[str, ...]
    presynaptic: tuple[str, ...]
    reasons: dict[str, str]
    autapse: bool
    full: bool

    def flow(self, name: str) -> sp.Expr:
        """deps/dt of one variable."""
        i = self._index(name)
        return formulas.of_traces({trace(other): self.jacobian[i, self._index(other)] for other in self.variables})

    def arrival(self, name: str) -> sp.Expr:
        """What a presynaptic spike adds to the trace of one variable."""
        return self.dynamics.arrival.slope[self._index(name)]

    def eligibility(self) -> sp.Expr:
        """dg/dx . eps, to be multiplied by psi."""
        return sp.Add(*[self.slope[0, self._index(name)] * trace(name) for name in self.variables])

    def after_step(self, name: str, called: Factor = lambda entry, *_: entry) -> sp.Expr:
        """The trace of one variable at the end of a step, of all traces before, `spiked` and `elig`.

        Parameters
        ----------
        called : what stands for a factor: of its formula, a name, and the variables of whose units it is the quotient.
        """
        i, held = self._index(name), []
        for other in self.variables:
            change = self.reset[i, self._index(other)] - int(other == name)
            held.append(called(change, f"turn_{name}_{other}", name, other) * trace(other))
        kept = called(self.jump(name), f"jump_{name}", name) * ELIG if name in self.kept else 0
        return trace(name) + SPIKED * sp.Add(*held) + kept + self.returning(name) * ELIG

    def returning(self, name: str) -> sp.Expr:
        """What the neuron's own spike adds to one variable through the autapse."""
        return self.dynamics.arrival.added[self._index(name)].xreplace({W: SELF}) if self.autapse else sp.Integer(0)

    def through_spikes(self, name: str) -> sp.Expr:
        """What another neuron's spike, which the weight moves by `elig`, adds to the trace through a synapse w."""
        return self.dynamics.arrival.added[self._index(name)] * ELIG

    def jump(self, name: str) -> sp.Expr:
        """R - x of one variable."""
        i = self._index(name)
        return formulas.short(sp.expand_mul(self.dynamics.reset[i] - self.dynamics.state[i], deep=False))

    def _index(self, name: str) -> int:
        return self.dynamics.state.index(symbol(name))


def propagator(traces: Traces) -> sp.Matrix:
    """One exact time step of the traces of a linear neuron, in the order of `variables`, right for equal poles too.

    Raises
    ------
    ZooError
        If a variable reads more than one other, or one that reads others: that has no short form.
    """
    places = [traces.dynamics.state.index(symbol(name)) for name in traces.variables]
    flow = traces.jacobian.extract(places, places)
    step = sp.diag(*(sp.exp(flow[i, i] * DT) for i in range(len(places))))
    for i, j in itertools.permutations(range(len(places)), 2):
        if flow[i, j] != 0:
            step[i, j] = between(flow[i, i], flow[i, j], flow[j, j])
            if sum(entry != 0 for entry in (*flow[i, :], *flow[j, :])) > 3:
                problem = f"d{traces.variables[i]}/dt reads more than one other variable, directly or through another"
                remedy = "pick a readout of two variables at most, or a neuron that is integrated exactly too"
                raise ZooError(traces.dynamics.neuron.path, "equations", problem, remedy)
    return step


def trace(name: str) -> sp.Symbol:
    """The derivative of a variable by the weight."""
    return symbol(f"eps_{name}")


def derive(
    dynamics: Dynamics,
    through: Iterable[str] | None = None,
    factorize: bool = True,
    autapse: bool = False,
    full: bool = False,
) -> Traces:
    """The traces of a neuron.

    Parameters
    ----------
    through : variables whose reset is differentiated by the surrogate. By default those that the weight reaches in
        no other way, such as an adaptation: for a membrane, whose reset only follows the spike that the surrogate
        already stands for, this is left out (Zenke's remark in fzenke/spytorch, issue 2).
    factorize : whether traces that depend on the presynaptic side only are put there.
    autapse : whether to keep the way through the neuron's synapse onto itself.
    full : whether to keep the ways through the spikes of all neurons, for a layer connected within itself.

    Raises
    ------
    ZooError
        If `through` names something the reset does not change, or no weight reaches the answer.
    """
    x = dynamics.state
    jacobian, reset = formulas.jacobian(dynamics.flow, x), formulas.jacobian(dynamics.reset, x)
    if dynamics.threshold is None:
        slope = sp.Matrix([[int(name == dynamics.graded) for name in x]])
    else:
        slope = formulas.jacobian(sp.Matrix([dynamics.threshold]), x)
    couples = lambda i, j: i != j and (jacobian[i, j] != 0 or reset[i, j] != 0)  # noqa: E731
    changed = {i for i in range(len(x)) if dynamics.threshold is not None and dynamics.reset[i] != x[i]}
    driven = {i for i in range(len(x)) if (dynamics.arrival.added if full else dynamics.arrival.slope)[i] != 0}
    relevant = _closure({i for i in range(len(x)) if slope[i] != 0}, lambda i, j: couples(j, i), len(x))
    reached = _closure(driven, couples, len(x))
    if not any(slope[i] != 0 for i in reached):
        problem = f"no weight of synapse '{dynamics.synapse.name}' reaches what the neuron answers with"
        raise ZooError(dynamics.neuron.path, "equations", problem, "let the variable it writes drive the threshold")
    if through is None:
        kept = {i for i in changed & relevant if i not in reached}
    else:
        kept = {x.index(_changed(dynamics, name, changed)) for name in through}
    reached = _closure(driven | kept, couples, len(x))
    traced = sorted(reached & relevant)
    names = tuple(str(x[i]) for i in traced)
    reasons = _reasons(dynamics, jacobian, reset, traced, kept, couples)
    if autapse:
        reasons = {str(x[i]): "the neuron's own spikes return through its autapse" for i in driven & relevant} | reasons
        reasons |= {name: f"it follows the trace of {x[min(driven)]}" for name in names if name not in reasons}
    if full and dynamics.threshold is None:
        problem = f"a 'full' Jacobian has ways through other neurons' spikes, and '{dynamics.neuron.name}' never spikes"
        raise ZooError(dynamics.neuron.path, "threshold", problem, "derive 'block_diagonal'")
    if full or autapse:
        _refuse_other_weights(dynamics)
    if full:
        reasons = dict.fromkeys(names, "other neurons' spikes reach it")
    elif not factorize:
        reasons = {name: reasons.get(name, "traces on the synapses were asked for") for name in names}
    return Traces(
        dynamics, jacobian, slope, reset, tuple(str(x[i]) for i in sorted(kept)), names,
        tuple(name for name in names if name not in reasons), reasons, autapse, full,
    )  # fmt: skip


def _refuse_other_weights(dynamics: Dynamics) -> None:
    """Refuse a way through other synapses that takes more of them than their weight, which is all that they tell."""
    synapse = dynamics.synapse
    more = dynamics.arrival.added.free_symbols - {W, *map(symbol, DEFAULT_UNITS)}
    if more or synapse.as_read != "w":
        what = f"contains {min(map(str, more))}" if more else f"is a matter of '{synapse.as_read}'"
        problem = f"what a spike adds {what}, and the neurons of a layer tell each other no more than w"
        raise ZooError(synapse.path, "read", problem, "derive 'block_diagonal', or take a synapse that adds w itself")


def _changed(dynamics: Dynamics, name: str, changed: set[int]) -> sp.Symbol:
    known = [str(dynamics.state[i]) for i in sorted(changed)]
    if name not in known:
        remedy = f"it changes {', '.join(known)}" if known else "leave it out"
        problem = f"'{name}' is asked for in `through`, and the reset does not change '{name}'"
        raise ZooError(dynamics.neuron.path, "reset", problem, remedy)
    return symbol(name)


def _closure(start: set[int], couples: Callable[[int, int], bool], n: int) -> set[int]:
    """All that follows from `start`: i, where couples(i, j) for a j that follows."""
    found = set(start)
    while more := {i for i in range(n) if i not in found and any(couples(i, j) for j in found)}:
        found |= more
    return found


def _reasons(
    dynamics: Dynamics,
    jacobian: sp.Matrix,
    reset: sp.Matrix,
    traced: list[int],
    kept: set[int],
    couples: Callable[[int, int], bool],
) -> dict[str, str]:
    """Why the trace of a variable is one a synapse; those left out are one a presynaptic neuron."""
    x, reasons = dynamics.state, {}
    for i in traced:
        row = [jacobian[i, j] for j in traced]
        own = sorted({str(s) for entry in row for s in entry.free_symbols if str(s) not in dynamics.constants | {"dt"}})
        arrival = dynamics.arrival.slope[i]
        if str(ACTIVE) in own:
            reasons[i] = "it stands still while the postsynaptic neuron is refractory"
        elif own:
            reasons[i] = f"its equation contains {', '.join(own)} of the postsynaptic neuron"
        elif i in kept:
            reasons[i] = "it follows the postsynaptic neuron's own spikes, through psi"
        elif any(reset[i, j] != int(i == j) for j in traced):
            reasons[i] = "a postsynaptic spike resets it"
        elif arrival.free_symbols - dynamics.constants_at_synapse:
            reasons[i] = f"a presynaptic spike adds {arrival}, which differs from synapse to synapse"
    while True:
        follow = {i: j for j in reasons for i in traced if i not in reasons and couples(i, j)}
        reasons |= {i: f"it follows the trace of {x[j]}" for i, j in follow.items()}
        # No integration step is exact for two traces of which one lives on the synapse, the other on the neuron.
        lead = {j: i for i in reasons for j in traced if j not in reasons and jacobian[i, j] != 0 and dynamics.linear}
        reasons |= {j: f"the trace of {x[i]} is integrated together with it" for j, i in lead.items()}
        if not follow and not lead:
            break
    return {str(x[i]): reasons[i] for i in traced if i in reasons}
