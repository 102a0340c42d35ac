"""What a kernel does, counted: runs, operations, bytes, widths of accesses, layouts and why."""

from tilevm.measure.layouts import Placed, layouts
from tilevm.measure.summary import Stats, stats

__all__ = ["Placed", "Stats", "layouts", "stats"]
