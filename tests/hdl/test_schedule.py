"""Schedules that consumers ask for, against a search row by row; numbers of equal rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.lower.schedule import HOLE, derived_schedule, first_of_each, row_numbers
from hdl.netlist import ONE, ZERO

ROWS = st.lists(st.lists(st.integers(-1, 5), min_size=3, max_size=3), min_size=1, max_size=9)


@given(ROWS)
def test_numbers_of_rows(rows: list[list[int]]) -> None:
    numbers = row_numbers(np.array(rows)).tolist()
    first = [rows.index(row) for row in rows]
    assert [numbers.index(n) for n in numbers] == first, "equal where the rows are"
    assert first_of_each(np.array(numbers)).tolist() == sorted(set(first))


@given(ROWS)
def test_a_derived_schedule_gives_each_beat_what_it_needs(rows: list[list[int]]) -> None:
    """With elements of 2 bits: a beat for each set of needs, if these part the tile."""
    needs = np.array(rows)
    size = int(needs.max()) + 1
    bits = np.where(needs[..., None] < 0, ZERO, needs[..., None] * 2 + np.arange(2))
    found = derived_schedule(bits, 2, max(size, 1))
    if found is None:
        return
    wanted = [set(row) - {HOLE} for row in rows]
    given_sets = [set(row) - {HOLE} for row in found.tolist()]
    assert [w for w in wanted if w and w not in given_sets] == []
    assert sorted(e for beat in given_sets for e in beat) == list(range(size)), "each once"


def demand(order: npt.NDArray[np.int64], again: int) -> npt.NDArray[np.int64]:
    """The bits of elements of 3 bits, all needed `again` times over, beside a constant lane."""
    elements = np.tile(order, (again, 1))
    bits = elements[..., None] * 3 + np.arange(3)
    constant = np.full((*bits.shape[:1], 1, 3), ONE)
    return np.concatenate([bits, constant], axis=1)


@pytest.mark.parametrize("shape", [(1, 1), (6, 4), (4, 6), (24, 1), (1, 24)])
@pytest.mark.parametrize("again", [1, 3])
def test_a_partition_in_any_order_is_kept(shape: tuple[int, int], again: int) -> None:
    order = np.random.default_rng(7).permutation(shape[0] * shape[1]).reshape(shape)
    found = derived_schedule(demand(order, again), 3, order.size)
    assert found is not None and found.tolist() == order.tolist()


@pytest.mark.parametrize(
    "rows", [[[0, 1], [1, 2]], [[0, 1], [2, 2], [1, 3]], [[0, 1]]], ids=["overlap", "mixed", "part"]
)
def test_needs_that_no_schedule_meets(rows: list[list[int]]) -> None:
    needs = np.array(rows)
    assert derived_schedule(needs[..., None], 1, 4 if needs.max() != 2 else 3) is None
