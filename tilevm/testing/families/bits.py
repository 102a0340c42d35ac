"""Statements on the bits of elements."""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import Value
from tilevm.testing.families.family import family
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


@family
def popcount(w: Writer) -> Value:
    return w.op("popcount", w.any_value())


@family
def zeros(w: Writer) -> Value:
    return w.op(w.pick(("clz", "ctz")), w.any_value())


@family
def rotation(w: Writer) -> Value:
    a = w.any_value()
    return w.op(w.pick(("rotl", "rotr")), a, w.of_type(a.tile.of(w.draw(dtypes()))))


@family
def permutation(w: Writer) -> Value | None:
    a = w.any_value()
    kinds = [(name, n) for name, n in (("permute_bytes", 8), ("permute_nibbles", 4))]
    kinds = [(name, a.dtype.bits // n) for name, n in kinds if a.dtype.bits % n == 0]
    if not kinds:
        return None
    name, count = w.pick(kinds)
    return w.op(name, a, order=tuple(w.number(0, count - 1) for _ in range(count)))


@family
def bitcast(w: Writer) -> Value:
    a = w.any_value()
    return w.op("bitcast", a, to=dtype(f"{w.pick('iu')}{a.dtype.bits}"))


@family
def packed(w: Writer) -> Value | None:
    """Several elements as one, or one as several."""
    a = w.any_value()
    bits = a.dtype.bits
    if not a.tile.rank:
        return None
    last = a.tile.shape[-1]
    widths = [bits * f for f in range(1, 64 // bits + 1) if last % f == 0]
    parts = [b for b in range(1, bits + 1) if bits % b == 0 and w.fits((a.tile.size, bits // b))]
    if w.rarely(2) and parts:
        return w.op("unpack", a, to=dtype(f"{w.pick('iu')}{w.pick(parts)}"))
    return w.op("pack", a, to=dtype(f"{w.pick('iu')}{w.pick(widths)}"))
