"""What all figures share: their look, their marks for published values, how they are saved."""

import itertools
from pathlib import Path
from types import ModuleType
from typing import get_args

import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.axis import Axis, Tick
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from brian2zoo import figures
from brian2zoo.figures.style import COLOURS, FOOTER, look, looks, method_looks, method_order, setting_text
from brian2zoo.formats.papers import Colour, paper, papers
from brian2zoo.formats.zoo import Zoo

NAMES = [f"erbp_{n}" for n in ("alignment", "bits", "curves", "latency", "networks", "operations", "raster")]
NAMES += [f"nbp_{n}" for n in ("ablations", "comparison", "connectivity", "curves", "raster", "sparsity", "weights")]
ALWAYS = ("erbp_networks", "nbp_comparison")  # they draw what is published


def methods(key: str) -> list[str]:
    """Experiments of a paper that have a look of their own."""
    return list(paper(key).looks)


def module(name: str) -> ModuleType:
    """Of PAPER_FIGURE."""
    key, _, figure = name.partition("_")
    return paper(key).module(figure)


@pytest.fixture
def everything(make) -> dict[str, list[xr.Dataset]]:
    """Results of every kind, by paper: two data sets, a seed that failed, an unknown method, several depths."""
    networks = [("mnist", "784-100-10"), ("mnist", "784-200-200-10"), ("digits", "64-100-10")]
    trained = [
        make["training"](method, layers, seed, dataset, epochs=30)
        for method in methods("erbp")
        for dataset, layers in networks
        for seed in range(2)
    ]
    failed = make["training"]("erbp_plus", "784-100-10", 2, errors=[0.9] * 30)
    mine = make["training"]("my_rule", "64-100-10", 0, "digits", epochs=3)
    tested = [make["evaluation"](m, layers) for m in ("erbp_plus", "erbp_times") for _, layers in networks[:2]]
    gated = [
        make["gated"](method, layers, seed, dataset, epochs=epochs)
        for method in (*methods("nbp"), "my_rule")
        for dataset, layers, epochs in (("mnist20", "400-400-10", 120), ("digits", "64-100-10", 30))
        for seed in range(2)
    ]
    phased = [make["phased_trace"](), make["mapping"]("train"), make["mapping"]("test")]
    return {
        "erbp": [*trained, failed, mine, *tested, make["bits"](), make["trace"]()],
        "nbp": [*gated, make["gated"]("nbp", seed=2, epochs=2), *phased],
    }


def paper_of(name: str) -> str:
    return name.partition("_")[0]


def tick_labels(axis: Axis) -> list[Text]:
    """Labels of the ticks within the limits of an axis, the only ones that are drawn."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) if low <= tick.get_loc() <= high]
    return [tick.label1 for tick in sorted(ticks, key=lambda tick: tick.get_loc()) if tick.label1.get_text()]


@pytest.mark.parametrize("name", NAMES)
def test_text_is_legible_inside_the_page_and_does_not_overlap(name, everything) -> None:
    figure = module(name).draw(everything[paper_of(name)], paper(paper_of(name)).published)
    figure.draw_without_rendering()
    along_axes = [tick_labels(axis) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    of_ticks = figure.findobj(lambda artist: isinstance(artist, Tick))
    undrawn = {label for tick in of_ticks for label in (tick.label1, tick.label2)}.difference(*along_axes)
    page = figure.bbox.padded(1)
    for text in figure.findobj(Text):
        if text.get_text() and text not in undrawn:
            extent = text.get_window_extent()
            assert text.get_fontsize() >= 8, text
            assert page.contains(extent.x0, extent.y0), text
            assert page.contains(extent.x1, extent.y1), text
    for labels in along_axes:
        shown = [label for label in labels if label.get_visible()]
        for one, next_one in itertools.pairwise(shown):
            assert not one.get_window_extent().overlaps(next_one.get_window_extent()), (one, next_one)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["nothing", "one of each"])
def test_missing_results_do_not_matter(name, kind, make) -> None:
    one = {
        "erbp": [make["training"]("bp", epochs=1), make["evaluation"](), make["bits"](states=False), make["trace"]()],
        "nbp": [make["gated"](epochs=1), make["phased_trace"](n_samples=1)],
    }
    given = one[paper_of(name)] if kind == "one of each" else []
    figure = module(name).draw(given, paper(paper_of(name)).published)
    assert isinstance(figure, Figure)
    if kind == "nothing" and name not in ALWAYS:
        assert "nothing to draw" in figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize("key", papers())
def test_every_figure_has_a_caption_and_a_function_that_draws_it(key) -> None:
    of = paper(key)
    for figure in of.figures:
        assert len((of.folder / f"{figure}.rst").read_text()) > 100
        assert callable(of.module(figure).draw)


@pytest.mark.parametrize("key", papers())
def test_looks_are_of_experiments_of_the_paper(key) -> None:
    zoo = Zoo()
    assert {zoo.experiment(name).paper for name in paper(key).looks} == {key}


def test_every_colour_that_a_paper_may_name_is_one() -> None:
    assert set(get_args(Colour)) == set(COLOURS)


def test_drawing_leaves_the_users_style_alone(make, erbp) -> None:
    before = dict(matplotlib.rcParams)
    module("erbp_curves").draw([make["training"]()], erbp)
    assert dict(matplotlib.rcParams) == before


def test_published_values_say_how_certain_they_are_and_whence(erbp) -> None:
    entries = [entry for row in erbp["error"].values() for entry in row.values()] + [*erbp["latency"].values()]
    assert {entry["certainty"] for entry in entries} <= set(figures.CERTAINTY)
    assert {entry["source"] for entry in entries} <= set(erbp["sources"])
    corroborated = [entry["value"] for entry in entries if entry["certainty"] == "corroborated"]
    assert corroborated == [2.02]


def test_published_values_are_those_of_the_same_data_network_and_method(make, erbp) -> None:
    def value(*args, **keywords) -> float | None:
        entry = figures.published_error(make["training"](*args, **keywords), erbp)
        return entry and entry["value"]

    assert value("erbp_plus", "784-100-10") == 3.94
    assert value("bp", "784-200-200-10") == 1.91
    assert value("erbp_plus", "784-100-10", dataset="digits") is None
    assert value("erbp_plus", "784-100-10", setting="synapse.bits=4") is None
    assert value("erbp_plus", "784-64-10") is None
    assert value("dfa", "784-100-10") is None


@pytest.mark.parametrize(
    ("certainty", "face", "bars"),
    [("article", "red", 0), ("corroborated", "red", 0), ("memory", "white", 1), ("code", "white", 1)],
)
def test_an_uncertain_value_is_open_and_has_a_bar(certainty, face, bars) -> None:
    axes = Figure().subplots()
    figures.mark_published(axes, 1, 3, certainty, 0.25, "red")
    diamond = axes.lines[0]
    assert (diamond.get_marker(), diamond.get_markerfacecolor()) == ("D", face)
    segments = [segment.tolist() for bar in axes.collections for segment in bar.get_segments()]
    assert segments == [[[1, 2.75], [1, 3.25]]] * bars
    assert axes.get_legend_handles_labels()[1] == [figures.CERTAINTY[certainty]]


def test_mean_of_seeds_covers_the_epochs_that_all_have(make) -> None:
    axes = Figure().subplots()
    runs = [make["training"](errors=[0.5, 0.25, 0.125]), make["training"](errors=[0.25, 0.75])]
    figures.seed_lines(axes, [run.test_error for run in runs], look("erbp_plus"))
    *seeds, mean = axes.lines
    assert [len(line.get_xdata()) for line in seeds] == [3, 2]
    np.testing.assert_array_equal(mean.get_xydata(), [[1, 0.375], [2, 0.5]])
    assert mean.get_markevery() == [-1]


def test_networks_come_in_order_of_data_depth_and_size(make) -> None:
    layers = ["784-500-500-10", "784-200-10", "784-1000-10", "784-200-200-10"]
    networks = figures.by_network([make["training"](layers=each) for each in layers])
    assert [n for _, n in networks] == ["784-200-10", "784-1000-10", "784-200-200-10", "784-500-500-10"]


def test_methods_come_in_the_papers_order_then_others() -> None:
    methods = [("my_rule", "default"), ("bp", "default"), ("erbp_plus", "synapse.bits=4"), ("erbp_plus", "default")]
    assert sorted(methods, key=method_order) == [methods[3], methods[2], methods[1], methods[0]]
    assert look("my_rule").label == "my_rule"


def test_a_setting_is_named_only_where_a_panel_has_several_of_its_experiment() -> None:
    alone = method_looks([("bp", "rule.eta=0.2"), ("rbp", "default")])
    assert [shown.label for shown in alone.values()] == ["BP", "RBP"]
    several = method_looks([("bp", "default"), ("bp", "rule.eta=0.2"), ("bp", "rule.eta=0.4")])
    assert [shown.label for shown in several.values()] == ["BP", "BP, η 0.2", "BP, η 0.4"]
    assert len({shown.marker for shown in several.values()}) == len({shown.colour for shown in several.values()}) == 3


def test_a_setting_is_written_for_a_reader() -> None:
    assert setting_text("synapse.p=0.65:rule.eta=6e-4*nS") == "p 0.65, η 6e-4 nS"


def test_methods_differ_in_colour_and_in_marker() -> None:
    for key in ("erbp", "nbp"):
        shown = [looks()[name] for name in methods(key)]
        assert len({each.colour for each in shown}) == len({each.marker for each in shown}) == len(shown) > 4


def test_title_counts_seeds(make) -> None:
    axes = Figure().subplots()
    figures.title(axes, [make["training"](seed=seed) for seed in range(3)] + [make["training"]("bp")], "note")
    assert axes.get_title(loc="center") == "MNIST 784-100-10\n1 to 3 seeds; note"
    figures.title(axes, [make["bits"]()], "note")
    assert axes.get_title(loc="center") == "MNIST 784-100-10\n3 seeds; note"


def test_save_writes_both_files_and_says_what_made_them(tmp_path: Path, monkeypatch, make, erbp) -> None:
    monkeypatch.setattr(figures.results, "git_commit", lambda: "0123456789ab")
    command = "snakemake --cores 2 results/figures/erbp_curves.pdf"
    figure = module("erbp_curves").draw([make["training"]()], erbp)
    figures.save(figure, tmp_path / "new" / "erbp.curves", command)

    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["erbp.curves.pdf", "erbp.curves.png"]
    for said in (command, "0123456789ab"):
        assert said in figure.get_supxlabel()
        assert said in " ".join(Image.open(tmp_path / "new" / "erbp.curves.png").text.values())
        assert said.encode() in (tmp_path / "new" / "erbp.curves.pdf").read_bytes()
    image = Image.open(tmp_path / "new" / "erbp.curves.png")
    assert image.width == 1400  # 7 inches at 200 dpi


def test_a_long_command_is_wrapped_within_the_page(tmp_path: Path, make, erbp) -> None:
    figure = module("erbp_curves").draw([make["training"]()], erbp)
    figures.save(figure, tmp_path / "curves", "snakemake " + 30 * "--config option=value ")
    footer = next(text for text in figure.texts if text.get_text() == figure.get_supxlabel())
    assert footer.get_fontsize() == FOOTER
    assert footer.get_window_extent().x1 < figure.bbox.x1


ERRORS_OF_ZERO = {
    "erbp_curves": ("erbp", lambda make, errors: [make["training"](errors=errors)]),
    "erbp_networks": ("erbp", lambda make, errors: [make["training"](errors=errors[-1:])]),
    "erbp_operations": ("erbp", lambda make, errors: [make["training"](errors=errors)]),
    "erbp_bits": ("erbp", lambda make, errors: [bits_of(make["bits"](), errors)]),
    "erbp_latency": ("erbp", lambda make, errors: [deciding(make["evaluation"](), errors)]),
    "nbp_curves": ("nbp", lambda make, errors: [gated_of(make["gated"](epochs=len(errors) - 1), errors)]),
    "nbp_ablations": ("nbp", lambda make, errors: [gated_of(make["gated"](epochs=len(errors) - 1), errors)]),
    "cim_pareto": ("cim", lambda make, errors: [in_place(errors)]),
}


def bits_of(result: xr.Dataset, errors: list[float]) -> xr.Dataset:
    cells = np.resize(errors, result.error_after.shape)
    return result.assign(error_after=(("bits", "seed"), cells), error_float=("seed", np.resize(errors, 3)))


def deciding(result: xr.Dataset, errors: list[float]) -> xr.Dataset:
    return result.assign(error_by_spikes=("spike", np.resize(errors, result.sizes["spike"])))


def gated_of(result: xr.Dataset, errors: list[float]) -> xr.Dataset:
    names = ("test_error", "exact_error", "membrane_error", "mse")
    return result.assign({name: ("epoch", list(errors)) for name in names})


def in_place(errors: list[float]) -> xr.Dataset:
    n = len(errors)
    costs = {name: ("training", np.linspace(1e6, 2e6, n)) for name in ("energy", "energy_chip", "area", "time")}
    table = ("training", "epoch"), np.array(errors)[:, None]
    return xr.Dataset({"test_error": table, **costs}, coords={"experiment": ("training", ["bp_analog"] * n)})


@pytest.mark.parametrize("errors", [[0.3, 0.1, 0.0], [0.0, 0.0, 0.0]], ids=["falls to 0", "all 0"])
@pytest.mark.parametrize("name", ERRORS_OF_ZERO)
def test_an_error_of_0_is_drawn_where_the_axis_says_0(make, name, errors) -> None:
    """Every line keeps all its points within the axes; the axis has a tick for an error of 0."""
    key, made = ERRORS_OF_ZERO[name]
    figure = module(name).draw(made(make, errors), paper(key).published)
    figure.draw_without_rendering()
    zeros = 0
    for axes in figure.axes:
        for axis, column in ((axes.xaxis, 0), (axes.yaxis, 1)):
            if axis.get_scale() != "symlog":
                continue
            low, high = sorted(axis.get_view_interval())
            own = [
                line for line in axes.lines if line.get_transform().contains_branch_seperately(axes.transData)[column]
            ]
            values = np.concatenate([np.asarray(line.get_xydata())[:, column] for line in own])
            values = values[np.isfinite(values)]
            zeros += np.sum(values == 0)
            assert np.all((values > low) & (values < high))
            assert 0 in axis.get_ticklocs()
            assert axis.get_major_formatter()(0, 0) in ("0", "100")
    assert zeros
