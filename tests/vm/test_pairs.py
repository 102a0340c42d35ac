"""A `view` that a `dot` alone reads is not unpacked; who asks for the tile gets it all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tilevm
from tilevm.ir import Kernel
from tilevm.vm.pairs import pairs

TEXT = """
kernel product(w: global u8[{n}, {b}], x: global {act}[{k}, {m}], y: global {acc}[{n}, {m}])
  grid (n = {n} / {rows})
{{
  bytes: u8[{rows}, {b}] = load w[n * {rows}, 0]
  wt: {weight}[{rows}, {k}] = view bytes
  xt: {act}[{k}, {m}] = load x[0, 0]
{more}
  part = dot wt, xt {{acc = {acc}{overflow}}}
  store part, y[n * {rows}, 0]
}}
"""


def kernel(weight: str, k: int, more: str = "", overflow: str = "", **given: Any) -> Kernel:
    names = {"act": "i8", "acc": "i32", "n": 6, "rows": 2, "m": 3, **given}
    b = k * int(weight[1:]) // 8
    text = TEXT.format(weight=weight, k=k, b=b, more=more, overflow=overflow, **names)
    return tilevm.parse(text)["product"]


def arguments(program: Kernel, weight: str, k: int) -> tuple[dict[str, Any], Any]:
    rng = np.random.default_rng(k)
    kind = tilevm.dtype(weight)
    values = rng.integers(int(kind.min), int(kind.max), (6, k), endpoint=True)
    packed = kind.pack(kind.encode(values), padding="byte").reshape(6, -1)
    x = rng.integers(-128, 128, (k, 3))
    return {"w": packed, "x": x}, values.astype(object) @ x.astype(object)


@pytest.mark.parametrize("weight", ["i1", "i2", "i3", "i4", "u5", "i6", "u7", "u1"])
@pytest.mark.parametrize("acc", ["i32", "i64", "f32"])
def test_every_way_gives_the_same(weight: str, acc: str) -> None:
    for k in (8, 24, 40):
        program = kernel(weight, k, acc=acc)
        assert len(pairs(program)) == 2
        given, wanted = arguments(program, weight, k)
        seen: dict[str, Any] = {}

        def observe(event: Any, seen: dict[str, Any] = seen) -> None:
            seen[event.value.name] = event.data

        runs = [
            tilevm.run(program, given),
            tilevm.run(program, given, chunk_bytes=1),
            tilevm.run(program, given, check=True),
            tilevm.run(program, given, observe=observe),
        ]
        for run in runs:
            assert (run["y"] == wanted).all()
        assert seen["wt"].shape == (3, 2, k)


@pytest.mark.parametrize(
    ("weight", "more", "overflow"),
    [
        ("i4", "  other = add wt, wt", ""),  # read by another
        ("i8", "", ""),  # nothing to decode
        ("i4", "", ", overflow = sat"),  # the exact sum is asked for
    ],
)
def test_no_pair(weight: str, more: str, overflow: str) -> None:
    program = kernel(weight, 16, more, overflow)
    assert not pairs(program)
    given, wanted = arguments(program, weight, 16)
    assert (tilevm.run(program, given)["y"] == wanted).all()


def test_in_loops_and_branches() -> None:
    """The bytes are what a loop carries on with, also where blocks part ways."""
    program = tilevm.parse("""
kernel k(w: global u8[4, 2, 8], x: global i8[8, 16], y: global i32[4, 2])
  grid (n = 4)
{
  bytes: u8[2, 8] = load w[n, 0, 0]
  wt: i4[2, 16] = view bytes
  zero = full i32[2] {value = 0}
  total = for i in 0 .. n + 1 carry (sum = zero) {
    xt: i8[16] = load x[n + i, 0]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    yield next
  }
  store total, y[n, 0]
}
""")["k"]
    assert len(pairs(program)) == 2
    rng = np.random.default_rng(3)
    values = rng.integers(-8, 8, (4, 2, 16))
    x = rng.integers(-128, 128, (8, 16))
    kind = tilevm.dtype("i4")
    packed = kind.pack(kind.encode(values), padding="byte").reshape(4, 2, 8)
    wanted = [values[n] @ x[n : 2 * n + 1].sum(axis=0) for n in range(4)]
    assert np.array_equal(tilevm.run(program, w=packed, x=x)["y"], wanted)
