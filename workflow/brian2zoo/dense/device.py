"""C++ standalone with rows instead of index lists, the same equations and the same results.

Brian2 keeps every projection as pairs of indices behind a queue of synapses, and looks at every neuron for
its threshold one by one. Here a projection that is all-to-all in stored order with one delay keeps a ring of
spike lists and walks the row of each spike, and thresholds are looked at in blocks, which the compiler turns
into vector code. Whatever this does not cover takes Brian2's own template. The templates extend Brian2's.
"""

import re
from typing import Any

import brian2
from brian2.codegen.targets import codegen_targets
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices
from brian2.synapses.synapses import SynapticPathway
from brian2.utils.stringtools import get_identifiers

DEVICE = "dense_standalone"
_RANDOM = {"rand", "randn", "poisson"}


def row_code(lines: list[str]) -> list[str]:
    """The code of one synapse with both neurons known from the place in the row, not read from a list."""
    for side, known in (("post", "_column"), ("pre", "_row")):
        lines = [re.sub(rf"(\b_{side}synaptic_idx) = [^;]*;", rf"\1 = {known};", line) for line in lines]
    return lines


class DenseCodeObject(CPPStandaloneCodeObject):
    """A code object that may take a template of this package."""

    templater = CPPStandaloneCodeObject.templater.derive("brian2zoo.dense", env_globals={"row_code": row_code})


codegen_targets.add(DenseCodeObject)


def mark_rows(synapses: brian2.Synapses, delay_steps: int) -> None:
    """Say that a projection is all-to-all in stored order, and the steps its spikes take."""
    synapses._rows_delay = delay_steps


class DenseDevice(CPPStandaloneDevice):
    """The device behind ``brian2.set_device("dense_standalone")``."""

    def code_object_class(self, codeobj_class: type | None = None, fallback_pref: str | None = None) -> type:
        """Always the one that knows the templates of this package."""
        return DenseCodeObject

    def code_object(
        self,
        owner: Any,
        name: str,
        abstract_code: Any,
        variables: dict[str, Any],
        template_name: str,
        variable_indices: dict[str, str],
        codeobj_class: type | None = None,
        template_kwds: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """As Brian2's, with another template where one fits."""
        kwds = dict(template_kwds or {})
        if template_name == "threshold" and not _RANDOM & get_identifiers(str(abstract_code)):
            template_name = "dense_threshold"
        pathway = kwds.get("pathway", owner)
        if isinstance(pathway, SynapticPathway) and _has_rows(pathway):
            if template_name == "synapses_push_spikes":
                template_name = "dense_push_spikes"
            elif template_name == "synapses":
                template_name = "dense_synapses"
                kwds["row_length"] = len(pathway.synapses.target)
                kwds["delay_steps"] = pathway.synapses._rows_delay
                kwds["source_events"] = self.get_array_name(pathway.source.variables["_spikespace"])
                kwds["n_source"] = len(pathway.synapses.source)
        return super().code_object(
            owner, name, abstract_code, variables, template_name, variable_indices,
            codeobj_class=codeobj_class, template_kwds=kwds, **options,
        )  # fmt: skip


def _has_rows(pathway: SynapticPathway) -> bool:
    return pathway.prepost == "pre" and hasattr(pathway.synapses, "_rows_delay") and pathway.event == "spike"


all_devices[DEVICE] = DenseDevice()
