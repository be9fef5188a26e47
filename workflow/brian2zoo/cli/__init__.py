"""The command `brian2zoo`, and what the pipeline's scripts share."""


def main() -> None:
    """Entry point of the console script."""
    from brian2zoo.cli.commands import main as run  # which the scripts of the pipeline do without

    run()
