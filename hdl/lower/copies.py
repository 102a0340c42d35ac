"""Asynchronous copies as plain ones: a load and a store, where they are started.

No program can tell when a copy takes place: what it copies is only touched behind a `wait` and a
`barrier`.  So `commit` and `wait` are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from hdl.lower.wires import refused
from tilevm.ir import Access, Const, Kernel, Op, TileType, Value
from tilevm.ir.ops import Barrier, Commit, CopyAsync, Load, Store, Wait
from tilevm.passes.rewrite import Emitter, rewrite


def plain_copies(kernel: Kernel) -> Kernel:
    """The kernel without asynchronous copies; TileError TV0502 where parts are left out."""
    if not any(isinstance(op, CopyAsync | Commit | Wait) for op in kernel.body.walk()):
        return kernel
    return rewrite(kernel, _rule)


def _rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
    match op:
        case Commit() | Wait():
            return ()
        case CopyAsync():
            _copied(op, emit)
            return ()
    return None


def _copied(op: CopyAsync, emit: Emitter) -> None:
    skips = op.oob == "skip"
    if skips and not _inside(op.at, op.shape):
        reason = f"what lies outside of `{op.at.buffer.name}` is left out where it is copied to"
        raise refused(op, reason, "copy what is inside, or say `oob = zero`")
    kind = TileType(op.at.type.dtype, op.shape)
    read = "trap" if skips else op.oob
    tile = emit(Load, name="tile", written=kind, at=op.at, oob=read, value=op.value)
    emit.append(Barrier(loc=op.loc))  # what was loaded from there before is done with
    emit.append(Store(a=tile, at=op.to, oob="skip" if skips else "trap", loc=op.loc))


def _inside(at: Access, shape: tuple[int, ...]) -> bool:
    """Whether a tile lies in its buffer, as far as constants show it."""
    extents = at.type.extents
    tile = (1,) * (len(extents) - len(shape)) + shape
    return all(
        isinstance(index, Const) and 0 <= index.value and index.value + size <= extent
        for index, size, extent in zip(at.indices, tile, extents, strict=True)
    )
