"""What a checked run costs: the ratio of runs with and without `check`, measured in one process.

    OPENBLAS_NUM_THREADS=1 python benchmarks/check.py

Both take turns, and the best of each counts: absolute times move from run to run, ratios much
less.  All kernels are correct, so nothing is found.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

import tilevm
from tilevm.ir import Kernel

ROUNDS = 7

GEMV = """
kernel gemv(w: global i4[N, K], x: global i8[K], y: global i32[N])
  where N % 64 == 0, K % 128 == 0
  grid (n = N / 64)
{
  zero = full i32[64] {value = 0}
  acc = for k in 0 .. K / 128 carry (sum = zero) {
    wt: i4[64, 128] = load w[n * 64, k * 128]
    xt: i8[128] = load x[k * 128]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[n * 64]
}
"""

MATMUL = """
kernel matmul(a: global i8[M, K], b: global i8[K, N], c: global i32[M, N])
  where M % 32 == 0, N % 32 == 0, K % 32 == 0
  grid (m = M / 32, n = N / 32)
{
  left = alloc_shared i8[32, 32]
  right = alloc_shared i8[32, 32]
  zero = full i32[32, 32] {value = 0}
  acc = for k in 0 .. K / 32 carry (sum = zero) {
    ag: i8[32, 32] = load a[m * 32, k * 32]
    bg: i8[32, 32] = load b[k * 32, n * 32]
    store ag, left[0, 0]
    store bg, right[0, 0]
    barrier
    at: i8[32, 32] = load left[0, 0]
    bt: i8[32, 32] = load right[0, 0]
    part = dot at, bt {acc = i32}
    next = add sum, part
    barrier
    yield next
  }
  store acc, c[m * 32, n * 32]
}
"""

ELEMENTWISE = """
kernel saxpy(a: global i16[N], x: global i16[N], y: global i16[N])
  where N % 1024 == 0
  grid (n = N / 1024)
{
  s: i16[1024] = load a[n * 1024]
  t: i16[1024] = load x[n * 1024]
  p = mul s, t {overflow = sat}
  r = add p, t
  store r, y[n * 1024]
}
"""

IN_PLACE = """
kernel halve(y: global i16[N])
  where N % 1024 == 0
  grid (n = N / 1024)
{
  s: i16[1024] @ local(4).spatial(256) = load y[n * 1024]
  one = full i16[1024] {value = 1}
  r = shr s, one
  store r, y[n * 1024]
}
"""

TRANSPOSE = """
kernel transpose(x: global i4[M, N], y: global i4[N, M])
  where M % 32 == 0, N % 32 == 0
  grid (m = M / 32, n = N / 32)
{
  s = alloc_shared i4[32, 32]
  for i in 0 .. 4 {
    t: i4[8, 32] @ spatial(8, 16).local(1, 2) = load x[m * 32 + i * 8, n * 32]
    store t, s[i * 8, 0]
  }
  barrier
  u: i4[32, 32] = load s[0, 0]
  v = transpose u {perm = [1, 0]}
  store v, y[n * 32, m * 32]
}
"""

STENCIL = """
kernel stencil(x: global i16[N], y: global i16[N])
  where N % 1024 == 0
  grid (n = N / 1024)
{
  s = alloc_shared i16[1026]
  zero = full i16[1026] {value = 0}
  store zero, s[0]
  barrier
  t: i16[1024] = load x[n * 1024]
  store t, s[1]
  barrier
  a: i16[1024] = load s[0]
  b: i16[1024] = load s[1]
  c: i16[1024] = load s[2]
  d = add a, b
  e = add d, c
  store e, y[n * 1024]
}
"""


def cases() -> dict[str, tuple[Kernel, Mapping[str, Any]]]:
    """Kernels with arguments, by name."""
    rng = np.random.default_rng(0)

    def draw(low: int, high: int, *shape: int) -> Any:
        return rng.integers(low, high, shape)

    made = {
        "gemv, 2048 x 2048": (GEMV, {"w": draw(-8, 8, 2048, 2048), "x": draw(-128, 128, 2048)}),
        "gemv, 256 x 256": (GEMV, {"w": draw(-8, 8, 256, 256), "x": draw(-128, 128, 256)}),
        "matmul through shared memory": (
            MATMUL,
            {"a": draw(-128, 128, 256, 256), "b": draw(-128, 128, 256, 256)},
        ),
        "elementwise": (
            ELEMENTWISE,
            {"a": draw(-64, 64, 1 << 20), "x": draw(-64, 64, 1 << 20)},
        ),
        "in place, written layout": (IN_PLACE, {"y": draw(-64, 64, 1 << 20)}),
        "stencil through shared memory": (STENCIL, {"x": draw(-64, 64, 1 << 20)}),
        "transpose of i4, by threads": (TRANSPOSE, {"x": draw(-8, 8, 512, 512)}),
    }
    return {
        name: (next(iter(tilevm.parse(text).kernels.values())), arguments)
        for name, (text, arguments) in made.items()
    }


def seconds(kernel: Kernel, arguments: Mapping[str, Any], check: bool) -> float:
    start = time.perf_counter()
    tilevm.run(kernel, arguments, check=check)
    return time.perf_counter() - start


def main() -> None:
    """Prints one line for each kernel."""
    print(f"{'kernel':<30} {'off':>10} {'on':>10} {'on / off':>9}")
    for name, (kernel, arguments) in cases().items():
        off = on = float("inf")
        for _ in range(ROUNDS):
            off = min(off, seconds(kernel, arguments, False))
            on = min(on, seconds(kernel, arguments, True))
        print(f"{name:<30} {off * 1e3:>7.2f} ms {on * 1e3:>7.2f} ms {on / off:>9.2f}")


if __name__ == "__main__":
    main()
