"""Progress that can be read on a terminal and in a log."""

import io

import pytest

from brian2zoo.run.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_log_has_whole_lines_that_say_what_and_how_far() -> None:
    log = io.StringIO()
    with Progress(40, "bp 8-5-3", stream=log, seconds=0) as progress:
        for wrong in ("50% wrong", "25% wrong"):
            progress.advance(20, wrong)
    first, second = log.getvalue().splitlines()
    assert "\r" not in log.getvalue()
    for part in ("bp 8-5-3", "50%", "20/40", "50% wrong"):
        assert part in first
    for part in ("100%", "40/40", "25% wrong"):
        assert part in second


def test_log_has_a_line_now_and_then_and_one_at_the_end() -> None:
    log = io.StringIO()
    with Progress(1000, "bp", stream=log, seconds=3600) as progress:
        for _ in range(1000):
            progress.advance(1)
    assert len(log.getvalue().splitlines()) == 1
    assert "1000/1000" in log.getvalue()


def test_resumed_training_counts_from_where_it_was() -> None:
    log = io.StringIO()
    with Progress(100, "bp", done=90, stream=log, seconds=0) as progress:
        progress.advance(5)
    assert "95/100" in log.getvalue()


def test_terminal_has_a_bar_that_is_drawn_over() -> None:
    terminal = Terminal()
    with Progress(40, "bp 8-5-3", stream=terminal) as progress:
        progress.advance(40, "25% wrong")
    assert "\r" in terminal.getvalue()
    last = terminal.getvalue().rstrip("\n").rpartition("\r")[2]
    for part in ("bp 8-5-3", "100%", "40/40", "25% wrong"):
        assert part in last


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_an_error_passes_through(stream) -> None:
    with pytest.raises(KeyError), Progress(40, "bp", stream=stream()):
        raise KeyError
