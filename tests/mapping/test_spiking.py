"""Networks on spiking chips: what fits where, what is refused, what it costs, checked by hand and by SANA-FE."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from brian2zoo import circuits
from brian2zoo.errors import ZooError
from brian2zoo.formats.chips import ChipNumbers, Fact
from brian2zoo.formats.zoo import Zoo
from brian2zoo.mapping.spiking import activity as spiking_activity
from brian2zoo.mapping.spiking import mesh, report, sanafe
from brian2zoo.mapping.spiking.activity import Activity
from brian2zoo.mapping.spiking.chip import Chip
from brian2zoo.mapping.spiking.cost import Costs, default_learning
from brian2zoo.mapping.spiking.demand import demand
from brian2zoo.mapping.spiking.place import LIMITS, Placement, caveats, place


def chip(zoo: Zoo, name: str = "loihi", **numbers: object) -> Chip:
    """A chip, with some of its numbers replaced, or taken away by None."""
    file = zoo.chip(name)
    facts = {key: None if n is None else Fact(value=n, source="test", sure="memory") for key, n in numbers.items()}
    sources = file.sources | {"test": "test"}
    return Chip(file.model_copy(update={"numbers": file.numbers.model_copy(update=facts), "sources": sources}))


def mapped(
    zoo: Zoo,
    on: Chip,
    experiment: str = "erbp_plus",
    layers: tuple[int, ...] = (12, 10, 4),
    mode: str = "train",
    plan: str = "",
    setting: str = "default",
) -> Placement:
    circuit = circuits.build(zoo.experiment(experiment).with_setting(setting), layers, mode)
    return place(demand(circuit, on), on, zoo.placement(plan) if plan else None)


def even(placement: Placement, steps: int, spikes: float) -> Activity:
    """The same number of spikes of every population in each step."""
    circuit = placement.demand.circuit
    names = spiking_activity.every_spike(circuit).spikes
    share = {name: np.full(circuit.population(name).size, 1 / circuit.population(name).size) for name in names}
    return Activity({name: np.full(steps, spikes) for name in names}, share, resolved=True)


def test_a_large_network_that_does_not_fit_is_refused_before_cores_are_filled(zoo: Zoo, monkeypatch) -> None:
    monkeypatch.setattr("brian2zoo.mapping.spiking.place._Filling._next", None)
    with pytest.raises(ZooError, match="one neuron of 'output' needs 100000 input axons"):
        mapped(zoo, chip(zoo), layers=(784, 100_000, 10), mode="test")


# --- What a network asks for ----------------------------------------------------------------------


def test_what_no_projection_reaches_comes_from_outside(zoo: Zoo) -> None:
    asked = mapped(zoo, chip(zoo)).demand
    assert [p.name for p in asked.sources] == ["input", "label"]
    assert {p.name for p in asked.placed} == {"hidden1", "output", "error"}
    assert asked.neurons == 10 + 4 + 8
    assert asked.plastic == 12 * 10 + 10 * 4


def test_a_neuron_with_many_states_takes_several_of_the_chip(zoo: Zoo) -> None:
    """Two-compartment neurons: V, I and U in compartments of two variables."""
    assert mapped(zoo, chip(zoo)).demand.slots == {"hidden1": 2, "output": 2, "error": 1}
    assert set(mapped(zoo, chip(zoo, states_per_neuron=3)).demand.slots.values()) == {1}


def test_words_of_synaptic_memory(zoo: Zoo) -> None:
    """nengo-loihi's count: blocks of 64 with 10 bits of header, in words of 64 bits."""
    bits = chip(zoo).bits(np.array([0, 1, 6, 7, 64, 65]), 8)
    assert bits.tolist() == [0, 64, 64, 128, 576, 576 + 64]


def test_neurons_of_a_crossbar_share_its_axons(zoo: Zoo) -> None:
    """Hidden units reach output and error units on the same core by one axon."""
    listed = mapped(zoo, chip(zoo, "loihi"), mode="train").usage["axons_in_per_core"].sum()
    shared = mapped(zoo, chip(zoo, "odin", weight_bits=9), mode="train").usage["axons_in_per_core"].sum()
    assert shared == 12 + 10 + 4 + 4 + 8  # each population once
    assert listed == 12 + 10 + 4 + 4 + 8 + 8  # errors go to two populations


# --- Limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", LIMITS)
def test_cores_keep_every_limit_and_the_tightest_binds(zoo: Zoo, limit: str) -> None:
    tight = {"neurons_per_core": 9, "axons_in_per_core": 40, "axons_out_per_core": 12, "synapses_per_core": 60,
             "synaptic_memory": 2048}  # fmt: skip
    wide = dict.fromkeys(LIMITS, 10**9)
    one, several = (mapped(zoo, chip(zoo, **numbers)) for numbers in (wide, wide | {limit: tight[limit]}))
    assert len(one.used) == 1
    assert one.binding == ""
    assert len(several.used) > 1
    assert several.binding == limit
    assert several.usage[limit].max() <= tight[limit]
    assert len(several.used) >= several.bounds[limit]
    assert all(np.all(cores >= 0) for cores in several.core_of.values())


def test_placing_loses_no_synapse(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, neurons_per_core=7), "nbp", (12, 9, 3))
    for link in placed.demand.links:
        assert placed.tables[link.name].sum() == link.projection.size
        np.testing.assert_array_equal(placed.tables[link.name].sum(axis=1), link.fan_out)


REFUSED: list[tuple[str, dict[str, object], dict[str, object], str, str]] = [
    ("truenorth", {}, {"mode": "train"}, "learning", "does not learn"),
    ("truenorth", {}, {"mode": "test", "layers": (300, 10, 4)}, "numbers.axons_in_per_core", "needs 300 input axons"),
    ("truenorth", {"neurons_per_core": 6}, {"mode": "test"}, "numbers.axons_out_per_neuron", "sends to 2 cores"),
    ("odin", {}, {"experiment": "erbp_fixed_point"}, "numbers.weight_bits", "weights of 8 bits, the chip of 3"),
    ("odin", {}, {"mode": "test", "layers": (12, 250, 20)}, "numbers.cores", "2 cores are needed"),
    ("loihi", {"delay_steps": 4}, {}, "numbers.delay_steps", "a delay of 8 steps"),
    ("loihi", {"synaptic_memory": 640}, {}, "numbers.synaptic_memory", "one neuron of 'hidden1' needs"),
    ("loihi", {"neurons_per_core": 9}, {"plan": "loihi_spread", "layers": (12, 2000, 4), "mode": "test"},
     "numbers.neurons_per_core", "core 0 would hold"),
    ("loihi2", {}, {"plan": "loihi_spread"}, "chip", "it is for 'loihi', not 'loihi2'"),
    ("loihi", {}, {"experiment": "bp"}, "", "has rate units"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "numbers", "what", "field", "problem"), REFUSED)
def test_what_does_not_fit_is_refused_by_the_name_of_the_limit(
    zoo: Zoo, name: str, numbers: dict[str, object], what: dict, field: str, problem: str
) -> None:
    with pytest.raises(ZooError) as caught:
        mapped(zoo, chip(zoo, name, **numbers), **what)
    assert caught.value.field == field
    assert problem in caught.value.problem


def test_a_setting_may_make_it_fit(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, "odin"), "erbp_fixed_point", setting="synapse.bits=3")
    assert any("learn by rule 'erbp'" in text for text in caveats(placed.demand, placed.chip))


def test_a_rule_that_the_engine_cannot_work_out_is_a_caveat(zoo: Zoo) -> None:
    erbp, nbp = (mapped(zoo, chip(zoo), name, (12, 10, 4)) for name in ("erbp_plus", "nbp"))
    assert any("'U_post' is no trace" in text for text in caveats(erbp.demand, erbp.chip))
    assert not any("learn" in text for text in caveats(nbp.demand, nbp.chip))


def test_networks_under_spike_timing_go_on_every_chip_that_learns(zoo: Zoo) -> None:
    """What is told of the rule is one of the three answers, and one line."""
    told: dict[str, set[str]] = {}
    for name in zoo.names("chip"):
        on = chip(zoo, name)
        if on.file.learning == "none":
            with pytest.raises(ZooError, match="the chip does not learn, 'stdp_pair' does"):
                mapped(zoo, on, "stdp_pair")
            continue
        for experiment in ("stdp_pair", "stdp_nearest", "stdp_multiplicative"):
            of = report.of_placement(mapped(zoo, on, experiment, (12, 10, 4)))
            assert {rule["fits"] for rule in of["rules"]} <= {"yes", "no", "not known"}
            assert not [text for text in (*of["caveats"], *(rule["how"] for rule in of["rules"])) if "\n" in text]
            told.setdefault(name, set()).update(rule["fits"] for rule in of["rules"])
    assert told["loihi"] == told["brainscales2"] == {"yes", "no"}
    assert (told["spinnaker"], told["spinnaker2"], told["odin"]) == ({"yes"}, {"not known"}, {"no"})


def test_a_network_may_take_several_chips(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, neurons_per_core=4, cores=3, columns=1, rows=1, cores_per_tile=3))
    assert placed.chips == -(-len(placed.used) // 3) > 1
    x, y = mesh.hops(placed.chip, placed.span)
    assert not x.any()
    assert not y.any()


# --- The authors' placement of nBP ----------------------------------------------------------------


@pytest.fixture(scope="module")
def nbp(zoo: Zoo) -> Callable[[str], Placement]:
    """The paper's network where its authors put it, by mode."""
    made = {mode: mapped(zoo, chip(zoo), "nbp", (400, 400, 10), mode, "nbp_authors") for mode in ("train", "test")}
    return made.__getitem__


def test_nbp_takes_81_cores_under_the_authors_rule(nbp: Callable[[str], Placement]) -> None:
    for mode, neurons in (("train", 3282), ("test", 814)):
        assert nbp(mode).used.tolist() == list(range(2, 83))
        assert nbp(mode).demand.neurons == neurons
    assert nbp("train").demand.plastic == 500_000
    assert mapped_784_cores() == 93


def mapped_784_cores() -> int:
    zoo = Zoo()
    return len(mapped(zoo, chip(zoo), "nbp", (784, 400, 10), "train", "nbp_authors").used)


def test_nbp_costs_about_what_was_measured(zoo: Zoo, nbp: Callable[[str], Placement]) -> None:
    """Renner et al. 2024, Table 1, with spikes a sample of a trained network; step by step as the phases have them."""
    published = {"test": (2.5e-6, 0.17e-3), "train": (0.59e-3, 1.5e-3)}
    x, h = 99.1, 87.0  # the paper's test images, and hidden units of a trained network
    spikes = {
        "test": {"input": {0: x}, "hidden1": {1: h}, "output": {2: 1.0}},
        "train": {
            "input": {0: x, 6: x, 10: x}, "input_memory": {5: x}, "hidden1": {1: h, 4: h, 8: h},
            "hidden1_low": {1: 110.0}, "hidden1_high": {1: 70.0}, "hidden1_back": {4: h, 8: h},
            "hidden1_memory": {2: h}, "hidden1_box": {5: 40.0}, "output": {2: 1.0}, "output_low": {2: 2.5},
            "output_high": {2: 0.7}, "label": {2: 1.0},
        },
    }  # fmt: skip
    for mode, (joule, second) in published.items():
        for name in ("loihi", "loihi_measured"):
            circuit = nbp(mode).demand.circuit
            n = 12 if mode == "train" else 4
            steps = {p.name: np.zeros(n) for p in circuit.populations}
            for population, in_steps in spikes[mode].items():
                for step, count in in_steps.items():
                    steps[population][step] = count
            steps[f"{mode}_gates"][:] = 1
            share = {p.name: np.full(p.size, 1 / p.size) for p in circuit.populations}
            placed = Placement(nbp(mode).demand, Chip(zoo.chip(name)), nbp(mode).core_of, chips_synchronised=32)
            costs = Costs(placed, Activity(steps, share, resolved=True), default_learning(placed))
            assert 1 / 2.5 < costs.dynamic / joule < 2.5, (mode, name)
            assert 1 / 2.5 < costs.seconds / second < 2.5, (mode, name)
            terms = {term.what: term.total for term in costs.energy}
            if mode == "train":  # the learning engine is what it costs; sweeping explains it, active synapses do not
                assert terms["learning visits"] > 0.9 * costs.dynamic
                assert Costs(placed, costs.activity, "active").dynamic < joule / 2.5


# --- Costs ----------------------------------------------------------------------------------------


def test_energy_is_counts_times_numbers(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo), layers=(12, 10, 4))
    costs = Costs(placed, even(placed, steps=5, spikes=0.2), "sweep")
    counts = {term.what: term.count for term in costs.energy}
    synops = 12 * 10 / 12 + 10 * 4 / 10 + 2 + 2 + (8 + 8 * 10) / 8  # synapses behind one spike of each population
    assert counts["synaptic operations"] == pytest.approx(synops)
    updates = counts["neuron updates"] + counts["neuron updates, active"]
    assert updates == pytest.approx(5 * (2 * 10 + 2 * 4 + 8))
    assert counts["learning visits"] == 5 * placed.demand.plastic
    assert {t.what: t.count for t in Costs(placed, costs.activity, "active").energy}["learning visits"] == 10 + 4
    expected = sum(term.count * placed.chip.get(term.number, 0.0) for term in costs.energy)
    assert costs.dynamic == pytest.approx(expected)
    assert costs.edp == pytest.approx(costs.dynamic * costs.seconds)
    assert costs.static == pytest.approx(0.104 * costs.seconds)


def test_a_step_lasts_as_long_as_its_slowest_core(zoo: Zoo) -> None:
    """Two cores more for the same neurons make a step shorter, until waiting for each other is what it takes."""
    spread, full = (mapped(zoo, chip(zoo, neurons_per_core=n), "nbp", (12, 10, 4)) for n in (20, 1024))
    times = [Costs(p, even(p, 12, 1.0), "sweep").seconds for p in (spread, full)]
    assert times[0] < times[1]
    barrier = {term.what: term.total for term in Costs(full, even(full, 12, 1.0), "sweep").latency}["barrier"]
    assert barrier == pytest.approx(12 * 465e-9)


def test_spikes_arrive_a_step_and_the_delay_later(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, time_barrier=None, time_neuron=None, time_neuron_active=None), "nbp", (6, 5, 2))
    activity = even(placed, 12, 0.0)
    activity.steps["hidden1_low"][1] = 5.0  # phase 2, to hidden1_box in phase 6
    arriving = Costs(placed, activity, "active")._operations.sum(axis=0)
    assert np.flatnonzero(arriving).tolist() == [5]
    assert arriving[5] == 5


def test_what_nobody_published_is_not_guessed(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, "loihi2"), mode="test")
    costs = Costs(placed, even(placed, 5, 1.0), "active")
    assert np.isnan([costs.dynamic, costs.seconds, costs.edp]).all()
    assert {"energy_synop", "energy_neuron", "time_synop"} <= set(costs.missing)
    told = report.of_costs(costs)
    assert told["energy_dynamic"] is None
    assert told["energy"][0]["source"] == "not published"


def test_steps_of_fixed_length_and_accelerated_time(zoo: Zoo) -> None:
    fixed = mapped(zoo, chip(zoo, "truenorth"), mode="test")
    assert Costs(fixed, even(fixed, 5, 1.0), "active").seconds == pytest.approx(5e-3)
    analog = mapped(zoo, chip(zoo, "brainscales2"), mode="test")
    assert Costs(analog, even(analog, 2500, 0.1), "active").seconds == pytest.approx(0.25 / 1000)


@pytest.mark.parametrize("numbers", [{"cores": 10**12}, {"cores": 10**12, "columns": 10**9}, {"columns": 1}])
def test_order_of_few_cores_on_an_endless_mesh_comes_at_once(zoo: Zoo, numbers: dict[str, int]) -> None:
    sizes = {"neurons_per_core": 6, "cores_per_tile": 1, "columns": 8, "rows": 8, "cores": 64} | numbers
    placed = mapped(zoo, chip(zoo, **sizes), "nbp", (9, 8, 4))
    begin = time.process_time()
    arranged = mesh.arrange(placed)
    assert time.process_time() - begin < 5
    assert mesh.way(arranged) <= mesh.way(placed)


def test_order_of_cores_shortens_the_ways(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo, neurons_per_core=6, cores_per_tile=1, columns=8, rows=8, cores=64), "nbp", (9, 8, 4))
    arranged = mesh.arrange(placed)
    assert mesh.way(arranged) < mesh.way(placed)
    for limit in LIMITS:
        assert sorted(arranged.usage[limit][arranged.used]) == sorted(placed.usage[limit][placed.used])


# --- Spikes of runs -------------------------------------------------------------------------------


class Replaying:
    """Stands in for a runner: units 0 of 'input' and 'train_gates' fire in each sample's steps 2 and 7."""

    def __init__(self, circuit: circuits.Circuit, capacity: int) -> None:
        self.circuit, self.dt, self.sample_time = circuit, 1e-3, 12e-3
        self.program = SimpleNamespace(capacity=capacity)

    def run(self, data: dict, weights: dict, seed: int, keep: tuple[str, ...], before: int) -> dict:
        n = len(data["input"])
        times = (12 * np.repeat(np.arange(n), 2) + np.tile([2, 7], n)) * 1e-3
        out = {name: np.empty(0, int) for name in keep} | {"carried": {}}
        for name in ("input", "train_gates"):
            out |= {f"{name}_spikes.t": times, f"{name}_spikes.i": np.zeros(2 * n, int)}
        return out


def test_activity_of_a_run_has_the_steps_and_neurons_of_its_spikes(zoo: Zoo) -> None:
    circuit = circuits.build(zoo.experiment("nbp"), (6, 5, 2), "train")
    data = xr.Dataset(
        {"input": (("sample", "pixel"), np.ones((5, 6))), "target": (("sample", "class"), np.ones((5, 2)))}
    )
    measured = spiking_activity.measure(Replaying(circuit, capacity=2), data, {}, 0)
    found = spiking_activity.of_result(circuit, measured)
    assert found.resolved
    assert np.flatnonzero(found.steps["input"]).tolist() == [2, 7]
    assert found.neurons("input").tolist() == [2, 0, 0, 0, 0, 0]
    assert found.spikes("hidden1") == 0
    other = circuits.build(zoo.experiment("nbp"), (6, 5, 2), "test")
    with pytest.raises(ZooError, match="mode 'train'"):
        spiking_activity.of_result(other, measured)


def test_a_training_s_spikes_are_spread_evenly(zoo: Zoo) -> None:
    circuit = circuits.build(zoo.experiment("erbp_plus"), (6, 5, 2), "train")
    names = ["input", "hidden1", "output", "label", "error"]
    spikes = xr.DataArray([[25.0, 5.0, 2.0, 1.0, 4.0]], {"epoch": [0], "population": names})
    found = spiking_activity.of_result(circuit, xr.Dataset({"spikes": spikes}))
    assert not found.resolved
    assert found.n_steps == 2500
    assert found.spikes("input") == pytest.approx(25)
    np.testing.assert_allclose(found.neurons("hidden1"), 1)


# --- SANA-FE --------------------------------------------------------------------------------------


def replayed(placement: Placement, activity: Activity) -> Activity:
    """The activity that the exported files replay."""
    rasters = {name: sanafe.raster(activity, name) for name in activity.steps}
    share = {name: r.sum(axis=1) / max(r.sum(), 1) for name, r in rasters.items()}
    return Activity({name: r.sum(axis=0).astype(float) for name, r in rasters.items()}, share, resolved=True)


def test_a_replayed_sample_has_the_mean_s_spikes(zoo: Zoo) -> None:
    placed = mapped(zoo, chip(zoo), layers=(12, 10, 4))
    activity = even(placed, steps=40, spikes=0.5)
    again = replayed(placed, activity)
    for name in activity.steps:
        assert again.spikes(name) == pytest.approx(activity.spikes(name), abs=len(activity.share[name]) / 2)


def test_sana_fe_prices_a_replayed_network_as_we_do(zoo: Zoo, tmp_path) -> None:
    simulator = pytest.importorskip("sanafe", reason="the cross-check needs SANA-FE: pip install sanafe")
    placed = mapped(
        zoo, chip(zoo, neurons_per_core=4, cores_per_tile=1, columns=4, rows=8, cores=32), "nbp", (7, 6, 3), "test"
    )
    activity = even(placed, steps=4, spikes=2.0)
    paths = sanafe.write(placed, activity, tmp_path)
    architecture = simulator.load_arch(str(paths[0]))
    machine = simulator.SpikingChip(architecture)
    machine.load(simulator.load_net(str(paths[1]), architecture))
    theirs = machine.sim(4, timing_model="simple")
    costs = Costs(placed, replayed(placed, activity), "active")
    ours = {term.what: term for term in costs.energy}
    assert theirs["spikes"] == pytest.approx(ours["synaptic operations"].count)
    assert theirs["energy"]["synapse"] == pytest.approx(ours["synaptic operations"].total)
    sent = sum(ours[what].total for what in ("messages", "hops in x", "hops in y") if what in ours)
    assert theirs["energy"]["network"] == pytest.approx(sent)


def test_every_number_of_a_chip_has_a_meaning_and_a_unit() -> None:
    for name, field in ChipNumbers.model_fields.items():
        assert field.description, name
        assert field.json_schema_extra["unit"] in ("1", "joule", "second", "watt")
