"""Runs like one before record nothing of who touches what, unless values decide it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tilevm
from tilevm import TileError
from tilevm.ir import REGISTRY, Kernel
from tilevm.vm import CHUNK_BYTES, bind
from tilevm.vm.plan import Plan


def kernel(text: str) -> Kernel:
    (name,) = (program := tilevm.parse(text))
    return program[name]


def settled(program: Kernel, **given: Any) -> bool:
    return Plan.of(bind(program, given), CHUNK_BYTES).settled


def codes(program: Kernel, *runs: dict[str, Any]) -> list[str]:
    """The code of the error of each run, or "" where there is none."""
    found = []
    for given in runs:
        try:
            tilevm.run(program, given)
            found.append("")
        except TileError as problem:
            found.append(problem.diagnostics[0].code)
    return found


def test_other_values_give_other_results() -> None:
    """Loads from what was stored before, and again after it, in the second run too."""
    program = kernel("""
kernel k(x: global i8[8], y: global i8[8], z: global i8[8])
  grid (n = 2)
{
  t: i8[4] = load x[n * 4]
  old: i8[4] = load y[n * 4]
  s = add t, old
  store s, y[n * 4]
  new: i8[4] = load y[n * 4]
  d = sub new, old
  store d, z[n * 4]
  none = sub d, d
  store none, y[n * 4]
}
""")
    rng = np.random.default_rng(0)
    for number in range(4):
        x, y = rng.integers(-60, 60, (2, 8)).astype(np.int8)
        before = x.copy(), y.copy()
        found = tilevm.run(program, x=x, y=y)
        assert settled(program, x=x, y=y)
        assert np.array_equal(found["z"], x) and not found["y"].any()
        assert np.array_equal(x, before[0]) and np.array_equal(y, before[1])
        found["z"][number] = 1  # the caller's own


def test_shared_memory_and_copies() -> None:
    """Every run has shared memory and copies of its own."""
    program = kernel("""
kernel k(x: global i8[2, 8], y: global i8[2, 4])
  grid (n = 2)
{
  s = alloc_shared i8[8]
  copy_async s[0], x[n, 0] {shape = [8]}
  commit
  wait
  barrier
  low: i8[4] = load s[0]
  high: i8[4] = load s[4]
  sum = add low, high
  barrier
  store sum, s[0]
  barrier
  t: i8[4] = load s[0]
  store t, y[n, 0]
}
""")
    rng = np.random.default_rng(1)
    for _ in range(3):
        x = rng.integers(-60, 60, (2, 8)).astype(np.int8)
        assert np.array_equal(tilevm.run(program, x=x)["y"], x[:, :4] + x[:, 4:])
    assert settled(program, x=x)


def test_what_is_not_written_is_told_every_time() -> None:
    """A run with initial values says nothing of one without."""
    program = kernel("""
kernel k(x: global i8[4], y: global i8[8])
{
  t: i8[4] = load x[0]
  store t, y[2]
}
""")
    x, y = np.arange(4, dtype=np.int8), np.zeros(8, np.int8)
    without, given = {"x": x}, {"x": x, "y": y}
    runs = [without, given, given, without, given, without]
    assert codes(program, *runs) == ["TV0405", "", "", "TV0405", "", "TV0405"]
    assert settled(program, **given) and not settled(program, **without)
    assert tilevm.run(program, given)["y"].tolist() == [0, 0, 0, 1, 2, 3, 0, 0]


def test_a_run_that_stops_settles_nothing() -> None:
    """A conflict behind a trap is found when nothing traps."""
    program = kernel("""
kernel k(x: global i8[4], y: global i8[2])
  grid (n = 2)
{
  t: i8[2] = load x[n * 2]
  s = add t, t {overflow = trap}
  store s, y[0]
}
""")
    large, small = {"x": np.full(4, 100, np.int8)}, {"x": np.arange(4, dtype=np.int8)}
    assert codes(program, large, large, small, small) == ["TV0407", "TV0407", "TV0406", "TV0406"]


FOLLOWS = {
    "scatter": "  scatter t, y[0], i",
    "atomic": "  store t, y[n * 2]\n  atomic t, y[0] {op = add, index = i}",
    "gather": "  store t, y[n * 2]\n  u: i32[2] = gather y[0], i\n  store u, z[n * 2]",
    "if": """  store t, y[n * 2]
  one: u1[] = load go[n]
  if one {
    store t, y[0]
  }""",
    "while": """  store t, y[n * 2]
  one: u1[] = load go[n]
  no = full u1[] {value = 0}
  r = while g carry (g = one) fuel 2 {
    store t, y[0]
    yield no
  }""",
}


@pytest.mark.parametrize("what", FOLLOWS)
def test_values_that_decide_are_looked_at_every_time(what: str) -> None:
    """The first two runs touch elements of their own, the third those of another block."""
    program = kernel(f"""
kernel k(x: global i32[4], index: global i32[4], go: global u1[2], y: global i32[4],
         z: global i32[4])
  grid (n = 2)
{{
  t: i32[2] = load x[n * 2]
  i: i32[2] = load index[n * 2]
  store t, z[n * 2]
{FOLLOWS[what]}
}}
""")
    assert not program.fixed
    x = np.arange(4, dtype=np.int32)
    own = {"x": x, "index": [0, 1, 2, 3], "go": [0, 0], "y": np.zeros(4, np.int32)}
    own = {name: np.asarray(value) for name, value in own.items()}
    other = {**own, "index": np.array([0, 1, 1, 0]), "go": np.array([0, 1])}
    assert codes(program, own, own, other, own) == ["", "", "TV0406", ""]
    assert not settled(program, **own)


def test_every_op_with_an_index_tile_is_said_to_follow_data() -> None:
    """`Op.follows_data` goes by the name of the field: all others are what is moved."""
    for op in REGISTRY.values():
        roles = {item.name: item.role for item in op.fields()}
        if "access" in roles.values():
            tiles = {name for name, role in roles.items() if role in ("operand", "optional")}
            assert tiles <= {"a", "expected", "desired", "index"}, op.name


def test_checked_runs_see_all_the_same() -> None:
    """A settled plan keeps a checked run from nothing."""
    program = kernel("""
kernel k(x: global i8[4], y: global i8[4])
{
  s = alloc_shared i8[4]
  t: i8[4] @ spatial(4) = load x[0]
  store t, s[0]
  u: i8[4] @ local(4) = load s[0]
  store u, y[0]
}
""")
    x = np.arange(4, dtype=np.int8)
    for _ in range(2):
        assert tilevm.run(program, x=x)["y"].tolist() == [0, 1, 2, 3]
    assert settled(program, x=x)
    with pytest.raises(TileError, match="no barrier between"):
        tilevm.run(program, x=x, check=True)
    assert tilevm.run(program, x=x)["y"].tolist() == [0, 1, 2, 3]


def test_observed_loops_where_blocks_part() -> None:
    """The rounds of the loops around a statement are known in each part of the blocks."""
    program = kernel("""
kernel k(y: global i32[2, 3])
  grid (n = 2)
{
  for i in 0 .. 3 {
    if n == 0 {
      a = full i32[] {value = 1}
      store a, y[n, i]
    } else {
      b = full i32[] {value = 2}
      store b, y[n, i]
    }
  }
}
""")
    seen: list[tuple[str, dict[str, int]]] = []
    tilevm.run(program, observe=lambda e: seen.append((e.value.name, dict(e.loops))))
    assert sorted(map(repr, seen)) == sorted(
        repr((name, {"i": i})) for name in ("a", "b") for i in range(3)
    )
