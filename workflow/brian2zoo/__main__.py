"""`python -m brian2zoo`, where the command is not installed."""

from brian2zoo.cli import main

main()
