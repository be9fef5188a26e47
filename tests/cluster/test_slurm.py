"""The pipeline through `profiles/slurm`, on a Slurm of one node: `pytest -m slow tests/cluster`."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import one_node
import pytest
from checkout import Checkout, copy_of_the_repository
from one_node import Job, Slurm

from brian2zoo.run import results

pytestmark = pytest.mark.slow

PLUGIN = "snakemake_executor_plugin_slurm"
SECONDS = 1800
SETTINGS = ("rule.eta=0.1", "rule.eta=0.2")
TIMES = ("wall_time", "build_time")
"""Variables of a result that the machine decides."""
NETWORK = {"experiments": ["bp"], "layers": ["64-6-10"], "epochs": 2, "samples": 50}
CONFIGURATION = {
    "paper": [],
    "datasets": {
        "digits": {"source": "digits", "limit_train": 60, "limit_test": 30},
        "damaged": {"source": "idx", "folder": "damaged"},
    },
    "training": [
        NETWORK | {"dataset": "digits", "sweep": {"rule.eta": [0.1, 0.2]}},
        NETWORK | {"dataset": "damaged"},
    ],
    "capacity": 50,
}
"""A sweep of two trainings to its table and figure, and a training on data that turn out to be damaged."""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    missing = one_node.missing() + ([] if find_spec(PLUGIN) else [f"the Python package {PLUGIN}"])
    if missing:
        pytest.skip(f"a Slurm of one node needs {', '.join(missing)}")
    with one_node.running(tmp_path_factory.mktemp("slurm")) as slurm:
        yield slurm


@dataclass(frozen=True)
class Ran:
    """What came of a run through Slurm; of its jobs one training was cancelled from outside."""

    folder: Path
    code: int
    output: str
    jobs: list[Job]
    cancelled: Job

    def of(self, rule: str) -> list[Job]:
        return [job for job in self.jobs if job.comment.startswith(f"rule_{rule}_")]


def prepared(folder: Path) -> Checkout:
    """A clone with the configuration and the data in it; the last image of the training set is cut off."""
    checkout = copy_of_the_repository(folder)
    (data := folder / "damaged").mkdir()
    for role, samples in (("train", 60), ("t10k", 30)):
        labels = bytes([0, 0, 8, 1]) + samples.to_bytes(4) + bytes(k % 10 for k in range(samples))
        images = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4) for n in (samples, 8, 8)) + bytes(64 * samples)
        (data / f"{role}-labels-idx1-ubyte").write_bytes(labels)
        (data / f"{role}-images-idx3-ubyte").write_bytes(images[:-64] if role == "train" else images)
    (folder / "mine.yaml").write_text(json.dumps(CONFIGURATION))  # which is YAML
    return checkout


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same pipeline without Slurm."""
    checkout = prepared(tmp_path_factory.mktemp("local"))
    done = checkout.snakemake("--configfile", "mine.yaml")
    assert done.returncode != 0, done.stdout + done.stderr
    return checkout.folder


@pytest.fixture(scope="module")
def ran(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    checkout = prepared(tmp_path_factory.mktemp("sent"))
    command = ["snakemake", "--configfile", "mine.yaml", "--profile", "profiles/slurm"]
    # without accounts; and not the 40 s after which Snakemake asks for the first time
    command += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1"]
    log = checkout.folder / "snakemake.log"
    ours = slurm.environment | {
        "PYTHONPATH": checkout.env["PYTHONPATH"],
        "PATH": f"{Path(slurm.environment['SLURM_CONF']).parent / 'bin'}:{checkout.env['PATH']}",
    }
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=checkout.folder, env=ours, stdout=output, stderr=output) as process,
    ):
        try:
            cancelled = cancel_a_training(slurm, process)
            assert cancelled, log.read_text()
            process.wait(timeout=SECONDS)
        finally:
            process.terminate()
    return Ran(checkout.folder, process.returncode, log.read_text(), slurm.jobs(), cancelled)


def cancel_a_training(slurm: Slurm, process: subprocess.Popen[bytes]) -> Job | None:
    """The first that runs, as an administrator or a failing node would; None if none ever does."""
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for job in slurm.jobs():
            if job.comment.startswith("rule_train_") and job.state == "RUNNING":
                slurm.run("scancel", job.number)
                return job
        time.sleep(0.5)
    return None


def test_results_are_those_of_a_run_without_slurm(ran: Ran, local: Path) -> None:
    kept = [path.relative_to(local) for path in local.glob("results/**/*.nc") if "build" not in path.parts]
    assert {f"results/train/digits/bp/64-6-10/{setting}/seed=0.nc" for setting in SETTINGS} < set(map(str, kept))
    assert sorted(kept) == sorted(path.relative_to(ran.folder) for path in ran.folder.glob("results/**/*.nc"))
    for path in kept:
        here, there = (results.read(folder / path).drop_vars(TIMES, errors="ignore") for folder in (local, ran.folder))
        assert set(here.variables) == set(there.variables)
        for name in here.variables:
            np.testing.assert_array_equal(here[name], there[name], err_msg=f"{name} of {path}")
    assert (ran.folder / "results/sweep/digits/rule.eta.png").stat().st_size > 1000


def test_every_job_went_through_slurm_with_the_limits_of_the_profile(ran: Ran) -> None:
    submitted = re.findall(r"has been submitted with SLURM jobid (\d+)", ran.output)
    assert sorted(submitted, key=int) == [job.number for job in ran.jobs]
    rules = {rule: len(ran.of(rule)) for rule in ("encode", "build", "train", "sweep")}
    # of those that failed two attempts
    assert rules == {"encode": 1 + 2, "build": 2, "train": 2 + 1, "sweep": 1}
    assert {job.time_limit for job in ran.jobs} == {"12:00:00"}
    assert {job.memory for job in ran.of("build")} == {"2000M"}


def test_a_job_that_is_cancelled_runs_again_with_twice_the_memory(ran: Ran) -> None:
    first, second = (job for job in ran.jobs if job.comment == ran.cancelled.comment)
    assert (first.number, first.state, second.state) == (ran.cancelled.number, "CANCELLED", "COMPLETED")
    assert (first.memory, second.memory) == ("2000M", "4000M")
    assert f"SLURM-job '{first.number}' failed, SLURM status is: 'CANCELLED'" in ran.output


def test_a_job_that_fails_twice_is_reported_with_its_log_and_the_rest_goes_on(ran: Ran) -> None:
    assert ran.code != 0
    failed = [job for job in ran.of("encode") if job.state == "FAILED"]
    assert [job.memory for job in failed] == ["4000M", "8000M"]
    report = ran.output[ran.output.index(f"SLURM-job '{failed[1].number}' failed") :]
    log = "results/logs/encode/damaged/identity,identity.log"
    assert f"log: {log}" in report
    told = "damaged/train-images-idx3-ubyte: 3792 bytes long, but its header asks for 3856"
    assert told in (ran.folder / log).read_text()
    assert told in report
    assert not any("damaged" in job.comment for job in ran.of("train"))
    assert "COMPLETED" in {job.state for job in ran.of("sweep")}
