"""What the backends need of this machine: what is found, what is missing, what is too new, and what to do."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Literal

from packaging.version import InvalidVersion, Version

from brian2zoo.backends import toolkit
from brian2zoo.backends.brian2genn_fixes import UPSTREAM
from brian2zoo.formats.settings import BACKENDS

State = Literal["found", "missing", "too old", "too new"]

# The oldest and the first that is too new; None where no limit is known.
WANTED: dict[str, tuple[str | None, str | None]] = {
    "brian2": ("2.9", None),
    "brian2genn": (UPSTREAM, f"{UPSTREAM}.1"),
    "brian2cuda": ("1.0b1", None),
    "GeNN": ("4.9.0", "5"),
    "CUDA": ("11", None),
    "CUDA for GeNN": ("11", "13"),
}
# brian2cuda names a module that Brian2 has since then.
BRIAN2_FOR_CUDA = "2.10"

# Which of the packages for a GPU goes on.
UPKEEP = (
    "For a GPU take cuda: brian2cuda goes on with Brian2. genn and genn_cpu are kept as they are: brian2genn is for "
    "Brian2 below 2.6 and GeNN 4.9, and has had no release since 2023."
)

NEEDS = {
    "dense": ("brian2", "C++ compiler", "make"),
    "cpp": ("brian2", "C++ compiler", "make"),
    "genn_cpu": ("brian2", "C++ compiler", "make", "brian2genn", "GeNN"),
    "genn": ("brian2", "C++ compiler", "make", "brian2genn", "GeNN", "CUDA for GeNN", "GPU"),
    "cuda": ("brian2", "C++ compiler", "make", "brian2cuda", "CUDA", "cuRAND", "GPU"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is needed.

    Parameters
    ----------
    detail : version and place, if found.
    remedy : what to do, if not found as it should be.
    """

    what: str
    state: State
    detail: str = ""
    remedy: str = ""


def examine() -> dict[str, Finding]:
    """All that any backend needs, by name. Nothing is run for longer than it takes to tell its version."""
    return {finding.what: finding for finding in _findings()}


def optional() -> list[Finding]:
    """What no backend needs: how jobs are sent to a cluster, environments, and programs that exchange networks."""
    conda = next((name for name in ("conda", "mamba", "micromamba") if shutil.which(name)), "conda")
    return [
        _tool("conda", conda, "only for `conda env create -f environment.yml`; pip needs none"),
        _tool("Slurm", "sbatch", "only for `--profile profiles/slurm`, on a machine that submits jobs"),
        _module("snakemake_executor_plugin_slurm", "Slurm for Snakemake", "snakemake-executor-plugin-slurm",
                "only for `--profile profiles/slurm`: pip install 'brian2zoo[slurm]'"),
        _module("nest", "NEST", "nest-simulator", "only to compare with it: conda-forge has nest-simulator"),
        _module("nir", "NIR", "nir", "only to exchange networks: pip install nir"),
    ]  # fmt: skip


def backends(found: dict[str, Finding]) -> dict[str, tuple[Finding, ...]]:
    """For each backend what keeps it from running here; nothing if it runs."""
    return {name: tuple(found[what] for what in NEEDS[name] if found[what].state != "found") for name in BACKENDS}


def _findings() -> Iterator[Finding]:
    brian2 = _package("brian2", "pip install 'brian2>=2.9'")
    yield brian2
    yield _tool("C++ compiler", os.environ.get("CXX", "g++").split()[0], "install g++ and make")
    yield _tool("make", "make", "install make")
    yield _package("brian2genn", f"pip install --no-deps brian2genn=={UPSTREAM}")
    cuda = _package("brian2cuda", "pip install --no-deps --pre brian2cuda==1.0b1")
    if cuda.state == "found" and Version(brian2.detail) < Version(BRIAN2_FOR_CUDA):
        remedy = f"it needs Brian2 {BRIAN2_FOR_CUDA}, and that Python 3.12"
        cuda = Finding("brian2cuda", "too new", f"{cuda.detail} with Brian2 {brian2.detail}", remedy)
    yield cuda
    yield _genn()
    yield _nvcc("CUDA", "install CUDA with nvcc and set CUDA_PATH")
    yield _nvcc("CUDA for GeNN", "set CUDA_PATH to CUDA 11 or 12; 13 changed a call that GeNN 4.9 makes")
    yield _curand()
    yield _gpu()


def _judged(what: str, version: str, where: str, remedy: str) -> Finding:
    """A finding of a version: in the range that works, or not."""
    oldest, first_too_new = WANTED[what]
    detail = f"{version}{f' in {where}' if where else ''}"
    try:
        known = Version(version)
    except InvalidVersion:
        return Finding(what, "missing", detail, remedy)
    if oldest is not None and known < Version(oldest):
        return Finding(what, "too old", detail, remedy)
    if first_too_new is not None and known >= Version(first_too_new):
        return Finding(what, "too new", detail, remedy)
    return Finding(what, "found", detail)


def _package(name: str, remedy: str) -> Finding:
    try:
        return _judged(name, metadata.version(name), "", remedy)
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", remedy=remedy)


def _module(name: str, what: str, package: str, remedy: str) -> Finding:
    """A module that may be there without its package being known to pip, as NEST is."""
    if find_spec(name) is None:
        return Finding(what, "missing", remedy=remedy)
    try:
        return Finding(what, "found", metadata.version(package))
    except metadata.PackageNotFoundError:
        return Finding(what, "found")


def _tool(what: str, name: str, remedy: str) -> Finding:
    path = shutil.which(name)
    return Finding(what, "found", path) if path else Finding(what, "missing", remedy=remedy)


def _genn() -> Finding:
    remedy = "install GeNN 4.9 from its repository, and set GENN_PATH to its folder; GeNN 5 has another interface"
    place = toolkit.genn()
    if place is None:
        return Finding("GeNN", "missing", remedy=remedy)
    if not (place / "bin" / toolkit.GENERATE).exists() or not (place / "version.txt").exists():
        return Finding("GeNN", "missing", f"nothing in {place}", remedy)
    return _judged("GeNN", (place / "version.txt").read_text().strip(), str(place), remedy)


def _nvcc(what: str, remedy: str) -> Finding:
    nvcc = toolkit.compiler()
    return _judged(what, toolkit.release(nvcc), str(nvcc), remedy) if nvcc else Finding(what, "missing", remedy=remedy)


def _curand() -> Finding:
    """cuRAND's headers where the compiler looks for them, or its package."""
    nvcc = toolkit.compiler()
    if nvcc is None:
        return Finding("cuRAND", "missing", remedy="install CUDA, with cuRAND's headers")
    place = toolkit.headers(nvcc) or toolkit.curand_of_package(nvcc)
    if place:
        return Finding("cuRAND", "found", str(place))
    return Finding("cuRAND", "missing", remedy=f"pip install {toolkit.curand_package(nvcc)}, or install CUDA with it")


def _gpu() -> Finding:
    name = shutil.which("nvidia-smi")
    told = toolkit.told([name, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]) if name else ""
    if not told.strip():
        return Finding("GPU", "missing", remedy="none answers; take backend genn_cpu, or a machine with an NVIDIA GPU")
    return Finding("GPU", "found", told.strip().splitlines()[0])
