"""Lowering: from a tile program with bound shapes to a netlist of units, one rule per op."""

from hdl.lower.building import Tap
from hdl.lower.edges import Port
from hdl.lower.lowering import MAX_ACCUMULATOR, Lowered, lower

__all__ = ["MAX_ACCUMULATOR", "Lowered", "Port", "Tap", "lower"]
