"""The papers' folders, the table of their figures, and figures drawn without training."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from snakemake.utils import update_config
from typer.testing import CliRunner

from brian2zoo.cli import figure_commands
from brian2zoo.cli.commands import app
from brian2zoo.errors import ZooError
from brian2zoo.figures.comparison import Comparison, verdict
from brian2zoo.formats.papers import paper, papers
from brian2zoo.formats.zoo import ROOT, Zoo, read_yaml
from brian2zoo.pipeline.config import load_config
from brian2zoo.run import published, results

KEYS = [(key, name) for key, of in papers().items() for name in of.figures]


@pytest.fixture(scope="module")
def rows() -> list[figure_commands.Row]:
    return figure_commands.rows(Zoo())


# --- The table -------------------------------------------------------------------------------------


def test_the_page_of_the_documentation_is_the_table(rows) -> None:
    """Else: brian2zoo figures --markdown > docs/figures.md."""
    assert (ROOT / "docs/figures.md").read_text(encoding="utf-8") == figure_commands.page(rows) + "\n"


def test_the_table_fits_a_terminal_of_100_columns(rows, capsys) -> None:
    figure_commands.print_rows(rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 50
    assert [line for line in lines if len(line) > 100 and "from nothing" not in line] == []


def test_every_figure_has_a_row_and_every_row_a_verdict(rows) -> None:
    assert [row.key for row in rows if row.key] == [f"{key}/{name}" for key, name in KEYS]
    for row in rows:
        assert row.verdict == "within" or row.why, f"{row.key}: say why in paper.yaml"


@pytest.mark.parametrize(("key", "name"), KEYS)
def test_every_figure_is_drawn_from_published_results(key, name) -> None:
    of = paper(key)
    figure = of.module(name).draw(figure_commands.drawn_from(Zoo(), of, name), of.published)
    assert not [axes for axes in figure.axes if "nothing to draw" in axes.get_title(loc="left")]


@pytest.mark.parametrize("command", sorted({of.rerun(name) for of in papers().values() for name in of.figures}))
def test_the_command_of_a_figure_names_a_configuration_that_draws_it(command) -> None:
    target, file = re.fullmatch(r"snakemake (\S+)(?: --configfile (\S+))?", command).groups()
    config = read_yaml(ROOT / "config/config.yaml")
    update_config(config, read_yaml(ROOT / file) if file else {})
    loaded, zoo = load_config(config), Zoo()
    key, dataset, figure = re.fullmatch(r"results/figures/(\w+)/(\w+)/(\w+)\.png", target).groups()
    assert key in loaded.paper
    assert figure in paper(key).figures
    trained = (entry.dataset for at, entry in loaded.listed().items() if zoo.experiment(at[1]).paper == key)
    assert dataset == next(trained)


@pytest.mark.parametrize(
    ("published_value", "measured", "spread", "said"),
    [
        (3.0, [3.2, 3.4], 0.3, "within"),
        (3.0, [3.2, 3.5], 0.3, "differs"),
        ((2.0, 3.0), [1.9], 0.0, "differs"),
        ((2.0, 3.0), [2.5], 0.0, "within"),
        (3.0, [], 0.3, "not reproduced"),
        (None, [3.0], 0.0, "not compared"),
    ],
)
def test_a_verdict_is_of_the_mean_of_the_seeds(published_value, measured, spread, said) -> None:
    assert Comparison("x", published_value, measured, spread).verdict == said


def test_the_verdict_of_a_figure_is_that_of_its_worst_number() -> None:
    within, differs = Comparison("x", 1.0, [1.0]), Comparison("x", 1.0, [2.0])
    missing, alone = Comparison("x", 1.0, []), Comparison("x", None, [1.0])
    assert verdict([within, differs, missing]) == "differs"
    assert verdict([within, missing, alone]) == "within"
    assert verdict([missing, alone]) == "not reproduced"
    assert verdict([alone]) == verdict([]) == "not compared"


# --- One figure ------------------------------------------------------------------------------------


def test_a_figure_says_what_it_was_drawn_from_and_how_to_make_it_anew(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["figure", "rtrl/curves", "--published", "--folder", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert re.search(r"curves\.png: from \d+ published results; from nothing: snakemake ", done.output)
    assert (tmp_path / "rtrl/curves.png").stat().st_size > 10_000
    assert (tmp_path / "rtrl/curves.pdf").exists()


def test_results_at_hand_come_before_published_ones(tmp_path: Path) -> None:
    root = tmp_path / "zoo"
    for folder in ("models", "rules", "config", "papers"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    from_training = next((ROOT / "results/published").glob("digits_bp_*.nc"))
    at_hand = root / "results/train/digits/bp/64-100-10/default/seed=0.nc"
    for target in (at_hand, root / "results/published" / from_training.name):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(from_training, target)
    told = ["results at hand", "published results"]
    for options, what in (([], told[0]), (["--published"], told[1])):
        done = CliRunner().invoke(app, ["--root", str(root), "figure", "erbp/curves", *options])
        assert done.exit_code == 0, done.output
        assert f"from 1 {what}" in done.output
    shutil.rmtree(root / "results")
    done = CliRunner().invoke(app, ["--root", str(root), "figure", "erbp/curves"])
    assert done.exit_code == 2
    assert "there are no results to draw erbp/curves from — make them: snakemake" in done.output


def test_a_wrong_key_is_one_line() -> None:
    done = CliRunner().invoke(app, ["figure", "erbp/curve"])
    assert done.exit_code == 2
    assert "there is no figure 'erbp/curve' — did you mean 'erbp/curves'?" in done.output


def test_a_zoo_without_papers_is_one_line(zoo_with) -> None:
    for command in ("figures", "figure"):
        done = CliRunner().invoke(app, ["--root", str(zoo_with({}).root), command])
        assert done.exit_code == 2
        assert "papers: there is no paper — name a clone" in done.output


def test_a_damaged_result_is_one_line(zoo_with) -> None:
    root = zoo_with({}).root
    shutil.copytree(ROOT / "papers", root / "papers", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "results").mkdir()
    (root / "results/rtrl").mkdir()
    (root / "results/rtrl/gradients.nc").write_bytes(b"damaged")
    done = CliRunner().invoke(app, ["--root", str(root), "figure", "rtrl/cosine"])
    assert done.exit_code == 2
    assert "gradients.nc: it " in done.output


# --- A paper is a folder ---------------------------------------------------------------------------

MINE = """
title: Another paper
short: Me 2026
reference: none
command: snakemake results/figures/mine/digits/{figure}.png --configfile papers/mine/run.yaml
looks: {bp: {label: my BP, colour: purple, marker: s}}
figures: {ends: {title: Where curves end, data: [trainings], why: it is mine}}
lacking: {other: {of: Fig. 2, title: Another, why: no time}}
"""
ENDS = """
from matplotlib.figure import Figure
from brian2zoo.figures.comparison import Comparison
from .sums import END


def draw(datasets, published):
    figure = Figure()
    figure.subplots().plot([float(d.test_error[END]) for d in datasets])
    return figure


def compare(datasets, published):
    yield Comparison("end", published["end"], [100 * float(d.test_error[END]) for d in datasets], 1)
"""


def test_another_paper_is_one_more_folder(tmp_path: Path) -> None:
    """And an experiment that says it is of it: the table, a figure, and the pipeline's, without an edit elsewhere."""
    root = tmp_path / "zoo"
    for folder in ("models", "rules", "config", "papers", "src", "workflow", "profiles"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", root / "Snakefile")
    folder = root / "papers/mine"
    folder.mkdir()
    files = {
        "paper.yaml": MINE,
        "published.yaml": "end: 2\n",
        "ends.py": ENDS,
        "sums.py": "END = -1\n",
        "ends.rst": "A.",
    }
    network = "dataset: digits, experiments: [mine], layers: [64-5-10], epochs: 1, samples: 10"
    files["run.yaml"] = f"paper: mine\ntraining: [{{{network}}}]\n"
    for name, text in files.items():
        (folder / name).write_text(text)
    (root / "config/experiments/mine.yaml").write_text("title: Mine\nextends: bp\npaper: mine\n")
    run = xr.Dataset({"test_error": ("epoch", [0.5, 0.025])}, {"epoch": [0, 1]})
    attrs = {"experiment": "mine", "dataset": "digits", "layers": "64-5-10", "setting": "default", "seed": 0}
    results.save(run.assign_attrs(attrs), root / "results/published/digits_mine_64-5-10_default_seed=0.nc")

    mine, lacking = (row for row in figure_commands.rows(Zoo(root)) if row.paper.key == "mine")
    assert (mine.verdict, mine.compared[0].measured, lacking.said) == ("within", [2.5], "not reproduced: no time")
    done = CliRunner().invoke(app, ["--root", str(root), "figure", "mine"])
    assert done.exit_code == 0, done.output
    assert (root / "results/figures/mine/ends.png").exists()
    command = [sys.executable, "-m", "snakemake", "-n", *mine.command.split()[1:]]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "draw ends of mine" in told.stdout + told.stderr, told.stdout + told.stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("colour: purple", "colour: purpel", "looks.bp.colour"),
        ("data: [trainings]", "data: [training]", "figures.ends.data.0"),
        ("title: Where curves end, ", "", "figures.ends.title: this key is required"),
        ("figures:", "figure:", "figures: this key is required"),
    ],
)
def test_a_mistake_in_the_file_of_a_paper_is_one_line(tmp_path: Path, old, new, told) -> None:
    (tmp_path / "papers/mine").mkdir(parents=True)
    (tmp_path / "papers/mine/paper.yaml").write_text(MINE.replace(old, new))
    with pytest.raises(ZooError) as raised:
        papers(tmp_path)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_figure_without_its_module_is_told() -> None:
    of = paper("erbp").model_copy(update={"figures": {"nowhere": paper("erbp").figures["curves"]}})
    with pytest.raises(ZooError, match=r"figures\.nowhere: there is no nowhere\.py next to the file"):
        of.module("nowhere")


# --- Small results ---------------------------------------------------------------------------------


def test_a_small_trace_has_all_spikes_and_fewer_points(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps, names = rng.integers(0, 12500, 400), np.array(["output", "input", "label"])
    trace = xr.Dataset(
        {
            "spike_time": ("spike", 1e-4 * steps, {"units": "s", "long_name": "spike time"}),
            "spike_unit": ("spike", rng.integers(0, 64, 400)),
            "spike_population": ("spike", names[rng.integers(0, 3, 400)]),
            "output_V": ("time", rng.normal(size=12500)),
        },
        {"time": 1e-4 * np.arange(12500)},
    )
    results.save(published.small(trace), tmp_path / "small.nc")
    again = published.whole(results.read(tmp_path / "small.nc"))

    def spikes(each: xr.Dataset) -> list[tuple]:
        columns = (each.spike_population.values, each.spike_time.values.round(6), each.spike_unit.values)
        return sorted(zip(*(column.tolist() for column in columns), strict=True))

    assert spikes(again) == spikes(trace)
    np.testing.assert_allclose(again.output_V, trace.output_V[::10], rtol=1e-6)


def test_a_short_trace_keeps_every_step() -> None:
    trace = xr.Dataset(
        {"spike_time": ("spike", [1e-3]), "spike_population": ("spike", ["a"])}, {"time": 1e-3 * np.arange(36)}
    )
    assert published.small(trace).sizes["time"] == 36


def test_weights_are_dropped_or_kept_once_as_narrow_numbers() -> None:
    weights = np.array([[2.0, -256.0], [254.0, 0.0]])
    trained = xr.Dataset(
        {
            "test_error": ("epoch", [0.5, 0.1]),
            "w_a": (("unit_a", "unit_b"), weights),
            "w_copy": (("unit_a", "unit_b"), weights),
            "w_other": (("unit_a", "unit_b"), weights + 2),
        }
    )
    assert list(published.small(trained)) == ["test_error"]
    kept = published.small(trained, weights=True)
    assert list(kept) == ["test_error", "w_a", "w_other"]
    assert kept.w_a.dtype == np.int16
    assert kept.test_error.dtype == np.float64
    np.testing.assert_array_equal(kept.w_a, weights)


# --- The page --------------------------------------------------------------------------------------


def test_the_page_of_a_report_opens_with_figures_and_ends_with_the_table(tmp_path: Path) -> None:
    """It stands alone, and its numbers are those of the results that it is given, before published ones."""
    from brian2zoo.cli.page import html

    (tmp_path / "curves.png").write_bytes(b"image")
    trained = next((ROOT / "results/published").glob("mnist_bp_784-100-10_default_seed=0.nc"))
    better = results.read(trained)
    better = better.assign(test_error=better.test_error * 0 + 0.0219)
    results.save(better, tmp_path / "seed=0.nc")
    page = html(Zoo(), {"erbp/networks": (tmp_path / "curves", [tmp_path / "seed=0.nc"])})
    assert 0 < page.index("data:image/png;base64,aW1hZ2U=") < page.index("<figcaption>") < page.index("<table>")
    (row,) = (row for row in page.split("<tr>") if "Table 1: Final error" in row)
    assert "784-100-10 BP, % wrong" in row
    assert "<br>2.19<br>" in row
    assert "Renner" not in page
