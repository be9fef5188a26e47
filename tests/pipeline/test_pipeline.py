"""The README's command at its smallest, and what an edit, a mistake or a kill does to it."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkout import TINY, Checkout, copy_of_the_repository

import brian2zoo
from brian2zoo.formats.zoo import ROOT
from brian2zoo.run import results


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which nothing is run."""
    return copy_of_the_repository(tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = copy_of_the_repository(tmp_path_factory.mktemp("checkout"))
    done = checkout.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return checkout


@pytest.fixture
def checkout(finished: Checkout) -> Checkout:
    """The finished checkout, with its text files put back afterwards."""
    kept = {
        path: path.read_bytes()
        for name in ("models", "rules", "config")
        for path in (finished.folder / name).rglob("*.yaml")
    }
    yield finished
    for path, content in kept.items():
        path.write_bytes(content)


def test_every_figure_is_there_as_png_and_pdf(finished: Checkout) -> None:
    names = {
        "erbp": {"raster", "curves", "networks", "operations", "latency", "bits", "alignment", "ledger"},
        "nbp": {"raster", "connectivity", "curves", "ablations", "weights", "sparsity", "comparison", "chips"},
    }
    for paper, figures in names.items():
        folder = finished.folder / "results/figures" / paper / "digits"
        assert {path.name for path in folder.iterdir()} == {f"{n}.{kind}" for n in figures for kind in ("png", "pdf")}


def test_a_result_says_where_it_comes_from(finished: Checkout) -> None:
    path = "results/train/digits/erbp_plus/64-6-10/default/seed=0.nc"
    trained = results.read(finished.folder / path)
    command = shlex.split(trained.attrs["command"])
    assert command[:2] == ["snakemake", path]
    again = finished.run(*command, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr
    assert trained.attrs["rule"] == "erbp"
    assert trained.attrs["seed"] == 0
    assert {"git_commit", "config_json", "Conventions", "title"} <= set(trained.attrs)
    assert trained.test_error.sizes == {"epoch": 3}


def test_time_is_split_into_generating_compiling_and_running(finished: Checkout) -> None:
    trained = results.read(finished.folder / "results/train/digits/erbp_plus/64-6-10/default/seed=0.nc")
    assert trained.build_time.step.values.tolist() == ["generate", "compile"]
    assert (trained.build_time > 0).all()
    assert (trained.wall_time[1:] > 0).all()
    assert float(trained.attrs["peak_memory_bytes"]) > 1e6
    assert json.loads(trained.attrs["paths"])["input_hidden1_pre"] == "rows"


def test_networks_that_share_a_program_have_a_result_each(finished: Checkout) -> None:
    network = "digits/bp/64-6-10/rule.eta=0.2"
    one, two = (results.read(finished.folder / f"results/train/{network}/seed={seed}.nc") for seed in (1, 2))
    assert [int(each.attrs["seed"]) for each in (one, two)] == [1, 2]
    assert int(one.attrs["abreast"]) == 2
    assert np.any(one.w_input_hidden1.values != two.w_input_hidden1.values)
    assert np.array_equal(one.wall_time, two.wall_time)
    logs = finished.folder / "results/logs/train" / network
    assert [path.name for path in logs.iterdir()] == ["seeds=1-2.log"]


def test_a_final_test_has_the_metrics_of_neurobench(finished: Checkout) -> None:
    tested = results.read(finished.folder / "results/evaluate/digits/erbp_plus/64-6-10/default/seed=0.nc")
    metrics = json.loads(tested.attrs["neurobench"])
    assert metrics["ClassificationAccuracy"] == pytest.approx(1 - float(tested.test_error))
    assert metrics["Footprint"] == 8 * (64 * 6 + 6 * 10) + 8 * 3 * (6 + 10)  # V, I and U of a neuron
    assert metrics["SynapticOperations"]["Dense"] == (64 * 6 + 6 * 10) * 5000


def test_the_sweep_is_one_dataset_over_bits_and_seed(finished: Checkout) -> None:
    sweep = results.read(finished.folder / "results/bits/digits/64-6-10.nc")
    assert set(sweep.error_learning.dims) == {"bits", "seed"}
    assert sweep.error_learning.dropna("bits").bits.values.tolist() == [4, 8]


def test_nothing_is_stale_after_a_run(finished: Checkout) -> None:
    assert finished.stale() == set()


def test_a_number_in_a_rule_retrains_what_uses_it_and_compiles_nothing(checkout: Checkout) -> None:
    checkout.edit("rules/erbp.yaml", "eta    = 6e-4*nS", "eta    = 7e-4*nS")
    stale = checkout.stale()
    assert {
        "train erbp_plus 64-6-10 on digits, default, seed 0",
        "train erbp_fixed_point 64-6-10 on digits, synapse.bits=4, seed 0",
        "train erbp_fixed_point 64-6-10 on digits, synapse.bits=8, seed 0",
        "test erbp_plus 64-6-10 on digits, seed 0",
        "gather the sweeps over bits",
        "draw curves of erbp",
    } <= stale
    assert not [message for message in stale if " bp " in message or message.startswith(("compile", "encode"))]


def test_an_equation_in_a_rule_compiles_what_learns_by_it_and_no_more(checkout: Checkout) -> None:
    checkout.edit("rules/erbp.yaml", "*int(I_post < b_max)", "*int(I_post < 2*b_max)")
    compiled = {message for message in checkout.stale() if message.startswith("compile")}
    assert compiled == {
        "compile erbp_plus 64-6-10, train, dense",
        "compile erbp_plus 64-6-10, trace, dense",
        "compile erbp_fixed_point 64-6-10, train, dense",
    }


def test_a_number_in_an_encoder_encodes_again(checkout: Checkout) -> None:
    checkout.edit("models/encoders/escape_rate.yaml", "scale  = 0.5", "scale  = 0.6")
    stale = checkout.stale()
    assert "encode digits by escape_rate, label_current" in stale
    assert "encode digits by identity, identity" not in stale


def test_titles_notes_and_comments_make_nothing_stale(checkout: Checkout) -> None:
    checkout.edit("rules/erbp.yaml", "title: Event-driven", "title: Truly event-driven")
    checkout.edit("rules/erbp.yaml", "# learning rate", "# how fast it learns")
    checkout.edit("models/neurons/two_compartment_lif.yaml", "# soma", "# the soma")
    assert checkout.stale() == set()


def test_a_mistake_stops_the_pipeline_with_its_line_before_anything_runs(checkout: Checkout) -> None:
    checkout.edit("rules/erbp.yaml", "dw = eta*U_post", "dw = eta*I_post")
    done = checkout.snakemake()
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "rules/erbp.yaml: on_pre" in output
    assert "Traceback" not in output
    assert "Select jobs" not in output


def test_an_unknown_data_set_in_the_configuration_is_named(checkout: Checkout) -> None:
    done = checkout.snakemake("--dry-run", "--config", "datasets={other: {source: digits}}", "capacity=0")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "capacity" in output
    assert "Traceback" not in output


def test_a_wrong_unit_in_a_setting_is_named_before_anything_runs(checkout: Checkout) -> None:
    done = checkout.snakemake("--dry-run", "--config", "bits={setting: 'rule.eta=2*pS'}")
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "unknown name 'pS'" in output
    assert "Traceback" not in output


def test_what_cannot_share_a_program_is_named_before_anything_runs(finished: Checkout) -> None:
    training = (
        "training=[{dataset: digits, experiments: [rtrl_full], layers: [64-6-10], seeds: [0, 1], abreast: 2,"
        " epochs: 1, samples: 10}]"
    )
    done = finished.snakemake("--dry-run", "--config", training)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    assert "config/experiments/rtrl_full.yaml: learning: synapses onto synapses" in output
    assert "Traceback" not in output


ONE = {"dataset": "digits", "layers": ["64-6-10"], "epochs": 1, "samples": 50}


def configured(path: Path, *training: dict[str, Any], **keys: Any) -> Path:
    """A file for --configfile that asks for some trainings on a few digits."""
    few = {"digits": {"source": "digits", "limit_train": 60, "limit_test": 30}}
    sweep = {"layers": "64-6-10", "setting": "default", "bits_states": [], "epochs": 1, "samples": 50}
    asked = {"datasets": few, "training": [ONE | entry for entry in training], "bits": sweep, "capacity": 50} | keys
    path.write_text(json.dumps(asked))  # which is YAML
    return path


def test_a_clone_runs_itself_wherever_it_is_and_wherever_results_go(tmp_path: Path) -> None:
    """Code and files are those of the Snakefile's folder; spaces and apostrophes in paths do no harm."""
    clone, environment, elsewhere = (tmp_path / f"it's {name}" for name in ("a clone", "an environment", "elsewhere"))
    checkout = copy_of_the_repository(clone)
    checkout.edit("src/brian2zoo/__init__.py", f'__version__ = "{brian2zoo.__version__}"', '__version__ = "clone"')
    checkout.edit("config/experiments/bp.yaml", "title: ", "title: The clone's ")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=clone, check=True)
    environment.symlink_to(sys.prefix)
    elsewhere.mkdir()
    configured(tmp_path / "one.yaml", {"experiments": ["bp"]}, paper=[])

    installed = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    snakemake = [environment / "bin/python", "-m", "snakemake", "--snakefile", clone / "Snakefile", "--cores", "2"]
    asked = ["--directory", elsewhere, "--configfile", "one.yaml"]
    done = subprocess.run(
        [*snakemake, *asked], cwd=tmp_path, env=installed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    attrs = results.read(elsewhere / "results/train/digits/bp/64-6-10/default/seed=0.nc").attrs
    assert attrs["source"] == "brian2zoo clone"
    assert attrs["title"].startswith("The clone's ")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True)
    assert attrs["git_commit"].rstrip("+") == head.stdout[:12]
    assert not (clone / "results").exists()
    again = checkout.run(*shlex.split(attrs["command"]), "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


DEPLOYED = """
configfile: "config/config.yaml"
module brian2zoo:
    snakefile: "{clone}/workflow/Snakefile"
    config: config
use rule * from brian2zoo
"""
"""What `snakedeploy deploy-workflow` writes."""


def test_experiments_without_their_models_are_refused_before_they_are_ignored(untouched, tmp_path) -> None:
    (tmp_path / "Snakefile").write_text(DEPLOYED.format(clone=untouched.folder))
    shutil.copytree(untouched.folder / "config", tmp_path / "config")
    done = Checkout(tmp_path).run("snakemake", "--dry-run")
    assert done.returncode != 0
    assert "config/experiments: these files would not be read" in done.stdout + done.stderr
    assert "brian2zoo init ." in done.stdout + done.stderr


def test_every_training_that_is_listed_is_trained(tmp_path: Path) -> None:
    """Of another paper than the figures', and of none; figures are of the paper that is named."""
    checkout = copy_of_the_repository(tmp_path / "clone")
    text = 'title: Of no paper\nextends: bp\npaper: ""\n'
    (checkout.folder / "config/experiments/of_none.yaml").write_text(text)
    watched = {"erbp": {"layers": "64-6-10", "setting": "default"}}
    of_three = {"experiments": ["erbp_plus", "nbp", "of_none"]}
    mine = configured(tmp_path / "mine.yaml", of_three, paper="erbp", trace=watched)
    jobs = checkout.stale("--configfile", str(mine))
    trained = {job.split()[1] for job in jobs if job.startswith("train ") and "synapse.bits" not in job}
    assert trained == {"erbp_plus", "nbp", "of_none"}
    drawn = [job for job in jobs if job.startswith("draw ")]
    assert drawn
    assert all(job.endswith(" of erbp") for job in drawn)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"layers": ["63-10-10"]}, "training[0].layers: 63-10-10 on digits: the data have 64 input units"),
        ({"seeds": [-1]}, "training[0].seeds[0]: '-1' is no seed"),
        ({"settings": ["rule.eta=1*mV"]}, "training[0].settings: rule.eta of bp: wrong unit"),
    ],
)
def test_what_does_not_fit_is_told_by_a_dry_run_with_its_file(untouched, tmp_path, entry, told) -> None:
    mine = configured(tmp_path / "mine.yaml", {"experiments": ["bp"]} | entry)
    done = untouched.run("snakemake", "--dry-run", "--configfile", str(mine))
    assert done.returncode != 0
    assert f"{mine}: {told}" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_target_with_a_setting_that_nobody_named_is_refused_in_a_line(untouched: Checkout) -> None:
    done = untouched.snakemake("--dry-run", "results/train/digits/bp/64-6-10/fsat/seed=0.nc")
    assert done.returncode != 0
    assert "config: settings: there is no setting 'fsat'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def planned(folder: Path, *arguments: str) -> list[tuple[str, str]]:
    """Rule and description of every job of a dry run in a new checkout."""
    checkout = copy_of_the_repository(folder)
    for path in (folder / "workflow/rules").glob("*.smk"):  # a job with a message is not described
        path.write_text(re.sub(r"^ +message:\n.*\n", "", path.read_text(), flags=re.MULTILINE))
    done = checkout.snakemake("--dry-run", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"^rule (\w+):\n((?: +.*\n)+)", done.stdout, flags=re.MULTILINE)


def test_programs_on_a_gpu_share_it_by_a_resource(tmp_path: Path) -> None:
    """Every job that runs one takes `gpu`, no other does; trained as the configuration says for the same numbers."""
    backends = {"default": 0, "genn": 1, "genn_cpu": 0, "cuda": 1}
    targets = [
        f"results/{stage}/digits/erbp_plus/64-6-10/{setting}/seed=0.nc"
        for stage in ("evaluate", "quantize", "trace")
        for setting in ("default", "backend=genn", "backend=genn_cpu", "backend=cuda")
    ]
    taken = {}
    for rule, text in planned(tmp_path, *targets, "--resources", "gpu=2"):
        if rule in ("build", "encode"):
            assert "gpu=" not in text, text
        else:
            chosen = re.search(r"setting=(?:backend=)?(\w+)", text)[1]
            taken[rule, chosen] = int(re.search(r"resources: .*\bgpu=(\d+)", text)[1])
    stages = ("train", "evaluate", "quantize", "trace")
    assert taken == {(stage, backend): n for stage in stages for backend, n in backends.items()}


def test_jobs_can_be_sent_to_a_cluster(tmp_path: Path) -> None:
    """There Snakemake tells a job its wildcards joined by commas, and has no sign for a comma in one."""
    jobs = planned(tmp_path, "--config", "bits={setting: 'rule.eta=4e-3*nS:rule.b_max=2*nA'}")
    wildcards = [line for _, text in jobs for line in re.findall(r"^ +wildcards: (.*)", text, flags=re.MULTILINE)]
    assert any("b_max=2*nA:synapse.bits=4" in line for line in wildcards)
    assert not [line for line in wildcards if re.search(r",(?! \w+=)", line)]


def test_a_killed_training_goes_on_from_its_last_checkpoint(finished: Checkout, tmp_path: Path) -> None:
    checkpoint, output = tmp_path / "state.npz", tmp_path / "seed=0.nc"
    encoded = "results/encoded/digits/escape_rate,label_current"
    command = [
        sys.executable, "workflow/scripts/train.py", "--dataset", "digits", "--experiment", "erbp_plus",
        "--layers", "64-6-10", "--seed", "0", "--epochs", "2", "--samples", "50",
        "--train-data", f"{encoded}/train.nc", "--test-data", f"{encoded}/test.nc",
        "--train-build", "results/build/dense/erbp_plus/64-6-10/train",
        "--test-build", "results/build/dense/erbp_plus/64-6-10/test",
        "--checkpoint", str(checkpoint), "--output", str(output),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=finished.folder, env=finished.env, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while not checkpoint.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert checkpoint.exists()
    assert not output.exists()
    done = finished.run(*command)
    assert done.returncode == 0, done.stderr
    assert " 0%" not in done.stderr
    resumed = results.read(output)
    whole = results.read(finished.folder / "results/train/digits/erbp_plus/64-6-10/default/seed=0.nc")
    np.testing.assert_array_equal(resumed.w_input_hidden1, whole.w_input_hidden1)
    np.testing.assert_array_equal(resumed.test_error, whole.test_error)


def test_a_training_that_starts_from_another_comes_after_it_and_is_stale_when_that_changes(tmp_path: Path) -> None:
    checkout, first = copy_of_the_repository(tmp_path), "results/train/digits/bp/64-6-10/default/seed={}.nc"
    network = "dataset: digits, experiments: [bp], layers: [64-6-10], epochs: 1, samples: 10"
    start = f"start: '{first.format('{seed}')}'"
    training = [
        f"{{{network}, seeds: [0, 1, 2]}}",
        f"{{{network}, settings: [rule.eta=0.2], {start}}}",
        f"{{{network}, settings: [rule.eta=0.3], seeds: [1, 2], abreast: 2, {start}}}",
    ]
    asked = (f"training=[{', '.join(training)}]", "paper=[]")
    done = checkout.snakemake("-n", "-p", "trained", "--config", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = re.split(r"^Job \d+: ", done.stdout, flags=re.MULTILINE)
    for what, seeds in (
        ("bp 64-6-10 on digits, rule.eta=0.2", [0]),
        ("2 of bp 64-6-10 on digits, rule.eta=0.3", [1, 2]),
    ):
        (job,) = (job for job in jobs if job.startswith(f"train {what}"))
        assert " ".join(f"--start {shlex.quote(first.format(seed))}" for seed in seeds) in job
        assert done.stdout.index(job) > max(
            done.stdout.index(f"train bp 64-6-10 on digits, default, seed {s}") for s in seeds
        )


def test_after_a_kill_make_resume_unlocks_the_folder_and_goes_on(tmp_path: Path) -> None:
    """With the lock that Snakemake leaves, and the same configuration for both of its commands."""
    checkout = copy_of_the_repository(tmp_path)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    installed = tmp_path / ".venv/installed"
    installed.parent.mkdir()
    installed.touch()
    (locks := tmp_path / ".snakemake/locks").mkdir(parents=True)
    goal = tmp_path / "results/encoded/digits/escape_rate,label_current/train.nc"
    asked = str(goal.relative_to(tmp_path))
    for kind in ("input", "output"):
        (locks / f"0.{kind}.lock").write_text(f"{asked}\n")
    refused = checkout.snakemake(asked, "--configfile", str(TINY))
    assert refused.returncode != 0
    assert "--unlock" in refused.stdout + refused.stderr
    commands = checkout.run("make", "--no-print-directory", "--dry-run", "resume", f"CONFIG={TINY}").stdout.splitlines()
    unlock, go_on = (line[line.index("snakemake") :] for line in commands)
    assert go_on == f"snakemake --configfile {TINY} --rerun-incomplete"
    assert checkout.run(*shlex.split(unlock)).returncode == 0
    done = checkout.run(*shlex.split(go_on), asked, "--cores", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert goal.exists()


def test_the_report_collects_the_figures(finished: Checkout) -> None:
    done = finished.snakemake("--report", "results/report.zip")
    assert done.returncode == 0, done.stderr
    assert (finished.folder / "results/report.zip").stat().st_size > 100_000


def test_lint_is_clean(finished: Checkout) -> None:
    done = finished.snakemake("--lint")
    assert done.returncode == 0, done.stdout + done.stderr
