"""A Brian2 device for all-to-all projections, on top of C++ standalone."""

from brian2zoo.dense.device import DEVICE, DenseDevice, mark_rows

__all__ = ["DEVICE", "DenseDevice", "mark_rows"]
