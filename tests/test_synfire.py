"""Tables of phases, and the circuits they become."""

import pytest

from brian2zoo import circuits
from brian2zoo.circuits.synfire import parse_table
from brian2zoo.errors import ZooError


def built(zoo, layers=(400, 400, 10), mode="train", experiment="nbp") -> circuits.Circuit:
    return circuits.build(zoo.experiment(experiment), layers, mode)


def test_sizes_are_the_published_ones(zoo) -> None:
    """Counted in the authors' topology; they count ports of spike generators, one synapse each, the host here."""
    training, inference = built(zoo), built(zoo, mode="test")
    assert sum(p.size for p in training.populations) == 3282
    assert sum(p.size for p in training.plastic) == 500_000
    fixed = sum(p.size for p in training.projections if p.rule is None and p.kind != "reward")
    assert fixed + 400 + 10 + 1 == 17_203
    assert sum(p.size for p in inference.populations) == 814
    assert sum(p.size for p in inference.projections) + 400 + 1 == 164_000 + 1_215


@pytest.mark.parametrize("layers", [(5, 4, 3), (20, 3, 2)])
def test_layers_of_any_size(zoo, layers) -> None:
    sizes = {p.name: p.size for p in built(zoo, layers).populations}
    assert (sizes["input_memory"], sizes["hidden1_box"], sizes["error_minus"]) == layers
    assert sizes["train_gates"] == 12


def test_other_depths_are_refused(zoo) -> None:
    with pytest.raises(ZooError, match="has 3 layers, not 4"):
        built(zoo, (5, 4, 4, 3))


def test_delays_follow_from_the_phases(zoo) -> None:
    """Those of the authors' topology."""
    delays = {(a.source, a.target, a.delay) for a in parse_table(zoo.phases("backpropagation")) if a.delay}
    copies = ("hidden1", "hidden1_low", "hidden1_high")
    assert delays == {
        ("hidden1_memory", "hidden1", 1), ("hidden1_memory", "hidden1_back", 1),
        ("hidden1_memory", "hidden1", 5), ("hidden1_memory", "hidden1_back", 5),
        ("hidden1_low", "hidden1_box", 3), ("hidden1_high", "hidden1_box", 3),
        ("input", "input_memory", 4), ("input_memory", "input", 4),
        *(("error_minus", name, 4) for name in ("output", "output_low", "output_high")),
        ("error_plus", "output_back", 4),
        *(("hidden1_box", name, 4) for name in copies),
    }  # fmt: skip


def test_copies_of_a_matrix_start_equal(zoo) -> None:
    circuit = built(zoo, (6, 5, 3))
    weights = circuits.initial_weights(circuit, seed=1)
    w1, w2 = weights["input_hidden1.w"], weights["hidden1_output.w"].reshape(5, 3)
    assert (weights["input_hidden1_low.w"] == w1).all()
    assert (weights["output_hidden1_back.w"].reshape(3, 5) == w2.T).all()
    assert (weights["output_back_hidden1_back.w"].reshape(3, 5) == -w2.T).all()
    assert (w2 % 2 == 0).all()
    assert abs(w2).max() <= 240
    assert [p.name for p in circuit.forward] == ["input_hidden1", "hidden1_output"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{hidden1@2: W2}", "{hidden1@1: W2}", "'hidden1@1' names no earlier phase in which 'hidden1' fires"),
        ("{hidden1@2: W2}", "{hidden2@2: W2}", "there is no 'hidden2' — did you mean 'hidden1'"),
        ("{hidden1@2: W2}", "{hidden1@2: W3}", "there is no 'W3'"),
        ("{hidden1@2: W2}", "{input@1: W2}", "pass the matrix 'W2' from one phase to the next"),
        ("{hidden1@2: W2}", "{hidden1@2: copy}", "of different layers"),
        ("[open, lower]", "[open, copy]", "there is no 'copy'"),
        ("answer: 3", "answer: 13", "there is no phase 13"),
        ("\n  12:", "\n  13:", "not numbered 1 to 12"),
        ("transposed_of: W2}", "transposed_of: W9}", "there is no 'W9'"),
    ],
)
def test_a_wrong_table_is_one_line(zoo, zoo_with, old, new, message) -> None:
    text = (zoo.root / "models/phases/backpropagation.yaml").read_text()
    edited = zoo_with({"models/phases/backpropagation.yaml": text.replace(old, new, 1)})
    with pytest.raises(ZooError, match=r"models/phases/backpropagation\.yaml") as raised:
        built(edited, (6, 5, 3))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
