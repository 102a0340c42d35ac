"""The ops by family: importing this package registers them all."""

from tilevm.ir.ops.asynchronous import Commit, CopyAsync, Wait
from tilevm.ir.ops.atomic import Atomic, AtomicCas
from tilevm.ir.ops.bits import And, Clz, Ctz, Not, Or, Popcount, Rotl, Rotr, Shl, Shr, Xor
from tilevm.ir.ops.compare import Clip, Compare, Max, Min, Select
from tilevm.ir.ops.convert import Cast, Decode
from tilevm.ir.ops.create import Constant, Full, Iota, Random
from tilevm.ir.ops.debug import Print, Watch
from tilevm.ir.ops.division import FloorDiv, FloorMod, MulHi, TruncDiv, TruncMod
from tilevm.ir.ops.elementwise import Abs, Add, Mul, Neg, Sub
from tilevm.ir.ops.facts import Assert, Assume, Expect
from tilevm.ir.ops.functions import (
    Cos,
    Erf,
    Exp,
    Exp2,
    Expm1,
    Gelu,
    Log,
    Log1p,
    Log2,
    Rsqrt,
    Sigmoid,
    Silu,
    Sin,
    Tanh,
)
from tilevm.ir.ops.gather import Gather, Scatter, Take
from tilevm.ir.ops.layout import ConvertLayout
from tilevm.ir.ops.leave import Return
from tilevm.ir.ops.matrix import BitPlanes, Dot, Lookup, ShiftAdd, SubsetSums
from tilevm.ir.ops.memory import AllocShared, Barrier, Load, Store
from tilevm.ir.ops.pieces import Concat, Insert, Repeat, RepeatInterleave, Reverse, Slice
from tilevm.ir.ops.recode import Bitcast, Pack, PermuteBytes, PermuteNibbles, Unpack
from tilevm.ir.ops.reduce import All_, Amax, Amin, Any_, ArgMax, ArgMin, Prod, Sum
from tilevm.ir.ops.rounded import Div, Fma, Sqrt
from tilevm.ir.ops.scaled import Dequantize, DotScaled, Quantize
from tilevm.ir.ops.scan import Scan
from tilevm.ir.ops.shape import Broadcast, Pad, Reshape, Transpose, View
from tilevm.ir.ops.static import StaticAssert

__all__ = [
    "Abs",
    "Add",
    "All_",
    "AllocShared",
    "Amax",
    "Amin",
    "And",
    "Any_",
    "ArgMax",
    "ArgMin",
    "Assert",
    "Assume",
    "Atomic",
    "AtomicCas",
    "Barrier",
    "BitPlanes",
    "Bitcast",
    "Broadcast",
    "Cast",
    "Clip",
    "Clz",
    "Commit",
    "Compare",
    "Concat",
    "Constant",
    "ConvertLayout",
    "CopyAsync",
    "Cos",
    "Ctz",
    "Decode",
    "Dequantize",
    "Div",
    "Dot",
    "DotScaled",
    "Erf",
    "Exp",
    "Exp2",
    "Expect",
    "Expm1",
    "FloorDiv",
    "FloorMod",
    "Fma",
    "Full",
    "Gather",
    "Gelu",
    "Insert",
    "Iota",
    "Load",
    "Log",
    "Log1p",
    "Log2",
    "Lookup",
    "Max",
    "Min",
    "Mul",
    "MulHi",
    "Neg",
    "Not",
    "Or",
    "Pack",
    "Pad",
    "PermuteBytes",
    "PermuteNibbles",
    "Popcount",
    "Print",
    "Prod",
    "Quantize",
    "Random",
    "Repeat",
    "RepeatInterleave",
    "Reshape",
    "Return",
    "Reverse",
    "Rotl",
    "Rotr",
    "Rsqrt",
    "Scan",
    "Scatter",
    "Select",
    "ShiftAdd",
    "Shl",
    "Shr",
    "Sigmoid",
    "Silu",
    "Sin",
    "Slice",
    "Sqrt",
    "StaticAssert",
    "Store",
    "Sub",
    "SubsetSums",
    "Sum",
    "Take",
    "Tanh",
    "Transpose",
    "TruncDiv",
    "TruncMod",
    "Unpack",
    "View",
    "Wait",
    "Watch",
    "Xor",
]
