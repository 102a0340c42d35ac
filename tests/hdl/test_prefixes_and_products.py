"""Products and prefixes of floats, fixed point and codes as hardware: exact, rounded once.

Simulated with random stalls against the virtual machine, and the models of the units besides, on
values with zeros of both signs, infinities and NaN where the type has them.
"""

from __future__ import annotations

import numpy as np
import pytest

import hdl
import tilevm
from hdl.evaluate import evaluate
from tilevm import TileError
from tilevm.dtypes import CodebookType, DType, FloatType
from tilevm.testing import Form, assert_same, simulated

TEXT = """
kernel k(x: global {kind}[3, 6], r: global {to}[{shape}])
{{
  a: {kind}[3, 6] = load x[0, 0]
  v: {to}[{shape}] = {op}
  store v, r[{start}]
}}
"""
BOOK = "codebook(i8, [-7, -3, -1, 0, 1, 3, 7, 9])"
PRODUCTS = [
    ("f16", "f32", 1, ""),
    ("e4m3fn", "bf16", 0, "acc = bf16"),
    ("f16", "f16", 1, "acc = f16"),
    ("e5m2fnuz", "f32", 0, ""),
    ("e2m1fn", "e2m1fn", 0, "acc = e2m1fn"),
    ("e8m0fnu", "f32", 0, ""),
    ("i8", "f32", 1, "acc = f32"),
    ("i8", "i16", 0, "acc = i16, overflow = sat"),
    ("u5", "u9", 1, "acc = u9, overflow = sat"),
    ("fixed(i8, -4)", "fixed(i16, -6)", 1, "acc = fixed(i16, -6)"),
    ("fixed(i8, 2)", "i8", 0, "acc = i8, overflow = sat"),
    ("nf4", "f32", 1, ""),
    (BOOK, "i8", 0, "acc = i8"),
]
SCANS = [
    ("f16", "f32", 1, "op = add"),
    ("e5m2", "f16", 0, "op = add, exclusive = true, reverse = true, acc = f16"),
    ("e4m3fn", "f16", 1, "op = mul, acc = f16"),
    ("bf16", "f32", 0, "op = mul, exclusive = true"),
    ("f16", "f16", 1, "op = min"),
    ("e5m2", "e5m2", 1, "op = max, exclusive = true, nan = ignore"),
    ("e4m3fn", "e4m3fn", 1, "op = min, exclusive = true, nan = ignore, reverse = true"),
    ("f16", "f16", 0, "op = max, nan = ignore"),
    ("e8m0fnu", "e8m0fnu", 1, "op = max, exclusive = true"),
    ("e2m3fn", "e2m3fn", 1, "op = min, exclusive = true"),
    ("fixed(i8, -3)", "fixed(i8, -3)", 1, "op = max, exclusive = true"),
    ("fixed(i8, -3)", "fixed(i8, -6)", 1, "op = mul, acc = fixed(i8, -6), overflow = sat"),
    ("fixed(i8, -3)", "i6", 1, "op = add, acc = i6"),
    ("nf4", "f32", 1, "op = add"),
    ("i8", "f16", 1, "op = mul, acc = f16"),
    (BOOK, "i8", 0, "op = add, acc = i8"),
]
EXTREMES = [
    ("fixed(i8, -3)", "amax", 1),
    ("fixed(u5, 3)", "amin", 0),
    ("e4m3fnuz", "amin", 1),
]


def cases() -> list[tuple[str, str, tuple[int, ...], str]]:
    found: list[tuple[str, str, tuple[int, ...], str]] = []
    for kind, to, dim, more in PRODUCTS:
        comma = ", " if more else ""
        found.append((kind, to, (6, 3)[dim : dim + 1], f"prod a {{dims = [{dim}]{comma}{more}}}"))
    for kind, to, dim, more in SCANS:
        found.append((kind, to, (3, 6), f"scan a {{dim = {dim}, {more}}}"))
    for kind, name, dim in EXTREMES:
        found.append((kind, kind, (6, 3)[dim : dim + 1], f"{name} a {{dims = [{dim}]}}"))
    return found


def values_of(kind: DType, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Random codes, a third of them ends: zeros, infinities, NaN, the smallest and the largest."""
    count = len(kind.table) if isinstance(kind, CodebookType) else 1 << kind.bits
    codes = rng.integers(0, count, shape).astype(np.uint64)
    ends = [0, 1, count - 1, count // 2]
    if isinstance(kind, FloatType):
        f = kind.format
        ends += [code for code in (f.nan_code, f.inf_code, f.max_code) if code is not None]
    chosen = rng.choice(np.array(ends, np.uint64), shape)
    return kind.decode(np.where(rng.random(shape) < 0.3, chosen, codes))


@pytest.mark.parametrize(("kind", "to", "shape", "op"), cases())
def test_equal_to_the_machine(kind: str, to: str, shape: tuple[int, ...], op: str) -> None:
    start = ", ".join("0" for _ in shape)
    given = {"kind": kind, "to": to, "op": op, "start": start}
    kernel = tilevm.parse(TEXT.format(shape=", ".join(map(str, shape)), **given))["k"]
    number = tilevm.dtype(kind)
    design = hdl.build(kernel, lanes=4)
    for seed in range(12):
        arguments = {"x": values_of(number, (3, 6), np.random.default_rng(seed))}
        want = tilevm.run(kernel, arguments)
        beats = evaluate(design.netlist, design.feed(arguments)).outputs
        got = design.collect(beats, arguments)
        assert_same(kernel, want, got, "by the models", f"seed {seed}")
    assert simulated(kernel, arguments, want, Form(lanes=4, stall=0.4), f"seed {seed}")


@pytest.mark.parametrize(
    ("op", "bits"), [("prod a {dims = [1]}", 66), ("scan a {dim = 1, op = mul}", 66)]
)
def test_wide_ones_are_refused(op: str, bits: int) -> None:
    shape, start = ("3", "0") if op.startswith("prod") else ("3, 6", "0, 0")
    given = {"kind": "f16", "to": "f32", "op": op, "start": start}
    kernel = tilevm.parse(TEXT.format(shape=shape, **given))["k"]
    with pytest.raises(TileError, match=rf"TV0502.*result needs {bits} bits, and 65 is the most"):
        hdl.build(kernel, max_accumulator=65)
    assert hdl.build(kernel, max_accumulator=bits).cycles
