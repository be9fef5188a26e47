"""Graphs of NIR: what another program makes of them spikes as the network here, and gives the weights back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import expm
from typer.testing import CliRunner

import brian2zoo as zoo
from brian2zoo.circuits import Circuit
from brian2zoo.cli.commands import app
from brian2zoo.exchange import nir_graph
from brian2zoo.run import carried, results

nir = pytest.importorskip("nir")

LAYERS = (8, 6, 3)
FILES = {
    "config/experiments/recurrent_one.yaml": "title: Recurrent\nextends: rtrl_block_diagonal\n"
    "neurons: {hidden: lif_exp_hard}\n",
    "config/experiments/forward.yaml": "title: Forward\nextends: superspike\n"
    "neurons: {hidden: lif_exp_hard, output: lif_exp_hard}\nprotocol: {delay: 4*ms}\n"
    "learning: {plastic: {traces: synapse}}\n",
    "config/experiments/jumps.yaml": "title: Jumps of the membrane\nextends: eprop_lif\n"
    "neurons: {hidden: lif_delta_hard}\n",
    # another name for everything, and a resistance, a leak to another level and a weight that is scaled
    "models/neurons/odd.yaml": """
title: A current-based neuron whose variables have other names, and one that nothing reads
equations: |
  dpotential/dt = (level - potential)/slow + gain*drive/slow : 1
  ddrive/dt     = -drive*rate : 1
  ddust/dt      = (potential - dust)/slow : 1
threshold: 2*potential > height
reset: potential = lowest
method: exact
parameters: |
  slow   = 15*ms
  rate   = 125*Hz
  gain   = 2
  level  = 0.1
  height = 2
  lowest = -0.2
""",
    "models/synapses/scaled.yaml": """
title: A weight times a factor
state: "w : 1"
backward: "learning_signal_pre = w*learning_signal_post : 1 (summed)"
write: w = w + dw
read: drive_post += factor*w
parameters: factor = 0.5
""",
    "config/experiments/odd_one.yaml": "title: Odd\nextends: rtrl_block_diagonal\nneurons: {hidden: odd}\n"
    "synapses: {plastic: scaled}\n",
}


def circuit_of(name: str, files: Mapping[str, str] = FILES) -> Circuit:
    return zoo.compose(zoo.load(f"experiment/{name}", files=files), LAYERS, mode="test").circuit


def weights_for(circuit: Circuit) -> dict[str, np.ndarray]:
    return carried.of_result(circuit, xr.Dataset(), seed=0)


def interpreted(graph: Any, spikes: np.ndarray) -> dict[str, np.ndarray]:
    """What NIR's definitions make of a graph: spikes (step, neuron) of each neuron, and values of leaky integrators.

    Written from NIR's documentation alone. Equations are solved exactly over a step dt, during which nothing arrives.
    An input of 1 for a step is a jump by dt times its factor, and whatever leaves a node arrives a step later.

    Parameters
    ----------
    spikes : (step, unit) of the input.
    """
    dt = graph.metadata["dt"]
    into: dict[str, list[str]] = {}
    for pre, post in graph.edges:
        into.setdefault(post, []).append(pre)
    neurons = [name for name, node in graph.nodes.items() if type(node).__name__ in ("LIF", "CubaLIF", "LI", "CubaLI")]
    sizes = {name: len(graph.nodes[name].r) for name in neurons}
    state = {name: np.zeros((2, sizes[name])) for name in neurons}
    out = {name: np.zeros((len(spikes), sizes[name])) for name in neurons} | {"input": spikes}

    def sent(name: str, step: int) -> np.ndarray:
        node = graph.nodes[name]
        if isinstance(node, nir.Linear):
            return node.weight @ sent(into[name][0], step)
        if isinstance(node, nir.Delay):
            return sent(into[name][0], step - round(float(node.delay[0]) / dt))
        return out[name][step] if step >= 0 else np.zeros(out[name].shape[1])

    for step in range(len(spikes)):
        for name in neurons:
            node, (v, current) = graph.nodes[name], state[name]
            arrived = sum(sent(each, step - 1) for each in into[name])
            if isinstance(node, nir.CubaLIF | nir.CubaLI):
                current = current + dt * node.w_in * arrived / node.tau_syn
                tau, tau_syn = node.tau_mem[0], node.tau_syn[0]
                by = expm(np.array([[-1 / tau, node.r[0] / tau], [0, -1 / tau_syn]]) * dt)
                v = node.v_leak + by[0, 0] * (v - node.v_leak) + by[0, 1] * current
                current = by[1, 1] * current
            else:
                v = v + dt * node.r * arrived / node.tau
                v = node.v_leak + np.exp(-dt / node.tau) * (v - node.v_leak)
            if isinstance(node, nir.LIF | nir.CubaLIF):
                out[name][step] = v > node.v_threshold
                v = np.where(out[name][step], node.v_reset, v)
            else:
                out[name][step] = v
            state[name] = np.array([v, current])
    return out


@pytest.mark.parametrize("name", ["recurrent_one", "forward", "jumps", "odd_one"])
def test_another_program_gives_the_same_spikes(tmp_path, name) -> None:
    """NIR's definitions, interpreted here without Brian2, on the file that is written; every spike in its step."""
    circuit = circuit_of(name)
    carries = {key: 5 * w for key, w in weights_for(circuit).items()}
    graph = nir.read(nir_graph.write(circuit, carries, tmp_path / "net.nir"))
    experiment, dt = circuit.experiment, graph.metadata["dt"]
    times = np.random.default_rng(2).uniform(0, 1, (1, LAYERS[0]))
    weights = {carried.stored_name(key): w for key, w in carries.items()}
    run = zoo.simulate(experiment, LAYERS, times, weights, compiled=False)

    def of(population: str, size: int) -> np.ndarray:
        mine = run.isel(spike=run.spike_population.values == population)
        found = np.zeros((round(run.attrs["sample_time"] / dt), size))
        found[np.rint(mine.spike_time.values / dt).astype(int), mine.spike_unit.values] = 1
        return found

    theirs = interpreted(graph, of("input", LAYERS[0]))
    assert of("hidden1", LAYERS[1]).sum() > 5
    np.testing.assert_array_equal(theirs["hidden1"], of("hidden1", LAYERS[1]))
    if isinstance(graph.nodes["output"], nir.CubaLIF):
        np.testing.assert_array_equal(theirs["output"], of("output", LAYERS[2]))
    else:
        np.testing.assert_allclose(theirs["output"].mean(axis=0), run.answers.values[0], rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_norse_gives_the_same_spikes(tmp_path) -> None:
    """As many of each output unit, and each at most 1 ms apart: Norse takes Euler's steps, and no step from layer to
    layer."""
    torch, norse = pytest.importorskip("torch"), pytest.importorskip("norse.torch.utils.import_nir")
    fine = {"config/experiments/fine.yaml": "title: Fine\nextends: superspike\n"
            "neurons: {hidden: lif_exp_hard, output: lif_exp_hard}\nprotocol: {dt: 0.1*ms}\n"}  # fmt: skip
    circuit = circuit_of("fine", fine)
    carries = {key: 5 * w for key, w in weights_for(circuit).items()}
    graph = nir.read(nir_graph.write(circuit, carries, tmp_path / "net.nir"))
    times = np.random.default_rng(2).uniform(0, 1, (1, LAYERS[0]))
    weights = {carried.stored_name(key): w for key, w in carries.items()}
    run = zoo.simulate(circuit.experiment, LAYERS, times, weights, compiled=False)

    network, state, found = norse.from_nir(graph, dt=graph.metadata["dt"]), None, []
    given = run.isel(spike=run.spike_population.values == "input")
    spikes = np.zeros((2000, LAYERS[0]), np.float32)
    spikes[np.rint(given.spike_time.values / 1e-4).astype(int), given.spike_unit.values] = 1
    for step in torch.tensor(spikes):
        answer, state = network(step[None]) if state is None else network(step[None], state)
        found.append(answer.detach().numpy()[0])
    step, unit = np.nonzero(np.array(found))
    ours = run.isel(spike=run.spike_population.values == "output")
    assert len(ours.spike) > 20
    for k in range(LAYERS[2]):
        mine = np.sort(ours.spike_time.values[ours.spike_unit.values == k])
        np.testing.assert_allclose(step[unit == k] * 1e-4, mine, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["recurrent_one", "forward", "jumps", "odd_one"])
def test_weights_come_back_whatever_the_nodes_are_called(tmp_path, name) -> None:
    circuit = circuit_of(name)
    carries = weights_for(circuit)
    graph = nir.read(nir_graph.write(circuit, carries, tmp_path / "net.nir"))
    called = {node: f"node{k}" for k, node in enumerate(reversed(graph.nodes))}
    for node in graph.nodes.values():  # another resistance, and the weights by so much smaller
        if hasattr(node, "r"):
            node.r = node.r * 4
        if isinstance(node, nir.Linear):
            node.weight = node.weight / 4
    nodes = {called[name]: node for name, node in graph.nodes.items()}
    edges = [(called[pre], called[post]) for pre, post in graph.edges]
    back = nir_graph.weights_of(nir.NIRGraph(nodes, edges, metadata=graph.metadata), circuit)
    assert set(back) == {carried.stored_name(key) for key in carries}
    for key, w in carries.items():
        np.testing.assert_allclose(back[carried.stored_name(key)].ravel(), w, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("erbp_plus", "two_compartment_lif.yaml: refractory: NIR has no primitive with a refractory period"),
        ("rtrl_block_diagonal", "lif_exp.yaml: reset: a spike of lif_exp does not put the membrane to a constant"),
        ("rtrl_conductance", "lif_conductance.yaml: initial: NIR has no primitive with an initial state"),
        ("bp", "NIR has no primitive for it"),
    ],
)
def test_what_nir_has_no_primitive_for_is_refused(name, message) -> None:
    circuit = circuit_of(name)
    with pytest.raises(zoo.ZooError, match="it has LIF, CubaLIF, LI and CubaLI") as caught:
        nir_graph.graph_of(circuit, weights_for(circuit))
    assert message in str(caught.value)


def test_a_graph_of_another_network_is_refused() -> None:
    circuit = circuit_of("recurrent_one")

    def refused(change: Any) -> str:
        graph = nir_graph.graph_of(circuit, weights_for(circuit))
        change(graph)
        with pytest.raises(zoo.ZooError) as caught:
            nir_graph.weights_of(graph, circuit)
        return str(caught.value)

    def slower(graph: Any) -> None:
        graph.nodes["hidden1"].tau_mem = graph.nodes["hidden1"].tau_mem * 2

    def biased(graph: Any) -> None:
        graph.nodes["input_hidden1"] = nir.Affine(graph.nodes["input_hidden1"].weight, np.ones(LAYERS[1]))

    def unwired(graph: Any) -> None:
        graph.edges.remove(("hidden1", "hidden1_hidden1"))

    def narrower(graph: Any) -> None:
        graph.nodes["hidden1_output"] = nir.Linear(np.zeros((2, LAYERS[1])))

    def other(graph: Any) -> None:
        graph.nodes["output"] = nir.I(np.ones(LAYERS[2]))

    assert "tau_mem of 'hidden1' is 0.04, the experiment's 0.02" in refused(slower)
    assert "nodes.input_hidden1: it has a bias" in refused(biased)
    assert "nothing leads from hidden1 to hidden1" in refused(unwired)
    assert "weights from hidden1 to output are (6, 2)" in refused(narrower)
    assert "the zoo has no 'I'" in refused(other)


def test_the_commands_take_a_network_out_and_in(tmp_path, zoo_with) -> None:
    """Out as a graph and as a script, and the graph's weights in."""
    root = zoo_with(FILES).root
    circuit = zoo.compose(zoo.load("experiment/recurrent_one", files=FILES), LAYERS, mode="test").circuit
    stored = xr.Dataset(
        {
            carried.stored_name(key): (dims, weights_for(circuit)[key].reshape(shape))
            for key, (dims, shape) in carried.shapes(circuit).items()
        }
    )
    facts = {"experiment": "recurrent_one", "layers": "8-6-3", "setting": "default", "seed": 0, "dataset": "randman"}
    stored["test_error"] = ("epoch", [0.5])
    results.save(stored.assign_attrs(**facts, rule="", samples=1), tmp_path / "result.nc")

    def run(*words: str) -> None:
        done = CliRunner().invoke(app, ["--root", str(root), *words])
        assert done.exit_code == 0, done.output

    run("export", "nir", f"{tmp_path}/result.nc", f"{tmp_path}/net.nir")
    run("import", "nir", f"{tmp_path}/net.nir", "recurrent_one", "8-6-3", f"{tmp_path}/start.npz")
    with np.load(tmp_path / "start.npz") as back:
        np.testing.assert_allclose(back["w_hidden1_hidden1"], stored.w_hidden1_hidden1)
    wrong = CliRunner().invoke(app, ["--root", str(root), "export", "brian2", f"{tmp_path}/result.nc",
                                     f"{tmp_path}/net.py", "--data", "digits"])  # fmt: skip
    assert wrong.exit_code == 2
    assert "layers: the data have 64 input units" in wrong.output
