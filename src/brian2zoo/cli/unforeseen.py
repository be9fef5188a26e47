"""The last line of defence: an exception that nobody foresaw becomes one line, and a file to report it with."""

import errno
import os
import platform
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from brian2zoo.errors import ZooError

TRACEBACK = "BRIAN2ZOO_TRACEBACK"
"""Environment variable: where it is set, the traceback is printed too."""
_LOGS = Path("results/logs")
_SPACE, _RIGHTS = "free space there, or write to another place", "change its rights, or take another place"
_OTHER = "give another path"
_REFUSED = {
    errno.ENOSPC: _SPACE, errno.EDQUOT: _SPACE, errno.EFBIG: _SPACE, errno.EACCES: _RIGHTS, errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS, errno.EIO: "look after the disk", errno.EPIPE: "read all of its output",
    errno.EBADF: "leave its output open", errno.ENOENT: _OTHER, errno.EISDIR: _OTHER, errno.ENOTDIR: _OTHER,
    errno.EEXIST: _OTHER, errno.ENAMETOOLONG: _OTHER, errno.ELOOP: _OTHER, errno.EMFILE: "close other programs",
    errno.ENOMEM: "close other programs",
}  # fmt: skip
"""What the system may refuse, and what to do about it; no mistake of this program's."""
_OF_THE_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE, errno.EBADF)
"""What it may refuse of a file that it does not name."""
_PACKAGES = ("brian2zoo", "brian2", "brian2genn", "brian2cuda", "numpy", "sympy", "xarray", "netcdf4", "snakemake")


def told(error: Exception) -> str:
    """What to tell the user of an exception, in one line.

    That is a `ZooError` as it is, what the system refuses in its words, and of any other where the report lies.
    """
    if isinstance(error, ZooError):
        return str(error)
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.errno in (_REFUSED if error.filename else _OF_THE_OUTPUT):
        what = "it cannot be read or written" if error.filename else "what it has to say cannot be written"
        problem = f"{what} ({os.strerror(error.errno)})"
        return str(ZooError(error.filename or _program(), "", problem, _REFUSED[error.errno]))
    message = " ".join(str(error).split())
    problem = f"unforeseen {type(error).__name__}{f': {message[:300]}' if message else ''}"
    path = _write(report(error))
    remedy = f"please report it, with {path}" if path else f"{TRACEBACK}=1 shows more; no report could be written"
    command = [word for word in sys.argv[1:2] if not word.startswith("-")]
    return str(ZooError(_program(), "".join(command), problem, remedy))


def _program() -> str:
    return Path(sys.argv[0]).name


def report(error: Exception) -> str:
    """All that is needed to find the cause."""
    from brian2zoo.formats.zoo import zoo_in_use
    from brian2zoo.run.results import git_commit

    facts: dict[str, Callable[[], object]] = {
        "command": lambda: shlex.join(sys.argv),
        "folder": os.getcwd,
        "zoo": zoo_in_use,
        "commit": git_commit,
        "system": lambda: f"{platform.platform()}, Python {platform.python_version()}",
        "packages": lambda: ", ".join(f"{name} {version}" for name in _PACKAGES if (version := _version(name))),
        "settings": lambda: {name: value for name, value in os.environ.items() if name.startswith("BRIAN2ZOO_")},
    }
    lines = [f"{name}: {_found(find)}" for name, find in facts.items()]
    return "\n".join([*lines, "", *traceback.format_exception(error)])


def _found(find: Callable[[], object]) -> object:
    try:
        return find()
    except Exception as error:  # what is wrong may be just this
        return f"? ({error})"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _write(text: str) -> Path | None:
    """Among the pipeline's logs, if there are any, else in the folder for temporary files; None if neither takes it."""
    for folder in (_LOGS, None):
        if folder is not None and not folder.is_dir():
            continue
        try:
            stamp = time.strftime("%Y-%m-%d-%H%M%S")
            number, path = tempfile.mkstemp(".txt", f"brian2zoo-{stamp}-", folder)
            with open(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return Path(path)
    return None
