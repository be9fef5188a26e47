"""Draw what every rule, neuron and synapse does, for the pages of the documentation; list what has no picture."""

from pathlib import Path

from typer import Option

from brian2zoo.check import ReadOnce
from brian2zoo.cli import scripting
from brian2zoo.errors import ZooError
from brian2zoo.figures import save
from brian2zoo.figures.pictures import KINDS, picture
from brian2zoo.formats.zoo import Zoo
from brian2zoo.protocols.subject import subject
from brian2zoo.run import results


def main(
    folder: Path = Option(help="where to write KIND/NAME.png"),
    without: Path = Option(help="text to write: a line for each file without a picture"),
) -> None:
    zoo, refused = ReadOnce.of(Zoo()), []
    for kind in KINDS:
        for name in zoo.names(kind):
            try:
                figure, caption = picture(subject(zoo, kind, name))
            except ZooError as error:
                refused.append(f"{kind}/{name}: {error}")
                continue
            save(figure, folder / kind / name, f"brian2zoo plot {kind}/{name}", caption, ("png",))
    with results.replacing(without) as partial:
        partial.write_text("\n".join([*refused, ""]), encoding="utf-8")


scripting.run(main)
