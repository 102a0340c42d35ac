"""What the actors of lowered ops compute: functions of lanes, in Amaranth and in NumPy."""

from hdl.lower.functions.address import Address, Swap
from hdl.lower.functions.beats import Lane, beat_shape, from_beats, to_beats
from hdl.lower.functions.choice import Always, Choose, Join, Offset
from hdl.lower.functions.elementwise import Lanewise, absolute, between, clamp
from hdl.lower.functions.exact import (
    Accumulator,
    ExactTerms,
    Factor,
    accumulator,
)
from hdl.lower.functions.extremes import Extreme, ExtremeOf, Unmarked, extreme_code
from hdl.lower.functions.floats import Circuits, Table, TabledCircuits, VectorTable
from hdl.lower.functions.groups import Reach, ReachOf
from hdl.lower.functions.joins import Joining, JoinStep
from hdl.lower.functions.planes import HornerStep, Weigh
from hdl.lower.functions.prefix import Entries, ScanStep
from hdl.lower.functions.products import ExactProduct, ProductTerms
from hdl.lower.functions.reduction import Combine, FoldStep, Reduce, tree
from hdl.lower.functions.rounding import RoundExact, RoundProduct
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
    "ExactProduct",
    "ExactTerms",
    "Extreme",
    "ExtremeOf",
    "Factor",
    "FoldStep",
    "HornerStep",
    "Join",
    "JoinStep",
    "Joining",
    "Lane",
    "Lanewise",
    "Offset",
    "Philox",
    "ProductTerms",
    "Reach",
    "ReachOf",
    "Reduce",
    "Rotate",
    "RoundExact",
    "RoundProduct",
    "ScanStep",
    "Select",
    "Subsets",
    "Swap",
    "Table",
    "TabledCircuits",
    "Unmarked",
    "VectorTable",
    "Weigh",
    "absolute",
    "accumulator",
    "beat_shape",
    "between",
    "clamp",
    "extreme_code",
    "from_beats",
    "to_beats",
    "tree",
]
