"""Buffers on chip, touched at run-time addresses: every beat and every cycle, against plain lists.

`Design.simulate` compares with the virtual machine and the timed model; what comes out is compared
with loops over Python's numbers here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.sim.external import missing
from hdl.units import Memory
from tilevm import TileError

EXAMPLES = Path(__file__).parents[2] / "examples"


def built(text: str, lanes: int = 4, **sizes: int) -> hdl.Design:
    (kernel,) = tilevm.parse(text).kernels.values()
    return hdl.build(kernel, lanes=lanes, **sizes)


def simulated(design: hdl.Design, **arguments: Any) -> dict[str, Any]:
    """The outputs, the same with ports that stall and that do not."""
    plain = design.simulate(arguments)
    assert plain.cycles == design.cycles
    stalled = design.simulate(arguments, stall=0.4, seed=5)
    for name, values in plain.outputs.items():
        assert np.array_equal(values, stalled.outputs[name]), name
    return {name: values.tolist() for name, values in plain.outputs.items()}


@pytest.mark.parametrize(
    ("kernel", "simulator"),
    [
        ("histogram", "amaranth"),
        ("histogram_shared", "amaranth"),
        ("histogram_shared", "icarus"),
        ("histogram", "verilator"),
    ],
)
def test_histograms(kernel: str, simulator: str) -> None:
    if simulator != "amaranth" and (reason := missing(simulator)):
        pytest.skip(reason)
    rng = np.random.default_rng(1)
    x, counts = rng.integers(0, 256, 256), rng.integers(0, 9, 256)
    design = hdl.build(tilevm.load(EXAMPLES / "histogram.tile")[kernel], lanes=16, N=256)
    seen = design.simulate(x=x, counts=counts, stall=0.2, simulator=simulator)
    want = [c + x.tolist().count(n) for n, c in enumerate(counts.tolist())]
    assert seen.outputs["counts"].tolist() == want
    assert design.memory_bits >= 256 * 32


SUMS = """
kernel sums(x: global {kind}[8], at: global u3[8], y: global {kind}[6])
{{
  a: {kind}[8] = load x[0]
  i: u3[8] = load at[0]
  {statement}
}}
"""
STATEMENTS = {
    "atomic": "atomic a, y[0] {op = add, index = i, oob = skip, overflow = MODE}",
    "scatter": "scatter a, y[0], i {duplicate = add, oob = skip, overflow = MODE}",
}


@pytest.mark.parametrize("op", STATEMENTS)
@pytest.mark.parametrize("kind", ["i5", "u23", "i64"])
@pytest.mark.parametrize("mode", ["wrap", "sat"])
def test_sums_that_do_not_fit(op: str, kind: str, mode: str) -> None:
    """Each addition wraps or saturates, element by element."""
    signed, bits = kind[0] == "i", int(kind[1:])
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    at = [0, 1, 0, 7, 1, 0, 5, 1]
    x = [high, low, high - 2, high, low, 3, high, low + 1]
    y = [high - 1, 1, 2, 3, 4, 5]
    design = built(SUMS.format(kind=kind, statement=STATEMENTS[op].replace("MODE", mode)))
    want = list(y)
    for place in set(at) - {7} if op == "scatter" else ():
        want[place] = 0
    for place, value in zip(at, x, strict=True):
        if place < len(y):
            exact = want[place] + value
            wrapped = (exact - low) % (high - low + 1) + low
            want[place] = wrapped if mode == "wrap" else min(max(exact, low), high)
    assert simulated(design, x=x, at=at, y=y)["y"] == want


@pytest.mark.parametrize("op", STATEMENTS)
def test_sums_cannot_stop(op: str) -> None:
    with pytest.raises(TileError, match=rf"TV0502.*`{op}`.*cannot stop on overflow"):
        built(SUMS.format(kind="i8", statement=STATEMENTS[op].replace("MODE", "trap")))


SCATTER = """
kernel f(p: global i8[8], x: global i16[8, 4], y: global i16[6, 4])
{
  i: i8[8] = load p[0]
  a: i16[8, 4] = load x[0, 0]
  scatter a, y[0, 0], i {duplicate = DUPLICATE, oob = skip}
}
"""


@pytest.mark.parametrize("lanes", [1, 3, 16])
@pytest.mark.parametrize("duplicate", ["last", "add"])
def test_scattered_rows(duplicate: str, lanes: int) -> None:
    rng = np.random.default_rng(2)
    p, x = [3, 0, -1, 5, 3, 6, 3, 5], rng.integers(-9000, 9000, (8, 4))
    y = rng.integers(-9, 9, (6, 4))
    want, met = y.tolist(), set()
    for row, place in zip(x.tolist(), p, strict=True):
        if 0 <= place < 6:
            old = want[place] if duplicate == "add" and place in met else [0] * 4
            want[place] = [a + b for a, b in zip(old, row, strict=True)]
            met.add(place)
    design = built(SCATTER.replace("DUPLICATE", duplicate), lanes)
    assert simulated(design, p=p, x=x, y=y)["y"] == want


def test_a_permutation_of_rows_needs_no_image() -> None:
    p = [3, 0, 1, 5, 4, 2, 7, 7]
    text = SCATTER.replace("DUPLICATE, oob = skip", "trap").replace("i16[6", "i16[8")
    x, p[7] = np.arange(32).reshape(8, 4), 6
    assert simulated(built(text), p=p, x=x)["y"] == x[np.argsort(p)].tolist()


IN_PLACE = """
kernel f(x: global i32[N])
{
  for k in 1 .. N {
    a: i32[1] = load x[k - 1]
    b: i32[1] = load x[k]
    c = add a, b
    barrier
    store c, x[k]
    barrier
  }
}
"""


def test_an_update_in_place_over_rounds() -> None:
    x = [3, 1, 4, 1, 5, 9, 2, 6]
    design = built(IN_PLACE, N=8)
    assert simulated(design, x=x)["x"] == np.cumsum(x).tolist()
    (memory,) = (a.unit for a in design.netlist.actors if isinstance(a.unit, Memory))
    assert memory.turns.firings == 2 + 7 * 3 + 2, "two words in and out, three elements a round"


BLOCKS = """
kernel f(x: global i8[4, 6], y: global i8[4, 6])
  grid (n = 4)
{
  a: i8[6] = load x[n, 0]
  store a, y[n, 0]
  barrier
  b: i8[3] = load y[n, 2]
  c = neg b
  barrier
  store c, y[n, 0]
}
"""


def test_stored_and_loaded_again_in_other_tiles() -> None:
    x = np.random.default_rng(3).integers(-128, 128, (4, 6))
    want = x.copy()
    want[:, :3] = (-x[:, 2:5] + 128) % 256 - 128
    assert simulated(built(BLOCKS), x=x)["y"] == want.tolist()


SHARED = """
kernel f(x: global i8[24], y: global i8[24])
{
  s = alloc_shared i8[2, 4]
  a: i8[4] = load x[0]
  store a, s[0, 0]
  barrier
  for k in 0 .. 6 {
    t: i8[4] = load s[k % 2, 0]
    u = add t, t
    store u, s[(k + 1) % 2, 0]
    store u, y[k * 4]
    barrier
  }
}
"""


def test_shared_memory_that_one_round_stores_and_the_next_loads() -> None:
    x = np.random.default_rng(4).integers(-128, 128, 24)
    want = [(int(v) * 2 ** (k + 1) + 128) % 256 - 128 for k in range(6) for v in x[:4]]
    assert simulated(built(SHARED), x=x)["y"] == want


KEPT = """
kernel f(x: global i8[24], y: global i8[4])
{
  s = alloc_shared i8[4]
  none = full i8[4] {value = 0}
  store none, s[0]
  barrier
  for k in 0 .. 6 {
    t: i8[4] = load s[0]
    a: i8[4] = load x[k * 4]
    u = max t, a
    barrier
    store u, s[0]
    barrier
  }
  r: i8[4] = load s[0]
  store r, y[0]
}
"""


def test_shared_memory_whose_content_only_the_run_decides() -> None:
    x = np.random.default_rng(5).integers(-128, 128, 24)
    want = np.maximum(x.reshape(6, 4).max(axis=0), 0).tolist()
    assert simulated(built(KEPT), x=x)["y"] == want


CONDITION = """
kernel f(x: global i8[16], y: global i8[16])
  grid (n = 4)
{
  a: i8[4] = load x[n * 4]
  m = amax a
  z = full i8[] {value = 2}
  c = compare m, z {pred = gt}
  if c {
    b = add a, a
    store b, y[n * 4]
  } else {
    if n < 3 {
      store a, y[n * 4]
    }
  }
}
"""


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_stores_under_a_condition_on_a_tile(lanes: int) -> None:
    x = np.array([1, 2, 3, 4, 0, 0, 1, 2, 9, 0, 0, 0, 1, 1, 1, 1])
    y = np.full(16, 77)
    want = y.copy()
    want[:12] = [*2 * x[:4], *x[4:8], *2 * x[8:12]]
    assert simulated(built(CONDITION, lanes), x=x, y=y)["y"] == want.tolist()


LOOKUP = """
kernel f(p: global i32[6], x: global f16[1100], y: global f16[6])
{
  i: i32[6] = load p[0]
  a: f16[6] = gather x[1], i {oob = value, value = -1.5}
  store a, y[0]
}
"""


def test_gather_from_more_than_a_beat_holds() -> None:
    x = np.random.default_rng(6).standard_normal(1100).astype(np.float16)
    p = [1098, 0, 1099, 17, -2, 17]
    want = [float(x[n + 1]) if 0 <= n + 1 < 1100 else -1.5 for n in p]
    design = built(LOOKUP)
    assert any(isinstance(actor.unit, Memory) for actor in design.netlist.actors)
    assert simulated(design, p=p, x=x)["y"] == want


ATOMICS = """
kernel f(i: global i8[6, 4], x: global KIND[6, 4], y: global KIND[3, 5], o: global KIND[6, 4],
    q: global KIND[6, 4])
  grid (n = 3)
{
  t: KIND[2, 4] = load x[n * 2, 0]
  at: i8[2, 4] = load i[n * 2, 0]
  r = atomic t, y[0, 0] {op = OP, index = at, dim = 1, oob = skip}
  store r, o[n * 2, 0]
  v = atomic_cas r, t, y[1, 0] {oob = skip}
  store v, q[n * 2, 0]
}
"""


@pytest.mark.parametrize(
    ("kind", "op"),
    [
        ("i8", "add"), ("u5", "max"), ("i13", "exchange"), ("i64", "xor"), ("u1", "and"),
        ("u40", "or"), ("f16", "add"), ("e4m3fn", "min"), ("bf16", "max"), ("f32", "add"),
        ("f64", "exchange"),
    ],
)  # fmt: skip
def test_atomics_give_what_was_held(kind: str, op: str) -> None:
    """The machine is the oracle here; its own are those of tests/vm."""
    text = ATOMICS.replace("KIND", kind).replace("OP", op)
    rng = np.random.default_rng(7)
    random = tilevm.dtype(kind).random
    arguments = {
        "i": rng.integers(-1, 6, (6, 4)),
        "x": random(rng, (6, 4)),
        "y": random(rng, (3, 5)),
    }
    for design in (built(text, 1), built(text, 16)):
        design.simulate(arguments, stall=0.3, seed=1)


def test_an_index_that_stops_the_machine_stops_before_hardware_runs() -> None:
    text = SCATTER.replace("DUPLICATE, oob = skip", "last")
    with pytest.raises(TileError, match="TV0403"):
        built(text).simulate(p=[9] * 8, x=np.zeros((8, 4), int))


def test_a_wrong_element_is_named() -> None:
    design = built(IN_PLACE, N=8)
    memory = next(a.unit for a in design.netlist.actors if isinstance(a.unit, Memory))
    (store,) = (place for place in memory.places if getattr(place, "writes", False))
    object.__setattr__(store, "writes", False)  # a memory that forgets
    with pytest.raises(TileError, match=r"TV0606.*`a` of `load` differs") as caught:
        design.simulate(x=[1] * 8)
    (found,) = caught.value.diagnostics
    assert (
        found.labels[0].span.line == 5 and found.labels[0].message == "computed by unit `x_memory`"
    )
    assert found.notes[0].startswith("iteration k = 2: beat 0, lane 0, lowest wrong bit 0: element")


def test_a_wrong_image_names_what_touches_it() -> None:
    """Nothing reads what is forgotten: the image that comes out shows it."""
    text = """
kernel forgets(i: global u2[4], x: global i8[4], y: global i32[4])
{
  it: u2[4] = load i[0]
  xt: i8[4] = load x[0]
  wide = cast xt {to = i32}
  scatter wide, y[0], it {duplicate = last}
}
"""
    design = built(text, 2)
    memory = next(a.unit for a in design.netlist.actors if isinstance(a.unit, Memory))
    (store,) = (place for place in memory.places if getattr(place, "writes", False))
    object.__setattr__(store, "writes", False)
    with pytest.raises(TileError, match=r"TV0606.*`y\[1\]` differs") as caught:
        design.simulate(i=[3, 1, 2, 0], x=[0, 5, 6, 7], y=[7, 0, 0, 0])
    notes = caught.value.diagnostics[0].notes
    assert "it is a memory; what touches it: `scatter` in line 7" in notes


def test_max_bits_counts_memories() -> None:
    (kernel,) = tilevm.parse(LOOKUP).kernels.values()
    with pytest.raises(TileError, match=r"TV0616(.|\n)*the largest part is `x_memory`"):
        hdl.build(kernel, max_bits=10_000)
