"""The virtual machine against plain NumPy, as ratios measured in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/vm.py

Contenders take turns, and each round's best counts: absolute times move from run to run, ratios
much less.  4-bit weights, 8-bit activations, tiles of 64 x 128; the plain NumPy works on the same
unpacked int8 weights (`cast`: converted for every product, as the machine does; `ready`: before).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import tilevm
from tilevm.passes import rewrite_dot

ROUNDS, REPEATS = 5, 5
SHAPES = [(4096, 4096, "mac"), (256, 256, "mac"), (256, 256, "lut"), (1024, 1024, "lut")]
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


def best(run: Callable[[], object]) -> float:
    """The least seconds of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Prints one line for each shape and form."""
    plain = tilevm.parse(GEMV)["gemv"]
    kernels = {"mac": plain, "lut": rewrite_dot(plain)}
    rng = np.random.default_rng(0)
    print(f"{'N':>5} {'K':>5} form {'machine':>11} {'/ cast':>8} {'/ ready':>8}")
    for rows, depth, form in SHAPES:
        w = rng.integers(-8, 8, (rows, depth), np.int8)
        x = rng.integers(-128, 128, depth, np.int8)
        wide, vector = w.astype(np.float32), x.astype(np.float32)
        expected = (wide @ vector).astype(np.int32)
        assert np.array_equal(tilevm.run(kernels[form], w=w, x=x)["y"], expected)
        contenders: dict[str, Callable[[], object]] = {
            "machine": lambda k=kernels[form], w=w, x=x: tilevm.run(k, w=w, x=x),
            "cast": lambda w=w, v=vector: w.astype(np.float32) @ v,
            "ready": lambda w=wide, v=vector: w @ v,
        }
        taken: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, run in contenders.items():
                taken[name].append(best(run))
        median = {name: statistics.median(times) for name, times in taken.items()}
        ratios = [median["machine"] / median[name] for name in ("cast", "ready")]
        micros = f"{median['machine'] * 1e6:,.0f} us"
        print(f"{rows:5} {depth:5} {form:4} {micros:>11} {ratios[0]:8.1f} {ratios[1]:8.1f}")


if __name__ == "__main__":
    main()
