"""What is found in statements of synapses: linear recursions and what gets into them, guards, and reasons why not."""

import brian2
import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.dense import blocks, recursion
from brian2zoo.dense.blocks import Block
from brian2zoo.dense.guards import guard
from brian2zoo.dense.recursion import Names, NotLinear, Operation, after, moved, moving_side
from brian2zoo.derive import formulas
from brian2zoo.run.programs import ways

VARIABLES = frozenset({"x", "y", "grad"})


def kind(name: str) -> recursion.Kind:
    for side in recursion.SIDES:
        if name.endswith(f"_{side}"):
            return side
    return "synapse" if name in ("w", "tau_w") else "shared"


def taken(text: str, spikes: recursion.Side | None = None) -> recursion.Moved:
    terms, lines = after(text.splitlines(), Names(kind, VARIABLES))
    operation = Operation("here", spikes, terms, lines)
    return moved(operation, moving_side([operation]))


@pytest.mark.parametrize(
    ("text", "factors", "inputs", "coefficients"),
    [
        # as of RTRL: the gradient reads the trace before it grows
        (
            "grad += error_post*y\nelig = eps_pre*psi_post\ny += elig",
            ["eps_pre"], {("y", 0): "psi_post"}, {("grad", "y"): "error_post"},
        ),
        # as of e-prop: the adaptation's share of a trace decays with the postsynaptic neuron
        (
            "now = psi_post*(z_pre - beta_post*x)\ny += now\nx += now",
            ["z_pre"], {("y", 0): "psi_post", ("x", 0): "psi_post"},
            {("y", "x"): "-beta_post*psi_post", ("x", "x"): "1 - beta_post*psi_post"},
        ),
        ("x = x*exp(-dt/tau)", [], {}, {("x", "x"): "exp(-dt/tau)"}),
        ("x = 0", [], {}, {("x", "x"): "0"}),
        ("x += 2*(a_pre + b_post)**2", ["a_pre**2", "a_pre", "1"],
         {("x", 0): "2", ("x", 1): "4*b_post", ("x", 2): "2*b_post**2"}, {}),
        ("x += a_pre/(3*c_post)", ["a_pre"], {("x", 0): "1/(3*c_post)"}, {}),
        ("x -= sqrt(a_pre)*exp(-b_post)*int(b_post > 1)", ["sqrt(a_pre)"],
         {("x", 0): "-exp(-b_post)*int(b_post > 1)"}, {}),
        ("x = y + x - y + a_pre", ["a_pre"], {("x", 0): "1"}, {}),
        # decided by the presynaptic side: factors are those of the other one
        ("x = x*a_pre + b_post*c_pre", ["b_post"], {("x", 0): "c_pre"}, {("x", "x"): "a_pre"}),
    ],
)  # fmt: skip
def test_statements_as_a_recursion(text, factors, inputs, coefficients) -> None:
    found = taken(text)
    assert list(found.factors) == [formulas.parse(factor) for factor in factors]
    for entries, expected in ((found.inputs, inputs), (found.coefficients, coefficients)):
        assert entries.keys() == expected.keys()
        for key, formula in entries.items():
            assert (formula - formulas.parse(expected[key])).expand() == 0, key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x += w*a_pre", "'x += w*a_pre': it reads 'w', which each synapse has its own of"),
        ("x = x*exp(-dt/tau_w)", "it reads 'tau_w'"),
        ("x = x*y", "it multiplies"),
        ("x = tanh(x)", "it is not linear in 'x'"),
        ("x = 1/(1 + x)", "it is not linear in 'x'"),
        ("part = x + a_pre\nx = abs(part)", "it is not linear in 'x'"),
        ("x += exp(-(a_pre - b_post)**2)", "is no product of what either side gives"),
        ("x += rand()", "it calls rand()"),
        ("e = a_pre\nx += e", "is called as something that Brian2 knows"),
        ("x = x*a_pre\ny = y*b_post", "both sides decide how 'y' moves on"),
        ("x += (a_pre + b_post)**3*(a_pre + c_post)**4", "more than 24 terms"),
    ],
)
def test_reasons_why_statements_are_no_recursion(text, reason) -> None:
    with pytest.raises(NotLinear) as raised:
        taken(text)
    assert reason in str(raised.value)


def test_what_a_spike_changes_is_decided_by_its_side() -> None:
    assert moving_side([Operation("here", "pre", *after(["x = 0.5*x"], Names(kind, VARIABLES)))]) == "pre"
    assert taken("x += 1", "pre").coefficients == {}
    both = [("pre", "x = 0.5*x"), ("post", "x = 0")]
    with pytest.raises(NotLinear, match="both sides"):
        moving_side([Operation("here", side, *after([text], Names(kind, VARIABLES))) for side, text in both])


# --- In a network ---------------------------------------------------------------------------------

MODEL = """
w : 1
grad : 1
m : 1
dx/dt = -x/tau_post : 1 (clock-driven)
due = int(t > 5*ms) : 1 (shared)
shown = 2*grad : 1
"""
STEP = "grad += error_post*x\nx += a_pre*psi_post"


def network(model: str = MODEL, step: str = STEP, on_pre: str = "g_post += w", **options) -> dict[str, object]:
    brian2.set_device("runtime")
    brian2.defaultclock.dt = 0.1 * ms  # whatever another test has left
    brian2.prefs.codegen.target = "numpy"
    equations = "a : 1\npsi : 1\nerror : 1\ng : 1\ntotal : 1\ntau : second\nhidden = 2*g : 1"
    neurons = brian2.NeuronGroup(3, equations, threshold="a > 1", reset="", name="neurons")
    synapses = brian2.Synapses(neurons, neurons, model, on_pre=on_pre, method="euler", name="synapses", **options)
    synapses.connect()
    synapses.run_regularly(step, when="after_groups", name="each_step")
    return {"neurons": neurons, "synapses": synapses}


def way(objects: dict[str, object], in_rows: bool = True) -> Block | str:
    return blocks.found(brian2.Network(*objects.values()).sorted_objects, {}, lambda _: in_rows)["synapses"]


def test_a_block_takes_what_a_step_gives() -> None:
    block = way(network())
    assert block.moving == "post"
    assert set(block.variables) == {"grad", "x"}
    assert [each.operation.name for each in block.operations] == ["synapses_stateupdater", "each_step"]
    assert block.code(1) == {"pre": "_kept_0 = a_pre", "post": "_kept_1 = psi_post\n_kept_2 = error_post"}
    assert block.is_sum("grad")
    assert not block.is_sum("x")
    assert str(block) == "in blocks of 128 steps"


def test_statements_at_spikes_are_divided() -> None:
    block = way(network(on_pre="jump = 1.5\nx += jump\ngain = 2\ng_post += gain*w"))
    assert block.rest["synapses_pre"] == "gain = 2\ng_post += gain*w"
    number = [each.operation.name for each in block.operations].index("synapses_pre")
    assert list(block.code(number).values()) == ["_kept_1 = 1", "_kept_3 = 1.50000000000000"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"on_pre": "g_post += w*x"}, "'g_post += w*x' reads 'x' in every step"),
        ({"on_pre": "w += 0.1*x\ng_post += w"}, "'g_post += w' reads 'w' in every step"),
        ({"step": STEP + "\nw += 0.1*x"}, "'g_post += w' reads 'w' in every step"),
        ({"model": MODEL + "total_post = shown : 1 (summed)"}, "reads 'grad' in every step"),
        ({"model": MODEL.replace("(clock-driven)", "(event-driven)")}, "'lastupdate"),
        ({"step": STEP + "\nx += w*int(a_pre > 0)"}, "it reads 'w'"),
        ({"dtype": {"x": np.float32}}, "not of one type"),
        ({"on_pre": "x += g_post\ng_post += w"}, "'x += g_post' reads what 'g_post += w' changes at the same spikes"),
        (
            {"on_pre": "gain = g_post\nx += gain\ng_post += gain*w"},
            "'gain = g_post' reads what 'g_post += gain*w' changes",
        ),
        ({"on_pre": "x += hidden_post\ng_post += w"}, "reads what 'g_post += w' changes"),
    ],
)
def test_reasons_why_a_projection_is_taken_step_by_step(options, reason) -> None:
    found = way(network(**options))
    assert isinstance(found, str)
    assert reason in found


def test_who_looks_in_every_step_keeps_a_projection_out() -> None:
    objects = network()
    objects["monitor"] = brian2.StateMonitor(objects["synapses"], "shown", record=[0], name="monitor")
    assert way(objects) == "'monitor' reads 'grad' in every step"
    objects["monitor"] = brian2.StateMonitor(objects["synapses"], "shown", record=[0], dt=1 * ms, name="monitor")
    assert way(objects).looks["monitor"].unread == frozenset()
    objects["monitor"] = brian2.StateMonitor(
        objects["synapses"], "shown", record=[0], dt=1 * ms, when="after_groups", order=-1, name="monitor"
    )
    assert way(objects) == "'monitor' reads 'grad' in the middle of a step"


def test_who_looks_every_few_steps_keeps_a_projection_out() -> None:
    objects = network()
    objects["synapses"].run_regularly("w -= 0.1*grad", dt=0.3 * ms, when="start", name="update")
    assert way(objects) == "'w -= 0.1*grad' reads 'grad' every few steps"


def test_another_connectivity_keeps_a_projection_out() -> None:
    assert way(network(), in_rows=False) == "not all neurons are connected, or not with one delay"


def test_what_is_set_to_zero_before_anybody_reads_it_is_not_worked_out() -> None:
    objects = network()
    synapses = objects["synapses"]
    synapses.run_regularly("w -= 0.1*grad\ngrad = 0", dt=1 * ms, when="start", order=-1, name="update")
    synapses.run_regularly("x = abs(x)*int(t < 0*second)", dt=1 * ms, when="start", name="rest")
    looks = way(objects).looks
    assert looks["update"] == blocks.Look(frozenset({"x"}), frozenset(), frozenset())
    assert looks["rest"] == blocks.Look(frozenset({"x"}), frozenset(), frozenset({"x"}))
    synapses.run_regularly("m = x", dt=1 * ms, when="start", order=-0.5, name="reader")
    assert way(objects).looks["update"].unread == frozenset()


@pytest.mark.parametrize("experiment", ["rtrl_conductance", "superspike", "decolle", "rflo"])
def test_rules_of_the_zoo_are_taken_in_blocks(zoo, experiment) -> None:
    circuit = circuits.build(zoo.experiment(experiment), (4, 3, 2), "train")
    assert ways(circuit) == {p.name: "in blocks of 128 steps" for p in circuit.plastic}


def test_stores_of_all_neurons_are_not_and_the_line_is_named(zoo) -> None:
    circuit = circuits.build(zoo.experiment("rtrl_full"), (4, 3, 2), "train")
    found = ways(circuit)
    assert found["hidden1_output"] == "in blocks of 128 steps"
    reason = "step by step: 'grad += now': it reads 'now', which each synapse has its own of"
    assert found["input_hidden1"] == found["hidden1_hidden1"] == reason


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("m += due*(grad - m)\ndw = -due*m/(1 - 0.9**clip(m, 1, inf))\ngrad = grad*(1 - due)\nw = w + dw", "due"),
        ("m = due*clip(0.9*m, grad**2, inf) + (1 - due)*m", "due"),
        ("m += due*grad\ngrad = 0", None),
        ("w = clip(w + due*m, 0, 1)", None),
        ("w += due*m*rand()", None),
        ("w += m", None),
        ("e = due\nw += e", None),
    ],
)
def test_an_update_that_is_not_due_is_left_out(text, found) -> None:
    assert guard(text.splitlines(), network()["synapses"].variables) == found
