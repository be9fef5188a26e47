"""Who is wired to whom, and with which weights."""

import numpy as np
import pytest

from brian2zoo import circuits
from brian2zoo.circuits import initial_weights
from brian2zoo.errors import ZooError


def built(zoo, layers, mode="train", experiment="erbp_plus") -> circuits.Circuit:
    return circuits.build(zoo.experiment(experiment), layers, mode)


def sizes(circuit) -> dict[str, int]:
    return {p.name: p.size for p in circuit.populations}


# --- Direct feedback ------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (5, 4, 6)])
@pytest.mark.parametrize("mode", ["train", "test"])
def test_populations_of_direct_feedback(zoo, hidden, mode) -> None:
    layers = {"input": 8, **{f"hidden{k}": n for k, n in enumerate(hidden, 1)}, "output": 3}
    noise = {f"{name}_noise": n for name, n in layers.items() if name != "input"}
    errors = {"label": 3, "error": 6} if mode == "train" else {}
    assert sizes(built(zoo, (8, *hidden, 3), mode)) == layers | noise | errors


@pytest.mark.parametrize("mode", ["train", "test"])
def test_projections_of_direct_feedback(zoo, mode) -> None:
    circuit = built(zoo, (8, 5, 4, 3), mode)
    forward = {"input_hidden1": 40, "hidden1_hidden2": 20, "hidden2_output": 12}
    noise = {"hidden1_noise_hidden1": 5, "hidden2_noise_hidden2": 4, "output_noise_output": 3}
    errors = {"label_error": 6, "output_error": 6, "error_output": 6, "error_hidden1": 30, "error_hidden2": 24}
    expected = forward | noise | (errors if mode == "train" else {})
    assert {p.name: p.size for p in circuit.projections} == expected
    assert {p.name for p in circuit.plastic} == (set(forward) if mode == "train" else set())
    assert {p.name: p.kind for p in circuit.forward} == dict(
        zip(forward, ("input_hidden", "hidden_hidden", "hidden_output"), strict=True)
    )
    assert {p.delay for p in circuit.projections if p.name in noise} == {"0*ms"}
    assert {p.delay for p in circuit.projections if p.name not in noise} == {"0.8*ms"}


def test_no_noise_population_where_the_experiment_names_none(zoo) -> None:
    assert not [name for name in sizes(built(zoo, (8, 5, 3), experiment="erbp_times")) if "noise" in name]


def test_error_neurons_count_label_against_output(zoo) -> None:
    """E+ gets +90 mV from its label and -90 mV from its output, E- the opposite, and both drive U of that output."""
    circuit = built(zoo, (8, 5, 3))
    weights = initial_weights(circuit, seed=0)
    found = {}
    for name in ("label_error", "output_error", "error_output"):
        projection = next(p for p in circuit.projections if p.name == name)
        pre, post = projection.pairs
        found[name] = [*zip(pre.tolist(), post.tolist(), weights[projection.weight].tolist(), strict=True)]
    plus, minus = [(k, k, 0.09) for k in range(3)], [(k, k + 3, -0.09) for k in range(3)]
    assert found["label_error"] == sorted(plus + minus)
    assert found["output_error"] == sorted((k, e, -w) for k, e, w in plus + minus)
    assert found["error_output"] == sorted((e, k, w) for k, e, w in plus + minus)


@pytest.mark.parametrize("layers", [(8, 5, 3), (8, 5, 4, 3)])
def test_feedback_has_no_mean_over_the_classes_and_opposite_signs_for_the_error_neurons(zoo, layers) -> None:
    weights = initial_weights(built(zoo, layers), seed=0)
    for depth, size in enumerate(layers[1:-1], 1):
        g = weights[f"error_hidden{depth}.w"].reshape(6, size)
        np.testing.assert_array_equal(g[3:], -g[:3])
        np.testing.assert_allclose(g[:3].sum(axis=0), 0, atol=1e-15)
        assert np.abs(g).min() > 0


def test_readout_only_learns_in_the_readout(zoo) -> None:
    circuit = built(zoo, (8, 5, 4, 3), experiment="readout_only")
    assert [p.name for p in circuit.plastic] == ["hidden2_output"]


# --- Initial weights ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "ranges"),
    [
        ((784, 100, 10), {"input_hidden1": 0.0885, "hidden1_output": 0.2523}),
        ((784, 200, 10), {"input_hidden1": 0.0839, "hidden1_output": 0.1826}),
        ((784, 500, 10), {"input_hidden1": 0.0735, "hidden1_output": 0.1172}),
        ((784, 200, 200, 10), {"input_hidden1": 0.0839, "hidden1_hidden2": 0.1323, "hidden2_output": 0.1826}),
    ],
)
def test_initial_weights_fill_the_papers_ranges(zoo, layers, ranges) -> None:
    weights = initial_weights(built(zoo, layers, "test"), seed=0)
    for name, limit in ranges.items():
        nanoampere = weights[f"{name}.w"] * 1e9
        # of n uniform draws the largest misses the end by 1/n of the range; the paper's constants have 4 digits
        assert np.abs(nanoampere).max() == pytest.approx(limit, rel=0.003)
        assert nanoampere.mean() == pytest.approx(0, abs=4 * limit / np.sqrt(3 * nanoampere.size))


def test_feedback_is_drawn_in_the_papers_range(zoo) -> None:
    """G ~ U(-a, a) with a = sqrt(7/(10 + 200 + 200)), less the mean over ten classes."""
    weights = initial_weights(built(zoo, (784, 200, 200, 10)), seed=0)
    a = np.sqrt(7 / 410)
    for name in ("error_hidden1", "error_hidden2"):
        assert weights[f"{name}.w"].var() == pytest.approx(a**2 / 3 * 9 / 10, rel=0.06)


def test_projections_draw_independently_of_each_other(zoo) -> None:
    deep, test = (initial_weights(built(zoo, (8, 5, 5, 3), mode), seed=4) for mode in ("train", "test"))
    shallow = initial_weights(built(zoo, (8, 5, 3)), seed=4)
    for name in test:
        np.testing.assert_array_equal(deep[name], test[name])
    np.testing.assert_array_equal(shallow["input_hidden1.w"], deep["input_hidden1.w"])
    assert abs(np.corrcoef(deep["hidden1_hidden2.w"], deep["input_hidden1.w"][:25])[0, 1]) < 0.6


def test_weights_follow_the_seed(zoo) -> None:
    circuit = built(zoo, (8, 5, 3))
    first, again, other = (initial_weights(circuit, seed)["input_hidden1.w"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


# --- Layerwise ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("experiment", "feedback", "returning"),
    [
        ("bp", {}, ["hidden1_hidden2", "hidden2_output"]),
        ("rbp", {"hidden2_hidden1": (4, 5), "output_hidden2": (3, 4)}, []),
        ("dfa", {"output_hidden1": (3, 5), "output_hidden2": (3, 4)}, []),
    ],
)
def test_feedback_of_the_rate_rules(zoo, experiment, feedback, returning) -> None:
    circuit = built(zoo, (8, 5, 4, 3), experiment=experiment)
    assert {p.name: (p.pre.size, p.post.size) for p in circuit.projections if p.kind == "feedback"} == feedback
    assert [p.name for p in circuit.projections if p.returns_error] == returning
    assert {p.name for p in circuit.plastic} == {"input_hidden1", "hidden1_hidden2", "hidden2_output"}


@pytest.mark.parametrize("experiment", ["bp", "rbp", "dfa"])
def test_rate_network_in_test_is_its_forward_pass(zoo, experiment) -> None:
    circuit = built(zoo, (8, 5, 4, 3), "test", experiment)
    assert [p.name for p in circuit.projections] == ["input_hidden1", "hidden1_hidden2", "hidden2_output"]
    assert sizes(circuit) == {"input": 8, "hidden1": 5, "hidden2": 4, "output": 3}


# --- Mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [(8, 3), (8,), (8, 0, 3)])
def test_too_few_layers(zoo, layers) -> None:
    with pytest.raises(ZooError, match=r"is not a network|has three or more layers, not"):
        built(zoo, layers)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("neurons: {error: null}", "neurons.error"),
        ("synapses: {feedback: null}", "synapses.feedback"),
        ("weights: |\n  feedback = uniform(2*nothing)", "weights.feedback"),
    ],
)
def test_experiment_that_lacks_something_is_told_what(zoo_with, line, field) -> None:
    zoo = zoo_with({"config/experiments/lacking.yaml": f"title: lacking\nextends: erbp_plus\n{line}\n"})
    with pytest.raises(ZooError) as caught:
        initial_weights(built(zoo, (8, 5, 3), experiment="lacking"), seed=0)
    assert (caught.value.where, caught.value.field) == ("config/experiments/lacking.yaml", field)


# --- Influence of each weight on each neuron ------------------------------------------------------


def test_full_rtrl_has_a_store_for_each_weight_and_neuron(zoo) -> None:
    circuit = built(zoo, (6, 5, 3), experiment="rtrl_full")
    assert {i.name: (i.size, i.couplings) for i in circuit.influences} == {
        "input_hidden1_influence": (150, 750),
        "hidden1_hidden1_influence": (125, 625),
    }
    assert built(zoo, (6, 5, 3), "test", "rtrl_full").influences == ()
    assert built(zoo, (6, 5, 3), experiment="rtrl_block_diagonal").influences == ()


def test_too_large_for_full_rtrl_is_refused_with_the_limit(zoo) -> None:
    told = r"rules/rtrl.yaml: influence.most: 2560 weights of input_hidden1 on 128 neurons are 41943040 couplings"
    with pytest.raises(ZooError, match=told + ", more than 4000000 — take a smaller hidden layer"):
        built(zoo, (20, 128, 10), experiment="rtrl_full")
