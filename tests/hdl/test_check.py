"""A wrong beat is named: the op and its line, block ids and loop variables, beat, lane and bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl import Design
from hdl.check import compare_outputs
from hdl.lower.legalise import legalise
from hdl.units import Map
from tilevm import TileError
from tilevm.ir import Kernel, Op, Value
from tilevm.ir.ops import Max, Min
from tilevm.passes.rewrite import Emitter, rewrite

STEPS = """
kernel steps(x: global i8[N], y: global i8[N], z: global i8[N])
  grid (n = N / 24)
{
  for k in 4 .. 13 step 3 {
    a: i8[8] = load x[n * 24 + (k - 4) / 3 * 8]
    b = add a, a
    store b, y[n * 24 + (k - 4) / 3 * 8]
    c = neg a
    store c, z[n * 24 + (k - 4) / 3 * 8]
  }
}
"""
X = np.arange(48) - 24


def design() -> Design:
    return hdl.build(tilevm.parse(STEPS, filename="steps.tile")["steps"], lanes=4, N=48)


def fails(built: Design, beat: int, lane: int, bit: int) -> None:
    """Makes the unit of `b` invert one bit of one beat."""
    actor = next(actor for actor in built.netlist.actors if actor.name == "b")
    assert isinstance(actor.unit, Map)
    actor.unit = replace(actor.unit, function=Flips(actor.unit.function, beat, lane, bit))


CHAIN = """
kernel chain(x: global i8[8], y: global i8[8])
{
  a: i8[8] = load x[0]
  b = add a, a
  c = neg b
  d = xor c, b
  store d, y[0]
}
"""


@pytest.mark.parametrize(
    ("unit", "operands"),
    [
        ("b", ["its operand `x_memory` comes from a port in"]),
        ("c", ["its operand `b` is right"]),
        ("d", ["its operand `c` is right", "its operand `b` is right"]),
    ],
)
def test_the_first_wrong_stream_is_named_with_its_operands(unit: str, operands: list[str]) -> None:
    """A bit that one unit inverts makes all streams behind it wrong; that unit is the one named."""
    built = hdl.build(tilevm.parse(CHAIN)["chain"], lanes=4)
    actor = next(actor for actor in built.netlist.actors if actor.name == unit)
    actor.unit = replace(actor.unit, function=Inverts(actor.unit.function))
    with pytest.raises(tilevm.TileError, match=f"TV0606.*`{unit}` of") as caught:
        built.simulate(x=np.arange(8))
    (found,) = caught.value.diagnostics
    assert list(found.notes[2:]) == operands
    assert "beat 0, lane 1, lowest wrong bit 2" in found.notes[0]


class Inverts:
    """A function of lanes with bit 2 of lane 1 inverted."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def emit(self, m: Any, operands: Sequence[Any], *rest: Any) -> list[Any]:
        lanes = list(self._function.emit(m, operands, *rest))
        lanes[1] = lanes[1] ^ 4
        return lanes


class Flips:
    """A function of lanes with one bit inverted at one firing."""

    def __init__(self, function: Any, beat: int, lane: int, bit: int) -> None:
        self._function, self._beat, self._lane, self._bit = function, beat, lane, bit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def emit(self, m: Any, operands: Sequence[Any], *rest: Any) -> list[Any]:
        lanes = list(self._function.emit(m, operands, *rest))
        # the value of `x` at this firing tells it from all others
        first = int(X.reshape(-1, 4)[self._beat, 0])
        lanes[self._lane] = lanes[self._lane] ^ ((operands[0][0] == first) << self._bit)
        return lanes


@pytest.mark.parametrize(
    ("beat", "lane", "bit", "where"),
    [
        (0, 0, 0, r"iteration n = 0, k = 4: beat 0, lane 0, lowest wrong bit 0: element \[0\]"),
        (3, 2, 5, r"iteration n = 0, k = 7: beat 1, lane 2, lowest wrong bit 5: element \[6\]"),
        (10, 3, 7, r"iteration n = 1, k = 10: beat 0, lane 3, lowest wrong bit 7: element \[3\]"),
    ],
)
def test_a_wrong_beat_of_a_stream(beat: int, lane: int, bit: int, where: str) -> None:
    built = design()
    fails(built, beat, lane, bit)
    with pytest.raises(tilevm.TileError, match=f"TV0606.*`b` of `add`(.|\n)*{where}") as caught:
        built.simulate(x=X)
    (found,) = caught.value.diagnostics
    assert found.labels[0].span.text == "b = add a, a"


@pytest.mark.parametrize(
    ("element", "bit", "where"),
    [
        (0, 3, "iteration n = 0, k = 4: beat 0, lane 0, lowest wrong bit 3"),
        (14, 0, "iteration n = 0, k = 7: beat 1, lane 2, lowest wrong bit 0"),
        (47, 6, "iteration n = 1, k = 10: beat 1, lane 3, lowest wrong bit 6"),
    ],
)
def test_a_wrong_element_of_an_output(element: int, bit: int, where: str) -> None:
    """As an independent simulator finds it, which sees the ports alone."""
    built = design()
    want = tilevm.run(built.kernel, x=X)
    seen = {name: values.copy() for name, values in want.items()}
    seen["z"][element] ^= np.array(1 << bit, np.uint8).view(np.int8)
    with pytest.raises(tilevm.TileError, match=f"TV0606.*`z.{element}.` differs") as caught:
        compare_outputs(built, want, seen)
    (found,) = caught.value.diagnostics
    assert found.labels[0].span.text.startswith("store c, z[n * 24")
    assert found.notes[0] == where
    compare_outputs(built, want, want)


LARGER = """
kernel larger(x: global i8[6], y: global i8[6], z: global i8[6])
{
  a: i8[6] = load x[0]
  b = neg a
  c = max a, b
  store c, y[0]
  store b, z[0]
}
"""


def test_a_wrong_rewrite_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hardware equals the program that was built, and that one is not what was written."""

    def wrong(kernel: Kernel) -> Kernel:
        def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
            return (emit(Min, a=op.a, b=op.b),) if isinstance(op, Max) else None

        return rewrite(legalise(kernel), rule)

    kernel = tilevm.parse(LARGER, filename="larger.tile")["larger"]
    x = np.array([0, 0, 3, -2, 0, 1])
    assert hdl.build(kernel).simulate(x=x).outputs["y"].tolist() == [0, 0, 3, 2, 0, 1]
    monkeypatch.setattr("hdl.compiler.legalise", wrong)
    built = hdl.build(kernel)
    with pytest.raises(TileError) as found:
        built.simulate(x=x)
    (problem,) = found.value.diagnostics
    assert problem.code == "TV0606"
    assert problem.message == (
        "`y[2]` of `larger` as it was built differs from `larger` as it is written (3 of 6 do)"
    )
    assert problem.notes[0] == "expected 3, got -3"
    assert built.simulate(x=x, check=False).outputs["y"].tolist() == [0, 0, -3, -2, 0, -1]
