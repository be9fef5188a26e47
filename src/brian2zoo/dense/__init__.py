"""A Brian2 device on top of C++ standalone, fast for all-to-all projections."""

from brian2zoo.dense.device import DEVICE, DenseDevice

__all__ = ["DEVICE", "DenseDevice"]
