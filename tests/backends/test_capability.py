"""What a backend makes of a circuit is found from its equations, told, and used before anything is generated."""

import pytest
from brian2 import ms
from typer.testing import CliRunner

from brian2zoo import circuits
from brian2zoo.backends import BACKENDS
from brian2zoo.backends.capability import Verdict, refuse, verdict, verdicts
from brian2zoo.check import check_experiment
from brian2zoo.circuits import Circuit
from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.formats.zoo import Zoo
from brian2zoo.run.programs import build


def circuit_of(zoo: Zoo, name: str, setting: str = "default") -> Circuit:
    experiment = zoo.experiment(name).with_setting(setting)
    return circuits.build(experiment, circuits.smallest(experiment), "train")


@pytest.mark.parametrize(
    ("experiment", "kind"),
    [
        ("erbp_plus", "works"),
        ("erbp_times", "works"),
        ("erbp_fixed_state", "works"),
        ("erbp_analog", "works"),
        ("nbp", "works"),
        ("rtrl_random_feedback", "approximate"),
        ("rtrl_block_diagonal", "unsupported"),
        ("bp", "unsupported"),
    ],
)
def test_verdicts_of_the_zoo(zoo, experiment, kind) -> None:
    found = verdicts(circuit_of(zoo, experiment))
    assert found["dense"] == found["cpp"] == found["cuda"] == Verdict("works")
    assert found["genn"] == found["genn_cpu"]
    assert found["genn"].kind == kind
    assert bool(found["genn"].reasons) == (kind != "works")


def test_every_rule_has_a_verdict_on_every_backend(zoo) -> None:
    """By the experiments that use it; their verdicts are held against what is generated in test_genn and test_cuda."""
    found = {name: verdicts(circuit_of(zoo, name)) for name in zoo.names("experiment")}
    assert all(set(of_one) == set(BACKENDS) for of_one in found.values())
    assert all(v.reasons for of_one in found.values() for v in of_one.values() if v.kind != "works")
    used = {file for name in found for file in zoo.experiment(name).stated.uses().values()}
    for kind in ("rule", "feedback", "loss"):
        assert {name for of, name in used if of == kind} == set(zoo.names(kind))


def test_what_is_approximate_is_told_in_steps(zoo) -> None:
    told = verdict(circuit_of(zoo, "rtrl_random_feedback"), "genn").reasons
    assert "'learning_signal' of hidden1 is 2 steps late" in told
    assert "'learning_signal' of output is 1 step late" in told
    # without feedback to hidden layers nothing of theirs is late
    assert not any("hidden1" in text for text in verdict(circuit_of(zoo, "rtrl_readout_only"), "genn").reasons)


SYNAPSE = "title: edited\nstate: |\n  w : amp\nwrite: w = w + dw\nread: |\n  {}\n"
RULE = "title: edited\nparameters: eta = 1*nS\n{}\n"
SUBEXPRESSION = "on_pre: dw = eta*U_post*error_post\nvariables:\n  post: |\n    error = int(U > 0*volt) : 1\n"
STORE, LEARN = "models/synapses/float.yaml", "rules/erbp.yaml"


@pytest.mark.parametrize(
    ("path", "text", "construct"),
    [
        (STORE, SYNAPSE.format("I_post -= w"), "writes by anything but +=, 'I_post'"),
        (STORE, SYNAPSE.format("I_post += w\n  V_post += w*Gohm"), "writes to a neuron twice"),
        (STORE, SYNAPSE.format("drive_pre += 1"), "writes to its own neuron, 'drive_pre'"),
        (LEARN, RULE.format("on_pre: dw = eta*U_post*drive_pre"), "reads the neuron it came from, 'drive_pre'"),
        (LEARN, RULE.format(SUBEXPRESSION), "reads a subexpression, 'error_post'"),
        (LEARN, RULE.format("on_sample: dw = eta*U_post"), "statements of synapses at the end of a step"),
        (LEARN, RULE.format("on_pre: dw = eta*U_post*exprel(1)"), "function exprel()"),
    ],
)
def test_each_construct_is_named(zoo_with, path, text, construct) -> None:
    circuit = circuit_of(zoo_with({path: text}), "erbp_plus")
    found = verdict(circuit, "genn")
    assert found.kind == "unsupported"
    assert construct in str(found)
    assert verdict(circuit, "cpp").kind == "works"


def test_events_are_read_on_the_host_alone(zoo_with) -> None:
    files = {"config/experiments/there.yaml": "title: there\nextends: erbp_plus\nneurons: {input: event_input}\n"}
    zoo = zoo_with(files)
    if "event_input" not in zoo.names("neuron"):
        pytest.skip("the zoo has no neuron that is given events")
    found = verdicts(circuit_of(zoo, "there"))
    assert {name: v.kind for name, v in found.items() if v.kind != "works"} == dict.fromkeys(
        ("genn", "genn_cpu", "cuda"), "unsupported"
    )
    assert "events as input" in str(found["cuda"])


@pytest.mark.parametrize(
    ("experiment", "lines", "construct"),
    [
        ("rtrl_random_feedback", "protocol: {delay: 4*ms}", "drop spikes that are under way"),
        ("erbp_plus", "protocol: {delay: 0*ms}", "rule 'erbp' would learn in the next"),
        ("erbp_plus", "protocol: {delay: 0*ms}", "refractory period that ends when a sample begins at rest"),
    ],
)
def test_rest_that_a_device_cannot_bring_about_is_refused(zoo_with, experiment, lines, construct) -> None:
    lines = lines.replace("{", "{rest: true, ")
    zoo = zoo_with({"config/experiments/there.yaml": f"title: there\nextends: {experiment}\n{lines}\n"})
    found = verdicts(circuit_of(zoo, "there"))
    assert {name for name, v in found.items() if v.kind == "works"} >= {"dense", "cpp"}
    assert construct in str(found["genn"])


def test_synapses_onto_synapses_are_for_the_processor(zoo) -> None:
    found = verdicts(circuit_of(zoo, "rtrl_full"))
    assert {name for name, v in found.items() if v.kind == "works"} == {"dense", "cpp"}
    assert found["genn"].reasons == ("synapses onto synapses, which rule 'rtrl' keeps its influence in",)


def test_a_circuit_that_does_not_fit_is_refused_before_it_is_built(zoo, tmp_path) -> None:
    circuit = circuit_of(zoo, "bp", "backend=genn_cpu")
    with pytest.raises(ZooError, match=r"bp.yaml: backend: .*genn_cpu.* has no statements.*dense, cpp, cuda"):
        build(circuit, ms, 2, tmp_path / "program")
    assert not list(tmp_path.iterdir())
    refuse(circuit_of(zoo, "bp", "backend=cuda"))


def test_check_tells_of_it_too(zoo) -> None:
    told = [str(finding) for finding in check_experiment(zoo.experiment("bp").with_setting("backend=genn"))]
    assert told
    assert all("backend 'genn' has no" in line for line in told)
    assert not check_experiment(zoo.experiment("erbp_plus").with_setting("backend=genn"))


def test_show_and_backends_tell_the_same() -> None:
    shown = CliRunner().invoke(app, ["show", "experiment/bp"]).stdout
    assert "genn: unsupported: statements in the order of the layers" in shown
    assert "dense: works" in shown
    matrix = CliRunner().invoke(app, ["backends", "bp", "erbp_plus"]).stdout
    rows = {line.split()[0]: line.split()[1:] for line in matrix.splitlines() if line}
    assert rows["erbp_plus"] == ["works"] * 5
    assert rows["bp"][:3] == ["works", "works", "unsupported"]
    assert " ".join(rows["1"]).startswith("statements in the order of the layers within a step")
