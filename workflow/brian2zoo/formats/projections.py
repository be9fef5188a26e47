"""The kinds of projections between layers, which an experiment's keys name."""

from typing import Literal, get_args

from brian2zoo.formats.language import Name

ProjectionKind = Literal["input_hidden", "recurrent", "hidden_hidden", "hidden_output"]
PLASTIC_KINDS: tuple[Name, ...] = get_args(ProjectionKind)
