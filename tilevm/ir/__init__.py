"""The intermediate representation: types, index arithmetic, ops, kernels, a builder, a verifier."""

from tilevm.ir import ops
from tilevm.ir.builder import Builder
from tilevm.ir.index import Affine, Condition, Const, Expr, Sym, affine
from tilevm.ir.kernel import Block, For, If, Kernel, Program, regions
from tilevm.ir.op import REGISTRY, Access, Loc, Op, OpField, Symbol, Value
from tilevm.ir.types import BufferType, TileType, Type
from tilevm.ir.verify import verify

__all__ = [
    "REGISTRY",
    "Access",
    "Affine",
    "Block",
    "Builder",
    "BufferType",
    "Condition",
    "Const",
    "Expr",
    "For",
    "If",
    "Kernel",
    "Loc",
    "Op",
    "OpField",
    "Program",
    "Sym",
    "Symbol",
    "TileType",
    "Type",
    "Value",
    "affine",
    "ops",
    "regions",
    "verify",
]
