"""How every figure looks: page width, type, colours. The only place that says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from matplotlib import style
from matplotlib.colors import to_hex, to_rgb

from brian2zoo.formats.papers import Colour, papers
from brian2zoo.formats.settings import parts_of

WIDTH = 7.0  # inches: two columns of a journal, drawn at the size it is printed
FOOTER = 6  # points
NOTE = 6.8  # points, what stands below a picture without a page of its own
THIN = 0.5  # points, a line that stands back

# Okabe and Ito's palette, safe for the colour-blind
BLUE, VERMILLION, GREEN, SKY, PURPLE, ORANGE = "#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#E69F00"
BLACK, GREY, PALE = "black", "0.45", "0.85"
OLIVE = "#999933"  # of Tol's, where eight are too few
COLOURS: dict[Colour, str] = {
    "blue": BLUE, "vermillion": VERMILLION, "green": GREEN, "sky": SKY, "purple": PURPLE, "orange": ORANGE,
    "olive": OLIVE, "black": BLACK, "grey": GREY,
}  # fmt: skip

RC = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "pdf.fonttype": 42,  # text stays text, editable and searchable
    "savefig.dpi": 200,
}

# for functions that draw; and for saving, since ticks take their style when they are first drawn
styled = style.context(RC, after_reset=True)


@dataclass(frozen=True)
class Look:
    """One method, or one reading of its answer, the same in all figures; told apart by its marker and its colour.

    Parameters
    ----------
    dashed : a control, a variant, or a method that the paper does not have.
    """

    label: str
    colour: str
    marker: str
    dashed: bool = False

    @property
    def line(self) -> dict[str, str]:
        """Keywords of its lines."""
        return {"color": self.colour, "linestyle": "--" if self.dashed else "-"}


@lru_cache
def looks() -> dict[str, Look]:
    """Looks of the methods of all papers, in the order of legends and columns."""
    return {
        experiment: Look(shown.label, COLOURS[shown.colour], shown.marker, shown.dashed)
        for paper in papers().values()
        for experiment, shown in paper.looks.items()
    }


def look(experiment: str) -> Look:
    """How a method is drawn; an experiment that no paper lists is grey, under its own name."""
    return looks().get(experiment, Look(experiment, GREY, "*", dashed=True))


@lru_cache
def _data_labels() -> dict[str, str]:
    return {name: label for paper in papers().values() for name, label in paper.data.items()}


def network_label(attrs: Mapping[str, Any]) -> str:
    """Data and layers of a result, as titles have them."""
    return f"{_data_labels().get(attrs['dataset'], attrs['dataset'])} {attrs['layers']}"


VARIANTS = ("P", "X", "d", "h", "*", "p")  # markers of a method's further settings
GREEK = {"eta": "η", "tau": "τ", "sigma": "σ", "beta": "β", "alpha": "α", "rho": "ρ"}  # noqa: RUF001


def method_looks(methods: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Look]:
    """How the methods of one panel are drawn, each (experiment, setting) unlike the others.

    A setting is named only where the panel has several of its experiment.
    """
    methods, found = list(methods), {}
    for experiment in dict.fromkeys(name for name, _ in methods):
        settings = [setting for name, setting in methods if name == experiment]
        known, varied = look(experiment), [setting for setting in settings if setting != "default"]
        if len(settings) == 1:
            found[experiment, settings[0]] = known
            continue
        found |= {(experiment, "default"): known} if "default" in settings else {}
        for k, setting in enumerate(varied):
            label = f"{known.label}, {setting_text(setting)}"
            colour = _paler(known.colour, (k + 1) / (len(varied) + 1))
            shown = replace(known, label=label, colour=colour, marker=VARIANTS[k % len(VARIANTS)], dashed=True)
            found[experiment, setting] = shown
    return {method: found[method] for method in methods}


def setting_text(setting: str) -> str:
    """A setting as a reader would write it: `rule.eta=4e-3*nS` is η 4e-3 nS; a name as it is."""
    parts = (part.rpartition("=") for part in parts_of(setting))
    named = ((name.rpartition(".")[2], value.replace("*", " ")) for name, _, value in parts)
    return ", ".join(f"{GREEK.get(name, name)} {value}".strip() for name, value in named)


def _paler(colour: str, share: float) -> str:
    """A colour on its way to a pale grey of itself."""
    return to_hex([(1 - 0.7 * share) * part + 0.7 * share * 0.85 for part in to_rgb(colour)])


def method_order(method: tuple[str, str]) -> tuple[int, str, bool, str]:
    """Sorting key of (experiment, setting): as listed, then by name; without a setting first."""
    experiment, setting = method
    listed = list(looks())
    place = listed.index(experiment) if experiment in listed else len(listed)
    return place, experiment, setting != "default", setting
