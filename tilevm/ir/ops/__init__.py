"""The ops by family: importing this package registers them all."""

from tilevm.ir.ops.bits import And, Not, Or, Shl, Shr, Xor
from tilevm.ir.ops.compare import Compare, Max, Min, Select
from tilevm.ir.ops.create import Full, Iota, Random
from tilevm.ir.ops.debug import Assert, Print
from tilevm.ir.ops.elementwise import Abs, Add, Cast, Mul, Neg, Sub
from tilevm.ir.ops.matrix import BitPlanes, Dot, Lookup, ShiftAdd, SubsetSums
from tilevm.ir.ops.memory import AllocShared, Barrier, Load, Store
from tilevm.ir.ops.reduce import Amax, Amin, Sum
from tilevm.ir.ops.rounded import Div, Fma, Sqrt
from tilevm.ir.ops.shape import Broadcast, Pad, Reshape, Transpose, View

__all__ = [
    "Abs",
    "Add",
    "AllocShared",
    "Amax",
    "Amin",
    "And",
    "Assert",
    "Barrier",
    "BitPlanes",
    "Broadcast",
    "Cast",
    "Compare",
    "Div",
    "Dot",
    "Fma",
    "Full",
    "Iota",
    "Load",
    "Lookup",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pad",
    "Print",
    "Random",
    "Reshape",
    "Select",
    "ShiftAdd",
    "Shl",
    "Shr",
    "Sqrt",
    "Store",
    "Sub",
    "SubsetSums",
    "Sum",
    "Transpose",
    "View",
    "Xor",
]
