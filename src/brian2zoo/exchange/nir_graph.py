"""Trained networks as graphs of NIR, the Neuromorphic Intermediate Representation, and graphs as weights.

A neuron becomes the NIR primitive that has its dynamics, whatever it is called: its equations, threshold and reset are
read as formulas, and compared. A graph of NIR is of continuous time and does not say what a spike is: as other programs
have it, it is an input of 1 that lasts one time step dt. `w_in`, and `r` of a neuron without synaptic current, hold the
factor 1/dt that makes a jump of it; `dt` is in the graph's metadata.

References
----------
Pedersen et al. (2024), doi:10.1038/s41467-024-52259-9
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp
from brian2.core.namespace import DEFAULT_UNITS

from brian2zoo.circuits import Circuit, Population, Projection
from brian2zoo.compose.circuit import Codes, compose
from brian2zoo.derive import read as formulas_of
from brian2zoo.derive.arrival import W
from brian2zoo.derive.dynamics import ACTIVE, Dynamics
from brian2zoo.derive.formulas import symbol
from brian2zoo.errors import ZooError
from brian2zoo.formats.expressions import evaluate
from brian2zoo.run import results
from brian2zoo.run.carried import Carried
from brian2zoo.run.network import duration, weight_matrix

ANSWER = "answer"
"""What a graph calls its output, since `output` are the neurons that give it."""
_HAS = "it has LIF, CubaLIF, LI and CubaLI: linear, reset to a constant, not refractory"


def write(circuit: Circuit, carried: Carried, path: Path) -> Path:
    """Write a trained network as a file of NIR; arguments and errors as for `graph_of`."""
    graph, path = graph_of(circuit, carried), Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with results.replacing(path) as partial:
        _nir().write(partial, graph)
    return path


def graph_of(circuit: Circuit, carried: Carried) -> Any:
    """A trained network as a `nir.NIRGraph`.

    Nodes are called as populations and projections are, `input` is NIR's input, and `answer` its output. All is in SI
    units, weights are what a spike adds to the current or the membrane.

    Parameters
    ----------
    circuit : in mode 'test'.
    carried : weights by ``projection.w``, flat, in SI units.

    Raises
    ------
    ZooError
        If NIR has no primitive for a neuron or a synapse, or is not installed.
    """
    nir, codes, dt = _nir(), compose(circuit), float(duration(circuit, "dt"))
    nodes = {"input": nir.Input(input_type={"input": np.array([circuit.population("input").size])})}
    edges = []
    factors = {}
    for population in circuit.populations:
        if population.name == "input":
            continue
        found = _matched(circuit, population, codes)
        nodes[population.name] = found.node(nir, population.size, dt)
        factors |= found.factors
    for projection in circuit.projections:
        weights = weight_matrix(projection, carried[projection.weight]).T * factors[projection.name]
        nodes[projection.name] = nir.Linear(weight=weights)
        chain = [projection.pre.name, projection.name, projection.post.name]
        if seconds := _delay(circuit, projection):
            nodes[f"{projection.name}_delay"] = nir.Delay(delay=np.full(projection.pre.size, seconds))
            chain.insert(1, f"{projection.name}_delay")
        edges += pairwise(chain)
    nodes[ANSWER] = nir.Output(output_type={"output": np.array([circuit.layers[-1]])})
    edges.append(("output", ANSWER))
    metadata = {"dt": dt, "written_by": "brian2zoo", "experiment": circuit.experiment.name}
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=metadata)


def weights_of(graph: Any, circuit: Circuit) -> dict[str, np.ndarray]:
    """Weights of a graph for an experiment's network, as a training starts from: `w_PROJECTION` (pre, post), SI units.

    Neurons are found by the way from the input, not by their names; they have to be those of the experiment. Another
    resistance, or another factor of the input, goes into the weights.

    Parameters
    ----------
    graph : a `nir.NIRGraph`, or the file of one.
    circuit : in mode 'test'.

    Raises
    ------
    ZooError
        If the file cannot be read, or the graph is not of this network.
    """
    nir, codes = _nir(), compose(circuit)
    where, graph = (graph, _read(nir, graph)) if isinstance(graph, str | Path) else ("graph", graph)
    dt = float((graph.metadata or {}).get("dt", duration(circuit, "dt")))
    found = _connections(nir, graph, where)
    names = _in_order(nir, graph, found, where)
    order = ["input", *(p.name for p in circuit.populations if p.name not in ("input", "output")), "output"]
    if len(names) != len(order):
        problem = f"it has {len(names) - 1} populations of neurons, the experiment {len(order) - 1}"
        raise ZooError(where, "", problem, "name other layers")
    called = dict(zip(names, order, strict=True))
    matched = {p.name: _matched(circuit, p, codes) for p in circuit.populations if p.name != "input"}
    scale = {}
    for name, own in called.items():
        if own != "input":
            scale[own] = matched[own].scale(nir, graph.nodes[name], circuit.population(own).size, dt, where, name)
    given = {(called[pre], called[post]): weights for (pre, post), weights in found.items()}
    weights = {}
    for projection in circuit.projections:
        ends = projection.pre.name, projection.post.name
        if ends not in given:
            raise ZooError(where, "", f"nothing leads from {ends[0]} to {ends[1]}", "take an experiment without it")
        matrix = np.asarray(given.pop(ends), float).T
        if matrix.shape != (projection.pre.size, projection.post.size):
            problem = f"weights from {ends[0]} to {ends[1]} are {matrix.shape}"
            raise ZooError(where, "", problem, f"the network's are {(projection.pre.size, projection.post.size)}")
        matrix = matrix * scale[projection.post.name] / matched[projection.post.name].factors[projection.name]
        weights[f"w_{projection.name}"] = matrix if projection.pairs is None else _of_pairs(matrix, projection, where)
    if given:
        pre, post = next(iter(given))
        raise ZooError(where, "", f"weights lead from {pre} to {post}", "take an experiment that has them")
    return weights


# --- Neurons ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Matched:
    """The NIR primitive that a population is.

    Parameters
    ----------
    values : of the primitive, in SI units, by NIR's names, without what a spike jumps by.
    current : time constant of the synaptic current, s; None where a spike jumps the membrane itself.
    factors : what a spike adds, over the weight, by projection.
    """

    where: Path
    values: Mapping[str, float]
    current: float | None
    factors: Mapping[str, float]

    @property
    def kind(self) -> str:
        spiking = "v_threshold" in self.values
        return ("Cuba" if self.current is not None else "") + ("LIF" if spiking else "LI")

    @property
    def _membrane(self) -> str:
        return "tau" if self.current is None else "tau_mem"

    def node(self, nir: ModuleType, size: int, dt: float) -> Any:
        """The node, in which a spike of weight 1 is a jump of 1."""
        values = {name: np.full(size, value) for name, value in self.values.items()}
        if self.current is None:
            values["r"] = values[self._membrane] / dt
        else:
            values |= {"tau_syn": np.full(size, self.current), "w_in": np.full(size, self.current / dt)}
        return getattr(nir, self.kind)(**values)

    def scale(self, nir: ModuleType, node: Any, size: int, dt: float, where: str | Path, name: str) -> np.ndarray:
        """By what a graph's weights onto a node are multiplied to be ours; `ZooError` if the node is another neuron."""
        own = self.node(nir, size, dt)
        if type(node) is not type(own):
            problem = f"'{name}' is a {type(node).__name__}, the experiment's neurons are a {self.kind}"
            raise ZooError(where, f"nodes.{name}", problem, "take an experiment with such neurons")
        for key in {**self.values, **({} if self.current is None else {"tau_syn": 0})}:
            if key == "r":
                continue
            theirs, ours = (np.broadcast_to(getattr(each, key), (size,)) for each in (node, own))
            if not np.allclose(theirs, ours, rtol=1e-6, atol=0):
                problem = f"{key} of '{name}' is {theirs.flat[0]:g}, the experiment's {ours.flat[0]:g}"
                raise ZooError(where, f"nodes.{name}", problem, f"set the parameter of {self.where}")
        ratio = np.asarray(node.r) / own.r
        return ratio if self.current is None else ratio * np.asarray(node.w_in) / own.w_in


def _matched(circuit: Circuit, population: Population, codes: Codes) -> _Matched:
    """The primitive of a population; `ZooError` if there is none."""
    neuron, onto = population.neuron, [p for p in circuit.projections if p.post is population]
    if population.formats or codes.neurons[population.name].initial:
        what = "values on a grid" if population.formats else "an initial state"
        raise _none(neuron.path, "initial" * (not population.formats), f"NIR has no primitive with {what}")
    if not onto:
        raise _none(neuron.path, "", f"nothing leads to population '{population.name}', which NIR has as an input")
    known = _numbers(codes.neurons[population.name].parameters)
    if neuron.refractory and evaluate(neuron.refractory, codes.neurons[population.name].parameters) > 0:
        raise _none(neuron.path, "refractory", "NIR has no primitive with a refractory period")
    found, factors = None, {}
    for projection in onto:
        try:
            dynamics = formulas_of(neuron, projection.synapse)
        except ZooError as error:
            raise _none(error.where, error.field, f"NIR has no primitive for it: {error.problem}") from None
        synaptic = {symbol(n): value for n, value in _numbers(codes.synapses[projection.name].parameters).items()}
        synaptic |= {symbol(f"{name}_post"): value for name, value in known.items()}
        matched, jumped = _primitive(dynamics, {symbol(name): value for name, value in known.items()})
        factor = sp.diff(dynamics.arrival.added[jumped], W).xreplace(synaptic).xreplace(_UNITS)
        added = [k for k, each in enumerate(dynamics.arrival.added) if each != 0]
        if added != [jumped] or factor.free_symbols or dynamics.arrival.added[jumped].subs(W, 0) != 0:
            raise _none(projection.synapse.path, "read", "a spike does not add its weight, times a constant")
        if found is not None and matched != found:
            raise _none(neuron.path, "", "projections drive different variables of it")
        found, factors[projection.name] = matched, float(factor)
    values, current = found
    return _Matched(neuron.path, dict(values), current, factors)


def _primitive(
    dynamics: Dynamics, known: Mapping[sp.Symbol, sp.Float]
) -> tuple[tuple[tuple[tuple[str, float], ...], float | None], int]:
    """Values and time constant of the current of the primitive with these dynamics, and which state spikes jump."""
    where, state = dynamics.neuron.path, dynamics.state
    flow = dynamics.flow.xreplace({ACTIVE: sp.Integer(1)}).xreplace(known).xreplace(_UNITS)
    away = dynamics.threshold
    v = _only(where, dynamics.graded if away is None else _membrane(where, away, state), state)
    jumps = [k for k, each in enumerate(dynamics.arrival.added) if each != 0 and _drives(flow, state, k, v)]
    if len(jumps) != 1:
        raise _none(where, "equations", f"a spike drives {len(jumps)} variables of the membrane")
    i, matrix = jumps[0], flow.jacobian(state)
    rest = sp.expand(flow - matrix * sp.Matrix(state))
    if matrix.free_symbols or rest.free_symbols:
        raise _none(where, "equations", f"{dynamics.neuron.name} is not linear with constant coefficients")
    behind = {k for k in range(len(state)) if k != v and _drives(flow, state, k, v)}
    if behind - {i} or matrix[v, v] >= 0 or (i != v and (matrix[i, v] != 0 or matrix[i, i] >= 0 or rest[i] != 0)):
        raise _none(where, "equations", f"{dynamics.neuron.name} has other dynamics")
    tau = -1 / float(matrix[v, v])
    values = {"tau" if i == v else "tau_mem": tau, "v_leak": float(rest[v]) * tau}
    if i != v:
        values["r"] = float(matrix[v, i]) * tau
    if away is not None:
        level = sp.solve(away.xreplace(known).xreplace(_UNITS), state[v])
        resets = dynamics.reset.xreplace(known).xreplace(_UNITS)
        changed = [k for k in (v, i) if resets[k] != state[k]]
        if set(changed) - {v} or resets[v].free_symbols:
            problem = f"a spike of {dynamics.neuron.name} does not put the membrane to a constant, and nothing else"
            raise _none(where, "reset", problem)
        values |= {"v_threshold": float(level[0]), "v_reset": float(resets[v])}
    return (tuple(values.items()), None if i == v else -1 / float(matrix[i, i])), i


def _membrane(where: Path, away: sp.Expr, state: tuple[sp.Symbol, ...]) -> sp.Symbol:
    """The variable whose crossing of a constant is a spike."""
    inside = [x for x in state if away.has(x)]
    if len(inside) != 1 or sp.diff(away, inside[0]).free_symbols or not sp.diff(away, inside[0]).is_positive:
        raise _none(where, "threshold", "a spike is not one variable above a constant")
    return inside[0]


def _only(where: Path, variable: sp.Symbol | None, state: tuple[sp.Symbol, ...]) -> int:
    if variable not in state:
        raise _none(where, "graded", "the answer has no differential equation")
    return state.index(variable)


def _drives(flow: sp.Matrix, state: tuple[sp.Symbol, ...], source: int, target: int) -> bool:
    """Whether a variable moves another, directly or through others, or is it."""
    reached, waiting = {target}, [target]
    while waiting:
        for k in {state.index(x) for x in flow[waiting.pop()].free_symbols & set(state)} - reached:
            reached.add(k)
            waiting.append(k)
    return source in reached


def _numbers(parameters: Mapping[str, Any]) -> dict[str, sp.Float]:
    return {name: sp.Float(float(np.asarray(value))) for name, value in parameters.items()}


_UNITS = {symbol(name): sp.Float(float(unit)) for name, unit in DEFAULT_UNITS.items()}


def _none(where: str | Path, field: str, problem: str) -> ZooError:
    return ZooError(where, field, problem, _HAS)


# --- Graphs ----------------------------------------------------------------------------------------


def _delay(circuit: Circuit, projection: Projection) -> float:
    """Seconds; `ZooError` if each synapse has its own."""
    if projection.delays is not None:
        raise _none(circuit.experiment.path, "protocol.delay", "NIR has no delay of single synapses")
    return float(evaluate(projection.delay))


def _read(nir: ModuleType, path: str | Path) -> Any:
    try:
        return nir.read(path)
    except FileNotFoundError:
        raise ZooError(path, "", "there is no such file", "give a file of NIR") from None
    except Exception as error:  # h5py and NIR raise whatever they come to
        text = " ".join(str(error).split())
        raise ZooError(path, "", f"it cannot be read ({text})", "give a file that nir.write has written") from None


def _connections(nir: ModuleType, graph: Any, where: str | Path) -> dict[tuple[str, str], np.ndarray]:
    """Weights (post, pre) by the names of the neurons, or the input, on either side."""
    after: dict[str, list[str]] = {}
    for pre, post in graph.edges:
        after.setdefault(pre, []).append(post)
    found: dict[tuple[str, str], np.ndarray] = {}

    def follow(start: str, name: str, weights: np.ndarray | None) -> None:
        for then in after.get(name, ()):
            node = graph.nodes[then]
            if isinstance(node, nir.Output):
                continue
            if isinstance(node, nir.Linear | nir.Affine):
                if np.any(getattr(node, "bias", 0)):
                    raise ZooError(where, f"nodes.{then}", "it has a bias", "no projection of the zoo has one")
                follow(start, then, node.weight if weights is None else node.weight @ weights)
            elif isinstance(node, nir.Delay):
                follow(start, then, weights)
            elif type(node).__name__ in ("LIF", "CubaLIF", "LI", "CubaLI"):
                found[start, then] = found.get((start, then), 0) + weights
            else:
                kind = type(node).__name__
                raise ZooError(where, f"nodes.{then}", f"the zoo has no '{kind}'", "train with other nodes")

    for name, node in graph.nodes.items():
        if not isinstance(node, nir.Linear | nir.Affine | nir.Delay | nir.Output):
            follow(name, name, None)
    return found


def _in_order(nir: ModuleType, graph: Any, found: Mapping[tuple[str, str], np.ndarray], where: str | Path) -> list[str]:
    """The input and the neurons, by the way from the input."""
    begin = [name for name, node in graph.nodes.items() if isinstance(node, nir.Input)]
    if len(begin) != 1:
        raise ZooError(where, "", f"it has {len(begin)} inputs", "give a graph with one")
    order = begin
    for name in order:
        order += [post for pre, post in found if pre == name and post not in order]
    return order


def _of_pairs(matrix: np.ndarray, projection: Projection, where: str | Path) -> np.ndarray:
    absent = np.ones(matrix.shape, bool)
    absent[projection.pairs] = False
    if np.any(matrix[absent]):
        problem = f"weights of {projection.name} stand where the experiment has no synapse"
        raise ZooError(where, "", problem, "take an experiment that connects all")
    return matrix[projection.pairs]


def _nir() -> ModuleType:
    try:
        import nir
    except ImportError:
        raise ZooError("nir", "", "the package is not installed", "pip install 'brian2zoo[nir]'") from None
    return nir
