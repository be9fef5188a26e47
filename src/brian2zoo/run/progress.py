"""A progress bar on a terminal, a line now and then in a log."""

import sys
import time
from typing import Self, TextIO

from tqdm import tqdm


class Progress:
    """Shows how many of `total` samples are done and the time left.

    Parameters
    ----------
    seconds : least time between two lines where the stream is not a terminal.
    """

    def __init__(self, total: int, what: str, done: int = 0, stream: TextIO | None = None, seconds: float = 15) -> None:
        self.stream = stream or sys.stderr
        self.total, self.what, self.first, self.done, self.seconds = total, what, done, done, seconds
        self.begin = self.last = time.monotonic()
        self.bar = (
            tqdm(total=total, initial=done, desc=what, unit="sample", file=self.stream)
            if self.stream and self.stream.isatty()
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def advance(self, samples: int, note: str = "") -> None:
        """Count further samples as done; `note` is shown next to it."""
        self.done += samples
        if self.bar is not None:
            self.bar.set_postfix_str(note, refresh=False)
            self.bar.update(samples)
            return
        now = time.monotonic()
        if now - self.last >= self.seconds or self.done >= self.total:
            self.last = now
            line = tqdm.format_meter(
                self.done, self.total, now - self.begin, initial=self.first, prefix=self.what,
                unit="sample", ncols=0, postfix=note,
            )  # fmt: skip
            print(line, file=self.stream, flush=True)
