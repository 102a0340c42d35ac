"""Traces: what every op of a run computed, in a file, compared, or stepped through."""

from tilevm.trace.debugger import Debugger, Quit
from tilevm.trace.diff import Difference, first_difference
from tilevm.trace.files import read_trace, writer_for
from tilevm.trace.record import Recorder, Step, record
from tilevm.trace.reference import record_reference

__all__ = [
    "Debugger",
    "Difference",
    "Quit",
    "Recorder",
    "Step",
    "first_difference",
    "read_trace",
    "record",
    "record_reference",
    "writer_for",
]
