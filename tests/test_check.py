"""Every kind of mistake in a text file gives one line that names file and field; the zoo itself has none."""

import re
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from brian2zoo.check import ZooWarning, check_experiment, check_file, check_zoo, errors
from brian2zoo.circuits import build, supports, vocabulary
from brian2zoo.derive import derived, rule_text, traces_of
from brian2zoo.errors import ZooError
from brian2zoo.formats.kinds import KINDS
from brian2zoo.formats.zoo import ROOT, Zoo

LIF = "models/neurons/lif.yaml"
COMPARTMENTS = "models/neurons/two_compartment_lif.yaml"
POISSON = "models/neurons/poisson_input.yaml"
FLOAT = "models/synapses/float.yaml"
RATE = "models/synapses/rate.yaml"
FIXED_POINT = "models/synapses/stochastic_fixed_point.yaml"
COUNTED = "models/synapses/counted_fixed_point.yaml"
BLOCKS = "rules/blocks.yaml"
ENCODER = "models/encoders/linear_poisson.yaml"
STATE = "models/states/fixed_point.yaml"
EVENTS = "models/neurons/event_input.yaml"
NOISE = "models/neurons/poisson_noise.yaml"
ERBP = "rules/erbp.yaml"
BP = "rules/bp.yaml"
SIGNS = "models/feedback/sign_concordant.yaml"
FULL = "rules/full.yaml"
ADAM = "models/optimizers/adam.yaml"
RANDOM = "models/feedback/direct_random.yaml"
PLUS = "config/experiments/erbp_plus.yaml"
NBP = "config/experiments/nbp.yaml"
FIXED_STATE = "config/experiments/erbp_fixed_state.yaml"

Edit = Callable[..., Zoo]


@pytest.fixture
def edit(zoo_with: Callable[..., Zoo]) -> Edit:
    """A copy of the zoo, in one file of which texts are replaced: old, new, old, new ..."""

    def edited(file: str, *changes: str) -> Zoo:
        there = written() if file in (BLOCKS, FULL) else {file: (ROOT / file).read_text()}
        text = there[file]
        for old, new in zip(changes[::2], changes[1::2], strict=True):
            assert text.count(old) == 1
            text = text.replace(old, new)
        return zoo_with(there | {file: text})

    return edited


@cache
def written() -> dict[str, str]:
    """Rules as `brian2zoo derive` writes them, and experiments that train by them."""
    zoo, files = Zoo(), {}
    neuron, synapse = zoo.neuron("lif_exp"), zoo.synapse("current")
    for path, kept, experiment in ((BLOCKS, "block_diagonal", "rtrl_block_diagonal"), (FULL, "rtrl", "rtrl_full")):
        rule, name = zoo.rule(kept), Path(path).stem
        files[path] = rule_text(derived(rule, neuron, synapse), traces_of(rule, neuron, synapse), "test")
        learning = f"{{plastic: {{rule: {name}}}, hidden_output: {{rule: block_diagonal}}}}"
        files[f"config/experiments/{name}.yaml"] = f"title: t\nextends: {experiment}\nlearning: {learning}\n"
    return files


def selected(path: str) -> set[tuple[str, str]]:
    """The file of a path, as `check_zoo` takes it."""
    return {(kind, Path(path).stem) for kind, (_, folder) in KINDS.items() if folder == str(Path(path).parent)}


def test_the_zoo_has_no_mistakes() -> None:
    assert [str(error) for error in errors(check_zoo(Zoo()))] == []


NEURONS = [
    ("unit of an ODE", LIF, "= -I/tau_s", "= -I*tau_s", "equations", ["wrong unit", "dI/dt", "amp/second", "coulomb"]),
    ("units of a sum", LIF, "-V + R*I", "-V + I", "equations", ["units do not match", "- V + I"]),
    ("unit of a threshold", LIF, "V > V_th", "V > I", "threshold", ["different units", "volt", "amp"]),
    ("threshold that is a number", LIF, "V > V_th", "V", "threshold", ["not a condition"]),
    ("unit of a reset", LIF, "V = 0*volt", "V = 0", "reset", ["wrong unit", "volt", "dimensionless"]),
    ("unit of a refractory period", LIF, "refractory: t_ref", "refractory: V_th", "refractory", ["wrong unit", "volt"]),
    ("unit in on_sample", POISSON, "t_next = t - log", "rate = t - log", "on_sample", ["wrong unit", "hertz"]),
    ("unknown name in an ODE", LIF, "= -I/tau_s", "= -I/tau_n", "equations", ["unknown name 'tau_n'", "did you mean"]),
    ("unknown name far from all", LIF, "R*I)", "Quux*I)", "equations", ["'Quux'", "names come from", "parameters"]),
    ("unknown name in a threshold", LIF, "V > V_th", "v > V_th", "threshold", ["'v'", "did you mean 'V'?"]),
    ("misspelt variable", LIF, "V = 0*volt", "v = 0*volt", "reset", ["sets 'v'", "did you mean 'V'?"]),
    ("data to an unknown variable", POISSON, "rate = data", "rat = data", "on_sample", ["'rat'", "'rate'?"]),
    ("assignment to a constant", LIF, "V = 0*volt", "R = 0*ohm", "reset", ["'R', which is constant"]),
    ("no statement", LIF, "V = 0*volt", "V == 0*volt", "reset", ["not a statement"]),
    ("unit that is not a base unit", LIF, ": amp", ": nA", "equations", ["'nA'", "Use 'amp'"]),
    ("line that is no equation", LIF, "dI/dt = -I/tau_s         : amp", "I", "equations", ["'I", "not an equation"]),
    ("open bracket", LIF, "(-V + R*I)", "(-V + R*I", "equations", ["never closed"]),
    ("unknown flag", LIF, "unless refractory", "unless refractry", "equations", ["unless refractry", "known are"]),
    ("ODE without method", LIF, "method: exact\n", "", "equations", ["no method of integration", "method: exact"]),
    ("random start", LIF, "threshold:", "initial: V = rand()*V_th\nthreshold:", "initial", ["random", "on_sample"]),
    ("unit of a start", LIF, "threshold:", "initial: V = R\nthreshold:", "initial", ["wrong unit"]),
    ("nothing of that name to keep", LIF, "threshold:", "keeps: [v]\nthreshold:", "keeps", ["no variable 'v'", "'V'?"]),
    ("constant that is kept", LIF, "threshold:", "keeps: [R]\nthreshold:", "keeps", ["'R' is (constant)", "leave it"]),
    ("unknown key", LIF, "threshold:", "treshold:", "treshold", ["unknown key", "'threshold'?"]),
    ("unknown method", LIF, "exact", "exakt", "method", ["'exact'", "'exakt'"]),
    ("YAML", LIF, "title: Leaky", "title: a: Leaky", "line 1", ["YAML syntax"]),
    ("malformed parameter", LIF, "tau_m = 20*ms", "tau_m 20*ms", "parameters", ["malformed line 'tau_m 20*ms"]),
    ("units within a parameter", LIF, "20*ms", "20*ms + 1*mV", "parameters.tau_m", ["units do not match"]),
    ("unknown unit", LIF, "20*ms", "20*msec", "parameters.tau_m", ["unknown name 'msec'", "did you mean"]),
    (
        "parameter and variable",
        LIF,
        "t_ref = 2*ms",
        "V = 2*ms\n  t_ref = 2*ms",
        "equations",
        ["'V' is a parameter too"],
    ),
]

STORED = [
    (
        "fraction in a whole number",
        EVENTS,
        "entry = entry + 1",
        "entry = entry + 0.6",
        "reset",
        ["integer", "int(...)"],
    ),
    ("constant that is changed", EVENTS, "onset : second", "onset : second (constant)", "on_sample", ["is constant"]),
    (
        "number as a condition",
        EVENTS,
        "# next event; infinite after the last of the sample\n",
        "\n  odd : boolean\neach_step: odd = 2\n",
        "each_step",
        ["boolean", "give a condition"],
    ),
]
SYNAPTIC_CURRENT = "dI/dt = -I/tau_s         : amp"
NOT_OF_BRIAN = [
    ("negative power of a whole number", LIF, "V = 0*volt", "V = 10**-3*volt", "reset", ["10.0**-3"]),
    ("power of whole numbers that vary", LIF, "V = 0*volt", "V = 2**(3 - i)*volt", "reset", ["loses its fraction"]),
    ("two random numbers", LIF, "V = 0*volt", "V = V_th*(rand() - rand())", "reset", ["rand() more than once"]),
    (
        "shared value of what is not",
        LIF,
        SYNAPTIC_CURRENT,
        f"level = 2*V : volt (shared)\n  {SYNAPTIC_CURRENT}",
        "equations",
        ["'level' is shared by all"],
    ),
    ("start in two steps", LIF, "threshold:", "initial: |\n  a = 1*mV\n  V = a\nthreshold:", "initial", ["'a = 1*mV'"]),
    ("start that adds", LIF, "threshold:", "initial: V += 1*mV\nthreshold:", "initial", ["'V += 1*mV'"]),
    (
        "event-driven equation that is not linear",
        ERBP,
        "  synapse: |\n",
        "  synapse: |\n    dz/dt = -z**2/T_wait : 1 (event-driven)\n",
        "variables.synapse",
        ["not linear", "(clock-driven)"],
    ),
]
CHANCES = [
    ("probability of a step above 1", NOISE, "rate = 1000*Hz", "rate = 20*kHz", "threshold", ["'rate * dt' is 2"]),
    ("probability above 1", "models/synapses/blank_out.yaml", "< p", "< p + 1", "draw", ["not between 0 and 1"]),
]
NAMES_OF_COMPILERS = [
    (
        "temporary of Brian2's name",
        LIF,
        "reset: V =",
        "reset: |\n  _idx = 3*volt\n  V = _idx +",
        "reset",
        ["'_idx'", "rename"],
    ),
    ("temporary of C++", LIF, "reset: V =", "reset: |\n  new = 3*volt\n  V = new +", "reset", ["'new'", "C++"]),
    ("parameter of C++", LIF, "t_ref = 2*ms", "delete = 2*ms\n  t_ref = 2*ms", "parameters.delete", ["C++"]),
]
SYNAPSES_AND_RULES = [
    (
        "rule that goes round the store",
        ERBP,
        "  dw = eta",
        "  w += 0*nA\n  dw = eta",
        "on_pre",
        ["'write'", "'dw = ...'"],
    ),
    ("neuron overwritten", ERBP, "  dw = eta", "  U_post = 0*volt\n  dw = eta", "on_pre", ["last would win"]),
    (
        "neuron changed in each step",
        ERBP,
        "on_pre:",
        "each_step: U_post += 0*volt\non_pre:",
        "each_step",
        ["at spikes"],
    ),
    ("keeps no variable", ERBP, "on_pre:", "keeps: [learnin]\non_pre:", "keeps", ["no variable 'learnin'"]),
    ("statement of an axon", COUNTED, "turn += golden", "trun += golden", "axon.at_spike", ["'trun'", "did you mean"]),
    (
        "constant of a trace",
        BLOCKS,
        "-eps_I/tau_s_post",
        "-eps_I/tau_z_post",
        "variables.pre",
        ["'tau_z_post'", "you mean"],
    ),
    (
        "samples counted from the start of a run",
        ERBP,
        "int((t + dt/2) % T_sample > T_wait + dt)",
        "int(floor(t/T_sample + 0.5) % 2 < T_wait/second)",
        "variables",
        ["'floor(t/T_sample' counts from the start of a run", "sample_number"],
    ),
    ("nothing of that name to keep", ADAM, "[m, s,", "[n, s,", "keeps", ["no variable 'n'"]),
    ("shared value that is kept", ADAM, "s_of_1 : 1", "s_of_1 : 1 (shared)", "keeps", ["'s_of_1' is (shared)"]),
    (
        "value of the last event that is kept",
        ERBP,
        "variables:\n  synapse: |\n",
        "keeps: [z]\nvariables:\n  synapse: |\n    dz/dt = -z/T_wait : 1 (event-driven)\n",
        "keeps",
        ["'z' is (event-driven)"],
    ),
    ("jump of a trace", BLOCKS, "eps_I += 1", "eps_I += 1*mV", "at_spike.pre", ["wrong unit", "eps_I"]),
    ("unit of a read", FLOAT, "I_post += w", "I_post += w*ms", "read", ["wrong unit", "I_post", "amp"]),
    ("read of a missing variable", FLOAT, "I_post += w", "J_post += w", "read", ["two_compartment_lif", "'J'"]),
    ("read that overwrites", FLOAT, "I_post += w", "I_post = w", "read", ["does not add", "+="]),
    ("unit of a write", FLOAT, "w + dw", "w + dw*w", "write", ["units do not match"]),
    ("write that forgets dw", FLOAT, "w + dw", "w", "write", ["dw is not used"]),
    ("unknown name in a write", FLOAT, "w + dw", "clip(w + dw, w_min, w)", "write", ["unknown name 'w_min'"]),
    (
        "name of the neuron's",
        FLOAT,
        "w : amp",
        "w : amp\n  V : volt",
        "state",
        ["'V'", "two_compartment_lif", "rename"],
    ),
    (
        "unit of a sum over synapses",
        RATE,
        "r_pre : 1",
        "r_pre : volt",
        "state",
        ["wrong unit", "volt", "dimensionless"],
    ),
    ("sum to a missing variable", RATE, "error_pre =", "err_pre =", "backward", ["rate_relu", "no variable 'err'"]),
    ("unit in a draw", "models/synapses/blank_out.yaml", "rand() < p", "rand() < w", "draw", ["different units"]),
    ("unit of dw", ERBP, "eta*U_post", "eta*I_post", "on_pre", ["wrong unit", "dw is in amp", "right side in"]),
    ("unknown name in a rule", ERBP, "eta*U_post", "etta*U_post", "on_pre", ["unknown name 'etta'", "'eta'?"]),
    ("post variable without its suffix", ERBP, "eta*U_post", "eta*U", "on_pre", ["'U'", "'U_post'?"]),
    ("missing post variable", ERBP, "eta*U_post", "eta*Q_post", "on_pre", ["'two_compartment_lif'", "no variable 'Q'"]),
    ("unit of a rule's variable", ERBP, "T_wait + dt)", "T_wait + 1)", "variables.synapse", ["units do not match"]),
    ("rule that asks for nothing", ERBP, "dw = eta", "Dw = eta", "on_pre", ["no statement assigns dw"]),
    ("unknown name in what returns", SIGNS, "int(w > 0)", "int(W > 0)", "returned", ["'W'", "'w'?"]),
    ("return of no weight", SIGNS, "way: symmetric", "way: direct_random", "returned", ["no weight returns the error"]),
    ("unknown feedback", PLUS, "direct_random", "direct_randm", "learning.feedback", ["'direct_random'?"]),
    ("unit of an encoder", ENCODER, "unit: Hz", "unit: volt", "unit", ["hertz", "volt"]),
    ("unknown unit of an encoder", ENCODER, "unit: Hz", "unit: Hzz", "unit", ["'Hzz'", "'Hz'?"]),
    ("unknown name in an encoder", ENCODER, "r_max*x", "r_mx*x", "encode", ["'r_mx'", "'r_max'?"]),
    ("unknown name in a store", FULL, "own*arrived_I_pre", "own*arived_I_pre", "influence.on_arrival", ["'arived_I'"]),
    ("unit of a store", FULL, "eps_I/tau_s_post : 1", "eps_I : 1", "influence.variables", ["wrong unit", "deps_I/dt"]),
    ("coupling of no variable", FULL, "through_I_post", "thru_I_post", "influence.coupling", ["no variable 'thru_I'"]),
    (
        "store without a limit",
        FULL,
        "  most: 4000000\n",
        "",
        "influence.most",
        ["required"],
    ),
    ("name of a format's parameter", STATE, "x_bits = 16", "bits = 16", "parameters.bits", ["x_bits"]),
]

EXPERIMENTS = [
    ("unit of a time", PLUS, "dt: 0.1*ms", "dt: 0.1*mV", "protocol.dt", ["wrong unit", "volt"]),
    (
        "step that does not divide a sample",
        PLUS,
        "T_train: 250*ms",
        "T_train: 250.05*ms",
        "protocol.T_train",
        ["2500.5 steps", "250.1*ms"],
    ),
    ("step that does not divide a delay", PLUS, "delay: 0.8*ms", "delay: 0.85*ms", "protocol.delay", ["8.5 steps"]),
    ("no step", PLUS, "dt: 0.1*ms", "dt: 0*ms", "protocol.dt", ["no duration"]),
    ("endless sample", PLUS, "T_test: 500*ms", "T_test: inf*ms", "protocol.T_test", ["no duration"]),
    ("sample without a phase", NBP, "T_train: 12*ms", "T_train: 11*ms", "protocol.T_train", ["11 steps", "12 phases"]),
    ("unit of an override", PLUS, "b_max = 25*nA", "b_max = 25*mV", "parameters.hidden_hidden.b_max", ["volt", "amp"]),
    (
        "override of no parameter",
        PLUS,
        "hidden_hidden.b_max",
        "rule.etaa",
        "parameters.rule.etaa",
        ["'etaa'", "'eta'?"],
    ),
    ("override in no scope", PLUS, "hidden_hidden.b_max", "sinapse.w", "parameters.sinapse.w", ["'synapse'?"]),
    ("override without scope", PLUS, "hidden_hidden.b_max", "b_max", "parameters.b_max", ["write scope.name = value"]),
    (
        "unit of a weight",
        PLUS,
        "noise         = 50*mV",
        "noise = 50*nA",
        "weights.noise",
        ["wrong unit", "amp", "volt"],
    ),
    ("unknown name in a weight", PLUS, "N_hidden))", "N_hiden))", "weights.feedback", ["'N_hiden'", "'N_hidden'?"]),
    ("weight of no projection", PLUS, "feedback      =", "feedbak =", "weights.feedbak", ["'feedback'?"]),
    ("missing weight", PLUS, "  label_error   = 90*mV\n", "", "weights", ["no line for 'label_error'"]),
    ("unknown role", PLUS, "noise: poisson_noise", "nois: poisson_noise", "neurons.nois", ["'noise'?"]),
    ("missing role", PLUS, "  error: error_integrator\n", "", "neurons.error", ["needs this population"]),
    ("unknown kind", PLUS, "feedback: dendrite", "fedback: dendrite", "synapses.fedback", ["'feedback'?"]),
    ("missing kind", PLUS, "  feedback: dendrite_kick\n", "", "synapses.feedback", ["needs this projection"]),
    ("store that cannot learn", PLUS, "plastic: float", "plastic: soma_kick", "synapses.plastic", ["cannot learn"]),
    ("missing neuron", PLUS, "output: two_compartment_lif", "output: liff", "neurons.output", ["liff.yaml", "'lif'?"]),
    ("missing rule", PLUS, "rule: erbp", "rule: erpb", "learning.plastic.rule", ["rules/erpb.yaml", "'erbp'?"]),
    ("missing choice", PLUS, "  plastic: {rule: erbp}\n", "", "learning.plastic.rule", ["nothing says by which rule"]),
    ("missing key", PLUS, "circuit: direct_feedback\n", "", "circuit", ["required"]),
    ("unit of the data", PLUS, "input: escape_rate,", "input: latency,", "encoders.input", ["second", "dimensionless"]),
    ("format of no variable", FIXED_STATE, "hidden.V: ", "hiden.V: ", "states.hiden.V", ["did you mean 'hidden'?"]),
    ("unit of a format", FIXED_STATE, "output.U_max = 1*volt", "output.U_max = 1*amp", "states.output.U", ["units"]),
    ("missing base", "config/experiments/dfa.yaml", "extends: bp", "extends: bpp", "extends", ["'bpp'", "'bp'?"]),
]


CLOPATH = "rules/clopath.yaml"
BCM = "rules/bcm.yaml"
SHORT = "models/synapses/tsodyks_markram.yaml"
BEGIN = "u_minus = E_L"
BEGINNINGS = [
    ("unit", CLOPATH, BEGIN, "u_minus = 1", "initial.post", ["wrong unit", "u_minus is in volt"]),
    ("unknown name", CLOPATH, BEGIN, "u_minus = E_R", "initial.post", ["unknown name 'E_R'", "'E_L'?"]),
    ("of the neuron", CLOPATH, BEGIN, "V = E_L", "initial.post", ["'V = E_L'", "of `variables.post`"]),
    ("of the other side", CLOPATH, BEGIN, "x_bar = 1", "initial.post", ["'x_bar = 1'", "of `variables.post`"]),
    ("misspelt", CLOPATH, BEGIN, "u_mins = E_L", "initial.post", ["did you mean 'u_minus'?"]),
    ("random", CLOPATH, BEGIN, "u_minus = E_L*rand()", "initial.post", ["rand() is random"]),
    ("added", CLOPATH, BEGIN, "u_minus += E_L", "initial.post", ["'u_minus += E_L'", "write 'variable = expression'"]),
    ("of a parameter", CLOPATH, BEGIN, "tau_x = 1*ms", "initial.post", ["'tau_x = 1*ms'"]),
    ("of the weight by a rule", BCM, "theta = theta_start}", "w = theta_start}", "initial.synapse", ["'w = theta_s"]),
    (
        "of a moving neuron",
        BCM,
        "theta = theta_start}",
        "theta = r_post}",
        "initial.synapse",
        ["'r_post'", "parameters"],
    ),
    ("of the weight by a synapse", RATE, "write:", "initial: w = 2\nwrite:", "initial", ["the weight w", "`weights`"]),
    ("of a sum", RATE, "write:", "initial: a_post = 2\nwrite:", "initial", ["'a_post = 2'", "`state`"]),
    ("on the axon", SHORT, "initial: x = 1", "initial: w = 1", "axon.initial", ["'w = 1'", "`axon.variables`"]),
    ("unit on the axon", SHORT, "initial: x = 1", "initial: x = 1*ms", "axon.initial", ["wrong unit"]),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "field", "words"),
    [
        pytest.param(*case, id=name)
        for name, *case in NEURONS
        + STORED
        + NOT_OF_BRIAN
        + CHANCES
        + NAMES_OF_COMPILERS
        + SYNAPSES_AND_RULES
        + EXPERIMENTS
        + BEGINNINGS
    ],
)
def test_a_mistake_is_one_line(edit: Edit, file: str, old: str, new: str, field: str, words: list[str]) -> None:
    (finding,) = check_zoo(edit(file, old, new), selected(file))
    told = str(finding)
    assert told.startswith(f"{file}: {field}: ")
    assert [word for word in words if word not in told] == []
    assert finding.remedy
    assert "\n" not in told


ANALOG = "models/synapses/analog_rate.yaml"
ADEX = "models/neurons/adex.yaml"
LOIHI = "models/chips/loihi.yaml"
CELLS = "models/chips/cim_training.yaml"
OUTSIDE = [
    (LIF, "20*ms", "0*ms", "parameters.tau_m: '0*ms' is not above 0 — give a number > 0"),
    (LIF, "20*ms", "-20*ms", "parameters.tau_m: '-20*ms' is not above 0"),
    (LIF, "1*Gohm", "inf*ohm", "parameters.R: 'inf*ohm' is infinite — give a finite number >= 0"),
    (LIF, "1*Gohm", "log(-1)*ohm", "parameters.R: 'log(-1)*ohm' is not a number — give a finite number >= 0"),
    (LIF, "1*Gohm", "(-1)**0.5*ohm", "parameters.R: '(-1)**0.5*ohm' is no real number"),
    (LIF, "2*ms ", "-2*ms ", "parameters.t_ref: '-2*ms' is below 0 — give a number >= 0"),
    (
        LIF,
        "[>= 0]        # mem",
        "[> 1*volt] # mem",
        "parameters.R: in its domain '[> 1*volt]': the bound '1*volt' is in",
    ),
    (LIF, "[>= 0]        # mem", "[> x] # mem", "parameters.R: in its domain '[> x]': unknown name 'x'"),
    (ADEX, "= -40.4*mV", "= -71*mV", "parameters.V_cut: '-71*mV' is not above V_r — give a number > V_r"),
    (NOISE, "1000*Hz", "-1*Hz", "parameters.rate: '-1*Hz' is below 0"),
    (ERBP, "1.15*nA", "-1.15*nA", "parameters.b_max: '-1.15*nA' is not above 0"),
    (ERBP, "6e-4*nS", "inf*nS", "parameters.eta: 'inf*nS' is infinite — give a finite number"),
    (FIXED_POINT, "= 8", "= 2.5", "parameters.bits: '2.5' is not whole — give a whole number >= 1"),
    (FIXED_POINT, "= 8", "= -3", "parameters.bits: '-3' is below 1"),
    (FIXED_POINT, "= 0.75*nA", "= -0.75*nA", "parameters.w_max: '-0.75*nA' is not above w_min"),
    (ANALOG, "stuck_low  = 0  ", "stuck_low = 1.1", "parameters.stuck_low: '1.1' is above 1"),
    (ANALOG, "c2c        = 0  ", "c2c = -1", "parameters.c2c: '-1' is below 0"),
    ("models/synapses/blank_out.yaml", "p = 0.45", "p = 1.1", "parameters.p: '1.1' is above 1 — give a number >= 0"),
    (STATE, "x_bits = 16", "x_bits = 0.5", "parameters.x_bits: '0.5' is below 1"),
    ("models/optimizers/adam.yaml", "batch   = 20", "batch = 0", "parameters.batch: '0' is below 1"),
    ("models/losses/van_rossum.yaml", "= 10*ms", "= 0*ms", "parameters.tau_decay: '0*ms' is not above 0"),
    (LOIHI, "columns:             {value: 8", "columns: {value: -1", "numbers.columns: '-1' is below 1"),
    (
        LOIHI,
        "cores_per_tile:      {value: 4",
        "cores_per_tile: {value: 1.5",
        "numbers.cores_per_tile: '1.5' is not whole",
    ),
    (
        CELLS,
        "value: 240,",
        "value: -1,",
        "'r_on' is -1, which is out of range — give a number from 16.6 to 1e+06 (kOhm)",
    ),
    (CELLS, "value: 0.5, source: V2.1, meaning: half", "value: -1, source: V2.1, meaning: half", "'half_cycle' is -1"),
    (CELLS, "value: 0.5, source: V2.1, meaning: half", "value: .inf, source: V2.1, meaning: half", "quantities.half_"),
    (PLUS, "dt: 0.1*ms", "dt: -0.1*ms", "protocol.dt: '-0.1*ms' is no duration"),
    (PLUS, "delay: 0.8*ms", "delay: -0.8*ms", "protocol.delay: '-0.8*ms' is no duration"),
    (PLUS, "delay: 0.8*ms", "delay: 1e6*second", "protocol.delay: '1e6*second' is not within a sample, which lasts 25"),
    (PLUS, "T_test: 500*ms", "T_test: 1e6*second", "protocol.T_test: '1e6*second' is 1e+10 steps of dt = 0.1*ms, m"),
    (PLUS, "delay: 0.8*ms", "delay: inf*ms", "protocol.delay: 'inf*ms' is no duration"),
    (PLUS, "delay: 0.8*ms", "delay: (-1)**0.5*ms", "protocol.delay: '(-1)**0.5*ms' is no duration"),
]


@pytest.mark.parametrize(("file", "old", "new", "told"), OUTSIDE)
def test_a_number_outside_its_domain_is_refused(edit: Edit, file: str, old: str, new: str, told: str) -> None:
    kind, name = next((kind, name) for kind, name in selected(file) if name in Zoo().names(kind))
    (finding,) = check_file(edit(file, old, new), kind, name)
    assert str(finding).startswith(f"{file}: ")
    assert told in str(finding)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (LIF, "20*ms", "inf*second"),
        (LIF, "1*Gohm", "0*ohm"),
        (ERBP, "6e-4*nS", "-6e-4*nS"),
        (FIXED_POINT, "= 8", "= 1"),
    ],
)
def test_a_number_at_the_end_of_its_domain_is_fine(edit: Edit, file: str, old: str, new: str) -> None:
    ((kind, name),) = selected(file)
    assert check_file(edit(file, old, new), kind, name) == []


OVERRIDES = [
    ("erbp_plus", "hidden_hidden.b_max=-25*nA", "hidden_hidden.b_max: '-25*nA' is not above 0 — give a number > 0"),
    ("erbp_plus", "rule.eta=log(-1)*nS", "rule.eta: 'log(-1)*nS' is not a number — give a finite number"),
    ("erbp_plus", "hidden.tau_m=0*ms", "hidden.tau_m: '0*ms' is not above 0"),
    ("erbp_plus", "noise.rate=-1*Hz", "noise.rate: '-1*Hz' is below 0"),
    ("erbp_fixed_point", "synapse.bits=2.5", "synapse.bits: '2.5' is not whole"),
    ("erbp_fixed_state", "state.x_bits=0", "state.x_bits: '0' is below 1"),
    ("erbp_fixed_state", "hidden.V_max=0*volt", "hidden.V_max: '0*volt' is not above 0"),
    ("bp_analog", "synapse.stuck_high=0.6:synapse.stuck_low=0.5", "synapse.stuck_high: '0.6' is above 1 - stuck_low"),
    ("nbp", "synapse.w_min=300", "synapse.w_min: with '300', 'w_max' is not above w_min"),
    ("rtrl_block_diagonal", "hidden_output.batch=0", "hidden_output.batch: '0' is below 1"),
]


@pytest.mark.parametrize(("experiment", "setting", "told"), OVERRIDES)
def test_an_override_has_the_domain_of_what_it_replaces(experiment: str, setting: str, told: str) -> None:
    zoo = Zoo()
    findings = check_experiment(zoo.experiment(experiment).with_setting(setting))
    assert str(findings[0]).startswith(f"config/experiments/{experiment}.yaml: parameters.{told}")
    assert len(findings) == 1


@pytest.mark.parametrize(("method", "longest"), [("euler", 2), ("rk2", 2), ("heun", 2), ("rk4", 2.785294)])
def test_a_step_in_which_a_decay_would_grow_is_refused(edit: Edit, method: str, longest: float) -> None:
    """Of dx/dt = -x/tau the methods diverge where dt exceeds so many tau: the intervals of absolute stability."""
    zoo = edit(COMPARTMENTS, "method: euler", f"method: {method}")
    erbp = zoo.experiment("erbp_plus")  # steps of 0.1 ms

    def told(tau: float) -> list[str]:
        return [str(each) for each in check_experiment(erbp.with_setting(f"hidden.tau_s={tau:.6f}*ms"))]

    assert told(0.1 / longest + 1e-6) == []
    (refused,) = told(0.1 / longest - 1e-6)
    assert refused.startswith(f"{COMPARTMENTS}: equations: dI/dt decays with 0.0")
    assert f"in steps of 0.1 ms method '{method}' makes it grow — take 'method: exact', a smaller" in refused


@pytest.mark.parametrize("weight", ["inf*mV", "log(-1)*mV", "(-1)**0.5*mV"])
def test_a_weight_is_finite(edit: Edit, weight: str) -> None:
    zoo = edit(PLUS, "noise         = 50*mV", f"noise = {weight}")
    (finding,) = check_experiment(zoo.experiment("erbp_plus"))
    assert str(finding) == f"{PLUS}: weights.noise: '{weight}' is no finite number — give a finite weight"


@pytest.mark.parametrize(
    ("experiment", "kind", "weight", "told"),
    [
        ("stdp_pair", "input_hidden", "0.3", "outside 0.0 to 0.2, where 'bounded' keeps them"),
        ("stdp_pair", "hidden_output", "uniform(0.2) - 0.3", "outside 0.0 to 0.5, where 'bounded' keeps them"),
        ("erbp_fixed_point", "hidden_output", "0.999*nA", "outside -1 nA to 0.9921875 nA, where 'stochastic_fi"),
        ("nbp", "input_hidden", "300", "outside -256.0 to 254.0, where 'mixed_sign_8bit' keeps them"),
    ],
)  # fmt: skip
def test_a_weight_begins_where_its_store_can_keep_it(
    zoo_with: Callable[..., Zoo], experiment: str, kind: str, weight: str, told: str
) -> None:
    """The first write would clip it, and until then it would act."""
    path = "config/experiments/beyond.yaml"
    zoo = zoo_with({path: f"title: A test\nextends: {experiment}\nweights: {kind} = {weight}\n"})
    findings = check_experiment(zoo.experiment("beyond"))
    assert len(findings) == 1
    assert str(findings[0]).startswith(f"{path}: weights.{kind}: there are weights ")
    assert told in str(findings[0])


def test_what_can_only_be_in_part_of_the_numbers_states_its_domain() -> None:
    """Time constants, numbers of bits and samples of all files."""
    zoo = Zoo()
    kinds = [kind for kind, (model, _) in KINDS.items() if kind != "experiment" and "parameters" in model.model_fields]
    lines = [(name, line) for kind in kinds for name in zoo.names(kind) for line in zoo.load(kind, name).parameters]
    bounded = [(name, line) for name, line in lines if {"tau", "bits", "batch"} & set(line.name.split("_"))]
    assert len(bounded) > 30
    assert [(name, line.name) for name, line in bounded if not line.domain] == []


CLOCK = ["t", "dt", "t_in_timesteps", "T_sample", "lastspike", "sample_number"]
BRIAN2 = ["xi", "i", "j", "N", "e", "pi", "inf", "lambda", "volt", "exp", "_R", "R_pre", "R_post"]
OURS = ["data", "dw", "where"]


@pytest.mark.parametrize("name", CLOCK + BRIAN2 + OURS)
def test_a_reserved_name_is_refused(edit: Edit, name: str) -> None:
    (finding,) = check_file(edit(FIXED_POINT, "bits  = 8", f"{name} = 8"), "synapse", "stochastic_fixed_point")
    assert str(finding).startswith(f"{FIXED_POINT}: parameters.{name}: ")
    assert "name" in finding.remedy


@pytest.mark.parametrize("name", ["e", "i", "ms", "_w", "w_post"])
def test_a_reserved_name_is_refused_as_a_variable(edit: Edit, name: str) -> None:
    (finding,) = check_file(edit(ERBP, "learning = int", f"{name} = int"), "rule", "erbp")
    assert str(finding).startswith(f"{ERBP}: variables.synapse: ")
    assert f"'{name}'" in finding.problem


def test_a_neuron_without_what_the_rule_needs(edit: Edit) -> None:
    zoo = edit(PLUS, "  hidden: two_compartment_lif", "  hidden: lif")
    told = [str(finding) for finding in check_zoo(zoo, selected(PLUS))]
    (line,) = told
    assert line.startswith(
        "models/synapses/dendrite_kick.yaml: read: the postsynaptic neuron 'lif' has no variable 'U'"
    )


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (ERBP, "dw = eta*U_post", "dw = eta*U"),
        (RANDOM, "way: direct_random", "way: random"),
        (ERBP, "eta    = 6e-4*nS", "eta"),
        (ERBP, "  b_max  = 1.15*nA", "  b_max  = 1.15*nAA"),
        (PLUS, "circuit: direct_feedback\n", ""),
        (PLUS, "dt: 0.1*ms", "dt: 0.1*mV"),
        (PLUS, "hidden_hidden.b_max", "hidden_hidden.bmax"),
    ],
)
def test_a_mistake_that_others_inherit_is_told_once(edit: Edit, file: str, old: str, new: str) -> None:
    (finding,) = check_zoo(edit(file, old, new))
    assert finding.where == file


def test_a_mistake_in_combination_names_the_experiments(edit: Edit) -> None:
    (finding,) = check_zoo(edit(FLOAT, "I_post += w", "I_post += w*ms"))
    assert re.search(r"\(in experiment .*erbp_plus, readout_only\)$", finding.problem)


def test_an_unused_parameter_is_a_warning(edit: Edit) -> None:
    (finding,) = check_zoo(edit(LIF, "  t_ref = 2*ms", "  R_2 = 2*ohm\n  t_ref = 2*ms"), selected(LIF))
    assert isinstance(finding, ZooWarning)
    assert str(finding).startswith(f"{LIF}: parameters.R_2: ")
    assert errors([finding]) == []


def test_a_rule_in_no_experiment_is_a_warning(zoo_with: Callable[..., Zoo]) -> None:
    zoo = zoo_with({"rules/mine.yaml": "title: Mine\nextends: erbp\n"})
    (finding,) = check_zoo(zoo, {("rule", "mine")})
    assert isinstance(finding, ZooWarning)
    assert finding.where == "rules/mine.yaml"


def test_a_rule_may_update_a_trace_without_asking_for_a_change(edit: Edit) -> None:
    trace = "  synapse: |\n    dz/dt = -z/T_wait : 1 (event-driven)\n"
    zoo = edit(ERBP, "  synapse: |\n", trace, "dw = eta*", "dw = z*eta*", "parameters:", "on_post: z += 1\nparameters:")
    assert check_zoo(zoo, selected(ERBP)) == []


def test_an_event_driven_variable_is_read_at_spikes_alone(edit: Edit) -> None:
    """Also by way of a subexpression."""
    trace = "  synapse: |\n    dz/dt = -z/T_wait : 1 (event-driven)\n    half = z/2 : 1\n    last : 1\n"
    zoo = edit(ERBP, "  synapse: |\n", trace, "on_pre: |", "each_step: last = half\non_pre: |")
    (finding,) = check_zoo(zoo, selected(ERBP))
    assert str(finding).startswith(f"{ERBP}: each_step: 'last = half' reads 'half', which is event-driven")


@pytest.mark.parametrize(
    ("deviation", "method", "words"),
    [
        ("1*nA", "rk4", ["dI/dt has noise,", "'rk4'", "method: euler"]),
        ("I", "euler", ["multiplied by a variable", "'euler'", "method: heun"]),
    ],
)
def test_noise_that_a_method_does_not_take(edit: Edit, deviation: str, method: str, words: list[str]) -> None:
    noisy = f"dI/dt = (-I + {deviation}*xi*sqrt(tau_s))/tau_s : amp"
    zoo = edit(LIF, SYNAPTIC_CURRENT, noisy, "method: exact", f"method: {method}")
    (finding,) = check_file(zoo, "neuron", "lif")
    assert [word for word in words if word not in str(finding)] == []


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_a_neuron_may_walk_at_random(edit: Edit, method: str) -> None:
    noisy = ")/tau_m : volt (unless refractory)", ")/tau_m + 1*mV*xi*tau_m**-0.5 : volt"
    zoo = edit(LIF, *noisy, "method: exact", f"method: {method}")
    assert check_file(zoo, "neuron", "lif") == []
    (finding,) = check_file(edit(LIF, "= -I/tau_s ", "= -I/tau_s + 1*nA*xi "), "neuron", "lif")
    assert "'(1 * nA) * xi' has unit s^-0.5 A" in finding.problem


def test_the_place_of_a_neuron_is_a_whole_number(edit: Edit) -> None:
    placed = edit(EVENTS, "entry = entry + 1", "entry = entry + 1 + i - i % N + 0*t_in_timesteps")
    assert check_file(placed, "neuron", "event_input") == []


def test_what_a_rule_and_a_synapse_give_the_same_neuron_has_two_names(edit: Edit) -> None:
    rule = 'variables:\n  pre: "turn : 1"\n'
    experiment = "title: both\nextends: erbp_counted_rounding\nlearning: {plastic: {rule: twice}}\n"
    zoo = edit(COUNTED, "turn += golden", "turn += golden")
    (zoo.root / "rules/twice.yaml").write_text(f"title: twice\nextends: erbp\n{rule}")
    (zoo.root / "config/experiments/both.yaml").write_text(experiment)
    found = {str(finding) for finding in check_zoo(zoo, {("experiment", "both")})}
    assert found == {
        f"{COUNTED}: axon.variables: rule 'twice' gives the presynaptic neuron 'turn' too"
        " (in experiment both) — rename one of the two"
    }


def test_two_rules_do_not_add_one_variable_to_a_neuron_in_different_ways(zoo_with: Callable[..., Zoo]) -> None:
    """Whose equations are the same, and whose jumps are not: one of the two would be left out."""
    experiment = "title: both\nextends: stdp_homeostatic_inhibition\nlearning:\n  learns: null\n"
    experiment += "  plastic: {rule: stdp_pair}\n  inhibit: {rule: stdp_nearest}\n"
    zoo = zoo_with({"config/experiments/both.yaml": experiment})
    (finding, *_) = check_zoo(zoo, {("experiment", "both")})
    told = "rules/stdp_nearest.yaml: at_spike.post: neuron 'lif_exp' has 'o1' of another rule or synapse too"
    assert told in str(finding)


def test_a_synapse_that_transmits_what_the_axon_has_knows_no_delay(zoo_with: Callable[..., Zoo]) -> None:
    experiment = "title: late\nextends: liquid_state\nprotocol: {delay: 2*ms}\nlearning: {plastic: {traces: synapse}}\n"
    zoo = zoo_with({"config/experiments/late.yaml": experiment})
    (finding, *_) = check_zoo(zoo, {("experiment", "late")})
    assert f"{SHORT}: draw: it takes 'released_pre' as it is when the spike arrives" in str(finding)


def test_a_rule_may_add_a_variable_to_a_neuron_with_a_method(edit: Edit) -> None:
    zoo = edit(ERBP, "  synapse: |\n", "  post: |\n    dm/dt = -m/T_wait_2 : 1\n  synapse: |\n")
    (finding,) = check_zoo(zoo, selected(ERBP))
    assert str(finding).startswith(f"{ERBP}: variables.post: unknown name 'T_wait_2'")


def test_an_experiment_under_another_setting() -> None:
    zoo = Zoo()
    experiment = zoo.experiment("erbp_fixed_point")
    assert check_experiment(experiment.with_setting("synapse.bits=4")) == []
    (finding,) = check_experiment(experiment.with_setting("synapse.bit=4"))
    assert "did you mean 'bits'?" in finding.remedy


@pytest.mark.parametrize("name", Zoo().names("experiment"))
def test_a_circuit_declares_the_roles_and_kinds_it_has(name: str) -> None:
    experiment = Zoo().experiment(name)
    has = vocabulary(experiment)
    for layers, mode in product([(4, 3, 2), (4, 3, 3, 2)], ["train", "test"]):
        if not supports(experiment, layers):
            continue
        circuit = build(experiment, layers, mode)
        assert {p.role for p in circuit.populations} <= set(has.roles)
        assert {p.kind for p in circuit.projections} <= {*has.learn, *has.fixed}


def test_a_finding_is_an_error_that_can_be_raised() -> None:
    with pytest.raises(ZooError, match=r"rules/x.yaml: on_pre: a — b"):
        raise ZooWarning("rules/x.yaml", "on_pre", "a", "b")


def test_an_inherited_parameter_that_the_child_does_not_use_is_the_childs(zoo_with) -> None:
    """The parent uses it: to remove it there would break the parent."""
    child = "title: Mine\nextends: bp\non_sample: dw = -0.02*delta_post*r_pre\n"
    (told,) = check_file(zoo_with({"rules/mine.yaml": child}), "rule", "mine")
    line = "rules/mine.yaml: extends: parameter 'eta' of 'bp' is not used here — add a line 'eta = null' to parameters"
    assert str(told) == line
    assert check_file(zoo_with({"rules/mine.yaml": f"{child}parameters: eta = null\n"}), "rule", "mine") == []


def test_a_parameter_that_the_parent_does_not_use_either_is_the_parents(zoo_with) -> None:
    parent = (ROOT / BP).read_text() + "  idle = 3\n"
    zoo = zoo_with({BP: parent, "rules/mine.yaml": "title: Mine\nextends: bp\n"})
    (told,) = check_file(zoo, "rule", "mine")
    assert str(told) == "rules/bp.yaml: parameters.idle: 'idle' is not used in this file — remove the line"
