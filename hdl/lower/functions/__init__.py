"""What the actors of lowered ops compute: functions of lanes, in Amaranth and in NumPy."""

from hdl.lower.functions.address import Address, Swap
from hdl.lower.functions.beats import Lane, beat_shape, from_beats, to_beats
from hdl.lower.functions.choice import Always, Choose, Join, Offset
from hdl.lower.functions.elementwise import Lanewise, absolute, between, clamp
from hdl.lower.functions.exact import (
    Accumulator,
    ExactStep,
    ExactTerms,
    Factor,
    RoundExact,
    accumulator,
)
from hdl.lower.functions.floats import (
    Circuits,
    Extreme,
    ExtremeOf,
    ExtremeStep,
    Table,
    TabledCircuits,
)
from hdl.lower.functions.planes import HornerStep, Weigh
from hdl.lower.functions.prefix import Entries, ScanStep
from hdl.lower.functions.reduction import Combine, FoldStep, Reduce, tree
from hdl.lower.functions.staged import Divide, Philox, Rotate
from hdl.lower.functions.tables import Select, Subsets

__all__ = [
    "Accumulator",
    "Address",
    "Always",
    "Choose",
    "Circuits",
    "Combine",
    "Divide",
    "Entries",
    "ExactStep",
    "ExactTerms",
    "Extreme",
    "ExtremeOf",
    "ExtremeStep",
    "Factor",
    "FoldStep",
    "HornerStep",
    "Join",
    "Lane",
    "Lanewise",
    "Offset",
    "Philox",
    "Reduce",
    "Rotate",
    "RoundExact",
    "ScanStep",
    "Select",
    "Subsets",
    "Swap",
    "Table",
    "TabledCircuits",
    "Weigh",
    "absolute",
    "accumulator",
    "beat_shape",
    "between",
    "clamp",
    "from_beats",
    "to_beats",
    "tree",
]
