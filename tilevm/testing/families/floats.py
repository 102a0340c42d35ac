"""Arithmetic on floats, made from integers and stored or cast back at once."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tilevm.dtypes import FixedType, dtype
from tilevm.ir import Const, Value
from tilevm.ir.ops import Concat
from tilevm.testing.families.family import beyond_hardware, coded, family
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer

FORMATS = ("f16", "bf16", "f32", "f64", "e4m3fn", "e5m2", "e4m3fnuz", "tf32", "e6m51", "e8m30")
ROUNDINGS = ("nearest_even", "nearest_even", "nearest_away", "toward_zero", "up", "down")
FUNCTIONS = (
    "cos", "erf", "exp", "exp2", "expm1", "gelu", "log", "log1p", "log2", "rsqrt", "sigmoid",
    "silu", "sin", "tanh",
)  # fmt: skip
CURVES = (  # those with a circuit each
    "exp", "exp2", "expm1", "log", "log2", "rsqrt", "sigmoid", "silu", "sqrt", "tanh",
)  # fmt: skip
WIDTHS = ("i8", "u7", "i20", "i1", "i53")
GIVEN = ("f32", "bf16", "fixed(i16, -6)")  # what is rounded at random, and to what
TAKEN = ("e4m3fn", "f16", "fixed(i8, -2)", "i8")
STEPS = ("fixed(i16, -4)", "fixed(u9, 3)", "fixed(i53, -60)", "i8", "f16", "f32")
BOOKS = ("codebook(i8, [-7, -3, -1, 0, 1, 3, 7, 9])", "codebook(fixed(i8, -2), [0.25, -1, 3, 7])")
ARITHMETIC = {"add": 2, "sub": 2, "mul": 2, "div": 2, "fma": 3, "sqrt": 1}


@beyond_hardware
def rounded(w: Writer) -> Value:
    """Some operations on the same operands."""
    a = w.any_value()
    kind = dtype(w.pick(FORMATS))
    with w.apart():
        x = [w.op("cast", w.of_type(a.tile), to=kind, overflow="sat") for _ in range(3)]
        modes = {"overflow": w.pick((None, "sat")), "rounding": w.pick(ROUNDINGS)}
        found = [w.op(name, *x[: ARITHMETIC[name]], **modes) for name in some(w, tuple(ARITHMETIC))]
        back = seen(w, found)
    w.values.append(back)
    return back


@family
def at_random(w: Writer) -> Value:
    """A cast that rounds stochastically, whose codes are handed on."""
    a = w.any_value()
    with w.apart():
        given, to = (dtype(w.pick(kinds)) for kinds in (GIVEN, TAKEN))
        x = w.op("cast", a, to=given, overflow="sat")
        one = w.op("full", x.tile.with_shape(*x.tile.shape), value=w.pick((0.125, 1.0)))
        x = w.op("mul", x, one) if given.is_float else x
        words = {"seed": w.number(0, 9), "counter": Const(w.number(0, 99))}
        codes = coded(w, w.op("cast", x, to=to, rounding="stochastic", **words))
    w.values.append(codes)
    return codes


@beyond_hardware
def functions(w: Writer) -> Value:
    """Some functions of the same argument."""
    a = w.any_value()
    kind = dtype(w.pick(("f16", "e4m3fn", "e5m2", "f32")))
    with w.apart():
        x = w.op("cast", a, to=kind, overflow="sat")
        scale = w.op("full", x.tile.with_shape(*x.tile.shape), value=w.pick((0.125, 1.0)))
        x, rounding = w.op("mul", x, scale), w.pick(ROUNDINGS)
        back = seen(w, [w.op(name, x, rounding=rounding) for name in some(w, FUNCTIONS)])
    w.values.append(back)
    return back


@family
def curve(w: Writer) -> Value | None:
    """One function of a few floats, too wide for a table of all codes."""
    a = w.any_value()
    if a.tile.size > 8:  # a lane of it in hardware is as large as a hundred of integers
        return None
    kind = dtype(w.pick(("e5m11", "tf32", "f32")))
    with w.apart():
        x = w.op("cast", a, to=kind, overflow="sat")
        scale = w.op("full", x.tile.with_shape(*x.tile.shape), value=w.pick((0.125, 1.0)))
        y = w.op(w.pick(CURVES), w.op("mul", x, scale), rounding=w.pick(ROUNDINGS))
        codes = coded(w, y)
    w.values.append(codes)
    return codes


@beyond_hardware
def stepped(w: Writer) -> Value | None:
    """Fixed point: quotients, and sums, products and prefixes, of numbers or of codes."""
    a = w.any_value()
    if not a.tile.rank:
        return None
    scale, to = w.number(-9, 5), w.pick(STEPS)
    dim, overflow = w.number(0, a.tile.rank - 1), w.pick((None, "wrap", "sat"))
    with w.apart():
        if w.rarely(3):
            x = w.op("cast", a, to=dtype(w.pick(BOOKS)))
        else:
            x = w.op("cast", a, to=dtype(f"fixed({w.pick(WIDTHS)}, {scale})"), overflow=overflow)
        match w.pick(("div", "sum", "prod", "add", "mul")):
            case "div" if isinstance(x.dtype, FixedType):
                zero, other = (
                    w.op("full", x.tile.with_shape(*x.tile.shape), value=value)
                    for value in (0.0, x.dtype.min or x.dtype.max)
                )
                b = w.op("cast", w.of_type(a.tile), to=x.dtype, overflow=overflow)
                b = w.op("select", w.op("compare", b, zero, pred="eq"), other, b)
                found = w.op("div", x, b, overflow=overflow, rounding=w.pick(ROUNDINGS))
            case "add" | "mul" as step:
                ways = {"exclusive": w.rarely(2), "reverse": w.rarely(2)}
                mode = overflow if not dtype(to).is_float else None
                found = w.op("scan", x, op=step, dim=dim, acc=dtype(to), overflow=mode, **ways)
            case kind:
                name = kind if kind == "prod" else "sum"
                mode = overflow if not dtype(to).is_float else None
                found = w.op(name, x, dims=(dim,), keepdims=True, acc=dtype(to), overflow=mode)
        back = seen(w, [found])
    w.values.append(back)
    return back


def some(w: Writer, names: Sequence[str]) -> list[str]:
    """About half of the names."""
    return w.draw(st.permutations(names))[: len(names) // 2]


def seen(w: Writer, found: Sequence[Value]) -> Value:
    """Stores the results side by side; hands the first on, as integers."""
    flat = [w.op("reshape", each, shape=(each.tile.size,)) for each in found]
    w.store(w.builder.emit(Concat, flat, {"dim": 0}, name=w.name("v"), type=None))
    return w.op("cast", found[0], to=w.draw(dtypes()))
