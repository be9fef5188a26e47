"""That the numbers in README and documentation are those of the result files they are said to come from."""

import re
from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest
import xarray as xr

from brian2zoo.figures import each_training
from brian2zoo.formats.papers import paper
from brian2zoo.formats.zoo import ROOT
from brian2zoo.run import results

PUBLISHED = ROOT / "results/published"


@cache
def text(page: str) -> str:
    """A page with its lines joined, so that a sentence may be looked for."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def says(page: str, sentence: str) -> None:
    assert sentence in text(page), f"{page} does not say: {sentence}"


def trainings(pattern: str) -> list[xr.Dataset]:
    found = [results.read(path) for path in sorted(PUBLISHED.glob(f"{pattern}.nc"))]
    assert found, f"no result {pattern}"
    return found


def last(seeds: Iterable[xr.Dataset], variable: str = "test_error") -> list[float]:
    """Of each seed the accuracy in % after its last epoch."""
    return [100 * (1 - float(seed[variable][-1])) for seed in seeds]


def listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


# --- Without a teacher ----------------------------------------------------------------------------


def test_error_of_a_network_without_a_teacher() -> None:
    (trained,) = trainings("mnist_diehl_cook_784-400_default_seed=*")
    assert int(trained.epoch[-1]) * int(trained.attrs["samples"]) == 60_000
    page = "docs/results/without_a_teacher.md"
    says(page, f"one pass over MNIST leaves {100 * float(trained.test_error[-1]):.1f} % of the test images wrong")
    published = paper("diehl_cook").published["error"]["784-400"]["diehl_cook"]["value"]
    says(page, f"published are {published:.1f} % after three passes")


def test_numbers_of_a_network_that_learns_by_reward() -> None:
    seeds = trainings("digits_digits_by_reward_64-10_default_seed=*")
    assert {int(seed.epoch[-1]) * int(seed.attrs["samples"]) for seed in seeds} == {40_000}
    says(
        "docs/results/without_a_teacher.md",
        f"It classifies {listed(last(seeds))} % of the digits correctly after 40,000 samples",
    )


def test_numbers_of_a_network_that_inhibition_balances() -> None:
    (trained,) = trainings("digits_balanced_reservoir_64-400_default_seed=0")
    before, *_, after = trained.test_spikes.sel(test_population="output").values / 400 / 0.2
    page = "docs/results/without_a_teacher.md"
    says(page, f"from {before:.0f} to {after:.0f} spikes a second, with a target of 15")
    right = 100 * (1 - trained.test_error.values)
    says(
        page,
        f"classifies {right[-1]:.1f} % of the digits correctly; before, with more spikes to count, {right[0]:.1f} %.",
    )


# --- eRBP ------------------------------------------------------------------------------------------

ERBP = "docs/results/erbp.md"
MNIST = (
    "erbp_plus_784-100-10_default_seed=*", "erbp_counted_rounding_784-100-10_default_seed=*",
    "erbp_fixed_point_784-100-10_synapse.bits=8_seed=*", "erbp_times_784-100-10_default_seed=*",
    "erbp_times_fixed_point_784-100-10_default_seed=*", "rbp_784-100-10_default_seed=*", "bp_784-100-10_default_seed=*",
)  # fmt: skip


@pytest.mark.parametrize("epoch", [1, 2, 3, 4, 5])
def test_errors_on_mnist(epoch) -> None:
    means = [
        np.mean([100 * float(d.test_error.sel(epoch=epoch)) for d in trainings(f"mnist_{name}")]) for name in MNIST
    ]
    says(ERBP, f"| {epoch} | " + " | ".join(f"{mean:.2f} %" for mean in means) + " |")


def test_what_8_bits_cost_on_mnist() -> None:
    plus, counted, chance, times, times_chance, *_ = (
        np.array([100 * d.test_error.sel(epoch=[1, 2, 3, 4, 5]).values for d in trainings(f"mnist_{name}")])
        for name in MNIST
    )
    lost = (times_chance - times)[0]
    says(ERBP, f"authors ran them) loses {lost.min():.1f} to {lost.max():.1f} points.")
    lost = (chance - plus)[0]
    says(ERBP, f"eRBP+ loses {lost[0]:.1f} points after one epoch and {lost[-1]:.1f} after five, with the same seed")
    *first, last = (counted - plus).mean(axis=0)
    says(ERBP, f"costs eRBP+ {listed(first)} and {last:.1f} points in the mean; ")
    low, high = (counted - plus).min(), (counted - plus).max()
    says(ERBP, f"single seeds lie between {low:.1f} and {high:.1f}.")


def test_published_errors_on_mnist() -> None:
    cells = paper("erbp").published["error"]["784-100-10"]
    values = [f"{cells[name]['value']:.2f} %" for name in ("erbp_plus", "erbp_times", "rbp", "bp")]
    plus, times, rbp, bp = values
    says(ERBP, f"| paper, after 60 epochs (from memory, unverified) | {plus} | | | {times} | | {rbp} | {bp} |")


def test_accuracies_on_digits() -> None:
    plus, times, only, bp, rbp = (
        np.mean(last(trainings(f"digits_{name}_64-100-10_{setting}_seed=[0-9]")))
        for name, setting in (
            ("erbp_plus", "rule.eta=4e-3*nS"), ("erbp_times", "rule.eta=10e-3*nS"),
            ("readout_only", "rule.eta=4e-3*nS"),
            ("bp", "default"), ("rbp", "default"),
        )
    )  # fmt: skip
    says(ERBP, f"eRBP+ reaches {plus:.1f} % after 3 epochs and eRBP× {times:.1f} % after 5 (means of three seeds), ")  # noqa: RUF001
    says(ERBP, f"BP {bp:.1f} % and RBP {rbp:.1f} % after 20, and the readout alone {only:.1f} % after 3")


# --- Rules derived from neurons --------------------------------------------------------------------

RANDMAN = {
    "block-diagonal RTRL": ("rtrl_block_diagonal",),
    "SnAp-1": ("snap1",),
    "block-diagonal RTRL, feedback by signs": ("rtrl_sign_concordant",),
    "the same without recurrent weights": ("rtrl_no_recurrence",),
    "RFLO": ("rflo",),
    "block-diagonal RTRL, random feedback": ("rtrl_random_feedback",),
    "e-prop with ALIF neurons, and with LIF, no synaptic current": ("eprop_alif", "eprop_lif"),
    "DECOLLE, one layer": ("decolle",),
    "SuperSpike, spiking output, no recurrence": ("superspike",),
    "the readout alone": ("rtrl_readout_only",),
    "block-diagonal RTRL, uniform feedback": ("rtrl_uniform_feedback",),
}


@pytest.mark.parametrize("rule", RANDMAN)
def test_accuracies_on_random_manifolds(rule) -> None:
    each = [trainings(f"randman_{name}_20-128-10_default_seed=*") for name in RANDMAN[rule]]
    correct = [value for seeds in each for value in last(seeds)]
    says("docs/results/rtrl.md", f"| {rule} | {listed(correct)} % | {len(each[0])} |")


def test_accuracy_of_back_propagation_through_time() -> None:
    exact = results.read(PUBLISHED / "benchmarks/bptt.nc")
    says(
        "docs/results/rtrl.md",
        f"(`python benchmarks/bptt.py`) | {listed(100 * (1 - exact.test_error.isel(epoch=-1).values))} % | 3 |",
    )


SPEED = "docs/results/speed.md"


def test_times_beside_other_frameworks() -> None:
    found = results.read(PUBLISHED / "benchmarks/frameworks.nc").sel(target=[0.05, 0.03])
    ours, each_step = found.sel(way="rtrl_images"), found.sel(way="snntorch, each step")
    says(
        SPEED,
        "reaches 5 % after {:.2f} of the time that snnTorch takes, and 3 % after {:.2f}".format(
            *each_step.ratio.values
        ),
    )
    says(SPEED, "It takes {:.1f} and {:.1f} s of one core, optimizer included".format(*ours.reached.values))
    for way in found.way.values[2:]:
        theirs = found.sel(way=way)
        numbers = (*theirs.ratio.values, *theirs.reached.values)
        says(SPEED, "| {:.2f} | {:.2f} | {:.1f} s | {:.1f} s |".format(*numbers))
    last_of_erbp = found.isel(point=found.framework.values == "erbp_plus").isel(point=-1)
    error, samples, seconds = (float(last_of_erbp[name]) for name in ("error", "samples", "processor"))
    says(SPEED, f"{100 * error:.1f} % wrong after {samples:,.0f} samples and {seconds:.0f} s")


def test_times_beside_back_propagation_through_time() -> None:
    small, large, adaptive = results.read(PUBLISHED / "benchmarks/online.nc").ratio.sel(precision="single").values
    says(SPEED, f"under block-diagonal RTRL takes {small:.2f} of the time of back-propagation through time")
    says(SPEED, f"with 128 hidden units, and {large:.2f} with 512; e-prop with 128 adaptive units takes {adaptive:.2f}")


def test_accuracies_of_a_task_that_needs_memory() -> None:
    alif, lif, forward = (last(trainings(f"cues_cue_eprop_{name}_*")) for name in ("alif", "lif", "feedforward"))
    page = "docs/results/without_a_teacher.md"
    says(page, "under e-prop answer {:.1f}, {:.1f} and {:.1f} % of 500 trials correctly".format(*alif))
    says(page, f"recurrence, answer {min(lif):.1f} to {max(lif):.1f} %")
    says(page, f"without recurrence {min(forward):.1f} to {max(forward):.1f} %")


def test_accuracies_on_genn() -> None:
    (run,) = trainings("randman_rtrl_random_feedback_20-128-10_backend=genn_cpu_seed=0")
    after = [100 * (1 - float(run.test_error.sel(epoch=epoch))) for epoch in (2, 4, 10)]
    says("docs/results/gpu.md", "is right in {:.1f}, {:.1f} and {:.1f} % after two, four and ten epochs".format(*after))
    plus = last(trainings("digits_erbp_plus_64-100-10_genn_cpu_seed=*"))
    says(
        "docs/results/gpu.md",
        "eRBP+ on digits after three epochs is right in {:.1f}, {:.1f} and {:.1f} % of 360".format(*plus),
    )
    dense = last(trainings("digits_erbp_plus_64-100-10_rule.eta=4e-3[*]nS_seed=*"))
    says("docs/results/gpu.md", "tested twice as long, in {:.1f}, {:.1f} and {:.1f} %".format(*sorted(dense)))


# --- nBP -------------------------------------------------------------------------------------------

NBP = "docs/results/nbp.md"
READOUTS = ("exact_error", "test_error", "membrane_error")


def of_nbp() -> list[xr.Dataset]:
    return trainings("mnist20_nbp_400-400-10_default_seed=*")


def span(half_epoch: int) -> list[str]:
    found = [[100 * (1 - float(d[name].sel(epoch=half_epoch))) for d in of_nbp()] for name in READOUTS]
    return [f"{min(values):.1f} to {max(values):.1f} %" for values in found]


def active(half_epoch: int, seeds: list[xr.Dataset]) -> list[str]:
    """Hidden units that spike in a sample: at one half, above zero, above the threshold."""
    quantities = paper("nbp").module("sparsity").quantities
    counts = [quantities(d).sel(epoch=half_epoch) for d in seeds]
    return [f"{np.mean([float(count[name]) for count in counts]):.0f}" for name in ("h", "h_low", "h_high")]


def test_accuracies_of_nbp() -> None:
    says(NBP, f"| nBP after 4.5 epochs, five seeds | {' | '.join(span(9))} | | | |")
    h, low, high = active(10, of_nbp())
    says(NBP, f"| after 5 | {' | '.join(span(10))} | {h} of 400 | {low} | {high} |")
    longest = max(of_nbp(), key=lambda d: int(d.epoch[-1]))
    values = [f"{100 * (1 - float(longest[name].sel(epoch=120))):.1f} %" for name in READOUTS]
    says(NBP, f"| after 60, one seed | {' | '.join(values)} | {' | '.join(active(120, [longest]))} |")


def test_accuracies_of_the_re_simulation() -> None:
    known = paper("nbp").published
    five = [known["resimulation"][name][5] for name in READOUTS]
    ranges = " | ".join(f"{entry['low']:.1f} to {entry['high']:.1f} %" for entry in five)
    says(NBP, f"| independent re-simulation, five seeds, after 5 | {ranges} |")
    means = " | ".join(f"{known['resimulation'][name][60]['mean']:.1f} %" for name in READOUTS)
    spikes = " | ".join(f"{known['spikes']['values'][name]['value']}" for name in ("h", "h_low", "h_high"))
    says(NBP, f"| the same, mean of the five, after 60 | {means} | {spikes} |")


# --- Time series -----------------------------------------------------------------------------------

SERIES = {
    "vowels": ("9 speakers, 370 test series", "24-128-9"),
    "motions": ("4 activities, 40 test series", "12-64-4"),
    "heartbeats": ("normal or not, 100 test series", "2-128-2"),
}


@pytest.mark.parametrize("name", SERIES)
def test_errors_on_time_series(name) -> None:
    what, layers = SERIES[name]
    seeds = trainings(f"{name}_{name}_{layers}_default_seed=*")
    simple = results.read(PUBLISHED / "benchmarks/series.nc").test_error.sel(dataset=name)
    cells = [
        f"{name}: {what}",
        f"{layers}, {int(seeds[0].epoch[-1])} epochs",
        f"{listed(100 - right for right in last(seeds))} %",
        *(
            f"{100 * float(error):.1f} %"
            for error in simple.sel(classifier=["logistic regression", "nearest neighbour"])
        ),
    ]
    says("docs/results/series.md", f"| {' | '.join(cells)} |")


def test_errors_on_training_heartbeats() -> None:
    wrong = [100 * float(seed.train_error[-1]) for seed in trainings("heartbeats_heartbeats_*")]
    says("docs/results/series.md", f"still takes {min(wrong):.0f} to {max(wrong):.0f} % of the training series")


# --- Chips -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("chip", ["loihi", "loihi_measured"])
def test_energies_and_latencies_of_nbp_on_a_chip(chip) -> None:
    (inference,), (learning,) = (
        trainings(f"map/{chip}/nbp_authors/count_{mode}/mnist20/nbp/*/*/seed=*") for mode in ("test", "train")
    )
    cells = f"{1e6 * float(inference.energy_dynamic):.2f} µJ | {1e3 * float(inference.latency):.3f} ms | "
    cells += f"{1e3 * float(learning.energy_dynamic):.2f} mJ | {1e3 * float(learning.latency):.2f} ms |"
    row = next(line for line in (ROOT / NBP).read_text().splitlines() if line.startswith(f"| `{chip}`,"))
    assert row.endswith(cells)


# --- Compute in memory -----------------------------------------------------------------------------

IN_PLACE = {"BP": "bp_analog", "DFA": "dfa_analog", "RBP": "rbp_analog", "sign-symmetric": "sign_symmetric_analog"}


def in_place(rule: str, layers: str = "64-32-32-10") -> dict[str, float]:
    """Accuracy in % of each setting."""
    each = each_training(trainings("cim/cim_training/trainings"))
    return {
        d.attrs["setting"]: last([d])[0]
        for d in each
        if (d.attrs["experiment"], d.attrs["layers"]) == (IN_PLACE[rule], layers)
    }


@pytest.mark.parametrize("rule", IN_PLACE)
def test_accuracies_with_noise_from_cycle_to_cycle(rule) -> None:
    own = in_place(rule)
    settings = ["default", *(f"synapse.c2c=0.0{percent}" for percent in (1, 2, 3, 4, 5))]
    cells = (f"{own[setting]:.1f} % |" if setting in own else "|" for setting in settings)
    says("docs/compute_in_memory.md", f"| {rule} | {' '.join(cells)}")


def test_learning_in_place_with_one_write_a_batch() -> None:
    error = results.read(PUBLISHED / "cim/batch.nc").last_test_error.isel(seed=0)
    cells = " | ".join(f"{100 * (1 - float(each)):.1f} %" for each in error)
    says("docs/compute_in_memory.md", f"| BP, one write for each batch of 10 samples | {cells} |")


def test_accuracies_with_the_other_non_idealities() -> None:
    stuck = "synapse.stuck_low=0.1:synapse.stuck_high=0.1"
    settings = ("synapse.levels=16", "state.x_bits=5", "synapse.on_off=10", stuck)
    assert min(in_place("BP")[setting] for setting in settings) >= 89.95
    four = "{:.1f}, {:.1f}, {:.1f} and {:.1f} %".format(*(in_place("DFA")[setting] for setting in settings))
    says(
        "docs/compute_in_memory.md",
        f"with 10 between on and off, or with a fifth of the cells stuck; DFA then has {four}",
    )


def test_accuracies_with_three_hidden_layers() -> None:
    two, three = (
        {rule: in_place(rule, n)["default"] for rule in ("BP", "DFA")} for n in ("64-32-32-10", "64-32-32-32-10")
    )
    page = "docs/compute_in_memory.md"
    says(page, f"DFA falls from {two['DFA']:.1f} to {three['DFA']:.1f} % in five epochs, BP from {two['BP']:.1f} to")
    says(page, f"{three['BP']:.1f} %. Against what")


def test_shares_of_time_and_energy_in_memory() -> None:
    module = paper("cim").module("breakdown")
    equal = [d.isel(depth=-1) for d in trainings("cim/cim_training/depth/equal_*")]
    shares = {
        (quantity, rule): [module._shares(d.sel(rule=rule), quantity) for d in equal]
        for quantity in ("area", "time", "energy")
        for rule in ("bp", "dfa")
    }

    def span(quantity: str, rule: str, *parts: str) -> str:
        ends = sorted({f"{sum(each[part] for part in parts):.0f}" for each in shares[quantity, rule]})
        return " to ".join(ends)

    page = "docs/compute_in_memory.md"
    says(page, f"| time: buffers | {span('time', 'bp', 'Buffer')} % |")
    says(page, f"| area of a chip for BP: converters | {span('area', 'bp', 'ADC')} % |")
    says(page, f"| area of a chip for DFA: weight-gradient units | {span('area', 'dfa', 'WG')} % |")
    says(page, f"| energy: DRAM | {shares['energy', 'bp'][0]['DRAM']:.1f} % |")
    bp, dfa = ([d.sel(rule=rule) for d in equal] for rule in ("bp", "dfa"))
    writing = sorted(f"{100 * float((d.WG_lat_ns + d.WU_lat_ns) / d.Total_lat_ns):.0f}" for d in bp)
    says(page, f"| time: weight gradient and writing | {' to '.join(writing)} % |")
    faster = sorted(f"{float(one.Total_lat_ns / other.Total_lat_ns):.1f}" for one, other in zip(bp, dfa, strict=True))
    overlapped = {
        f"{float(one.Total_lat_ns / other.Overlapped_lat_ns):.1f}" for one, other in zip(bp, dfa, strict=True)
    }
    says(page, f"| time of BP over DFA | {' to '.join(faster)}; {overlapped.pop()} if forward phases overlap too |")
    energies = {f"{float(other.Total_E_pJ / one.Total_E_pJ):.2f}" for one, other in zip(bp, dfa, strict=True)}
    says(page, f"| energy of DFA over BP | {energies.pop()} |")


def test_agreement_with_the_simulator_is_within_what_the_page_says() -> None:
    """The committed runs are a sample of those that the page is of."""
    from brian2zoo.mapping.cim.reference import errors

    (compared,) = trainings("cim/cim_training/agreement")
    worst = 100 * abs(errors(compared)).max("run")
    for what, quantity in (("chip area", "ChipArea_um2"), ("time", "Total_lat_ns"), ("energy", "Total_E_pJ")):
        stated = re.search(rf"\| {what} \| ([\d.]+) % \|", text("docs/compute_in_memory.md"))
        assert float(worst.sel(quantity=quantity)) <= float(stated[1]) + 0.05


@pytest.fixture(scope="module")
def on_loihi() -> dict[tuple[str, str], xr.Dataset]:
    """The published nBP, after 60 epochs, on its authors' cores, by chip and mode."""
    from brian2zoo.formats.zoo import Zoo
    from brian2zoo.mapping.spiking import report
    from brian2zoo.mapping.spiking.request import PlacementRequest

    zoo, run = Zoo(), PUBLISHED / "mnist20_nbp_400-400-10_default_seed=0.nc"
    return {
        (chip, mode): report.dataset(PlacementRequest(zoo, chip, (), "", mode, "default", "nbp_authors", run).costs())
        for chip in ("loihi", "loihi_measured")
        for mode in ("test", "train")
    }


@pytest.mark.parametrize(
    ("mode", "energy", "time"), [("test", (1e6, "µJ", 2), (1e6, "µs", 1)), ("train", (1e3, "mJ", 2), (1e3, "ms", 2))]
)
def test_energy_and_time_term_by_term_add_up_to_what_is_mapped(on_loihi, mode, energy, time) -> None:
    for quantity, variable, (factor, unit, digits) in (
        ("energy", "energy_dynamic", energy), ("time", "latency", time),
    ):  # fmt: skip
        ours = [f"**{factor * float(on_loihi[chip, mode][variable]):.{digits}f} {unit}**" for chip in CHIPS]
        says("docs/on_chips.md", f"| **{quantity}** | | {' | '.join(ours)} |")


CHIPS = ("loihi", "loihi_measured")


# --- README: three lines of results ----------------------------------------------------------------


def test_readme_says_what_the_pages_of_results_say() -> None:
    """Its few numbers are among those that are held to results above."""
    plus, counted = (
        np.mean([100 * float(d.test_error.sel(epoch=5)) for d in trainings(f"mnist_{name}")]) for name in MNIST[:2]
    )
    published = paper("erbp").published["error"]["784-100-10"]["erbp_plus"]["value"]
    says("README.md", f"{plus:.2f} % error after 5 epochs, the paper {published:.2f} % after 60")
    says("README.md", f"a counter rounds, {counted:.2f} %")
    online = float(results.read(PUBLISHED / "benchmarks/online.nc").ratio.sel(precision="single")[0])
    frameworks = results.read(PUBLISHED / "benchmarks/frameworks.nc")
    fast = float(frameworks.ratio.sel(target=0.05, way="snntorch, each step"))
    says("README.md", f"takes {online:.2f} of the time of back-propagation through time in JAX")
    says("README.md", f"5 % error in {fast:.2f} of snnTorch's time")
    (inference,), (learning,) = (
        trainings(f"map/loihi_measured/nbp_authors/count_{mode}/mnist20/nbp/*/*/seed=*") for mode in ("test", "train")
    )
    works = paper("nbp").published["comparison"]["rows"]
    measured = {work["ours"]: work["energy"] for work in works if "ours" in work}
    ours, theirs = 1e6 * float(inference.energy_dynamic), 1e3 * measured["test"]
    says("README.md", f"our model gives {ours:.2f} µJ per inference, where {theirs:.1f} µJ were measured")
    ours, theirs = 1e3 * float(learning.energy_dynamic), measured["train"]
    says("README.md", f"{ours:.2f} mJ per learned sample, where {theirs:.2f} mJ were measured")
    page = "docs/results/index.md"
    says(page, f"{plus:.2f} % error on MNIST after 5 epochs; the paper reports {published:.2f} % after 60")
    longest = max(of_nbp(), key=lambda d: int(d.epoch[-1]))
    says(page, f"{100 * (1 - float(longest.test_error[-1])):.1f} % on MNIST by output spikes")
    says(page, f"5 % on MNIST in {fast:.2f} of snnTorch's time")


def test_times_and_memory_of_a_sparse_projection() -> None:
    found = results.read(PUBLISHED / "benchmarks/sparse.nc")
    ratios = [
        float(found[name].sel(synapses=kind, device="stock") / found[name].sel(synapses=kind, device="dense"))
        for kind in ("static", "plastic")
        for name in ("time", "memory")
    ]
    told = (
        "standalone {:.2f} times as long as the dense device and {:.2f} times the memory; under pair-based STDP {:.2f}"
    )
    says("benchmarks/README.md", f"{told} and {{:.2f}} times".format(*ratios))


def test_time_of_a_sample_of_diehl_and_cook() -> None:
    found = results.read(PUBLISHED / "benchmarks/unsupervised.nc").sel(layers="784-400")
    page = "docs/results/without_a_teacher.md"
    says(page, f"On one core a training image takes {float(found.user_time.sel(device='dense')):.1f} ms")
    says(page, f"takes {float(found.speedup):.1f} times as long on the same files")
