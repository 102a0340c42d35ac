"""What `tilevm.stats` says of whole kernels, against formulas that are written down here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tilevm
from tilevm.measure import Stats

EVERYTHING = """
kernel f(
  x: global i8[N, 8],
  at: global u4[N],
  table: global f16[16, 8],
  y: global f16[N, 8],
  uses: global i32[16],
  z: global i32[N]
)
  where N % 2 == 0
  grid (n = N / 2)
{
  static_assert N % 2 == 0, "pairs"
  s = alloc_shared i8[2, 8]
  copy_async s[0, 0], x[n * 2, 0] {shape = [2, 8]}
  commit
  wait
  barrier
  t: i8[2, 8] = load s[0, 0]
  i: u4[2] = load at[n * 2]
  rows: f16[2, 8] = gather table[0, 0], i
  places = iota u3[2]
  scatter rows, y[n * 2, 0], places
  one = full i32[2] {value = 1}
  atomic one, uses[0] {op = add, index = i}
  before = atomic_cas one, one, uses[0] {index = i}
  sums = call squares(t)
  zero = full i32[] {value = 0}
  begin = amax sums
  go = compare begin, zero {pred = gt}
  last, end = while more carry (left = begin, more = go) fuel 32 {
    half = call halved(left)
    again = compare half, zero {pred = gt}
    yield half, again
  }
  store sums, z[n * 2]
}

function squares(a: i8[2, 8]) {
  wide = cast a {to = i32}
  p = mul wide, wide
  total = sum p {dims = [1]}
  yield total
}

function halved(a: i32[]) {
  bit = full i32[] {value = 1}
  half = shr a, bit
  yield half
}
"""


def test_calls_loops_on_data_and_all_kinds_of_memory_access() -> None:
    n = 6
    x = np.arange(n * 8).reshape(n, 8)
    kernel = tilevm.parse(EVERYTHING)["f"]
    data = {"x": x, "at": [0, 1, 2, 3, 4, 5], "uses": np.zeros(16, int)}
    found = tilevm.stats(kernel, arguments={**data, "table": np.zeros((16, 8))})
    assert (found.counted, found.blocks) == ("by a run", 3)
    largest = [int(max((x[2 * b] ** 2).sum(), (x[2 * b + 1] ** 2).sum())) for b in range(3)]
    rounds = sum(number.bit_length() for number in largest)  # halved until nothing is left
    hand = {  # runs, elements, operations, bytes of global and of shared memory
        "copy_async": (3, 48, 0, 48, 48),
        "t": (3, 48, 0, 0, 48),
        "i": (3, 6, 0, 3, 0),
        "rows": (3, 48, 0, 96, 0),
        "scatter": (3, 48, 0, 96, 0),
        "atomic": (3, 6, 6, 2 * 24, 0),
        "before": (3, 6, 6, 2 * 24, 0),
        "wide": (3, 48, 0, 0, 0),
        "p": (3, 48, 48, 0, 0),
        "total": (3, 6, 48, 0, 0),
        "begin": (3, 3, 6, 0, 0),
        "go": (3, 3, 3, 0, 0),
        "half": (rounds, rounds, rounds, 0, 0),
        "again": (rounds, rounds, rounds, 0, 0),
        "store": (3, 6, 0, 24, 0),
        "barrier": (3, 0, 0, 0, 0),
    }
    rows = {row.result.partition(":")[0] or row.op: row for row in found.ops}
    names = {"sums": "total"} | {f"{name}{k}": name for name in hand for k in range(3)}
    rows = {names.get(name, name): row for name, row in rows.items()}
    for name, wanted in hand.items():
        row = rows[name]
        got = (row.runs, row.elements, row.operations, row.global_bytes, row.shared_bytes)
        assert got == wanted, name
    assert (found.global_bytes, found.shared_bytes) == (
        sum(row[3] for row in hand.values()),
        sum(row[4] for row in hand.values()),
    )
    assert found.operations == sum(row[2] for row in hand.values())
    assert found.intensity == found.operations / found.global_bytes
    assert found.shared_bytes_per_block == 16


def test_facts_of_the_shapes_do_not_run_and_are_not_counted() -> None:
    kernel = tilevm.parse(EVERYTHING)["f"]
    assert "static_assert" in str(kernel)
    plain = """
kernel g(x: global i8[N]) grid (n = N / 4) {
  static_assert N % 4 == 0
  for k in 0 .. 3 {
    static_assert N < 100
    t: i8[4] = load x[n * 4]
  }
}
"""
    found = tilevm.stats(tilevm.parse(plain)["g"], {"N": 8})
    assert [(row.op, row.runs) for row in found.ops] == [("for", 2), ("load", 6)]


# --- three kernels as people write them

MATMUL = """
kernel matmul(a: global i8[M, K], b: global i8[N, K], y: global i32[M, N])
  grid (m = M / 32, n = N / 32)
{
  sa = alloc_shared i8[32, 32] {pad = PAD, swizzle = SWIZZLE}
  sb = alloc_shared i8[32, 32]
  zero = full i32[32, 32] {value = 0}
  acc = for k in 0 .. K / 32 carry (sum = zero) {
    at: i8[32, 32] = load a[m * 32, k * 32]
    bt: i8[32, 32] = load b[n * 32, k * 32]
    barrier
    store at, sa[0, 0]
    store bt, sb[0, 0]
    barrier
    left: i8[32, 32] @ spatial(32, 1).local(1, 32) = load sa[0, 0]
    right: i8[32, 32] = load sb[0, 0]
    turned = transpose right
    part = dot left, turned {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[m * 32, n * 32]
}
"""


def passes(address: Callable[[int, int], int], wide: int, threads: int, moves: int) -> int:
    """Of 128 bytes at a time, how often the fullest bank is asked; by counting words in sets."""
    together, total = max(1, 128 // max(wide, 4)), 0
    for move in range(moves):
        for first in range(0, threads, together):
            words: set[int] = set()
            for thread in range(first, min(first + together, threads)):
                begin = address(thread, move)
                words |= {byte // 4 for byte in range(begin, begin + wide)}
            total += max(sum(word % 32 == bank for word in words) for bank in range(32))
    return total


@pytest.mark.parametrize(
    ("pad", "swizzle"), [(0, 0), (4, 0), (16, 0), (0, 1), (0, 2), (0, 3), (16, 2)]
)
def test_a_product_through_shared_memory(pad: int, swizzle: int) -> None:
    m, n, k = 64, 96, 128
    text = MATMUL.replace("PAD", str(pad)).replace("SWIZZLE", str(swizzle))
    found = tilevm.stats(tilevm.parse(text)["matmul"], {"M": m, "N": n, "K": k})
    tiles = (m // 32) * (n // 32)
    rounds = tiles * (k // 32)
    assert found.operations == 2 * m * n * k + rounds * 32 * 32
    assert found.global_bytes == rounds * 2 * 32 * 32 + m * n * 4
    assert found.shared_bytes == rounds * 4 * 32 * 32
    assert found.shared_bytes_per_block == 32 * (32 + pad) + 32 * 32
    assert found.intensity == pytest.approx(found.operations / found.global_bytes)
    (left,) = [
        access for access in found.accesses if access.at == "sa[0, 0]" and access.op == "load"
    ]
    wide = int(np.gcd.reduce([16, 32 + pad]))  # a thread has a row: 32 bytes, rows 32 + pad apart
    assert left.vector_bytes == wide

    def address(thread: int, move: int) -> int:
        plain = thread * (32 + pad) + move * wide
        line, inside = divmod(plain, 128)
        return line * 128 + (inside ^ (line % 2**swizzle) * 16)

    assert left.banks is not None
    assert left.banks.passes == passes(address, wide, 32, 32 // wide)


DEQUANTIZED = """
kernel w4(w: global u4[N, K], x: global f16[K], y: global f32[N])
  grid (n = N / 8)
{
  zero = full f32[8] {value = 0}
  acc = for k in 0 .. K / 64 carry (sum = zero) {
    codes: u4[8, 64] @ spatial(8, 4).local(1, 16) = load w[n * 8, k * 64]
    xt: f16[64] @ spatial(16).local(4) = load x[k * 64]
    real = cast codes {to = f16}
    part = dot real, xt {acc = f32}
    next = add sum, part
    yield next
  }
  store acc, y[n * 8]
}
"""


@pytest.mark.parametrize(("n", "k"), [(8, 64), (24, 192)])
def test_codes_of_four_bits(n: int, k: int) -> None:
    found = tilevm.stats(tilevm.parse(DEQUANTIZED)["w4"], {"N": n, "K": k})
    assert found.operations == 2 * n * k + n * (k // 64)
    assert found.global_bytes == n * k // 2 + (n // 8) * k * 2 + n * 4
    widths = {access.at: access.vector_bytes for access in found.accesses}
    assert widths["w[n * 8, k * 64]"] == 16 * 4 // 8  # a thread has 16 codes of a row
    assert widths["x[k * 64]"] == 4 * 2


SUMS = """
kernel sums(w: global i3[N, K], x: global i8[K], y: global i32[N], z: global i32[N])
  grid (n = N / 4)
{
  zero = full i32[4] {value = 0}
  acc, most = for k in 0 .. K / 16 carry (sum = zero, top = zero) {
    wt: i3[4, 16] = load w[n * 4, k * 16]
    xt: i8[16] = load x[k * 16]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    row = sum wt {dims = [1], acc = i32}
    high = add top, row
    yield next, high
  }
  store acc, y[n * 4]
  store most, z[n * 4]
}
"""


def narrowest(low: int, high: int) -> str:
    """The narrowest signed type that holds both, by trying."""
    return next(f"i{b}" for b in range(1, 65) if -(1 << b - 1) <= low and high < 1 << b - 1)


@pytest.mark.parametrize("k", [16, 48, 4096])
def test_the_width_of_sums(k: int) -> None:
    found = tilevm.stats(tilevm.parse(SUMS)["sums"], {"N": 8, "K": k})
    said = "\n".join(found.accumulators)
    low, high = 16 * min(-4 * 127, 3 * -128), 16 * -4 * -128
    assert f"`part` of `dot`: {low} .. {high}, held by {narrowest(low, high)}" in said
    assert f"`row` of `sum`: {16 * -4} .. {16 * 3}, held by {narrowest(-64, 48)}" in said
    if k > 16:  # else the loop is written out, and nothing is carried
        rounds = k // 16
        low, high = rounds * low, rounds * high
        assert f"{low} .. {high}, held by {narrowest(low, high)}" in said
        low, high = rounds * -64, rounds * 48
        assert f"{low} .. {high}, held by {narrowest(low, high)}" in said


def test_all_is_in_the_data_too() -> None:
    found: Stats = tilevm.stats(tilevm.parse(SUMS)["sums"], {"N": 8, "K": 48})
    data = found.as_dict()
    assert data["operations"] == found.operations == sum(row["operations"] for row in data["ops"])
    assert data["global_bytes"] == 8 * 48 * 3 // 8 + 2 * 48 + 2 * 8 * 4
