"""The builder: what is wrong is refused at once, with the codes that a text would get."""

from collections.abc import Callable

import numpy as np
import pytest

import tilevm
from tilevm import TileError
from tilevm.ir import Builder, Kernel, Sym, TileType, Value, verify
from tilevm.ir.builder import condition
from tilevm.ir.control import For


def raised(build: Callable[[Builder, Value], object]) -> str:
    """The code of the error that a step of building raises."""
    k = Builder("f")
    x = k.buffer("x", "i8", "N")
    with pytest.raises(TileError) as caught:
        build(k, x)
        k.kernel()
    return caught.value.diagnostics[0].code


@pytest.mark.parametrize(
    ("build", "code"),
    [
        (lambda k, x: k.load(x[0], type="i8[-1]"), "TV0216"),
        (lambda k, x: k.load(x[0], type="i8"), "TV0216"),
        (lambda k, x: k.load(x[0], type="i99[4]"), "TV0201"),
        (lambda k, x: k.load(x[0]), "TV0214"),
        (lambda k, x: k.load(x, type="i8[4]"), "TV0202"),
        (lambda k, x: k.load(k.full("i8[4]", value=0)[0], type="i8[4]"), "TV0204"),
        (lambda k, x: k.ad(x, x), "TV0103"),
        (lambda k, x: k.add(x), "TV0202"),
        (lambda k, x: k.add(x, x), "TV0204"),
        (lambda k, x: k.add(1, 2), "TV0202"),
        (lambda k, x: k.full("i8[4]", value=0, val=1), "TV0104"),
        (lambda k, x: k.full("i8[4]"), "TV0207"),
        (lambda k, x: k.full("i8[4]", value=10**30), "TV0207"),
        (lambda k, x: k.buffer("x", "i8", 4), "TV0102"),
        (lambda k, x: k.buffer("N", "i8", 4), "TV0102"),
        (lambda k, x: k.load(x[Sym("M")], type="i8[4]"), "TV0101"),
        (lambda k, x: k.full("i8[4]", value=0, name="if"), "TV0106"),
        (lambda k, x: k.full("i8[4]", value=0, name="a b"), "TV0106"),
        (lambda k, x: k.full("i8[4]", value=0, name="é"), "TV0106"),
        (lambda k, x: k.grid("9", 4), "TV0106"),
        (lambda k, x: k.buffer("z", "i8", Sym("a-b")), "TV0106"),
    ],
)
def test_wrong_steps(build: Callable[[Builder, Value], object], code: str) -> None:
    assert raised(build) == code


def test_a_value_from_another_kernel_is_refused() -> None:
    other = Builder("g")
    foreign = other.full("i8[4]", value=0)
    assert raised(lambda k, x: k.neg(foreign)) == "TV0101"


def test_a_value_of_an_inner_block_is_not_seen_outside() -> None:
    def build(k: Builder, x: Value) -> None:
        with k.loop("i", 0, 4):
            inside = k.full("i8[4]", value=0)
        k.neg(inside)

    assert raised(build) == "TV0101"


def test_where_it_is_wrong_is_said_without_a_source_too() -> None:
    k = Builder("f")
    a, b = k.full("i8[4]", value=0), k.full("i16[4]", value=0)
    with pytest.raises(TileError) as caught:
        k.add(a, b)
    assert "b: this is i16[4]" in str(caught.value) and "a: this is i8[4]" in str(caught.value)


def test_types_compare_without_layouts() -> None:
    plain, placed = TileType.parse("i8[4, 2]"), TileType.parse("i8[4, 2] @ spatial(4, 2)")
    assert plain == placed and str(placed) == "i8[4, 2] @ spatial(4, 2)"


def test_verify_finds_all_that_is_wrong() -> None:
    k = Builder("f")
    k.buffer("x", "i8", "N")
    with k.loop("i", 0, "M"):
        k.iota("i32[4]", start=Sym("j"))
    kernel = Kernel("f", tuple(k._params), (), (), k._frames[0].block())
    assert isinstance(kernel.body.ops[0], For)
    with pytest.raises(TileError) as caught:
        verify(kernel)
    assert [each.code for each in caught.value.diagnostics] == ["TV0101", "TV0101"]


def test_numbers_of_numpy_are_taken_and_fractions_are_not_indices() -> None:
    k = Builder("f")
    y = k.buffer("y", "i8", np.int64(4))
    k.store(k.full("i8[2]", value=np.int8(3)), y[np.int64(2)])
    assert tilevm.run(k.kernel(), y=[0] * 4)["y"].tolist() == [0, 0, 3, 3]
    with pytest.raises(TypeError):
        y[1.5]


def test_a_written_layout_has_the_shape_of_its_tile() -> None:
    with pytest.raises(TileError, match=r"the tile has shape \[2\], its layout \[3\]"):
        Builder("f").full("i8[2] @ spatial(3)", value=0)


def test_results_without_names_get_one_each() -> None:
    k = Builder("k")
    x, y = k.buffer("x", "i8", 2), k.buffer("y", "i8", 2)
    a = k.load(x[0], type="i8[2]")
    both = k.if_(condition(0, "==", 0), lambda: (a, a), lambda: (a, a))
    again = k.if_(condition(0, "==", 0), lambda: (a,), lambda: (a,))
    with k.loop("i", 0, 2, carry={"p": both[0], "q": again[0]}) as loop:
        k.yield_(*loop.carried)
    k.store(loop.results[1], y[0])
    kernel = k.kernel()
    assert len({value.name for value in (*both, *again, *loop.results)}) == 5
    assert tilevm.parse(str(kernel))["k"] == kernel


def test_extents_of_a_buffer_are_one_list() -> None:
    with pytest.raises(TypeError, match="extents are one list"):
        Builder("k").buffer("x", "i8", "N", 4)  # type: ignore[arg-type]
