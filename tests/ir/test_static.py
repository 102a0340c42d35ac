"""static_assert: when it is checked, what it says, and that no pass loses it."""

import numpy as np
import pytest

import hdl
import tilevm
from tilevm import TileError, reference
from tilevm.cli import main
from tilevm.ir import Builder, Condition, Const, Kernel, Sym
from tilevm.ir.builder import condition
from tilevm.passes import PASSES, canonicalise
from tilevm.vm import bind_symbols

TEXT = """\
kernel f(x: global i8[N], y: global i8[N])
  grid (n = N / 4)
{
  for k in 0 .. 0 {
    static_assert N != 8, "not eight"
  }
  r = if 3 > 4 {
    static_assert N < 100
    t: i8[4] = load x[0]
    yield t
  } else {
    t2: i8[4] = load x[n * 4]
    yield t2
  }
  static_assert N % 4 == 0 and N * 2 > 8, "fours"
  store r, y[n * 4]
}
"""


def kernel() -> Kernel:
    return tilevm.parse(TEXT, "text.tile")["f"]


def broken(size: int, of: Kernel | None = None) -> list[str]:
    """The messages of the shapes that a kernel refuses, in every way to bind them."""
    of = of or kernel()
    found = []
    ways = [
        lambda: tilevm.run(of, x=np.zeros(size, np.int8)),
        lambda: bind_symbols(of, {"N": size}),
        lambda: hdl.build(of, N=size),
    ]
    for way in ways:
        with pytest.raises(TileError) as caught:
            way()
        assert {each.code for each in caught.value.diagnostics} == {"TV0462"}
        found.append([each.message for each in caught.value.diagnostics])
    assert found[0] == found[1] == found[2]
    with pytest.raises(TileError, match="TV0462"):
        reference.run(of, x=[0] * size)
    return found[0]


def test_it_is_checked_wherever_it_stands() -> None:
    assert broken(8) == ["`N != 8` does not hold: not eight"]
    assert broken(100) == ["`N < 100` does not hold"]
    assert broken(10) == ["`N % 4 == 0 and N * 2 > 8` does not hold: fours"]
    assert broken(102)[1:] == ["`N % 4 == 0 and N * 2 > 8` does not hold: fours"]


def test_the_error_shows_the_place_the_values_and_what_to_do() -> None:
    with pytest.raises(TileError) as caught:
        tilevm.run(kernel(), x=[1, 2, 3, 4])
    assert str(caught.value) == (
        "error[TV0462]: `N % 4 == 0 and N * 2 > 8` does not hold: fours\n"
        "  --> text.tile:15:32\n"
        "   |\n"
        '15 |   static_assert N % 4 == 0 and N * 2 > 8, "fours"\n'
        "   |                                ^^^^^^^^^ this is 8 > 8\n"
        "   |\n"
        "   = note: `N` is 4: dimension 0 of argument `x`\n"
        "   = help: pass other shapes, or change what the program asks for"
    )


def test_it_changes_nothing_where_it_holds() -> None:
    x = np.arange(12, dtype=np.int8)
    assert tilevm.run(kernel(), x=x)["y"].tolist() == x.tolist()
    assert reference.run(kernel(), x=x.tolist())["y"] == x.tolist()
    design = hdl.build(kernel(), N=12)
    assert design.simulate(x=x).outputs["y"].tolist() == x.tolist()
    assert not any(op.name == "static_assert" for op in design.kernel.body.walk())


@pytest.mark.parametrize("name", sorted(PASSES))
def test_no_pass_loses_it(name: str) -> None:
    after = PASSES[name](kernel()) if name != "rewrite_dot" else PASSES[name](kernel(), form="lut")
    for size in (8, 10, 100, 102, 4):
        assert sorted(broken(size, after)) == sorted(broken(size))


def test_canonicalise_drops_what_is_proved() -> None:
    left = canonicalise(kernel(), {"N": 12})
    assert "static_assert" not in str(left)
    with pytest.raises(TileError, match="TV0462"):
        canonicalise(kernel(), {"N": 10})


def test_an_index_that_has_no_value_is_an_error_at_its_place() -> None:
    text = "kernel f(x: global i8[N])\n{\n  static_assert 8 / (N - 4) > 1\n}\n"
    with pytest.raises(TileError) as caught:
        tilevm.run(tilevm.parse(text)["f"], x=[0] * 4)
    (found,) = caught.value.diagnostics
    assert found.code == "TV0404" and found.labels[0].span.text == "N - 4"


def test_the_builder_builds_it() -> None:
    k = Builder("f")
    x = k.buffer("x", "i8", "N")
    also = condition(Sym("N"), "<", 100)
    k.static_assert(Condition("==", Sym("N") % 4, Const(0), also), 'a "text"')
    k.static_assert(condition("N", ">", 0))
    t = k.load(x[0], type="i8[4]", name="t")
    k.print_(t)
    text = str(k.kernel())
    assert '  static_assert N % 4 == 0 and N < 100, "a \\"text\\""\n' in text
    assert tilevm.parse(text)["f"] == k.kernel()


@pytest.mark.parametrize("name", ["n", "k"])
def test_the_builder_refuses_what_is_no_shape(name: str) -> None:
    k = Builder("f")
    k.buffer("x", "i8", "N")
    k.grid("n", "N")
    with k.loop("k", 0, 4):
        k.static_assert(condition(name, ">=", 0))
    with pytest.raises(TileError, match="TV0243"):
        k.kernel()


def test_the_builder_refuses_symbols_in_a_function_and_tiles() -> None:
    k = Builder("f")
    k.buffer("x", "i8", "N")
    with k.function("g", a="i8[4]") as g:
        k.static_assert(condition("N", ">", 0))
        k.yield_(g["a"])
    t = k.full("i8[4]", value=0)
    k.call(g, t)
    with pytest.raises(TileError, match="`N` is not a block id"):
        k.kernel()
    with pytest.raises(TileError, match="TV0243"):
        k.static_assert(t)  # type: ignore[arg-type]
    with pytest.raises(TileError, match="`4 < 3` does not hold"):
        k.static_assert(condition(4, "<", 3))


def test_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "static_assert"]) == 0
    out = capsys.readouterr().out
    assert out.startswith('static_assert condition, "text"\n') and "before anything runs" in out
