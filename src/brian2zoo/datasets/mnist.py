"""MNIST and Fashion-MNIST, from a folder or downloaded once; in both cases checked to be the published files."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from brian2zoo.datasets import idx
from brian2zoo.datasets.images import ImageSet
from brian2zoo.errors import ZooError

SHAPE, CLASSES = (28, 28), 10
TITLES = {
    "mnist": (
        "MNIST handwritten digits",
        "Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits",
    ),
    "fashion_mnist": ("Fashion-MNIST", "H. Xiao, K. Rasul and R. Vollgraf, arXiv:1708.07747"),
}
"""Of each set, by its entry in data/checksums.yaml: what it is called, and whose it is."""
FILES = idx.IdxFiles()
NAMES = tuple(FILES.model_dump().values())


class FileChecksums(BaseModel):
    """What one published file must hash to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(description="SHA-256 of the decompressed content, the same in every copy")
    gz_md5: str = Field(description="MD5 of the compressed file as the mirrors serve it")


class Registry(BaseModel):
    """An entry of data/checksums.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mirrors: tuple[str, ...] = Field(description="addresses that hold the four .gz files, tried in this order")
    files: Mapping[str, FileChecksums] = Field(description="checksums of each file, by its name without .gz")

    @field_validator("files")
    @classmethod
    def _names_all_four(cls, files: Mapping[str, FileChecksums]) -> Mapping[str, FileChecksums]:
        if set(files) != set(NAMES):
            raise ValueError(f"must list exactly {', '.join(NAMES)}")
        return files


def read(name: str, folder: Path | None, data_dir: Path, checksums: Path) -> ImageSet:
    """60 000 training and 10 000 test images (28 x 28) of ten handwritten digits, or of ten kinds of clothing.

    Parameters
    ----------
    name : a key of `TITLES`.
    folder : where the four files lie; None for `data_dir`/`name`, where what is missing is downloaded.
    checksums : YAML file whose entry `name` is a `Registry`.

    Raises
    ------
    ZooError : a file is missing, damaged or not the published one, or no mirror serves it.
    """
    registry = _registry(checksums, name)
    if folder is None:
        folder = data_dir / name
        fetch(folder, registry)
    return idx.read(
        folder,
        FILES,
        title=TITLES[name][0],
        source=TITLES[name][1],
        sha256={name: sums.sha256 for name, sums in registry.files.items()},
    )


def fetch(folder: Path, registry: Registry) -> None:
    """Download into `folder` the files it lacks, with a progress bar; each appears whole or not at all.

    A file that is there under any spelling is left alone: one put there by hand, or before an interruption,
    is not fetched again. ZooError if no mirror delivers a file with the right checksum.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be made ({error.strerror})"
        raise ZooError(folder, "", problem, "a writable data directory") from error
    for name, sums in registry.files.items():
        if idx.find(folder, name) is None:
            _download(f"{name}.gz", folder, sums.gz_md5, registry.mirrors)


def _download(name: str, folder: Path, md5: str, mirrors: tuple[str, ...]) -> None:
    import pooch  # here, since few download

    failures = []
    for mirror in mirrors:
        try:
            url = f"{mirror.rstrip('/')}/{name}"
            file = pooch.retrieve(url, f"md5:{md5}", name, folder, progressbar=True)
            Path(file).chmod(0o644)  # pooch leaves it to its owner alone, and data folders are often shared
        except (OSError, ValueError) as error:  # network and disk; address and checksum
            failures.append(shorten(f"{mirror}: {type(error).__name__}: {error}", 240, placeholder=" …"))
        else:
            return
    raise ZooError(
        folder.resolve(),
        "",
        f"{name} could not be downloaded ({'; '.join(failures)})",
        f"put {', '.join(NAMES)} (plain or .gz) into this folder by hand, or set folder to one that has them",
    )


def _registry(checksums: Path, name: str) -> Registry:
    try:
        return Registry.model_validate(YAML(typ="safe", pure=True).load(checksums.read_text(encoding="utf-8"))[name])
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, (name, *first["loc"])))
        remedy = "mirrors, and sha256 and gz_md5 of each file"
        raise ZooError(checksums, field, first["msg"], remedy) from error
    except (OSError, UnicodeDecodeError, YAMLError, KeyError, TypeError) as error:
        problem = f"cannot be read ({shorten(str(error), 240, placeholder=' …')})"  # YAML's errors span lines
        raise ZooError(checksums, name, problem, "a YAML file with this entry") from error
