"""A Slurm of one node on the loopback, beside any that the machine has: its own folder, ports and configuration."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("setpriv", "munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")
CONFIGURATION = """
ClusterName=brian2zoo
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true

# no control groups, no accounts
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
KillWait=1
# squeue forgets no job before the test has asked
MinJobAge=86400

# two cores, whatever the machine has
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=16000
PartitionName=all Nodes={host} Default=YES State=UP
"""
_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
_SECONDS_TO_START = 60


@dataclass(frozen=True)
class Job:
    """What Slurm knows of a job."""

    number: str
    state: str
    memory: str
    time_limit: str
    comment: str


@dataclass(frozen=True)
class Slurm:
    """A running Slurm; `environment` is that of its users."""

    environment: Mapping[str, str]

    def run(self, *command: str) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self) -> list[Job]:
        """All that were ever submitted, in this order."""
        lines = self.run("squeue", "--states=all", "--sort=i", "--noheader", "--format=%i|%T|%m|%l|%k").splitlines()
        return [Job(*line.strip().split("|")) for line in lines]

    def node_is_idle(self) -> bool:
        return self.run("sinfo", "--noheader", "--format=%t").strip() == "idle"


def missing() -> list[str]:
    """What this machine lacks."""
    programs = [name for name in PROGRAMS if not shutil.which(name, path=_PLACES)]
    return programs + ([] if os.geteuid() == 0 else ["root, who starts its daemons"])


@contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """Slurm as long as the context lasts; whatever it keeps is in `folder`."""
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    host, (controller_port, node_port) = socket.gethostname().partition(".")[0], _free_ports(2)
    configuration = folder / "slurm.conf"
    configuration.write_text(
        CONFIGURATION.format(host=host, folder=folder, controller_port=controller_port, node_port=node_port)
    )
    # A step of a job keeps no SLURM_CONF (snakemake-executor-plugin-slurm-jobstep 0.6), so that its srun would look for
    # the configuration of the machine.
    srun = folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF="{configuration}" exec "{shutil.which("srun")}" "$@"\n')
    srun.chmod(0o755)
    outside = {name: text for name, text in os.environ.items() if not name.startswith(("SLURM", "SBATCH", "SRUN"))}
    slurm = Slurm(outside | {"SLURM_CONF": str(configuration), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"})

    def kept(name: str) -> str:
        return str(folder / f"munge{name}")

    with ExitStack() as started:

        def start(ready: Callable[[], object], name: str, *options: str) -> None:
            started.enter_context(_daemon(folder / f"{name}.log", slurm.environment, name, *options))
            _wait(ready, f"{name} does not answer", folder / f"{name}.log")

        # forced: pytest's folders are its user's alone, which munged takes for a mistake
        start(
            (folder / "munge.socket").exists,
            *("munged", "--foreground", "--force", "--key-file", kept(".key"), "--socket", kept(".socket")),
            *("--pid-file", kept("d.pid"), "--log-file", kept("d.own.log"), "--seed-file", kept("d.seed")),
        )
        start(lambda: _answers(controller_port), "slurmctld", "-D", "-f", str(configuration))
        start(slurm.node_is_idle, "slurmd", "-D", "-f", str(configuration))
        started.callback(_empty, slurm)
        yield slurm


def _empty(slurm: Slurm) -> None:
    """Cancels what still runs, and waits until its processes are gone."""
    slurm.run("scancel", "--user=root")
    deadline = time.monotonic() + _SECONDS_TO_START
    while not slurm.node_is_idle() and time.monotonic() < deadline:
        time.sleep(0.2)


@contextmanager
def _daemon(log: Path, environment: Mapping[str, str], name: str, *options: str) -> Iterator[None]:
    """A program that runs as long as the context lasts, with all that it starts, and no longer than this process."""
    program = shutil.which(name, path=_PLACES)
    with (
        log.open("w") as output,
        subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", program, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _wait(ready: Callable[[], object], problem: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not ready():
        assert time.monotonic() < deadline, f"{problem}:\n{log.read_text()}"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(number: int) -> list[int]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(closing(socket.socket())) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
