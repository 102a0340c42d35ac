"""Facts that are checked, and tiles that are shown."""

from __future__ import annotations

from itertools import product

from tilevm.ir import ops
from tilevm.reference.formats import encode
from tilevm.reference.machine import ThreadBlock, does
from tilevm.reference.memory import nested
from tilevm.reference.numbers import Number, python


@does(ops.Assert)
def assert_(at: ThreadBlock, op: ops.Assert) -> None:
    for i, bit in at.tiles[op.a].items():
        if bit == 0:
            raise op.reject("TV0408", f"assertion fails at element {list(i)}: {op.message}")


@does(ops.Assume)
def assume(at: ThreadBlock, op: ops.Assume) -> None:
    for i, bit in at.tiles[op.a].items():
        if bit == 0:
            raise op.reject("TV0460", f"assumption does not hold at {list(i)}: {op.message}")


@does(ops.Expect)
def expect(at: ThreadBlock, op: ops.Expect) -> None:
    kind = op.a.dtype
    for i, a in at.tiles[op.a].items():
        if encode(kind, a) != encode(kind, at.tiles[op.b][i]):
            message = f"`{op.a.name}` is not `{op.b.name}` at element {list(i)}: {op.message}"
            raise op.reject("TV0461", message)


@does(ops.StaticAssert)
def static_assert(at: ThreadBlock, op: ops.StaticAssert) -> None:
    """It was looked at when the kernel was launched."""


def shown(op: ops.Print | ops.Watch, x: Number) -> int | float | str:
    """An element, or its code as text."""
    bits = op.a.dtype.bits
    match op.format:
        case "hex":
            return f"0x{encode(op.a.dtype, x):0{(bits + 3) // 4}x}"
        case "bits":
            return f"{encode(op.a.dtype, x):0{bits}b}"
    return python(x)


def say(at: ThreadBlock, op: ops.Print | ops.Watch, text: str) -> None:
    """Says something of a tile, for a thread block."""
    label = f"{op.label}: " if op.label else ""
    at.output(f"{label}{op.a.name}: {op.a.type} {list(at.ids)}{text}")


@does(ops.Print)
def print_(at: ThreadBlock, op: ops.Print) -> None:
    shape = op.a.tile.shape
    start = op.start or (0,) * len(shape)
    size = op.size or tuple(n - first for n, first in zip(shape, start, strict=True))
    part = {
        i: at.tiles[op.a][tuple(n + first for n, first in zip(i, start, strict=True))]
        for i in product(*map(range, size))
    }
    if op.format in ("hex", "bits") or len(part) > op.limit:
        listed = ", ".join(str(shown(op, x)) for x in list(part.values())[: op.limit])
        say(at, op, f" =\n{listed}")
    else:
        say(at, op, f" =\n{nested(part, size, ())}")


@does(ops.Watch)
def watch(at: ThreadBlock, op: ops.Watch) -> None:
    now = at.tiles[op.a]
    before = at.watched.get(op)
    at.watched[op] = now
    if before is None:
        listed = [str(shown(op, x)) for x in now.values()]
        say(at, op, f" =\n{', '.join(listed[: op.limit])}")
        return
    changed = [i for i in now if encode(op.a.dtype, now[i]) != encode(op.a.dtype, before[i])]
    if changed:
        pairs = [f"{list(i)}: {shown(op, before[i])} -> {shown(op, now[i])}" for i in changed]
        say(at, op, f" changes {', '.join(pairs[: op.limit])}")
