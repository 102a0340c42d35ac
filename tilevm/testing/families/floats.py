"""Arithmetic on floats, made from integers and stored or cast back at once."""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import Value
from tilevm.testing.families.family import beyond_hardware
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer

FORMATS = ("f16", "bf16", "f32", "f64", "e4m3fn", "e5m2", "e4m3fnuz", "tf32", "e6m51", "e8m30")
ROUNDINGS = ("nearest_even", "nearest_even", "nearest_away", "toward_zero", "up", "down")
FUNCTIONS = (
    "cos", "erf", "exp", "exp2", "expm1", "gelu", "log", "log1p", "log2", "rsqrt", "sigmoid",
    "silu", "sin", "tanh",
)  # fmt: skip
ARITHMETIC = {"add": 2, "sub": 2, "mul": 2, "div": 2, "fma": 3, "sqrt": 1}


@beyond_hardware
def rounded(w: Writer) -> Value:
    a = w.any_value()
    kind = dtype(w.pick(FORMATS))
    operation = w.pick(tuple(ARITHMETIC))
    modes = {"overflow": w.pick((None, "sat")), "rounding": w.pick(ROUNDINGS)}
    with w.apart():
        operands = [
            w.op("cast", w.of_type(a.tile), to=kind, overflow="sat")
            for _ in range(ARITHMETIC[operation])
        ]
        found = w.op(operation, *operands, **modes)
        w.store(found)
        back = w.op("cast", found, to=w.draw(dtypes()))
    w.values.append(back)
    return back


@beyond_hardware
def function(w: Writer) -> Value:
    a = w.any_value()
    kind = dtype(w.pick(("f16", "e4m3fn", "e5m2", "f32")))
    with w.apart():
        x = w.op("cast", a, to=kind, overflow="sat")
        scale = w.op("full", x.tile.with_shape(*x.tile.shape), value=w.pick((0.125, 1.0)))
        found = w.op(w.pick(FUNCTIONS), w.op("mul", x, scale), rounding=w.pick(ROUNDINGS))
        w.store(found)
        back = w.op("cast", found, to=w.draw(dtypes()))
    w.values.append(back)
    return back
