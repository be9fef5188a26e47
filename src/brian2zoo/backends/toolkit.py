"""What is no Python package: GeNN, NVIDIA's compiler and its library of random numbers, where this machine has them."""

import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

GENERATE = "genn-buildmodel.sh"


def genn() -> Path | None:
    """GeNN's folder: GENN_PATH, if it is set, else the one its command on the path is in; None if there is none."""
    command = shutil.which(GENERATE)
    place = os.environ.get("GENN_PATH") or (command and str(Path(command).resolve().parents[1]))
    return Path(place) if place else None


def compiler() -> Path | None:
    """nvcc: that of CUDA_PATH, if it is set, else the one on the path; None if there is none."""
    folder = os.environ.get("CUDA_PATH")
    found = shutil.which("nvcc", path=str(Path(folder, "bin"))) if folder else shutil.which("nvcc")
    return Path(found) if found else None


def release(nvcc: Path) -> str:
    """Its version as "13.0", "?" if it does not tell."""
    version = re.search(r"release ([\d.]+)", told([str(nvcc), "--version"]))
    return version[1] if version else "?"


def headers(nvcc: Path) -> Path | None:
    """The folder with cuRAND's headers among those that the compiler searches by itself."""
    searched = re.findall(r"-I([^\"]+)", told([str(nvcc), "--dryrun", "-x", "cu", "/dev/null"]))
    return next((Path(folder).resolve() for folder in searched if Path(folder, "curand_kernel.h").exists()), None)


def curand_package(nvcc: Path) -> str:
    """The name under which the package index has cuRAND for the compiler's version."""
    major = release(nvcc).partition(".")[0]
    return f"nvidia-curand-cu{major}" if major in ("11", "12") else "nvidia-curand"


def curand_of_package(nvcc: Path) -> Path | None:
    """The folder of `curand_package`, with `include` and `lib`; None if it is not installed."""
    try:
        files = metadata.files(curand_package(nvcc)) or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())).parents[1] for file in files if file.name == "curand_kernel.h"), None)


def told(command: list[str]) -> str:
    """What a command prints, nothing if it cannot be run or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
