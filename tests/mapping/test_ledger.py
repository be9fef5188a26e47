"""The ledger of a rule: what its strings ask for, times how often it happens."""

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.circuits import Circuit
from brian2zoo.compose.circuit import compose
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.ledger import events, integration, memories, of_training, per_sample, synaptic_operations
from brian2zoo.mapping.operations import KINDS, Operations


def circuit(zoo: Zoo, experiment: str, layers: tuple[int, ...] = ()) -> Circuit:
    found = zoo.experiment(experiment)
    return circuits.build(found, layers or circuits.smallest(found), "train")


def learning(zoo: Zoo, experiment: str) -> dict[str, Operations]:
    return {e.of.name: e.operations for e in events(circuit(zoo, experiment)) if e.part == "learning"}


def test_erbp_learns_with_one_addition_and_two_comparisons(zoo: Zoo) -> None:
    """What Neftci et al. 2017 promise of the rule; the product is that of error and learning rate."""
    expected = Operations(synapse_writes=1, neuron_reads=1, additions=1, multiplications=1, comparisons=2)
    assert set(learning(zoo, "erbp_plus").values()) == {expected}


@pytest.mark.parametrize(
    ("experiment", "synapses", "before", "behind"),
    [
        ("stdp_pair", "input_hidden1", {"multiplications": 1}, {"multiplications": 1}),
        ("stdp_nearest", "input_hidden1", {"multiplications": 1}, {"multiplications": 1}),
        ("stdp_triplet", "input_hidden1", *[{"neuron_reads": 2, "additions": 2, "multiplications": 3}] * 2),
        ("stdp_homeostatic_inhibition", "inhibitor_hidden1", {"additions": 2, "multiplications": 1},
         {"multiplications": 1}),
    ],
)  # fmt: skip
def test_a_spike_of_either_side_costs_the_traces_it_reads(
    zoo: Zoo, experiment: str, synapses: str, before: dict[str, int], behind: dict[str, int]
) -> None:
    """Counted by hand from the rules; the store adds the change, and compares the weight with its two bounds."""
    of = circuit(zoo, experiment)
    found = {e.when: e.operations for e in events(of) if (e.of.name, e.part) == (synapses, "learning")}
    stored = {"synapse_writes": 1, "neuron_reads": 1, "additions": 1, "comparisons": 2}
    assert found["pre"] == Operations(**stored | before)
    assert found["post"] == Operations(**stored | {"synapse_reads": 1} | behind)


@pytest.mark.parametrize(
    ("experiment", "at_input", "at_hidden"),
    [("stdp_pair", (3, 1), (4, 2)), ("stdp_triplet", (5, 3), (8, 6)), ("stdp_homeostatic_inhibition", (2, 0), (3, 1))],
)
def test_traces_are_kept_by_neurons(
    zoo: Zoo, experiment: str, at_input: tuple[int, int], at_hidden: tuple[int, int]
) -> None:
    """Values of a neuron, and how many of them learning adds; a synapse keeps its weight alone."""
    told = memories(circuit(zoo, experiment))
    kept = {name: (len(bits), own) for _, bits, own, names in told for name in names}
    assert (kept["input"], kept["hidden1"]) == (at_input, at_hidden)
    assert {(len(bits), own) for what, bits, own, _ in told if what == "plastic synapse"} == {(1, 0)}


def test_a_stochastic_store_draws_at_each_update(zoo: Zoo) -> None:
    float_store, fixed = learning(zoo, "erbp_plus"), learning(zoo, "erbp_fixed_point")
    assert {o.random_numbers for o in fixed.values()} == {1}
    assert all(fixed[name].multiplications > o.multiplications for name, o in float_store.items())


def test_blank_out_draws_to_transmit_not_to_learn(zoo: Zoo) -> None:
    found = {(e.of.name, e.part): e.operations for e in events(circuit(zoo, "erbp_times"))}
    assert found["input_hidden1", "transmission"].random_numbers == 1
    assert found["input_hidden1", "learning"].random_numbers == 0


def test_what_does_not_learn_has_no_events_of_learning(zoo: Zoo) -> None:
    assert set(learning(zoo, "readout_only")) == {"hidden1_output"}
    assert set(learning(zoo, "nbp_readout")) == {
        "hidden1_output", "hidden1_output_low", "hidden1_output_high", "output_hidden1_back", "output_back_hidden1_back"
    }  # fmt: skip


def test_back_propagation_passes_hidden_weights_forward_and_back(zoo: Zoo) -> None:
    found = {(e.of.name, e.part): e.operations for e in events(circuit(zoo, "bp"))}
    assert found["input_hidden1", "transmission"].multiplications == 1
    assert found["hidden1_output", "transmission"].multiplications == 2


def test_integration_is_what_brian2_runs(zoo: Zoo) -> None:
    code = compose(circuit(zoo, "erbp_plus")).neurons["hidden1"]
    assert "_U = -U*dt/tau_u + U" in integration(code)


def test_every_rule_of_the_zoo_has_a_ledger(zoo: Zoo) -> None:
    for name in zoo.names("experiment"):
        of = circuit(zoo, name)
        costs = per_sample(of, {p.name: 1.0 for p in of.populations if p.neuron.threshold})
        assert np.all(costs.operations >= 0), name
        assert float(costs.operations.sel(part="learning", operation="synapse_writes")) > 0, name
        assert float(costs.memory_synapse) > 0, name


def test_a_sample_multiplies_events_by_spikes_steps_and_sizes(zoo: Zoo) -> None:
    of = circuit(zoo, "erbp_plus", (7, 5, 3))
    spikes = {"input": 11.0, "hidden1": 6.0, "output": 4.0, "label": 2.0, "error": 1.0}
    costs = per_sample(of, spikes)
    passed = 11 * 5 + 6 * 3 + 4 * 2 + 2 * 2 + 1 * (1 + 5)
    assert synaptic_operations(of, spikes) == passed
    assert float(costs.SynapticOperations) == passed
    one = costs.operations.sel(part="transmission")
    assert float(one.sel(operation="synapse_reads")) == passed
    assert float(costs.operations.sel(part="learning", operation="synapse_writes")) == 11 * 5 + 6 * 3
    # one draw for each noisy neuron and step; an input unit draws at a spike and at the onset of a sample
    random = float(costs.operations.sel(part="neurons", operation="random_numbers"))
    assert random == (5 + 3) * 2500 + 11 + 7 + 2 + 3


def test_neurobench_counts_have_their_like_of_learning(zoo: Zoo) -> None:
    """Counted by hand; inference needs neither the neurons of errors nor those of labels."""
    of = circuit(zoo, "erbp_plus", (7, 5, 3))
    costs = per_sample(of, {"input": 11.0, "hidden1": 6.0, "output": 4.0, "label": 2.0, "error": 1.0})
    plastic = 7 * 5 + 5 * 3
    assert float(costs.ParameterCount_plastic) == plastic
    assert float(costs.ParameterCount) == plastic + 3 * 2 + 3 * 2 + 6 * 1 + 6 * 5
    assert float(costs.SynapticUpdates) == 11 * 5 + 6 * 3  # at presynaptic spikes
    assert float(costs.Dense_learning) == plastic * 2500
    assert float(costs.ActivationSparsity) == 1 - (6 + 4 + 1) / ((5 + 3 + 6) * 2500)
    silent = circuits.build(of.experiment, (7, 5, 3), "test")
    assert float(costs.Footprint - costs.Footprint_learning) == float(per_sample(silent, {}).Footprint)
    assert float(costs.Footprint_learning) > 0
    assert float(per_sample(silent, {}).Footprint_learning) == 0


def test_memory_has_the_bits_the_models_state(zoo: Zoo) -> None:
    def memory(name: str) -> xr.Dataset:
        return per_sample(circuit(zoo, name), {})

    assert float(memory("erbp_plus").memory_synapse) == 64
    assert float(memory("erbp_fixed_point").memory_synapse) == 8
    assert float(memory("erbp_fixed_state").memory_neuron) < float(memory("erbp_plus").memory_neuron)


def test_of_a_training(zoo: Zoo) -> None:
    attrs = {"experiment": "erbp_fixed_point", "rule": "erbp", "dataset": "digits", "layers": "7-5-3",
             "setting": "synapse.bits=4", "seed": 0}  # fmt: skip
    names = ["input", "hidden1", "output", "label", "error"]
    spikes = xr.DataArray([[np.nan] * 5, [1.0] * 5, [11, 6, 4, 2, 1]], {"epoch": [0, 1, 2], "population": names})
    costs = of_training(zoo, xr.Dataset({"spikes": spikes}, attrs=attrs))
    assert float(costs.memory_synapse) == 4
    assert float(costs.operations.sel(part="learning", operation="synapse_writes")) == 11 * 5 + 6 * 3
    assert costs.attrs["setting"] == "synapse.bits=4"
    assert list(costs.operation.values) == list(KINDS)
    assert "ConnectionSparsity" not in costs
    weights = {"w_input_hidden1": (("a", "b"), np.ones((7, 5))), "w_hidden1_output": (("b", "c"), np.zeros((5, 3)))}
    kept = of_training(zoo, xr.Dataset({"spikes": spikes, **weights}, attrs=attrs))
    assert float(kept.ConnectionSparsity) == 15 / 50


def test_full_rtrl_has_a_product_for_each_coupling_and_memory_for_each_neuron(zoo: Zoo) -> None:
    found = {}
    for neurons in (3, 6):
        of = circuit(zoo, "rtrl_full", (4, neurons, 2))
        store = next(e for e in events(of) if e.of.name == "input_hidden1_influence")
        assert (store.part, store.when) == ("learning", "step")
        found[neurons] = store.operations.multiplications, float(per_sample(of, {}).Footprint)
    assert found[6][0] - found[3][0] == 3  # couplings of a store
    weights = {n: n * (4 + n) * n for n in found}  # times neurons
    assert found[6][1] - found[3][1] > 5 * 8 * (weights[6] - weights[3])  # at least the five values of a store
