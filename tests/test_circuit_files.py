"""Circuits that are text files: what a file says is wired so, and a mistake in it is told before anything is built."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.check import check_experiment, check_zoo
from brian2zoo.check.alone import check_alone
from brian2zoo.circuits import initial_weights
from brian2zoo.circuits.wires import wires
from brian2zoo.datasets import DatasetSettings, load
from brian2zoo.datasets.encode import encode_dataset
from brian2zoo.datasets.events import Events
from brian2zoo.errors import ZooError
from brian2zoo.formats.circuits import ProjectionPlan
from brian2zoo.formats.expressions import evaluate
from brian2zoo.formats.zoo import ROOT, Zoo
from brian2zoo.run import results
from brian2zoo.run.carried import read_start
from brian2zoo.run.network import Recording, duration, weight_matrix
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here
from brian2zoo.run.train import Schedule, train

INHIBITED = """
title: Error neurons, and units of the output that inhibit each other
extends: direct_feedback
populations: {inhibitor: {size: N_output}}
projections:
  excite:  {source: output, target: inhibitor, pairs: i == j, delay: delay}
  inhibit: {source: inhibitor, target: output, pairs: i != j, sign: "-1", delay: 2*delay}
"""
EXPERIMENT = """
title: eRBP+ with lateral inhibition
extends: erbp_plus
circuit: inhibited
neurons: {inhibitor: two_compartment_lif}
synapses: {excite: soma_kick, inhibit: soma_kick}
weights: |
  excite  = 150*mV
  inhibit = 50*mV
"""


RING = "{gates: g, ring: r, from_gates: [], to_each: [], silence: s, reward: w}"


def connected(condition: str, sizes: dict[str, int], name: str) -> tuple[np.ndarray, np.ndarray]:
    plan = ProjectionPlan(source="a", target="b", pairs=condition)
    return wires(plan, sizes, name, Path("models/circuits/x.yaml"), "projections.x")[0]


def table(pairs) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in pairs), strict=True))


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("i == j", lambda i, j: i == j),
        ("i != j", lambda i, j: i != j),
        ("i // 3 == j and not i == 4", lambda i, j: i // 3 == j and i != 4),
        ("i == j % N_output or j == N_post - 1", lambda i, j: i == j % 3 or j == 6),
        (
            "abs(i % 3 - j % 3) <= 1 and abs(i // 3 - j // 3) <= 1",
            lambda i, j: max(abs(i % 3 - j % 3), abs(i // 3 - j // 3)) <= 1,
        ),
    ],
)
def test_pairs_are_those_for_which_the_condition_holds(condition, wanted) -> None:
    sizes = {"N_pre": 9, "N_post": 7, "N_output": 3}
    found = connected(condition, sizes, "a_b")
    assert table(found) == {(i, j) for i in range(9) for j in range(7) if wanted(i, j)}
    np.testing.assert_array_equal(np.lexsort(found[::-1]), np.arange(len(found[0])))


def test_chance_connects_a_share_of_pairs_and_always_the_same() -> None:
    sizes = {"N_pre": 3000, "N_post": 2000}
    first, again, other = (connected("rand() < 0.1", sizes, name) for name in ("a_b", "a_b", "a_c"))
    np.testing.assert_array_equal(first, again)
    assert table(first) != table(other)
    # of n draws at p the share has a standard deviation of sqrt(p*(1 - p)/n), here 1.2e-4
    assert len(first[0]) / 6e6 == pytest.approx(0.1, abs=6e-4)
    for side, size in zip(first, (3000, 2000), strict=True):
        degrees = np.bincount(side, minlength=size)
        n = 6e6 / size
        assert degrees.var() == pytest.approx(n * 0.1 * 0.9, rel=0.2)


def inhibited(zoo_with, circuit: str = INHIBITED, experiment: str = EXPERIMENT) -> Zoo:
    files = {"models/circuits/inhibited.yaml": circuit, "config/experiments/inhibited.yaml": experiment}
    return zoo_with(files)


def test_a_circuit_is_added_by_text_alone(zoo_with) -> None:
    zoo = inhibited(zoo_with)
    assert [*check_alone(zoo, "circuit", "inhibited"), *check_experiment(zoo.experiment("inhibited"))] == []
    circuit = circuits.build(zoo.experiment("inhibited"), (6, 5, 3), "train")
    usual = circuits.build(zoo.experiment("erbp_plus"), (6, 5, 3), "train")
    found = {p.name: p for p in circuit.projections}
    assert found.keys() - {p.name for p in usual.projections} == {"output_inhibitor", "inhibitor_output"}
    assert table(found["output_inhibitor"].pairs) == {(k, k) for k in range(3)}
    assert table(found["inhibitor_output"].pairs) == {(i, j) for i in range(3) for j in range(3) if i != j}
    assert [evaluate(found[name].delay) / ms for name in ("output_inhibitor", "inhibitor_output")] == [0.8, 1.6]
    start = initial_weights(circuit, seed=0)
    np.testing.assert_allclose(start["inhibitor_output.w"], -0.05)
    strong = {"hidden1_output.w": np.full(15, 2e-11), "input_hidden1.w": np.full(30, 2e-9)}
    data = {"input": np.full((2, 6), 0.9), "label": np.eye(3)[:2]}
    counts = {}
    for each in (usual, circuit):
        values = initial_weights(each, 0) | strong | parameter_values(each)
        names = [f"{p.name}_spikes.count" for p in each.spiking]
        recording = Recording(tuple(p.name for p in each.spiking))
        counts[each.experiment.name] = run_here(each, 50 * ms, Inputs(data, values, 2, 0), names, recording)
    inhibition = counts["inhibited"]["inhibitor_spikes.count"].sum()
    assert 0 < inhibition < counts["inhibited"]["output_spikes.count"].sum() * 3
    assert counts["inhibited"]["output_spikes.count"].sum() < counts["erbp_plus"]["output_spikes.count"].sum()


@pytest.mark.parametrize(
    ("old", "new", "field", "told"),
    [
        ("source: inhibitor", "source: inhibitors", "projections.inhibit.source", "did you mean 'inhibitor'"),
        ("target: inhibitor", "target: hiden", "projections.excite.target", "did you mean 'hidden'"),
        ("pairs: i != j", "pairs: i != k", "projections.inhibit.pairs", "unknown name 'k' in 'i != k'"),
        ("pairs: i != j", "pairs: i", "projections.inhibit.pairs", "'i' is no condition"),
        ('sign: "-1"', "sign: i < 1", "projections.inhibit.sign", "is a condition, no number"),
        ('sign: "-1"', "sign: 1/i", "projections.inhibit.sign", "is no finite number"),
        ("delay: 2*delay", "delay: '2'", "projections.inhibit.delay", "'2' is no time of 0 or more"),
        ("size: N_output", "size: N_outputs", "populations.inhibitor.size", "unknown name 'N_outputs'"),
        ("size: N_output", "size: N_output/7", "populations.inhibitor.size", "neurons — give a whole number from 1"),
        ("{inhibitor: {size: N_output}}", "{inhibitor: {}}", "populations.inhibitor", "how many neurons it has"),
        ("{inhibitor: {size: N_output}}", "{hidden: {size: '3'}}", "populations.hidden", "'hidden' is a layer"),
        ("{inhibitor: {size: N_output}}", "{inhibitor: {beside: [input]}}", "populations.inhibitor", "go together"),
        ("{source: output, target: inhibitor", "{target: inhibitor", "projections.excite", "what it connects"),
        ("{size: N_output}", "{beside: [hidden], name: x}", "populations.inhibitor.name", "put a * into it"),
        ("excite:  {", "plastic: {", "projections.plastic", "'plastic' is a word of circuits"),
        (
            "projections:\n",
            "feedback: {local: {returns: [hidden]}}\nprojections:\n",
            "feedback.local.returns",
            "'hidden'",
        ),
        ("projections:\n", f"phases: {RING}\nprojections:\n", "populations", "those of a table of phases"),
    ],
)
def test_a_mistake_in_a_circuit_is_told(zoo_with, old, new, field, told) -> None:
    assert old in INHIBITED
    zoo = inhibited(zoo_with, INHIBITED.replace(old, new))
    finding = check_alone(zoo, "circuit", "inhibited")[0]
    assert (finding.where, finding.field) == ("models/circuits/inhibited.yaml", field)
    assert told in str(finding)


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        ("neurons: {inhibiter: lif}", "neurons.inhibiter", "did you mean 'inhibitor'"),
        ("synapses: {excites: soma_kick}", "synapses.excites", "did you mean 'excite'"),
        ("learning: {excite: {rule: erbp}}", "learning.excite", "has no 'excite' that may learn"),
        ("learning: {plastics: {rule: erbp}}", "learning.plastics", "did you mean 'plastic'"),
        ("learning: {learns: [inhibit]}", "learning.learns.inhibit", "has no 'inhibit' that may learn"),
        ("learning: {feedback: symmetric}", "learning.feedback", "has no feedback by way 'symmetric'"),
        ("learning: {feedbck: symmetric}", "learning.feedbck", "did you mean 'feedback'"),
        ("circuit: inhibitedd", "circuit", "did you mean 'inhibited'"),
    ],
)
def test_an_experiment_that_does_not_fit_its_circuit_is_told(zoo_with, line, field, told) -> None:
    text = EXPERIMENT if not line.startswith("circuit") else EXPERIMENT.replace("circuit: inhibited\n", "")
    own = f"title: wrong\nextends: inhibited\n{line}\n"
    zoo = inhibited(zoo_with, experiment=text)
    (zoo.root / "config/experiments/wrong.yaml").write_text(own)
    (finding, *_) = check_zoo(Zoo(zoo.root), {("experiment", "wrong")})
    assert (finding.where, finding.field) == ("config/experiments/wrong.yaml", field)
    assert told in str(finding)


PERCEPTRON = {
    "models/circuits/perceptron.yaml": """
title: An output layer alone
populations:
  input:  {data: input}
  output: {}
  label:  {size: N_output, data: label, only: train}
projections:
  layers: {through: [input, output], learns: true}
  target: {source: label, target: output, pairs: i == j, only: train}
feedback: {symmetric: {}}
""",
    "config/experiments/perceptron.yaml": """
title: Logistic regression
extends: bp
circuit: perceptron
neurons: {hidden: null}
synapses: {feedback: null}
weights: |
  input_hidden  = null
  hidden_hidden = null
  hidden_output = null
  feedback      = null
  input_output  = normal(1/sqrt(N_pre))
""",
}


def test_a_network_of_two_layers_is_logistic_regression(zoo_with) -> None:
    zoo = zoo_with(PERCEPTRON)
    experiment = zoo.experiment("perceptron").with_setting("rule.eta=0.5")
    assert check_experiment(experiment) == []
    circuit = circuits.build(experiment, (6, 3), "train")
    rng = np.random.default_rng(0)
    data = {"input": rng.uniform(0, 1, (20, 6)), "label": np.eye(3)[rng.integers(0, 3, 20)]}
    start = initial_weights(circuit, seed=0)
    w = start["input_output.w"].reshape(6, 3).copy()
    outputs = []
    for x, target in zip(data["input"], data["label"], strict=True):
        outputs.append(1 / (1 + np.exp(-x @ w)))
        w -= 0.5 * np.outer(x, outputs[-1] - target)
    inputs = Inputs(data, start | parameter_values(circuit), 20, 0)
    found = run_here(circuit, duration(circuit, "T_train"), inputs, ["input_output.w", "output_rates.r"])
    np.testing.assert_allclose(found["output_rates.r"].reshape(20, 3), outputs, rtol=1e-12)
    np.testing.assert_allclose(found["input_output.w"].reshape(6, 3), w, rtol=1e-12)
    with pytest.raises(ZooError, match="circuit 'perceptron' with feedback 'symmetric' has 2 layers, not 3"):
        circuits.build(experiment, (6, 4, 3), "train")


SPARSE = {
    "models/circuits/sparse.yaml": """
title: Half of all pairs of layers, and no neuron with itself
extends: recurrent
projections:
  layers:    {through: [input, hidden, output], learns: true, delay: delay, pairs: rand() < 0.5}
  recurrent: {source: hidden, target: itself, learns: true, delay: delay, pairs: i != j}
""",
    "config/experiments/sparse.yaml": "title: Sparse\nextends: eprop_alif\ncircuit: sparse\n",
    "config/experiments/sparse_full.yaml": "title: Sparse\nextends: rtrl_full\ncircuit: sparse\n",
}


def test_what_is_not_connected_stays_so_and_learns_as_elsewhere(zoo_with, tmp_path) -> None:
    """The same on the dense device, which takes no rows of such synapses, as on the numpy target."""
    zoo = zoo_with(SPARSE)
    assert check_experiment(zoo.experiment("sparse")) == []
    circuit = circuits.build(zoo.experiment("sparse").with_setting("optimizer.batch=1"), (6, 8, 3), "train")
    sizes = {p.name: p.size for p in circuit.plastic}
    assert sizes["hidden1_hidden1"] == 56
    assert 12 < sizes["input_hidden1"] < 36
    start = initial_weights(circuit, 0)
    start["input_hidden1.w"] = 3 * np.abs(start["input_hidden1.w"])
    rng = np.random.default_rng(0)
    data = {"input": rng.uniform(0, 0.1, (4, 6)), "label": np.eye(3)[[0, 1, 2, 0]]}
    inputs, wanted = Inputs(data, start | parameter_values(circuit), 4, 0), [p.weight for p in circuit.plastic]
    sample_time = duration(circuit, "T_train")
    program = Program(build(circuit, sample_time, 4, tmp_path / "program"))
    dense, numpy = program.run(inputs, wanted), run_here(circuit, sample_time, inputs, wanted)
    for projection in circuit.plastic:
        change = np.abs(numpy[projection.weight] - start[projection.weight])
        assert change.shape == (projection.size,)
        assert change.max() > 1e-3
        np.testing.assert_allclose(dense[projection.weight], numpy[projection.weight], rtol=0, atol=1e-12)
        matrix = weight_matrix(projection, numpy[projection.weight])
        assert np.count_nonzero(matrix) <= projection.size
        np.testing.assert_array_equal(matrix[projection.pairs], numpy[projection.weight])


def test_a_result_says_who_is_connected(zoo_with, interpreted, tmp_path) -> None:
    experiment = zoo_with(SPARSE).experiment("sparse")
    runners = [interpreted(circuits.build(experiment, (6, 8, 3), mode), 5) for mode in ("train", "test")]
    rng = np.random.default_rng(1)
    labels = np.arange(9) % 3
    data = xr.Dataset(
        {
            "input": (("sample", "pixel"), rng.uniform(0, 0.1, (9, 6))),
            "target": (("sample", "class"), np.eye(3)[labels]),
            "label": ("sample", labels),
        }
    )
    (found,) = train(*runners, data, data, Schedule(1, 9, (0,)), tmp_path / "state")
    (projection,) = (p for p in runners[0].circuit.plastic if p.name == "input_hidden1")
    assert found.w_input_hidden1.dims == found.i_input_hidden1.dims == ("synapse_input_hidden1",)
    assert table((found.i_input_hidden1.values, found.j_input_hidden1.values)) == table(projection.pairs)
    results.write(found, tmp_path / "first.nc", "first")
    start = read_start(tmp_path / "first.nc", runners[0].circuit)
    np.testing.assert_array_equal(start.w_input_hidden1, found.w_input_hidden1)


def test_a_mean_over_the_presynaptic_side_is_one_over_those_that_are_connected(zoo_with) -> None:
    files = SPARSE | {"config/experiments/sparse.yaml": SPARSE["config/experiments/sparse.yaml"] + CENTRED}
    circuit = circuits.build(zoo_with(files).experiment("sparse"), (6, 8, 3), "train")
    projection = next(p for p in circuit.plastic if p.name == "hidden1_hidden1")
    matrix = weight_matrix(projection, initial_weights(circuit, 0)[projection.weight])
    assert np.count_nonzero(matrix) == 56
    np.testing.assert_allclose(matrix.sum(axis=0), 0, atol=1e-12)


CENTRED = "weights: recurrent = centred(normal(1))\n"


def test_an_influence_is_of_all_neurons(zoo_with) -> None:
    (finding, *_) = check_experiment(zoo_with(SPARSE).experiment("sparse_full"))
    assert "influence: 'input_hidden1' does not connect all neurons with all" in str(finding)


# --- Networks that nobody tells an error ----------------------------------------------------------


def test_a_network_without_labels_is_trained_and_scored(zoo, interpreted, tmp_path) -> None:
    experiment, layers = zoo.experiment("stdp_pair"), (64, 30, 10)
    splits = load(DatasetSettings(source="digits", limit_train=12, limit_test=8), Path())
    encoded = {name: encode_dataset(images, experiment.encoders["input"], None) for name, images in splits.items()}
    learning, testing = (interpreted(circuits.build(experiment, layers, mode), 12) for mode in ("train", "test"))
    assert learning.circuit.feedback is learning.circuit.loss is None
    (trained,) = train(learning, testing, encoded["train"], encoded["test"], Schedule(1, 12, (0,)), tmp_path / "state")
    for name, most in (("input_hidden1", 0.2), ("hidden1_output", 0.5)):
        before, after = trained[f"w0_{name}"].values, trained[f"w_{name}"].values
        assert np.abs(after - before).max() > 1e-3
        assert 0 <= after.min() <= after.max() <= most
    assert trained.test_spikes.sel(test_population="output")[-1] > 0
    assert np.isfinite(trained.test_error).all()
    assert np.isnan(trained.alignment).all()


NO_BOUNDS = "".join(f"  {kind}.w_max = null\n" for kind in ("input_hidden", "hidden_hidden", "hidden_output"))
BASE = "title: x\nextends: stdp_pair\n"
LABEL = "title: Labelled\nextends: feedforward\npopulations: {label: {size: N_output, data: label, only: train}}\n"
BY_GRADIENT = "{rule: eprop_lif, surrogate: superspike, optimizer: adam}"


@pytest.mark.parametrize(
    ("lines", "field", "told"),
    [
        (
            f"learning: {{plastic: {BY_GRADIENT}}}\n",
            "learning.feedback",
            "reads an error, learning_signal",
        ),
        ("learning: {feedback: direct_random}\n", "learning.feedback", "direct_random' — leave it out"),
        (
            f"learning: {{learns: [hidden_output], plastic: {BY_GRADIENT}}}\n",
            "learning.loss",
            "nothing brings 'output' one",
        ),
        (
            "learning:\n  learns: [hidden_output]\n  loss: cross_entropy\n"
            "  plastic: {rule: block_diagonal, optimizer: adam}\n"
            "neurons: {output: leaky_readout}\nsynapses: {hidden_output: readout}\n"
            "parameters: hidden_output.w_max = null\n",
            "learning.loss",
            "reads 'target', which nothing in circuit 'feedforward' brings to 'output'",
        ),
        ("circuit: labelled\nneurons: {label: regular_input}\n", "encoders.label", "name a file of models/encoders"),
        ("parameters: feedback.b_sign = 1\n", "parameters.feedback.b_sign", "nothing in the experiment is called"),
        ("synapses: {plastic: current}\nparameters: |\n" + NO_BOUNDS, "on_pre", "unknown name 'w_max'"),
    ],
)
def test_what_needs_an_error_or_a_label_is_refused_without(zoo_with, lines, field, told) -> None:
    zoo = zoo_with({"models/circuits/labelled.yaml": LABEL, "config/experiments/x.yaml": BASE + lines})
    found = check_experiment(zoo.experiment("x"))
    assert field in [finding.field for finding in found]
    assert told in "\n".join(map(str, found))
    assert all("\n" not in str(finding) for finding in found)


@pytest.mark.parametrize(
    ("old", "new", "field", "told"),
    [
        ("pre: r1 += 1", "pre: r1 += rand()", "at_spike.pre", "takes 'rand' of the neuron at the time of the spike"),
        ("pre: r1 += 1", "pre: r1 += v/mV", "at_spike.pre", "takes 'v' of the neuron"),
        ("dr1/dt = -r1/tau_plus : 1", "dr1/dt = (v/mV - r1)/tau_plus : 1", "variables.pre", "takes 'v' of the neuron"),
        (
            "dr1/dt = -r1/tau_plus : 1",
            "dr1/dt = -r1/tau_plus : 1 (unless refractory)",
            "variables.pre",
            "takes what the neuron is (unless refractory)",
        ),
        (
            'post: "do1/dt = -o1/tau_minus : 1"}',
            'post: "do1/dt = -o1/tau_minus : 1", synapse: "dtag/dt = (r1_pre - tag)/tau_plus : 1 (clock-driven)"}',
            "variables.synapse",
            "takes a trace of the neuron at the time of the spike, which arrives later",
        ),
    ],
)
def test_what_of_a_neuron_cannot_be_seen_late_is_refused_with_a_delay(zoo_with, old, new, field, told) -> None:
    text = (ROOT / "rules/stdp_pair.yaml").read_text()
    assert old in text
    experiment = BASE.replace("poisson_input", "lif_exp") + "protocol: {delay: 1*ms}\n"
    zoo = zoo_with({"rules/stdp_pair.yaml": text.replace(old, new), "config/experiments/x.yaml": experiment})
    (mistake, *_) = check_experiment(zoo.experiment("x"))
    assert (mistake.where, mistake.field) == ("rules/stdp_pair.yaml", field)
    assert told in str(mistake)
    assert "\n" not in str(mistake)


def test_rules_without_an_error_go_together(zoo_with) -> None:
    """Excitation and inhibition that learn by two rules, on any neuron, and on a store of 8 bits."""
    both = "title: both\nextends: stdp_homeostatic_inhibition\nlearning:\n  learns: null\n"
    both += "  plastic: {rule: stdp_triplet}\n  inhibit: {rule: stdp_homeostatic_inhibition}\n"
    euler = "title: euler\nextends: stdp_nearest\nneurons: {hidden: adex, output: adex}\n"
    euler += "synapses: {plastic: stochastic_fixed_point}\nprotocol: {dt: 0.1*ms}\nparameters: |\n" + NO_BOUNDS
    euler += "weights: |\n" + "".join(f"  {k} = 0.1*nA\n" for k in ("input_hidden", "hidden_hidden", "hidden_output"))
    zoo = zoo_with({"config/experiments/both.yaml": both, "config/experiments/euler.yaml": euler})
    for name in ("both", "euler"):
        assert check_experiment(zoo.experiment(name)) == []


def test_two_projections_between_the_same_populations_have_names_of_their_own(zoo_with) -> None:
    twice = "title: twice\nextends: feedforward\nprojections: {again: {source: input, target: output}}\n"
    more = "  short: {source: input, target: output, pairs: i == j}\n"
    files = {"models/circuits/twice.yaml": twice.replace("{again", "\n  again").replace("}}", "}") + more}
    files["config/experiments/twice.yaml"] = (
        f"{BASE}circuit: twice\nsynapses: {{again: static, short: static}}\nweights: |\n  again = 1\n  short = 2\n"
    )
    experiment = zoo_with(files).experiment("twice")
    assert check_experiment(experiment) == []
    circuit = circuits.build(experiment, (4, 3, 2), "train")
    assert {p.name: p.kind for p in circuit.projections if p.pre.name == "input" and p.post.name == "output"} == {
        "input_output": "again",
        "input_output_short": "short",
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("pairs: i != j", "pairs: i != j, copies: 2")], "only weights of all with all are repeated"),
        ([("pairs: i == j, delay", "copies: 3, delay")], "2 neurons are not 3 equal"),
        ([('sign: "-1"', "sign: abs")], "'abs' is no real number"),
        ([('sign: "-1"', "sign: 2*mV")], "'2*mV' has a unit"),
        ([('sign: "-1"', "sign: (0-1)**0.5")], "no real number"),
        ([('sign: "-1"', "sign: 'trunc(0*i, j)'")], "cannot be computed"),
        ([("pairs: i != j", "pairs: i // 0 == 0")], "'i // 0' in 'i // 0 == 0' is no real number"),
        ([("pairs: i != j", "pairs: 'i*mV == j'")], "cannot be computed"),
        ([("delay: 2*delay", "delay: delay - 0.9*ms")], "is no time from 0 to the end of a sample"),
        ([("delay: 2*delay", "delay: inf*ms")], "is no time from 0 to the end of a sample"),
        ([("delay: 2*delay", "delay: 5*second")], "is no time from 0 to the end of a sample"),
        ([("delay: 2*delay", "delay: 0.05*ms")], "is 0.5 steps of dt, not a whole number"),
        ([("{size: N_output}}", "{size: '10000000'}}")], "give a whole number from 1"),
        ([("{size: N_output}}", "{size: '90000'}, other: {size: '90000'}}"),
          ("source: inhibitor, target: output, pairs: i != j", "source: inhibitor, target: other")],
         "pairs, more than"),
        ([("{size: N_output}}", "{beside: [output], name: error}}")], "would be called 'error'"),
        ([("{inhibitor: {size: N_output}}", "{inhibitor: {size: N_output}, output_spikes: {size: N_output}}")],
         "would be called 'output_spikes'"),
        ([("{inhibitor: {size: N_output}}", "{inhibitor: {size: N_output, data: input}}")], "for N_input units"),
        ([("{inhibitor: {size: N_output}}", "{inhibitor: {size: N_output}, input: {}}")], "the first layer is given"),
        ([("title: Error", "layers: 2\ntitle: Error")], "a circuit with hidden layers has three or more, not 2"),
        ([("excite: ", "loss: "), ("pairs: i == j, delay", "learns: true, delay")], "is a key of an experiment's"),
    ],
)  # fmt: skip
def test_what_a_circuit_cannot_be_is_refused_before_it_is_built(zoo_with, changes, told) -> None:
    text, experiment = INHIBITED, EXPERIMENT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    for role in ("other", "output_spikes"):
        if f"{role}: {{size" in text:
            experiment = experiment.replace("{inhibitor:", f"{{{role}: two_compartment_lif, inhibitor:")
    zoo = inhibited(zoo_with, text, experiment)
    (finding, *_) = [*check_alone(zoo, "circuit", "inhibited"), *check_experiment(zoo.experiment("inhibited"))]
    assert finding.where == "models/circuits/inhibited.yaml", str(finding)
    assert told in str(finding)
    assert "\n" not in str(finding)


def test_who_hears_nobody_has_no_synapses_of_a_kind(zoo_with) -> None:
    """One output unit inhibits no other."""
    zoo = inhibited(zoo_with)
    names = {p.name for p in circuits.build(zoo.experiment("inhibited"), (6, 5, 1), "train").projections}
    assert "output_inhibitor" in names
    assert "inhibitor_output" not in names


def test_populations_beside_one_layer_are_wired_with_each_other(zoo_with) -> None:
    text = INHIBITED.replace(
        "{inhibitor: {size: N_output}}",
        "{inhibitor: {size: N_output}, near: {beside: [hidden], name: '*_near'},"
        " far: {beside: [hidden], name: '*_far'}}",
    ).replace("  excite:", "  both: {source: near, target: far, pairs: i == j}\n  excite:")
    own = EXPERIMENT.replace("{inhibitor:", "{near: two_compartment_lif, far: two_compartment_lif, inhibitor:")
    own = own.replace("{excite:", "{both: soma_kick, excite:").replace("weights: |\n", "weights: |\n  both = 1*mV\n")
    circuit = circuits.build(inhibited(zoo_with, text, own).experiment("inhibited"), (6, 5, 4, 3), "train")
    found = {(p.pre.name, p.post.name) for p in circuit.projections if p.kind == "both"}
    assert found == {("hidden1_near", "hidden1_far"), ("hidden2_near", "hidden2_far")}


def test_a_variable_takes_one_sum(zoo_with) -> None:
    text = "title: A way past the hidden layer\nextends: layerwise\n"
    text += "projections: {skip: {through: [input, output], learns: true}}\n"
    own = "title: Skip\nextends: bp\ncircuit: skipping\nweights: input_output = 0.1\n"
    zoo = zoo_with({"models/circuits/skipping.yaml": text, "config/experiments/skip.yaml": own})
    (finding, *_) = check_experiment(zoo.experiment("skip"))
    assert "hidden1_output and input_output both sum into 'a' of output" in str(finding)


# --- A number of inputs, delays of their own ------------------------------------------------------


@pytest.mark.parametrize(("pairs", "fewest"), [("", 20), ("i != j", 19), ("i < 3", 3)])
def test_each_neuron_has_the_number_of_inputs_asked_for(pairs, fewest) -> None:
    sizes, place = {"N_pre": 20, "N_post": 30}, (Path("models/circuits/x.yaml"), "projections.x")
    for few in (1, 7, 20):
        plan = ProjectionPlan(source="a", target="b", pairs=pairs, inputs=f"{few}")
        found = wires(plan, sizes, "a_b", *place)[0]
        allowed = table(connected(pairs or "i >= 0", sizes, "a_b"))
        assert table(found) <= allowed
        assert len(table(found)) == len(found[0])
        assert set(np.bincount(found[1], minlength=30)) <= {min(few, fewest), min(few, fewest + 1)}
        np.testing.assert_array_equal(np.lexsort(found[::-1]), np.arange(len(found[0])))
        np.testing.assert_array_equal(found, wires(plan, sizes, "a_b", *place)[0])
    plan = ProjectionPlan(source="a", target="b", inputs="7")
    draws = np.bincount(np.concatenate([wires(plan, sizes, f"a_{k}", *place)[0][0] for k in range(40)]))
    # each of 20 is taken 40*30*7/20 = 420 times on average, with a deviation of sqrt(420*0.65) = 16.5
    assert np.abs(draws - 420).max() < 5 * 16.5


@pytest.mark.parametrize("text", ["0", "2.5", "N_pre/3", "1*ms", "N_hidde", "-1"])
def test_a_number_of_inputs_is_a_number(zoo_with, text) -> None:
    zoo = inhibited(zoo_with, INHIBITED.replace("pairs: i == j,", f"inputs: {text},"))
    (mistake,) = check_alone(zoo, "circuit", "inhibited")
    assert (str(mistake.where), mistake.field) == ("models/circuits/inhibited.yaml", "projections.excite.inputs")


LATE = """
title: Neurons that fire at a kick, each as late as its synapse
populations:
  input: {data: input}
  output: {}
projections:
  layers: {through: [input, output], pairs: i == j, delay: 2*delay + 4*ms*rand()}
"""
FIRES = """
title: Spikes for every kick
equations: |
  v : 1
threshold: v > 0.5
reset: v = 0
"""
KICKS = """
title: A kick for every spike
state: "w : 1"
read: v_post += w
"""
ON_TIME = """
title: Kicks that come late
circuit: late
synapses: {input_output: kicks}
neurons: {input: event_input, output: fires}
encoders: {input: events}
protocol: {dt: 0.1*ms, T_train: 20*ms, T_test: 20*ms, T_final: 20*ms, delay: 1*ms}
weights: input_output = 1
"""


@pytest.mark.parametrize("on_dense", [False, True])
def test_synapses_have_delays_of_their_own(zoo_with, tmp_path, on_dense) -> None:
    files = {"models/circuits/late.yaml": LATE, "models/neurons/fires.yaml": FIRES, "models/synapses/kicks.yaml": KICKS}
    experiment = zoo_with(files | {"config/experiments/late.yaml": ON_TIME}).experiment("late")
    assert check_experiment(experiment) == []
    n = 40
    circuit = circuits.build(experiment, (n, n), "test")
    stated = circuit.projections[0].delays
    assert stated.min() >= 2e-3
    assert stated.max() <= 6e-3
    assert len(set(np.round(stated / 1e-4))) > 15
    values = initial_weights(circuit, 0) | parameter_values(circuit)
    events = Events(np.tile([5e-4, 7e-3], n), np.repeat(np.arange(n), 2), np.array([0, 2 * n]), n)
    wanted = ["output_spikes.t", "output_spikes.i"]
    if on_dense:
        program = Program(build(circuit, 20 * ms, 1, tmp_path / "program"))
        found = program.run(Inputs({"input": events}, values, 1, 0), wanted)
    else:
        found = run_here(circuit, 20 * ms, Inputs({"input": events}, values, 1, 0), wanted)
    assert len(found["output_spikes.t"]) == 2 * n
    for neuron in range(n):
        times = np.sort(found["output_spikes.t"][found["output_spikes.i"] == neuron])
        # a spike arrives in the step after it
        np.testing.assert_allclose(times, np.array([5e-4, 7e-3]) + stated[neuron] + 1e-4, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("delay", "told"),
    [
        ("4*ms*rand() - 3*ms", "no time of 0 or more for some synapse"),
        ("4*rand()", "is not in second"),
        ("1*ms/i", "no time of 0 or more for some synapse"),
        ("30*ms*rand() + 25*ms", "no time from 0 to the end of a sample"),
        ("rand()*mm", "is not in second"),
    ],
)
def test_delays_of_their_own_are_times_within_a_sample(zoo_with, delay, told) -> None:
    files = {"models/circuits/late.yaml": LATE.replace("2*delay + 4*ms*rand()", delay)}
    files |= {"models/neurons/fires.yaml": FIRES, "models/synapses/kicks.yaml": KICKS}
    zoo = zoo_with(files | {"config/experiments/late.yaml": ON_TIME})
    mistakes = [*check_alone(zoo, "circuit", "late"), *check_experiment(zoo.experiment("late"))]
    assert told in str(mistakes[0])
    assert str(mistakes[0].where) == "models/circuits/late.yaml"
