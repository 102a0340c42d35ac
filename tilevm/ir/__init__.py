"""The intermediate representation: types, index arithmetic, ops, kernels, a builder, a verifier."""

from tilevm.ir import ops
from tilevm.ir.attribute import Symbol
from tilevm.ir.block import Block
from tilevm.ir.builder import Builder
from tilevm.ir.control import For, If, Loop, While
from tilevm.ir.fields import OpField
from tilevm.ir.function import Call, Function
from tilevm.ir.index import Affine, Condition, Const, Expr, Sym, affine
from tilevm.ir.kernel import Kernel, Program
from tilevm.ir.loc import Loc
from tilevm.ir.op import REGISTRY, Op
from tilevm.ir.region import RegionOp
from tilevm.ir.types import BufferType, Scaling, TileType, Type
from tilevm.ir.value import Access, Value
from tilevm.ir.verify import verify

__all__ = [
    "REGISTRY",
    "Access",
    "Affine",
    "Block",
    "BufferType",
    "Builder",
    "Call",
    "Condition",
    "Const",
    "Expr",
    "For",
    "Function",
    "If",
    "Kernel",
    "Loc",
    "Loop",
    "Op",
    "OpField",
    "Program",
    "RegionOp",
    "Scaling",
    "Sym",
    "Symbol",
    "TileType",
    "Type",
    "Value",
    "While",
    "affine",
    "ops",
    "verify",
]
