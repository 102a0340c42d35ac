"""rewrite_dot: each `dot` of integers in another form: table look-ups, bits, additions or products.

Every form is exact, for all widths, signs and values.  A `dot` of floats stays as it is, and so
does one whose exact sum is needed (for a float result, or where `overflow` is `sat` or `trap`) but
does not fit into 64 bits.

`form = lut` reads sums of `group` elements from tables, once for each bit-plane of the other
operand.  The tables are made of the activations or of the weights (`table`); the weights are the
operand with fewer bits, the first if both have as many.

Before (form = lut, group = 4)::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r = dot a, b
      store r, y[0]
    }

After::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r_table = subset_sums b {group = 4}
      r_planes = bit_planes a
      r_index: u4[3, 64, 8] = view r_planes
      r_found = lookup r_table, r_index
      r_sums = sum r_found {dims = [2], acc = i13}
      r = shift_add r_sums {signed = true}
      store r, y[0]
    }

`form = bitserial` counts, for each pair of bit-planes, where both bits are 1, and adds the counts
with the weights of the planes.

Before (form = bitserial)::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r = dot a, b
      store r, y[0]
    }

After::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r_a_planes = bit_planes a
      r_b_planes = bit_planes b
      r_a_spread = reshape r_a_planes {shape = [3, 1, 64, 32]}
      r_a_each = broadcast r_a_spread {shape = [3, 8, 64, 32]}
      r_b_spread = reshape r_b_planes {shape = [1, 8, 1, 32]}
      r_b_each = broadcast r_b_spread {shape = [3, 8, 64, 32]}
      r_both = and r_a_each, r_b_each
      r_counts = sum r_both {dims = [3], acc = u6}
      r_sums = shift_add r_counts {signed = true, acc = i8}
      r = shift_add r_sums {signed = true}
      store r, y[0]
    }

`form = ternary` adds, subtracts or skips each element, where one operand is known to lie from -1
to 1, in two steps where it lies from -2 to 2 (as every `i2` does); any other `dot` stays.

Before (form = ternary)::

    kernel f(w: global i2[4, 8], x: global i8[8], y: global i32[4])
    {
      a: i2[4, 8] = load w[0, 0]
      least = full i2[4, 8] {value = -1}
      t = max a, least
      b: i8[8] = load x[0]
      r = dot t, b
      store r, y[0]
    }

After::

    kernel f(w: global i2[4, 8], x: global i8[8], y: global i32[4])
    {
      a: i2[4, 8] = load w[0, 0]
      least = full i2[4, 8] {value = -1}
      t = max a, least
      b: i8[8] = load x[0]
      r_plus = cast b {to = i9}
      r_zero = full i9[4, 8] {value = 0}
      r_minus = neg r_plus
      r_minus_spread = reshape r_minus {shape = [1, 8]}
      r_minus_each = broadcast r_minus_spread {shape = [4, 8]}
      r_plus_spread = reshape r_plus {shape = [1, 8]}
      r_plus_each = broadcast r_plus_spread {shape = [4, 8]}
      r_bound = full i2[4, 8] {value = -1}
      r_there = compare t, r_bound {pred = le}
      r_step = select r_there, r_minus_each, r_zero
      r_bound2 = full i2[4, 8] {value = 1}
      r_there2 = compare t, r_bound2 {pred = ge}
      r_step2 = select r_there2, r_plus_each, r_step
      r = sum r_step2 {dims = [1], acc = i32}
      store r, y[0]
    }

`form = mac` is the definition: all products, and their sum.

Before (form = mac)::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r = dot a, b
      store r, y[0]
    }

After::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      a: i3[64, 32] = load w[0, 0]
      b: i8[32] = load x[0]
      r_a_wide = cast a {to = i11}
      r_b_wide = cast b {to = i11}
      r_b_spread = reshape r_b_wide {shape = [1, 32]}
      r_b_each = broadcast r_b_spread {shape = [64, 32]}
      r_products = mul r_a_wide, r_b_each
      r = sum r_products {dims = [1], acc = i32}
      store r, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from tilevm.diagnostics import TileError
from tilevm.ir import Kernel, Op, Value
from tilevm.ir.ops import Dot, Full
from tilevm.ir.types import MAX_RANK
from tilevm.passes.dot_forms.bitserial import bitserial
from tilevm.passes.dot_forms.lut import lut
from tilevm.passes.dot_forms.mac import mac
from tilevm.passes.dot_forms.ternary import ternary
from tilevm.passes.ranges import Ranges, ranges
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import Emitter, rewrite

Form = Literal["lut", "bitserial", "ternary", "mac"]
Table = Literal["activations", "weights"]


@declare
def rewrite_dot(
    kernel: Kernel,
    form: Form = "lut",
    group: Annotated[int, range(1, 9)] = 4,
    table: Table = "activations",
) -> Kernel:
    """The kernel with each `dot` of integers in another form; see the top of the file.

    `group`: elements per table of `lut`.  `table`: the operand that is tabled.
    """
    known = ranges(kernel) if form == "ternary" else None

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if not isinstance(op, Dot) or not (op.a.dtype.is_int and op.b.dtype.is_int):
            return None
        rank = max(op.a.tile.rank, op.b.tile.rank)
        if rank > MAX_RANK - 3:  # the forms need dimensions of their own
            return None
        if not op.a.tile.size or not op.b.tile.size:
            made = _zeros(op, emit)
        elif form == "lut":
            made = lut(op, emit, group, table == "weights")
        elif form == "bitserial":
            made = bitserial(op, emit)
        elif form == "mac":
            made = mac(op, emit)
        else:
            made = _ternary(op, emit, known)
        return None if made is None else (made,)

    return rewrite(kernel, rule)


def _ternary(op: Dot, emit: Emitter, known: Ranges | None) -> Value | None:
    source = emit.source
    assert isinstance(source, Dot) and known is not None
    return ternary(op, emit, known[source.a], known[source.b])


def _zeros(op: Dot, emit: Emitter) -> Value | None:
    """The sum of nothing, unless its type has no zero."""
    try:
        return emit(
            Full, written=op.out.tile, type=op.out.tile.with_shape(*op.out.tile.shape), value=0
        )
    except TileError:
        return None
