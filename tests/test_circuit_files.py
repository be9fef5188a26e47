"""Circuits that are text files: what a file says is wired so, and a mistake in it is told before anything is built."""

import numpy as np
import pytest

from brian2zoo.circuits.wires import connected

INHIBITED = """
title: Layers with lateral inhibition of the output
populations:
  input:     {data: input}
  hidden:    {}
  output:    {}
  label:     {size: N_output, data: label, only: train}
  inhibitor: {size: N_output}
projections:
  - {through: [input, hidden, output], learns: true, delay: delay}
  - {kind: target,  source: label,     target: output,    pairs: i == j, only: train}
  - {kind: excite,  source: output,    target: inhibitor, pairs: i == j, delay: 2*delay}
  - {kind: inhibit, source: inhibitor, target: output,    pairs: i != j, sign: "-1"}
feedback:
  direct_random: {projections: [{kind: feedback, source: output, target: hidden}]}
"""
EXPERIMENT = """
title: Units of the output that inhibit each other
extends: superspike
circuit: inhibited
learning: {feedback: direct_random}
neurons: {output: lif_exp, inhibitor: lif_exp, hidden: lif_exp, local: null}
synapses: {plastic: current, hidden_output: current, target: null, pool: null, feedback: null, local: null}
"""


def table(pairs) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in pairs), strict=True))


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("i == j", lambda i, j: i == j),
        ("i != j", lambda i, j: i != j),
        ("i // 3 == j and not i == 4", lambda i, j: i // 3 == j and i != 4),
        ("i == j % N_output or j == N_post - 1", lambda i, j: i == j % 3 or j == 6),
        ("abs(i % 3 - j % 3) <= 1 and abs(i // 3 - j // 3) <= 1", lambda i, j: max(abs(i % 3 - j % 3), abs(i // 3 - j // 3)) <= 1),
    ],
)  # fmt: skip
def test_pairs_are_those_for_which_the_condition_holds(condition, wanted) -> None:
    sizes = {"N_pre": 9, "N_post": 7, "N_output": 3}
    found = connected(condition, sizes, "a_b", "models/circuits/x.yaml: projections.x")
    assert table(found) == {(i, j) for i in range(9) for j in range(7) if wanted(i, j)}
    np.testing.assert_array_equal(np.lexsort(found[::-1]), np.arange(len(found[0])))


def test_chance_connects_a_share_of_pairs_and_always_the_same() -> None:
    sizes, place = {"N_pre": 3000, "N_post": 2000}, "models/circuits/x.yaml: projections.x"
    first, again, other = (connected("rand() < 0.1", sizes, name, place) for name in ("a_b", "a_b", "a_c"))
    np.testing.assert_array_equal(first, again)
    assert table(first) != table(other)
    # of n draws at p the share has a standard deviation of sqrt(p*(1 - p)/n), here 1.2e-4
    assert len(first[0]) / 6e6 == pytest.approx(0.1, abs=6e-4)
    for side, size in zip(first, (3000, 2000), strict=True):
        degrees = np.bincount(side, minlength=size)
        n = 6e6 / size
        assert degrees.var() == pytest.approx(n * 0.1 * 0.9, rel=0.2)


def inhibited(zoo_with, circuit: str = INHIBITED, experiment: str = EXPERIMENT):
    files = {"models/circuits/inhibited.yaml": circuit, "config/experiments/inhibited.yaml": experiment}
    return zoo_with(files)
