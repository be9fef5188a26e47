"""Projections whose pairs a file lists: what it says is wired so, a mistake in it is told, and a change is noticed."""

import re
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from brian2zoo import circuits
from brian2zoo.check import check_experiment
from brian2zoo.check.alone import check_alone
from brian2zoo.circuits import initial_weights
from brian2zoo.circuits.wires import wires
from brian2zoo.datasets.events import Events
from brian2zoo.errors import ZooError
from brian2zoo.formats.circuits import ProjectionPlan
from brian2zoo.formats.files import fingerprint
from brian2zoo.formats.pairs import read_pairs
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.programs import Inputs, Program, build, parameter_values, run_here

CIRCUIT = """
title: Input units wired as a file says
populations:
  input: {data: input}
  output: {}
projections:
  layers: {through: [input, output], table: wires, sign: strength, delay: delay + latency*ms}
"""
TABLE = """i,j,latency,strength
# from, to, in ms, in parts of the usual weight
2,1,0.5,1
0,0,2,-1
0,3,1.25,2

5,2,0,0.25
2,0,7,3
"""
FIRES = "title: Spikes for every kick\nequations: 'v : 1'\nthreshold: v > 0.5\nreset: v = 0\n"
KICKS = 'title: A kick for every spike\nstate: "w : 1"\nread: v_post += w\n'
EXPERIMENT = """
title: Kicks as a file says
circuit: listed
synapses: {input_output: kicks}
neurons: {input: event_input, output: fires}
encoders: {input: events}
protocol: {dt: 0.25*ms, T_train: 20*ms, T_test: 20*ms, T_final: 20*ms, delay: 1*ms}
weights: input_output = 1
"""
FILES = {
    "models/circuits/listed.yaml": CIRCUIT,
    "models/pairs/wires.csv": TABLE,
    "models/neurons/fires.yaml": FIRES,
    "models/synapses/kicks.yaml": KICKS,
    "config/experiments/listed.yaml": EXPERIMENT,
}
WIDE = "input_hidden.w_max=1:hidden_output.w_max=1"
PLACE = (Path("models/circuits/x.yaml"), "projections.x")


@pytest.mark.parametrize("on_dense", [False, True])
def test_neurons_are_wired_as_the_file_says(zoo_with, tmp_path, on_dense) -> None:
    """Each spike arrives where, as strongly and as late as its line says; a step after it was emitted at the least."""
    experiment = zoo_with(FILES).experiment("listed")
    assert check_experiment(experiment) == []
    circuit = circuits.build(experiment, (6, 4), "test")
    (projection,) = circuit.projections
    lines = [line.split(",") for line in TABLE.splitlines()[2:] if line]
    rows = sorted((int(i), int(j), float(latency), float(strength)) for i, j, latency, strength in lines)
    assert list(zip(*projection.pairs, strict=True)) == [(i, j) for i, j, *_ in rows]
    np.testing.assert_array_equal(initial_weights(circuit, 0)["input_output.w"], [row[3] for row in rows])
    spiking = 1 + np.arange(6)  # the k-th unit in step k + 1
    events = Events(spiking * 0.25e-3, np.arange(6), np.array([0, 6]), 6)
    inputs = Inputs({"input": events}, initial_weights(circuit, 0) | parameter_values(circuit), 1, 0)
    wanted = ["output_spikes.t", "output_spikes.i"]
    if on_dense:
        found = Program(build(circuit, 20 * ms, 1, tmp_path / "program")).run(inputs, wanted)
    else:
        found = run_here(circuit, 20 * ms, inputs, wanted)
    steps = np.rint(found["output_spikes.t"] / 0.25e-3).astype(int)
    expected = [(spiking[i] + 1 + 4 + round(4 * latency), j) for i, j, latency, strength in rows if strength > 0.5]
    assert sorted(zip(steps.tolist(), found["output_spikes.i"].tolist(), strict=True)) == sorted(expected)


def test_listed_pairs_learn_as_the_same_pairs_do_by_a_condition(zoo_with) -> None:
    """Bit for bit, with what is learnt in between: the names of both projections, by which they are drawn, agree."""
    layers = "title: t\nextends: feedforward\nprojections: {layers: {through: [input, hidden, output], learns: true, "
    by = {"condition": f"{layers}pairs: (i + 2*j) % 3 < 2}}}}\n", "table": f"{layers}table: two_thirds}}}}\n"}
    listed = "i,j\n" + "".join(f"{i},{j}\n" for j in range(6) for i in range(6) if (i + 2 * j) % 3 < 2)
    files = {f"models/circuits/{name}.yaml": text for name, text in by.items()} | {
        "models/pairs/two_thirds.csv": listed
    }
    files |= {f"config/experiments/{name}.yaml": f"title: {name}\nextends: stdp_pair\ncircuit: {name}\n" for name in by}
    zoo, ended = zoo_with(files), {}
    for name in by:
        assert check_experiment(zoo.experiment(name)) == []
        circuit = circuits.build(zoo.experiment(name).with_setting(WIDE), (6, 6, 6), "train")
        start = initial_weights(circuit, 0)
        data = {"input": np.random.default_rng(0).uniform(200, 400, (2, 6))}
        start = {weight: np.full(24, 0.9) for weight in start}
        inputs = Inputs(data, start | parameter_values(circuit) | {"run.seed": 1}, 2, 0)
        np.random.seed(0)  # Brian2's numpy target draws from it
        ended[name] = run_here(circuit, 100 * ms, inputs, [p.weight for p in circuit.plastic])
        assert all(np.abs(ended[name][p.weight] - 0.9).max() > 0 for p in circuit.plastic)
        assert [p.size for p in circuit.plastic] == [24, 24]
    for weight, found in ended["table"].items():
        np.testing.assert_array_equal(found, ended["condition"][weight])


@pytest.mark.parametrize(
    ("text", "field", "told"),
    [
        ("a,b\n0,1\n", "line 1", "the first line is 'a,b' — write 'i,j'"),
        ("", "line 1", "the first line is ''"),
        ("i,j\n", "", "it lists no pair"),
        ("i,j\n0,1\n# again\n0,1\n", "line 4", "neurons 0 and 1 are connected by line 2 already"),
        ("i,j\n0,1\n\n1\n", "line 4", "it has 1 of the 2 columns i, j"),
        ("i,j\n0,1,2\n", "line 2", "it has 3 of the 2 columns"),
        ("i,j\n0,1\n0,x\n", "line 3", "j is 'x', no finite number"),
        ("i,j,w\n0,1,nan\n", "line 2", "w is 'nan', no finite number"),
        ("i,j\n0,1\n-1,2\n", "line 3", "i is -1, which is the number of no neuron"),
        ("i,j\n0,1.5\n", "line 2", "j is 1.5, which is the number of no neuron"),
        ("i,j\n0,1e30\n", "line 2", "j is 1e+30, which is the number of no neuron"),
        ("i,j,ms\n0,1,2\n", "line 1", "'ms' means something else in expressions"),
        ("i,j,N_pre\n0,1,2\n", "line 1", "'N_pre' means something else"),
        ("i,j,w,w\n0,1,2,2\n", "line 1", "two columns are called 'w'"),
        ("i,j,a b\n0,1,2\n", "line 1", "'a b' is not a name"),
        ("i,j\n0,\udcff\n", "", "the file is not UTF-8"),
    ],
)
def test_a_mistake_in_a_table_is_told(tmp_path, text, field, told) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ZooError) as mistake:
        read_pairs(path, Path("models/pairs/x.csv"))
    assert (mistake.value.where, mistake.value.field) == ("models/pairs/x.csv", field)
    assert told in str(mistake.value)
    assert "\n" not in str(mistake.value)


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ("table: wires", "table: wire", "models/circuits", "no file models/pairs/wire.csv — did you mean 'wires'?"),
        ("table: wires", "table: ../wires", "models/circuits", "'../wires' is not a name"),
        ("table: wires", "table: wires, pairs: i == j", "models/circuits", "leave out `pairs`, or `table`"),
        ("table: wires", "table: wires, inputs: 2", "models/circuits", "leave out `inputs`, or `table`"),
        ("table: wires", "table: wires, copies: 2", "models/circuits", "leave out `table`"),
        ("sign: strength, ", "", "models/circuits", "nothing reads the column 'strength' of models/pairs/wires.csv"),
        ("sign: strength", "sign: strenth", "models/circuits", "unknown name 'strenth'"),
        ("latency*ms", "latency", "models/circuits", "cannot be computed: units do not match"),
        ("latency*ms", "(latency - 5)*ms", "models/circuits", "is no time of 0 or more for some synapse"),
    ],
)  # fmt: skip
def test_a_circuit_that_does_not_fit_its_table_is_told(zoo_with, old, new, where, told) -> None:
    assert old in CIRCUIT
    zoo = zoo_with(FILES | {"models/circuits/listed.yaml": CIRCUIT.replace(old, new)})
    (mistake, *_) = check_alone(zoo, "circuit", "listed")
    assert mistake.where.startswith(where)
    assert told in str(mistake)
    assert "\n" not in str(mistake)


def test_layers_that_are_too_small_for_a_table_are_refused(zoo_with) -> None:
    experiment = zoo_with(FILES).experiment("listed")
    assert circuits.examples(experiment) == [(6, 4)]
    told = "models/pairs/wires.csv: i: i goes up to 5, and input_output has 5 neurons on that side, from 0 on"
    with pytest.raises(ZooError, match=re.escape(told)):
        circuits.build(experiment, (5, 4), "test")
    with pytest.raises(ZooError, match=r"models/pairs/wires.csv: j: j goes up to 3"):
        circuits.build(experiment, (6, 3), "test")


def test_a_network_that_is_checked_is_as_large_as_its_tables(zoo_with) -> None:
    """Also where the size of a population is an expression."""
    own = CIRCUIT.replace("  output: {}", "  output: {}\n  more: {size: 3 + N_output // 4}")
    own += "  further: {source: more, target: output, table: far}\n"
    experiment = EXPERIMENT.replace("output: fires", "output: fires, more: fires").replace(
        "{input_output: kicks}", "{input_output: kicks, further: kicks}"
    )
    files = FILES | {"models/circuits/listed.yaml": own, "models/pairs/far.csv": "i,j\n40,1\n"}
    files["config/experiments/listed.yaml"] = experiment.replace(
        "weights: input_output = 1", "weights: |\n  input_output = 1\n  further = 1"
    )
    found = zoo_with(files).experiment("listed")
    assert check_experiment(found) == []
    ((_, output),) = circuits.examples(found)
    assert 3 + output // 4 > 40


def test_a_change_of_a_table_makes_results_stale(zoo_with) -> None:
    """Not so another order of its lines, or a comment."""
    zoo = zoo_with(FILES)

    def prints(table: str) -> list[str]:
        (zoo.root / "models/pairs/wires.csv").write_text(table)
        experiment = Zoo(zoo.root).experiment("listed")
        return [fingerprint(found) for found in (experiment.structure("train"), experiment.numbers())]

    lines = TABLE.splitlines()
    usual = prints(TABLE)
    assert prints("\n".join([lines[0], *lines[:2:-1]]) + "\n2,1,0.5,1\n") == usual
    for old, new in (("5,2,0,0.25", "5,2,0,0.5"), ("5,2,0,0.25", "5,1,0,0.25"), ("5,2,0,0.25\n", "")):
        assert old in TABLE
        assert all(one != other for one, other in zip(prints(TABLE.replace(old, new)), usual, strict=True))


def test_pairs_come_in_the_order_of_synapses(tmp_path) -> None:
    chosen = np.random.default_rng(0).choice(10**8, 3000, replace=False)
    ends = np.stack(np.divmod(chosen, 10**4), axis=1)
    np.savetxt(tmp_path / "x.csv", ends, "%d", delimiter=",", header="i,j", comments="")
    table = read_pairs(tmp_path / "x.csv", Path("x.csv"))
    plan = ProjectionPlan(source="a", target="b", table="x")
    pre, post = wires(plan, {"N_pre": 10**4, "N_post": 10**4}, "a_b", *PLACE, table)[0]
    np.testing.assert_array_equal(pre * 10**4 + post, np.sort(chosen))
