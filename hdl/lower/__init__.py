"""Lowering: from a tile program with bound shapes to a netlist of units, one rule per op."""

from hdl.lower.building import Tap
from hdl.lower.edges import Port
from hdl.lower.engines import MAX_ENGINES
from hdl.lower.lowering import LIMITS, Lowered, lower
from hdl.lower.planning import Limits

__all__ = ["LIMITS", "MAX_ENGINES", "Limits", "Lowered", "Port", "Tap", "lower"]
