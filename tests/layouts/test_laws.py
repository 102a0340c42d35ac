"""The laws of the algebra, on random layouts, against tables made by loops."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilevm.diagnostics import TileError
from tilevm.layouts import (
    Layout,
    Mode,
    column_local,
    column_spatial,
    local,
    parse,
    replicated,
    spatial,
)

from .tables import (
    flat,
    indices,
    layouts,
    local_table,
    product_table,
    same_rank,
    shapes_of,
    spatial_table,
    table_of,
)

SMALL_SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@given(SMALL_SHAPES)
def test_factors(shape) -> None:
    assert table_of(local(*shape)) == local_table(shape)
    assert table_of(spatial(*shape)) == spatial_table(shape)
    assert table_of(column_local(*shape)) == local_table(shape, column=True)
    assert table_of(column_spatial(*shape)) == spatial_table(shape, column=True)


@given(layouts())
def test_every_element_has_its_places_and_one_step(layout) -> None:
    held: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for place, row in enumerate(table_of(layout)[1]):
        for step, index in enumerate(row):
            held.setdefault(index, []).append((place, step))
    assert sorted(held) == indices(layout.shape)
    for index, cells in held.items():
        assert [(place, layout.step_of(index)) for place in layout.places_of(index)] == cells
        assert len(cells) == layout.copies
    assert layout.places * layout.steps == layout.size * layout.copies


@given(layouts())
def test_tables_agree_with_lookup(layout) -> None:
    table = table_of(layout)
    assert layout.elements().tolist() == flat(table)
    assert layout.elements().dtype == layout.table().dtype == np.int64
    assert layout.table().shape == (layout.places, layout.steps, layout.rank)
    assert [[tuple(cell) for cell in row] for row in layout.table().tolist()] == table[1]


@given(same_rank(2))
def test_product_follows_its_formula(pair) -> None:
    a, b = pair
    assert table_of(a * b) == product_table(table_of(a), table_of(b))


@given(same_rank(3))
def test_product_is_associative(three) -> None:
    a, b, c = three
    assert (a * b) * c == a * (b * c)


@given(layouts(), st.integers(1, 4), layouts(rank=1, cells=8))
def test_rank_zero_is_associative_too(a, copies, b) -> None:
    r = replicated(copies)
    assert (r * a) * r == r * (a * r)
    assert (r * b) * (r * b) == r * (b * r) * b
    assert (r * r) * b == r * (r * b)


@given(same_rank(2))
def test_division_undoes_product(pair) -> None:
    a, b = pair
    assert (a * b) / b == a
    assert (a * b).left_divide(a) == b


@given(same_rank(2, cells=48))
def test_a_quotient_is_right_when_there_is_one(pair) -> None:
    a, b = pair
    for divide, multiply in (
        (lambda: a / b, lambda c: c * b),
        (lambda: a.left_divide(b), lambda c: b * c),
    ):
        try:
            quotient = divide()
        except TileError as error:
            assert error.diagnostics[0].code == "TV0333"
        else:
            assert multiply(quotient) == a


def test_division_finds_every_quotient() -> None:
    """Exhaustive over small layouts of rank 1: division fails only where there is no quotient."""
    small = [layout for size in (1, 2, 3, 4, 6) for layout in every_layout(size)]
    wholes = [layout for size in (4, 6, 12) for layout in every_layout(size)]
    outer_of = {(c * b, b): c for c in small for b in small}
    inner_of = {(b * c, b): c for c in small for b in small}
    found = 0
    for a in wholes:
        for b in small:
            for divide, answers in ((Layout.__truediv__, outer_of), (Layout.left_divide, inner_of)):
                try:
                    quotient = divide(a, b)
                except TileError:
                    assert (a, b) not in answers, f"{a} by {b} is {answers[a, b]}"
                else:
                    assert answers.get((a, b), quotient) == quotient
                    assert a in (quotient * b, b * quotient)
                    found += 1
    assert found > 2 * len(wholes)


def every_layout(size: int) -> list[Layout]:
    """Every layout of rank 1 with ``size`` elements and no copies, by trying every table."""
    found = []
    for places in (n for n in range(1, size + 1) if size % n == 0):
        rows, columns = places, size // places
        for low in shapes_of(size):
            for order in {tuple(o) for o in np.ndindex(*(len(low),) * len(low))}:
                if sorted(order) != list(range(len(low))):
                    continue
                cells = np.arange(size).reshape(low).transpose(order).reshape(rows, columns)
                layout = Layout.from_table(cells, [size])
                if layout is not None:
                    found.append(layout)
    return list(dict.fromkeys(found))


@given(same_rank(2, cells=12))
def test_equal_exactly_when_tables_are(pair) -> None:
    a, b = pair
    same = table_of(a) == table_of(b)
    assert (a == b) == same == (a.canonical() == b.canonical())
    if same:
        assert hash(a) == hash(b)


@pytest.mark.parametrize("shape", [(12,), (4, 2), (2, 3, 2), (2, 4), (9,)])
@pytest.mark.parametrize("copies", [1, 2])
def test_one_layout_for_one_table(shape, copies) -> None:
    """Exhaustive: prime digits in every order, dealt to places and steps in every way."""
    by_table: dict[bytes, Layout] = {}
    tables: dict[Layout, bytes] = {}
    for order in set(itertools.permutations([*prime_digits(shape), Mode(None, 0, copies)])):
        for cut in range(len(order) + 1):
            spatial_modes, local_modes = order[:cut], order[cut:]
            if any(mode.dim is None and mode.extent > 1 for mode in local_modes):
                continue
            if any(mode.dim is None for mode in local_modes):
                local_modes = tuple(mode for mode in local_modes if mode.dim is not None)
            layout = Layout(shape, spatial_modes, local_modes)
            table = str(table_of(layout)).encode()
            assert by_table.setdefault(table, layout) == layout
            assert tables.setdefault(layout, table) == table
            assert parse(str(layout)) == layout
            assert Layout.from_table(layout.elements(), shape) == layout
    assert len(by_table) == len(tables) > 1


def prime_digits(shape: tuple[int, ...]) -> list[Mode]:
    digits = []
    for dim, extent in enumerate(shape):
        stride = 1
        while stride < extent:
            prime = next(p for p in range(2, extent + 1) if extent // stride % p == 0)
            digits.append(Mode(dim, stride, prime))
            stride *= prime
    return digits


@given(layouts(), st.randoms(use_true_random=False))
def test_splitting_digits_changes_nothing(layout, random) -> None:
    def split(modes):
        for dim, stride, extent in modes:
            part = random.choice([n for n in range(1, extent + 1) if extent % n == 0])
            yield Mode(dim, stride * part, extent // part)
            yield Mode(dim, stride, part)

    spatial_modes = tuple(split(layout.spatial_modes))
    again = Layout(layout.shape, spatial_modes, tuple(split(layout.local_modes)))
    assert again == layout and hash(again) == hash(layout)
    assert (again.spatial_modes, again.local_modes) == (layout.spatial_modes, layout.local_modes)


@given(layouts(), st.data())
def test_reduce(layout, data) -> None:
    dims = [dim for dim in range(layout.rank) if data.draw(st.booleans())]
    reduced = layout.reduce(dims)
    kept = [dim for dim in range(layout.rank) if dim not in dims]
    assert reduced.shape == tuple(layout.shape[dim] for dim in kept)
    assert reduced.places == layout.places
    expected: dict[tuple[int, ...], set[int]] = {}
    for place, row in enumerate(table_of(layout)[1]):
        for index in row:
            expected.setdefault(tuple(index[dim] for dim in kept), set()).add(place)
    assert {index: set(reduced.places_of(index)) for index in indices(reduced.shape)} == expected
    # what stays in a place stays in order, without the steps that were reduced
    for place, row in enumerate(table_of(layout)[1]):
        remaining = list(dict.fromkeys(tuple(index[dim] for dim in kept) for index in row))
        got = [reduced.element(place, step) for step in range(reduced.steps)]
        assert sorted(got) == sorted(remaining)
    assert layout.reduce(dims, keepdims=True).squeeze(dims) == reduced


@given(layouts(), st.data())
def test_permute(layout, data) -> None:
    order = data.draw(st.permutations(range(layout.rank)))
    moved = layout.permute(order)
    shape, cells = table_of(layout)
    expected = [[tuple(index[dim] for dim in order) for index in row] for row in cells]
    assert table_of(moved) == (tuple(shape[dim] for dim in order), expected)
    assert moved.permute(np.argsort(order).tolist()) == layout


@given(layouts(), st.data())
def test_squeeze_undoes_unsqueeze(layout, data) -> None:
    dims = data.draw(st.lists(st.integers(0, layout.rank), unique=True, max_size=2))
    dims = [dim for dim in dims if dim < layout.rank + len(dims)]
    wide = layout.unsqueeze(dims)
    assert wide.rank == layout.rank + len(dims)
    assert all(wide.shape[dim] == 1 for dim in dims)
    assert wide.elements().tolist() == layout.elements().tolist()
    assert wide.squeeze(dims) == layout


@given(layouts(cells=48), st.data())
def test_reshape_keeps_the_table(layout, data) -> None:
    shape = data.draw(st.sampled_from(shapes_of(layout.size)))
    expected = Layout.from_table(layout.elements(), shape)
    try:
        reshaped = layout.reshape(shape)
    except TileError as error:
        assert error.diagnostics[0].code == "TV0335"
        assert expected is None
    else:
        assert reshaped == expected
        assert reshaped.elements().tolist() == layout.elements().tolist()
    assert layout.reshape([layout.size]).reshape(layout.shape) == layout


@given(layouts())
def test_from_table_undoes_elements(layout) -> None:
    assert Layout.from_table(layout.elements(), layout.shape) == layout
    assert Layout.from_table(layout.table(), layout.shape) == layout


@given(layouts(cells=24), st.data())
def test_from_table_finds_the_layout_or_none(layout, data) -> None:
    """A table with two cells swapped or one changed: never a layout with another table."""
    cells = layout.elements()
    at, other = (data.draw(st.integers(0, cells.size - 1)) for _ in range(2))
    cells.flat[at], cells.flat[other] = cells.flat[other], cells.flat[at]
    if data.draw(st.booleans()):
        cells.flat[at] = data.draw(st.integers(-1, layout.size))
    found = Layout.from_table(cells, layout.shape)
    if found is not None:
        assert found.elements().tolist() == cells.tolist()
    if np.array_equal(cells, layout.elements()):
        assert found == layout


def test_from_table_refuses_tables_of_no_layout() -> None:
    refused = [
        ([[0, 1, 2]], [4]),  # an element is missing
        ([[0, 0]], [1]),  # an element at two steps
        ([[1, 0]], [2]),  # reversed
        ([[0, 1], [3, 2]], [4]),  # not a sum of a row and a column
        ([[0, 1, 2, 4, 3, 5]], [6]),  # a permutation that is no digit order
        ([[0, 1, 2], [1, 2, 3]], [4]),  # overlapping
        ([[0, 2, 1, 3, 4, 5]], [6]),  # a digit order at the start only
        ([[0], [3], [1], [4], [2], [5]], [3, 2]),  # straddles the dimensions
        ([0, 1], [2]),  # not two-dimensional
        ([[0.0, 1.0]], [2]),  # not integers
        ([[]], [1]),
        ([[[0, 2], [0, 1]]], [1, 2]),  # an index beyond the shape
        ([[[0, -1], [0, 1]]], [1, 2]),
        ([[[0], [1]]], [1, 2]),  # indices of another rank
    ]
    for cells, shape in refused:
        assert Layout.from_table(np.array(cells), shape) is None, cells


def test_size_counts_each_element_once() -> None:
    a = spatial(3, 4).reduce([0])
    assert (a.size, a.copies, math.prod(a.shape)) == (4, 3, 4)
