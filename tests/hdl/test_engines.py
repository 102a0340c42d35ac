"""Engines side by side: results, ports and their order are those of one, cycles as predicted."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import hdl
import tilevm
from hdl.sim.external import missing
from tests.examples import test_programs as examples
from tilevm.diagnostics import TileError
from tilevm.ir import Const
from tilevm.testing import Generated, inputs, kernels

PROGRAM = """
kernel squares(x: global i8[24, 6], v: global i8[6], y: global i32[24], z: global i8[24, 6])
  grid (n = 12)
{
  first = full i32[2] {value = 0}
  xt: i8[2, 6] = load x[n * 2, 0]
  vt: i8[6] = load v[0]
  total = for k in 0 .. 6 carry (sum = first) {
    one: i8[2, 1] = load x[n * 2, k]
    flat: i8[2] = reshape one {shape = [2]}
    wide = cast flat {to = i32}
    square = mul wide, wide
    more = xor square, sum
    next = add more, wide
    yield next
  }
  spread = broadcast vt {shape = [2, 6]}
  both = max xt, spread
  store total, y[n * 2]
  store both, z[n * 2, 0]
}
"""


def same_ports(one: hdl.Design, many: hdl.Design) -> None:
    for before, after in zip(
        (*one.inputs, *one.outputs), (*many.inputs, *many.outputs), strict=True
    ):
        assert (after.name, after.buffer, after.shape, after.fill) == (
            before.name, before.buffer, before.shape, before.fill
        )  # fmt: skip
        assert after.elements.tolist() == before.elements.tolist(), before.name


@pytest.mark.parametrize("engines", [2, 3, 6, 12])
def test_the_ports_are_those_of_one_engine(engines: int) -> None:
    kernel = tilevm.parse(PROGRAM)["squares"]
    one, many = hdl.build(kernel, lanes=3), hdl.build(kernel, lanes=3, engines=engines)
    same_ports(one, many)
    rng = np.random.default_rng(engines)
    arguments = {"x": rng.integers(-128, 128, (24, 6)), "v": rng.integers(-128, 128, 6)}
    want = tilevm.run(kernel, arguments)
    for stall in (0.0, 0.4)[engines > 3 :]:  # many engines take long to simulate
        result = many.simulate(arguments, stall=stall, seed=engines)
        assert result.cycles == result.predicted and result.compared
        for name, values in want.items():
            assert result.outputs[name].tolist() == values.tolist()


def test_more_engines_take_fewer_cycles() -> None:
    """A carried value that goes round in a loop of four units holds one engine up."""
    kernel = tilevm.parse(PROGRAM)["squares"]
    cycles = [hdl.build(kernel, lanes=12, engines=engines).cycles for engines in (1, 2, 4)]
    assert cycles[0] > 1.5 * cycles[1] > 2 * cycles[2]


def test_memories_are_shared_or_split() -> None:
    """What all blocks read is one memory; what depends on the block is dealt out."""
    design = hdl.build(tilevm.parse(PROGRAM)["squares"], lanes=3, engines=4)
    readers = {c.name: len(c.readers) for c in design.netlist.channels}
    assert readers["v_memory"] == 4
    assert sorted(name for name in readers if name.startswith("x_memory")) == [
        "x_memory", "x_memory_2", "x_memory_3", "x_memory_4"
    ]  # fmt: skip
    assert design.memory_bits >= sum(
        design.bits(c) for c in design.netlist.channels if "_memory" in c.name
    )
    assert "engines 4" in design.header()


@pytest.mark.parametrize(
    ("engines", "said"),
    [(5, "5 engines do not divide the 12 blocks `n`"), (0, "from 1 to"), (True, "from 1 to")],
)
def test_engines_that_do_not_fit(engines: int, said: str) -> None:
    with pytest.raises(TileError, match=said) as caught:
        hdl.build(tilevm.parse(PROGRAM)["squares"], engines=engines)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0506"
    if engines == 5:
        assert diagnostic.help == "numbers of engines that do: 1, 2, 3, 4, 6, 12"


EXCHANGED = """
kernel f(x: global i8[24], y: global i8[6], z: global i8[24])
  grid (n = 4, m = {inner})
{{
  a: i8[2] = load x[n * 6 + m * 2]
  r = atomic a, y[m] {{op = exchange, oob = skip}}
  store r, z[n * 6 + m * 2]
}}
"""


def test_memories_are_touched_in_the_order_of_the_blocks() -> None:
    kernel = tilevm.parse(EXCHANGED.format(inner=1))["f"]
    rng = np.random.default_rng(8)
    arguments = {
        "x": rng.integers(-128, 128, 24),
        "y": rng.integers(-128, 128, 6),
        "z": np.zeros(24, int),
    }
    want = tilevm.run(kernel, arguments)
    result = hdl.build(kernel, engines=4).simulate(arguments, stall=0.3, seed=1)
    assert result.cycles == result.predicted
    for name, values in want.items():
        assert result.outputs[name].tolist() == values.tolist()
    kernel = tilevm.parse(EXCHANGED.format(inner=3))["f"]
    assert hdl.build(kernel).cycles > 0
    with pytest.raises(TileError, match=r"TV0506.*the order in which the blocks `m` touch"):
        hdl.build(kernel, engines=2)


def test_one_block_is_not_shared() -> None:
    text = "kernel f(x: global i8[4], y: global i8[4])\n{\n  a: i8[4] = load x[0]\n"
    with pytest.raises(TileError, match=r"TV0506.*one thread block"):
        hdl.build(tilevm.parse(text + "  store a, y[0]\n}\n")["f"], engines=2)


def test_engines_are_instances_of_the_same_modules() -> None:
    """Four engines take a few modules more than one, not four times as many; Icarus agrees."""
    kernel = tilevm.parse(PROGRAM)["squares"]
    counts = []
    for engines in (1, 4):
        design = hdl.build(kernel, lanes=6, engines=engines)
        text = design.verilog()
        found = re.findall(r"^module (\w+)", text, re.M)
        counts.append((len(found), len(design.netlist.actors) + len(design.netlist.channels)))
    (one, parts), (four, all_parts) = counts
    assert all_parts > 3 * parts and four < 2 * one
    if missing("icarus") is None:
        rng = np.random.default_rng(5)
        arguments = {"x": rng.integers(-128, 128, (24, 6)), "v": rng.integers(-128, 128, 6)}
        result = design.simulate(arguments, simulator="icarus", stall=0.3, seed=6)
        assert result.cycles == result.predicted and result.compared


@pytest.mark.parametrize("name", examples.CASES)
def test_examples(name: str) -> None:
    arguments, wanted = examples.CASES[name][1](np.random.default_rng(3), 2, 2)
    kernel = examples.kernel(name)
    sizes = tilevm.vm.bind(kernel, arguments).symbols
    one = hdl.build(kernel, lanes=8, sizes=sizes)
    many = hdl.build(kernel, lanes=8, sizes=sizes, engines=2)
    same_ports(one, many)
    result = many.simulate(arguments, stall=0.3, seed=4)
    examples.assert_equal(result.outputs, wanted, name)
    assert result.cycles == result.predicted


@settings(max_examples=max(6, settings.default.max_examples // 16))  # type: ignore[union-attr]
@given(kernels(statements=8), st.data())
def test_random_programs(made: Generated, data: st.DataObject) -> None:
    blocks = [extent.value for _, extent in made.kernel.grid if isinstance(extent, Const)]
    most = next((extent for extent in blocks if extent > 1), 1)
    assume(most > 1 and len(blocks) == len(made.kernel.grid))
    fit = [count for count in range(2, most + 1) if most % count == 0]
    engines = data.draw(st.sampled_from(fit))
    arguments = inputs(made.kernel, made.sizes, seed=engines)
    one = hdl.build(made.kernel, lanes=4, sizes=made.sizes)
    try:
        many = hdl.build(made.kernel, lanes=4, sizes=made.sizes, engines=engines)
    except TileError as refused:  # the one reason not to share blocks that divide
        assert "the order in which the blocks" in str(refused), refused
        return
    same_ports(one, many)
    for stall in (0.0, 0.5):
        result = many.simulate(arguments, stall=stall, seed=engines)
        assert result.cycles == result.predicted
