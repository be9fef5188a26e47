"""The command `brian2zoo`, also as `python -m brian2zoo`, where the command is not installed."""

import sys


def main() -> None:
    """Run the command; an interrupt while it is imported, which takes a second, ends it without a word."""
    try:
        from brian2zoo.cli.commands import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
