"""The rule of one file, composed for projections that a test makes by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from brian2zoo.formats.experiment import Ways
from brian2zoo.formats.experiments import Choice
from brian2zoo.formats.models import NeuronModel, SynapseModel
from brian2zoo.formats.rules import Rule
from brian2zoo.learning.parts import Neurons
from brian2zoo.learning.rule import LearningRule, learning_rule


def rule_of(
    rule: Rule,
    synapse: SynapseModel,
    overrides: Mapping[str, str] | None = None,
    transmits: Literal["before", "after"] = "after",
) -> LearningRule:
    """A rule that asks for the change dw itself, between two populations, whatever their neurons."""
    ways = Ways(Choice(transmits=transmits), rule, None, None, Path("test.yaml"), "plastic", frozenset())
    ends = [Neurons(name, NeuronModel(title=name, equations=""), {}) for name in ("before", "behind")]
    return learning_rule(ways, *ends, synapse, None, {"rule": overrides or {}, "surrogate": {}, "optimizer": {}})
