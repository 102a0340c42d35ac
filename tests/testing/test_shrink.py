"""What two ways compute differently is made small, whatever the seed that drew it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, settings

from tilevm import parse, run
from tilevm.diagnostics import TileError
from tilevm.ir import Kernel, Op, ops
from tilevm.passes import transform
from tilevm.passes.rewrite import Emitter, rewrite
from tilevm.testing import Generated, fuzz, inputs, kernels, load_case, oracles, save_case
from tilevm.testing.edits import statements, unwrapped
from tilevm.testing.shrink import shrunk

BOUND = 6  # statements of a program with one planted bug: loads, the op, a barrier, the store


def add_twice(patch: pytest.MonkeyPatch) -> None:
    true = ops.Add.run
    patch.setattr(ops.Add, "run", lambda self, a, b: true(self, b, b))


def product_is_sum(patch: pytest.MonkeyPatch) -> None:
    true = ops.Add.run
    patch.setattr(ops.Mul, "run", lambda self, a, b: true(self, a, b))


def pass_drops_add(patch: pytest.MonkeyPatch) -> None:
    true = oracles.transform

    def rule(op: Op, emit: Emitter) -> Any:
        return [op.operands[0]] if op.name == "add" else None

    patch.setattr(oracles, "transform", lambda kernel, text: rewrite(true(kernel, text), rule))


def cast_stops(patch: pytest.MonkeyPatch) -> None:
    def stops(self: ops.Cast, *tiles: Any) -> Any:
        raise ZeroDivisionError("by zero")

    patch.setattr(ops.Cast, "run", stops)


def load_shifts(patch: pytest.MonkeyPatch) -> None:
    true = ops.Load.run
    patch.setattr(ops.Load, "run", lambda self, at: np.flip(true(self, at)))


BUGS = {  # and the way that shows them
    add_twice: "in the reference",
    pass_drops_add: "after inline",
    cast_stops: "in the machine",
    product_is_sum: "in the reference",
    load_shifts: "in the reference",
}


def first_difference(seed: int, way: str, statements: int) -> fuzz.Difference:
    """The first program of a seed that shows a bug: as it was drawn."""
    shown: list[fuzz.Difference] = []

    def shows(made: Generated) -> bool:
        arguments = inputs(made.kernel, made.sizes)
        shown.extend(filter(None, fuzz.differences(made.kernel, arguments, only=way)))
        return bool(shown)

    plan = settings(max_examples=10_000, phases=[Phase.generate], database=None, deadline=None)
    find(kernels(statements=statements, buildable=False), shows, settings=plan, random=Random(seed))
    return shown[0]


@pytest.mark.parametrize("plant", BUGS)
def test_planted_bugs_are_made_small(
    plant: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    plant(monkeypatch)
    monkeypatch.setattr(fuzz, "SHRINK_SECONDS", float("inf"))  # tries end it, not a busy machine
    seeds, length = (20, 12) if request.config.getoption("long") else (1, 3)
    for seed in range(seeds):
        found = fuzz.smaller(first_difference(seed, BUGS[plant], length))
        assert found.size[0] <= BOUND, f"seed {seed}: {found.reason}\n{found.kernel}"
        replayed = load_case(save_case(tmp_path / "one", found.kernel, found.arguments))
        ways = [each and (each.way, each.kind) for each in fuzz.differences(*replayed)]
        assert (found.way, found.kind) in ways


SHIFTED = """
kernel k(x: global i8[4], y: global i8[4])
{
  a: i8[4] = load x[0]
  b = neg a
  c = mul a, b
  store c, y[0]
}
"""


def test_a_bug_that_only_the_first_run_of_a_kernel_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A settled load is a view, and does not come to the bug."""
    load_shifts(monkeypatch)
    differences = fuzz.differences(
        parse(SHIFTED)["k"], {"x": np.arange(4)}, only="in the reference"
    )
    (found,) = filter(None, differences)
    assert [op.name for op in statements(fuzz.smaller(found).kernel)] == ["load", "store"]


LEFT = """
kernel k(x: global i8[N], y: global i8[N])
  grid (n = N)
{
  a: i8[1] = load x[n]
  r = if n > 2 {
    b = neg a
    yield b
  } else {
    store a, y[n]
    return
  }
  store r, y[n]
}
"""


def test_a_branch_that_ends_the_block_goes_on_where_it_is_unwrapped() -> None:
    kernel = parse(LEFT)["k"]
    branch = next(op for op in statements(kernel) if op.name == "if")
    names = [op.name for op in statements(unwrapped(kernel, branch, 1))]
    assert names == ["load", "store", "full", "store"]
    assert "neg" in [op.name for op in statements(unwrapped(kernel, branch, 0))]


LARGE = """
function half(a: i8[4], b: i8[4]) {
  h = neg a
  m = mul h, b
  yield m, h
}

kernel k(x: global i8[N, 4], t: global i8[4], u: global i8[N], y: global i8[N, 4], z: global i8[4])
  where N % 2 == 0
  grid (n = N, m = 2)
{
  v: i8[4] @ local(4) = load x[n, 0]
  w: i8[4] = load t[0]
  s, s2, s3 = for k in 0 .. 3 carry (p = v, q = w, r = w) {
    b = if k == 1 {
      d, e = call half(p, q)
      f = xor d, e
      yield f
    } else {
      yield q
    }
    barrier
    if m == 0 {
      store b, y[n, 0] {oob = skip}
    }
    yield b, p, r
  }
  g = max s, s2
  if m == 0 {
    barrier
    store g, y[n, 0]
  }
}
"""


def test_every_part_of_a_program_can_go() -> None:
    kernel = parse(LARGE)["k"]
    given = {"x": np.arange(16).reshape(4, 4), "t": np.arange(4), "u": np.ones(4, int)}
    given = {**given, "y": np.ones((4, 4), int), "z": np.ones(4, int)}

    def rule(op: Op, emit: Emitter) -> Any:
        return [emit(ops.Full, type=op.out.tile, value=99)] if op.name == "mul" else None

    def fails(kernel: Kernel, arguments: Mapping[str, Any]) -> bool:
        """Whether it shows in a result what `mul` does."""
        other = rewrite(transform(kernel, "inline"), rule)
        try:
            want, found = run(kernel, arguments), run(other, arguments)
        except TileError:
            return False
        return any((want[name] != found[name]).any() for name in want)

    made = shrunk(kernel, given, fails, tries=1000)
    names = [op.name for op in statements(made.kernel)]
    assert names == ["load", "load", "mul", "store"]
    assert not (made.kernel.grid or made.kernel.where or made.kernel.symbols)
    assert "@" not in str(made.kernel) and len(made.kernel.params) == 3
    assert not any(array.any() for array in made.arguments.values())


def test_what_depends_on_the_order_of_threads_is_no_smaller_case() -> None:
    """Without its barrier the program would be wrong by itself."""
    kernel = parse("""kernel k(x: global i8[4], y: global i8[4])
{
  s = alloc_shared i8[4]
  a: i8[4] = load x[0]
  store a, s[0]
  barrier
  b: i8[4] @ spatial(4) = load s[0]
  store b, y[0]
}
""")["k"]

    def fails(kernel: Kernel, arguments: Mapping[str, Any]) -> bool:
        loads = [op for op in statements(kernel) if isinstance(op, ops.Load)]
        return any(op.at.buffer not in kernel.params for op in loads)

    made = shrunk(kernel, {"x": np.ones(4, int), "y": np.zeros(4, int)}, fails, tries=1000)
    names = [op.name for op in statements(made.kernel)]
    assert sorted(names) == ["alloc_shared", "barrier", "load", "load", "store", "store"]
