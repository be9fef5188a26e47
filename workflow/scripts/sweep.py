"""Gather the trainings of a sweep into one dataset, a table and a figure."""

from pathlib import Path

from typer import Option

from brian2zoo.cli import scripting
from brian2zoo.figures import save
from brian2zoo.figures import sweeps as drawing
from brian2zoo.run import results, sweeps


def main(
    trained: list[Path] = Option(help="results of the trainings"),
    output: Path = Option(help="dataset to write"),
    table: Path = Option(help="table to write, CSV"),
    figure: Path = Option(help="picture to write, .png; a .pdf lies beside it"),
) -> None:
    sweep = sweeps.open_sweep(trained)
    names = ", ".join(sweeps.swept_names(sweep)) or "seeds"
    results.write(sweep, output, f"Sweep over {names}", command=scripting.command(output))
    with results.replacing(table) as partial:
        sweeps.table(sweep).to_csv(partial, index=False)
    save(drawing.draw(sweep), figure.with_suffix(""), scripting.command(figure))


scripting.run(main)
