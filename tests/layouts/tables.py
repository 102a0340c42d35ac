"""The oracle: layouts as plain tables, built by loops from the definitions, and random layouts.

A table is (shape, cells), and ``cells[place][step]`` is the index of the element there.
"""

import itertools
import math

from hypothesis import strategies as st

from tilevm.layouts import Layout, Mode

Table = tuple[tuple[int, ...], list[list[tuple[int, ...]]]]


def local_table(shape: tuple[int, ...], column: bool = False) -> Table:
    return shape, [indices(shape, column)]


def spatial_table(shape: tuple[int, ...], column: bool = False) -> Table:
    return shape, [[index] for index in indices(shape, column)]


def indices(shape: tuple[int, ...], column: bool = False) -> list[tuple[int, ...]]:
    if column:
        return [index[::-1] for index in indices(shape[::-1])]
    return list(itertools.product(*map(range, shape)))


def product_table(a: Table, b: Table) -> Table:
    shape = tuple(m * n for m, n in zip(a[0], b[0], strict=True))
    cells = [
        [
            tuple(i * n + j for i, n, j in zip(outer, b[0], inner, strict=True))
            for outer, inner in itertools.product(row_a, row_b)
        ]
        for row_a, row_b in itertools.product(a[1], b[1])
    ]
    return shape, cells


def table_of(layout: Layout) -> Table:
    """The table by `Layout.element`, one cell at a time."""
    return layout.shape, [
        [layout.element(place, step) for step in range(layout.steps)]
        for place in range(layout.places)
    ]


def flat(table: Table) -> list[list[int]]:
    """The same cells as row-major element numbers."""
    number = {index: at for at, index in enumerate(indices(table[0]))}
    return [[number[index] for index in row] for row in table[1]]


@st.composite
def layouts(draw: st.DrawFn, rank: int | None = None, cells: int = 96) -> Layout:
    """Any layout of the algebra: factors of each dimension, dealt in any order to two sides."""
    if rank is None:
        rank = draw(st.integers(0, 3))
    digits: list[Mode] = []
    shape = [1] * rank
    room = cells
    for dim in draw(st.lists(st.sampled_from([*range(rank), None]), max_size=6)):
        extent = draw(st.sampled_from([1, 2, 2, 3, 4, 5]))
        if extent > room:
            continue
        room //= extent
        digits.append(Mode(dim, 0 if dim is None else shape[dim], extent))
        if dim is not None:
            shape[dim] *= extent
    digits = draw(st.permutations(digits))
    sides = [draw(st.booleans()) or digit.dim is None for digit in digits]
    return Layout(
        tuple(shape),
        tuple(digit for digit, side in zip(digits, sides, strict=True) if side),
        tuple(digit for digit, side in zip(digits, sides, strict=True) if not side),
    )


def same_rank(count: int, cells: int = 24) -> st.SearchStrategy[tuple[Layout, ...]]:
    """``count`` layouts of one rank."""
    return st.integers(0, 3).flatmap(
        lambda rank: st.tuples(*[layouts(rank=rank, cells=cells)] * count)
    )


def shapes_of(size: int) -> list[tuple[int, ...]]:
    """Every shape of up to three dimensions with ``size`` elements."""
    divisors = [n for n in range(1, size + 1) if size % n == 0]
    return [
        shape
        for rank in range(4)
        for shape in itertools.product(divisors, repeat=rank)
        if math.prod(shape) == size
    ]
