"""Layouts that are known from elsewhere: the Tilus paper and NVIDIA's PTX manual."""

import pytest

from tilevm.layouts import Layout, column_local, column_spatial, local, replicated, spatial


def test_factors_lie_as_their_names_say() -> None:
    assert local(2, 3).elements().tolist() == [[0, 1, 2, 3, 4, 5]]
    assert spatial(2, 3).elements().tolist() == [[0], [1], [2], [3], [4], [5]]
    assert column_local(2, 3).elements().tolist() == [[0, 3, 1, 4, 2, 5]]
    assert column_spatial(2, 3).elements().tolist() == [[0], [3], [1], [4], [2], [5]]
    assert replicated(3).elements().tolist() == [[0], [0], [0]]


def test_tilus_example() -> None:
    a = local(2, 2).spatial(8, 4)
    assert (a.shape, a.places, a.steps, a.rank) == ((16, 8), 32, 4, 2)
    assert a.places_of([0, 4]) == (0,) and a.step_of([0, 4]) == 1
    assert a.places_of([15, 7]) == (31,) and a.step_of([15, 7]) == 3
    assert a.element(31, 3) == (15, 7)


# PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type": row and column of
# register i in lane t, with group = t // 4 and t4 = t % 4.
def c_fragment(t: int, i: int) -> tuple[int, int]:
    return t // 4 + (8 if i >= 2 else 0), t % 4 * 2 + (i & 1)


def a_fragment(t: int, i: int) -> tuple[int, int]:
    row = t // 4 if i in (0, 1, 4, 5) else t // 4 + 8
    return row, t % 4 * 2 + (i & 1) + (8 if i >= 4 else 0)


def b_fragment(t: int, i: int) -> tuple[int, int]:
    return t % 4 * 2 + (i & 1) + (8 if i >= 2 else 0), t // 4


@pytest.mark.parametrize(
    ("layout", "shape", "steps", "fragment"),
    [
        (local(2, 1).spatial(8, 4).local(1, 2), (16, 8), 4, c_fragment),
        (column_local(2, 2).spatial(8, 4).local(1, 2), (16, 16), 8, a_fragment),
        (local(2, 1).column_spatial(4, 8).local(2, 1), (16, 8), 4, b_fragment),
    ],
)
def test_tensor_core_fragments(layout, shape, steps, fragment) -> None:
    assert (layout.shape, layout.places, layout.steps) == (shape, 32, steps)
    for lane in range(32):
        for register in range(steps):
            assert layout.element(lane, register) == fragment(lane, register)


def test_reduction_replicates() -> None:
    a = spatial(3, 4).reduce([0])
    assert a.shape == (4,)
    assert [a.places_of([j]) for j in range(4)] == [(j, j + 4, j + 8) for j in range(4)]
    assert a == replicated(3).spatial(4)
    assert spatial(3, 4).reduce([0], keepdims=True) == replicated(3).spatial(1, 4)
    assert a.copies == 3 and a.size == 4


def test_reduction_drops_steps() -> None:
    assert spatial(4).local(2).reduce([0]) == replicated(4)
    assert local(3, 1).spatial(1, 8).reduce([0]) == spatial(8)


def test_quotients() -> None:
    assert spatial(2, 12) / spatial(1, 3) == spatial(2, 4)
    assert local(2, 1).spatial(8, 4).local(1, 2) / local(1, 2) == local(2, 1).spatial(8, 4)
    assert local(12).left_divide(local(3)) == local(4)


def test_different_spellings_are_equal() -> None:
    assert local(2, 1).local(3, 1) == local(6, 1)
    assert spatial(4, 1).spatial(1, 2) == spatial(4, 2)
    assert column_local(2, 1, 3) == local(1, 1, 3).local(2, 1, 1)
    assert spatial(2).local(3) != local(3).spatial(2)
    assert len({spatial(2).spatial(3), spatial(6), local(6)}) == 2


def test_ranks_differ_but_not_for_rank_zero() -> None:
    assert replicated(2) * local(3) == replicated(2).local(3)
    assert local(3).replicated(2) == replicated(2).local(3)
    assert local() * spatial(2, 2) == spatial(2, 2) == spatial(2, 2) * local()
    assert spatial(4).reshape([2, 2]) == spatial(2, 2)


def test_a_huge_layout_costs_nothing() -> None:
    big = spatial(2**20, 1).local(2**20, 2**20)
    assert big / local(1, 2**10) == spatial(2**20, 1).local(2**20, 2**10)
    assert big.element(2**20 - 1, 2**40 - 1) == (2**40 - 1, 2**20 - 1)
    assert big.reduce([0]) == replicated(2**20).local(2**20)
    assert big.permute([1, 0]).reshape([2**60]).shape == (2**60,)
    assert next(big.reduce([0]).each_place_of([5])) == 0


def test_layouts_of_rank_zero() -> None:
    assert local() == spatial() == Layout((), (), ())
    assert local().element(0, 0) == () and local().places_of([]) == (0,)
    assert replicated(2).table().shape == (2, 1, 0)


def test_one_number_means_a_list_of_it() -> None:
    a = spatial(3, 4).local(2, 1)
    assert a.reduce(0) == a.reduce([0]) and a.unsqueeze(1) == a.unsqueeze([1])
    assert local(6).reshape(6) == local(6) and local(6).step_of(4) == local(6).step_of([4]) == 4
    assert list(spatial(6).places_of(5)) == [5] and a.unsqueeze(0).squeeze(0) == a
    assert local(5).permute(0) == local(5)
