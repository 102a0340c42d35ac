"""The meaning of each op on integers, element by element in Python integers, from its law."""

import operator
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ir.apply import Array, apply, values, wrap
from tilevm import TileError
from tilevm.dtypes import dtype

KINDS = st.sampled_from(["i1", "u1", "i3", "u4", "i8", "u8", "i12", "i32", "u33", "i64", "u64"])
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


def elements(shape: tuple[int, ...]) -> Any:
    return product(*(range(extent) for extent in shape))


def check(found: Array, shape: tuple[int, ...], law: Any, note: str) -> None:
    """`law(b, *index)` is the Python integer that the op's documentation promises."""
    assert found.shape == shape, note
    for at in elements(shape):
        assert int(found[at]) == law(*at), f"{note}: element {at}"


@given(
    st.sampled_from(["add", "sub", "mul", "and_", "or_", "xor", "min", "max"]),
    KINDS, SHAPES, SEEDS, st.sampled_from(["wrap", "sat"]),
)  # fmt: skip
def test_binary(name: str, kind: str, shape: tuple[int, ...], seed: int, overflow: str) -> None:
    a, b = values(kind, (2, *shape), seed), values(kind, (2, *shape), seed + 1)
    exact = {
        "add": operator.add, "sub": operator.sub, "mul": operator.mul, "and_": operator.and_,
        "or_": operator.or_, "xor": operator.xor, "min": min, "max": max,
    }[name]  # fmt: skip
    modes = {"overflow": overflow} if name in ("add", "sub", "mul") else {}
    found = apply(name, (kind, a), (kind, b), **modes)
    t = dtype(kind)

    def law(*at: int) -> int:
        result = exact(int(a[at]), int(b[at]))
        return wrap(result, kind) if overflow == "wrap" else min(max(result, t.min), t.max)

    check(found, a.shape, law, f"{name} {kind} seed {seed}")


@given(KINDS, SHAPES, SEEDS)
def test_neg_and_not(kind: str, shape: tuple[int, ...], seed: int) -> None:
    a = values(kind, (2, *shape), seed)
    check(apply("neg", (kind, a)), a.shape, lambda *at: wrap(-int(a[at]), kind), f"seed {seed}")
    check(apply("not_", (kind, a)), a.shape, lambda *at: wrap(~int(a[at]), kind), f"seed {seed}")


@given(KINDS, st.sampled_from(["u4", "i8", "u64"]), SEEDS)
def test_shifts(kind: str, amount: str, seed: int) -> None:
    a = values(kind, (2, 5), seed)
    n = np.abs(values(amount, (2, 5), seed)) if amount == "i8" else values(amount, (2, 5), seed)
    n = np.where(n < 0, 0, n)  # the one value of i8 without an absolute value
    bits = dtype(kind).bits

    def left(*at: int) -> int:
        return wrap(int(a[at]) << min(int(n[at]), bits), kind)

    def right(*at: int) -> int:
        return int(a[at]) >> min(int(n[at]), 64)

    check(apply("shl", (kind, a), (amount, n)), a.shape, left, f"{kind} seed {seed}")
    check(apply("shr", (kind, a), (amount, n)), a.shape, right, f"{kind} seed {seed}")


@given(KINDS, KINDS, st.sampled_from(["wrap", "sat"]), SEEDS)
def test_cast(source: str, target: str, overflow: str, seed: int) -> None:
    a, t = values(source, (2, 7), seed), dtype(target)

    def law(*at: int) -> int:
        value = int(a[at])
        return wrap(value, target) if overflow == "wrap" else min(max(value, t.min), t.max)

    found = apply("cast", (source, a), to=target, overflow=overflow)
    check(found, a.shape, law, f"{source} to {target} seed {seed}")


@given(KINDS, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), SEEDS)
def test_compare_and_select(kind: str, pred: str, seed: int) -> None:
    a, b = values(kind, (2, 9), seed), values(kind, (2, 9), seed + 1)
    b[0, :3] = a[0, :3]
    found = apply("compare", (kind, a), (kind, b), pred=pred)
    holds = getattr(operator, pred)
    check(found, a.shape, lambda *at: int(holds(int(a[at]), int(b[at]))), f"seed {seed}")
    chosen = apply("select", ("u1", found), (kind, a), (kind, b))
    check(chosen, a.shape, lambda *at: int(a[at] if found[at] else b[at]), f"seed {seed}")


@given(KINDS, st.lists(st.integers(1, 4), min_size=1, max_size=3), SEEDS, st.data())
def test_reductions(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    a = values(kind, (2, *extents), seed)
    rank = len(extents)
    dims = data.draw(st.lists(st.integers(0, rank - 1), unique=True))
    acc = data.draw(st.sampled_from(["i5", "u8", "i32", "i64"]))
    kept = [d for d in range(rank) if d not in dims]
    shape = (2, *(extents[d] for d in kept))

    def over(*at: int) -> list[int]:
        return [
            int(a[i]) for i in elements(a.shape)
            if i[0] == at[0] and all(i[d + 1] == x for d, x in zip(kept, at[1:], strict=True))
        ]  # fmt: skip

    note = f"{kind} over {dims} seed {seed}"
    total = apply("sum", (kind, a), dims=dims, acc=acc)
    check(total, shape, lambda *at: wrap(sum(over(*at)), acc), note)
    check(apply("amax", (kind, a), dims=dims), shape, lambda *at: max(over(*at)), note)
    check(apply("amin", (kind, a), dims=dims), shape, lambda *at: min(over(*at)), note)


@given(KINDS, KINDS, st.tuples(*[st.integers(1, 5)] * 3), st.booleans(), st.booleans(), SEEDS)
def test_dot(
    ta: str, tb: str, sizes: tuple[int, int, int], vector_a: bool, vector_b: bool, seed: int
) -> None:
    m, k, n = sizes
    a = values(ta, (2, k) if vector_a else (2, m, k), seed)
    b = values(tb, (2, k) if vector_b else (2, k, n), seed + 1)
    for acc in ("i32", "i9", "u64"):
        found = apply("dot", (ta, a), (tb, b), acc=acc)
        shape = a.shape[1:-1] + b.shape[2:]

        def law(block: int, *at: int, acc: str = acc) -> int:
            row = a[block] if vector_a else a[block, at[0]]
            column = b[block] if vector_b else b[block, :, at[-1]]
            exact = sum(int(x) * int(y) for x, y in zip(row, column, strict=True))
            return wrap(exact, acc)

        check(found, (2, *shape), law, f"{ta} {tb} {acc} seed {seed}")


@given(KINDS, SHAPES, SEEDS)
def test_bit_planes_and_their_sum(kind: str, shape: tuple[int, ...], seed: int) -> None:
    a = values(kind, (2, *shape), seed)
    t = dtype(kind)
    planes = apply("bit_planes", (kind, a))
    note = f"{kind} seed {seed}"
    check(planes, (2, t.bits, *shape), lambda b, p, *at: int(a[(b, *at)]) >> p & 1, note)
    acc = f"{'i' if t.signed else 'u'}{t.bits}"
    back = apply("shift_add", ("u1", planes), signed=t.signed, acc=acc)
    check(back, a.shape, lambda *at: int(a[at]), note)


@given(KINDS, st.integers(1, 5), st.booleans(), st.sampled_from(["i32", "u5", "i64"]), SEEDS)
def test_shift_add(kind: str, planes: int, signed: bool, acc: str, seed: int) -> None:
    a = values(kind, (2, planes, 3), seed)

    def law(b: int, i: int) -> int:
        terms = [int(a[b, p, i]) << p for p in range(planes)]
        return wrap(sum(terms) - (2 * terms[-1] if signed else 0), acc)

    check(apply("shift_add", (kind, a), signed=signed, acc=acc), (2, 3), law, f"seed {seed}")


@given(st.sampled_from(["i1", "u1", "i3", "u8", "i32"]), st.integers(1, 8), SEEDS)
def test_subset_sums_and_lookup(kind: str, group: int, seed: int) -> None:
    a = values(kind, (2, 3, 2 * group), seed)
    tables = apply("subset_sums", (kind, a), group=group)

    def law(b: int, m: int, j: int, e: int) -> int:
        return sum(int(a[b, m, j * group + i]) for i in range(group) if e >> i & 1)

    check(tables, (2, 3, 2, 2**group), law, f"{kind} seed {seed}")
    t = dtype(kind)
    entry = f"{'i' if t.signed else 'u'}{t.bits + (group - 1).bit_length()}"
    index = values(f"u{group}", (2, 4, 3, 2), seed)
    found = apply("lookup", (entry, tables), (f"u{group}", index))
    check(found, index.shape, lambda b, *i: int(tables[(b, *i[1:], index[(b, *i)])]), f"{seed}")


def test_lookup_repeats_tables_of_extent_1() -> None:
    table = np.arange(8, dtype=np.int8).reshape(1, 2, 1, 4)
    index = values("u2", (1, 3, 2, 5), 0)
    found = apply("lookup", ("i8", table), ("u2", index))
    check(found, index.shape, lambda b, i, j, k: int(table[0, j, 0, index[b, i, j, k]]), "")


@given(KINDS, st.lists(st.integers(1, 4), min_size=1, max_size=3), SEEDS, st.data())
def test_moves(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    a = values(kind, (2, *extents), seed)
    rank, note = len(extents), f"{kind} {extents} seed {seed}"
    perm = data.draw(st.permutations(range(rank)))
    turned = apply("transpose", (kind, a), perm=perm)

    def from_turned(b: int, *at: int) -> int:
        back = [0] * rank
        for d, source in enumerate(perm):
            back[source] = at[d]
        return int(a[(b, *back)])

    check(turned, (2, *(extents[d] for d in perm)), from_turned, note)
    flat = apply("reshape", (kind, a), shape=[prod(extents)])
    order = list(elements(tuple(extents)))
    check(flat, (2, prod(extents)), lambda b, i: int(a[(b, *order[i])]), note)
    low = data.draw(st.lists(st.integers(0, 2), min_size=rank, max_size=rank))
    high = data.draw(st.lists(st.integers(0, 2), min_size=rank, max_size=rank))
    padded = apply("pad", (kind, a), low=low, high=high, value=0)

    def from_padded(b: int, *at: int) -> int:
        inner = [i - before for i, before in zip(at, low, strict=True)]
        inside = all(0 <= i < extent for i, extent in zip(inner, extents, strict=True))
        return int(a[(b, *inner)]) if inside else 0

    shape = (2, *(x + y + z for x, y, z in zip(low, extents, high, strict=True)))
    check(padded, shape, from_padded, note)
    wide = apply("broadcast", (kind, a), shape=[3, *extents])
    check(wide, (2, 3, *extents), lambda b, _, *at: int(a[(b, *at)]), note)


@given(
    st.sampled_from([("u1", "u4"), ("u4", "u1"), ("i3", "u2"), ("u5", "i3"), ("i8", "i8")]),
    st.integers(1, 3), SEEDS,
)  # fmt: skip
def test_view(kinds: tuple[str, str], count: int, seed: int) -> None:
    old, new = map(dtype, kinds)
    size = count * old.bits * new.bits
    a = values(old.name, (2, size // old.bits), seed)
    found = apply("view", (old.name, a), written=f"{new}[{size // new.bits}]")
    for block in range(2):
        bits = [int(x) >> i & 1 for x in a[block] for i in range(old.bits)]
        for j, value in enumerate(found[block]):
            part = bits[j * new.bits : (j + 1) * new.bits]
            assert int(value) == wrap(sum(bit << i for i, bit in enumerate(part)), new), f"{seed}"


@given(st.sampled_from(["f16", "bf16", "f32", "e4m3fn"]), SEEDS)
def test_view_of_floats_gives_their_codes(kind: str, seed: int) -> None:
    a = values(kind, (1, 6), seed)
    t = dtype(kind)
    codes = apply("view", (kind, a), written=f"u{t.bits}[6]")
    assert (codes == t.encode(a)).all(), f"seed {seed}"
    back = apply("view", (f"u{t.bits}", codes), written=f"{kind}[6]")
    assert np.array_equal(back, a), f"seed {seed}"


@pytest.mark.parametrize("kind", ["u2", "i8", "u64"])
def test_iota_starts_per_block(kind: str) -> None:
    import tilevm

    program = tilevm.parse(f"""
kernel f(y: global {kind}[5, 2, 3]) grid (n = 5) {{
  t = iota {kind}[2, 3] {{dim = 1, start = n * 3 - 4}}
  store t, y[n, 0, 0]
}}""")
    found = tilevm.run(program["f"])["y"]
    check(found, (5, 2, 3), lambda n, _, i: wrap(n * 3 - 4 + i, kind), kind)


def test_a_trap_names_the_element() -> None:
    a = np.array([[1, 2], [3, 127]], np.int8)
    with pytest.raises(TileError, match=r"at element \[1\]") as caught:
        apply("add", ("i8", a), ("i8", a), overflow="trap")
    assert caught.value.diagnostics[0].notes[-1] == "in thread block n = 1"
