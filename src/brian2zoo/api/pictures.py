"""Pictures from Python: the figures of papers, and what a rule, a neuron or a synapse does."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from brian2zoo.cli.figure_commands import drawn_from
from brian2zoo.cli.plot_command import drawable
from brian2zoo.errors import ZooError
from brian2zoo.figures.pictures import picture
from brian2zoo.formats.papers import papers
from brian2zoo.formats.zoo import Zoo
from brian2zoo.protocols.subject import subject
from brian2zoo.run import published, results


def figure(
    name: str,
    data: Sequence[xr.Dataset | str | Path] = (),
    *,
    on: str = "",
    setting: str = "default",
    files: Mapping[str, str] | None = None,
) -> Figure:
    """A figure of a paper, or a picture of a rule, a neuron or a synapse.

    Parameters
    ----------
    name : PAPER/FIGURE, as `brian2zoo figures` lists them; or a file as `brian2zoo plot` takes it, such as 'rule/erbp'.
    data : for a figure of a paper, the results that it is drawn from, or their files; left out, those published with
        the zoo.
    on, setting : for a picture, the experiment whose numbers are taken, and numbers to replace.
    files : for a picture, texts by their path in the zoo, as for `load`.

    Returns
    -------
    a figure of Matplotlib; in a notebook it shows itself, else `savefig` writes it.

    Raises
    ------
    ZooError
        If there is no such figure or file, or no result to draw it from.

    Examples
    --------
    >>> import brian2zoo as zoo
    >>> zoo.figure("neuron/lif_exp").savefig("lif_exp.png")  # doctest: +SKIP
    >>> zoo.figure("erbp/curves", [zoo.train("erbp_plus", "64-100-10", "digits")])  # doctest: +SKIP
    """
    zoo = Zoo(files=files)
    key, _, own = name.partition("/")
    known = papers(zoo.root)
    if key in known and own in known[key].figures:
        of = known[key]
        given = [each if isinstance(each, xr.Dataset) else results.read(Path(each)) for each in data]
        made = [published.whole(each) for each in given] if given else drawn_from(zoo, of, own)
        return of.module(own).draw(made, of.published)
    if data:
        raise ZooError("name", "", f"there is no figure '{name}' of a paper", "'brian2zoo figures' lists them")
    return picture(subject(zoo, *drawable(zoo, name), on, setting))[0]
