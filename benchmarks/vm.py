"""The virtual machine against others on the same work, as ratios measured in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/vm.py [--quick] [--only 256] [-o vm.json]

The work is y = w @ x with weights of 1 to 4 bits, packed without gaps, and activations of 8 bits
(exact int32 results) or f16 (float32).  Contenders:

- `plain`: NumPy unpacks the same packed bytes and multiplies in float32 (benchmarks/unpack.py);
- `triton`: the same tiles in Triton's interpreter (TRITON_INTERPRET=1), where it is installed;
- `pallas`: the same tiles in JAX Pallas with interpret=True, where it is installed: `grid` has the
  depth in the grid, as is usual in Pallas; `loop` has a loop in the kernel, as ours.

- `bare` and `blas`: the bound for any NumPy program, nothing but decoding and BLAS, and BLAS alone
  (benchmarks/bound.py).

They take turns, and the median of each round's best counts: absolute times move from run to run,
ratios much less.  Three more lines are measured: the memory that a run takes beyond its arguments,
for two chunk settings, and what one op on a small tile costs beyond NumPy's own call.  A table says
which goals are met (docs/speed.md).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import tilevm
from tilevm.dtypes import dtype

sys.path.insert(0, str(Path(__file__).parent))
import bound
import goals
import others
import unpack

TILE = (64, 128)  # rows and depth; at 256 the whole depth, and so no loop
DEPTH = {"i8": 128, "f16": 1024}  # nobody else multiplies by f16, so no other tile is to be met
SMALL = """
kernel product(w: global u8[N, B], x: global {act}[K, M], y: global {acc}[N, M])
  where N % {rows} == 0, K == {depth}
  grid (n = N / {rows})
{{
  bytes: u8[{rows}, {bytes}] = load w[n * {rows}, 0]
  wt: {weight}[{rows}, {depth}] = view bytes
  xt: {act}[{depth}, {batch}] = load x[0, 0]
  total = dot wt, xt {{acc = {acc}}}
  store total, y[n * {rows}, 0]
}}
"""
KERNEL = """
kernel product(w: global u8[N, B], x: global {act}[K, M], y: global {acc}[N, M])
  where N % {rows} == 0, K % {depth} == 0
  grid (n = N / {rows})
{{
  zero = full {acc}[{rows}, {batch}] {{value = 0}}
  total = for k in 0 .. K / {depth} carry (sum = zero) {{
    bytes: u8[{rows}, {bytes}] = load w[n * {rows}, k * {bytes}]
    wt: {weight}[{rows}, {depth}] = view bytes
    xt: {act}[{depth}, {batch}] = load x[k * {depth}, 0]
    part = dot wt, xt {{acc = {acc}}}
    next = add sum, part
    yield next
  }}
  store total, y[n * {rows}, 0]
}}
"""
SMALL_OP = """
kernel chain(x: global i32[16], y: global i32[16])
{{
  t: i32[16] = load x[0]
  r = for k in 0 .. {rounds} carry (a0 = t) {{
{ops}
    yield a{last}
  }}
  store r, y[0]
}}
"""


def kernel(size: int, weight: str, act: str, batch: int) -> Any:
    """The tile program for one shape."""
    depth = size if size < 1024 else DEPTH[act]
    bits = dtype(weight).bits
    acc = "i32" if act == "i8" else "f32"
    text = (SMALL if depth == size else KERNEL).format(
        act=act, acc=acc, rows=TILE[0], depth=depth, batch=batch, bytes=depth * bits // 8,
        weight=weight,
    )  # fmt: skip
    return tilevm.parse(text, "benchmark.tile")["product"]


def best(run: Callable[[], object], seconds: float = 0.3) -> float:
    """The least seconds of a few runs."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < seconds and len(times) < 200):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if times[-1] > 2:
            break
    return min(times)


def compare(
    size: int, weight: str, act: str, batch: int, rounds: int, normal: bool = False
) -> dict[str, Any]:
    """One shape: the median seconds of every contender, after their results are compared.

    `normal`: activations are normally distributed, so that NumPy's float32 is not exact.
    """
    rng = np.random.default_rng(0)
    kind = dtype(weight)
    values = rng.integers(int(kind.min), int(kind.max), (size, size), endpoint=True)
    packed = kind.pack(kind.encode(values), padding="byte").reshape(size, -1)
    x = rng.integers(-128, 128, (size, batch)).astype(np.int8 if act == "i8" else np.float64)
    if normal:
        x = rng.standard_normal((size, batch)).astype(np.float16).astype(np.float64)
    program = kernel(size, weight, act, batch)
    contenders: dict[str, Callable[[], Any]] = {
        "machine": lambda: tilevm.run(program, w=packed, x=x)["y"],
        "plain": lambda: unpack.product(packed, kind.bits, x),
    }
    if weight == "i4" and act == "i8":
        contenders |= others.contenders(packed, x, TILE) | bound.contenders(packed, x)
    expected = values @ (x if normal else x.astype(np.int64))
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for name, run in contenders.items():
        same = (
            np.allclose(run(), expected, atol=1e-2) if normal else np.array_equal(run(), expected)
        )
        assert same, f"{name} is wrong at {size} {weight} {batch}"
    for number in range(rounds):
        for name, run in contenders.items():
            if number == 0 or taken[name][0] < 2:  # the slowest run once
                taken[name].append(best(run))
    return {name: statistics.median(times) for name, times in taken.items()}


def memory(chunk_bytes: int) -> int:
    """Bytes that a run of the largest batch takes at its peak, beyond arguments and results."""
    size, batch = 2048, 64
    program = kernel(size, "i4", "i8", batch)
    rng = np.random.default_rng(0)
    packed = rng.integers(0, 256, (size, size // 2)).astype(np.uint8)
    x = rng.integers(-128, 128, (size, batch)).astype(np.int8)
    tilevm.run(program, w=packed, x=x, chunk_bytes=chunk_bytes)
    with ThreadPoolExecutor(1) as pool:  # what a thread keeps for later counts too
        tracemalloc.start()
        run = pool.submit(tilevm.run, program, w=packed, x=x, chunk_bytes=chunk_bytes)
        y = run.result()["y"]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak - y.nbytes


def small_op() -> dict[str, float]:
    """Microseconds that an op on 16 elements costs beyond NumPy's call on the same arrays."""
    a = np.arange(16, dtype=np.int32)[None]
    found = {}
    rounds, more = 2000, 8
    numpy_calls = {"and": np.bitwise_and, "xor": np.bitwise_xor, "add": np.add, "max": np.maximum}
    for name, call in numpy_calls.items():
        times = []
        for count in (1, 1 + more):
            ops = "\n".join(f"    a{i + 1} = {name} a{i}, t" for i in range(count))
            program = tilevm.parse(SMALL_OP.format(rounds=rounds, ops=ops, last=count))["chain"]
            times.append(best(lambda p=program: tilevm.run(p, x=a[0])))
        start = time.perf_counter()
        for _ in range(20_000):
            call(a, a)
        own = (time.perf_counter() - start) / 20_000
        found[name] = ((times[1] - times[0]) / rounds / more - own) * 1e6
    return found


def main() -> None:
    """Prints a table, and writes the same as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer shapes, one round")
    parser.add_argument("--only", type=int, choices=(256, 4096), help="one size alone")
    parser.add_argument("-o", "--output", help="a JSON file for the numbers")
    options = parser.parse_args()
    weights = ("i4",) if options.quick else ("i1", "i2", "i3", "i4")
    cases = [(4096, w, "i8", b) for b in (1, 8, 16) for w in weights]
    cases += [(4096, "i4", "f16", b) for b in (1, 8, 16)]
    cases += [(256, w, "i8", 1) for w in weights] + [(256, "i4", "f16", 1)]
    cases = [case for case in cases if options.only in (None, case[0])]
    print(f"{'size':>5} weights acts batch {'machine':>12}   times as long as the machine:")
    results = []
    for size, weight, act, batch in cases:
        seconds = compare(size, weight, act, batch, 1 if options.quick else 5)
        ratios = {n: t / seconds["machine"] for n, t in seconds.items() if n != "machine"}
        shown = "  ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        micros = f"{seconds['machine'] * 1e6:,.0f} us"
        print(f"{size:5} {weight:7} {act:4} {batch:5} {micros:>12}   {shown}", flush=True)
        results.append(
            {"size": size, "weights": weight, "activations": act, "batch": batch,
             "seconds": seconds, "ratios": ratios}
        )  # fmt: skip
    normal = {
        batch: compare(4096, "i4", "f16", batch, 1 if options.quick else 3, normal=True)
        for batch in ((1, 8, 16) if options.only != 256 else ())
    }
    for batch, seconds in normal.items():
        ratio = seconds["plain"] / seconds["machine"]
        print(f" 4096 i4      f16  {batch:5}, normally distributed: plain {ratio:.2f}")
    peaks = {chunk: memory(chunk) for chunk in (1 << 20, 8 << 20)}
    for chunk, peak in peaks.items():
        print(f"peak memory with chunks of {chunk >> 20} MiB: {peak / 2**20:.1f} MiB")
    ops = small_op()
    shown = ", ".join(f"{name} {micros:.1f} us" for name, micros in ops.items())
    print(f"one op on 16 elements, beyond NumPy: {shown}")
    found = {
        "products": results,
        "normal_activations": normal,
        "peak_bytes": peaks,
        "small_op_microseconds": ops,
    }
    found["goals"] = goals.judged(found)
    print(goals.table(found["goals"]))
    if options.output:
        Path(options.output).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
