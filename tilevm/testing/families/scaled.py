"""Block-scaled tiles: quantized, dequantized, multiplied."""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import TileType, Value
from tilevm.testing.families.family import beyond_hardware, coded, family
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer

SCALES = ("f16", "f32", "e8m0fnu", "e5m10")


def _scale(w: Writer, codes: Value) -> Value:
    """One power of two for each of some groups of the codes."""
    groups = [w.pick([n for n in range(1, e + 1) if e % n == 0]) for e in codes.tile.shape]
    kind = TileType(dtype(w.pick(("u1", "u2", "u3"))), tuple(groups))
    one = w.op("full", kind.of("u4"), value=1)
    raised = w.op("shl", one, w.of_type(kind))
    return w.op("cast", raised, to=dtype(w.pick(SCALES)))


def _perhaps_codes(w: Writer, a: Value) -> Value:
    """The tile, or now and then the codes of a codebook that are nearest to it."""
    if not w.rarely(3) or not a.dtype.is_int:
        return a
    return w.op("cast", a, to=dtype("codebook(i8, [-7, -3, -1, 0, 1, 3, 7, 9])"))


@beyond_hardware
def dequantized(w: Writer) -> Value | None:
    a = w.any_value()
    if a.dtype.bits > 53 or not a.tile.size:
        return None
    with w.apart():
        zero = w.of_type(a.tile.with_shape(*(1 for _ in a.tile.shape))) if w.rarely(2) else None
        codes, to = _perhaps_codes(w, a), dtype(w.pick(("f32", "bf16", "f64")))
        x = w.op("dequantize", codes, _scale(w, codes), zero=zero, to=to)
        w.store(x)
        back = w.op("cast", x, to=w.draw(dtypes()))
    w.values.append(back)
    return back


@family
def quantized(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.size:
        return None
    with w.apart():
        x = w.op("cast", a, to=dtype("f32"))
        group = tuple(w.pick([n for n in range(1, e + 1) if e % n == 0]) for e in a.tile.shape)
        to = dtype(w.pick(("i4", "i8", "u4", "i2", "e2m1fn", "e4m3fn")))
        zero = w.pick((None, dtype("u8"), dtype("i4"))) if to.is_int else None
        scale = dtype(w.pick(("f16", "f32", "e8m0fnu"))) if zero is None else dtype("f32")
        found = w.several("quantize", x, to=to, group=group, scale=scale, zero=zero)
        seen = [value if value.dtype.is_int else coded(w, value) for value in found]
    w.values.extend(seen)
    return seen[0]


@beyond_hardware
def dot_scaled(w: Writer) -> Value | None:
    depth = w.pick((1, 2, 4, 6))
    a = w.of_type(TileType(dtype(w.pick(("i4", "u3", "i8"))), (w.pick((1, 2, 3)), depth)))
    b = w.of_type(TileType(dtype(w.pick(("i4", "i8"))), (depth, w.pick((1, 2)))))
    with w.apart():
        a = _perhaps_codes(w, a)
        found = w.op(
            "dot_scaled", a, b, scale_a=_scale(w, a), scale_b=_scale(w, b) if w.rarely(2) else None
        )
        w.store(found)
        back = w.op("cast", found, to=w.draw(dtypes()))
    w.values.append(back)
    return back
