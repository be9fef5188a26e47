"""Changes of files by which a fuzzer has found something: each is refused now, and says where and what."""

from pathlib import Path

import pytest

from brian2zoo.errors import ZooError

from . import files

CORPUS = [
    # kind, name, text, what it becomes, experiment, what is told
    (
        "feedback", "sign_concordant", "2*int(w > 0)", "2>int(w > 0)", "sign_symmetric",
        "returned: the condition '2 > int(w > 0) - 1' is used as a number",
    ),
    (
        "experiment", "erbp_plus", "centred(uniform(sqrt(7/(N_output + N_hidden))))*volt",
        "centred(uniform(sqrt(7/(N_output + N_hidden))))**volt", "erbp_plus", "weights.feedback: ",
    ),
    ("synapse", "current", "w : 1", "w : 1 (shared)", "superspike", "state: the weight w is shared by all synapses"),
    ("optimizer", "online", "-eta*grad", "-eta*graqd", "", "update: unknown name 'graqd'"),
    ("optimizer", "online", "-eta*grad", "-eta*due*grad", "", "update: unknown name 'due'"),
    ("optimizer", "online", "eta = 1e-4", "eta = 1e-4*ms", "", "update: wrong unit"),
    ("optimizer", "rms", "s : 1", "u = graqd : 1\n  s : 1", "", "state: unknown name 'graqd'"),
    (
        "cim", "cim_training", "write_voltage: {value: 4,", "write_voltage: {value: four,", "",
        "design.write_voltage.value: 'four' is no number — give a number, in V",
    ),
    (
        "cim", "cim_training", "read_voltage: {value: 0.5, unit: V, least: 0.05, most: 5, source: V2.1",
        "read_voltage: {value: 0.5, unit: V, least: 0.05, most: 5, source: V2.2", "",
        "design.read_voltage.source: 'read_voltage' has an unknown source 'V2.2' — did you mean 'V2.1'?",
    ),
    (
        "synapse", "learning_signal", "w*learning_signal_pre", "w*learning_signal_prqe", "rtrl_block_diagonal",
        "state: unknown name 'learning_signal_prqe'",
    ),
    (
        "neuron", "ring_gate", "threshold: v > theta\n", "", "nbp_readout",
        "threshold: 'ring_gate' never spikes, and 'I_post += w' waits for its spikes",
    ),
    (
        "neuron", "rate_input", "r : 1 ", "r : 1 (shared) ", "dfa_analog",
        "on_sample: 'r = data' sets 'r', which is shared by all, to what may be another for each of them",
    ),
    (
        "synapse", "blank_out_fixed_point", "amp (shared) ", "amp (shared, constant over dt) ",
        "erbp_times_fixed_point", "state: Flag 'shared' cannot be combined with flag 'constant over dt'",
    ),
    (
        "feedback", "sign_concordant", "2*int(w > 0) - 1", "2*int(w > 0) - log(-1)", "sign_symmetric",
        "returned: 'log(-1)' in 'b_sign*(2*int(w > 0) - log(-1))' is no real number",
    ),
    (
        "neuron", "ring_gate", "  I = 0", "  I = I + 0*log(clip(v, 1, 2))", "nbp_readout",
        "each_step: 'I = I + 0*log(clip(v, 1, 2))' names 'clip', on which nothing in it depends",
    ),
    (
        "synapse", "rate", "backward: |\n", "backward: |\n  w : 1\n", "sign_symmetric",
        "backward: 'w' is a variable of `state` too — keep one of the two lines, or rename one",
    ),
    (
        "cim", "cim_training", "45: 1.0, 32: 0.9, 22: 0.85, 14: 0.8, 7: 0.7}, source: runs, meaning: supply",
        "45: 1.0, 32: 0.9, 10**9: 0.85}, source: runs, meaning: supply", "",
        "quantities.vdd.value: '10**9' is no whole number",
    ),
    (
        "cim", "cim_training", "45: 1.0, 32: 0.9, 22: 0.85, 14: 0.8, 7: 0.7}, source: runs, meaning: supply",
        "45: 1.0}, source: runs, meaning: supply", "",
        "quantities.vdd.value: there is none for 32.0, the file's own 'technology_nm' — add one to 65, 45",
    ),
    (
        "cim", "cim_training", "value: 2.84e-3, like: file_energy", "value: 2.84e-3, like: clock_energy", "",
        "quantities.register_energy.like: 'clock_energy' is one number, by which nothing changes",
    ),
    (
        "cim", "cim_training", "times: gate_time, value: {65: 6.10", "times: adder_time, value: {65: 6.10", "",
        "quantities.adder_time.times: 'adder_time' multiplies itself",
    ),
    (
        *("synapse", "delta", "  w : 1                # weight\n", "  u : 1\n", "eprop_alif"),
        "state: `write` has no weight 'w' to",
    ),
    (
        *("neuron", "latency_input", "t_next < t + dt/2", "t_next < t + dt/0", "snap1"),
        "threshold: 'dt / 0' in 't_next < t + dt/0' is no real number",
    ),
    (
        *("neuron", "ring_gate", "I = I_start*int(i == 0)", "I = I_start and int(i == 0)", "nbp_no_box"),
        "initial: 'I_start' in 'I_start and int(i == 0)' is no condition",
    ),
    (
        *("synapse", "graded", "I_post += value*w", "I_post += value<=w", "rtrl_images"),
        "read: 'I_post += value<=w' counts with a condition",
    ),
    ("neuron", "lif_delta", "parameters: |", "'': |", "", "'': unknown key ''"),
    ("neuron", "lif_delta", "parameters: |", "equations: |", "", 'found duplicate key "equations" — '),
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return files.copy_of_the_zoo(tmp_path_factory.mktemp("found") / "zoo")


@pytest.mark.parametrize(("kind", "name", "old", "new", "experiment", "told"), CORPUS)
def test_what_was_found_is_refused(root, kind, name, old, new, experiment, told) -> None:
    text = (root / files.path_of(kind, name)).read_text()
    assert text.count(old) == 1
    changed = files.Mutant(kind, name, text.replace(old, new), "by hand", True, experiment)
    with files.in_place(root, changed), pytest.raises(ZooError) as refusal:
        files.checked(root, kind, name, experiment)
    assert refusal.value.where == changed.path
    assert told in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_sum_that_goes_to_one_variable_of_all_neurons_is_refused(root) -> None:
    text = (root / "models/losses/mean_square.yaml").read_text().replace("target : 1 ", "target : 1 (shared) ", 1)
    changed = files.Mutant("loss", "mean_square", text, "by hand", True, "rtrl_uniform_feedback")
    told = "models/synapses/target.yaml: state: the sum .*, and 'target' is shared — take"
    with files.in_place(root, changed), pytest.raises(ZooError, match=told):
        files.checked(root, changed.kind, changed.name, changed.experiment)
