"""All kinds of text files: where each lies, and its JSON Schema for editors."""

from typing import Any

from brian2zoo.formats.chips import ComputeInMemory, PlacementPlan, SpikingChip
from brian2zoo.formats.circuits import CircuitPlan
from brian2zoo.formats.experiments import ExperimentFile
from brian2zoo.formats.files import File
from brian2zoo.formats.merging import merges_by_key, merges_by_name
from brian2zoo.formats.models import (
    Encoder,
    Feedback,
    Loss,
    NeuronModel,
    Optimizer,
    StateFormat,
    Surrogate,
    SynapseModel,
)
from brian2zoo.formats.phases import PhaseTable
from brian2zoo.formats.rules import Rule

KINDS: dict[str, tuple[type[File], str]] = {
    "neuron": (NeuronModel, "models/neurons"),
    "synapse": (SynapseModel, "models/synapses"),
    "encoder": (Encoder, "models/encoders"),
    "state": (StateFormat, "models/states"),
    "circuit": (CircuitPlan, "models/circuits"),
    "phases": (PhaseTable, "models/phases"),
    "loss": (Loss, "models/losses"),
    "optimizer": (Optimizer, "models/optimizers"),
    "surrogate": (Surrogate, "models/surrogates"),
    "feedback": (Feedback, "models/feedback"),
    "rule": (Rule, "rules"),
    "chip": (SpikingChip, "models/chips"),
    "placement": (PlacementPlan, "models/placements"),
    "experiment": (ExperimentFile, "config/experiments"),
    "cim": (ComputeInMemory, "models/chips"),
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each kind of file, for editors.

    A file that extends another may leave out any key, and may remove an inherited one by null; only a file
    that stands by itself has to be complete.
    """
    schemas = {}
    for kind, (model, _) in KINDS.items():
        schema = model.model_json_schema()
        for hidden in ("name", "path"):
            schema["properties"].pop(hidden)
        complete: dict[str, Any] = {"required": schema.pop("required"), "properties": {}}
        for key, field in model.model_fields.items():
            if merges_by_name(field):
                schema["properties"][key].pop("default", None)
            elif merges_by_key(field):
                complete["properties"][key] = _relax(schema, schema["properties"][key])
        schemas[kind] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **schema,
            "if": {"required": ["extends"]},
            "else": complete,
        }
    return schemas


def _relax(schema: dict[str, Any], mapping: dict[str, Any]) -> dict[str, Any]:
    """Let a mapping of strings be partial and hold nulls; returns what this takes away."""
    mapping = next((each for each in mapping.get("anyOf", ()) if "$ref" in each), mapping)
    mapping = schema["$defs"][mapping["$ref"].rpartition("/")[2]] if "$ref" in mapping else mapping
    values = [*mapping.get("properties", {}).values()]
    if isinstance(mapping["additionalProperties"], dict):
        values.append(mapping["additionalProperties"])
    for value in values:
        if value.get("type") == "string":
            value["type"] = ["string", "null"]
        elif "anyOf" not in value:  # which may be null as it is
            whole = dict(value)
            value.clear()
            value["anyOf"] = [whole, {"type": "null"}]
    return {"additionalProperties": {"not": {"type": "null"}}, "required": mapping.pop("required", [])}
