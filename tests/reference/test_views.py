"""`view` between layouts: what the type rule accepts has one meaning, what it refuses has none."""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from operator import mul

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.agreement import assert_agreement
from tilevm import TileError
from tilevm.dtypes import dtype
from tilevm.ir import Builder, TileType
from tilevm.layouts import Layout, column_spatial, local, replicated, spatial

EXTENTS = st.lists(st.sampled_from([2, 2, 3]), min_size=1, max_size=3)


def layout(draw: st.DrawFn, extents: list[int]) -> Layout:
    """A product of factors with this many places each, and two steps."""
    factors = [local(1, 2)]
    for n in extents:
        factors.append(draw(st.sampled_from([replicated(n), spatial(n, 1), column_spatial(1, n)])))
    return reduce(mul, draw(st.permutations(factors)), spatial(1, 1))


def one_value_each(old: Layout, new: Layout) -> bool:
    """Whether places that hold copies in `new` hold copies in `old`."""
    held = [tuple(old.element(p, s) for s in range(old.steps)) for p in range(old.places)]
    pairs = combinations(range(new.places), 2)
    return all(held[p] == held[q] for p, q in pairs if new.element(p, 0) == new.element(q, 0))


@given(st.data(), EXTENTS)
def test_layouts_with_copies(data: st.DataObject, extents: list[int]) -> None:
    old, new = layout(data.draw, extents), layout(data.draw, extents)
    k = Builder("f")
    source = TileType(dtype("u4"), old.shape, old)
    target = TileType(dtype("i4"), new.shape, new)
    x, y = k.buffer("x", "u4", old.shape), k.buffer("y", "i4", new.shape)
    loaded = k.load(x[0, 0], type=source)
    try:
        result = k.view(loaded, type=target)
    except TileError as problem:
        assert problem.diagnostics[0].code == "TV0213"
        assert not one_value_each(old, new)
        return
    assert one_value_each(old, new)
    k.store(result, y[0, 0])
    found = assert_agreement(k.kernel(), {"x": np.arange(old.size).reshape(old.shape) % 16})
    assert isinstance(found, dict)
