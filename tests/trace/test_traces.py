"""Traces: recorded, written, read, compared."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.ir import Kernel
from tilevm.testing import Generated, inputs, kernels
from tilevm.trace import (
    Step,
    first_difference,
    read_trace,
    record,
    record_reference,
    writer_for,
)
from tilevm.vm import bind

LOOP = """
kernel f(x: global f32[N], y: global f32[N]) grid (n = N / 4) {
  t: f32[4] = load x[n * 4]
  r = for k in 0 .. n carry (p = t) {
    q = add p, t
    yield q
  }
  store r, y[n * 4]
}
"""


def traced(kernel: Kernel, **arguments: object) -> list[Step]:
    steps: list[Step] = []
    record(bind(kernel, arguments), steps.append)
    return steps


def test_every_op_block_and_round_is_there() -> None:
    x = np.arange(12, dtype=np.float32)
    steps = traced(tilevm.parse(LOOP)["f"], x=x)
    rows = [
        (step.op, step.name, step.line, block, [int(v[n]) for v in step.loops.values()])
        for step in steps
        for n, block in enumerate(step.blocks.tolist())
    ]
    loads = [("load", "t", 3, n, []) for n in range(3)]
    adds = [("add", "q", 5, 1, [0]), ("add", "q", 5, 2, [0]), ("add", "q", 5, 2, [1])]
    loops = [("for", "r", 4, n, []) for n in range(3)]
    stores = [("store", "y[n * 4]", 8, n, []) for n in range(3)]
    assert rows == [*loads, *adds, *loops, *stores, ("result", "y", None, 0, [])]
    store = steps[-2]
    assert store.at["y[n * 4]"].tolist() == [[0], [4], [8]] and store.data is None
    last = steps[3] if steps[3].op == "add" else steps[2]
    assert last.data is not None and last.data[-1].tolist() == (x[8:] * 3).tolist()


def stored(steps: Sequence[Step], path: str) -> list[Step]:
    with open(path, "wb") as file, writer_for(file, path) as take:
        for step in steps:
            take(step)
    return read_trace(path)


@pytest.mark.parametrize("suffix", ["jsonl", "npz"])
def test_files_hold_what_was_recorded(suffix: str, tmp_path: object) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1 / 3, 1e-45, 3e38], np.float32)
    steps = traced(tilevm.parse(LOOP)["f"], x=x)
    read = stored(steps, f"{tmp_path}/t.{suffix}")
    found = first_difference(steps, read)
    assert (found.difference, found.only_first, found.only_second) == (None, 0, 0)
    assert found.both == sum(len(step.blocks) for step in steps)
    data = next(step.data for step in read if step.op == "load")
    assert data is not None and data.dtype == tilevm.dtype("f32").carrier
    assert np.signbit(data.reshape(-1)[:2]).tolist() == [False, True]


@given(kernels(buildable=False), st.integers(1, 4096))
def test_chunks_do_not_show(made: Generated, chunk: int) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=3)
    runs: tuple[list[Step], list[Step]] = ([], [])
    record(bind(made.kernel, arguments), runs[0].append)
    record(bind(made.kernel, arguments), runs[1].append, chunk_bytes=chunk)
    found = first_difference(*runs)
    assert (found.difference, found.only_first, found.only_second) == (None, 0, 0)


EVERYTHING = """
kernel f(
  x: global i16[N, 4], at: global u4[N], y: global i16[N, 4], uses: global i32[16], z: global u64[N]
)
  grid (n = N)
{
  big = full u64[1] {value = 18446744073709551615}
  store big, z[n]
  t: i16[4] = load x[n, 0]
  i: u4[1] = load at[n]
  one = full i32[1] {value = 1}
  atomic one, uses[0] {op = add, index = i}
  if n == 2 {
    store t, y[n, 0]
    return
  }
  zero = full i16[] {value = 0}
  total = sum t {acc = i16}
  go = compare total, zero {pred = gt}
  r = for k in 0 .. n + 1 carry (p = t) {
    a, b = while more carry (left = total, more = go) fuel 9 {
      half = call halved(left)
      again = compare half, zero {pred = gt}
      yield half, again
    }
    if k == 1 {
      store p, y[n, 0]
      return
    }
    wide = broadcast a {shape = [4]}
    next = sub p, wide
    yield next
  }
  store r, y[n, 0]
}

function halved(a: i16[]) {
  one = full i16[] {value = 1}
  half = shr a, one
  yield half
}
"""


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_the_reference_leaves_the_same_trace(chunk: int) -> None:
    kernel = tilevm.parse(EVERYTHING)["f"]
    x = np.arange(20, dtype=np.int16).reshape(5, 4) - 6
    launch = bind(kernel, {"x": x, "at": [3, 1, 3, 3, 9], "uses": np.zeros(16, int)})
    runs: tuple[list[Step], list[Step]] = ([], [])
    record(launch, runs[0].append, chunk_bytes=chunk)
    record_reference(launch.kernel, {**launch.symbols, **launch.arrays}, runs[1].append)
    found = first_difference(*runs)
    assert (found.difference, found.only_first, found.only_second) == (None, 0, 0)
    assert {step.op for step in runs[1]} >= {"atomic", "while", "for", "if", "return", "result"}
    assert found.both > 100
    data = np.array(runs[1][-1].data)
    data[0, -1] -= 1
    runs[1][-1] = replace(runs[1][-1], data=data)
    assert str(first_difference(*runs).difference).startswith("result `z`, element [4]: ")


def test_rounds_are_known_in_a_while_that_only_some_blocks_go_on_with() -> None:
    text = """
kernel f(x: global u2[2], y: global u2[2])
  grid (n = 2)
{
  t: u2[] = load x[n]
  zero = full u2[] {value = 0}
  one = full u2[] {value = 1}
  r = for k in 0 .. 2 carry (p = zero) {
    go = compare t, zero {pred = gt}
    a, b = while more carry (left = t, more = go) fuel 3 {
      less = sub left, one
      again = compare less, zero {pred = gt}
      yield less, again
    }
    yield a
  }
  store r, y[n]
}
"""
    steps = traced(tilevm.parse(text)["f"], x=np.array([1, 3]))
    rounds = [(s.blocks.tolist(), s.loops["k"].tolist()) for s in steps if s.name == "less"]
    one = [([0, 1], [0, 0]), ([1], [0]), ([1], [0])]
    assert rounds == [*one, *[(blocks, [1] * len(blocks)) for blocks, _ in one]]


def test_the_first_difference_is_named() -> None:
    kernel = tilevm.parse(LOOP)["f"]
    x = np.arange(12, dtype=np.float32)
    steps = traced(kernel, x=x)
    changed = list(steps)
    number = next(n for n, s in enumerate(steps) if s.op == "add" and len(s.blocks) == 2)
    data = np.array(steps[number].data)
    data[1, 3] += 1
    changed[number] = replace(steps[number], data=data)
    found = first_difference(steps, changed).difference
    assert found is not None and (found.step.name, found.block) == ("q", 2)
    assert (found.loops, found.element) == ({"k": 0}, (3,))
    assert str(found) == "`add` of `q` in line 5, block 2, k = 0, element [3]: 22.0 and 23.0"


def test_signs_of_zeros_and_nan_are_told_apart() -> None:
    kernel = tilevm.parse(LOOP)["f"]
    zero, minus, nan = (traced(kernel, x=np.full(4, v, np.float32)) for v in (0.0, -0.0, np.nan))
    assert first_difference(zero, minus).difference is not None
    assert first_difference(zero, nan).difference is not None
    assert first_difference(nan, nan).difference is None


def valid(suffix: str) -> bytes:
    file = io.BytesIO()
    with writer_for(file, f"t.{suffix}") as take:
        for step in traced(tilevm.parse(LOOP)["f"], x=np.arange(8, dtype=np.float32)):
            take(step)
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["jsonl", "npz"])
@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_refused(suffix: str, seed: int, tmp_path: object) -> None:
    """Bytes changed, cut or added: a trace, or TV0811, and nothing else."""
    content = bytearray(valid(suffix))
    rng = np.random.default_rng(seed)
    for _ in range(1 + seed % 4):
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
    if seed % 3 == 0:
        del content[int(rng.integers(len(content))) :]
    path = f"{tmp_path}/t.{suffix}"
    with open(path, "wb") as file:
        file.write(bytes(content))
    try:
        steps = read_trace(path)
    except TileError as problem:
        assert problem.diagnostics[0].code == "TV0811"
    else:
        first_difference(steps, steps)
