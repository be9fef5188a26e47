"""How every figure looks: page width, type, colours. The only place that says so."""

from dataclasses import dataclass

from matplotlib import style

WIDTH = 7.0  # inches: two columns of a journal, drawn at the size it is printed
FOOTER = 6  # points
THIN = 0.5  # points, a line that stands back

# Okabe and Ito's palette, safe for the colour-blind
BLUE, VERMILLION, GREEN, SKY, PURPLE, ORANGE = "#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#E69F00"
BLACK, GREY, PALE = "black", "0.45", "0.85"
OLIVE = "#999933"  # of Tol's, where eight are too few

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


LOOKS = {  # in the order of legends and columns
    "erbp_plus": Look("eRBP+", BLUE, "o"),
    "erbp_times": Look("eRBP×", VERMILLION, "s"),  # noqa: RUF001
    "rbp": Look("RBP", GREEN, "^"),
    "bp": Look("BP", BLACK, "v"),
    "erbp_fixed_point": Look("eRBP+ fixed point", SKY, "p", dashed=True),
    "erbp_counted_rounding": Look("eRBP+ fixed point, counters", OLIVE, "d", dashed=True),
    "erbp_times_fixed_point": Look("eRBP× fixed point", GREY, "h", dashed=True),  # noqa: RUF001
    "dfa": Look("DFA", PURPLE, "<", dashed=True),
    "readout_only": Look("readout only", ORANGE, ">", dashed=True),
    "nbp": Look("nBP", BLACK, "o"),
    "nbp_fixed_feedback": Look("fixed feedback", PURPLE, "^", dashed=True),
    "nbp_updated": Look("updated weights back", SKY, "v", dashed=True),
    "nbp_readout": Look("last layer only", ORANGE, ">", dashed=True),
    "nbp_no_box": Look("no derivative", GREY, "s", dashed=True),
    "rtrl_full": Look("full RTRL", ORANGE, "*"),
    "rtrl_block_diagonal": Look("block-diagonal RTRL", BLACK, "o"),
    "snap1": Look("SnAp-1", GREY, "v"),
    "eprop_lif": Look("e-prop, LIF", BLUE, "s"),
    "eprop_alif": Look("e-prop, ALIF", SKY, "p"),
    "superspike": Look("SuperSpike", VERMILLION, "D"),
    "decolle": Look("DECOLLE", GREEN, "^"),
    "rflo": Look("RFLO", PURPLE, "<"),
    "rtrl_sign_concordant": Look("feedback by signs", SKY, "P", dashed=True),
    "rtrl_random_feedback": Look("random feedback", PURPLE, "X", dashed=True),
    "rtrl_uniform_feedback": Look("uniform feedback", GREEN, "h", dashed=True),
    "rtrl_no_recurrence": Look("no recurrence", GREY, "d", dashed=True),
    "rtrl_readout_only": Look("readout only (RTRL)", ORANGE, ">", dashed=True),
    "bp_analog": Look("BP in place", BLACK, "v"),
    "dfa_analog": Look("DFA in place", PURPLE, "<"),
    "rbp_analog": Look("RBP in place", GREEN, "^", dashed=True),
    "sign_symmetric_analog": Look("sign-symmetric in place", ORANGE, ">", dashed=True),
}


READOUTS = {  # variable of a result: how binary outputs with a membrane are read; apart from the looks of nBP's methods
    "membrane_error": Look("largest membrane", GREEN, "P"),
    "test_error": Look("output spike", BLUE, "h"),
    "exact_error": Look("all outputs right", VERMILLION, "X"),
}


def look(experiment: str, setting: str = "default") -> Look:
    """How a method is drawn; an experiment that is not listed is grey, under its own name."""
    known = LOOKS.get(experiment, Look(experiment, GREY, "*", dashed=True))
    if setting == "default":
        return known
    return Look(f"{known.label}, {setting}", known.colour, known.marker, dashed=True)


def method_order(method: tuple[str, str]) -> tuple[int, str, bool, str]:
    """Sorting key of (experiment, setting): as listed, then by name; without a setting first."""
    experiment, setting = method
    place = list(LOOKS).index(experiment) if experiment in LOOKS else len(LOOKS)
    return place, experiment, setting != "default", setting
