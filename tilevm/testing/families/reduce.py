"""Reductions."""

from __future__ import annotations

from hypothesis import strategies as st

from tilevm.ir import Value
from tilevm.testing.families.family import family, overflow_of_sum
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


@family
def reduction(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    dims = w.draw(st.sets(st.integers(0, a.tile.rank - 1), min_size=w.pick((1, 1, 0))))
    over = None if w.rarely(5) else tuple(sorted(dims))
    if w.rarely(2):
        return w.op(w.pick(("amax", "amin")), a, dims=over)
    return w.op("sum", a, dims=over, acc=w.draw(dtypes()), overflow=overflow_of_sum(w))
