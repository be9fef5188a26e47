"""The command `brian2zoo table`: trainings that differ in their settings, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brian2zoo.cli.finding import from_here
from brian2zoo.cli.show import new_table, out

if TYPE_CHECKING:  # pandas takes a second to import
    import pandas as pd


def table(
    paths: Annotated[
        list[Path], typer.Argument(metavar="RESULTS", help="Results of trainings, folders of them, or one sweep.")
    ],
    csv: Annotated[Path | None, typer.Option(help="File to write the table to as well.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Picture to draw, .png; a .pdf lies beside it.")] = None,
) -> None:
    """Error after training, for each setting: mean, lowest and highest of the seeds, in percent.

    Give the results of a sweep: brian2zoo table results/sweep/digits/rule.eta+seed.nc, or a folder of trainings.
    """
    from brian2zoo.run import sweeps

    sweep = sweeps.open_sweep(paths)
    rows = sweeps.table(sweep)
    units = {name: sweep[name].attrs.get("units", "1") for name in sweeps.swept_names(sweep)}
    out.print(", ".join(str(sweep.attrs[key]) for key in sweeps.NETWORK if key in sweep.attrs), style="bold")
    _show(rows, units)
    if csv is not None:
        csv.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(csv, index=False)
        out.print(f"{from_here(csv)}: the table", soft_wrap=True)
    if figure is not None:
        from brian2zoo.figures import save
        from brian2zoo.figures.sweeps import draw

        command = " ".join(["brian2zoo table", *map(str, paths), "--figure", str(figure)])
        save(draw(sweep), figure.with_suffix(""), command)
        out.print(f"{from_here(figure.with_suffix('.png'))}: the figure", soft_wrap=True)


def _show(rows: "pd.DataFrame", units: dict[str, str]) -> None:
    headings = {name: name if unit == "1" else f"{name} ({unit})" for name, unit in units.items()}
    percents = ("error", "lowest", "highest")
    shown = new_table(*(headings.get(name, f"{name} (%)" if name in percents else name) for name in rows))
    for row in rows.itertuples(index=False):
        cells = zip(rows, row, strict=True)
        shown.add_row(*(f"{value:.2f}" if name in percents else _cell(value) for name, value in cells))
    out.print(shown, soft_wrap=False)


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
