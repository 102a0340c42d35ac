"""Lowering: from a tile program with bound shapes to a netlist of units, one rule per op."""

from hdl.lower.lowering import Lowered, Port, Tap, lower

__all__ = ["Lowered", "Port", "Tap", "lower"]
