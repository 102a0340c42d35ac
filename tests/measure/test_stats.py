"""What `tilevm.stats` counts, against counting by hand, and by looking on while programs run."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.ir import Const, Sym, TileType
from tilevm.layouts import Layout
from tilevm.measure.access import Storage, banks, offsets, vector_bits
from tilevm.measure.conversion import cost
from tilevm.measure.counts import DataDecides, counts_of_run, static_counts
from tilevm.measure.residue import ANY, Residue, residue
from tilevm.testing import Generated, inputs, kernels, layouts
from tilevm.vm import bind

GEMV = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
  where N % 64 == 0, K % 32 == 0
  grid (n = N / 64)
{
  zero = full i32[64] {value = 0}
  acc = for k in 0 .. K / 32 carry (sum = zero) {
    wt: i3[64, 32] = load w[n * 64, k * 32]
    xt: i8[32] = load x[k * 32]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[n * 64]
}
"""


def test_a_product_by_hand() -> None:
    found = tilevm.stats(tilevm.parse(GEMV)["gemv"], {"N": 128, "K": 96})
    by_name = {op.result.partition(":")[0] or op.op: op for op in found.ops}
    assert (found.blocks, found.counted) == (2, "from the program")
    assert by_name["wt"].runs == 2 * 3
    assert by_name["wt"].global_bytes == 128 * 96 * 3 // 8
    assert by_name["xt"].global_bytes == 2 * 96
    assert by_name["store"].global_bytes == 128 * 4
    assert by_name["part"].operations == 2 * 128 * 96
    assert found.operations == 2 * 128 * 96 + 3 * 128
    assert found.global_bytes == 128 * 96 * 3 // 8 + 2 * 96 + 128 * 4
    assert any("`part` of `dot`" in text and "held by i16" in text for text in found.accumulators)
    assert "operations per byte of global memory" in str(found)


def test_loops_that_depend_on_block_and_on_outer_loop() -> None:
    kernel = tilevm.parse("""
kernel f(y: global i32[N]) grid (n = N) {
  for i in 0 .. n {
    for j in i .. n step 2 {
      if j % 3 == 0 {
        a = full i32[1] {value = 1}
      } else {
        b = full i32[1] {value = 1}
      }
    }
  }
  c = full i32[1] {value = 1}
  store c, y[n]
}
""")["f"]
    rounds = [j for n in range(9) for i in range(n) for j in range(i, n, 2)]
    threes = sum(j % 3 == 0 for j in rounds)
    found = {op.result[:1]: op.runs for op in tilevm.stats(kernel, {"N": 9}).ops}
    assert (found["a"], found["b"], found["c"]) == (threes, len(rounds) - threes, 9)


DECIDED = """
kernel f(x: global u1[N], y: global i32[N]) grid (n = N) {
  t: u1[1] = load x[n]
  c = reshape t {shape = []}
  r = if c {
    a = full i32[1] {value = 1}
    yield a
  } else {
    b = full i32[1] {value = 2}
    yield b
  }
  store r, y[n]
}
"""


def test_what_data_decides_is_counted_by_a_run() -> None:
    kernel = tilevm.parse(DECIDED)["f"]
    with pytest.raises(TileError, match="TV0810"):
        tilevm.stats(kernel, {"N": 5})
    found = tilevm.stats(kernel, arguments={"x": [1, 0, 1, 1, 0]})
    runs = {op.result[:1]: op.runs for op in found.ops}
    assert (found.counted, runs["a"], runs["b"]) == ("by a run", 3, 2)


@given(kernels(buildable=False))
def test_counts_of_random_programs_are_those_of_a_run(made: Generated) -> None:
    launch = bind(made.kernel, inputs(made.kernel, made.sizes, seed=1))
    try:
        static = static_counts(launch)
    except DataDecides:
        return
    assert static == counts_of_run(launch)


@given(st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9), st.integers(-9, 9))
def test_a_residue_holds_for_every_number(lo: int, step: int, by: int, plus: int) -> None:
    known = {"k": Residue(step, lo % step), "n": ANY}
    k, n = Sym("k"), Sym("n")
    for expr in (k * by + plus, k / by, k % by, (k + n) * by - plus, k * n, (k * by + plus) % by):
        found = residue(expr, known)
        for at in range(lo, lo + 6 * step, step):
            for block in range(-2, 3):
                value = int(expr.evaluate({"k": at, "n": block}))
                if found.modulus:
                    assert (value - found.rest) % found.modulus == 0, (str(expr), found)
                else:
                    assert value == found.rest
    assert residue(Const(12), {}).divisor == 12


def widest(begin: int, table: list[list[int]], bits: int) -> int:
    """The widest access by trying: each thread's bits cut into equal aligned consecutive parts."""
    for wide in (128, 64, 32, 16, 8):
        if all(moves(begin, row, bits, wide) for row in table):
            return wide
    return 0


def moves(begin: int, row: list[int], bits: int, wide: int) -> bool:
    """Whether the bits that a thread holds, in order, are whole accesses of `wide` bits."""
    every = [begin + element * bits + bit for element in row for bit in range(bits)]
    parts = [every[n : n + wide] for n in range(0, len(every), wide)]
    return all(
        len(part) == wide and part[0] % wide == 0 and all(b == a + 1 for a, b in pairwise(part))
        for part in parts
    )


@given(
    layouts((4, 16)),
    st.sampled_from([1, 3, 4, 8, 12, 16, 32]),
    st.integers(0, 8),
    st.integers(0, 3),
)
def test_the_widest_access_is_found(layout: Layout, bits: int, start: int, pad: int) -> None:
    storage = Storage((4, 16), bits, pad)
    table = offsets(TileType(tilevm.dtype(f"u{bits}"), (4, 16)), layout, storage)
    by_hand = [
        [row * (16 + pad) + column for row, column in places] for places in layout.table().tolist()
    ]
    assert table.tolist() == by_hand
    found = vector_bits(Residue(0, start * bits), table, storage, False)
    assert (found if found >= 8 else 0) == widest(start * bits, by_hand, bits)


@pytest.mark.parametrize(
    ("pad", "swizzle", "passes"), [(0, 0, 32), (1, 0, 1), (2, 0, 2), (16, 0, 16)]
)
def test_a_column_of_words(pad: int, swizzle: int, passes: int) -> None:
    """32 threads each read a word of a column: one bank, unless rows are padded."""
    storage = Storage((32, 32), 32, pad, swizzle)
    table = np.arange(32)[:, None] * (32 + pad)
    assert banks(0, table, storage, 32).passes == passes


@pytest.mark.parametrize(("swizzle", "passes"), [(0, 8), (1, 4), (2, 2), (3, 1)])
def test_a_swizzle_spreads_columns_of_16_bytes(swizzle: int, passes: int) -> None:
    """8 threads read 16 bytes each, of 8 rows of 128 bytes: in one pass where all is spread."""
    storage = Storage((8, 64), 16, 0, swizzle)
    table = np.arange(8)[:, None] * 64 + np.arange(8)
    found = banks(0, table, storage, 128)
    assert (found.passes, found.best) == (passes, 1)


@given(layouts((8, 32)), st.sampled_from([8, 16, 32]), st.integers(0, 2), st.integers(0, 3))
def test_banks_one_word_at_a_time(layout: Layout, bits: int, pad: int, swizzle: int) -> None:
    storage = Storage((8, 32), bits, pad, swizzle)
    table = offsets(TileType(tilevm.dtype(f"u{bits}"), (8, 32)), layout, storage)
    wide = max(vector_bits(Residue(0, 0), table, storage, False), 8)
    each = wide // bits if wide % bits == 0 else 1
    team = {64: 16, 128: 8}.get(each * bits, 32)
    passes = best = 0
    for first in range(0, len(table), team):
        for step in range(0, table.shape[1], max(each, 1)):
            words = set()
            for address in table[first : first + team, step].tolist():
                for byte in range(address * bits // 8, (address + max(each, 1)) * bits // 8):
                    line, inside = divmod(byte, 128)
                    piece = inside // 16 ^ line % (1 << swizzle)
                    words.add((line * 128 + piece * 16 + byte % 16) // 4)
            load = [sum(word % 32 == bank for word in words) for bank in range(32)]
            passes += max(load)
            best += -(-len(words) // 32)
    found = banks(0, table, storage, wide)
    assert (found.passes, found.best) == (passes, best)


def test_ways_to_lay_out_shared_memory_change_no_value() -> None:
    text = """
kernel turn(x: global i16[64, 64], y: global i16[64, 64]) {
  s = alloc_shared i16[64, 64]OPTIONS
  t: i16[64, 64] = load x[0, 0]
  store t, s[0, 0]
  barrier
  u: i16[64, 64] = load s[0, 0]
  r = transpose u
  store r, y[0, 0]
}
"""
    x = np.arange(64 * 64).reshape(64, 64)
    for options in ("", " {pad = 8}", " {swizzle = 3}", " {pad = 1, swizzle = 2}"):
        program = tilevm.parse(text.replace("OPTIONS", options))
        assert tilevm.parse(str(program)) == program
        assert (tilevm.run(program["turn"], x=x, check=True)["y"] == x.T).all()
    for wrong in ("pad = -1", "swizzle = 4", "swizzle = -1"):
        with pytest.raises(TileError, match="TV0310"):
            tilevm.parse(text.replace("OPTIONS", f" {{{wrong}}}"))


def test_layouts_and_why() -> None:
    kernel = tilevm.parse("""
kernel f(x: global i8[16, 8], y: global i8[8, 16], z: global i8[16]) {
  a: i8[16, 8] @ local(2, 1).spatial(8, 8) = load x[0, 0]
  b = add a, a
  c = transpose b
  store c, y[0, 0]
  m = amax b {dims = [1]}
  store m, z[0]
  d: i8[16, 8] = load x[0, 0]
}
""")["f"]
    found = {placed.value.name: placed for placed in tilevm.stats(kernel).layouts}
    assert [found[name].origin for name in "abcmd"] == [
        "written", "inferred", "inferred", "inferred", "default",
    ]  # fmt: skip
    assert str(found["m"].layout) == str(found["a"].layout.reduce([1]))
    assert found["c"].layout.shape == (8, 16)
    assert found["d"].layout.shape == (16, 8)


@given(layouts((4, 6)), layouts((4, 6)))
def test_the_cost_of_a_conversion(source: Layout, target: Layout) -> None:
    wanted = {
        (element, place)
        for element in np.ndindex(4, 6)
        for place in target.places_of(element)
        if place not in source.places_of(element)
    }
    assert cost(source, target) == (len({element for element, _ in wanted}), len(wanted))


def test_a_conversion_is_reported() -> None:
    kernel = tilevm.parse("""
kernel f(x: global i8[4, 4]) {
  a: i8[4, 4] @ spatial(4, 1).local(1, 4) = load x[0, 0]
  b: i8[4, 4] @ spatial(1, 4).local(4, 1) = convert_layout a
  c = neg b
}
""")["f"]
    found = tilevm.stats(kernel)
    (conversion,) = found.conversions
    assert (conversion.moved, conversion.shared_bytes) == (12, 24)
    assert "12 of 16" in str(found)
    assert found.layouts[-1].origin == "inferred"


def test_a_tile_too_large_for_a_layout_is_refused_at_its_line() -> None:
    kernel = tilevm.parse("""kernel big(y: global i8[4])
{
  t = full i8[4294967296, 4294967296] {value = 0}
  s = slice t {start = [0, 0], size = [1, 4]}
  r = reshape s {shape = [4]}
  store r, y[0]
}
""")["big"]
    with pytest.raises(tilevm.TileError) as found:
        tilevm.stats(kernel)
    (problem,) = found.value.diagnostics
    assert problem.code == "TV0331"
    assert [label.span.line for label in problem.labels] == [3]
