"""The same circuit in other words, for backends on which all synapses work before the neurons do."""

from brian2 import ms
from brian2.equations.equations import Equations

from brian2zoo import circuits
from brian2zoo.compose.assembly import Assembly
from brian2zoo.compose.circuit import compose
from brian2zoo.compose.neuron import NeuronCode
from brian2zoo.compose.parallel import side_by_side
from brian2zoo.compose.synapse import SynapseCode

PARALLEL = Assembly(on_host=False, parallel=True)


def test_no_copies_are_made_and_subexpressions_are_written_out(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (4, 3, 2), "train")
    usual, parallel = compose(circuit), compose(circuit, PARALLEL)
    assert "I_start" in usual.synapses["input_hidden1"].on_pre
    assert "I_start" in usual.neurons["hidden1"].equations
    code = parallel.synapses["input_hidden1"]
    assert "I_post > -b_max" in code.on_pre
    assert "learning" not in code.on_pre
    assert "% T_sample" in code.on_pre
    assert Equations(code.equations).names == {"w", "eta", "b_max", "T_wait"}
    assert parallel.neurons["hidden1"].copies == ""
    assert "I_start" not in parallel.neurons["hidden1"].equations


def test_each_step_reads_what_neurons_have_seen(zoo) -> None:
    circuit = circuits.build(zoo.experiment("rtrl_random_feedback"), (4, 3, 2), "train")
    codes = compose(circuit, PARALLEL)
    code, hidden, output = codes.synapses["input_hidden1"], codes.neurons["hidden1"], codes.neurons["output"]
    assert "psi_seen_post" in code.each_step
    assert "eps_v_hidden1_seen_pre" in code.each_step
    assert "psi_seen = psi" in hidden.each_step
    # the sum over exponentials starts from what there is, the error, which hangs on the sum, does not
    assert "exponentiated_seen = exponentiated" in output.initial
    assert "learning_signal_seen" not in output.initial


def test_indices_are_variables_where_code_may_not_name_them(zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_counted_rounding"), (4, 3, 2), "train")
    code = compose(circuit, Assembly(places=True)).synapses["input_hidden1"]
    assert "shift*j_place" in code.on_pre
    assert "j_place : 1 (constant)" in code.equations
    assert "place" not in compose(circuit, Assembly(places=True)).synapses["error_hidden1"].equations


def code_of(equations: str, **blocks: str) -> SynapseCode:
    return SynapseCode(equations, {}, reads={}, **blocks)


NEURON = NeuronCode("v : volt\nu = 2*v : volt\ntau : second (shared, constant)", {"tau": 3 * ms})


def test_ordinary_differential_equations_read_neurons_before_they_move() -> None:
    code = code_of("dx/dt = (v_post - x)/tau_post : volt (clock-driven)", each_step="x += u_pre")
    neurons, synapses = side_by_side({"a": NEURON, "b": NEURON}, {"s": code}, {"s": ("a", "b")})
    equations = Equations(synapses["s"].equations)
    assert equations["x"].identifiers >= {"v_before_post", "tau_post_value"}
    assert "clock-driven" in equations["x"].flags
    assert synapses["s"].parameters == {"tau_post_value": 3 * ms}
    assert synapses["s"].each_step == "x += u_seen_pre"
    assert (neurons["b"].before, neurons["a"].each_step) == ("v_before = v", "u_seen = u")
    assert (neurons["a"].before, neurons["b"].each_step) == ("", "")
    assert neurons["a"].initial == "u_seen = u"


def test_time_is_that_of_the_step_the_statements_belong_to() -> None:
    code = code_of("x : 1", each_step="x += int(t > 5*ms)", at_onset="x = int(t > 5*ms)")
    _, synapses = side_by_side({"a": NEURON}, {"s": code}, {"s": ("a", "a")})
    assert synapses["s"].each_step == "x += int((t - dt) > 5*ms)"
    assert synapses["s"].at_onset == "x = int(t > 5*ms)"


def test_subexpressions_of_subexpressions_and_indices() -> None:
    code = code_of("w : 1\nfirst = w*i : 1\nsecond_ = first + j : 1", on_pre="w += second_")
    _, synapses = side_by_side({"a": NEURON}, {"s": code}, {"s": ("a", "a")})
    assert synapses["s"].on_pre == "w += ((w*i_place) + j_place)"
    assert Equations(synapses["s"].equations).names == {"w", "i_place", "j_place"}
