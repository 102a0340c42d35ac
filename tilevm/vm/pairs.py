"""Ops that are quicker together: a tile that is only read as packed codes, then multiplied.

A `view` of bytes whose one reader is a `dot` need not be unpacked: the product decodes the bytes
(`packed_dot`), and the result is the same.  Only where nobody asks for the tile itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tilevm.dtypes import IntType, packed_dot
from tilevm.ir import Kernel, Op
from tilevm.ir.ops import Dot, View
from tilevm.vm.memo import Memo

Run = Callable[..., Any]
Pairs = Mapping[Op, Run]

_KNOWN: Memo[Pairs] = Memo()


def pairs(kernel: Kernel) -> Pairs:
    """What to run in place of `Op.run`, for the ops of a kernel that make such a pair."""
    known = _KNOWN.get(kernel)
    return _KNOWN.keep(kernel, _found(kernel)) if known is None else known


def _found(kernel: Kernel) -> dict[Op, Run]:
    uses = kernel.body.uses()
    views = {op.out: op for op in kernel.body.walk() if isinstance(op, View)}
    found: dict[Op, Run] = {}
    for op in kernel.body.walk():
        if isinstance(op, Dot) and op.a in views and uses[op.a] == 1:
            run = _product(views[op.a], op)
            if run is not None:
                found[views[op.a]] = _as_it_is
                found[op] = run
    return found


def _as_it_is(a: Any) -> Any:
    """The tile of bytes in place of the view: its reader knows."""
    return a


def _product(view: View, dot: Dot) -> Run | None:
    """The product by the bytes that are viewed; None where it is not for them."""
    old, new, right = view.a.tile, view.out.tile, dot.b.tile
    if old.layout is not None or new.layout is not None or 0 in (old.size, right.size):
        return None
    if not (isinstance(old.dtype, IntType) and old.dtype.bits == 8):
        return None
    inner, kind, to = new.shape[-1], new.dtype, dot.to
    product = packed_dot(kind, right.dtype, to, inner)
    if product is None or dot.overflow not in (None, "wrap"):
        return None
    rows, columns = new.size // inner, right.size // inner
    width, shape = old.size // rows, dot.out.tile.shape
    if (old.shape, right.shape, shape) == ((rows, width), (inner, columns), (rows, columns)):
        if not old.dtype.signed:
            return product  # the usual case: nothing to shape anew

    def run(data: Any, b: Any) -> Any:
        sums = product(
            data.reshape(len(data), rows, width).view(np.uint8), b.reshape(len(b), inner, columns)
        )
        return sums.reshape(len(sums), *shape)

    return run
