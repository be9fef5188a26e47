"""Strings of several networks abreast, which count neurons within their network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brian2.utils.stringtools import word_substitute


def within(code: Any, sizes: Mapping[str, int]) -> Any:
    """Code whose strings count neurons within their network.

    Parameters
    ----------
    code : of a neuron or a synapse.
    sizes : neurons of one network by the index that counts them, 'i' or 'j'.
    """
    counted = {index: f"({index} % {size})" for index, size in sizes.items()}
    strings = {name: word_substitute(value, counted) for name, value in vars(code).items() if isinstance(value, str)}
    return replace(code, **strings)
